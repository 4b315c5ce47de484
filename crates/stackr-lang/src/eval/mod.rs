//! Evaluation of expressions to values that may be unknown or sensitive in parts.
//!
//! Facts that shape this directory:
//! - a value is borrowed as long as nothing has to be made of it: `var.big[each.key]` copies nothing;
//! - both branches of a conditional are evaluated, because the result has the type that fits both; an error
//!   counts only in the one that is chosen;
//! - what a reference means is the business of a [`Resolver`]: the evaluator knows no stack.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use stackr_core::{BlockKey, Diagnostic, Mode, Span, Type, Value};

use crate::{
    loader::Loader,
    syntax::{At, Expr, Fail, Kind, Target},
};

mod access;
mod call;
mod loops;
mod number;
mod operation;
mod template;

pub(crate) use access::nearest;

/// The result of an evaluation.
pub(crate) type Evaluated<T> = Result<T, Fail>;
/// A value that is borrowed where it can be.
pub(crate) type Shared<'s> = Cow<'s, Value>;

/// Gives references their values.
pub(crate) trait Resolver {
    /// The value of a reference.
    fn resolve(&self, target: &Target, span: Span) -> Evaluated<Shared<'_>>;

    /// The value of one output of a module: of its only instance, or of the one with this key.
    fn output(&self, module: &str, key: Option<&Value>, output: &str, span: Span) -> Evaluated<Shared<'_>>;

    /// The value of one instance of a block, where it can be had without the others.
    fn instance(&self, block: &BlockKey, key: &Value) -> Option<Value>;

    /// The meta-argument (`count` or `for_each`) of a block, for messages.
    fn repeated_by(&self, block: &BlockKey) -> Option<&'static str>;

    /// What functions need.
    fn surroundings(&self) -> Surroundings<'_>;
}

/// What functions need to know besides their arguments.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) loader: &'a dyn Loader,
    pub(crate) dir: &'a str,
    pub(crate) plan_time: Option<jiff::Timestamp>,
    /// What an apply knows and a plan does not.
    pub(crate) now: Option<Now<'a>>,
}

/// The moment of an apply, with the number of the next random value.
#[derive(Clone, Copy)]
pub(crate) struct Now<'a> {
    pub(crate) moment: &'a stackr_core::Moment,
    pub(crate) next: &'a std::sync::atomic::AtomicU64,
}

/// Names that a `for` binds, innermost first.
pub(crate) struct Names<'s> {
    name: &'s str,
    value: &'s Value,
    outer: Option<&'s Names<'s>>,
}

/// Where an expression is evaluated.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'s> {
    resolver: &'s dyn Resolver,
    file: &'s Arc<str>,
    names: Option<&'s Names<'s>>,
    /// The variables of a template file.
    given: Option<&'s BTreeMap<String, Value>>,
    /// The elements that the `dynamic` blocks around are at.
    iterators: Option<&'s Names<'s>>,
    /// The element that the innermost splat is at.
    item: Option<&'s Value>,
    /// How many template files are around this one.
    depth: u8,
}

impl<'s> Names<'s> {
    pub(crate) fn new(name: &'s str, value: &'s Value, outer: Option<&'s Self>) -> Self {
        Self { name, value, outer }
    }

    /// The value that a name is bound to.
    fn get(&self, name: &str) -> Option<&'s Value> {
        let mut names = Some(self);
        while let Some(bound) = names {
            if bound.name == name {
                return Some(bound.value);
            }
            names = bound.outer;
        }
        None
    }
}

impl<'s> Scope<'s> {
    pub(crate) fn new(resolver: &'s dyn Resolver, file: &'s Arc<str>) -> Self {
        Self { resolver, file, names: None, given: None, iterators: None, item: None, depth: 0 }
    }

    /// This scope with one more name.
    fn bind<'t>(&self, names: &'t Names<'t>) -> Scope<'t>
    where
        's: 't,
    {
        Scope { names: Some(names), ..*self }
    }

    /// This scope for an expression of another file.
    pub(crate) fn within(&self, file: &'s Arc<str>) -> Self {
        Self { file, ..*self }
    }

    pub(crate) fn iterators(&self) -> Option<&'s Names<'s>> {
        self.iterators
    }

    /// This scope within the content of a `dynamic` block.
    pub(crate) fn with_iterator<'t>(&self, iterator: &'t Names<'t>) -> Scope<'t>
    where
        's: 't,
    {
        Scope { iterators: Some(iterator), ..*self }
    }

    fn span(&self, at: At) -> Span {
        at.span(self.file)
    }

    fn fail(&self, at: At, summary: &str, detail: impl Into<String>) -> Fail {
        Box::new(Diagnostic::error(summary, detail).at(Some(self.span(at))))
    }

