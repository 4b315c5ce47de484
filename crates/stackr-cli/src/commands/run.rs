//! `plan`, `apply` and `destroy`.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use stackr::{Approve, Deployment, Error, Interrupt, Options, Planned};
use stackr_core::{Declaration, ProviderConfig};
use stackr_engine::{ApplyError, Envelope, Patience};
use stackr_lang::Stack;
use stackr_plan::Plan;
use stackr_state::{Activity, Outcome, Recovery};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    args::{Run, Scope, Until},
    commands::inspect::default_provider,
    error::Failure,
    exit::Exit,
    output::Output,
    project::StackRef,
    render::{
        self, diagnostic,
        progress::{self, Progress},
        style::{BOLD, paint},
    },
    siblings::{Sibling, Siblings},
    world::{World, is_dead, is_prompt, state_failure},
};

/// A stack that can be planned: its sources and its deployment.
pub(super) struct Open {
    pub(super) stack: StackRef,
    pub(super) loaded: Arc<Stack>,
    pub(super) deployment: Deployment,
}

pub(super) async fn open(
    world: &World,
    stack: &StackRef,
    scope: &Scope,
    force: bool,
) -> Result<Open, Failure> {
    let loaded = Arc::new(world.load(stack, &scope.vars, false)?);
    world.tell_warnings(&loaded);
    let provider = default_provider(&loaded)?;
    let store = world.store(stack, loaded.backend(), &provider).await?;
    let declaration: Arc<dyn Declaration> = Arc::clone(&loaded) as Arc<dyn Declaration>;
    let clouds: Arc<dyn stackr::Clouds> = world.clouds()?;
    let siblings = siblings(world, stack, &provider).await?;
    let known = siblings.siblings.iter().map(|s| (s.name.clone(), Arc::clone(&s.store))).collect();
    let mut deployment = Deployment::new(world.name(stack), declaration, clouds, store)
        .owner(world.owner())
        .dead_owners(is_dead)
        .remote_states(Arc::new(siblings), known)
        .state_key(world.state_key()?)
        .on_read(tell_reads(&world.out))
        .force(force);
    if let Some(seconds) = world.project.file.state.lease_seconds.filter(|seconds| *seconds > 0) {
        deployment = deployment.lease(Duration::from_secs(seconds));
    }
    if world.endpoint()?.as_deref().is_some_and(is_prompt) {
        deployment = deployment.patience(Patience {
            lost_answer: Duration::from_millis(200),
            earlier_run: Duration::ZERO,
            late_report: Duration::from_secs(2),
            between_looks: Duration::from_millis(20),
            ..Patience::default()
        });
    }
    Ok(Open { stack: stack.clone(), loaded, deployment })
}

/// The other stacks of the project, with their stores.
async fn siblings(world: &World, stack: &StackRef, provider: &ProviderConfig) -> Result<Siblings, Failure> {
    let mut found = Vec::new();
    for other in world.project.all()?.into_iter().filter(|s| s.name != stack.name) {
        // Nothing else of a sibling's sources matters, right or wrong.
        let backend = world.backend(&other)?;
        let backend = backend.as_ref();
        let store = world.store(&other, backend, provider).await?;
        let setting = |name: &str| backend?.attributes.get(name).and_then(|(v, _)| v.to_text());
        found.push(Sibling {
            name: world.name(&other),
            dir: other.dir.clone(),
            store,
            depended_on: stack.depends_on.contains(&other.name),
            backend: backend.map(|b| (b.kind.clone(), setting("bucket"), setting("key"))),
        });
    }
    let s3 = world.s3(provider, None).await.ok();
    Ok(Siblings {
        siblings: found,
        dir: std::path::absolute(&stack.dir).unwrap_or_else(|_| stack.dir.clone()),
        s3,
    })
}

fn options(scope: &Scope, destroy: bool, replace: Vec<String>) -> Options {
    Options {
        destroy,
        refresh: scope.refresh,
        targets: scope.target.clone(),
        excludes: scope.exclude.clone(),
        replace,
        imports: Vec::new(),
    }
}

/// Where the calls go: said before every plan, since an inherited endpoint redirects silently.
fn tell_origins(world: &World, planned: &Planned) {
    let endpoint = world.endpoint().ok().flatten().map(|e| format!(", endpoint {e}")).unwrap_or_default();
    let mut told = std::collections::BTreeSet::new();
    for origin in planned.origins.values() {
        let account = if origin.account.is_empty() { "unknown" } else { origin.account.as_str() };
        if told.insert((account, &origin.region)) {
            world.out.aside(&format!("account {account}, region {}{endpoint}", origin.region));
        }
    }
}

