//! Sealed secrets: what stands in state where a secret would be, and in a plan where its text is not known.
//!
//! A stand-in is an object of one attribute, `{"stackr:sealed": "<salt>:<hash>"}`, or of two, where the text can be had
//! with a key: `{"stackr:sealed": …, "stackr:encrypted": …}`.

use serde_json::Value as Json;

use crate::{Type, Value};

/// The name of the attribute with the seal.
const SEAL: &str = "stackr:sealed";

/// The name of the attribute with the encrypted text.
const ENCRYPTED: &str = "stackr:encrypted";

/// The stand-in for a secret with this seal.
#[must_use]
pub fn stand_in(seal: &str) -> Json {
    serde_json::json!({ SEAL: seal })
}

/// The stand-in for a secret with this seal, from which who has the key has the text.
#[must_use]
pub fn stand_in_encrypted(seal: &str, encrypted: &str) -> Json {
    serde_json::json!({ SEAL: seal, ENCRYPTED: encrypted })
}

/// The seal, if this is a stand-in or a value whose text is not known.
#[must_use]
pub fn seal(value: &Value) -> Option<&str> {
    match value.peel() {
        Value::Unknown(Type::Sealed(seal)) => Some(seal),
        Value::Object(attributes) | Value::Map(attributes) => {
            let own = |name: &String| name == SEAL || name == ENCRYPTED;
            if attributes.keys().all(own) { attributes.get(SEAL)?.as_str() } else { None }
        }
        _ => None,
    }
}

/// The same in JSON: the seal, and the encrypted text where there is one.
#[must_use]
pub fn parts(json: &Json) -> Option<(&str, Option<&str>)> {
    let attributes = json.as_object()?;
    let own = attributes.keys().all(|name| name == SEAL || name == ENCRYPTED);
    let encrypted = attributes.get(ENCRYPTED).and_then(Json::as_str);
    if own { Some((attributes.get(SEAL)?.as_str()?, encrypted)) } else { None }
}

/// The value of a secret of which the seal is known and the text is not.
#[must_use]
pub fn opaque(seal: impl Into<String>) -> Value {
    Value::Unknown(Type::Sealed(seal.into())).sensitive()
}

/// The seals of the values in a value whose text is not known.
#[must_use]
pub fn opaques(value: &Value) -> Vec<&str> {
    match value {
        Value::Unknown(Type::Sealed(seal)) => vec![seal],
        other => other.children().flat_map(opaques).collect(),
    }
}

/// A value in which every stand-in is the text that `known` has for its seal, or else opaque. Both are sensitive.
#[must_use]
pub fn reveal(value: Value, known: &dyn Fn(&str) -> Option<String>) -> Value {
    match seal(&value) {
        Some(seal) => known(seal).map_or_else(|| opaque(seal), |text| Value::String(text).sensitive()),
        None => value.map_children(|child| reveal(child, known)),
    }
}
