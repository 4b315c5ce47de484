//! A stack of a network, and what commands say about it.

use stackr_testkit::TestEnvironment;

use crate::support::project;

/// Where its sources are.
pub(crate) const MAIN: &str = "stacks/net/main.tf";

/// A network with two subnets, a variable without a default and a secret.
pub(crate) const NET: &str = r#"
variable "cidr" {
  type    = string
  default = "10.0.0.0/16"
}

variable "region" {
  type = string
}

variable "owner" {
  type      = string
  default   = "first"
  sensitive = true
}

resource "aws_vpc" "main" {
  cidr_block = var.cidr

  tags = {
    Name  = "net"
    Owner = var.owner
  }
}

resource "aws_subnet" "a" {
  count             = 2
  vpc_id            = aws_vpc.main.id
  cidr_block        = cidrsubnet(var.cidr, 8, count.index)
  availability_zone = "${var.region}a"
}

output "vpc_id" {
  value = aws_vpc.main.id
}

output "cidrs" {
  value = aws_subnet.a[*].cidr_block
}

output "owner" {
  value     = var.owner
  sensitive = true
}
"#;

/// A project with `net`, in a region of the test's own.
pub(crate) fn net(region: &str) -> TestEnvironment {
    let env = project(region).with("TF_VAR_region", region);
    env.write(MAIN, NET);
    env
}

/// What a command prints as its result.
pub(crate) fn result<const N: usize>(env: &TestEnvironment, arguments: [&str; N]) -> String {
    stackr_testkit::redact(&env.expect(0, arguments).stdout)
}
