//! Conversion: a value made to fit a type constraint, as the language does for every argument.
//!
//! Facts that shape this file:
//! - null of any type passes; whoever needs a value says so himself;
//! - an unknown value is converted by its type alone, so an impossible conversion is found while planning;
//! - a set has no place to keep the marks of its elements: they move to the set;
//! - two unknown elements of a set are two elements, though they look alike.

use std::collections::BTreeMap;

use super::{ConvertError, ObjectField, Type};
use crate::{Number, Value};

type Result<T = Value> = std::result::Result<T, ConvertError>;

impl Type {
    /// The value as this type, with its marks.
    ///
    /// # Errors
    /// The value, or a part of it, cannot become this type; the message names the part.
    pub fn convert(&self, value: &Value) -> Result {
        match (self, value) {
            (Self::Any, value) => Ok(value.clone()),
            (_, Value::Sensitive(inner)) => Ok(self.convert(inner)?.sensitive()),
            (_, Value::Null) => Ok(Value::Null),
            (_, Value::Unknown(from)) => Ok(Value::Unknown(self.unknown_of(from)?)),
            (Self::Bool, _) => to_bool(value),
            (Self::Number, _) => to_number(value),
            (Self::String, _) => value.to_text().map(Value::String).ok_or_else(|| self.mismatch(value)),
            (Self::List(ty), Value::List(e) | Value::Tuple(e) | Value::Set(e)) => {
                Ok(Value::List(each(ty, e).map_err(|e| self.uneven(e))?))
            }
            (Self::Set(ty), Value::List(e) | Value::Tuple(e) | Value::Set(e)) => {
                Ok(to_set(each(ty, e).map_err(|e| self.uneven(e))?))
            }
            (Self::Map(ty), Value::Map(m) | Value::Object(m)) => {
                Ok(Value::Map(each_named(ty, m).map_err(|e| self.uneven(e))?))
            }
            (Self::Tuple(types), Value::Tuple(e)) => to_tuple(types, e),
            (Self::Object(fields), Value::Object(m) | Value::Map(m)) => to_object(fields, m),
            _ => Err(self.mismatch(value)),
        }
    }

    /// The type that an unknown value of type `from` has as a `self`.
    fn unknown_of(&self, from: &Self) -> Result<Self> {
        let required = || ConvertError::new(format!("{} required", self.wanted()));
        match (self, from) {
            (Self::Any, from) => Ok(from.clone()),
            (wanted, Self::Any) => Ok(wanted.clone()),
            // Text stays the same text; what else is made of it is not it.
            (Self::String, Self::Sealed(_)) => Ok(from.clone()),
            (wanted, Self::Sealed(_)) => wanted.unknown_of(&Self::String),
            (Self::String, Self::Bool | Self::Number) => Ok(Self::String),
            (Self::Bool | Self::Number, Self::String) => Ok(self.clone()),
            (Self::List(ty), Self::List(e) | Self::Set(e)) => Ok(ty.unknown_of(e)?.list()),
            (Self::Set(ty), Self::List(e) | Self::Set(e)) => Ok(ty.unknown_of(e)?.set()),
            (Self::Map(ty), Self::Map(e)) => Ok(ty.unknown_of(e)?.map()),
            (Self::List(ty), Self::Tuple(e)) => Ok(ty.unknown_of_all(e).ok_or_else(required)??.list()),
            (Self::Set(ty), Self::Tuple(e)) => Ok(ty.unknown_of_all(e).ok_or_else(required)??.set()),
            (Self::Map(ty), Self::Object(fields)) => {
                let types: Vec<_> = fields.values().map(|f| f.ty.clone()).collect();
                Ok(ty.unknown_of_all(&types).ok_or_else(required)??.map())
            }
            (Self::Tuple(wanted), Self::Tuple(from)) if wanted.len() == from.len() => {
                Ok(Self::Tuple(wanted.iter().zip(from).map(|(w, f)| w.unknown_of(f)).collect::<Result<_>>()?))
            }
            (Self::Object(wanted), Self::Object(from)) => {
                let field = |(name, field): (&String, &ObjectField)| {
                    let ty = match from.get(name) {
                        Some(from) => field.ty.unknown_of(&from.ty).map_err(|e| e.in_attribute(name))?,
                        None if field.optional => field.ty.clone(),
                        None => return Err(missing(&[name])),
                    };
                    Ok((name.clone(), ObjectField { ty, ..field.clone() }))
                };
                Ok(Self::Object(wanted.iter().map(field).collect::<Result<_>>()?))
            }
            (Self::Object(_), Self::Map(_)) => Ok(self.clone()),
            (wanted, from) if wanted == from => Ok(wanted.clone()),
            _ => Err(required()),
        }
    }

