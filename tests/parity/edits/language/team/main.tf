variable "name" {
  type = string
}

variable "retention" {
  type = number
}

resource "aws_cloudwatch_log_group" "team" {
  name              = "/edits/team/${var.name}"
  retention_in_days = var.retention
}

resource "aws_iam_policy" "team" {
  name = "edits-team-${var.name}"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "logs:*"
      Resource = "${aws_cloudwatch_log_group.team.arn}:*"
    }]
  })
}

output "group" {
  value = aws_cloudwatch_log_group.team.arn
}
