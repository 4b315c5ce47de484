# Log groups: retention, classes, keys that are referred to, names that AWS completes.

variable "key" {
  default = "arn:aws:kms:us-west-2:123456789012:key/11112222-3333-4444-5555-666677778888"
}

variable "retention" {
  default = { api = 30, worker = 0 }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each          = var.retention
  name              = "/app/${each.key}"
  retention_in_days = each.value
  kms_key_id        = each.key == "api" ? var.key : null
  tags              = { Name = each.key }
}

resource "aws_cloudwatch_log_group" "prefixed" {
  name_prefix     = "/prefixed/"
  log_group_class = "STANDARD"
}

resource "aws_cloudwatch_log_group" "rare" {
  name              = "/rare"
  log_group_class   = "INFREQUENT_ACCESS"
  retention_in_days = 1
}

resource "aws_iam_policy" "write" {
  name = "write-logs"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = [for group in aws_cloudwatch_log_group.this : "${group.arn}:*"]
    }]
  })
}

output "groups" {
  value = { for name, group in aws_cloudwatch_log_group.this : name => [group.arn, group.retention_in_days, group.log_group_class, group.skip_destroy] }
}
