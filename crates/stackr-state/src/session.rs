//! One run's hold on a stack's state, and the argument why two of them cannot both write.
//!
//! # Expected flow
//! [`Session::open`] takes the lease, reads snapshot and journal, and recovers what a dead run left.
//! [`Session::commit`] makes entries durable as one numbered part. [`Session::finish`] writes the snapshot, clears the
//! journal and gives the lease back. A run that commits nothing writes nothing but its lease.
//!
//! # Guarantees
//! When `commit` has returned, its entries are durable, and no other session has taken over before it returned.
//! So an intent that is committed before its call is seen by whoever recovers, and a session that was taken over learns
//! it from the next commit, before its next call.
//!
//! # Why: the fence
//! Parts are numbered in one sequence for the stack's whole life, each is created on the condition that its number is
//! free, and the snapshot says in `next` which number comes after it. Let *A* be a session that stopped (a paused
//! process, a lost network) and *B* one that opens after *A*'s lease expired.
//!
//! 1. *B* lists the parts; the last is `m`. Then *A*'s next number is `m + 1`: *A* writes in sequence, and lists are
//!    fresh. *B* creates part `m + 1` itself. If *A* was faster, *B* is refused and stops, and nothing is lost.
//!    Otherwise **the store refuses *A*'s next append**, however late it comes.
//! 2. *B* then writes the snapshot (everything folded, `next = m + 2`) on the condition that it is what *B* read.
//!    From here on **the store refuses *A*'s snapshot**, whose condition names the older version. If *A* was faster,
//!    *B* is refused and stops.
//! 3. *B* finishes and removes the parts, `m + 1` among them, and that number is free again. If *A* wakes only now, its
//!    append of `m + 1` is accepted. So every commit, *after* its append, asks for the snapshot's version. The removal came
//!    after *B*'s snapshot, the append came after the removal, so *A* sees a version that is not its own and stops. Its
//!    stray part is below `next`: spent, never folded, removed by the next run that finishes.
//! 4. A session that opened on an empty journal has its first commit as in 1 and 3: if another session has come and
//!    gone since, the snapshot's version has changed; if one is at work, the number is taken.
//! 5. A session removes only parts that its own snapshot folded, by their numbers. Those are below `next` for everybody.
//!
//! # Caveats
//! Calls to AWS cannot be fenced: one that *A* has sent may still act after *B* has taken over. Its intent was durable
//! before, so *B* looks for it by its uid; that is the engine's part of the bargain.
//!
//! # Errors
//! [`Error::Fenced`] ends the session. [`Error::Unavailable`] does not: it is not known whether the part was written, so
//! the session keeps it and its number, and the next commit (or finish) first writes *the same bytes* again.

use std::{mem, sync::Arc};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::{
    Entry, Error, Expect, Key, Lease, Outcome, Owner, Part, Result, Run, StackName, State, Store, Version,
    check_conditional_writes, decode_part, decode_state, encode_part, encode_state, excerpt,
    lease::{self, Holding},
    load::{AT_ONCE, fold_checked, load},
    store::{Put, put},
};

/// Who wants to write, and what for.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The stack.
    pub name: StackName,
    /// The run's name, unique.
    pub run: String,
    /// What it does, for people: `apply base`.
    pub command: String,
    /// Who started it.
    pub owner: Owner,
    /// How long the lease lasts without a renewal. Renew three times as often.
    pub term: SignedDuration,
}

/// What an open session found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recovery {
    /// A run that stopped in the middle. Its open intents are in the state's `intents`: each is to be looked for by its
    /// uid, then recorded as created or retired, before anything is planned.
    pub interrupted: Option<Run>,
    /// The expired lease that was taken over.
    pub taken_over: Option<Lease>,
    /// How many parts of its journal were folded.
    pub parts: usize,
}

/// One run's exclusive hold on a stack's state.
pub struct Session {
    store: Arc<dyn Store>,
    holding: Holding,
    recovery: Recovery,
    state: State,
    /// The snapshot that everything since is based on.
    base: Option<Version>,
    base_bytes: Option<Vec<u8>>,
    /// Parts that the next snapshot makes superfluous.
    spent: Vec<u64>,
    /// The first entry, until it is written.
    start: Option<Entry>,
    run: String,
    writer: String,
    /// A part of which we do not know whether it was written.
    unsure: Option<Part>,
    phase: Phase,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Ended,
    Fenced(Option<String>),
}

impl Session {
    /// Takes the lease, reads everything, and takes over what a dead run left.
    ///
    /// # Errors
    /// [`Error::Held`] if someone else is at work, [`Error::Raced`] if someone else was faster, and everything that
    /// makes a state unreadable; the lease is given back then.
    pub async fn open(store: Arc<dyn Store>, claim: Claim, now: Timestamp) -> Result<Self> {
        let (holding, taken_over) = lease::acquire(&*store, &claim, now).await?;
        match Self::take(Arc::clone(&store), claim, now, holding.clone(), taken_over).await {
            Ok(session) => Ok(session),
            Err(error) => {
                // The lease expires by itself; the error is what matters.
                drop(holding.release(&*store).await);
                Err(error)
            }
        }
    }

