# Rules that are objects: every kind of source, groups that refer to each other, ports by for_each.

variable "ports" {
  type    = map(number)
  default = { http = 80, https = 443 }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "main" }
}

resource "aws_security_group" "this" {
  for_each    = toset(["balancer", "service", "database"])
  name        = each.key
  description = "The ${each.key}"
  vpc_id      = aws_vpc.main.id
  tags        = { Name = each.key }
}

resource "aws_vpc_security_group_ingress_rule" "public" {
  for_each          = var.ports
  security_group_id = aws_security_group.this["balancer"].id
  description       = each.key
  cidr_ipv4         = "0.0.0.0/0"
  from_port         = each.value
  to_port           = each.value
  ip_protocol       = "tcp"
  tags              = { Name = each.key }
}

resource "aws_vpc_security_group_ingress_rule" "public_v6" {
  security_group_id = aws_security_group.this["balancer"].id
  cidr_ipv6         = "::/0"
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
}

resource "aws_vpc_security_group_egress_rule" "to_service" {
  security_group_id            = aws_security_group.this["balancer"].id
  referenced_security_group_id = aws_security_group.this["service"].id
  from_port                    = 8080
  to_port                      = 8080
  ip_protocol                  = "tcp"
  description                  = "to the service"
}

resource "aws_vpc_security_group_ingress_rule" "from_balancer" {
  security_group_id            = aws_security_group.this["service"].id
  referenced_security_group_id = aws_security_group.this["balancer"].id
  from_port                    = 8080
  to_port                      = 8080
  ip_protocol                  = "tcp"
}

resource "aws_vpc_security_group_ingress_rule" "itself" {
  security_group_id            = aws_security_group.this["service"].id
  referenced_security_group_id = aws_security_group.this["service"].id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.this["service"].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
  tags              = { Name = "all" }
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = aws_security_group.this["database"].id
  referenced_security_group_id = aws_security_group.this["service"].id
  from_port                    = 5432
  to_port                      = 5432
  ip_protocol                  = "tcp"
}

resource "aws_vpc_security_group_ingress_rule" "ping" {
  security_group_id = aws_security_group.this["database"].id
  cidr_ipv4         = aws_vpc.main.cidr_block
  from_port         = -1
  to_port           = -1
  ip_protocol       = "icmp"
}

output "rules" {
  value = {
    public = { for name, rule in aws_vpc_security_group_ingress_rule.public : name => rule.from_port }
    groups = keys(aws_security_group.this)
  }
}
