//! The other forms of sources: JSON, override files.

mod support;

use stackr_core::Declaration as _;
use stackr_lang::Inputs;
use support::{Values, addresses, arguments, load_files, refs, shown, value};

#[test]
fn json_declares_the_same_as_the_native_form() {
    let json = r#"{
  "//": "A comment.",
  "terraform": { "backend": { "s3": { "bucket": "b" } }, "required_providers": { "aws": { "source": "hashicorp/aws" } } },
  "variable": { "name": { "type": "string", "default": "x", "validation": { "condition": "${var.name != \"\"}", "error_message": "No." } } },
  "locals": { "tags": { "Name": "${var.name}-y", "${var.name}": 1 } },
  "provider": { "aws": [{ "region": "r" }, { "alias": "west", "region": "w" }] },
  "resource": {
    "aws_vpc": { "main": { "cidr_block": "10.0.0.0/16", "tags": "${local.tags}" } },
    "aws_eip": {
      "a": {
        "count": 2, "provider": "aws.west", "vpc": "${aws_vpc.main.id}", "depends_on": ["aws_vpc.main"],
        "lifecycle": { "ignore_changes": ["tags"], "create_before_destroy": true },
        "dynamic": { "rule": { "for_each": [1, 2], "content": { "port": "${rule.value}" } } }
      }
    }
  },
  "output": { "id": { "value": "${aws_vpc.main.id}" } }
}"#;
    let stack = load_files(&[("main.tf.json", json)], &Inputs::default())
        .unwrap_or_else(|r| panic!("{}", shown(&r.diagnostics, &r.sources)));
    let env = Values::default();
    assert_eq!(value(&stack, "local.tags", &env), "{ \"Name\" = \"x-y\" \"x\" = 1 }");
    assert_eq!(addresses(&stack, "aws_eip.a", &env), "aws_eip.a[0] aws_eip.a[1]");
    assert_eq!(
        arguments(&stack, "aws_eip.a[1]", &env),
        "{ \"rule\" = [ { \"port\" = 1 }, { \"port\" = 2 }, ] \"vpc\" = (known after apply) }"
    );
    assert_eq!(refs(&stack, "aws_eip.a"), "*→aws_vpc.main vpc→aws_vpc.main");
    assert_eq!(stack.providers().unwrap()["west"].region.as_deref(), Some("w"));
    assert_eq!(stack.backend().unwrap().kind, "s3");
    assert!(stack.blocks().iter().any(|b| b.lifecycle.create_before_destroy && b.provider == "west"));
}

#[test]
fn errors_in_json_have_their_place() {
    let check = |json: &str, expect: &str| {
        let rejected = load_files(&[("main.tf.json", json)], &Inputs::default()).err().unwrap();
        assert_eq!(shown(&rejected.diagnostics, &rejected.sources), expect);
    };
    check(
        "{ \"locals\": { \"a\": \"x ${local.b}\" } }",
        "unknown reference: There is no local value `b`. [main.tf.json: local.b]",
    );
    check(
        "{ \"locals\": { \"a\" 1 } }",
        "syntax error: `:` and a value was expected here, but found `1`. [main.tf.json: 1]",
    );
    check("[1]", "wrong type: An object, `{ … }`, was expected here. [main.tf.json: [1]]");
}

#[test]
fn an_override_file_replaces_what_it_names() {
    let main = r#"
locals {
  a = 1
  b = 2
}
resource "aws_vpc" "main" {
  name = "x"
  size = 1
  rule {
    port = 1
  }
  rule {
    port = 2
  }
  other {
    x = 1
  }
  lifecycle {
    prevent_destroy = true
  }
}
"#;
    let over = r#"
locals {
  b = 3
}
resource "aws_vpc" "main" {
  size = local.b
  rule {
    port = 3
  }
  lifecycle {
    create_before_destroy = true
  }
}
"#;
    let stack = load_files(&[("a_override.tf", over), ("main.tf", main)], &Inputs::default())
        .unwrap_or_else(|r| panic!("{}", shown(&r.diagnostics, &r.sources)));
    assert_eq!(
        arguments(&stack, "aws_vpc.main", &Values::default()),
        "{ \"name\" = \"x\" \"other\" = [ { \"x\" = 1 }, ] \"rule\" = [ { \"port\" = 3 }, ] \"size\" = 3 }"
    );
    let lifecycle = &stack.blocks()[0].lifecycle;
    assert!(lifecycle.create_before_destroy && lifecycle.prevent_destroy);
    let json = r#"{ "resource": { "aws_vpc": { "main": { "rule": { "port": 4 }, "lifecycle": { "prevent_destroy": false } } } } }"#;
    let files = [("a_override.tf", over), ("b_override.tf.json", json), ("main.tf", main)];
    let stack = load_files(&files, &Inputs::default())
        .unwrap_or_else(|r| panic!("{}", shown(&r.diagnostics, &r.sources)));
    assert_eq!(
        arguments(&stack, "aws_vpc.main", &Values::default()),
        "{ \"name\" = \"x\" \"other\" = [ { \"x\" = 1 }, ] \"rule\" = { \"port\" = 4 } \"size\" = 3 }"
    );
    let lifecycle = &stack.blocks()[0].lifecycle;
    assert!(lifecycle.create_before_destroy && !lifecycle.prevent_destroy);
    let files = [("override.tf", "variable \"x\" {\n  default = 1\n}\n"), ("main.tf", main)];
    let rejected = load_files(&files, &Inputs::default()).err().unwrap();
    assert_eq!(
        shown(&rejected.diagnostics, &rejected.sources),
        "nothing to override: No other file declares what this block of an override file would change. \
         [override.tf: variable \"x\"]"
    );
}
