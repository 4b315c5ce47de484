module "vpc" {
  private_subnets    = ["10.10.11.0/24", "10.10.12.0/24"]
  enable_nat_gateway = true
  single_nat_gateway = true
}
