# Rules with every condition and action; several of each in one rule; order by priority.

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

resource "aws_lb" "main" {
  name                       = "rules"
  internal                   = true
  subnets                    = aws_subnet.main[*].id
  idle_timeout               = 120
  drop_invalid_header_fields = true
  enable_http2               = false
}

resource "aws_lb_target_group" "web" {
  name     = "web"
  port     = 80
  protocol = "HTTP"
  vpc_id   = aws_vpc.main.id
}

resource "aws_lb_listener" "main" {
  load_balancer_arn = aws_lb.main.arn
  port              = 80

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "nothing here"
      status_code  = "404"
    }
  }

  tags = { Name = "main" }
}

resource "aws_lb_listener_rule" "several_conditions" {
  listener_arn = aws_lb_listener.main.arn
  priority     = 10

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }

  condition {
    host_header {
      values = ["app.example.org", "*.app.example.org"]
    }
  }

  condition {
    path_pattern {
      values = ["/api/*"]
    }
  }

  condition {
    http_request_method {
      values = ["GET"]
    }
  }

  tags = { Name = "several" }
}

resource "aws_lb_listener_rule" "headers" {
  listener_arn = aws_lb_listener.main.arn
  priority     = 20

  action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }

  condition {
    http_header {
      http_header_name = "X-Forwarded-Proto"
      values           = ["http"]
    }
  }

  condition {
    query_string {
      key   = "version"
      value = "1"
    }
    query_string {
      value = "beta*"
    }
  }
}

resource "aws_lb_listener_rule" "sources" {
  listener_arn = aws_lb_listener.main.arn
  priority     = 30

  action {
    type = "fixed-response"

    fixed_response {
      content_type = "application/json"
      message_body = jsonencode({ denied = true })
      status_code  = "403"
    }
  }

  condition {
    source_ip {
      values = ["192.0.2.0/24"]
    }
  }
}

resource "aws_lb_listener_rule" "redirect" {
  listener_arn = aws_lb_listener.main.arn
  priority     = 40

  action {
    type = "redirect"

    redirect {
      host        = "www.#{host}"
      path        = "/new/#{path}"
      query       = "from=old&#{query}"
      status_code = "HTTP_302"
    }
  }

  condition {
    path_pattern {
      values = ["/old", "/old/*"]
    }
  }
}

resource "aws_lb_listener_rule" "each" {
  for_each     = { for index, name in ["one", "two"] : name => index }
  listener_arn = aws_lb_listener.main.arn
  priority     = 100 + each.value

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }

  condition {
    host_header {
      values = ["${each.key}.example.org"]
    }
  }
}

output "rules" {
  value = {
    priorities = [for rule in aws_lb_listener_rule.each : rule.priority]
    listener   = [aws_lb_listener.main.protocol, aws_lb_listener.main.port]
    balancer   = [aws_lb.main.idle_timeout, aws_lb.main.load_balancer_type]
  }
}
