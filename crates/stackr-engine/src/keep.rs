//! Keep: makes, changes and removes objects that live in state alone.
//!
//! # Guarantees
//! - an object is durable, whole, before any other step is told of it: a run that dies earlier makes it anew;
//! - a wait begins with a note of when it began, so that what is left of it goes on after an interruption.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use jiff::Timestamp;
use stackr_core::{AnyKept, AnyRecord, AnySeen, Cloud, CloudError, Moment, Object, Origin};
use stackr_plan::{Target, Want, differences, value};
use stackr_state::{Entry, Intent};
use tokio::time::Instant;

use crate::{
    converge::{Maker, duration, object, plan_again},
    site::{Ended, Halt, Report, Site},
};

/// The place of what has no cloud.
static NOWHERE: LazyLock<Arc<dyn Cloud>> = LazyLock::new(|| Arc::new(Nowhere(Origin::default())));

struct Nowhere(Origin);

impl Cloud for Nowhere {
    fn service(&self, _: std::any::TypeId) -> Option<&(dyn std::any::Any + Send + Sync)> {
        None
    }

    fn origin(&self) -> &Origin {
        &self.0
    }
}

/// The cloud of what has none.
pub(crate) fn nowhere() -> Arc<dyn Cloud> {
    Arc::clone(&NOWHERE)
}

/// A create step's task.
pub(crate) struct Keep {
    pub(crate) want: Want,
    pub(crate) target: Target,
    pub(crate) intent: Intent,
    /// What is intended instead: the open intent of an earlier run was for other arguments.
    pub(crate) instead: Option<Intent>,
    /// Whether the recorded object at the address is set aside.
    pub(crate) deposes: bool,
    pub(crate) seed: [u8; 32],
    pub(crate) now: Timestamp,
}

/// Makes the object of a create step.
pub(crate) async fn keep(site: Site, mut task: Keep) -> Ended {
    match made(&site, &mut task).await {
        Ok(ended) => ended,
        Err(Halt::Left) => Ended::halted(Halt::Left, Vec::new()),
        // Nothing was made, and there is nothing to look for.
        Err(halt) => {
            let retired = Entry::Retired { address: site.address.clone(), uid: task.intent.uid };
            Ended::halted(halt, vec![retired])
        }
    }
}

