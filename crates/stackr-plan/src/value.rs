//! What references to an object see: while it is still to be made, and once it was seen.

use std::collections::BTreeMap;

use stackr_core::{AnySeen, Field, Kind, Presence, Schema, Shape, Value, equal};

use crate::Want;

/// Whether a field is the tags as they are declared. All tags that AWS has, the provider's default tags among them, are
/// `tags_all`.
pub(crate) fn is_declared_tags(schema: &Schema, field: &Field) -> bool {
    field.name == "tags" && schema.has_tags()
}

/// What references to an object see once it was seen: its declared arguments, what AWS chose where nothing was
/// declared, and its outputs.
#[must_use]
pub fn value(schema: &Schema, declared: &Value, seen: &AnySeen) -> Value {
    object(schema, declared, seen, |_, want| want.clone())
}

/// What references to an object that is still to be changed see: as [`value`], with unknown for what AWS will choose in
/// blocks that it does not have yet.
pub(crate) fn changed_value(schema: &Schema, declared: &Value, seen: &AnySeen) -> Value {
    object(schema, declared, seen, opened)
}

/// What a block is of which AWS has no counterpart.
type Without = fn(&Kind, &Value) -> Value;

fn object(schema: &Schema, declared: &Value, seen: &AnySeen, without: Without) -> Value {
    let null = Value::Null;
    let args = schema.args.fields.iter().map(|field| {
        let want = declared.get(field.name).unwrap_or(&null);
        let reported = seen.args.get(field.name).unwrap_or(&null);
        let left_open = want.is_null() && !is_declared_tags(schema, field);
        let chosen =
            if left_open { reported.clone() } else { completed(&field.kind, want, reported, without) };
        (field.name.to_owned(), chosen)
    });
    let mut object: BTreeMap<String, Value> = args.collect();
    for field in schema.outputs.fields {
        let output = seen.outputs.get(field.name).unwrap_or(&null).clone();
        object.insert(field.name.to_owned(), output.marked(field.secret));
    }
    Value::Object(object)
}

/// What references to an object that is still to be made see: declared arguments, what follows from them, and
/// unknown for the rest. `args` are [`Want::args`]; `foreseen` is what the type derives from them.
#[must_use]
pub fn planned_value(schema: &Schema, want: &Want, foreseen: Option<&Value>) -> Value {
    let null = Value::Null;
    let args = schema.args.fields.iter().map(|field| {
        let declared = want.declared.get(field.name).unwrap_or(&null);
        let open = declared.is_null() && field.presence == Presence::Computed;
        let value = if open { Value::Unknown(field.kind.ty()) } else { opened(&field.kind, declared) };
        (field.name.to_owned(), value)
    });
    let mut object: BTreeMap<String, Value> = args.collect();
    for field in schema.outputs.fields {
        let known = match field.name {
            "tags_all" => want.args.get("tags"),
            name => foreseen.and_then(|f| f.get(name)),
        };
        let value = known.cloned().unwrap_or_else(|| Value::Unknown(field.kind.ty()));
        object.insert(field.name.to_owned(), value.marked(field.secret));
    }
    if let Some(foreseen) = foreseen.and_then(Value::attributes) {
        for (name, value) in foreseen {
            if object.get(name).is_some_and(Value::is_unknown) {
                object.insert(name.clone(), value.clone());
            }
        }
    }
    Value::Object(object)
}

/// A declared value with unknown for what its blocks leave to AWS.
fn opened(kind: &Kind, want: &Value) -> Value {
    blocks(kind, want, &|element, want, _| {
        block(element, want, &|field, value| match field.presence {
            Presence::Computed if value.is_null() => Value::Unknown(field.kind.ty()),
            _ => opened(&field.kind, value),
        })
    })
}

/// A declared value with what AWS has chosen where its blocks leave something to it.
fn completed(kind: &Kind, want: &Value, seen: &Value, without: Without) -> Value {
    let elements = seen.elements().unwrap_or_default();
    blocks(kind, want, &|shape, want, at| {
        let element = Kind::Object(shape);
        let own = match kind {
            // The elements of a set have no place: each is the one that means the same.
            Kind::Set(_) => elements.iter().find(|s| equal(&element, want, s)),
            Kind::List(_) => elements.get(at),
            _ => Some(seen),
        };
        let Some(own) = own else { return without(&element, want) };
        block(shape, want, &|field, value| {
            let reported = own.get(field.name).unwrap_or(&Value::Null);
            match field.presence {
                Presence::Computed if value.is_null() => reported.clone(),
                _ => completed(&field.kind, value, reported, without),
            }
        })
    })
}

