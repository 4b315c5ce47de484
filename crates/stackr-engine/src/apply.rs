//! Apply: runs a program, from the first intent to the last output.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use stackr_core::{Address, Declaration, Moment, ProviderConfig, ProviderKey, Registry, Value};
use stackr_plan::{Edge, Program, Resolver, Step, StepId, Values, Verb, only_sealed, sealed_json};
use stackr_state::{Entry, Outcome, Output, Session, State};
use tokio::{sync::mpsc, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    Connections, Envelope, Interrupt, Patience, Run, Seals, Summary, Until,
    driver::{Driver, Teller},
    event::{ErrorView, Event},
    expected::{Expected, guess},
    intents::{self, Intended, Kind},
    journal::Journal,
    keep::nowhere,
    poller::Poller,
    records,
    work::{Ground, Shop},
};

/// What is executed, with what.
pub struct Execution<'a> {
    /// The program of the plan.
    pub program: &'a Program,
    /// The values of the plan.
    pub values: Values,
    /// What is declared; absent when a stack is destroyed, which also removes its outputs.
    pub declaration: Option<&'a dyn Declaration>,
    /// Which types there are.
    pub registry: &'a Registry,
    /// The provider configurations.
    pub providers: &'a BTreeMap<ProviderKey, ProviderConfig>,
    /// The clients.
    pub connections: &'a Connections,
    /// The hold on the stack's state. It is ended with the run.
    pub session: Session,
    /// The wall clock.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
    /// The source of uids: 32 lower-case hexadecimal digits, never the same twice.
    pub uid: Box<dyn FnMut() -> String + Send + 'a>,
    /// The source of what objects without a cloud are made with: 32 random bytes, never the same twice. `None`: the
    /// system gives none.
    pub entropy: Box<dyn FnMut() -> Option<[u8; 32]> + Send + 'a>,
    /// The secrets of the state, and the key that new ones are recorded with.
    pub seals: Seals,
    /// Decides the jitter of delays.
    pub seed: u64,
    /// The value of the tag `stackr:stack`: `dev/base`.
    pub label: String,
    /// How far the end is waited for.
    pub until: Until,
    /// How long AWS may take to show what it has.
    pub patience: Patience,
    /// What happened before: what was recovered. It is told first.
    pub told: Vec<Event>,
}

/// What an execution leaves.
#[derive(Debug)]
pub struct Applied {
    /// What came of it.
    pub summary: Summary,
    /// The state as it was written.
    pub state: State,
}

/// An execution that could not begin or could not be recorded. A failed step is none: it is in the summary.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// A provider's clients could not be connected; nothing was changed.
    #[error("cannot reach the cloud for {address}")]
    Cloud {
        /// The first object that needs it.
        address: Address,
        /// Why.
        #[source]
        source: stackr_core::CloudError,
    },
    /// The program has a type that this program does not; nothing was changed.
    #[error("there is no type {ty}, which {address} needs")]
    Type {
        /// The object.
        address: Address,
        /// The type.
        ty: String,
    },
    /// There are no random bytes; nothing was changed.
    #[error("the system gives no random bytes, which {address} is made of")]
    Entropy {
        /// The object.
        address: Address,
    },
    /// State could not be written at the start; nothing was changed.
    #[error("cannot record what is about to be done")]
    Begin(#[source] stackr_state::Error),
    /// State could not be written to the end. What was made is in the journal, or is found by the next run.
    #[error("cannot record what was done")]
    State {
        /// Why.
        #[source]
        source: stackr_state::Error,
        /// What came of the steps.
        summary: Box<Summary>,
    },
}

/// Runs a program: first one write makes every intended create durable, then steps run as soon as what they need is
/// there, and everything that is known is recorded.
///
/// # Guarantees
/// - No create is called before its intent is durable, and nothing waits on an id that is not.
/// - Dropped or killed at any point, what was made is in the journal or is found by its uid by [`crate::recover`].
/// - The last event is [`Event::RunFinished`]; without an error everything is recorded then.
///
/// # Errors
/// See [`ApplyError`].
pub async fn apply(
    execution: Execution<'_>,
    interrupt: &Interrupt,
    on_event: impl FnMut(&Envelope),
) -> Result<Applied, ApplyError> {
    // On the heap: whoever embeds this need not carry it.
    Box::pin(execute(execution, interrupt, on_event)).await
}

