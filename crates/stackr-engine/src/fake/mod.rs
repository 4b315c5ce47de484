//! An in-memory cloud with faults, for sweeps: crash, lose an answer, fail, repeat at any call.
//!
//! It has one type of each kind: made at once and found by tag ([`Network`]), asynchronous with a client token
//! ([`Gateway`]), existence-only with a natural key ([`Bond`]), caller-named ([`Depot`]), and a lookup ([`Zones`]).

mod types;
mod zones;

use std::{
    any::{Any, TypeId},
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use stackr_core::{
    BoxFuture, Cloud, CloudError, Clouds, ErrorKind, Origin, ProviderConfig, Registry, Result, Status, Value,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

pub use types::{
    Bond, BondArgs, BondOutputs, Depot, DepotArgs, DepotOutputs, Gateway, GatewayArgs, GatewayOutputs,
    Network, NetworkArgs, NetworkOutputs,
};
pub use zones::{Zones, ZonesArgs, ZonesOutputs};

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails and was not executed.
    Before(ErrorKind),
    /// It fails, but it was executed.
    After(ErrorKind),
    /// It is executed twice; the second answer is given.
    Twice,
    /// The process dies before it is executed: it never answers, and [`Fake::crashed`] is told.
    CrashBefore,
    /// The process dies after it was executed.
    CrashAfter,
    /// The resource's code panics after it was executed.
    Panic,
}

/// One object.
#[derive(Clone, Debug)]
pub struct Thing {
    /// Its type.
    pub ty: &'static str,
    /// Its arguments.
    pub args: Value,
    /// Its ownership tag or client token.
    pub uid: Option<String>,
    /// When it was made.
    pub born: Instant,
    /// When it can be used; before that it is pending.
    pub ready: Instant,
    /// Until when something of it still moves, though it can be used.
    pub steady: Instant,
    /// When it is gone, if it is being deleted.
    pub gone: Option<Instant>,
    /// Why it failed, if it did.
    pub failed: Option<String>,
}

impl Thing {
    /// How it is doing at a moment.
    #[must_use]
    pub fn status(&self, now: Instant) -> Status {
        match (&self.failed, self.gone) {
            (_, Some(gone)) if now >= gone => Status::Gone,
            (_, Some(_)) => Status::Leaving("deleting".to_owned()),
            (Some(why), None) if now >= self.ready => Status::Failed(why.clone()),
            _ if now < self.ready => Status::Pending("pending".to_owned()),
            _ if now < self.steady => Status::Settling("deploying".to_owned()),
            _ => Status::Ready,
        }
    }
}

/// What the fake cloud holds.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The objects by id.
    pub things: BTreeMap<String, Thing>,
    /// Every call so far: `create fake_network`.
    pub calls: Vec<String>,
    /// The networks that were read with what is recorded of them.
    pub recorded: Vec<String>,
    /// How many ids each call was about.
    pub sizes: Vec<usize>,
    /// Types whose next creates fail in the end, as a state.
    pub doomed: BTreeSet<&'static str>,
    /// How long after its creation an object becomes visible to reads and finds.
    pub lag: Duration,
    /// How long depots settle.
    pub settling: Duration,
    /// Whether gateways can be found by their tag. Otherwise only their create can be repeated.
    pub finds_gateways: bool,
    /// Arguments that are accepted and not taken: `fake_depot.content`.
    pub stubborn: BTreeSet<String>,
    faults: BTreeMap<usize, Fault>,
    /// What was made with each client token: looking through everything for each create would take its square.
    tokens: BTreeMap<String, String>,
    made: usize,
}

impl World {
    /// A fresh id.
    pub fn id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}-{}", self.made)
    }

    /// Whether a thing is visible yet.
    #[must_use]
    pub fn shows(&self, thing: &Thing) -> bool {
        Instant::now() >= thing.born + self.lag
    }

    /// What is there: neither gone nor going.
    #[must_use]
    pub fn live(&self) -> Vec<(&String, &Thing)> {
        self.things.iter().filter(|(_, thing)| thing.gone.is_none()).collect()
    }
}

/// A cloud in memory. Clones share their world.
#[derive(Clone)]
pub struct Fake {
    world: Arc<Mutex<World>>,
    /// Told when a call is to kill the process.
    pub crashed: Arc<Notify>,
    origin: Origin,
    latency: Duration,
}

impl Default for Fake {
    fn default() -> Self {
        Self::new()
    }
}

impl Fake {
    /// An empty cloud.
    #[must_use]
    pub fn new() -> Self {
        let origin = Origin {
            account: "000000000000".to_owned(),
            region: "eu-west-1".to_owned(),
            ..Origin::default()
        };
        Self { world: Arc::default(), crashed: Arc::default(), origin, latency: Duration::from_millis(40) }
    }

    /// Another cloud with the same content.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            world: Arc::new(Mutex::new(self.with(|world| world.clone()))),
            crashed: Arc::default(),
            ..self.clone()
        }
    }

    /// All fake types.
    #[must_use]
    pub fn registry() -> Registry {
        Registry::default()
            .with::<Network>()
            .with::<Gateway>()
            .with::<Bond>()
            .with::<Depot>()
            .with_lookup::<Zones>()
    }

    /// Looks into the world, or changes it behind everybody's back.
    pub fn with<T>(&self, f: impl FnOnce(&mut World) -> T) -> T {
        f(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes the `n`-th call from now (the next is 0) go wrong.
    pub fn fault(&self, n: usize, fault: Fault) {
        self.with(|world| {
            let at = world.calls.len() + n;
            world.faults.insert(at, fault);
        });
    }

    /// Forgets the faults that have not happened; says whether there were any.
    pub fn heal(&self) -> bool {
        self.with(|world| !std::mem::take(&mut world.faults).is_empty())
    }

    /// One call: counted, slow, and as its fault says.
    pub(crate) async fn call<T>(
        &self,
        operation: &str,
        size: usize,
        act: impl Fn(&mut World) -> Result<T>,
    ) -> Result<T> {
        let fault = self.with(|world| {
            let n = world.calls.len();
            world.calls.push(operation.to_owned());
            world.sizes.push(size);
            world.faults.remove(&n)
        });
        sleep(self.latency).await;
        let fail = |kind| Err(CloudError::new(kind, operation, "a fault was asked for"));
        match fault {
            None => self.with(act),
            Some(Fault::Twice) => {
                drop(self.with(&act));
                self.with(act)
            }
            Some(Fault::Before(kind)) => fail(kind),
            Some(Fault::After(kind)) => {
                drop(self.with(act));
                fail(kind)
            }
            Some(Fault::Panic) => {
                drop(self.with(act));
                panic!("a panic was asked for")
            }
            Some(crash @ (Fault::CrashBefore | Fault::CrashAfter)) => {
                if crash == Fault::CrashAfter {
                    drop(self.with(act));
                }
                self.crashed.notify_one();
                std::future::pending().await
            }
        }
    }
}

impl Cloud for Fake {
    fn service(&self, service: TypeId) -> Option<&(dyn Any + Send + Sync)> {
        (service == TypeId::of::<Self>()).then_some(self)
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Clouds for Fake {
    fn connect<'a>(&'a self, _: &'a ProviderConfig) -> BoxFuture<'a, Result<Arc<dyn Cloud>>> {
        Box::pin(async move { Ok(Arc::new(self.clone()) as Arc<dyn Cloud>) })
    }
}