    /// The value of an expression.
    pub(crate) fn eval(&self, expr: &'s Expr) -> Evaluated<Shared<'s>> {
        match &expr.kind {
            Kind::Literal(value) => Ok(Cow::Borrowed(value)),
            Kind::Paren(inner) => self.eval(inner),
            Kind::Template(parts) => self.template(parts).map(Cow::Owned),
            Kind::Tuple(elements) => self.tuple(elements).map(Cow::Owned),
            Kind::Object(items) => self.object(items).map(Cow::Owned),
            Kind::For(each) => self.for_expression(each).map(Cow::Owned),
            Kind::Variable(name) => self.variable(name, expr.at),
            Kind::Ref(target) => self.reference(target, expr.at),
            Kind::Attr(source, name) => self.attr(source, name, expr.at),
            Kind::Index(pair) => self.index(&pair.0, &pair.1, expr.at),
            Kind::Splat(splat) => self.splat(splat).map(Cow::Owned),
            Kind::Item => Ok(self.item.map_or(Cow::Owned(Value::UNKNOWN), Cow::Borrowed)),
            Kind::Call(call) => self.call(call, expr.at),
            Kind::Not(operand) => self.not(operand).map(Cow::Owned),
            Kind::Negate(operand) => self.negate(operand).map(Cow::Owned),
            Kind::Binary(operator, pair) => self.binary(*operator, &pair.0, &pair.1, expr.at).map(Cow::Owned),
            Kind::Conditional(three) => self.conditional(&three.0, &three.1, &three.2, expr.at),
        }
    }

    fn reference(&self, target: &Target, at: At) -> Evaluated<Shared<'s>> {
        if let Some(iterators) = self.iterators {
            match target {
                Target::Block(key) if key.mode == Mode::Managed => {
                    if let Some(part) = iterators.get(&key.ty).and_then(|element| element.get(&key.name)) {
                        return Ok(Cow::Borrowed(part));
                    }
                }
                Target::Bare(name) => {
                    if let Some(element) = iterators.get(name) {
                        return Ok(Cow::Borrowed(element));
                    }
                }
                _ => {}
            }
        }
        self.resolver.resolve(target, self.span(at))
    }

    fn variable(&self, name: &str, at: At) -> Evaluated<Shared<'s>> {
        if let Some(value) = self.names.and_then(|names| names.get(name)) {
            return Ok(Cow::Borrowed(value));
        }
        if let Some(value) = self.given.and_then(|given| given.get(name)) {
            return Ok(Cow::Borrowed(value));
        }
        let known = self.given.into_iter().flat_map(BTreeMap::keys).map(String::as_str);
        let hint = nearest(name, known).map_or_else(String::new, |n| format!(" Did you mean `{n}`?"));
        let detail = format!("This template is given no variable `{name}`.{hint}");
        Err(self.fail(at, "unknown variable", detail))
    }

    fn tuple(&self, elements: &'s [Expr]) -> Evaluated<Value> {
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            values.push(self.eval(element)?.into_owned());
        }
        Ok(Value::Tuple(values))
    }

    fn object(&self, items: &'s [(Expr, Expr)]) -> Evaluated<Value> {
        let mut attributes = BTreeMap::new();
        let mut marked = false;
        let mut unknown = false;
        for (key, value) in items {
            if let Kind::Attr(..) | Kind::Ref(_) | Kind::Index(_) = key.kind {
                let detail = "A key that is computed is written in parentheses: `(var.name) = …`.";
                return Err(self.fail(key.at, "ambiguous key", detail));
            }
            let name = self.eval(key)?;
            let value = self.eval(value)?;
            marked |= matches!(name.as_ref(), Value::Sensitive(_));
            match Type::String.convert(&name) {
                Ok(name) if name.is_null() => {
                    return Err(self.fail(key.at, "null key", "The key of an object cannot be null."));
                }
                Ok(name) if name.is_unknown() => unknown = true,
                Ok(name) => {
                    attributes.insert(name.to_text().unwrap_or_default(), value.into_owned());
                }
                Err(_) => {
                    let detail = format!("The key of an object is a string, not {}.", article(&name));
                    return Err(self.fail(key.at, "wrong type", detail));
                }
            }
        }
        Ok(if unknown { Value::UNKNOWN } else { Value::Object(attributes) }.marked(marked))
    }
}

/// The type of a value for a message: `a list`, `an object`.
pub(crate) fn article(value: &Value) -> String {
    let name = value.type_name();
    match name {
        "null" => "null".to_owned(),
        "object" | "unknown value" => format!("an {name}"),
        _ => format!("a {name}"),
    }
}
