//! How Rust types stand for values: the conversion at the edge between typed resource files and the
//! planner's [`Value`]s, and the field types whose equality is not letter by letter.

use std::{collections::BTreeMap, fmt};

use crate::{Field, Kind, Number, Shape, Value};

/// A value that does not fit the Rust type of its field.
///
/// Planning has checked arguments against the schema before they are typed, so in an apply this is a bug or
/// a state file from elsewhere; it is reported, never a panic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {expected} expected, found {found}")]
pub struct Mismatch {
    /// Where in the value.
    pub path: String,
    /// What the field holds.
    pub expected: &'static str,
    /// What was there.
    pub found: &'static str,
}

impl Mismatch {
    /// A mismatch at the value itself.
    #[must_use]
    pub fn new(expected: &'static str, found: &Value) -> Self {
        Self { path: String::new(), expected, found: found.type_name() }
    }

    /// The same mismatch, seen from the value around it.
    #[must_use]
    pub fn within(mut self, name: &str) -> Self {
        self.path = if self.path.is_empty() { name.to_owned() } else { format!("{name}.{}", self.path) };
        self
    }
}

/// A Rust type that a field can have.
pub trait Attribute: Sized {
    /// The kind of value it stands for.
    const KIND: Kind;
    /// Whether it can stand for an absent value.
    const OPTIONAL: bool = false;

    /// Reads a wholly known value. Marks are ignored.
    ///
    /// # Errors
    /// [`Mismatch`] where the value has another type.
    fn from_value(value: &Value) -> Result<Self, Mismatch>;

    /// The value it stands for.
    fn to_value(&self) -> Value;
}

/// A struct whose fields are attributes: arguments, outputs, nested blocks. Derived.
pub trait Block: Sized {
    /// Its fields.
    const SHAPE: Shape;

    /// Reads an object. A missing attribute is read as null.
    ///
    /// # Errors
    /// [`Mismatch`] naming the field that does not fit.
    fn from_object(value: &Value) -> Result<Self, Mismatch>;

    /// The object it stands for.
    fn to_object(&self) -> Value;

    /// The fields, for tests and documents.
    #[must_use]
    fn fields() -> &'static [Field] {
        Self::SHAPE.fields
    }
}

impl Attribute for String {
    const KIND: Kind = Kind::String;
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        value.to_text().ok_or_else(|| Mismatch::new("string", value))
    }
    fn to_value(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Attribute for bool {
    const KIND: Kind = Kind::Bool;
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        match value.peel() {
            Value::Bool(b) => Ok(*b),
            Value::String(s) if s == "true" => Ok(true),
            Value::String(s) if s == "false" => Ok(false),
            other => Err(Mismatch::new("bool", other)),
        }
    }
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
}

/// Reads a number from a number or from its text.
fn number(value: &Value) -> Option<Number> {
    match value.peel() {
        Value::Number(n) => Some(n.clone()),
        Value::String(s) => s.parse().ok(),
        _ => None,
    }
}

impl Attribute for i64 {
    const KIND: Kind = Kind::Int;
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        number(value).and_then(|n| n.as_i64()).ok_or_else(|| Mismatch::new("whole number", value))
    }
    fn to_value(&self) -> Value {
        Value::from(*self)
    }
}

impl Attribute for i32 {
    const KIND: Kind = Kind::Int;
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        let whole = i64::from_value(value)?;
        Self::try_from(whole).map_err(|_| Mismatch::new("whole number below 2^31", value))
    }
    fn to_value(&self) -> Value {
        Value::from(i64::from(*self))
    }
}

impl Attribute for f64 {
    const KIND: Kind = Kind::Float;
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        number(value).map(|n| n.as_f64()).ok_or_else(|| Mismatch::new("number", value))
    }
    fn to_value(&self) -> Value {
        self.to_string().parse().map_or(Value::Null, Value::Number)
    }
}

impl Attribute for Value {
    const KIND: Kind = Kind::Any;
    const OPTIONAL: bool = true;
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        Ok(value.clone())
    }
    fn to_value(&self) -> Value {
        self.clone()
    }
}

impl<T: Attribute> Attribute for Option<T> {
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        if value.is_null() { Ok(None) } else { T::from_value(value).map(Some) }
    }
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }
}

/// Reads the elements of a list, tuple or set.
fn elements<T: Attribute>(value: &Value, expected: &'static str) -> Result<Vec<T>, Mismatch> {
    if value.is_null() {
        return Ok(Vec::new());
    }
    let elements = value.elements().ok_or_else(|| Mismatch::new(expected, value))?;
    let read = |(i, e)| T::from_value(e).map_err(|m: Mismatch| m.within(&format!("[{i}]")));
    elements.iter().enumerate().map(read).collect()
}

impl<T: Attribute> Attribute for Vec<T> {
    const KIND: Kind = Kind::List(&T::KIND);
    const OPTIONAL: bool = true;
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        elements(value, "list")
    }
    fn to_value(&self) -> Value {
        Value::List(self.iter().map(T::to_value).collect())
    }
}

/// Elements without order. Kept in the order given; equality of two sets is the planner's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set<T>(pub Vec<T>);

impl<T> std::default::Default for Set<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

impl<T> std::ops::Deref for Set<T> {
    type Target = Vec<T>;
    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Attribute> Attribute for Set<T> {
    const KIND: Kind = Kind::Set(&T::KIND);
    const OPTIONAL: bool = true;
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        elements(value, "set").map(Self)
    }
    fn to_value(&self) -> Value {
        Value::set(self.0.iter().map(T::to_value))
    }
}

impl<T: Attribute> Attribute for BTreeMap<String, T> {
    const KIND: Kind = Kind::Map(&T::KIND);
    const OPTIONAL: bool = true;
    fn from_value(value: &Value) -> Result<Self, Mismatch> {
        if value.is_null() {
            return Ok(Self::new());
        }
        let entries = value.attributes().ok_or_else(|| Mismatch::new("map", value))?;
        let read = |(k, v): (&String, &Value)| match T::from_value(v) {
            Ok(read) => Ok((k.clone(), read)),
            Err(mismatch) => Err(mismatch.within(k)),
        };
        entries.iter().map(read).collect()
    }
    fn to_value(&self) -> Value {
        Value::map(self.iter().map(|(k, v)| (k.clone(), v.to_value())))
    }
}

/// Tags of an object: the user's and the provider's `default_tags`, merged. AWS's own (`aws:…`) and ours
/// (`stackr:…`) are never in it when it was read; ours are when it is handed to `create`.
pub type Tags = BTreeMap<String, String>;

/// Makes a field type around a string whose equality is that of its [`Kind`].
macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name(pub String);

        impl Attribute for $name {
            const KIND: Kind = Kind::$name;
            fn from_value(value: &Value) -> Result<Self, Mismatch> {
                String::from_value(value).map(Self)
            }
            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl std::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }
    };
}

text!(
    /// An IP network. AWS stores the network address: `10.0.0.1/8` is `10.0.0.0/8`.
    Cidr
);
text!(
    /// A DNS name: case and a trailing dot do not matter.
    DnsName
);
text!(
    /// A JSON document as text: spacing and key order do not matter.
    Json
);
text!(
    /// An IAM policy document as text: compared by meaning.
    Policy
);
text!(
    /// The container definitions of an ECS task definition as JSON text: compared by meaning.
    ContainerDefinitions
);
text!(
    /// The name of an object, or its ARN: a name is the same as an ARN that ends in it.
    NameOrArn
);
