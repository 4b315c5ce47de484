//! The journal: one run's session, written by one commit at a time.
//!
//! What comes while a commit is in flight is grouped into the next. Nothing here is a lock: the session is either
//! idle here or owned by the write in flight.

use std::{collections::VecDeque, mem, time::Duration};

use futures::future::BoxFuture;
use jiff::Timestamp;
use stackr_plan::StepId;
use stackr_state::{Entry, Error, Outcome, Session, State};
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, sleep},
};

/// How long a store that does not answer is tried again before the run gives it up.
const TROUBLE: Duration = Duration::from_secs(90);

/// How long results that nobody waits for may wait for company: fewer, larger parts, and still durable soon.
const GATHER: Duration = Duration::from_millis(50);

/// The delay before a store that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Entries of one step that become durable together.
pub(crate) struct Item {
    pub(crate) step: StepId,
    pub(crate) entries: Vec<Entry>,
    pub(crate) noted: bool,
    pub(crate) durable: Option<oneshot::Sender<()>>,
}

/// What came of a write.
pub(crate) enum Turn {
    /// These are durable.
    Durable(Vec<Item>),
    /// These are, and these cannot be recorded: a bug.
    Illegal { durable: Vec<Item>, refused: Vec<(Item, String)> },
    /// The store failed; it is tried again.
    Trouble,
    /// State cannot be written any more.
    Lost(Error),
    /// The lease was renewed, or will be next time.
    Quiet,
}

enum Wrote {
    Items(Written),
    /// The lease now lasts until then.
    Renewed(Result<Instant, Error>),
}

/// What became of items. With an error, `durable` are those that the session has taken and not written.
#[derive(Default)]
struct Written {
    durable: Vec<Item>,
    refused: Vec<(Item, String)>,
    /// Not tried.
    back: Vec<Item>,
    error: Option<Error>,
}

/// The session of a run.
pub(crate) struct Journal {
    idle: Option<Session>,
    busy: Option<BoxFuture<'static, (Session, Wrote)>>,
    queue: VecDeque<Item>,
    /// When the queue is written though nobody waits for it.
    due: Option<Instant>,
    /// What the session holds and has not written yet.
    kept: Vec<Item>,
    /// What could not follow, from a write that failed otherwise.
    refused: Vec<(Item, String)>,
    trouble: Option<Instant>,
    renewal: Option<Timestamp>,
    /// Until when the lease lasts, as far as this process knows.
    lasts: watch::Sender<Instant>,
    lost: bool,
}

impl Journal {
    pub(crate) fn new(session: Session, now: Timestamp) -> Self {
        let left = Duration::try_from(session.lease().expires.duration_since(now)).unwrap_or_default();
        Self {
            lasts: watch::Sender::new(Instant::now() + left),
            idle: Some(session),
            busy: None,
            queue: VecDeque::new(),
            due: None,
            kept: Vec::new(),
            refused: Vec::new(),
            trouble: None,
            renewal: None,
            lost: false,
        }
    }

    /// Until when the lease lasts: whoever goes on after that may not be alone.
    pub(crate) fn lasts(&self) -> watch::Receiver<Instant> {
        self.lasts.subscribe()
    }

    /// How often the lease is to be renewed.
    pub(crate) fn rhythm(&self) -> Duration {
        let term = self.idle.as_ref().map_or(Duration::from_secs(60), term);
        (term / 3).max(Duration::from_millis(100))
    }

    /// Queues entries for the next write.
    pub(crate) fn push(&mut self, item: Item) {
        let now = Instant::now();
        let due = if item.noted { now } else { now + GATHER };
        self.due = Some(self.due.map_or(due, |known| known.min(due)));
        self.queue.push_back(item);
    }

    /// When the next write is due, if something waits for it and none is in flight.
    pub(crate) fn wakes_at(&self) -> Option<Instant> {
        self.due.filter(|_| self.busy.is_none())
    }

    /// Lets nothing wait for company any more.
    pub(crate) fn flush(&mut self) {
        self.due = self.due.map(|_| Instant::now());
    }

    /// Asks for a renewal of the lease with the next write.
    pub(crate) fn renew(&mut self, now: Timestamp) {
        self.renewal = Some(now);
    }

    /// Starts the next write, if one is due and none is in flight.
    pub(crate) fn kick(&mut self) {
        if self.lost {
            // Whoever waits is told by the dropped answer that nothing may be done any more.
            self.queue.clear();
            self.kept.clear();
            self.due = None;
            return;
        }
        if self.busy.is_some() {
            return;
        }
        let renewal = self.renewal.take();
        let due = self.due.is_some_and(|due| due <= Instant::now());
        let write = renewal.is_some() || due || self.trouble.is_some();
        let Some(session) = self.idle.take_if(|_| write) else { return };
        if let Some(now) = renewal {
            // From before the call on, whenever it is answered.
            let lasts = Instant::now() + term(&session);
            self.busy = Some(Box::pin(renew(session, now, lasts)));
            return;
        }
        let kept = mem::take(&mut self.kept);
        let mut items = Vec::new();
        if self.trouble.is_none() {
            items = mem::take(&mut self.queue).into();
            self.due = None;
        }
        let delay = if self.trouble.is_some() { AGAIN } else { Duration::ZERO };
        self.busy = Some(Box::pin(write_items(session, kept, items, delay)));
    }

