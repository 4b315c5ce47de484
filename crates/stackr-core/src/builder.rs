//! Typed declarations in Rust: references, inputs that take a value or a reference, and the expressions they
//! become. The derive makes a builder per arguments struct; this is what its setters are made of.

use std::{collections::BTreeMap, marker::PhantomData};

use crate::{
    Address, Attribute, Block, BlockKey, Cidr, ContainerDefinitions, DnsName, Env, Json, Mode, NameOrArn,
    Policy, Set, Value,
};

/// An argument as it was declared: a value, a reference, or a composition of both.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A value.
    Literal(Value),
    /// An argument or output of another object.
    Reference {
        /// The object.
        address: Address,
        /// Which part of it.
        part: Vec<Part>,
    },
    /// A list of expressions.
    List(Vec<Expr>),
    /// An object of expressions.
    Object(BTreeMap<String, Expr>),
    /// The texts of the parts, one after the other.
    Concat(Vec<Expr>),
}

/// One step into a value that is referred to.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The attribute of an object or the entry of a map with this name.
    Name(String),
    /// The element of a list at this position.
    Index(usize),
    /// The element of a list or set of objects whose attribute `name` is `is`.
    Where {
        /// The attribute.
        name: String,
        /// What it is.
        is: Value,
    },
}

impl Part {
    fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Name(name) => value.get(name),
            Self::Index(index) => value.elements()?.get(*index),
            Self::Where { name, is } => value.elements()?.iter().find(|e| e.get(name) == Some(is)),
        }
    }
}

impl Expr {
    /// The objects that the expression refers to, and which parts of them.
    pub fn references<'a>(&'a self, found: &mut Vec<(&'a Address, &'a [Part])>) {
        match self {
            Self::Literal(_) => {}
            Self::Reference { address, part } => found.push((address, part)),
            Self::List(parts) | Self::Concat(parts) => parts.iter().for_each(|p| p.references(found)),
            Self::Object(parts) => parts.values().for_each(|p| p.references(found)),
        }
    }

    /// The value of the expression; unknown where what it refers to is.
    #[must_use]
    pub fn evaluate(&self, env: &dyn Env) -> Value {
        match self {
            Self::Literal(value) => value.clone(),
            Self::Reference { address, part } => reference(address, part, env),
            Self::List(parts) => Value::Tuple(parts.iter().map(|p| p.evaluate(env)).collect()),
            Self::Object(parts) => Value::object(parts.iter().map(|(k, p)| (k.clone(), p.evaluate(env)))),
            Self::Concat(parts) => {
                let (mut text, mut sensitive) = (Some(String::new()), false);
                for part in parts {
                    let value = part.evaluate(env);
                    sensitive |= matches!(value, Value::Sensitive(_));
                    text = text.zip(value.to_text()).map(|(text, piece)| text + &piece);
                }
                text.map_or(Value::Unknown(crate::Type::String), Value::String).marked(sensitive)
            }
        }
    }
}

/// What a reference stands for: unknown where the object or the part of it is not known.
fn reference(address: &Address, part: &[Part], env: &dyn Env) -> Value {
    let object = match &address.key {
        None => env.block(&address.module, &address.block),
        Some(key) => env.instance(&address.module, &address.block, key),
    };
    let Some(object) = object else { return Value::UNKNOWN };
    let (mut value, mut sensitive) = (&object, false);
    for step in part {
        sensitive |= matches!(value, Value::Sensitive(_));
        match step.of(value) {
            Some(found) => value = found,
            None => return Value::UNKNOWN.marked(sensitive),
        }
    }
    value.clone().marked(sensitive)
}

/// A typed reference to an argument or output of an object.
#[derive(Clone, Debug)]
pub struct Ref<T> {
    address: Address,
    part: Vec<Part>,
    ty: PhantomData<fn() -> T>,
}

impl<T> Ref<T> {
    /// A reference to the attribute `name` of the object at `address`. The typed form is made by the derive;
    /// this one is for attributes that it does not cover.
    #[must_use]
    pub fn new(address: &Address, name: &str) -> Self {
        Self { address: address.clone(), part: vec![Part::Name(name.to_owned())], ty: PhantomData }
    }

    /// The expression it is.
    #[must_use]
    pub fn expr(&self) -> Expr {
        Expr::Reference { address: self.address.clone(), part: self.part.clone() }
    }

