services = {
  api = {
    cidr    = "10.0.2.0/24"
    labels  = {}
    storage = { bucket = "parity-object-api", days = 7 }
    rules   = [{ from = 443 }]
  }
}