pub(crate) async fn plan(
    world: &World,
    scope: &Scope,
    destroy: bool,
    replace: Vec<String>,
    detailed: bool,
    program: bool,
) -> Result<Exit, Failure> {
    let mut stacks = world.stacks(&scope.stacks)?;
    if destroy {
        stacks.reverse();
    }
    let many = stacks.len() > 1;
    let mut changes = false;
    for stack in &stacks {
        let open = open(world, stack, scope, false).await?;
        let options = options(scope, destroy, replace.clone());
        let planned = open.deployment.plan(&options).await;
        let planned = planned.map_err(|e| failure_of(e, Some(&open.loaded)).about(&open.stack.name))?;
        tell_origins(world, &planned);
        tell_activity(&world.out, &planned.activity);
        if many {
            world.out.progress(&paint(BOLD, &format!("── {} ──", stack.name)));
        }
        show(&world.out, &planned.plan, &open, destroy, program);
        changes |= !planned.plan.is_empty();
        if !planned.plan.refusals.is_empty() {
            return Err(failure_of(Error::Refused(planned.plan.refusals), Some(&open.loaded)));
        }
    }
    Ok(if detailed && changes { Exit::Changes } else { Exit::Done })
}

fn tell_activity(out: &Output, activity: &Activity) {
    match activity {
        Activity::Idle => {}
        Activity::Running(lease) => {
            out.note(&diagnostic::warning(&format!("this stack is being changed right now by {lease}")));
        }
        Activity::Interrupted(run) => out.note(&diagnostic::warning(&format!(
            "the last run ({}, {}) was interrupted; the next apply recovers it first",
            run.command, run.at
        ))),
    }
}

fn show(out: &Output, plan: &Plan, open: &Open, destroy: bool, program: bool) {
    for warning in &plan.warnings {
        out.diagnostic(warning, open.loaded.sources());
    }
    if out.json {
        out.json(&render::json::plan(plan, &open.stack.name, open.loaded.sources()));
        return;
    }
    out.result(&render::plan::plan(plan, open.deployment.registry(), destroy));
    if program {
        out.result(&format!("\n{}\n{}", paint(BOLD, "Program:"), plan.program));
    }
}

/// Shows the plan and asks.
struct Ask<'a> {
    world: &'a World,
    open: &'a Open,
    yes: bool,
    destroy: bool,
    /// Whether the plan had nothing to show.
    empty: bool,
    /// Whether there was nobody to ask.
    nobody: bool,
}

impl Approve for Ask<'_> {
    async fn approve(&mut self, planned: &Planned, recovery: &Recovery) -> bool {
        let out = &self.world.out;
        tell_origins(self.world, planned);
        if let Some(lease) = &recovery.taken_over {
            out.note(&diagnostic::warning(&format!("took over from a run that no longer lives: {lease}")));
        }
        if let Some(run) = &recovery.interrupted {
            out.progress(&format!("Recovered the interrupted run of {} ({}).", run.at, run.command));
        }
        self.empty = planned.plan.is_empty();
        show(out, &planned.plan, self.open, self.destroy, false);
        if self.empty || self.yes {
            return true;
        }
        let what = if self.destroy { "Destroy these objects?" } else { "Apply this plan?" };
        let (out, question) = (out.clone(), format!("{what} ({})", self.open.stack.name));
        let answer = tokio::task::spawn_blocking(move || out.confirm(&question)).await.ok().flatten();
        self.nobody = answer.is_none();
        answer.unwrap_or(false)
    }
}

pub(crate) async fn apply(
    world: &World,
    scope: &Scope,
    replace: Vec<String>,
    how: (&Run, Until),
) -> Result<Exit, Failure> {
    let stacks = world.stacks(&scope.stacks)?;
    execute(world, scope, &stacks, &options(scope, false, replace), how).await
}

pub(crate) async fn destroy(world: &World, scope: &Scope, run: &Run) -> Result<Exit, Failure> {
    let mut stacks = world.stacks(&scope.stacks)?;
    stacks.reverse();
    execute(world, scope, &stacks, &options(scope, true, Vec::new()), (run, Until::default())).await
}

