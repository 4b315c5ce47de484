# Repositories with scanning, encryption, immutability, lifecycle and access.

variable "keep" {
  default = 10
}

resource "aws_ecr_repository" "this" {
  for_each             = { app = "IMMUTABLE", tools = "MUTABLE" }
  name                 = "registries/${each.key}"
  image_tag_mutability = each.value
  force_delete         = each.key == "tools"

  image_scanning_configuration {
    scan_on_push = each.key == "app"
  }

  encryption_configuration {
    encryption_type = "AES256"
  }

  tags = { Name = each.key }
}

resource "aws_ecr_repository" "plain" {
  name = "plain"
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each   = aws_ecr_repository.this
  repository = each.value.name

  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Untagged go after a week"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 7 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "Only the newest stay"
        selection    = { tagStatus = "tagged", tagPrefixList = ["v", "release-"], countType = "imageCountMoreThan", countNumber = var.keep }
        action       = { type = "expire" }
      },
    ]
  })
}

data "aws_iam_policy_document" "pull" {
  statement {
    sid     = "Pull"
    actions = ["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"]
    }
  }
}

resource "aws_ecr_repository_policy" "app" {
  repository = aws_ecr_repository.this["app"].name
  policy     = data.aws_iam_policy_document.pull.json
}

output "repositories" {
  value = { for name, repository in aws_ecr_repository.this : name => [repository.repository_url, repository.registry_id, repository.arn] }
}
