//! What state alone holds, taken over from Terraform's state: nobody else can be asked for it.
//!
//! Facts that shape this file:
//! - every attribute is in the record, because a provider writes all of them; where one is missing, an older version of
//!   the provider has written it, and its newest one would complete it;
//! - a value of any type stands there with its type beside it, and its secrets are told as if it did not;
//! - what uses a secret is recorded with the secret's own seal, so the secrets are learned before anything is recorded.

use std::collections::BTreeMap;

use stackr_core::{AnyResource, Field, Kind, Object, Origin, SCHEMA_VERSION, Value, coerce_args};
use stackr_engine::Seals;
use stackr_plan::{field_json, marked_like};
use stackr_state::{new_salt, terraform_v4::Foreign};

/// What Terraform recorded of one object, typed.
pub(super) struct Read {
    uid: String,
    args: Value,
    outputs: Value,
}

/// Reads what Terraform recorded of an object, and remembers the secrets among it.
///
/// # Errors
/// Why it cannot be taken over.
pub(super) fn read(resource: &dyn AnyResource, foreign: &Foreign, seals: &Seals) -> Result<Read, String> {
    let schema = resource.schema();
    let of = |fields: &'static [Field]| {
        let values = fields.iter().map(|field| {
            let value = foreign.attributes.get(field.name).ok_or_else(|| lacks(field.name))?;
            Ok((field.name.to_owned(), typed(field, value)))
        });
        values.collect::<Result<BTreeMap<_, _>, String>>().map(Value::Object)
    };
    let (written, mut outputs) = (of(schema.args.fields)?, of(schema.outputs.fields)?);
    passed_through(&mut outputs, &written, schema.outputs.fields);
    let args = coerce_args(schema, &written).map_err(|problems| {
        let problems = problems.into_iter().map(|problem| format!("{}: {}", problem.path, problem.summary));
        format!("its attributes are not those of the type ({})", problems.collect::<Vec<_>>().join(", "))
    })?;
    let uid = new_salt();
    seals.learn(schema.outputs.fields, &outputs, &uid);
    Ok(Read { uid, args, outputs })
}

fn lacks(name: &str) -> String {
    format!(
        "Terraform's record of it has no `{name}`, so an older version of its provider has written it: run `terraform \
         apply` with the newest one first"
    )
}

/// A recorded value. One of any type is as its type says.
fn typed(field: &Field, value: &Value) -> Value {
    match (field.kind, value.get("value"), value.get("type")) {
        (Kind::Any, Some(inner), Some(ty)) => {
            let plain = |part: &Value| part.clone().unmark_deep().to_json();
            let typed = marked_like(&Value::from_typed_json(&plain(inner), &plain(ty)), inner);
            typed.marked(matches!(value, Value::Sensitive(_)))
        }
        _ => value.clone(),
    }
}

/// What is passed through is as secret as what went in, which is all that Terraform says of it.
fn passed_through(outputs: &mut Value, written: &Value, fields: &'static [Field]) {
    let Value::Object(outputs) = outputs else { return };
    for field in fields.iter().filter(|field| matches!(field.kind, Kind::Any)) {
        let Some(output) = outputs.get_mut(field.name) else { continue };
        let plain = output.clone().unmark_deep();
        let mut inputs = written.attributes().into_iter().flat_map(BTreeMap::values);
        if let Some(input) = inputs.find(|v| v.has_sensitive() && (*v).clone().unmark_deep() == plain) {
            *output = input.clone();
        }
    }
}

/// What is recorded of an object.
///
/// # Errors
/// Its secrets cannot be encrypted.
pub(super) fn object(
    resource: &dyn AnyResource,
    foreign: &Foreign,
    (id, read): (&str, Read),
    seals: &Seals,
) -> Result<Object, String> {
    let (schema, null) = (resource.schema(), Value::Null);
    let seal = |secret: &str| seals.seal(secret, &read.uid);
    let of = |fields: &'static [Field], values: &Value| {
        let record = |field: &Field| field_json(field, values.get(field.name).unwrap_or(&null), &seal);
        fields.iter().map(|field| (field.name.to_owned(), record(field))).collect()
    };
    let mut object = Object {
        ty: schema.ty.to_owned(),
        id: id.to_owned(),
        uid: read.uid.clone(),
        origin: Origin::default(),
        depends_on: Vec::new(),
        prevent_destroy: false,
        create_before_destroy: foreign.create_before_destroy,
        timeouts: BTreeMap::new(),
        schema: SCHEMA_VERSION,
        tainted: foreign.tainted,
        args: of(schema.args.fields, &read.args),
        outputs: of(schema.outputs.fields, &read.outputs),
    };
    let encrypted = seals.encrypt(&mut object, None);
    encrypted.map_err(|error| format!("its secrets cannot be encrypted: {error}"))?;
    Ok(object)
}
