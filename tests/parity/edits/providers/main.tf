terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "other_region" {
  type    = string
  default = "us-east-1"
}

variable "owner" {
  type    = string
  default = "core"
}

provider "aws" {
  region = "us-west-2"
}

provider "aws" {
  alias  = "other"
  region = var.other_region

  default_tags {
    tags = {
      Owner = var.owner
    }
  }
}

resource "aws_cloudwatch_log_group" "near" {
  name = "/edits/near"
}

resource "aws_cloudwatch_log_group" "far" {
  provider = aws.other

  name              = "/edits/far"
  retention_in_days = 7
}

data "aws_region" "far" {
  provider = aws.other
}

resource "aws_ecr_repository" "far" {
  provider = aws.other

  name = "far"

  tags = {
    Region = data.aws_region.far.name
  }
}
