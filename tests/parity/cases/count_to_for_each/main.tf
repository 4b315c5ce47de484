# From numbers to keys, and into a module, without anything being made again.

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "main" }
}

resource "aws_subnet" "zone" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
  availability_zone = ["us-west-2a", "us-west-2b"][count.index]
  tags              = { Name = "zone-${count.index}" }
}

resource "aws_cloudwatch_log_group" "app" {
  name = "/app"
}

output "subnets" {
  value = aws_subnet.zone[*].id
}
