resource "aws_vpc" "network" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "main" }
}

resource "aws_subnet" "zone" {
  for_each          = { a = 0, b = 1 }
  vpc_id            = aws_vpc.network.id
  cidr_block        = cidrsubnet(aws_vpc.network.cidr_block, 8, each.value)
  availability_zone = "us-west-2${each.key}"
  tags              = { Name = "zone-${each.value}" }
}

module "logs" {
  source = "./logs"
}

moved {
  from = aws_vpc.main
  to   = aws_vpc.network
}

moved {
  from = aws_subnet.zone[0]
  to   = aws_subnet.zone["a"]
}

moved {
  from = aws_subnet.zone[1]
  to   = aws_subnet.zone["b"]
}

moved {
  from = aws_cloudwatch_log_group.app
  to   = module.logs.aws_cloudwatch_log_group.this
}

output "subnets" {
  value = values(aws_subnet.zone)[*].id
}
