//! The poller: one actor per type and cloud that reads everything its steps wait for in as few calls as possible.
//!
//! A step asks to look at an id after a delay. When the first look is due, every other that is nearly due goes with
//! it in the same plural read, so hundreds of pending objects cost one call per interval.

use std::{sync::Arc, time::Duration};

use stackr_core::{AnyResource, AnySeen, Cloud, CloudError, Result};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// How long a look waits for company: less than any call takes.
const GATHER: Duration = Duration::from_millis(2);

/// More reads at once would not be answered sooner.
const IN_FLIGHT: usize = 4;

/// What a look shows. The error is shared by everything that was read in one call.
pub(crate) type Look = Result<Option<AnySeen>, Arc<CloudError>>;

struct Request {
    id: String,
    due: Instant,
    /// From here on it may go with another that is due.
    from: Instant,
    answer: oneshot::Sender<Look>,
}

/// The way to the actor.
#[derive(Clone)]
pub(crate) struct Poller(mpsc::UnboundedSender<Request>);

impl Poller {
    /// Starts the actor. It ends when the last clone of the poller is dropped.
    pub(crate) fn start(resource: Arc<dyn AnyResource>, cloud: Arc<dyn Cloud>) -> Self {
        let (send, requests) = mpsc::unbounded_channel();
        drop(tokio::spawn(serve(resource, cloud, requests)));
        Self(send)
    }

    /// How an object is, after this delay or a little earlier.
    pub(crate) async fn look(&self, id: &str, delay: Duration) -> Look {
        let now = Instant::now();
        let (answer, answered) = oneshot::channel();
        let request =
            Request { id: id.to_owned(), due: now + delay.max(GATHER), from: now + delay / 2, answer };
        let gone = |_| Arc::new(CloudError::bug("the read of this type was given up"));
        self.0.send(request).map_err(|_| Arc::new(CloudError::bug("the reader of this type has ended")))?;
        answered.await.map_err(gone)?
    }
}

async fn serve(
    resource: Arc<dyn AnyResource>,
    cloud: Arc<dyn Cloud>,
    mut requests: mpsc::UnboundedReceiver<Request>,
) {
    let mut waiting: Vec<Request> = Vec::new();
    // The earliest of those that wait: looking at all of them for each that comes would take its square.
    let mut due: Option<Instant> = None;
    let mut reads = JoinSet::new();
    let mut open = true;
    while open || !waiting.is_empty() {
        let alarm = async move {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            request = requests.recv(), if open => match request {
                Some(request) => {
                    due = Some(due.map_or(request.due, |known| known.min(request.due)));
                    waiting.push(request);
                }
                None => open = false,
            },
            Some(_) = reads.join_next() => {}
            () = alarm, if reads.len() < IN_FLIGHT => {
                let now = Instant::now();
                // Nobody is waiting any more for what was abandoned.
                waiting.retain(|r| !r.answer.is_closed());
                let (take, keep) = waiting.into_iter().partition(|r| r.from <= now);
                waiting = keep;
                due = waiting.iter().map(|r| r.due).min();
                reads.spawn(read(Arc::clone(&resource), Arc::clone(&cloud), take));
            }
        }
    }
    while reads.join_next().await.is_some() {}
}

/// Reads once for all. Where one id spoils the call for the others, each is read alone.
async fn read(resource: Arc<dyn AnyResource>, cloud: Arc<dyn Cloud>, requests: Vec<Request>) {
    let mut ids: Vec<String> = requests.iter().map(|r| r.id.clone()).collect();
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        return;
    }
    match read_all(&*resource, &*cloud, &ids).await {
        Err(error) if ids.len() > 1 && !passes(&error) => {
            for request in requests {
                let alone = read_all(&*resource, &*cloud, std::slice::from_ref(&request.id)).await;
                let look = alone.map(|mut seen| seen.pop().flatten()).map_err(Arc::new);
                // A step that no longer waits does not mind.
                drop(request.answer.send(look));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for request in requests {
                drop(request.answer.send(Err(Arc::clone(&error))));
            }
        }
        Ok(seen) => {
            for request in requests {
                let found =
                    ids.binary_search(&request.id).ok().and_then(|at| seen.get(at).cloned().flatten());
                drop(request.answer.send(Ok(found)));
            }
        }
    }
}

/// Whether the same call may work a moment later, so that splitting it is no remedy.
pub(crate) fn passes(error: &CloudError) -> bool {
    use stackr_core::ErrorKind::{
        Conflict, Credentials, Denied, Propagating, Throttled, Transient, Unsupported,
    };
    matches!(
        error.kind(),
        Throttled | Transient | Conflict | Propagating | Denied | Credentials | Unsupported
    )
}

/// The plural read, checked.
pub(crate) async fn read_all(
    resource: &dyn AnyResource,
    cloud: &dyn Cloud,
    ids: &[String],
) -> Result<Vec<Option<AnySeen>>> {
    checked(resource, resource.read(cloud, ids).await, ids.len())
}

/// As many answers as were asked for, and "not found" is an answer.
pub(crate) fn checked(
    resource: &dyn AnyResource,
    answer: Result<Vec<Option<AnySeen>>>,
    asked: usize,
) -> Result<Vec<Option<AnySeen>>> {
    match answer {
        Ok(seen) if seen.len() == asked => Ok(seen),
        Ok(seen) => Err(CloudError::bug(format!(
            "{} of {asked} objects of type {} were read",
            seen.len(),
            resource.schema().ty
        ))),
        Err(error) if error.kind() == stackr_core::ErrorKind::NotFound && asked == 1 => Ok(vec![None]),
        Err(error) => Err(error),
    }
}