    async fn take(
        store: Arc<dyn Store>,
        claim: Claim,
        now: Timestamp,
        holding: Holding,
        taken_over: Option<Lease>,
    ) -> Result<Self> {
        let loaded = load(&*store, &claim.name).await?;
        if loaded.version.is_none() {
            check_conditional_writes(&*store).await?;
        }
        let interrupted = loaded.state.unfinished().cloned();
        let start = Entry::RunStarted {
            run: claim.run.clone(),
            command: claim.command,
            at: now,
            owner: claim.owner,
            epoch: holding.lease.epoch,
        };
        let mut session = Self {
            holding,
            recovery: Recovery { interrupted, taken_over, parts: loaded.folded },
            state: loaded.state,
            base: loaded.version,
            base_bytes: loaded.bytes,
            spent: loaded.stored,
            start: Some(start),
            run: claim.run,
            writer: uuid::Uuid::new_v4().to_string(),
            unsure: None,
            phase: Phase::Open,
            store,
        };
        if loaded.folded > 0 || session.recovery.interrupted.is_some() {
            session.take_over().await?;
        }
        Ok(session)
    }

    /// Shuts out the writer of the journal that we found: first its next part, then its snapshot.
    async fn take_over(&mut self) -> Result<()> {
        let raced = |error| match error {
            Error::Fenced { place, .. } => Error::Raced { place },
            other => other,
        };
        let start = self.start.take().into_iter().collect();
        self.append(self.part(start)).await.map_err(raced)?;
        self.write_snapshot().await.map_err(raced)?;
        // Our own part stays while we work: it is what refuses the other's next one.
        let own = self.spent.pop();
        self.clear().await;
        self.spent.extend(own);
        Ok(())
    }

    /// The state, with everything committed.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The state, when the session is no longer needed.
    #[must_use]
    pub fn into_state(self) -> State {
        self.state
    }

