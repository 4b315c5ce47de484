"""Sources of any number of resources, in a mix that real systems have; every block written out."""

BLOCK = 49
"""Resources of one part of the system."""
SHARED = 2
"""The network and the zone."""

HEAD = '''terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region = "us-west-2"
  default_tags {
    tags = { System = "scale" }
  }
}

resource "aws_vpc" "main" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_route53_zone" "main" {
  name = "scale.test"
}
'''

TRUST = '''jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }]
  })'''

POLICY = '''jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "*" }]
  })'''


def resource(kind, name, *lines):
    return f'\nresource "{kind}" "{name}" {{\n' + "".join(f"  {line}\n" for line in lines) + "}\n"


def part(n):
    """Forty-nine resources: a few services with their network, groups, logs, roles, records, targets and images."""
    text = resource("aws_route_table", f"p{n}", "vpc_id = aws_vpc.main.id", f'tags = {{ Name = "p{n}" }}')
    for i in range(2):
        text += resource(
            "aws_subnet", f"p{n}_{i}", "vpc_id = aws_vpc.main.id", f'cidr_block = "10.0.{2 * n + i}.0/24"',
            f'availability_zone = "us-west-2{"ab"[i]}"', f'tags = {{ Name = "p{n}-{i}" }}',
        )
        text += resource(
            "aws_route_table_association", f"p{n}_{i}",
            f"subnet_id = aws_subnet.p{n}_{i}.id", f"route_table_id = aws_route_table.p{n}.id",
        )
    for i in range(5):
        group = f"p{n}_{i}"
        text += resource(
            "aws_security_group", group, f'name = "p{n}-{i}"', f'description = "Service {i} of part {n}"',
            "vpc_id = aws_vpc.main.id",
        )
        text += resource(
            "aws_vpc_security_group_ingress_rule", f"{group}_https", f"security_group_id = aws_security_group.{group}.id",
            'ip_protocol = "tcp"', "from_port = 443", "to_port = 443", 'cidr_ipv4 = "10.0.0.0/16"',
        )
        text += resource(
            "aws_vpc_security_group_ingress_rule", f"{group}_peer", f"security_group_id = aws_security_group.{group}.id",
            'ip_protocol = "tcp"', "from_port = 8080", "to_port = 8080",
            f"referenced_security_group_id = aws_security_group.p{n}_{(i + 1) % 5}.id",
        )
        text += resource(
            "aws_vpc_security_group_egress_rule", f"{group}_out", f"security_group_id = aws_security_group.{group}.id",
            'ip_protocol = "-1"', 'cidr_ipv4 = "0.0.0.0/0"',
        )
    for i in range(4):
        text += resource("aws_cloudwatch_log_group", f"p{n}_{i}", f'name = "/scale/p{n}/{i}"', "retention_in_days = 30")
    for i in range(3):
        text += resource("aws_iam_role", f"p{n}_{i}", f'name = "scale-p{n}-{i}"', f"assume_role_policy = {TRUST}")
        text += resource("aws_iam_role_policy", f"p{n}_{i}", 'name = "logs"', f"role = aws_iam_role.p{n}_{i}.id", f"policy = {POLICY}")
    for i in range(2):
        text += resource(
            "aws_iam_role_policy_attachment", f"p{n}_{i}", f"role = aws_iam_role.p{n}_{i}.name",
            'policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"',
        )
    for i in range(5):
        text += resource(
            "aws_route53_record", f"p{n}_{i}", "zone_id = aws_route53_zone.main.zone_id", f'name = "s{i}.p{n}.scale.test"',
            'type = "A"', "ttl = 60", f'records = ["10.0.{2 * n}.{10 + i}"]',
        )
    for i in range(3):
        text += resource(
            "aws_lb_target_group", f"p{n}_{i}", f'name = "scale-p{n}-{i}"', "port = 8080", 'protocol = "HTTP"',
            'target_type = "ip"', "vpc_id = aws_vpc.main.id",
        )
    for i in range(2):
        text += resource("aws_ecr_repository", f"p{n}_{i}", f'name = "scale/p{n}-{i}"', "force_delete = true")
    text += resource(
        "aws_ecr_lifecycle_policy", f"p{n}", f"repository = aws_ecr_repository.p{n}_0.name",
        "policy = jsonencode({ rules = [{ rulePriority = 1, description = \"Keep ten\", action = { type = \"expire\" },",
        "  selection = { tagStatus = \"any\", countType = \"imageCountMoreThan\", countNumber = 10 } }] })",
    )
    return text + resource("aws_eip", f"p{n}", 'domain = "vpc"', f'tags = {{ Name = "p{n}" }}')


def write(directory, resources):
    """Writes sources of about so many resources, and gives their exact number."""
    parts = max(1, round((resources - SHARED) / BLOCK))
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "main.tf").write_text(HEAD)
    for n in range(parts):
        (directory / f"part_{n:02}.tf").write_text(part(n).lstrip("\n"))
    written = sum(file.read_text().count('\nresource "') + file.read_text().startswith('resource "') for file in directory.glob("*.tf"))
    assert written == SHARED + BLOCK * parts, written
    return written
