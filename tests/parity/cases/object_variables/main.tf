# Variables with shapes: optional attributes, nested defaults, conversion, null, validation, secrets.

variable "services" {
  type = map(object({
    cidr    = string
    public  = optional(bool, false)
    ports   = optional(set(number), [8080])
    labels  = optional(map(string))
    storage = optional(object({ bucket = optional(string), days = optional(number, 30) }), {})
    rules = optional(list(object({
      from = number
      to   = optional(number)
      cidr = optional(string, "10.0.0.0/8")
    })), [])
  }))

  validation {
    condition     = alltrue([for service in var.services : can(cidrnetmask(service.cidr))])
    error_message = "Every service needs a network."
  }

  validation {
    condition     = length(var.services) > 0
    error_message = "There must be a service."
  }
}

variable "pair" {
  type    = tuple([string, number, list(any)])
  default = ["a", "7", [1, "b"]]
}

variable "anything" {
  type    = any
  default = { list = [1, "two", true], nested = { deep = null } }
}

variable "not_null" {
  type     = string
  default  = "default"
  nullable = false
}

variable "secret" {
  type      = string
  sensitive = true
  default   = "hunter2"
}

locals {
  buckets = { for name, service in var.services : name => service.storage if service.storage.bucket != null }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/8" == "" ? "" : "10.0.0.0/16"
  tags       = { Name = var.not_null }
}

resource "aws_subnet" "service" {
  for_each                = var.services
  vpc_id                  = aws_vpc.main.id
  cidr_block              = each.value.cidr
  availability_zone       = "us-west-2a"
  map_public_ip_on_launch = each.value.public
  tags                    = merge({ Name = each.key }, each.value.labels)
}

resource "aws_security_group" "service" {
  for_each = var.services
  name     = each.key
  vpc_id   = aws_vpc.main.id

  dynamic "ingress" {
    for_each = each.value.ports
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["10.0.0.0/16"]
    }
  }

  dynamic "egress" {
    for_each = each.value.rules
    content {
      from_port   = egress.value.from
      to_port     = coalesce(egress.value.to, egress.value.from)
      protocol    = "tcp"
      cidr_blocks = [egress.value.cidr]
    }
  }
}

resource "aws_s3_bucket" "service" {
  for_each = local.buckets
  bucket   = each.value.bucket
}

resource "aws_s3_bucket_lifecycle_configuration" "service" {
  for_each = aws_s3_bucket.service
  bucket   = each.value.id

  rule {
    id     = "expire"
    status = "Enabled"
    filter {}
    expiration {
      days = local.buckets[each.key].days
    }
  }
}

resource "aws_cloudwatch_log_group" "secret" {
  name = "/object-variables"
  tags = { Length = length(var.secret) }
}

output "services" {
  value = var.services
}

output "pair" {
  value = var.pair
}

output "anything" {
  value = var.anything
}

output "not_null" {
  value = var.not_null
}

output "secret" {
  value     = var.secret
  sensitive = true
}
