//! How JSON is changed: a value is removed, doubled, replaced, nested, or its type is.

use serde_json::{Map, Value, json};

use crate::{mutate::EXTREMES, random::Random};

/// One change of a document; none if it is not JSON.
#[must_use]
pub fn mutate(bytes: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let mut document: Value = serde_json::from_slice(bytes).ok()?;
    // A checksum hides everything behind it; without one a file is read as it is.
    if !random.one_in(8)
        && let Some(file) = document.as_object_mut()
    {
        file.remove("checksum");
    }
    let count = size(&document);
    let at = random.below(count);
    change(&mut document, at, random);
    let text = if random.one_in(2) { document.to_string() } else { format!("{document:#}") };
    Some(text.into_bytes())
}

/// How many values there are.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(all) => all.iter().map(size).sum(),
        Value::Object(all) => all.values().map(size).sum(),
        _ => 0,
    }
}

/// Changes the value at this place, counted from the outside in.
fn change(value: &mut Value, mut at: usize, random: &mut Random) {
    if at == 0 {
        return here(value, random);
    }
    at -= 1;
    let children: Vec<&mut Value> = match value {
        Value::Array(all) => all.iter_mut().collect(),
        Value::Object(all) => all.values_mut().collect(),
        _ => return,
    };
    for child in children {
        let size = size(child);
        if at < size {
            return change(child, at, random);
        }
        at -= size;
    }
}

fn here(value: &mut Value, random: &mut Random) {
    match (random.below(8), &mut *value) {
        (0..=2, Value::Object(all)) if !all.is_empty() => entry(all, random),
        (0..=2, Value::Array(all)) if !all.is_empty() => {
            let index = random.below(all.len());
            let one = all[index].clone();
            match random.below(3) {
                0 => drop(all.remove(index)),
                1 => all.insert(random.below(all.len()), one),
                _ => all.extend(std::iter::repeat_n(one, random.below(40))),
            }
        }
        (0..=3, Value::String(text)) => {
            let extreme = random.pick(EXTREMES);
            let at = random.below(text.chars().count() + 1);
            let at = text.char_indices().nth(at).map_or(text.len(), |(at, _)| at);
            match random.below(3) {
                0 => text.truncate(at),
                1 => text.insert_str(at, extreme),
                _ => *text = text.repeat(random.below(30)),
            }
        }
        (7, _) => {
            let depth = 1 + random.mostly(6, 200);
            for _ in 0..depth {
                *value = if random.one_in(2) { json!([value.take()]) } else { json!({ "a": value.take() }) };
            }
        }
        _ => *value = fresh(random),
    }
}

/// Removes, renames or doubles an entry of an object.
fn entry(all: &mut Map<String, Value>, random: &mut Random) {
    let keys: Vec<String> = all.keys().cloned().collect();
    let key = &keys[random.below(keys.len())];
    let other = keys[random.below(keys.len())].clone();
    match random.below(4) {
        0 | 1 => drop(all.remove(key)),
        2 => {
            let value = all.remove(key).unwrap_or_default();
            all.insert(random.pick(EXTREMES).to_owned(), value);
        }
        _ => {
            let value = all.get(key).cloned().unwrap_or_default();
            all.insert(other, value);
        }
    }
}

/// A value of any type.
fn fresh(random: &mut Random) -> Value {
    match random.below(9) {
        0 => Value::Null,
        1 => Value::Bool(random.one_in(2)),
        2 => json!([]),
        3 => json!({}),
        4 => json!(""),
        5 => {
            serde_json::from_str(random.pick(&["0", "-1", "1e400", "1e-400", "18446744073709551616", "0.5"]))
                .unwrap_or_default()
        }
        6 => json!([1, "a", null]),
        7 => json!({ "stackr:sealed": "a:b" }),
        _ => Value::String(random.pick(EXTREMES).to_owned()),
    }
}
