//! The planner's protocol: what it is given, what it asks, what it is answered.

use std::collections::{BTreeMap, BTreeSet};

use stackr_core::{
    Address, AnySeen, Declaration, Id, Import, Object, Origin, ProviderConfig, ProviderKey, Registry, Value,
};

use crate::{Plan, Unseal};

/// Seals a secret with a salt: `(secret, salt)`.
pub type SealWith<'a> = &'a (dyn Fn(&str, &str) -> String + Sync);

/// What is planned, from what.
pub struct Request<'a> {
    /// What is declared; absent for a destroy from state alone.
    pub declaration: Option<&'a dyn Declaration>,
    /// Which types there are.
    pub registry: &'a Registry,
    /// The provider configurations.
    pub providers: &'a BTreeMap<ProviderKey, ProviderConfig>,
    /// The recorded objects.
    pub last: &'a BTreeMap<Address, Object>,
    /// Objects that were set aside by replacements and are still there.
    pub deposed: &'a [(Address, Object)],
    /// Addresses of which only a create without an answer is known.
    pub pending: &'a BTreeSet<Address>,
    /// The recorded outputs: value and whether it is sensitive.
    pub last_outputs: &'a BTreeMap<String, (Value, bool)>,
    /// What is wanted of the plan.
    pub options: Options,
    /// Compares a sealed secret with a clear one.
    pub unseal: Unseal<'a>,
    /// The texts of sealed secrets by their seal, as far as they can be had.
    pub known: &'a BTreeMap<String, String>,
    /// Seals the secrets of objects that are taken over.
    pub seal: SealWith<'a>,
}

/// What is wanted of a plan.
#[derive(Clone, Debug)]
pub struct Options {
    /// Remove everything instead of making what is declared.
    pub destroy: bool,
    /// Ask AWS; otherwise what is recorded is believed.
    pub refresh: bool,
    /// Only these objects, blocks or modules and what they depend on; empty: all.
    pub targets: Vec<String>,
    /// Not these, nor what depends on them.
    pub excludes: Vec<String>,
    /// Replace these though nothing differs.
    pub replace: Vec<String>,
    /// Objects to take over, beside those that the declaration names.
    pub imports: Vec<Import>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            destroy: false,
            refresh: true,
            targets: Vec::new(),
            excludes: Vec::new(),
            replace: Vec::new(),
            imports: Vec::new(),
        }
    }
}

/// Something that the planner needs to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// How a recorded object is.
    Read {
        /// The object.
        address: Address,
        /// Its uid, if it is one that was set aside.
        deposed: Option<String>,
        /// Its type.
        ty: String,
        /// Where it lives.
        origin: Origin,
        /// What AWS calls it.
        id: String,
    },
    /// How an object is that is not recorded yet and is to be taken over.
    Import {
        /// The address that it gets.
        address: Address,
        /// Its type.
        ty: String,
        /// The provider configuration that leads to it.
        provider: ProviderKey,
        /// What AWS calls it.
        id: Id,
    },
    /// What data says.
    Look {
        /// The data.
        address: Address,
        /// Its type.
        ty: String,
        /// Its provider configuration.
        provider: ProviderKey,
        /// Its arguments.
        args: Value,
        /// Whether it may be missing: data of a check.
        advisory: bool,
    },
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// How the object is; `None` if it is not there.
    Seen {
        /// The object.
        address: Address,
        /// Its uid, if it is one that was set aside.
        deposed: Option<String>,
        /// What was seen.
        seen: Option<AnySeen>,
    },
    /// How an object is that is to be taken over.
    Candidate {
        /// The address that it gets.
        address: Address,
        /// The object.
        candidate: Candidate,
    },
    /// What the data says: an object of its outputs.
    Found {
        /// The data.
        address: Address,
        /// The outputs.
        value: Value,
    },
    /// Data that may be missing could not be read.
    Missing {
        /// The data.
        address: Address,
        /// Why.
        why: String,
    },
}

/// An object that is to be taken over.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What it is recorded as: what AWS calls it. Of what state alone holds, the text of the import may be the secret
    /// itself, and this is not.
    pub id: Id,
    /// The uid that it is recorded with. It is not marked with it.
    pub uid: String,
    /// Where it lives.
    pub origin: Origin,
    /// What was seen; `None` if it is not there.
    pub seen: Option<AnySeen>,
    /// Why there can be none, where its type says so.
    pub why: Option<String>,
}

/// What to do next.
#[derive(Debug)]
pub enum Next {
    /// Answer these, in any order, all of them.
    Ask(Vec<Question>),
    /// The plan.
    Done(Box<Plan>),
}
