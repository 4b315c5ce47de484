//! What can go wrong with state, by what the caller can do about it.

use std::error::Error as StdError;

use crate::{IllegalEntry, Lease, StackName};

/// The result of anything done with state.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why state cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another run holds the lease: wait for it.
    #[error("{place} is held by {lease}")]
    Held {
        /// The lease's place.
        place: String,
        /// Who holds it.
        lease: Box<Lease>,
    },
    /// Another run took over while this one was away: stop at once, nothing more may be written.
    #[error("another run took over {place}{}", by.as_deref().map(|by| format!(": {by}")).unwrap_or_default())]
    Fenced {
        /// What could not be written.
        place: String,
        /// Who took over, if known.
        by: Option<String>,
    },
    /// Another run wrote at the same moment: run again.
    #[error("{place} changed while it was being opened")]
    Raced {
        /// What changed.
        place: String,
    },
    /// The session has ended: it takes no more entries.
    #[error("the session on {place} has ended")]
    Ended {
        /// The state's place.
        place: String,
    },
    /// The state is Terraform's: choose another place, or import.
    #[error(
        "{place} holds a Terraform state (version {version}, serial {serial}, written by terraform {by})"
    )]
    Terraform {
        /// Where.
        place: String,
        /// Terraform's format version.
        version: u64,
        /// Its serial.
        serial: u64,
        /// The Terraform version that wrote it.
        by: String,
    },
    /// The file is something else.
    #[error("{place} is not a stackr {wanted}: {reason}")]
    Foreign {
        /// Where.
        place: String,
        /// `state`, `journal`.
        wanted: &'static str,
        /// What it is instead.
        reason: String,
    },
    /// A newer stackr wrote it: upgrade.
    #[error("{place} has format version {found}; this stackr reads versions up to {known}")]
    Newer {
        /// Where.
        place: String,
        /// Its version.
        found: u64,
        /// The newest that is known here.
        known: u32,
    },
    /// The file is ours and damaged: restore it.
    #[error("{place} is damaged: {reason}")]
    Damaged {
        /// Where.
        place: String,
        /// How.
        reason: String,
    },
    /// The state belongs to another stack: choose another place.
    #[error("{place} belongs to stack {found}, not to {wanted}")]
    OtherStack {
        /// Where.
        place: String,
        /// Whose it is.
        found: StackName,
        /// Whose it was taken for.
        wanted: StackName,
    },
    /// The state was recorded for another account or region: choose other credentials or another environment.
    #[error("the state of {name} was recorded for {recorded}, and this is {given}")]
    OtherOrigin {
        /// The stack.
        name: StackName,
        /// What the state says.
        recorded: String,
        /// What is given now.
        given: String,
    },
    /// No object of this address: look at `stackr state list`.
    #[error("the state of {name} has nothing at {address}")]
    NoSuchObject {
        /// The stack.
        name: StackName,
        /// What was asked for.
        address: String,
    },
    /// What was asked for cannot be: ask for something else.
    #[error("{0}")]
    Invalid(String),
    /// A bug of the writer, or a journal that is not this state's.
    #[error("the journal does not fit the state")]
    Illegal(#[from] IllegalEntry),
    /// The bucket or directory does not exist.
    #[error("{place} does not exist")]
    Missing {
        /// What is missing.
        place: String,
        /// What the store said.
        #[source]
        source: Option<Source>,
    },
    /// The caller may not do this.
    #[error("access to {place} was denied")]
    Denied {
        /// What was denied.
        place: String,
        /// What the store said.
        #[source]
        source: Option<Source>,
    },
    /// The key that the store encrypts with may not be used.
    #[error("the encryption key of {place} may not be used")]
    Key {
        /// What could not be read or written.
        place: String,
        /// What the store said.
        #[source]
        source: Option<Source>,
    },
    /// The store has too much to do.
    #[error("{place} could not be {verb}: the store asks for fewer requests")]
    Slow {
        /// The object.
        place: String,
        /// `read`, `written`, …
        verb: &'static str,
        /// What the store said.
        #[source]
        source: Option<Source>,
    },
    /// The bucket is in another region.
    #[error("{place} is not in region {region}{}", actual.as_deref().map(|r| format!(", it is in {r}")).unwrap_or_default())]
    WrongRegion {
        /// The bucket.
        place: String,
        /// The region that was asked.
        region: String,
        /// Where it is, if S3 said so.
        actual: Option<String>,
    },
    /// No room on the disk, or over quota: make room; nothing was lost.
    #[error("no space left to write {place}")]
    Full {
        /// What could not be written.
        place: String,
        /// What the system said.
        #[source]
        source: Option<Source>,
    },
    /// The store cannot do what safety needs.
    #[error("{place} does not honour conditional writes: {reason}")]
    Unsafe {
        /// The store.
        place: String,
        /// What it did.
        reason: String,
    },
    /// The store did not answer as it should; a write may or may not have happened: try again.
    #[error("{place} could not be {verb}")]
    Unavailable {
        /// The object.
        place: String,
        /// `read`, `written`, …
        verb: &'static str,
        /// What happened.
        #[source]
        source: Option<Source>,
    },
}

/// A cause from below.
pub(crate) type Source = Box<dyn StdError + Send + Sync>;

impl Error {
    /// What a person can do about it. `STACK` stands in it for the name of the stack, which not every error knows.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Held { lease, .. } => {
                return Some(format!(
                    "wait for it; if its process is gone, the lease expires by itself at {} (or `stackr state unlock STACK`)",
                    lease.expires
                ));
            }
            Self::Fenced { .. } => {
                "this run's lease had expired; what it did is in the journal, and the other run goes on from there"
            }
            Self::Raced { .. } => "run the command again",
            Self::Terraform { .. } => "nothing was touched; give stackr another key, or another path",
            Self::Foreign { .. } => "nothing was touched; give stackr another key, or another path",
            Self::Newer { .. } => "nothing was touched; upgrade stackr",
            Self::Damaged { .. } => {
                "nothing was touched; `stackr state repair STACK` goes back to the last good state (if the file was edited by hand on purpose, remove its `checksum` line)"
            }
            Self::OtherStack { .. } => "nothing was touched; two stacks must not share one key",
            Self::OtherOrigin { .. } => {
                "use the credentials and region of this environment, or another environment"
            }
            Self::NoSuchObject { .. } => "`stackr state list STACK` shows what there is",
            Self::Missing { .. } => "`stackr bootstrap` makes the bucket",
            Self::Denied { .. } => "check the credentials and the permissions of the place that keeps state",
            Self::Key { .. } => {
                "allow kms:GenerateDataKey and kms:Decrypt with this key, in the key's policy and in yours; then run the command again, which goes on from there"
            }
            Self::Slow { .. } => "wait a moment and run the command again; the journal holds what was done",
            Self::WrongRegion { .. } => "set the backend's region",
            Self::Full { .. } => "make room and run again; the state before it is untouched",
            Self::Unsafe { .. } => "state needs a store with conditional writes (If-None-Match and If-Match)",
            Self::Unavailable { .. } => "run the command again; the journal holds what was done",
            Self::Ended { .. } | Self::Invalid(_) | Self::Illegal(_) => return None,
        };
        Some(hint.to_owned())
    }
}
