//! Whether two values mean the same: decided by the kind of the field, here and nowhere else.
//!
//! Facts that shape this file:
//! - AWS gives back what it stored, which is often not what it was sent: network addresses, lower-case names with
//!   a final dot, documents with other spacing, sets in any order;
//! - a typed file has one word for "none" and "empty" of a list, so the two mean the same;
//! - the first value is the wanted one, the second the seen one: what was left out on the wanted side may be
//!   AWS's choice, and what is missing on the seen side may be AWS's silence.

mod containers;
mod policy;

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::{Field, Kind, Nesting, Number, Presence, Shape, Value};

/// Whether two wholly known values of a field mean the same, by the field's kind. `want` is the wanted side.
///
/// Marks are ignored. An unknown part equals nothing.
#[must_use]
pub fn equal(kind: &Kind, want: &Value, seen: &Value) -> bool {
    let (want, seen) = (want.peel(), seen.peel());
    if want.is_unknown() || seen.is_unknown() {
        return false;
    }
    match kind {
        Kind::List(element) => lists(element, want, seen),
        Kind::Set(element) => sets(element, want, seen),
        Kind::Map(element) => maps(element, want, seen),
        _ if want.is_null() || seen.is_null() => want.is_null() && seen.is_null(),
        Kind::Object(shape) => objects(shape, want, seen),
        Kind::Any => want.is_wholly_known() && seen.is_wholly_known() && want.to_json() == seen.to_json(),
        Kind::Int | Kind::Float => same(want, seen, |text| text.parse::<Number>().ok()),
        Kind::Bool | Kind::String => same(want, seen, |_| None::<()>),
        Kind::Cidr => same(want, seen, |text| text.parse::<IpNet>().ok().map(|net| net.trunc())),
        Kind::DnsName => same(want, seen, |text| Some(dns(text))),
        Kind::NameOrArn => same(want, seen, |_| None::<()>) || named(want, seen),
        Kind::Json => same(want, seen, json),
        Kind::Policy => same(want, seen, |text| json(text).map(|document| policy::canonical(&document))),
        Kind::ContainerDefinitions => match (want.as_str().and_then(json), seen.as_str().and_then(json)) {
            (Some(want), Some(seen)) => containers::equal(&want, &seen),
            _ => same(want, seen, |_| None::<()>),
        },
    }
}

/// Whether a field's two values mean the same, by its kind and what it says about absent values. What AWS does
/// not report (see [`is_silent`]) is not compared.
#[must_use]
pub fn equal_field(field: &Field, want: &Value, seen: &Value) -> bool {
    is_silent(field, seen) || equal_recorded(field, want, seen)
}

/// As [`equal_field`], with a second value that is known to be complete: recorded by us, say, because AWS does
/// not report the field. There an absent value means "absent".
#[must_use]
pub fn equal_recorded(field: &Field, want: &Value, seen: &Value) -> bool {
    if field.presence == Presence::Computed && want.is_null() {
        return true;
    }
    match field.default.map(|default| default.value()) {
        Some(default) => {
            let or_default = |value: &Value| if value.is_null() { default.clone() } else { value.clone() };
            equal(&field.kind, &or_default(want), &or_default(seen))
        }
        None => equal(&field.kind, want, seen),
    }
}

/// Whether AWS said nothing about a field that it may not report: what was recorded then stands in for what is
/// seen. A typed file cannot tell an empty collection or an absent block from silence, so both count.
#[must_use]
pub fn is_silent(field: &Field, seen: &Value) -> bool {
    let empty = match seen.peel() {
        Value::Null => true,
        Value::Map(entries) => entries.is_empty(),
        other => other.elements().is_some_and(<[Value]>::is_empty),
    };
    empty && (field.unread || (field.local && field.nesting == Nesting::Attribute))
}

/// Whether two scalars are the same text, or mean the same where both have a meaning.
fn same<T: PartialEq>(want: &Value, seen: &Value, meaning: impl Fn(&str) -> Option<T>) -> bool {
    let (Some(want), Some(seen)) = (want.to_text(), seen.to_text()) else { return false };
    want == seen || matches!((meaning(&want), meaning(&seen)), (Some(a), Some(b)) if a == b)
}

/// A document's value; objects are sorted by key and numbers are exact.
fn json(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().map(|document| Value::from_json(&document))
}

