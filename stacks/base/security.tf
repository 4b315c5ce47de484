# The internet reaches the load balancer, the load balancer reaches the services, and services
# reach each other; nothing else comes in.

resource "aws_security_group" "alb" {
  name        = "${local.name}-alb"
  description = "Load balancer: HTTP and HTTPS from anywhere"
  vpc_id      = aws_vpc.main.id

  tags = {
    Name = "${local.name}-alb"
  }
}

resource "aws_vpc_security_group_ingress_rule" "alb" {
  for_each = {
    http  = 80
    https = 443
  }

  security_group_id = aws_security_group.alb.id
  description       = "${upper(each.key)} from anywhere"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value

  tags = {
    Name = "${local.name}-alb-${each.key}"
  }
}

# Requests and health checks.
resource "aws_vpc_security_group_egress_rule" "alb_to_services" {
  security_group_id            = aws_security_group.alb.id
  referenced_security_group_id = aws_security_group.services.id
  ip_protocol                  = "tcp"
  from_port                    = min(values(var.services)[*].port...)
  to_port                      = max(values(var.services)[*].port...)

  tags = {
    Name = "${local.name}-alb-to-services"
  }
}

resource "aws_security_group" "services" {
  name        = "${local.name}-services"
  description = "Containers: requests from the load balancer and from each other"
  vpc_id      = aws_vpc.main.id

  tags = {
    Name = "${local.name}-services"
  }
}

resource "aws_vpc_security_group_ingress_rule" "service_from_alb" {
  for_each = var.services

  security_group_id            = aws_security_group.services.id
  referenced_security_group_id = aws_security_group.alb.id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port

  tags = {
    Name = "${local.name}-alb-to-${each.key}"
  }
}

resource "aws_vpc_security_group_ingress_rule" "service_from_service" {
  security_group_id            = aws_security_group.services.id
  referenced_security_group_id = aws_security_group.services.id
  ip_protocol                  = "-1"

  tags = {
    Name = "${local.name}-services-to-services"
  }
}

resource "aws_vpc_security_group_egress_rule" "services_to_anywhere" {
  security_group_id = aws_security_group.services.id
  description       = "Image registry, logs and the world, through NAT"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"

  tags = {
    Name = "${local.name}-services-to-anywhere"
  }
}
