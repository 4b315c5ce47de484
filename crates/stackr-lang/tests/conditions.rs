//! Conditions and checks as they are written: what is refused, what they refer to, what they say.

mod support;

use stackr_core::{Declaration as _, Value};
use support::{Values, errors, index, refs, shown, stack};

#[test]
fn a_postcondition_sees_the_object_as_self() {
    let text = r#"
resource "aws_vpc" "a" {}
resource "aws_eip" "b" {
  count = 2
  lifecycle {
    postcondition {
      condition     = self.index == count.index && aws_vpc.a.size > 2
      error_message = "${count.index}: ${self.index}."
    }
  }
}
"#;
    let stack = stack(text);
    assert_eq!(refs(&stack, "aws_eip.b"), "lifecycle→aws_vpc.a");
    let judge = |index: i64, size: Option<i64>| {
        let mut env = Values::default();
        if let Some(size) = size {
            env = env.with("", "aws_vpc.a", Value::object([("size", Value::from(size))]));
        }
        let value = Value::object([("index", Value::from(index))]);
        let address = "aws_eip.b[1]".parse().expect("an address");
        let block = support::index(&stack, "aws_eip.b");
        match stack.postconditions(block, &address, &value, &env) {
            Ok(decided) => decided.to_string(),
            Err(why) => shown(&why, stack.sources()),
        }
    };
    assert_eq!(judge(1, Some(3)), "true");
    assert_eq!(judge(1, None), "false");
    let marked = "[main.tf: self.index == count.index && aws_vpc.a.size > 2]";
    assert_eq!(judge(0, Some(3)), format!("aws_eip.b[1]: postcondition failed: 1: 0. {marked}"));
    assert!(stack.blocks()[index(&stack, "aws_eip.b")].span.is_some());
}

#[test]
fn conditions_that_cannot_be_are_refused() {
    let inside = |condition: &str, kind: &str| {
        errors(&format!(
            "resource \"a\" \"b\" {{\n  lifecycle {{\n    {kind} {{\n      condition = {condition}\n      \
             error_message = \"m\"\n    }}\n  }}\n}}\n"
        ))
    };
    let refused = [
        (inside("true", "postcondition"), "condition without a reference: This condition refers to nothing"),
        (inside("self.x", "precondition"), "`self` has a value only in the `postcondition` blocks"),
        (inside("a.b.x", "postcondition"), "self reference: `a.b` is made from itself here"),
        (errors("output \"x\" { value = self.y }"), "`self` has a value only in"),
    ];
    for (found, expected) in refused {
        assert!(found.contains(expected), "{found}\n{expected}");
    }
}

#[test]
fn a_check_says_what_does_not_hold_in_every_module_instance() {
    let module = r#"
variable "n" {}
check "small" {
  assert {
    condition     = var.n < 2
    error_message = "It is ${var.n}."
  }
}
output "n" {
  value = var.n
  precondition {
    condition     = var.n < 3
    error_message = "Three is too many."
  }
}
"#;
    let files = |n: &str| {
        let main = format!(
            "module \"m\" {{\n  for_each = toset([\"1\", \"{n}\"])\n  source = \"./m\"\n  n = each.key\n}}\n"
        );
        support::load_files(
            &[("main.tf", main.as_str()), ("m/m.tf", module)],
            &stackr_lang::Inputs::default(),
        )
    };
    let Ok(stack) = files("2") else { panic!("it loads") };
    let found: Vec<_> = stack.checks(&Values::default()).iter().map(|d| d.detail.clone()).collect();
    assert_eq!(found, ["module.m[\"2\"].check.small: It is 2."]);
    assert!(stack.outputs(&Values::default()).is_ok());
    let Ok(stack) = files("3") else { panic!("it loads") };
    let why = stack.outputs(&Values::default()).expect_err("an output's precondition");
    let marked = "[m/m.tf: var.n < 3]";
    let expected = format!("precondition failed: module.m[\"3\"].output.n: Three is too many. {marked}");
    assert_eq!(shown(&why, stack.sources()), expected);
}

