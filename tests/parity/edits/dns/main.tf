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
  default = ["*.edits.example.com"]
}

variable "weights" {
  type    = map(number)
  default = { blue = 90, green = 10 }
}

resource "aws_route53_zone" "main" {
  name    = "edits.example.com"
  comment = "Edits"
}

resource "aws_route53_zone" "private" {
  name = "edits.internal"

  vpc {
    vpc_id = aws_vpc.main.id
  }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_route53_record" "www" {
  zone_id = aws_route53_zone.main.zone_id
  name    = "www.edits.example.com"
  type    = "A"
  ttl     = 300
  records = ["192.0.2.1", "192.0.2.2"]
}

resource "aws_route53_record" "text" {
  zone_id = aws_route53_zone.main.zone_id
  name    = "text"
  type    = "TXT"
  ttl     = 300
  records = ["one", "two"]
}

resource "aws_route53_record" "weighted" {
  for_each = var.weights

  zone_id        = aws_route53_zone.main.zone_id
  name           = "weighted"
  type           = "CNAME"
  ttl            = 60
  set_identifier = each.key
  records        = ["${each.key}.example.net"]

  weighted_routing_policy {
    weight = each.value
  }
}

resource "aws_route53_record" "alias" {
  zone_id = aws_route53_zone.main.zone_id
  name    = ""
  type    = "A"

  alias {
    name                   = aws_route53_record.www.fqdn
    zone_id                = aws_route53_zone.main.zone_id
    evaluate_target_health = false
  }
}

resource "aws_acm_certificate" "main" {
  domain_name               = "edits.example.com"
  subject_alternative_names = var.names
  validation_method         = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  for_each = {
    for option in aws_acm_certificate.main.domain_validation_options : option.domain_name => option
  }

  zone_id         = aws_route53_zone.main.zone_id
  name            = each.value.resource_record_name
  type            = each.value.resource_record_type
  records         = [each.value.resource_record_value]
  ttl             = 60
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "main" {
  certificate_arn         = aws_acm_certificate.main.arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}

output "certificate" {
  value = aws_acm_certificate_validation.main.certificate_arn
}
