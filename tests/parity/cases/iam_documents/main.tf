# Policy documents: conditions, merges by source and by override, exceptions, variables; policies, roles and who they trust.

data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "base" {
  policy_id = "base"

  statement {
    sid       = "Read"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = ["arn:aws:s3:::documents", "arn:aws:s3:::documents/*"]
  }

  statement {
    sid       = "Write"
    effect    = "Allow"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::documents/home/&{aws:username}/*"]
  }
}

data "aws_iam_policy_document" "network" {
  statement {
    sid         = "OnlyFromHere"
    effect      = "Deny"
    not_actions = ["iam:*", "sts:*"]
    resources   = ["*"]

    condition {
      test     = "NotIpAddress"
      variable = "aws:SourceIp"
      values   = ["192.0.2.0/24", "198.51.100.0/24"]
    }

    condition {
      test     = "Bool"
      variable = "aws:ViaAWSService"
      values   = ["false"]
    }

    condition {
      test     = "StringNotLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::*:role/admin"]
    }

    condition {
      test     = "StringNotLike"
      variable = "aws:PrincipalArn"
      values   = ["arn:aws:iam::*:role/break-glass"]
    }
  }
}

data "aws_iam_policy_document" "override" {
  statement {
    sid       = "Write"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["*"]
  }

  statement {
    actions       = ["logs:*"]
    not_resources = ["arn:aws:logs:*:*:log-group:/audit:*"]
  }
}

data "aws_iam_policy_document" "merged" {
  source_policy_documents = [
    data.aws_iam_policy_document.base.json,
    data.aws_iam_policy_document.network.json,
    jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "Plain", Effect = "Allow", Action = "ec2:Describe*", Resource = "*" }] }),
  ]
  override_policy_documents = [data.aws_iam_policy_document.override.json]

  statement {
    sid       = "Own"
    actions   = ["kms:Decrypt"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "old_version" {
  version = "2008-10-17"

  statement {
    sid       = "Old"
    actions   = ["sqs:SendMessage"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]
    }

    principals {
      type        = "AWS"
      identifiers = [data.aws_caller_identity.me.account_id, "arn:aws:iam::111122223333:root"]
    }
  }

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:example/*:ref:refs/heads/main", "repo:example/*:environment:prod"]
    }
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  url             = "https://token.actions.githubusercontent.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
  tags            = { Name = "github" }
}

resource "aws_iam_role" "main" {
  name                 = "documents"
  path                 = "/system/"
  description          = "What it is for"
  max_session_duration = 7200
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  tags                 = { Name = "documents" }
}

resource "aws_iam_role" "prefixed" {
  name_prefix           = "prefixed-"
  force_detach_policies = true
  assume_role_policy    = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {"Action": "sts:AssumeRole", "Principal": {"Service": ["lambda.amazonaws.com"]}, "Effect": "Allow", "Sid": ""}
      ]
    }
  JSON
}

resource "aws_iam_policy" "merged" {
  name        = "merged"
  path        = "/documents/"
  description = "Merged"
  policy      = data.aws_iam_policy_document.merged.json
  tags        = { Name = "merged" }
}

resource "aws_iam_role_policy" "inline" {
  for_each = {
    base    = data.aws_iam_policy_document.base.json
    network = data.aws_iam_policy_document.network.minified_json
  }

  name   = each.key
  role   = aws_iam_role.main.id
  policy = each.value
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = {
    merged  = aws_iam_policy.merged.arn
    managed = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
  }

  role       = aws_iam_role.main.name
  policy_arn = each.value
}

resource "aws_iam_role_policy_attachment" "prefixed" {
  role       = aws_iam_role.prefixed.name
  policy_arn = aws_iam_policy.merged.arn
}

output "documents" {
  value = {
    base        = data.aws_iam_policy_document.base.json
    network     = data.aws_iam_policy_document.network.json
    merged      = data.aws_iam_policy_document.merged.json
    minified    = data.aws_iam_policy_document.merged.minified_json
    trust       = data.aws_iam_policy_document.trust.json
    old_version = data.aws_iam_policy_document.old_version.json
  }
}

output "role" {
  value = [aws_iam_role.main.arn, aws_iam_role.main.id, aws_iam_policy.merged.arn, aws_iam_openid_connect_provider.github.arn]
}
