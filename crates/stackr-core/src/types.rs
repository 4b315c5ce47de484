//! Types of the language: what a variable may be declared as and what an unknown value will be.

mod convert;
mod notation;
mod unify;

use std::{collections::BTreeMap, fmt};

use crate::Value;

/// A type constraint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Whatever the value has.
    Any,
    /// `bool`.
    Bool,
    /// `number`.
    Number,
    /// `string`.
    String,
    /// `list(T)`.
    List(Box<Type>),
    /// `set(T)`.
    Set(Box<Type>),
    /// `map(T)`.
    Map(Box<Type>),
    /// `tuple([T, …])`.
    Tuple(Vec<Type>),
    /// `object({name = T, …})`.
    Object(BTreeMap<String, ObjectField>),
    /// Text that state keeps sealed: its value is not known to this run, its seal is. Only an unknown value has this
    /// type; what is made of one is unknown text and no more.
    Sealed(String),
}

/// One attribute of an object type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectField {
    /// The attribute's type.
    pub ty: Type,
    /// Whether `optional(…)` was written: the attribute may be left out.
    pub optional: bool,
    /// What a left-out attribute becomes; `null` without one.
    pub default: Option<Value>,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("dynamic"),
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String | Self::Sealed(_) => f.write_str("string"),
            Self::List(e) => write!(f, "list of {e}"),
            Self::Set(e) => write!(f, "set of {e}"),
            Self::Map(e) => write!(f, "map of {e}"),
            Self::Tuple(_) => f.write_str("tuple"),
            Self::Object(_) => f.write_str("object"),
        }
    }
}

impl Type {
    /// A list of this type.
    #[must_use]
    pub fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    /// A set of this type.
    #[must_use]
    pub fn set(self) -> Self {
        Self::Set(Box::new(self))
    }

    /// A map of this type.
    #[must_use]
    pub fn map(self) -> Self {
        Self::Map(Box::new(self))
    }

    /// Whether `any` stands somewhere in the type.
    #[must_use]
    pub fn has_any(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Bool | Self::Number | Self::String | Self::Sealed(_) => false,
            Self::List(e) | Self::Set(e) | Self::Map(e) => e.has_any(),
            Self::Tuple(e) => e.iter().any(Self::has_any),
            Self::Object(fields) => fields.values().any(|f| f.ty.has_any()),
        }
    }

    /// The words for the type where it is asked for: `list of any single type`.
    pub(crate) fn wanted(&self) -> String {
        match self {
            Self::Any => "any type".to_owned(),
            Self::List(e) => format!("list of {}", e.wanted_element()),
            Self::Set(e) => format!("set of {}", e.wanted_element()),
            Self::Map(e) => format!("map of {}", e.wanted_element()),
            other => other.to_string(),
        }
    }

    fn wanted_element(&self) -> String {
        if *self == Self::Any { "any single type".to_owned() } else { self.wanted() }
    }
}

impl ObjectField {
    /// An attribute that must be given.
    #[must_use]
    pub fn required(ty: Type) -> Self {
        Self { ty, optional: false, default: None }
    }
}

impl Value {
    /// The type of the value as far as it is known: `any` for null, for the elements of an empty collection
    /// and for an unknown value of unknown type.
    #[must_use]
    pub fn type_of(&self) -> Type {
        let element = |elements: &[Self]| Type::unify_values(elements).unwrap_or(Type::Any);
        match self {
            Self::Null => Type::Any,
            Self::Unknown(Type::Sealed(_)) => Type::String,
            Self::Unknown(ty) => ty.clone(),
            Self::Bool(_) => Type::Bool,
            Self::Number(_) => Type::Number,
            Self::String(_) => Type::String,
            Self::List(e) => element(e).list(),
            Self::Set(e) => element(e).set(),
            Self::Map(m) => Type::unify_values(m.values()).unwrap_or(Type::Any).map(),
            Self::Tuple(e) => Type::Tuple(e.iter().map(Self::type_of).collect()),
            Self::Object(m) => Type::Object(
                m.iter().map(|(name, v)| (name.clone(), ObjectField::required(v.type_of()))).collect(),
            ),
            Self::Sensitive(inner) => inner.type_of(),
        }
    }
}

/// A value that cannot become the wanted type; says where and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConvertError {
    /// What is wrong, as a sentence fragment with the place before it: `attribute "x": a number is required`.
    pub message: String,
}

impl ConvertError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    /// The same error, in the attribute of this name.
    pub(crate) fn in_attribute(self, name: &str) -> Self {
        Self::new(format!("attribute {name:?}: {}", self.message))
    }

    /// The same error, in this element.
    pub(crate) fn in_element(self, key: impl fmt::Display) -> Self {
        Self::new(format!("element {key}: {}", self.message))
    }
}