async fn execute(
    execution: Execution<'_>,
    interrupt: &Interrupt,
    on_event: impl FnMut(&Envelope),
) -> Result<Applied, ApplyError> {
    let Execution { program, registry, connections, session, .. } = &execution;
    let state = records::prepared(session.state(), program).map_err(ApplyError::Begin)?;
    let mut pollers = HashMap::new();
    let mut grounds = BTreeMap::new();
    for number in 0..program.steps.len() {
        let step = StepId(number);
        if let Some(ground) = ground(program, step, registry, connections, &state, &mut pollers).await? {
            grounds.insert(step, ground);
        }
    }
    drop(pollers);
    let home = home(program, &state, registry, connections).await;
    let Execution {
        program,
        session,
        clock,
        mut uid,
        mut entropy,
        seals,
        declaration,
        registry,
        providers,
        ..
    } = execution;
    let seeds = seeds(program, registry, &mut *entropy)?;
    let mut values = execution.values;
    // Without entropy, what needs a random value stays unknown and its step says so.
    if let Some(seed) = entropy() {
        let now = Duration::from_secs(clock().as_second().try_into().unwrap_or_default());
        values.begin(Moment { seed, now });
    }
    let kind = |step: StepId| match grounds.get(&step) {
        Some(Ground::Object { resource, cloud, .. }) => {
            Some(Kind { schema: resource.schema(), origin: cloud.origin() })
        }
        _ => None,
    };
    let intended = intents::intend(program, &state, kind, &mut *uid);
    let expected: Vec<_> =
        (0..program.steps.len()).map(|n| grounds.get(&StepId(n)).map_or(Duration::ZERO, guess)).collect();
    let earlier = last_sign(&session);
    let began = Instant::now();
    let (run_name, first) = (session.lease().run.clone(), first_entries(&state, &intended, home, program));
    // It may be large, and the run has its own.
    drop(state);
    let mut journal = Journal::new(session, clock());
    if !program.is_empty() || !first.is_empty() {
        journal.begin(first).await.map_err(ApplyError::Begin)?;
    }
    let resolver = declaration.map(|declaration| Resolver { declaration, registry, providers });
    let (send, reports) = mpsc::unbounded_channel();
    let mut driver = Driver {
        program,
        resolver: resolver.as_ref(),
        values,
        intended,
        shop: Shop {
            grounds,
            succeeded: succeeded(program),
            reports: send,
            stop: CancellationToken::new(),
            lasts: journal.lasts(),
            seed: execution.seed,
            label: execution.label,
            patience: execution.patience,
            until: execution.until,
            earlier,
            now: clock(),
            began,
            seals: Arc::new(seals),
            seeds,
        },
        reports,
        journal,
        run: Run::new(program, &expected, execution.patience.grace),
        teller: Teller { run: run_name, seq: 0, began, clock, on_event },
        tasks: JoinSet::new(),
        steps: HashMap::new(),
        finished: None,
        lost: None,
        out: None,
        warnings: Vec::new(),
    };
    for event in execution.told {
        driver.teller.tell(event);
    }
    let summary = driver.drive(interrupt).await;
    close(driver, summary, declaration).await
}

/// Records what is left and ends the session.
async fn close<F: FnMut(&Envelope)>(
    driver: Driver<'_, F>,
    mut summary: Summary,
    declaration: Option<&dyn Declaration>,
) -> Result<Applied, ApplyError> {
    let mut last = Vec::new();
    if let Some(state) = driver.state() {
        let unstarted: Vec<_> =
            summary.skipped.iter().filter_map(|s| driver.intended.get(&StepId(s.step.number - 1))).collect();
        let all_done = summary.outcome == Outcome::Done;
        last = intents::retired(state, &unstarted, declaration, all_done);
        match outputs(state, declaration, &driver.values, &driver.shop.seals) {
            Ok(entry) => last.extend(entry),
            Err(error) if all_done => {
                summary.outputs = Some(*error);
                summary.outcome = Outcome::Failed;
            }
            // The values of what was not made are missing, of course.
            Err(_) => {}
        }
    }
    summary.duration = driver.elapsed();
    let limits = driver.limits();
    let judged = declaration.filter(|_| summary.outcome == Outcome::Done && !driver.program.is_empty());
    let found = judged.map(|declaration| declaration.checks(&driver.values)).unwrap_or_default();
    summary.warnings = driver.warnings.iter().cloned().chain(found.iter().map(ErrorView::from)).collect();
    let Driver { journal, mut teller, lost, .. } = driver;
    let closed = journal.close(last, summary.outcome, limits).await;
    teller.tell(Event::RunFinished { summary: summary.clone() });
    match (closed, lost) {
        (Ok(state), None) => Ok(Applied { summary, state }),
        (Ok(_), Some(source)) | (Err((_, source)), None) | (Err(_), Some(source)) => {
            Err(ApplyError::State { source, summary: Box::new(summary) })
        }
    }
}

/// The chance that each object without a cloud is made with.
fn seeds(
    program: &Program,
    registry: &Registry,
    entropy: &mut dyn FnMut() -> Option<[u8; 32]>,
) -> Result<BTreeMap<StepId, [u8; 32]>, ApplyError> {
    let made = |step: &Step| matches!(step.verb, Verb::Create { .. }) && registry.is_kept(step.address.ty());
    let steps = program.steps.iter().enumerate().filter(|(_, step)| made(step));
    steps
        .map(|(number, step)| {
            let seed = entropy().ok_or_else(|| ApplyError::Entropy { address: step.address.clone() })?;
            Ok((StepId(number), seed))
        })
        .collect()
}

