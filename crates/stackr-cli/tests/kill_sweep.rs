//! Killed by SIGKILL at a call that changes something, before or after AWS has acted, the next run ends with exactly what
//! is declared. A sample of the points; `stackr-testkit sweep kill` tries them all.

use stackr_testkit::sweep::{Disturbance, Sweep};

#[path = "support/sweeps.rs"]
mod sweeps;

const KILLED: [Disturbance; 2] = [Disturbance::KilledBefore, Disturbance::KilledAfter];

#[test]
fn a_killed_run_is_completed_by_the_next_one() {
    sweeps::assert_kept(&sweeps::sample(&[], 5, 16).points(&KILLED, |report| println!("{report}")));
}

#[test]
fn so_it_is_with_state_in_a_bucket() {
    let sweep = Sweep { bucket: true, ..sweeps::sample(&["apply runtime", "destroy runtime"], 4, 18) };
    sweeps::assert_kept(&sweep.points(&KILLED, |report| println!("{report}")));
}
