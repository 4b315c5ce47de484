# Modules in modules, by keys and by numbers, with outputs taken through both.

variable "networks" {
  type = map(object({
    cidr  = string
    zones = optional(number, 2)
    tiers = optional(list(string), ["public"])
  }))
  default = {
    "eu.prod" = { cidr = "10.0.0.0/16", tiers = ["public", "private"] }
    lab       = { cidr = "10.1.0.0/16", zones = 1 }
  }
}

module "network" {
  source   = "./network"
  for_each = var.networks

  name  = each.key
  cidr  = each.value.cidr
  zones = each.value.zones
  tiers = each.value.tiers
}

module "logs" {
  source = "./logs"
  count  = 2

  name       = "logs-${count.index}"
  depends_on = [module.network]
}

resource "aws_security_group" "each" {
  for_each = module.network

  name   = "all-${replace(each.key, ".", "-")}"
  vpc_id = each.value.vpc_id
  tags   = { Name = each.value.name }
}

output "subnets" {
  value = { for key, network in module.network : key => network.subnets }
}

output "logs" {
  value = module.logs[*].name
}
