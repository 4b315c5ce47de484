//! The poller: one actor per type and cloud that reads everything its steps wait for in as few calls as possible.
//!
//! A step asks to look at an id after a delay. When the first look is due, every other that is nearly due goes with
//! it in the same plural read, so hundreds of pending objects cost one call per interval. A step that waits for an
//! object to change is told when it has: waking thousands of steps to learn nothing would cost more than the reads.

use std::{mem, sync::Arc, time::Duration};

use stackr_core::{AnyResource, AnySeen, Cloud, CloudError, Looks, Result};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{pace::Pace, random::Jitter};

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
    answer: oneshot::Sender<Answer>,
    /// Absent where one look is all that is asked for.
    watch: Option<Box<Watch>>,
}

type Answer = (Look, Option<Box<Watch>>);

/// What is looked at until it is not as it was.
pub(crate) struct Watch {
    /// As it was seen last.
    pub(crate) known: Arc<AnySeen>,
    /// The delays between the looks.
    pub(crate) pace: Pace,
    pub(crate) jitter: Jitter,
    /// Since when it is waited for.
    pub(crate) began: Instant,
    /// How long that may take: the first look after it is told whatever it shows.
    pub(crate) limit: Duration,
    /// After what time the last look showed nothing new.
    pub(crate) looked: Duration,
}

impl Watch {
    /// The delay before the next look, if this one shows nothing to tell.
    fn again(&mut self, look: &Look) -> Option<Duration> {
        let now = self.began.elapsed();
        let same = matches!(look, Ok(Some(seen)) if *seen == *self.known);
        (same && now < self.limit).then(|| {
            self.looked = now;
            self.pace.next(now, &mut self.jitter)
        })
    }
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
        self.ask(id, delay, None).await.0
    }

    /// How an object is when it is no longer as it was, or was looked at for too long. The first look is after this
    /// delay or a little earlier. The watch comes back, unless the poller is gone.
    pub(crate) async fn watch(&self, id: &str, delay: Duration, watch: Watch) -> Answer {
        self.ask(id, delay, Some(Box::new(watch))).await
    }

    async fn ask(&self, id: &str, delay: Duration, watch: Option<Box<Watch>>) -> Answer {
        let (answer, answered) = oneshot::channel();
        let now = Instant::now();
        let mut request = Request { id: id.to_owned(), due: now, from: now, answer, watch };
        request.wait(delay);
        let gone = |why| (Err(Arc::new(CloudError::bug(why))), None);
        if self.0.send(request).is_err() {
            return gone("the reader of this type has ended");
        }
        answered.await.unwrap_or_else(|_| gone("the read of this type was given up"))
    }
}

impl Request {
    fn wait(&mut self, delay: Duration) {
        let now = Instant::now();
        (self.due, self.from) = (now + delay.max(GATHER), now + delay / 2);
    }

    /// Tells what a look shows; gives the request back if there is nothing to tell yet.
    fn tell(mut self, look: Look) -> Option<Self> {
        if let Some(delay) = self.watch.as_mut().and_then(|watch| watch.again(&look)) {
            self.wait(delay);
            return Some(self);
        }
        // A step that no longer waits does not mind.
        drop(self.answer.send((look, self.watch)));
        None
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
    while open || !waiting.is_empty() || !reads.is_empty() {
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
            Some(read) = reads.join_next() => {
                let again: Vec<Request> = read.unwrap_or_default();
                due = due.into_iter().chain(again.iter().map(|r| r.due)).min();
                waiting.extend(again);
            }
            () = alarm, if reads.len() < IN_FLIGHT => {
                let now = Instant::now();
                // Nobody is waiting any more for what was abandoned.
                waiting.retain(|r| !r.answer.is_closed());
                let mut take = Vec::with_capacity(waiting.len());
                take.extend(waiting.extract_if(.., |r| r.from <= now));
                due = waiting.iter().map(|r| r.due).min();
                if !take.is_empty() {
                    reads.spawn(read(Arc::clone(&resource), Arc::clone(&cloud), take));
                }
            }
        }
    }
}

/// Reads once for all, and gives back what is to be looked at again. Where one id spoils the call for the others, each
/// is read alone.
async fn read(
    resource: Arc<dyn AnyResource>,
    cloud: Arc<dyn Cloud>,
    mut requests: Vec<Request>,
) -> Vec<Request> {
    let (mut ids, places) = ids(&mut requests);
    let each_once = ids.len() == requests.len();
    let looks = match look_all(&*resource, &*cloud, &ids).await {
        Err(error) if ids.len() > 1 && !passes(&error) => {
            let mut again = Vec::new();
            for (mut request, at) in requests.into_iter().zip(places) {
                let alone = read_all(&*resource, &*cloud, std::slice::from_ref(&ids[at])).await;
                request.id.clone_from(&ids[at]);
                again.extend(request.tell(alone.map(|mut seen| seen.pop().flatten()).map_err(Arc::new)));
            }
            return again;
        }
        looks => looks.map_err(Arc::new),
    };
    let mut again = Vec::with_capacity(requests.len());
    let answers = requests.into_iter().zip(places);
    match looks {
        Ok(mut looks) if each_once => {
            for (mut request, at) in answers {
                request.id = mem::take(&mut ids[at]);
                again.extend(request.tell(Ok(looks.take(at))));
            }
        }
        looks => {
            let seen = looks.map(|mut looks| (0..ids.len()).map(|at| looks.take(at)).collect::<Vec<_>>());
            for (mut request, at) in answers {
                request.id.clone_from(&ids[at]);
                again.extend(request.tell(seen.as_ref().map(|seen| seen[at].clone()).map_err(Arc::clone)));
            }
        }
    }
    again
}

