# Values of both stacks in prod: a NAT gateway in every zone, protected, three of each container.

aws_region   = "us-west-2"
project_name = "durable-code"
environment  = "prod"

# Base
vpc_cidr            = "10.2.0.0/16"
single_nat_gateway  = false
domain_name         = "durable-code.example"
deletion_protection = true

# Runtime
image_tag          = "stable"
log_retention_days = 90

# Both
services = {
  backend = {
    port          = 8000
    health_path   = "/health"
    cpu           = 1024
    memory        = 2048
    desired_count = 3
  }
  frontend = {
    port          = 3000
    health_path   = "/"
    cpu           = 512
    memory        = 1024
    desired_count = 3
  }
}
