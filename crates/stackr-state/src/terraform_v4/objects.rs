//! The managed objects in a Terraform state: under which address, made by whom, and what it records of them.

use serde::Deserialize;
use serde_json::Value as Json;
use stackr_core::{Address, BlockKey, Key, Mode, Value};

use super::file;
use crate::{Error, Result};

/// One object as Terraform records it.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// Its address.
    pub address: Address,
    /// What tells it from others that were set aside at the address, if it was.
    pub deposed: Option<String>,
    /// The source of its provider: `registry.terraform.io/hashicorp/aws`.
    pub provider: String,
    /// The alias of the provider's configuration; empty for the default one.
    pub alias: String,
    /// Its attributes, with what is sensitive marked. Null where they are in a form that is not understood.
    pub attributes: Value,
    /// The blocks that it depends on, without keys.
    pub depends_on: Vec<Address>,
    /// Whether its replacement is made first.
    pub create_before_destroy: bool,
    /// Whether it was left half-made.
    pub tainted: bool,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    module: String,
    mode: String,
    #[serde(rename = "type")]
    ty: String,
    name: String,
    #[serde(default)]
    provider: String,
    #[serde(default)]
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    index_key: Option<Json>,
    deposed: Option<String>,
    status: Option<String>,
    attributes: Option<Json>,
    #[serde(default)]
    sensitive_attributes: Option<Vec<Vec<Step>>>,
    #[serde(default)]
    dependencies: Option<Vec<String>>,
    #[serde(default)]
    create_before_destroy: bool,
}

/// A step of a path to something sensitive.
#[derive(Deserialize)]
struct Step {
    #[serde(rename = "type")]
    ty: String,
    value: Json,
}

/// The managed objects in a Terraform state of version 4, in its order. `place` is for messages.
///
/// # Errors
/// [`Error::Foreign`] if it is no Terraform state, [`Error::Newer`] or [`Error::Damaged`] if it cannot be read.
pub fn objects(bytes: &[u8], place: &str) -> Result<Vec<Foreign>> {
    let damaged = |reason: String| Error::Damaged { place: place.to_owned(), reason };
    let file = file(bytes, place)?;
    let resources = file.get("resources").cloned().unwrap_or(Json::Array(Vec::new()));
    let resources: Vec<Json> = serde_json::from_value(resources)
        .map_err(|error| damaged(format!("its resources are not a list: {error}")))?;
    let mut objects = Vec::new();
    for (n, json) in resources.into_iter().enumerate() {
        let resource: Resource = serde_json::from_value(json)
            .map_err(|error| damaged(format!("resource {} cannot be read: {error}", n + 1)))?;
        if resource.mode != "managed" {
            continue;
        }
        for instance in resource.instances.iter() {
            objects.push(object(&resource, instance).map_err(|why| {
                damaged(format!("{}.{} cannot be read: {why}", resource.ty, resource.name))
            })?);
        }
    }
    Ok(objects)
}

fn object(resource: &Resource, instance: &Instance) -> std::result::Result<Foreign, String> {
    let module = if resource.module.is_empty() { String::new() } else { format!("{}.", resource.module) };
    // The way is read as that to an object, whose own name needs no reading.
    let way: Address = format!("{module}type.name").parse().map_err(|e| format!("{e}"))?;
    let key = match &instance.index_key {
        None | Some(Json::Null) => None,
        Some(Json::String(name)) => Some(Key::Name(name.clone())),
        Some(Json::Number(n)) => Some(Key::Index(n.as_u64().ok_or("its key is not a position")?)),
        Some(other) => return Err(format!("{other} is no key")),
    };
    let block = BlockKey { mode: Mode::Managed, ty: resource.ty.clone(), name: resource.name.clone() };
    let (provider, alias) = provider(&resource.provider);
    let mut attributes = instance.attributes.as_ref().map_or(Value::Null, Value::from_json);
    for path in instance.sensitive_attributes.iter().flatten() {
        attributes = marked(&attributes, path);
    }
    let dependencies = instance.dependencies.iter().flatten();
    Ok(Foreign {
        address: Address { module: way.module, block, key },
        deposed: instance.deposed.clone(),
        provider,
        alias,
        attributes,
        depends_on: dependencies
            .filter_map(|text| text.parse::<Address>().ok())
            .filter(|a| a.block.mode == Mode::Managed)
            .collect(),
        create_before_destroy: instance.create_before_destroy,
        tainted: instance.status.as_deref() == Some("tainted"),
    })
}

