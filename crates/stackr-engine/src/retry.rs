//! Retries: one table from error kind and verb to how long a call is repeated, and the delays between.
//!
//! Retries are ours and not the SDK's: its retry bucket is shared by the whole process and switches itself off, and
//! it repeats creates that must not be repeated blindly.

use std::time::Duration;

use stackr_core::{ErrorKind, Waits};

use crate::random::Jitter;

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Create,
    Update,
    Delete,
    /// Reads, lookups and finds.
    Read,
}

/// What IAM and certificates need to be visible everywhere: two minutes, five for what is slow anyway.
const PROPAGATION: (Duration, Duration) = (Duration::from_secs(120), Duration::from_secs(300));

/// Short enough that nobody notices, long enough not to hammer.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(20);
/// What waits for another object's change looks again at least this often.
const LONGEST_CONFLICT: Duration = Duration::from_secs(10);
/// Of the time that something else takes to change, at most this part is lost.
const LOST: u32 = 20;

/// How long a call that failed like this is repeated; `None`: not at all.
pub(crate) fn budget(call: Call, kind: ErrorKind, waits: Waits) -> Option<Duration> {
    let limit = match call {
        Call::Delete => waits.delete,
        Call::Create | Call::Update | Call::Read => waits.create,
    };
    match kind {
        ErrorKind::Throttled | ErrorKind::Transient => Some(limit.max(PROPAGATION.0)),
        ErrorKind::Propagating => Some(limit.clamp(PROPAGATION.0, PROPAGATION.1)),
        ErrorKind::Conflict => Some(limit),
        ErrorKind::InUse => (call == Call::Delete).then_some(limit),
        ErrorKind::NotFound
        | ErrorKind::Exists
        | ErrorKind::Denied
        | ErrorKind::Invalid
        | ErrorKind::Quota
        | ErrorKind::Credentials
        | ErrorKind::Unsupported
        | ErrorKind::Bug
        | ErrorKind::Unknown => None,
    }
}

/// The delays of one call's repetitions.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    attempts: u32,
    /// The least delay before what waits for another object is tried again.
    least: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { attempts: 0, least: FIRST }
    }
}

impl Backoff {
    /// Tries again sooner what waits for another object: where looks may follow each other so closely.
    pub(crate) fn hasten(&mut self, between_looks: Duration) {
        self.least = FIRST.min(between_looks.saturating_mul(2));
    }

    /// The delay before the next repetition; `None` if this failure ends it. `since` is the time since the first
    /// attempt.
    pub(crate) fn next(
        &mut self,
        call: Call,
        kind: ErrorKind,
        waits: Waits,
        since: Duration,
        jitter: &mut Jitter,
    ) -> Option<Duration> {
        let budget = budget(call, kind, waits)?;
        if since >= budget {
            return None;
        }
        let delay = match kind {
            ErrorKind::Conflict | ErrorKind::InUse | ErrorKind::Propagating => {
                let step = (since / LOST).clamp(self.least, LONGEST_CONFLICT);
                jitter.between(step.mul_f64(0.8), step)
            }
            _ => jitter.between(FIRST / 5, FIRST.saturating_mul(1 << self.attempts.min(10)).min(LONGEST)),
        };
        self.attempts += 1;
        Some(delay.min(budget.saturating_sub(since).max(FIRST / 5)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [ErrorKind; 14] = [
        ErrorKind::NotFound,
        ErrorKind::Exists,
        ErrorKind::Denied,
        ErrorKind::Invalid,
        ErrorKind::Throttled,
        ErrorKind::Conflict,
        ErrorKind::InUse,
        ErrorKind::Propagating,
        ErrorKind::Quota,
        ErrorKind::Transient,
        ErrorKind::Credentials,
        ErrorKind::Unsupported,
        ErrorKind::Bug,
        ErrorKind::Unknown,
    ];

    #[test]
    fn only_what_passes_by_itself_is_repeated() {
        let repeated = |call| {
            let kinds = KINDS.iter().filter(|k| budget(call, **k, Waits::INSTANT).is_some());
            kinds.map(|k| format!("{k:?}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(repeated(Call::Create), "Throttled Conflict Propagating Transient");
        assert_eq!(repeated(Call::Update), "Throttled Conflict Propagating Transient");
        assert_eq!(repeated(Call::Read), "Throttled Conflict Propagating Transient");
        assert_eq!(repeated(Call::Delete), "Throttled Conflict InUse Propagating Transient");
    }

    #[test]
    fn propagation_is_waited_for_two_to_five_minutes() {
        let check = |minutes, expected| {
            let budget = budget(Call::Create, ErrorKind::Propagating, Waits::minutes(minutes, 1));
            assert_eq!(budget, Some(Duration::from_secs(expected)));
        };
        check(1, 120);
        check(3, 180);
        check(30, 300);
    }

    #[test]
    fn a_throttled_call_is_tried_many_times_with_delays_up_to_twenty_seconds() {
        let mut jitter = Jitter::new(1, 0);
        let (mut backoff, mut since, mut delays) = (Backoff::default(), Duration::ZERO, Vec::new());
        let waits = Waits::minutes(10, 10);
        while let Some(delay) = backoff.next(Call::Create, ErrorKind::Throttled, waits, since, &mut jitter) {
            since += delay;
            delays.push(delay);
        }
        assert!(delays.len() > 40, "{}", delays.len());
        assert!(delays[0] <= FIRST);
        assert!(delays.iter().all(|d| *d <= LONGEST));
        assert!(since >= waits.create);
    }

    #[test]
    fn of_a_wait_for_something_else_a_twentieth_is_lost_at_most() {
        let mut jitter = Jitter::new(1, 0);
        let (mut backoff, mut since, mut tries) = (Backoff::default(), Duration::ZERO, 0);
        while since < Duration::from_secs(120) {
            let delay =
                backoff.next(Call::Delete, ErrorKind::InUse, Waits::minutes(5, 5), since, &mut jitter);
            let delay = delay.unwrap();
            assert!(delay <= FIRST.max(since / LOST), "{delay:?} after {since:?}");
            (since, tries) = (since + delay, tries + 1);
        }
        assert!(tries < 100, "{tries}");
    }
}
