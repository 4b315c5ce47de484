resource "aws_route_table" "private" {
  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.main.id
  }

  route {
    cidr_block     = "172.16.0.0/12"
    nat_gateway_id = aws_nat_gateway.main.id
  }
}

resource "aws_route_table" "isolated" {
  route = [
    {
      cidr_block                 = "10.99.0.0/16"
      gateway_id                 = aws_internet_gateway.main.id
      carrier_gateway_id         = null
      core_network_arn           = null
      destination_prefix_list_id = null
      egress_only_gateway_id     = null
      ipv6_cidr_block            = null
      local_gateway_id           = null
      nat_gateway_id             = null
      network_interface_id       = null
      transit_gateway_id         = null
      vpc_endpoint_id            = null
      vpc_peering_connection_id  = null
    },
  ]
}
