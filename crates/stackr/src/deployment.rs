//! A deployment: a declaration, the clouds it is applied to, and the store its state is kept in.
//!
//! Facts that shape this file:
//! - the lease is held from before the plan to the end of the run, so what was approved is what is done; while a
//!   person thinks, it is renewed;
//! - a run that was interrupted is recovered before anything is planned;
//! - a stack that reads another's outputs is noted in the other's state before it changes anything, and is taken
//!   out of it when nothing of it is left.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use stackr_core::{
    Address, Clouds, Declaration, Diagnostic, Object, ProviderConfig, ProviderKey, Registry, Value,
};
use stackr_engine::{
    Connections, EVENT_VERSION, Envelope, Event, Execution, Interrupt, Patience, Reader, Seals, Summary,
    Until,
};
use stackr_plan::{Action, Options, Plan, Planner, Refusal, Request};
use stackr_state::{
    Activity, Claim, Entry, Outcome, Owner, Recovery, Session, StackName, State, StateKey, Store, peek,
};

use crate::{
    Error, RemoteStates,
    remote_state::{Place, RemoteStateArgs, RemoteStateLookup},
};

/// How long a lease lasts without a renewal: three heartbeats may be missed before somebody takes over.
const TERM: Duration = Duration::from_secs(60);

/// How long a run that is told to stop while it plans may take to give its lease back.
const RELEASE: Duration = Duration::from_secs(1);

/// After how long a recorded object that was not found is looked for again: AWS may not show yet what was made
/// moments ago, and an object is not given up on one answer.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// A declaration with the clouds it is applied to and the store its state is kept in.
pub struct Deployment {
    pub(crate) name: StackName,
    pub(crate) declaration: Option<Arc<dyn Declaration>>,
    pub(crate) registry: Registry,
    pub(crate) clouds: Arc<dyn Clouds>,
    pub(crate) store: Arc<dyn Store>,
    owner: Owner,
    siblings: Vec<(StackName, Arc<dyn Store>)>,
    /// The sibling stacks whose outputs were read.
    read: Arc<Mutex<BTreeSet<StackName>>>,
    until: Until,
    patience: Patience,
    /// Whether a stack that others read may be destroyed.
    force: bool,
    /// What secrets that state alone holds are encrypted with.
    key: Option<StateKey>,
    /// Whether the owner of a lease is known to live no longer.
    is_dead: fn(&Owner) -> bool,
    /// How long a lease lasts without a renewal.
    term: Duration,
    /// Is told what happens while AWS is read for a plan.
    on_read: Box<dyn Fn(Event) + Send + Sync>,
}

/// A plan with what it was made from.
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The state it was made from.
    pub state: State,
    /// What goes on with the stack: a run under way, or one that was interrupted.
    pub activity: Activity,
    /// The accounts and regions that the provider configurations lead to.
    pub origins: BTreeMap<ProviderKey, stackr_core::Origin>,
}

/// What an apply or destroy leaves.
#[derive(Debug)]
pub struct Applied {
    /// What came of the steps.
    pub summary: Summary,
    /// The state as it was written.
    pub state: State,
}

/// Whether a plan may be executed.
pub trait Approve: Send {
    /// Is told what was recovered, shown the plan, and decides.
    fn approve(&mut self, planned: &Planned, recovery: &Recovery) -> impl Future<Output = bool> + Send;
}

/// Approves every plan.
struct Always;

impl Approve for Always {
    async fn approve(&mut self, _: &Planned, _: &Recovery) -> bool {
        true
    }
}

/// A name for a run that no other has.
#[must_use]
pub fn new_run_name() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Random bytes of the system.
fn entropy() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes)
}

/// This moment: what time and random values are made from. `None`: the system gives no random bytes.
#[must_use]
pub fn this_moment() -> Option<stackr_core::Moment> {
    let seed = entropy()?;
    let now = Duration::from_secs(Timestamp::now().as_second().try_into().unwrap_or_default());
    Some(stackr_core::Moment { seed, now })
}

/// What decides the jitter of delays.
fn seed() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().0
}

