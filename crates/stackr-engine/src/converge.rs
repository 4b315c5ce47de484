//! Converge: makes an object what is wanted, waits for it, and says what to record of it.
//!
//! # Guarantees
//! - a create is called only after its intent is durable, always with the intent's uid, and never again before what
//!   an unanswered one may have made was looked for;
//! - nobody waits on an id that is not durable;
//! - a step is done only if AWS reports what is wanted, or has answered the call that makes it so, where the type says
//!   that the answer is enough ([`Resource::PROMPT`](stackr_core::Resource::PROMPT)).

use std::time::Duration;

use stackr_core::{AnySeen, Id, Object};
use stackr_plan::{Target, Want, differences, recorded, value};
use stackr_state::{Entry, Intent};
use tokio::time::Instant;

use crate::{
    agree::{agree, call_update, names},
    event::ErrorView,
    make::{NotMade, make},
    settle::{Settled, settle, steady},
    site::{Ended, Halt, Site},
};

/// A create step's task.
pub(crate) struct Ensure {
    pub(crate) want: Want,
    pub(crate) target: Target,
    pub(crate) intent: Intent,
    pub(crate) earlier: Option<Earlier>,
    /// Whether the recorded object at the address is set aside when the new one is there.
    pub(crate) deposes: bool,
    /// The value of the tag `stackr:stack`.
    pub(crate) label: String,
}

/// An intent of an earlier run that was open when this run began.
pub(crate) struct Earlier {
    /// Until when what it made is looked for.
    pub(crate) until: Instant,
    /// What is intended instead if nothing is found; absent if the same is intended again.
    pub(crate) instead: Option<Intent>,
}

/// An update step's task.
pub(crate) struct Amend {
    pub(crate) want: Want,
    pub(crate) target: Target,
    pub(crate) object: Object,
    pub(crate) seen: AnySeen,
}

/// Makes the object of a create step: finds or creates it, waits, and updates what the create could not set.
pub(crate) async fn ensure(mut site: Site, mut task: Ensure) -> Ended {
    let began = Instant::now();
    let made = match make(&mut site, &mut task).await {
        Ok(made) => made,
        Err(NotMade { halt, nothing_there }) => {
            let retired = Entry::Retired { address: site.address.clone(), uid: task.intent.uid.clone() };
            return Ended::halted(halt, if nothing_there { vec![retired] } else { Vec::new() });
        }
    };
    let address = site.address.clone();
    let mut entries = Vec::new();
    if task.deposes {
        entries.push(Entry::Deposed { address: address.clone() });
    }
    entries.push(Entry::Created { address, uid: task.intent.uid.clone(), id: made.id.clone() });
    let durable = site.note(entries);
    let mut subject = Subject::new(task.want, made.id);
    let mut first = made.seen;
    if first.is_none() {
        // The first look does not wait for the journal; everything after it does.
        first = site.poller.look(&subject.id, Duration::ZERO).await.ok().flatten();
    }
    if let Err(halt) = site.noted(durable).await {
        return Ended::halted(halt, Vec::new());
    }
    let settled = settle(&mut site, &mut subject, first, began).await;
    let maker = Maker { target: &task.target, uid: &task.intent.uid };
    finish(site, subject, maker, settled, Did::Created).await
}

/// Changes the object of an update step.
pub(crate) async fn update(mut site: Site, task: Amend) -> Ended {
    let unseal = |seal: &str, secret: &str| stackr_state::matches(seal, secret);
    let found = differences(&*site.resource, &task.want.args, &task.seen, Some(&task.object), &unseal);
    if let Some(forced) = found.iter().find(|d| d.replace) {
        let message = format!(
            "the plan said to update it, but a change of {} now needs another object in its place",
            forced.field.name
        );
        return Ended::halted(plan_again(message), Vec::new());
    }
    let mut subject = Subject::new(task.want, task.object.id.clone());
    let changed: Vec<_> = names(found.iter().filter(|d| !d.field.local));
    let now = match call_update(&mut site, &subject, &task.seen, &changed).await {
        Ok(now) => now,
        Err(halt) => return Ended::halted(halt, Vec::new()),
    };
    let began = Instant::now();
    let first = match now {
        Some(now) => Some(now),
        None => site.poller.look(&subject.id, Duration::ZERO).await.ok().flatten(),
    };
    let settled = settle(&mut site, &mut subject, first, began).await;
    let maker = Maker { target: &task.target, uid: &task.object.uid };
    finish(site, subject, maker, settled, Did::Updated(changed.len())).await
}

