locals {
  flow_log_group = var.create && (var.enable_flow_log || var.create_flow_log_group)
}

resource "aws_flow_log" "this" {
  count = var.create && var.enable_flow_log ? 1 : 0

  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.flow_log[0].arn
  iam_role_arn         = aws_iam_role.flow_log[0].arn
  traffic_type         = "ALL"
  vpc_id               = local.vpc_id

  dynamic "destination_options" {
    for_each = []
    content {
      file_format = "parquet"
    }
  }

  tags = merge(var.tags, { "Name" = var.name })
}

resource "aws_cloudwatch_log_group" "flow_log" {
  count = local.flow_log_group ? 1 : 0

  name              = "/aws/vpc-flow-log/${local.vpc_id}"
  retention_in_days = var.flow_log_retention
  tags              = merge({ "Name" = var.name }, var.tags)
}

resource "aws_iam_role" "flow_log" {
  count = local.flow_log_group ? 1 : 0

  name_prefix        = "vpc-flow-log-role-"
  assume_role_policy = data.aws_iam_policy_document.flow_log_trust[0].json
  tags               = var.tags
}

data "aws_iam_policy_document" "flow_log_trust" {
  count = local.flow_log_group ? 1 : 0

  statement {
    sid     = "AWSVPCFlowLogsAssumeRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "flow_log" {
  count = local.flow_log_group ? 1 : 0

  name_prefix = "write-"
  role        = aws_iam_role.flow_log[0].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "Write", Effect = "Allow", Action = ["logs:PutLogEvents", "logs:CreateLogStream"], Resource = "${aws_cloudwatch_log_group.flow_log[0].arn}:*" }]
  })
}
