//! `for` expressions.

use std::{
    borrow::Cow,
    collections::{BTreeMap, btree_map::Entry},
};

use stackr_core::{Type, Value};

use super::{Evaluated, Names, Scope, article};
use crate::syntax::{At, Expr, For};

/// What a `for` has gathered so far.
#[derive(Default)]
struct Gathered {
    tuple: Vec<Value>,
    object: BTreeMap<String, Value>,
    groups: BTreeMap<String, Vec<Value>>,
    /// A condition or a key is unknown, so the whole result is.
    unknown: bool,
    marked: bool,
}

impl<'s> Scope<'s> {
    pub(super) fn for_expression(&self, each: &'s For) -> Evaluated<Value> {
        let collection = self.eval(&each.collection)?;
        let mut gathered =
            Gathered { marked: matches!(*collection, Value::Sensitive(_)), ..Gathered::default() };
        let known = self.iterate(&collection, each.collection.at, &mut |key, value| {
            let value_name = Names { name: &each.value_name, value, outer: self.names };
            match &each.key_name {
                Some(name) => {
                    let key_name = Names { name, value: key, outer: Some(&value_name) };
                    self.bind(&key_name).for_element(each, &mut gathered)
                }
                None => self.bind(&value_name).for_element(each, &mut gathered),
            }
        })?;
        let result = if !known || gathered.unknown {
            Value::UNKNOWN
        } else if each.key.is_none() {
            Value::Tuple(gathered.tuple)
        } else if each.grouped {
            Value::Object(gathered.groups.into_iter().map(|(k, v)| (k, Value::Tuple(v))).collect())
        } else {
            Value::Object(gathered.object)
        };
        Ok(result.marked(gathered.marked))
    }

    /// Visits the elements of a collection with their keys; false if they are not known.
    pub(crate) fn iterate(
        &self,
        collection: &Value,
        at: At,
        visit: &mut dyn FnMut(&Value, &Value) -> Evaluated<()>,
    ) -> Evaluated<bool> {
        match collection.peel() {
            Value::List(elements) | Value::Tuple(elements) => {
                for (i, element) in elements.iter().enumerate() {
                    visit(&Value::from(i64::try_from(i).unwrap_or(i64::MAX)), element)?;
                }
            }
            Value::Set(elements) => {
                for element in elements {
                    visit(element, element)?;
                }
            }
            Value::Map(elements) | Value::Object(elements) => {
                for (key, element) in elements {
                    visit(&Value::string(key), element)?;
                }
            }
            Value::Unknown(Type::Bool | Type::Number | Type::String | Type::Sealed(_)) => {
                return Err(self.fail(at, "wrong type", "A `for` goes over a list, set, map or object."));
            }
            Value::Unknown(_) => return Ok(false),
            Value::Null => {
                return Err(self.fail(
                    at,
                    "null value",
                    "A `for` cannot go over null. Use `coalesce` or a conditional.",
                ));
            }
            other => {
                let detail = format!("A `for` goes over a list, set, map or object, not {}.", article(other));
                return Err(self.fail(at, "wrong type", detail));
            }
        }
        Ok(true)
    }

    /// One element: condition, key and value.
    fn for_element(&self, each: &'s For, gathered: &mut Gathered) -> Evaluated<()> {
        if let Some(condition) = &each.condition {
            let value = self.eval(condition)?;
            gathered.marked |= value.has_sensitive();
            match self.truth(&value, condition.at, "The condition of a `for`")? {
                Some(true) => {}
                Some(false) => return Ok(()),
                None => {
                    gathered.unknown = true;
                    return Ok(());
                }
            }
        }
        let value = self.eval(&each.value)?.into_owned();
        match &each.key {
            None => gathered.tuple.push(value),
            Some(key) => self.for_item(each, key, value, gathered)?,
        }
        Ok(())
    }

