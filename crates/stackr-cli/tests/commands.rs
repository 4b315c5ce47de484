//! What the commands say and how they exit, as a user sees it.

#[path = "support/count.rs"]
mod count;
#[path = "support/net.rs"]
mod net;
mod support;

use std::fs;

use insta::assert_snapshot;
use serde_json::Value as Json;
use stackr_testkit::TestEnvironment;

use count::count;
use net::{MAIN, NET, net, result};
use support::{done, project};

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

/// The objects in JSON lines, each of which has to be one.
fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
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
    assert_snapshot!(stackr_testkit::redact(&output.stdout), @r#"No changes. What is declared is what there is."#);
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
fn json_is_one_object_a_line_and_says_its_version() {
    let env = net("eu-west-2");
    let plan = lines(&env.expect(0, ["plan", "net", "--json"]).stdout);
    assert_eq!((plan.len(), &plan[0]["v"]), (1, &Json::from(1)));
    assert_eq!(plan[0]["counts"], serde_json::json!({"import": 0, "create": 3, "update": 0, "delete": 0}));
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

    app: not valid
    net: valid
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
      private_ip (string, decided if absent, forces replacement)
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

#[test]
fn every_stack_that_is_wrong_is_told() {
    let env = stackr_testkit::environment!();
    env.write("stacks/a/main.tf", "locals {\n  a = nope.x\n}\n").write("stacks/b/main.tf", "locals {}\n");
    env.write("stacks/c/main.tf", "resource {}\n");
    let output = env.expect(1, ["validate", "all"]);
    for told in ["a: not valid", "b: valid", "c: not valid", "stacks/a/main.tf:2", "stacks/c/main.tf:1"] {
        assert!(output.stderr.contains(told), "{told}\n{}", output.stderr);
    }
    let output = lines(&env.expect(1, ["validate", "all", "--json"]).stdout);
    let valid: Vec<_> = output.iter().filter_map(|line| line["valid"].as_bool()).collect();
    assert_eq!(valid, [false, true, false]);
}

#[test]
fn a_flag_as_terraform_writes_it_is_told_as_it_is_written_here() {
    let env = stackr_testkit::environment!();
    assert_snapshot!(env.redacted(&env.expect(64, ["apply", "net", "-auto-approve"])), @r#"
    exit 64
    --- stdout
    --- stderr
    error: unexpected argument '-auto-approve' found

      tip: flags have two dashes: '--auto-approve'

    Usage: stackr apply [OPTIONS] <STACK>...

    For more information, try '--help'.
    "#);
    assert_snapshot!(env.redacted(&env.expect(64, ["plan", "net", "-input=false"])), @r#"
    exit 64
    --- stdout
    --- stderr
    error: unexpected argument '-input' found

      tip: stackr has no '--input': stackr asks at a terminal only; leave it out

    Usage: stackr plan [OPTIONS] <STACK>...

    For more information, try '--help'.
    "#);
}
