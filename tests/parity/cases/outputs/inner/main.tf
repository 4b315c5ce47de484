variable "vpc" {
  type = object({ id = string, cidr = string })
}

resource "aws_internet_gateway" "this" {
  vpc_id = var.vpc.id
  tags   = { Name = "inner" }
}

output "gateway" { value = aws_internet_gateway.this.id }
output "first" { value = cidrhost(var.vpc.cidr, 1) }
output "optional" { value = null }
