//! Measures the engine without a cloud: how time and memory grow with the number of objects.
//!
//! ```sh
//! cargo run --release -p stackr-bench --bin scale -- 1000 10000 100000
//! ```
//!
//! Facts that shape this file:
//! - each size is measured in a process of its own, because peak memory is the process's;
//! - CPU is the main thread's time on a core as Linux counts it (`/proc/self/schedstat`); everything measured runs on
//!   that thread. The clock is paused, so waiting costs nothing;
//! - the cloud answers from memory, in the same process: its own work is in the figures of an apply and of a refresh.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs,
    process::Command,
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use stackr_core::Declaration;
use stackr_engine::{
    Connections, Execution, Interrupt, Patience, Reader, Seals, Until, apply, fake::Fake, recover, refresh,
};
use stackr_lang::{Inputs, Loader, MemoryLoader, Stack, load};
use stackr_plan::{Action, Options, Plan, Planner, Request};
use stackr_state::{Claim, Memory, Outcome, Owner, Session, StackName, State, decode_state, encode_state};

type Failure = Box<dyn std::error::Error>;

/// Objects that one round of the text declares: a network with four gateways, four depots and a bond.
const ROUND: usize = 10;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, size] = &arguments[..]
        && flag == "--one"
    {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
        return runtime.block_on(measure(size.parse()?));
    }
    if arguments.is_empty() {
        return Err("usage: scale SIZE… (numbers of objects: 1000 10000 100000)".into());
    }
    println!("| objects | phase | CPU, s | peak memory so far, MB |");
    println!("| --- | --- | --- | --- |");
    for size in arguments {
        let status = Command::new(env::current_exe()?).args(["--one", &size]).status()?;
        if !status.success() {
            return Err(format!("{size} objects could not be measured").into());
        }
    }
    Ok(())
}

/// Prints what each phase took since the one before.
struct Meter {
    size: usize,
    last: f64,
}

impl Meter {
    fn lap(&mut self, phase: &str) -> Result<(), Failure> {
        let cpu = cpu_seconds()?;
        println!("| {} | {phase} | {:.3} | {} |", self.size, cpu - self.last, peak_megabytes()?);
        self.last = cpu_seconds()?;
        Ok(())
    }
}

fn cpu_seconds() -> Result<f64, Failure> {
    let text = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds: f64 = text.split_whitespace().next().ok_or("schedstat is empty")?.parse()?;
    Ok(nanoseconds / 1e9)
}

fn peak_megabytes() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(peak.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}

/// The sources of so many objects: every block written out.
fn sources(size: usize) -> String {
    let mut text = String::new();
    for round in 0..size / ROUND {
        let _infallible = write!(
            text,
            "resource \"fake_network\" \"n{round}\" {{\n  range = \"10.{}.{}.0/24\"\n  tags = {{ Name = \"n{round}\" }}\n}}\n",
            round / 256 % 256,
            round % 256,
        );
        for i in 0..4 {
            let _infallible = write!(
                text,
                "resource \"fake_gateway\" \"g{round}_{i}\" {{\n  network_id = fake_network.n{round}.id\n  size = {}\n}}\n\
                 resource \"fake_depot\" \"d{round}_{i}\" {{\n  name = \"d-{round}-{i}\"\n  content = \"${{fake_gateway.g{round}_{i}.size}} of n{round}\"\n}}\n",
                i + 1,
            );
        }
        let _infallible = write!(
            text,
            "resource \"fake_bond\" \"b{round}\" {{\n  network_id = fake_network.n{round}.id\n  gateway_id = fake_gateway.g{round}_0.id\n}}\n"
        );
    }
    text
}

