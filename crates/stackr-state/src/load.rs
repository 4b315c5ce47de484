//! Reading a stack's state: snapshot, then the journal folded over it.
//!
//! Facts that shape this file:
//! - the parts are read *before* the snapshot. A run that finishes in between leaves a snapshot that is newer than
//!   the parts, and `next` says that they are spent; the other way round, parts would be missing;
//! - parts below `next` are spent: left over by a run that was stopped between its snapshot and the clearing.

use futures::future::try_join_all;
use jiff::Timestamp;

use crate::{
    Blob, Error, Key, Lease, Part, Result, Run, StackName, State, Store, Version, apply, decode_part,
    decode_state, excerpt,
};

/// How many parts are read at once: far from any store's limit, and a long journal takes seconds, not minutes.
pub(crate) const AT_ONCE: usize = 16;

/// A state as it was read, with what a writer needs to go on from it.
pub(crate) struct Loaded {
    /// The fold of snapshot and journal; `next` is where the journal goes on.
    pub(crate) state: State,
    /// The snapshot's version; none if there is no snapshot.
    pub(crate) version: Option<Version>,
    /// The snapshot's bytes, as they were.
    pub(crate) bytes: Option<Vec<u8>>,
    /// The numbers of all parts in the store, spent ones too.
    pub(crate) stored: Vec<u64>,
    /// How many parts were folded.
    pub(crate) folded: usize,
}

/// Reads the state of this stack; one that does not exist is a fresh one.
pub(crate) async fn load(store: &dyn Store, name: &StackName) -> Result<Loaded> {
    let Some(loaded) = load_any(store).await? else {
        let stored = Vec::new();
        return Ok(Loaded { state: State::new(name), version: None, bytes: None, stored, folded: 0 });
    };
    let found = loaded.state.name();
    if found == *name {
        return Ok(loaded);
    }
    Err(Error::OtherStack { place: store.place(Key::Snapshot), found, wanted: name.clone() })
}

/// Reads whatever state there is, if any.
async fn load_any(store: &dyn Store) -> Result<Option<Loaded>> {
    // A part that is listed and then gone belongs to a run that finishes right now: look again.
    for _ in 0..5 {
        let stored = store.parts().await?;
        if let Some(parts) = read_parts(store, &stored).await? {
            return fold(store, stored, parts).await;
        }
    }
    Err(Error::Raced { place: store.place(Key::Snapshot) })
}

async fn read_parts(store: &dyn Store, numbers: &[u64]) -> Result<Option<Vec<(u64, Vec<u8>)>>> {
    let mut parts = Vec::with_capacity(numbers.len());
    for some in numbers.chunks(AT_ONCE) {
        let blobs = try_join_all(some.iter().map(|number| store.read(Key::Part(*number)))).await?;
        for (number, blob) in some.iter().zip(blobs) {
            let Some(blob) = blob else { return Ok(None) };
            parts.push((*number, blob.bytes));
        }
    }
    Ok(Some(parts))
}

async fn fold(store: &dyn Store, stored: Vec<u64>, parts: Vec<(u64, Vec<u8>)>) -> Result<Option<Loaded>> {
    let mut loaded = match store.read(Key::Snapshot).await? {
        Some(Blob { bytes, version }) => {
            let state = decode_state(&bytes, &store.place(Key::Snapshot))?;
            Some(Loaded { state, version: Some(version), bytes: Some(bytes), stored, folded: 0 })
        }
        // The first run has written parts and no snapshot yet.
        None => match parts.first() {
            None => None,
            Some((number, bytes)) => {
                let Part { lineage, stack, env, .. } = decode_part(bytes, &store.place(Key::Part(*number)))?;
                let state = State { lineage, ..State::new(&StackName { env, stack }) };
                Some(Loaded { state, version: None, bytes: None, stored, folded: 0 })
            }
        },
    };
    if let Some(Loaded { state, folded, .. }) = &mut loaded {
        let unspent = state.next;
        for (number, bytes) in parts.iter().filter(|(number, _)| *number >= unspent) {
            let part = decode_part(bytes, &store.place(Key::Part(*number)))?;
            fits(store, state, &part, *number)?;
            fold_part(state, &part)?;
            *folded += 1;
        }
    }
    Ok(loaded)
}

