//! Agree: updates an object until AWS reports what is wanted, with patience for late reports.

use std::{sync::Arc, time::Duration};

use stackr_core::{AnySeen, AnyUpdate, ErrorKind, Status, Value};
use stackr_plan::{Difference, differences};
use tokio::time::Instant;

use crate::{
    converge::Subject,
    event::ErrorView,
    expected::Expected,
    make::may_have_acted,
    retry::Call,
    settle::look,
    site::{Halt, Report, Site, Trial},
};

/// The arguments in which AWS reports something else than what is wanted.
pub(crate) fn differing(site: &Site, subject: &Subject, seen: &AnySeen) -> Vec<Difference> {
    let unseal = |_: &str, _: &str| false;
    let mut found = differences(&*site.resource, &subject.want.args, seen, None, &unseal);
    found.retain(|d| !d.field.local);
    found
}

pub(crate) fn names<'a>(found: impl Iterator<Item = &'a Difference>) -> Vec<String> {
    found.map(|d| d.field.name.to_owned()).collect()
}

/// Updates until AWS reports what is wanted: again only as long as that brings it nearer. `tried` says how much
/// differed when an update was called already.
pub(crate) async fn agree(
    site: &mut Site,
    subject: &mut Subject,
    mut seen: AnySeen,
    mut tried: Option<usize>,
) -> (AnySeen, Result<(), Halt>) {
    loop {
        let found = if tried.is_some() {
            match reported(site, subject, &mut seen).await {
                Ok(left) => left,
                Err(halt) => return (seen, Err(halt)),
            }
        } else {
            differing(site, subject, &seen)
        };
        if found.is_empty() {
            return (seen, Ok(()));
        }
        let open = names(found.iter().filter(|d| !d.replace));
        let progress = tried.is_none_or(|before| found.len() < before);
        if !open.is_empty() && progress {
            match call_update(site, subject, &seen, &open).await {
                Ok(now) => seen = now.unwrap_or(seen),
                Err(halt) => return (seen, Err(halt)),
            }
        } else if tried.is_some() {
            let halt = not_taken(site, &found);
            return (seen, Err(halt));
        }
        tried = Some(found.len());
    }
}

/// Looks until AWS reports what is wanted, but no longer than reports may be late. Gives what still differs.
async fn reported(
    site: &mut Site,
    subject: &mut Subject,
    seen: &mut AnySeen,
) -> Result<Vec<Difference>, Halt> {
    let began = Instant::now();
    let (pace, mut trial, mut delay) = (site.pace(Expected::UNKNOWN), Trial::new(Call::Read), Duration::ZERO);
    let mut told = String::new();
    loop {
        let left = differing(site, subject, seen);
        let (limit, note) = match &seen.status {
            Status::Failed(why) => {
                return Err(Halt::new("failed", format!("AWS reports that it failed: {}", site.scrub(why))));
            }
            Status::Leaving(_) | Status::Gone => {
                return Err(Halt::new("vanished", "it was deleted by somebody else meanwhile"));
            }
            Status::Pending(note) => (site.waits.create, note.clone()),
            _ if left.is_empty() => return Ok(left),
            _ => (site.patience.late_report, format!("until AWS reports {}", names(left.iter()).join(", "))),
        };
        if began.elapsed() >= limit {
            return if left.is_empty() {
                Err(Halt::new("timeout", format!("not ready: {note}")))
            } else {
                Ok(left)
            };
        }
        if !delay.is_zero() && note != told {
            site.report(Report::Waiting(note.clone()));
            told = note;
        }
        if let Some(now) = look(site, &subject.id, delay, &mut trial).await? {
            *seen = now;
        }
        delay = pace.next(began.elapsed(), &mut site.jitter);
    }
}

