//! The plan for people: what happens to every object and why, beside the program that does it.

use std::collections::BTreeMap;

use stackr_core::{Address, Diagnostic, Id, OutputValue, Value};

use crate::{Program, Values};

/// What happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Nothing.
    Keep,
    /// Nothing in AWS; what is recorded of it is brought up to date.
    Record,
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// Another is made in its place.
    Replace {
        /// The new one is made before the old one is removed.
        create_first: bool,
    },
    /// It is removed.
    Delete,
    /// Its record is removed: it is gone already, or is no longer managed.
    Forget,
    /// Data is looked up during apply.
    Read,
}

/// Why it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is declared and was never made.
    New,
    /// It is no longer declared.
    Undeclared,
    /// It is no longer declared, and a `removed` block says to leave it in AWS.
    Released,
    /// It was asked for: a destroy, or `--replace`.
    Asked,
    /// It was recorded and AWS does not have it any more.
    Vanished,
    /// AWS is deleting it: an earlier run asked for that, or somebody else.
    Leaving,
    /// It was left half-made.
    Tainted,
    /// AWS says that it failed.
    Failed(String),
    /// These arguments differ and cannot be changed in place.
    Forced(Vec<String>),
    /// These changed, and they replace it by its own wish.
    Triggered(Vec<String>),
    /// It was set aside by an earlier replacement and is still there.
    Deposed,
    /// Its arguments are not known before apply.
    Deferred,
    /// It is data of a check, which is judged once more after the changes.
    Checked,
}

/// What happens to one object, with the reasons and the arguments that differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The object.
    pub address: Address,
    /// The uid of an object that was set aside by a replacement.
    pub deposed: Option<String>,
    /// The address that it was recorded under, if another.
    pub moved_from: Option<Address>,
    /// What AWS calls it, if it is taken over.
    pub imported: Option<Id>,
    /// What happens.
    pub action: Action,
    /// Why.
    pub reasons: Vec<Reason>,
    /// The arguments that differ, by name. Empty for a create and a delete, where all do.
    pub fields: BTreeMap<String, FieldChange>,
    /// Arguments and outputs before; null if there was nothing.
    pub before: Value,
    /// Arguments and outputs after, unknown where apply decides; null if there will be nothing.
    pub after: Value,
}

/// How one argument differs.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// What it is.
    pub old: Value,
    /// What it will be.
    pub new: Value,
    /// Whether it cannot be changed in place.
    pub forces_replacement: bool,
}

/// A change of the stack's outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputChange {
    /// The output as it will be; absent if it is removed.
    pub output: Option<OutputValue>,
    /// Its name.
    pub name: String,
    /// What is recorded; null if nothing.
    pub old: Value,
}

/// Something that the plan would do and that is refused to protect an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub Diagnostic);

/// How many objects are made, changed and removed. A replacement counts as made and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Taken over.
    pub import: usize,
    /// Made.
    pub create: usize,
    /// Changed in place.
    pub update: usize,
    /// Removed.
    pub delete: usize,
}

/// What an apply would do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What happens to every object and data block that is declared or recorded, by address.
    pub changes: Vec<Change>,
    /// The outputs that change.
    pub outputs: Vec<OutputChange>,
    /// What is refused; the program must not run while there is any.
    pub refusals: Vec<Refusal>,
    /// What is worth knowing.
    pub warnings: Vec<Diagnostic>,
    /// The steps.
    pub program: Program,
    /// What is known of every instance; apply starts from here.
    pub values: Values,
}

impl Plan {
    /// How many objects are made, changed and removed.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in &self.changes {
            counts.import += usize::from(change.imported.is_some());
            match change.action {
                Action::Create => counts.create += 1,
                Action::Update => counts.update += 1,
                Action::Delete => counts.delete += 1,
                Action::Replace { .. } => {
                    counts.create += 1;
                    counts.delete += 1;
                }
                Action::Keep | Action::Record | Action::Forget | Action::Read => {}
            }
        }
        counts
    }

    /// Whether nothing changes that a user would call a change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let quiet = |c: &Change| matches!(c.action, Action::Keep | Action::Record | Action::Read);
        let records = self.program.renames.is_empty() && self.program.adoptions.is_empty();
        self.changes.iter().all(quiet) && self.outputs.is_empty() && records
    }
}
