//! What every store must pass. Each function takes handles to one place that is empty.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock, Mutex},
    thread,
};

use jiff::{SignedDuration, Timestamp};
use stackr_core::{Address, Origin};
use stackr_state::{
    Activity, Claim, Entry, Error, Expect, Intent, Key, Outcome, Owner, Result, Session, StackName, Store,
    Written, peek,
};

/// S3's client needs a runtime of tokio around its futures, in every thread; the other stores do not mind.
static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| tokio::runtime::Runtime::new().unwrap());

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

pub(crate) type Handle = Arc<dyn Store>;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

pub(crate) fn name() -> StackName {
    StackName::new("dev", "base")
}

pub(crate) fn claim(run: &str) -> Claim {
    Claim {
        name: name(),
        run: run.to_owned(),
        command: "apply base".to_owned(),
        owner: Owner { user: "ann".to_owned(), host: "box".to_owned(), pid: 1 },
        term: SignedDuration::from_secs(60),
    }
}

pub(crate) fn address(key: &str) -> Address {
    Address::root("aws_vpc", key)
}

/// What a run records when it makes one object.
pub(crate) fn made(key: &str) -> Vec<Entry> {
    let intent = Intent {
        ty: "aws_vpc".to_owned(),
        uid: format!("uid-{key}"),
        origin: Origin::default(),
        schema: 1,
        args: serde_json::Map::new(),
        depends_on: Vec::new(),
        prevent_destroy: false,
        create_before_destroy: false,
        replaces: None,
        id: None,
        since: None,
    };
    let object = Box::new(intent.object(format!("vpc-{key}")));
    let address = address(key);
    vec![
        Entry::Intent { address: address.clone(), intent: Box::new(intent) },
        Entry::Done { address, object },
    ]
}

pub(crate) fn open(store: &Handle, run: &str, seconds: i64) -> Result<Session> {
    block_on(Session::open(Arc::clone(store), claim(run), at(seconds)))
}

/// The names of the recorded objects.
pub(crate) fn found(store: &Handle) -> Vec<String> {
    let peek = block_on(peek(&**store, &name(), at(0))).unwrap();
    peek.state.objects.keys().map(|address| address.block.name.clone()).collect()
}

/// The contract of [`Store`], as far as one writer can see it.
pub(crate) fn a_store_keeps_its_contract(store: &Handle) {
    block_on(async {
        for key in [Key::Snapshot, Key::Part(7), Key::Lease] {
            assert_eq!(store.read(key).await.unwrap(), None);
            assert_eq!(store.version(key).await.unwrap(), None);
            store.remove(key, None).await.unwrap();
            let write = |bytes: &'static [u8], expect| store.write(key, bytes, expect);
            let Written::Done(one) = write(b"one", Expect::Absent).await.unwrap() else { panic!("{key:?}") };
            assert_eq!(write(b"two", Expect::Absent).await.unwrap(), Written::Refused);
            assert_eq!(store.version(key).await.unwrap(), Some(one.clone()));
            let Written::Done(two) = write(b"two", Expect::Version(one.clone())).await.unwrap() else {
                panic!("{key:?}")
            };
            assert_ne!(one, two);
            assert_eq!(write(b"three", Expect::Version(one.clone())).await.unwrap(), Written::Refused);
            assert_eq!(store.read(key).await.unwrap().unwrap().bytes, b"two");
            store.remove(key, Some(one)).await.unwrap();
            assert_eq!(store.version(key).await.unwrap(), Some(two.clone()));
            assert_eq!(store.parts().await.unwrap(), if key == Key::Part(7) { vec![7] } else { vec![] });
            store.remove(key, Some(two.clone())).await.unwrap();
            assert_eq!(store.read(key).await.unwrap(), None);
            assert_eq!(write(b"four", Expect::Version(two)).await.unwrap(), Written::Refused);
        }
        stackr_state::check_conditional_writes(&**store).await.unwrap();
    });
}

/// Open, commit, finish; a look in between and after.
pub(crate) fn a_run_leaves_a_snapshot_and_nothing_else(store: &Handle) {
    let look = || block_on(peek(&**store, &name(), at(1))).unwrap();
    assert!(!look().exists);
    let mut session = open(store, "r1", 0).unwrap();
    block_on(session.commit(made("a"))).unwrap();
    block_on(session.commit(made("b"))).unwrap();
    assert_eq!(found(store), ["a", "b"]);
    assert!(matches!(look().activity, Activity::Running(lease) if lease.run == "r1"));
    block_on(session.finish(Outcome::Done)).unwrap();
    assert!(matches!(block_on(session.commit(made("c"))), Err(Error::Ended { .. })));
    let after = look();
    assert_eq!((after.activity, after.state.serial, after.state.next), (Activity::Idle, 1, 3));
    assert_eq!(block_on(store.parts()).unwrap(), Vec::<u64>::new());
    assert_eq!(block_on(store.read(Key::Lease)).unwrap(), None);
    // A run with nothing to record leaves no trace.
    let before = block_on(store.version(Key::Snapshot)).unwrap();
    let mut idle = open(store, "r2", 2).unwrap();
    block_on(idle.finish(Outcome::Done)).unwrap();
    assert_eq!(block_on(store.version(Key::Snapshot)).unwrap(), before);
    // The next keeps the snapshot before it.
    let mut third = open(store, "r3", 3).unwrap();
    block_on(third.commit(made("c"))).unwrap();
    block_on(third.finish(Outcome::Failed)).unwrap();
    let backup = block_on(store.read(Key::Backup)).unwrap().unwrap();
    assert_eq!(stackr_state::decode_state(&backup.bytes, "backup").unwrap().serial, 1);
}

