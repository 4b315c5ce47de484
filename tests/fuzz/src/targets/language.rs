//! Sources: parsed, checked, expanded and evaluated, with values of other blocks that are known, unknown or absent.

use std::sync::Arc;

use stackr_core::{BlockKey, Declaration as _, Diagnostics, Env, Expansion, ModulePath, Type, Value};
use stackr_lang::{Inputs, Loader, MemoryLoader, Sources, Stack, evaluate_expression, load, show};

use crate::{Target, corpus};

pub(super) fn targets() -> Vec<Target> {
    let mut sources = corpus::files("stacks", &[".tf"]);
    sources.extend(corpus::files("examples", &[".tf"]));
    sources.extend(corpus::files("tests", &[".tf"]));
    // Files of a stack refer to each other and are refused alone; these stand alone.
    for _ in 0..4 {
        sources.extend(corpus::texts(PROGRAMS));
    }
    let mut variables = corpus::files("env", &[".tfvars"]);
    variables.extend(corpus::texts(VARIABLES));
    vec![
        Target {
            name: "sources",
            corpus: sources,
            words: WORDS,
            is_json: false,
            longest: 6_000,
            run: sources_run,
        },
        Target {
            name: "sources-json",
            corpus: corpus::texts(JSON),
            words: WORDS,
            is_json: true,
            longest: 20_000,
            run: json_run,
        },
        Target {
            name: "expressions",
            corpus: corpus::expressions(),
            words: WORDS,
            is_json: false,
            longest: 4_000,
            run: expression_run,
        },
        Target {
            name: "variables",
            corpus: variables,
            words: WORDS,
            is_json: false,
            longest: 4_000,
            run: variables_run,
        },
    ]
}

/// What is known of other blocks: by the length of a name, so that each kind comes up.
struct Some3;

impl Env for Some3 {
    fn block(&self, _: &ModulePath, block: &BlockKey) -> Option<Value> {
        let known = || {
            Value::object([
                ("id", Value::from("vpc-1")),
                ("cidr_block", "10.0.0.0/16".into()),
                ("names", Value::List(vec!["a".into(), "b".into(), "c".into()])),
                ("tags", Value::map([("Name", Value::from("x"))])),
                ("arn", Value::Unknown(Type::String)),
                ("password", Value::from("hush").sensitive()),
            ])
        };
        match block.name.len() % 5 {
            0 => Some(Value::UNKNOWN),
            1 => None,
            2 => Some(Value::Tuple(vec![known(), known()])),
            3 => Some(Value::object([("a", known()), ("b", known())])),
            _ => Some(known()),
        }
    }
}

fn loaded(name: &str, bytes: &[u8], inputs: &Inputs) -> bool {
    let files = MemoryLoader::new()
        .with(&format!("stack/{name}"), bytes)
        .with("stack/greet.tftpl", "hello ${name}%{ for n in list } ${n}%{ endfor }\n")
        .with("stack/h.txt", "hi\n")
        .with("stack/m/main.tf", CALLED);
    let loader: Arc<dyn Loader> = Arc::new(files);
    match load(&loader, "stack", inputs) {
        Ok(stack) => {
            every_answer(&stack);
            true
        }
        Err(rejected) => {
            marked(&rejected.diagnostics, &rejected.sources);
            assert!(!rejected.diagnostics.0.is_empty(), "refused without a reason");
            false
        }
    }
}

/// Asks a stack everything that a planner asks.
fn every_answer(stack: &Stack) {
    marked(stack.warnings(), stack.sources());
    let check = |found: &Diagnostics| marked(found, stack.sources());
    drop(stack.providers().inspect_err(check));
    for (index, _) in stack.blocks().iter().enumerate() {
        match stack.expand(index, &Some3) {
            Ok(Expansion::Known(addresses)) => {
                for address in addresses.iter().take(8) {
                    let again = address.to_string().parse();
                    assert_eq!(again.as_ref(), Ok(address), "an address does not come back as it was");
                    match stack.evaluate(index, address, &Some3) {
                        Ok(arguments) => drop(show(&arguments.value)),
                        Err(found) => check(&found),
                    }
                }
            }
            Ok(Expansion::Unknown) => {}
            Err(found) => check(&found),
        }
    }
    match stack.outputs(&Some3) {
        Ok(outputs) => outputs.iter().for_each(|output| drop(show(&output.value))),
        Err(found) => check(&found),
    }
}

/// Every error has a place in a file that can be shown.
fn marked(diagnostics: &Diagnostics, sources: &Sources) {
    for diagnostic in &diagnostics.0 {
        assert!(!diagnostic.summary.is_empty());
        if let Some(span) = &diagnostic.span {
            let text = sources.get(&span.file).unwrap_or_else(|| panic!("there is no file {}", span.file));
            assert!(span.range.start <= span.range.end, "{span:?} ends before it begins");
            assert!(text.get(span.range.clone()).is_some(), "{span:?} is not in the file: {diagnostic}");
        }
    }
}

fn sources_run(bytes: &[u8]) -> bool {
    loaded("main.tf", bytes, &Inputs { allow_missing: true, ..Inputs::default() })
}

