//! What bad input gets: a message that names the place and the remedy, an exit code, and nothing lost.

#[path = "support/state.rs"]
mod state;
mod support;
#[path = "support/vpc.rs"]
mod vpc;

use insta::assert_snapshot;

use support::done;
use vpc::{MAIN, NET, applied, harmless};

/// What `apply` says about these sources, where others were applied before. Nothing is lost: with the old sources
/// there is nothing to do.
fn rejected(sources: &str) -> String {
    let env = applied();
    env.write(MAIN, sources);
    let output = harmless(&env, ["apply", "net", "-y"]);
    env.write(MAIN, NET);
    done(&env, ["plan", "net", "--detailed-exitcode"]);
    env.redacted(&output)
}

#[test]
fn an_unknown_attribute_is_named() {
    assert_snapshot!(rejected(&NET.replace("cidr_block", "cidr_blok")), @r#"
    exit 1
    --- stdout
    --- stderr
    error: unknown argument (aws_vpc.main)
     --> stacks/net/main.tf:3:3
      |
    3 |   cidr_blok = "10.0.0.0/16"
      |   ^^^^^^^^^
      |
      = There is no argument `cidr_blok` here. Did you mean `cidr_block`?

    error: missing required argument (aws_vpc.main)
     --> stacks/net/main.tf:2:1
      |
    2 | resource "aws_vpc" "main" {
      | ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = `cidr_block` must be given: Its IPv4 network. Write `cidr_block = …` (IP network such as 10.0.0.0/16).
    "#);
}

#[test]
fn a_wrong_type_is_marked() {
    assert_snapshot!(rejected(&NET.replace(r#""10.0.0.0/16""#, r#"["10.0.0.0/16"]"#)), @r#"
    exit 1
    --- stdout
    --- stderr
    error: wrong type (aws_vpc.main)
     --> stacks/net/main.tf:3:16
      |
    3 |   cidr_block = ["10.0.0.0/16"]
      |                ^^^^^^^^^^^^^^^
      |
      = `cidr_block` takes an IP network such as 10.0.0.0/16, not a tuple.
    "#);
}

#[test]
fn a_missing_argument_is_named() {
    let subnet = r#"
resource "aws_subnet" "a" {
  cidr_block = "10.0.0.0/24"
}
"#;
    assert_snapshot!(rejected(&format!("{NET}{subnet}")), @r#"
    exit 1
    --- stdout
    --- stderr
    error: missing required argument (aws_subnet.a)
      --> stacks/net/main.tf:10:1
       |
    10 | resource "aws_subnet" "a" {
       | ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = `vpc_id` must be given: The VPC it is a part of. Write `vpc_id = …` (string).
    "#);
}

#[test]
fn a_reference_to_nothing_is_marked() {
    assert_snapshot!(rejected(&NET.replace("aws_vpc.main.id", "aws_vpc.man.id")), @r"
    exit 1
    --- stdout
    --- stderr
    error: unknown reference
     --> stacks/net/main.tf:7:11
      |
    7 |   value = aws_vpc.man.id
      |           ^^^^^^^^^^^
      |
      = There is no resource `aws_vpc.man`. Did you mean `aws_vpc.main`?
    ");
}

#[test]
fn a_reference_to_an_attribute_that_is_not_there_is_marked() {
    assert_snapshot!(rejected(&NET.replace("aws_vpc.main.id", "aws_vpc.main.ident")), @r"
    exit 1
    --- stdout
    --- stderr
    error: unknown attribute
     --> stacks/net/main.tf:7:24
      |
    7 |   value = aws_vpc.main.ident
      |                        ^^^^^
      |
      = `aws_vpc` has no attribute `ident`. It has: arn, cidr_block, default_network_acl_id, default_route_table_id, default_security_group_id, dhcp_options_id, enable_dns_hostnames, enable_dns_support, enable_network_address_usage_metrics, id, instance_tenancy, main_route_table_id, owner_id, tags, tags_all.
    ");
}

#[test]
fn a_cycle_is_told_by_its_path() {
    let groups = r#"
resource "aws_security_group" "a" {
  vpc_id      = aws_vpc.main.id
  description = aws_security_group.b.id
}

resource "aws_security_group" "b" {
  vpc_id      = aws_vpc.main.id
  description = aws_security_group.a.id
}
"#;
    assert_snapshot!(rejected(&format!("{NET}{groups}")), @r#"
    exit 1
    --- stdout
    --- stderr
    error: dependency cycle
      --> stacks/net/main.tf:10:1
       |
    10 | resource "aws_security_group" "a" {
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = Each refers to the next: aws_security_group.a → aws_security_group.b → aws_security_group.a. Remove one of the references.
    "#);
}

#[test]
fn an_address_is_declared_once() {
    let again = r#"
resource "aws_vpc" "main" {
  cidr_block = "10.1.0.0/16"
}
"#;
    assert_snapshot!(rejected(&format!("{NET}{again}")), @r#"
    exit 1
    --- stdout
    --- stderr
    error: duplicate declaration
      --> stacks/net/main.tf:10:1
       |
    10 | resource "aws_vpc" "main" {
       | ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = `aws_vpc.main` is already declared in main.tf. Give one of them another name.
    "#);
}

#[test]
fn a_bad_cidr_is_refused_before_aws_sees_it() {
    assert_snapshot!(rejected(&NET.replace("10.0.0.0/16", "10.0.0.0/33")), @r#"
    exit 1
    --- stdout
    --- stderr
    error: invalid value (aws_vpc.main)
     --> stacks/net/main.tf:3:16
      |
    3 |   cidr_block = "10.0.0.0/33"
      |                ^^^^^^^^^^^^^
      |
      = "10.0.0.0/33" is not an IP network such as 10.0.0.0/16.
    "#);
}

#[test]
fn an_unsupported_block_is_named() {
    let block = r#"
resorce "aws_vpc" "other" {
  cidr_block = "10.1.0.0/16"
}
"#;
    assert_snapshot!(rejected(&format!("{NET}{block}")), @r#"
    exit 1
    --- stdout
    --- stderr
    error: unsupported block
      --> stacks/net/main.tf:10:1
       |
    10 | resorce "aws_vpc" "other" {
       | ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = There is no block `resorce` at the top of a file. Did you mean `resource`?
    "#);
}

#[test]
fn an_unsupported_block_of_a_resource_is_named() {
    let block = "  routing {\n    fast = true\n  }\n}\n\noutput";
    assert_snapshot!(rejected(&NET.replace("}\n\noutput", block)), @r#"
    exit 1
    --- stdout
    --- stderr
    error: unknown argument (aws_vpc.main)
     --> stacks/net/main.tf:4:3
      |
    4 |   routing {
      |   ^^^^^^^
      |
      = There is no argument `routing` here. There are: cidr_block, instance_tenancy, enable_dns_support, enable_dns_hostnames, enable_network_address_usage_metrics, tags.
    "#);
}

#[test]
fn a_type_that_is_not_there_is_named() {
    let block = r#"
resource "aws_vcp" "other" {
  cidr_block = "10.1.0.0/16"
}
"#;
    assert_snapshot!(rejected(&format!("{NET}{block}")), @r#"
    exit 1
    --- stdout
    --- stderr
    error: unsupported type (aws_vcp.other)
      --> stacks/net/main.tf:10:1
       |
    10 | resource "aws_vcp" "other" {
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = stackr has no resource type `aws_vcp` yet. Did you mean `aws_vpc`? `stackr explain` lists the types it has.
    "#);
}

#[test]
fn a_type_that_is_not_there_does_not_matter_where_there_is_no_object_of_it() {
    let block = r#"
resource "aws_vcp" "other" {
  count      = var.other ? 1 : 0
  cidr_block = aws_vpc.main.cidr_block
}
variable "other" {
  default = false
}
output "other" {
  value = try(aws_vcp.other[0].id, "none")
}
"#;
    let env = stackr_testkit::environment!();
    env.write("stacks/net/main.tf", &format!("{NET}{block}"));
    let output = env.stackr(["validate", "net"]);
    assert_eq!(output.code, 0, "{}", env.redacted(&output));
    env.write("stacks/net/more.auto.tfvars", "other = true\n");
    let output = env.expect(1, ["validate", "net"]);
    assert!(output.stderr.contains("unsupported type"), "{}", env.redacted(&output));
}

#[test]
fn sources_that_do_not_parse_are_marked() {
    assert_snapshot!(rejected(&NET.replace("\"10.0.0.0/16\"", "")), @r"
    exit 1
    --- stdout
    --- stderr
    error: syntax error
     --> stacks/net/main.tf:3:16
      |
    3 |   cidr_block = 
      |                ^
      |
      = An expression was expected here, but the line ends.
    ");
}

#[test]
fn an_undeclared_variable_is_marked() {
    assert_snapshot!(rejected(&NET.replace(r#""10.0.0.0/16""#, "var.cidr")), @r"
    exit 1
    --- stdout
    --- stderr
    error: unknown reference
     --> stacks/net/main.tf:3:16
      |
    3 |   cidr_block = var.cidr
      |                ^^^^^^^^
      |
      = There is no variable `cidr`.
    ");
}

#[test]
fn a_value_for_an_undeclared_variable_is_refused() {
    let env = applied();
    let output = harmless(&env, ["apply", "net", "-y", "--var", "cdir=10.1.0.0/16"]);
    assert_snapshot!(env.redacted(&output), @r"
    exit 1
    --- stdout
    --- stderr
    error: undeclared variable
     |
     = --var cdir: This stack declares no variable `cdir`.
    ");
}

#[test]
fn a_variable_without_a_value_is_named() {
    let sources = NET.replace(r#""10.0.0.0/16""#, "var.cidr");
    assert_snapshot!(rejected(&format!("{sources}\nvariable \"cidr\" {{\n  type = string\n}}\n")), @r#"
    exit 1
    --- stdout
    --- stderr
    error: no value for variable
      --> stacks/net/main.tf:10:1
       |
    10 | variable "cidr" {
       | ^^^^^^^^^^^^^^^
       |
       = The variable `cidr` has no value and no default. Give it one in a file of values, with --var cidr=… or as TF_VAR_cidr.
    "#);
}

#[test]
fn a_failing_validation_says_what_its_author_wrote() {
    let variable = r#"
variable "size" {
  default = 0

  validation {
    condition     = var.size > 0
    error_message = "The size must be positive."
  }
}
"#;
    assert_snapshot!(rejected(&format!("{NET}{variable}")), @r"
    exit 1
    --- stdout
    --- stderr
    error: invalid value for variable
      --> stacks/net/main.tf:14:21
       |
    14 |     condition     = var.size > 0
       |                     ^^^^^^^^^^^^
       |
       = var.size: The size must be positive.
    ");
}

#[test]
fn keys_of_for_each_must_be_known() {
    let subnets = r#"
resource "aws_vpc" "other" {
  cidr_block = "10.1.0.0/16"
}

resource "aws_subnet" "each" {
  for_each   = toset([aws_vpc.other.id])
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.0.0/24"
}
"#;
    assert_snapshot!(rejected(&format!("{NET}{subnets}")), @r#"
    exit 1
    --- stdout
    --- stderr
    error: unknown instances
      --> stacks/net/main.tf:14:1
       |
    14 | resource "aws_subnet" "each" {
       | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = How many instances `aws_subnet.each` has depends on values that are known only after apply. Make the keys known (from variables or from arguments rather than outputs), or apply what they depend on first with `--target`.
    "#);
}

#[test]
fn a_stack_that_is_not_there_is_named_with_those_that_are() {
    let env = applied();
    assert_snapshot!(env.redacted(&harmless(&env, ["apply", "nett", "-y"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: there is no stack `nett`; the project has: net
      hint: name it under `[stacks.nett]` in stackr.toml, make stacks/nett/, or give its directory
    ");
}
