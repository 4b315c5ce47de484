//! The instances that `count` and `for_each` make.

use stackr_core::{Address, Diagnostic, Expansion, Key, ModulePath, ModuleStep, Span, Type, Value};

use crate::{
    config::By,
    eval::{Evaluated, article},
    session::Session,
    tree::SymbolKind,
};

/// The most instances that one block may have: a number beyond it is a mistake.
const MAX_COUNT: i64 = 100_000;

/// The instances of a block or module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instances {
    /// Neither `count` nor `for_each`: one without a key.
    Single,
    Count(u64),
    Each(Vec<String>),
    Unknown,
}

impl Instances {
    pub(crate) fn keys(&self) -> Option<Vec<Option<Key>>> {
        match self {
            Self::Single => Some(vec![None]),
            Self::Count(count) => Some((0..*count).map(|i| Some(Key::Index(i))).collect()),
            Self::Each(keys) => Some(keys.iter().map(|k| Some(Key::Name(k.clone()))).collect()),
            Self::Unknown => None,
        }
    }

    /// ` It has: "a", "b".`
    pub(crate) fn listed(&self) -> String {
        match self {
            Self::Single => " It has neither `count` nor `for_each`.".to_owned(),
            Self::Count(count) => format!(" Its `count` is {count}."),
            Self::Each(keys) => {
                let some: Vec<_> = keys.iter().take(20).map(|k| format!("\"{k}\"")).collect();
                format!(" It has: {}.", some.join(", "))
            }
            Self::Unknown => String::new(),
        }
    }
}

/// The key that a value is, if there is an instance of it.
pub(crate) fn key_of(value: &Value, instances: &Instances) -> Option<Key> {
    match instances {
        Instances::Count(count) => {
            let Ok(Value::Number(number)) = Type::Number.convert(value) else { return None };
            let index = u64::try_from(number.as_i64()?).ok()?;
            (index < *count).then_some(Key::Index(index))
        }
        Instances::Each(keys) => {
            let name = value.to_text()?;
            keys.contains(&name).then_some(Key::Name(name))
        }
        Instances::Single | Instances::Unknown => None,
    }
}

impl Session<'_> {
    /// The instances that a symbol of `count` or `for_each` makes.
    pub(crate) fn instances(&self, frame: usize, repeat: Option<usize>) -> Evaluated<Instances> {
        let Some(symbol) = repeat else { return Ok(Instances::Single) };
        let value = self.symbol(frame, symbol)?;
        let SymbolKind::Repeat(repeat) = &self.stack.tree.symbols[symbol].kind else {
            return Ok(Instances::Single);
        };
        let span = repeat.value.span();
        match repeat.by {
            By::Count => count(value, span),
            By::ForEach => for_each(value, span),
        }
    }

    /// The instances of a module, with their paths; `None` if it is not known which there are.
    pub(crate) fn frames_of(&self, module: usize) -> Evaluated<Option<Vec<(usize, ModulePath)>>> {
        let tree = &self.stack.tree;
        let mut frames = vec![(0, ModulePath::default())];
        for name in &tree.modules[module].names {
            let mut inner = Vec::new();
            for (frame, path) in frames {
                let module = self.frame(frame).module;
                let repeat = tree.modules[module].children.get(name).and_then(|c| c.repeat);
                let Some(keys) = self.instances(frame, repeat)?.keys() else { return Ok(None) };
                for key in keys {
                    let Some(child) = self.child(frame, name, key.as_ref()) else { continue };
                    let mut path = path.clone();
                    path.0.push(ModuleStep { name: name.clone(), key });
                    inner.push((child, path));
                }
            }
            frames = inner;
        }
        Ok(Some(frames))
    }

    /// The addresses of a block's instances, in all instances of the modules around it.
    pub(crate) fn expansion(&self, block: usize) -> Evaluated<Expansion> {
        let declared = &self.stack.tree.blocks[block];
        let Some(frames) = self.frames_of(declared.module)? else { return Ok(Expansion::Unknown) };
        let mut addresses = Vec::new();
        for (frame, module) in frames {
            let Some(keys) = self.instances(frame, declared.repeat)?.keys() else {
                return Ok(Expansion::Unknown);
            };
            let block = &declared.resource.key;
            addresses.extend(keys.into_iter().map(|key| Address {
                module: module.clone(),
                block: block.clone(),
                key,
            }));
        }
        Ok(Expansion::Known(addresses))
    }
}

fn fail<T>(span: Span, summary: &str, detail: impl Into<String>) -> Evaluated<T> {
    Err(Box::new(Diagnostic::error(summary, detail).at(Some(span))))
}

fn count(value: &Value, span: Span) -> Evaluated<Instances> {
    if matches!(value, Value::Sensitive(_)) {
        let detail =
            "The number of instances would show the sensitive value. Use `nonsensitive` if it may be seen.";
        return fail(span, "sensitive count", detail);
    }
    match Type::Number.convert(value) {
        Ok(Value::Number(number)) => match number.as_i64() {
            Some(count @ 0..=MAX_COUNT) => Ok(Instances::Count(count.unsigned_abs())),
            _ => {
                let detail = format!("`count` is a whole number from 0 to {MAX_COUNT}, not {number}.");
                fail(span, "wrong count", detail)
            }
        },
        Ok(Value::Unknown(_)) => Ok(Instances::Unknown),
        Ok(_) => fail(span, "wrong count", "`count` is a whole number, but this is null."),
        Err(_) => fail(span, "wrong count", format!("`count` is a whole number, not {}.", article(value))),
    }
}

fn for_each(value: &Value, span: Span) -> Evaluated<Instances> {
    match value {
        Value::Sensitive(_) => {
            let detail = "The keys of the instances would show the sensitive value. Use `nonsensitive` if they may be seen.";
            fail(span, "sensitive for_each", detail)
        }
        Value::Unknown(Type::Any | Type::Map(_) | Type::Object(_) | Type::Set(_)) => Ok(Instances::Unknown),
        Value::Map(elements) | Value::Object(elements) => {
            Ok(Instances::Each(elements.keys().cloned().collect()))
        }
        Value::Set(elements) => {
            let mut keys = Vec::new();
            for element in elements {
                match element {
                    Value::String(key) => keys.push(key.clone()),
                    Value::Unknown(Type::Any | Type::String | Type::Sealed(_)) => {
                        return Ok(Instances::Unknown);
                    }
                    Value::Null => return fail(span, "wrong for_each", "A key in this set is null."),
                    other => {
                        let detail = format!(
                            "The elements of this set are keys, so they are strings, not {}.",
                            article(other)
                        );
                        return fail(span, "wrong for_each", detail);
                    }
                }
            }
            Ok(Instances::Each(keys))
        }
        Value::Null => fail(
            span,
            "wrong for_each",
            "`for_each` is a map or a set of strings, but this is null. For none, use `{}`.",
        ),
        other => {
            let hint = if matches!(
                other,
                Value::List(_) | Value::Tuple(_) | Value::Unknown(Type::List(_) | Type::Tuple(_))
            ) {
                " Use `toset(…)`."
            } else {
                ""
            };
            let what = if let Value::Unknown(ty) = other { format!("a {ty}") } else { article(other) };
            fail(
                span,
                "wrong for_each",
                format!("`for_each` is a map or a set of strings, not {what}.{hint}"),
            )
        }
    }
}
