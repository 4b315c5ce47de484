variable "name" {}
variable "cidr" {}

resource "aws_vpc" "this" {
  cidr_block = var.cidr
  tags       = { Name = var.name }
}

module "tier" {
  source = "./modules/tier"
  count  = 2

  vpc_id = aws_vpc.this.id
  cidr   = cidrsubnet(var.cidr, 8, count.index)
  name   = "${var.name}-${count.index}"
}

output "vpc_id" { value = aws_vpc.this.id }
output "subnets" { value = module.tier[*].id }
