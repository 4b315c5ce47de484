//! Recovery: what the creates of an earlier run left behind that never had an answer.
//!
//! # Expected flow
//! Every run calls [`recover`] after it has opened its session and before it plans. A run that only plans calls
//! [`search`] and folds the entries into a copy of the state.
//!
//! # Guarantees
//! What is found is adopted: the next plan compares it with what is declared. An intent of which nothing is found
//! stays open with its uid, and the create step that takes it up looks again, with real arguments, before it creates.

use futures::future::join_all;
use stackr_core::{Address, AnyFind, CloudError, ErrorKind, Id, Registry, Value, Waits};
use stackr_state::{Entry, Intent, Session, State};
use tokio::time::{Instant, sleep};

use crate::{
    Connections, Event, Unread,
    event::ErrorView,
    intents,
    random::Jitter,
    retry::{Backoff, Call},
};

/// What became of one open intent.
#[derive(Clone, Debug, PartialEq)]
pub struct Recovered {
    /// The address.
    pub address: Address,
    /// The uid that was looked for.
    pub uid: String,
    /// What was found.
    pub id: Option<Id>,
    /// What is to be recorded.
    pub entries: Vec<Entry>,
}

/// A recovery that could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// These could not be looked for.
    #[error("what {} unanswered creates made could not be looked for", .0.len())]
    Search(Vec<Unread>),
    /// What was found could not be recorded.
    #[error("cannot record what was found")]
    State(#[source] stackr_state::Error),
}

/// Looks for what the open intents of a state made. Changes nothing.
///
/// # Errors
/// Everything that could not be looked for.
pub async fn search(
    state: &State,
    registry: &Registry,
    connections: &Connections,
) -> Result<Vec<Recovered>, Vec<Unread>> {
    let open = state.intents.iter().filter(|(_, open)| open.id.is_none());
    let looked = join_all(open.map(|(address, open)| async move {
        let found = find(open, registry, connections).await;
        let failed = |error| Unread { address: address.clone(), error: ErrorView::from(&error) };
        found.map(|id| recovered(state, address, open, id)).map_err(failed)
    }))
    .await;
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for one in looked {
        match one {
            Ok(one) => found.push(one),
            Err(error) => failed.push(error),
        }
    }
    if failed.is_empty() { Ok(found) } else { Err(failed) }
}

/// Finds and records what open intents made, and closes those whose object is known. A state without open intents
/// is left as it is, without a call and without a write.
///
/// # Errors
/// See [`RecoverError`].
pub async fn recover(
    session: &mut Session,
    registry: &Registry,
    connections: &Connections,
    mut on_event: impl FnMut(Event),
) -> Result<Vec<Recovered>, RecoverError> {
    let mut entries = intents::closed(session.state());
    let found = search(session.state(), registry, connections).await.map_err(RecoverError::Search)?;
    for one in &found {
        let Recovered { address, uid, id, .. } = one.clone();
        on_event(Event::Recovering { address, uid, id });
        entries.extend(one.entries.iter().cloned());
    }
    session.commit(entries).await.map_err(RecoverError::State)?;
    Ok(found)
}

fn recovered(state: &State, address: &Address, open: &Intent, id: Option<Id>) -> Recovered {
    let mut entries = Vec::new();
    if let Some(id) = &id {
        let there = state.objects.get(address);
        if there.is_some_and(|object| open.replaces.as_deref() == Some(&object.uid)) {
            entries.push(Entry::Deposed { address: address.clone() });
        }
        let object = Box::new(open.object(id.clone()));
        entries.push(Entry::Created { address: address.clone(), uid: open.uid.clone(), id: id.clone() });
        entries.push(Entry::Done { address: address.clone(), object });
    }
    Recovered { address: address.clone(), uid: open.uid.clone(), id, entries }
}

async fn find(
    open: &Intent,
    registry: &Registry,
    connections: &Connections,
) -> Result<Option<Id>, CloudError> {
    let resource = registry.resource(&open.ty);
    let resource = resource.ok_or_else(|| {
        CloudError::new(ErrorKind::Unsupported, "", format!("there is no type {} any more", open.ty))
    })?;
    if resource.kept().is_some() {
        // It is in state or nowhere.
        return Ok(None);
    }
    let cloud = connections.recorded(&open.origin).await?;
    let planned = Value::object(open.args.iter().map(|(k, v)| (k.clone(), Value::from_json(v))));
    let mut args = Some(&planned);
    let (began, mut backoff, mut jitter) =
        (Instant::now(), Backoff::default(), Jitter::new(0, open.uid.len()));
    loop {
        let error = match resource.find(&*cloud, AnyFind { uid: &open.uid, args }).await {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        // Planned arguments may miss what was not known then; without any, the uid alone must do.
        if error.kind() == ErrorKind::Bug && args.take().is_some() {
            continue;
        }
        match backoff.next(Call::Read, error.kind(), Waits::INSTANT, began.elapsed(), &mut jitter) {
            Some(delay) => sleep(delay).await,
            None => return Err(error),
        }
    }
}
