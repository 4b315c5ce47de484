# The zone and a certificate for it, validated by DNS. After the first apply, delegate the domain
# to the zone's name servers (see the output name_servers): validation waits for that.

resource "aws_route53_zone" "main" {
  name    = var.domain_name
  comment = "${local.name}: public zone"
}

resource "aws_acm_certificate" "main" {
  domain_name               = var.domain_name
  subject_alternative_names = ["*.${var.domain_name}"]
  validation_method         = "DNS"

  tags = {
    Name = local.name
  }

  # A listener uses the certificate: the next one has to exist before the last one can go.
  lifecycle {
    create_before_destroy = true
  }
}

# The domain and its wildcard are proved by one and the same record, so it is written twice;
# allow_overwrite lets the second writer find it there.
resource "aws_route53_record" "validation" {
  for_each = {
    for option in aws_acm_certificate.main.domain_validation_options : option.domain_name => {
      name  = option.resource_record_name
      type  = option.resource_record_type
      value = option.resource_record_value
    }
  }

  zone_id         = aws_route53_zone.main.zone_id
  name            = each.value.name
  type            = each.value.type
  records         = [each.value.value]
  ttl             = 60
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "main" {
  certificate_arn         = aws_acm_certificate.main.arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}