/// Source and alias in `module.m.provider["registry.terraform.io/hashicorp/aws"].west`.
fn provider(text: &str) -> (String, String) {
    let rest = text.split_once("provider[\"").map_or(text, |(_, rest)| rest);
    match rest.split_once("\"]") {
        Some((source, alias)) => (source.to_owned(), alias.trim_start_matches('.').to_owned()),
        None => (rest.to_owned(), String::new()),
    }
}

/// A value with the part at a path marked as sensitive.
fn marked(value: &Value, path: &[Step]) -> Value {
    let Some((step, rest)) = path.split_first() else { return value.clone().sensitive() };
    let at = if step.ty == "index" { step.value.get("value").unwrap_or(&step.value) } else { &step.value };
    match (value, at) {
        (Value::Sensitive(_), _) => value.clone(),
        // A value of any type stands beside its type, and the way to a part of it does not say so. What only looks like
        // one is hidden more than it need be.
        (Value::Map(m) | Value::Object(m), _)
            if m.len() == 2 && m.contains_key("type") && m.contains_key("value") =>
        {
            let mut m = m.clone();
            if let Some(inner) = at.as_str().and_then(|name| m.get_mut(name)) {
                *inner = marked(inner, rest);
            }
            m.entry("value".to_owned()).and_modify(|inner| *inner = marked(inner, path));
            Value::Object(m)
        }
        (Value::Map(m) | Value::Object(m), Json::String(name)) if m.contains_key(name) => {
            let mut m = m.clone();
            m.entry(name.clone()).and_modify(|inner| *inner = marked(inner, rest));
            Value::Object(m)
        }
        (Value::List(e) | Value::Tuple(e), Json::Number(n)) => {
            let index = n.as_u64().and_then(|n| usize::try_from(n).ok());
            let mut e = e.clone();
            if let Some(inner) = index.and_then(|i| e.get_mut(i)) {
                *inner = marked(inner, rest);
            }
            Value::Tuple(e)
        }
        // A path to what is not there hides nothing; one that makes no sense hides all.
        (Value::Null, _) => Value::Null,
        (Value::Map(_) | Value::Object(_), Json::String(_)) => value.clone(),
        _ => value.clone().sensitive(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = r#"{
        "version": 4, "serial": 1, "lineage": "x", "outputs": {},
        "resources": [
            {"mode": "data", "type": "aws_region", "name": "here", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
             "instances": [{"attributes": {"id": "eu-west-1"}}]},
            {"module": "module.net[\"a\"].module.sub", "mode": "managed", "type": "aws_subnet", "name": "public", "each": "list",
             "provider": "module.net.provider[\"registry.terraform.io/hashicorp/aws\"].west",
             "instances": [
                {"index_key": 0, "schema_version": 1, "attributes": {"id": "subnet-1", "tags": {"a": "b"}, "list": [{"p": "q"}], "any": {"value": {"p": "q", "r": "s"}, "type": ["object", {"p": "string", "r": "string"}]}},
                 "sensitive_attributes": [
                    [{"type": "get_attr", "value": "tags"}, {"type": "index", "value": {"value": "a", "type": "string"}}],
                    [{"type": "get_attr", "value": "list"}, {"type": "index", "value": {"value": 0, "type": "number"}}, {"type": "get_attr", "value": "p"}],
                    [{"type": "get_attr", "value": "any"}, {"type": "get_attr", "value": "p"}],
                    [{"type": "get_attr", "value": "missing"}, {"type": "get_attr", "value": "p"}]
                 ],
                 "dependencies": ["data.aws_region.here", "module.net.aws_vpc.main"], "create_before_destroy": true},
                {"index_key": 0, "deposed": "00aa11bb", "status": "tainted", "attributes": {"id": "subnet-0"}}
             ]}
        ]}"#;

    #[test]
    fn every_managed_object_is_read_with_its_address() {
        let found = objects(STATE.as_bytes(), "f").unwrap();
        assert_eq!(found.len(), 2);
        let first = &found[0];
        assert_eq!(first.address.to_string(), "module.net[\"a\"].module.sub.aws_subnet.public[0]");
        assert_eq!(
            (first.provider.as_str(), first.alias.as_str()),
            ("registry.terraform.io/hashicorp/aws", "west")
        );
        assert_eq!(
            first.depends_on.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["module.net.aws_vpc.main"]
        );
        assert!(first.create_before_destroy && first.deposed.is_none() && !first.tainted);
        let old = &found[1];
        assert_eq!((old.deposed.as_deref(), old.tainted), (Some("00aa11bb"), true));
    }

    #[test]
    fn what_is_sensitive_is_marked_where_it_is() {
        let found = objects(STATE.as_bytes(), "f").unwrap();
        let attributes = &found[0].attributes;
        assert_eq!(attributes.get("tags").unwrap().get("a"), Some(&Value::from("b").sensitive()));
        let list = attributes.get("list").unwrap();
        assert_eq!(list.elements().unwrap()[0].get("p"), Some(&Value::from("q").sensitive()));
        let any = attributes.get("any").and_then(|any| any.get("value")).unwrap();
        assert_eq!(any.get("p"), Some(&Value::from("q").sensitive()));
        assert_eq!(any.get("r"), Some(&Value::from("s")));
        assert_eq!(attributes.get("id"), Some(&Value::from("subnet-1")));
    }

    #[test]
    fn a_value_beside_its_type_hides_its_parts_whatever_they_are_called() {
        let steps = |names: &[&str]| {
            let step = |name: &&str| Step { ty: "get_attr".to_owned(), value: Json::from(*name) };
            names.iter().map(step).collect::<Vec<_>>()
        };
        let of = |value: Json, path: &[&str]| marked(&Value::from_json(&value), &steps(path));
        let any =
            serde_json::json!({ "value": { "type": "a", "value": "b", "p": "c" }, "type": ["object", {}] });
        for name in ["type", "value", "p"] {
            let inner = of(any.clone(), &[name]);
            let inner = inner.get("value").and_then(|value| value.get(name)).cloned();
            assert!(
                inner.is_some_and(|part| matches!(part, Value::Sensitive(_))) || name == "value",
                "{name}"
            );
        }
        assert!(matches!(of(any, &["value"]).get("value"), Some(Value::Sensitive(_))));
        // Not one, but like one.
        let block = serde_json::json!({ "value": { "p": "c" }, "type": "t" });
        let hidden = of(block, &["value", "p"]);
        assert_eq!(hidden.get("value").and_then(|v| v.get("p")), Some(&Value::from("c").sensitive()));
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        let check = |text: &str, message: &str| {
            assert_eq!(objects(text.as_bytes(), "f").unwrap_err().to_string(), message);
        };
        check(
            r#"{"version": 4, "resources": {}}"#,
            "f is damaged: its resources are not a list: invalid type: map, expected a sequence",
        );
        check(
            r#"{"version": 4, "resources": [{"mode": "managed", "type": "t", "name": "n", "instances": [{"index_key": -1}]}]}"#,
            "f is damaged: t.n cannot be read: its key is not a position",
        );
        check(
            r#"{"version": 4, "resources": [{}]}"#,
            "f is damaged: resource 1 cannot be read: missing field `mode`",
        );
    }
}
