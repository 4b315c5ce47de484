//! Stores that fail, files that are damaged, writers that come back from the dead.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, sync::Arc};

use scenarios::{Handle, at, block_on, claim, found, made, name, open};
use stackr_state::{
    Entry, Error, Fault, Key, Local, Memory, Outcome, Session, decode_part, decode_state, peek_any, repair,
    unlock,
};

mod scenarios;

fn memory() -> (Memory, Handle) {
    let memory = Memory::new();
    (memory.clone(), Arc::new(memory))
}

fn on_every_store(scenario: impl Fn(&Handle)) {
    scenario(&memory().1);
    let root = tempfile::tempdir().unwrap();
    let directory: Handle = Arc::new(Local::directory(root.path(), &name()).unwrap());
    scenario(&directory);
    let file: Handle = Arc::new(Local::file(&root.path().join("terraform.tfstate")));
    scenario(&file);
}

#[test]
fn stores_keep_their_contract() {
    on_every_store(scenarios::a_store_keeps_its_contract);
}

#[test]
fn a_run_leaves_a_snapshot_and_nothing_else() {
    on_every_store(scenarios::a_run_leaves_a_snapshot_and_nothing_else);
}

#[test]
fn a_lease_is_respected_renewed_and_taken_over() {
    on_every_store(scenarios::a_lease_is_respected_renewed_and_taken_over);
}

#[test]
fn a_paused_writer_is_refused() {
    on_every_store(scenarios::a_paused_writer_is_refused);
}

#[test]
fn no_commit_is_lost_among_many_writers() {
    on_every_store(|store| scenarios::no_commit_is_lost_among_many_writers(store, 8, 12));
}

/// One run that does three commits; what it was told is durable.
fn run(store: &Handle, run: &str, seconds: i64, keys: [&str; 3]) -> Vec<String> {
    let Ok(mut session) = open(store, run, seconds) else { return Vec::new() };
    let mut kept = Vec::new();
    for key in keys {
        match block_on(session.commit(made(key))) {
            Ok(()) => kept.push(key.to_owned()),
            // The session keeps it and writes it first next time.
            Err(Error::Unavailable { .. } | Error::Full { .. }) => {
                if block_on(session.begin()).is_ok() {
                    kept.push(key.to_owned());
                }
            }
            Err(_) => return kept,
        }
    }
    drop(block_on(session.finish(Outcome::Done)));
    kept
}

#[test]
fn nothing_committed_is_lost_whatever_call_goes_wrong() {
    let calls = {
        let (memory, store) = memory();
        run(&store, "r1", 0, ["a", "b", "c"]);
        let before = memory.calls().len();
        run(&store, "r2", 100, ["d", "e", "f"]);
        memory.calls().len() - before
    };
    for fault in [Fault::Before, Fault::After, Fault::LostAnswer, Fault::Stale, Fault::Full] {
        for n in 0..calls + 4 {
            for interrupted in [false, true] {
                let (memory, store) = memory();
                if interrupted {
                    let mut first = open(&store, "r1", 0).unwrap();
                    ["a", "b", "c"].into_iter().for_each(|key| block_on(first.commit(made(key))).unwrap());
                } else {
                    run(&store, "r1", 0, ["a", "b", "c"]);
                }
                memory.fault(n, fault);
                let mut kept = run(&store, "r2", 100, ["d", "e", "f"]);
                memory.heal();
                kept.extend(run(&store, "r3", 200, ["g", "h", "i"]));
                let found = found(&store);
                let lost: Vec<_> = kept.iter().filter(|key| !found.contains(key)).collect();
                assert!(
                    lost.is_empty() && found.starts_with(&["a", "b", "c"].map(str::to_owned)),
                    "{fault:?} {n}: {lost:?}"
                );
                assert!(
                    found.ends_with(&["g", "h", "i"].map(str::to_owned)),
                    "{fault:?} {n}: the next run works"
                );
                let left: Vec<_> = memory
                    .keys()
                    .into_iter()
                    .filter(|key| matches!(key, Key::Part(_) | Key::Lease))
                    .collect();
                assert!(left.is_empty(), "{fault:?} {n}: {left:?}");
            }
        }
    }
}

#[test]
fn a_lost_answer_to_any_write_is_no_failure() {
    for n in 0..40 {
        let (memory, store) = memory();
        memory.fault(n, Fault::LostAnswer);
        // The calls before the first lease may fail visibly when their answers are lost; writes may not.
        let fails = memory_call(n).is_some_and(|verb| verb != "write");
        let kept = run(&store, "r1", 0, ["a", "b", "c"]);
        assert!(fails || kept.len() == 3, "call {n}: {kept:?}");
    }
}

