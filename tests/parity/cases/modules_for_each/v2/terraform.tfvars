networks = {
  "eu.prod" = { cidr = "10.0.0.0/16", tiers = ["public", "private", "data"] }
  test      = { cidr = "10.2.0.0/16", zones = 1 }
}
