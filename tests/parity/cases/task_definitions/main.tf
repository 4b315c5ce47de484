# Task definitions: secrets, volumes of every kind, health checks, sidecars that wait for each other, revisions.

variable "image_tag" {
  default = "1.0"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each           = toset(["execution", "task"])
  name               = "definitions-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/ecs/app"
  retention_in_days = 14
}

resource "aws_ecs_task_definition" "app" {
  family                   = "app"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  execution_role_arn       = aws_iam_role.this["execution"].arn
  task_role_arn            = aws_iam_role.this["task"].arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "ARM64"
  }

  ephemeral_storage {
    size_in_gib = 30
  }

  volume {
    name = "scratch"
  }

  volume {
    name = "shared"

    efs_volume_configuration {
      file_system_id          = "fs-0123456789abcdef0"
      root_directory          = "/"
      transit_encryption      = "ENABLED"
      transit_encryption_port = 2999

      authorization_config {
        access_point_id = "fsap-0123456789abcdef0"
        iam             = "ENABLED"
      }
    }
  }

  container_definitions = jsonencode([
    {
      name      = "app"
      image     = "example/app:${var.image_tag}"
      essential = true
      cpu       = 256
      memory    = 512
      command   = ["serve", "--port", "8080"]
      portMappings = [
        { containerPort = 8080, protocol = "tcp", name = "http", appProtocol = "http" },
        { containerPort = 9090, hostPort = 9090 },
      ]
      environment = [
        { name = "MODE", value = "prod" },
        { name = "COUNT", value = tostring(3) },
      ]
      secrets = [
        { name = "PASSWORD", valueFrom = "arn:aws:secretsmanager:us-west-2:123456789012:secret:db-AbCdEf:password::" },
        { name = "TOKEN", valueFrom = "arn:aws:ssm:us-west-2:123456789012:parameter/token" },
      ]
      mountPoints = [
        { sourceVolume = "scratch", containerPath = "/tmp/scratch" },
        { sourceVolume = "shared", containerPath = "/data", readOnly = true },
      ]
      healthCheck = {
        command     = ["CMD-SHELL", "curl -f http://localhost:8080/health || exit 1"]
        interval    = 15
        timeout     = 5
        retries     = 3
        startPeriod = 60
      }
      dependsOn = [{ containerName = "proxy", condition = "HEALTHY" }, { containerName = "init", condition = "SUCCESS" }]
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.app.name
          awslogs-region        = "us-west-2"
          awslogs-stream-prefix = "app"
        }
      }
      ulimits                = [{ name = "nofile", softLimit = 65536, hardLimit = 65536 }]
      readonlyRootFilesystem = true
      linuxParameters        = { initProcessEnabled = true }
      stopTimeout            = 30
      user                   = "1000:1000"
    },
    {
      name        = "proxy"
      image       = "example/proxy:2"
      essential   = false
      healthCheck = { command = ["CMD", "true"] }
    },
    {
      name       = "init"
      image      = "example/init:1"
      essential  = false
      entryPoint = ["sh", "-c"]
      command    = ["echo done"]
    },
  ])

  tags = { Name = "app" }
}

# On instances, with what only they have.
resource "aws_ecs_task_definition" "instance" {
  family       = "instance"
  network_mode = "bridge"
  ipc_mode     = "task"
  pid_mode     = "task"
  skip_destroy = false

  volume {
    name      = "host"
    host_path = "/var/lib/app"
  }

  volume {
    name = "docker"

    docker_volume_configuration {
      scope         = "shared"
      autoprovision = true
      driver        = "local"
      driver_opts   = { type = "nfs" }
      labels        = { team = "a" }
    }
  }

  placement_constraints {
    type       = "memberOf"
    expression = "attribute:ecs.os-type == linux"
  }

  container_definitions = <<-JSON
    [
      {
        "name": "only",
        "image": "example/only",
        "memory": 128,
        "privileged": true,
        "environment": [],
        "mountPoints": [ { "sourceVolume": "host", "containerPath": "/host" } ]
      }
    ]
  JSON
}

output "revisions" {
  value = {
    app      = [aws_ecs_task_definition.app.family, aws_ecs_task_definition.app.revision]
    arn      = endswith(aws_ecs_task_definition.app.arn, ":${aws_ecs_task_definition.app.revision}")
    unversed = aws_ecs_task_definition.app.arn_without_revision
  }
}
