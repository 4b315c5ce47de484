# The domain and its www name lead to the load balancer.

resource "aws_route53_record" "alias" {
  for_each = toset([local.base.domain_name, "www.${local.base.domain_name}"])

  zone_id = local.base.zone_id
  name    = each.value
  type    = "A"

  alias {
    name                   = local.base.load_balancer_dns_name
    zone_id                = local.base.load_balancer_zone_id
    evaluate_target_health = true
  }
}