/// A value whose blocks are changed; anything else as it is.
fn blocks(kind: &Kind, value: &Value, change: &dyn Fn(&'static Shape, &Value, usize) -> Value) -> Value {
    let all =
        |elements: &[Value], shape| elements.iter().enumerate().map(|(i, e)| change(shape, e, i)).collect();
    match (kind, value) {
        (_, Value::Sensitive(inner)) => blocks(kind, inner, change).sensitive(),
        (Kind::Object(shape), Value::Object(_)) => change(shape, value, 0),
        (Kind::List(Kind::Object(shape)), Value::List(elements)) => Value::List(all(elements, shape)),
        (Kind::Set(Kind::Object(shape)), Value::Set(elements)) => Value::Set(all(elements, shape)),
        _ => value.clone(),
    }
}

/// A block whose fields are changed.
fn block(shape: &Shape, value: &Value, change: &dyn Fn(&Field, &Value) -> Value) -> Value {
    match value {
        Value::Sensitive(inner) => block(shape, inner, change).sensitive(),
        Value::Object(_) => {
            let part = |field: &Field| change(field, value.get(field.name).unwrap_or(&Value::Null));
            Value::object(shape.fields.iter().map(|field| (field.name, part(field))))
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use stackr_core::{Block, Status, Tags};

    use super::*;

    /// A group.
    #[derive(Clone, Debug, Block)]
    struct Group {
        /// Its check.
        #[arg(block, computed)]
        check: Option<Check>,
        /// Its rules.
        #[arg(block)]
        rule: stackr_core::Set<Check>,
        /// Its tags.
        tags: Tags,
    }

    /// A check.
    #[derive(Clone, Debug, PartialEq, Block)]
    struct Check {
        /// What is asked for.
        path: String,
        /// Left to AWS.
        #[arg(computed)]
        timeout: Option<i64>,
    }

    /// What AWS gives.
    #[derive(Clone, Debug, Block)]
    struct Outputs {
        /// All tags.
        tags_all: Tags,
    }

    const SCHEMA: Schema = Schema { ty: "group", args: &Group::SHAPE, outputs: &Outputs::SHAPE };

    fn check(path: &str, timeout: Value) -> Value {
        Value::object([("path", path.into()), ("timeout", timeout)])
    }

    fn group(check: Value, rules: &[Value]) -> Value {
        let rules = Value::Set(rules.to_vec());
        Value::object([("check", Value::List(vec![check])), ("rule", rules), ("tags", Value::Null)])
    }

    fn seen() -> AnySeen {
        let rules = [check("/a", 6.into()), check("/b", 7.into())];
        let tags = Value::map([("Stage", "test".into())]);
        let Value::Object(mut args) = group(check("/", 5.into()), &rules) else { unreachable!() };
        args.insert("tags".to_owned(), tags.clone());
        let outputs = Value::object([("tags_all", tags)]);
        AnySeen { args: Value::Object(args), outputs, status: Status::Ready }
    }

    const OPEN: Value = Value::Unknown(stackr_core::Type::Number);

    #[test]
    fn what_a_block_leaves_to_aws_is_unknown_until_it_is_made() {
        let declared = group(check("/", Value::Null), &[check("/b", Value::Null)]);
        let want = Want { args: declared.clone(), declared, terms: stackr_core::Terms::default() };
        let planned = planned_value(&SCHEMA, &want, None);
        assert_eq!(planned.get("check"), Some(&Value::List(vec![check("/", OPEN)])));
        assert_eq!(planned.get("rule"), Some(&Value::Set(vec![check("/b", OPEN)])));
    }

    #[test]
    fn what_a_block_leaves_to_aws_is_what_aws_has() {
        let declared = group(check("/", Value::Null), &[check("/b", Value::Null), check("/c", Value::Null)]);
        let now = value(&SCHEMA, &declared, &seen());
        assert_eq!(now.get("check"), Some(&Value::List(vec![check("/", 5.into())])));
        let without = check("/c", Value::Null);
        assert_eq!(now.get("rule"), Some(&Value::Set(vec![check("/b", 7.into()), without])));
        let changed = changed_value(&SCHEMA, &declared, &seen());
        assert_eq!(changed.get("rule"), Some(&Value::Set(vec![check("/b", 7.into()), check("/c", OPEN)])));
    }

    #[test]
    fn tags_are_the_declared_ones_and_all_tags_are_awss() {
        let now = value(&SCHEMA, &group(check("/", Value::Null), &[]), &seen());
        assert_eq!(now.get("tags"), Some(&Value::Null));
        assert_eq!(now.get("tags_all").and_then(|tags| tags.get("Stage")), Some(&"test".into()));
    }
}
