//! What can go wrong with a deployment, by what the caller can do about it.

use stackr_core::{Address, CloudError, Diagnostics};
use stackr_plan::Refusal;

/// Why a plan, apply or destroy did not take place. A step that failed is not here: it is in the summary.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The declaration is wrong.
    #[error("the declaration is wrong")]
    Declaration(#[source] Diagnostics),
    /// State cannot be read or written, or someone else is at work.
    #[error("state cannot be used")]
    State(#[from] stackr_state::Error),
    /// AWS could not be asked before anything was changed.
    #[error("AWS could not be asked")]
    Cloud(#[from] CloudError),
    /// The plan would do something that is protected.
    #[error("the plan is refused")]
    Refused(Vec<Refusal>),
    /// Other stacks read this one's outputs.
    #[error("`{stack}` is in use by {}", .dependents.join(", "))]
    InUse {
        /// The stack.
        stack: String,
        /// The stacks that read its outputs.
        dependents: Vec<String>,
    },
    /// An object cannot be taken over at this address.
    #[error("{address} cannot be imported: {reason}")]
    Import {
        /// The address.
        address: Address,
        /// Why not.
        reason: String,
    },
    /// The plan was not approved.
    #[error("not approved; nothing was changed")]
    NotApproved,
    /// It was told to stop before anything was changed.
    #[error("told to stop; nothing was changed")]
    Interrupted,
    /// The recorded objects or the data could not be read.
    #[error("AWS could not be read")]
    Refresh(#[source] Box<stackr_engine::RefreshError>),
    /// What an interrupted run left could not be found out.
    #[error("an interrupted run could not be recovered")]
    Recover(#[source] Box<stackr_engine::RecoverError>),
    /// The run could not begin or could not be recorded.
    #[error("the run could not be carried out")]
    Apply(#[source] Box<stackr_engine::ApplyError>),
    /// The key is not the one that the state's secrets were encrypted with.
    #[error("the state key does not fit")]
    Key(#[source] Box<stackr_engine::Unopened>),
    /// The secrets of an imported object cannot be encrypted.
    #[error("the secrets of what is imported cannot be encrypted")]
    Encrypt(#[source] stackr_state::KeyError),
    /// A mistake in stackr.
    #[error("{0}")]
    Bug(String),
}
