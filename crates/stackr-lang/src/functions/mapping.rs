//! Functions on maps and objects.

use std::collections::BTreeMap;

use stackr_core::{Type, Value};

use super::{
    Function, Kind, Param, Sees,
    call::{Call, Result, bad, fail},
    shape,
};

const TEXTS: Kind = Kind::List(&Kind::String);
const TEXTS_BY_NAME: Kind = Kind::Map(&TEXTS);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("keys", &[Param::any("inputMap")], Kind::Any, keys).sees(Sees::All),
    Function::new("lookup", &[Param::any("inputMap"), Param::string("key")], Kind::Any, lookup)
        .rest(Param::any("default").or_null())
        .sees(Sees::Parts)
        .shape(shape::element),
    Function::new("merge", &[], Kind::Any, merge)
        .rest(Param::any("maps").or_null())
        .sees(Sees::Parts)
        .shape(shape::shared),
    Function::new("transpose", &[Param::new("values", TEXTS_BY_NAME)], TEXTS_BY_NAME, transpose),
    Function::new("values", &[Param::any("mapping")], Kind::Any, values).sees(Sees::Parts).shape(shape::list),
    Function::new("zipmap", &[Param::new("keys", TEXTS), Param::any("values")], Kind::Any, zipmap)
        .sees(Sees::Parts),
];

fn keys(call: &Call<'_>) -> Result {
    let value = call.arg(0)?;
    let names = |names: &mut dyn Iterator<Item = &String>| names.map(|n| Value::string(n.as_str())).collect();
    let keys = match value.peel() {
        Value::Map(m) => Value::List(names(&mut m.keys())),
        Value::Object(m) => Value::Tuple(names(&mut m.keys())),
        Value::Unknown(Type::Object(fields)) => Value::Tuple(names(&mut fields.keys())),
        Value::Unknown(Type::Map(_)) => Value::Unknown(Type::String.list()),
        Value::Unknown(Type::Any) => Value::UNKNOWN,
        _ => return Err(bad(0, "must have map or object type")),
    };
    Ok(keys.marked(matches!(value, Value::Sensitive(_))))
}

fn values(call: &Call<'_>) -> Result {
    let values = call.mapping(0)?.values().cloned().collect();
    Ok(if matches!(call.arg(0)?, Value::Map(_)) { Value::List(values) } else { Value::Tuple(values) })
}

fn lookup(call: &Call<'_>) -> Result {
    if call.args.len() > 3 {
        return fail(format!("lookup() takes two or three arguments, got {}", call.args.len()));
    }
    let (input, key, default) = (call.arg(0)?, call.text(1)?, call.args.get(2));
    let Some(found) = input.attributes() else {
        return Err(bad(0, "lookup() requires a map as the first argument"));
    };
    let default = match (input, default) {
        (Value::Map(m), Some(default)) => {
            let ty = Value::Map(m.clone()).type_of();
            let ty = if let Type::Map(element) = ty { *element } else { Type::Any };
            let same = |_| bad(2, "the default value must have the same type as the map elements");
            Some(ty.convert(default).map_err(same)?)
        }
        (_, default) => default.cloned(),
    };
    match (found.get(key), default) {
        (Some(value), _) => Ok(value.clone()),
        (None, Some(default)) => Ok(default),
        (None, None) if matches!(input, Value::Object(_)) => {
            Err(bad(0, format!("the given object has no attribute {key:?}")))
        }
        (None, None) => fail(format!("lookup failed to find key {key:?}")),
    }
}

/// All attributes, the later ones over the earlier. A map only where all are maps of one type.
fn merge(call: &Call<'_>) -> Result {
    let mut all = BTreeMap::new();
    let mut types = Vec::new();
    for value in call.args.iter().filter(|v| !v.is_null()) {
        let (Value::Map(m) | Value::Object(m)) = value else {
            let got = value.type_of().to_string();
            return fail(format!("arguments must be maps or objects, got {got:?}"));
        };
        all.extend(m.iter().map(|(k, v)| (k.clone(), v.clone())));
        let ty = value.type_of();
        if ty != Type::Any.map() && !types.contains(&ty) {
            types.push(ty);
        }
    }
    let given = || call.args.iter().filter(|v| !v.is_null());
    let map = types.len() <= 1 && given().next().is_some() && given().all(|v| matches!(v, Value::Map(_)));
    Ok(if map { Value::Map(all) } else { Value::Object(all) })
}

fn transpose(call: &Call<'_>) -> Result {
    let mut turned: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (key, texts) in call.mapping(0)? {
        for text in texts.elements().unwrap_or(&[]) {
            let Some(text) = text.as_str() else { return fail("input must not contain null values") };
            turned.entry(text.to_owned()).or_default().push(Value::string(key.as_str()));
        }
    }
    Ok(Value::map(turned.into_iter().map(|(key, list)| (key, Value::List(list)))))
}

fn zipmap(call: &Call<'_>) -> Result {
    let (keys, values) = (call.elements(0)?, call.arg(1)?);
    let (Value::List(elements) | Value::Tuple(elements)) = values else {
        return Err(bad(1, "values must be a list or tuple value"));
    };
    if keys.len() != elements.len() {
        return fail(format!(
            "number of keys ({}) does not match number of values ({})",
            keys.len(),
            elements.len()
        ));
    }
    let list = matches!(values, Value::List(_));
    if keys.iter().any(Value::is_unknown) {
        return Ok(Value::Unknown(if list { Type::Any.map() } else { Type::Any }));
    }
    let marked = keys.iter().any(Value::has_sensitive);
    let mut zipped = BTreeMap::new();
    for (key, value) in keys.iter().zip(elements) {
        let Some(key) = key.as_str() else { return Err(bad(0, "a key must not be null")) };
        zipped.insert(key.to_owned(), value.clone());
    }
    Ok(if list { Value::Map(zipped) } else { Value::Object(zipped) }.marked(marked))
}