/// What the `n`-th call of a plain run is.
fn memory_call(n: usize) -> Option<&'static str> {
    let (memory, store) = memory();
    run(&store, "r1", 0, ["a", "b", "c"]);
    memory.calls().get(n).map(|call| call.verb)
}

/// A finished run and an open journal: snapshot, backup and parts 4 and 5 exist.
fn worked() -> (Memory, Handle) {
    let (memory, store) = memory();
    run(&store, "r0", 0, ["a", "b", "c"]);
    run(&store, "r1", 0, ["d", "e", "f"]);
    let mut session = open(&store, "r2", 0).unwrap();
    block_on(session.commit(made("g"))).unwrap();
    block_on(session.commit(made("h"))).unwrap();
    block_on(session.abandon()).unwrap();
    (memory, store)
}

#[test]
fn damage_is_an_error_or_no_damage_and_never_a_panic() {
    let (memory, _) = worked();
    let check = |key, decode: &dyn Fn(&[u8]) -> Option<String>| {
        let good = memory.get(key).unwrap();
        let whole = decode(&good).unwrap();
        for end in 0..good.len() {
            let same = decode(&good[..end]).is_none_or(|read| read == whole);
            assert!(same, "cut at {end}");
        }
        for at in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[at / 8] ^= 1 << (at % 8);
            let same = decode(&bad).is_none_or(|read| read == whole);
            assert!(same, "bit {at}: {}", String::from_utf8_lossy(&bad));
        }
    };
    check(Key::Snapshot, &|bytes| decode_state(bytes, "f").ok().map(|state| format!("{state:?}")));
    check(Key::Part(7), &|bytes| decode_part(bytes, "f").ok().map(|part| format!("{part:?}")));
}

#[test]
fn a_journal_that_does_not_fit_is_refused_by_name() {
    let check = |change: &dyn Fn(&Memory), message: &str| {
        let (memory, store) = worked();
        change(&memory);
        let error = open(&store, "r3", 100).err().unwrap();
        assert_eq!(error.to_string(), message);
        assert!(matches!(error, Error::Damaged { .. }) && error.hint().is_some());
        assert!(memory.get(Key::Lease).is_none(), "the lease is given back");
    };
    let part = |memory: &Memory, number| memory.get(Key::Part(number)).unwrap();
    check(&|m| m.set(Key::Part(7), None), "memory:journal/7 is damaged: it is missing, and part 8 follows");
    check(
        &|m| m.set(Key::Part(9), Some(part(m, 8))),
        "memory:journal/9 is damaged: it says that it is part 8",
    );
    check(&|m| m.set(Key::Part(8), Some(Vec::new())), "memory:journal/8 is damaged: it is empty");
    check(
        &|m| m.set(Key::Part(8), Some(part(m, 8)[..40].to_vec())),
        "memory:journal/8 is damaged: EOF while parsing a string at line 3 column 8",
    );
    check(&|m| m.set(Key::Snapshot, None), "memory:journal/1 is damaged: it is missing, and part 7 follows");
}

#[test]
fn a_repair_goes_back_to_the_last_good_state() {
    let check = |change: &dyn Fn(&Memory), objects: &[&str]| {
        let (memory, store) = worked();
        change(&memory);
        let repaired = block_on(repair(&*store, &claim("fix"), at(100))).unwrap();
        assert_eq!(found(&store), objects);
        let mut next = open(&store, "r4", 200).unwrap();
        block_on(next.commit(made("z"))).unwrap();
        block_on(next.finish(Outcome::Done)).unwrap();
        assert!(repaired.state.next > 8 || repaired.dropped.is_none());
        repaired
    };
    let flip = |memory: &Memory, key| {
        let text = String::from_utf8(memory.get(key).unwrap()).unwrap();
        memory.set(key, Some(text.replacen("vpc-", "vpd-", 1).into_bytes()));
    };
    let all = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let untouched = check(&|_| {}, &all);
    assert_eq!((untouched.kept, untouched.folded), (None, 2));
    let part = check(&|m| flip(m, Key::Part(8)), &all[..7]);
    assert_eq!(part.dropped.unwrap().0, [8]);
    let backup = check(&|m| flip(m, Key::Snapshot), &all[..3]);
    assert!(backup.snapshot.is_some() && backup.kept.is_some());
    assert_eq!(backup.dropped.unwrap().0, [7, 8]);
}