    /// What was found at the start.
    #[must_use]
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// The lease that is held.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.holding.lease
    }

    /// Makes the start of the run durable, if no commit has done it yet. To be awaited before the first call that
    /// changes something without an intent (an update, a delete): from then on no other session is at work.
    ///
    /// # Errors
    /// As [`Session::commit`].
    pub async fn begin(&mut self) -> Result<()> {
        self.settle().await?;
        match self.start.clone() {
            Some(start) => self.append(self.part(vec![start])).await,
            None => Ok(()),
        }
    }

    /// Makes entries durable, together, and folds them into the state. The first commit also begins the run.
    ///
    /// # Errors
    /// [`Error::Illegal`]: an entry cannot follow; nothing was written. [`Error::Fenced`]: stop at once.
    /// [`Error::Unavailable`] and other errors of the store: the session keeps the entries and writes them before
    /// anything else with the next commit; do not commit them again.
    pub async fn commit(&mut self, mut entries: Vec<Entry>) -> Result<()> {
        self.offer(&mut entries).await
    }

    /// As [`Session::commit`], for who goes on with what cannot follow: those entries are left where they are.
    ///
    /// # Errors
    /// As [`Session::commit`].
    pub async fn offer(&mut self, entries: &mut Vec<Entry>) -> Result<()> {
        self.settle().await?;
        if entries.is_empty() {
            return Ok(());
        }
        let mut part = self.part(self.start.iter().cloned().chain(mem::take(entries)).collect());
        // Checked before it is written: what is in the journal must fold.
        if let Err(illegal) = excerpt::check(&self.state, &part) {
            *entries = part.entries.split_off(usize::from(self.start.is_some()));
            return Err(illegal.into());
        }
        self.append(part).await
    }

    /// Writes what an earlier commit could not, if anything.
    async fn settle(&mut self) -> Result<()> {
        match &self.phase {
            Phase::Open => {}
            Phase::Ended => return Err(Error::Ended { place: self.store.place(Key::Snapshot) }),
            Phase::Fenced(by) => {
                return Err(Error::Fenced { place: self.store.place(Key::Snapshot), by: by.clone() });
            }
        }
        match self.unsure.clone() {
            Some(part) => self.append(part).await,
            None => Ok(()),
        }
    }

    fn part(&self, entries: Vec<Entry>) -> Part {
        Part {
            lineage: self.state.lineage.clone(),
            stack: self.state.stack.clone(),
            env: self.state.env.clone(),
            number: self.state.next,
            run: self.run.clone(),
            writer: self.writer.clone(),
            entries,
        }
    }

    /// Creates the part, then asks whether the snapshot is still ours (see the module's argument, 3).
    async fn append(&mut self, part: Part) -> Result<()> {
        let key = Key::Part(part.number);
        let bytes = encode_part(&part).into_bytes();
        self.unsure = Some(part);
        if let Put::Lost(found) = put(&*self.store, key, &bytes, Expect::Absent).await? {
            let place = self.store.place(key);
            let by = found.and_then(|blob| decode_part(&blob.bytes, &place).ok()).map(|part| writer(&part));
            return Err(self.fenced(place, by));
        }
        if self.store.version(Key::Snapshot).await? != self.base {
            return Err(self.superseded().await);
        }
        if let Some(part) = self.unsure.take() {
            // Checked before it was written, and nothing came in between.
            fold_checked(&mut self.state, &part)?;
            self.spent.push(part.number);
        }
        self.start = None;
        Ok(())
    }

    fn fenced(&mut self, place: String, by: Option<String>) -> Error {
        self.phase = Phase::Fenced(by.clone());
        Error::Fenced { place, by }
    }

    /// Ends the run: writes the snapshot, clears the journal, gives the lease back.
    ///
    /// # Errors
    /// As [`Session::commit`]; after [`Error::Unavailable`] it may be called again, or left: the journal holds
    /// everything and the next run folds it.
    pub async fn finish(&mut self, outcome: Outcome) -> Result<()> {
        self.settle().await?;
        if self.start.is_none() {
            let before = self.state.run.clone();
            crate::apply(&mut self.state, &Entry::RunFinished { outcome })?;
            if let Err(error) = self.write_snapshot().await {
                self.state.run = before;
                return Err(error);
            }
            self.clear().await;
        }
        self.phase = Phase::Ended;
        // A lease that stays behind expires by itself.
        drop(self.holding.release(&*self.store).await);
        Ok(())
    }

    /// Writes the state as the snapshot, if the snapshot is still the one we know.
    async fn write_snapshot(&mut self) -> Result<()> {
        let before = self.state.serial;
        let serial = before.saturating_add(1);
        self.state.serial = serial;
        let bytes = encode_state(&self.state).into_bytes();
        // It counts once it is written.
        self.state.serial = before;
        let expect = Expect::unchanged(self.base.as_ref());
        match put(&*self.store, Key::Snapshot, &bytes, expect).await? {
            Put::Done(version) => {
                self.state.serial = serial;
                self.base = Some(version);
                if let Some(previous) = self.base_bytes.replace(bytes) {
                    // The snapshot is safe; a backup that is one older is no reason to fail.
                    drop(self.store.write(Key::Backup, &previous, Expect::Any).await);
                }
                Ok(())
            }
            Put::Lost(_) => Err(self.superseded().await),
        }
    }

    /// Another run has written the snapshot; it says which.
    async fn superseded(&mut self) -> Error {
        let place = self.store.place(Key::Snapshot);
        let there = self.store.read(Key::Snapshot).await.ok().flatten();
        let run = there.and_then(|blob| decode_state(&blob.bytes, &place).ok()?.run);
        self.fenced(place, run.map(|Run { command, owner, at, .. }| started(&command, &owner, at)))
    }

    /// Removes spent parts. What stays is below `next` and harmless; the next run that finishes tries again.
    async fn clear(&mut self) {
        let spent = mem::take(&mut self.spent);
        for some in spent.chunks(AT_ONCE) {
            drop(join_all(some.iter().map(|number| self.store.remove(Key::Part(*number), None))).await);
        }
    }

    /// Shows that the run lives. Call it three times per lease term.
    ///
    /// # Errors
    /// [`Error::Fenced`] if another run has the lease: stop. Any other error may pass: try again.
    pub async fn renew(&mut self, now: Timestamp) -> Result<()> {
        let renewed = self.holding.renew(&*self.store, now).await;
        if let Err(Error::Fenced { by, .. }) = &renewed {
            self.phase = Phase::Fenced(by.clone());
        }
        renewed
    }

    /// Gives the lease back and leaves the journal to the next run, which recovers. For a run that must stop now.
    ///
    /// # Errors
    /// Those of the store; the lease then expires by itself.
    pub async fn abandon(&mut self) -> Result<()> {
        if self.phase == Phase::Open {
            self.phase = Phase::Ended;
        }
        self.holding.release(&*self.store).await
    }
}

/// Who wrote a part.
fn writer(part: &Part) -> String {
    let start = part.entries.iter().find_map(|entry| match entry {
        Entry::RunStarted { command, owner, at, .. } => Some(started(command, owner, *at)),
        _ => None,
    });
    start.unwrap_or_else(|| format!("run {}", part.run))
}

fn started(command: &str, owner: &Owner, at: Timestamp) -> String {
    format!("`{command}` of {owner}, started {at}")
}
