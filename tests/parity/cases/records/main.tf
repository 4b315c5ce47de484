# Records of every policy of routing: simple, weighted, latency, failover, by place, several values; aliases; a private zone.

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "main" }
}

resource "aws_subnet" "main" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet("10.0.0.0/16", 8, count.index)
  availability_zone = ["us-west-2a", "us-west-2b"][count.index]
  tags              = { Name = "main-${count.index}" }
}

resource "aws_lb" "main" {
  count    = 2
  name     = "main-${count.index}"
  internal = true
  subnets  = aws_subnet.main[*].id
}

resource "aws_route53_zone" "public" {
  name          = "records.example.org"
  comment       = "Managed"
  force_destroy = true
}

resource "aws_route53_zone" "private" {
  name = "internal.example.org"

  vpc {
    vpc_id = aws_vpc.main.id
  }

  tags = { Name = "private" }
}

resource "aws_route53_record" "simple" {
  for_each = {
    A     = { name = "a", values = ["192.0.2.1", "192.0.2.2"] }
    AAAA  = { name = "aaaa", values = ["2001:db8::1"] }
    CNAME = { name = "c", values = ["a.records.example.org"] }
    MX    = { name = "", values = ["10 mail.example.org", "20 mail2.example.org"] }
    TXT   = { name = "txt", values = ["v=spf1 -all", "with \"quotes\"", "long"] }
    CAA   = { name = "caa", values = ["0 issue \"amazon.com\""] }
    SRV   = { name = "_sip._tcp", values = ["1 10 5060 sip.example.org."] }
  }

  zone_id = aws_route53_zone.public.zone_id
  name    = each.value.name
  type    = each.key
  ttl     = 300
  records = each.value.values
}

resource "aws_route53_record" "wildcard" {
  zone_id = aws_route53_zone.public.zone_id
  name    = "*.Wild.records.example.org"
  type    = "A"
  ttl     = "60"
  records = ["192.0.2.9"]
}

resource "aws_route53_record" "weighted" {
  for_each       = { blue = 90, green = 10 }
  zone_id        = aws_route53_zone.public.zone_id
  name           = "weighted"
  type           = "CNAME"
  ttl            = 5
  set_identifier = each.key
  records        = ["${each.key}.example.org"]

  weighted_routing_policy {
    weight = each.value
  }
}

resource "aws_route53_record" "alias" {
  for_each       = { blue = 0, green = 1 }
  zone_id        = aws_route53_zone.public.zone_id
  name           = "alias.records.example.org"
  type           = "A"
  set_identifier = each.key

  alias {
    name                   = aws_lb.main[each.value].dns_name
    zone_id                = aws_lb.main[each.value].zone_id
    evaluate_target_health = true
  }

  weighted_routing_policy {
    weight = 50
  }
}

resource "aws_route53_record" "apex" {
  zone_id = aws_route53_zone.public.zone_id
  name    = aws_route53_zone.public.name
  type    = "A"

  alias {
    name                   = aws_lb.main[0].dns_name
    zone_id                = aws_lb.main[0].zone_id
    evaluate_target_health = false
  }
}

resource "aws_route53_record" "same_zone" {
  zone_id = aws_route53_zone.public.zone_id
  name    = "www"
  type    = "A"

  alias {
    name                   = aws_route53_record.apex.name
    zone_id                = aws_route53_record.apex.zone_id
    evaluate_target_health = false
  }
}

resource "aws_route53_record" "latency" {
  for_each       = toset(["us-west-2", "eu-west-1"])
  zone_id        = aws_route53_zone.public.zone_id
  name           = "latency"
  type           = "A"
  ttl            = 60
  records        = [each.key == "us-west-2" ? "192.0.2.10" : "192.0.2.11"]
  set_identifier = each.key

  latency_routing_policy {
    region = each.key
  }
}

resource "aws_route53_record" "failover" {
  for_each       = { PRIMARY = "192.0.2.20", SECONDARY = "192.0.2.21" }
  zone_id        = aws_route53_zone.public.zone_id
  name           = "failover"
  type           = "A"
  ttl            = 60
  records        = [each.value]
  set_identifier = lower(each.key)

  failover_routing_policy {
    type = each.key
  }
}

resource "aws_route53_record" "place" {
  zone_id        = aws_route53_zone.public.zone_id
  name           = "place"
  type           = "A"
  ttl            = 60
  records        = ["192.0.2.30"]
  set_identifier = "europe"

  geolocation_routing_policy {
    continent = "EU"
  }
}

resource "aws_route53_record" "several" {
  count                            = 2
  zone_id                          = aws_route53_zone.public.zone_id
  name                             = "several"
  type                             = "A"
  ttl                              = 60
  records                          = ["192.0.2.4${count.index}"]
  set_identifier                   = "several-${count.index}"
  multivalue_answer_routing_policy = true
}

resource "aws_route53_record" "private" {
  zone_id = aws_route53_zone.private.id
  name    = "db"
  type    = "CNAME"
  ttl     = 30
  records = ["db.cluster.internal"]
}

output "fqdns" {
  value = {
    simple   = { for type, record in aws_route53_record.simple : type => record.fqdn }
    wildcard = aws_route53_record.wildcard.fqdn
    weighted = aws_route53_record.weighted["blue"].fqdn
    ids = [
      trimprefix(aws_route53_record.latency["eu-west-1"].id, aws_route53_record.latency["eu-west-1"].zone_id),
      trimprefix(aws_route53_record.private.id, aws_route53_record.private.zone_id),
    ]
    servers  = length(aws_route53_zone.public.name_servers)
  }
}
