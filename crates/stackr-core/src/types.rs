//! Types of the language: what a variable may be declared as and what an unknown value will be.

use std::{collections::BTreeMap, fmt};

use crate::Value;

/// A type constraint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
}

/// One attribute of an object type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
            Self::String => f.write_str("string"),
            Self::List(e) => write!(f, "list of {e}"),
            Self::Set(e) => write!(f, "set of {e}"),
            Self::Map(e) => write!(f, "map of {e}"),
            Self::Tuple(_) => f.write_str("tuple"),
            Self::Object(_) => f.write_str("object"),
        }
    }
}

/// A value that cannot become the wanted type; says where and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConvertError {
    /// What is wrong, as a sentence fragment: `a number is required`.
    pub message: String,
}