    fn unknown_of_all(&self, from: &[Self]) -> Option<Result<Self>> {
        let unified = Self::unify(from)?;
        Some(self.unknown_of(&unified))
    }

    fn mismatch(&self, value: &Value) -> ConvertError {
        match (self, value) {
            (Self::Bool | Self::Number, Value::String(_)) => {
                ConvertError::new(format!("a {self} is required"))
            }
            (Self::Tuple(types), Value::Tuple(_)) => {
                ConvertError::new(format!("tuple of {} elements required", types.len()))
            }
            _ => ConvertError::new(format!("{} required", self.wanted())),
        }
    }

    /// What the error of an element is to its collection: without one type, the collection is to blame.
    fn uneven(&self, error: Uneven) -> ConvertError {
        match error {
            Uneven::Element(error) => error,
            Uneven::NoOneType => {
                let kind = match self {
                    Self::Set(_) => "set",
                    Self::Map(_) => "map",
                    _ => "list",
                };
                ConvertError::new(format!("all {kind} elements must have the same type"))
            }
        }
    }
}

fn to_bool(value: &Value) -> Result {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::String(text) => match text.as_str() {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            "True" | "TRUE" => {
                Err(ConvertError::new("a bool is required; to convert from string, use lowercase \"true\""))
            }
            "False" | "FALSE" => {
                Err(ConvertError::new("a bool is required; to convert from string, use lowercase \"false\""))
            }
            _ => Err(Type::Bool.mismatch(value)),
        },
        _ => Err(Type::Bool.mismatch(value)),
    }
}

fn to_number(value: &Value) -> Result {
    match value {
        Value::Number(_) => Ok(value.clone()),
        Value::String(text) => {
            parse_number(text).map(Value::Number).ok_or_else(|| Type::Number.mismatch(value))
        }
        _ => Err(Type::Number.mismatch(value)),
    }
}

/// A decimal number with an optional fraction and exponent. Exponents are limited: a number that needs a million
/// digits to be written is a mistake, and printing it would take the memory of the machine.
fn parse_number(text: &str) -> Option<Number> {
    const MAX_EXPONENT: i64 = 10_000;
    let mantissa = text.split(['e', 'E']).next()?;
    let digits = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let exponent = text.get(mantissa.len() + 1..).map_or(Some(0), |e| e.parse::<i64>().ok())?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().filter(|b| *b == b'.').count() <= 1;
    (plain && exponent.abs() <= MAX_EXPONENT).then(|| text.parse().ok()).flatten()
}

enum Uneven {
    Element(ConvertError),
    NoOneType,
}

/// The elements as values of one type, which `ty` describes: with `any` in it, the elements decide.
fn each(ty: &Type, elements: &[Value]) -> std::result::Result<Vec<Value>, Uneven> {
    let convert = |ty: &Type, elements: &[Value]| -> std::result::Result<Vec<Value>, Uneven> {
        let one = |(i, v)| ty.convert(v).map_err(|e| Uneven::Element(e.in_element(i)));
        elements.iter().enumerate().map(one).collect()
    };
    let converted = convert(ty, elements)?;
    if !ty.has_any() {
        return Ok(converted);
    }
    let unified = Type::unify_values(&converted).ok_or(Uneven::NoOneType)?;
    convert(&unified, &converted)
}

/// The same for named elements.
fn each_named(
    ty: &Type,
    elements: &BTreeMap<String, Value>,
) -> std::result::Result<BTreeMap<String, Value>, Uneven> {
    type Named = std::result::Result<BTreeMap<String, Value>, Uneven>;
    let convert = |ty: &Type, elements: &BTreeMap<String, Value>| -> Named {
        let one = |(name, v): (&String, &Value)| {
            let converted = ty.convert(v).map_err(|e| Uneven::Element(e.in_element(format!("{name:?}"))))?;
            Ok((name.clone(), converted))
        };
        elements.iter().map(one).collect()
    };
    let converted = convert(ty, elements)?;
    if !ty.has_any() {
        return Ok(converted);
    }
    let unified = Type::unify_values(converted.values()).ok_or(Uneven::NoOneType)?;
    convert(&unified, &converted)
}