async fn execute(
    world: &World,
    scope: &Scope,
    stacks: &[StackRef],
    options: &Options,
    how: (&Run, Until),
) -> Result<Exit, Failure> {
    for stack in stacks {
        if stacks.len() > 1 {
            world.out.progress(&paint(BOLD, &format!("── {} ──", stack.name)));
        }
        let exit = one(world, scope, stack, options, how).await?;
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
    Ok(Exit::Done)
}

async fn one(
    world: &World,
    scope: &Scope,
    stack: &StackRef,
    options: &Options,
    (run, until): (&Run, Until),
) -> Result<Exit, Failure> {
    let mut open = open(world, stack, scope, run.force).await?;
    open.deployment = open.deployment.until(until.into());
    let command = if options.destroy { "destroy" } else { "apply" };
    let mut ask =
        Ask { world, open: &open, yes: run.yes, destroy: options.destroy, empty: false, nobody: false };
    let interrupt = Interrupt::new();
    let signals = tokio::spawn(forward_signals(interrupt.clone()));
    let progress = Arc::new(Mutex::new(Progress::default()));
    let started = std::time::Instant::now();
    let ticker = tokio::spawn(tick(world.out.clone(), Arc::clone(&progress), started));
    let run = open
        .deployment
        .run(command, options, &mut ask, &interrupt, |event| tell(&world.out, &progress, event));
    let result = tokio::select! {
        result = run => Some(result),
        () = overdue(&interrupt) => None,
    };
    signals.abort();
    ticker.abort();
    world.out.stop_live();
    let (empty, nobody) = (ask.empty, ask.nobody);
    let Some(result) = result else {
        return Err(Failure::new(
            Exit::Interrupted,
            "told to stop; the place of the state did not answer in time",
        )
        .hint(
            "what was done is in the journal, and the lease expires by itself: run the same command again",
        ));
    };
    let applied = match result {
        Ok(applied) => applied,
        Err(Error::NotApproved) if nobody => {
            return Err(Failure::new(Exit::Error, "nothing was done: there is no terminal to ask at")
                .hint("give -y to go ahead without being asked"));
        }
        Err(Error::NotApproved) => {
            world.out.progress("Nothing was done.");
            return Ok(Exit::Error);
        }
        Err(error) => return Err(failure_of(error, Some(&open.loaded)).about(&stack.name)),
    };
    let summary = &applied.summary;
    if world.out.json {
        // The last event carries the summary.
    } else if !empty || summary.outcome != Outcome::Done {
        let what = if options.destroy { "Destroy" } else { "Apply" };
        let again = format!("stackr {command} {}", stack.name);
        world.out.note(&progress::summary(summary, what, &again, open.loaded.sources()));
        for warning in &summary.warnings {
            world.out.diagnostic(&progress::warning(warning), open.loaded.sources());
        }
    }
    if summary.outcome == Outcome::Done && !options.destroy && !world.out.json && !empty {
        outputs(world, &applied.state);
    }
    Ok(match summary.outcome {
        Outcome::Done => Exit::Done,
        Outcome::Interrupted => Exit::Interrupted,
        _ => Exit::Failed,
    })
}

fn outputs(world: &World, state: &stackr_state::State) {
    if state.outputs.is_empty() {
        return;
    }
    world.out.result(&format!("\n{}\n", paint(BOLD, "Outputs:")));
    for (name, output) in &state.outputs {
        let shown = if output.sensitive {
            "(sensitive value)".to_owned()
        } else {
            stackr_lang::show(&output.value())
        };
        world.out.result(&format!("{name} = {shown}\n"));
    }
}

/// Tells what happens while AWS is read.
fn tell_reads(out: &Output) -> impl Fn(&Envelope) + Send + Sync + 'static {
    let (out, progress) = (out.clone(), Mutex::new(Progress::default()));
    move |event| tell(&out, &progress, event)
}

/// Tells one event.
fn tell(out: &Output, progress: &Mutex<Progress>, event: &Envelope) {
    if out.json {
        if let Ok(json) = serde_json::to_value(event) {
            out.json(&json);
        }
        return;
    }
    let lines = progress.lock().unwrap_or_else(PoisonError::into_inner).event(event);
    if matches!(event.event, stackr_engine::Event::RunStarted { steps } if steps > 0) {
        out.start_live();
    }
    for line in lines {
        out.progress(&line);
    }
}

