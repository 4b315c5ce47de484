# A wildcard and several names in one certificate: fewer validation records than names, in two zones.

variable "domain" {
  default = "example.org"
}

resource "aws_route53_zone" "this" {
  for_each = toset([var.domain, "other.example.net"])
  name     = each.key
  tags     = { Name = each.key }
}

resource "aws_acm_certificate" "main" {
  domain_name               = var.domain
  subject_alternative_names = ["*.${var.domain}", "api.${var.domain}", "other.example.net", "*.other.example.net"]
  validation_method         = "DNS"

  options {
    certificate_transparency_logging_preference = "ENABLED"
  }

  tags = { Name = "main" }

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  options = {
    for option in aws_acm_certificate.main.domain_validation_options :
    option.domain_name => option if !startswith(option.domain_name, "*.")
  }
}

resource "aws_route53_record" "validation" {
  for_each        = local.options
  allow_overwrite = true
  zone_id         = aws_route53_zone.this[endswith(each.key, ".net") ? "other.example.net" : var.domain].zone_id
  name            = each.value.resource_record_name
  type            = each.value.resource_record_type
  records         = [each.value.resource_record_value]
  ttl             = 60
}

resource "aws_acm_certificate_validation" "main" {
  certificate_arn         = aws_acm_certificate.main.arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}

resource "aws_acm_certificate" "waiting" {
  domain_name       = "*.waiting.example.org"
  validation_method = "DNS"
}

output "names" {
  value = {
    sans      = aws_acm_certificate.main.subject_alternative_names
    options   = length(aws_acm_certificate.main.domain_validation_options)
    records   = length(distinct([for option in aws_acm_certificate.main.domain_validation_options : option.resource_record_name]))
    validated = aws_acm_certificate_validation.main.certificate_arn
    status    = aws_acm_certificate.main.type
  }
}
