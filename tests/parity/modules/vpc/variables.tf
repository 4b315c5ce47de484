variable "create" {
  description = "Whether anything is made at all."
  type        = bool
  default     = true
}

variable "name" {
  description = "What everything is called, and what its name begins with."
  type        = string
  default     = ""
}

variable "cidr" {
  description = "The network's addresses."
  type        = string
  default     = "10.0.0.0/16"
}

variable "azs" {
  description = "Availability zones, by name."
  type        = list(string)
  default     = []
}

variable "public_subnets" {
  description = "Addresses of the public subnets, one per zone; more than zones begin again with the first."
  type        = list(string)
  default     = []
}

variable "private_subnets" {
  type    = list(string)
  default = []
}

variable "database_subnets" {
  type    = list(string)
  default = []
}

variable "intra_subnets" {
  description = "Subnets without a way out."
  type        = list(string)
  default     = []
}

variable "public_subnet_names" {
  description = "Explicit names; generated where there are none."
  type        = list(string)
  default     = []
}

variable "public_subnet_suffix" {
  type    = string
  default = "public"
}

variable "map_public_ip_on_launch" {
  type    = bool
  default = false
}

variable "enable_dns_support" {
  type    = bool
  default = true
}

variable "enable_dns_hostnames" {
  type    = bool
  default = true
}

variable "instance_tenancy" {
  type    = string
  default = "default"
}

variable "create_igw" {
  type    = bool
  default = true
}

variable "enable_nat_gateway" {
  type    = bool
  default = false
}

variable "single_nat_gateway" {
  description = "One for all, instead of one per zone or per private subnet."
  type        = bool
  default     = false
}

variable "one_nat_gateway_per_az" {
  type    = bool
  default = false
}

variable "reuse_nat_ips" {
  description = "Use the addresses in external_nat_ip_ids instead of new ones."
  type        = bool
  default     = false
}

variable "external_nat_ip_ids" {
  type    = list(string)
  default = []
}

variable "create_database_subnet_route_table" {
  type    = bool
  default = false
}

variable "create_database_nat_gateway_route" {
  type    = bool
  default = false
}

variable "endpoints" {
  description = "Endpoints by a name of the caller's."
  type = map(object({
    service         = string
    type            = optional(string, "Interface")
    policy          = optional(string)
    private_dns     = optional(bool, true)
    security_groups = optional(list(string), [])
    tags            = optional(map(string), {})
  }))
  default = {}
}

variable "endpoint_ingress" {
  description = "Who may reach the interface endpoints; the whole network where nothing is said."
  type        = list(string)
  default     = []
}

variable "enable_flow_log" {
  type    = bool
  default = false
}

variable "flow_log_retention" {
  type    = number
  default = null
}

variable "create_flow_log_group" {
  description = "The group and the role of flow logs, also where no flow log is made."
  type        = bool
  default     = false
}

variable "enable_dhcp_options" {
  type    = bool
  default = false
}

variable "dhcp_options_domain_name" {
  type    = string
  default = ""
}

variable "manage_default_security_group" {
  type    = bool
  default = false
}

variable "manage_default_network_acl" {
  type    = bool
  default = false
}

variable "tags" {
  type    = map(string)
  default = {}
}

variable "vpc_tags" {
  type    = map(string)
  default = {}
}

variable "public_subnet_tags" {
  type    = map(string)
  default = {}
}

variable "public_subnet_tags_per_az" {
  type    = map(map(string))
  default = {}
}

variable "private_subnet_tags" {
  type    = map(string)
  default = {}
}

variable "nat_gateway_tags" {
  type    = map(string)
  default = {}
}
