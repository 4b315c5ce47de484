//! A store in memory, for tests: with the faults that real stores have.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use stackr_core::BoxFuture;

use crate::{Blob, Error, Expect, Key, Result, Store, Version, Written};

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call fails and was not executed.
    Before,
    /// The call fails, but it was executed.
    After,
    /// A write is executed and answered `Refused`, as a repeated request is that meets its own first one. For
    /// other calls the same as [`Fault::After`].
    LostAnswer,
    /// A read gives what was there before the last change.
    Stale,
    /// The store has no room: a write fails and was not executed.
    Full,
}

/// One call that a store was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `read`, `version`, `parts`, `write`, `remove`.
    pub verb: &'static str,
    /// Of what; none for `parts`.
    pub key: Option<Key>,
}

/// A store in memory. Clones share their content, as two processes share a bucket.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    blobs: BTreeMap<Key, Blob>,
    before: BTreeMap<Key, Option<Blob>>,
    writes: u64,
    calls: Vec<Call>,
    faults: BTreeMap<usize, Fault>,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the `n`-th call from now (the next is 0) go wrong.
    pub fn fault(&self, n: usize, fault: Fault) {
        self.with(|shelf| {
            let at = shelf.calls.len() + n;
            shelf.faults.insert(at, fault);
        });
    }

    /// Forgets the faults that have not happened yet.
    pub fn heal(&self) {
        self.with(|shelf| shelf.faults.clear());
    }

    /// The calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.with(|shelf| shelf.calls.clone())
    }

    /// The content of an object, without counting as a call.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<Vec<u8>> {
        self.with(|shelf| shelf.blobs.get(&key).map(|blob| blob.bytes.clone()))
    }

    /// Puts (or removes) an object behind everybody's back: damage.
    pub fn set(&self, key: Key, bytes: Option<Vec<u8>>) {
        self.with(|shelf| match bytes {
            Some(bytes) => drop(shelf.put(key, &bytes)),
            None => shelf.take(key),
        });
    }

    /// What exists.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        self.with(|shelf| shelf.blobs.keys().copied().collect())
    }

    fn with<T>(&self, f: impl FnOnce(&mut Shelf) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts a call and executes it as its fault says.
    fn call<T>(
        &self,
        verb: &'static str,
        key: Option<Key>,
        act: impl FnOnce(&mut Shelf, Option<Fault>) -> T,
    ) -> Result<T> {
        let fail = |verb| Err(Error::Unavailable { place: self.named(key), verb, source: None });
        self.with(|shelf| {
            let n = shelf.calls.len();
            shelf.calls.push(Call { verb, key });
            let fault = shelf.faults.remove(&n);
            match fault {
                Some(Fault::Before) => fail(verb),
                Some(Fault::Full) if verb == "write" => {
                    Err(Error::Full { place: self.named(key), source: None })
                }
                Some(Fault::After) => {
                    drop(act(shelf, None));
                    fail(verb)
                }
                Some(Fault::LostAnswer) if verb != "write" => {
                    drop(act(shelf, None));
                    fail(verb)
                }
                fault => Ok(act(shelf, fault)),
            }
        })
    }

    fn named(&self, key: Option<Key>) -> String {
        key.map_or_else(|| "memory:journal".to_owned(), |key| self.place(key))
    }
}

impl Shelf {
    fn put(&mut self, key: Key, bytes: &[u8]) -> Version {
        self.writes += 1;
        let version = Version(format!("v{}", self.writes));
        let old = self.blobs.insert(key, Blob { bytes: bytes.to_owned(), version: version.clone() });
        self.before.insert(key, old);
        version
    }

    fn take(&mut self, key: Key) {
        let old = self.blobs.remove(&key);
        self.before.insert(key, old);
    }

    fn read(&self, key: Key, fault: Option<Fault>) -> Option<Blob> {
        if fault == Some(Fault::Stale)
            && let Some(old) = self.before.get(&key)
        {
            return old.clone();
        }
        self.blobs.get(&key).cloned()
    }
}

impl Store for Memory {
    fn place(&self, key: Key) -> String {
        match key {
            Key::Snapshot => "memory:state".to_owned(),
            Key::Backup => "memory:backup".to_owned(),
            Key::Damaged => "memory:damaged".to_owned(),
            Key::Part(number) => format!("memory:journal/{number}"),
            Key::Lease => "memory:lease".to_owned(),
            Key::Probe(number) => format!("memory:probe/{number}"),
        }
    }

    fn read(&self, key: Key) -> BoxFuture<'_, Result<Option<Blob>>> {
        Box::pin(async move { self.call("read", Some(key), |shelf, fault| shelf.read(key, fault)) })
    }

    fn version(&self, key: Key) -> BoxFuture<'_, Result<Option<Version>>> {
        Box::pin(async move {
            let blob = self.call("version", Some(key), |shelf, fault| shelf.read(key, fault))?;
            Ok(blob.map(|blob| blob.version))
        })
    }

    fn parts(&self) -> BoxFuture<'_, Result<Vec<u64>>> {
        Box::pin(async move {
            self.call("parts", None, |shelf, _| {
                let number = |key: &Key| if let Key::Part(number) = key { Some(*number) } else { None };
                shelf.blobs.keys().filter_map(number).collect()
            })
        })
    }

    fn write<'a>(&'a self, key: Key, bytes: &'a [u8], expect: Expect) -> BoxFuture<'a, Result<Written>> {
        Box::pin(async move {
            self.call("write", Some(key), |shelf, fault| {
                let there = shelf.blobs.get(&key).map(|blob| &blob.version);
                let holds = match &expect {
                    Expect::Absent => there.is_none(),
                    Expect::Version(version) => there == Some(version),
                    Expect::Any => true,
                };
                if !holds {
                    return Written::Refused;
                }
                let version = shelf.put(key, bytes);
                if fault == Some(Fault::LostAnswer) { Written::Refused } else { Written::Done(version) }
            })
        })
    }

    fn remove(&self, key: Key, version: Option<Version>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.call("remove", Some(key), |shelf, _| {
                let there = shelf.blobs.get(&key).map(|blob| &blob.version);
                if there.is_some() && (version.is_none() || there == version.as_ref()) {
                    shelf.take(key);
                }
            })
        })
    }
}
