# One run, three regions, of which a module gets two.

provider "aws" {
  region = "us-west-2"
}

provider "aws" {
  alias  = "ireland"
  region = "eu-west-1"

  default_tags {
    tags = { Region = "ireland" }
  }
}

provider "aws" {
  alias  = "virginia"
  region = var.certificates_in
}

variable "certificates_in" {
  default = "us-east-1"
}

data "aws_region" "here" {}

data "aws_region" "ireland" {
  provider = aws.ireland
}

data "aws_availability_zones" "ireland" {
  provider = aws.ireland
  state    = "available"
}

resource "aws_vpc" "here" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = data.aws_region.here.name }
}

resource "aws_vpc" "ireland" {
  provider   = aws.ireland
  cidr_block = "10.1.0.0/16"
  tags       = { Name = data.aws_region.ireland.name }
}

resource "aws_subnet" "ireland" {
  provider          = aws.ireland
  count             = 2
  vpc_id            = aws_vpc.ireland.id
  cidr_block        = cidrsubnet(aws_vpc.ireland.cidr_block, 8, count.index)
  availability_zone = data.aws_availability_zones.ireland.names[count.index]
  tags              = { Name = "ireland-${count.index}" }
}

module "logs" {
  source = "./logs"
  names  = ["here", "there"]

  providers = {
    aws       = aws
    aws.there = aws.ireland
  }
}

resource "aws_acm_certificate" "edge" {
  provider          = aws.virginia
  domain_name       = "edge.example.org"
  validation_method = "DNS"
  tags              = { Name = "edge" }
}

output "groups" {
  value = module.logs.arns
}

output "certificate" {
  value = split(":", aws_acm_certificate.edge.arn)[3]
}
