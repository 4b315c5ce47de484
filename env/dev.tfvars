# Values of both stacks in dev: one NAT gateway, nothing protected, destroyed every night.

aws_region   = "us-west-2"
project_name = "durable-code"
environment  = "dev"

# Base
vpc_cidr            = "10.0.0.0/16"
single_nat_gateway  = true
domain_name         = "dev.durable-code.example"
deletion_protection = false

# Runtime
image_tag          = "latest"
log_retention_days = 7

# Both
services = {
  backend = {
    port          = 8000
    health_path   = "/health"
    cpu           = 512
    memory        = 1024
    desired_count = 2
  }
  frontend = {
    port          = 3000
    health_path   = "/"
    cpu           = 256
    memory        = 512
    desired_count = 2
  }
}
