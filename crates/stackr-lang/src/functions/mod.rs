//! The built-in functions of the language.
//!
//! Facts that shape this directory:
//! - every function is one row of its family's table: names and types of its parameters, what it returns and
//!   how much it wants to see of unknown and sensitive values. The wrapper here does the rest, so that a body
//!   works on plain values;
//! - `try` and `can` are not here: they need their arguments unevaluated;
//! - a number from a stack is never trusted as a size: what a body makes of it is bounded by [`LIMIT`].

mod call;
mod cidr;
mod collection;
mod convert;
mod csv;
mod date;
mod encoding;
mod file;
mod format;
mod hash;
mod mapping;
mod network;
mod numeric;
mod pattern;
mod sets;
mod shape;
mod string;
mod time;
mod verb;
mod yaml;
mod yaml_write;

pub(crate) use date::duration;
use std::{collections::BTreeMap, sync::LazyLock};

use stackr_core::{Type, Value};

use crate::loader::Loader;
use call::Call;

/// How many bytes or elements a function may make out of a number that a stack gave it. More is a mistake
/// in the
/// stack: the largest argument AWS takes is three orders of magnitude smaller.
const LIMIT: usize = 16 << 20;

/// Renders a template text with the file name for its errors and the variables it may use.
pub(crate) type Template<'a> =
    dyn Fn(&str, &str, BTreeMap<String, Value>) -> Result<Value, FunctionError> + 'a;

/// What functions need to know besides their arguments.
pub(crate) struct Functions<'a> {
    /// Where files come from.
    pub(crate) loader: &'a dyn Loader,
    /// The directory that relative paths start from.
    pub(crate) dir: &'a str,
    /// When this plan is made; without it `plantimestamp` is unknown.
    pub(crate) plan_time: Option<jiff::Timestamp>,
    /// What an apply knows and a plan does not.
    pub(crate) now: Option<crate::eval::Now<'a>>,
    /// Renders the templates of `templatefile` and `templatestring`.
    pub(crate) template: &'a Template<'a>,
}

/// A call that failed: the whole sentence for the reader, and the argument it is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct FunctionError {
    /// What is wrong, as a sentence.
    pub(crate) message: String,
    /// The position of the argument to blame.
    pub(crate) arg: Option<usize>,
}

/// The type of a parameter or result, in a form that tables can hold.
#[derive(Clone, Copy)]
enum Kind {
    Any,
    Bool,
    Number,
    String,
    List(&'static Kind),
    Set(&'static Kind),
    Map(&'static Kind),
}

impl Kind {
    fn ty(self) -> Type {
        match self {
            Self::Any => Type::Any,
            Self::Bool => Type::Bool,
            Self::Number => Type::Number,
            Self::String => Type::String,
            Self::List(e) => e.ty().list(),
            Self::Set(e) => e.ty().set(),
            Self::Map(e) => e.ty().map(),
        }
    }
}

/// How much of unknown and sensitive arguments a body wants to see.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sees {
    /// Wholly known values without any mark. Otherwise the result is unknown, or marked.
    Plain,
    /// Known values that may have unknown and marked parts; the marks of the arguments themselves go to
    /// the result.
    Parts,
    /// Everything as it is.
    All,
}

struct Param {
    name: &'static str,
    kind: Kind,
    null: bool,
}

impl Param {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, null: false }
    }

    const fn any(name: &'static str) -> Self {
        Self::new(name, Kind::Any)
    }

    const fn number(name: &'static str) -> Self {
        Self::new(name, Kind::Number)
    }

    const fn string(name: &'static str) -> Self {
        Self::new(name, Kind::String)
    }

    const fn list(name: &'static str) -> Self {
        Self::new(name, Kind::List(&Kind::Any))
    }

    const fn or_null(self) -> Self {
        Self { null: true, ..self }
    }
}

