resource "aws_ecs_task_definition" "web" {
  cpu    = 512
  memory = 1024
}

resource "aws_ecs_service" "worker" {
  desired_count          = 7
  enable_execute_command = true
}

resource "aws_ecs_cluster" "main" {
  setting {
    name  = "containerInsights"
    value = "disabled"
  }
}

resource "aws_ecs_service" "web" {
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  tags                               = { Name = "web", Version = "2" }
}
