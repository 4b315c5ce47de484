//! The contract of a place that keeps state.
//!
//! A store is dumb on purpose: it keeps a handful of named objects and can write one of them *on a condition*.
//! Everything else (what a snapshot is, who may write, what a lost answer means) is decided once, in
//! [`Session`](crate::Session), for every store alike.

use std::fmt;

use stackr_core::BoxFuture;

use crate::{Error, Result};

/// One of the objects that a store keeps for a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The snapshot.
    Snapshot,
    /// The snapshot before it.
    Backup,
    /// What a repair took out of the way.
    Damaged,
    /// A part of the journal.
    Part(u64),
    /// The lease.
    Lease,
    /// What [`check_conditional_writes`] tries things out on.
    Probe(u64),
}

/// What the store calls one content of an object: an `ETag`, a hash. Opaque, compared for equality only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(pub String);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An object's content and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// The content.
    pub bytes: Vec<u8>,
    /// Its version.
    pub version: Version,
}

/// The condition of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Only if the object does not exist.
    Absent,
    /// Only if the object has this version.
    Version(Version),
    /// In any case.
    Any,
}

impl Expect {
    /// The condition that an object is still what was read.
    #[must_use]
    pub fn unchanged(version: Option<&Version>) -> Self {
        version.map_or(Self::Absent, |version| Self::Version(version.clone()))
    }
}

/// What became of a conditional write. Not an error: the caller must decide what a refusal means.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is durable, and this is its version.
    Done(Version),
    /// The condition does not hold; nothing was written *by this call*.
    Refused,
}

/// A place that keeps one stack's state: a snapshot, journal parts, a lease.
///
/// # Guarantees an implementer must give
/// - **Conditions are atomic.** Of two writes with [`Expect::Absent`] on one key at most one is ever `Done`, and of
///   two with the same [`Expect::Version`] likewise, whoever writes, from wherever. This alone keeps state safe.
/// - **Whole objects.** A reader gets nothing or the whole content of one write, never a part, not even after a
///   crash or on a full disk.
/// - **Durable when done.** After `Written::Done` the content survives the loss of process and machine.
/// - **Reads are fresh.** `read`, `version` and `parts` see every write that was `Done` before they were called.
/// - **Versions differ** whenever contents differ.
///
/// # What it need not give
/// - Exactly-once answers: a write may take effect and still answer `Refused` (a repeated request met its own
///   first one) or an error. The caller reads back and compares.
/// - Order or atomicity across keys.
/// - Mutual exclusion. The lease is just another object: **the lease is a courtesy, the conditional write is the
///   safety.**
/// - Any understanding of what it keeps.
///
/// # Errors
/// By what the caller can do: [`Error::Unavailable`](crate::Error::Unavailable) means that a write may or may not have
/// happened; `Denied`, `Missing`, `Full` mean that it has not.
pub trait Store: Send + Sync {
    /// The place of an object, for messages: `s3://bucket/key`, a path.
    fn place(&self, key: Key) -> String;

    /// The object's content, if it exists.
    fn read(&self, key: Key) -> BoxFuture<'_, Result<Option<Blob>>>;

    /// The object's version, if it exists.
    fn version(&self, key: Key) -> BoxFuture<'_, Result<Option<Version>>> {
        Box::pin(async move { Ok(self.read(key).await?.map(|blob| blob.version)) })
    }

    /// The numbers of the journal parts that exist, ascending.
    fn parts(&self) -> BoxFuture<'_, Result<Vec<u64>>>;

    /// Writes an object if the condition holds.
    fn write<'a>(&'a self, key: Key, bytes: &'a [u8], expect: Expect) -> BoxFuture<'a, Result<Written>>;

    /// Removes an object: any version of it, or only this one. An absent object is removed already; one with
    /// another version stays, and that is no error. The condition need not be atomic: it is used for leases only.
    fn remove(&self, key: Key, version: Option<Version>) -> BoxFuture<'_, Result<()>>;
}

/// What became of a write after reading back.
pub(crate) enum Put {
    /// Ours is there.
    Done(Version),
    /// Something else is there (or nothing is, where a version was expected).
    Lost(Option<Blob>),
}

/// Writes on a condition and, when refused, reads back: a refusal that finds our own bytes is a lost answer to a
/// write that worked. Bytes carry a name unique to their writer, so equal bytes are ours.
///
/// A refusal because the object exists, and then no object: it was removed in between, or a new bucket does not show
/// everything everywhere yet. Then it is asked again.
pub(crate) async fn put(store: &dyn Store, key: Key, bytes: &[u8], expect: Expect) -> Result<Put> {
    let mut tries = 3;
    loop {
        match store.write(key, bytes, expect.clone()).await? {
            Written::Done(version) => return Ok(Put::Done(version)),
            Written::Refused => match store.read(key).await? {
                Some(blob) if blob.bytes == bytes => return Ok(Put::Done(blob.version)),
                None if expect == Expect::Absent && tries > 1 => tries -= 1,
                other => return Ok(Put::Lost(other)),
            },
        }
    }
}

/// Tries out whether a store honours conditions. Some stores that speak S3's language accept `If-Match` and
/// `If-None-Match` and ignore them; state would not be safe there. [`Session::open`](crate::Session::open) asks this
/// before the first state of a stack is written.
///
/// # Errors
/// [`Error::Unsafe`] if it does not; those of the store.
pub async fn check_conditional_writes(store: &dyn Store) -> Result<()> {
    // A name of its own: two may try at once.
    let key = Key::Probe(uuid::Uuid::new_v4().as_u64_pair().0);
    let verdict = try_conditions(store, key).await;
    store.remove(key, None).await?;
    match verdict? {
        None => Ok(()),
        Some(reason) => Err(Error::Unsafe { place: store.place(Key::Snapshot), reason: reason.to_owned() }),
    }
}

async fn try_conditions(store: &dyn Store, key: Key) -> Result<Option<&'static str>> {
    let Put::Done(first) = put(store, key, b"1", Expect::Absent).await? else {
        return Ok(Some("a new object could not be created on the condition that it is absent"));
    };
    if store.write(key, b"2", Expect::Absent).await? != Written::Refused {
        return Ok(Some("an object that exists was overwritten on the condition that it is absent"));
    }
    let Put::Done(second) = put(store, key, b"3", Expect::Version(first.clone())).await? else {
        return Ok(Some("an object could not be replaced on the condition of its version"));
    };
    if second == first || store.write(key, b"4", Expect::Version(first)).await? != Written::Refused {
        return Ok(Some("an object was replaced on the condition of a version that it no longer has"));
    }
    Ok(None)
}