/// A DNS name as Route 53 means it: lower case, no final dot, `*` for its octal escape.
fn dns(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase().replace("\\052", "*")
}

/// Whether one is an ARN and the other the name that it ends in. A task definition's family stands for any of
/// its revisions.
fn named(want: &Value, seen: &Value) -> bool {
    let (Some(want), Some(seen)) = (want.to_text(), seen.to_text()) else { return false };
    let name = |text: &str| text.rsplit('/').next().unwrap_or(text).to_owned();
    let family = |name: &str| name.split(':').next().unwrap_or(name).to_owned();
    let is_arn = |text: &str| text.starts_with("arn:");
    if is_arn(&want) && is_arn(&seen) {
        return false;
    }
    let (wanted, found) = (name(&want), name(&seen));
    wanted == found || (!is_arn(&want) && wanted == family(&found))
}

/// The elements; none for null.
fn elements(value: &Value) -> Option<&[Value]> {
    if value.is_null() { Some(&[]) } else { value.elements() }
}

fn lists(kind: &Kind, want: &Value, seen: &Value) -> bool {
    match (elements(want), elements(seen)) {
        (Some(want), Some(seen)) => {
            want.len() == seen.len() && want.iter().zip(seen).all(|(a, b)| equal(kind, a, b))
        }
        _ => false,
    }
}

/// Whether every element has its own partner on the other side.
///
/// An element that leaves something to AWS may fit several, so this is a matching, not a comparison of sorted
/// elements.
fn sets(kind: &Kind, want: &Value, seen: &Value) -> bool {
    let (Some(want), Some(seen)) = (elements(want), elements(seen)) else { return false };
    let (want, seen) = (distinct(kind, want), distinct(kind, seen));
    if want.len() != seen.len() {
        return false;
    }
    let fits: Vec<Vec<usize>> = want
        .iter()
        .map(|a| seen.iter().enumerate().filter(|(_, b)| equal(kind, a, b)).map(|(i, _)| i).collect())
        .collect();
    let mut partner = vec![None; seen.len()];
    (0..want.len()).all(|i| pair(i, &fits, &mut partner, &mut vec![false; seen.len()]))
}

/// The elements without those that mean the same as an earlier one. Objects are kept: two that leave something
/// to AWS may stand for two.
fn distinct<'a>(kind: &Kind, elements: &'a [Value]) -> Vec<&'a Value> {
    let mut kept: Vec<&Value> = Vec::with_capacity(elements.len());
    for element in elements {
        if matches!(kind, Kind::Object(_)) || !kept.iter().any(|k| equal(kind, k, element)) {
            kept.push(element);
        }
    }
    kept
}

/// Finds element `i` a partner, moving others to another that fits them too where that is needed.
fn pair(i: usize, fits: &[Vec<usize>], partner: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for &j in &fits[i] {
        if std::mem::replace(&mut tried[j], true) {
            continue;
        }
        if partner[j].is_none_or(|other| pair(other, fits, partner, tried)) {
            partner[j] = Some(i);
            return true;
        }
    }
    false
}

/// A null element is an absent one.
fn maps(kind: &Kind, want: &Value, seen: &Value) -> bool {
    let none = BTreeMap::new();
    let entries = |value: &Value| -> Option<BTreeMap<String, Value>> {
        let all = if value.is_null() { Some(&none) } else { value.attributes() };
        all.map(|m| m.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), v.clone())).collect())
    };
    match (entries(want), entries(seen)) {
        (Some(want), Some(seen)) => {
            want.len() == seen.len()
                && want.iter().all(|(key, a)| seen.get(key).is_some_and(|b| equal(kind, a, b)))
        }
        _ => false,
    }
}

fn objects(shape: &Shape, want: &Value, seen: &Value) -> bool {
    if want.attributes().is_none() || seen.attributes().is_none() {
        return false;
    }
    let part = |value: &Value, name: &str| value.get(name).cloned().unwrap_or(Value::Null);
    shape.fields.iter().all(|field| equal_field(field, &part(want, field.name), &part(seen, field.name)))
}

#[cfg(test)]
mod tests {
    use stackr_derive::Block;

    use super::*;
    use crate::{Attribute as _, Block as _};

    const OBJECT: Kind = Kind::Object(&Rule::SHAPE);

