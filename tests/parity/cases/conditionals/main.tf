# Objects that are there or not, and everything that has to cope with that.

variable "logs" { default = true }
variable "bucket" { default = null }
variable "zones" { default = ["us-west-2a", "us-west-2b"] }
variable "vpc_id" { default = "" }

locals {
  vpc_id = coalesce(var.vpc_id, one(aws_vpc.main[*].id))
  tags   = var.logs ? { Logs = "yes" } : null
}

resource "aws_vpc" "main" {
  count      = var.vpc_id == "" ? 1 : 0
  cidr_block = "10.0.0.0/16"
  tags       = merge({ Name = "main" }, local.tags)
}

resource "aws_subnet" "main" {
  count             = length(var.zones)
  vpc_id            = local.vpc_id
  cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
  availability_zone = var.zones[count.index]
  tags              = { Name = var.zones[count.index] }
}

resource "aws_cloudwatch_log_group" "main" {
  count             = var.logs ? 1 : 0
  name              = "/conditional"
  retention_in_days = var.logs ? 30 : null
}

resource "aws_s3_bucket" "main" {
  for_each = var.bucket != null ? { main = var.bucket } : {}
  bucket   = each.value
}

resource "aws_iam_role" "flow" {
  count = length(aws_cloudwatch_log_group.main) > 0 && length(var.zones) > 1 ? 1 : 0
  name  = "flow"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "vpc-flow-logs.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "flow" {
  count  = length(aws_iam_role.flow)
  name   = "flow"
  role   = aws_iam_role.flow[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "logs:*", Resource = try(aws_cloudwatch_log_group.main[0].arn, "*") }] })
}

output "group" { value = one(aws_cloudwatch_log_group.main[*].name) }
output "bucket" { value = try(aws_s3_bucket.main["main"].arn, null) }
output "arns" { value = concat(aws_cloudwatch_log_group.main[*].arn, values(aws_s3_bucket.main)[*].arn) }
output "first" { value = try(aws_subnet.main[0].availability_zone, "none") }
output "role" { value = join("", aws_iam_role.flow[*].name) }
