# Addresses that are made outside, one way out, databases behind the private tables; twice, by for_each.

locals {
  vpcs = {
    blue  = { cidr = "10.30.0.0/16", nat = true }
    green = { cidr = "10.31.0.0/16", nat = false }
  }
}

resource "aws_eip" "nat" {
  for_each = { for name, vpc in local.vpcs : name => vpc if vpc.nat }
  domain   = "vpc"
  tags     = { Name = "external-${each.key}" }
}

module "vpc" {
  source   = "../../modules/vpc"
  for_each = local.vpcs

  name             = each.key
  cidr             = each.value.cidr
  azs              = ["us-west-2a", "us-west-2b"]
  public_subnets   = each.value.nat ? [cidrsubnet(each.value.cidr, 8, 0)] : []
  private_subnets  = [for index in range(2) : cidrsubnet(each.value.cidr, 4, index + 1)]
  database_subnets = [cidrsubnet(each.value.cidr, 8, 200)]

  enable_nat_gateway  = each.value.nat
  single_nat_gateway  = each.value.nat
  reuse_nat_ips       = true
  external_nat_ip_ids = compact([try(aws_eip.nat[each.key].id, "")])

  endpoints        = each.value.nat ? {} : { dynamodb = { service = "dynamodb", type = "Gateway" }, sts = { service = "sts" } }
  endpoint_ingress = ["10.0.0.0/8", "192.168.0.0/16"]
}

output "vpcs" { value = module.vpc }
output "ways_out" { value = { for name, vpc in module.vpc : name => length(vpc.natgw_ids) } }
