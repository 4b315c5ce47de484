//! `moved`, `removed`, `import` blocks and `stackr import`, as a user sees them.

#[path = "support/state.rs"]
mod state;
mod support;

use std::{collections::BTreeMap, fs, path::Path};

use insta::assert_snapshot;
use serde_json::Value as Json;
use stackr_local::Options;
use stackr_testkit::{TestEnvironment, emulator};
use state::state;
use support::{done, project};

const MAIN: &str = "stacks/net/main.tf";

const NET: &str = r#"
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "net" }
}

resource "aws_subnet" "a" {
  count      = 2
  vpc_id     = aws_vpc.main.id
  cidr_block = cidrsubnet("10.0.0.0/16", 8, count.index)
}
"#;

fn applied(region: &str) -> TestEnvironment {
    let env = project(region);
    env.write(MAIN, NET);
    done(&env, ["apply", "net", "-y"]);
    env
}

/// The recorded ids by address.
fn ids(env: &TestEnvironment, path: &str) -> BTreeMap<String, String> {
    let state: Json = serde_json::from_str(&env.read(path)).expect("state is JSON");
    let objects = state["objects"].as_object().expect("it has objects").iter();
    objects.map(|(address, o)| (address.clone(), o["id"].as_str().expect("an id").to_owned())).collect()
}

fn net_ids(env: &TestEnvironment) -> BTreeMap<String, String> {
    ids(env, "state/default/net/state.json")
}

/// The identifiers that AWS chose, by words.
fn result<const N: usize>(env: &TestEnvironment, arguments: [&str; N]) -> String {
    stackr_testkit::redact(&env.expect(0, arguments).stdout)
}

