# A network of the size that public modules have: everything is optional, and everything is counted.

locals {
  public   = var.create ? length(var.public_subnets) : 0
  private  = var.create ? length(var.private_subnets) : 0
  database = var.create ? length(var.database_subnets) : 0
  intra    = var.create ? length(var.intra_subnets) : 0
  zones    = length(var.azs)

  max_subnets = max(length(var.private_subnets), length(var.database_subnets), 0)

  # Empty where nothing is made, so that what depends on it is not made either.
  vpc_id = try(aws_vpc.this[0].id, "")

  nat_gateways = !var.enable_nat_gateway || !var.create ? 0 : (
    var.single_nat_gateway ? 1 : var.one_nat_gateway_per_az ? local.zones : local.max_subnets
  )
  nat_ips = var.reuse_nat_ips ? var.external_nat_ip_ids : aws_eip.nat[*].id

  own_database_tables = var.create && var.create_database_subnet_route_table && local.database > 0
}

resource "aws_vpc" "this" {
  count = var.create ? 1 : 0

  cidr_block           = var.cidr
  instance_tenancy     = var.instance_tenancy
  enable_dns_support   = var.enable_dns_support
  enable_dns_hostnames = var.enable_dns_hostnames

  tags = merge({ "Name" = var.name }, var.tags, var.vpc_tags)
}

resource "aws_vpc_dhcp_options" "this" {
  count = var.create && var.enable_dhcp_options ? 1 : 0

  domain_name         = var.dhcp_options_domain_name
  domain_name_servers = ["AmazonProvidedDNS"]

  tags = merge({ "Name" = var.name }, var.tags)
}

resource "aws_vpc_dhcp_options_association" "this" {
  count = var.create && var.enable_dhcp_options ? 1 : 0

  vpc_id          = local.vpc_id
  dhcp_options_id = aws_vpc_dhcp_options.this[0].id
}

resource "aws_default_security_group" "this" {
  count = var.create && var.manage_default_security_group ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = merge({ "Name" = "${var.name}-default" }, var.tags)
}

resource "aws_default_network_acl" "this" {
  count = var.create && var.manage_default_network_acl ? 1 : 0

  default_network_acl_id = aws_vpc.this[0].default_network_acl_id
  subnet_ids             = null

  tags = merge({ "Name" = "${var.name}-default" }, var.tags)

  lifecycle {
    ignore_changes = [subnet_ids]
  }
}

# Public

resource "aws_internet_gateway" "this" {
  count = local.public > 0 && var.create_igw ? 1 : 0

  vpc_id = local.vpc_id
  tags   = merge({ "Name" = var.name }, var.tags)
}

resource "aws_subnet" "public" {
  count = local.public > 0 && (!var.one_nat_gateway_per_az || local.public >= local.zones) ? local.public : 0

  vpc_id                  = local.vpc_id
  cidr_block              = element(concat(var.public_subnets, [""]), count.index)
  availability_zone       = length(regexall("^[a-z]{2}-", element(var.azs, count.index))) > 0 ? element(var.azs, count.index) : null
  availability_zone_id    = length(regexall("^[a-z]{2}-", element(var.azs, count.index))) == 0 ? element(var.azs, count.index) : null
  map_public_ip_on_launch = var.map_public_ip_on_launch

  tags = merge(
    {
      Name = try(
        var.public_subnet_names[count.index],
        format("${var.name}-${var.public_subnet_suffix}-%s", element(var.azs, count.index))
      )
    },
    var.tags,
    var.public_subnet_tags,
    lookup(var.public_subnet_tags_per_az, element(var.azs, count.index), {}),
  )
}

resource "aws_route_table" "public" {
  count = local.public > 0 ? 1 : 0

  vpc_id = local.vpc_id
  tags   = merge({ "Name" = "${var.name}-${var.public_subnet_suffix}" }, var.tags)
}

resource "aws_route_table_association" "public" {
  count = local.public

  subnet_id      = element(aws_subnet.public[*].id, count.index)
  route_table_id = aws_route_table.public[0].id
}

