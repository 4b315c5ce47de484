//! What is inside a value: attributes, elements, and the splats over them.

use std::borrow::Cow;

use stackr_core::{Type, Value};

use super::{Evaluated, Scope, Shared, article};
use crate::syntax::{At, Expr, Kind, Splat, Target};

/// Something inside a value: a part of it, or an unknown that stands for it.
enum Found<'v> {
    Part(&'v Value),
    Unknown(Type),
}

/// Why something is not inside a value.
struct Missing {
    summary: &'static str,
    detail: String,
}

impl Missing {
    /// The same without what was asked for and what there is: one of them is sensitive.
    fn hidden(self) -> Self {
        let detail =
            "What is asked for is not there. The names are not shown, because one of them is sensitive.";
        let kept = matches!(self.summary, "wrong type");
        if kept { self } else { Self { summary: self.summary, detail: detail.to_owned() } }
    }
}

fn missing<T>(summary: &'static str, detail: impl Into<String>) -> Result<T, Missing> {
    Err(Missing { summary, detail: detail.into() })
}

impl<'s> Scope<'s> {
    /// `source.name`.
    pub(super) fn attr(&self, source: &'s Expr, name: &str, at: At) -> Evaluated<Shared<'s>> {
        if let Some((module, key)) = module_instance(source) {
            let key = key.map(|k| self.eval(k)).transpose()?;
            let output = self.resolver.output(module, key.as_deref(), name, self.span(at))?;
            let marked = key.is_some_and(|k| matches!(*k, Value::Sensitive(_)));
            return Ok(if marked { Cow::Owned(output.into_owned().sensitive()) } else { output });
        }
        let value = self.eval(source)?;
        match part(value, |v| find_attr(v, name)) {
            Ok(found) => Ok(found),
            Err(why) => {
                let name_at =
                    At { start: at.end.saturating_sub(u32::try_from(name.len()).unwrap_or(0)), ..at };
                Err(self.fail(name_at, why.summary, self.explain(source, name, why.detail)))
            }
        }
    }

    /// The detail of a missing attribute, in the words of the block that it is missing in.
    fn explain(&self, source: &Expr, name: &str, detail: String) -> String {
        let (block, indexed) = match &source.kind {
            Kind::Index(pair) => (&pair.0, true),
            _ => (source, false),
        };
        let Kind::Ref(target) = &block.kind else { return detail };
        let Target::Block(key) = &**target else { return detail };
        match self.resolver.repeated_by(key) {
            Some(by @ "count") if !indexed => {
                format!(
                    "`{key}` has `{by}`: say which instance, `{key}[0].{name}`, or all of them, `{key}[*].{name}`."
                )
            }
            Some(by) if !indexed => {
                format!(
                    "`{key}` has `{by}`: say which instance, `{key}[\"…\"].{name}`, or use a `for` over all of them."
                )
            }
            _ => detail.replacen("This object", &format!("`{}`", key.ty), 1),
        }
    }

    /// `source[key]`.
    pub(super) fn index(&self, source: &'s Expr, key: &'s Expr, at: At) -> Evaluated<Shared<'s>> {
        let index = self.eval(key)?;
        let marked = matches!(*index, Value::Sensitive(_));
        if let Kind::Ref(target) = &source.kind
            && let Target::Block(block) = &**target
            && let Some(value) = self.resolver.instance(block, index.peel())
        {
            return Ok(Cow::Owned(value.marked(marked)));
        }
        let value = self.eval(source)?;
        match part(value, |v| find_element(v, &index)) {
            Ok(found) if marked => Ok(Cow::Owned(found.into_owned().sensitive())),
            Ok(found) => Ok(found),
            Err(why) => {
                let why = if marked { why.hidden() } else { why };
                let at = if why.summary == "wrong type" {
                    source.at.to(at)
                } else {
                    At { start: key.at.start, ..key.at }
                };
                Err(self.fail(at, why.summary, why.detail))
            }
        }
    }

