resource "aws_service_discovery_private_dns_namespace" "main" {
  description = "Everything still"
}

resource "aws_service_discovery_service" "custom" {
  description = "Described"

  dns_config {
    namespace_id = aws_service_discovery_private_dns_namespace.main.id

    dns_records {
      ttl  = 30
      type = "A"
    }
  }
}
