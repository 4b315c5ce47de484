//! The limiter: holds calls back so that published request limits are kept, one token bucket per class of call.
//!
//! A throttle halves a bucket's rate; it recovers steadily. Callers of one bucket are served in the order in which
//! they came. The arithmetic is pure; time is passed in.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use stackr_core::{BoxFuture, Limiter, Origin};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};

/// Throttles within this time of a cut belong to the burst that caused it.
const ONE_BURST: Duration = Duration::from_secs(1);
/// A cut rate is whole again after about this time without another.
const RECOVERY: Duration = Duration::from_secs(30);
/// However often it is cut, a rate stays above this part of its published figure.
const LEAST: f64 = 1.0 / 32.0;

/// How fast calls of one class may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// How many at once.
    pub burst: f64,
    /// How many a second after that.
    pub per_second: f64,
}

impl Rate {
    /// A rate.
    #[must_use]
    pub const fn new(burst: f64, per_second: f64) -> Self {
        Self { burst, per_second }
    }

    /// No limit.
    pub const UNLIMITED: Self = Self::new(f64::INFINITY, f64::INFINITY);
}

/// Tells the class of a call (service, operation).
pub type Rates = fn(&str, &str) -> Class;

/// Calls that share a bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Tells it from others.
    pub name: String,
    /// How fast its calls may go.
    pub rate: Rate,
    /// Whether all regions of an account share it.
    pub global: bool,
}

/// One token bucket. `now` is any steadily growing time.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    published: Rate,
    per_second: f64,
    tokens: f64,
    at: Duration,
    cut: Option<Duration>,
}

impl Bucket {
    pub(crate) fn new(rate: Rate, now: Duration) -> Self {
        Self { published: rate, per_second: rate.per_second, tokens: rate.burst, at: now, cut: None }
    }

    /// Takes a token, or says how long to wait before trying again.
    pub(crate) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        if self.published.burst.is_infinite() {
            return Ok(());
        }
        self.fill(now);
        // A hair less than one counts, so that rounding does not make anybody wait twice.
        if self.tokens >= 1.0 - 1e-9 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / self.per_second))
    }

    /// A call was throttled: others have taken what we thought was ours.
    pub(crate) fn throttled(&mut self, now: Duration) {
        self.fill(now);
        self.tokens = self.tokens.min(0.0);
        if self.cut.is_none_or(|cut| now.saturating_sub(cut) >= ONE_BURST) {
            self.cut = Some(now);
            self.per_second = (self.per_second / 2.0).max(self.published.per_second * LEAST);
        }
    }

    fn fill(&mut self, now: Duration) {
        let seconds = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.tokens = (self.tokens + seconds * self.per_second).min(self.published.burst);
        let recovered = self.published.per_second * seconds / RECOVERY.as_secs_f64();
        self.per_second = (self.per_second + recovered).min(self.published.per_second);
    }
}

/// A bucket with the queue of those who want a token.
struct Gate {
    bucket: Mutex<Bucket>,
    /// One at a time waits for the next token; the others wait for their turn, in order.
    turn: Semaphore,
}

