//! The engine on the fake cloud: real planner, real state in memory, paused clock.

mod faults;
mod kept;
mod language;
mod records;
mod silence;
mod sweeps;
mod works;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use stackr_core::{BoxFuture, Declaration, Lifecycle, ResourceExt as _, Stack, Value};
use stackr_plan::{Options, Plan, Planner, Request};
use stackr_state::{
    Blob, Claim, Expect, Key, Memory, Outcome, Owner, Session, StackName, State, StateKey, Store, Version,
    Written, peek,
};
use tokio::{sync::Notify, time::Instant};

use crate::{
    Applied, ApplyError, Connections, Envelope, Event, Execution, Interrupt, Patience, Reader, Seals,
    Summary, Until, apply,
    fake::{Bond, Depot, Fake, Gateway, Network, Zones},
    recover, refresh,
};
use stackr_core::Lookup as _;

/// One cloud and one store, and the runs on them.
pub(crate) struct Lab {
    pub(crate) fake: Fake,
    pub(crate) store: Memory,
    pub(crate) until: Until,
    pub(crate) key: Option<StateKey>,
    /// What was told while plans were made.
    pub(crate) told: Mutex<Vec<Event>>,
    began: Instant,
    uids: AtomicUsize,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Ran {
    Over(Box<Result<Applied, ApplyError>>),
    /// It could not be opened, recovered or planned.
    Refused(String),
    /// The process died.
    Died,
}

impl Ran {
    #[track_caller]
    pub(crate) fn summary(self) -> Summary {
        match self {
            Self::Over(over) => over.unwrap_or_else(|error| panic!("{error:?}")).summary,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Over(over) if matches!(&**over, Ok(applied) if applied.summary.outcome == Outcome::Done))
    }
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self {
            fake: Fake::new(),
            store: Memory::new(),
            until: Until::Ready,
            key: None,
            told: Mutex::default(),
            began: Instant::now(),
            uids: AtomicUsize::new(1),
        }
    }

    /// Another lab with the same content.
    pub(crate) fn copy(&self) -> Self {
        let store = Memory::new();
        for key in self.store.keys() {
            store.set(key, self.store.get(key));
        }
        let uids = AtomicUsize::new(self.uids.load(Ordering::Relaxed));
        Self {
            fake: self.fake.copy(),
            store,
            until: self.until,
            key: self.key.clone(),
            told: Mutex::default(),
            began: self.began,
            uids,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.began.elapsed()).unwrap();
        Timestamp::from_second(1_800_000_000).unwrap() + elapsed
    }

    /// A run to its end, or to the process's.
    pub(crate) async fn run(&self, stack: Option<&Stack>) -> Ran {
        self.watch(stack, Arc::new(self.store.clone()), &Notify::new(), &Interrupt::new(), |_| {}).await
    }

    pub(crate) async fn watch(
        &self,
        stack: Option<&Stack>,
        store: Arc<dyn Store>,
        died: &Notify,
        interrupt: &Interrupt,
        on_event: impl FnMut(&Envelope),
    ) -> Ran {
        let run = tokio::select! {
            run = Box::pin(self.cycle(stack.map(|s| s as _), store, interrupt, on_event)) => run,
            () = self.fake.crashed.notified() => Ran::Died,
            () = died.notified() => Ran::Died,
        };
        if let Ran::Died = run {
            // Long enough for the lease to expire.
            tokio::time::advance(Duration::from_secs(300)).await;
        }
        run
    }

    /// A run of what is declared in any way.
    pub(crate) async fn apply(&self, stack: &dyn Declaration) -> Ran {
        let interrupt = Interrupt::new();
        Box::pin(self.cycle(Some(stack), Arc::new(self.store.clone()), &interrupt, |_| {})).await
    }

    /// The plan of what is declared in any way.
    pub(crate) async fn planned(&self, stack: &dyn Declaration) -> Plan {
        let connections = Connections::new(Arc::new(self.fake.clone()), BTreeMap::new());
        self.plan(&self.state().await, Some(stack), &connections).await.unwrap()
    }

