resource "aws_security_group" "balancer" {
  ingress {
    description = "HTTPS from two offices"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["198.51.100.0/24", "203.0.113.0/24"]
  }
}

resource "aws_security_group" "closed" {
  egress = [{
    description      = "all"
    from_port        = 0
    to_port          = 0
    protocol         = "-1"
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = []
    prefix_list_ids  = []
    security_groups  = []
    self             = false
  }]
}
