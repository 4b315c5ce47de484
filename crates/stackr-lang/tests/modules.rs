//! Modules from directories: instances, values in and out, references through them, providers.

mod support;

use stackr_core::{Declaration as _, Value};
use stackr_lang::{Inputs, Stack};
use support::{Values, addresses, arguments, load_files, refs, shown, value};

const MAIN: &str = r#"
locals {
  nets = { a = 10, b = 20 }
}
resource "aws_account" "top" {}
module "net" {
  source   = "./modules/net"
  for_each = local.nets
  octet    = each.value
  name     = each.key
  owner    = aws_account.top.id
}
module "one" {
  source     = "./modules/net"
  octet      = 1
  name       = "one"
  owner      = module.net["a"].vpc_id
  depends_on = [aws_account.top]
}
module "many" {
  source = "./modules/net"
  count  = 2
  octet  = count.index
  name   = "n${count.index}"
  owner  = "x"
}
resource "aws_eip" "b" {
  vpc = module.net["b"].vpc_id
  all = [for k, m in module.net : "${k}=${m.vpc_id}"]
  two = module.many[*].name
}
resource "aws_eip" "c" {
  depends_on = [module.one]
}
output "one" {
  value = module.one.name
}
"#;

const NET: &str = r#"
variable "octet" {
  type = number
  validation {
    condition     = var.octet < 100
    error_message = "Too large."
  }
}
variable "name" {
  type = string
}
variable "owner" {}
variable "extra" {
  type    = list(string)
  default = ["e"]
}
resource "aws_vpc" "main" {
  cidr_block = "10.${var.octet}.0.0/16"
  owner      = var.owner
  path       = path.module
}
module "inner" {
  source = "../inner"
  vpc    = aws_vpc.main.id
}
output "vpc_id" {
  value = aws_vpc.main.id
}
output "name" {
  value = upper(var.name)
}
"#;

const INNER: &str = r#"
variable "vpc" {}
resource "aws_subnet" "s" {
  count  = 2
  vpc_id = var.vpc
}
"#;

fn files() -> Vec<(&'static str, &'static str)> {
    vec![("main.tf", MAIN), ("modules/net/main.tf", NET), ("modules/inner/main.tf", INNER)]
}

fn stack() -> Stack {
    load_files(&files(), &Inputs::default())
        .unwrap_or_else(|r| panic!("{}", shown(&r.diagnostics, &r.sources)))
}

#[test]
fn a_block_has_instances_in_every_instance_of_its_module() {
    let stack = stack();
    let check = |block, expect| assert_eq!(addresses(&stack, block, &Values::default()), expect, "{block}");
    check("module.net.aws_vpc.main", "module.net[\"a\"].aws_vpc.main module.net[\"b\"].aws_vpc.main");
    check("module.one.aws_vpc.main", "module.one.aws_vpc.main");
    check("module.many.aws_vpc.main", "module.many[0].aws_vpc.main module.many[1].aws_vpc.main");
    check(
        "module.net.module.inner.aws_subnet.s",
        "module.net[\"a\"].module.inner.aws_subnet.s[0] module.net[\"a\"].module.inner.aws_subnet.s[1] \
         module.net[\"b\"].module.inner.aws_subnet.s[0] module.net[\"b\"].module.inner.aws_subnet.s[1]",
    );
}

