variable "name" {}
variable "vpc_id" {}
variable "cidrs" { type = list(string) }

data "aws_availability_zones" "all" {}

resource "aws_subnet" "this" {
  for_each          = { for index, cidr in var.cidrs : data.aws_availability_zones.all.names[index] => cidr }
  vpc_id            = var.vpc_id
  cidr_block        = each.value
  availability_zone = each.key
  tags              = { Name = "${var.name}-${each.key}", Path = basename(path.module) }
}

output "ids" { value = [for subnet in aws_subnet.this : subnet.id] }