impl Gate {
    fn with<T>(&self, f: impl FnOnce(&mut Bucket) -> T) -> T {
        f(&mut self.bucket.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The limiter of a process, for all its accounts and regions.
pub struct RateLimiter {
    rates: Rates,
    gates: Mutex<HashMap<String, Arc<Gate>>>,
    began: Instant,
}

impl RateLimiter {
    /// A limiter with these rates.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        Self { rates, gates: Mutex::default(), began: Instant::now() }
    }

    /// A limiter with AWS's published limits.
    #[must_use]
    pub fn published() -> Self {
        Self::new(crate::rates::published)
    }

    /// A limiter that limits nothing: for local emulators.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::new(|_, _| Class { name: String::new(), rate: Rate::UNLIMITED, global: true })
    }

    fn gate(&self, to: &Origin, service: &str, operation: &str) -> Arc<Gate> {
        let Class { name, rate, global } = (self.rates)(service, operation);
        let region = if global { "" } else { to.region.as_str() };
        let class = format!("{}/{region}/{name}", to.account);
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.began.elapsed();
        let gate = gates.entry(class).or_insert_with(|| {
            Arc::new(Gate { bucket: Mutex::new(Bucket::new(rate, now)), turn: Semaphore::new(1) })
        });
        Arc::clone(gate)
    }
}

impl Limiter for RateLimiter {
    fn acquire<'a>(&'a self, to: &'a Origin, service: &'a str, operation: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let gate = self.gate(to, service, operation);
            // Never closed, so there is always a turn.
            let _turn = gate.turn.acquire().await;
            while let Err(wait) = gate.with(|bucket| bucket.take(self.began.elapsed())) {
                sleep(wait.max(Duration::from_millis(1))).await;
            }
        })
    }

    fn answered(&self, to: &Origin, service: &str, operation: &str, throttled: bool) {
        if throttled {
            self.gate(to, service, operation).with(|bucket| bucket.throttled(self.began.elapsed()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(s: f64) -> Duration {
        Duration::from_secs_f64(s)
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let mut bucket = Bucket::new(Rate::new(3.0, 2.0), Duration::ZERO);
        for _ in 0..3 {
            assert_eq!(bucket.take(Duration::ZERO), Ok(()));
        }
        assert_eq!(bucket.take(Duration::ZERO), Err(seconds(0.5)));
        assert_eq!(bucket.take(seconds(0.5)), Ok(()));
        assert_eq!(bucket.take(seconds(0.75)), Err(seconds(0.25)));
        for _ in 0..3 {
            assert_eq!(bucket.take(seconds(100.0)), Ok(()));
        }
        assert!(bucket.take(seconds(100.0)).is_err());
    }

    #[test]
    fn a_throttle_halves_once_per_burst_and_the_rate_recovers() {
        let mut bucket = Bucket::new(Rate::new(10.0, 8.0), Duration::ZERO);
        bucket.throttled(seconds(1.0));
        bucket.throttled(seconds(1.1));
        assert!((4.0..4.1).contains(&bucket.per_second), "{}", bucket.per_second);
        assert!(bucket.take(seconds(1.1)).is_err());
        bucket.throttled(seconds(2.2));
        assert!((2.0..2.5).contains(&bucket.per_second), "{}", bucket.per_second);
        for n in 0..100 {
            bucket.throttled(seconds(10.0 + f64::from(n) * 2.0));
        }
        assert!(bucket.per_second >= 8.0 * LEAST);
        bucket.fill(seconds(1000.0));
        assert_eq!(bucket.per_second, 8.0);
    }

    fn ten_a_second(service: &str, _: &str) -> Class {
        Class { name: "all".to_owned(), rate: Rate::new(2.0, 10.0), global: service == "iam" }
    }

    #[tokio::test(start_paused = true)]
    async fn accounts_and_regions_have_buckets_of_their_own() {
        let (limiter, began) = (RateLimiter::new(ten_a_second), Instant::now());
        let to = |account: &str, region: &str| Origin {
            account: account.to_owned(),
            region: region.to_owned(),
            ..Origin::default()
        };
        for to in [to("1", "a"), to("1", "b"), to("2", "a")] {
            limiter.acquire(&to, "ec2", "CreateVpc").await;
            limiter.acquire(&to, "ec2", "CreateVpc").await;
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        for to in [to("1", "a"), to("1", "b"), to("2", "a")] {
            limiter.acquire(&to, "iam", "CreateRole").await;
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        limiter.acquire(&to("1", "c"), "iam", "CreateRole").await;
        assert!(began.elapsed() > Duration::from_millis(90), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn callers_are_served_in_order_at_the_rate() {
        let limiter = Arc::new(RateLimiter::new(ten_a_second));
        let order = Arc::new(Mutex::new(Vec::new()));
        let began = Instant::now();
        let tasks: Vec<_> = (0..22)
            .map(|n| {
                let (limiter, order) = (Arc::clone(&limiter), Arc::clone(&order));
                tokio::spawn(async move {
                    limiter.acquire(&Origin::default(), "ec2", "CreateVpc").await;
                    order.lock().unwrap().push(n);
                })
            })
            .collect();
        futures::future::join_all(tasks).await;
        assert_eq!(*order.lock().unwrap(), (0..22).collect::<Vec<_>>());
        assert!((2.0..2.1).contains(&began.elapsed().as_secs_f64()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn without_limits_nobody_waits() {
        let (limiter, began) = (RateLimiter::unlimited(), Instant::now());
        for _ in 0..10_000 {
            limiter.acquire(&Origin::default(), "ec2", "CreateVpc").await;
        }
        limiter.answered(&Origin::default(), "ec2", "CreateVpc", true);
        limiter.acquire(&Origin::default(), "ec2", "CreateVpc").await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
