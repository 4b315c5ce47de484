nat = "none"
