output "url" {
  description = "Where the system answers."
  value       = "https://${local.base.domain_name}"
}

output "cluster_name" {
  description = "The ECS cluster."
  value       = aws_ecs_cluster.main.name
}

output "service_names" {
  description = "The services in it."
  value       = [for service in aws_ecs_service.service : service.name]
}

output "task_definition_arns" {
  description = "What each service runs."
  value       = { for name, definition in aws_ecs_task_definition.service : name => definition.arn }
}

output "log_groups" {
  description = "Where each service logs to."
  value       = { for name, group in aws_cloudwatch_log_group.service : name => group.name }
}
