# Tags of the provider and of the resource: the same key in both, the same value in both, none of its own, an alias.

variable "owner" {
  default = "platform"
}

provider "aws" {
  default_tags {
    tags = {
      Owner       = var.owner
      Environment = "test"
      Name        = "default"
    }
  }
}

provider "aws" {
  alias = "plain"
}

resource "aws_vpc" "overlapping" {
  cidr_block = "10.0.0.0/16"
  tags = {
    Name        = "own"
    Environment = "test"
    Extra       = "1"
  }
}

resource "aws_vpc" "none" {
  cidr_block = "10.1.0.0/16"
}

resource "aws_vpc" "plain" {
  provider   = aws.plain
  cidr_block = "10.2.0.0/16"
  tags       = { Name = "plain" }
}

resource "aws_iam_role" "main" {
  name               = "tagged"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
  tags               = { Owner = "" }
}

resource "aws_cloudwatch_log_group" "main" {
  name = "tagged"
  tags = merge({ Team = "a" }, { Team = "b", "with space/and:colon" = "x=y+z-_@" })
}

resource "aws_s3_bucket" "main" {
  bucket = "default-tags-main"
  tags   = { Owner = var.owner }
}

resource "aws_ecs_cluster" "main" {
  name = "tagged"
}

resource "aws_ecr_repository" "main" {
  name = "tagged"
  tags = { Name = "repository" }
}

output "all" {
  value = {
    overlapping = aws_vpc.overlapping.tags_all
    none        = aws_vpc.none.tags_all
    plain       = aws_vpc.plain.tags_all
    role        = aws_iam_role.main.tags_all
    group       = aws_cloudwatch_log_group.main.tags_all
    bucket      = aws_s3_bucket.main.tags
    own         = aws_vpc.overlapping.tags
  }
}