    /// Whether a write is in flight.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.is_some()
    }

    /// Whether the store failed last time.
    pub(crate) fn is_troubled(&self) -> bool {
        self.trouble.is_some()
    }

    /// Whether everything that was pushed is durable.
    pub(crate) fn is_flushed(&self) -> bool {
        self.busy.is_none() && self.queue.is_empty() && self.kept.is_empty()
    }

    /// What came of the write in flight. Never ends if there is none. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Turn {
        let Some(busy) = &mut self.busy else { return std::future::pending().await };
        let (session, wrote) = busy.await;
        self.busy = None;
        self.idle = Some(session);
        let Written { durable, refused, back, error } = match wrote {
            Wrote::Items(written) => written,
            Wrote::Renewed(Err(error @ Error::Fenced { .. })) => {
                self.lost = true;
                return Turn::Lost(error);
            }
            Wrote::Renewed(Err(_)) => return Turn::Quiet,
            Wrote::Renewed(Ok(lasts)) => {
                self.lasts.send_replace(lasts);
                return Turn::Quiet;
            }
        };
        for item in back.into_iter().rev() {
            self.due = Some(Instant::now());
            self.queue.push_front(item);
        }
        match error {
            None => {
                self.trouble = None;
                let mut all = mem::take(&mut self.refused);
                all.extend(refused);
                let refused = all;
                if refused.is_empty() { Turn::Durable(durable) } else { Turn::Illegal { durable, refused } }
            }
            Some(error) => {
                self.kept = durable;
                self.refused = refused;
                let since = *self.trouble.get_or_insert_with(Instant::now);
                let hopeless = matches!(error, Error::Fenced { .. } | Error::Ended { .. });
                self.lost = hopeless || since.elapsed() >= TROUBLE;
                if self.lost { Turn::Lost(error) } else { Turn::Trouble }
            }
        }
    }

    /// The state, unless a write is in flight.
    pub(crate) fn state(&self) -> Option<&State> {
        self.idle.as_ref().map(Session::state)
    }

    /// Makes the beginning of the run durable, with these entries.
    pub(crate) async fn begin(&mut self, entries: Vec<Entry>) -> Result<(), Error> {
        let Some(session) = &mut self.idle else { return Ok(()) };
        if entries.is_empty() { session.begin().await } else { session.commit(entries).await }
    }

    /// Ends the session: with the last entries and the outcome, or, where it is lost, by leaving the journal to the
    /// next run. Gives the state as it is known.
    pub(crate) async fn close(
        mut self,
        entries: Vec<Entry>,
        outcome: Outcome,
        limits: Option<(Instant, Instant)>,
    ) -> Result<State, (Option<State>, Error)> {
        let (written, released) = limits.unzip();
        if let Some(busy) = self.busy.take() {
            // A write that is not answered keeps its session.
            let Some((session, _)) = by(written, busy).await else { return Err((None, silent())) };
            self.idle = Some(session);
        }
        let mut session = self.idle.take().expect("a session is idle when no write is in flight");
        let ended = if self.lost {
            by(released, session.abandon()).await.unwrap_or_else(|| Err(silent()))
        } else {
            let end = async {
                session.commit(entries).await?;
                session.finish(outcome).await
            };
            let ended = by(written, end).await.unwrap_or_else(|| Err(silent()));
            if ended.is_err() {
                // The journal holds everything; giving the lease back is a courtesy.
                drop(by(released, session.abandon()).await);
            }
            ended
        };
        let state = session.into_state();
        match ended {
            Ok(()) => Ok(state),
            Err(error) => Err((Some(state), error)),
        }
    }
}

/// What comes of something until a time, if there is one.
async fn by<T>(until: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match until {
        Some(until) => tokio::time::timeout_at(until, work).await.ok(),
        None => Some(work.await),
    }
}

/// A store that was not waited for any longer.
fn silent() -> Error {
    Error::Unavailable { place: "the state".to_owned(), verb: "written in time", source: None }
}

async fn renew(mut session: Session, now: Timestamp, lasts: Instant) -> (Session, Wrote) {
    let renewed = session.renew(now).await.map(|()| lasts);
    (session, Wrote::Renewed(renewed))
}

/// How long a lease lasts without a renewal.
fn term(session: &Session) -> Duration {
    let lease = session.lease();
    Duration::try_from(lease.expires.duration_since(lease.heartbeat)).unwrap_or(Duration::from_secs(60))
}

/// Writes all items as one part; if one of them cannot follow, each alone, so that the others are not lost. Items
/// that the session has taken and could not write come back as the first with the error.
async fn write_items(
    mut session: Session,
    kept: Vec<Item>,
    mut items: Vec<Item>,
    delay: Duration,
) -> (Session, Wrote) {
    if !delay.is_zero() {
        sleep(delay).await;
    }
    let mut written = Written { durable: kept, ..Written::default() };
    let lengths: Vec<usize> = items.iter().map(|item| item.entries.len()).collect();
    let mut all: Vec<Entry> = items.iter_mut().flat_map(|item| mem::take(&mut item.entries)).collect();
    match session.offer(&mut all).await {
        Err(Error::Illegal(_)) => {
            let mut all = all.into_iter();
            for (mut item, length) in items.into_iter().zip(lengths) {
                item.entries = all.by_ref().take(length).collect();
                if written.error.is_some() {
                    written.back.push(item);
                    continue;
                }
                match session.commit(item.entries.clone()).await {
                    Err(Error::Illegal(illegal)) => written.refused.push((item, illegal.to_string())),
                    other => {
                        written.error = other.err();
                        written.durable.push(item);
                    }
                }
            }
        }
        other => {
            written.error = other.err();
            written.durable.extend(items);
        }
    }
    (session, Wrote::Items(written))
}
