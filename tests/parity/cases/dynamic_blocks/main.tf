# Blocks from collections: nested, with an iterator, from nothing, beside blocks that are written out.

variable "rules" {
  type = list(object({ port = number, from = list(string), note = optional(string) }))
  default = [
    { port = 80, from = ["10.0.0.0/8"], note = "plain" },
    { port = 443, from = ["10.0.0.0/8", "192.168.0.0/16"] },
  ]
}

variable "expiries" {
  type    = map(map(number))
  default = { logs = { IA = 30, GLACIER = 90 }, tmp = {} }
}

variable "account_id" {
  type    = string
  default = null
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "main" }
}

resource "aws_security_group" "main" {
  name   = "main"
  vpc_id = aws_vpc.main.id

  dynamic "ingress" {
    for_each = var.rules
    iterator = rule

    content {
      from_port   = rule.value.port
      to_port     = rule.value.port
      protocol    = "tcp"
      cidr_blocks = rule.value.from
      description = coalesce(rule.value.note, "rule ${rule.key}")
    }
  }

  ingress {
    from_port = 0
    to_port   = 0
    protocol  = "-1"
    self      = true
  }

  dynamic "egress" {
    for_each = toset(["0.0.0.0/0"])

    content {
      from_port   = 0
      to_port     = 0
      protocol    = "-1"
      cidr_blocks = [egress.key]
    }
  }

  dynamic "egress" {
    for_each = []
    content {
      from_port = 1
      to_port   = 1
      protocol  = "tcp"
    }
  }
}

resource "aws_s3_bucket" "main" {
  bucket = "dynamic-blocks-main"
}

resource "aws_s3_bucket_lifecycle_configuration" "main" {
  bucket = aws_s3_bucket.main.id

  dynamic "rule" {
    for_each = var.expiries

    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = "${rule.key}/"
      }

      dynamic "transition" {
        for_each = rule.value
        iterator = to

        content {
          days          = to.value
          storage_class = to.key == "IA" ? "STANDARD_IA" : to.key
        }
      }

      expiration {
        days = 365 + length(rule.value)
      }
    }
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    dynamic "principals" {
      for_each = { Service = ["ecs-tasks.amazonaws.com"], AWS = ["arn:aws:iam::111122223333:root"] }

      content {
        type        = principals.key
        identifiers = principals.value
      }
    }

    dynamic "condition" {
      for_each = var.account_id[*]

      content {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "main" {
  name               = "dynamic"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

output "trust" {
  value = jsondecode(data.aws_iam_policy_document.trust.json)
}
