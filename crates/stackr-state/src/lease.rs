//! The lease: who works on a stack right now. A courtesy to people, with a message early and an expiry that makes
//! force-unlocking needless; safety does not rest on it, so clocks may disagree and a damaged lease is no obstacle.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Claim, Error, Expect, Key, Result, Store, Version,
    store::{Put, put},
};

/// Who started a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The user.
    pub user: String,
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: u32,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{} (process {})", self.user, self.host, self.pid)
    }
}

/// A lease on a stack's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The version of this file's format.
    pub version: u32,
    /// Who holds it.
    pub owner: Owner,
    /// For which run.
    pub run: String,
    /// What the run does: `apply base`.
    pub command: String,
    /// How often it changed hands without being released, counted from one.
    pub epoch: u64,
    /// When it was taken.
    pub acquired: Timestamp,
    /// When its holder last showed that it lives.
    pub heartbeat: Timestamp,
    /// When it ends if its holder is not heard of again.
    pub expires: Timestamp,
    /// A random name of this write.
    pub writer: String,
}

impl Lease {
    /// Whether it is still in force.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires > now
    }

    /// The lease in a file; none if the file makes no sense.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    fn encode(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).expect("a lease has string keys only");
        text.push(b'\n');
        text
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, command, acquired, heartbeat, .. } = self;
        write!(f, "`{command}` of {owner}, started {acquired}, last heard of {heartbeat}")
    }
}

/// A lease in our hands.
#[derive(Clone, Debug)]
pub(crate) struct Holding {
    pub(crate) lease: Lease,
    version: Version,
    term: SignedDuration,
}

/// Takes the lease; gives the expired one that was taken over.
pub(crate) async fn acquire(
    store: &dyn Store,
    claim: &Claim,
    now: Timestamp,
) -> Result<(Holding, Option<Lease>)> {
    let place = store.place(Key::Lease);
    // Each turn either wins, or meets whoever won and says so; three are enough unless others come and go.
    for _ in 0..3 {
        let there = store.read(Key::Lease).await?;
        let known = there.as_ref().and_then(|blob| Lease::decode(&blob.bytes));
        if let Some(lease) = known.as_ref().filter(|lease| lease.is_live(now)) {
            return Err(Error::Held { place, lease: Box::new(lease.clone()) });
        }
        let lease = Lease {
            version: 1,
            owner: claim.owner.clone(),
            run: claim.run.clone(),
            command: claim.command.clone(),
            epoch: known.as_ref().map_or(0, |lease| lease.epoch).saturating_add(1),
            acquired: now,
            heartbeat: now,
            expires: until(now, claim.term),
            writer: uuid::Uuid::new_v4().to_string(),
        };
        let expect = Expect::unchanged(there.as_ref().map(|blob| &blob.version));
        if let Put::Done(version) = put(store, Key::Lease, &lease.encode(), expect).await? {
            return Ok((Holding { lease, version, term: claim.term }, known));
        }
    }
    Err(Error::Raced { place })
}

impl Holding {
    /// Shows that we live. Someone else's lease in its place means that we were taken over.
    pub(crate) async fn renew(&mut self, store: &dyn Store, now: Timestamp) -> Result<()> {
        let mut lease = self.lease.clone();
        lease.heartbeat = now;
        lease.expires = until(now, self.term);
        lease.writer = uuid::Uuid::new_v4().to_string();
        let bytes = lease.encode();
        let mut done = put(store, Key::Lease, &bytes, Expect::Version(self.version.clone())).await?;
        if let Put::Lost(found) = &done {
            let found = found.as_ref().map(|blob| (Lease::decode(&blob.bytes), &blob.version));
            done = match found {
                // Unlocked by hand: nobody else has begun, so it is still ours.
                None => put(store, Key::Lease, &bytes, Expect::Absent).await?,
                // A write of ours whose answer was lost.
                Some((Some(theirs), version)) if theirs.run == lease.run => {
                    put(store, Key::Lease, &bytes, Expect::Version(version.clone())).await?
                }
                Some((theirs, _)) => {
                    let by = theirs.map(|lease| lease.to_string());
                    return Err(Error::Fenced { place: store.place(Key::Lease), by });
                }
            };
        }
        match done {
            Put::Done(version) => (self.lease, self.version) = (lease, version),
            Put::Lost(_) => return Err(Error::Fenced { place: store.place(Key::Lease), by: None }),
        }
        Ok(())
    }

    /// Gives the lease back, if it is still ours.
    pub(crate) async fn release(&self, store: &dyn Store) -> Result<()> {
        store.remove(Key::Lease, Some(self.version.clone())).await
    }
}

/// Removes a lease, whoever holds it: for people who know that its holder is gone and do not want to wait.
/// Gives the lease that was there.
///
/// # Errors
/// Those of the store.
pub async fn unlock(store: &dyn Store) -> Result<Option<Lease>> {
    let there = store.read(Key::Lease).await?;
    store.remove(Key::Lease, None).await?;
    Ok(there.and_then(|blob| Lease::decode(&blob.bytes)))
}

/// Removes this very lease, whose owner is known to be dead: another that has taken its place meanwhile stays.
///
/// # Errors
/// Those of the store.
pub async fn evict(store: &dyn Store, dead: &Lease) -> Result<()> {
    match store.read(Key::Lease).await? {
        Some(blob) if Lease::decode(&blob.bytes).as_ref() == Some(dead) => {
            store.remove(Key::Lease, Some(blob.version)).await
        }
        _ => Ok(()),
    }
}

fn until(now: Timestamp, term: SignedDuration) -> Timestamp {
    now.checked_add(term).unwrap_or(Timestamp::MAX)
}