    /// `source[*]…`: what follows, for each element; of a single value, a tuple of one; of null, none.
    pub(super) fn splat(&self, splat: &'s Splat) -> Evaluated<Value> {
        let source = self.eval(&splat.source)?;
        let marked = matches!(*source, Value::Sensitive(_));
        let each = |item: &Value| -> Evaluated<Value> {
            let scope = Scope { item: Some(item), ..*self };
            scope.eval(&splat.each).map(Cow::into_owned)
        };
        let all = |elements: &[Value]| elements.iter().map(each).collect::<Evaluated<Vec<_>>>();
        let result = match source.peel() {
            Value::Null => Value::Tuple(Vec::new()),
            Value::List(elements) | Value::Set(elements) => Value::List(all(elements)?),
            Value::Tuple(elements) => Value::Tuple(all(elements)?),
            Value::Unknown(Type::Tuple(types)) => {
                let unknown: Vec<_> = types.iter().cloned().map(Value::Unknown).collect();
                Value::Tuple(all(&unknown)?)
            }
            Value::Unknown(Type::List(ty) | Type::Set(ty)) => {
                let element = each(&Value::Unknown((**ty).clone()))?;
                Value::Unknown(Type::List(Box::new(element.type_of())))
            }
            Value::Unknown(_) => Value::UNKNOWN,
            single => Value::Tuple(vec![each(single)?]),
        };
        Ok(result.marked(marked))
    }
}

/// `module.name` or `module.name[key]`.
fn module_instance(source: &Expr) -> Option<(&str, Option<&Expr>)> {
    let (reference, key) = match &source.kind {
        Kind::Index(pair) => (&pair.0, Some(&pair.1)),
        _ => (source, None),
    };
    match &reference.kind {
        Kind::Ref(target) => match &**target {
            Target::Module(name) => Some((name, key)),
            _ => None,
        },
        _ => None,
    }
}

/// A part of a value: borrowed where the value is, marked where the value is.
fn part<'s>(
    value: Shared<'s>,
    find: impl for<'v> Fn(&'v Value) -> Result<Found<'v>, Missing>,
) -> Result<Shared<'s>, Missing> {
    let marked = matches!(*value, Value::Sensitive(_));
    let hidden = |why: Missing| if marked { why.hidden() } else { why };
    match value {
        Cow::Borrowed(value) => match find(value.peel()).map_err(hidden)? {
            Found::Part(part) if !marked => Ok(Cow::Borrowed(part)),
            Found::Part(part) => Ok(Cow::Owned(part.clone().sensitive())),
            Found::Unknown(ty) => Ok(Cow::Owned(Value::Unknown(ty).marked(marked))),
        },
        Cow::Owned(value) => match find(value.peel()).map_err(hidden)? {
            Found::Part(part) => Ok(Cow::Owned(part.clone().marked(marked))),
            Found::Unknown(ty) => Ok(Cow::Owned(Value::Unknown(ty).marked(marked))),
        },
    }
}

fn find_attr<'v>(value: &'v Value, name: &str) -> Result<Found<'v>, Missing> {
    match value {
        Value::Object(attributes) => attributes.get(name).map(Found::Part).ok_or_else(|| Missing {
            summary: "unknown attribute",
            detail: format!(
                "This object has no attribute `{name}`.{}",
                alternatives(name, attributes.keys().map(String::as_str))
            ),
        }),
        Value::Map(elements) => elements.get(name).map(Found::Part).ok_or_else(|| Missing {
            summary: "missing key",
            detail: format!(
                "This map has no key `{name}`.{}",
                alternatives(name, elements.keys().map(String::as_str))
            ),
        }),
        Value::Unknown(Type::Any) => Ok(Found::Unknown(Type::Any)),
        Value::Unknown(Type::Map(ty)) => Ok(Found::Unknown((**ty).clone())),
        Value::Unknown(Type::Object(fields)) => match fields.get(name) {
            Some(field) => Ok(Found::Unknown(field.ty.clone())),
            None => missing(
                "unknown attribute",
                format!(
                    "This object has no attribute `{name}`.{}",
                    alternatives(name, fields.keys().map(String::as_str))
                ),
            ),
        },
        Value::Null => missing("null value", format!("This value is null, so it has no attribute `{name}`.")),
        Value::List(_) | Value::Tuple(_) | Value::Unknown(Type::List(_) | Type::Tuple(_)) => missing(
            "wrong type",
            format!(
                "A list has no attribute `{name}`. Say which element, `[0].{name}`, or all, `[*].{name}`."
            ),
        ),
        Value::Set(_) | Value::Unknown(Type::Set(_)) => missing(
            "wrong type",
            format!("A set has no attribute `{name}`. Use `[*].{name}` or a `for` over its elements."),
        ),
        other => missing("wrong type", format!("{} has no attributes.", capital(&article(other)))),
    }
}

