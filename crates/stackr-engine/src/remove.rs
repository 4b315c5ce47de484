//! Remove: deletes an object and waits until it is gone. "Not there" counts as done everywhere.

use std::{sync::Arc, time::Duration};

use stackr_core::{AnyDelete, AnySeen, ErrorKind, Gone, Object, Status, Value};
use stackr_state::Entry;
use tokio::time::Instant;

use crate::{
    converge::duration,
    event::ErrorView,
    retry::Call,
    settle::look,
    site::{Ended, Halt, Report, Site, Trial},
};

/// How long it may take to find out what holds an object.
const NAMING: Duration = Duration::from_secs(10);

/// Deletes the object of a delete step.
pub(crate) async fn remove(mut site: Site, object: Object) -> Ended {
    let began = Instant::now();
    let gone = match call_delete(&mut site, &object).await {
        Ok(()) if site.waits.gone == Gone::Later => until_gone(&mut site, &object.id, began).await,
        Ok(()) => Ok(()),
        Err(halt) => Err(halt),
    };
    let mut ended = match gone {
        Ok(()) => Ended::done(vec![
            Entry::Deleted { address: site.address.clone(), uid: object.uid.clone() },
            duration(&site, stackr_state::Verb::Delete, began.elapsed()),
        ]),
        Err(halt) => Ended::halted(halt, Vec::new()),
    };
    ended.id = Some(object.id);
    ended
}

async fn call_delete(site: &mut Site, object: &Object) -> Result<(), Halt> {
    let (resource, cloud) = (Arc::clone(&site.resource), Arc::clone(&site.cloud));
    let Some((args, outputs)) = known(site, object).await? else { return Ok(()) };
    let (mut trial, mut told) = (Trial::new(Call::Delete), Vec::new());
    loop {
        site.alone().await?;
        let request = AnyDelete { id: &object.id, args: &args, outputs: &outputs };
        let error = match resource.delete(&*cloud, request).await {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => error,
        };
        if error.kind() == ErrorKind::InUse {
            let holders = holders(site, &object.id).await;
            if !holders.is_empty() && holders != told {
                site.report(Report::Held(holders.clone()));
                told = holders;
            }
        }
        site.pause(&error, &mut trial).await.map_err(|halt| named(halt, &object.id, &told))?;
    }
}

/// What keeps AWS from deleting the object, as far as it says so in good time. A refusal is told without it, too.
async fn holders(site: &Site, id: &str) -> Vec<String> {
    let asked = site.resource.holders(&*site.cloud, id);
    let found = tokio::time::timeout(NAMING, asked).await.ok().and_then(Result::ok).unwrap_or_default();
    found.iter().map(|holder| site.scrub(holder)).collect()
}

/// The failure, with what the object was held by.
fn named(halt: Halt, id: &str, holders: &[String]) -> Halt {
    match halt {
        Halt::Failed(mut error) if !holders.is_empty() => {
            error.message = format!("{}; {id} is held by {}", error.message, holders.join(", "));
            Halt::Failed(error)
        }
        halt => halt,
    }
}

/// Arguments and outputs of the object: as recorded or, where the run that made it died before it had seen it, as they
/// are. `None` if it is gone.
async fn known(site: &mut Site, object: &Object) -> Result<Option<(Value, Value)>, Halt> {
    let (args, outputs) = (object.args_value(), object.outputs_value());
    let schema = site.resource.schema();
    if schema.outputs.fields.iter().all(|field| outputs.get(field.name).is_some()) {
        return Ok(Some((args, outputs)));
    }
    let seen = look(site, &object.id, Duration::ZERO, &mut Trial::new(Call::Read)).await?;
    Ok(seen.filter(|seen| seen.status != Status::Gone).map(|seen| {
        let args = schema.args.fields.iter().map(|field| {
            let recorded = args.get(field.name).filter(|value| !value.is_null());
            let value = recorded.or_else(|| seen.args.get(field.name)).cloned().unwrap_or(Value::Null);
            (field.name, value)
        });
        (Value::object(args), seen.outputs)
    }))
}

async fn until_gone(site: &mut Site, id: &str, began: Instant) -> Result<(), Halt> {
    let limit = site.waits.delete;
    let (pace, mut trial) = (site.pace(site.expected), Trial::new(Call::Read));
    let (mut delay, mut told) = (Duration::ZERO, String::new());
    loop {
        let note = match look(site, id, delay, &mut trial).await? {
            None | Some(AnySeen { status: Status::Gone, .. }) => return Ok(()),
            Some(AnySeen {
                status: Status::Pending(note) | Status::Settling(note) | Status::Leaving(note),
                ..
            }) => note,
            Some(AnySeen { status: Status::Failed(why), .. }) => site.scrub(&why),
            Some(AnySeen { status: Status::Ready, .. }) => "still there".to_owned(),
        };
        if began.elapsed() >= limit {
            let message = format!("not gone after {} s: {note}", began.elapsed().as_secs());
            return Err(Halt::failed(ErrorView::new("timeout", message)));
        }
        if note != told {
            site.report(Report::Waiting(note.clone()));
            told = note;
        }
        delay = pace.next(began.elapsed(), &mut site.jitter);
    }
}
