# A namespace in a VPC, services with every kind of record, and one that is only found through the API.

resource "aws_vpc" "main" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "main" }
}

resource "aws_service_discovery_private_dns_namespace" "main" {
  name        = "map.internal"
  description = "Everything inside"
  vpc         = aws_vpc.main.id
  tags        = { Name = "map" }
}

resource "aws_service_discovery_service" "this" {
  for_each = {
    web = ["A"]
    api = ["A", "AAAA"]
    srv = ["SRV"]
  }

  name        = each.key
  description = "Service ${each.key}"

  dns_config {
    namespace_id   = aws_service_discovery_private_dns_namespace.main.id
    routing_policy = each.key == "web" ? "MULTIVALUE" : "WEIGHTED"

    dynamic "dns_records" {
      for_each = each.value

      content {
        type = dns_records.value
        ttl  = 10 + dns_records.key
      }
    }
  }

  tags = { Name = each.key }
}

resource "aws_service_discovery_service" "custom" {
  name          = "custom"
  force_destroy = true

  dns_config {
    namespace_id = aws_service_discovery_private_dns_namespace.main.id

    dns_records {
      ttl  = 60
      type = "A"
    }
  }

  health_check_custom_config {
    failure_threshold = 1
  }
}

output "namespace" {
  value = [aws_service_discovery_private_dns_namespace.main.hosted_zone, aws_service_discovery_private_dns_namespace.main.arn]
}
