//! Moves, removals and imports: recorded before anything is called, and nothing is lost whenever the process dies.

use super::*;
use crate::{Event, fake::Fault};

/// What is recorded at first: a network with a gateway on it, a depot, and a network that nobody will know of.
fn before() -> Stack {
    let mut stack = Stack::new("base");
    let old = stack.add("old", Network::args().range("10.0"));
    stack.add("g", Gateway::args().network_id(&old.id));
    stack.add("kept", Depot::args().name("kept"));
    stack.add("theirs", Network::args().range("20.0").remark("theirs").password("hunter2-secret"));
    stack
}

/// The network has another name, the depot is let go, the unknown network is taken over and changed, and something new
/// stands on each.
fn after(id: &str) -> Stack {
    let mut stack = Stack::new("base");
    let new = stack.add("new", Network::args().range("10.0"));
    stack.moved("fake_network.old", &new);
    stack.released("fake_depot.kept");
    let g = stack.add("g", Gateway::args().network_id(&new.id));
    let theirs = stack.add("ours", Network::args().range("20.0").remark("ours").password("hunter2-secret"));
    stack.import(&theirs, id);
    stack.add("h", Gateway::args().network_id(&theirs.id));
    stack.add("b", Bond::args().network_id(&new.id).gateway_id(&g.id));
    stack
}

/// A lab in which `before` was applied and one network forgotten, with the network's id.
async fn start() -> (Lab, String) {
    let lab = Lab::new();
    lab.run(Some(&before())).await.summary();
    let address: stackr_core::Address = "fake_network.theirs".parse().unwrap();
    let id = lab.state().await.objects[&address].id.clone();
    let claim = Claim {
        name: StackName::new("dev", "base"),
        run: "forget".to_owned(),
        command: "state rm base".to_owned(),
        owner: Owner { user: "ann".to_owned(), host: "box".to_owned(), pid: 1 },
        term: SignedDuration::from_secs(60),
    };
    let mut session = Session::open(Arc::new(lab.store.clone()), claim, lab.now()).await.unwrap();
    session.commit(vec![stackr_state::Entry::Forgotten { address }]).await.unwrap();
    session.finish(Outcome::Done).await.unwrap();
    (lab, id)
}

/// What must hold in the end: the cloud as it should be, everything recorded where it belongs, an empty plan.
async fn check(lab: &Lab, id: &str, inventory: &[String], what: &str) {
    assert_eq!(lab.inventory(), inventory, "{what}");
    let state = lab.state().await;
    let recorded: Vec<_> = state.objects.keys().map(ToString::to_string).collect();
    let expect = ["fake_bond.b", "fake_gateway.g", "fake_gateway.h", "fake_network.new", "fake_network.ours"];
    assert_eq!(recorded, expect, "{what}");
    let ours = &state.objects[&"fake_network.ours".parse().unwrap()];
    assert_eq!((ours.id.as_str(), ours.tainted), (id, false), "{what}");
    let gateway = &state.objects[&"fake_gateway.g".parse().unwrap()];
    assert_eq!(gateway.depends_on, ["fake_network.new".parse().unwrap()], "{what}");
    assert!(state.intents.is_empty() && state.deposed.is_empty(), "{what}");
    assert!(!stackr_state::encode_state(&state).contains("hunter2-secret"), "{what}");
    let connections = Connections::new(Arc::new(lab.fake.clone()), BTreeMap::new());
    let plan = lab.plan(&state, Some(&after(id)), &connections).await.unwrap();
    assert!(plan.is_empty() && plan.program.is_empty(), "{what}:\n{}", plan.program);
}

#[tokio::test(start_paused = true)]
async fn what_moved_is_not_called_for_and_what_is_taken_over_is_changed_in_place() {
    let (lab, id) = start().await;
    let calls = lab.fake.with(|w| w.calls.len());
    let (store, mut told) = (Arc::new(lab.store.clone()), Vec::new());
    let (died, interrupt) = (Notify::new(), Interrupt::new());
    let goal = after(&id);
    let on_event = |envelope: &Envelope| match &envelope.event {
        Event::Moved { from, to } => told.push(format!("{from} to {to}")),
        Event::Adopted { address, id } => told.push(format!("{address} is {id}")),
        _ => {}
    };
    lab.watch(Some(&goal), store, &died, &interrupt, on_event).await.summary();
    assert_eq!(
        told,
        ["fake_network.old to fake_network.new".to_owned(), format!("fake_network.ours is {id}")]
    );
    let calls = lab.fake.with(|w| w.calls.split_off(calls));
    let writes: Vec<_> = calls.iter().filter(|c| !c.starts_with("read")).collect();
    assert_eq!(writes.len(), 3, "one update and two creates: {writes:?}");
    assert!(!calls.iter().any(|c| c.starts_with("delete")), "{calls:?}");
    let inventory = lab.inventory();
    check(&lab, &id, &inventory, "undisturbed").await;
}

#[tokio::test(start_paused = true)]
async fn a_move_alone_is_written_and_calls_nothing() {
    let (lab, _) = start().await;
    let mut goal = Stack::new("base");
    let new = goal.add("new", Network::args().range("10.0"));
    goal.moved("fake_network.old", &new);
    goal.add("g", Gateway::args().network_id(&new.id));
    goal.add("kept", Depot::args().name("kept"));
    let calls = lab.fake.with(|w| w.calls.len());
    assert!(lab.run(Some(&goal)).await.is_done());
    let calls = lab.fake.with(|w| w.calls.split_off(calls));
    assert!(calls.iter().all(|c| c.starts_with("read")), "{calls:?}");
    let state = lab.state().await;
    assert!(state.objects.contains_key(&"fake_network.new".parse().unwrap()));
    assert!(!state.objects.contains_key(&"fake_network.old".parse().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_call_of_cloud_or_store_loses_nothing() {
    let (start, id) = start().await;
    let goal = after(&id);
    let undisturbed = start.copy();
    let (calls, stored) = (undisturbed.fake.with(|w| w.calls.len()), undisturbed.store.calls().len());
    undisturbed.run(Some(&goal)).await.summary();
    let calls = undisturbed.fake.with(|w| w.calls.len()) - calls;
    let stored = undisturbed.store.calls().len() - stored;
    let inventory = undisturbed.inventory();
    for n in 0..calls {
        for crash in [Fault::CrashBefore, Fault::CrashAfter] {
            let lab = start.copy();
            lab.fake.fault(n, crash);
            lab.run(Some(&goal)).await;
            assert!(lab.run(Some(&goal)).await.is_done(), "call {n}, {crash:?}");
            check(&lab, &id, &inventory, &format!("call {n}, {crash:?}")).await;
        }
    }
    for (n, after) in (0..stored + 2).flat_map(|n| [(n, false), (n, true)]) {
        let lab = start.copy();
        let died = Arc::new(Notify::new());
        let (inner, left) = (lab.store.clone(), AtomicUsize::new(n));
        let mortal = Arc::new(Mortal { inner, left, after, died: Arc::clone(&died) });
        lab.watch(Some(&goal), mortal, &died, &Interrupt::new(), |_| {}).await;
        assert!(lab.run(Some(&goal)).await.is_done(), "store call {n}, after: {after}");
        check(&lab, &id, &inventory, &format!("store call {n}, after: {after}")).await;
    }
    assert!(calls > 10 && stored > 10, "{calls} {stored}");
}
