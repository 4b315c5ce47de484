//! When two IAM policy documents mean the same.
//!
//! Facts that shape this file:
//! - AWS writes a list of one as its element, an account id as the ARN of its root, and a truth value or number
//!   in a condition as text;
//! - the order of statements, and of what a statement lists, has no meaning; neither has the case of actions;
//! - `"Principal": "*"` and `"Principal": {"AWS": "*"}` are not the same in every service.

use std::collections::BTreeMap;

use crate::Value;

/// A document in the one form that all documents of its meaning have.
pub(super) fn canonical(document: &Value) -> Value {
    let Some(parts) = document.attributes() else { return document.clone() };
    let parts = parts.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
        let value = match name.as_str() {
            "Statement" => statements(value),
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Value::object(parts)
}

/// The statements in an order that does not depend on how they were written.
fn statements(value: &Value) -> Value {
    let mut statements: Vec<Value> = match value.elements() {
        Some(several) => several.iter().map(statement).collect(),
        None => vec![statement(value)],
    };
    statements.sort();
    Value::Tuple(statements)
}

fn statement(value: &Value) -> Value {
    let Some(parts) = value.attributes() else { return value.clone() };
    let empty_sid = |name: &str, value: &Value| name == "Sid" && value.as_str() == Some("");
    let parts = parts.iter().filter(|(name, value)| !value.is_null() && !empty_sid(name, value));
    let parts = parts.map(|(name, value)| {
        let value = match name.as_str() {
            "Action" | "NotAction" => texts(value, |text| text.to_lowercase()),
            "Resource" | "NotResource" => texts(value, str::to_owned),
            "Principal" | "NotPrincipal" => principals(value),
            "Condition" => nested(value, |tests| nested(tests, |values| texts(values, str::to_owned))),
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Value::object(parts)
}

/// Principals by type; `"*"` stays as it is.
fn principals(value: &Value) -> Value {
    let Some(types) = value.attributes() else { return value.clone() };
    let types: BTreeMap<String, Value> = types
        .iter()
        .map(|(ty, who)| {
            let read = if ty == "AWS" { account } else { str::to_owned };
            (ty.clone(), texts(who, read))
        })
        .collect();
    Value::Object(types)
}

/// An account's root as its id; any other principal as it is.
fn account(principal: &str) -> String {
    let parts: Vec<&str> = principal.split(':').collect();
    match parts[..] {
        ["arn", _, "iam", "", id, "root"] => id.to_owned(),
        _ => principal.to_owned(),
    }
}

/// The attributes of an object, each as `read` says.
fn nested(value: &Value, read: impl Fn(&Value) -> Value) -> Value {
    match value.attributes() {
        Some(attributes) => Value::object(attributes.iter().map(|(k, v)| (k.clone(), read(v)))),
        None => value.clone(),
    }
}

/// One text or several, as a set.
fn texts(value: &Value, read: impl Fn(&str) -> String) -> Value {
    let one = |value: &Value| value.to_text().map_or_else(|| value.clone(), |text| read(&text).into());
    match value.elements() {
        Some(several) => Value::set(several.iter().map(one)),
        None => Value::set([one(value)]),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Kind, Value, equal};

    fn check(want: &str, seen: &str, expect: bool) {
        let outcome = equal(&Kind::Policy, &Value::from(want), &Value::from(seen));
        assert_eq!(outcome, expect, "{want} {seen}");
    }

    /// A document of one statement with this part.
    fn with(part: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{part}}}]}}"#)
    }

    #[test]
    fn parts_of_a_statement_are_compared_by_meaning() {
        let parts = |want: &str, seen: &str, expect: bool| check(&with(want), &with(seen), expect);
        parts(r#""Action":"s3:GetObject""#, r#""Action":["s3:getobject"]"#, true);
        parts(r#""Action":["a:B","a:C"]"#, r#""Action":["a:C","a:B"]"#, true);
        parts(r#""Action":["a:B"]"#, r#""Action":["a:B","a:C"]"#, false);
        parts(r#""Action":"a:B""#, r#""NotAction":"a:B""#, false);
        parts(r#""Resource":["x","y"]"#, r#""Resource":["y","x"]"#, true);
        parts(r#""Resource":"x""#, r#""Resource":"X""#, false);
        parts(r#""Sid":"","Action":"a:B""#, r#""Action":"a:B""#, true);
        parts(r#""Sid":"S","Action":"a:B""#, r#""Action":"a:B""#, false);
        parts(
            r#""Principal":{"AWS":"123456789012"}"#,
            r#""Principal":{"AWS":["arn:aws:iam::123456789012:root"]}"#,
            true,
        );
        parts(r#""Principal":"*""#, r#""Principal":{"AWS":"*"}"#, false);
        parts(r#""Principal":{"Service":["b","a"]}"#, r#""Principal":{"Service":["a","b"]}"#, true);
        parts(
            r#""Condition":{"Bool":{"aws:SecureTransport":true}}"#,
            r#""Condition":{"Bool":{"aws:SecureTransport":["true"]}}"#,
            true,
        );
        parts(
            r#""Condition":{"NumericLessThan":{"x":3600}}"#,
            r#""Condition":{"NumericLessThan":{"x":"3600"}}"#,
            true,
        );
        parts(r#""Condition":{"StringEquals":{"x":"a"}}"#, r#""Condition":{"StringLike":{"x":"a"}}"#, false);
    }

    #[test]
    fn statements_may_be_one_or_several_in_any_order() {
        let statement = |action: &str| format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#);
        let (a, b) = (statement("a:A"), statement("b:B"));
        let document = |statements: &str| format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
        check(&document(&a), &document(&format!("[{a}]")), true);
        check(&document(&format!("[{a},{b}]")), &document(&format!("[ {b}, {a} ]")), true);
        check(&document(&format!("[{a},{b}]")), &document(&format!("[{a}]")), false);
        check(&document(&a), &document(&a).replace("2012-10-17", "2008-10-17"), false);
    }

    #[test]
    fn what_is_not_a_document_is_compared_as_text() {
        check("", "", true);
        check("{", "{", true);
        check("{", "{}", false);
        check("[1]", "[1]", true);
    }
}
