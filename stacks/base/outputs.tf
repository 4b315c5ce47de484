# What runtime, and a person with a registrar's web page open, need to know.

output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.main.id
}

output "public_subnet_ids" {
  description = "Subnets of the load balancer."
  value       = aws_subnet.public[*].id
}

output "private_subnet_ids" {
  description = "Subnets of the services."
  value       = aws_subnet.private[*].id
}

output "nat_public_ips" {
  description = "Addresses that the services' outgoing requests come from."
  value       = aws_eip.nat[*].public_ip
}

output "services_security_group_id" {
  description = "Security group of the services."
  value       = aws_security_group.services.id
}

output "repository_urls" {
  description = "Image repository of each service."
  value       = { for name, repository in aws_ecr_repository.service : name => repository.repository_url }
}

output "load_balancer_arn" {
  description = "The load balancer."
  value       = aws_lb.main.arn
}

output "load_balancer_dns_name" {
  description = "AWS's own name of the load balancer."
  value       = aws_lb.main.dns_name
}

output "load_balancer_zone_id" {
  description = "Zone of that name, for alias records."
  value       = aws_lb.main.zone_id
}

output "zone_id" {
  description = "The hosted zone."
  value       = aws_route53_zone.main.zone_id
}

output "domain_name" {
  description = "Domain of the zone."
  value       = aws_route53_zone.main.name
}

output "name_servers" {
  description = "Name servers to delegate the domain to."
  value       = aws_route53_zone.main.name_servers
}

# By way of the validation, so that nobody can use the certificate before it is issued.
output "certificate_arn" {
  description = "The issued certificate."
  value       = aws_acm_certificate_validation.main.certificate_arn
}
