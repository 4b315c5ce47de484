//! Gather: several types may need the same answer of AWS, each for objects of its own. Questions that are asked before
//! the first of them has gone out go with it, as one call.
//!
//! Nothing is remembered: a call begins after every question that it answers, so no answer is older than its question.
//! Where a call fails that answers several, each asks for itself: one object may have spoiled it for the others.

use std::{
    any::{Any, TypeId},
    collections::{BTreeMap, BTreeSet, HashMap},
    future::Future,
    marker::PhantomData,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use stackr_core::{CloudError, ErrorKind, Result};
use tokio::{sync::oneshot, task::yield_now};

use crate::Service;

/// How often everything else has its turn before a question goes out: what is asked at the same time is ready by then.
const TURNS: usize = 8;

/// Something that AWS tells of many objects in one call, and that several types need.
pub(crate) trait Source: 'static {
    /// The SDK's client that it is asked through.
    type Client: Send + Sync;
    /// What an object is asked for by.
    type Key: Ord + Clone + Send + Sync;
    /// What is told of one object.
    type Answer: Clone + Send + Sync;
    /// Whether a call that nobody has heard the end of may be made again.
    const REPEATABLE: bool = true;

    /// Asks for all of them. What is not there is left out.
    fn ask(
        service: &Service<Self::Client>,
        keys: BTreeSet<Self::Key>,
    ) -> impl Future<Output = Result<BTreeMap<Self::Key, Self::Answer>>> + Send;
}

/// The questions that are gathering, by their source.
#[derive(Default)]
pub(crate) struct Gathering(Mutex<HashMap<TypeId, Box<dyn Any + Send>>>);

/// What a source has told of all that was asked.
type Told<S> = Arc<BTreeMap<<S as Source>::Key, <S as Source>::Answer>>;

/// Questions that will go out together.
struct Group<S: Source> {
    keys: BTreeSet<S::Key>,
    members: Vec<oneshot::Sender<Told<S>>>,
}

impl Gathering {
    fn lock(&self) -> MutexGuard<'_, HashMap<TypeId, Box<dyn Any + Send>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the group that is gathering; otherwise, begins one and gives nothing.
    fn join<S: Source>(&self, keys: &BTreeSet<S::Key>) -> Option<oneshot::Receiver<Told<S>>> {
        let mut groups = self.lock();
        match groups.get_mut(&TypeId::of::<S>()).and_then(|group| group.downcast_mut::<Group<S>>()) {
            Some(group) => {
                let (send, answered) = oneshot::channel();
                group.keys.extend(keys.iter().cloned());
                group.members.push(send);
                Some(answered)
            }
            None => {
                let group = Group::<S> { keys: keys.clone(), members: Vec::new() };
                groups.insert(TypeId::of::<S>(), Box::new(group));
                None
            }
        }
    }

    /// Ends the gathering.
    fn close<S: Source>(&self) -> Option<Group<S>> {
        let group = self.lock().remove(&TypeId::of::<S>())?;
        group.downcast().ok().map(|group| *group)
    }
}

/// Ends the gathering of whoever began it and was dropped before it asked: the others then ask for themselves.
struct Began<'a, S: Source> {
    gathering: &'a Gathering,
    open: bool,
    of: PhantomData<fn() -> S>,
}

impl<S: Source> Began<'_, S> {
    fn close(&mut self) -> Option<Group<S>> {
        self.open = false;
        self.gathering.close()
    }
}

impl<S: Source> Drop for Began<'_, S> {
    fn drop(&mut self) {
        if self.open {
            drop(self.gathering.close::<S>());
        }
    }
}

