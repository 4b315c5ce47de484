//! What bad sources get: the message, and the text that it marks.

mod support;

use stackr_core::Value;
use stackr_lang::{CliVar, Inputs};
use support::{Values, arguments, errors, load_files, shown, stack, value};

#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(errors(text), expect, "{text}");
}

#[test]
fn bad_syntax() {
    check(
        "locals {\n  a = [1, 2\n}\n",
        "syntax error: `,` or `]` was expected here, but found `}`. [main.tf: }]",
    );
    check(
        "resource \"aws_vpc\" \"main\"\n{\n}\n",
        "syntax error: `{` and the block's body was expected here, but the line ends. [main.tf: ]",
    );
    check(
        "locals {\n  a = 1 b = 2\n}\n",
        "syntax error: a new line after this was expected here, but found `b`. [main.tf: b]",
    );
    check(
        "locals {\n  a = \"x\n}\n",
        "string goes past its line: A quoted string is written on one line. For text of several lines use a \
         heredoc, `<<-EOT`, or `\\n`. [main.tf: ]",
    );
    check(
        "locals {\n  a = <<EOT\n  x\n}\n",
        "unclosed heredoc: No line with only `EOT` ends this text. [main.tf: <<]",
    );
    check(
        "locals {\n  a = \"%{ when x }\"\n}\n",
        "unknown template directive: The directives are `if`, `else`, `endif`, `for` and `endfor`. A plain `%{` is \
         written `%%{`. [main.tf: %{ when]",
    );
    check(
        "locals {\n  a = \"%{ if true }x\"\n}\n",
        "template directive without its end: This `if` has no `%{ endif }`. [main.tf: %{ if true }]",
    );
    check(
        "locals {\n  a = 1\n  a = 2\n}\n",
        "duplicate argument: `a` is already given in this block. Each argument is given once. [main.tf: a]",
    );
    check(
        "locals {\n  a = \"\\q\"\n}\n",
        "bad escape: The escapes are \\n, \\r, \\t, \\\", \\\\, \\uNNNN and \\UNNNNNNNN. A backslash itself is \
         written `\\\\`. [main.tf: \\q]",
    );
}

#[test]
fn an_unknown_reference() {
    check(
        "resource \"aws_vpc\" \"main\" {}\nresource \"aws_subnet\" \"a\" {\n  vpc_id = aws_vpc.mian.id\n}\n",
        "unknown reference: There is no resource `aws_vpc.mian`. Did you mean `aws_vpc.main`? [main.tf: aws_vpc.mian]",
    );
    check(
        "data \"aws_vpc\" \"main\" {}\nlocals {\n  a = aws_vpc.main.id\n}\n",
        "unknown reference: There is no resource `aws_vpc.main`. Did you mean `data.aws_vpc.main`? [main.tf: aws_vpc.main]",
    );
    check(
        "locals {\n  region = 1\n  a = local.regoin\n}\n",
        "unknown reference: There is no local value `regoin`. Did you mean `local.region`? [main.tf: local.regoin]",
    );
    check(
        "locals {\n  a = main\n}\n",
        "unknown reference: `main` is not a reference: a resource is `type.name`, a variable `var.main`, a local \
         value `local.main`, a text is in quotes. [main.tf: main]",
    );
    check(
        "locals {\n  a = each.key\n}\n",
        "unknown reference: `each` has a value only in a block with `for_each`. [main.tf: each.key]",
    );
    check(
        "resource \"aws_eip\" \"a\" {\n  depends_on = [aws_vpc.main]\n}\n",
        "unknown reference: There is no resource `aws_vpc.main`. [main.tf: aws_vpc.main]",
    );
    check(
        "locals {\n  a = uper(\"x\")\n}\n",
        "unknown function: There is no function `uper`. Did you mean `upper`? [main.tf: uper]",
    );
}

