terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  region = "us-west-2"
}

variable "names" {
  type    = list(string)
  default = ["alpha", "beta", "gamma"]
}

variable "token" {
  type      = string
  sensitive = true
  default   = "first"
}

variable "stage" {
  type    = string
  default = "test"
}

resource "aws_cloudwatch_log_group" "counted" {
  count = length(var.names)

  name              = "/edits/${var.names[count.index]}"
  retention_in_days = 14
}

resource "aws_cloudwatch_log_group" "each" {
  for_each = toset(var.names)

  name = "/edits/each/${each.key}"
}

resource "aws_cloudwatch_log_group" "secret" {
  name = "/edits/secret"

  tags = {
    Name  = "secret"
    Token = var.token
  }
}

resource "aws_iam_role" "job" {
  name = "edits-job"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  })
}

data "aws_iam_policy_document" "job" {
  statement {
    actions   = ["logs:PutLogEvents"]
    resources = [for group in aws_cloudwatch_log_group.each : "${group.arn}:*"]
  }

  statement {
    actions   = ["sts:AssumeRole"]
    resources = [aws_iam_role.job.arn]
  }
}

resource "aws_iam_policy" "job" {
  name   = "edits-job"
  policy = data.aws_iam_policy_document.job.json

  tags = {
    Name = "job"
    Role = aws_iam_role.job.arn
  }
}

resource "aws_iam_role_policy_attachment" "job" {
  role       = aws_iam_role.job.name
  policy_arn = aws_iam_policy.job.arn
}

resource "aws_ecr_repository" "kept" {
  name = "edits-kept"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_ecr_repository" "loose" {
  name                 = "edits-loose-${var.stage}"
  image_tag_mutability = "MUTABLE"

  lifecycle {
    ignore_changes = [image_tag_mutability, tags["Note"]]
  }
}

module "team" {
  source = "./team"

  for_each = { red = 7, blue = 30 }

  name      = each.key
  retention = each.value
}

module "alone" {
  source = "./team"

  name      = "alone"
  retention = 3
}

output "stage" {
  value = var.stage
}

output "token" {
  value     = var.token
  sensitive = true
}

output "role" {
  value = aws_iam_role.job.arn
}

output "teams" {
  value = { for name, team in module.team : name => team.group }
}
