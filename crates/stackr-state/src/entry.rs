//! The journal's vocabulary: the things that can happen in a run, and the numbered parts they are kept in.
//!
//! Entries are externally tagged (`{"created": {…}}`): the other taggings buffer, and buffering loses numbers
//! under `serde_json`'s arbitrary precision.
//!
//! A delete has no intent: repeating one is harmless, an object that is gone counts as deleted, and whether one is
//! going is what AWS says (`Status::Leaving`), which also holds for deletes that were not ours.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stackr_core::{Address, Object};

use crate::{Intent, Output, Owner};

/// One thing that happened. [`apply`](crate::apply) folds it into a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// A run began to write. The session writes it by itself, as the first entry of its first part.
    RunStarted {
        /// The run's name.
        run: String,
        /// What was asked for.
        command: String,
        /// When.
        at: Timestamp,
        /// By whom.
        owner: Owner,
        /// The lease's epoch.
        epoch: u64,
    },
    /// The account and region that the stack lives in.
    Origin {
        /// The account.
        account: String,
        /// The region.
        region: String,
    },
    /// A create is going to be called. An intent with the same uid may be repeated (it keeps the known id).
    Intent {
        /// The object's address.
        address: Address,
        /// What is going to be made.
        intent: Box<Intent>,
    },
    /// A create was answered, or what an unanswered one made was found: the object has an id.
    /// If another object is at the address it must have been deposed or deleted before.
    Created {
        /// The object's address.
        address: Address,
        /// The intent's uid.
        uid: String,
        /// What AWS calls it.
        id: String,
    },
    /// An object was made, changed or read: this is what is known of it now. Closes the intent of its uid.
    Done {
        /// The object's address.
        address: Address,
        /// The object; `tainted` if it was left half-made.
        object: Box<Object>,
    },
    /// An object (or a deposed one) is gone.
    Deleted {
        /// The object's address.
        address: Address,
        /// Its uid.
        uid: String,
    },
    /// The object gives its address to its replacement and is to be removed.
    Deposed {
        /// The object's address.
        address: Address,
    },
    /// A deposed object is gone.
    DeposedDeleted {
        /// The address it had.
        address: Address,
        /// Its uid.
        uid: String,
    },
    /// An intent came to nothing: nothing was made, or what was made failed and was removed.
    /// The uid is not used again.
    Retired {
        /// The intent's address.
        address: Address,
        /// Its uid.
        uid: String,
    },
    /// All that is known of an address is dropped; the cloud is not touched.
    Forgotten {
        /// The address.
        address: Address,
    },
    /// All that is known of an address goes to another.
    Moved {
        /// The old address.
        from: Address,
        /// The new one.
        to: Address,
    },
    /// An object that was made elsewhere is ours from now on. Nothing else may be recorded at its address.
    Adopted {
        /// The object's address.
        address: Address,
        /// The object.
        object: Box<Object>,
    },
    /// The stack's outputs are these.
    Outputs {
        /// All outputs.
        outputs: BTreeMap<String, Output>,
    },
    /// Another stack reads our outputs.
    Dependent {
        /// Its name.
        stack: String,
        /// Since when (an earlier record's date is kept).
        since: Timestamp,
        /// Where its state is kept.
        location: String,
    },
    /// Another stack reads our outputs no longer.
    DependentGone {
        /// Its name.
        stack: String,
    },
    /// A step took this long.
    Duration {
        /// The object's type.
        #[serde(rename = "type")]
        ty: String,
        /// What was done.
        verb: Verb,
        /// Milliseconds.
        ms: u64,
    },
    /// The run ended.
    RunFinished {
        /// How.
        outcome: Outcome,
    },
}

/// What a duration is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// From the create call to ready.
    Create,
    /// From the delete call to gone.
    Delete,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything was done.
    Done,
    /// Some steps failed.
    Failed,
    /// It was told to stop.
    Interrupted,
}

/// An entry that cannot follow on a state: a bug of the writer, or a journal that is not this state's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{entry}` cannot follow: {state}")]
pub struct IllegalEntry {
    /// What was to be recorded.
    pub entry: String,
    /// What the state says instead.
    pub state: String,
}

/// A numbered, immutable part of the journal: entries that became durable together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The history that it belongs to.
    pub lineage: String,
    /// The stack that it belongs to.
    pub stack: String,
    /// The stack's environment.
    pub env: String,
    /// Its number; the name it is stored under says the same.
    pub number: u64,
    /// The run that wrote it.
    pub run: String,
    /// The session that wrote it: a random name, so that a writer knows its own parts again.
    pub writer: String,
    /// What happened, in order.
    pub entries: Vec<Entry>,
}
