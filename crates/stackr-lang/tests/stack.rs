//! A loaded stack: what it declares, and what it answers as more becomes known.

mod support;

use std::collections::BTreeMap;

use stackr_core::{Declaration as _, Ignore, Path, PathStep, Type, Value};
use support::{Values, addresses, arguments, index, refs, stack, value};

const STACK: &str = r#"
variable "name" {
  type    = string
  default = "demo"
}
variable "secret" {
  default   = "hush"
  sensitive = true
}
locals {
  zones = data.aws_availability_zones.all.names
  tags  = { Name = var.name, Vpc = aws_vpc.main.id }
}
data "aws_availability_zones" "all" {}
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = var.name }
}
resource "aws_subnet" "public" {
  count      = length(local.zones)
  vpc_id     = aws_vpc.main.id
  cidr_block = cidrsubnet(aws_vpc.main.cidr_block, 8, count.index)
  zone       = local.zones[count.index]
  tags       = local.tags
}
resource "aws_db" "main" {
  for_each   = { a = 1, b = 2 }
  size       = each.value
  name       = "${var.name}-${each.key}"
  password   = var.secret
  subnet_ids = aws_subnet.public[*].id
  lifecycle {
    create_before_destroy = true
    prevent_destroy       = true
    ignore_changes        = [tags, tags["Name"], setting[0].value]
  }
  setting {
    name  = "x"
    value = each.key
  }
  setting {
    name = "y"
    inner {
      deep = [each.value]
    }
  }
  depends_on = [aws_vpc.main]
}
output "ids" {
  value       = aws_subnet.public[*].id
  description = "All of them."
}
output "secret" {
  value     = var.secret
  sensitive = true
}
"#;

fn zones(names: &[&str]) -> Values {
    let names = names.iter().map(|n| Value::string(*n)).collect();
    Values::default().with(
        "",
        "data.aws_availability_zones.all",
        Value::object([("names", Value::List(names))]),
    )
}

#[test]
fn references_are_followed_through_local_values_to_blocks() {
    let stack = stack(STACK);
    let check = |block, expect| assert_eq!(refs(&stack, block), expect, "{block}");
    check("aws_vpc.main", "");
    check(
        "aws_subnet.public",
        "*→data.aws_availability_zones.all cidr_block→aws_vpc.main tags→aws_vpc.main vpc_id→aws_vpc.main \
         zone→data.aws_availability_zones.all",
    );
    check("aws_db.main", "*→aws_vpc.main subnet_ids→aws_subnet.public");
}

#[test]
fn instances_are_known_when_their_number_is() {
    let stack = stack(STACK);
    assert_eq!(addresses(&stack, "aws_vpc.main", &Values::default()), "aws_vpc.main");
    assert_eq!(addresses(&stack, "aws_subnet.public", &Values::default()), "unknown");
    assert_eq!(
        addresses(&stack, "aws_subnet.public", &zones(&["a", "b"])),
        "aws_subnet.public[0] aws_subnet.public[1]"
    );
    assert_eq!(addresses(&stack, "aws_db.main", &Values::default()), "aws_db.main[\"a\"] aws_db.main[\"b\"]");
}

#[test]
fn arguments_are_asked_for_again_as_more_is_known() {
    let stack = stack(STACK);
    let vpc = |id: Value| Value::object([("id", id), ("cidr_block", Value::string("10.0.0.0/16"))]);
    let plan = zones(&["a", "b"]).with("", "aws_vpc.main", vpc(Value::Unknown(Type::String)));
    assert_eq!(
        arguments(&stack, "aws_subnet.public[1]", &plan),
        "{ \"cidr_block\" = \"10.0.1.0/24\" \"tags\" = { \"Name\" = \"demo\" \"Vpc\" = (known after apply) } \
         \"vpc_id\" = (known after apply) \"zone\" = \"b\" }"
    );
    let apply = zones(&["a", "b"]).with("", "aws_vpc.main", vpc(Value::string("vpc-1")));
    assert_eq!(
        arguments(&stack, "aws_subnet.public[1]", &apply),
        "{ \"cidr_block\" = \"10.0.1.0/24\" \"tags\" = { \"Name\" = \"demo\" \"Vpc\" = \"vpc-1\" } \
         \"vpc_id\" = \"vpc-1\" \"zone\" = \"b\" }"
    );
}

