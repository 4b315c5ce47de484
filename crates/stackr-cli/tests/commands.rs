//! What the commands say and how they exit, as a user sees it.

mod support;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
};

use insta::assert_snapshot;
use serde_json::Value as Json;
use stackr_testkit::TestEnvironment;
use support::{done, emulator, project, state};

const MAIN: &str = "stacks/net/main.tf";

const NET: &str = r#"
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

/// A stack without AWS: what is about variables and files needs no more.
const VALUES: &str = r#"
variable "value" {
  default = "default"
}

variable "other" {
  default = "default"
}

output "value" {
  value = "${terraform.workspace} ${var.value}"
}
"#;

/// A project with `net`, in a region of the test's own.
fn net(region: &str) -> TestEnvironment {
    let env = project(region).with("TF_VAR_region", region);
    env.write(MAIN, NET);
    env
}

/// A project in which `net` is applied.
fn applied(region: &str) -> TestEnvironment {
    let env = net(region);
    done(&env, ["apply", "net", "-y"]);
    env
}

/// What a command prints as its result.
fn result<const N: usize>(env: &TestEnvironment, arguments: [&str; N]) -> String {
    stackr_testkit::redact(&env.expect(0, arguments).stdout)
}

/// The objects in JSON lines, each of which has to be one.
fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
}