/// Waits for an object that is what is wanted and cannot be used yet.
pub(crate) async fn await_usable(mut site: Site, task: Amend) -> Ended {
    let mut subject = Subject::new(task.want, task.object.id);
    let settled = settle(&mut site, &mut subject, Some(task.seen), Instant::now()).await;
    let maker = Maker { target: &task.target, uid: &task.object.uid };
    finish(site, subject, maker, settled, Did::Updated(0)).await
}

/// An object on its way to what is wanted.
pub(crate) struct Subject {
    pub(crate) want: Want,
    pub(crate) id: Id,
    /// Whether its outputs were told to the driver.
    pub(crate) shown: bool,
    /// After what time it was last seen pending.
    pub(crate) pending: Option<Duration>,
    /// How long it took until it could be used.
    pub(crate) took: Duration,
}

impl Subject {
    fn new(want: Want, id: Id) -> Self {
        Self { want, id, shown: false, pending: None, took: Duration::ZERO }
    }
}

/// What the step has done to the object so far.
#[derive(Clone, Copy)]
enum Did {
    /// Created it.
    Created,
    /// Updated so many arguments.
    Updated(usize),
}

impl Did {
    fn tried(self) -> Option<usize> {
        match self {
            Self::Created => None,
            Self::Updated(changed) => Some(changed),
        }
    }
}

/// What is recorded beside what is wanted and seen.
#[derive(Clone, Copy)]
pub(crate) struct Maker<'a> {
    pub(crate) target: &'a Target,
    pub(crate) uid: &'a str,
}

/// Brings a settled object to what is wanted and ends the step.
async fn finish(mut site: Site, mut subject: Subject, maker: Maker<'_>, settled: Settled, did: Did) -> Ended {
    let (seen, halt, tainted) = match settled {
        Settled::Usable(seen) => match agree(&mut site, &mut subject, seen, did.tried()).await {
            (seen, Ok(())) => match steady(&mut site, &subject, seen).await {
                (seen, Ok(())) => (Some(seen), None, false),
                (seen, Err(halt)) => (Some(seen), Some(halt), false),
            },
            (seen, Err(halt)) => (Some(seen), Some(halt), false),
        },
        Settled::Broken(seen, why) => {
            let error = ErrorView::new("failed", format!("AWS reports that it failed: {}", site.scrub(&why)));
            let hint = "it is recorded as tainted; the next plan replaces it";
            (Some(seen), Some(Halt::failed(error.hint(hint))), true)
        }
        Settled::Stuck(seen, halt) => (seen, Some(halt), false),
    };
    let mut ended = Ended::done(Vec::new());
    ended.id = Some(subject.id.clone());
    if let Some(seen) = &seen {
        let object = object(&site, maker, &subject.want, seen, &subject.id, tainted);
        ended.entries.push(Entry::Done { address: site.address.clone(), object: Box::new(object) });
        ended.value = Some(value(site.resource.schema(), &subject.want.declared, seen));
    }
    if let (Did::Created, None) = (did, &halt)
        && !subject.took.is_zero()
    {
        ended.entries.push(duration(&site, stackr_state::Verb::Create, subject.took));
    }
    ended.how = halt.map_or(Ok(()), Err);
    ended
}

/// How long something took, to be learned from.
pub(crate) fn duration(site: &Site, verb: stackr_state::Verb, took: Duration) -> Entry {
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    Entry::Duration { ty: site.resource.schema().ty.to_owned(), verb, ms }
}

/// What is recorded of an object.
pub(crate) fn object(
    site: &Site,
    maker: Maker<'_>,
    want: &Want,
    seen: &AnySeen,
    id: &str,
    tainted: bool,
) -> Object {
    let seal = |secret: &str| site.seals.seal(secret, maker.uid);
    let schema = site.resource.schema();
    let (args, outputs) = recorded(schema, want, seen, &seal);
    Object {
        ty: schema.ty.to_owned(),
        id: id.to_owned(),
        uid: maker.uid.to_owned(),
        origin: site.cloud.origin().clone(),
        depends_on: crate::intents::recorded_dependencies(maker.target),
        prevent_destroy: maker.target.prevent_destroy,
        create_before_destroy: maker.target.create_before_destroy,
        timeouts: want.terms.timeouts.clone(),
        schema: stackr_core::SCHEMA_VERSION,
        tainted,
        args,
        outputs,
    }
}

/// The failure of a step where reality differs from the plan.
pub(crate) fn plan_again(message: impl Into<String>) -> Halt {
    Halt::failed(ErrorView::new("plan", message).hint("plan again"))
}
