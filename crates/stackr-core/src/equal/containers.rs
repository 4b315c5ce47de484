//! When two lists of ECS container definitions mean the same.
//!
//! Facts that shape this file:
//! - ECS gives a definition back with its defaults filled in and empty lists where nothing was written;
//! - it keeps no order among containers, variables and secrets; keys are accepted in any case;
//! - in `awsvpc` and `host` networks a port's `hostPort` is its `containerPort`, written or not. Only the task
//!   definition knows its network, so there its file leaves such a `hostPort` out of what is seen; a `hostPort`
//!   of 0 that is seen means a port picked at start.

use std::collections::BTreeMap;

use crate::Value;

/// Keys whose values are maps with keys of the user: these keep their case, and their values all count.
const MAPS: &[&str] = &["dockerlabels", "options", "labels", "driveropts"];

/// Lists without order, and the key that their elements are told apart by.
const UNORDERED: &[(&str, &str)] = &[("environment", "name"), ("secrets", "name"), ("secretoptions", "name")];

/// Values that mean the same as none: the object they are in (empty: any), key, value.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("container", "essential", "true"),
    ("container", "cpu", "0"),
    ("container", "versionconsistency", "enabled"),
    ("healthcheck", "interval", "30"),
    ("healthcheck", "timeout", "5"),
    ("healthcheck", "retries", "3"),
    ("healthcheck", "startperiod", "0"),
    ("portmappings", "protocol", "tcp"),
];

/// Log options that ECS fills in by itself (2025), and their values.
const LOG_OPTIONS: &[(&str, &str)] = &[("mode", "non-blocking"), ("max-buffer-size", "10m")];

/// Whether two parsed documents mean the same.
pub(super) fn equal(want: &Value, seen: &Value) -> bool {
    let (Some(want), Some(seen)) = (containers(want), containers(seen)) else { return want == seen };
    want.len() == seen.len() && want.into_iter().zip(&seen).all(|(want, seen)| aligned(want, seen) == *seen)
}

/// The containers in the one form that all of their meaning have, by name.
fn containers(document: &Value) -> Option<Vec<Value>> {
    let mut containers: Vec<_> = document.elements()?.iter().map(|c| canonical("container", c)).collect();
    sort(&mut containers, "name");
    Some(containers)
}

fn sort(elements: &mut [Value], key: &str) {
    elements.sort_by_key(|e| e.get(key).and_then(Value::to_text));
}

/// A part in its one form; `name` is the key it stands under. Null where it says nothing.
fn canonical(name: &str, value: &Value) -> Value {
    if let Some(elements) = value.elements() {
        let mut kept: Vec<_> = elements.iter().map(|e| canonical(name, e)).filter(|e| !e.is_null()).collect();
        if let Some((_, key)) = UNORDERED.iter().find(|(list, _)| *list == name) {
            sort(&mut kept, key);
        }
        return if kept.is_empty() { Value::Null } else { Value::Tuple(kept) };
    }
    let Some(attributes) = value.attributes() else {
        return value.to_text().map_or(Value::Null, Value::String);
    };
    let map = MAPS.contains(&name);
    let mut kept = BTreeMap::new();
    for (key, value) in attributes {
        let key = if map { key.clone() } else { key.to_lowercase() };
        let value = canonical(&key, value);
        if !value.is_null() && (map || !is_default(name, &key, &value)) {
            kept.insert(key, value);
        }
    }
    if kept.is_empty() { Value::Null } else { Value::Object(kept) }
}

/// Whether a value means the same as none. Every switch but `essential` is off by default.
fn is_default(within: &str, key: &str, value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    let off = text == "false" && key != "essential" && !matches!(key, "value" | "name");
    off || DEFAULTS.iter().any(|(object, k, v)| *object == within && *k == key && *v == text)
}

/// The wanted container with what the seen one shows to be ECS's own doing.
fn aligned(mut want: Value, seen: &Value) -> Value {
    let Value::Object(parts) = &mut want else { return want };
    if let Some(Value::Tuple(ports)) = parts.get_mut("portmappings") {
        let seen = seen.get("portmappings").and_then(Value::elements).unwrap_or_default();
        for (port, seen) in ports.iter_mut().zip(seen) {
            align_port(port, seen);
        }
    }
    let seen_options = seen.get("logconfiguration").and_then(|c| c.get("options"));
    if let (Some(Value::Object(log)), Some(seen)) = (parts.get_mut("logconfiguration"), seen_options) {
        let options = log.entry("options".to_owned()).or_insert_with(|| Value::object::<&str>([]));
        if let Value::Object(options) = options {
            for (key, value) in LOG_OPTIONS {
                if seen.get(key).and_then(Value::as_str) == Some(*value) {
                    options.entry((*key).to_owned()).or_insert_with(|| Value::from(*value));
                }
            }
        }
    }
    want
}

