//! The values of variables: where they come from, which of several counts, and what they must meet.

mod support;

use stackr_core::Declaration as _;
use stackr_lang::{CliVar, Inputs};
use support::{Values, load_files, shown, value};

#[test]
fn variables_take_their_values_in_order_of_precedence() {
    let main = "variable \"v\" {\n  default = \"default\"\n}\nvariable \"list\" {\n  type = list(number)\n  default = []\n}\n";
    let check = |files: &[(&str, &str)], env: &[(&str, &str)], cli: Vec<CliVar>, expect: &str| {
        let all: Vec<_> = [("main.tf", main)].into_iter().chain(files.iter().copied()).collect();
        let env_vars = env.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let inputs = Inputs { env_vars, cli, ..Inputs::default() };
        let stack =
            load_files(&all, &inputs).unwrap_or_else(|r| panic!("{}", shown(&r.diagnostics, &r.sources)));
        assert_eq!(value(&stack, "jsonencode([var.v, var.list])", &Values::default()), expect);
    };
    let tfvars = ("terraform.tfvars", "v = \"tfvars\"\n");
    let json = ("terraform.tfvars.json", "{\"v\": \"json\"}");
    let (b, a) = (("b.auto.tfvars", "v = \"b\"\n"), ("a.auto.tfvars", "v = \"a\"\n"));
    let extra = ("extra.tfvars", "v = \"extra\"\nlist = [1, \"2\"]\n");
    let var = |n: &str, v: &str| CliVar::Var(n.to_owned(), v.to_owned());
    let file = || CliVar::File("stack/extra.tfvars".to_owned());
    check(&[], &[], vec![], r#""[\"default\",[]]""#);
    check(&[], &[("v", "env"), ("other", "x")], vec![], r#""[\"env\",[]]""#);
    check(&[tfvars], &[("v", "env")], vec![], r#""[\"tfvars\",[]]""#);
    check(&[tfvars, json], &[], vec![], r#""[\"json\",[]]""#);
    check(&[b, a, json], &[], vec![], r#""[\"b\",[]]""#);
    check(&[b, extra], &[], vec![file()], r#""[\"extra\",[1,2]]""#);
    check(&[extra], &[], vec![file(), var("v", "cli")], r#""[\"cli\",[1,2]]""#);
    check(&[extra], &[], vec![var("v", "cli"), file()], r#""[\"extra\",[1,2]]""#);
    check(&[], &[("list", "[3]")], vec![var("v", "[1]")], r#""[\"[1]\",[3]]""#);
}

#[test]
fn an_undeclared_variable_in_a_file_is_a_warning() {
    let files = [("main.tf", "variable \"name\" {\n  default = 1\n}\n"), ("terraform.tfvars", "nmae = 2\n")];
    let stack = load_files(&files, &Inputs::default()).ok().unwrap();
    assert_eq!(
        shown(stack.warnings(), stack.sources()),
        "undeclared variable: This stack declares no variable `nmae`. Did you mean `name`? [terraform.tfvars: nmae]"
    );
}

#[test]
fn variables_are_converted_and_filled_with_defaults() {
    let text = r#"
variable "o" {
  type = map(object({ port = number, path = optional(string, "/"), tags = optional(map(string), {}) }))
  default = { a = { port = "80" } }
}
variable "n" {
  type     = string
  default  = "d"
  nullable = false
}
"#;
    let files = [("main.tf", text), ("terraform.tfvars", "n = null\n")];
    let stack = load_files(&files, &Inputs::default()).ok().unwrap();
    assert_eq!(
        value(&stack, "jsonencode([var.o, var.n])", &Values::default()),
        r#""[{\"a\":{\"path\":\"/\",\"port\":80,\"tags\":{}}},\"d\"]""#
    );
}

#[test]
fn a_validation_may_look_at_other_values() {
    let text = r#"
variable "low" { default = 1 }
variable "high" {
  default = 0
  validation {
    condition     = var.high > local.least
    error_message = "It is below ${var.low}."
  }
}
locals {
  least = var.low
}
"#;
    assert_eq!(
        support::errors(text),
        "invalid value for variable: var.high: It is below 1. [main.tf: var.high > local.least]"
    );
}

#[test]
fn what_is_wrong_with_a_sensitive_value_is_told_without_it() {
    let declared = "variable \"p\" {\n  sensitive = true\n}\n";
    for wrong in
        ["{ a = 1 }[var.p]", "{ for x in [var.p, var.p] : x => 1 }", "{ (var.p) = 1 }.x", "tonumber(var.p)"]
    {
        let main = format!("{declared}output \"x\" {{\n  sensitive = true\n  value = {wrong}\n}}\n");
        let cli = vec![CliVar::Var("p".to_owned(), "canary".to_owned())];
        let inputs = Inputs { cli, ..Inputs::default() };
        let found = match load_files(&[("main.tf", &main)], &inputs) {
            Err(rejected) => shown(&rejected.diagnostics, &rejected.sources),
            Ok(stack) => match stack.outputs(&Values::default()) {
                Err(found) => shown(&found, stack.sources()),
                Ok(_) => panic!("{wrong} has a value"),
            },
        };
        assert!(!found.contains("canary"), "{wrong}: {found}");
    }
    // Which variable a broken text was for is not known: nothing of it is shown.
    for text in ["p = [\n\"canary\"\n", "p = canary\n", "p = canary {\n"] {
        let files = [("main.tf", declared), ("terraform.tfvars", text)];
        let Err(rejected) = load_files(&files, &Inputs::default()) else {
            panic!("{text} is no file of values")
        };
        assert!(rejected.diagnostics.0.iter().all(|d| !d.to_string().contains("canary")), "{text}");
        let concealed = |d: &stackr_core::Diagnostic| {
            d.span.as_ref().is_none_or(|s| &*s.file == "main.tf" || rejected.sources.is_concealed(&s.file))
        };
        assert!(rejected.diagnostics.0.iter().all(concealed), "{text}");
    }
}