    fn for_item(&self, each: &For, key: &'s Expr, value: Value, gathered: &mut Gathered) -> Evaluated<()> {
        let found = self.eval(key)?;
        gathered.marked |= found.has_sensitive();
        let name = match Type::String.convert(&found).map(|name| name.unmark_deep()) {
            Ok(Value::String(name)) => name,
            Ok(Value::Unknown(_)) => {
                gathered.unknown = true;
                return Ok(());
            }
            Ok(_) => return Err(self.fail(key.at, "null key", "The key of an object cannot be null.")),
            Err(_) => {
                let detail = format!("The key of an object is a string, not {}.", article(&found));
                return Err(self.fail(key.at, "wrong type", detail));
            }
        };
        if each.grouped {
            gathered.groups.entry(name).or_default().push(value);
            return Ok(());
        }
        match gathered.object.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value);
                Ok(())
            }
            Entry::Occupied(entry) => {
                let same = match gathered.marked {
                    true => "the same key, which is sensitive".to_owned(),
                    false => format!("the key \"{}\"", entry.key()),
                };
                let detail = format!(
                    "Two elements have {same}. To gather the values of equal keys, write `...` after the value."
                );
                Err(self.fail(key.at, "duplicate key", detail))
            }
        }
    }

    /// A condition as a truth value; none if it is unknown.
    pub(crate) fn truth(&self, value: &Value, at: At, what: &str) -> Evaluated<Option<bool>> {
        match Type::Bool.convert(value).map(Value::unmark_deep) {
            Ok(Value::Bool(truth)) => Ok(Some(truth)),
            Ok(Value::Unknown(_)) => Ok(None),
            Ok(_) => Err(self.fail(at, "null value", format!("{what} is true or false, but it is null."))),
            Err(_) => {
                let detail = format!("{what} is true or false, not {}.", article(value));
                Err(self.fail(at, "wrong type", detail))
            }
        }
    }

    /// The value of a condition and whether it is marked.
    pub(super) fn condition(&self, expr: &'s Expr, what: &str) -> Evaluated<(Option<bool>, bool)> {
        let value = self.eval(expr)?;
        let marked = value.has_sensitive();
        Ok((self.truth(&value, expr.at, what)?, marked))
    }

    /// `condition ? then : otherwise`.
    pub(super) fn conditional(
        &self,
        condition: &'s Expr,
        then: &'s Expr,
        otherwise: &'s Expr,
        at: At,
    ) -> Evaluated<super::Shared<'s>> {
        let (truth, marked) = self.condition(condition, "The condition of `?`")?;
        let (then, otherwise) = (self.eval(then), self.eval(otherwise));
        let (chosen, other) = match truth {
            Some(true) => (then?, otherwise.ok()),
            Some(false) => (otherwise?, then.ok()),
            None => {
                let (then, otherwise) = (then?, otherwise?);
                let ty = self.common_type(&then, &otherwise, at)?;
                let marked = marked || then.has_sensitive() || otherwise.has_sensitive();
                return Ok(Cow::Owned(Value::Unknown(ty).marked(marked)));
            }
        };
        let mut result = chosen;
        if let Some(other) = other
            && !same_scalar(&result, &other)
        {
            let ty = self.common_type(&result, &other, at)?;
            if ty != Type::Any && ty != result.type_of() {
                let converted = ty.convert(&result).map_err(|e| {
                    let detail = format!("The two results of this conditional do not go together: {e}.");
                    self.fail(at, "inconsistent conditional", detail)
                })?;
                result = Cow::Owned(converted);
            }
        }
        Ok(if marked { Cow::Owned(result.into_owned().sensitive()) } else { result })
    }

    /// The type that both values can have.
    fn common_type(&self, a: &Value, b: &Value, at: At) -> Evaluated<Type> {
        let (left, right) = (a.type_of(), b.type_of());
        if a.is_null() || left == right {
            return Ok(right);
        }
        if b.is_null() {
            return Ok(left);
        }
        if left == Type::Any || right == Type::Any {
            return Ok(Type::Any);
        }
        Type::unify(&[left.clone(), right.clone()]).ok_or_else(|| {
            let detail = format!(
                "A conditional has one type, but its results are {left} and {right}. Convert one of them to fit the other."
            );
            self.fail(at, "inconsistent conditional", detail)
        })
    }
}

/// Whether both are scalars of one type: the common case, decided without asking for types.
fn same_scalar(a: &Value, b: &Value) -> bool {
    matches!(
        (a.peel(), b.peel()),
        (Value::Bool(_), Value::Bool(_))
            | (Value::Number(_), Value::Number(_))
            | (Value::String(_), Value::String(_))
    )
}