resource "aws_route" "public_internet_gateway" {
  count = local.public > 0 && var.create_igw ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

# Private

resource "aws_subnet" "private" {
  count = local.private

  vpc_id            = local.vpc_id
  cidr_block        = var.private_subnets[count.index]
  availability_zone = element(var.azs, count.index)

  tags = merge({ Name = "${var.name}-private-${element(var.azs, count.index)}" }, var.tags, var.private_subnet_tags)
}

resource "aws_route_table" "private" {
  # As many as there are ways out, and one where there is none.
  count = local.private + local.database > 0 ? max(local.nat_gateways, 1) : 0

  vpc_id = local.vpc_id
  tags   = merge({ "Name" = local.nat_gateways <= 1 ? "${var.name}-private" : "${var.name}-private-${element(var.azs, count.index)}" }, var.tags)
}

resource "aws_route_table_association" "private" {
  count = local.private

  subnet_id      = element(aws_subnet.private[*].id, count.index)
  route_table_id = element(aws_route_table.private[*].id, var.single_nat_gateway ? 0 : count.index)
}

# Database

resource "aws_subnet" "database" {
  count = local.database

  vpc_id            = local.vpc_id
  cidr_block        = var.database_subnets[count.index]
  availability_zone = element(var.azs, count.index)

  tags = merge({ Name = format("%s-db-%s", var.name, element(var.azs, count.index)) }, var.tags)
}

resource "aws_route_table" "database" {
  count = local.own_database_tables ? (var.single_nat_gateway ? 1 : local.database) : 0

  vpc_id = local.vpc_id
  tags   = merge({ "Name" = "${var.name}-db-${count.index}" }, var.tags)
}

resource "aws_route_table_association" "database" {
  count = local.database

  subnet_id = element(aws_subnet.database[*].id, count.index)
  route_table_id = element(
    coalescelist(aws_route_table.database[*].id, aws_route_table.private[*].id),
    var.single_nat_gateway ? 0 : count.index,
  )
}

resource "aws_route" "database_nat_gateway" {
  count = local.own_database_tables && var.create_database_nat_gateway_route && var.enable_nat_gateway ? (var.single_nat_gateway ? 1 : local.database) : 0

  route_table_id         = element(aws_route_table.database[*].id, count.index)
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = element(aws_nat_gateway.this[*].id, count.index)
}

# Intra

resource "aws_subnet" "intra" {
  count = local.intra

  vpc_id            = local.vpc_id
  cidr_block        = var.intra_subnets[count.index]
  availability_zone = element(var.azs, count.index)
  tags              = merge({ Name = "${var.name}-intra-${element(var.azs, count.index)}" }, var.tags)
}

resource "aws_route_table" "intra" {
  count = local.intra > 0 ? 1 : 0

  vpc_id = local.vpc_id
  tags   = merge({ "Name" = "${var.name}-intra" }, var.tags)
}

resource "aws_route_table_association" "intra" {
  count = local.intra

  subnet_id      = element(aws_subnet.intra[*].id, count.index)
  route_table_id = element(aws_route_table.intra[*].id, 0)
}

# NAT

resource "aws_eip" "nat" {
  count = var.create && var.enable_nat_gateway && !var.reuse_nat_ips ? local.nat_gateways : 0

  domain = "vpc"
  tags   = merge({ "Name" = format("${var.name}-%s", element(var.azs, var.single_nat_gateway ? 0 : count.index)) }, var.tags)

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  count = var.create && var.enable_nat_gateway ? local.nat_gateways : 0

  allocation_id = element(local.nat_ips, var.single_nat_gateway ? 0 : count.index)
  subnet_id     = element(aws_subnet.public[*].id, var.single_nat_gateway ? 0 : count.index)

  tags = merge({ "Name" = format("${var.name}-%s", element(var.azs, var.single_nat_gateway ? 0 : count.index)) }, var.tags, var.nat_gateway_tags)

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route" "private_nat_gateway" {
  count = var.create && var.enable_nat_gateway && local.private > 0 ? local.nat_gateways : 0

  route_table_id         = element(aws_route_table.private[*].id, count.index)
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = element(aws_nat_gateway.this[*].id, count.index)
}
