//! Values: what arguments, outputs and expressions evaluate to.
//!
//! Facts that shape this file:
//! - planning works with values that are not known yet, so "unknown" is a value, with the type it will have;
//! - a sensitive mark travels with the value it is on, through every operation;
//! - the language tells lists from tuples and maps from objects (conversion and printing differ);
//! - numbers are exact decimals: an id of twenty digits or a sum of prices must not change.

use std::{collections::BTreeMap, fmt, str::FromStr};

use bigdecimal::{BigDecimal, ToPrimitive};

use crate::Type;

/// The greatest power of ten that a number is read with.
const MAX_SCALE: u64 = 100_000;

/// An exact decimal number. Boxed, because it would be the largest kind of value and is a rare one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(Box<BigDecimal>);

impl Number {
    /// Wraps a decimal, dropping trailing zeros so that equal numbers print alike.
    #[must_use]
    pub fn new(decimal: BigDecimal) -> Self {
        Self(Box::new(decimal.normalized()))
    }

    /// The decimal itself.
    #[must_use]
    pub fn decimal(&self) -> &BigDecimal {
        &self.0
    }

    /// The number as `i64`, if it is whole and fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.0.is_integer().then(|| self.0.to_i64()).flatten()
    }

    /// The nearest `f64`.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        self.0.to_f64().unwrap_or(f64::NAN)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        let (mut digits, mut scale) = (value, 0);
        while digits != 0 && digits % 10 == 0 {
            (digits, scale) = (digits / 10, scale - 1);
        }
        // What `new` makes of it, without writing it out in digits first.
        Self(Box::new(BigDecimal::new(digits.into(), scale)))
    }
}

impl FromStr for Number {
    type Err = bigdecimal::ParseBigDecimalError;

    /// A number is refused whose digits would not fit on a thousand pages: one line of text could otherwise fill the
    /// memory when it is printed.
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let number = Self::new(BigDecimal::from_str(text)?);
        let (_, scale) = number.0.as_bigint_and_exponent();
        if scale.unsigned_abs() > MAX_SCALE {
            return Err(bigdecimal::ParseBigDecimalError::Other(format!(
                "a power of ten beyond {MAX_SCALE} cannot be computed with"
            )));
        }
        Ok(number)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

/// A value of the language and of every argument and output.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// An exact number.
    Number(Number),
    /// Text.
    String(String),
    /// Elements of one type, in order.
    List(Vec<Value>),
    /// Elements of any types, in order.
    Tuple(Vec<Value>),
    /// Elements of one type without order or repeats; kept sorted. Made by [`Value::set`].
    Set(Vec<Value>),
    /// Values of one type by key.
    Map(BTreeMap<String, Value>),
    /// Values of any types by attribute name.
    Object(BTreeMap<String, Value>),
    /// A value that must not be shown. Never nested directly in itself.
    Sensitive(Box<Value>),
    /// A value of this type that will be known after apply.
    Unknown(Type),
    /// No value. Last in a sorted set.
    Null,
}

impl Value {
    /// An unknown value of unknown type.
    pub const UNKNOWN: Self = Self::Unknown(Type::Any);

    /// Text.
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// A set of these elements: sorted, without repeats.
    pub fn set(elements: impl IntoIterator<Item = Self>) -> Self {
        let mut elements: Vec<_> = elements.into_iter().collect();
        elements.sort();
        // Two unknown elements may turn out to be different ones.
        elements.dedup_by(|a, b| a == b && a.is_wholly_known());
        Self::Set(elements)
    }

    /// An object of these attributes.
    pub fn object<K: Into<String>>(attributes: impl IntoIterator<Item = (K, Self)>) -> Self {
        // One by one: most objects fit into one node of the tree, and `collect` would sort a copy first.
        let mut object = BTreeMap::new();
        attributes.into_iter().for_each(|(k, v)| drop(object.insert(k.into(), v)));
        Self::Object(object)
    }

    /// A map of these elements.
    pub fn map<K: Into<String>>(elements: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(elements.into_iter().map(|(k, v)| (k.into(), v)).collect())
    }

