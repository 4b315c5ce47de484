//! The snapshot: everything stackr remembers of one stack in one environment.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stackr_core::{Address, Object, Origin};

use crate::{Error, Outcome, Output, Owner, Result};

/// Which stack, in which environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StackName {
    /// The environment (or workspace): `dev`.
    pub env: String,
    /// The stack: `base`.
    pub stack: String,
}

impl StackName {
    /// The name of a stack in an environment.
    pub fn new(env: impl Into<String>, stack: impl Into<String>) -> Self {
        Self { env: env.into(), stack: stack.into() }
    }

    /// Whether both names can be names of directories, so that no two stacks share one place.
    pub(crate) fn check(&self) -> Result<()> {
        for part in [&self.env, &self.stack] {
            let odd = part.is_empty() || part == "." || part == "..";
            if odd || part.contains(|c: char| c == '/' || c == '\\' || c.is_control()) {
                return Err(Error::Invalid(format!(
                    "`{}` cannot be the name of a directory",
                    part.escape_debug()
                )));
            }
        }
        Ok(())
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.stack, self.env)
    }
}

/// The fold of everything that happened to a stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The stack.
    pub stack: String,
    /// Its environment.
    pub env: String,
    /// What tells this history from every other: a random name, given once.
    pub lineage: String,
    /// How many snapshots this history had.
    pub serial: u64,
    /// The number of the first journal part that is not folded into this snapshot.
    pub next: u64,
    /// The account that the objects are in, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The region that the stack was applied in, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The last run that wrote; without an outcome it is under way or was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// The objects.
    #[serde(default)]
    pub objects: BTreeMap<Address, Object>,
    /// Objects that were replaced and are still to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deposed: Vec<Deposed>,
    /// Creates that were intended and have no result yet.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub intents: BTreeMap<Address, Intent>,
    /// The stack's outputs.
    #[serde(default)]
    pub outputs: BTreeMap<String, Output>,
    /// The stacks that read our outputs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dependents: BTreeMap<String, Dependent>,
    /// How long each type takes, learned from earlier runs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub durations: BTreeMap<String, Durations>,
}

impl State {
    /// The state of a stack that has none yet, in a history of its own.
    #[must_use]
    pub fn new(name: &StackName) -> Self {
        Self {
            stack: name.stack.clone(),
            env: name.env.clone(),
            lineage: uuid::Uuid::new_v4().to_string(),
            serial: 0,
            next: 1,
            account: None,
            region: None,
            run: None,
            objects: BTreeMap::new(),
            deposed: Vec::new(),
            intents: BTreeMap::new(),
            outputs: BTreeMap::new(),
            dependents: BTreeMap::new(),
            durations: BTreeMap::new(),
        }
    }

    /// Whose state this is.
    #[must_use]
    pub fn name(&self) -> StackName {
        StackName::new(&self.env, &self.stack)
    }

    /// Whether the cloud holds nothing of this stack, as far as we know.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.deposed.is_empty() && self.intents.is_empty()
    }

    /// The last run, if it has not finished: it is under way, or was interrupted.
    #[must_use]
    pub fn unfinished(&self) -> Option<&Run> {
        self.run.as_ref().filter(|run| run.outcome.is_none())
    }

    /// Refuses an account or region that the state was not recorded for.
    ///
    /// # Errors
    /// [`Error::OtherOrigin`]. A state that has not recorded any accepts all.
    pub fn check_origin(&self, account: &str, region: &str) -> Result<()> {
        let same = |known: &Option<String>, now: &str| known.as_deref().is_none_or(|known| known == now);
        if same(&self.account, account) && same(&self.region, region) {
            return Ok(());
        }
        let known = |part: &Option<String>| part.clone().unwrap_or_else(|| "?".to_owned());
        Err(Error::OtherOrigin {
            name: self.name(),
            recorded: format!("account {}, region {}", known(&self.account), known(&self.region)),
            given: format!("account {account}, region {region}"),
        })
    }

    /// How long a create of this type is expected to take, in milliseconds.
    #[must_use]
    pub fn expected_create(&self, ty: &str) -> Option<u64> {
        self.durations.get(ty)?.create_ms
    }

    /// How long a delete of this type is expected to take, in milliseconds.
    #[must_use]
    pub fn expected_delete(&self, ty: &str) -> Option<u64> {
        self.durations.get(ty)?.delete_ms
    }
}

/// A replaced object that is still to be removed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deposed {
    /// The address it had.
    pub address: Address,
    /// The object.
    pub object: Object,
}

/// A create that was intended: durable before its call, open until its result is.
///
/// When the id is known the object is recorded as well (so that a destroy removes it); the intent stays open
/// until the object is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The type string.
    #[serde(rename = "type")]
    pub ty: String,
    /// What the object will be marked with, and found by.
    pub uid: String,
    /// Where it will live.
    pub origin: Origin,
    /// The version of the schema that `args` are of.
    pub schema: u32,
    /// The planned arguments: secrets sealed, unknown parts `null`.
    pub args: serde_json::Map<String, serde_json::Value>,
    /// What it depends on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Address>,
    /// Whether a plan that removes it is refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prevent_destroy: bool,
    /// Whether its replacement is made before it is removed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub create_before_destroy: bool,
    /// The uid of the object at this address that it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// What AWS calls it, once created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Since when it is waited for, where making it is a wait: what is left of it goes on after an interruption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl Intent {
    /// The object as it is known between its create and its end: planned arguments, no outputs.
    #[must_use]
    pub fn object(&self, id: impl Into<String>) -> Object {
        Object {
            ty: self.ty.clone(),
            id: id.into(),
            uid: self.uid.clone(),
            origin: self.origin.clone(),
            depends_on: self.depends_on.clone(),
            prevent_destroy: self.prevent_destroy,
            create_before_destroy: self.create_before_destroy,
            timeouts: BTreeMap::new(),
            schema: self.schema,
            tainted: false,
            args: self.args.clone(),
            outputs: serde_json::Map::new(),
        }
    }
}

/// One run, as state and journal remember it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Its name.
    pub run: String,
    /// What was asked for: `apply base`.
    pub command: String,
    /// When it began.
    pub at: Timestamp,
    /// Who started it.
    pub owner: Owner,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// A stack that reads our outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependent {
    /// Since when.
    pub since: Timestamp,
    /// Where its state is kept.
    pub location: String,
}

/// How long a type takes: exponential averages in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Durations {
    /// From the create call to ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_ms: Option<u64>,
    /// From the delete call to gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete_ms: Option<u64>,
}