fn find_element<'v>(value: &'v Value, key: &Value) -> Result<Found<'v>, Missing> {
    let key = key.peel();
    match (value, key) {
        (Value::Null, _) => missing("null value", "This value is null, so it has no elements."),
        (_, Value::Null) => missing("null index", "An index cannot be null."),
        (Value::Set(_) | Value::Unknown(Type::Set(_)), _) => missing(
            "wrong type",
            "The elements of a set have no positions or keys. Use `tolist` or a `for` over its elements.",
        ),
        (Value::Unknown(ty), _) => Ok(Found::Unknown(match ty {
            Type::List(ty) | Type::Map(ty) => (**ty).clone(),
            Type::Object(fields) => {
                key.as_str().and_then(|k| fields.get(k)).map_or(Type::Any, |f| f.ty.clone())
            }
            _ => Type::Any,
        })),
        (Value::List(elements), Value::Unknown(_)) => {
            Ok(Found::Unknown(elements.first().map_or(Type::Any, Value::type_of)))
        }
        (Value::Map(elements), Value::Unknown(_)) => {
            Ok(Found::Unknown(elements.values().next().map_or(Type::Any, Value::type_of)))
        }
        (Value::Tuple(_) | Value::Object(_), Value::Unknown(_)) => Ok(Found::Unknown(Type::Any)),
        (Value::List(elements) | Value::Tuple(elements), key) => {
            let Ok(Value::Number(number)) = Type::Number.convert(key) else {
                let detail = format!("The index of a list is a whole number, not {}.", article(key));
                return missing("wrong index", detail);
            };
            if !number.decimal().is_integer() {
                return missing(
                    "wrong index",
                    format!("The index of a list is a whole number, not {number}."),
                );
            }
            let index = number.as_i64().and_then(|i| usize::try_from(i).ok());
            match index.and_then(|i| elements.get(i)) {
                Some(element) => Ok(Found::Part(element)),
                None if elements.is_empty() => {
                    missing("index out of range", format!("There is no element {number}: the list is empty."))
                }
                None => {
                    let last = elements.len() - 1;
                    missing(
                        "index out of range",
                        format!("There is no element {number}: the last one is {last}."),
                    )
                }
            }
        }
        (Value::Map(elements) | Value::Object(elements), key) => {
            let Some(name) = key.to_text() else {
                let detail = format!("The key of a map is a string, not {}.", article(key));
                return missing("wrong index", detail);
            };
            elements.get(&name).map(Found::Part).ok_or_else(|| Missing {
                summary: "missing key",
                detail: format!(
                    "There is no element with the key \"{name}\".{}",
                    alternatives(&name, elements.keys().map(String::as_str))
                ),
            })
        }
        (other, _) => missing("wrong type", format!("{} has no elements.", capital(&article(other)))),
    }
}

/// ` Did you mean `x`? There are: a, b, x.`, with a bound on its length.
fn alternatives<'n>(name: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    let mut text = String::new();
    if let Some(near) = nearest(name, names.clone()) {
        text = format!(" Did you mean `{near}`?");
    }
    let all: Vec<_> = names.collect();
    match all.len() {
        0 => text + " It is empty.",
        1..=40 => format!("{text} It has: {}.", all.join(", ")),
        more => format!("{text} It has {}, … ({more} in all).", all[..40].join(", ")),
    }
}

/// The name that was probably meant: the one with the fewest letters different, if those are few.
pub(crate) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let limit = match name.chars().count() {
        0..3 => return None,
        length => length / 3,
    };
    let near = names.filter(|n| *n != name && n.len().abs_diff(name.len()) <= limit);
    near.map(|n| (distance(name, n), n)).filter(|(d, _)| *d <= limit).min().map(|(_, n)| n)
}

/// How many letters must be changed, added, removed or swapped with a neighbour to turn one into the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
