//! Make: the create call, its repetitions, and the search for what one without an answer made.

use std::sync::Arc;

use stackr_core::{AnyCreate, AnyFind, AnySeen, CloudError, ErrorKind, Id, Value};
use stackr_state::Entry;
use tokio::time::Instant;

use crate::{
    converge::Ensure,
    expected::Expected,
    intents::sealed_args,
    retry::Call,
    site::{Halt, Report, Site, Trial},
};

/// A made object.
pub(crate) struct Made {
    pub(crate) id: Id,
    /// The object, where the answer was complete.
    pub(crate) seen: Option<AnySeen>,
}

/// Why there is none.
pub(crate) struct NotMade {
    pub(crate) halt: Halt,
    /// It is certain that nothing was made.
    pub(crate) nothing_there: bool,
}

/// Finds what an earlier call made, or creates.
pub(crate) async fn make(site: &mut Site, task: &mut Ensure) -> Result<Made, NotMade> {
    let unsure = |halt| NotMade { halt, nothing_there: false };
    let mut args = owned(site, &task.want.args, &task.intent.uid, &task.label);
    let mut unanswered = false;
    if let Some(earlier) = task.earlier.take() {
        if let Some(id) = find(site, &task.intent.uid, &args, earlier.until).await.map_err(unsure)? {
            return Ok(Made { id, seen: None });
        }
        unanswered = true;
        if let Some(instead) = earlier.instead {
            let address = site.address.clone();
            let retired = Entry::Retired { address: address.clone(), uid: task.intent.uid.clone() };
            task.intent = instead.clone();
            let durable = site.note(vec![retired, Entry::Intent { address, intent: Box::new(instead) }]);
            site.noted(durable).await.map_err(unsure)?;
            args = owned(site, &task.want.args, &task.intent.uid, &task.label);
            unanswered = false;
        }
    }
    precise(site, task).await.map_err(|halt| NotMade { halt, nothing_there: !unanswered })?;
    let (resource, cloud) = (Arc::clone(&site.resource), Arc::clone(&site.cloud));
    let mut trial = Trial::new(Call::Create);
    loop {
        let uid = task.intent.uid.clone();
        site.alone().await.map_err(|halt| NotMade { halt, nothing_there: !unanswered })?;
        let error = match resource.create(&*cloud, AnyCreate { args: &args, token: &uid }).await {
            Ok(made) => return Ok(Made { id: made.id, seen: made.seen }),
            Err(error) => error,
        };
        if error.kind() == ErrorKind::Exists {
            // Ours only if it carries our tag or an earlier attempt may have made it; anybody else's is not taken
            // over.
            if unanswered || resource.schema().has_tags() {
                let patience = if unanswered { site.patience.lost_answer } else { std::time::Duration::ZERO };
                let until = Instant::now() + patience;
                if let Some(id) = find(site, &uid, &args, until).await.map_err(unsure)? {
                    return Ok(Made { id, seen: None });
                }
            }
            let hint =
                "it was not made by this stack: give the new one another name, or import the existing one";
            let halt = Halt::failed(site.view(&error).hint(hint));
            return Err(NotMade { halt, nothing_there: !unanswered });
        }
        unanswered |= may_have_acted(&error);
        if let Err(halt) = site.pause(&error, &mut trial).await {
            return Err(NotMade { halt, nothing_there: !unanswered });
        }
        if may_have_acted(&error) {
            let until = Instant::now() + site.patience.lost_answer;
            if let Some(id) = find(site, &uid, &args, until).await.map_err(unsure)? {
                return Ok(Made { id, seen: None });
            }
        }
    }
}

/// What carries no tag is found by its arguments only, so the intent must have them all before the call: also those
/// that the plan did not know.
async fn precise(site: &Site, task: &mut Ensure) -> Result<(), Halt> {
    let schema = site.resource.schema();
    if schema.has_tags() {
        return Ok(());
    }
    let args = sealed_args(schema, &task.want.args, &task.intent.uid);
    if args == task.intent.args {
        return Ok(());
    }
    task.intent.args = args;
    let intent = Box::new(task.intent.clone());
    site.noted(site.note(vec![Entry::Intent { address: site.address.clone(), intent }])).await
}

/// Whether a failed call may have been executed all the same.
pub(crate) fn may_have_acted(error: &CloudError) -> bool {
    matches!(error.kind(), ErrorKind::Transient | ErrorKind::Bug | ErrorKind::Unknown)
}

/// The arguments with the ownership tags, for types that have tags.
fn owned(site: &Site, args: &Value, uid: &str, label: &str) -> Value {
    let mut args = args.clone();
    if site.resource.schema().has_tags()
        && let Value::Object(fields) = &mut args
    {
        let tags = fields.get("tags").cloned().unwrap_or(Value::Null);
        let marked = matches!(tags, Value::Sensitive(_));
        let mut tags = tags.attributes().cloned().unwrap_or_default();
        tags.insert("stackr:uid".to_owned(), uid.into());
        tags.insert("stackr:stack".to_owned(), label.into());
        fields.insert("tags".to_owned(), Value::Map(tags).marked(marked));
    }
    args
}

/// Looks for what a create with this uid made: at least once, and again until then.
async fn find(site: &mut Site, uid: &str, args: &Value, until: Instant) -> Result<Option<Id>, Halt> {
    let (resource, cloud) = (Arc::clone(&site.resource), Arc::clone(&site.cloud));
    let mut trial = Trial::new(Call::Read);
    let pace = site.pace(Expected::UNKNOWN);
    let began = Instant::now();
    loop {
        match resource.find(&*cloud, AnyFind { uid, args: Some(args) }).await {
            Ok(Some(id)) => return Ok(Some(id)),
            Ok(None) if Instant::now() >= until => return Ok(None),
            Ok(None) => {
                site.report(Report::Waiting("looking for what an unanswered create made".to_owned()));
                let delay = pace.next(began.elapsed(), &mut site.jitter);
                site.rest(delay.min(until.saturating_duration_since(Instant::now()))).await?;
            }
            Err(error) => site.pause(&error, &mut trial).await?,
        }
    }
}