    /// This value marked sensitive.
    #[must_use]
    pub fn sensitive(self) -> Self {
        match self {
            Self::Sensitive(_) => self,
            other => Self::Sensitive(Box::new(other)),
        }
    }

    /// This value marked sensitive if `mark` says so.
    #[must_use]
    pub fn marked(self, mark: bool) -> Self {
        if mark { self.sensitive() } else { self }
    }

    /// The value without its own mark, and whether it had one. Marks deeper inside stay.
    #[must_use]
    pub fn unmark(self) -> (Self, bool) {
        match self {
            Self::Sensitive(inner) => (*inner, true),
            other => (other, false),
        }
    }

    /// The value under its own mark, if it has one.
    #[must_use]
    pub fn peel(&self) -> &Self {
        match self {
            Self::Sensitive(inner) => inner.peel(),
            other => other,
        }
    }

    /// The value without any mark, at any depth.
    #[must_use]
    pub fn unmark_deep(self) -> Self {
        match self {
            Self::Sensitive(inner) => inner.unmark_deep(),
            other => other.map_children(Self::unmark_deep),
        }
    }

    /// Whether the value or any part of it is marked sensitive.
    #[must_use]
    pub fn has_sensitive(&self) -> bool {
        matches!(self, Self::Sensitive(_)) || self.children().any(Self::has_sensitive)
    }

    /// Whether the value itself is unknown (a known list of unknown elements is not).
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self.peel(), Self::Unknown(_))
    }

    /// Whether no part of the value is unknown.
    #[must_use]
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::Sensitive(inner) => inner.is_wholly_known(),
            other => other.children().all(Self::is_wholly_known),
        }
    }

    /// Whether the value is null (also under a mark).
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.peel(), Self::Null)
    }

    /// The text, if this is a string (also under a mark).
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self.peel() {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if this is a list, tuple or set.
    #[must_use]
    pub fn elements(&self) -> Option<&[Self]> {
        match self.peel() {
            Self::List(e) | Self::Tuple(e) | Self::Set(e) => Some(e),
            _ => None,
        }
    }

    /// The attributes or elements by name, if this is an object or map.
    #[must_use]
    pub fn attributes(&self) -> Option<&BTreeMap<String, Self>> {
        match self.peel() {
            Self::Map(m) | Self::Object(m) => Some(m),
            _ => None,
        }
    }

    /// The attribute or element of this name, if this is an object or map that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.attributes().and_then(|a| a.get(name))
    }

    /// The values directly inside this one (none for a scalar; the content of a mark for a marked one).
    pub fn children(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        match self {
            Self::List(e) | Self::Tuple(e) | Self::Set(e) => Box::new(e.iter()),
            Self::Map(m) | Self::Object(m) => Box::new(m.values()),
            Self::Sensitive(inner) => Box::new(std::iter::once(inner.as_ref())),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The same value with `f` applied to each child. A mark is kept.
    #[must_use]
    pub fn map_children(self, f: impl Fn(Self) -> Self) -> Self {
        let each = |m: BTreeMap<String, Self>| m.into_iter().map(|(k, v)| (k, f(v))).collect();
        match self {
            Self::List(e) => Self::List(e.into_iter().map(f).collect()),
            Self::Tuple(e) => Self::Tuple(e.into_iter().map(f).collect()),
            Self::Set(e) => Self::set(e.into_iter().map(f)),
            Self::Map(m) => Self::Map(each(m)),
            Self::Object(m) => Self::Object(each(m)),
            Self::Sensitive(inner) => f(*inner).sensitive(),
            scalar => scalar,
        }
    }

    /// The word for this value's type in messages: `string`, `list`, `unknown value`…
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown(_) => "unknown value",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Set(_) => "set",
            Self::Map(_) => "map",
            Self::Object(_) => "object",
            Self::Sensitive(inner) => inner.type_name(),
        }
    }

    /// A scalar as text, the way the language converts it: `true`, `1.5`, the string itself.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        match self.peel() {
            Self::String(s) => Some(s.clone()),
            Self::Bool(b) => Some(b.to_string()),
            Self::Number(n) => Some(n.to_string()),
            _ => None,
        }
    }

    /// JSON without marks; an unknown part becomes `null`. For a wholly known value nothing is lost but
    /// the difference between list, tuple and set, and between map and object.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as J;
        match self {
            Self::Null | Self::Unknown(_) => J::Null,
            Self::Bool(b) => J::Bool(*b),
            Self::Number(n) => serde_json::Number::from_str(&n.to_string()).map_or(J::Null, J::Number),
            Self::String(s) => J::String(s.clone()),
            Self::List(e) | Self::Tuple(e) | Self::Set(e) => J::Array(e.iter().map(Self::to_json).collect()),
            Self::Map(m) | Self::Object(m) => {
                J::Object(m.iter().map(|(k, v)| (k.clone(), v.to_json())).collect())
            }
            Self::Sensitive(inner) => inner.to_json(),
        }
    }

    /// The value of a JSON document: arrays become tuples, objects objects. A number that no decimal can
    /// hold (an exponent beyond reason) becomes its text.
    #[must_use]
    pub fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value as J;
        match json {
            J::Null => Self::Null,
            J::Bool(b) => Self::Bool(*b),
            J::Number(n) => {
                Number::from_str(&n.to_string()).map_or_else(|_| Self::String(n.to_string()), Self::Number)
            }
            J::String(s) => Self::String(s.clone()),
            J::Array(e) => Self::Tuple(e.iter().map(Self::from_json).collect()),
            J::Object(m) => Self::object(m.iter().map(|(k, v)| (k.clone(), Self::from_json(v)))),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

/// A place inside a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathStep {
    /// An attribute of an object or key of a map.
    Name(String),
    /// An element of a list, tuple or sorted set.
    Index(usize),
}

