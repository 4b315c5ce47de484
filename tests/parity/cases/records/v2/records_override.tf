resource "aws_route53_record" "weighted" {
  for_each = { blue = 0, green = 100, teal = 5 }
}

resource "aws_route53_record" "apex" {
  alias {
    name                   = aws_lb.main[1].dns_name
    zone_id                = aws_lb.main[1].zone_id
    evaluate_target_health = true
  }
}

resource "aws_route53_zone" "public" {
  comment = "Managed still"
}

resource "aws_route53_record" "private" {
  name = "database"
  ttl  = 60
}
