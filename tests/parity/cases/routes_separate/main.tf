# Routes that are objects of their own, by for_each, and a second association of the same table.

locals {
  targets = {
    internet = "0.0.0.0/0"
    office   = "192.168.10.0/24"
  }
}

resource "aws_vpc" "main" {
  cidr_block           = "10.1.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "separate" }
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
  tags   = { Name = "separate" }
}

resource "aws_subnet" "this" {
  count                   = 2
  vpc_id                  = aws_vpc.main.id
  cidr_block              = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
  availability_zone       = element(["us-west-2a", "us-west-2b"], count.index)
  map_public_ip_on_launch = count.index == 0
  tags                    = { Name = "separate-${count.index}" }
}

resource "aws_route_table" "main" {
  vpc_id = aws_vpc.main.id
  tags   = { Name = "separate" }
}

resource "aws_route" "to" {
  for_each               = local.targets
  route_table_id         = aws_route_table.main.id
  destination_cidr_block = each.value
  gateway_id             = aws_internet_gateway.main.id
}

resource "aws_route_table_association" "this" {
  count          = length(aws_subnet.this)
  subnet_id      = aws_subnet.this[count.index].id
  route_table_id = aws_route_table.main.id
}

output "routes" {
  value = { for key, route in aws_route.to : key => [route.destination_cidr_block, route.state, route.origin] }
}
