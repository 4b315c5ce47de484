//! Seals: the secrets of a run whose objects state alone holds, by their text and by their seal.
//!
//! Facts that shape this file:
//! - a seal is salted with the uid of the object that the secret is of; what takes the secret from there is recorded
//!   with the same seal, so that a later run sees that it is unchanged without knowing it;
//! - with a key, such secrets are recorded encrypted beside their seal, and a later run with the key knows them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use serde_json::{Map, Value as Json};
use stackr_core::{Address, Object, Registry, sealed};
use stackr_plan::{Adoption, Program, Values, secret_text};
use stackr_state::{KeyError, Slot, State, StateKey};

/// The secrets of a state, as far as they can be had.
#[derive(Default)]
pub struct Seals {
    key: Option<StateKey>,
    /// Texts by their seal, as they were when the run began.
    known: BTreeMap<String, String>,
    /// Seals by the text; grows with what is made.
    texts: Mutex<BTreeMap<String, String>>,
}

/// A secret that cannot be read with the key.
#[derive(Debug, thiserror::Error)]
#[error("the state key does not open {address} ({place})")]
pub struct Unopened {
    /// The object.
    pub address: Address,
    /// The place in its outputs: `/result`.
    pub place: String,
    /// Why.
    #[source]
    pub source: KeyError,
}

impl Seals {
    /// Opens what is encrypted in a state. Without a key nothing is opened, and nothing is wrong.
    ///
    /// # Errors
    /// The first secret that the key does not open.
    pub fn open(state: &State, key: Option<StateKey>) -> Result<Self, Unopened> {
        let mut known = BTreeMap::new();
        let deposed = state.deposed.iter().map(|deposed| (&deposed.address, &deposed.object));
        for (key, (address, object)) in key
            .iter()
            .flat_map(|key| state.objects.iter().chain(deposed.clone()).map(move |object| (key, object)))
        {
            for (place, seal, encrypted) in stand_ins(&object.outputs) {
                let Some(encrypted) = encrypted else { continue };
                let slot = Slot { ty: &object.ty, uid: &object.uid, place: &place };
                let text = key.decrypt(&encrypted, slot).map_err(|source| Unopened {
                    address: address.clone(),
                    place: place.clone(),
                    source,
                })?;
                known.insert(seal, text);
            }
        }
        let texts = known.iter().map(|(seal, text)| (text.clone(), seal.clone())).collect();
        Ok(Self { key, known, texts: Mutex::new(texts) })
    }

    /// Texts by their seal, as they were when the run began.
    #[must_use]
    pub fn known(&self) -> &BTreeMap<String, String> {
        &self.known
    }

    /// The seal of a secret in an object with this uid: that of its origin, where it is known.
    #[must_use]
    pub fn seal(&self, secret: &str, salt: &str) -> String {
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        texts.get(secret).cloned().unwrap_or_else(|| stackr_state::seal(secret, salt))
    }

    /// Remembers the secrets among the outputs of an object that is made, or taken over, now.
    pub fn learn(&self, fields: &'static [stackr_core::Field], outputs: &stackr_core::Value, uid: &str) {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        for field in fields.iter().filter(|field| field.secret) {
            if let Some(value) = outputs.get(field.name).filter(|value| value.is_wholly_known()) {
                let text = secret_text(value);
                let seal = stackr_state::seal(&text, uid);
                texts.entry(text).or_insert(seal);
            }
        }
    }

    /// Puts the encrypted text beside every seal in the outputs of an object: as it was recorded last, or, with a key,
    /// of what this run knows.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn encrypt(&self, object: &mut Object, last: Option<&Object>) -> Result<(), KeyError> {
        let before: BTreeMap<String, String> = last
            .map(|last| stand_ins(&last.outputs))
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(place, seal, encrypted)| Some((place + &seal, encrypted?)))
            .collect();
        let by_seal: BTreeMap<String, String> = {
            let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
            texts.iter().map(|(text, seal)| (seal.clone(), text.clone())).collect()
        };
        for (place, seal, encrypted) in stand_ins(&object.outputs) {
            let slot = Slot { ty: &object.ty, uid: &object.uid, place: &place };
            let encrypted =
                match (encrypted.or_else(|| before.get(&(place.clone() + &seal)).cloned()), &self.key) {
                    (Some(encrypted), _) => encrypted,
                    (None, Some(key)) => match by_seal.get(&seal) {
                        Some(text) => key.encrypt(text, slot)?,
                        None => continue,
                    },
                    (None, None) => continue,
                };
            replace(&mut object.outputs, &place, sealed::stand_in_encrypted(&seal, &encrypted));
        }
        Ok(())
    }
}

/// Remembers the secrets of what a program takes over and state alone holds, and encrypts them in its records. `values`
/// are those that were planned.
///
/// # Errors
/// The system gives no random bytes.
pub fn seal_adoptions(
    program: &mut Program,
    values: &Values,
    registry: &Registry,
    seals: &Seals,
) -> Result<(), KeyError> {
    for Adoption { address, object } in &mut program.adoptions {
        let Some(resource) = registry.resource(&object.ty).filter(|r| r.kept().is_some()) else { continue };
        // Where it is replaced at once, nobody will need its text.
        if let Some(value) = values.get(address) {
            seals.learn(resource.schema().outputs.fields, value, &object.uid);
        }
        seals.encrypt(object, None)?;
    }
    Ok(())
}

/// Every stand-in in recorded outputs: its place, its seal, its encrypted text.
fn stand_ins(outputs: &Map<String, Json>) -> Vec<(String, String, Option<String>)> {
    fn walk(json: &Json, place: &str, found: &mut Vec<(String, String, Option<String>)>) {
        if let Some((seal, encrypted)) = sealed::parts(json) {
            found.push((place.to_owned(), seal.to_owned(), encrypted.map(str::to_owned)));
            return;
        }
        match json {
            Json::Array(elements) => {
                for (at, element) in elements.iter().enumerate() {
                    walk(element, &format!("{place}/{at}"), found);
                }
            }
            Json::Object(fields) => {
                for (name, field) in fields {
                    walk(field, &step(place, name), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    for (name, json) in outputs {
        walk(json, &step("", name), &mut found);
    }
    found
}

/// One step of a JSON pointer (RFC 6901).
fn step(place: &str, name: &str) -> String {
    format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn replace(outputs: &mut Map<String, Json>, place: &str, by: Json) {
    let mut whole = Json::Object(std::mem::take(outputs));
    if let Some(there) = whole.pointer_mut(place) {
        *there = by;
    }
    if let Json::Object(fields) = whole {
        *outputs = fields;
    }
}
