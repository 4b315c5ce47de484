terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.there]
    }
  }
}

variable "names" {
  type = list(string)
}

resource "aws_cloudwatch_log_group" "here" {
  name              = "/${var.names[0]}/app"
  retention_in_days = 7
}

resource "aws_cloudwatch_log_group" "there" {
  provider          = aws.there
  name              = "/${var.names[1]}/app"
  retention_in_days = 14
}

output "arns" {
  value = [aws_cloudwatch_log_group.here.arn, aws_cloudwatch_log_group.there.arn]
}