async fn made(site: &Site, task: &mut Keep) -> Result<Ended, Halt> {
    let (began, address) = (Instant::now(), site.address.clone());
    if let Some(instead) = task.instead.take() {
        let retired = Entry::Retired { address: address.clone(), uid: task.intent.uid.clone() };
        task.intent = instead;
        let intent = Entry::Intent { address: address.clone(), intent: Box::new(task.intent.clone()) };
        site.noted(site.note(vec![retired, intent])).await?;
    }
    let kept = kept(site)?;
    let args = task.want.args.clone();
    let wait = kept.pause(&args).map_err(|error| failed(site, &error))?.create;
    if !wait.is_zero() {
        kept.check(&args).map_err(|error| failed(site, &error))?;
        pause(site, task, wait).await?;
    }
    let now = Duration::try_from(task.now.duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default();
    let moment = Moment { seed: task.seed, now: now + began.elapsed() };
    let AnyRecord { id, seen } = kept.make(&args, &moment).map_err(|error| failed(site, &error))?;
    let uid = task.intent.uid.clone();
    site.seals.learn(site.resource.schema().outputs.fields, &seen.outputs, &uid);
    let object = recorded(site, Maker { target: &task.target, uid: &uid }, &task.want, (&id, &seen), None)?;
    let mut entries = Vec::new();
    if task.deposes {
        entries.push(Entry::Deposed { address: address.clone() });
    }
    entries.push(Entry::Created { address: address.clone(), uid, id: id.clone() });
    entries.push(Entry::Done { address, object: Box::new(object) });
    let more = (!wait.is_zero()).then(|| duration(site, stackr_state::Verb::Create, wait));
    finished(site, entries, more, &task.want, &AnyRecord { id, seen }).await
}

/// Waits for what is left of a create's wait. When it began is durable before it is waited.
async fn pause(site: &Site, task: &mut Keep, wait: Duration) -> Result<(), Halt> {
    let since = match task.intent.since {
        Some(since) => since,
        None => {
            task.intent.since = Some(task.now);
            let intent = Box::new(task.intent.clone());
            let durable = site.note(vec![Entry::Intent { address: site.address.clone(), intent }]);
            site.noted(durable).await?;
            task.now
        }
    };
    let waited = Duration::try_from(task.now.duration_since(since)).unwrap_or_default();
    rest(site, wait.saturating_sub(waited)).await
}

async fn rest(site: &Site, left: Duration) -> Result<(), Halt> {
    site.report(Report::Waiting(format!("waits {} s", left.as_millis().div_ceil(1000))));
    site.rest(left).await
}

/// Changes the object of an update step.
pub(crate) async fn change(site: Site, want: Want, target: Target, last: Object, seen: AnySeen) -> Ended {
    changed(&site, want, target, last, seen).await.unwrap_or_else(|halt| Ended::halted(halt, Vec::new()))
}

async fn changed(
    site: &Site,
    want: Want,
    target: Target,
    last: Object,
    seen: AnySeen,
) -> Result<Ended, Halt> {
    let unseal = |seal: &str, secret: &str| stackr_state::matches(seal, secret);
    let found = differences(&*site.resource, &want.args, &seen, Some(&last), &unseal);
    if let Some(forced) = found.iter().find(|d| d.replace) {
        return Err(plan_again(format!(
            "the plan said to update it, but a change of {} now needs another object in its place",
            forced.field.name
        )));
    }
    let was = AnyRecord { id: last.id.clone(), seen };
    let now = kept(site)?.change(&was, &want.args).map_err(|error| failed(site, &error))?;
    let maker = Maker { target: &target, uid: &last.uid };
    let object = recorded(site, maker, &want, (&last.id, &now.seen), Some(&last))?;
    let entry = Entry::Done { address: site.address.clone(), object: Box::new(object) };
    finished(site, vec![entry], None, &want, &AnyRecord { id: last.id, ..now }).await
}

/// Removes the object of a delete step: there is nothing but its record.
pub(crate) async fn remove(site: Site, object: Object) -> Ended {
    let schema = site.resource.schema();
    let seen = object.kept(schema, &BTreeMap::new());
    let wait = seen.and_then(|seen| kept(&site).ok()?.pause(&seen.args).ok()).unwrap_or_default().delete;
    if !wait.is_zero()
        && let Err(halt) = rest(&site, wait).await
    {
        return Ended::halted(halt, Vec::new());
    }
    let (address, uid) = (site.address.clone(), object.uid.clone());
    let mut ended = Ended::done(vec![Entry::Deleted { address, uid }]);
    ended.id = Some(object.id);
    ended
}

/// What is recorded of an object, with its secrets encrypted where there is a key.
pub(crate) fn recorded(
    site: &Site,
    maker: Maker<'_>,
    want: &Want,
    (id, seen): (&str, &AnySeen),
    last: Option<&Object>,
) -> Result<Object, Halt> {
    let mut object = object(site, maker, want, seen, id, false);
    let encrypted = site.seals.encrypt(&mut object, last);
    encrypted.map_err(|error| Halt::new("system", format!("its secrets cannot be encrypted: {error}")))?;
    Ok(object)
}

/// The end of a step: its entries are durable, and others may be told of the object.
async fn finished(
    site: &Site,
    entries: Vec<Entry>,
    more: Option<Entry>,
    want: &Want,
    record: &AnyRecord,
) -> Result<Ended, Halt> {
    site.noted(site.note(entries)).await?;
    let mut ended = Ended::done(more.into_iter().collect());
    ended.id = Some(record.id.clone());
    ended.value = Some(value(site.resource.schema(), &want.declared, &record.seen));
    Ok(ended)
}

fn kept(site: &Site) -> Result<&dyn AnyKept, Halt> {
    site.resource.kept().ok_or_else(|| Halt::new("bug", "a type with a cloud was taken for one without"))
}

fn failed(site: &Site, error: &CloudError) -> Halt {
    Halt::failed(site.view(error))
}
