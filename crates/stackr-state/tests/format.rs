//! The published format: golden files of every version, and the schema that describes it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::{Map, Value as Json};
use stackr_state::{decode_part, decode_state, encode_part, encode_state};

fn file(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).unwrap()
}

#[test]
fn a_state_of_version_1_reads_and_writes_back_as_it_was() {
    for path in ["tests/state/v1/full.json", "tests/state/v1/empty.json", "tests/state/v1/kept.json"] {
        let text = file(path);
        assert_eq!(encode_state(&decode_state(text.as_bytes(), path).unwrap()), text);
    }
}

#[test]
fn a_journal_of_version_1_reads_and_writes_back_as_it_was() {
    let text = file("tests/state/v1/journal.json");
    let part = decode_part(text.as_bytes(), "journal").unwrap();
    assert_eq!(encode_part(&part), text);
    let json: Json = serde_json::from_str(&text).unwrap();
    let kinds: BTreeSet<_> = json["entries"].as_array().unwrap().iter().map(kind).collect();
    assert_eq!(kinds.len(), 17, "the golden file has every kind of entry: {kinds:?}");
}

fn kind(entry: &Json) -> String {
    entry.as_object().unwrap().keys().next().unwrap().clone()
}

#[test]
fn an_encrypted_secret_of_version_1_is_opened_with_its_key() {
    let state = decode_state(file("tests/state/v1/kept.json").as_bytes(), "kept").unwrap();
    let object = state.objects.values().find(|object| object.ty == "random_password").unwrap();
    let (seal, encrypted) = stackr_core::sealed::parts(&object.outputs["result"]).unwrap();
    let key = stackr_state::StateKey::parse("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").unwrap();
    let slot = stackr_state::Slot { ty: &object.ty, uid: &object.uid, place: "/result" };
    let text = key.decrypt(encrypted.unwrap(), slot).unwrap();
    assert!(stackr_state::matches(seal, &text));
    assert_eq!(text, "hunter2");
}

#[test]
fn numbers_keep_every_digit() {
    let text = file("tests/state/v1/full.json");
    assert!(text.contains("12345678901234567890123") && text.contains("20.50"));
}

#[test]
fn a_reformatted_file_is_not_damaged_and_one_without_a_checksum_is_accepted() {
    let text = file("tests/state/v1/full.json");
    let state = decode_state(text.as_bytes(), "f").unwrap();
    let mut json: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(decode_state(json.to_string().as_bytes(), "f").unwrap(), state);
    json["serial"] = 13.into();
    let error = decode_state(json.to_string().as_bytes(), "f").unwrap_err();
    assert_eq!(error.to_string(), "f is damaged: its content does not have the checksum that it states");
    json.as_object_mut().unwrap().remove("checksum");
    assert_eq!(decode_state(json.to_string().as_bytes(), "f").unwrap().serial, 13);
}

#[test]
fn the_schema_describes_the_golden_files_and_nothing_else() {
    let schema: Json = serde_json::from_str(&file("state/schema.json")).unwrap();
    let full: Json = serde_json::from_str(&file("tests/state/v1/full.json")).unwrap();
    check(&schema, &schema, &full, "").unwrap();
    check(&schema, &schema, &serde_json::from_str(&file("tests/state/v1/empty.json")).unwrap(), "").unwrap();
    check(&schema, &schema, &serde_json::from_str(&file("tests/state/v1/kept.json")).unwrap(), "").unwrap();
    // The full file has everything that the schema names, so neither can grow alone.
    let named: BTreeSet<_> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(named, full.as_object().unwrap().keys().collect());
    let mut wrong = full.clone();
    wrong["objects"]["aws_vpc.main"]["colour"] = "red".into();
    assert_eq!(
        check(&schema, &schema, &wrong, ""),
        Err("/objects/aws_vpc.main/colour is not described".to_owned())
    );
    wrong = full;
    wrong["serial"] = "1".into();
    assert_eq!(check(&schema, &schema, &wrong, ""), Err("/serial is not an integer".to_owned()));
}

/// The part of JSON Schema that the file uses.
fn check(root: &Json, schema: &Json, value: &Json, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        return check(root, root.pointer(name.trim_start_matches('#')).unwrap(), value, at);
    }
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64(),
        Some(other) => panic!("{other}"),
        None => true,
    };
    if !fits {
        return Err(format!("{at} is not an {}", schema["type"].as_str().unwrap()));
    }
    if schema.get("const").is_some_and(|only| only != value)
        || schema["enum"].as_array().is_some_and(|some| !some.contains(value))
    {
        return Err(format!("{at} is {value}"));
    }
    for element in value.as_array().into_iter().flatten() {
        check(root, &schema["items"], element, at)?;
    }
    let Some(object) = value.as_object() else { return Ok(()) };
    for required in schema["required"].as_array().into_iter().flatten() {
        if !object.contains_key(required.as_str().unwrap()) {
            return Err(format!("{at}/{required} is missing"));
        }
    }
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    for (name, value) in object {
        let at = format!("{at}/{name}");
        match (properties.get(name), &schema["additionalProperties"]) {
            (Some(schema), _) => check(root, schema, value, &at)?,
            (None, Json::Bool(false)) => return Err(format!("{at} is not described")),
            (None, Json::Null) => {}
            (None, schema) => check(root, schema, value, &at)?,
        }
    }
    Ok(())
}
