locals {
  targets = {
    internet = "0.0.0.0/0"
    office   = "192.168.20.0/24"
    lab      = "192.168.30.0/24"
  }
}

resource "aws_subnet" "this" {
  map_public_ip_on_launch = true
}