#[test]
fn an_undeclared_variable() {
    check(
        "variable \"name\" {\n  default = 1\n}\nlocals {\n  a = var.nmae\n}\n",
        "unknown reference: There is no variable `nmae`. Did you mean `var.name`? [main.tf: var.nmae]",
    );
    let inputs = Inputs { cli: vec![CliVar::Var("nam".to_owned(), "x".to_owned())], ..Inputs::default() };
    let rejected =
        load_files(&[("main.tf", "variable \"name\" {\n  default = 1\n}\n")], &inputs).err().unwrap();
    assert_eq!(
        shown(&rejected.diagnostics, &rejected.sources),
        "undeclared variable: --var nam: This stack declares no variable `nam`. Did you mean `name`?"
    );
}

#[test]
fn a_variable_without_a_value() {
    check(
        "variable \"name\" {\n  type = string\n}\n",
        "no value for variable: The variable `name` has no value and no default. Give it one in a file of values, \
         with --var name=… or as TF_VAR_name. [main.tf: variable \"name\"]",
    );
}

#[test]
fn a_value_of_the_wrong_type() {
    let files =
        [("main.tf", "variable \"port\" {\n  type = number\n}\n"), ("terraform.tfvars", "port = \"http\"\n")];
    let rejected = load_files(&files, &Inputs::default()).err().unwrap();
    let text = shown(&rejected.diagnostics, &rejected.sources);
    assert!(
        text.starts_with("wrong value for variable: terraform.tfvars: `var.port` does not take this value: "),
        "{text}"
    );
    assert!(text.ends_with("[terraform.tfvars: \"http\"]"), "{text}");
    check(
        "locals {\n  a = \"x\" + 1\n}\n",
        "wrong type: `+` works on numbers, not on a string. [main.tf: \"x\"]",
    );
    check(
        "variable \"a\" {\n  type = strin\n}\n",
        "bad type: There is no type `strin`. Did you mean `string`? [main.tf: strin]\n\
         no value for variable: The variable `a` has no value and no default. Give it one in a file of values, with \
         --var a=… or as TF_VAR_a. [main.tf: variable \"a\"]",
    );
}

#[test]
fn a_validation_that_fails() {
    check(
        "variable \"env\" {\n  default = \"x\"\n  validation {\n    condition = contains([\"dev\"], var.env)\n    \
         error_message = \"Not ${var.env}.\"\n  }\n}\n",
        "invalid value for variable: var.env: Not x. [main.tf: contains([\"dev\"], var.env)]",
    );
}

#[test]
fn a_cycle_of_local_values() {
    check(
        "locals {\n  b = local.c\n  a = local.b\n  c = [local.a]\n}\n",
        "cycle: These values are made from each other: local.a → local.b → local.c → local.a. [main.tf: local.b]",
    );
    check(
        "locals {\n  a = local.a\n}\n",
        "cycle: These values are made from each other: local.a → local.a. [main.tf: local.a]",
    );
}

#[test]
fn a_resource_that_refers_to_itself() {
    check(
        "resource \"aws_vpc\" \"a\" {\n  name = aws_vpc.a.id\n}\n",
        "self reference: `aws_vpc.a` is made from itself here, directly or by way of local values. [main.tf: aws_vpc.a.id]",
    );
}

#[test]
fn a_duplicate_declaration() {
    check(
        "resource \"aws_vpc\" \"a\" {}\nresource \"aws_vpc\" \"a\" {}\n",
        "duplicate declaration: `aws_vpc.a` is already declared in main.tf. Give one of them another name. \
         [main.tf: resource \"aws_vpc\" \"a\"]",
    );
    check(
        "locals {\n  a = 1\n}\nlocals {\n  a = 2\n}\n",
        "duplicate declaration: The local `a` is already declared in main.tf. Give one of them another name. [main.tf: a]",
    );
    check(
        "variable \"a\" {\n  default = 1\n}\nvariable \"a\" {\n  default = 2\n}\n",
        "duplicate declaration: The variable `a` is already declared in main.tf. Give one of them another name. \
         [main.tf: variable \"a\"]",
    );
}

