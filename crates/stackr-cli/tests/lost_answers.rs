//! A run that does not hear the answer to a call that has worked goes on as if it had. A sample of the points;
//! `stackr-testkit sweep lost` tries them all.

use stackr_testkit::sweep::Disturbance;

#[path = "support/sweeps.rs"]
mod sweeps;

#[test]
fn a_lost_answer_changes_nothing() {
    let sweep = sweeps::sample(&[], 2, 8);
    sweeps::assert_kept(&sweep.points(&[Disturbance::Lost], |report| println!("{report}")));
}
