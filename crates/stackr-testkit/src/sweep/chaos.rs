//! The whole life of the system under faults at random.

use std::{ops::Range, time::Instant};

use super::{
    Failure, Prepared, Report, Sweep,
    report::difference,
    run::{Ran, Victim},
    system::{Inventory, System},
};
use crate::{Faults, Proxy, ProxyOptions};

/// What is run, and which of the prepared inventories is there then.
const RUNS: [([&str; 3], usize); 4] = [
    (["apply", "base", "-y"], 1),
    (["apply", "runtime", "-y"], 2),
    (["destroy", "runtime", "-y"], 1),
    (["destroy", "base", "-y"], 0),
];

pub(super) fn sweep(
    sweep: &Sweep,
    prepared: &Prepared,
    faults: &Faults,
    seeds: Range<u64>,
    mut report: Report,
) -> Report {
    let (first, seeds) = (prepared.empty(sweep), seeds.collect::<Vec<_>>());
    let teller = Inventory::new(&first.emulator);
    let began = Instant::now();
    let tried = sweep.at_once(&seeds, |seed| {
        let faults = Faults { seed: *seed, ..faults.clone() };
        let mut system = first.copy(sweep);
        if !faults.unseen.is_zero() {
            // On this machine everything is expected to be visible at once, which is what is not so here.
            system.env = system.env.with("STACKR_PATIENCE", "aws");
        }
        life(&system, prepared, faults, &teller)
    });
    report.points = seeds.len() * RUNS.len();
    for (seed, (again, failure)) in seeds.iter().zip(tried) {
        report.again.extend(again.into_iter().map(|why| format!("seed {seed}, {why}")));
        report
            .failures
            .extend(failure.map(|(run, what)| Failure { at: format!("seed {seed}, {run}"), what }));
    }
    report.took = began.elapsed();
    report
}

/// Which runs had to be repeated and why, and what went wrong in which.
fn life(
    system: &System,
    prepared: &Prepared,
    faults: Faults,
    teller: &Inventory,
) -> (Vec<String>, Option<(String, String)>) {
    let options = ProxyOptions { faults, ..ProxyOptions::default() };
    let proxy = Proxy::start(&system.emulator.endpoint(), options).expect("it listens");
    let mut again = Vec::new();
    for (arguments, end) in RUNS {
        let run = || system.run(&arguments, &proxy.endpoint(), &Victim::default());
        let mut ran = run();
        let mut said = told(&ran);
        if ran.code != Some(0) {
            let why = ran.said.lines().find(|line| line.starts_with("error")).unwrap_or_default();
            again.push(format!("{}: {why}", arguments.join(" ")));
            if !is_clear(&ran) {
                return (
                    again,
                    Some((arguments.join(" "), format!("it failed without a clear error\n{said}"))),
                );
            }
            ran = run();
            said += &told(&ran);
        }
        proxy.settle();
        let found = teller.of(&system.emulator);
        let wrong = if ran.code != Some(0) {
            Some(format!("it failed twice\n{said}"))
        } else if found != prepared.inventory[end] {
            Some(format!("something else is there\n{}\n{said}", difference(&prepared.inventory[end], &found)))
        } else {
            None
        };
        if let Some(wrong) = wrong {
            return (again, Some((arguments.join(" "), wrong)));
        }
    }
    (again, None)
}

fn told(ran: &Ran) -> String {
    format!("--- run, {:?}, {:?}\n{}", ran.code, ran.took, ran.said)
}

/// Whether a failed run says what failed.
fn is_clear(ran: &Ran) -> bool {
    matches!(ran.code, Some(1 | 3)) && ran.said.contains("error") && !ran.said.contains("panicked")
}
