//! What the language asks for beyond arguments, as a user of the command sees it: conditions, checks, triggers, timeouts,
//! providers, and where a mistake is marked.

#[path = "support/state.rs"]
mod state;
mod support;

use serde_json::Value as Json;
use stackr_testkit::TestEnvironment;
use state::state;
use support::{done, project};

const MAIN: &str = "stacks/net/main.tf";

fn net(region: &str, text: &str) -> TestEnvironment {
    let env = project(region);
    env.write(MAIN, text);
    env
}

fn last_line(text: &str) -> Json {
    text.lines().last().and_then(|line| serde_json::from_str(line).ok()).expect("JSON lines")
}

#[test]
fn a_missed_postcondition_fails_at_its_place_and_the_object_stays_recorded() {
    let text = r#"
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  lifecycle {
    postcondition {
      condition     = startswith(self.id, "net-")
      error_message = "Its id is ${substr(self.id, 0, 4)}…."
    }
  }
}
resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.0.0/24"
}
"#;
    let env = net("us-east-1", text);
    let failed = env.expect(3, ["apply", "net", "-y"]);
    let expected = "postcondition failed: Its id is vpc-….\n  at: stacks/net/main.tf:6:23";
    assert!(failed.stderr.contains(expected), "{}", failed.stderr);
    assert!(failed.stderr.contains("aws_subnet.a (create needs aws_vpc.main)"), "{}", failed.stderr);
    assert!(String::from_utf8_lossy(&state(&env, "net")).contains("\"aws_vpc.main\""));
    let planned = env.expect(1, ["plan", "net"]);
    assert!(planned.stderr.contains("error: postcondition failed (aws_vpc.main)"), "{}", planned.stderr);
    env.write(MAIN, &text.replace("\"net-\"", "\"vpc-\""));
    done(&env, ["apply", "net", "-y"]);
    done(&env, ["destroy", "net", "-y"]);
}

#[test]
fn checks_are_told_by_the_plan_and_at_the_end_of_an_apply() {
    let text = r#"
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
check "peers" {
  data "aws_vpc" "peer" {
    tags = { Name = "nobody" }
  }
  assert {
    condition     = data.aws_vpc.peer.id != ""
    error_message = "There is no peer."
  }
}
check "range" {
  assert {
    condition     = aws_vpc.main.cidr_block == "10.1.0.0/16" || aws_vpc.main.id == ""
    error_message = "It is ${aws_vpc.main.cidr_block}."
  }
}
"#;
    let env = net("us-east-2", text);
    let planned = env.expect(0, ["plan", "net"]);
    assert!(
        planned.stderr.contains("warning: check cannot read its data (data.aws_vpc.peer)"),
        "{}",
        planned.stderr
    );
    assert!(planned.stderr.contains("warning: check not known yet"), "{}", planned.stderr);
    let read = "data.aws_vpc.peer will be read during apply (to judge a check once more)";
    assert!(planned.stdout.contains(read), "{}", planned.stdout);
    let json = last_line(&env.expect(0, ["plan", "net", "--json"]).stdout);
    assert_eq!(json["warnings"][0]["severity"], "warning");
    assert_eq!(json["warnings"][1]["place"]["line"], 16);
    let applied = env.expect(0, ["apply", "net", "-y"]);
    for expected in
        ["data.aws_vpc.peer cannot be read:", "check.range: It is 10.0.0.0/16.", "Apply complete: 1 added"]
    {
        assert!(applied.stderr.contains(expected), "{}", applied.stderr);
    }
    let json = last_line(&env.expect(0, ["apply", "net", "-y", "--json"]).stdout);
    assert_eq!(json["event"]["run_finished"]["summary"]["outcome"], "done");
    let again = env.expect(0, ["plan", "net", "--detailed-exitcode"]);
    assert!(again.stderr.contains("check.range: It is 10.0.0.0/16."), "{}", again.stderr);
    done(&env, ["destroy", "net", "-y"]);
}

