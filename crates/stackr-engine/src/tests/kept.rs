//! Objects that live in state alone: when they are durable, what is known of them, and how a wait goes on.

use stackr_core::{Address, ErrorKind, Kept as _, sealed};
use stackr_utility::{
    random::{RandomBytes, RandomPassword, RandomPet, RandomString},
    terraform,
    time::{TimeSleep, TimeStatic},
};

use super::*;
use crate::{Event, fake::Fault};

/// A key of these bytes.
fn key(letter: char) -> Option<StateKey> {
    Some(StateKey::parse(&format!("{}A=", letter.to_string().repeat(42))).unwrap())
}

/// A pet that a network is named for, and a password that it has.
fn pets(keeper: &str, secret: bool) -> Stack {
    let mut stack = Stack::new("base");
    let keepers = std::collections::BTreeMap::from([("k".to_owned(), Some(keeper.to_owned()))]);
    let pet = stack.keep("p", RandomPet::args().keepers(keepers));
    let mut network = Network::args().range("10.0").remark(&pet.id);
    if secret {
        let bytes = stack.keep("s", RandomBytes::args().length(12_i64));
        network = network.password(&bytes.base64);
        stack.add("d", Depot::args().name("vault").content(&bytes.base64));
        stack.secret_output("password", &bytes.base64);
    }
    stack.add("n", network);
    stack.output("pet", &pet.id);
    stack
}

fn at(ty: &str, name: &str) -> Address {
    Address::root(ty, name)
}

impl Lab {
    /// An argument of everything of a type that is there.
    fn all(&self, ty: &str, argument: &str) -> Vec<String> {
        self.fake.with(|world| {
            let live = world.live().into_iter().map(|(_, thing)| thing).filter(|thing| thing.ty == ty);
            live.filter_map(|thing| thing.args.get(argument).and_then(Value::to_text)).collect()
        })
    }

    /// Every byte that the store holds.
    fn stored(&self) -> String {
        let bytes = self.store.keys().into_iter().filter_map(|key| self.store.get(key));
        bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }

