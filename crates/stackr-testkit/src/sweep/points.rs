//! One disturbance at one call that changes something.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use super::{
    Failure, Phase, Report, Sweep, System,
    report::difference,
    run::{Ran, Victim},
    system::Inventory,
};
use crate::{Moment, Proxy, ProxyOptions, Verdict};

/// What happens at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// SIGKILL before the call is sent on.
    KilledBefore,
    /// SIGKILL after AWS has acted and before it is heard.
    KilledAfter,
    /// AWS has acted and is not heard; the run goes on.
    Lost,
}

impl Disturbance {
    fn moment(self) -> Moment {
        match self {
            Self::KilledBefore => Moment::Before,
            Self::KilledAfter | Self::Lost => Moment::After,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::KilledBefore => "killed before",
            Self::KilledAfter => "killed after",
            Self::Lost => "not answered:",
        }
    }
}

/// A point of a phase: the call with this number.
#[derive(Clone, Copy)]
struct Point {
    number: u64,
    disturbance: Disturbance,
}

/// Tries every point of a phase.
pub(super) fn sweep(sweep: &Sweep, phase: &Phase, disturbances: &[Disturbance]) -> Report {
    let numbers = (sweep.from.max(1) as u64..=phase.mutations).step_by(sweep.every.max(1));
    let points: Vec<Point> = numbers
        .flat_map(|number| disturbances.iter().map(move |&disturbance| Point { number, disturbance }))
        .collect();
    let teller = Inventory::new(&phase.start.emulator);
    let began = Instant::now();
    let tried = sweep.at_once(&points, |point| attempt(sweep, phase, *point, &teller));
    let mut report = Report::new(&phase.name, phase.mutations, points.len());
    report.took = began.elapsed();
    for (reached, failure) in tried {
        report.unreached += usize::from(!reached);
        report.failures.extend(failure);
    }
    report
}

/// Whether the point was reached, and what went wrong.
fn attempt(sweep: &Sweep, phase: &Phase, point: Point, teller: &Inventory) -> (bool, Option<Failure>) {
    let system = phase.start.copy(sweep);
    let (victim, met) = (Victim::default(), Arc::new(Mutex::new(None)));
    let hook = {
        let (victim, met) = (victim.clone(), Arc::clone(&met));
        move |mutation: &crate::Mutation<'_>| {
            if mutation.number != point.number || mutation.moment != point.disturbance.moment() {
                return Verdict::Go;
            }
            *met.lock().unwrap_or_else(PoisonError::into_inner) = Some(mutation.call.to_string());
            if point.disturbance != Disturbance::Lost {
                victim.kill();
            }
            Verdict::Cut
        }
    };
    let options = ProxyOptions { hook: Some(Box::new(hook)), ..ProxyOptions::default() };
    let proxy = Proxy::start(&system.emulator.endpoint(), options).expect("it listens");
    let first = system.run(&phase.arguments, &proxy.endpoint(), &victim);
    // What was under way when it was killed still works, as AWS would do.
    proxy.settle();
    let met = met.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let at = format!(
        "{}, call {} of {}: {} {}",
        phase.name,
        point.number,
        phase.mutations,
        point.disturbance.words(),
        met.as_deref().unwrap_or("nothing")
    );
    let failure = wrong(phase, &system, point, first, teller).map(|what| Failure { at, what });
    (met.is_some(), failure)
}

fn wrong(phase: &Phase, system: &System, point: Point, first: Ran, teller: &Inventory) -> Option<String> {
    let mut said = format!("--- first run, {:?}, {:?}\n{}", first.code, first.took, first.said);
    let killed = point.disturbance != Disturbance::Lost;
    match first.code {
        Some(0) => {}
        None if killed => {
            let second = system.undisturbed(&phase.arguments);
            said = format!("{said}--- second run, {:?}, {:?}\n{}", second.code, second.took, second.said);
            if second.code != Some(0) {
                return Some(format!("the second run failed\n{said}"));
            }
        }
        _ => return Some(format!("the run failed\n{said}")),
    }
    let found = teller.of(&system.emulator);
    if found != phase.inventory {
        let difference = difference(&phase.inventory, &found);
        return Some(format!("something else is there\n{difference}\n{said}"));
    }
    if phase.settles() {
        let plan = system.undisturbed(&["plan", phase.stack(), "--detailed-exitcode"]);
        if plan.code != Some(0) {
            return Some(format!("a plan is not empty ({:?})\n{}\n{said}", plan.code, plan.said));
        }
    }
    None
}