impl<C: Send + Sync> Service<C> {
    /// What a source tells of these objects, by their keys. What is not there is left out.
    ///
    /// # Errors
    /// What AWS or the network answered.
    pub(crate) async fn gather<S: Source<Client = C>>(
        &self,
        keys: impl IntoIterator<Item = S::Key>,
    ) -> Result<BTreeMap<S::Key, S::Answer>> {
        let keys: BTreeSet<_> = keys.into_iter().collect();
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        if let Some(answered) = self.gathering.join::<S>(&keys) {
            return match answered.await {
                Ok(all) => Ok(part(&all, &keys)),
                Err(_) if S::REPEATABLE => S::ask(self, keys).await,
                Err(_) => Err(CloudError::new(ErrorKind::Transient, self.name, "a shared call was given up")),
            };
        }
        let mut began = Began::<S> { gathering: &self.gathering, open: true, of: PhantomData };
        for _ in 0..TURNS {
            yield_now().await;
        }
        let Some(group) = began.close() else { return S::ask(self, keys).await };
        if group.members.is_empty() {
            return S::ask(self, keys).await;
        }
        let Ok(all) = S::ask(self, group.keys).await else {
            drop(group.members);
            return S::ask(self, keys).await;
        };
        let all = Arc::new(all);
        for member in group.members {
            // One that no longer waits does not mind.
            drop(member.send(Arc::clone(&all)));
        }
        Ok(part(&all, &keys))
    }
}

/// What is told of these keys.
fn part<K: Ord + Clone, V: Clone>(all: &BTreeMap<K, V>, keys: &BTreeSet<K>) -> BTreeMap<K, V> {
    let of = |key: &K| all.get(key).map(|value| (key.clone(), value.clone()));
    keys.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::service::testing::service;

    /// Doubles numbers. 0 spoils a call, 1 is not there.
    struct Doubles;

    impl Source for Doubles {
        type Client = AtomicUsize;
        type Key = u32;
        type Answer = u32;

        async fn ask(service: &Service<AtomicUsize>, keys: BTreeSet<u32>) -> Result<BTreeMap<u32, u32>> {
            service.client.fetch_add(1, Ordering::SeqCst);
            match keys.contains(&0) {
                true => Err(CloudError::bug("spoilt")),
                false => Ok(keys.into_iter().filter(|key| *key != 1).map(|key| (key, 2 * key)).collect()),
            }
        }
    }

    fn calls(service: &Service<AtomicUsize>) -> usize {
        service.client.swap(0, Ordering::SeqCst)
    }

    #[tokio::test]
    async fn questions_that_are_asked_together_are_one_call_and_later_ones_another() {
        let service = service("test", AtomicUsize::new(0));
        let ask = |keys: [u32; 2]| service.gather::<Doubles>(keys);
        let (a, b, c) = futures::join!(ask([2, 3]), ask([3, 4]), ask([1, 5]));
        assert_eq!(a.unwrap(), BTreeMap::from([(2, 4), (3, 6)]));
        assert_eq!(b.unwrap(), BTreeMap::from([(3, 6), (4, 8)]));
        assert_eq!(c.unwrap(), BTreeMap::from([(5, 10)]));
        assert_eq!(calls(&service), 1);
        assert_eq!(ask([2, 3]).await.unwrap().len(), 2);
        assert!(service.gather::<Doubles>([]).await.unwrap().is_empty());
        assert_eq!(calls(&service), 1);
    }

    #[tokio::test]
    async fn what_is_spoilt_for_one_is_not_for_the_others() {
        let service = service("test", AtomicUsize::new(0));
        let ask = |keys: [u32; 1]| service.gather::<Doubles>(keys);
        let (bad, good) = futures::join!(ask([0]), ask([2]));
        assert!(bad.is_err());
        assert_eq!(good.unwrap(), BTreeMap::from([(2, 4)]));
        assert_eq!(calls(&service), 3);
    }

    #[tokio::test]
    async fn whoever_goes_away_takes_nobody_along() {
        let service = service("test", AtomicUsize::new(0));
        let mut first = Box::pin(service.gather::<Doubles>([2]));
        assert!(futures::poll!(&mut first).is_pending());
        let mut second = Box::pin(service.gather::<Doubles>([3]));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert_eq!(second.await.unwrap(), BTreeMap::from([(3, 6)]));
        assert_eq!(service.gather::<Doubles>([4]).await.unwrap(), BTreeMap::from([(4, 8)]));
        assert_eq!(calls(&service), 2);
    }
}