#[test]
fn what_moved_is_shown_recorded_and_not_touched() {
    let env = applied("eu-west-1");
    let before = net_ids(&env);
    let moved =
        NET.replace("aws_vpc\" \"main\"", "aws_vpc\" \"net\"").replace("aws_vpc.main.id", "aws_vpc.net.id");
    let moved =
        moved.replace("count      = 2", "for_each   = { x = 0, y = 1 }").replace("count.index", "each.value");
    let blocks = "moved {\n  from = aws_vpc.main\n  to   = aws_vpc.net\n}\n\
                  moved {\n  from = aws_subnet.a[0]\n  to   = aws_subnet.a[\"x\"]\n}\n\
                  moved {\n  from = aws_subnet.a[1]\n  to   = aws_subnet.a[\"y\"]\n}\n";
    env.write(MAIN, &format!("{moved}{blocks}"));
    assert_snapshot!(result(&env, ["plan", "net"]), @r#"
      # aws_subnet.a[0] has moved to aws_subnet.a["x"]

      # aws_subnet.a[1] has moved to aws_subnet.a["y"]

      # aws_vpc.main has moved to aws_vpc.net

    Plan: 0 to add, 0 to change, 0 to destroy.
    "#);
    drop(env.expect(2, ["plan", "net", "--detailed-exitcode"]));
    let json: Json = serde_json::from_str(&env.expect(0, ["plan", "net", "--json"]).stdout).expect("JSON");
    let vpc = json["changes"].as_array().expect("changes").iter().find(|c| c["address"] == "aws_vpc.net");
    assert_eq!(vpc.expect("the VPC")["moved_from"], "aws_vpc.main");
    let output = env.expect(0, ["apply", "net", "-y"]);
    assert!(output.stderr.contains("aws_vpc.net: moved from aws_vpc.main"), "{}", output.stderr);
    let after = net_ids(&env);
    assert_eq!(after["aws_vpc.net"], before["aws_vpc.main"]);
    assert_eq!(after["aws_subnet.a[\"y\"]"], before["aws_subnet.a[1]"]);
    drop(env.expect(0, ["plan", "net", "--detailed-exitcode"]));
}

#[test]
fn what_is_removed_on_purpose_stays_in_aws_and_comes_back_by_its_id() {
    let env = applied("eu-west-2");
    let before = net_ids(&env);
    let vpc = NET.split("resource \"aws_subnet\"").next().expect("the VPC").to_owned();
    let removed = "removed {\n  from = aws_subnet.a\n\n  lifecycle {\n    destroy = false\n  }\n}\n";
    env.write(MAIN, &format!("{vpc}{removed}"));
    let plan = result(&env, ["plan", "net"]);
    assert!(
        plan.contains(
            "# aws_subnet.a[0] will no longer be managed, and stays in AWS (a `removed` block says so)"
        ),
        "{plan}"
    );
    assert!(plan.contains("Plan: 0 to add, 0 to change, 0 to destroy."), "{plan}");
    done(&env, ["apply", "net", "-y"]);
    assert_eq!(net_ids(&env).len(), 1);

    // One comes back by a block, with a change; the other by the command.
    let changed =
        NET.replace("  count      = 2\n", "  count      = 2\n  tags       = { Name = \"subnet\" }\n");
    let id = &before["aws_subnet.a[0]"];
    env.write(MAIN, &format!("{changed}import {{\n  to = aws_subnet.a[0]\n  id = \"{id}\"\n}}\n"));
    let other = result(&env, ["import", "net", "aws_subnet.a[1]", &before["aws_subnet.a[1]"]]);
    assert_snapshot!(other, @r#"
    aws_subnet.a[1]: imported [subnet-[ID]]

    The next apply would change it:
      ~ resource "aws_subnet" "a" {
          + tags     = {
              + "Name" = "subnet"
            }
          + tags_all = {
              + "Name" = "subnet"
            }
            # (14 unchanged attributes hidden)
        }
    "#);
    let plan = result(&env, ["plan", "net"]);
    assert!(
        plan.contains("# aws_subnet.a[0] will be updated in-place\n  # (imported from \"subnet-"),
        "{plan}"
    );
    assert!(plan.contains("Plan: 1 to import, 0 to add, 2 to change, 0 to destroy."), "{plan}");
    done(&env, ["apply", "net", "-y"]);
    assert_eq!(net_ids(&env), before);
    drop(env.expect(0, ["plan", "net", "--detailed-exitcode"]));
}

#[test]
fn an_import_that_cannot_be_says_why_and_records_nothing() {
    let env = applied("eu-west-3");
    let before = state(&env, "net");
    let vpc = net_ids(&env)["aws_vpc.main"].clone();
    let refused = |address: &str, id: &str, why: &str| {
        let output = env.expect(1, ["import", "net", address, id]);
        assert!(output.stderr.contains(why), "{}", output.stderr);
        assert_eq!(state(&env, "net"), before, "{address}");
    };
    refused("aws_vpc.other", &vpc, "aws_vpc.other cannot be imported: it is not declared");
    refused("aws_subnet.a[7]", "subnet-1", "`aws_subnet.a[7]` is not declared");
    refused("aws_vpc.main", "vpc-1", "is recorded there already");
    env.write(MAIN, &format!("{NET}resource \"aws_vpc\" \"other\" {{\n  cidr_block = \"10.0.0.0/16\"\n}}\n"));
    refused("aws_vpc.other", &vpc, "is recorded as `aws_vpc.main` already");
    refused("aws_vpc.other", "vpc-00000000", "AWS has no `aws_vpc` with the id `vpc-00000000`");
    let output = env.expect(64, ["import", "net", "aws_vpc", "vpc-1"]);
    assert!(output.stderr.contains("is not an address"), "{}", output.stderr);
}

#[test]
fn sources_that_contradict_themselves_are_refused_with_the_place() {
    let env = project("eu-north-1");
    env.write(MAIN, &format!("{NET}moved {{\n  from = aws_vpc.main\n  to   = aws_vpc.other\n}}\n"));
    for command in ["validate", "plan"] {
        let output = env.expect(1, [command, "net"]);
        assert!(output.stderr.contains("moved object still declared"), "{}", output.stderr);
        assert!(output.stderr.contains("stacks/net/main.tf"), "{}", output.stderr);
    }
}

/// What the reference system does not have.
const OTHERS: &str = r#"
resource "aws_vpc" "v" {
  cidr_block = "10.9.0.0/16"
}

resource "aws_route_table" "r" {
  vpc_id = aws_vpc.v.id
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.v.id
  service_name = "com.amazonaws.us-west-2.s3"
}

resource "aws_iam_policy" "p" {
  name   = "others"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:Get*", Resource = "*" }] })
}

resource "aws_iam_openid_connect_provider" "o" {
  url             = "https://token.example.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
}

resource "aws_s3_bucket" "b" {
  bucket = "others-of-this-test"
}

resource "aws_s3_bucket_versioning" "b" {
  bucket = aws_s3_bucket.b.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "b" {
  bucket                  = aws_s3_bucket.b.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "b" {
  bucket = aws_s3_bucket.b.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Deny", Principal = "*", Action = "s3:PutObject", Resource = "${aws_s3_bucket.b.arn}/*" }] })
}

resource "aws_s3_bucket_lifecycle_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  rule {
    id     = "old"
    status = "Enabled"
    filter {
      prefix = "logs/"
    }
    expiration {
      days = 30
    }
  }
}

resource "aws_ecr_repository" "e" {
  name = "others"
}

resource "aws_ecr_repository_policy" "e" {
  repository = aws_ecr_repository.e.name
  policy     = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "a", Effect = "Allow", Principal = "*", Action = "ecr:BatchGetImage" }] })
}
"#;

/// Every type is imported by the id that it is recorded with, and is then what is declared.
#[test]
fn an_object_of_every_type_is_imported_by_its_id() {
    let aws = emulator(env!("CARGO_TARGET_TMPDIR"), Options::default());
    let env = stackr_testkit::environment!().with_aws(&aws);
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for part in ["stacks", "env", "stackr.toml"] {
        env.copy(repository.join(part));
    }
    env.write(
        "stackr.toml",
        &format!("{}\n[stacks.others]\npath = \"stacks/others\"\n", env.read("stackr.toml")),
    );
    env.write(
        "stacks/others/main.tf",
        &format!("provider \"aws\" {{\n  region = \"us-west-2\"\n}}\n{OTHERS}"),
    );
    let mut types = std::collections::BTreeSet::new();
    for stack in ["base", "runtime", "others"] {
        done(&env, ["apply", stack, "-y"]);
        let recorded = ids(&env, &format!("state/dev/{stack}/state.json"));
        // One object that two addresses share can be imported as one of them; it is made as the other once more.
        let mut imports = BTreeMap::new();
        for (address, id) in &recorded {
            let block = address.split('[').next().expect("a name").to_owned();
            imports.entry((block, id.clone())).or_insert_with(|| address.clone());
        }
        types.extend(recorded.keys().filter_map(|a| Some(a.split('.').next()?.to_owned())));
        fs::remove_dir_all(env.path(&format!("state/dev/{stack}"))).expect("there is state");
        let blocks: String = imports
            .iter()
            .map(|((_, id), address)| format!("import {{\n  to = {address}\n  id = {id:?}\n}}\n"))
            .collect();
        env.write(&format!("stacks/{stack}/imports.tf"), &blocks);
        let plan = env.expect(0, ["plan", stack]).stdout;
        let made = recorded.len() - imports.len();
        let expect = format!("Plan: {} to import, {made} to add, 0 to change, 0 to destroy.", imports.len());
        assert!(plan.contains(&expect), "{stack}: {expect}\n{plan}");
        done(&env, ["apply", stack, "-y"]);
        assert_eq!(ids(&env, &format!("state/dev/{stack}/state.json")), recorded);
        drop(env.expect(0, ["plan", stack, "--detailed-exitcode"]));
    }
    let all: Vec<_> = stackr::registry().resources().map(|r| r.schema().ty.to_owned()).collect();
    let missing: Vec<_> = all.iter().filter(|ty| ty.starts_with("aws_") && !types.contains(*ty)).collect();
    assert!(missing.is_empty(), "not imported by this test: {missing:?}");
}
