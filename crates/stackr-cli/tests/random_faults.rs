//! On a bad day (throttles, failures, lost answers, latency) the system comes up and goes down all the same. One seed;
//! `stackr-testkit sweep random` tries twenty.

use stackr_testkit::Faults;

#[path = "support/sweeps.rs"]
mod sweeps;

#[test]
fn the_system_comes_and_goes_under_random_faults() {
    let report = sweeps::sample(&[], 1, 1).seeds("faults at random", &Faults::at_random(), 1..2);
    println!("{report}");
    sweeps::assert_kept(&[report]);
}