    /// What must hold after a run that is done: what is used is what is recorded, and nothing is left to do.
    async fn agrees(&self, stack: &Stack, what: &str) {
        let state = self.state().await;
        let pet = &state.objects[&at("random_pet", "p")].id;
        assert_eq!(self.all("fake_network", "remark"), [pet.as_str()], "{what}");
        assert_eq!(state.outputs["pet"].value(), Value::from(pet.as_str()), "{what}");
        assert!(state.intents.is_empty() && state.deposed.is_empty(), "{what}");
        let connections = Connections::new(Arc::new(self.fake.clone()), BTreeMap::new());
        let plan = self.plan(&state, Some(stack), &connections).await.unwrap();
        assert!(plan.program.is_empty() && plan.is_empty(), "{what}:\n{}", plan.program);
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_anywhere_leaves_no_value_in_use_that_is_not_recorded() {
    let mut points = 0;
    for change in [false, true] {
        let mut start = Lab::new();
        start.key = key('a');
        if change {
            start.run(Some(&pets("one", true))).await.summary();
        }
        let goal = pets("two", true);
        let (lab, store) = (start.copy(), Arc::new(start.copy().store));
        lab.watch(Some(&goal), Arc::clone(&store) as _, &Notify::new(), &Interrupt::new(), |_| {})
            .await
            .summary();
        let (stored, before) = (store.calls().len(), start.fake.with(|w| w.calls.len()));
        let calls = lab.fake.with(|w| w.calls.len()) - before;
        for (n, after) in (0..stored + 2).flat_map(|n| [(n, false), (n, true)]) {
            let lab = start.copy();
            let died = Arc::new(Notify::new());
            let (inner, left) = (lab.store.clone(), AtomicUsize::new(n));
            let mortal = Arc::new(Mortal { inner, left, after, died: Arc::clone(&died) });
            lab.watch(Some(&goal), mortal, &died, &Interrupt::new(), |_| {}).await;
            let what = format!("change: {change}, store call {n}, after: {after}");
            let ran = lab.run(Some(&goal)).await;
            assert!(ran.is_done(), "{what}: {ran:#?}");
            lab.agrees(&goal, &what).await;
            points += 1;
        }
        for (n, fault) in (0..calls).flat_map(|n| [(n, Fault::CrashBefore), (n, Fault::CrashAfter)]) {
            let lab = start.copy();
            lab.fake.fault(n, fault);
            lab.run(Some(&goal)).await;
            lab.fake.heal();
            let what = format!("change: {change}, call {n}, {fault:?}");
            let ran = lab.run(Some(&goal)).await;
            assert!(ran.is_done(), "{what}: {ran:#?}");
            lab.agrees(&goal, &what).await;
            points += 1;
        }
    }
    assert!(points > 40, "{points}");
}

#[tokio::test(start_paused = true)]
async fn without_a_cloud_nothing_is_connected_and_nothing_is_asked() {
    let lab = Lab::new();
    let mut stack = Stack::new("base");
    let pet = stack.keep("p", RandomPet::args());
    let text = stack.keep("t", RandomString::args().length(8_i64));
    stack.keep("d", terraform::Data::args().input(text.arg::<Value>("result")));
    stack.output("pet", &pet.id);
    lab.run(Some(&stack)).await.summary();
    let first = lab.state().await;
    assert_eq!(first.account, None);
    lab.run(Some(&stack)).await.summary();
    assert_eq!(lab.state().await.objects, first.objects);
    assert!(lab.run(None).await.is_done());
    assert!(lab.state().await.objects.is_empty());
    assert_eq!(lab.fake.with(|w| w.calls.clone()), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_password_is_nowhere_in_the_clear_and_its_user_shows_no_difference_later() {
    for key in [None, key('a')] {
        let mut lab = Lab::new();
        lab.key = key.clone();
        let (stack, mut told) = (pets("one", true), String::new());
        let (store, died, interrupt) = (Arc::new(lab.store.clone()), Notify::new(), Interrupt::new());
        lab.watch(Some(&stack), store, &died, &interrupt, |event| {
            told += &serde_json::to_string(event).unwrap();
        })
        .await
        .summary();
        let password = lab.all("fake_depot", "content").pop().unwrap();
        assert_eq!(password.len(), 16);
        assert!(!lab.stored().contains(&password) && !told.contains(&password));
        assert_eq!(lab.stored().contains("stackr:encrypted"), key.is_some());
        let state = lab.state().await;
        let made = &state.objects[&at("random_bytes", "s")].outputs["base64"];
        let used = &state.objects[&at("fake_network", "n")].args["password"];
        assert_eq!(sealed::parts(made).unwrap().0, sealed::parts(used).unwrap().0);
        lab.agrees(&stack, "later").await;
        // A run without the key, as a colleague's plan may be, changes nothing either and loses nothing.
        lab.key = None;
        lab.agrees(&stack, "without the key").await;
        lab.run(Some(&stack)).await.summary();
        assert_eq!(lab.state().await.objects, state.objects);
    }
}

#[tokio::test(start_paused = true)]
async fn an_imported_password_is_used_at_once_and_is_nowhere_in_the_clear() {
    for key in [None, key('a')] {
        let mut lab = Lab::new();
        lab.key = key.clone();
        let mut stack = Stack::new("base");
        let password = stack.keep("s", RandomPassword::args().length(12_i64));
        stack.import(&password, "Open-sesame1");
        stack.add("n", Depot::args().name("n").content(&password.result));
        let mut told = String::new();
        let (store, died, interrupt) = (Arc::new(lab.store.clone()), Notify::new(), Interrupt::new());
        let tell = |event: &_| told += &serde_json::to_string(event).unwrap();
        lab.watch(Some(&stack), store, &died, &interrupt, tell).await.summary();
        assert_eq!(lab.all("fake_depot", "content"), ["Open-sesame1"]);
        assert!(!lab.stored().contains("Open-sesame1") && !told.contains("Open-sesame1"));
        assert_eq!(lab.stored().contains("stackr:encrypted"), key.is_some());
        let state = lab.state().await;
        let object = &state.objects[&at("random_password", "s")];
        assert_eq!(object.id, "none");
        let made = sealed::parts(&object.outputs["result"]).unwrap().0;
        let used = &state.objects[&at("fake_depot", "n")].args["content"];
        assert_eq!(sealed::parts(used).unwrap().0, made);
        // A later run, and one by somebody without the key, find nothing to do.
        for key in [key, None] {
            lab.key = key;
            let connections = Connections::new(Arc::new(lab.fake.clone()), BTreeMap::new());
            let plan = lab.plan(&state, Some(&stack), &connections).await.unwrap();
            assert!(plan.program.is_empty() && plan.is_empty(), "{}", plan.program);
        }
    }
}

/// The users of a password of this length.
fn users(length: i64, names: &[&str]) -> Stack {
    let mut stack = Stack::new("base");
    let password = stack.keep("s", RandomPassword::args().length(length));
    for name in names {
        stack.add(*name, Depot::args().name(*name).content(&password.result));
    }
    stack
}

#[tokio::test(start_paused = true)]
async fn a_new_user_of_a_password_that_is_only_sealed_is_told_what_to_do() {
    let lab = Lab::new();
    lab.run(Some(&users(12, &["n"]))).await.summary();
    let connections = Connections::new(Arc::new(lab.fake.clone()), BTreeMap::new());
    let more = users(12, &["n", "m"]);
    let plan = lab.plan(&lab.state().await, Some(&more), &connections).await.unwrap();
    let remedy = "needs the text of random_password.s, of which this run knows the seal only: replace it with \
                  `--replace 'random_password.s'`, or give the key that it was recorded with in STACKR_STATE_KEY";
    assert_eq!(plan.warnings.len(), 1);
    assert!(plan.warnings[0].to_string().contains(remedy), "{}", plan.warnings[0]);
    assert_eq!(plan.program.to_string(), "s1   create  fake_depot.m\n");
    let summary = lab.run(Some(&more)).await.summary();
    assert_eq!(summary.failed.len(), 1);
    assert!(summary.failed[0].error.message.contains(remedy), "{}", summary.failed[0].error.message);
    // Made again, everything that uses it gets the new one.
    assert!(lab.run(Some(&users(13, &["n", "m"]))).await.is_done());
    let passwords = lab.all("fake_depot", "content");
    assert_eq!(passwords.len(), 2);
    assert!(passwords[0] == passwords[1] && passwords[0].len() == 13);
}

#[tokio::test(start_paused = true)]
async fn with_the_key_a_later_run_knows_the_password_and_another_key_is_refused() {
    let mut lab = Lab::new();
    lab.key = key('a');
    lab.run(Some(&users(12, &["n"]))).await.summary();
    let password = lab.all("fake_depot", "content").pop().unwrap();
    assert!(!lab.stored().contains(&password) && !lab.stored().contains("$2a$"));
    let state = lab.state().await;
    let refused = Seals::open(&state, key('b')).err().unwrap();
    assert_eq!(refused.to_string(), "the state key does not open random_password.s (/bcrypt_hash)");
    assert!(lab.run(Some(&users(12, &["n", "m"]))).await.is_done());
    assert_eq!(lab.all("fake_depot", "content"), [password.clone(), password]);
}

fn sleeper(seconds: &str) -> Stack {
    let mut stack = Stack::new("base");
    let sleep = stack.keep("w", TimeSleep::args().create_duration(seconds).destroy_duration("40s"));
    stack.add("n", Network::args().range("10.0").remark(&sleep.id));
    stack
}

#[tokio::test(start_paused = true)]
async fn a_sleep_is_waited_for_before_what_is_on_it() {
    let lab = Lab::new();
    let began = lab.now();
    lab.run(Some(&sleeper("100s"))).await.summary();
    let took = |since: Timestamp| lab.now().duration_since(since).as_secs();
    assert!((100..110).contains(&took(began)), "{}", took(began));
    let over: Timestamp = lab.all("fake_network", "remark")[0].parse().unwrap();
    assert_eq!(over.duration_since(began).as_secs(), 100);
    // Another duration is recorded, and not waited for.
    let began = lab.now();
    lab.run(Some(&sleeper("500s"))).await.summary();
    assert!(took(began) < 20, "{}", took(began));
    assert_eq!(lab.all("fake_network", "remark")[0].parse::<Timestamp>().unwrap(), over);
    let began = lab.now();
    assert!(lab.run(None).await.is_done());
    assert!((40..60).contains(&took(began)), "{}", took(began));
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_sleep_goes_on_where_it_was() {
    let lab = Lab::new();
    let (stack, interrupt) = (sleeper("100s"), Interrupt::new());
    let (store, died) = (Arc::new(lab.store.clone()), Notify::new());
    let stop = async {
        tokio::time::sleep(Duration::from_secs(70)).await;
        interrupt.second();
        std::future::pending::<()>().await;
    };
    let began = lab.now();
    let summary = tokio::select! {
        ran = lab.watch(Some(&stack), store, &died, &interrupt, |_| {}) => ran.summary(),
        () = stop => unreachable!(),
    };
    assert_eq!(summary.outcome, Outcome::Interrupted);
    assert!((70..74).contains(&lab.now().duration_since(began).as_secs()));
    let mut told = Vec::new();
    let store = Arc::new(lab.store.clone());
    lab.watch(Some(&stack), store, &died, &Interrupt::new(), |event| {
        if let Event::StepWaiting { note, .. } = &event.event {
            told.push(note.clone());
        }
    })
    .await
    .summary();
    assert!(told.iter().any(|note| note == "waits 29 s" || note == "waits 30 s"), "{told:?}");
    assert!((100..108).contains(&lab.now().duration_since(began).as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_is_made_first_is_made_first() {
    let lab = Lab::new();
    let stack = |keeper: &str| {
        let mut stack = Stack::new("base");
        let triggers = std::collections::BTreeMap::from([("k".to_owned(), Some(keeper.to_owned()))]);
        let time = stack.keep("t", TimeStatic::args().triggers(triggers));
        stack.lifecycle(&time, Lifecycle { create_before_destroy: true, ..Lifecycle::default() });
        stack
    };
    lab.run(Some(&stack("one"))).await.summary();
    let first = lab.state().await.objects[&at("time_static", "t")].clone();
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(lab.run(Some(&stack("two"))).await.is_done());
    let state = lab.state().await;
    assert_ne!(state.objects[&at("time_static", "t")].id, first.id);
    assert!(state.deposed.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_made_fails_its_step_and_leaves_nothing_open() {
    let lab = Lab::new();
    let mut stack = Stack::new("base");
    let pet = stack.keep("p", RandomPet::args());
    // Known at apply only, so that the plan cannot refuse it.
    stack.keep("w", TimeSleep::args().create_duration(&pet.id));
    let summary = lab.run(Some(&stack)).await.summary();
    assert_eq!(summary.failed.len(), 1);
    assert!(summary.failed[0].error.message.contains("create_duration must be a number and ms, s, m or h"));
    assert_eq!(
        summary.failed[0].error.kind,
        crate::ErrorView::from(&stackr_core::CloudError::new(ErrorKind::Invalid, "", "")).kind
    );
    assert!(lab.state().await.intents.is_empty());
}
