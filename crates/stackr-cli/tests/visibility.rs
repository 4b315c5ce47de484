//! What AWS shows seconds after it was made is waited for, and not made twice.

use std::time::Duration;

use stackr_testkit::Faults;

#[path = "support/sweeps.rs"]
mod sweeps;

#[test]
fn what_is_not_visible_for_five_seconds_is_made_once() {
    let faults = Faults { unseen: Duration::from_secs(5), ..Faults::default() };
    let report = sweeps::sample(&[], 1, 1).seeds("slow visibility", &faults, 1..2);
    println!("{report}");
    sweeps::assert_kept(&[report]);
}
