//! State: what stackr remembers of a stack, and how it is kept so that nothing is ever lost or made twice.
//!
//! - [`State`] is the **snapshot**: readable, versioned JSON.
//! - [`Entry`] is one thing that happened; [`apply`] folds it into a state. The **journal** is a sequence of
//!   numbered [`Part`]s of entries that no snapshot contains yet.
//! - [`Store`] is a place that keeps them, with conditional writes: [`Local`], [`Memory`], and S3 (feature `s3`).
//! - [`Session`] is one run's exclusive hold on a stack's state; [`peek`] reads without holding anything.
//!
//! Facts that shape this crate:
//! - the lease is a courtesy to people, the conditional write is the safety (the argument is in [`mod@session`]);
//! - time is passed in; nothing here reads a clock, the environment or the terminal;
//! - secrets never come in: what is sealed in a value is the caller's business, [`seal`] is the tool.

mod edit;
mod entry;
mod error;
mod excerpt;
mod fold;
mod format;
mod key;
mod lease;
mod load;
mod local;
mod memory;
mod output;
mod repair;
#[cfg(feature = "s3")]
pub mod s3;
mod secret;
pub mod session;
mod state;
mod store;
pub mod terraform_v4;
#[cfg(test)]
mod testing;

pub use edit::{list, move_entries, remove_entries};
pub use entry::{Entry, IllegalEntry, Outcome, Part, Verb};
pub use error::{Error, Result};
pub use fold::apply;
pub use format::{STATE_FORMAT, STATE_VERSION, decode_part, decode_state, encode_part, encode_state};
pub use key::{KeyError, Slot, StateKey};
pub use lease::{Lease, Owner, evict, unlock};
pub use load::{Activity, Peek, peek, peek_any};
pub use local::Local;
pub use memory::{Call, Fault, Memory};
pub use output::Output;
pub use repair::{Repair, repair};
pub use secret::{adopted_uid, matches, new_salt, seal};
pub use session::{Claim, Recovery, Session};
pub use state::{Dependent, Deposed, Durations, Intent, Run, StackName, State};
pub use store::{Blob, Expect, Key, Store, Version, Written, check_conditional_writes};