impl Deployment {
    /// A deployment of all AWS types. The stack's state is that of `name`.
    #[cfg(feature = "aws")]
    pub fn new(
        name: StackName,
        declaration: impl Into<Option<Arc<dyn Declaration>>>,
        clouds: Arc<dyn Clouds>,
        store: Arc<dyn Store>,
    ) -> Self {
        Self::with_registry(name, declaration, crate::registry(), clouds, store)
    }

    /// A deployment with types of one's own.
    pub fn with_registry(
        name: StackName,
        declaration: impl Into<Option<Arc<dyn Declaration>>>,
        registry: Registry,
        clouds: Arc<dyn Clouds>,
        store: Arc<dyn Store>,
    ) -> Self {
        let read = Arc::default();
        let unknown = Arc::new(Unconnected);
        let lookup = RemoteStateLookup::new(unknown, Arc::clone(&read), Timestamp::now);
        let owner = Owner { user: "stackr".to_owned(), host: String::new(), pid: std::process::id() };
        Self {
            name,
            declaration: declaration.into(),
            registry: registry.with_any_lookup(Arc::new(lookup)),
            clouds,
            store,
            owner,
            siblings: Vec::new(),
            read,
            until: Until::default(),
            patience: Patience::default(),
            force: false,
            key: None,
            is_dead: |_| false,
            term: TERM,
            on_read: Box::new(|_| ()),
        }
    }

    /// A deployment of a stack declared in Rust, with its state in a directory.
    ///
    /// # Errors
    /// The environment's or the stack's name cannot be the name of a directory.
    #[cfg(feature = "aws")]
    pub fn local(
        env: &str,
        stack: crate::Stack,
        clouds: Arc<dyn Clouds>,
        directory: &std::path::Path,
    ) -> Result<Self, Error> {
        let name = StackName::new(env, stack.name());
        let store = Arc::new(stackr_state::Local::directory(directory, &name)?);
        let declaration: Arc<dyn Declaration> = Arc::new(stack);
        Ok(Self::new(name, declaration, clouds, store))
    }

