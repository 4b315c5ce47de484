//! What a run does when nothing goes wrong.

use super::*;
use crate::{Event, StepVerb};

#[tokio::test(start_paused = true)]
async fn a_stack_is_made_changed_and_removed() {
    let lab = Lab::new();
    let summary = lab.run(Some(&stack(1))).await.summary();
    assert_eq!((summary.done.len(), summary.outcome), (8, Outcome::Done), "{summary:#?}");
    let first = lab.inventory();
    assert_eq!(first.len(), 7, "{first:#?}");
    lab.check(Some(&stack(1)), &first, "made").await;

    let summary = lab.run(Some(&stack(2))).await.summary();
    assert_eq!(summary.outcome, Outcome::Done, "{summary:#?}");
    let second = lab.inventory();
    assert_ne!(first, second);
    lab.check(Some(&stack(2)), &second, "changed").await;

    let summary = lab.run(None).await.summary();
    assert_eq!(summary.outcome, Outcome::Done, "{summary:#?}");
    lab.check(None, &[], "removed").await;
    assert!(lab.state().await.outputs.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_second_run_writes_nothing_but_its_lease() {
    let lab = Lab::new();
    lab.run(Some(&stack(1))).await.summary();
    let before = lab.store.calls().len();
    lab.run(Some(&stack(1))).await.summary();
    let calls = lab.store.calls().split_off(before);
    let written: Vec<_> = calls.iter().filter(|c| c.verb == "write" && c.key != Some(Key::Lease)).collect();
    assert!(written.is_empty(), "{written:?}");
}

#[tokio::test(start_paused = true)]
async fn all_intents_are_durable_before_the_first_create_in_one_write() {
    let lab = Lab::new();
    let died = Arc::new(Notify::new());
    let mortal = Mortal {
        inner: lab.store.clone(),
        left: AtomicUsize::new(usize::MAX),
        after: false,
        died: Arc::clone(&died),
    };
    lab.fake.fault(0, crate::fake::Fault::CrashBefore);
    let ran = lab.watch(Some(&stack(1)), Arc::new(mortal), &died, &Interrupt::new(), |_| {}).await;
    assert!(matches!(ran, Ran::Died));
    let parts = lab.store.keys().into_iter().filter(|k| matches!(k, Key::Part(_))).count();
    assert_eq!((lab.state().await.intents.len(), parts), (7, 1));
}

#[tokio::test(start_paused = true)]
async fn what_may_start_early_starts_early_and_the_longest_path_bounds_the_run() {
    let lab = Lab::new();
    let mut events = Vec::new();
    let ran = lab
        .watch(Some(&stack(1)), Arc::new(lab.store.clone()), &Notify::new(), &Interrupt::new(), |e| {
            events.push(e.clone());
        })
        .await;
    let summary = ran.summary();
    let at = |verb: &str, address: &str| {
        let hit = events.iter().find(|e| match &e.event {
            Event::StepFinished { step, .. } => verb == "finished" && step.address.to_string() == address,
            Event::StepStarted { step } => verb == "started" && step.address.to_string() == address,
            _ => false,
        });
        hit.unwrap_or_else(|| panic!("{verb} {address}")).elapsed.as_secs_f64()
    };
    assert!(at("finished", "fake_bond.ag") < 2.0, "the bond needs the gateway's id only");
    assert!(at("started", "fake_depot.d") > 60.0, "the depot needs the gateway to be ready");
    assert!(summary.duration.as_secs_f64() < 66.0, "{:?}", summary.duration);
    assert!(events.iter().enumerate().all(|(n, e)| e.seq == n as u64));
    assert!(matches!(events.first().unwrap().event, Event::RunStarted { steps: 8 }));
    assert!(matches!(events.last().unwrap().event, Event::RunFinished { .. }));
}

#[tokio::test(start_paused = true)]
async fn pending_objects_of_one_type_are_polled_in_one_call() {
    let lab = Lab::new();
    let mut stack = Stack::new("many");
    let a = stack.add("a", Network::args().range("10.0"));
    for n in 0..100 {
        stack.add(("g", n), Gateway::args().network_id(&a.id));
    }
    lab.run(Some(&stack)).await.summary();
    let reads = lab.fake.with(|w| w.calls.iter().filter(|c| *c == "read fake_gateway").count());
    assert!(reads < 80, "{reads} reads for 100 gateways");
}

#[tokio::test(start_paused = true)]
async fn an_update_that_is_done_with_its_answer_is_not_read_again() {
    let lab = Lab::new();
    let network = |remark: &str| {
        let mut stack = Stack::new("one");
        stack.add("a", Network::args().range("10.0").remark(remark).tags([("k", remark)]));
        stack
    };
    lab.run(Some(&network("first"))).await.summary();
    let calls = lab.fake.with(|world| std::mem::take(&mut world.calls));
    assert_eq!(calls, ["create fake_network", "read fake_network", "update fake_network"]);
    lab.run(Some(&network("second"))).await.summary();
    let calls = lab.fake.with(|world| std::mem::take(&mut world.calls));
    assert_eq!(calls, ["read fake_network", "update fake_network"]);
    let state = lab.state().await;
    let object = state.objects.values().next().unwrap();
    assert_eq!(
        (&object.args["remark"], &object.outputs["tags_all"]["k"]),
        (&"second".into(), &"second".into())
    );
    let inventory = lab.inventory();
    lab.check(Some(&network("second")), &inventory, "changed").await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_reads_with_what_is_recorded() {
    let lab = Lab::new();
    lab.run(Some(&stack(1))).await.summary();
    let recorded = lab.fake.with(|world| std::mem::take(&mut world.recorded));
    assert!(recorded.is_empty(), "{recorded:?}");
    lab.run(Some(&stack(1))).await.summary();
    let recorded = lab.fake.with(|world| std::mem::take(&mut world.recorded));
    assert_eq!(recorded, ["net-1", "net-2"]);
}

#[tokio::test(start_paused = true)]
async fn durations_are_learned_and_make_polls_denser_near_the_end() {
    let lab = Lab::new();
    lab.run(Some(&stack(1))).await.summary();
    let state = lab.state().await;
    assert!(state.expected_create("fake_gateway").unwrap() >= 57_000);
    lab.run(None).await.summary();
    let summary = lab.run(Some(&stack(1))).await.summary();
    assert!(summary.duration < Duration::from_millis(61_500), "{:?}", summary.duration);
}

#[tokio::test(start_paused = true)]
async fn a_run_until_created_does_not_wait_for_what_nothing_waits_for() {
    let mut lab = Lab::new();
    lab.until = Until::Created;
    let mut short = Stack::new("short");
    let a = short.add("a", Network::args().range("10.0"));
    short.add("g", Gateway::args().network_id(&a.id));
    let summary = lab.run(Some(&short)).await.summary();
    assert_eq!(summary.outcome, Outcome::Done);
    assert!(summary.duration < Duration::from_secs(2), "{:?}", summary.duration);
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_run_left_pending_is_waited_for_by_the_next_one() {
    let mut lab = Lab::new();
    lab.until = Until::Created;
    let mut short = Stack::new("short");
    let a = short.add("a", Network::args().range("10.0"));
    let g = short.add("g", Gateway::args().network_id(&a.id));
    lab.run(Some(&short)).await.summary();

    lab.until = Until::Ready;
    short.add("d", Depot::args().name("depot").content(&g.id));
    let summary = lab.run(Some(&short)).await.summary();
    assert_eq!(summary.outcome, Outcome::Done);
    // The gateway's minute is waited for, by the run and by what needs the gateway.
    assert!(summary.duration > Duration::from_secs(50), "{:?}", summary.duration);
    let calls = lab.fake.with(|world| world.calls.clone());
    let (read, made) = (
        calls.iter().rposition(|c| c == "read fake_gateway"),
        calls.iter().position(|c| c == "create fake_depot"),
    );
    assert!(read < made, "{calls:?}");
    let again = lab.run(Some(&short)).await.summary();
    assert!(again.duration < Duration::from_secs(1), "{:?}", again.duration);
}

#[tokio::test(start_paused = true)]
async fn secrets_appear_nowhere() {
    let lab = Lab::new();
    let mut events = String::new();
    lab.watch(Some(&stack(1)), Arc::new(lab.store.clone()), &Notify::new(), &Interrupt::new(), |e| {
        events += &serde_json::to_string(e).unwrap();
    })
    .await
    .summary();
    let stored: Vec<u8> = lab.store.keys().into_iter().filter_map(|k| lab.store.get(k)).flatten().collect();
    assert!(!String::from_utf8_lossy(&stored).contains("hunter2"));
    assert!(!events.contains("hunter2"));
    let password = &lab.state().await.outputs["password"];
    assert!(password.sensitive && password.value.to_string().contains("stackr:sealed"));
}

#[tokio::test(start_paused = true)]
async fn ownership_is_marked_in_the_create_call() {
    let lab = Lab::new();
    lab.run(Some(&stack(1))).await.summary();
    let state = lab.state().await;
    for (address, object) in &state.objects {
        let marked = lab.fake.with(|w| w.things[&object.id].uid.clone());
        if object.ty != "fake_bond" {
            assert_eq!(marked.as_ref(), Some(&object.uid), "{address}");
        }
        assert!(object.uid.len() == 32 && object.uid.bytes().all(|b| b.is_ascii_hexdigit()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_replacement_deletes_in_reverse_and_makes_in_order() {
    let lab = Lab::new();
    lab.run(Some(&stack(1))).await.summary();
    let summary = lab.run(Some(&stack(2))).await.summary();
    let position = |verb, address: &str| {
        let hit = |d: &crate::Done| d.step.verb == verb && d.step.address.to_string() == address;
        summary.done.iter().position(hit).unwrap_or_else(|| panic!("{verb:?} {address}: {summary:#?}"))
    };
    use StepVerb::{Create, Delete, Update};
    assert!(position(Delete, "fake_bond.ag") < position(Delete, "fake_gateway.g"));
    assert!(position(Delete, "fake_gateway.g") < position(Delete, "fake_network.a"));
    assert!(position(Delete, "fake_network.a") < position(Create, "fake_network.a"));
    assert!(position(Create, "fake_network.a") < position(Create, "fake_gateway.g"));
    assert!(position(Create, "fake_depot.d") < position(Delete, "fake_depot.d"));
    position(Update, "fake_network.b");
}

#[tokio::test(start_paused = true)]
async fn what_embedders_await_can_be_sent_to_another_thread() {
    fn sent<T: Send>(future: T) -> T {
        future
    }
    let (lab, died, interrupt, stack) = (Lab::new(), Notify::new(), Interrupt::new(), stack(1));
    let run = sent(lab.watch(Some(&stack), Arc::new(lab.store.clone()), &died, &interrupt, |_| {}));
    assert!(run.await.is_done());
}

#[tokio::test(start_paused = true)]
async fn what_settles_is_waited_for_only_where_that_is_asked_for() {
    let took = async |until| {
        let mut lab = Lab::new();
        lab.until = until;
        lab.fake.with(|w| w.settling = Duration::from_secs(100));
        let mut stack = Stack::new("settling");
        let d = stack.add("d", Depot::args().name("d"));
        stack.add("e", Depot::args().name("e").content(&d.id));
        let summary = lab.run(Some(&stack)).await.summary();
        assert_eq!(summary.outcome, Outcome::Done);
        summary.duration.as_secs()
    };
    assert_eq!(took(Until::Ready).await, 0);
    let steady = took(Until::Steady).await;
    assert!(
        (100..120).contains(&steady),
        "{steady}: what depends on the first did not wait for it to be steady"
    );
}
