//! The command `stackr-testkit`: the faulting proxy for any client of AWS, and the sweeps of the reference system.

use std::{
    env,
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use stackr_testkit::{
    Faults, Limits, Proxy, ProxyOptions,
    slow::{Bound, Critical, Slow, Time, Until},
    sweep::{Disturbance, Report, Sweep},
};
use tokio::signal::unix::{SignalKind, signal};

/// What stackr is tested with.
#[derive(Debug, Parser)]
#[command(name = "stackr-testkit", version)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Stand between a client of AWS and an emulator, and do what networks and AWS do.
    ///
    /// Prints the URL that it answers on, and at the end how often every operation was called, as JSON. It ends with the
    /// command that it runs, or by Ctrl-C.
    Proxy(Box<ProxyArgs>),
    /// Take the reference system up and down while everything goes wrong in turn, and see that it ends as it should.
    ///
    /// Needs `stackr`, built in the same directory, and the stacks of the repository, the working directory.
    Sweep(SweepArgs),
    /// Say what a plan takes at least when AWS is as slow as the model of `proxy --slow` has it.
    ///
    /// Reads the answer of `stackr plan STACK --json` (or `plan --destroy`) from standard input, and takes the longest path
    /// through the edges of its program: `stackr plan base --json | stackr-testkit bound --slow 60 --json`.
    Bound(BoundArgs),
    /// Measure the reference system against the bound: base and runtime up and runtime down, with AWS as slow as the model.
    ///
    /// Needs `stackr`, built in the same directory, and the stacks of the repository, the working directory.
    Critical(CriticalArgs),
    /// List the times of the model, with their sources.
    Times,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum UntilArg {
    /// Until everything exists.
    Created,
    /// Until everything can be used.
    Ready,
    /// Until nothing moves any more.
    Steady,
}

impl From<UntilArg> for Until {
    fn from(until: UntilArg) -> Self {
        match until {
            UntilArg::Created => Self::Created,
            UntilArg::Ready => Self::Ready,
            UntilArg::Steady => Self::Steady,
        }
    }
}

#[derive(Debug, Args)]
struct BoundArgs {
    /// How many times faster than AWS the model is.
    #[arg(long, value_name = "SCALE", default_value = "60")]
    slow: Slow,
    /// How far the end is waited for.
    #[arg(long, value_enum, default_value = "ready")]
    until: UntilArg,
    /// Print `{ "seconds": …, "path": [{ "verb", "address", "seconds" }] }`.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct CriticalArgs {
    /// How many times faster than AWS the model is.
    #[arg(long, value_name = "SCALE", default_value = "60")]
    slow: Slow,
    /// How often all of it is done; durations are learned in the first round.
    #[arg(long, default_value_t = 2)]
    rounds: usize,
    /// How far the ends of the applies are waited for.
    #[arg(long, value_enum, default_value = "ready")]
    until: UntilArg,
    /// The command that is measured; the one beside this one if absent.
    #[arg(long)]
    stackr: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// SIGKILL before and after every call that changes something, then a second run.
    Kill,
    /// No answer to a call that has worked, at every call that changes something.
    Lost,
    /// 20 % throttles, 5 % failures, 3 % lost answers, 150 ms latency.
    Random,
    /// What is made is not there for reads for five seconds.
    Unseen,
}

#[derive(Debug, Args)]
struct SweepArgs {
    /// What goes wrong.
    kind: Kind,
    /// The command that is tested; the one beside this one if absent.
    #[arg(long)]
    stackr: Option<PathBuf>,
    /// Only this phase: `apply base`, `update runtime`. Can be given several times.
    #[arg(long)]
    phase: Vec<String>,
    /// Every how many-th call is a point.
    #[arg(long, default_value_t = 1)]
    every: usize,
    /// The first call that is a point.
    #[arg(long, default_value_t = 1)]
    from: usize,
    /// Runs at once.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// How many seeds the random faults have.
    #[arg(long, default_value_t = 20)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep state in a bucket of the emulator, whose calls are points then too.
    #[arg(long)]
    bucket: bool,
}

#[derive(Debug, Args)]
struct ProxyArgs {
    /// URL of the emulator.
    #[arg(long)]
    upstream: String,
    /// Where to answer; port 0 is a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: String,
    /// How long every call takes longer: 150ms.
    #[arg(long, value_parser = |text: &str| format!("latency={text}").parse::<Faults>())]
    latency: Option<Faults>,
    /// How many calls every service takes, at once and per second: 20/5; or what AWS publishes: published.
    #[arg(long)]
    throttle: Option<Limits>,
    /// What goes wrong, and how often or how long: throttle=0.2,errors=0.05,lost=0.03,pending=10s,unseen=5s,in-use=3s,cut-at=5,lost-at=5,seed=7.
    #[arg(long, default_value = "")]
    faults: Faults,
    /// Model how slow AWS is: objects come up, drain and go in the times that are published, divided by this.
    ///
    /// 60 makes seconds of minutes, and is what `--slow` alone means. `stackr-testkit times` lists the times with their
    /// sources, `stackr-testkit bound` says what a plan takes at least with them.
    #[arg(long, value_name = "SCALE", num_args = 0..=1, default_missing_value = "60")]
    slow: Option<Slow>,
    /// Where to note every call, a line of JSON each.
    #[arg(long)]
    log: Option<PathBuf>,
    /// A command to run with AWS_ENDPOINT_URL set to the proxy.
    #[arg(last = true)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    let done = match Cli::parse().what {
        What::Proxy(arguments) => proxy(*arguments),
        What::Sweep(arguments) => sweep(arguments),
        What::Bound(arguments) => bound(&arguments),
        What::Critical(arguments) => critical(arguments),
        What::Times => times(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            // There is nobody to tell that nothing can be told.
            drop(writeln!(io::stderr(), "stackr-testkit: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn proxy(arguments: ProxyArgs) -> io::Result<ExitCode> {
    let latency = arguments.latency.map(|faults| faults.latency);
    let faults = Faults {
        latency: latency.unwrap_or(arguments.faults.latency),
        limit: arguments.throttle.or(arguments.faults.limit),
        ..arguments.faults
    };
    let log = arguments.log.map(File::create).transpose()?;
    let options = ProxyOptions { listen: arguments.listen, faults, slow: arguments.slow, log, hook: None };
    let proxy = Proxy::start(&arguments.upstream, options)?;
    writeln!(io::stderr(), "{}", proxy.endpoint())?;
    let code = match arguments.command.split_first() {
        Some((program, rest)) => {
            let status =
                Command::new(program).args(rest).env("AWS_ENDPOINT_URL", proxy.endpoint()).status()?;
            status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
        None => {
            interrupted()?;
            ExitCode::SUCCESS
        }
    };
    proxy.settle();
    writeln!(io::stdout(), "{:#}", proxy.counts().to_json())?;
    Ok(code)
}

fn sweep(arguments: SweepArgs) -> io::Result<ExitCode> {
    let own = env::current_exe()?;
    let beside = own.parent().unwrap_or(Path::new("."));
    let sweep = Sweep {
        stackr: arguments.stackr.unwrap_or_else(|| beside.join("stackr")).canonicalize()?,
        repository: env::current_dir()?,
        tmp: beside.join("../tmp"),
        phases: arguments.phase,
        every: arguments.every,
        from: arguments.from,
        workers: arguments.workers,
        bucket: arguments.bucket,
    };
    let tell = |report: &Report| {
        let mut to = io::stdout();
        for failure in &report.failures {
            drop(writeln!(to, "=== {}\n{}", failure.at, failure.what));
        }
        for why in &report.again {
            drop(writeln!(to, "repeated: {why}"));
        }
        drop(writeln!(to, "{report}"));
    };
    let points = |disturbances| sweep.points(disturbances, tell);
    let seeds = |name, faults: Faults, count| {
        let report = sweep.seeds(name, &faults, arguments.seed..arguments.seed + count);
        tell(&report);
        vec![report]
    };
    let reports = match arguments.kind {
        Kind::Kill => points(&[Disturbance::KilledBefore, Disturbance::KilledAfter]),
        Kind::Lost => points(&[Disturbance::Lost]),
        Kind::Random => seeds("faults at random", Faults::at_random(), arguments.seeds),
        Kind::Unseen => {
            seeds("slow visibility", Faults { unseen: Duration::from_secs(5), ..Faults::default() }, 1)
        }
    };
    let failed: usize = reports.iter().map(|report| report.failures.len()).sum();
    let points: usize = reports.iter().map(|report| report.points).sum();
    writeln!(io::stdout(), "{points} points, {failed} failed")?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn bound(arguments: &BoundArgs) -> io::Result<ExitCode> {
    let text = io::read_to_string(io::stdin())?;
    let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
    // A plan of several stacks is a line each.
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let plan: serde_json::Value = serde_json::from_str(line).map_err(|why| invalid(why.to_string()))?;
        let program = plan["program"].as_str();
        let program =
            program.ok_or_else(|| invalid("this is no answer of `stackr plan --json`".to_owned()))?;
        let found = Bound::of(program, arguments.slow, arguments.until.into());
        let found = found.map_err(|why| invalid(why.to_string()))?;
        if arguments.json {
            writeln!(io::stdout(), "{}", found.to_json())?;
        } else {
            writeln!(io::stdout(), "{found}")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn critical(arguments: CriticalArgs) -> io::Result<ExitCode> {
    let own = env::current_exe()?;
    let beside = own.parent().unwrap_or(Path::new("."));
    let critical = Critical {
        stackr: arguments.stackr.unwrap_or_else(|| beside.join("stackr")).canonicalize()?,
        repository: env::current_dir()?,
        tmp: beside.join("../tmp"),
        slow: arguments.slow,
        until: arguments.until.into(),
    };
    let mut to = io::stdout();
    writeln!(
        to,
        "| round | phase | wall | bound | wall / bound | calls |\n| --- | --- | --- | --- | --- | --- |"
    )?;
    critical.rounds(arguments.rounds, |measured| drop(writeln!(io::stdout(), "{measured}")));
    Ok(ExitCode::SUCCESS)
}

fn times() -> io::Result<ExitCode> {
    let mut to = io::stdout();
    writeln!(
        to,
        "| type | create | steady | delete | release | source |\n| --- | --- | --- | --- | --- | --- |"
    )?;
    for Time { ty, create, steady, delete, release, source } in Time::all() {
        let seconds =
            [create, steady, delete, release].map(|time| format!("{} s", time.as_secs())).join(" | ");
        writeln!(to, "| {ty} | {seconds} | {source} |")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits for a signal to end.
#[tokio::main(flavor = "current_thread")]
async fn interrupted() -> io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
