variable "name" {}

resource "aws_cloudwatch_log_group" "this" {
  name = "/app/${var.name}"
}

output "name" { value = aws_cloudwatch_log_group.this.name }
