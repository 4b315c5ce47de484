//! Secrets in plans: their text, and what needs it where only the seal is known.

use stackr_core::{Address, AnyResource, Value, sealed};

use crate::Values;

/// The text that is sealed of a secret: a string itself, anything else as JSON.
#[must_use]
pub fn secret_text(value: &Value) -> String {
    value.to_text().unwrap_or_else(|| value.to_json().to_string())
}

/// The arguments that are not wholly known, by name, and whether there is one among them that a verb cannot do
/// without: what a kept type only compares and passes through it need not know.
#[must_use]
pub fn lacks<'a>(resource: &dyn AnyResource, args: &'a Value) -> (Vec<&'a str>, bool) {
    let kept = resource.kept().is_some();
    let unknown = args.attributes().into_iter().flatten().filter(|(_, value)| !value.is_wholly_known());
    let mut needed = false;
    let names = unknown.map(|(name, value)| {
        let trigger = kept && resource.schema().args.field(name).is_some_and(|field| field.is_trigger());
        needed |= !(trigger && only_sealed(value));
        name.as_str()
    });
    (names.collect(), needed)
}

/// Whether every unknown part of a value is a secret of which the seal is known.
#[must_use]
pub fn only_sealed(value: &Value) -> bool {
    match value {
        Value::Unknown(_) => sealed::seal(value).is_some(),
        other => other.children().all(only_sealed),
    }
}

/// Those of these objects that have secrets of which only the seal is known.
#[must_use]
pub fn sealed_among<'a>(addresses: impl IntoIterator<Item = &'a Address>, values: &Values) -> Vec<String> {
    let sealed = |address: &&Address| values.get(address).is_some_and(|v| !sealed::opaques(v).is_empty());
    addresses.into_iter().filter(sealed).map(ToString::to_string).collect()
}

/// What is the matter and what can be done where the texts of these objects are needed.
#[must_use]
pub fn text_remedy(objects: &[String]) -> String {
    let replace: Vec<_> = objects.iter().map(|object| format!("--replace '{object}'")).collect();
    format!(
        "needs the text of {}, of which this run knows the seal only: replace it with `{}`, or give the key that it \
         was recorded with in STACKR_STATE_KEY (what is made while a key is given is recorded encrypted and known to \
         every later run with the key)",
        objects.join(", "),
        replace.join(" ")
    )
}
