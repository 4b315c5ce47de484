//! `cargo run --profile fuzz --package stackr-fuzz -- [TARGET…] [--executions N] [--seed S]`
//!
//! Runs every target (or those named) that often and tells what it found. Each target is executed by a process of its
//! own, in pieces: an overflow of the stack ends that process, and then the piece is run again with every input written
//! down first. What is found is kept in `tests/fuzz/crashes/<target>/`, which `cargo test` runs from then on.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, ExitCode},
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use stackr_fuzz::{Found, Progress, Target, execute, input, targets};

/// How many executions one process does.
const PIECE: u64 = 50_000;

struct Asked {
    names: Vec<String>,
    executions: u64,
    seed: u64,
    /// The first execution, in a process that does one piece.
    piece: Option<u64>,
    /// Whether every input is written down before it is executed.
    trace: bool,
}

fn main() -> ExitCode {
    let asked = match asked() {
        Ok(asked) => asked,
        Err(why) => {
            eprintln!("{why}\nusage: stackr-fuzz [TARGET…] [--executions N] [--seed S]");
            return ExitCode::from(2);
        }
    };
    let all: &'static [Target] = targets().leak();
    let mut good = true;
    for target in all.iter().filter(|t| asked.names.is_empty() || asked.names.iter().any(|n| n == t.name)) {
        good &= match asked.piece {
            Some(first) => one_piece(target, &asked, first),
            None => pieces(target, &asked),
        };
    }
    ExitCode::from(u8::from(!good))
}

fn asked() -> Result<Asked, String> {
    let mut asked = Asked { names: Vec::new(), executions: 1_000_000, seed: 1, piece: None, trace: false };
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let text = arguments.next().unwrap_or_default().replace('_', "");
            text.parse::<u64>().map_err(|_| format!("{argument} takes a number"))
        };
        match argument.as_str() {
            "--executions" => asked.executions = number()?,
            "--seed" => asked.seed = number()?,
            "--piece" => asked.piece = Some(number()?),
            "--trace" => asked.trace = true,
            flag if flag.starts_with('-') => return Err(format!("there is no {flag}")),
            name => asked.names.push(name.to_owned()),
        }
    }
    Ok(asked)
}

/// Starts a process for each piece. Gives whether nothing was found.
fn pieces(target: &Target, asked: &Asked) -> bool {
    let began = Instant::now();
    let (mut first, mut good) = (0, true);
    while first < asked.executions {
        let count = PIECE.min(asked.executions - first);
        let run = |trace: bool| {
            let mut command = Command::new(env::current_exe().unwrap_or_default());
            command.args([
                target.name,
                "--executions",
                &count.to_string(),
                "--seed",
                &asked.seed.to_string(),
            ]);
            command.args(["--piece", &first.to_string()]);
            if trace {
                command.arg("--trace");
            }
            command.status()
        };
        match run(false).map(|status| status.code()) {
            Ok(Some(0)) => {}
            Ok(Some(1)) => good = false,
            other => {
                println!(
                    "{}: a process ended with {other:?}; again, with every input written down",
                    target.name
                );
                drop(run(true));
                println!("{}: the last input is in {}", target.name, traced(target).display());
                good = false;
            }
        }
        first += count;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{}: {} executions in {seconds:.0} s{}",
        target.name,
        asked.executions,
        if good { "" } else { ": FOUND" }
    );
    good
}

/// Executes a piece here. Gives whether nothing was found.
fn one_piece(target: &'static Target, asked: &Asked, first: u64) -> bool {
    std::panic::set_hook(Box::new(|_| {}));
    let (seed, end, trace) = (asked.seed, first + asked.executions, asked.trace);
    let (mut from, mut good) = (first, true);
    let progress = Arc::new(Progress::default());
    while from < end {
        let before = progress.done.load(Ordering::Relaxed);
        let inputs = (from..end).map(move |n| input(target, seed, n)).inspect(move |input| {
            if trace {
                drop(fs::write(traced(target), input));
            }
        });
        let Some(found) = execute(target, inputs, &progress) else { break };
        // Go on behind the one that was found.
        from += progress.done.load(Ordering::Relaxed) - before + 1;
        good = false;
        keep(target, &found);
    }
    let accepted = progress.accepted.load(Ordering::Relaxed);
    println!("{}: {} executed, {accepted} accepted", target.name, progress.done.load(Ordering::Relaxed));
    good
}

fn keep(target: &Target, found: &Found) {
    let directory = crashes().join(target.name);
    drop(fs::create_dir_all(&directory));
    let name = found.input.iter().fold(0xcbf2_9ce4_u32, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193));
    let file = directory.join(format!("{name:08x}"));
    println!("{}: {} ({})", target.name, found.what.lines().next().unwrap_or_default(), file.display());
    drop(fs::write(file, &found.input));
}

fn crashes() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/crashes"))
}

fn traced(target: &Target) -> PathBuf {
    env::temp_dir().join(format!("stackr-fuzz-{}", target.name))
}
