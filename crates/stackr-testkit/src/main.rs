//! The command `stackr-testkit`: the faulting proxy, for any client of AWS.

use std::{
    fs::File,
    io::{self, Write as _},
    path::PathBuf,
    process::{Command, ExitCode},
};

use clap::{Args, Parser, Subcommand};
use stackr_testkit::{Faults, Limit, Proxy, ProxyOptions};
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
    Proxy(ProxyArgs),
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
    /// How many calls every service takes, at once and per second: 20/5.
    #[arg(long)]
    throttle: Option<Limit>,
    /// What goes wrong, and how often or how long: throttle=0.2,errors=0.05,lost=0.03,pending=10s,unseen=5s,in-use=3s,seed=7.
    #[arg(long, default_value = "")]
    faults: Faults,
    /// Where to note every call, a line of JSON each.
    #[arg(long)]
    log: Option<PathBuf>,
    /// A command to run with AWS_ENDPOINT_URL set to the proxy.
    #[arg(last = true)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    let Cli { what: What::Proxy(arguments) } = Cli::parse();
    match proxy(arguments) {
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
    let options = ProxyOptions { listen: arguments.listen, faults, log, hook: None };
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