#[test]
fn an_unsupported_block() {
    check("run {\n}\n", "unsupported block: `run` blocks belong to test files. [main.tf: run]");
    check(
        "resources \"aws_vpc\" \"a\" {}\n",
        "unsupported block: There is no block `resources` at the top of a file. Did you mean `resource`? \
         [main.tf: resources \"aws_vpc\" \"a\"]",
    );
    check(
        "resource \"aws_vpc\" \"a\" {\n  provisioner \"local-exec\" {}\n}\n",
        "unsupported block: `provisioner` blocks are not supported: stackr runs nothing on machines. Use user data, \
         an image or a task definition. [main.tf: provisioner \"local-exec\"]",
    );
    check(
        "terraform {\n  backend \"http\" {}\n}\n",
        "unsupported backend: State is kept by `s3` or `local`; `http` is not supported. [main.tf: backend \"http\"]",
    );
    check(
        "terraform {\n  cloud {}\n}\n",
        "unsupported block: HCP Terraform is not supported. State is kept by a `backend \"s3\"` or `\"local\"` block, \
         or by what stackr.toml says. [main.tf: cloud]",
    );
    check(
        "variable \"a\" {\n  defualt = 1\n  default = 1\n}\n",
        "unsupported argument: A variable has no argument `defualt`. Did you mean `default`? [main.tf: defualt]",
    );
    check(
        "module \"net\" {\n  source = \"terraform-aws-modules/vpc/aws\"\n}\n",
        "unsupported module source: `terraform-aws-modules/vpc/aws` is not a directory. stackr downloads no modules: \
         put its sources into a directory of the project and name it, `source = \"./modules/net\"`, or let `terraform \
         init` fetch it. [main.tf: \"terraform-aws-modules/vpc/aws\"]",
    );
    check(
        "provider \"google\" {}\n",
        "unsupported provider: stackr speaks to AWS only; the provider `google` is not supported. [main.tf: provider \"google\"]",
    );
}

#[test]
fn a_wrong_count_or_for_each() {
    let block = |meta: &str| format!("resource \"aws_vpc\" \"a\" {{\n  {meta}\n}}\n");
    check(
        &block("for_each = null"),
        "wrong for_each: `for_each` is a map or a set of strings, but this is null. For none, use `{}`. [main.tf: null]",
    );
    check(
        &block("for_each = [\"a\"]"),
        "wrong for_each: `for_each` is a map or a set of strings, not a tuple. Use `toset(…)`. [main.tf: [\"a\"]]",
    );
    check(
        &block("for_each = sensitive(toset([\"a\"]))"),
        "sensitive for_each: The keys of the instances would show the sensitive value. Use `nonsensitive` if they may \
         be seen. [main.tf: sensitive(toset([\"a\"]))]",
    );
    check(
        &block("count = -1"),
        "wrong count: `count` is a whole number from 0 to 100000, not -1. [main.tf: -1]",
    );
    check(
        &block("count = null"),
        "wrong count: `count` is a whole number, but this is null. [main.tf: null]",
    );
    check(
        &block("count = 1\n  for_each = {}"),
        "count and for_each: A block has `count` or `for_each`, not both. [main.tf: for_each]",
    );
}