type Body = fn(&Call<'_>) -> Result<Value, FunctionError>;

struct Function {
    name: &'static str,
    params: &'static [Param],
    rest: Option<Param>,
    returns: Kind,
    sees: Sees,
    shape: Option<Shape>,
    body: Body,
}

/// The type of an unknown result by the types of the arguments, where it says more than the table.
type Shape = fn(&[Type]) -> Option<Type>;

impl Function {
    const fn new(name: &'static str, params: &'static [Param], returns: Kind, body: Body) -> Self {
        Self { name, params, rest: None, returns, sees: Sees::Plain, shape: None, body }
    }

    const fn rest(self, param: Param) -> Self {
        Self { rest: Some(param), ..self }
    }

    const fn sees(self, sees: Sees) -> Self {
        Self { sees, ..self }
    }

    const fn shape(self, shape: Shape) -> Self {
        Self { shape: Some(shape), ..self }
    }

    fn param(&self, index: usize) -> Option<&Param> {
        self.params.get(index).or(self.rest.as_ref())
    }

    fn check_count(&self, given: usize) -> Result<(), FunctionError> {
        let (name, wanted) = (self.name, self.params.len());
        let least = if self.rest.is_some() { "at least " } else { "" };
        let message = if let Some(missing) = self.params.get(given) {
            let missing = missing.name;
            format!("Function {name:?} expects {least}{wanted} argument(s). Missing value for {missing:?}.")
        } else if given > wanted && self.rest.is_none() {
            format!("Function {name:?} expects only {wanted} argument(s).")
        } else {
            return Ok(());
        };
        Err(FunctionError { message, arg: None })
    }

    /// The message of a body, as the sentence that names the function or the parameter.
    fn explain(&self, error: FunctionError) -> FunctionError {
        let FunctionError { message, arg } = error;
        let message = match arg.and_then(|i| self.param(i)) {
            Some(param) => format!("Invalid value for {:?} parameter: {message}.", param.name),
            None => format!("Call to function {:?} failed: {message}.", self.name),
        };
        FunctionError { message, arg }
    }

    /// The arguments with their declared types.
    fn convert(&self, args: Vec<Value>) -> Result<Vec<Value>, FunctionError> {
        let one = |(i, value): (usize, Value)| {
            let Some(param) = self.param(i) else { return Ok(value) };
            if value.is_null() && !param.null {
                return Err(call::bad(i, "argument must not be null"));
            }
            match param.kind {
                Kind::Any => Ok(value),
                kind => kind.ty().convert(&value).map_err(|e| call::bad(i, e.message)),
            }
        };
        args.into_iter().enumerate().map(one).collect()
    }

    fn call(&self, ctx: &Functions<'_>, args: Vec<Value>) -> Result<Value, FunctionError> {
        self.check_count(args.len())?;
        let run = |args, secret: bool| {
            let result =
                (self.body)(&Call { ctx, args }).map_err(|e| if secret { discreet(&e) } else { e })?;
            Ok(if is_normal(&result) { result } else { normal(result) })
        };
        let unknown = |args: &[Value]| {
            let types: Vec<_> = args.iter().map(Value::type_of).collect();
            let shape = self.shape.and_then(|shape| shape(&types));
            Value::Unknown(shape.unwrap_or_else(|| self.returns.ty()))
        };
        let result = self.convert(args).and_then(|args| match self.sees {
            Sees::All => run(args, false),
            Sees::Parts => {
                let marked = args.iter().any(|v| matches!(v, Value::Sensitive(_)));
                let args: Vec<_> = args.into_iter().map(|v| v.unmark().0).collect();
                let waits = args.iter().any(|v| matches!(v, Value::Unknown(_)));
                Ok(if waits { unknown(&args) } else { run(args, marked)? }.marked(marked))
            }
            Sees::Plain => {
                let marked = args.iter().any(Value::has_sensitive);
                let waits = !args.iter().all(Value::is_wholly_known);
                if waits {
                    return Ok(unknown(&args).marked(marked));
                }
                let plain = if marked { args.into_iter().map(Value::unmark_deep).collect() } else { args };
                Ok(run(plain, marked)?.marked(marked))
            }
        });
        result.map_err(|error| self.explain(error))
    }
}

/// The error without its reason, which may quote a part of a sensitive argument.
fn discreet(error: &FunctionError) -> FunctionError {
    let message = "an argument is sensitive, so the reason is not shown".to_owned();
    FunctionError { message, arg: error.arg }
}

fn is_normal(value: &Value) -> bool {
    use unicode_normalization::{IsNormalized, is_nfc_quick};
    match value {
        Value::String(text) => text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes,
        other => other.children().all(is_normal),
    }
}

/// The value with its texts in Unicode's composed form, as every text of the language is.
fn normal(value: Value) -> Value {
    use unicode_normalization::UnicodeNormalization as _;
    match value {
        Value::String(text) => Value::String(text.nfc().collect()),
        other => other.map_children(normal),
    }
}

static TABLE: LazyLock<BTreeMap<&'static str, &'static Function>> = LazyLock::new(|| {
    let families = [
        numeric::FUNCTIONS,
        string::FUNCTIONS,
        pattern::FUNCTIONS,
        format::FUNCTIONS,
        collection::FUNCTIONS,
        mapping::FUNCTIONS,
        sets::FUNCTIONS,
        encoding::FUNCTIONS,
        file::FUNCTIONS,
        time::FUNCTIONS,
        hash::FUNCTIONS,
        network::FUNCTIONS,
        convert::FUNCTIONS,
    ];
    families.into_iter().flatten().map(|function| (function.name, function)).collect()
});

/// Calls a function.
///
/// # Errors
/// There is no such function, or it refuses its arguments. The message is a whole sentence.
pub(crate) fn call(ctx: &Functions<'_>, name: &str, args: Vec<Value>) -> Result<Value, FunctionError> {
    let plain = name.strip_prefix("core::").unwrap_or(name);
    match TABLE.get(plain) {
        Some(function) => function.call(ctx, args),
        None => Err(FunctionError { message: refusal(name), arg: None }),
    }
}

fn refusal(name: &str) -> String {
    match name {
        "list" => "Function \"list\" was removed from the language; write tolist([ ... ]) \
             instead."
            .to_owned(),
        "map" => "Function \"map\" was removed from the language; write tomap({ ... }) instead.".to_owned(),
        "defaults" => "Function \"defaults\" was removed from the language; write optional(type, default) \
                 in the type instead."
            .to_owned(),
        _ if name.starts_with("provider::") => {
            format!("Functions of providers are not supported: {name:?}.")
        }
        _ => format!("There is no function named {name:?}."),
    }
}

/// Whether there is a function of this name.
#[must_use]
pub(crate) fn exists(name: &str) -> bool {
    TABLE.contains_key(name.strip_prefix("core::").unwrap_or(name))
}

/// The names of all functions, sorted.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.keys().copied()
}

#[cfg(test)]
mod tests;
