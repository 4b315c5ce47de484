# Values come from env/<environment>.tfvars, one file for both stacks.

variable "aws_region" {
  description = "Region of everything in this stack."
  type        = string
  default     = "us-west-2"
}

variable "project_name" {
  description = "First part of every name."
  type        = string
}

variable "environment" {
  description = "Second part of every name: dev, staging or prod."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "The environment is dev, staging or prod."
  }
}

variable "services" {
  description = <<-EOT
    The containers behind the load balancer. `frontend` answers every request but those to
    `/api/*`, which `backend` answers. `parameters` are environment variables whose values come
    from Parameter Store, below /<project>/<environment>/.
  EOT

  type = map(object({
    port          = number
    health_path   = optional(string, "/")
    cpu           = number
    memory        = number
    desired_count = optional(number, 2)
    environment   = optional(map(string), {})
    parameters    = optional(set(string), [])
  }))

  validation {
    condition     = alltrue([for name in ["backend", "frontend"] : contains(keys(var.services), name)])
    error_message = "The listeners need the services backend and frontend."
  }
}

variable "image_tag" {
  description = "Tag of the images to run."
  type        = string
  default     = "latest"
}

variable "log_retention_days" {
  description = "How long the services' logs are kept."
  type        = number
  default     = 14
}
