//! Settle: waits for one object, until it can be used and until nothing of it moves any more.

use std::{sync::Arc, time::Duration};

use stackr_core::{AnySeen, ErrorKind, Status};
use stackr_plan::{Milestone, value};
use tokio::time::Instant;

use crate::{
    agree::differing,
    converge::Subject,
    event::ErrorView,
    expected::Expected,
    poller::Watch,
    retry::Call,
    site::{Halt, Report, Site, Trial, Until},
};

/// What became of waiting.
pub(crate) enum Settled {
    /// It can be used, or is far enough.
    Usable(AnySeen),
    /// AWS says that it failed: why.
    Broken(AnySeen, String),
    /// It did not get there; as it was seen last.
    Stuck(Option<AnySeen>, Halt),
}

/// Looks at the object until it can be used, failed, or took too long.
pub(crate) async fn settle(
    site: &mut Site,
    subject: &mut Subject,
    first: Option<AnySeen>,
    began: Instant,
) -> Settled {
    let limit = site.waits.create;
    let pace = site.pace(site.expected);
    let mut trial = Trial::new(Call::Read);
    let (mut last, mut next, mut told) = (None, first, String::new());
    loop {
        let (known, note) = match next.take() {
            Some(seen) => {
                show(site, subject, &seen);
                match &seen.status {
                    Status::Ready | Status::Settling(_) => {
                        // It became so at some time between the last two looks.
                        let now = began.elapsed();
                        subject.took = subject.pending.map_or(now, |pending| (pending + now) / 2);
                        return Settled::Usable(seen);
                    }
                    Status::Failed(why) => {
                        let why = why.clone();
                        return Settled::Broken(seen, why);
                    }
                    Status::Gone | Status::Leaving(_) => {
                        let error = ErrorView::new("vanished", "it was deleted by somebody else meanwhile");
                        return Settled::Stuck(None, Halt::failed(error));
                    }
                    Status::Pending(note) => {
                        let enough = site.until == Until::Created && !site.awaited;
                        if enough && differing(site, subject, &seen).is_empty() {
                            return Settled::Usable(seen);
                        }
                        let note = note.clone();
                        last = Some(Arc::new(seen));
                        (last.clone(), note)
                    }
                }
            }
            None => (None, "not visible yet".to_owned()),
        };
        if began.elapsed() >= limit {
            let message = format!("not ready after {} s: {note}", began.elapsed().as_secs());
            let hint = "it is recorded; apply again to go on waiting";
            return stuck(last, Halt::failed(ErrorView::new("timeout", message).hint(hint)));
        }
        if note != told {
            site.report(Report::Waiting(note.clone()));
            told = note;
        }
        // What is not visible yet holds up others that need its id only, however long it will take to be ready.
        let pace = if subject.shown { pace } else { site.pace(Expected::UNKNOWN) };
        subject.pending = Some(began.elapsed());
        let delay = pace.next(began.elapsed(), &mut site.jitter);
        let looked = match known {
            Some(known) => {
                let (jitter, looked) = (site.jitter.clone(), began.elapsed());
                let watch = Watch { known, pace, jitter, began, limit, looked };
                change(site, subject, delay, watch, &mut trial).await
            }
            None => look(site, &subject.id, delay, &mut trial).await,
        };
        match looked {
            Ok(seen) => next = seen,
            Err(halt) => return stuck(last, halt),
        }
    }
}

fn stuck(last: Option<Arc<AnySeen>>, halt: Halt) -> Settled {
    Settled::Stuck(last.map(Arc::unwrap_or_clone), halt)
}

/// Looks after a delay, and again at the watch's pace until something is not as it was.
async fn change(
    site: &mut Site,
    subject: &mut Subject,
    delay: Duration,
    watch: Watch,
    trial: &mut Trial,
) -> Result<Option<AnySeen>, Halt> {
    let (looked, watch) = tokio::select! {
        told = site.poller.watch(&subject.id, delay, watch) => told,
        () = site.stop.cancelled() => return Err(Halt::Left),
    };
    if let Some(watch) = watch {
        (site.jitter, subject.pending) = (watch.jitter, Some(watch.looked));
    }
    match looked {
        Ok(seen) => Ok(seen),
        Err(error) if error.kind() == ErrorKind::Propagating => Ok(None),
        Err(error) => {
            site.pause(&error, trial).await?;
            look(site, &subject.id, Duration::ZERO, trial).await
        }
    }
}

/// One look after a delay, repeated where the read fails in passing.
pub(crate) async fn look(
    site: &mut Site,
    id: &str,
    delay: Duration,
    trial: &mut Trial,
) -> Result<Option<AnySeen>, Halt> {
    let mut delay = delay;
    loop {
        let looked = tokio::select! {
            looked = site.poller.look(id, delay) => looked,
            () = site.stop.cancelled() => return Err(Halt::Left),
        };
        match looked {
            Ok(seen) => return Ok(seen),
            Err(error) if error.kind() == ErrorKind::Propagating => return Ok(None),
            Err(error) => site.pause(&error, trial).await?,
        }
        delay = Duration::ZERO;
    }
}

/// Tells the driver the outputs, the first time.
fn show(site: &Site, subject: &mut Subject, seen: &AnySeen) {
    if !std::mem::replace(&mut subject.shown, true) {
        let value = value(site.resource.schema(), &subject.want.declared, seen);
        site.report(Report::Reached { milestone: Milestone::Id, value });
    }
}

/// Waits until nothing moves any more, where that is asked for.
pub(crate) async fn steady(
    site: &mut Site,
    subject: &Subject,
    mut seen: AnySeen,
) -> (AnySeen, Result<(), Halt>) {
    let (began, limit) = (Instant::now(), site.waits.create);
    let (pace, mut trial, mut told) = (site.pace(Expected::UNKNOWN), Trial::new(Call::Read), String::new());
    while let (Until::Steady, Status::Settling(note)) = (site.until, seen.status.clone()) {
        if told.is_empty() {
            let value = value(site.resource.schema(), &subject.want.declared, &seen);
            site.report(Report::Reached { milestone: Milestone::Ready, value });
        }
        if began.elapsed() >= limit {
            let message = format!("usable, but not steady after {} s: {note}", began.elapsed().as_secs());
            return (seen, Err(Halt::new("timeout", message)));
        }
        if note != told {
            site.report(Report::Waiting(note.clone()));
            told = note;
        }
        let delay = pace.next(began.elapsed(), &mut site.jitter);
        match look(site, &subject.id, delay, &mut trial).await {
            Ok(Some(now)) => seen = now,
            Ok(None) => {}
            Err(halt) => return (seen, Err(halt)),
        }
        if let Status::Failed(why) = &seen.status {
            let message = format!("AWS reports that it failed: {}", site.scrub(why));
            return (seen, Err(Halt::new("failed", message)));
        }
    }
    (seen, Ok(()))
}