#[test]
fn nested_blocks_become_lists_with_a_place_for_every_argument() {
    let stack = stack(STACK);
    let block = index(&stack, "aws_db.main");
    let address = "aws_db.main[\"b\"]".parse().unwrap();
    let arguments = stack.evaluate(block, &address, &Values::default()).unwrap();
    let setting =
        |name: &str, more: (&str, Value)| Value::object([("name", Value::string(name)), (more.0, more.1)]);
    let deep = Value::Tuple(vec![Value::object([("deep", Value::Tuple(vec![Value::from(2)]))])]);
    assert_eq!(
        arguments.value,
        Value::object([
            ("name", Value::string("demo-b")),
            ("password", Value::string("hush").sensitive()),
            (
                "setting",
                Value::Tuple(vec![
                    setting("x", ("value", Value::string("b"))),
                    setting("y", ("inner", deep))
                ])
            ),
            ("size", Value::from(2)),
            ("subnet_ids", Value::UNKNOWN),
        ])
    );
    let places: Vec<_> = arguments.spans.keys().map(String::as_str).collect();
    assert_eq!(
        places,
        [
            "name",
            "password",
            "setting",
            "setting[0]",
            "setting[0].name",
            "setting[0].value",
            "setting[1]",
            "setting[1].inner",
            "setting[1].inner[0]",
            "setting[1].inner[0].deep",
            "setting[1].name",
            "size",
            "subnet_ids",
        ]
    );
    let span = &arguments.spans["setting[1].inner[0].deep"].value;
    assert_eq!(stack.sources().marked(span), Some("[each.value]"));
}

#[test]
fn a_lifecycle_is_declared() {
    let stack = stack(STACK);
    let lifecycle = &stack.blocks()[index(&stack, "aws_db.main")].lifecycle;
    assert!(lifecycle.create_before_destroy && lifecycle.prevent_destroy);
    let name = |n: &str| PathStep::Name(n.to_owned());
    assert_eq!(
        lifecycle.ignore_changes,
        Ignore::These(vec![
            Path(vec![name("tags")]),
            Path(vec![name("tags"), name("Name")]),
            Path(vec![name("setting"), PathStep::Index(0), name("value")]),
        ])
    );
    let text = "resource \"aws_vpc\" \"a\" {\n  lifecycle {\n    ignore_changes = all\n  }\n}\n";
    assert_eq!(support::stack(text).blocks()[0].lifecycle.ignore_changes, Ignore::All);
}

#[test]
fn outputs_carry_their_marks_and_descriptions() {
    let stack = stack(STACK);
    let outputs = stack.outputs(&Values::default()).unwrap();
    let [ids, secret] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!((&*ids.name, ids.value.is_unknown(), ids.sensitive), ("ids", true, false));
    assert_eq!(ids.description.as_deref(), Some("All of them."));
    assert_eq!((&secret.value, secret.sensitive), (&Value::string("hush").sensitive(), true));
}

#[test]
fn what_is_unknown_stays_as_small_as_it_can() {
    let stack = stack("resource \"aws_vpc\" \"a\" {}\n");
    let fields = BTreeMap::from([
        ("id".to_owned(), Value::Unknown(Type::String)),
        ("size".to_owned(), Value::from(3)),
    ]);
    let env = Values::default().with("", "aws_vpc.a", Value::Object(fields));
    let check = |text, expect| assert_eq!(value(&stack, text, &env), expect, "{text}");
    check("aws_vpc.a.size + 1", "4");
    check("\"x-${aws_vpc.a.id}\"", "(known after apply)");
    check("length([aws_vpc.a.id, 1])", "2");
    check("[for x in [aws_vpc.a] : x.size]", "[ 3, ]");
    check("{ for x in [1] : x => aws_vpc.a.id }", "{ \"1\" = (known after apply) }");
    check("[for x in [1, 2] : x if aws_vpc.a.id == \"\"]", "(known after apply)");
    check("aws_vpc.a.id == \"x\" ? 1 : 2", "(known after apply)");
    check("false && aws_vpc.a.id == \"x\"", "false");
    check("aws_vpc.a.id == \"x\" && false", "false");
    check("true || aws_vpc.a.id == \"x\"", "true");
    check("[aws_vpc.a.id] == [1, 2]", "false");
    check("try(aws_vpc.a.size, 1)", "3");
    check("try(aws_vpc.a.nope, 1)", "1");
    check("can(aws_vpc.a.id)", "(known after apply)");
    check("can(aws_vpc.a.nope)", "false");
    check("aws_vpc.a.id[0]", "(known after apply)");
    check("aws_vpc.a[*].size", "[ 3, ]");
    check("[1, 2][aws_vpc.a.id]", "(known after apply)");
    check("max([1, aws_vpc.a.size]...)", "3");
}