/// Folds a part, all or nothing.
pub(crate) fn fold_part(state: &mut State, part: &Part) -> Result<()> {
    excerpt::check(state, part)?;
    fold_checked(state, part)
}

/// The same for a part that was checked already.
pub(crate) fn fold_checked(state: &mut State, part: &Part) -> Result<()> {
    let next =
        part.number.checked_add(1).ok_or_else(|| Error::Invalid("no part numbers are left".to_owned()))?;
    for entry in &part.entries {
        apply(state, entry)?;
    }
    state.next = next;
    Ok(())
}

/// Whether a part is the one that goes on from a state.
fn fits(store: &dyn Store, state: &State, part: &Part, number: u64) -> Result<()> {
    let damaged = |reason| Error::Damaged { place: store.place(Key::Part(number)), reason };
    if number != state.next {
        return Err(Error::Damaged {
            place: store.place(Key::Part(state.next)),
            reason: format!("it is missing, and part {number} follows"),
        });
    }
    if part.number != number {
        return Err(damaged(format!("it says that it is part {}", part.number)));
    }
    let (found, wanted) = (StackName::new(&part.env, &part.stack), state.name());
    if found != wanted {
        return Err(Error::OtherStack { place: store.place(Key::Part(number)), found, wanted });
    }
    if part.lineage != state.lineage {
        return Err(damaged(format!("it is of history {}, the state of {}", part.lineage, state.lineage)));
    }
    Ok(())
}

/// What goes on with a stack.
#[derive(Clone, Debug, PartialEq)]
pub enum Activity {
    /// Nothing; the last run finished.
    Idle,
    /// Someone works on it.
    Running(Box<Lease>),
    /// A run stopped in the middle; the next one that writes recovers first.
    Interrupted(Box<Run>),
}

/// A look at a stack's state, without holding it.
#[derive(Clone, Debug)]
pub struct Peek {
    /// The state with the journal folded in.
    pub state: State,
    /// Whether there is any state; if not, `state` is a fresh one.
    pub exists: bool,
    /// What goes on.
    pub activity: Activity,
}

/// Looks at a stack's state: takes no lease, writes nothing.
///
/// # Errors
/// Those of the store, and those of a state that cannot be read or is another stack's.
pub async fn peek(store: &dyn Store, name: &StackName, now: Timestamp) -> Result<Peek> {
    let activity = lease(store, now).await?;
    Ok(look(load(store, name).await?, activity))
}

/// Looks at whatever state is there, if any: for one that is known by its place and not by its name.
///
/// # Errors
/// As [`peek`].
pub async fn peek_any(store: &dyn Store, now: Timestamp) -> Result<Option<Peek>> {
    let activity = lease(store, now).await?;
    Ok(load_any(store).await?.map(|loaded| look(loaded, activity)))
}

async fn lease(store: &dyn Store, now: Timestamp) -> Result<Option<Lease>> {
    let lease = store.read(Key::Lease).await?.and_then(|blob| Lease::decode(&blob.bytes));
    Ok(lease.filter(|lease| lease.is_live(now)))
}

fn look(loaded: Loaded, lease: Option<Lease>) -> Peek {
    let Loaded { state, version, folded, .. } = loaded;
    let activity = match (lease, state.unfinished()) {
        (Some(lease), _) => Activity::Running(Box::new(lease)),
        (None, Some(run)) => Activity::Interrupted(Box::new(run.clone())),
        (None, None) => Activity::Idle,
    };
    Peek { exists: version.is_some() || folded > 0, state, activity }
}