/// The way from a value to one of its parts: `ingress[0].cidr_blocks`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(pub Vec<PathStep>);

impl Path {
    /// The path of a top-level attribute.
    pub fn name(name: impl Into<String>) -> Self {
        Self(vec![PathStep::Name(name.into())])
    }

    /// This path with one more step.
    #[must_use]
    pub fn join(&self, step: PathStep) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The first step's name: the argument that the path is in.
    #[must_use]
    pub fn root(&self) -> Option<&str> {
        match self.0.first() {
            Some(PathStep::Name(name)) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Name(name) if i == 0 => f.write_str(name)?,
                PathStep::Name(name) => write!(f, ".{name}")?,
                PathStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_the_same_as_the_one_that_is_written() {
        for value in [0, 1, -1, 7, 10, -120, 1_000_000, 10_000_000_001, i64::MAX, i64::MIN] {
            let written: Number = value.to_string().parse().unwrap();
            assert_eq!(Number::from(value), written);
            assert_eq!(
                Number::from(value).decimal().as_bigint_and_exponent(),
                written.decimal().as_bigint_and_exponent()
            );
            assert_eq!(written.as_i64(), Some(value));
        }
    }

    #[test]
    fn numbers_keep_every_digit_and_print_plainly() {
        let check = |text: &str, shown: &str| {
            assert_eq!(text.parse::<Number>().unwrap().to_string(), shown);
        };
        check("100000000000000000000001", "100000000000000000000001");
        check("1.50", "1.5");
        check("1e3", "1000");
        check("-0.001", "-0.001");
    }

    #[test]
    fn json_keeps_big_numbers() {
        let json: serde_json::Value = serde_json::from_str("12345678901234567890123").unwrap();
        assert_eq!(Value::from_json(&json).to_json(), json);
    }

    #[test]
    fn a_set_is_sorted_and_has_no_repeats() {
        let set = Value::set(["b".into(), "a".into(), "b".into()]);
        assert_eq!(set, Value::Set(vec!["a".into(), "b".into()]));
    }

    #[test]
    fn an_unknown_element_does_not_make_the_list_unknown() {
        let list = Value::List(vec![Value::UNKNOWN, "a".into()]);
        assert!(!list.is_unknown());
        assert!(!list.is_wholly_known());
    }
}