#[test]
fn values_go_into_modules_and_out_of_them() {
    let stack = stack();
    let vpc = |id: &str| Value::object([("id", Value::string(id))]);
    let env = Values::default()
        .with("", "aws_account.top", vpc("acc"))
        .with("module.net[\"a\"]", "aws_vpc.main", vpc("vpc-a"))
        .with("module.net[\"b\"]", "aws_vpc.main", vpc("vpc-b"));
    assert_eq!(
        arguments(&stack, "module.net[\"b\"].aws_vpc.main", &env),
        "{ \"cidr_block\" = \"10.20.0.0/16\" \"owner\" = \"acc\" \"path\" = \"modules/net\" }"
    );
    assert_eq!(
        arguments(&stack, "module.one.aws_vpc.main", &env),
        "{ \"cidr_block\" = \"10.1.0.0/16\" \"owner\" = \"vpc-a\" \"path\" = \"modules/net\" }"
    );
    assert_eq!(
        arguments(&stack, "module.net[\"a\"].module.inner.aws_subnet.s[1]", &env),
        "{ \"vpc_id\" = \"vpc-a\" }"
    );
    assert_eq!(
        arguments(&stack, "aws_eip.b", &env),
        "{ \"all\" = [ \"a=vpc-a\", \"b=vpc-b\", ] \"two\" = [ \"N0\", \"N1\", ] \"vpc\" = \"vpc-b\" }"
    );
    assert_eq!(value(&stack, "module.one.name", &env), "\"ONE\"");
    assert_eq!(value(&stack, "module.net[\"a\"]", &env), "{ \"name\" = \"A\" \"vpc_id\" = \"vpc-a\" }");
    assert_eq!(
        value(&stack, "module.net[\"z\"].name", &env),
        "missing key: The module `net` has no instance with this key. It has: \"a\", \"b\". [module.net[\"z\"].name]"
    );
    assert_eq!(
        value(&stack, "module.net.name", &env),
        "unknown attribute: The module `net` has `for_each`: say which instance, such as `module.net[…].name`. \
         [module.net.name]"
    );
}

#[test]
fn references_are_followed_through_modules() {
    let stack = stack();
    let check = |block, expect| assert_eq!(refs(&stack, block), expect, "{block}");
    check("module.net.aws_vpc.main", "owner→aws_account.top");
    check("module.one.aws_vpc.main", "*→aws_account.top owner→aws_vpc.main");
    check("module.net.module.inner.aws_subnet.s", "vpc_id→aws_vpc.main");
    check("aws_eip.b", "all→aws_vpc.main two→aws_vpc.main vpc→aws_vpc.main");
    check("aws_eip.c", "*→aws_vpc.main *→aws_subnet.s");
}

#[test]
fn a_module_checks_what_it_is_given() {
    let check = |call: &str, expect: &str| {
        let main = format!("module \"net\" {{\n  source = \"./modules/net\"\n{call}}}\n");
        let mut files = files();
        files[0].1 = &main;
        let rejected = load_files(&files, &Inputs::default()).err().unwrap();
        assert_eq!(shown(&rejected.diagnostics, &rejected.sources), expect);
    };
    check(
        "  octet = 1\n  nam = \"x\"\n  owner = 1\n",
        "unsupported argument: The module `net` has no variable `nam`. Did you mean `name`? [main.tf: nam]\n\
         missing argument: The module `net` needs a value for `name`. [main.tf: module \"net\"]",
    );
    check(
        "  octet = 100\n  name = \"x\"\n  owner = 1\n",
        "invalid value for variable: var.octet: Too large. [modules/net/main.tf: var.octet < 100]",
    );
    check(
        "  octet = \"x\"\n  name = \"x\"\n  owner = 1\n",
        "wrong value for variable: `var.octet` does not take this value: a number is required. [main.tf: \"x\"]",
    );
    check(
        "  octet = 1\n  name = \"x\"\n  owner = module.net.vpc\n",
        "unknown reference: The module `net` has no output `vpc`. [main.tf: module.net.vpc]",
    );
}

#[test]
fn a_module_that_calls_itself_is_refused() {
    let files = [
        ("main.tf", "module \"a\" {\n  source = \"./a\"\n}\n"),
        ("a/main.tf", "module \"b\" {\n  source = \"../a\"\n}\n"),
    ];
    let rejected = load_files(&files, &Inputs::default()).err().unwrap();
    assert_eq!(
        shown(&rejected.diagnostics, &rejected.sources),
        "module calls itself: The module `b` calls itself, by way of a, b. [a/main.tf: \"../a\"]"
    );
}