fn json_run(bytes: &[u8]) -> bool {
    loaded("main.tf.json", bytes, &Inputs { allow_missing: true, ..Inputs::default() })
}

fn variables_run(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    // Half of them as a file, half as the value of one flag.
    let cli = vec![match bytes.first() {
        Some(b'{' | b'[' | b'"') => stackr_lang::CliVar::Var("shape".to_owned(), text.into_owned()),
        _ => stackr_lang::CliVar::File("vars/x.tfvars".to_owned()),
    }];
    let files = MemoryLoader::new().with("stack/main.tf", DECLARED).with("vars/x.tfvars", bytes);
    let loader: Arc<dyn Loader> = Arc::new(files);
    match load(&loader, "stack", &Inputs { cli, ..Inputs::default() }) {
        Ok(stack) => {
            every_answer(&stack);
            true
        }
        Err(rejected) => {
            marked(&rejected.diagnostics, &rejected.sources);
            false
        }
    }
}

fn expression_run(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let files = MemoryLoader::new()
        .with("main.tf", "locals {\n secret = sensitive(\"x\")\n}\n")
        .with("greet.tftpl", "hello ${name}%{ for n in list } ${n}%{ endfor }\n")
        .with("h.txt", "hi\n")
        .with("fs/a/y.txt", "");
    let loader: Arc<dyn Loader> = Arc::new(files);
    let Ok(stack) = load(&loader, ".", &Inputs::default()) else { panic!("a stack without blocks") };
    match evaluate_expression(&stack, &text, &Some3) {
        Ok(value) => {
            drop(show(&value));
            if value.is_wholly_known() && !value.has_sensitive() {
                let again = Value::from_json(&value.to_json());
                assert_eq!(again.to_json(), value.to_json(), "JSON does not come back as it was");
            }
            true
        }
        Err(found) => {
            for diagnostic in &found.0 {
                if let Some(span) = &diagnostic.span {
                    assert!(text.get(span.range.clone()).is_some() || span.file.ends_with("tpl"), "{span:?}");
                }
            }
            false
        }
    }
}

/// A module for calls.
const CALLED: &str = "variable \"x\" {\n default = null\n}\noutput \"y\" {\n value = [var.x]\n}\n";

/// Variables of every shape.
const DECLARED: &str = r#"
variable "name" {
  type     = string
  nullable = false
  default  = "x"
  validation {
    condition     = length(var.name) < 40 && can(regex("^[a-z]", var.name))
    error_message = "Bad: ${var.name}"
  }
}
variable "shape" {
  type = object({
    a = optional(string, "x")
    b = optional(list(object({ c = number, d = optional(set(bool)) })), [])
    e = optional(map(tuple([string, number])))
  })
  default = {}
}
variable "anything" {
  type    = map(any)
  default = {}
}
variable "amount" {
  type      = number
  default   = 1
  sensitive = true
}
output "all" {
  value     = [var.name, var.shape, var.anything, var.amount]
  sensitive = true
}
"#;

const VARIABLES: &[&str] = &[
    "name = \"abc\"\nshape = {\n a = \"1\"\n b = [{ c = 1, d = [true, false] }]\n e = { k = [\"x\", 2] }\n}\n",
    "anything = { a = 1, b = \"2\" }\namount = 12.50\n",
    "{ a = \"x\", b = [] }",
    "name = <<EOT\nabc\nEOT\n",
];

const PROGRAMS: &[&str] = &[
    "module \"m\" {\n  source   = \"./m\"\n  for_each = { a = 1, b = 2 }\n  x        = each.value\n}\n\noutput \"y\" {\n  value = module.m[\"a\"].y[0]\n}\n",
    "locals {\n  a = [for i, x in [\"p\", \"q\"] : \"${i}-${x}\" if x != \"p\"]\n  b = { for k in local.a : k => upper(k)... }\n  c = local.b[*]\n}\n\nresource \"x_y\" \"main\" {\n  count = length(local.a)\n  name  = \"%{ if count.index == 0 }first%{ else }other%{ endif }\"\n  lifecycle {\n    ignore_changes = [tags[\"a\"], rule[0].port]\n    precondition {\n      condition     = count.index < 2\n      error_message = \"too many\"\n    }\n  }\n}\n",
    "resource \"x_y\" \"abcd\" {\n  dynamic \"rule\" {\n    for_each = toset([\"a\", \"b\"])\n    iterator = it\n    content {\n      name = it.value\n      dynamic \"inner\" {\n        for_each = [1, 2]\n        content {\n          n = inner.key + inner.value\n        }\n      }\n    }\n  }\n}\n",
    "variable \"v\" {\n  type    = map(object({ n = number, s = optional(string, \"d\") }))\n  default = { a = { n = 1 } }\n  validation {\n    condition     = alltrue([for k, x in var.v : x.n > 0])\n    error_message = \"No.\"\n  }\n}\n\noutput \"o\" {\n  value = <<-EOT\n    %{ for k, x in var.v ~}\n    ${k}=${x.n}\n    %{ endfor ~}\n  EOT\n}\n",
    "provider \"aws\" {\n  region = \"eu-west-1\"\n  default_tags {\n    tags = { a = \"b\" }\n  }\n}\n\nterraform {\n  required_version = \">= 1.0\"\n  backend \"s3\" {\n    bucket = \"b\"\n    key    = \"k\"\n  }\n}\n",
    "locals {\n  a = cidrsubnets(\"10.0.0.0/16\", 4, 4)\n  b = templatefile(\"greet.tftpl\", { name = \"x\", list = [1, 2] })\n  c = try(jsondecode(\"{}\").a, yamldecode(\"a: [1, 2]\"), null)\n  d = regexall(\"[a-z]+\", \"ab cd\")\n  e = formatdate(\"YYYY\", \"2020-01-01T00:00:00Z\")\n  f = merge({ a = 1 }, { b = [2] })\n}\n\noutput \"all\" {\n  value = [local.a, local.b, local.c, local.d, local.e, local.f]\n}\n",
];