/// The ids that are asked for, sorted and each once, and the place of each request's id among them.
fn ids(requests: &mut [Request]) -> (Vec<String>, Vec<usize>) {
    let mut order: Vec<usize> = (0..requests.len()).collect();
    order.sort_by(|one, other| requests[*one].id.cmp(&requests[*other].id));
    let (mut ids, mut places) = (Vec::with_capacity(requests.len()), vec![0; requests.len()]);
    for number in order {
        let id = mem::take(&mut requests[number].id);
        if ids.last() != Some(&id) {
            ids.push(id);
        }
        places[number] = ids.len() - 1;
    }
    (ids, places)
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
    Ok(all(look_all(resource, cloud, ids).await?))
}

/// The same, not turned into values yet.
async fn look_all(resource: &dyn AnyResource, cloud: &dyn Cloud, ids: &[String]) -> Result<Box<dyn Looks>> {
    checked(resource, resource.look(cloud, ids).await, ids.len())
}

/// What is seen of each.
pub(crate) fn all(mut looks: Box<dyn Looks>) -> Vec<Option<AnySeen>> {
    (0..looks.count()).map(|at| looks.take(at)).collect()
}

/// As many answers as were asked for, and "not found" is an answer.
pub(crate) fn checked(
    resource: &dyn AnyResource,
    answer: Result<Box<dyn Looks>>,
    asked: usize,
) -> Result<Box<dyn Looks>> {
    match answer {
        Ok(looks) if looks.count() == asked => Ok(looks),
        Ok(looks) => Err(CloudError::bug(format!(
            "{} of {asked} objects of type {} were read",
            looks.count(),
            resource.schema().ty
        ))),
        Err(error) if error.kind() == stackr_core::ErrorKind::NotFound && asked == 1 => {
            Ok(Box::new(vec![None]))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use stackr_core::{AnyCreate, Status, Value};

    use super::*;
    use crate::{expected::Expected, fake::Fake};

    fn watch(known: AnySeen, limit: Duration) -> Watch {
        let pace = Pace::new(Expected::UNKNOWN, Duration::from_millis(200));
        let (jitter, began) = (Jitter::new(1, 0), Instant::now());
        Watch { known: Arc::new(known), pace, jitter, began, limit, looked: Duration::ZERO }
    }

    /// A cloud with so many gateways that have just been made, and a poller of them.
    async fn pending(gateways: usize) -> (Fake, Poller, Vec<String>) {
        let (fake, registry) = (Fake::new(), Fake::registry());
        let make = async |ty: &str, args: Value, token: String| {
            let made = registry.resource(ty).unwrap().create(&fake, AnyCreate { args: &args, token: &token });
            made.await.unwrap().id
        };
        let args = Value::object([("range", Value::from("10.0"))]);
        let network = make("fake_network", args, "n".to_owned()).await;
        let mut ids = Vec::new();
        for n in 0..gateways {
            let args = Value::object([("network_id", Value::from(network.as_str())), ("size", 1.into())]);
            ids.push(make("fake_gateway", args, format!("t{n}")).await);
        }
        let resource = Arc::clone(registry.resource("fake_gateway").unwrap());
        let poller = Poller::start(resource, Arc::new(fake.clone()));
        (fake, poller, ids)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_watched_is_told_once_when_it_has_changed_and_read_together() {
        let (fake, poller, ids) = pending(20).await;
        let began = Instant::now();
        let wait = |id: String| {
            let poller = poller.clone();
            async move {
                let first = poller.look(&id, Duration::ZERO).await.unwrap().unwrap();
                assert_eq!(first.status, Status::Pending("pending".to_owned()));
                let watch = watch(first, Duration::from_secs(600));
                let (told, watch) = poller.watch(&id, Duration::from_millis(200), watch).await;
                assert_eq!(told.unwrap().unwrap().status, Status::Ready, "{id}");
                assert!(watch.unwrap().looked > Duration::from_secs(50));
            }
        };
        futures::future::join_all(ids.into_iter().map(wait)).await;
        let took = began.elapsed().as_secs_f64();
        assert!((59.0..63.0).contains(&took), "{took}");
        let reads = fake.with(|w| w.calls.iter().filter(|call| *call == "read fake_gateway").count());
        assert!(reads < 200, "{reads}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_change_is_told_when_it_was_watched_long_enough() {
        let (_, poller, ids) = pending(1).await;
        let first = poller.look(&ids[0], Duration::ZERO).await.unwrap().unwrap();
        let began = Instant::now();
        let watch = watch(first.clone(), Duration::from_secs(20));
        let (told, _) = poller.watch(&ids[0], Duration::ZERO, watch).await;
        assert_eq!(told.unwrap(), Some(first));
        assert!((20.0..22.0).contains(&began.elapsed().as_secs_f64()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn who_looks_at_the_same_object_twice_at_once_is_told_twice() {
        let (fake, poller, ids) = pending(2).await;
        let looks = [&ids[1], &ids[0], &ids[1]].map(|id| poller.look(id, Duration::ZERO));
        let seen = futures::future::join_all(looks).await;
        assert!(seen.iter().all(|look| matches!(look, Ok(Some(_)))), "{seen:?}");
        assert_eq!(fake.with(|w| w.sizes.last().copied()), Some(2));
    }
}
