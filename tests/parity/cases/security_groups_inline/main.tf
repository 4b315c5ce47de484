# Rules written into their groups: ranges, other groups, itself, both protocols of numbers, both forms of an empty list.

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "main" }
}

resource "aws_security_group" "balancer" {
  name        = "balancer"
  description = "Load balancer"
  vpc_id      = aws_vpc.main.id

  ingress {
    description      = "HTTP"
    from_port        = 80
    to_port          = 80
    protocol         = "tcp"
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }

  ingress {
    description = "HTTPS from two offices"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["198.51.100.0/24", "192.0.2.0/24"]
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = { Name = "balancer" }
}

resource "aws_security_group" "service" {
  name_prefix = "service-"
  vpc_id      = aws_vpc.main.id

  ingress {
    from_port       = 8080
    to_port         = 8090
    protocol        = "tcp"
    security_groups = [aws_security_group.balancer.id]
    self            = true
  }

  ingress {
    description = "ping"
    from_port   = 8
    to_port     = 0
    protocol    = "icmp"
    cidr_blocks = [aws_vpc.main.cidr_block]
  }

  ingress {
    description = "DNS"
    from_port   = 53
    to_port     = 53
    protocol    = "udp"
    cidr_blocks = [aws_vpc.main.cidr_block]
  }

  egress {
    description     = "back"
    from_port       = 0
    to_port         = 65535
    protocol        = "tcp"
    security_groups = [aws_security_group.balancer.id]
  }

  lifecycle {
    create_before_destroy = true
  }

  tags = { Name = "service" }
}

# Nothing in, nothing out.
resource "aws_security_group" "closed" {
  name                   = "closed"
  vpc_id                 = aws_vpc.main.id
  ingress                = []
  egress                 = []
  revoke_rules_on_delete = true
}

output "names" {
  value = {
    balancer = aws_security_group.balancer.name
    closed   = aws_security_group.closed.description
    prefix   = startswith(aws_security_group.service.name, "service-")
    ports    = sort([for rule in aws_security_group.service.ingress : "${rule.from_port}/${rule.protocol}"])
  }
}