const JSON: &[&str] = &[
    r#"{"resource":{"x_y":{"main":{"count":2,"name":"${count.index}-%{if true}a%{endif}","rule":[{"a":1},{"b":"${[1,2][0]}"}],"lifecycle":{"ignore_changes":["tags"]}}}},"variable":{"v":{"type":"list(string)","default":["a"]}},"output":{"o":{"value":"${var.v}","sensitive":true}}}"#,
    r#"{"//":"a remark","locals":[{"a":"${upper(\"x\")}","b":{"c":[null,true,1.5e3]}}],"module":{"m":{"source":"./m","x":"${local.a}"}},"data":{"x_z":{"all":{}}},"provider":{"aws":[{"region":"eu-west-1"},{"alias":"b","region":"us-east-1"}]}}"#,
    r#"{"terraform":{"required_version":">= 1.0","backend":{"s3":{"bucket":"b","key":"k"}}},"resource":[{"x_y":[{"a":{"for_each":"${toset([\"p\",\"q\"])}","name":"${each.key}","dynamic":{"rule":{"for_each":[1,2],"content":{"n":"${rule.value}"}}}}}]}]}"#,
];

const WORDS: &[&str] = &[
    "resource",
    "data",
    "module",
    "variable",
    "output",
    "locals",
    "provider",
    "terraform",
    "dynamic",
    "content",
    "for_each",
    "count",
    "lifecycle",
    "validation",
    "precondition",
    "postcondition",
    "moved",
    "removed",
    "import",
    "check",
    "depends_on",
    "type",
    "default",
    "sensitive",
    "nullable",
    "source",
    "self",
    "each.key",
    "each.value",
    "count.index",
    "path.module",
    "terraform.workspace",
    "var.v",
    "local.a",
    "module.m",
    "for",
    "in",
    "if",
    "else",
    "endif",
    "endfor",
    "true",
    "false",
    "null",
    "object({",
    "optional(",
    "any",
    "list(",
    "set(",
    "map(",
    "tuple([",
    "string",
    "number",
    "bool",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "${",
    "%{",
    "}",
    "\"",
    "\n",
    " ",
    "=",
    "==",
    "=>",
    "...",
    "?",
    ":",
    ".",
    ",",
    "[*]",
    ".*",
    "!",
    "-",
    "&&",
    "<<EOT\n",
    "\nEOT\n",
    "#",
    "//",
    "/*",
    "*/",
    "abs(",
    "format(\"%s\", ",
    "formatlist(\"%d-%s\", ",
    "cidrsubnet(\"10.0.0.0/8\", ",
    "range(",
    "flatten(",
    "setproduct(",
    "jsondecode(",
    "jsonencode(",
    "yamldecode(",
    "yamlencode(",
    "csvdecode(",
    "regex(\"",
    "replace(",
    "split(\"",
    "join(",
    "substr(\"",
    "element(",
    "slice(",
    "chunklist(",
    "zipmap(",
    "merge(",
    "lookup(",
    "try(",
    "can(",
    "templatestring(",
    "templatefile(\"greet.tftpl\", ",
    "timeadd(\"2020-01-01T00:00:00Z\", \"",
    "formatdate(\"",
    "base64decode(\"",
    "base64gzip(\"",
    "textdecodebase64(\"",
    "parseint(\"",
    "pow(",
    "log(",
    "ceil(",
    "signum(",
    "strrev(\"",
    "title(\"",
    "indent(",
    "trimspace(\"",
    "sha512(\"",
    "bcrypt(\"x\", ",
    "uuidv5(\"dns\", \"",
    "fileset(\".\", \"",
    "file(\"h.txt\")",
    "sensitive(",
    "nonsensitive(",
    "toset(",
    "tomap(",
    "tonumber(\"",
    "cidrhost(\"",
    "cidrnetmask(\"",
    "cidrsubnets(\"",
    "ipv6",
    "::/0",
    "fd00::/8",
    "255.255.255.255/32",
    "%05.2f",
    "%-10s",
    "%#v",
    "%q",
    "%%",
    "%*d",
    "YYYY-MM-DD",
    "EEEE",
    "h",
    "'",
    "UTC",
    "utf-16le",
    "\\u00e9",
    "\\U0001F600",
];
