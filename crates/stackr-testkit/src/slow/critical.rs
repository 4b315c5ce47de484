//! The reference system up and down with AWS as slow as the model, against the bound.

use std::{
    fmt,
    path::PathBuf,
    time::{Duration, Instant},
};

use stackr_local::Options;

use super::{Bound, Slow, Until};
use crate::{Proxy, ProxyOptions, TestEnvironment, local};

/// What is measured.
#[derive(Clone, Debug)]
pub struct Critical {
    /// The command `stackr`.
    pub stackr: PathBuf,
    /// The directory with `stacks`, `env` and `stackr.toml`.
    pub repository: PathBuf,
    /// Where the emulator is installed: `env!("CARGO_TARGET_TMPDIR")`.
    pub tmp: PathBuf,
    /// How slow AWS is.
    pub slow: Slow,
    /// How far the ends of the applies are waited for.
    pub until: Until,
}

/// One run of the command.
#[derive(Clone, Debug)]
pub struct Measured {
    /// From 1. In the first one nothing was learned yet.
    pub round: usize,
    /// `apply base`.
    pub phase: String,
    /// From the start of the process to its end.
    pub wall: Duration,
    /// What AWS alone takes.
    pub bound: Bound,
    /// Calls to AWS.
    pub calls: u64,
}

impl fmt::Display for Measured {
    /// A row of a table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { round, phase, wall, bound, calls } = self;
        let (wall, bound) = (wall.as_secs_f64(), bound.duration.as_secs_f64());
        write!(f, "| {round} | {phase} | {wall:.2} s | {bound:.2} s | {:.3} | {calls} |", wall / bound)
    }
}

impl Critical {
    /// Takes the system up and down so many times; `tell` hears of every run.
    ///
    /// # Panics
    /// If a run fails.
    pub fn rounds(&self, rounds: usize, mut tell: impl FnMut(&Measured)) {
        // The emulator itself waits for nothing.
        let emulator = local::emulator(&self.tmp, Options { acm_wait: 0, ..Options::default() });
        let options = ProxyOptions { slow: Some(self.slow), ..ProxyOptions::default() };
        let proxy = Proxy::start(&emulator.endpoint(), options).expect("it listens");
        let env = TestEnvironment::new(&self.stackr, &self.tmp).with_aws(&emulator);
        let env = env.with("AWS_ENDPOINT_URL", proxy.endpoint());
        for part in ["stacks", "env", "stackr.toml"] {
            env.copy(self.repository.join(part));
        }
        let until = match self.until {
            Until::Created => "created",
            Until::Ready => "ready",
            Until::Steady => "steady",
        };
        for round in 1..=rounds {
            for (verb, stack) in
                [("apply", "base"), ("apply", "runtime"), ("destroy", "runtime"), ("destroy", "base")]
            {
                let bound = if verb == "apply" {
                    bound(&env, self, ["plan", stack, "--json", "--env", "dev"])
                } else {
                    bound(&env, self, ["plan", stack, "--json", "--env", "dev", "--destroy"])
                };
                let (before, began) = (proxy.counts().total(), Instant::now());
                if verb == "apply" {
                    drop(env.expect(0, [verb, stack, "-y", "--env", "dev", "--until", until]));
                } else {
                    drop(env.expect(0, [verb, stack, "-y", "--env", "dev"]));
                }
                let (wall, calls) = (began.elapsed(), proxy.counts().total() - before);
                tell(&Measured { round, phase: format!("{verb} {stack}"), wall, bound, calls });
            }
        }
    }
}

/// The bound of what would be done now.
fn bound<const N: usize>(env: &TestEnvironment, critical: &Critical, plan: [&str; N]) -> Bound {
    let planned = env.expect(0, plan);
    let planned: serde_json::Value = serde_json::from_str(&planned.stdout).expect("a plan is JSON");
    let program = planned["program"].as_str().expect("a plan has a program");
    Bound::of(program, critical.slow, critical.until).expect("a program")
}
