//! Functions on lists and tuples.
//!
//! A tuple stays a tuple where the elements keep their types, as the language has it: `concat`, `slice`,
//! `reverse`.

use stackr_core::{Type, Value};

use super::{
    Function, Kind, Param, Sees,
    call::{Call, Result, bad, error, fail},
    shape,
};

const LIST: Kind = Kind::List(&Kind::Any);
const TEXTS: Kind = Kind::List(&Kind::String);
const BOOLS: Kind = Kind::List(&Kind::Bool);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("alltrue", &[Param::new("list", BOOLS)], Kind::Bool, all_true),
    Function::new("anytrue", &[Param::new("list", BOOLS)], Kind::Bool, any_true),
    Function::new("chunklist", &[Param::list("list"), Param::number("size")], Kind::List(&LIST), chunklist)
        .sees(Sees::Parts),
    Function::new("coalesce", &[], Kind::Any, coalesce).rest(Param::any("vals").or_null()).sees(Sees::All),
    Function::new("coalescelist", &[], Kind::Any, coalesce_list).rest(Param::any("vals").or_null()),
    Function::new("compact", &[Param::new("list", TEXTS)], TEXTS, compact),
    Function::new("concat", &[], Kind::Any, concat)
        .rest(Param::any("seqs"))
        .sees(Sees::Parts)
        .shape(shape::shared),
    Function::new("contains", &[Param::any("list"), Param::any("value")], Kind::Bool, contains)
        .sees(Sees::Parts),
    Function::new("distinct", &[Param::list("list")], LIST, distinct).shape(shape::first),
    Function::new("element", &[Param::any("list"), Param::number("index")], Kind::Any, element)
        .sees(Sees::Parts)
        .shape(shape::element),
    Function::new("flatten", &[Param::any("list")], Kind::Any, flatten).sees(Sees::Parts),
    Function::new("index", &[Param::any("list"), Param::any("value")], Kind::Number, index),
    Function::new("length", &[Param::any("value")], Kind::Number, length).sees(Sees::All),
    Function::new(
        "matchkeys",
        &[Param::list("values"), Param::list("keys"), Param::list("searchset")],
        LIST,
        match_keys,
    )
    .shape(shape::first),
    Function::new("one", &[Param::any("list")], Kind::Any, one).shape(shape::element),
    Function::new("range", &[], Kind::List(&Kind::Number), range).rest(Param::number("params")),
    Function::new("reverse", &[Param::any("list")], Kind::Any, reverse).sees(Sees::Parts).shape(shape::list),
    Function::new(
        "slice",
        &[Param::any("list"), Param::number("start_index"), Param::number("end_index")],
        Kind::Any,
        slice,
    )
    .sees(Sees::Parts)
    .shape(shape::list),
    Function::new("sort", &[Param::new("list", TEXTS)], TEXTS, sort).sees(Sees::Parts),
];

fn all_true(call: &Call<'_>) -> Result {
    Ok(call.elements(0)?.iter().all(|v| *v == Value::Bool(true)).into())
}

fn any_true(call: &Call<'_>) -> Result {
    Ok(call.elements(0)?.contains(&Value::Bool(true)).into())
}

fn chunklist(call: &Call<'_>) -> Result {
    let elements = call.elements(0)?;
    let size = call.int(1).map_err(|e| error(format!("invalid size: {}", e.message)))?;
    let size = match size {
        ..0 => return fail("the size argument must be positive"),
        0 => elements.len().max(1),
        size => usize::try_from(size).unwrap_or(usize::MAX),
    };
    Ok(Value::List(elements.chunks(size).map(|chunk| Value::List(chunk.to_vec())).collect()))
}

/// The first argument that is neither null nor an empty text, as the type that all arguments share.
fn coalesce(call: &Call<'_>) -> Result {
    let marked = call.args.iter().any(Value::has_sensitive);
    let types: Vec<_> = call.args.iter().map(Value::type_of).collect();
    let ty = match Type::unify(&types) {
        Some(ty) if !types.is_empty() => ty,
        _ if types.contains(&Type::Any) => Type::Any,
        _ => return fail("all arguments must have the same type"),
    };
    for value in &call.args {
        match value.peel() {
            Value::Null => {}
            Value::Unknown(_) => return Ok(Value::Unknown(ty).marked(marked)),
            _ => {
                let value = value.clone().unmark_deep();
                let converted = ty.convert(&value).map_err(|e| error(e.message))?;
                if converted != Value::from("") {
                    return Ok(converted.marked(marked));
                }
            }
        }
    }
    fail("no non-null, non-empty-string arguments")
}

fn coalesce_list(call: &Call<'_>) -> Result {
    if call.args.is_empty() {
        return fail("at least one argument is required");
    }
    for value in &call.args {
        match value {
            Value::List(e) | Value::Tuple(e) if !e.is_empty() => return Ok(value.clone()),
            Value::List(_) | Value::Tuple(_) => {}
            _ => return fail("coalescelist arguments must be lists or tuples"),
        }
    }
    fail("no non-null arguments")
}