/// A set of these elements; their marks become the set's.
fn to_set(elements: Vec<Value>) -> Value {
    let marked = elements.iter().any(Value::has_sensitive);
    let mut elements: Vec<_> = elements.into_iter().map(Value::unmark_deep).collect();
    elements.sort();
    elements.dedup_by(|a, b| a == b && a.is_wholly_known());
    Value::Set(elements).marked(marked)
}

fn to_tuple(types: &[Type], elements: &[Value]) -> Result {
    if types.len() != elements.len() {
        return Err(Type::Tuple(types.to_vec()).mismatch(&Value::Tuple(elements.to_vec())));
    }
    let one = |(i, (ty, v)): (usize, (&Type, &Value))| ty.convert(v).map_err(|e| e.in_element(i));
    Ok(Value::Tuple(types.iter().zip(elements).enumerate().map(one).collect::<Result<_>>()?))
}

/// The declared attributes; what the type does not have is dropped, a default stands in for what is left out or null.
fn to_object(fields: &BTreeMap<String, ObjectField>, given: &BTreeMap<String, Value>) -> Result {
    let absent: Vec<&str> = fields
        .iter()
        .filter(|(name, field)| !field.optional && !given.contains_key(*name))
        .map(|(name, _)| name.as_str())
        .collect();
    if !absent.is_empty() {
        return Err(missing(&absent));
    }
    let field = |(name, field): (&String, &ObjectField)| {
        let value = match (given.get(name), &field.default) {
            (None, Some(default)) => default,
            (Some(value), Some(default)) if value.is_null() => default,
            (Some(value), _) => value,
            (None, None) => &Value::Null,
        };
        Ok((name.clone(), field.ty.convert(value).map_err(|e| e.in_attribute(name))?))
    };
    Ok(Value::Object(fields.iter().map(field).collect::<Result<_>>()?))
}

