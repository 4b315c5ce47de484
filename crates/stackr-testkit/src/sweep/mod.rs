//! Sweeps: the reference system is taken up, changed and taken down while everything goes wrong in turn.
//!
//! A [`Phase`] is one run of the command on a prepared [`System`]: apply base, destroy runtime. An undisturbed run of it
//! says how many calls change something, and what is there at the end. Every disturbed run starts from a copy of the
//! prepared system, and in the end, without any step by hand, the same has to be there, and a plan has to be empty.
//!
//! Facts that shape this module:
//! - what is prepared is copied in milliseconds: the emulator by `fork`, the project with its state as files;
//! - calls of one run come in another order in the next, so the n-th is not always the same one: which it was is noted;
//! - the command is a process of its own, ended by SIGKILL.

mod chaos;
mod phase;
mod points;
mod report;
mod run;
mod system;

pub use phase::{Phase, Prepared};
pub use points::Disturbance;
pub use report::{Failure, Report};
pub use run::Ran;
pub use system::System;

use std::{path::PathBuf, thread};

/// What is swept, and how.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The command `stackr`.
    pub stackr: PathBuf,
    /// The directory with `stacks`, `env` and `stackr.toml`.
    pub repository: PathBuf,
    /// Where the emulator is installed: `env!("CARGO_TARGET_TMPDIR")`.
    pub tmp: PathBuf,
    /// Only these phases, all if there are none.
    pub phases: Vec<String>,
    /// Every how many-th point is tried: 1 is all of them.
    pub every: usize,
    /// The first point that is tried, from 1.
    pub from: usize,
    /// How many runs go on at once.
    pub workers: usize,
    /// Whether state is kept in a bucket of the emulator: then its calls are points too.
    pub bucket: bool,
}

impl Sweep {
    /// Disturbs every phase at every point.
    ///
    /// # Panics
    /// If an undisturbed run fails.
    pub fn points(&self, disturbances: &[Disturbance], mut tell: impl FnMut(&Report)) -> Vec<Report> {
        let prepared = Prepared::new(self);
        let phases = prepared.phases(self);
        phases
            .iter()
            .map(|phase| {
                let report = points::sweep(self, phase, disturbances);
                tell(&report);
                report
            })
            .collect()
    }

    /// Takes the system up and down under faults, once for each seed; `name` is for the report.
    ///
    /// # Panics
    /// If an undisturbed run fails.
    #[must_use]
    pub fn seeds(&self, name: &str, faults: &crate::Faults, seeds: std::ops::Range<u64>) -> Report {
        let prepared = Prepared::new(self);
        let report = Report::new(name, 0, 0);
        chaos::sweep(self, &prepared, faults, seeds, report)
    }

    /// Does something with each of these, some at a time; the order is that of the input.
    fn at_once<T: Sync, R: Send>(&self, all: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
        let next = std::sync::atomic::AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let n = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let Some(one) = all.get(n) else { return done };
                done.push((n, each(one)));
            }
        };
        let mut done: Vec<(usize, R)> = thread::scope(|scope| {
            let workers: Vec<_> = (0..self.workers.max(1)).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
        });
        done.sort_by_key(|(n, _)| *n);
        done.into_iter().map(|(_, result)| result).collect()
    }
}