/// Keeps the live line up to date.
async fn tick(out: Output, progress: Arc<Mutex<Progress>>, started: std::time::Instant) {
    let mut interval = tokio::time::interval(Duration::from_millis(200));
    loop {
        interval.tick().await;
        let text = progress.lock().unwrap_or_else(PoisonError::into_inner).status(started.elapsed());
        out.live(text);
    }
}

/// Ends when a run that was told to stop waiting is still not over after two seconds: something hangs that should not.
async fn overdue(interrupt: &Interrupt) {
    interrupt.above(1).await;
    tokio::time::sleep(Duration::from_millis(2200)).await;
}

/// Passes SIGINT and SIGTERM on: the first stops starting, the second stops waiting.
async fn forward_signals(interrupt: Interrupt) {
    let (Ok(mut int), Ok(mut term)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    loop {
        tokio::select! {
            _ = int.recv() => interrupt.raise_once(),
            // A CI system that sends SIGTERM kills within seconds: do not wait for AWS.
            _ = term.recv() => interrupt.second(),
        }
    }
}

/// The failure that a library error is for the user of the command.
pub(crate) fn failure_of(error: Error, loaded: Option<&Stack>) -> Failure {
    let sources = || loaded.map(|l| l.sources().clone()).unwrap_or_default();
    match error {
        Error::Declaration(diagnostics) => Failure::diagnostics(diagnostics, sources()),
        Error::State(error) => state_failure(&error),
        Error::Cloud(error) => Failure::cloud("AWS could not be asked", &error),
        Error::Refused(refusals) => {
            let diagnostics = stackr_core::Diagnostics(refusals.into_iter().map(|r| r.0).collect());
            Failure { exit: Exit::Refused, ..Failure::diagnostics(diagnostics, sources()) }
        }
        Error::InUse { stack, dependents } => {
            let reads = if dependents.len() == 1 { "reads" } else { "read" };
            let list = dependents.join(", ");
            Failure::new(Exit::Refused, format!("`{stack}` is in use: {list} {reads} its outputs"))
                .hint(format!("first: stackr destroy {}", dependents.join(" ")))
                .hint("or give --force, if you know that nothing of it is needed")
        }
        Error::Apply(error) => match *error {
            ApplyError::Cloud { address, source } => {
                Failure::cloud(format!("{address} cannot be reached"), &source)
            }
            ApplyError::Begin(source) => state_failure(&source),
            ApplyError::State { source, .. } => {
                let failure = state_failure(&source);
                failure.hint("run the same command again: it finds what was made and goes on")
            }
            other => Failure::of(Exit::Error, "the run could not be carried out", &other),
        },
        Error::Key(error) => Failure::of(Exit::Error, error.to_string(), &error.source)
            .hint("give the key that this state is encrypted with in STACKR_STATE_KEY")
            .hint("without any key stackr works too, and does not know these secrets"),
        Error::Refresh(error) => refresh_failure(&error),
        Error::Import { .. } => Failure::new(Exit::Error, error.to_string()),
        Error::NotApproved => Failure::new(Exit::Error, "nothing was done"),
        Error::Interrupted => {
            Failure::new(Exit::Interrupted, "told to stop; nothing was changed, and the lease is given back")
        }
        Error::Bug(message) => Failure::new(Exit::Bug, message),
        other => Failure::of(Exit::Error, "the command could not be carried out", &other),
    }
}

fn refresh_failure(error: &stackr_engine::RefreshError) -> Failure {
    match error {
        stackr_engine::RefreshError::Read(unread) => {
            let mut failure = Failure::new(Exit::Error, "AWS could not be read");
            for one in unread {
                let operation = if one.error.operation.is_empty() {
                    String::new()
                } else {
                    format!("{}: ", one.error.operation)
                };
                failure.causes.push(format!("{}: {operation}{}", one.address, one.error.message));
            }
            if let Some(first) = unread.first().map(|u| &u.error) {
                failure.facts.extend(first.code.clone().map(|c| ("code".to_owned(), c)));
                failure.facts.extend(first.request_id.clone().map(|r| ("request id".to_owned(), r)));
                failure.hints.extend(first.hint.clone());
                failure.hints.extend(crate::error::remedy(&first.kind).map(str::to_owned));
            }
            failure
        }
        other => Failure::of(Exit::Error, "AWS could not be read", other),
    }
}
