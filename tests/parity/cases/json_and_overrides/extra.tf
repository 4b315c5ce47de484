resource "aws_subnet" "main" {
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.0.0/24"
  availability_zone = "us-west-2a"
  tags              = { Name = "subnet" }
}

resource "aws_ecs_cluster" "main" {
  name = "overridden"

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}
