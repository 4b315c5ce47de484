//! What bad input gets: a message that names the place and the remedy, an exit code, and nothing lost.

mod support;

use std::fs;

use insta::assert_snapshot;
use stackr_testkit::{Output, TestEnvironment};
use support::{done, project, state};

/// The region of the stack that most tests share. None of them changes it.
const REGION: &str = "us-west-2";

const MAIN: &str = "stacks/net/main.tf";
const STATE: &str = "state/default/net/state.json";

/// The stack as it was applied.
const NET: &str = r#"
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

output "vpc_id" {
  value = aws_vpc.main.id
}
"#;

/// A project in which `net` is applied.
fn applied() -> TestEnvironment {
    static APPLIED: std::sync::OnceLock<TestEnvironment> = std::sync::OnceLock::new();
    let first = APPLIED.get_or_init(|| applied_in(REGION));
    let env = project(REGION);
    env.write(MAIN, NET).copy(first.path("state"));
    env
}

/// A project in which `net` is applied in a region of the test's own.
fn applied_in(region: &str) -> TestEnvironment {
    let env = project(region);
    env.write(MAIN, NET);
    done(&env, ["apply", "net", "-y"]);
    env
}

/// What came of a command that must leave state and AWS as they were.
fn harmless<const N: usize>(env: &TestEnvironment, arguments: [&str; N]) -> Output {
    let before = state(env, "net");
    let output = env.stackr(arguments);
    assert_eq!(state(env, "net"), before, "the state has changed\n{}", env.redacted(&output));
    output
}

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

/// What `plan` and `apply` say about a state file, which stays as it is.
fn unreadable(damage: impl FnOnce(String) -> Vec<u8>) -> String {
    let env = applied();
    let bytes = damage(env.read(STATE));
    fs::write(env.path(STATE), &bytes).expect("a file");
    // What is kept from earlier runs must not hide the damage.
    let planned = harmless(&env, ["plan", "net"]);
    let output = harmless(&env, ["apply", "net", "-y"]);
    assert_eq!((planned.code, planned.stderr), (output.code, output.stderr.clone()));
    env.redacted(&output)
}