/// A live lease keeps others out; an expired one does not, and the takeover is reported.
pub(crate) fn a_lease_is_respected_renewed_and_taken_over(store: &Handle) {
    let mut first = open(store, "r1", 0).unwrap();
    let held = open(store, "r2", 59).err().unwrap();
    assert!(held.to_string().contains("`apply base` of ann@box (process 1)"), "{held}");
    block_on(first.renew(at(50))).unwrap();
    assert!(matches!(open(store, "r2", 100), Err(Error::Held { .. })));
    block_on(first.commit(made("a"))).unwrap();
    let second = open(store, "r2", 120).unwrap();
    assert_eq!(second.lease().epoch, 2);
    assert_eq!(second.recovery().taken_over.as_ref().map(|lease| lease.run.as_str()), Some("r1"));
    assert_eq!(second.recovery().interrupted.as_ref().map(|run| run.run.as_str()), Some("r1"));
    assert_eq!(second.recovery().parts, 1);
    assert!(matches!(block_on(first.renew(at(121))), Err(Error::Fenced { .. })));
    assert!(matches!(block_on(first.commit(made("b"))), Err(Error::Fenced { .. })));
    assert_eq!(found(store), ["a"]);
}

/// However late a writer wakes that was taken over, it cannot write.
pub(crate) fn a_paused_writer_is_refused(store: &Handle) {
    // It wakes while its successor works.
    let mut old = open(store, "r1", 0).unwrap();
    block_on(old.commit(made("a"))).unwrap();
    let mut sleeper = open(store, "r2", 100).unwrap();
    let refused = block_on(old.commit(made("x"))).unwrap_err();
    assert!(refused.to_string().contains("`apply base` of ann@box"), "{refused}");
    assert!(matches!(block_on(old.finish(Outcome::Done)), Err(Error::Fenced { .. })));
    // It wakes when its successor has finished and the number it would use is free again.
    block_on(sleeper.commit(made("b"))).unwrap();
    let mut third = open(store, "r3", 200).unwrap();
    block_on(third.commit(made("c"))).unwrap();
    block_on(third.finish(Outcome::Done)).unwrap();
    assert!(matches!(block_on(sleeper.commit(made("x"))), Err(Error::Fenced { .. })));
    // It wakes before its first commit, after others have come and gone.
    let mut late = open(store, "r4", 300).unwrap();
    let mut quick = open(store, "r5", 400).unwrap();
    block_on(quick.commit(made("d"))).unwrap();
    block_on(quick.finish(Outcome::Done)).unwrap();
    assert!(matches!(block_on(late.commit(made("x"))), Err(Error::Fenced { .. })));
    assert_eq!(found(store), ["a", "b", "c", "d"]);
    // It wakes just before its snapshot.
    let mut ending = open(store, "r6", 500).unwrap();
    block_on(ending.commit(made("e"))).unwrap();
    let mut next = open(store, "r7", 600).unwrap();
    assert!(matches!(block_on(ending.finish(Outcome::Done)), Err(Error::Fenced { .. })));
    block_on(next.commit(made("f"))).unwrap();
    block_on(next.finish(Outcome::Done)).unwrap();
    assert_eq!(found(store), ["a", "b", "c", "d", "e", "f"]);
    // What the refused ones left is cleared away.
    assert_eq!(block_on(store.parts()).unwrap(), Vec::<u64>::new());
}

/// Many writers without the courtesy of leases: what was committed is there, whatever else happens.
pub(crate) fn no_commit_is_lost_among_many_writers(store: &Handle, writers: usize, rounds: usize) {
    let kept = Mutex::new(BTreeSet::new());
    let tried = Mutex::new(BTreeSet::new());
    thread::scope(|scope| {
        for writer in 0..writers {
            let (kept, tried) = (&kept, &tried);
            scope.spawn(move || {
                for round in 0..rounds {
                    let mut claim = claim(&format!("w{writer}-{round}"));
                    claim.term = SignedDuration::ZERO;
                    let opened = block_on(Session::open(Arc::clone(store), claim, at(0)));
                    let Some(mut session) = expected(opened) else { continue };
                    for step in 0..3 {
                        let key = format!("w{writer}-{round}-{step}");
                        tried.lock().unwrap().insert(key.clone());
                        if expected(block_on(session.commit(made(&key)))).is_none() {
                            break;
                        }
                        kept.lock().unwrap().insert(key);
                    }
                    // Every third run dies without finishing.
                    if (writer + round) % 3 != 0 {
                        expected(block_on(session.finish(Outcome::Done)));
                    }
                }
            });
        }
    });
    let found: BTreeSet<_> = found(store).into_iter().collect();
    let (kept, tried) = (kept.into_inner().unwrap(), tried.into_inner().unwrap());
    assert!(kept.is_subset(&found), "lost: {:?}", kept.difference(&found));
    assert!(found.is_subset(&tried), "from nowhere: {:?}", found.difference(&tried));
    assert!(!kept.is_empty());
}

/// What two writers may tell each other; anything else is a failure.
fn expected<T>(result: Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Error::Held { .. } | Error::Raced { .. } | Error::Fenced { .. }) => None,
        Err(other) => panic!("{other} ({other:?})"),
    }
}
