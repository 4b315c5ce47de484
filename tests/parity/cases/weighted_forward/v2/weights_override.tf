resource "aws_lb_listener" "main" {
  default_action {
    type = "forward"

    forward {
      target_group {
        arn    = aws_lb_target_group.colour["blue"].arn
        weight = 10
      }
      target_group {
        arn    = aws_lb_target_group.colour["green"].arn
        weight = 90
      }
    }
  }
}

resource "aws_lb_target_group" "colour" {
  deregistration_delay = 60

  health_check {
    path    = "/ready"
    matcher = "200"
  }
}
