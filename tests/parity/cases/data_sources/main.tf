# Every kind of data: about the account, and about objects that this same configuration makes.

data "aws_caller_identity" "me" {}
data "aws_partition" "here" {}
data "aws_region" "here" {}

data "aws_availability_zones" "all" {
  state = "available"
}

data "aws_availability_zones" "some" {
  filter {
    name   = "zone-name"
    values = ["us-west-2a", "us-west-2c"]
  }
}

data "aws_availability_zones" "rest" {
  exclude_names = ["us-west-2a"]
}

data "aws_vpc" "default" {
  default = true
}

data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }
}

resource "aws_vpc" "main" {
  cidr_block           = "10.20.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "main", Tier = "base" }
}

resource "aws_subnet" "main" {
  count             = 3
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
  availability_zone = data.aws_availability_zones.all.names[count.index]
  tags              = { Name = "main-${count.index}", Tier = count.index == 2 ? "data" : "app" }
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
  tags   = { Name = "main" }
}

resource "aws_security_group" "main" {
  name        = "looked-up"
  description = "To be looked up"
  vpc_id      = aws_vpc.main.id
  tags        = { Name = "main" }
}

resource "aws_lb" "main" {
  name            = "looked-up"
  internal        = true
  security_groups = [aws_security_group.main.id]
  subnets         = slice(aws_subnet.main[*].id, 0, 2)
  tags            = { Name = "looked-up" }
}

resource "aws_route53_zone" "main" {
  name    = "looked-up.example.org"
  comment = "To be looked up"
}

resource "aws_ecr_repository" "main" {
  name = "looked-up/app"
  tags = { Name = "app" }
}

resource "aws_iam_role" "main" {
  name               = "looked-up"
  path               = "/apps/"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = { Name = "role" }
}

resource "aws_acm_certificate" "main" {
  domain_name       = "looked-up.example.org"
  validation_method = "DNS"
}

resource "aws_route53_record" "validation" {
  for_each = { for option in aws_acm_certificate.main.domain_validation_options : option.domain_name => option }
  zone_id  = aws_route53_zone.main.zone_id
  name     = each.value.resource_record_name
  type     = each.value.resource_record_type
  records  = [each.value.resource_record_value]
  ttl      = 60
}

resource "aws_acm_certificate_validation" "main" {
  certificate_arn         = aws_acm_certificate.main.arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.me.account_id}:root"]
    }
  }
}

data "aws_vpc" "by_id" {
  id = aws_vpc.main.id
}

data "aws_vpc" "by_tags" {
  tags       = { Name = "main", Tier = "base" }
  depends_on = [aws_vpc.main]
}

data "aws_subnet" "by_filter" {
  vpc_id = aws_vpc.main.id
  filter {
    name   = "tag:Name"
    values = [aws_subnet.main[2].tags.Name]
  }
}

data "aws_subnets" "app" {
  filter {
    name   = "vpc-id"
    values = [aws_vpc.main.id]
  }
  tags       = { Tier = "app" }
  depends_on = [aws_subnet.main]
}

data "aws_internet_gateway" "main" {
  filter {
    name   = "attachment.vpc-id"
    values = [aws_internet_gateway.main.vpc_id]
  }
}

data "aws_security_group" "main" {
  vpc_id = aws_vpc.main.id
  name   = aws_security_group.main.name
}

data "aws_lb" "main" {
  name = aws_lb.main.name
}

data "aws_route53_zone" "by_name" {
  name       = "looked-up.example.org."
  depends_on = [aws_route53_zone.main]
}

data "aws_route53_zone" "by_id" {
  zone_id = aws_route53_zone.main.zone_id
}

data "aws_ecr_repository" "main" {
  name = aws_ecr_repository.main.name
}

data "aws_iam_role" "main" {
  name = aws_iam_role.main.name
}

data "aws_acm_certificate" "main" {
  domain      = aws_acm_certificate.main.domain_name
  statuses    = ["ISSUED"]
  most_recent = true
  depends_on  = [aws_acm_certificate_validation.main]
}
