//! The files: format name, version, checksum, migration. JSON is checked and migrated *before* it is typed.
//!
//! Facts that shape this file:
//! - a flipped bit inside an id is valid JSON that would delete the wrong object, so the files carry a checksum. It
//!   is of the content, not of the bytes: reformatting a file does not break it. A person who edits a state on purpose
//!   removes the line;
//! - `serde(flatten)` reads through a buffer that loses numbers under arbitrary precision, so only writing uses it.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};

use crate::{Error, Part, Result, State};

/// The format name of a snapshot.
pub const STATE_FORMAT: &str = "stackr-state";
/// The newest version of the snapshot's format.
pub const STATE_VERSION: u32 = 1;
const PART_FORMAT: &str = "stackr-journal";
const PART_VERSION: u32 = 1;

/// What a kind of file is called and how its older versions become newer ones.
struct Kind {
    format: &'static str,
    noun: &'static str,
    version: u32,
    /// Step `i` turns version `i + 1` into `i + 2`.
    migrations: &'static [fn(&mut Map<String, Json>)],
}

const STATE: Kind = Kind { format: STATE_FORMAT, noun: "state", version: STATE_VERSION, migrations: &[] };
const PART: Kind = Kind { format: PART_FORMAT, noun: "journal", version: PART_VERSION, migrations: &[] };

#[derive(Serialize)]
struct File<'a, T> {
    format: &'static str,
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    #[serde(flatten)]
    content: &'a T,
}

/// The snapshot's file.
#[must_use]
pub fn encode_state(state: &State) -> String {
    encode(&STATE, state)
}

/// The state in a snapshot's file. `place` is for messages.
///
/// # Errors
/// [`Error::Terraform`], [`Error::Foreign`], [`Error::Newer`] or [`Error::Damaged`]; never a panic, whatever the bytes.
pub fn decode_state(bytes: &[u8], place: &str) -> Result<State> {
    decode(&STATE, bytes, place)
}

/// The file of a journal part.
#[must_use]
pub fn encode_part(part: &Part) -> String {
    encode(&PART, part)
}

/// The part in a journal's file. `place` is for messages.
///
/// # Errors
/// As [`decode_state`].
pub fn decode_part(bytes: &[u8], place: &str) -> Result<Part> {
    decode(&PART, bytes, place)
}

fn encode<T: Serialize>(kind: &Kind, content: &T) -> String {
    const NAMES: &str = "our types have string keys only";
    let file = |checksum| File { format: kind.format, version: kind.version, checksum, content };
    let stated = checksum(&serde_json::to_value(file(None)).expect(NAMES));
    let mut text = serde_json::to_string_pretty(&file(Some(stated))).expect(NAMES);
    text.push('\n');
    text
}

fn decode<T: DeserializeOwned>(kind: &Kind, bytes: &[u8], place: &str) -> Result<T> {
    let foreign = |reason: &str| Error::Foreign {
        place: place.to_owned(),
        wanted: kind.noun,
        reason: reason.to_owned(),
    };
    let damaged = |reason: String| Error::Damaged { place: place.to_owned(), reason };
    if bytes.is_empty() {
        return Err(damaged("it is empty".to_owned()));
    }
    let json: Json = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
    let Json::Object(mut file) = json else { return Err(foreign("it is JSON, but not an object")) };
    match file.remove("format") {
        Some(Json::String(format)) if format == kind.format => {}
        Some(other) => return Err(foreign(&format!("its format is {other}"))),
        None => return Err(terraform(&file, place).unwrap_or_else(|| foreign("it does not say its format"))),
    }
    let version = file.remove("version").and_then(|version| version.as_u64());
    let version = version.ok_or_else(|| damaged("it has no version".to_owned()))?;
    let from = u32::try_from(version).ok().filter(|known| *known <= kind.version);
    let Some(from) = from else {
        return Err(Error::Newer { place: place.to_owned(), found: version, known: kind.version });
    };
    if from == 0 {
        return Err(damaged("there is no version 0".to_owned()));
    }
    if let Some(stated) = file.remove("checksum") {
        // Not a copy: a state is large.
        file.insert("format".to_owned(), kind.format.into());
        file.insert("version".to_owned(), version.into());
        let found = checksum_of(&file);
        file.remove("format");
        file.remove("version");
        if stated.as_str() != Some(&found) {
            return Err(damaged("its content does not have the checksum that it states".to_owned()));
        }
    }
    for migrate in kind.migrations.iter().skip(from as usize - 1) {
        migrate(&mut file);
    }
    serde_json::from_value(Json::Object(file)).map_err(|error| damaged(error.to_string()))
}

/// The error for a Terraform state, if it is one.
fn terraform(file: &Map<String, Json>, place: &str) -> Option<Error> {
    let by = file.get("terraform_version")?.as_str()?;
    Some(Error::Terraform {
        place: place.to_owned(),
        version: file.get("version")?.as_u64()?,
        serial: file.get("serial").and_then(Json::as_u64).unwrap_or(0),
        by: by.to_owned(),
    })
}

/// The checksum of a content, however it is formatted.
fn checksum(json: &Json) -> String {
    let mut sum = Sum::default();
    sum.value(json);
    sum.end()
}

/// The checksum of an object that is not wrapped in a value.
fn checksum_of(object: &Map<String, Json>) -> String {
    let mut sum = Sum::default();
    sum.object(object);
    sum.end()
}

/// Sums up compact JSON with sorted keys, without ever holding all of it.
#[derive(Default)]
struct Sum {
    hash: Sha256,
    text: Vec<u8>,
}

impl Sum {
    /// So much is summed up at once.
    const AT_ONCE: usize = 8 * 1024;

    fn value(&mut self, json: &Json) {
        match json {
            Json::Array(elements) => {
                self.text.push(b'[');
                for element in elements {
                    self.value(element);
                    self.text.push(b',');
                }
                self.text.push(b']');
            }
            Json::Object(map) => self.object(map),
            scalar => self.scalar(scalar),
        }
        if self.text.len() >= Self::AT_ONCE {
            self.hash.update(&self.text);
            self.text.clear();
        }
    }

    fn object(&mut self, map: &Map<String, Json>) {
        let mut fields: Vec<_> = map.iter().collect();
        fields.sort_by_key(|(name, _)| *name);
        self.text.push(b'{');
        for (name, value) in fields {
            self.scalar(name);
            self.text.push(b':');
            self.value(value);
            self.text.push(b',');
        }
        self.text.push(b'}');
    }

    fn scalar(&mut self, scalar: &impl Serialize) {
        serde_json::to_writer(&mut self.text, scalar).expect("a text in memory takes every scalar");
    }

    fn end(mut self) -> String {
        self.hash.update(&self.text);
        format!("sha256:{}", crate::secret::hex(&self.hash.finalize()))
    }
}
