//! Going back to the last good state, when a file is damaged: what `stackr state repair` does.
//!
//! A damaged snapshot is replaced by its backup, a damaged journal part ends the journal: what comes after it cannot be
//! folded. What is taken out of the way is kept. Objects made after the good state are unknown then; they carry the
//! `stackr:uid` tag and can be imported.

use jiff::Timestamp;

use crate::{
    Claim, Error, Expect, Key, Part, Result, StackName, State, Store, decode_part, decode_state,
    encode_state,
    lease::{self, Holding},
    load::fold_part,
    store::{Put, put},
};

/// What a repair did.
#[derive(Clone, Debug, PartialEq)]
pub struct Repair {
    /// The state now.
    pub state: State,
    /// Why the snapshot was replaced by its backup, if it was.
    pub snapshot: Option<String>,
    /// How many journal parts were folded.
    pub folded: usize,
    /// The numbers of the parts that were dropped, and why the first was.
    pub dropped: Option<(Vec<u64>, String)>,
    /// Where the damaged snapshot or part was kept.
    pub kept: Option<String>,
}

/// Goes back to the last good state. Does nothing to a state that is good.
///
/// # Errors
/// [`Error::Held`] while someone is at work; the snapshot's own error if there is no good backup; those of the store.
pub async fn repair(store: &dyn Store, claim: &Claim, now: Timestamp) -> Result<Repair> {
    let (holding, _) = lease::acquire(store, claim, now).await?;
    let repaired = under_lease(store, claim).await;
    drop(Holding::release(&holding, store).await);
    repaired
}

async fn under_lease(store: &dyn Store, claim: &Claim) -> Result<Repair> {
    let stored = store.parts().await?;
    let there = store.read(Key::Snapshot).await?;
    let version = there.as_ref().map(|blob| blob.version.clone());
    let mut damaged: Option<Vec<u8>> = None;
    let mut why = None;
    let mut state = match there {
        None => State::new(&claim.name),
        Some(blob) => match decode_state(&blob.bytes, &store.place(Key::Snapshot)) {
            Ok(state) => state,
            Err(error @ Error::Damaged { .. }) => {
                why = Some(error.to_string());
                damaged = Some(blob.bytes);
                let Some(backup) = store.read(Key::Backup).await? else { return Err(error) };
                decode_state(&backup.bytes, &store.place(Key::Backup))?
            }
            Err(error) => return Err(error),
        },
    };
    if state.name() != claim.name {
        let (place, found) = (store.place(Key::Snapshot), state.name());
        return Err(Error::OtherStack { place, found, wanted: claim.name.clone() });
    }
    let mut fold = Fold { store, first: version.is_none(), folded: 0, dropped: None };
    for &number in &stored {
        fold.part(&mut state, number, &mut damaged).await?;
    }
    let Fold { folded, dropped, .. } = fold;
    let mut repair = Repair { state, snapshot: why, folded, dropped, kept: None };
    if repair.snapshot.is_none() && repair.dropped.is_none() {
        return Ok(repair);
    }
    if let Some(bytes) = damaged {
        drop(store.write(Key::Damaged, &bytes, Expect::Any).await?);
        repair.kept = Some(store.place(Key::Damaged));
    }
    // No number is used twice, and no writer of the damaged history may go on.
    let last = stored.last().copied().unwrap_or(0);
    repair.state.next = repair.state.next.max(last.saturating_add(1));
    repair.state.serial = repair.state.serial.saturating_add(1);
    let bytes = encode_state(&repair.state).into_bytes();
    if let Put::Lost(_) = put(store, Key::Snapshot, &bytes, Expect::unchanged(version.as_ref())).await? {
        return Err(Error::Raced { place: store.place(Key::Snapshot) });
    }
    for number in stored {
        store.remove(Key::Part(number), None).await?;
    }
    Ok(repair)
}

/// Folds what can be folded, in order, and notes what cannot.
struct Fold<'a> {
    store: &'a dyn Store,
    first: bool,
    folded: usize,
    dropped: Option<(Vec<u64>, String)>,
}

impl Fold<'_> {
    async fn part(&mut self, state: &mut State, number: u64, damaged: &mut Option<Vec<u8>>) -> Result<()> {
        if let Some((numbers, _)) = &mut self.dropped {
            numbers.push(number);
            return Ok(());
        }
        if number < state.next {
            return Ok(());
        }
        let Some(blob) = self.store.read(Key::Part(number)).await? else { return Ok(()) };
        let place = self.store.place(Key::Part(number));
        match decode_part(&blob.bytes, &place).and_then(|part| self.fold(state, &part, number, &place)) {
            Ok(()) => self.folded += 1,
            Err(error @ (Error::Newer { .. } | Error::OtherStack { .. })) => return Err(error),
            Err(error) => {
                self.dropped = Some((vec![number], error.to_string()));
                damaged.get_or_insert(blob.bytes);
            }
        }
        Ok(())
    }

    fn fold(&self, state: &mut State, part: &Part, number: u64, place: &str) -> Result<()> {
        let (found, wanted) = (StackName::new(&part.env, &part.stack), state.name());
        if found != wanted {
            return Err(Error::OtherStack { place: place.to_owned(), found, wanted });
        }
        if self.first && self.folded == 0 {
            state.lineage.clone_from(&part.lineage);
        }
        if part.number != number || number != state.next || part.lineage != state.lineage {
            return Err(Error::Damaged {
                place: place.to_owned(),
                reason: format!("it does not go on from part {}", state.next.saturating_sub(1)),
            });
        }
        fold_part(state, part)
    }
}
