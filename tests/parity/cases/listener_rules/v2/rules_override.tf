resource "aws_lb_listener_rule" "several_conditions" {
  priority = 15

  condition {
    host_header {
      values = ["app.example.org"]
    }
  }
}

resource "aws_lb_listener_rule" "redirect" {
  action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/html"
      status_code  = "410"
    }
  }
}

resource "aws_lb" "main" {
  idle_timeout = 60
  enable_http2 = true
}