#[test]
fn an_unknown_attribute_is_named() {
    assert_snapshot!(rejected(&NET.replace("cidr_block", "cidr_blok")), @r#"
    exit 1
    --- stdout
    --- stderr
    error: unknown argument (aws_vpc.main)
     --> stacks/net/main.tf:3:15
      |
    3 |   cidr_blok = "10.0.0.0/16"
      |               ^^^^^^^^^^^^^
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
     --> stacks/net/main.tf:2:1
      |
    2 | resource "aws_vpc" "main" {
      | ^^^^^^^^^^^^^^^^^^^^^^^^^
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
       = stackr has no type `aws_vcp` yet. `stackr explain` lists the types it has.
    "#);
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

#[test]
fn a_truncated_state_is_not_taken_for_a_smaller_one() {
    assert_snapshot!(unreadable(|text| text.split("\"objects\"").next().unwrap_or_default().into()), @r"
    exit 1
    --- stdout
    --- stderr
    error: [ROOT]/project/state/default/net/state.json is damaged: EOF while parsing a value at line 23 column 2
      hint: nothing was touched; `stackr state repair` goes back to the last good state (if the file was edited by hand on purpose, remove its `checksum` line)
    ");
}

#[test]
fn an_empty_state_file_is_not_taken_for_an_empty_state() {
    assert_snapshot!(unreadable(|_| Vec::new()), @r"
    exit 1
    --- stdout
    --- stderr
    error: [ROOT]/project/state/default/net/state.json is damaged: it is empty
      hint: nothing was touched; `stackr state repair` goes back to the last good state (if the file was edited by hand on purpose, remove its `checksum` line)
    ");
}

#[test]
fn a_flipped_bit_is_noticed() {
    // One that leaves good JSON: the address of a VPC.
    assert_snapshot!(unreadable(|text| text.replace("10.0.0.0/16", "10.0.0.0/17").into_bytes()), @r"
    exit 1
    --- stdout
    --- stderr
    error: [ROOT]/project/state/default/net/state.json is damaged: its content does not have the checksum that it states
      hint: nothing was touched; `stackr state repair` goes back to the last good state (if the file was edited by hand on purpose, remove its `checksum` line)
    ");
}

#[test]
fn a_state_of_a_newer_version_is_left_alone() {
    assert_snapshot!(unreadable(|text| text.replace("\"version\": 1", "\"version\": 99").into_bytes()), @r"
    exit 1
    --- stdout
    --- stderr
    error: [ROOT]/project/state/default/net/state.json has format version 99; this stackr reads versions up to 1
      hint: nothing was touched; upgrade stackr
    ");
}

#[test]
fn a_state_of_terraform_is_refused_and_left_alone() {
    let terraform =
        r#"{"version":4,"terraform_version":"1.9.0","serial":3,"lineage":"x","outputs":{},"resources":[]}"#;
    assert_snapshot!(unreadable(|_| terraform.into()), @r"
    exit 6
    --- stdout
    --- stderr
    error: [ROOT]/project/state/default/net/state.json holds a Terraform state (version 4, serial 3, written by terraform 1.9.0)
      hint: nothing was touched; give stackr another key, or another path
    ");
}

#[test]
fn the_state_of_another_stack_is_refused() {
    let env = applied();
    env.write("stacks/other/main.tf", NET);
    fs::create_dir_all(env.path("state/default/other")).expect("a directory");
    fs::copy(env.path(STATE), env.path("state/default/other/state.json")).expect("a file");
    let before = state(&env, "other");
    let output = env.stackr(["apply", "other", "-y"]);
    assert_eq!(state(&env, "other"), before);
    assert_snapshot!(env.redacted(&output), @r"
    exit 6
    --- stdout
    --- stderr
    error: [ROOT]/project/state/default/other/state.json belongs to stack net (default), not to other (default)
      hint: nothing was touched; two stacks must not share one key
    ");
}

#[test]
fn without_credentials_nothing_is_done() {
    let env = stackr_testkit::environment!().with("AWS_REGION", REGION);
    env.write(MAIN, NET).copy(applied().path("state"));
    assert_snapshot!(env.redacted(&harmless(&env, ["apply", "net", "-y"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: AWS could not be asked
      caused by: sts:GetCallerIdentity: no credentials found in chain. Attempted:
          Environment: the credential provider was not enabled: environment variable not set
          Profile: the credential provider was not enabled
          WebIdentityToken: the credential provider was not enabled: $AWS_WEB_IDENTITY_TOKEN_FILE was not set
          EcsContainer: the credential provider was not enabled: ECS provider not configured
          Ec2InstanceMetadata: the credential provider was not enabled: IMDS disabled by AWS_EC2_METADATA_DISABLED env var set to `true`
      hint: give credentials by AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `aws sso login`; `--local` needs none
    ");
}

#[test]
fn without_a_region_nothing_is_done() {
    let env = stackr_testkit::environment!().with_aws(support::emulator());
    env.write(MAIN, NET).copy(applied().path("state"));
    assert_snapshot!(env.redacted(&harmless(&env, ["apply", "net", "-y"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: AWS could not be asked
      caused by: no region: set `region` in the provider block, AWS_REGION, or `region` in the profile
    ");
}

#[test]
fn without_a_network_nothing_is_done() {
    // Nobody listens on port 1.
    let env = applied().with("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    assert_snapshot!(env.redacted(&harmless(&env, ["apply", "net", "-y"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: AWS could not be asked
      caused by: sts:GetCallerIdentity: dispatch failure: io error: client error (Connect): tcp connect error: Connection refused (os error 111)
      hint: is the endpoint reachable? `stackr local status` tells about the local emulator
    ");
}

#[test]
fn a_state_of_another_region_is_refused() {
    let env = applied().with("AWS_REGION", "eu-central-1");
    assert_snapshot!(env.redacted(&harmless(&env, ["apply", "net", "-y"])), @r"
    exit 6
    --- stdout
    --- stderr
    error: the state of net (default) was recorded for account 123456789012, us-west-2, and this is account 123456789012, eu-central-1
      hint: use the credentials and region of this environment, or another environment
    ");
    assert_eq!(env.expect(6, ["destroy", "net", "-y"]).stdout, "");
}

#[test]
fn what_prevent_destroy_protects_is_not_destroyed() {
    let env = applied_in("eu-west-1");
    let protected = NET.replace("/16\"", "/16\"\n  lifecycle {\n    prevent_destroy = true\n  }");
    env.write(MAIN, &protected);
    done(&env, ["apply", "net", "-y"]);
    assert_snapshot!(env.redacted(&harmless(&env, ["destroy", "net", "-y"])), @r"
    exit 6
    --- stdout
    --- stderr
    error: protected object (aws_vpc.main)
     |
     = `aws_vpc.main` has `prevent_destroy`, and the plan removes it. Leave it out with `--exclude 'aws_vpc.main'`, or set `prevent_destroy = false`, apply, and then remove it.
    ");
    env.write(MAIN, &protected.replace("10.0.0.0/16", "10.9.0.0/16"));
    assert_snapshot!(env.redacted(&harmless(&env, ["apply", "net", "-y"])), @r"
    exit 6
    --- stdout
    --- stderr
    error: protected object (aws_vpc.main)
     |
     = `aws_vpc.main` has `prevent_destroy`, and a change of cidr_block needs another object in its place. Leave it out with `--exclude 'aws_vpc.main'`, or set `prevent_destroy = false`, apply, and then remove it.
    ");
    // Nor when its block is gone: the state remembers.
    env.write(MAIN, "");
    assert_snapshot!(env.redacted(&harmless(&env, ["apply", "net", "-y"])), @r"
    exit 6
    --- stdout
    --- stderr
    error: protected object (aws_vpc.main)
     |
     = `aws_vpc.main` has `prevent_destroy`, and the plan removes it. Leave it out with `--exclude 'aws_vpc.main'`, or set `prevent_destroy = false`, apply, and then remove it.
    ");
    env.write(MAIN, &protected);
    done(&env, ["plan", "net", "--detailed-exitcode"]);
}

#[test]
fn a_stack_that_another_reads_is_not_destroyed() {
    let env = applied_in("eu-west-2");
    env.write("stackr.toml", "[stacks.net]\npath = \"stacks/net\"\n\n[stacks.app]\npath = \"stacks/app\"\ndepends_on = [\"net\"]\n");
    let app = r#"
data "terraform_remote_state" "net" {
  backend = "local"

  config = {
    path = "../net/terraform.tfstate"
  }
}

resource "aws_subnet" "a" {
  vpc_id     = data.terraform_remote_state.net.outputs.vpc_id
  cidr_block = "10.0.0.0/24"
}
"#;
    env.write("stacks/app/main.tf", app);
    done(&env, ["apply", "app", "-y"]);
    assert_snapshot!(env.redacted(&harmless(&env, ["destroy", "net", "-y"])), @r"
    exit 6
    --- stdout
    --- stderr
    error: `net` is in use: app reads its outputs
      hint: first: stackr destroy app
      hint: or give --force, if you know that nothing of it is needed
    ");
    done(&env, ["plan", "all", "--detailed-exitcode"]);
    done(&env, ["destroy", "all", "-y"]);
}

#[test]
fn without_a_terminal_nothing_is_done_unasked() {
    let env = applied();
    env.write(MAIN, &NET.replace("/16\"", "/16\"\n  enable_dns_hostnames = true"));
    let output = harmless(&env, ["apply", "net"]);
    assert_eq!(output.code, 1);
    assert!(output.stdout.contains("Plan: 0 to add, 1 to change, 0 to destroy."), "{}", output.stdout);
    assert_snapshot!(env.redacted(&Output { stdout: String::new(), ..output }), @r"
    exit 1
    --- stdout
    --- stderr
    account 123456789012, region us-west-2, endpoint http://127.0.0.1:[PORT]
    error: nothing was done: there is no terminal to ask at
      hint: give -y to go ahead without being asked
    ");
    let output = harmless(&env, ["destroy", "net"]);
    assert_snapshot!(env.redacted(&Output { stdout: String::new(), ..output }), @r"
    exit 1
    --- stdout
    --- stderr
    account 123456789012, region us-west-2, endpoint http://127.0.0.1:[PORT]
    error: nothing was done: there is no terminal to ask at
      hint: give -y to go ahead without being asked
    ");
    env.write(MAIN, NET);
    done(&env, ["plan", "net", "--detailed-exitcode"]);
}
