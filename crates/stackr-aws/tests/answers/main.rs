//! Mutated answers of AWS: every resource's and every data type's way from an answer to what is seen, and every `find`.
//!
//! `cargo test -p stackr-aws --test answers -- --executions 1000000 --seed 1` runs a million executions; an ordinary
//! test run does some thousand, and everything that was ever found (`crashes/`). `--only aws_vpc` takes the types of that
//! name, `--first N` begins at another execution, `--jobs N` says how many threads work.
//!
//! # Expected flow
//! The client of the SDK is the real one; behind it is no network but [`Wire`], which answers each request with a
//! recorded answer of that operation (`recorded/`), changed in structure. Execution `n` under a seed is always the same.
//!
//! # Guarantees
//! A panic, more calls than any read needs, and an execution that takes longer than ten seconds are failures. What was
//! answered then is written to `crashes/`, and run by `cargo test` from then on.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::exit,
    reason = "a test fails by panicking, and this one is a program"
)]

mod change;
mod recorded;
mod wire;

use std::{
    env, fs,
    panic::{self, AssertUnwindSafe},
    path::PathBuf,
    process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value as Json, json};
use stackr_aws::Aws;
use stackr_core::{AnyFind, Cloud, Registry, Value};
use stackr_fuzz::Random;

use crate::{
    recorded::{Asked, Recorded},
    wire::{Answer, Wire},
};

/// An execution that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(10);

/// How often each question is asked in an ordinary test run.
const SHORT: u64 = 12;

/// What is told of a run.
#[derive(Default)]
struct Tally {
    next: AtomicU64,
    done: AtomicU64,
    /// Those in which something was seen, so that a question that is never answered shows.
    seen: AtomicU64,
    found: AtomicU64,
    /// How many answers were read.
    answers: AtomicU64,
    /// The lists that led to themselves and were left.
    endless: AtomicU64,
}

struct Fuzz {
    registry: Registry,
    recorded: Arc<Recorded>,
    asked: Vec<Asked>,
    seed: u64,
    tally: Tally,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let after = |flag: &str| {
        let at = arguments.iter().position(|a| a == flag);
        at.and_then(|at| arguments.get(at + 1))
    };
    let number = |flag: &str| after(flag).and_then(|n| n.replace('_', "").parse::<u64>().ok());
    // As every test program, it lists what it has and does only what is asked for.
    let mut filters = arguments.iter().filter(|a| !a.starts_with('-') && after("--only") != Some(*a));
    let mut filters = filters.by_ref().filter(|a| a.replace('_', "").parse::<u64>().is_err());
    if arguments.iter().any(|a| a == "--list")
        || filters.next().is_some_and(|f| !"answers".contains(f.as_str()))
    {
        return;
    }
    let registry = stackr_aws::registry();
    let mut asked = recorded::asked();
    check_complete(&registry, &asked);
    if let Some(only) = after("--only") {
        asked.retain(|one| one.ty.contains(only.as_str()));
    }
    let executions = number("--executions").unwrap_or(asked.len() as u64 * SHORT);
    let first = number("--first").unwrap_or(0);
    let tally = Tally { next: AtomicU64::new(first), ..Tally::default() };
    let recorded = Arc::new(Recorded::load());
    let fuzz = Arc::new(Fuzz { registry, recorded, asked, seed: number("--seed").unwrap_or(1), tally });
    panic::set_hook(Box::new(|_| {}));
    let (began, bad) = (Instant::now(), again(&fuzz));
    let workers: Vec<_> = (0..number("--jobs").unwrap_or(2))
        .map(|_| {
            let fuzz = Arc::clone(&fuzz);
            let work = move || work(&fuzz, first + executions);
            thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work).unwrap()
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    let Tally { done, seen, found, answers, endless, .. } = &fuzz.tally;
    let [done, seen, found, answers, endless] =
        [done, seen, found, answers, endless].map(|n| n.load(Ordering::Relaxed));
    println!(
        "{done} executions of {} questions with {answers} answers in {} s: {seen} saw something, {endless} \
         lists led to themselves, {found} failed",
        fuzz.asked.len(),
        began.elapsed().as_secs()
    );
    assert_eq!((found, bad), (0, 0), "see tests/answers/crashes");
    assert!(after("--only").is_some() || (seen > done / 10 && endless > 0), "hardly anything is seen");
}

/// Every type has a question.
fn check_complete(registry: &Registry, asked: &[Asked]) {
    let resources = registry.resources().map(|r| (r.schema().ty, "read"));
    let all = resources.chain(registry.lookups().map(|l| (l.schema().ty, "look")));
    let lack: Vec<_> =
        all.filter(|(ty, verb)| !asked.iter().any(|one| one.ty == *ty && one.verb == *verb)).collect();
    assert!(lack.is_empty(), "nothing is asked of {lack:?}: see tests/answers/recorded/asked.json");
}

/// Executes until the end, and watches itself by a second thread.
fn work(fuzz: &Arc<Fuzz>, end: u64) {
    let now: Arc<Mutex<Option<(Instant, u64)>>> = Arc::default();
    let wire = Wire::default();
    let watched = (Arc::clone(&now), Arc::clone(fuzz), wire.clone());
    thread::spawn(move || {
        let (now, fuzz, wire) = watched;
        loop {
            thread::sleep(Duration::from_millis(500));
            let hangs =
                now.lock().unwrap_or_else(PoisonError::into_inner).filter(|(at, _)| at.elapsed() > LIMIT);
            if let Some((_, n)) = hangs {
                fuzz.keep(n, &wire, "it takes longer than ten seconds");
                process::exit(1);
            }
        }
    });
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let cloud = wire.cloud();
    loop {
        let n = fuzz.tally.next.fetch_add(1, Ordering::Relaxed);
        if n >= end {
            break;
        }
        *now.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), n));
        let random = Random::new(fuzz.seed, "answers", n);
        match fuzz.execute(&runtime, &cloud, &wire, fuzz.one(n), random) {
            Ok(seen) => drop(fuzz.tally.seen.fetch_add(seen.into(), Ordering::Relaxed)),
            Err(why) => fuzz.keep(n, &wire, &why),
        }
        fuzz.tally.done.fetch_add(1, Ordering::Relaxed);
        fuzz.tally.answers.fetch_add(wire.count(), Ordering::Relaxed);
    }
    *now.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Everything that was found once, with the answers of then. Gives how many fail again.
