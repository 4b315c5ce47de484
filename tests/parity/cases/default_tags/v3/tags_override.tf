resource "aws_vpc" "overlapping" {
  tags = { Environment = "prod" }
}

resource "aws_vpc" "none" {
  tags = { Name = "now" }
}

resource "aws_ecr_repository" "main" {
  tags = null
}