#[test]
fn an_unknown_attribute() {
    let stack = stack(
        "resource \"aws_vpc\" \"a\" {}\nresource \"aws_vpc\" \"many\" {\n  count = 2\n}\nresource \"aws_vpc\" \"each\" \
         {\n  for_each = toset([\"x\"])\n}\nresource \"aws_eip\" \"b\" {\n  domain = aws_vpc.a.idd\n}\n",
    );
    let vpc = || Value::object([("id", Value::string("vpc-1")), ("arn", Value::UNKNOWN)]);
    let env = Values::default()
        .with("", "aws_vpc.a", vpc())
        .with("", "aws_vpc.many", Value::Tuple(vec![vpc(), vpc()]))
        .with("", "aws_vpc.each", Value::object([("x", vpc())]));
    assert_eq!(
        arguments(&stack, "aws_eip.b", &env),
        "aws_eip.b: unknown attribute: `aws_vpc` has no attribute `idd`. Did you mean `id`? It has: arn, id. [main.tf: idd]"
    );
    let check = |text, expect| assert_eq!(value(&stack, text, &env), expect, "{text}");
    check("aws_vpc.a.id", "\"vpc-1\"");
    check(
        "aws_vpc.many.id",
        "wrong type: `aws_vpc.many` has `count`: say which instance, `aws_vpc.many[0].id`, or all of them, \
         `aws_vpc.many[*].id`. [id]",
    );
    check("aws_vpc.many[0].id", "\"vpc-1\"");
    check(
        "aws_vpc.many[1].nme",
        "unknown attribute: `aws_vpc` has no attribute `nme`. It has: arn, id. [nme]",
    );
    check("aws_vpc.many[2].id", "index out of range: There is no element 2: the last one is 1. [2]");
    check(
        "aws_vpc.each.id",
        "unknown attribute: `aws_vpc.each` has `for_each`: say which instance, `aws_vpc.each[\"…\"].id`, or use a \
         `for` over all of them. [id]",
    );
    check("aws_vpc.each[\"x\"].id", "\"vpc-1\"");
    check(
        "aws_vpc.each[\"y\"].id",
        "missing key: There is no element with the key \"y\". It has: x. [\"y\"]",
    );
}

#[test]
fn errors_in_expressions_mark_the_part_to_blame() {
    let stack = stack("locals {\n  list = [1, 2]\n  map = { one = 1 }\n}\n");
    let check = |text, expect| assert_eq!(value(&stack, text, &Values::default()), expect, "{text}");
    check("1 + local.list[9] * 2", "index out of range: There is no element 9: the last one is 1. [9]");
    check(
        "upper(\"a\", local.map.two)",
        "unknown attribute: This object has no attribute `two`. It has: one. [two]",
    );
    check(
        "\"a${local.list}\"",
        "wrong type in a template: A tuple has no text. Use `jsonencode`, `join` or one of its elements. [local.list]",
    );
    check(
        "\"a${null}\"",
        "null in a template: This value is null, and null has no text. Use `coalesce` or a conditional. [null]",
    );
    check(
        "true ? 1 : [2]",
        "inconsistent conditional: A conditional has one type, but its results are number and tuple. Convert one of them to fit the other. [true ? 1 : [2]]",
    );
    check("[for x in 5 : x]", "wrong type: A `for` goes over a list, set, map or object, not a number. [5]");
    check("max([1]..., 2)", "syntax error: Only the last argument can be expanded with `...`. [,]");
    check("1 / 0", "division by zero: The divisor is zero. [1 / 0]");
    check("[1][0.5]", "wrong index: The index of a list is a whole number, not 0.5. [0.5]");
    check(
        "element([1], \"x\")",
        "error in element: Invalid value for \"index\" parameter: a number is required. [\"x\"]",
    );
}

#[test]
fn an_output_that_would_show_a_secret() {
    use stackr_core::Declaration as _;
    let stack = stack("output \"a\" {\n  value = sensitive(\"x\")\n}\n");
    let why = stack.outputs(&Values::default()).unwrap_err();
    assert_eq!(
        shown(&why, stack.sources()),
        "sensitive output: The output `a` would show a sensitive value. Say `sensitive = true`, or use `nonsensitive` \
         if it may be seen. [main.tf: sensitive(\"x\")]"
    );
}

#[test]
fn a_provider_that_depends_on_a_resource() {
    check(
        "data \"aws_region\" \"a\" {}\nprovider \"aws\" {\n  region = data.aws_region.a.name\n}\n",
        "provider depends on a resource: A provider is configured before anything is read or made, so it cannot depend \
         on resources or data. [main.tf: provider \"aws\"]",
    );
}