fn compact(call: &Call<'_>) -> Result {
    let kept = call.elements(0)?.iter().filter(|v| !v.is_null() && v.as_str() != Some(""));
    Ok(Value::List(kept.cloned().collect()))
}

fn concat(call: &Call<'_>) -> Result {
    if call.args.is_empty() {
        return fail("at least one argument is required");
    }
    let mut all = Vec::new();
    for (i, value) in call.args.iter().enumerate() {
        let (Value::List(e) | Value::Tuple(e)) = value else {
            let got = value.type_of();
            return Err(bad(i, format!("all arguments must be lists or tuples; got {got}")));
        };
        all.extend(e.iter().cloned());
    }
    let lists = call.args.iter().all(|v| matches!(v, Value::List(_)));
    let list = lists.then(|| Type::Any.list().convert(&Value::List(all.clone())).ok()).flatten();
    Ok(list.unwrap_or(Value::Tuple(all)))
}

fn contains(call: &Call<'_>) -> Result {
    let (list, value) = (call.arg(0)?, call.arg(1)?);
    let hidden = list.has_sensitive() || value.has_sensitive();
    let (list, value) = (list.clone().unmark_deep(), value.clone().unmark_deep());
    let Some(elements) = list.elements() else { return fail("argument must be list, tuple, or set") };
    let known = value.is_wholly_known();
    let found = match known && elements.contains(&value) {
        // One that is there is there, whatever the others are.
        true => Value::Bool(true),
        false if known && list.is_wholly_known() => Value::Bool(false),
        false => Value::Unknown(Type::Bool),
    };
    Ok(found.marked(hidden))
}

fn distinct(call: &Call<'_>) -> Result {
    let mut seen = std::collections::BTreeSet::new();
    Ok(Value::List(call.elements(0)?.iter().filter(|v| seen.insert(*v)).cloned().collect()))
}

fn element(call: &Call<'_>) -> Result {
    let list = call.arg(0)?;
    let (Value::List(elements) | Value::Tuple(elements)) = list else {
        return fail(format!("cannot read elements from {}", list.type_of()));
    };
    let index = call.int(1).map_err(|e| error(format!("invalid index: {}", e.message)))?;
    let Ok(index) = usize::try_from(index) else {
        return fail("cannot use element function with a negative index");
    };
    match elements.get(index.checked_rem(elements.len()).unwrap_or(0)) {
        Some(element) => Ok(element.clone()),
        None => fail("cannot use element function with an empty list"),
    }
}

/// Nested sequences laid out in one tuple. Where a nested one is unknown, so is the number of elements.
fn flatten(call: &Call<'_>) -> Result {
    struct Flat {
        elements: Vec<Value>,
        marked: bool,
        unknown: bool,
    }

    fn add(flat: &mut Flat, value: &Value) {
        match value.peel() {
            Value::List(e) | Value::Tuple(e) | Value::Set(e) => {
                flat.marked |= matches!(value, Value::Sensitive(_));
                e.iter().for_each(|v| add(flat, v));
            }
            Value::Unknown(Type::Any | Type::List(_) | Type::Set(_) | Type::Tuple(_)) => {
                flat.marked |= matches!(value, Value::Sensitive(_));
                flat.unknown = true;
            }
            _ => flat.elements.push(value.clone()),
        }
    }

    if call.arg(0)?.elements().is_none() {
        return fail("can only flatten lists, sets and tuples");
    }
    let mut flat = Flat { elements: Vec::new(), marked: false, unknown: false };
    add(&mut flat, call.arg(0)?);
    let result = if flat.unknown { Value::UNKNOWN } else { Value::Tuple(flat.elements) };
    Ok(result.marked(flat.marked))
}

fn index(call: &Call<'_>) -> Result {
    let (Value::List(elements) | Value::Tuple(elements)) = call.arg(0)? else {
        return fail("argument must be a list or tuple");
    };
    if elements.is_empty() {
        return fail("cannot search an empty list");
    }
    let wanted = call.arg(1)?;
    match elements.iter().position(|v| v == wanted) {
        Some(at) => Ok(count(at)),
        None => fail("item not found"),
    }
}

/// The number of elements, or of the characters that a reader sees.
fn length(call: &Call<'_>) -> Result {
    use unicode_segmentation::UnicodeSegmentation as _;
    let value = call.arg(0)?;
    let length = match value.peel() {
        // Two unknown elements may turn out to be one.
        Value::Set(e) if e.len() > 1 && !e.iter().all(Value::is_wholly_known) => Value::Unknown(Type::Number),
        Value::List(e) | Value::Tuple(e) | Value::Set(e) => count(e.len()),
        Value::Map(m) | Value::Object(m) => count(m.len()),
        Value::String(text) => count(text.graphemes(true).count()),
        // These say how many they are before they say what.
        Value::Unknown(Type::Tuple(e)) => count(e.len()),
        Value::Unknown(Type::Object(m)) => count(m.len()),
        Value::Unknown(Type::Bool | Type::Number) | Value::Bool(_) | Value::Number(_) | Value::Null => {
            return fail("argument must be a string, a collection type, or a structural type");
        }
        _ => Value::Unknown(Type::Number),
    };
    Ok(length.marked(matches!(value, Value::Sensitive(_))))
}

