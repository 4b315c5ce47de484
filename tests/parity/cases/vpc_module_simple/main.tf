# Public subnets only, named by hand; and a module that makes nothing.

module "vpc" {
  source = "../../modules/vpc"

  name                    = "simple"
  cidr                    = "10.10.0.0/16"
  azs                     = ["us-west-2a", "us-west-2b"]
  public_subnets          = ["10.10.1.0/24", "10.10.2.0/24", "10.10.3.0/24"]
  public_subnet_names     = ["first", "second"]
  map_public_ip_on_launch = true
  enable_dns_hostnames    = false
}

module "nothing" {
  source = "../../modules/vpc"

  create             = false
  public_subnets     = ["10.0.0.0/24"]
  enable_nat_gateway = true
  endpoints          = { s3 = { service = "s3", type = "Gateway" } }
}

output "vpc" { value = module.vpc }
output "nothing" { value = module.nothing }
