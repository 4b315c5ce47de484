//! Terraform's state, version 4: its outputs, and the objects that it manages. It is only read.

mod objects;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use stackr_core::Value;

use crate::{Error, Result};

pub use objects::{Foreign, objects};

/// The format version that is understood.
const VERSION: u64 = 4;

/// The outputs in a Terraform state of version 4: each value, typed, and whether it is sensitive (the value is
/// marked as well). `place` is for messages.
///
/// # Errors
/// [`Error::Foreign`] if it is no Terraform state, [`Error::Newer`] or [`Error::Damaged`] if it cannot be read.
pub fn outputs(bytes: &[u8], place: &str) -> Result<BTreeMap<String, (Value, bool)>> {
    let damaged = |reason: String| Error::Damaged { place: place.to_owned(), reason };
    let file = file(bytes, place)?;
    let none = Map::new();
    let outputs = match file.get("outputs") {
        Some(Json::Object(outputs)) => outputs,
        None | Some(Json::Null) => &none,
        Some(_) => return Err(damaged("its outputs are not an object".to_owned())),
    };
    outputs
        .iter()
        .map(|(name, output)| {
            let value = output.get("value").ok_or_else(|| damaged(format!("output {name} has no value")))?;
            let sensitive = output.get("sensitive").and_then(Json::as_bool).unwrap_or(false);
            let value = output
                .get("type")
                .map_or_else(|| Value::from_json(value), |ty| Value::from_typed_json(value, ty));
            Ok((name.clone(), (value.marked(sensitive), sensitive)))
        })
        .collect()
}

/// The file, if it is one of this version.
fn file(bytes: &[u8], place: &str) -> Result<Map<String, Json>> {
    let damaged = |reason: String| Error::Damaged { place: place.to_owned(), reason };
    let foreign = |reason: &str| Error::Foreign {
        place: place.to_owned(),
        wanted: "or Terraform state",
        reason: reason.to_owned(),
    };
    let json: Json = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
    let Json::Object(file) = json else { return Err(foreign("it is JSON, but not an object")) };
    match file.get("version").and_then(Json::as_u64) {
        Some(VERSION) => {}
        Some(newer) if newer > VERSION => {
            return Err(Error::Newer { place: place.to_owned(), found: newer, known: VERSION as u32 });
        }
        Some(older) => {
            return Err(foreign(&format!("it is of version {older}; Terraform 0.12 or later makes it 4")));
        }
        None => return Err(foreign("it does not say its version")),
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = r#"{
        "version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "x", "resources": [],
        "outputs": {
            "vpc_id": {"value": "vpc-1", "type": "string"},
            "subnets": {"value": ["b", "a"], "type": ["set", "string"]},
            "zones": {"value": ["b", "a"], "type": ["list", "string"]},
            "shape": {"value": {"n": 12345678901234567890, "t": ["x"]}, "type": ["object", {"n": "number", "t": ["tuple", ["string"]]}]},
            "password": {"value": "p", "type": "string", "sensitive": true}
        }
    }"#;

    #[test]
    fn outputs_have_their_declared_types() {
        let found = outputs(STATE.as_bytes(), "x").unwrap();
        assert_eq!(found["vpc_id"], ("vpc-1".into(), false));
        assert_eq!(found["subnets"].0, Value::set(["a".into(), "b".into()]));
        assert_eq!(found["zones"].0, Value::List(vec!["b".into(), "a".into()]));
        assert_eq!(found["shape"].0.get("t"), Some(&Value::Tuple(vec!["x".into()])));
        assert_eq!(
            found["shape"].0.get("n").and_then(Value::to_text).as_deref(),
            Some("12345678901234567890")
        );
        assert_eq!(found["password"], (Value::from("p").sensitive(), true));
    }

    #[test]
    fn what_is_not_such_a_state_is_refused() {
        let check = |text: &str, message: &str| {
            assert_eq!(outputs(text.as_bytes(), "f").unwrap_err().to_string(), message);
        };
        check("[]", "f is not a stackr or Terraform state: it is JSON, but not an object");
        check("{}", "f is not a stackr or Terraform state: it does not say its version");
        check(r#"{"version": 5}"#, "f has format version 5; this stackr reads versions up to 4");
        check(r#"{"version": 4, "outputs": {"a": {}}}"#, "f is damaged: output a has no value");
        check(
            r#"{"version": 3}"#,
            "f is not a stackr or Terraform state: it is of version 3; Terraform 0.12 or later makes it 4",
        );
    }
}