#[test]
fn providers_are_passed_down() {
    let files = [
        (
            "main.tf",
            "provider \"aws\" {}\nprovider \"aws\" {\n  alias = \"east\"\n}\nmodule \"a\" {\n  source = \"./a\"\n  \
             providers = {\n    aws = aws.east\n    aws.other = aws\n  }\n}\nmodule \"plain\" {\n  source = \"./plain\"\n}\n",
        ),
        (
            "a/main.tf",
            "resource \"aws_vpc\" \"x\" {}\nresource \"aws_vpc\" \"y\" {\n  provider = aws.other\n}\n",
        ),
        ("plain/main.tf", "resource \"aws_vpc\" \"z\" {}\n"),
    ];
    let stack = load_files(&files, &Inputs::default()).ok().unwrap();
    let used: Vec<_> = stack.blocks().iter().map(|b| (&*b.key.name, &*b.provider)).collect();
    assert_eq!(used, [("x", "east"), ("y", ""), ("z", "")]);
}

#[test]
fn modules_that_terraform_has_fetched_are_found() {
    let files = [
        (
            "main.tf",
            "module \"vpc\" {\n  source = \"terraform-aws-modules/vpc/aws\"\n  version = \"5.0\"\n}\n",
        ),
        (
            ".terraform/modules/modules.json",
            r#"{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"vpc","Source":"x","Dir":".terraform/modules/vpc"}]}"#,
        ),
        (".terraform/modules/vpc/main.tf", "resource \"aws_vpc\" \"x\" {}\n"),
    ];
    let stack = load_files(&files, &Inputs::default()).ok().unwrap();
    assert_eq!(addresses(&stack, "module.vpc.aws_vpc.x", &Values::default()), "module.vpc.aws_vpc.x");
}

#[test]
fn modules_within_fetched_modules_are_found_too() {
    let vpc = r#"
module "log" {
  source  = "registry.example.com/team/log/aws"
  version = "~> 2.0"
}
module "own" {
  source = "./modules/own"
}
"#;
    let listed = r#"{"Modules":[{"Key":"","Source":"","Dir":"."},
      {"Key":"vpc","Source":"registry.terraform.io/terraform-aws-modules/vpc/aws","Version":"5.0.0","Dir":".terraform/modules/vpc"},
      {"Key":"vpc.log","Source":"registry.example.com/team/log/aws","Version":"2.1.0","Dir":".terraform/modules/vpc.log/sub"},
      {"Key":"vpc.own","Source":"./modules/own","Dir":".terraform/modules/vpc/modules/own"}]}"#;
    let files = [
        (
            "main.tf",
            "module \"vpc\" {\n  source = \"terraform-aws-modules/vpc/aws\"\n  version = \"5.0\"\n}\n",
        ),
        (".terraform/modules/modules.json", listed),
        (".terraform/modules/vpc/main.tf", vpc),
        (".terraform/modules/vpc.log/sub/main.tf", "resource \"aws_x\" \"log\" {}\n"),
        (".terraform/modules/vpc/modules/own/main.tf", "resource \"aws_x\" \"own\" {}\n"),
    ];
    let stack = load_files(&files, &Inputs::default()).unwrap_or_else(|r| panic!("{}", r.diagnostics));
    let all: Vec<_> =
        stack.blocks().iter().map(|b| format!("{} {}", b.module.join("."), b.key.name)).collect();
    assert_eq!(all, ["vpc.log log", "vpc.own own"]);
}

#[test]
fn modules_from_afar_are_refused_with_the_remedy() {
    for source in
        ["terraform-aws-modules/vpc/aws", "git::https://example.com/vpc.git?ref=v1", "s3::https://b/k.zip"]
    {
        let text = format!("module \"vpc\" {{\n  source = \"{source}\"\n}}\n");
        let why =
            load_files(&[("main.tf", &*text)], &Inputs::default()).err().map(|r| r.diagnostics.to_string());
        let expected = format!(
            "unsupported module source: `{source}` is not a directory. stackr downloads no modules: put its sources into \
             a directory of the project and name it, `source = \"./modules/vpc\"`, or let `terraform init` fetch it."
        );
        assert_eq!(why, Some(expected));
    }
}
