logs   = false
bucket = "parity-conditional"
zones  = ["us-west-2b"]