    /// Says who runs it, for others who want to.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = owner;
        self
    }

    /// Answers `terraform_remote_state`. Stacks that are told to be siblings are told that they are read.
    #[must_use]
    pub fn remote_states(
        mut self,
        states: Arc<dyn RemoteStates>,
        siblings: Vec<(StackName, Arc<dyn Store>)>,
    ) -> Self {
        let lookup = RemoteStateLookup::new(states, Arc::clone(&self.read), Timestamp::now);
        self.registry = self.registry.with_any_lookup(Arc::new(lookup));
        self.siblings = siblings;
        self
    }

    /// Says how to find out that the owner of a lease is dead: a process of this machine that is not there any more,
    /// say. Its lease is then taken over at once; other leases expire by themselves.
    #[must_use]
    pub fn dead_owners(mut self, is_dead: fn(&Owner) -> bool) -> Self {
        self.is_dead = is_dead;
        self
    }

    /// How long the lease lasts without a renewal (a minute otherwise): how long others wait for a run that was killed
    /// on another machine. It is renewed three times as often.
    #[must_use]
    pub fn lease(mut self, term: Duration) -> Self {
        self.term = term;
        self
    }

    /// How far the end of a run is waited for.
    #[must_use]
    pub fn until(mut self, until: Until) -> Self {
        self.until = until;
        self
    }

    /// How long AWS may take to show what it has; an emulator takes no time at all.
    #[must_use]
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Records the secrets that state alone holds (a random password, say) encrypted with this key, and knows those
    /// that were recorded so. Without a key only their seals are recorded, and later runs do not know them.
    #[must_use]
    pub fn state_key(mut self, key: Option<StateKey>) -> Self {
        self.key = key;
        self
    }

    /// Tells what happens while AWS is read for a plan, as it happens: calls that are repeated. The events of a run are
    /// told to who runs it.
    #[must_use]
    pub fn on_read(mut self, on_event: impl Fn(&Envelope) + Send + Sync + 'static) -> Self {
        let (began, seq) = (std::time::Instant::now(), AtomicU64::new(0));
        self.on_read = Box::new(move |event| {
            on_event(&Envelope {
                v: EVENT_VERSION,
                run: String::new(),
                seq: seq.fetch_add(1, Ordering::Relaxed),
                at: Timestamp::now(),
                elapsed: began.elapsed(),
                event,
            });
        });
        self
    }

    /// Destroys even what other stacks read.
    #[must_use]
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// The types it knows.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Plans without holding or writing anything.
    ///
    /// # Errors
    /// What is wrong with the declaration, the state, or the answers of AWS.
    pub async fn plan(&self, options: &Options) -> Result<Planned, Error> {
        let peek = peek(&*self.store, &self.name, Timestamp::now()).await?;
        let providers = self.providers()?;
        let connections = Connections::new(Arc::clone(&self.clouds), providers.clone());
        let seals = self.open_seals(&peek.state)?;
        self.plan_from(&peek.state, peek.activity, options, (&providers, &connections), &seals).await
    }

    /// Makes what is declared.
    ///
    /// # Errors
    /// Why nothing was done; a failed step is in the summary instead.
    pub async fn apply(
        &self,
        options: &Options,
        interrupt: &Interrupt,
        on_event: impl FnMut(&Envelope),
    ) -> Result<Applied, Error> {
        self.run("apply", options, &mut Always, interrupt, on_event).await
    }

    /// Removes what was made.
    ///
    /// # Errors
    /// Why nothing was done; a failed step is in the summary instead.
    pub async fn destroy(
        &self,
        options: &Options,
        interrupt: &Interrupt,
        on_event: impl FnMut(&Envelope),
    ) -> Result<Applied, Error> {
        let options = Options { destroy: true, ..options.clone() };
        self.run("destroy", &options, &mut Always, interrupt, on_event).await
    }

    /// Plans under the lease, asks, and executes. `command` is for people: `apply`.
    ///
    /// # Errors
    /// Why nothing was done; a failed step is in the summary instead.
    pub async fn run(
        &self,
        command: &str,
        options: &Options,
        approve: &mut impl Approve,
        interrupt: &Interrupt,
        on_event: impl FnMut(&Envelope),
    ) -> Result<Applied, Error> {
        let providers = self.providers()?;
        let connections = Connections::new(Arc::clone(&self.clouds), providers.clone());
        let mut session = tokio::select! {
            opened = self.open_session(command) => opened?,
            () = interrupt.above(0) => return Err(Error::Interrupted),
        };
        let mut told = Vec::new();
        // Nothing is changed before it is decided, so there is nothing to wait for.
        let decided = tokio::select! {
            decided = self.decide((&mut session, &mut told), options, approve, &providers, &connections) => decided,
            () = interrupt.above(0) => Err(Error::Interrupted),
        };
        let (planned, seals) = match decided {
            Ok(decided) => decided,
            Err(error) => {
                // The lease is given back; should that fail, it expires by itself.
                drop(tokio::time::timeout(RELEASE, session.abandon()).await);
                return Err(error);
            }
        };
        let Planned { plan, .. } = planned;
        let declaration = self.declaration.as_deref().filter(|_| !options.destroy);
        if let Err(error) = self.note_reading(options.destroy).await {
            drop(session.abandon().await);
            return Err(error);
        }
        let execution = Execution {
            program: &plan.program,
            values: plan.values,
            declaration,
            registry: &self.registry,
            providers: &providers,
            connections: &connections,
            session,
            clock: &Timestamp::now,
            uid: Box::new(new_run_name),
            entropy: Box::new(entropy),
            seals,
            seed: seed(),
            label: format!("{}/{}", self.name.env, self.name.stack),
            until: self.until,
            patience: self.patience,
            told,
        };
        let applied = match Box::pin(stackr_engine::apply(execution, interrupt, on_event)).await {
            Ok(applied) => Applied { summary: applied.summary, state: applied.state },
            Err(error) => return Err(apply_error(error)),
        };
        if applied.state.is_empty() {
            self.forget_reading().await?;
        }
        Ok(applied)
    }

    /// Takes the stack's lease: at once where its owner is known to be dead.
    pub(crate) async fn open_session(&self, command: &str) -> Result<Session, Error> {
        let claim = Claim {
            name: self.name.clone(),
            run: new_run_name(),
            command: format!("{command} {}", self.name.stack),
            owner: self.owner.clone(),
            term: self.term(),
        };
        let store = || Arc::clone(&self.store);
        match Session::open(store(), claim.clone(), Timestamp::now()).await {
            // The lease is a courtesy; what its owner may still write is fenced by the session.
            Err(stackr_state::Error::Held { lease, .. }) if (self.is_dead)(&lease.owner) => {
                stackr_state::evict(&*self.store, &lease).await?;
                Ok(Session::open(store(), claim, Timestamp::now()).await?)
            }
            other => Ok(other?),
        }
    }

    /// Recovers, plans, checks what is protected, and asks.
    async fn decide(
        &self,
        (session, told): (&mut Session, &mut Vec<Event>),
        options: &Options,
        approve: &mut impl Approve,
        providers: &BTreeMap<ProviderKey, ProviderConfig>,
        connections: &Connections,
    ) -> Result<(Planned, Seals), Error> {
        if options.destroy && !self.force {
            self.check_unread(session.state(), options).await?;
        }
        let recovery = session.recovery().clone();
        stackr_engine::recover(session, &self.registry, connections, |event| told.push(event))
            .await
            .map_err(recover_error)?;
        let activity = Activity::Idle;
        let state = session.state().clone();
        let seals = self.open_seals(&state)?;
        let planning = self.plan_from(&state, activity, options, (providers, connections), &seals);
        let planned = self.while_renewing(session, planning).await??;
        if !planned.plan.refusals.is_empty() {
            return Err(Error::Refused(planned.plan.refusals));
        }
        let approved = self.while_renewing(session, approve.approve(&planned, &recovery)).await?;
        if approved { Ok((planned, seals)) } else { Err(Error::NotApproved) }
    }

    /// The secrets that state alone holds, opened with the key.
    pub(crate) fn open_seals(&self, state: &State) -> Result<Seals, Error> {
        Seals::open(state, self.key.clone()).map_err(|unopened| Error::Key(Box::new(unopened)))
    }

    /// Keeps the lease alive while AWS is read, or a person thinks.
    async fn while_renewing<T>(
        &self,
        session: &mut Session,
        work: impl Future<Output = T>,
    ) -> Result<T, Error> {
        let mut work = std::pin::pin!(work);
        loop {
            match tokio::time::timeout(self.term / 3, &mut work).await {
                Ok(done) => return Ok(done),
                // Where the store fails for a moment, the next heartbeat may do; another's lease ends the run.
                Err(_) => {
                    if let Err(error @ stackr_state::Error::Fenced { .. }) =
                        session.renew(Timestamp::now()).await
                    {
                        return Err(error.into());
                    }
                }
            }
        }
    }

    fn term(&self) -> SignedDuration {
        SignedDuration::try_from(self.term).unwrap_or(SignedDuration::MAX)
    }

    pub(crate) fn providers(&self) -> Result<BTreeMap<ProviderKey, ProviderConfig>, Error> {
        match &self.declaration {
            Some(declaration) => declaration.providers().map_err(Error::Declaration),
            None => Ok(BTreeMap::new()),
        }
    }

    pub(crate) async fn plan_from(
        &self,
        state: &State,
        activity: Activity,
        options: &Options,
        (providers, connections): (&BTreeMap<ProviderKey, ProviderConfig>, &Connections),
        seals: &Seals,
    ) -> Result<Planned, Error> {
        let origins = self.origins(options, providers, connections).await?;
        let pending: BTreeSet<Address> = state.intents.keys().cloned().collect();
        let deposed: Vec<(Address, Object)> =
            state.deposed.iter().map(|d| (d.address.clone(), d.object.clone())).collect();
        let outputs: BTreeMap<String, (Value, bool)> = state
            .outputs
            .iter()
            .map(|(name, output)| (name.clone(), (output.value().unmark().0, output.sensitive)))
            .collect();
        let mut planner = Planner::new(Request {
            declaration: self.declaration.as_deref(),
            registry: &self.registry,
            providers,
            last: &state.objects,
            deposed: &deposed,
            pending: &pending,
            last_outputs: &outputs,
            options: options.clone(),
            unseal: &stackr_state::matches,
            known: seals.known(),
            seal: &stackr_state::seal,
        })
        .map_err(Error::Declaration)?;
        self.check_origins(planner.recorded(), &origins)?;
        let reader = self.reader(connections);
        let mut plan = stackr_engine::refresh(&mut planner, &reader).await.map_err(refresh_error)?;
        stackr_engine::seal_adoptions(&mut plan.program, &plan.values, &self.registry, seals)
            .map_err(Error::Encrypt)?;
        if !options.destroy && !self.force {
            plan.refusals.extend(in_use(&plan, state));
        }
        Ok(Planned { plan, state: state.clone(), activity, origins })
    }

    /// What reads objects and data.
    pub(crate) fn reader<'a>(&'a self, connections: &'a Connections) -> Reader<'a> {
        Reader {
            registry: &self.registry,
            connections,
            second_look: self.patience.late_report.min(SECOND_LOOK),
            seed: seed(),
            moment: this_moment,
            told: &*self.on_read,
        }
    }

    /// The account and region of every provider configuration that a block uses.
    async fn origins(
        &self,
        options: &Options,
        providers: &BTreeMap<ProviderKey, ProviderConfig>,
        connections: &Connections,
    ) -> Result<BTreeMap<ProviderKey, stackr_core::Origin>, Error> {
        let mut origins = BTreeMap::new();
        let Some(declaration) = self.declaration.as_deref() else { return Ok(origins) };
        let used: BTreeSet<_> = declaration
            .blocks()
            .iter()
            .filter(|b| b.key.mode == stackr_core::Mode::Managed && !self.registry.is_kept(&b.key.ty))
            .map(|b| b.provider.clone())
            .collect();
        for key in used.into_iter().filter(|k| providers.contains_key(k)) {
            match connections.declared(&key).await {
                Ok(cloud) => drop(origins.insert(key, cloud.origin().clone())),
                // A destroy reaches each object where it was recorded.
                Err(_) if options.destroy => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(origins)
    }

    /// Refuses to plan objects that were recorded in another account or region than they are declared for now.
    fn check_origins(
        &self,
        recorded: &BTreeMap<Address, Object>,
        origins: &BTreeMap<ProviderKey, stackr_core::Origin>,
    ) -> Result<(), Error> {
        let Some(declaration) = self.declaration.as_deref() else { return Ok(()) };
        for (address, object) in recorded {
            let block = declaration.blocks().iter().find(|b| {
                b.key == address.block && address.module.0.iter().map(|s| &s.name).eq(b.module.iter())
            });
            let Some(now) = block.and_then(|b| origins.get(&b.provider)) else { continue };
            let other =
                |recorded: &str, now: &str| !recorded.is_empty() && !now.is_empty() && recorded != now;
            if other(&object.origin.account, &now.account) || other(&object.origin.region, &now.region) {
                let place = |account: &str, region: &str| match account {
                    "" => region.to_owned(),
                    account => format!("account {account}, {region}"),
                };
                return Err(Error::State(stackr_state::Error::OtherOrigin {
                    name: self.name.clone(),
                    recorded: place(&object.origin.account, &object.origin.region),
                    given: place(&now.account, &now.region),
                }));
            }
        }
        Ok(())
    }

    /// Refuses a destroy while other stacks read the outputs. A reader of which nothing is left is no reader.
    async fn check_unread(&self, state: &State, options: &Options) -> Result<(), Error> {
        let mut dependents = Vec::new();
        for stack in state.dependents.keys() {
            let store = self.siblings.iter().find(|(name, _)| name.stack == *stack);
            let gone = match store {
                Some((name, store)) => {
                    let peek = peek(&**store, name, Timestamp::now()).await?;
                    !peek.exists || peek.state.is_empty()
                }
                None => false,
            };
            if !gone {
                dependents.push(stack.clone());
            }
        }
        if dependents.is_empty() || !options.targets.is_empty() && state.objects.is_empty() {
            return Ok(());
        }
        Err(Error::InUse { stack: self.name.stack.clone(), dependents })
    }

    /// Tells the siblings that were read that they are.
    async fn note_reading(&self, destroy: bool) -> Result<(), Error> {
        if destroy {
            return Ok(());
        }
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for name in read {
            let location = self.store.place(stackr_state::Key::Snapshot);
            let entry =
                Entry::Dependent { stack: self.name.stack.clone(), since: Timestamp::now(), location };
            self.tell(&name, |state| (!state.dependents.contains_key(&self.name.stack)).then_some(entry))
                .await?;
        }
        Ok(())
    }

    /// Tells the siblings that nothing of this stack is left.
    async fn forget_reading(&self) -> Result<(), Error> {
        let names: Vec<_> = self.siblings.iter().map(|(name, _)| name.clone()).collect();
        for name in names {
            let entry = Entry::DependentGone { stack: self.name.stack.clone() };
            self.tell(&name, |state| state.dependents.contains_key(&self.name.stack).then_some(entry))
                .await?;
        }
        Ok(())
    }

    /// Writes one entry into a sibling's state, if it is needed.
    async fn tell(&self, name: &StackName, entry: impl FnOnce(&State) -> Option<Entry>) -> Result<(), Error> {
        let Some((_, store)) = self.siblings.iter().find(|(n, _)| n == name) else { return Ok(()) };
        let peek = peek(&**store, name, Timestamp::now()).await?;
        let Some(entry) = entry(&peek.state).filter(|_| peek.exists) else { return Ok(()) };
        let claim = Claim {
            name: name.clone(),
            run: new_run_name(),
            command: format!("note that {} reads it", self.name.stack),
            owner: self.owner.clone(),
            term: self.term(),
        };
        let mut session = Session::open(Arc::clone(store), claim, Timestamp::now()).await?;
        if session.recovery().interrupted.is_some() {
            // Its own next run recovers first; this note must not close that run's books.
            let committed = session.commit(vec![entry]).await;
            session.abandon().await?;
            return Ok(committed?);
        }
        session.commit(vec![entry]).await?;
        Ok(session.finish(Outcome::Done).await?)
    }
}

/// The refusal of a plan that replaces or removes objects behind outputs that other stacks read.
fn in_use(plan: &Plan, state: &State) -> Option<Refusal> {
    let removes = |action: Action| matches!(action, Action::Delete | Action::Replace { .. });
    let touched: Vec<_> =
        plan.changes.iter().filter(|c| removes(c.action)).map(|c| c.address.to_string()).collect();
    let changed: Vec<_> = plan
        .outputs
        .iter()
        .filter(|o| !o.old.is_null() && o.output.as_ref().is_none_or(|n| !n.value.is_wholly_known()))
        .map(|o| o.name.clone())
        .collect();
    if state.dependents.is_empty() || touched.is_empty() || changed.is_empty() {
        return None;
    }
    let readers: Vec<_> = state.dependents.keys().map(String::as_str).collect();
    let detail = format!(
        "the plan replaces or removes {}, and with it the outputs {} change, which {} reads. Destroy {} first, or \
         give --force.",
        touched.join(", "),
        changed.join(", "),
        readers.join(", "),
        readers.join(", ")
    );
    Some(Refusal(Diagnostic::error("in use by another stack", detail)))
}

fn refresh_error(error: stackr_engine::RefreshError) -> Error {
    match error {
        stackr_engine::RefreshError::Plan(diagnostics) => Error::Declaration(diagnostics),
        other => Error::Refresh(Box::new(other)),
    }
}

pub(crate) fn recover_error(error: stackr_engine::RecoverError) -> Error {
    Error::Recover(Box::new(error))
}

fn apply_error(error: stackr_engine::ApplyError) -> Error {
    Error::Apply(Box::new(error))
}

/// Remote states of a deployment that was not told where to find any.
pub(crate) struct Unconnected;

impl RemoteStates for Unconnected {
    fn find<'a>(
        &'a self,
        _: &'a RemoteStateArgs,
    ) -> stackr_core::BoxFuture<'a, Result<Place, stackr_core::CloudError>> {
        Box::pin(async {
            Err(stackr_core::CloudError::new(
                stackr_core::ErrorKind::Invalid,
                "terraform_remote_state",
                "this program was not told where other stacks keep their state",
            ))
        })
    }
}
