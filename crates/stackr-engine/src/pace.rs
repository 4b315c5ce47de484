//! How often a pending object is looked at: in proportion to how long it has taken so far, and densely near its
//! expected end. What an object takes longer than it could is then a small part of what it takes.

use std::time::Duration;

use crate::random::Jitter;

/// An API's answer is rarely newer than this.
const SHORTEST: Duration = Duration::from_millis(200);
/// Even for what takes half an hour, so that a failure is seen and a display moves.
const LONGEST: Duration = Duration::from_secs(10);
/// Of an unknown wait, at most this part is lost. Looks are shared by all objects of a type, so they are cheap.
const LOST: u32 = 12;

/// The delays between the looks at one pending object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    expected: Option<Duration>,
}

impl Pace {
    /// For an object that is expected to take so long, if that is known.
    pub(crate) fn new(expected: Option<Duration>) -> Self {
        Self { expected }
    }

    /// The delay before the next look. `elapsed` is the time since it was made.
    pub(crate) fn next(self, elapsed: Duration, jitter: &mut Jitter) -> Duration {
        let delay = match self.expected {
            None => elapsed / LOST,
            Some(expected) if elapsed < expected => (expected - elapsed) / 3,
            Some(expected) => (elapsed - expected) / 4,
        };
        let delay = delay.clamp(SHORTEST, LONGEST);
        jitter.between(delay.mul_f64(0.9), delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(expected: Option<u64>, until: u64) -> Vec<Duration> {
        let (pace, mut jitter) = (Pace::new(expected.map(Duration::from_secs)), Jitter::new(3, 0));
        let (mut elapsed, mut at) = (Duration::ZERO, Vec::new());
        while elapsed < Duration::from_secs(until) {
            elapsed += pace.next(elapsed, &mut jitter);
            at.push(elapsed);
        }
        at
    }

    #[test]
    fn an_unknown_wait_is_looked_at_ever_more_seldom() {
        let at = looks(None, 600);
        assert!(at[0] <= SHORTEST);
        let lost = |w: &[Duration]| (w[1] - w[0]).as_secs_f64() / w[1].as_secs_f64();
        assert!(at.windows(2).skip(12).all(|w| w[1] - w[0] <= LONGEST && lost(w) < 0.1));
        assert!(at.len() < 120, "{}", at.len());
    }

    #[test]
    fn near_the_expected_end_the_looks_are_dense() {
        let at = looks(Some(100), 103);
        let overshoot = |end: f64| at.iter().map(Duration::as_secs_f64).find(|t| *t >= end).unwrap() - end;
        assert!(overshoot(99.0) < 0.5 && overshoot(100.0) < 0.5 && overshoot(101.0) < 0.6, "{at:?}");
        assert!(at.len() < 50, "{}", at.len());
    }
}
