//! What a sweep has found.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde_json::Value;

/// One phase's points.
#[derive(Clone, Debug)]
pub struct Report {
    /// The phase.
    pub name: String,
    /// How many calls change something in an undisturbed run.
    pub mutations: u64,
    /// How many points were tried.
    pub points: usize,
    /// Points that their run did not come to, because it had fewer calls.
    pub unreached: usize,
    /// Runs that ended with a clear error and were repeated, with that error.
    pub again: Vec<String>,
    /// What went wrong.
    pub failures: Vec<Failure>,
    /// How long it took.
    pub took: Duration,
}

/// One point at which the promise was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub at: String,
    /// What was wrong, and all that was said.
    pub what: String,
}

impl Report {
    pub(super) fn new(name: &str, mutations: u64, points: usize) -> Self {
        let name = name.to_owned();
        let (failures, took) = (Vec::new(), Duration::ZERO);
        Self { name, mutations, points, unreached: 0, again: Vec::new(), failures, took }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, mutations, points, unreached, again, failures, .. } = self;
        write!(f, "{name}: {points} points")?;
        if *mutations > 0 {
            write!(f, " over {mutations} calls")?;
        }
        if *unreached > 0 {
            write!(f, ", {unreached} not reached")?;
        }
        if !again.is_empty() {
            write!(f, ", {} runs repeated", again.len())?;
        }
        write!(f, ", {} failed, {} s", failures.len(), self.took.as_secs())
    }
}

/// What one inventory has and the other has not: `-` was expected, `+` was found.
pub(super) fn difference(expected: &Value, found: &Value) -> String {
    let mut counts = BTreeMap::new();
    flatten(expected, "", &mut |line| *counts.entry(line).or_insert(0) -= 1);
    flatten(found, "", &mut |line| *counts.entry(line).or_insert(0) += 1);
    let sign = |count: i32| if count < 0 { '-' } else { '+' };
    let lines = counts.into_iter().filter(|(_, count)| *count != 0);
    lines.map(|(line, count)| format!("{}{line}\n", sign(count))).collect()
}

fn flatten(value: &Value, at: &str, line: &mut impl FnMut(String)) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| flatten(field, &format!("{at}.{name}"), line))
        }
        Value::Array(items) => items.iter().for_each(|item| flatten(item, &format!("{at}[]"), line)),
        other => line(format!("{at} = {other}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_there_twice_is_seen() {
        let one = json!({ "vpcs": [{ "name": "a" }] });
        let two = json!({ "vpcs": [{ "name": "a" }, { "name": "a" }] });
        assert_eq!(difference(&one, &two), "+.vpcs[].name = \"a\"\n");
        assert_eq!(difference(&two, &json!({})), "-.vpcs[].name = \"a\"\n");
        assert_eq!(difference(&one, &one), "");
    }

    #[test]
    fn a_report_has_its_figures_in_a_line() {
        let mut report = Report::new("apply base", 75, 150);
        assert_eq!(report.to_string(), "apply base: 150 points over 75 calls, 0 failed, 0 s");
        report.unreached = 2;
        report.failures.push(Failure { at: String::new(), what: String::new() });
        assert_eq!(report.to_string(), "apply base: 150 points over 75 calls, 2 not reached, 1 failed, 0 s");
    }
}