fn missing(names: &[&str]) -> ConvertError {
    let quoted: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
    ConvertError::new(match quoted.as_slice() {
        [one] => format!("attribute {one} is required"),
        [one, two] => format!("attributes {one} and {two} are required"),
        [init @ .., last] => format!("attributes {}, and {last} are required", init.join(", ")),
        [] => "attributes are required".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(fields: &[(&str, Type)]) -> Type {
        let fields = fields.iter().map(|(n, ty)| ((*n).to_owned(), ObjectField::required(ty.clone())));
        Type::Object(fields.collect())
    }

    fn optional(ty: Type, default: Option<Value>) -> ObjectField {
        ObjectField { ty, optional: true, default }
    }

    fn number(text: &str) -> Value {
        Value::Number(text.parse().unwrap())
    }

    #[test]
    fn scalars_convert_both_ways() {
        let check = |ty: Type, value: Value, expect: std::result::Result<Value, &str>| {
            assert_eq!(ty.convert(&value).map_err(|e| e.message), expect.map_err(str::to_owned), "{value:?}");
        };
        check(Type::String, 5.into(), Ok("5".into()));
        check(Type::String, true.into(), Ok("true".into()));
        check(Type::Number, "1.50".into(), Ok(number("1.5")));
        check(Type::Number, "1e3".into(), Ok(1000.into()));
        check(Type::Number, "12x".into(), Err("a number is required"));
        check(Type::Number, "".into(), Err("a number is required"));
        check(Type::Number, "1e999999999".into(), Err("a number is required"));
        check(Type::Number, true.into(), Err("number required"));
        check(Type::Bool, "true".into(), Ok(true.into()));
        check(Type::Bool, "1".into(), Ok(true.into()));
        check(Type::Bool, "yes".into(), Err("a bool is required"));
        check(Type::Bool, 1.into(), Err("bool required"));
        check(Type::String, Value::Tuple(vec![]), Err("string required"));
        check(Type::String, Value::Null, Ok(Value::Null));
        check(Type::String, Value::UNKNOWN, Ok(Value::Unknown(Type::String)));
        check(Type::String, Value::Unknown(Type::String.list()), Err("string required"));
        check(Type::String, Value::from(5).sensitive(), Ok(Value::from("5").sensitive()));
    }

    #[test]
    fn collections_take_one_type() {
        let tuple = Value::Tuple(vec![1.into(), "a".into(), Value::Null]);
        let texts = Value::List(vec!["1".into(), "a".into(), Value::Null]);
        assert_eq!(Type::Any.list().convert(&tuple), Ok(texts.clone()));
        assert_eq!(Type::String.list().convert(&tuple), Ok(texts));

        let uneven = Value::Tuple(vec![1.into(), Value::Tuple(vec![])]);
        let error = Type::Any.list().convert(&uneven).unwrap_err();
        assert_eq!(error.message, "all list elements must have the same type");

        let objects =
            Value::Tuple(vec![Value::object([("a", 1.into())]), Value::object([("a", "x".into())])]);
        let expect =
            Value::List(vec![Value::object([("a", "1".into())]), Value::object([("a", "x".into())])]);
        assert_eq!(Type::Any.list().convert(&objects), Ok(expect));
    }

    #[test]
    fn a_set_takes_the_marks_of_its_elements() {
        let tuple = Value::Tuple(vec![Value::from("b").sensitive(), "a".into(), "a".into()]);
        let expect = Value::set(["a".into(), "b".into()]).sensitive();
        assert_eq!(Type::String.set().convert(&tuple), Ok(expect));
    }

    #[test]
    fn unknown_elements_of_a_set_stay_apart() {
        let tuple = Value::Tuple(vec![Value::UNKNOWN, Value::UNKNOWN]);
        let set = Type::String.set().convert(&tuple).unwrap();
        assert_eq!(set.elements().unwrap().len(), 2);
    }

    #[test]
    fn objects_get_their_defaults_and_lose_what_is_not_declared() {
        let inner = Type::Object(BTreeMap::from([("n".to_owned(), optional(Type::Number, Some(5.into())))]));
        let ty = Type::Object(BTreeMap::from([
            ("name".to_owned(), ObjectField::required(Type::String)),
            ("note".to_owned(), optional(Type::String, None)),
            ("size".to_owned(), optional(inner, Some(Value::object::<&str>([])))),
        ]));
        let given = Value::object([("name", 1.into()), ("size", Value::Null), ("more", true.into())]);
        let expect = Value::object([
            ("name", "1".into()),
            ("note", Value::Null),
            ("size", Value::object([("n", 5.into())])),
        ]);
        assert_eq!(ty.convert(&given), Ok(expect));
    }

    #[test]
    fn errors_name_the_part() {
        let check = |ty: Type, value: Value, expect: &str| {
            assert_eq!(ty.convert(&value).unwrap_err().message, expect);
        };
        let point = object(&[("x", Type::Number), ("y", Type::Number)]);
        check(
            point.clone(),
            Value::object([("x", "a".into()), ("y", 1.into())]),
            "attribute \"x\": a number is required",
        );
        check(point.clone(), Value::object([("x", 1.into())]), "attribute \"y\" is required");
        check(point.clone(), Value::object::<&str>([]), "attributes \"x\" and \"y\" are required");
        check(
            point.clone().list(),
            Value::Tuple(vec![Value::object([("x", "a".into()), ("y", 1.into())])]),
            "element 0: attribute \"x\": a number is required",
        );
        check(
            Type::Number.map(),
            Value::object([("k", Value::Tuple(vec![]))]),
            "element \"k\": number required",
        );
        check(Type::Any.list(), "a".into(), "list of any single type required");
        check(
            point,
            Value::Unknown(object(&[("x", Type::Bool), ("y", Type::Number)])),
            "attribute \"x\": number required",
        );
    }

    #[test]
    fn the_type_of_a_value_is_what_its_elements_share() {
        let value = Value::List(vec![Value::Null, Value::Unknown(Type::String)]);
        assert_eq!(value.type_of(), Type::String.list());
        assert_eq!(Value::List(vec![]).type_of(), Type::Any.list());
        assert_eq!(Value::object([("a", 1.into())]).type_of(), object(&[("a", Type::Number)]));
    }
}
