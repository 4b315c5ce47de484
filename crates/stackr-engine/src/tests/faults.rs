//! Single faults whose handling is to be seen.

use stackr_core::ErrorKind;
use stackr_state::Fault as StoreFault;

use super::*;
use crate::{Because, fake::Fault};

fn one() -> Stack {
    let mut stack = Stack::new("one");
    stack.add("d", Depot::args().name("d"));
    stack
}

fn chain() -> Stack {
    let mut stack = Stack::new("chain");
    let a = stack.add("a", Network::args().range("10.0"));
    let g = stack.add("g", Gateway::args().network_id(&a.id));
    stack.add("d", Depot::args().name("d").content(&g.id));
    stack.add("e", Network::args().range("20.0"));
    stack
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_one_step_is_that_steps_failure_and_loses_nothing() {
    let lab = Lab::new();
    let create = 1;
    lab.fake.fault(create, Fault::Panic);
    let summary = lab.run(Some(&chain())).await.summary();
    assert_eq!(summary.failed.len(), 1, "{summary:#?}");
    assert_eq!(summary.failed[0].error.kind, "bug");
    assert_eq!(summary.done.len(), 1, "the other network is recorded: {summary:#?}");
    assert!(lab.run(Some(&chain())).await.is_done());
    lab.check(Some(&chain()), &lab.inventory(), "after a panic").await;
    assert_eq!(lab.inventory().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_not_taken_over() {
    let lab = Lab::new();
    lab.run(Some(&one())).await.summary();
    let uids = AtomicUsize::new(1_000_000);
    let other = Lab { store: Memory::new(), fake: lab.fake.clone(), uids, ..Lab::new() };
    let summary = other.run(Some(&one())).await.summary();
    let failure = &summary.failed[0];
    assert_eq!(failure.error.kind, "exists");
    assert!(failure.error.hint.as_ref().unwrap().contains("import"));
    assert!(other.state().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_failed_object_is_recorded_as_tainted_and_replaced() {
    let lab = Lab::new();
    lab.fake.with(|w| w.doomed.insert("fake_gateway"));
    let summary = lab.run(Some(&chain())).await.summary();
    assert_eq!(summary.failed[0].error.message, "AWS reports that it failed: out of capacity");
    assert!(
        matches!(&summary.skipped[0].because, Because::Needs(step) if step.address.ty() == "fake_gateway")
    );
    let state = lab.state().await;
    let gateway = state.objects.values().find(|o| o.ty == "fake_gateway").unwrap();
    assert!(gateway.tainted);
    assert!(state.intents.is_empty(), "{:?}", state.intents);
    lab.fake.with(|w| w.doomed.clear());
    assert!(lab.run(Some(&chain())).await.is_done());
    lab.check(Some(&chain()), &lab.inventory(), "replaced").await;
    assert_eq!(lab.inventory().len(), 4);
    let now = lab.state().await;
    assert!(now.objects.values().all(|o| o.uid != gateway.uid), "a failed object's uid is retired");
}

#[tokio::test(start_paused = true)]
async fn a_quota_error_is_not_repeated_and_says_what_aws_said() {
    let lab = Lab::new();
    lab.fake.fault(0, Fault::Before(ErrorKind::Quota));
    let mut retries = 0;
    let ran = lab
        .watch(Some(&one()), Arc::new(lab.store.clone()), &Notify::new(), &Interrupt::new(), |e| {
            retries += usize::from(matches!(e.event, Event::StepRetrying { .. }));
        })
        .await;
    let summary = ran.summary();
    assert_eq!((summary.failed[0].error.kind.as_str(), retries), ("quota", 0));
    assert!(lab.state().await.intents.is_empty(), "nothing was made, so nothing is looked for");
}

#[tokio::test(start_paused = true)]
async fn every_retry_is_an_event() {
    let lab = Lab::new();
    lab.fake.fault(0, Fault::Before(ErrorKind::Throttled));
    lab.fake.fault(1, Fault::Before(ErrorKind::Throttled));
    let mut retries = 0;
    let ran = lab
        .watch(Some(&one()), Arc::new(lab.store.clone()), &Notify::new(), &Interrupt::new(), |e| {
            retries += usize::from(matches!(e.event, Event::StepRetrying { .. }));
        })
        .await;
    assert!(ran.is_done());
    assert_eq!(retries, 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_still_in_use_is_deleted_when_it_no_longer_is() {
    let lab = Lab::new();
    let mut stack = Stack::new("net");
    stack.add("a", Network::args().range("10.0"));
    lab.run(Some(&stack)).await.summary();
    // Something that is not ours, on its way out.
    let id = lab.state().await.objects.values().next().unwrap().id.clone();
    lab.fake.with(|w| {
        let args = Value::object([("network_id", Value::from(id.as_str()))]);
        let gone = Some(Instant::now() + Duration::from_secs(45));
        let thing = crate::fake::Thing {
            ty: "eni",
            args,
            uid: None,
            born: Instant::now(),
            steady: Instant::now(),
            ready: Instant::now(),
            gone,
            failed: None,
        };
        w.things.insert("eni-1".to_owned(), thing);
    });
    let summary = lab.run(None).await.summary();
    assert_eq!(summary.outcome, Outcome::Done);
    assert!(summary.duration > Duration::from_secs(44));
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_by_hand_is_made_again() {
    let lab = Lab::new();
    lab.run(Some(&chain())).await.summary();
    let before = lab.inventory();
    lab.fake.with(|w| w.things.retain(|_, t| t.ty != "fake_gateway"));
    assert!(lab.run(Some(&chain())).await.is_done());
    lab.check(Some(&chain()), &before, "made again").await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_a_while_is_waited_for_and_nothing_is_lost() {
    for n in 8..60 {
        let lab = Lab::new();
        // Three in a row, wherever the run is.
        for k in 0..3 {
            lab.store.fault(n + k, StoreFault::Before);
        }
        let ran = lab.run(Some(&chain())).await;
        lab.store.heal();
        let what = format!("store call {n}: {ran:#?}");
        tokio::time::advance(Duration::from_secs(300)).await;
        assert!(ran.is_done() || lab.run(Some(&chain())).await.is_done(), "{what}");
        lab.check(Some(&chain()), &lab.inventory(), &what).await;
        assert_eq!(lab.inventory().len(), 4, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_gone_for_good_ends_the_run_and_the_next_one_finds_everything() {
    let lab = Lab::new();
    let mut faults = 0;
    let ran = lab
        .watch(Some(&chain()), Arc::new(lab.store.clone()), &Notify::new(), &Interrupt::new(), |e| {
            if faults == 0 && matches!(e.event, Event::StepStarted { .. }) {
                faults = 1;
                (0..2000).for_each(|n| lab.store.fault(n, StoreFault::Before));
            }
        })
        .await;
    let Ran::Over(over) = ran else { panic!("{ran:#?}") };
    let Err(ApplyError::State { summary, .. }) = *over else { panic!("{over:#?}") };
    assert_eq!(summary.outcome, Outcome::Failed);
    lab.store.heal();
    tokio::time::advance(Duration::from_secs(300)).await;
    assert!(lab.run(Some(&chain())).await.is_done());
    lab.check(Some(&chain()), &lab.inventory(), "after the store came back").await;
    assert_eq!(lab.inventory().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_renewed_while_a_long_step_runs() {
    let lab = Lab::new();
    lab.run(Some(&chain())).await.summary();
    let renewals =
        lab.store.calls().iter().filter(|c| c.verb == "write" && c.key == Some(Key::Lease)).count();
    assert!(renewals >= 4, "{renewals} writes of the lease in a minute with a term of one");
}

#[tokio::test(start_paused = true)]
async fn a_second_interrupt_ends_the_run_within_two_seconds_with_everything_recorded() {
    let lab = Lab::new();
    let interrupt = Interrupt::new();
    let ran = lab
        .watch(Some(&chain()), Arc::new(lab.store.clone()), &Notify::new(), &interrupt, |e| {
            if let Event::StepWaiting { step, .. } = &e.event
                && step.address.ty() == "fake_gateway"
            {
                interrupt.second();
            }
        })
        .await;
    let summary = ran.summary();
    assert_eq!((summary.outcome, summary.abandoned.len()), (Outcome::Interrupted, 1), "{summary:#?}");
    assert!(summary.duration < Duration::from_secs(4), "{:?}", summary.duration);
    let state = lab.state().await;
    assert!(state.objects.values().any(|o| o.ty == "fake_gateway"), "its id is recorded");
    assert!(lab.run(Some(&chain())).await.is_done());
    lab.check(Some(&chain()), &lab.inventory(), "after an interrupt").await;
    assert_eq!(lab.inventory().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_argument_that_aws_does_not_take_is_a_failure_that_names_it() {
    let lab = Lab::new();
    let depot = |content: &str| {
        let mut stack = Stack::new("one");
        stack.add("d", Depot::args().name("d").content(content));
        stack
    };
    lab.run(Some(&depot("one"))).await.summary();
    lab.fake.with(|w| w.stubborn.insert("fake_depot.content".to_owned()));
    let summary = lab.run(Some(&depot("two"))).await.summary();
    let error = &summary.failed[0].error;
    assert_eq!(error.message, r#"content: "two" was asked for, AWS reports "one""#);
    let updates = lab.fake.with(|w| w.calls.iter().filter(|c| *c == "update fake_depot").count());
    assert_eq!(updates, 1, "what brings nothing is not repeated");
    lab.fake.with(|w| w.stubborn.clear());
    assert!(lab.run(Some(&depot("two"))).await.is_done());
}

#[tokio::test(start_paused = true)]
async fn what_was_undeclared_after_a_crash_is_found_and_removed() {
    let lab = Lab::new();
    lab.fake.fault(0, Fault::CrashAfter);
    assert!(matches!(lab.run(Some(&one())).await, Ran::Died));
    assert_eq!(lab.inventory().len(), 1);
    let nothing = Stack::new("one");
    let ran = lab.run(Some(&nothing)).await;
    assert!(ran.is_done(), "{ran:#?}");
    lab.check(Some(&nothing), &[], "undeclared").await;
}

#[tokio::test(start_paused = true)]
async fn an_object_declared_otherwise_after_a_crash_is_not_confused_with_the_lost_one() {
    let lab = Lab::new();
    let network = |range: &str| {
        let mut stack = Stack::new("net");
        stack.add("a", Network::args().range(range));
        stack
    };
    for crash in [Fault::CrashBefore, Fault::CrashAfter] {
        let lab = lab.copy();
        lab.fake.fault(0, crash);
        assert!(matches!(lab.run(Some(&network("1"))).await, Ran::Died));
        let ran = lab.run(Some(&network("2"))).await;
        assert!(ran.is_done(), "{ran:#?}");
        lab.check(Some(&network("2")), &[r#"fake_network null "2" null {}"#.to_owned()], "other range").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_objects_are_refreshed_in_a_few_calls_and_what_cannot_be_read_is_named() {
    let lab = Lab::new();
    let mut stack = Stack::new("many");
    for n in 0..1000 {
        stack.add(("a", n), Network::args().range("10.0"));
    }
    lab.run(Some(&stack)).await.summary();
    let before = lab.fake.with(|w| w.calls.len());
    assert!(lab.run(Some(&stack)).await.is_done());
    assert_eq!(lab.fake.with(|w| w.calls.split_off(before)), ["read fake_network"; 2]);
    lab.fake.fault(1, Fault::Before(ErrorKind::Denied));
    let Ran::Refused(why) = lab.run(Some(&stack)).await else { panic!("it was read") };
    assert_eq!(why.matches("Unread").count(), 500, "one call's worth");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_taken_over_stops_at_once_and_the_other_ends_with_everything() {
    let lab = Lab::new();
    let stack = chain();
    let first = lab.run(Some(&stack));
    let second = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        stackr_state::unlock(&lab.store).await.unwrap();
        lab.run(Some(&stack)).await
    };
    let ((first, stopped), second) = futures::join!(async { (first.await, Instant::now()) }, second);
    let Ran::Over(over) = first else { panic!("{first:#?}") };
    let Err(ApplyError::State { source, .. }) = *over else { panic!("{over:#?}") };
    assert!(matches!(source, stackr_state::Error::Fenced { .. }), "{source:?}");
    assert!(stopped - lab.began < Duration::from_secs(30), "at the next renewal at the latest");
    assert!(second.is_done(), "{second:#?}");
    lab.check(Some(&stack), &lab.inventory(), "taken over").await;
    assert_eq!(lab.inventory().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn every_read_that_is_repeated_for_a_plan_is_told() {
    let lab = Lab::new();
    lab.run(Some(&chain())).await.summary();
    let mut stack = chain();
    stack.look_up("near", Zones::query().near("10.0"));
    lab.fake.fault(0, Fault::Before(ErrorKind::Throttled));
    lab.fake.fault(3, Fault::Before(ErrorKind::Transient));
    lab.planned(&stack).await;
    let told = lab.told.lock().unwrap();
    let told: Vec<_> = told
        .iter()
        .map(|event| match event {
            Event::ReadRetrying { ty, error, delay } => format!("{ty} {} {}", error.kind, !delay.is_zero()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, ["fake_depot throttled true", "fake_zones transient true"]);
}

#[tokio::test(start_paused = true)]
async fn what_holds_an_object_is_named_once_and_in_the_failure() {
    let lab = Lab::new();
    let mut stack = Stack::new("one");
    let network = stack.add("a", Network::args().range("10.0"));
    stack.add("g", Gateway::args().network_id(&network.id));
    lab.run(Some(&stack)).await.summary();
    // Somebody else puts something on it.
    let id = |ty: &str| {
        lab.fake.with(|w| w.live().iter().find(|(_, t)| t.ty == ty).map(|(id, _)| (*id).clone()).unwrap())
    };
    let (network, gateway) = (id("fake_network"), id("fake_gateway"));
    let uids = AtomicUsize::new(1_000_000);
    let other = Lab { store: Memory::new(), fake: lab.fake.clone(), uids, ..Lab::new() };
    let mut bond = Stack::new("one");
    bond.add("b", Bond::args().network_id(network.as_str()).gateway_id(gateway.as_str()));
    other.run(Some(&bond)).await.summary();
    let (mut held, mut retries) = (Vec::new(), 0);
    let ran = lab
        .watch(None, Arc::new(lab.store.clone()), &Notify::new(), &Interrupt::new(), |e| match &e.event {
            Event::StepHeld { holders, .. } => held.push(holders.join(", ")),
            Event::StepRetrying { .. } => retries += 1,
            _ => {}
        })
        .await;
    let summary = ran.summary();
    assert_eq!(held, [format!("{} of a fake_bond", id("fake_bond"))]);
    let message = &summary.failed[0].error.message;
    assert!(message.contains(&format!("{gateway} is held by {}", held[0])), "{message}");
    assert!(retries > 10, "{retries}");
}

/// A store whose lease cannot be renewed for a time.
struct Unrenewed {
    inner: Memory,
    until: Instant,
}

impl Store for Unrenewed {
    fn place(&self, key: Key) -> String {
        self.inner.place(key)
    }

    fn read(&self, key: Key) -> BoxFuture<'_, stackr_state::Result<Option<Blob>>> {
        self.inner.read(key)
    }

    fn parts(&self) -> BoxFuture<'_, stackr_state::Result<Vec<u64>>> {
        self.inner.parts()
    }

    fn write<'a>(
        &'a self,
        key: Key,
        bytes: &'a [u8],
        expect: Expect,
    ) -> BoxFuture<'a, stackr_state::Result<Written>> {
        let renewal = matches!((key, &expect), (Key::Lease, Expect::Version(_)));
        if renewal && Instant::now() < self.until {
            let (place, verb) = (self.place(key), "written");
            return Box::pin(
                async move { Err(stackr_state::Error::Unavailable { place, verb, source: None }) },
            );
        }
        self.inner.write(key, bytes, expect)
    }

    fn remove(&self, key: Key, version: Option<Version>) -> BoxFuture<'_, stackr_state::Result<()>> {
        self.inner.remove(key, version)
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_changed_after_the_lease_until_it_is_renewed() {
    let lab = Lab::new();
    let began = Instant::now();
    let store = Arc::new(Unrenewed { inner: lab.store.clone(), until: began + Duration::from_secs(150) });
    let mut calls = Vec::new();
    let ran = lab
        .watch(Some(&chain()), store, &Notify::new(), &Interrupt::new(), |e| {
            if let Event::StepStarted { step } | Event::StepFinished { step, .. } = &e.event {
                calls.push((step.address.to_string(), e.elapsed.as_secs()));
            }
        })
        .await;
    assert!(ran.is_done());
    // The gateway takes a minute, which is all the lease lasts; the depot waits for the store.
    let depot = calls.iter().filter(|(address, _)| address == "fake_depot.d").map(|(_, at)| *at);
    let depot: Vec<_> = depot.collect();
    assert!(depot[0] < 75 && depot[1] >= 150, "{calls:?}");
}