fn again(fuzz: &Fuzz) -> usize {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let mut files: Vec<_> =
        fs::read_dir(crashes()).into_iter().flatten().map(|file| file.unwrap().path()).collect();
    files.sort();
    let failed = files.iter().filter(|file| {
        let kept: Json = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let text = |name: &str| kept[name].as_str().unwrap_or_default().to_owned();
        let wire = Wire::default();
        let asked =
            Asked { ty: text("type"), verb: text("verb"), id: text("id"), args: kept["args"].clone() };
        let answers = kept["answers"].as_array().into_iter().flatten().map(Answer::of).collect();
        let random = Random::new(0, "again", 0);
        wire.replay(answers);
        let ran = fuzz.execute(&runtime, &wire.cloud(), &wire, &asked, random);
        ran.is_err_and(|why| {
            println!("{}: {why}", file.display());
            true
        })
    });
    failed.count()
}

impl Fuzz {
    fn one(&self, n: u64) -> &Asked {
        &self.asked[usize::try_from(n % self.asked.len() as u64).unwrap()]
    }

    /// Asks one question. Gives whether something was seen; the message of a panic is an error.
    fn execute(
        &self,
        runtime: &tokio::runtime::Runtime,
        cloud: &Aws,
        wire: &Wire,
        asked: &Asked,
        mut random: Random,
    ) -> Result<bool, String> {
        // Ids are read by us too: they come from people and files.
        let id = if random.one_in(12) { change::text(&asked.id, &mut random) } else { asked.id.clone() };
        let args = Value::from_json(&asked.args);
        let cloud: &dyn Cloud = cloud;
        wire.begin(&self.recorded, &asked.id, random);
        let ask = async {
            match asked.verb.as_str() {
                "read" => {
                    let ids = [id, asked.id.clone()];
                    let read = self.registry.resource(&asked.ty).unwrap().read(cloud, &ids).await;
                    self.heard(read).is_some_and(|seen| seen.iter().any(Option::is_some))
                }
                "find" => {
                    let find = AnyFind { uid: &id, args: Some(&args) };
                    let found = self.registry.resource(&asked.ty).unwrap().find(cloud, find).await;
                    self.heard(found).is_some_and(|found| found.is_some())
                }
                _ => self.heard(self.registry.lookup(&asked.ty).unwrap().read(cloud, &args).await).is_some(),
            }
        };
        panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(ask))).map_err(|why| {
            let text = why.downcast_ref::<String>().cloned();
            let text = text.or_else(|| why.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            text.unwrap_or_else(|| "a panic".to_owned())
        })
    }

    /// What was read. Lists that never end are counted.
    fn heard<T>(&self, answer: stackr_core::Result<T>) -> Option<T> {
        if answer.as_ref().is_err_and(|error| error.message().contains("page is the page itself")) {
            self.tally.endless.fetch_add(1, Ordering::Relaxed);
        }
        answer.ok()
    }

    /// Writes down what was answered in an execution that failed.
    fn keep(&self, n: u64, wire: &Wire, why: &str) {
        self.tally.found.fetch_add(1, Ordering::Relaxed);
        let Asked { ty, verb, id, args } = self.one(n);
        let file = crashes().join(format!("{ty}-{verb}-{}-{n}.json", self.seed));
        println!("{ty} {verb}: {} ({})", why.lines().next().unwrap_or_default(), file.display());
        drop(fs::create_dir_all(crashes()));
        let answers = wire.given();
        let kept =
            json!({ "type": ty, "verb": verb, "id": id, "args": args, "answers": answers, "why": why });
        drop(fs::write(file, format!("{kept:#}\n")));
    }
}

fn crashes() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/answers/crashes"))
}
