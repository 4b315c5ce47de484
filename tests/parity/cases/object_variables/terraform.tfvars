services = {
  web = {
    cidr   = "10.0.1.0/24"
    public = "true"
    ports  = [80, "443", 80]
    labels = { Tier = "front" }
    extra  = "dropped"
  }
  api = {
    cidr    = "10.0.2.0/24"
    storage = { bucket = "parity-object-api" }
    rules   = [{ from = 443, to = null }, { from = 1000, to = 2000, cidr = "192.168.0.0/16" }]
  }
}
not_null = null
