//! A plan as facts, one per line, in a form that both tools' plans have:
//!
//! ```text
//! aws_subnet.public[0] replace           create, read, update, replace, replace (create first), delete, forget
//! aws_subnet.public[0] changes tags      an attribute differs, as far as it is known
//! aws_subnet.public[0] forces cidr_block its difference needs another object
//! aws_subnet.public[0] unknown arn       a part of what it will be is known only after apply
//! aws_subnet.public[0] secret tags.Key   a part of what it will be is not shown
//! output.subnets update
//! ```
//!
//! What is inside a list or a set is told without its place: `route[].gateway_id`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::Value;

/// The facts of one plan.
pub(crate) type Facts = BTreeSet<String>;

/// The facts of many plans as text.
pub(crate) fn render(plans: &[(String, Facts)]) -> String {
    let mut text = String::new();
    for (name, facts) in plans {
        writeln!(text, "# {name}").expect("a string takes it");
        for fact in facts {
            writeln!(text, "{fact}").expect("a string takes it");
        }
        text.push('\n');
    }
    text
}

/// Reads what [`render`] has written.
pub(crate) fn parse(text: &str) -> BTreeMap<String, Facts> {
    let mut plans = BTreeMap::new();
    let mut facts: &mut Facts = &mut Facts::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("# ") {
            Some(name) => facts = plans.entry(name.to_owned()).or_default(),
            None => drop(facts.insert(line.to_owned())),
        }
    }
    plans
}

/// The facts that only one of the two has.
pub(crate) fn differences(stackr: &Facts, terraform: &Facts) -> BTreeSet<String> {
    let ours = stackr.difference(terraform).map(|fact| format!("only stackr: {fact}"));
    let theirs = terraform.difference(stackr).map(|fact| format!("only Terraform: {fact}"));
    ours.chain(theirs).collect()
}

/// Whether there is nothing in a value. The provider does not tell absent, empty and zero apart.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(parts) => parts.is_empty(),
        Value::Object(parts) => parts.is_empty(),
    }
}

/// The ways to all parts of a value that are what is asked for, without places in lists.
pub(crate) fn paths(value: &Value, is: &dyn Fn(&Value) -> bool) -> BTreeSet<String> {
    fn walk(value: &Value, at: &str, is: &dyn Fn(&Value) -> bool, into: &mut BTreeSet<String>) {
        if is(value) {
            into.insert(at.to_owned());
            return;
        }
        match value {
            Value::Object(parts) => {
                for (name, part) in parts {
                    let dot = if at.is_empty() { "" } else { "." };
                    walk(part, &format!("{at}{dot}{name}"), is, into);
                }
            }
            Value::Array(parts) => {
                for part in parts {
                    walk(part, &format!("{at}[]"), is, into);
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    walk(value, "", is, &mut found);
    found
}