    /// The object it refers to.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }
}

impl<T> Ref<T> {
    fn within<P>(&self, step: Option<Part>) -> Ref<P> {
        Ref {
            address: self.address.clone(),
            part: self.part.iter().cloned().chain(step).collect(),
            ty: PhantomData,
        }
    }
}

impl<T> Ref<Vec<T>> {
    /// One element of a referenced list.
    #[must_use]
    pub fn at(&self, index: usize) -> Ref<T> {
        self.within(Some(Part::Index(index)))
    }
}

impl<T: Block> Ref<Set<T>> {
    /// The element of a referenced set whose attribute `name` is `is`; unknown while there is none.
    #[must_use]
    pub fn find(&self, name: &str, is: impl Into<Value>) -> Ref<T> {
        self.within(Some(Part::Where { name: name.to_owned(), is: is.into() }))
    }
}

impl<T: Block> Ref<T> {
    /// One attribute of a referenced object. Its type is the caller's word; that it exists is checked.
    #[must_use]
    pub fn get<P>(&self, name: &str) -> Ref<P> {
        self.within(Some(Part::Name(name.to_owned())))
    }
}

impl<T> Ref<Option<T>> {
    /// The same reference, for use where the value is known to be there.
    #[must_use]
    pub fn some(&self) -> Ref<T> {
        self.within(None)
    }
}

impl<T> From<Ref<T>> for Expr {
    fn from(reference: Ref<T>) -> Self {
        reference.expr()
    }
}
impl<T> From<&Ref<T>> for Expr {
    fn from(reference: &Ref<T>) -> Self {
        reference.expr()
    }
}
impl From<Concat> for Expr {
    fn from(text: Concat) -> Self {
        Self::Concat(text.0)
    }
}
impl<I: Into<Expr>> From<Vec<I>> for Expr {
    fn from(elements: Vec<I>) -> Self {
        Self::List(elements.into_iter().map(Into::into).collect())
    }
}
impl<I: Into<Expr>> From<BTreeMap<String, I>> for Expr {
    fn from(entries: BTreeMap<String, I>) -> Self {
        Self::Object(entries.into_iter().map(|(name, entry)| (name, entry.into())).collect())
    }
}

/// Expressions from plain values.
macro_rules! literals {
    ($($ty:ty),*) => {$(
        impl From<$ty> for Expr {
            fn from(value: $ty) -> Self {
                Self::Literal(value.into())
            }
        }
    )*};
}
literals!(&str, String, bool, i64, Value);

/// What a setter takes for an argument of type `T`: a value, a reference, or a composition.
#[derive(Clone, Debug)]
pub struct Input<T> {
    expr: Expr,
    ty: PhantomData<fn() -> T>,
}

impl<T> Input<T> {
    /// An input from an expression whose type the caller vouches for; the planner checks it again.
    #[must_use]
    pub fn from_expr(expr: Expr) -> Self {
        Self { expr, ty: PhantomData }
    }

    /// The expression it is.
    #[must_use]
    pub fn into_expr(self) -> Expr {
        self.expr
    }
}

impl<T> From<Ref<T>> for Input<T> {
    fn from(reference: Ref<T>) -> Self {
        Self::from_expr(reference.expr())
    }
}
impl<T> From<&Ref<T>> for Input<T> {
    fn from(reference: &Ref<T>) -> Self {
        Self::from_expr(reference.expr())
    }
}
/// An argument that is given what turns out to be absent is absent.
impl<T> From<&Ref<Option<T>>> for Input<T> {
    fn from(reference: &Ref<Option<T>>) -> Self {
        Self::from_expr(reference.expr())
    }
}
impl<T> From<&Ref<Vec<T>>> for Input<Set<T>> {
    fn from(reference: &Ref<Vec<T>>) -> Self {
        Self::from_expr(reference.expr())
    }
}

/// Inputs from plain values of one type.
macro_rules! values {
    ($($ty:ty),*) => {$(
        impl From<$ty> for Input<$ty> {
            fn from(value: $ty) -> Self {
                Self::from_expr(Expr::Literal(value.to_value()))
            }
        }
    )*};
}
values!(String, bool, i64, i32, f64, Value, Cidr, ContainerDefinitions, DnsName, Json, NameOrArn, Policy);