pub(super) fn count(n: usize) -> Value {
    Value::from(i64::try_from(n).unwrap_or(i64::MAX))
}

fn match_keys(call: &Call<'_>) -> Result {
    let (values, keys) = (call.elements(0)?, call.elements(1)?);
    if values.len() != keys.len() {
        return fail("length of keys and values should be equal");
    }
    let both = Value::Tuple(vec![call.arg(1)?.clone(), call.arg(2)?.clone()]);
    let Ok(Value::List(both)) = Type::Any.list().list().convert(&both) else {
        return fail("lists must be of the same type");
    };
    let [keys, wanted] = both.as_slice() else { return fail("lists must be of the same type") };
    let wanted = wanted.elements().unwrap_or(&[]);
    let pairs = values.iter().zip(keys.elements().unwrap_or(&[]));
    Ok(Value::List(pairs.filter(|(_, key)| wanted.contains(key)).map(|(v, _)| v.clone()).collect()))
}

fn one(call: &Call<'_>) -> Result {
    match call.arg(0)?.elements() {
        Some([]) => Ok(Value::Null),
        Some([one]) => Ok(one.clone()),
        _ => Err(bad(0, "must be a list, set, or tuple value with either zero or one elements")),
    }
}

fn range(call: &Call<'_>) -> Result {
    const MOST: usize = 1024;
    let zero = stackr_core::Number::from(0);
    let unit = |negative: bool| stackr_core::Number::from(if negative { -1 } else { 1 });
    let (start, end, step) = match call.args.len() {
        1 => {
            let end = call.number(0)?.clone();
            let step = unit(end < zero);
            (zero.clone(), end, step)
        }
        2 => {
            let (start, end) = (call.number(0)?.clone(), call.number(1)?.clone());
            let step = unit(end < start);
            (start, end, step)
        }
        3 => (call.number(0)?.clone(), call.number(1)?.clone(), call.number(2)?.clone()),
        _ => return fail("must have one, two, or three arguments"),
    };
    if step > zero && end < start {
        return Err(bad(1, "end must be greater than start when step is positive"));
    }
    if step < zero && end > start {
        return Err(bad(1, "end must be less than start when step is negative"));
    }
    let down = step < zero;
    let mut numbers = Vec::new();
    let mut next = start;
    while if down { next > end } else { next < end } {
        if numbers.len() >= MOST {
            return fail(format!(
                "more than {MOST} values were generated; either decrease the difference between \
                     start and end or use a smaller step"
            ));
        }
        let after = stackr_core::Number::new(next.decimal() + step.decimal());
        numbers.push(Value::Number(next));
        next = after;
    }
    Ok(Value::List(numbers))
}

fn reverse(call: &Call<'_>) -> Result {
    let back = |e: &[Value]| e.iter().rev().cloned().collect();
    match call.arg(0)? {
        Value::Tuple(e) => Ok(Value::Tuple(back(e))),
        Value::List(e) | Value::Set(e) => Ok(Value::List(back(e))),
        other => Err(bad(0, format!("can only reverse list or tuple values, not {}", other.type_of()))),
    }
}

fn slice(call: &Call<'_>) -> Result {
    let list = call.arg(0)?;
    let (Value::List(elements) | Value::Tuple(elements)) = list else {
        return Err(bad(
            0,
            if matches!(list, Value::Set(_)) {
                "cannot slice a set, because its elements do not have indices; explicitly \
                     convert to a list if the ordering of the result is not important"
            } else {
                "must be a list or tuple value"
            },
        ));
    };
    let place = |i: usize, name: &str| {
        let index = call.int(i)?;
        let index =
            usize::try_from(index).map_err(|_| bad(i, format!("{name} index must not be less than zero")))?;
        if index > elements.len() {
            return Err(bad(i, format!("{name} index must not be greater than the length of the list")));
        }
        Ok(index)
    };
    let (start, end) = (place(1, "start")?, place(2, "end")?);
    let Some(part) = elements.get(start..end) else {
        return Err(bad(1, "start index must not be greater than end index"));
    };
    Ok(if matches!(list, Value::List(_)) { Value::List(part.to_vec()) } else { Value::Tuple(part.to_vec()) })
}

/// The texts by their UTF-8 bytes.
fn sort(call: &Call<'_>) -> Result {
    let list = call.arg(0)?;
    let hidden = list.has_sensitive();
    let mut elements: Vec<_> = call.elements(0)?.iter().map(|e| e.clone().unmark_deep()).collect();
    if let Some(at) = elements.iter().position(Value::is_null) {
        return fail(format!("given list element {at} is null; a null string cannot be sorted"));
    }
    if elements.iter().any(Value::is_unknown) {
        // How many there are is known, but not which is where.
        elements.fill(Value::Unknown(Type::String));
    }
    elements.sort();
    Ok(Value::List(elements).marked(hidden))
}