/// The failure of a step whose arguments AWS accepted and does not report.
fn not_taken(site: &Site, left: &[Difference]) -> Halt {
    let each = left.iter().map(|d| {
        let show = |v: &Value| {
            let hidden = d.field.secret || v.has_sensitive();
            if hidden { "(sensitive)".to_owned() } else { v.to_json().to_string() }
        };
        format!("{}: {} was asked for, AWS reports {}", d.field.name, show(&d.new), show(&d.old))
    });
    let message = site.scrub(&each.collect::<Vec<_>>().join("; "));
    let hint = "the object is recorded as AWS reports it; plan again to see what is left";
    Halt::failed(ErrorView::new("not_taken", message).hint(hint))
}

/// Calls the update, again as long as that may help. What an unanswered one has done is looked at before it is called
/// again: not every update can be repeated, some name what they replace. Gives the object where the answer says all.
pub(crate) async fn call_update(
    site: &mut Site,
    subject: &Subject,
    seen: &AnySeen,
    changed: &[String],
) -> Result<Option<AnySeen>, Halt> {
    let (resource, cloud) = (Arc::clone(&site.resource), Arc::clone(&site.cloud));
    let (mut seen, mut changed) = (seen.clone(), changed.to_vec());
    let (mut trial, mut unanswered) = (Trial::new(Call::Update), false);
    loop {
        site.alone().await?;
        let request = AnyUpdate { id: &subject.id, want: &subject.want.args, seen: &seen, changed: &changed };
        let Err(error) = resource.update(&*cloud, request).await else {
            return Ok(resource.prompt().then(|| changed_to(site, subject, seen, &changed)));
        };
        let missing = error.kind() == ErrorKind::NotFound;
        unanswered |= may_have_acted(&error);
        if missing {
            let patience = if unanswered { site.patience.late_report } else { Duration::ZERO };
            look_again(site, subject, &mut seen, &mut changed, patience).await?;
        } else {
            site.pause(&error, &mut trial).await?;
            if may_have_acted(&error) {
                look_again(site, subject, &mut seen, &mut changed, Duration::ZERO).await?;
            }
        }
        if changed.is_empty() {
            return Ok(Some(seen));
        }
        if missing {
            let view = site.view(&error).hint("it was deleted by somebody else; plan again");
            return Err(Halt::failed(view));
        }
    }
}

/// What was seen, with these arguments as they are wanted, as far as AWS would report them.
fn changed_to(site: &Site, subject: &Subject, mut seen: AnySeen, changed: &[String]) -> AnySeen {
    let fields = site.resource.schema().args.fields.iter().filter(|f| !f.unread && !f.secret);
    for field in fields.filter(|f| changed.iter().any(|name| f.name == name)) {
        let value = subject.want.args.get(field.name).cloned().unwrap_or(Value::Null);
        if let (Value::Object(outputs), "tags") = (&mut seen.outputs, field.name) {
            outputs.insert("tags_all".to_owned(), value.clone());
        }
        if let Value::Object(args) = &mut seen.args {
            args.insert(field.name.to_owned(), value);
        }
    }
    seen
}

/// Sees what an update has left to do: at least once, and again for as long as a report may be late.
async fn look_again(
    site: &mut Site,
    subject: &Subject,
    seen: &mut AnySeen,
    changed: &mut Vec<String>,
    patience: Duration,
) -> Result<(), Halt> {
    let began = Instant::now();
    let (pace, mut trial, mut delay) = (site.pace(Expected::UNKNOWN), Trial::new(Call::Read), Duration::ZERO);
    loop {
        if let Some(now) = look(site, &subject.id, delay, &mut trial).await? {
            let left = differing(site, subject, &now);
            let fields = site.resource.schema().args.fields;
            // What AWS never reports may not have been done.
            let unseen = |name: &String| fields.iter().any(|f| f.name == *name && (f.unread || f.secret));
            changed.retain(|name| unseen(name) || left.iter().any(|d| d.field.name == *name));
            *seen = now;
        }
        if changed.is_empty() || began.elapsed() >= patience {
            return Ok(());
        }
        delay = pace.next(began.elapsed(), &mut site.jitter);
    }
}
