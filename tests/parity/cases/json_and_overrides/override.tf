locals {
  upper = "OVER-${upper(var.name)}"
}

variable "ports" {
  default = [8080]
}

resource "aws_subnet" "main" {
  cidr_block              = "10.0.7.0/24"
  map_public_ip_on_launch = true
}
