//! Recorded objects: what state keeps of each, and what planning calls *last*.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Address, Value};

/// The version of the schemas that this program records arguments and outputs of.
pub const SCHEMA_VERSION: u32 = 1;

/// One object as it was recorded after it was last made, changed or read.
///
/// It holds what a destroy without sources needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// The type string.
    #[serde(rename = "type")]
    pub ty: String,
    /// What AWS calls it (in the form that `import` takes).
    pub id: String,
    /// What we marked it with.
    pub uid: String,
    /// Where it lives and how it is reached.
    pub origin: Origin,
    /// What it depends on: these are removed after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Address>,
    /// Whether a plan that removes it is refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    /// Whether its replacement is made before it is removed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub create_before_destroy: bool,
    /// How long the user waits, in milliseconds by operation, where that was said.
    #[serde(rename = "timeouts_ms", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub timeouts: BTreeMap<String, u64>,
    /// The version of the schema that `args` and `outputs` are of.
    pub schema: u32,
    /// Whether it was left half-made or found broken; the next plan replaces it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tainted: bool,
    /// Its arguments. Secrets are sealed (see [`crate::sealed`]).
    pub args: serde_json::Map<String, serde_json::Value>,
    /// Its outputs.
    pub outputs: serde_json::Map<String, serde_json::Value>,
}

impl Object {
    /// The arguments as an object value.
    #[must_use]
    pub fn args_value(&self) -> Value {
        Value::object(self.args.iter().map(|(k, v)| (k.clone(), Value::from_json(v))))
    }

    /// The outputs as an object value.
    #[must_use]
    pub fn outputs_value(&self) -> Value {
        Value::object(self.outputs.iter().map(|(k, v)| (k.clone(), Value::from_json(v))))
    }
}

/// Where an object lives: enough to reach it again without its sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The AWS account; empty if it was not asked for.
    #[serde(default)]
    pub account: String,
    /// The region.
    #[serde(default)]
    pub region: String,
    /// The profile that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The role that was assumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The external id that the role asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Endpoints that the provider block gave.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoints: BTreeMap<String, String>,
}
