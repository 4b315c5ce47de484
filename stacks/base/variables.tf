# Values come from env/<environment>.tfvars, one file for both stacks.

variable "aws_region" {
  description = "Region of everything in this stack."
  type        = string
  default     = "us-west-2"
}

variable "project_name" {
  description = "First part of every name; short, because a load balancer's name is cut at 32 characters."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,13}$", var.project_name))
    error_message = "A project name has 2 to 14 lowercase letters, digits and hyphens."
  }
}

variable "environment" {
  description = "Second part of every name: dev, staging or prod."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "The environment is dev, staging or prod."
  }
}

variable "vpc_cidr" {
  description = "Address range of the VPC; each subnet takes a 256th of it."
  type        = string

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 8, 0))
    error_message = "The VPC needs an IPv4 range of /20 or larger."
  }
}

variable "single_nat_gateway" {
  description = "One NAT gateway for all zones (cheaper) instead of one per zone (survives the loss of a zone)."
  type        = bool
  default     = true
}

variable "domain_name" {
  description = "Domain of the hosted zone; the certificate covers it and every name directly below it."
  type        = string
}

variable "services" {
  description = "The containers behind the load balancer; each gets a repository and a port in the firewall."
  type = map(object({
    port = number
  }))
}

variable "image_push_principals" {
  description = "ARNs that may push images, such as the role of GitHub Actions; the account itself if empty."
  type        = list(string)
  default     = []
}

variable "deletion_protection" {
  description = "Refuse to delete the load balancer, and repositories that still hold images."
  type        = bool
  default     = true
}
