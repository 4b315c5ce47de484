variable "parts" { type = list(string) }

output "name" { value = join("-", [for part in var.parts : lower(part)]) }
