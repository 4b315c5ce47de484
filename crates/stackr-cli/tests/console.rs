//! `stackr console`: what goes in at standard input, and what comes out.

#[path = "support/state.rs"]
mod state;
mod support;

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use insta::assert_snapshot;
use serde_json::Value as Json;
use stackr_testkit::{Output, TestEnvironment};

use state::state;
use support::{done, project};

/// The table of expressions with what `terraform console` prints for each; see its test in stackr-lang.
const TABLE: &str = include_str!("../../stackr-lang/tests/console.txt");

/// The files that the expressions of the table read.
const FILES: [(&str, &str); 7] = [
    ("h.txt", "hi\n"),
    ("greet.tftpl", "hello ${name}%{ for n in list } ${n}%{ endfor }\n"),
    ("fs/x.txt", ""),
    ("fs/a/y.txt", ""),
    ("fs/a/b/z.md", ""),
    ("fs/.h/q.txt", ""),
    ("fs/.dot.txt", ""),
];

const NET: &str = r#"
variable "name" {
  default = "net"
}

variable "password" {
  default   = "hunter2"
  sensitive = true
}

variable "given" {}

locals {
  zones = ["a", "b"]
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"

  tags = {
    Name  = var.name
    Owner = var.password
  }
}

resource "aws_subnet" "a" {
  for_each   = { x = 1, y = 2 }
  vpc_id     = aws_vpc.main.id
  cidr_block = cidrsubnet(aws_vpc.main.cidr_block, 8, each.value)
}

data "aws_region" "here" {}

module "names" {
  source = "./names"
  name   = aws_vpc.main.cidr_block
}
"#;

const NAMES: &str = r#"
variable "name" {}

output "upper" {
  value = "of ${var.name}"
}
"#;

/// What the console says to these lines.
fn told<const N: usize>(env: &TestEnvironment, arguments: [&str; N], lines: &str) -> Output {
    ended(env.command(arguments), lines)
}

fn ended(mut command: Command, lines: &str) -> Output {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("it starts");
    let mut stdin = child.stdin.take().expect("it reads");
    let text = lines.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    // One that leaves before the end of its input is right.
    drop(writer.join().expect("no panic"));
    Output {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code().unwrap_or(-1),
    }
}

fn results<const N: usize>(env: &TestEnvironment, arguments: [&str; N], lines: &str) -> String {
    let output = told(env, arguments, lines);
    assert_eq!(output.code, 0, "{}", env.redacted(&output));
    output.stdout
}

fn net(region: &str) -> TestEnvironment {
    let env = project(region);
    env.write("stacks/net/main.tf", NET).write("stacks/net/names/main.tf", NAMES);
    env
}