/// What the emulator has of a kind of EC2 object: `vpcs`, `subnets`.
fn count(region: &str, kind: &str) -> usize {
    let script = format!(
        "import boto3; print(len([o for o in boto3.client('ec2', '{region}').describe_{kind}()['{}'] \
         if not o.get('IsDefault') and not o.get('DefaultForAz')]))",
        if kind == "vpcs" { "Vpcs" } else { "Subnets" }
    );
    let output = emulator().python().args(["-c", &script]).output().expect("Python runs");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

#[test]
fn a_plan_shows_what_is_made_what_is_unknown_and_hides_what_is_secret() {
    let env = net("us-east-1");
    assert_snapshot!(result(&env, ["plan", "net", "--target", "aws_subnet.a[0]"]), @r#"
      # aws_subnet.a[0] will be created
      + resource "aws_subnet" "a" {
          + arn                                            = (known after apply)
          + assign_ipv6_address_on_creation                = false
          + availability_zone                              = "us-east-1a"
          + availability_zone_id                           = (known after apply)
          + cidr_block                                     = "10.0.0.0/24"
          + enable_dns64                                   = false
          + enable_resource_name_dns_a_record_on_launch    = false
          + enable_resource_name_dns_aaaa_record_on_launch = false
          + id                                             = (known after apply)
          + ipv6_cidr_block_association_id                 = (known after apply)
          + ipv6_native                                    = false
          + map_public_ip_on_launch                        = false
          + owner_id                                       = (known after apply)
          + private_dns_hostname_type_on_launch            = (known after apply)
          + vpc_id                                         = (known after apply)
        }

      # aws_subnet.a[1] will be created
      + resource "aws_subnet" "a" {
          + arn                                            = (known after apply)
          + assign_ipv6_address_on_creation                = false
          + availability_zone                              = "us-east-1a"
          + availability_zone_id                           = (known after apply)
          + cidr_block                                     = "10.0.1.0/24"
          + enable_dns64                                   = false
          + enable_resource_name_dns_a_record_on_launch    = false
          + enable_resource_name_dns_aaaa_record_on_launch = false
          + id                                             = (known after apply)
          + ipv6_cidr_block_association_id                 = (known after apply)
          + ipv6_native                                    = false
          + map_public_ip_on_launch                        = false
          + owner_id                                       = (known after apply)
          + private_dns_hostname_type_on_launch            = (known after apply)
          + vpc_id                                         = (known after apply)
        }

      # aws_vpc.main will be created
      + resource "aws_vpc" "main" {
          + arn                                  = (known after apply)
          + cidr_block                           = "10.0.0.0/16"
          + default_network_acl_id               = (known after apply)
          + default_route_table_id               = (known after apply)
          + default_security_group_id            = (known after apply)
          + dhcp_options_id                      = (known after apply)
          + enable_dns_hostnames                 = false
          + enable_dns_support                   = true
          + enable_network_address_usage_metrics = false
          + id                                   = (known after apply)
          + instance_tenancy                     = "default"
          + main_route_table_id                  = (known after apply)
          + owner_id                             = (known after apply)
          + tags                                 = {
              + "Name"  = "net"
              + "Owner" = (sensitive value)
            }
          + tags_all                             = {
              + "Name"  = "net"
              + "Owner" = (sensitive value)
            }
        }

    Plan: 3 to add, 0 to change, 0 to destroy.

    Changes to Outputs:
      + cidrs  = [
          + "10.0.0.0/24"
          + "10.0.1.0/24"
        ]
      + owner  = (sensitive value)
      + vpc_id = (known after apply)
    "#);
}

#[test]
fn a_plan_shows_what_changes() {
    let env = applied("us-east-2");
    assert_eq!(result(&env, ["plan", "net"]), "No changes. What is declared is what there is.\n");
    // In place, with a secret that changes.
    env.write(MAIN, &NET.replace("Name  = \"net\"", "Name  = \"other\"\n    New   = \"yes\""));
    assert_snapshot!(result(&env, ["plan", "net", "--var", "owner=second"]), @r#"
      # aws_vpc.main will be updated in-place
      ~ resource "aws_vpc" "main" {
          ~ tags     = {
              ~ "Name"  = "net" -> "other"
              + "New"   = "yes"
              ~ "Owner" = (sensitive value)
            }
          ~ tags_all = {
              ~ "Name"  = "net" -> "other"
              + "New"   = "yes"
              ~ "Owner" = (sensitive value)
            }
            # (13 unchanged attributes hidden)
        }

    Plan: 0 to add, 1 to change, 0 to destroy.

    Changes to Outputs:
      ~ owner = (sensitive value)
    "#);
    // By another object.
    env.write(MAIN, NET);
    assert_snapshot!(result(&env, ["plan", "net", "--var", "cidr=10.1.0.0/16"]), @r#"
      # aws_subnet.a[0] must be replaced
    -/+ resource "aws_subnet" "a" {
          ~ cidr_block = "10.0.0.0/24" -> "10.1.0.0/24" # forces replacement
          ~ vpc_id     = "vpc-[ID]" -> (known after apply) # forces replacement
            # (13 unchanged attributes hidden)
        }

      # aws_subnet.a[1] must be replaced
    -/+ resource "aws_subnet" "a" {
          ~ cidr_block = "10.0.1.0/24" -> "10.1.1.0/24" # forces replacement
          ~ vpc_id     = "vpc-[ID]" -> (known after apply) # forces replacement
            # (13 unchanged attributes hidden)
        }

      # aws_vpc.main must be replaced
    -/+ resource "aws_vpc" "main" {
          ~ cidr_block = "10.0.0.0/16" -> "10.1.0.0/16" # forces replacement
            # (14 unchanged attributes hidden)
        }

    Plan: 3 to add, 0 to change, 3 to destroy.

    Changes to Outputs:
      ~ cidrs  = [
          ~ "10.0.0.0/24" -> "10.1.0.0/24"
          ~ "10.0.1.0/24" -> "10.1.1.0/24"
        ]
      ~ vpc_id = "vpc-[ID]" -> (known after apply)
    "#);
    // As asked.
    assert_snapshot!(result(&env, ["plan", "net", "--replace", "aws_subnet.a[1]"]), @r#"
      # aws_subnet.a[1] will be replaced, as requested
    -/+ resource "aws_subnet" "a" {
            # (15 unchanged attributes hidden)
        }

    Plan: 1 to add, 0 to change, 1 to destroy.
    "#);
    // No longer declared.
    env.write(MAIN, &NET.replace("count             = 2", "count             = 1"));
    assert_snapshot!(result(&env, ["plan", "net"]), @r#"
      # aws_subnet.a[1] will be destroyed (it is no longer declared)
      - resource "aws_subnet" "a" {
          - arn                                            = "arn:aws:ec2:us-east-2:123456789012:subnet/subnet-[ID]" -> null
          - assign_ipv6_address_on_creation                = false -> null
          - availability_zone                              = "us-east-2a" -> null
          - availability_zone_id                           = "use2-az1" -> null
          - cidr_block                                     = "10.0.1.0/24" -> null
          - enable_dns64                                   = false -> null
          - enable_resource_name_dns_a_record_on_launch    = false -> null
          - enable_resource_name_dns_aaaa_record_on_launch = false -> null
          - id                                             = "subnet-[ID]" -> null
          - ipv6_native                                    = false -> null
          - map_public_ip_on_launch                        = false -> null
          - owner_id                                       = "123456789012" -> null
          - private_dns_hostname_type_on_launch            = "ip-name" -> null
          - vpc_id                                         = "vpc-[ID]" -> null
        }

    Plan: 0 to add, 0 to change, 1 to destroy.

    Changes to Outputs:
      ~ cidrs = [
          - "10.0.1.0/24" -> null
            # (1 unchanged element hidden)
        ]
    "#);
    // Outputs alone.
    env.write(MAIN, &NET.replace("output \"cidrs\"", "output \"networks\""));
    assert_snapshot!(result(&env, ["plan", "net"]), @r#"

    Changes to Outputs:
      + networks = [
          + "10.0.0.0/24"
          + "10.0.1.0/24"
        ]
      - cidrs    = [
          - "10.0.0.0/24" -> null
          - "10.0.1.0/24" -> null
        ]
    "#);
}

#[test]
fn a_plan_of_a_destroy_shows_what_goes_and_no_secret() {
    let env = applied("us-west-1");
    assert_snapshot!(result(&env, ["plan", "net", "--destroy", "--target", "aws_vpc.main"]), @r#"
      # aws_subnet.a[0] will be destroyed
      - resource "aws_subnet" "a" {
          - arn                                            = "arn:aws:ec2:us-west-1:123456789012:subnet/subnet-[ID]" -> null
          - assign_ipv6_address_on_creation                = false -> null
          - availability_zone                              = "us-west-1a" -> null
          - availability_zone_id                           = "usw1-az3" -> null
          - cidr_block                                     = "10.0.0.0/24" -> null
          - enable_dns64                                   = false -> null
          - enable_resource_name_dns_a_record_on_launch    = false -> null
          - enable_resource_name_dns_aaaa_record_on_launch = false -> null
          - id                                             = "subnet-[ID]" -> null
          - ipv6_native                                    = false -> null
          - map_public_ip_on_launch                        = false -> null
          - owner_id                                       = "123456789012" -> null
          - private_dns_hostname_type_on_launch            = "ip-name" -> null
          - vpc_id                                         = "vpc-[ID]" -> null
        }

      # aws_subnet.a[1] will be destroyed
      - resource "aws_subnet" "a" {
          - arn                                            = "arn:aws:ec2:us-west-1:123456789012:subnet/subnet-[ID]" -> null
          - assign_ipv6_address_on_creation                = false -> null
          - availability_zone                              = "us-west-1a" -> null
          - availability_zone_id                           = "usw1-az3" -> null
          - cidr_block                                     = "10.0.1.0/24" -> null
          - enable_dns64                                   = false -> null
          - enable_resource_name_dns_a_record_on_launch    = false -> null
          - enable_resource_name_dns_aaaa_record_on_launch = false -> null
          - id                                             = "subnet-[ID]" -> null
          - ipv6_native                                    = false -> null
          - map_public_ip_on_launch                        = false -> null
          - owner_id                                       = "123456789012" -> null
          - private_dns_hostname_type_on_launch            = "ip-name" -> null
          - vpc_id                                         = "vpc-[ID]" -> null
        }

      # aws_vpc.main will be destroyed
      - resource "aws_vpc" "main" {
          - arn                                  = "arn:aws:ec2:us-west-1:123456789012:vpc/vpc-[ID]" -> null
          - cidr_block                           = "10.0.0.0/16" -> null
          - default_network_acl_id               = "acl-[ID]" -> null
          - default_route_table_id               = "rtb-[ID]" -> null
          - default_security_group_id            = "sg-[ID]" -> null
          - dhcp_options_id                      = "default" -> null
          - enable_dns_hostnames                 = false -> null
          - enable_dns_support                   = true -> null
          - enable_network_address_usage_metrics = false -> null
          - id                                   = "vpc-[ID]" -> null
          - instance_tenancy                     = "default" -> null
          - main_route_table_id                  = "rtb-[ID]" -> null
          - owner_id                             = "123456789012" -> null
          - tags                                 = {
              - "Name"  = "net" -> null
              - "Owner" = (sensitive value) -> null
            }
          - tags_all                             = {
              - "Name"  = "net" -> null
              - "Owner" = (sensitive value) -> null
            }
        }

    Plan: 0 to add, 0 to change, 3 to destroy.

    Changes to Outputs:
      - cidrs  = [
          - "10.0.0.0/24" -> null
          - "10.0.1.0/24" -> null
        ]
      - owner  = (sensitive value) -> null
      - vpc_id = "vpc-[ID]" -> null
    "#);
}

#[test]
fn an_apply_and_a_destroy_tell_what_they_do() {
    let env = net("us-west-2");
    let output = env.expect(0, ["apply", "net", "-y", "--target", "aws_vpc.main"]);
    let said = stackr_testkit::redact(&output.stderr);
    assert_snapshot!(said, @r"
    account 123456789012, region us-west-2, endpoint http://127.0.0.1:[PORT]
    aws_vpc.main: creating...
    aws_vpc.main: created after [DURATION] [vpc-[ID]]
    Apply complete: 1 added, 0 changed, 0 destroyed in [DURATION].
    ");
    let output = env.expect(0, ["apply", "net", "-y", "--exclude", "aws_subnet.a"]);
    assert_snapshot!(stackr_testkit::redact(&output.stdout), @r#"

    Changes to Outputs:
      + cidrs = [
          + (known after apply)
          + (known after apply)
        ]

    Outputs:
    owner = (sensitive value)
    vpc_id = "vpc-[ID]"
    "#);
    let output = env.expect(0, ["destroy", "net", "-y"]);
    assert_snapshot!(stackr_testkit::redact(&output.stderr), @r"
    account 123456789012, region us-west-2, endpoint http://127.0.0.1:[PORT]
    aws_vpc.main: destroying...
    aws_vpc.main: destroyed after [DURATION] [vpc-[ID]]
    Destroy complete: 0 added, 0 changed, 1 destroyed in [DURATION].
    ");
    let output = env.expect(0, ["destroy", "net", "-y"]);
    assert_snapshot!(env.redacted(&output), @r"
    exit 0
    --- stdout
    No changes. There is nothing to destroy.
    --- stderr
    account 123456789012, region us-west-2, endpoint http://127.0.0.1:[PORT]
    ");
    assert_eq!(count("us-west-2", "vpcs"), 0);
}

#[test]
fn a_detailed_exit_code_tells_changes_from_errors() {
    let env = net("eu-west-1");
    done(&env, ["plan", "net"]);
    drop(env.expect(2, ["plan", "net", "--detailed-exitcode"]));
    done(&env, ["apply", "net", "-y"]);
    done(&env, ["plan", "net", "--detailed-exitcode"]);
    drop(env.expect(2, ["plan", "net", "--detailed-exitcode", "--destroy"]));
    drop(env.expect(1, ["plan", "nett", "--detailed-exitcode"]));
    env.write(MAIN, "resource {}");
    drop(env.expect(1, ["plan", "net", "--detailed-exitcode"]));
}

#[test]
fn json_is_one_object_a_line_and_says_its_version() {
    let env = net("eu-west-2");
    let plan = lines(&env.expect(0, ["plan", "net", "--json"]).stdout);
    assert_eq!((plan.len(), &plan[0]["v"]), (1, &Json::from(1)));
    assert_eq!(plan[0]["counts"], serde_json::json!({"create": 3, "update": 0, "delete": 0}));
    assert!(!plan[0].to_string().contains("first"), "a secret is told: {}", plan[0]);

    let output = env.expect(0, ["apply", "net", "-y", "--json"]);
    assert_eq!(output.stderr, "", "what is for programs is on stdout");
    let events = lines(&output.stdout);
    assert!(events.iter().all(|e| e["v"] == 1), "{}", output.stdout);
    let last = events.last().expect("there are events");
    assert_eq!(last["event"]["run_finished"]["summary"]["outcome"], "done", "{last}");

    let failed = env.expect(1, ["output", "net", "nope", "--json"]);
    assert_eq!(lines(&failed.stdout)[0]["error"]["exit"], 1);
    env.write(MAIN, "resource \"aws_vpc\" \"main\" {\n}\n");
    let failed = lines(&env.expect(1, ["apply", "net", "--json", "-y"]).stdout);
    let place = &failed[0]["error"]["diagnostics"][0]["place"];
    assert_eq!(place, &serde_json::json!({"file": MAIN, "line": 1, "column": 1}));
}

#[test]
fn what_is_recorded_can_be_looked_at_and_moved() {
    let env = applied("eu-west-3");
    assert_snapshot!(result(&env, ["output", "net"]), @r#"
    cidrs = [
      "10.0.0.0/24",
      "10.0.1.0/24",
    ]
    owner = (sensitive value)
    vpc_id = "vpc-[ID]"
    "#);
    assert!(env.expect(0, ["output", "net", "vpc_id"]).stdout.starts_with("vpc-"));
    assert_eq!(result(&env, ["output", "net", "cidrs"]), "[\"10.0.0.0/24\",\"10.0.1.0/24\"]\n");
    assert_snapshot!(result(&env, ["output", "net", "--json"]), @r#"
    {"cidrs":{"sensitive":false,"value":["10.0.0.0/24","10.0.1.0/24"]},"owner":{"sensitive":true,"value":null},"vpc_id":{"sensitive":false,"value":"vpc-[ID]"}}
    "#);
    assert_eq!(result(&env, ["output", "net", "vpc_id", "--json"]), "\"vpc-[ID]\"\n");
    assert_snapshot!(env.redacted(&env.stackr(["output", "net", "nope"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: the stack `net` has no output `nope`
      hint: it has: cidrs, owner, vpc_id
    ");
    assert_snapshot!(env.redacted(&env.stackr(["output", "net", "owner"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: the output `owner` is sensitive: its value is not in the state
      hint: read it from where it comes from
    ");

    assert_snapshot!(result(&env, ["show", "net", "aws_vpc.main"]), @r#"
    # aws_vpc.main [vpc-[ID]]
    resource "aws_vpc" "main" {
        arn                                  = "arn:aws:ec2:eu-west-3:123456789012:vpc/vpc-[ID]"
        cidr_block                           = "10.0.0.0/16"
        default_network_acl_id               = "acl-[ID]"
        default_route_table_id               = "rtb-[ID]"
        default_security_group_id            = "sg-[ID]"
        dhcp_options_id                      = "default"
        enable_dns_hostnames                 = false
        enable_dns_support                   = true
        enable_network_address_usage_metrics = false
        id                                   = "vpc-[ID]"
        instance_tenancy                     = "default"
        main_route_table_id                  = "rtb-[ID]"
        owner_id                             = "123456789012"
        tags                                 = {
            Name  = "net"
            Owner = (sensitive value)
        }
        tags_all                             = {
            Name  = "net"
            Owner = (sensitive value)
        }
    }
    "#);
    assert_eq!(
        result(&env, ["state", "show", "net", "aws_vpc.main"]),
        result(&env, ["show", "net", "aws_vpc.main"])
    );
    assert_snapshot!(env.redacted(&env.stackr(["show", "net", "aws_vpc.nope"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: nothing is recorded at `aws_vpc.nope`
      hint: `stackr state list net` lists what is
    ");

    assert_eq!(result(&env, ["state", "list", "net"]), "aws_subnet.a[0]\naws_subnet.a[1]\naws_vpc.main\n");
    assert_eq!(result(&env, ["state", "list", "net", "aws_subnet.a"]), "aws_subnet.a[0]\naws_subnet.a[1]\n");
    let pulled: Json =
        serde_json::from_str(&env.expect(0, ["state", "pull", "net"]).stdout).expect("it is JSON");
    assert_eq!((&pulled["format"], &pulled["version"]), (&"stackr-state".into(), &1.into()));

    assert_eq!(result(&env, ["state", "mv", "net", "aws_vpc.main", "aws_vpc.other"]), "moved 1 object\n");
    env.write(MAIN, &NET.replace("\"main\"", "\"other\"").replace("vpc.main", "vpc.other"));
    done(&env, ["plan", "net", "--detailed-exitcode"]);
    assert_eq!(
        result(&env, ["state", "rm", "net", "aws_subnet.a"]),
        "forgot 2 objects; AWS was not touched\n"
    );
    assert_eq!(count("eu-west-3", "subnets"), 2);
    let before = state(&env, "net");
    assert_snapshot!(env.redacted(&env.stackr(["state", "rm", "net", "aws_subnet.a"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: the state of net (default) has nothing at aws_subnet.a
      hint: `stackr state list` shows what there is
    ");
    assert_snapshot!(env.redacted(&env.stackr(["state", "mv", "net", "aws_vpc.main", "aws_vpc.x"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: the state of net (default) has nothing at aws_vpc.main
      hint: `stackr state list` shows what there is
    ");
    assert_eq!(state(&env, "net"), before);
}

#[test]
fn a_secret_is_nowhere_in_the_state() {
    let env = applied("eu-north-1");
    let text = String::from_utf8(state(&env, "net")).expect("it is text");
    assert!(!text.contains("first"), "{text}");
}

#[test]
fn a_stack_without_state_says_so() {
    let env = net("eu-west-1");
    assert_snapshot!(env.redacted(&env.stackr(["output", "net"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: the stack `net` has no state in [ROOT]/project/state/default/net/state.json
      hint: `stackr apply net` makes it; is it the right --env?
    ");
}

#[test]
fn a_graph_is_in_the_dot_language() {
    assert_snapshot!(result(&net("none"), ["graph", "net"]), @r#"
    digraph "net" {
      rankdir = RL;
      "aws_vpc.main" [shape = box];
      "aws_subnet.a" [shape = box];
      "aws_subnet.a" -> "aws_vpc.main";
    }
    "#);
}

#[test]
fn sources_are_checked_without_aws() {
    let env = stackr_testkit::environment!().with("TF_VAR_region", "eu-west-1");
    env.write(MAIN, NET);
    assert_snapshot!(env.redacted(&env.stackr(["validate", "net"])), @r"
    exit 0
    --- stdout
    --- stderr
    net: valid
    ");
    env.write("stacks/app/main.tf", &NET.replace("cidr_block = var.cidr\n", ""));
    assert_snapshot!(env.redacted(&env.stackr(["validate", "all"])), @r#"
    exit 1
    --- stdout
    --- stderr
    error: missing required argument (aws_vpc.main)
      --> stacks/app/main.tf:17:1
       |
    17 | resource "aws_vpc" "main" {
       | ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = `cidr_block` must be given: Its IPv4 network. Write `cidr_block = …` (IP network such as 10.0.0.0/16).
    "#);
}

#[test]
fn types_are_explained() {
    let env = stackr_testkit::environment!();
    assert_snapshot!(result(&env, ["explain", "aws_nat_gateway"]), @r#"
    resource aws_nat_gateway
    A NAT gateway: lets a private subnet reach the internet (or another VPC).

    Arguments
      subnet_id (string, required, forces replacement)
          Subnet the gateway lives in. A public gateway needs a public subnet.
      allocation_id (string, forces replacement)
          Elastic IP of a public gateway; absent for a private one.
      connectivity_type (string, default "public", forces replacement)
          `public` or `private`.
      private_ip (string, AWS decides if absent, forces replacement)
          Its private address; AWS picks one if absent.
      tags (map of string)
          Tags.

    Outputs
      id (string)
          The gateway's id: `nat-…`.
      association_id (string)
          The association of its Elastic IP.
      network_interface_id (string)
          Its network interface.
      public_ip (string)
          Its public address; none for a private gateway.
      tags_all (map of string)
          Its tags with the provider's default tags.

    The AWS provider has beyond this
      secondary_allocation_ids, secondary_private_ip_address_count, secondary_private_ip_addresses
    "#);
    let types = result(&env, ["explain"]);
    assert!(types.contains("aws_nat_gateway") && types.contains("terraform_remote_state"), "{types}");
    assert_snapshot!(env.redacted(&env.stackr(["explain", "aws_nat_gatewy"])), @r"
    exit 1
    --- stdout
    --- stderr
    error: stackr has no type `aws_nat_gatewy`
      hint: did you mean `aws_nat_gateway`?
      hint: `stackr explain` lists the types it has
    ");
    let json = lines(&result(&env, ["explain", "aws_nat_gateway", "--json"]));
    assert_eq!(json[0]["type"], "aws_nat_gateway");
}

#[test]
fn the_version_is_that_of_the_package() {
    let env = stackr_testkit::environment!();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        result(&env, ["version"]),
        format!(
            "stackr {version}\nspeaks the language of Terraform 1.11.4, and types of AWS as its provider 5.100 has them\n"
        )
    );
    assert_eq!(
        lines(&result(&env, ["version", "--json"])),
        [serde_json::json!({ "version": version, "language": "1.11.4", "aws_provider": "5.100" })]
    );
}

#[test]
fn a_wrong_command_line_is_told_apart() {
    let env = stackr_testkit::environment!();
    env.write("stacks/values/main.tf", VALUES);
    env.write("stackr.toml", "[env.dev]\n");
    for arguments in [
        vec!["frobnicate"],
        vec!["plan"],
        vec!["plan", "values", "--frobnicate"],
        vec!["plan", "values", "--var", "value"],
        vec!["plan", "values", "--env", "prod"],
        vec!["-C", "nowhere", "plan", "values"],
        vec!["plan", "values", "--refresh=perhaps"],
    ] {
        let output = env.command([]).args(&arguments).output().expect("stackr starts");
        assert_eq!(output.status.code(), Some(64), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    assert_snapshot!(env.redacted(&env.stackr(["plan", "values", "--env", "prod"])), @r"
    exit 64
    --- stdout
    --- stderr
    error: there is no environment `prod`; there are: dev
      hint: add `[env.prod]` to [ROOT]/project/stackr.toml
    ");
    done(&env, ["--help"]);
}

#[test]
fn a_value_comes_from_the_last_place_that_gives_one() {
    let env = project("us-east-1").with("TF_VAR_value", "environment");
    env.write("stacks/values/main.tf", VALUES).write("stacks/values/more.tfvars", "value = \"file\"\n");
    env.write("more.tfvars", "value = \"file\"\n");
    let value = |env: &TestEnvironment, arguments: &[&str]| {
        let output =
            env.command(["plan", "values", "--json"]).args(arguments).output().expect("stackr starts");
        let plan = lines(&String::from_utf8_lossy(&output.stdout));
        plan[0]["outputs"]["value"]["new"].as_str().unwrap_or_else(|| panic!("{plan:?}")).to_owned()
    };
    let check =
        |arguments: &[&str], expect: &str| assert_eq!(value(&env, arguments), format!("default {expect}"));
    check(&[], "environment");
    check(&["--var-file", "more.tfvars"], "file");
    check(&["--var-file", "more.tfvars", "--var", "value=flag"], "flag");
    check(&["--var", "value=flag", "--var-file", "more.tfvars"], "file");
    env.write("stacks/values/terraform.tfvars", "value = \"tfvars\"\n");
    check(&[], "tfvars");
    env.write("stacks/values/x.auto.tfvars", "value = \"auto\"\n");
    check(&[], "auto");
    check(&["--var", "value=flag"], "flag");
}

#[test]
fn an_environment_has_its_files_its_workspace_and_its_state() {
    let env = project("us-east-1");
    env.write("stacks/values/main.tf", VALUES)
        .write("env/prod.tfvars", "value = \"of prod\"\nelsewhere = 1\n");
    env.write("stackr.toml", "[env.dev]\n\n[env.prod]\nvar_files = [\"env/prod.tfvars\"]\n");
    let output = env.expect(0, ["apply", "values", "-y", "--env", "prod"]);
    assert_eq!(
        output.stdout,
        "Changes to Outputs:\n  + value = \"prod of prod\"\n\nOutputs:\nvalue = \"prod of prod\"\n"
    );
    done(&env, ["apply", "values", "-y", "--workspace", "blue"]);
    // From elsewhere, by its directory.
    fs::create_dir(env.path("sub")).expect("a directory");
    assert_eq!(result(&env, ["-C", "sub", "output", "values", "value", "--env", "prod"]), "prod of prod\n");
    assert_eq!(
        result(&env, ["-C", "stacks", "output", "values", "value", "--workspace", "blue"]),
        "blue default\n"
    );
    assert_eq!(result(&env, ["output", "stacks/values", "value", "--env", "prod"]), "prod of prod\n");
    for place in ["prod", "blue"] {
        assert!(env.path(&format!("state/{place}/values/state.json")).exists(), "{place}");
    }
    done(&env, ["apply", "values", "-y", "--env", "dev", "--state", "kept"]);
    assert!(env.path("kept/dev/values/state.json").exists());
}

#[test]
fn without_a_refresh_aws_is_not_read() {
    let env = applied("eu-central-1");
    let change = "import boto3; ec2 = boto3.client('ec2', 'eu-central-1')
for vpc in ec2.describe_vpcs(Filters=[{'Name': 'tag:Name', 'Values': ['net']}])['Vpcs']:
    ec2.create_tags(Resources=[vpc['VpcId']], Tags=[{'Key': 'Name', 'Value': 'changed'}])";
    assert!(emulator().python().args(["-c", change]).status().expect("Python runs").success());
    drop(env.expect(2, ["plan", "net", "--detailed-exitcode"]));
    done(&env, ["plan", "net", "--detailed-exitcode", "--refresh=false"]);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let env = net("us-east-1");
    let forced = net("us-east-1").with("CLICOLOR_FORCE", "1");
    assert!(forced.expect(0, ["plan", "net"]).stdout.contains('\x1b'));
    let refused = net("us-east-1").with("CLICOLOR_FORCE", "1").with("NO_COLOR", "1");
    for output in [
        env.expect(0, ["plan", "net"]),
        forced.expect(0, ["plan", "net", "--no-color"]),
        forced.expect(0, ["plan", "net", "--json"]),
        refused.expect(0, ["plan", "net"]),
    ] {
        assert!(!output.stdout.contains('\x1b') && !output.stderr.contains('\x1b'), "{}", output.stdout);
    }
}

/// A stack whose apply takes a while: each network waits for the one before.
fn chain(length: usize) -> String {
    let vpcs = (1..length).map(|n| {
        format!(
            "resource \"aws_vpc\" \"v{n}\" {{\n  cidr_block = \"10.{n}.0.0/16\"\n  depends_on = [aws_vpc.v{}]\n}}\n",
            n - 1
        )
    });
    format!(
        "resource \"aws_vpc\" \"v0\" {{\n  cidr_block = \"10.0.0.0/16\"\n}}\n{}",
        vpcs.collect::<String>()
    )
}

/// Starts an apply, and gives it back when it says that the first object is made.
fn under_way(env: &TestEnvironment) -> Child {
    let mut command = env.command(["apply", "net", "-y"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("stackr starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains(": created after") {
        line.clear();
        assert!(stderr.read_line(&mut line).expect("it is text") > 0, "the apply ended");
    }
    child.stderr = Some(stderr.into_inner());
    child
}

#[test]
fn an_interrupted_apply_is_recorded_and_goes_on() {
    let env = project("ap-south-1");
    env.write(MAIN, &chain(8));
    let mut child = under_way(&env);
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(kill.success());
    let mut said = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is text");
    assert_eq!(child.wait().expect("it ends").code(), Some(4), "{said}");
    assert!(said.contains("Apply interrupted:") && said.contains("stackr apply net"), "{said}");
    done(&env, ["apply", "net", "-y"]);
    done(&env, ["plan", "net", "--detailed-exitcode"]);
    assert_eq!(count("ap-south-1", "vpcs"), 8);
}

#[test]
fn after_a_kill_the_next_apply_completes_without_duplicates() {
    let env = project("ap-southeast-1");
    env.write(MAIN, &chain(8));
    let mut child = under_way(&env);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let output = env.expect(0, ["apply", "net", "-y"]);
    assert!(output.stderr.contains("Recovered the interrupted run"), "{}", output.stderr);
    done(&env, ["plan", "net", "--detailed-exitcode"]);
    assert_eq!(count("ap-southeast-1", "vpcs"), 8);
}
