//! Unknown values: what a plan knows although a part is not known yet.
//!
//! The results are those of `terraform plan` of version 1.11.4 (`after` and `after_unknown` of the plan's JSON), `?` for
//! what is known after apply. A line that starts with `~` says why stackr differs there.

mod support;

use stackr_core::{Type, Value};
use stackr_lang::evaluate_expression;
use support::{Values, stack};

const TABLE: &str = r#"
{ known = 1, open = terraform_data.k.id } => {known = 1, open = ?}
merge({ x = 1 }, { y = terraform_data.k.id }) => {x = 1, y = ?}
merge({ x = 1 }, { (terraform_data.k.id) = 2 }) => ?
concat(["a"], [terraform_data.k.id]) => ["a", ?]
[for v in ["a", terraform_data.k.id] : upper(v)] => ["A", ?]
{ for k, v in { a = terraform_data.k.id, b = "x" } : k => "${v}!" } => {a = ?, b = "x!"}
{ for v in ["a", terraform_data.k.id] : v => 1 } => ?
length(["a", terraform_data.k.id]) => 2
length(toset(["a", terraform_data.k.id])) => ?
toset(["a", terraform_data.k.id]) => ["a", ?]
contains(["a", terraform_data.k.id], "a") => true
contains(["b", terraform_data.k.id], "a") => ?
join(",", ["a", terraform_data.k.id]) => ?
"pre-${terraform_data.k.id}" => ?
terraform_data.k.id == "x" ? { a = 1 } : { a = 2 } => ?
["a", terraform_data.k.id][0] => "a"
element(["a", terraform_data.k.id], 0) => "a"
lookup({ a = "x", b = terraform_data.k.id }, "a", "") => "x"
flatten([["a"], [terraform_data.k.id]]) => ["a", ?]
keys({ a = terraform_data.k.id }) => ["a"]
values({ a = terraform_data.k.id, b = "x" }) => [?, "x"]
zipmap(["a", "b"], [terraform_data.k.id, "x"]) => {a = ?, b = "x"}
[{ a = 1, b = terraform_data.k.id }][*].a => [1]
try(terraform_data.k.id, "x") => ?
can(terraform_data.k.id) => ?
~ the left side decides, as in Terraform 1.12
false && terraform_data.k.id == "x" => false
~ the left side decides, as in Terraform 1.12
true || terraform_data.k.id == "x" => true
tomap({ a = "x", b = terraform_data.k.id }) => {a = "x", b = ?}
jsonencode({ a = terraform_data.k.id }) => ?
coalesce("a", terraform_data.k.id) => "a"
coalesce(terraform_data.k.id, "a") => ?
compact(["a", terraform_data.k.id]) => ?
distinct(["a", terraform_data.k.id]) => ?
slice(["a", "b", terraform_data.k.id], 0, 2) => ["a", "b"]
sort(["a", terraform_data.k.id]) => [?, ?]
setproduct(["a"], [terraform_data.k.id]) => [["a", ?]]
format("%s-%s", "a", terraform_data.k.id) => ?
formatlist("%s-%s", ["a", "b"], terraform_data.k.id) => [?, ?]
{ a = terraform_data.k.id } == { b = 1 } => false
~ an unknown value may be null
terraform_data.k.id == null => ?
{ a = 1, b = 2 }[terraform_data.k.id] => ?
reverse(["a", terraform_data.k.id]) => [?, "a"]
chunklist(["a", "b", terraform_data.k.id], 2) => [["a", "b"], [?]]
one([terraform_data.k.id]) => ?
sum([1, length(terraform_data.k.id)]) => ?
max(1, length(terraform_data.k.id)) => ?
[for v in ["a", "b"] : v if v != terraform_data.k.id] => ?
~ an unknown text has no known beginning
startswith("pre-${terraform_data.k.id}", "pre") => ?
~ an unknown text has no known beginning
startswith("pre-${terraform_data.k.id}", "x") => ?
~ an unknown text has no known beginning
length("pre-${terraform_data.k.id}") > 0 => ?
~ an unknown value may be null
"pre-${terraform_data.k.id}" == null => ?
[tonumber(length(terraform_data.k.id)), 1] => [?, 1]
"#;

fn shown(value: &Value) -> String {
    match value {
        Value::Unknown(_) => "?".to_owned(),
        Value::List(e) | Value::Tuple(e) | Value::Set(e) => {
            format!("[{}]", e.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        Value::Map(m) | Value::Object(m) => {
            let parts: Vec<_> = m.iter().map(|(k, v)| format!("{k} = {}", shown(v))).collect();
            format!("{{{}}}", parts.join(", "))
        }
        other => other.to_json().to_string(),
    }
}

#[test]
fn one_unknown_part_does_not_hide_the_rest() {
    let stack = stack("resource \"terraform_data\" \"k\" {}\n");
    let made = Value::object([("id", Value::Unknown(Type::String))]);
    let env = Values::default().with("", "terraform_data.k", made);
    let rows = TABLE.lines().filter(|l| !l.is_empty() && !l.starts_with('~'));
    let wrong: Vec<_> = rows
        .filter_map(|row| {
            let (expression, expected) = row.rsplit_once(" => ")?;
            let found = match evaluate_expression(&stack, expression, &env) {
                Ok(value) => shown(&value),
                Err(why) => format!("refused: {why}"),
            };
            (found != expected).then(|| format!("{expression}\n  expected {expected}\n  found    {found}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
