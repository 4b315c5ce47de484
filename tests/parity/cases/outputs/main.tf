# Outputs of every kind: numbers, nothing, objects, sets, whole collections, secrets, through a module.

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "main", "a b" = "c" }
}

resource "aws_subnet" "main" {
  for_each          = { b = 1, a = 0 }
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(aws_vpc.main.cidr_block, 8, each.value)
  availability_zone = "us-west-2a"
  tags              = { Name = each.key }
}

module "inner" {
  source = "./inner"
  vpc    = { id = aws_vpc.main.id, cidr = aws_vpc.main.cidr_block }
}

output "number" { value = 12345678901234567890 }
output "fraction" { value = 1.5 }
output "boolean" { value = true }
output "nothing" { value = null }
output "text" {
  value       = "line\n\"quoted\" ünï 日本 \\ $${x}"
  description = "All that has to be escaped"
}
output "empty" { value = { list = [], map = {}, text = "" } }
output "tuple" { value = [1, "a", null, { k = [true] }] }
output "set" { value = toset(["b", "a", "b"]) }
output "map" { value = tomap({ z = 1, a = 2 }) }
output "tags" { value = aws_vpc.main.tags }
output "ids" { value = { for key, subnet in aws_subnet.main : key => subnet.id } }
output "splat" { value = values(aws_subnet.main)[*].cidr_block }
output "attributes" {
  value = {
    vpc    = [aws_vpc.main.arn, aws_vpc.main.owner_id, aws_vpc.main.main_route_table_id != "", aws_vpc.main.instance_tenancy]
    subnet = [aws_subnet.main["a"].arn, aws_subnet.main["a"].availability_zone_id != "", aws_subnet.main["a"].ipv6_cidr_block_association_id]
  }
}
output "secret" {
  value     = { user = "u", password = sensitive("p") }
  sensitive = true
}
output "module" { value = module.inner }
output "depends" {
  value      = "late"
  depends_on = [aws_subnet.main]
}
output "checked" {
  value = aws_vpc.main.cidr_block
  precondition {
    condition     = endswith(aws_vpc.main.cidr_block, "/16")
    error_message = "Too small."
  }
}
