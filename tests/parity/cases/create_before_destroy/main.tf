# Chains in which the new object is made before the old one goes: by name_prefix, and inherited from who depends on it.

variable "generation" {
  default = "one"
}

variable "port" {
  default = 8080
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "main" }
}

resource "aws_subnet" "main" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
  availability_zone = ["us-west-2a", "us-west-2b"][count.index]
  tags              = { Name = "main-${count.index}" }
}

# Its own setting is inherited from the group that refers to it.
resource "aws_security_group" "inner" {
  name_prefix = "inner-"
  description = "Generation ${var.generation}"
  vpc_id      = aws_vpc.main.id
  tags        = { Name = "inner" }
}

resource "aws_security_group" "outer" {
  name_prefix = "outer-"
  description = "Generation ${var.generation}"
  vpc_id      = aws_vpc.main.id

  ingress {
    from_port       = var.port
    to_port         = var.port
    protocol        = "tcp"
    security_groups = [aws_security_group.inner.id]
  }

  tags = { Name = "outer" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb" "main" {
  name               = "main"
  internal           = true
  load_balancer_type = "application"
  security_groups    = [aws_security_group.outer.id]
  subnets            = aws_subnet.main[*].id
}

resource "aws_lb_target_group" "main" {
  name_prefix = "web-"
  port        = var.port
  protocol    = "HTTP"
  target_type = "ip"
  vpc_id      = aws_vpc.main.id
  tags        = { Name = "web" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "main" {
  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.main.arn
  }
}

output "port" {
  value = aws_lb_target_group.main.port
}
