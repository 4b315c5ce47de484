//! What a proxy does to the calls that go through it, and the seeded dice that decide.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use fastrand::Rng;
use jiff::SignedDuration;

use crate::{protocol::Call, published};

/// What is done to calls. The default does nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// Equal seeds decide alike, as far as calls come in the same order.
    pub seed: u64,
    /// How long every call takes longer.
    pub latency: Duration,
    /// The part of calls, 0 to 1, that is refused for being too many.
    pub throttle: f64,
    /// How many calls AWS takes; beyond that they are refused for being too many.
    pub limit: Option<Limits>,
    /// The part of calls that is answered with 500 or 503; half of them have worked.
    pub errors: f64,
    /// The part of calls that work and are not answered.
    pub lost: f64,
    /// The call that changes something, by its number from 1, that is not sent on.
    pub cut_at: Option<u64>,
    /// The call that changes something that works and is not answered.
    pub lost_at: Option<u64>,
    /// How long what has states comes up.
    pub pending: Duration,
    /// How long what was made is not there for reads.
    pub unseen: Duration,
    /// How long deletes are refused because something else needs the object.
    pub in_use: Duration,
}

impl Faults {
    /// A bad day: much is throttled, some fails, some is not answered, everything is slow.
    #[must_use]
    pub fn at_random() -> Self {
        let latency = Duration::from_millis(150);
        Self { throttle: 0.2, errors: 0.05, lost: 0.03, latency, ..Self::default() }
    }
}

/// A token bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Calls at once.
    pub burst: f64,
    /// Calls per second.
    pub rate: f64,
}

/// What the calls are counted by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limits {
    /// Every service has one bucket of this size.
    Each(Limit),
    /// Every class of call has the bucket that AWS publishes for it.
    Published,
}

/// Faults in words that are not understood.
#[derive(Debug, PartialEq, Eq)]
pub struct NotUnderstood(String);

impl std::fmt::Display for NotUnderstood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::error::Error for NotUnderstood {}

/// `throttle=0.2,errors=0.05,lost=0.03,latency=150ms,pending=10s,unseen=5s,in-use=3s,limit=20/5,seed=7`, `limit=published`, `cut-at=5`,
/// `lost-at=5`
impl FromStr for Faults {
    type Err = NotUnderstood;

    fn from_str(text: &str) -> Result<Self, NotUnderstood> {
        let mut faults = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let wrong = || NotUnderstood(format!("{part:?} is not a fault: throttle=0.2, latency=150ms, …"));
            let (name, value) = part.split_once('=').ok_or_else(wrong)?;
            let duration = || duration(value).ok_or_else(wrong);
            let share = || value.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(wrong);
            match name {
                "seed" => faults.seed = value.parse().map_err(|_| wrong())?,
                "latency" => faults.latency = duration()?,
                "throttle" => faults.throttle = share()?,
                "limit" => faults.limit = Some(value.parse()?),
                "errors" => faults.errors = share()?,
                "lost" => faults.lost = share()?,
                "cut-at" => faults.cut_at = Some(value.parse().map_err(|_| wrong())?),
                "lost-at" => faults.lost_at = Some(value.parse().map_err(|_| wrong())?),
                "pending" => faults.pending = duration()?,
                "unseen" => faults.unseen = duration()?,
                "in-use" => faults.in_use = duration()?,
                _ => return Err(wrong()),
            }
        }
        Ok(faults)
    }
}

/// `published`, or `BURST/RATE` for every service.
impl FromStr for Limits {
    type Err = NotUnderstood;

    fn from_str(text: &str) -> Result<Self, NotUnderstood> {
        if text == "published" { Ok(Self::Published) } else { text.parse().map(Self::Each) }
    }
}

/// `BURST/RATE`: `20/5` is twenty calls at once and five a second.
impl FromStr for Limit {
    type Err = NotUnderstood;

    fn from_str(text: &str) -> Result<Self, NotUnderstood> {
        let wrong =
            || NotUnderstood(format!("{text:?} is not a limit: 20/5 is twenty at once, five a second"));
        let (burst, rate) = text.split_once('/').ok_or_else(wrong)?;
        let number = |text: &str| text.parse().ok().filter(|n: &f64| *n > 0.0).ok_or_else(wrong);
        Ok(Self { burst: number(burst)?, rate: number(rate)? })
    }
}

fn duration(text: &str) -> Option<Duration> {
    text.parse::<SignedDuration>().ok()?.try_into().ok()
}

/// What is done to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Served,
    Throttled,
    /// Answered with this status; whether it worked first.
    Failed {
        status: u16,
        worked: bool,
    },
    /// Worked, and not answered.
    Lost,
}

