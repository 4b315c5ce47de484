//! A small seeded generator for jitter: tests and runs with the same seed wait alike. Not for secrets or uids.

use std::time::Duration;

/// SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct Jitter(u64);

impl Jitter {
    /// The generator of a seed; `stream` tells the steps of a run apart.
    pub(crate) fn new(seed: u64, stream: usize) -> Self {
        let mut jitter = Self(seed ^ (stream as u64).wrapping_mul(0xa076_1d64_78bd_642f));
        jitter.next();
        jitter
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A duration between the two.
    pub(crate) fn between(&mut self, low: Duration, high: Duration) -> Duration {
        low + high.saturating_sub(low).mul_f64(self.unit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_stream_decide_and_the_bounds_hold() {
        let (low, high) = (Duration::from_millis(100), Duration::from_millis(300));
        let draw = |seed, stream| {
            let mut jitter = Jitter::new(seed, stream);
            (0..50).map(|_| jitter.between(low, high)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert!(draw(7, 0).iter().all(|d| (low..=high).contains(d)));
    }
}