    async fn cycle(
        &self,
        stack: Option<&dyn Declaration>,
        store: Arc<dyn Store>,
        interrupt: &Interrupt,
        on_event: impl FnMut(&Envelope),
    ) -> Ran {
        let claim = Claim {
            name: StackName::new("dev", "base"),
            run: format!("run{}", self.uids.fetch_add(1, Ordering::Relaxed)),
            command: "apply base".to_owned(),
            owner: Owner { user: "ann".to_owned(), host: "box".to_owned(), pid: 1 },
            term: SignedDuration::from_secs(60),
        };
        let mut session = match Session::open(store, claim, self.now()).await {
            Ok(session) => session,
            Err(error) => return Ran::Refused(format!("open: {error:?}")),
        };
        let registry = stackr_utility::register(Fake::registry());
        let providers = stack.map(|s| s.providers().unwrap()).unwrap_or_default();
        let connections = Connections::new(Arc::new(self.fake.clone()), providers.clone());
        if let Err(error) = recover(&mut session, &registry, &connections, |_| {}).await {
            session.abandon().await.ok();
            return Ran::Refused(format!("recover: {error:?}"));
        }
        let mut plan = match self.plan(session.state(), stack, &connections).await {
            Ok(plan) => plan,
            Err(error) => {
                session.abandon().await.ok();
                return Ran::Refused(error);
            }
        };
        let seals = Seals::open(session.state(), self.key.clone()).unwrap();
        crate::seal_adoptions(&mut plan.program, &plan.values, &registry, &seals).unwrap();
        let clock = || self.now();
        let execution = Execution {
            told: Vec::new(),
            program: &plan.program,
            values: plan.values,
            declaration: stack,
            registry: &registry,
            providers: &providers,
            connections: &connections,
            session,
            clock: &clock,
            uid: Box::new(|| format!("{:032x}", self.uids.fetch_add(1, Ordering::Relaxed))),
            // Never the same twice, so that what is made anew is another.
            entropy: Box::new(|| Some([self.uids.fetch_add(1, Ordering::Relaxed) as u8; 32])),
            seals,
            seed: 1,
            label: "dev/base".to_owned(),
            until: self.until,
            patience: Patience::default(),
        };
        Ran::Over(Box::new(apply(execution, interrupt, on_event).await))
    }

    pub(crate) async fn plan(
        &self,
        state: &State,
        stack: Option<&dyn Declaration>,
        connections: &Connections,
    ) -> Result<Plan, String> {
        let registry = stackr_utility::register(Fake::registry());
        let providers = stack.map(|s| s.providers().unwrap()).unwrap_or_default();
        let deposed: Vec<_> = state.deposed.iter().map(|d| (d.address.clone(), d.object.clone())).collect();
        let outputs: BTreeMap<String, (Value, bool)> =
            state.outputs.iter().map(|(k, o)| (k.clone(), (o.value(), o.sensitive))).collect();
        let seals = Seals::open(state, self.key.clone()).map_err(|e| e.to_string())?;
        let request = Request {
            declaration: stack,
            registry: &registry,
            providers: &providers,
            last: &state.objects,
            deposed: &deposed,
            pending: &state.intents.keys().cloned().collect(),
            last_outputs: &outputs,
            options: Options { destroy: stack.is_none(), ..Options::default() },
            unseal: &|seal, secret| stackr_state::matches(seal, secret),
            known: seals.known(),
            seal: &|secret, salt| stackr_state::seal(secret, salt),
        };
        let mut planner = Planner::new(request).map_err(|e| format!("plan: {e}"))?;
        let told = |event| self.told.lock().unwrap().push(event);
        let reader = Reader {
            registry: &registry,
            connections,
            second_look: Duration::from_secs(4),
            seed: 1,
            moment: || Some(stackr_core::Moment { seed: [7; 32], now: Duration::from_secs(1_581_489_373) }),
            told: &told,
        };
        refresh(&mut planner, &reader).await.map_err(|e| format!("refresh: {e:?}"))
    }

    pub(crate) async fn state(&self) -> State {
        peek(&self.store, &StackName::new("dev", "base"), self.now()).await.unwrap().state
    }

    /// What is there, without ids, sorted.
    pub(crate) fn inventory(&self) -> Vec<String> {
        self.fake.with(|world| {
            let live = world.live();
            let text = |value: Option<&Value>| value.and_then(Value::to_text).unwrap_or_default();
            let of = |id: &str| {
                let thing = live.iter().find(|(i, _)| *i == id).map(|(_, t)| t);
                thing.map_or("nothing".to_owned(), |t| text(t.args.get("range")) + &text(t.args.get("size")))
            };
            let mut all: Vec<_> = live
                .iter()
                .map(|(_, thing)| {
                    let args = thing.args.attributes().unwrap();
                    let shown = args.iter().map(|(name, value)| match name.as_str() {
                        "network_id" | "gateway_id" => of(&text(Some(value))),
                        "content" => "content".to_owned(),
                        _ => value.to_json().to_string(),
                    });
                    format!("{} {}", thing.ty, shown.collect::<Vec<_>>().join(" "))
                })
                .collect();
            all.sort();
            all
        })
    }