/// Decides the fate of calls.
#[derive(Debug)]
pub(crate) struct Dice {
    random: Rng,
    /// Tokens of each bucket, and when they were counted.
    tokens: BTreeMap<String, (f64, Duration)>,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Rng::with_seed(seed), tokens: BTreeMap::new() }
    }

    /// The fate of the next call, `now` after the start.
    pub(crate) fn roll(&mut self, faults: &Faults, call: &Call, now: Duration) -> Fate {
        // Always as many numbers, so that one fault more does not change all others.
        let [throttle, error, lost, kind] = [(); 4].map(|()| self.random.f64());
        if faults.limit.is_some_and(|limits| !self.take(limits, call, now)) || throttle < faults.throttle {
            return Fate::Throttled;
        }
        if error < faults.errors {
            let status = if kind < 0.5 { 500 } else { 503 };
            return Fate::Failed { status, worked: (kind * 4.0).fract() < 0.5 };
        }
        if lost < faults.lost { Fate::Lost } else { Fate::Served }
    }

    fn take(&mut self, limits: Limits, call: &Call, now: Duration) -> bool {
        let (bucket, limit) = match limits {
            Limits::Each(limit) => (call.service.clone(), limit),
            Limits::Published => published::limit(call),
        };
        let (tokens, counted) = self.tokens.entry(bucket).or_insert((limit.burst, now));
        let refill = now.saturating_sub(*counted).as_secs_f64() * limit.rate;
        *tokens = (*tokens + refill).min(limit.burst);
        *counted = now;
        let enough = *tokens >= 1.0;
        if enough {
            *tokens -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(service: &str, operation: &str) -> Call {
        Call { service: service.to_owned(), operation: operation.to_owned() }
    }

    #[test]
    fn faults_are_read_from_words() {
        let faults: Faults =
            "throttle=0.2,errors=0.05,lost=0.03,latency=150ms,unseen=5s,limit=20/5,seed=7,lost-at=5"
                .parse()
                .expect("faults");
        let expect = Faults {
            seed: 7,
            latency: Duration::from_millis(150),
            throttle: 0.2,
            limit: Some(Limits::Each(Limit { burst: 20.0, rate: 5.0 })),
            errors: 0.05,
            lost: 0.03,
            unseen: Duration::from_secs(5),
            lost_at: Some(5),
            ..Faults::default()
        };
        assert_eq!(faults, expect);
        assert_eq!("limit=published".parse::<Faults>().map(|f| f.limit), Ok(Some(Limits::Published)));
        assert_eq!("".parse(), Ok(Faults::default()));
        for wrong in ["lost", "lost=2", "latency=soon", "limit=5", "magic=1", "in-use=-1s", "cut-at=x"] {
            assert!(wrong.parse::<Faults>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_seed_decides_and_shares_are_kept() {
        let faults = Faults { throttle: 0.2, errors: 0.05, lost: 0.03, ..Faults::default() };
        let roll = |seed| {
            let mut dice = Dice::new(seed);
            (0..10_000)
                .map(|_| dice.roll(&faults, &call("ec2", "CreateVpc"), Duration::ZERO))
                .collect::<Vec<_>>()
        };
        let fates = roll(1);
        assert_eq!(fates, roll(1));
        assert_ne!(fates, roll(2));
        let share = |what: fn(&Fate) -> bool| fates.iter().filter(|fate| what(fate)).count();
        assert!((1_800..2_200).contains(&share(|fate| *fate == Fate::Throttled)));
        assert!((300..500).contains(&share(|fate| matches!(fate, Fate::Failed { .. }))));
        assert!((180..300).contains(&share(|fate| *fate == Fate::Lost)));
        for status in [500, 503] {
            for worked in [true, false] {
                assert!(fates.contains(&Fate::Failed { status, worked }));
            }
        }
    }

    #[test]
    fn every_service_has_a_bucket_of_its_own_that_fills_again() {
        let faults =
            Faults { limit: Some(Limits::Each(Limit { burst: 2.0, rate: 1.0 })), ..Faults::default() };
        let mut dice = Dice::new(0);
        let mut served = |service, seconds| {
            dice.roll(&faults, &call(service, "CreateIt"), Duration::from_secs(seconds)) == Fate::Served
        };
        assert_eq!([(); 3].map(|()| served("ec2", 0)), [true, true, false]);
        assert!(served("iam", 0));
        assert_eq!([(); 2].map(|()| served("ec2", 1)), [true, false]);
        assert_eq!([(); 3].map(|()| served("ec2", 60)), [true, true, false]);
    }

    #[test]
    fn published_limits_are_by_operation() {
        let faults = Faults { limit: Some(Limits::Published), ..Faults::default() };
        let mut dice = Dice::new(0);
        let mut served = |operation, count| {
            (0..count)
                .filter(|_| dice.roll(&faults, &call("ec2", operation), Duration::ZERO) == Fate::Served)
                .count()
        };
        assert_eq!(
            [served("CreateSubnet", 60), served("CreateVpc", 60), served("DescribeVpcs", 120)],
            [50, 50, 100]
        );
    }
}