/// Text and references to text for the field types that are text.
macro_rules! texts {
    ($($ty:ty),*) => {$(
        impl From<&str> for Input<$ty> {
            fn from(text: &str) -> Self {
                Self::from_expr(Expr::Literal(text.into()))
            }
        }
        impl From<&String> for Input<$ty> {
            fn from(text: &String) -> Self {
                text.as_str().into()
            }
        }
        impl From<Concat> for Input<$ty> {
            fn from(text: Concat) -> Self {
                Self::from_expr(Expr::Concat(text.0))
            }
        }
    )*};
}
texts!(String, Cidr, ContainerDefinitions, DnsName, Json, NameOrArn, Policy);

/// References to plain text where a field has a text type of its own.
macro_rules! from_string {
    ($($ty:ty),*) => {$(
        impl From<&Ref<String>> for Input<$ty> {
            fn from(reference: &Ref<String>) -> Self {
                Self::from_expr(reference.expr())
            }
        }
        impl From<Ref<String>> for Input<$ty> {
            fn from(reference: Ref<String>) -> Self {
                Self::from_expr(reference.expr())
            }
        }
        impl From<String> for Input<$ty> {
            fn from(text: String) -> Self {
                Self::from_expr(Expr::Literal(text.into()))
            }
        }
    )*};
}
from_string!(Cidr, ContainerDefinitions, DnsName, Json, NameOrArn, Policy);

/// Documents: `json!({ "Version": "2012-10-17", … })`.
macro_rules! documents {
    ($($ty:ty),*) => {$(
        impl From<serde_json::Value> for Input<$ty> {
            fn from(document: serde_json::Value) -> Self {
                document.to_string().into()
            }
        }
    )*};
}
documents!(ContainerDefinitions, Json, Policy);

impl<T, I: Into<Input<T>>> From<Vec<I>> for Input<Vec<T>> {
    fn from(elements: Vec<I>) -> Self {
        Self::from_expr(Expr::List(elements.into_iter().map(|e| e.into().expr).collect()))
    }
}
impl<T, I: Into<Input<T>>, const N: usize> From<[I; N]> for Input<Vec<T>> {
    fn from(elements: [I; N]) -> Self {
        Vec::from(elements).into()
    }
}
impl<T, I: Into<Input<T>>> From<Vec<I>> for Input<Set<T>> {
    fn from(elements: Vec<I>) -> Self {
        Self::from_expr(Input::<Vec<T>>::from(elements).expr)
    }
}
impl<T, I: Into<Input<T>>, const N: usize> From<[I; N]> for Input<Set<T>> {
    fn from(elements: [I; N]) -> Self {
        Vec::from(elements).into()
    }
}
impl<T, K: Into<String>, I: Into<Input<T>>, const N: usize> From<[(K, I); N]> for Input<BTreeMap<String, T>> {
    fn from(entries: [(K, I); N]) -> Self {
        let entries = entries.into_iter().map(|(k, v)| (k.into(), v.into().expr));
        Self::from_expr(Expr::Object(entries.collect()))
    }
}
impl<T: Attribute> From<BTreeMap<String, T>> for Input<BTreeMap<String, T>> {
    fn from(entries: BTreeMap<String, T>) -> Self {
        Self::from_expr(Expr::Literal(entries.to_value()))
    }
}

/// Text made of values and references; see [`concat()`].
#[derive(Clone, Debug, Default)]
pub struct Concat(Vec<Expr>);

/// The start of a text made of values and references: `concat().push("arn:").push(&zone.arn)`.
#[must_use]
pub fn concat() -> Concat {
    Concat::default()
}

impl Concat {
    /// The text with one more part.
    #[must_use]
    pub fn push(mut self, part: impl Into<Input<String>>) -> Self {
        self.0.push(part.into().expr);
        self
    }
}

/// A builder of arguments. Derived.
pub trait Draft {
    /// The resource or data type it declares.
    type Of;

    /// The arguments by name.
    fn into_args(self) -> BTreeMap<String, Expr>;
}

impl BlockKey {
    /// A `resource` block.
    #[must_use]
    pub fn managed(ty: &str, name: &str) -> Self {
        Self { mode: Mode::Managed, ty: ty.to_owned(), name: name.to_owned() }
    }

    /// A `data` block.
    #[must_use]
    pub fn data(ty: &str, name: &str) -> Self {
        Self { mode: Mode::Data, ty: ty.to_owned(), name: name.to_owned() }
    }
}
