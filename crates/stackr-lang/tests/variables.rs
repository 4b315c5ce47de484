//! The values of variables: where they come from, which of several counts, and what they must meet.

mod support;

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
