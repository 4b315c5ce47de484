# Runtime tier: what is cheap to make and therefore cycled.
#
# Cluster, services, listeners and the records that point at them. Destroying it saves the money
# overnight and touches nothing of stacks/base; making it again takes minutes.
#
#   stackr apply runtime --env dev
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

  # To share the state, name a bucket:
  #
  # backend "s3" {
  #   bucket       = "my-terraform-state"
  #   key          = "runtime.tfstate"
  #   region       = "us-west-2"
  #   use_lockfile = true
  # }
}

provider "aws" {
  region = var.aws_region

  default_tags {
    tags = {
      Project     = var.project_name
      Environment = var.environment
      ManagedBy   = "stackr"
      Scope       = "runtime"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  name = "${var.project_name}-${var.environment}"
}