#[test]
fn data_of_a_check_belongs_to_it_alone() {
    let check = |data: &str, rest: &str| {
        errors(&format!(
            "check \"c\" {{\n  data \"d\" \"e\" {{\n    {data}\n  }}\n  assert {{\n    condition = data.d.e.x\n    \
             error_message = \"m\"\n  }}\n}}\n{rest}\n"
        ))
    };
    assert_eq!(check("", ""), "no error");
    let refused = [
        (check("count = 1", ""), "Data of a check has no `count`."),
        (check("lifecycle {}", ""), "Data of a check has no `lifecycle`."),
        (check("", "output \"x\" { value = data.d.e.x }"), "`data.d.e` is read for the check `c` alone"),
        (check("", "data \"d\" \"e\" {}"), "`data.d.e` is already declared"),
        (errors("check \"c\" {}"), "The check `c` asserts nothing"),
        (
            errors("check \"c\" {\n  assert {\n    condition = false\n    error_message = \"m\"\n  }\n}"),
            "refers to nothing",
        ),
    ];
    for (found, expected) in refused {
        assert!(found.contains(expected), "{found}\n{expected}");
    }
}

#[test]
fn triggers_are_resources_and_their_attributes() {
    let trigger = |by: &str| {
        errors(&format!(
            "variable \"v\" {{ default = 1 }}\ndata \"d\" \"e\" {{}}\nresource \"t\" \"u\" {{ count = 2 }}\nresource \"a\" \"b\" \
             {{\n  count = 2\n  lifecycle {{\n    replace_triggered_by = {by}\n  }}\n}}\n"
        ))
    };
    for fine in ["[t.u]", "[t.u[0]]", "[t.u[count.index].x.y[0]]", "[\"t.u[0].x\"]"] {
        assert_eq!(trigger(fine), "no error", "{fine}");
    }
    let refused = [
        ("[var.v]", "resource expected: Only a change of a resource"),
        ("[data.d.e.x]", "resource expected: Only a change of a resource"),
        ("t.u", "wrong type: `replace_triggered_by` is a list"),
        ("[t.u[var.v]]", "wrong trigger: Only resources, `count.index` and `each.key`"),
        ("[t.missing]", "unknown reference: There is no resource `t.missing`."),
        ("[a.b]", "self reference: `a.b` is made from itself here"),
    ];
    for (by, expected) in refused {
        let found = trigger(by);
        assert!(found.contains(expected), "{by}: {found}");
    }
}

#[test]
fn timeouts_are_times_by_operation() {
    let times = |text: &str| {
        let stack = stack(&format!(
            "variable \"v\" {{ default = \"1h30m\" }}\nresource \"a\" \"b\" {{\n  x = 1\n  {text}\n}}\n"
        ));
        let address = "a.b".parse().expect("an address");
        match stack.evaluate(0, &address, &Values::default()) {
            Ok(found) => {
                assert_eq!(found.value, Value::object([("x", Value::from(1))]));
                found
                    .terms
                    .timeouts
                    .iter()
                    .map(|(name, ms)| format!("{name} {ms}"))
                    .collect::<Vec<_>>()
                    .join(", ")
            }
            Err(why) => shown(&why, stack.sources()),
        }
    };
    assert_eq!(
        times("timeouts {\n create = \"30m\"\n delete = var.v\n read = null\n}"),
        "create 1800000, delete 5400000"
    );
    assert_eq!(times("timeouts = { update = \"1.5s\" }"), "update 1500");
    assert!(times("timeouts { create = \"30\" }").contains("wrong timeout: \"30\" is not a time to wait."));
    assert!(times("timeouts { create = \"-3m\" }").contains("[main.tf: \"-3m\"]"));
    assert!(times("timeouts = 3").contains("Timeouts are written by operation"));
}
