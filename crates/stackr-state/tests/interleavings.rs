//! Several writers on one store, with every call of theirs in an order that the test chooses: the fence's argument
//! (in the crate's `session` module), held against the code. Leases are made to expire at once, so that only
//! conditional writes stand between the writers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    cell::RefCell,
    collections::BTreeMap,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use stackr_core::BoxFuture;
use stackr_state::{
    Blob, Claim, Entry, Error, Expect, Key, Memory, Outcome, Owner, Result, Session, StackName, Store, Verb,
    Version, Written, peek,
};

/// A store whose every call first hands over to whoever is next.
struct Stepped(Memory);

/// Pending once.
struct Step(bool);

impl Future for Step {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Store for Stepped {
    fn place(&self, key: Key) -> String {
        self.0.place(key)
    }
    fn read(&self, key: Key) -> BoxFuture<'_, Result<Option<Blob>>> {
        Box::pin(async move {
            Step(false).await;
            self.0.read(key).await
        })
    }
    fn version(&self, key: Key) -> BoxFuture<'_, Result<Option<Version>>> {
        Box::pin(async move {
            Step(false).await;
            self.0.version(key).await
        })
    }
    fn parts(&self) -> BoxFuture<'_, Result<Vec<u64>>> {
        Box::pin(async move {
            Step(false).await;
            self.0.parts().await
        })
    }
    fn write<'a>(&'a self, key: Key, bytes: &'a [u8], expect: Expect) -> BoxFuture<'a, Result<Written>> {
        Box::pin(async move {
            Step(false).await;
            self.0.write(key, bytes, expect).await
        })
    }
    fn remove(&self, key: Key, version: Option<Version>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            Step(false).await;
            self.0.remove(key, version).await
        })
    }
}

/// A commit that was acknowledged.
struct Kept {
    writer: usize,
    begun: u32,
    acknowledged: u32,
    what: String,
}

/// What the writers were told, and when.
#[derive(Default)]
struct Log {
    now: u32,
    kept: Vec<Kept>,
}

impl Log {
    fn tick(&mut self) -> u32 {
        self.now += 1;
        self.now
    }
}

fn name() -> StackName {
    StackName::new("dev", "base")
}

fn claim(run: &str) -> Claim {
    Claim {
        name: name(),
        run: run.to_owned(),
        command: "apply base".to_owned(),
        owner: Owner::default(),
        term: SignedDuration::ZERO,
    }
}

/// A commit that can be told from every other in the folded state.
fn mark(what: &str) -> Vec<Entry> {
    vec![Entry::Duration { ty: what.to_owned(), verb: Verb::Create, ms: 1 }]
}

async fn writer(number: usize, store: Arc<dyn Store>, log: Rc<RefCell<Log>>) {
    if let Err(error) = write(number, store, log).await {
        assert!(matches!(error, Error::Fenced { .. } | Error::Raced { .. } | Error::Held { .. }), "{error}");
    }
}

async fn write(number: usize, store: Arc<dyn Store>, log: Rc<RefCell<Log>>) -> Result<()> {
    let mut session = Session::open(store, claim(&format!("w{number}")), Timestamp::UNIX_EPOCH).await?;
    for step in 0..3 {
        let what = format!("w{number}-{step}");
        let begun = log.borrow_mut().tick();
        session.commit(mark(&what)).await?;
        let mut log = log.borrow_mut();
        let acknowledged = log.tick();
        log.kept.push(Kept { writer: number, begun, acknowledged, what });
    }
    session.finish(Outcome::Done).await
}

/// A store with a finished run, so that all of the protocol is in play from the first call.
fn used() -> Memory {
    let memory = Memory::new();
    let store: Arc<dyn Store> = Arc::new(memory.clone());
    let mut session = block_on(Session::open(store, claim("w"), Timestamp::UNIX_EPOCH)).unwrap();
    block_on(session.commit(mark("w"))).unwrap();
    block_on(session.finish(Outcome::Done)).unwrap();
    memory
}

/// Lets the writers take steps in the order that `next` gives (among those that are not done), then checks.
/// Gives the number of steps.
fn play(memory: &Memory, writers: usize, mut next: impl FnMut(usize, &[usize]) -> usize) -> usize {
    let log = Rc::new(RefCell::new(Log::default()));
    let mut running: BTreeMap<usize, Pin<Box<dyn Future<Output = ()>>>> = (0..writers)
        .map(|number| {
            let store: Arc<dyn Store> = Arc::new(Stepped(memory.clone()));
            (number, Box::pin(writer(number, store, Rc::clone(&log))) as _)
        })
        .collect();
    let mut order = Vec::new();
    while !running.is_empty() {
        let left: Vec<_> = running.keys().copied().collect();
        let chosen = next(order.len(), &left);
        order.push(chosen);
        let future = running.get_mut(&chosen).unwrap();
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            running.remove(&chosen);
        }
    }
    check(memory, &log.borrow(), &order);
    order.len()
}

fn check(memory: &Memory, log: &Log, order: &[usize]) {
    // A writer that was answered, then another, then the first again: both believed that they were the one.
    for first in &log.kept {
        for between in log.kept.iter().filter(|b| b.writer != first.writer && first.acknowledged < b.begun) {
            let again = log.kept.iter().find(|a| a.writer == first.writer && between.acknowledged < a.begun);
            let again = again.map(|again| &again.what);
            assert_eq!(again, None, "after {} and {}; order {order:?}", first.what, between.what);
        }
    }
    let store: Arc<dyn Store> = Arc::new(memory.clone());
    let mut last = block_on(Session::open(Arc::clone(&store), claim("last"), Timestamp::UNIX_EPOCH)).unwrap();
    block_on(last.commit(mark("last"))).unwrap();
    block_on(last.finish(Outcome::Done)).unwrap();
    let state = block_on(peek(&*store, &name(), Timestamp::UNIX_EPOCH)).unwrap().state;
    for Kept { what, .. } in &log.kept {
        assert!(state.durations.contains_key(what), "{what} was acknowledged and lost; order {order:?}");
    }
    assert_eq!(block_on(store.parts()).unwrap(), Vec::<u64>::new(), "order {order:?}");
}

/// A writer runs, is paused after `first` steps for `second` steps of the other, comes back for `third`, and so on.
#[test]
fn two_writers_with_two_pauses_never_both_write() {
    let mut games = 0;
    for fresh in [true, false] {
        let start = || if fresh { Memory::new() } else { used() };
        let alone = play(&start(), 1, |_, left| left[0]);
        for first in 0..=alone {
            for second in 0..=alone + 8 {
                play(&start(), 2, |step, left| {
                    let wanted = usize::from(step >= first && step < first + second);
                    if left.contains(&wanted) { wanted } else { left[0] }
                });
                games += 1;
            }
        }
    }
    assert!(games > 500, "{games}");
}

#[test]
fn three_writers_in_random_orders_never_two_write() {
    // A small generator of its own: the same orders every time.
    let mut seed: u64 = 0x2545_f491_4f6c_dd1d;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    for game in 0..600 {
        let memory = if game % 2 == 0 { Memory::new() } else { used() };
        // Long stretches for one writer, with now and then a change: that is what pauses look like.
        let mut current = 0;
        play(&memory, 3, |_, left| {
            if !left.contains(&current) || random(5) == 0 {
                current = left[random(left.len())];
            }
            current
        });
    }
}