/// A wanted port's `hostPort` as seen, where the two mean the same.
fn align_port(want: &mut Value, seen: &Value) {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::to_text);
    let wanted = text(want, "hostport");
    let container = text(want, "containerport");
    let unset = wanted.as_deref().is_none_or(|port| port == "0");
    let same = match text(seen, "hostport") {
        None => unset || wanted == container,
        Some(port) => port == "0" && unset,
    };
    if let (true, Value::Object(want)) = (same, want) {
        want.remove("hostport");
        if let Some(port) = seen.get("hostport") {
            want.insert("hostport".to_owned(), port.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Kind, Value, equal};

    fn check(want: &str, seen: &str, expect: bool) {
        let outcome = equal(&Kind::ContainerDefinitions, &Value::from(want), &Value::from(seen));
        assert_eq!(outcome, expect, "{want}\n{seen}");
    }

    #[test]
    fn defaults_empty_lists_and_nulls_mean_nothing() {
        let want = r#"[{"name":"a","image":"i","logConfiguration":null,"command":[]}]"#;
        let seen = r#"[{"name":"a","image":"i","cpu":0,"essential":true,"environment":[],"mountPoints":[],
            "volumesFrom":[],"systemControls":[],"privileged":false}]"#;
        check(want, seen, true);
        check(seen, want, true);
        check(want, &seen.replace("true", "false"), false);
        check(want, &seen.replace("\"cpu\":0", "\"cpu\":10"), false);
        let health = r#"[{"name":"a","healthCheck":{"command":["CMD","x"]}}]"#;
        let filled =
            r#"[{"name":"a","healthCheck":{"command":["CMD","x"],"interval":30,"timeout":5,"retries":3}}]"#;
        check(health, filled, true);
        check(health, &filled.replace("30", "31"), false);
    }

    #[test]
    fn containers_variables_and_secrets_have_no_order() {
        check(r#"[{"name":"b"},{"name":"a"}]"#, r#"[{"name":"a"},{"name":"b"}]"#, true);
        check(r#"[{"name":"b"}]"#, r#"[{"name":"a"},{"name":"b"}]"#, false);
        let env = |list: &str| format!(r#"[{{"name":"a","environment":[{list}]}}]"#);
        let (x, y) = (r#"{"name":"X","value":"1"}"#, r#"{"name":"Y","value":"false"}"#);
        check(&env(&format!("{x},{y}")), &env(&format!("{y},{x}")), true);
        check(&env(&format!("{x},{y}")), &env(&format!("{x},{}", y.replace("false", "true"))), false);
        check(&env(y), &env(r#"{"name":"Y"}"#), false);
        check(r#"[{"name":"a","command":["x","y"]}]"#, r#"[{"name":"a","command":["y","x"]}]"#, false);
    }

    #[test]
    fn keys_have_no_case_but_those_of_the_user_do_and_numbers_may_be_text() {
        check(
            r#"[{"Name":"a","PortMappings":[{"ContainerPort":"80"}]}]"#,
            r#"[{"name":"a","portMappings":[{"containerPort":80,"protocol":"tcp"}]}]"#,
            true,
        );
        check(
            r#"[{"name":"a","dockerLabels":{"K":"v"}}]"#,
            r#"[{"name":"a","dockerLabels":{"k":"v"}}]"#,
            false,
        );
        check(r#"[{"name":"a","dockerLabels":{"k":"false"}}]"#, r#"[{"name":"a"}]"#, false);
    }

    #[test]
    fn a_host_port_is_compared_as_its_network_means_it() {
        let port = |host: &str| {
            let host = if host.is_empty() { String::new() } else { format!(r#","hostPort":{host}"#) };
            format!(r#"[{{"name":"a","portMappings":[{{"containerPort":80{host}}}]}}]"#)
        };
        let ports = |want: &str, seen: &str, expect: bool| check(&port(want), &port(seen), expect);
        // Left out of what is seen: the container's own.
        ports("", "", true);
        ports("0", "", true);
        ports("80", "", true);
        ports("81", "", false);
        // Picked at start.
        ports("", "0", true);
        ports("0", "0", true);
        ports("80", "0", false);
        // Fixed.
        ports("80", "80", true);
        ports("", "80", false);
    }

    #[test]
    fn log_options_that_ecs_fills_in_are_not_a_change() {
        let log = |options: &str| {
            format!(
                r#"[{{"name":"a","logConfiguration":{{"logDriver":"awslogs","options":{{{options}}}}}}}]"#
            )
        };
        let group = r#""awslogs-group":"g""#;
        let filled = format!(r#"{group},"mode":"non-blocking","max-buffer-size":"10m""#);
        check(&log(group), &log(&filled), true);
        check(&log(group), &log(&filled.replace("10m", "25m")), false);
        check(&log(&filled), &log(group), false);
    }

    #[test]
    fn what_is_not_a_list_is_compared_as_text() {
        check("x", "x", true);
        check("{}", "{ }", true);
        check("x", "[]", false);
    }
}
