# Modules from a registry and from git that are there already, as `terraform init` leaves them.

module "naming" {
  source  = "acme/naming/aws"
  version = "~> 1.2"

  parts = ["vendored", "network"]
}

module "network" {
  source = "git::https://git.example.com/network.git?ref=v1.2.0"

  name = module.naming.name
  cidr = "10.0.0.0/16"
}

output "name" { value = module.naming.name }
output "vpc" { value = module.network.vpc_id }
output "subnets" { value = module.network.subnets }
