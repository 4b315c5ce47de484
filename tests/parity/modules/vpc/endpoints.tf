data "aws_region" "current" {
  count = length(var.endpoints) > 0 ? 1 : 0
}

locals {
  endpoints  = { for name, endpoint in var.endpoints : name => endpoint if var.create }
  interfaces = { for name, endpoint in local.endpoints : name => endpoint if endpoint.type == "Interface" }
}

resource "aws_security_group" "endpoints" {
  count = length(local.interfaces) > 0 ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "Interface endpoints of ${var.name}"
  vpc_id      = local.vpc_id

  dynamic "ingress" {
    for_each = coalescelist(var.endpoint_ingress, [var.cidr])

    content {
      description = "HTTPS from ${ingress.value}"
      from_port   = 443
      to_port     = 443
      protocol    = "tcp"
      cidr_blocks = [ingress.value]
    }
  }

  tags = merge({ "Name" = "${var.name}-endpoints" }, var.tags)
}

resource "aws_vpc_endpoint" "this" {
  for_each = local.endpoints

  vpc_id            = local.vpc_id
  service_name      = "com.amazonaws.${data.aws_region.current[0].name}.${each.value.service}"
  vpc_endpoint_type = each.value.type
  policy            = each.value.policy

  route_table_ids = each.value.type != "Gateway" ? null : flatten([
    aws_route_table.private[*].id, aws_route_table.public[*].id, aws_route_table.intra[*].id,
  ])
  subnet_ids          = each.value.type == "Interface" ? aws_subnet.private[*].id : null
  security_group_ids  = each.value.type == "Interface" ? distinct(concat(aws_security_group.endpoints[*].id, each.value.security_groups)) : null
  private_dns_enabled = each.value.type == "Interface" ? each.value.private_dns : null

  tags = merge({ "Name" = "${var.name}-${each.key}" }, var.tags, each.value.tags)
}