#[test]
fn every_expression_of_the_table_gives_the_same_through_the_command() {
    const MARK: &str = "\"@ @\"";
    let env = stackr_testkit::environment!();
    for (path, text) in FILES {
        env.write(path, text);
    }
    let mut cases: Vec<(&str, String)> = Vec::new();
    for line in TABLE.lines() {
        if let Some(expression) = line.strip_prefix("> ") {
            cases.push((expression, String::new()));
        } else if let Some((_, expect)) = cases.last_mut().filter(|_| !line.starts_with("~ ")) {
            expect.push_str(line);
            expect.push('\n');
        }
    }
    assert!(cases.len() > 1_500, "the table has {} expressions", cases.len());
    let input: String = cases.iter().map(|(expression, _)| format!("{expression}\n{MARK}\n")).collect();
    let output = told(&env, ["console"], &input);
    assert_eq!(output.code, 1, "some are refused");
    let mark = format!("{MARK}\n");
    let mut given: Vec<String> = vec![String::new()];
    for line in output.stdout.split_inclusive('\n') {
        match given.last_mut() {
            Some(last) if line != mark => last.push_str(line),
            _ => given.push(String::new()),
        }
    }
    assert_eq!(given.pop().as_deref(), Some(""), "each is followed by the mark");
    assert_eq!(given.len(), cases.len());
    let wrong: Vec<_> = cases
        .iter()
        .zip(&given)
        .filter(|((_, expect), got)| if expect == "refused\n" { !got.is_empty() } else { expect != *got })
        .map(|((expression, expect), got)| format!("{expression}\n--- expected\n{expect}--- got\n{got}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {} differ\n\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn an_expression_may_use_what_is_declared_and_recorded() {
    let env = net("eu-north-1");
    let lines = "var.name\nvar.given\nvar.password\nlocal.zones[1]\nmodule.names.upper\naws_vpc.main.cidr_block\n\
                 keys(aws_subnet.a)\ndata.aws_region.here.name\ntype(aws_vpc.main)\nterraform.workspace\n";
    assert_snapshot!(results(&env, ["console", "net", "--var", "given=g"], lines), @r#"
    "net"
    "g"
    (sensitive value)
    "b"
    (known after apply)
    (known after apply)
    [
      "x",
      "y",
    ]
    (known after apply)
    dynamic
    "default"
    "#);
    done(&env, ["apply", "net", "-y", "--var", "given=g"]);
    assert!(!String::from_utf8_lossy(&state(&env, "net")).contains("hunter2"));
    let lines = "module.names.upper\naws_vpc.main.cidr_block\naws_subnet.a[\"y\"].cidr_block\n\
                 [for s in aws_subnet.a : s.vpc_id == aws_vpc.main.id]\naws_vpc.main.tags\nvar.given\n";
    assert_snapshot!(results(&env, ["console", "net"], lines), @r#"
    "of 10.0.0.0/16"
    "10.0.0.0/16"
    "10.0.2.0/24"
    [
      true,
      true,
    ]
    tomap({
      "Name" = "net"
      "Owner" = (sensitive value)
    })
    (known after apply)
    "#);
    let output = told(&env, ["console", "net"], "nonsensitive(aws_vpc.main.tags.Owner)\n");
    assert!(!output.stdout.contains("hunter2"), "{}", output.stdout);
    done(&env, ["destroy", "net", "-y", "--var", "given=g"]);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_by_the_exit_code() {
    let env = stackr_testkit::environment!();
    let output = told(&env, ["console"], "1 +\n\nupper(2, 3)\n[type(1)]\n6\nexit\n7\n");
    assert_snapshot!(env.redacted(&output), @r#"
    exit 1
    --- stdout
    6
    --- stderr
    error: syntax error
     --> expression:1:4
      |
    1 | 1 +
      |    ^
      |
      = An expression was expected here, but the file ends.

    error: error in upper
     --> expression:1:1
      |
    1 | upper(2, 3)
      | ^^^^^^^^^^^
      |
      = Function "upper" expects only 1 argument(s).

    error: unknown function
     --> expression:1:2
      |
    1 | [type(1)]
      |  ^^^^
      |
      = `type` is for the console only, and there for a whole expression: `type(var.name)`.
    "#);
    assert_eq!(told(&env, ["console"], "1\nexit\nnope\n").code, 0);
    assert_eq!(told(&env, ["console"], "").stdout, "");
    let output = told(&env, ["console", "--var", "a=b"], "1\n");
    assert_eq!(output.code, 64, "{}", output.stderr);
}

#[test]
fn programs_get_json() {
    let env = stackr_testkit::environment!();
    let output = told(&env, ["console", "--json"], "{ a = [1] }\nsensitive(1)\ntype(1)\nnope\n");
    let lines: Vec<Json> =
        output.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(output.code, 1);
    assert_eq!(lines[0]["value"], serde_json::json!({ "a": [1] }));
    assert_eq!(lines[1], serde_json::json!({ "value": null, "sensitive": true, "known": true }));
    assert_eq!(lines[2]["type"], "number");
    assert_eq!(lines[3]["error"]["diagnostics"][0]["summary"], "unknown reference");
}
