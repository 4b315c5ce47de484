//! What differs in two inventories, with where it is.

use std::fmt::Write as _;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};
use stackr_testkit::{Known, redact};

/// What the first has and the second lacks (`-`), and the other way round (`+`).
pub(crate) fn lines(first: &Value, second: &Value) -> Vec<String> {
    let (mut left, mut right) = (String::new(), String::new());
    flatten(first, "", &mut left);
    flatten(second, "", &mut right);
    let (left, right) = (redact(&left), redact(&right));
    let diff = TextDiff::from_lines(&left, &right);
    let changes = diff.iter_all_changes().filter_map(|change| match change.tag() {
        ChangeTag::Equal => None,
        ChangeTag::Delete => Some(format!("-{}", change.value().trim_end())),
        ChangeTag::Insert => Some(format!("+{}", change.value().trim_end())),
    });
    changes.collect()
}

/// One line per value, with the way to it.
fn flatten(value: &Value, at: &str, into: &mut String) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                flatten(field, &format!("{at}.{name}"), into);
            }
        }
        // A list is a set: what it has is told apart by what is in it, not by its place.
        Value::Array(items) => {
            for item in items {
                let name =
                    ["Name", "GroupName", "LoadBalancerName", "TargetGroupName", "name", "serviceName"];
                let name = name.iter().find_map(|key| item.get(key).or_else(|| item["Tags"].get(key)));
                let name = name.and_then(Value::as_str).unwrap_or_default();
                flatten(item, &format!("{at}[{name}]"), into);
            }
        }
        other => writeln!(into, "{at} = {other}").expect("a string takes it"),
    }
}

/// The differences that are not known, and the known ones that are not there any more.
pub(crate) fn without_known(version: &str, mut lines: Vec<String>, known: &[Known]) -> Vec<String> {
    let mut gone = Vec::new();
    let here = known.iter().filter(|k| k.versions.is_empty() || k.versions.iter().any(|v| v == version));
    for expected in here.flat_map(|known| &known.lines) {
        match lines.iter().position(|line| line == expected) {
            Some(position) => drop(lines.remove(position)),
            None => gone.push(format!("no longer so: {expected}")),
        }
    }
    lines.extend(gone);
    lines
}
