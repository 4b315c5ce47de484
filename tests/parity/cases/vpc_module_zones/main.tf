# A NAT gateway per zone, four kinds of subnets, endpoints, tags of every sort.

data "aws_availability_zones" "available" {}

locals {
  cidr = "10.20.0.0/16"
  azs  = slice(data.aws_availability_zones.available.names, 0, 3)
}

provider "aws" {
  default_tags {
    tags = { Stack = "zones" }
  }
}

module "vpc" {
  source = "../../modules/vpc"

  name = "zones"
  cidr = local.cidr
  azs  = local.azs

  public_subnets   = [for index, az in local.azs : cidrsubnet(local.cidr, 8, index)]
  private_subnets  = [for index, az in local.azs : cidrsubnet(local.cidr, 8, index + 10)]
  database_subnets = [for index, az in local.azs : cidrsubnet(local.cidr, 8, index + 20)]
  intra_subnets    = [for index, az in local.azs : cidrsubnet(local.cidr, 8, index + 30)]

  enable_nat_gateway     = true
  one_nat_gateway_per_az = true

  create_database_subnet_route_table = true
  create_database_nat_gateway_route  = true

  endpoints = {
    s3   = { service = "s3", type = "Gateway", tags = { Kind = "gateway" } }
    logs = { service = "logs" }
    ecr  = { service = "ecr.api", private_dns = false }
  }

  create_flow_log_group = true
  flow_log_retention    = 7

  tags                      = { Team = "network", Stack = "override" }
  vpc_tags                  = { Kind = "vpc" }
  public_subnet_tags        = { "kubernetes.io/role/elb" = 1 }
  public_subnet_tags_per_az = { (local.azs[1]) = { Zone = "b" } }
  private_subnet_tags       = { "kubernetes.io/role/internal-elb" = 1 }
  nat_gateway_tags          = { Kind = "nat" }
}

output "vpc" { value = module.vpc }
