# Several target groups behind one rule, with stickiness; every kind of target group; a network load balancer with addresses.

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

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
  tags   = { Name = "main" }
}

resource "aws_lb" "main" {
  name     = "weighted"
  internal = true
  subnets  = aws_subnet.main[*].id
}

resource "aws_lb_target_group" "colour" {
  for_each             = toset(["blue", "green"])
  name                 = each.key
  port                 = 8080
  protocol             = "HTTP"
  protocol_version     = "HTTP1"
  target_type          = "ip"
  vpc_id               = aws_vpc.main.id
  deregistration_delay = 15
  slow_start           = 30

  load_balancing_algorithm_type = "least_outstanding_requests"

  health_check {
    enabled             = true
    path                = "/health"
    port                = "traffic-port"
    matcher             = "200-299"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 4
  }

  stickiness {
    type            = "lb_cookie"
    cookie_duration = 3600
    enabled         = each.key == "blue"
  }

  tags = { Name = each.key }
}

resource "aws_lb_listener" "main" {
  load_balancer_arn = aws_lb.main.arn
  port              = 8080
  protocol          = "HTTP"

  default_action {
    type = "forward"

    forward {
      target_group {
        arn    = aws_lb_target_group.colour["blue"].arn
        weight = 90
      }
      target_group {
        arn    = aws_lb_target_group.colour["green"].arn
        weight = 10
      }
      stickiness {
        enabled  = true
        duration = 600
      }
    }
  }
}

resource "aws_lb_listener_rule" "green" {
  listener_arn = aws_lb_listener.main.arn
  priority     = 1

  action {
    type = "forward"

    forward {
      target_group {
        arn = aws_lb_target_group.colour["green"].arn
      }
      target_group {
        arn    = aws_lb_target_group.colour["blue"].arn
        weight = 0
      }
    }
  }

  condition {
    http_header {
      http_header_name = "X-Colour"
      values           = ["green"]
    }
  }
}

resource "aws_eip" "edge" {
  count  = 2
  domain = "vpc"
  tags   = { Name = "edge-${count.index}" }
}

resource "aws_lb" "edge" {
  name                             = "edge"
  load_balancer_type               = "network"
  enable_cross_zone_load_balancing = true

  dynamic "subnet_mapping" {
    for_each = aws_subnet.main[*].id

    content {
      subnet_id     = subnet_mapping.value
      allocation_id = aws_eip.edge[subnet_mapping.key].id
    }
  }

  depends_on = [aws_internet_gateway.main]
}

resource "aws_lb_target_group" "tcp" {
  name               = "tcp"
  port               = 5432
  protocol           = "TCP"
  target_type        = "ip"
  vpc_id             = aws_vpc.main.id
  preserve_client_ip = "true"
  proxy_protocol_v2  = true

  health_check {
    protocol = "TCP"
    port     = 5432
  }
}

resource "aws_lb_listener" "tcp" {
  load_balancer_arn = aws_lb.edge.arn
  port              = 5432
  protocol          = "TCP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.tcp.arn
  }
}

output "groups" {
  value = {
    suffix = length(split("/", aws_lb_target_group.tcp.arn_suffix))
    checks = { for name, group in aws_lb_target_group.colour : name => group.health_check[0].path }
    tcp    = aws_lb_target_group.tcp.health_check[0].port
  }
}
