# A small environment that is made for a while: a network, a place for images and one for logs.

variable "name" {
  description = "Name of the environment, part of every name in it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "A name has 2 to 31 lowercase letters, digits and hyphens."
  }
}

provider "aws" {
  region = "us-west-2"

  default_tags {
    tags = {
      Environment = var.name
    }
  }
}

resource "aws_ecr_repository" "app" {
  name         = "${var.name}-app"
  force_delete = true
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/${var.name}/app"
  retention_in_days = 1
}

output "repository_url" {
  value = aws_ecr_repository.app.repository_url
}