#[test]
fn files_of_others_are_told_apart_and_left_alone() {
    let check = |text: &str, message: &str| {
        let (memory, store) = memory();
        memory.set(Key::Snapshot, Some(text.as_bytes().to_vec()));
        let error = open(&store, "r1", 0).err().unwrap();
        assert_eq!(error.to_string(), message);
        assert_eq!(memory.keys(), [Key::Snapshot]);
        assert_eq!(memory.get(Key::Snapshot).unwrap(), text.as_bytes());
    };
    check(
        r#"{"version": 4, "terraform_version": "1.11.4", "serial": 12, "lineage": "x", "outputs": {}, "resources": []}"#,
        "memory:state holds a Terraform state (version 4, serial 12, written by terraform 1.11.4)",
    );
    check("[1]", "memory:state is not a stackr state: it is JSON, but not an object");
    check("{}", "memory:state is not a stackr state: it does not say its format");
    check(r#"{"format": "x"}"#, "memory:state is not a stackr state: its format is \"x\"");
    check(
        r#"{"format": "stackr-state", "version": 2, "what": "ever"}"#,
        "memory:state has format version 2; this stackr reads versions up to 1",
    );
    check(r#"{"format": "stackr-state", "version": 1}"#, "memory:state is damaged: missing field `stack`");
    check(r#"{"format": "stackr-state"}"#, "memory:state is damaged: it has no version");
}

#[test]
fn a_state_of_another_stack_is_refused() {
    let (_, store) = worked();
    let mut claim = claim("r3");
    claim.name.stack = "runtime".to_owned();
    let error = block_on(Session::open(Arc::clone(&store), claim, at(100))).err().unwrap();
    assert_eq!(error.to_string(), "memory:state belongs to stack base (dev), not to runtime (dev)");
    assert_eq!(block_on(peek_any(&*store, at(0))).unwrap().unwrap().state.name(), name());
    assert!(block_on(peek_any(&Memory::new(), at(0))).unwrap().is_none());
}

#[test]
fn a_state_of_another_account_is_refused() {
    let (_, store) = memory();
    let mut session = open(&store, "r1", 0).unwrap();
    session.state().check_origin("1", "eu-west-1").unwrap();
    let origin = Entry::Origin { account: "1".to_owned(), region: "eu-west-1".to_owned() };
    block_on(session.commit(vec![origin])).unwrap();
    session.state().check_origin("1", "eu-west-1").unwrap();
    assert_eq!(
        session.state().check_origin("2", "eu-west-1").unwrap_err().to_string(),
        "the state of base (dev) was recorded for account 1, region eu-west-1, and this is account 2, region eu-west-1"
    );
}

#[test]
fn an_unlocked_run_goes_on_unless_another_has_begun() {
    let (_, store) = memory();
    let mut first = open(&store, "r1", 0).unwrap();
    assert_eq!(block_on(unlock(&*store)).unwrap().unwrap().run, "r1");
    block_on(first.renew(at(1))).unwrap();
    block_on(unlock(&*store)).unwrap();
    let _second = open(&store, "r2", 2).unwrap();
    assert!(matches!(block_on(first.renew(at(3))), Err(Error::Fenced { .. })));
}

#[test]
fn a_full_disk_loses_nothing() {
    let (memory, store) = memory();
    run(&store, "r1", 0, ["a", "b", "c"]);
    let before = memory.get(Key::Snapshot);
    let mut session = open(&store, "r2", 100).unwrap();
    memory.fault(0, Fault::Full);
    let error = block_on(session.commit(made("d"))).unwrap_err();
    assert_eq!(error.to_string(), "no space left to write memory:journal/4");
    assert_eq!(memory.get(Key::Snapshot), before);
    // There is room again: the same session goes on with what it could not write.
    block_on(session.finish(Outcome::Done)).unwrap();
    assert_eq!(found(&store), ["a", "b", "c", "d"]);
}

#[test]
fn a_directory_holds_nothing_but_what_is_documented() {
    let root = tempfile::tempdir().unwrap();
    let store: Handle = Arc::new(Local::directory(root.path(), &name()).unwrap());
    run(&store, "r1", 0, ["a", "b", "c"]);
    run(&store, "r2", 100, ["d", "e", "f"]);
    let mut session = open(&store, "r3", 200).unwrap();
    block_on(session.commit(made("g"))).unwrap();
    let directory = root.path().join("dev/base");
    assert_eq!(names(&directory), [".lock", "journal", "lease.json", "state.json", "state.json.backup"]);
    assert_eq!(names(&directory.join("journal")), ["000007.json"]);
    for bad in ["..", "/", "", "a/../b"] {
        assert!(Local::directory(root.path(), &stackr_state::StackName::new("dev", bad)).is_err(), "{bad}");
    }
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
