output "account" {
  value = {
    caller    = [data.aws_caller_identity.me.account_id, data.aws_caller_identity.me.arn, data.aws_caller_identity.me.id]
    partition = [data.aws_partition.here.partition, data.aws_partition.here.dns_suffix, data.aws_partition.here.reverse_dns_prefix]
    region    = [data.aws_region.here.name, data.aws_region.here.endpoint]
  }
}

output "zones" {
  value = {
    all   = data.aws_availability_zones.all.names
    some  = data.aws_availability_zones.some.names
    rest  = data.aws_availability_zones.rest.names
    group = data.aws_availability_zones.all.group_names
    ids   = data.aws_availability_zones.all.zone_ids
  }
}

output "vpcs" {
  value = {
    default = [data.aws_vpc.default.cidr_block, data.aws_vpc.default.default, length(data.aws_subnets.default.ids)]
    by_id   = [data.aws_vpc.by_id.cidr_block, data.aws_vpc.by_id.tags, data.aws_vpc.by_id.enable_dns_hostnames, data.aws_vpc.by_id.arn]
    by_tags = [data.aws_vpc.by_tags.id, data.aws_vpc.by_tags.state, data.aws_vpc.by_tags.instance_tenancy]
  }
}

output "subnets" {
  value = {
    one = {
      id        = data.aws_subnet.by_filter.id
      cidr      = data.aws_subnet.by_filter.cidr_block
      zone      = data.aws_subnet.by_filter.availability_zone
      tags      = data.aws_subnet.by_filter.tags
      public    = data.aws_subnet.by_filter.map_public_ip_on_launch
      addresses = data.aws_subnet.by_filter.available_ip_address_count
    }
    app = sort(data.aws_subnets.app.ids) == sort(slice(aws_subnet.main[*].id, 0, 2))
  }
}

output "gateway" {
  value = [data.aws_internet_gateway.main.id, data.aws_internet_gateway.main.attachments[0].vpc_id, data.aws_internet_gateway.main.tags]
}

output "group" {
  value = [data.aws_security_group.main.id, data.aws_security_group.main.description, data.aws_security_group.main.tags, data.aws_security_group.main.arn]
}

output "balancer" {
  value = {
    arn     = data.aws_lb.main.arn
    dns     = data.aws_lb.main.dns_name
    kind    = [data.aws_lb.main.load_balancer_type, data.aws_lb.main.internal, data.aws_lb.main.ip_address_type]
    subnets = sort(data.aws_lb.main.subnets) == sort(slice(aws_subnet.main[*].id, 0, 2))
    tags    = data.aws_lb.main.tags
    idle    = data.aws_lb.main.idle_timeout
  }
}

output "names" {
  value = {
    by_name = [data.aws_route53_zone.by_name.zone_id, data.aws_route53_zone.by_name.name, data.aws_route53_zone.by_name.comment]
    by_id   = [data.aws_route53_zone.by_id.name, data.aws_route53_zone.by_id.private_zone, data.aws_route53_zone.by_id.arn]
    servers = length(data.aws_route53_zone.by_id.name_servers)
  }
}

output "rest" {
  value = {
    repository  = [data.aws_ecr_repository.main.repository_url, data.aws_ecr_repository.main.registry_id, data.aws_ecr_repository.main.image_tag_mutability]
    role        = [data.aws_iam_role.main.arn, data.aws_iam_role.main.path, data.aws_iam_role.main.tags]
    certificate = [data.aws_acm_certificate.main.arn, data.aws_acm_certificate.main.status]
  }
}
