# Base tier: what is slow to make and therefore kept.
#
# Network, image registry, DNS zone, certificate and load balancer. The certificate alone can take
# half an hour to validate, so this stack is applied once per environment and left standing while
# stacks/runtime is cycled on top of it. Runtime reads this stack's outputs and nothing else.
#
#   stackr apply base --env dev
#
#   terraform workspace select -or-create dev
#   terraform apply -var-file=../../env/dev.tfvars

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
    }
  }

  # State is local here, one workspace per environment. To share it, name a bucket:
  #
  # backend "s3" {
  #   bucket       = "my-terraform-state"
  #   key          = "base.tfstate"
  #   region       = "us-west-2"
  #   use_lockfile = true
  # }
  #
  # and change `data "terraform_remote_state" "base"` in stacks/runtime/base.tf to match.
}

provider "aws" {
  region = var.aws_region

  default_tags {
    tags = {
      Project     = var.project_name
      Environment = var.environment
      ManagedBy   = "stackr"
      Scope       = "base"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  name = "${var.project_name}-${var.environment}"
}
