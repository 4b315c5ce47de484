variable "name" { type = string }
variable "cidr" { type = string }
variable "zones" { type = number }
variable "tiers" { type = list(string) }

resource "aws_vpc" "this" {
  cidr_block = var.cidr
  tags       = { Name = var.name }
}

module "tier" {
  source   = "./tier"
  for_each = { for index, tier in var.tiers : tier => index }

  name   = "${var.name}-${each.key}"
  vpc_id = aws_vpc.this.id
  cidrs  = [for zone in range(var.zones) : cidrsubnet(var.cidr, 8, each.value * 16 + zone)]
}

output "vpc_id" { value = aws_vpc.this.id }
output "name" { value = one(values(aws_vpc.this.tags)) }
output "subnets" { value = { for key, tier in module.tier : key => tier.ids } }