type Pollers = HashMap<(&'static str, usize), Poller>;

/// What a step acts on: its type and its clients, connected.
async fn ground(
    program: &Program,
    step: StepId,
    registry: &Registry,
    connections: &Connections,
    state: &State,
    pollers: &mut Pollers,
) -> Result<Option<Ground>, ApplyError> {
    let address = &program.steps[step.0].address;
    let verb = &program.steps[step.0].verb;
    let failed = |source| ApplyError::Cloud { address: address.clone(), source };
    let missing = || ApplyError::Type { address: address.clone(), ty: address.ty().to_owned() };
    let cloud = match verb {
        Verb::Forget { .. } | Verb::Delete { with: Some(_), .. } => return Ok(None),
        verb if !matches!(verb, Verb::Read { .. }) && registry.is_kept(address.ty()) => Ok(nowhere()),
        Verb::Create { declared, .. } | Verb::Read { declared } => {
            connections.declared(&declared.provider).await
        }
        Verb::Update { object, .. } | Verb::Record { object, .. } | Verb::Delete { object, .. } => {
            connections.recorded(&object.origin).await
        }
    };
    let cloud = cloud.map_err(failed)?;
    if let Verb::Read { .. } = verb {
        let lookup = Arc::clone(registry.lookup(address.ty()).ok_or_else(missing)?);
        return Ok(Some(Ground::Data { lookup, cloud }));
    }
    let resource = Arc::clone(registry.resource(address.ty()).ok_or_else(missing)?);
    let key = (resource.schema().ty, Arc::as_ptr(&cloud).addr());
    let poller =
        pollers.entry(key).or_insert_with(|| Poller::start(Arc::clone(&resource), Arc::clone(&cloud)));
    let expected = Expected::of(state, verb, &*resource);
    Ok(Some(Ground::Object { resource, cloud, poller: poller.clone(), expected }))
}

/// Account and region of the default provider, if objects are made with it and the state has none yet.
async fn home(
    program: &Program,
    state: &State,
    registry: &Registry,
    connections: &Connections,
) -> Option<Entry> {
    let made = program
        .steps
        .iter()
        .any(|step| matches!(step.verb, Verb::Create { .. }) && !registry.is_kept(step.address.ty()));
    let made = made || program.adoptions.iter().any(|a| !registry.is_kept(a.address.ty()));
    if state.account.is_some() || !made {
        return None;
    }
    let cloud = connections.declared("").await.ok()?;
    let origin = cloud.origin();
    let (account, region) = (origin.account.clone(), origin.region.clone());
    (!account.is_empty() && !region.is_empty()).then_some(Entry::Origin { account, region })
}

/// When the run whose intents are open was last heard of.
fn last_sign(session: &Session) -> Option<Timestamp> {
    let recovery = session.recovery();
    let heard = recovery.taken_over.as_ref().map(|lease| lease.heartbeat);
    heard
        .max(recovery.interrupted.as_ref().map(|run| run.at))
        .or_else(|| Some(session.state().run.as_ref()?.at))
}

/// What becomes durable before the first call, together: what is recorded elsewhere or newly, and all intents. `state`
/// is what there is with the former.
fn first_entries(
    state: &State,
    intended: &BTreeMap<StepId, Intended>,
    home: Option<Entry>,
    program: &Program,
) -> Vec<Entry> {
    let new = intended.iter().filter(|(_, one)| !one.earlier).map(|(step, one)| Entry::Intent {
        address: program.steps[step.0].address.clone(),
        intent: Box::new(one.intent.clone()),
    });
    let records = records::entries(program);
    home.into_iter().chain(records).chain(intents::closed(state)).chain(new).collect()
}

/// The entry for the stack's outputs, if they change. Without a declaration they go when the last object does.
fn outputs(
    state: &State,
    declaration: Option<&dyn Declaration>,
    values: &Values,
    seals: &Seals,
) -> Result<Option<Entry>, Box<ErrorView>> {
    let mut outputs = BTreeMap::new();
    if let Some(declaration) = declaration {
        let evaluated = declaration.outputs(values);
        for output in evaluated.map_err(|d| Box::new(ErrorView::from(&d)))? {
            if only_sealed(&output.value) {
                let recorded = recorded_output(state, &output.value, output.sensitive, seals);
                outputs.insert(output.name, recorded);
            } else if let Some(known) = state.outputs.get(&output.name) {
                // Its object was not made or changed after all; what was recorded still stands.
                outputs.insert(output.name, known.clone());
            }
        }
    } else if !state.objects.is_empty() {
        return Ok(None);
    }
    Ok((outputs != state.outputs).then_some(Entry::Outputs { outputs }))
}

/// An output as it is recorded. The seal's salt is the state's own, so that an unchanged secret changes nothing.
#[must_use]
pub fn recorded_output(state: &State, value: &Value, sensitive: bool, seals: &Seals) -> Output {
    if !sensitive && !value.has_sensitive() {
        return Output::new(value, false);
    }
    let seal = |secret: &str| seals.seal(secret, &state.lineage);
    Output { value: sealed_json(value, sensitive, &seal), ty: None, sensitive: true }
}

/// The steps that a create waits for: what they delete must not be in its way.
fn succeeded(program: &Program) -> BTreeSet<StepId> {
    let creates = |edge: &&Edge| matches!(program.steps[edge.to.0].verb, Verb::Create { .. });
    program.edges.iter().filter(creates).map(|edge| edge.from).collect()
}