async fn measure(size: usize) -> Result<(), Failure> {
    let mut meter = Meter { size, last: 0.0 };
    let text = sources(size);
    let mut loader = MemoryLoader::new();
    loader.insert("stack/main.tf", text);
    let loader: Arc<dyn Loader> = Arc::new(loader);
    meter.lap("(the sources are written)")?;
    let stack = load(&loader, "stack", &Inputs::default()).map_err(|r| format!("{:?}", r.diagnostics))?;
    meter.lap("parse and check the sources")?;

    let fake = Fake::new();
    let name = StackName::new("bench", "scale");
    let empty = State::new(&name);
    let connections = Connections::new(Arc::new(fake.clone()), stack.providers()?);
    drop(plan(&stack, &empty, &connections, true).await?);
    meter.lap("plan: everything is new")?;

    let store = Memory::new();
    let state = make(&stack, &fake, store, &connections).await?;
    meter.lap("plan and apply everything")?;

    let written = encode_state(&state);
    meter.lap("write the state's file")?;
    let state = decode_state(written.as_bytes(), "bench")?;
    meter.lap("read the state's file")?;

    empty_plan(&plan(&stack, &state, &connections, false).await?)?;
    meter.lap("empty plan, nothing read")?;
    empty_plan(&plan(&stack, &state, &connections, true).await?)?;
    meter.lap("empty plan, everything read")?;
    Ok(())
}

fn empty_plan(plan: &Plan) -> Result<(), Failure> {
    match plan.changes.iter().find(|change| change.action != Action::Keep) {
        Some(change) => Err(format!("{} is planned to change: {:?}", change.address, change.action).into()),
        None => Ok(()),
    }
}

async fn plan(
    stack: &Stack,
    state: &State,
    connections: &Connections,
    refreshed: bool,
) -> Result<Plan, Failure> {
    let registry = Fake::registry();
    let providers = stack.providers()?;
    let outputs = state.outputs.iter().map(|(k, o)| (k.clone(), (o.value(), o.sensitive))).collect();
    let request = Request {
        declaration: Some(stack),
        registry: &registry,
        providers: &providers,
        last: &state.objects,
        deposed: &[],
        last_outputs: &outputs,
        options: Options { refresh: refreshed, ..Options::default() },
        unseal: &|seal, secret| stackr_state::matches(seal, secret),
        known: &BTreeMap::new(),
        pending: &BTreeSet::new(),
        seal: &stackr_state::seal,
    };
    let mut planner = Planner::new(request)?;
    let second_look = SignedDuration::from_secs(4).unsigned_abs();
    let reader =
        Reader { registry: &registry, connections, second_look, seed: 1, moment: || None, told: &|_| () };
    Ok(refresh(&mut planner, &reader).await?)
}

/// Plans and applies into a store, and gives the state.
async fn make(
    stack: &Stack,
    fake: &Fake,
    store: Memory,
    connections: &Connections,
) -> Result<State, Failure> {
    let claim = Claim {
        name: StackName::new("bench", "scale"),
        run: "run1".to_owned(),
        command: "apply".to_owned(),
        owner: Owner { user: "bench".to_owned(), host: "bench".to_owned(), pid: 1 },
        term: SignedDuration::from_hours(24),
    };
    let began = tokio::time::Instant::now();
    let epoch = Timestamp::from_second(1_800_000_000)?;
    let clock = || epoch + SignedDuration::try_from(began.elapsed()).unwrap_or_default();
    let mut session = Session::open(Arc::new(store), claim, clock()).await?;
    let registry = Fake::registry();
    recover(&mut session, &registry, connections, |_| {}).await?;
    let plan = plan(stack, session.state(), connections, true).await?;
    let providers = stack.providers()?;
    let mut uids = 0_u64;
    let execution = Execution {
        program: &plan.program,
        values: plan.values,
        declaration: Some(stack as &dyn Declaration),
        registry: &registry,
        providers: &providers,
        connections,
        session,
        clock: &clock,
        uid: Box::new(move || {
            uids += 1;
            format!("{uids:032x}")
        }),
        entropy: Box::new(|| None),
        seals: Seals::default(),
        seed: 1,
        label: "bench/scale".to_owned(),
        told: Vec::new(),
        until: Until::Ready,
        patience: Patience::default(),
    };
    let applied = apply(execution, &Interrupt::new(), |_| {}).await?;
    if applied.summary.outcome != Outcome::Done {
        let why = applied.summary.failed.first().map(|f| f.error.message.clone()).unwrap_or_default();
        return Err(format!("the apply ended as {:?}: {why}", applied.summary.outcome).into());
    }
    let made = fake.with(|world| world.live().len());
    if made != applied.state.objects.len() {
        eprintln!("{made} objects are there, {} are recorded", applied.state.objects.len());
    }
    Ok(applied.state)
}
