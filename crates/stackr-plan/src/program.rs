//! The program: what apply does, decided in full by the plan.
//!
//! Steps and edges, printed deterministically. `replace` does not exist here: it is a create, a delete and their
//! edges. The engine decides *when* a step runs, never *what* it does.

use std::fmt;

use stackr_core::{Address, AnySeen, Object, ProviderKey, Value};

use crate::Rename;

/// The position of a step in [`Program::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub usize);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0 + 1)
    }
}

/// How far a step must have come before one that waits for it may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Milestone {
    /// The object exists and its id and outputs are readable, though it may still be pending.
    Id,
    /// The step is done.
    Ready,
}

/// `to` may start when `from` has reached the milestone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The step waited for.
    pub from: StepId,
    /// The step that waits.
    pub to: StepId,
    /// How far.
    pub milestone: Milestone,
}

/// All steps of an apply or destroy with their edges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    /// What is recorded under another address before anything else is done, in this order.
    pub renames: Vec<Rename>,
    /// What is recorded before the first step though it was made elsewhere.
    pub adoptions: Vec<Adoption>,
    /// The steps, in an order in which they could run one by one.
    pub steps: Vec<Step>,
    /// What waits for what. Sorted, without repeats.
    pub edges: Vec<Edge>,
}

impl Program {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.renames.is_empty() && self.adoptions.is_empty()
    }
}

/// An object that is there and is taken over.
#[derive(Clone, Debug, PartialEq)]
pub struct Adoption {
    /// The address that it gets.
    pub address: Address,
    /// The object as it is recorded at first: as it was read for this plan, with secrets sealed.
    pub object: Box<Object>,
}

/// One verb on one address.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The object or data.
    pub address: Address,
    /// What is done.
    pub verb: Verb,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// Makes an object that is not there.
    Create {
        /// What is declared.
        declared: Target,
        /// What is planned to be there: arguments, unknown where they depend on other steps.
        want: Value,
        /// Whether the recorded object at this address is set aside first: it is deleted after its replacement
        /// is there.
        deposes: bool,
    },
    /// Changes an object in place.
    Update {
        /// What is declared.
        declared: Target,
        /// What is planned to be there.
        want: Value,
        /// The object as recorded.
        object: Box<Object>,
        /// The object as it was read for this plan.
        seen: Box<AnySeen>,
    },
    /// Records what is declared without a call: nothing that AWS knows differs. An object that could not be used yet
    /// when it was read is waited for first.
    Record {
        /// What is declared.
        declared: Target,
        /// What is planned to be there.
        want: Value,
        /// The object as recorded.
        object: Box<Object>,
        /// The object as it was read for this plan.
        seen: Box<AnySeen>,
    },
    /// Deletes an object.
    Delete {
        /// The object as recorded.
        object: Box<Object>,
        /// Whether it is one that was set aside by a replacement.
        deposed: bool,
        /// The object with whose deletion, an earlier step, AWS has deleted this one too: no call is needed.
        with: Option<Address>,
    },
    /// Forgets an object that is gone already.
    Forget {
        /// The object as recorded.
        object: Box<Object>,
        /// Whether it is one that was set aside by a replacement.
        deposed: bool,
    },
    /// Looks up data whose arguments were not known in the plan.
    Read {
        /// What is declared.
        declared: Target,
    },
}

impl Verb {
    /// The block that is behind it, where one is.
    #[must_use]
    pub fn declared(&self) -> Option<&Target> {
        match self {
            Self::Create { declared, .. }
            | Self::Update { declared, .. }
            | Self::Record { declared, .. }
            | Self::Read { declared } => Some(declared),
            Self::Delete { .. } | Self::Forget { .. } => None,
        }
    }

    /// The word for it: `create`, `update`, `record`, `delete`, `forget`, `read`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Record { .. } => "record",
            Self::Delete { .. } => "delete",
            Self::Forget { .. } => "forget",
            Self::Read { .. } => "read",
        }
    }
}

/// What a step needs to know of the block behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The index of the block in the declaration.
    pub block: usize,
    /// Its provider configuration.
    pub provider: ProviderKey,
    /// What the object depends on; recorded, so that a destroy without sources knows the order.
    pub depends_on: Vec<Address>,
    /// Whether a plan that removes it is refused; recorded.
    pub prevent_destroy: bool,
    /// Whether its replacement is made first; recorded.
    pub create_before_destroy: bool,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Rename { from, to } in &self.renames {
            writeln!(f, "     move    {from} to {to}")?;
        }
        for Adoption { address, object } in &self.adoptions {
            writeln!(f, "     adopt   {address} [{}]", object.id)?;
        }
        let mut after = vec![Vec::new(); self.steps.len()];
        for edge in &self.edges {
            if let Some(after) = after.get_mut(edge.to.0) {
                after.push(edge);
            }
        }
        for ((i, step), after) in self.steps.iter().enumerate().zip(after) {
            let old = match &step.verb {
                Verb::Delete { deposed: true, .. } | Verb::Forget { deposed: true, .. } => " (old)",
                _ => "",
            };
            write!(f, "{:<4} {:<7} {}{old}", StepId(i).to_string(), step.verb.name(), step.address)?;
            if let Verb::Delete { with: Some(with), .. } = &step.verb {
                write!(f, " with {with}")?;
            }
            for (n, edge) in after.iter().enumerate() {
                let milestone = match edge.milestone {
                    Milestone::Id => "id",
                    Milestone::Ready => "ready",
                };
                let lead = if n == 0 { "    after " } else { ", " };
                write!(f, "{lead}{}.{milestone}", edge.from)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