#[test]
fn a_sensitive_value_marks_what_is_made_from_it() {
    let stack = stack("variable \"s\" {\n  default = \"x\"\n  sensitive = true\n}\n");
    let check = |text, expect| assert_eq!(value(&stack, text, &Values::default()), expect, "{text}");
    check("var.s", "(sensitive value)");
    check("\"a-${var.s}\"", "(sensitive value)");
    check("[var.s, 1]", "[ (sensitive value), 1, ]");
    check("{ a = var.s }.a", "(sensitive value)");
    check("var.s == \"x\" ? 1 : 2", "(sensitive value)");
    check("[for x in [var.s] : upper(x)]", "[ (sensitive value), ]");
    check("[for x in [1, 2] : x if var.s == \"x\"]", "(sensitive value)");
    check("nonsensitive(var.s)", "\"x\"");
    check("[1, 2][var.s == \"x\" ? 0 : 1]", "(sensitive value)");
}

#[test]
fn a_precondition_is_checked_when_it_is_known() {
    let text = r#"
resource "aws_vpc" "a" {}
resource "aws_eip" "b" {
  lifecycle {
    precondition {
      condition     = aws_vpc.a.size > 2
      error_message = "Only ${aws_vpc.a.size}."
    }
  }
}
"#;
    let stack = stack(text);
    assert_eq!(refs(&stack, "aws_eip.b"), "lifecycle→aws_vpc.a");
    assert_eq!(arguments(&stack, "aws_eip.b", &Values::default()), "{}");
    let env = Values::default().with("", "aws_vpc.a", Value::object([("size", Value::from(1))]));
    assert_eq!(
        arguments(&stack, "aws_eip.b", &env),
        "aws_eip.b: precondition failed: Only 1. [main.tf: aws_vpc.a.size > 2]"
    );
}

#[test]
fn providers_and_backend_are_read() {
    let text = r#"
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.west]
    }
  }
  backend "s3" {
    bucket = "b"
    key    = "k"
  }
}
variable "region" { default = "us-west-2" }
provider "aws" {
  region = var.region
  default_tags { tags = { A = "1" } }
  skip_metadata_api_check = true
  endpoints {
    ec2 = "http://localhost"
  }
}
provider "aws" {
  alias  = "east"
  region = "us-east-1"
  assume_role {
    role_arn = "arn"
  }
  ignore_tags {
    key_prefixes = ["x:"]
  }
}
resource "aws_vpc" "a" { provider = aws.east }
resource "aws_vpc" "b" {}
"#;
    let stack = stack(text);
    let providers = stack.providers().unwrap();
    assert_eq!(providers[""].region.as_deref(), Some("us-west-2"));
    assert_eq!(providers[""].default_tags, BTreeMap::from([("A".to_owned(), "1".to_owned())]));
    assert_eq!(providers[""].endpoints["ec2"], "http://localhost");
    assert_eq!(providers["east"].assume_role[0].role_arn, "arn");
    assert_eq!(providers["east"].ignore_tag_prefixes, ["x:"]);
    assert_eq!(stack.blocks()[0].provider, "east");
    assert_eq!(stack.blocks()[1].provider, "");
    let backend = stack.backend().unwrap();
    assert_eq!((&*backend.kind, &backend.attributes["bucket"].0), ("s3", &Value::string("b")));
    assert_eq!(stack.required_version().map(|(v, _)| v).collect::<Vec<_>>(), [">= 1.5"]);
}

#[test]
fn dynamic_blocks_are_written_out() {
    let text = r#"
locals {
  rules = [{ port = 80, cidrs = ["a", "b"] }, { port = 443, cidrs = [] }]
}
resource "aws_security_group" "a" {
  ingress {
    port = 22
  }
  dynamic "ingress" {
    for_each = local.rules
    content {
      port  = ingress.value.port
      index = ingress.key
      dynamic "source" {
        for_each = toset(ingress.value.cidrs)
        iterator = cidr
        content {
          cidr = "${cidr.value}:${ingress.value.port}"
        }
      }
    }
  }
}
resource "aws_security_group" "b" {
  dynamic "ingress" {
    for_each = aws_security_group.a.rules
    content {
      id = aws_security_group.a.id
    }
  }
}
"#;
    let stack = stack(text);
    assert_eq!(
        arguments(&stack, "aws_security_group.a", &Values::default()),
        "{ \"ingress\" = [ { \"port\" = 22 }, { \"index\" = 0 \"port\" = 80 \"source\" = [ { \"cidr\" = \"a:80\" }, \
         { \"cidr\" = \"b:80\" }, ] }, { \"index\" = 1 \"port\" = 443 }, ] }"
    );
    assert_eq!(
        arguments(&stack, "aws_security_group.b", &Values::default()),
        "{ \"ingress\" = (known after apply) }"
    );
    assert_eq!(refs(&stack, "aws_security_group.b"), "ingress→aws_security_group.a");
}