    /// What must hold after a run that is done: the right objects, an empty plan, nothing left over in state, and
    /// nothing written by another run.
    pub(crate) async fn check(&self, stack: Option<&Stack>, inventory: &[String], what: &str) {
        assert_eq!(self.inventory(), inventory, "{what}");
        let state = self.state().await;
        assert!(state.intents.is_empty(), "{what}: {:?}", state.intents);
        assert!(state.deposed.is_empty(), "{what}: {:?}", state.deposed);
        assert_eq!(state.objects.len(), inventory.len(), "{what}");
        let connections = Connections::new(Arc::new(self.fake.clone()), BTreeMap::new());
        let plan = self.plan(&state, stack.map(|s| s as _), &connections).await.unwrap();
        assert!(plan.program.steps.iter().all(|s| s.verb.name() == "read"), "{what}:\n{}", plan.program);
    }
}

/// A stack of all kinds. The second version replaces a network with all that is on it, replaces a depot with its
/// successor first, and changes two objects in place.
pub(crate) fn stack(version: u32) -> Stack {
    let second = version == 2;
    let mut stack = Stack::new("base");
    let range = if second { "10.1" } else { "10.0" };
    let a = stack.add("a", Network::args().range(range).remark("first").password("hunter2-secret"));
    let remark = if second { "changed" } else { "plain" };
    let b = stack.add("b", Network::args().range("20.0").remark(remark));
    let g = stack.add("g", Gateway::args().network_id(&a.id));
    let h = stack.add("h", Gateway::args().network_id(&b.id).size(if second { 2_i64 } else { 5 }));
    stack.add("ag", Bond::args().network_id(&a.id).gateway_id(&g.id));
    let name = if second { "depot-2" } else { "depot-1" };
    let d = stack.add("d", Depot::args().name(name).content(&h.id));
    stack.lifecycle(&d, Lifecycle { create_before_destroy: true, ..Lifecycle::default() });
    let zones = stack.look_up("near", Zones::query().near(&a.id));
    stack.add("z", Depot::args().name("zones").content(zones.arg::<String>("near")));
    stack.output("network", &a.id);
    stack.secret_output("password", "hunter2-secret");
    stack
}

/// A store whose process dies at a call.
pub(crate) struct Mortal {
    pub(crate) inner: Memory,
    pub(crate) left: AtomicUsize,
    pub(crate) after: bool,
    pub(crate) died: Arc<Notify>,
}

impl Mortal {
    async fn live<T>(&self, act: BoxFuture<'_, T>) -> T {
        let dies = self.left.fetch_sub(1, Ordering::Relaxed) == 0;
        tokio::time::sleep(Duration::from_millis(30)).await;
        if dies && !self.after {
            self.died.notify_one();
            return std::future::pending().await;
        }
        let done = act.await;
        if dies {
            self.died.notify_one();
            return std::future::pending().await;
        }
        done
    }
}

impl Store for Mortal {
    fn place(&self, key: Key) -> String {
        self.inner.place(key)
    }

    fn read(&self, key: Key) -> BoxFuture<'_, stackr_state::Result<Option<Blob>>> {
        Box::pin(self.live(self.inner.read(key)))
    }

    fn version(&self, key: Key) -> BoxFuture<'_, stackr_state::Result<Option<Version>>> {
        Box::pin(self.live(self.inner.version(key)))
    }

    fn parts(&self) -> BoxFuture<'_, stackr_state::Result<Vec<u64>>> {
        Box::pin(self.live(self.inner.parts()))
    }

    fn write<'a>(
        &'a self,
        key: Key,
        bytes: &'a [u8],
        expect: Expect,
    ) -> BoxFuture<'a, stackr_state::Result<Written>> {
        Box::pin(self.live(self.inner.write(key, bytes, expect)))
    }

    fn remove(&self, key: Key, version: Option<Version>) -> BoxFuture<'_, stackr_state::Result<()>> {
        Box::pin(self.live(self.inner.remove(key, version)))
    }
}