#[test]
fn a_trigger_replaces_and_a_timeout_is_recorded() {
    let text = |name: &str| {
        format!(
            r#"
resource "aws_vpc" "main" {{
  cidr_block = "10.0.0.0/16"
  tags       = {{ Name = "{name}" }}
}}
resource "aws_subnet" "a" {{
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.0.0/24"
  timeouts {{
    delete = "7m"
  }}
  lifecycle {{
    replace_triggered_by = [aws_vpc.main.tags["Name"]]
  }}
}}
"#
        )
    };
    let env = net("us-west-1", &text("one"));
    done(&env, ["apply", "net", "-y"]);
    let recorded: Json = serde_json::from_slice(&state(&env, "net")).expect("JSON");
    assert_eq!(recorded["objects"]["aws_subnet.a"]["timeouts_ms"]["delete"], 420_000);
    env.write(MAIN, &text("two"));
    let planned = env.expect(0, ["plan", "net"]);
    let why = "aws_subnet.a must be replaced (replace_triggered_by: aws_vpc.main.tags[\"Name\"] changes)";
    assert!(
        planned.stdout.contains(why) || planned.stdout.contains(&why.replace("[\"Name\"]", ".Name")),
        "{}",
        planned.stdout
    );
    done(&env, ["apply", "net", "-y"]);
    assert_eq!(env.expect(0, ["plan", "net", "--detailed-exitcode"]).code, 0);
    env.write(MAIN, &text("two").replace("delete =", "read ="));
    let refused = env.expect(1, ["validate", "net"]);
    let why = "`aws_subnet` has no timeout for `read`. It has: `create`, `delete`.";
    assert!(refused.stderr.contains(why), "{}", refused.stderr);
    env.write(MAIN, &text("two"));
    done(&env, ["destroy", "net", "-y"]);
}

#[test]
fn mistakes_are_marked_where_they_are_with_what_may_be_meant() {
    let text = r#"
resource "aws_vpc" "main" {
  cidr_blok = "10.0.0.0/16"
  tag {
    key = "x"
  }
}
resource "aws_subnt" "a" {}
data "aws_subnet" "b" {
  id = aws_vpc.main.idd
}
"#;
    let env = net("us-west-2", text);
    let found = env.expect(1, ["validate", "net", "--json"]);
    let json = last_line(&found.stdout);
    let found: Vec<_> = json["error"]["diagnostics"].as_array().into_iter().flatten().collect();
    let expected = [
        (3, 3, "Did you mean `cidr_block`?"),
        (4, 3, "there is no argument `tag` here."),
        (8, 1, "Did you mean `aws_subnet`?"),
        (10, 21, "Did you mean `id`?"),
    ];
    for (line, column, text) in expected {
        let place = |d: &&&Json| d["place"]["line"] == line && d["place"]["column"] == column;
        let detail = found.iter().find(place).map(|d| d["detail"].to_string()).unwrap_or_default();
        assert!(detail.contains(text), "{line}:{column} {text}\n{json:#}");
    }
}

#[test]
fn several_regions_and_roles_serve_one_run() {
    let text = r#"
provider "aws" {
  region = "eu-west-1"
}
provider "aws" {
  alias  = "north"
  region = "eu-north-1"
  assume_role {
    role_arn            = "arn:aws:iam::123456789012:role/deploy"
    duration            = "1h"
    tags                = { Team = "net" }
    transitive_tag_keys = ["Team"]
    source_identity     = "tests"
  }
}
module "far" {
  source    = "./far"
  providers = { aws.there = aws.north }
}
resource "aws_vpc" "near" { cidr_block = "10.0.0.0/16" }
output "arns" { value = [aws_vpc.near.arn, module.far.arn] }
"#;
    let far = r#"
terraform {
  required_version = "~> 1.11"
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.there]
    }
  }
}
resource "aws_vpc" "far" {
  provider   = aws.there
  cidr_block = "10.1.0.0/16"
}
output "arn" { value = aws_vpc.far.arn }
"#;
    let env = net("eu-west-1", text);
    env.write("stacks/net/far/main.tf", far);
    let applied = env.expect(0, ["apply", "net", "-y"]);
    for region in ["arn:aws:ec2:eu-west-1:", "arn:aws:ec2:eu-north-1:"] {
        assert!(applied.stdout.contains(region), "{}", applied.stdout);
    }
    done(&env, ["destroy", "net", "-y"]);
}
