//! How often a pending object is looked at: in proportion to how long it has taken so far, sparsely while it cannot be
//! there yet, and densely near its expected end. What an object takes longer than it could is then a small part of what
//! it takes.

use std::time::Duration;

use crate::{expected::Expected, random::Jitter};

/// Even for what takes half an hour, so that a failure is seen and a display moves.
const LONGEST: Duration = Duration::from_secs(10);
/// Of an unknown wait, at most this part is lost, half of it on average. Looks are shared by all objects of a type, so
/// they are cheap.
const LOST: u32 = 20;
/// Near the expected end the looks are this part of it apart: denser ones would cost more calls than they save time.
const NEAR: u32 = 100;

/// The delays between the looks at one pending object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    expected: Expected,
    shortest: Duration,
}

impl Pace {
    /// For an object with this expected end, and looks that are at least so far apart.
    pub(crate) fn new(expected: Expected, shortest: Duration) -> Self {
        Self { expected, shortest }
    }

    /// The delay before the next look. `elapsed` is the time since it was made.
    pub(crate) fn next(self, elapsed: Duration, jitter: &mut Jitter) -> Duration {
        let careful = elapsed / LOST;
        let near = |expected: Duration| careful.min((expected.abs_diff(elapsed) / 4).max(expected / NEAR));
        let delay = match (self.expected.learned, self.expected.usual) {
            // Hardly anything takes less than half of what it took before.
            (Some(learned), _) if elapsed < learned / 2 => careful.max((learned / 2 - elapsed) / 2),
            (Some(expected), _) | (None, Some(expected)) => near(expected),
            (None, None) => careful,
        };
        let delay = delay.clamp(self.shortest.min(LONGEST), LONGEST);
        jitter.between(delay.mul_f64(0.9), delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORTEST: Duration = Duration::from_millis(200);

    fn looks(expected: Expected, until: u64) -> Vec<f64> {
        let (pace, mut jitter) = (Pace::new(expected, SHORTEST), Jitter::new(3, 0));
        let (mut elapsed, mut at) = (Duration::ZERO, Vec::new());
        while elapsed < Duration::from_secs(until) {
            elapsed += pace.next(elapsed, &mut jitter);
            at.push(elapsed.as_secs_f64());
        }
        at
    }

    fn learned(seconds: u64) -> Expected {
        Expected { learned: Some(Duration::from_secs(seconds)), usual: None }
    }

    /// How long after its end something is seen.
    fn late(at: &[f64], end: f64) -> f64 {
        at.iter().find(|t| **t >= end).unwrap() - end
    }

    #[test]
    fn of_an_unknown_wait_a_twentieth_is_lost_at_most() {
        let at = looks(Expected::UNKNOWN, 600);
        assert!(at[0] <= 0.2);
        assert!(at.windows(2).all(|w| w[1] - w[0] <= (w[1] / 20.0).clamp(0.2, 10.0)));
        assert!(at.len() < 160, "{}", at.len());
    }

    #[test]
    fn near_the_expected_end_the_looks_are_dense_and_before_half_of_it_sparse() {
        let at = looks(learned(100), 103);
        assert!([90.0, 99.0, 100.0, 101.0].iter().all(|end| late(&at, *end) < 3.0), "{at:?}");
        assert!([99.0, 100.0, 101.0].iter().all(|end| late(&at, *end) <= 1.0), "{at:?}");
        assert!(at.iter().filter(|t| **t < 50.0).count() < 16, "{at:?}");
        assert!(at.len() < 45, "{}", at.len());
    }

    #[test]
    fn what_is_published_makes_no_look_later() {
        let usual = looks(Expected { learned: None, usual: Some(Duration::from_secs(180)) }, 10);
        assert_eq!(usual, looks(Expected::UNKNOWN, 10));
    }

    #[test]
    fn what_is_done_much_sooner_than_before_is_seen_soon_all_the_same() {
        let at = looks(learned(60), 60);
        assert!((1..60).all(|end| late(&at, f64::from(end)) <= 10.0), "{at:?}");
    }
}
