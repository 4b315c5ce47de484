output "text" { value = "short" }
output "nothing" { value = "something" }
output "set" { value = toset([]) }

resource "aws_vpc" "main" {
  tags = { Name = "renamed" }
}