    /// A block with a field of each behaviour.
    #[derive(Clone, Debug, PartialEq, Block)]
    struct Rule {
        /// Written.
        port: i64,
        /// Left to AWS.
        #[arg(computed)]
        name: Option<String>,
        /// Defaulted.
        #[arg(default = "tcp")]
        protocol: String,
        /// Not reported.
        #[arg(unread)]
        key: Option<String>,
        /// Nested.
        #[arg(block)]
        extra: Option<Extra>,
    }

    /// A nested block.
    #[derive(Clone, Debug, PartialEq, Block)]
    struct Extra {
        /// A network.
        network: crate::Cidr,
    }

    fn list(elements: impl IntoIterator<Item = Value>) -> Value {
        Value::List(elements.into_iter().collect())
    }

    fn number(text: &str) -> Value {
        Value::Number(text.parse().unwrap())
    }

    #[test]
    fn scalars_are_compared_by_kind() {
        let check = |kind: Kind, want: Value, seen: Value, expect: bool| {
            assert_eq!(equal(&kind, &want, &seen), expect, "{kind:?} {want:?} {seen:?}");
        };
        check(Kind::String, "a".into(), "a".into(), true);
        check(Kind::String, "a".into(), "A".into(), false);
        check(Kind::String, 80.into(), "80".into(), true);
        check(Kind::String, "".into(), Value::Null, false);
        check(Kind::String, Value::Null, Value::Null, true);
        check(Kind::String, Value::from("a").sensitive(), "a".into(), true);
        check(Kind::String, Value::UNKNOWN, Value::UNKNOWN, false);
        check(Kind::Int, "080".into(), 80.into(), true);
        check(Kind::Int, 80.into(), 81.into(), false);
        check(Kind::Float, number("1.50"), "1.5".into(), true);
        check(Kind::Bool, "true".into(), true.into(), true);
        check(Kind::Bool, false.into(), true.into(), false);
        check(Kind::Cidr, "10.0.0.1/8".into(), "10.0.0.0/8".into(), true);
        check(Kind::Cidr, "10.0.0.0/8".into(), "10.0.0.0/9".into(), false);
        check(Kind::Cidr, "2001:DB8:0::/32".into(), "2001:db8::/32".into(), true);
        check(Kind::DnsName, "WWW.Example.com".into(), "www.example.com.".into(), true);
        check(Kind::DnsName, "*.example.com".into(), "\\052.example.com.".into(), true);
        check(Kind::DnsName, "a.example.com".into(), "b.example.com".into(), false);
        let arn = || Value::from("arn:aws:ecs:eu-west-1:1:cluster/main");
        check(Kind::NameOrArn, "main".into(), arn(), true);
        check(Kind::NameOrArn, arn(), "main".into(), true);
        check(Kind::NameOrArn, "other".into(), arn(), false);
        check(Kind::NameOrArn, arn(), "arn:aws:ecs:eu-west-1:2:cluster/main".into(), false);
        let task = || Value::from("arn:aws:ecs:eu-west-1:1:task-definition/web:3");
        check(Kind::NameOrArn, "web:3".into(), task(), true);
        check(Kind::NameOrArn, "web:4".into(), task(), false);
        check(Kind::NameOrArn, "web".into(), task(), true);
        check(Kind::NameOrArn, task(), "web:4".into(), false);
        check(Kind::Json, r#"{"a":1,"b":[2]}"#.into(), r#"{ "b": [2], "a": 1.0 }"#.into(), true);
        check(Kind::Json, r#"{"a":[1,2]}"#.into(), r#"{"a":[2,1]}"#.into(), false);
        check(Kind::Json, "not json".into(), "not json".into(), true);
        check(Kind::Json, "".into(), "{}".into(), false);
        check(Kind::Any, list(["a".into()]), Value::Tuple(vec!["a".into()]), true);
        check(Kind::Any, Value::map([("a", 1.into())]), Value::object([("a", 1.into())]), true);
    }

    #[test]
    fn collections_are_compared_by_element() {
        let check = |kind: Kind, want: Value, seen: Value, expect: bool| {
            assert_eq!(equal(&kind, &want, &seen), expect, "{kind:?} {want:?} {seen:?}");
        };
        let (a, b) = (|| Value::from("10.0.0.1/8"), || Value::from("10.0.0.0/8"));
        const CIDRS: Kind = Kind::Set(&Kind::Cidr);
        check(Kind::List(&Kind::Cidr), list([a()]), Value::Tuple(vec![b()]), true);
        check(Kind::List(&Kind::Int), list([1.into(), 2.into()]), list([2.into(), 1.into()]), false);
        check(Kind::Set(&Kind::Int), list([1.into(), 2.into()]), list([2.into(), 1.into()]), true);
        check(CIDRS, list([a(), b()]), list([b()]), true);
        check(CIDRS, list([a(), "1.0.0.0/8".into()]), list([b()]), false);
        check(CIDRS, Value::Null, list([]), true);
        check(Kind::List(&Kind::Int), list([]), Value::Null, true);
        const TAGS: Kind = Kind::Map(&Kind::String);
        check(TAGS, Value::map([("a", "1".into())]), Value::object([("a", 1.into())]), true);
        check(
            TAGS,
            Value::map([("a", "1".into()), ("b", Value::Null)]),
            Value::map([("a", "1".into())]),
            true,
        );
        check(TAGS, Value::map([("a", "1".into())]), Value::map([("b", "1".into())]), false);
        check(TAGS, Value::Null, Value::map::<&str>([]), true);
    }

    fn rule(port: i64, name: Option<&str>, rest: &[(&str, Value)]) -> Value {
        let name = name.map_or(Value::Null, Value::from);
        let fields = [("port", port.into()), ("name", name)];
        Value::object(fields.into_iter().chain(rest.iter().map(|(k, v)| (*k, v.clone()))))
    }

    #[test]
    fn what_is_left_out_of_an_object_may_be_awss_choice_a_default_or_silence() {
        let check = |want: Value, seen: Value, expect: bool| {
            assert_eq!(equal(&OBJECT, &want, &seen), expect, "{want:?} {seen:?}");
        };
        let udp = [("protocol", Value::from("udp"))];
        let key = [("key", Value::from("k"))];
        check(rule(1, None, &[]), rule(1, Some("given"), &[]), true);
        check(rule(1, Some("a"), &[]), rule(1, Some("b"), &[]), false);
        check(rule(1, None, &[]), rule(1, None, &[("protocol", "tcp".into())]), true);
        check(rule(1, None, &[("protocol", "tcp".into())]), rule(1, None, &[]), true);
        check(rule(1, None, &[]), rule(1, None, &udp), false);
        check(rule(1, None, &key), rule(1, None, &[]), true);
        check(rule(1, None, &key), rule(1, None, &[("key", "other".into())]), false);
        check(rule(1, None, &[]), rule(1, None, &key), false);
        let nothing = [("key", list([]))];
        check(rule(1, None, &key), rule(1, None, &nothing), true);
        let extra = |net: &str| [("extra", list([Value::object([("network", net.into())])]))];
        check(rule(1, None, &extra("10.0.0.1/8")), rule(1, None, &extra("10.0.0.0/8")), true);
        check(rule(1, None, &[("extra", list([]))]), rule(1, None, &[]), true);
        check(rule(1, None, &[]), rule(1, None, &extra("10.0.0.0/8")), false);
    }

    #[test]
    fn an_element_that_fits_two_leaves_one_for_the_other() {
        let kind = Kind::Set(&OBJECT);
        let want = list([rule(1, None, &[]), rule(1, Some("a"), &[])]);
        let seen = list([rule(1, Some("a"), &[]), rule(1, Some("b"), &[])]);
        assert!(equal(&kind, &want, &seen));
        let other = list([rule(1, Some("b"), &[]), rule(1, Some("c"), &[])]);
        assert!(!equal(&kind, &want, &other));
    }

    #[test]
    fn an_empty_list_of_a_computed_field_is_a_wish_and_null_is_none() {
        let field = |kind| Field { kind, ..Rule::SHAPE.fields[1] };
        let field = field(<Vec<String>>::KIND);
        let seen = list(["a".into()]);
        assert!(equal_field(&field, &Value::Null, &seen));
        assert!(!equal_field(&field, &list([]), &seen));
    }

    #[test]
    fn silence_is_not_compared_but_a_record_is() {
        let field = &Rule::SHAPE.fields[3];
        let want = Value::from("k");
        assert!(equal_field(field, &want, &Value::Null));
        assert!(!equal_recorded(field, &want, &Value::Null));
        assert!(equal_recorded(field, &want, &want));
    }
}
