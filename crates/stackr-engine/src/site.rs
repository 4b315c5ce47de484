//! Where a step works: its object, its clients, its way to tell the driver, and its patience.

use std::{sync::Arc, time::Duration};

use serde_json::Value as Json;
use stackr_core::{Address, AnyResource, Cloud, CloudError, Value, Waits};
use stackr_plan::{Milestone, StepId};
use stackr_state::Entry;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    event::ErrorView,
    expected::Expected,
    pace::Pace,
    poller::Poller,
    random::Jitter,
    retry::{Backoff, Call},
    seals::Seals,
};

/// How far the end of a run is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Until {
    /// Until what nothing else waits for exists and is as wanted, though it may still be pending.
    Created,
    /// Until everything can be used.
    #[default]
    Ready,
    /// Until nothing moves any more.
    Steady,
}

/// How long the engine waits for AWS to show what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long something is looked for that a create without an answer may have made, before the create is
    /// repeated.
    pub lost_answer: Duration,
    /// The same for a create of an earlier run, counted from that run's last sign of life.
    pub earlier_run: Duration,
    /// How long an accepted change may take to be reported.
    pub late_report: Duration,
    /// The shortest time between two looks at what is on its way.
    pub between_looks: Duration,
    /// After a second interrupt: how long calls in flight may take to be answered.
    pub grace: Duration,
}

impl Default for Patience {
    /// For AWS: tags become searchable within seconds, in bad hours within two minutes.
    fn default() -> Self {
        Self {
            lost_answer: Duration::from_secs(5),
            earlier_run: Duration::from_secs(90),
            late_report: Duration::from_secs(30),
            // An answer of AWS is rarely newer than this.
            between_looks: Duration::from_millis(200),
            grace: Duration::from_millis(1200),
        }
    }
}

/// What a running step tells the driver.
pub(crate) enum Report {
    Waiting(String),
    /// These keep AWS from deleting the object.
    Held(Vec<String>),
    Retrying {
        error: ErrorView,
        delay: Duration,
    },
    /// To be durable before anyone waits on it; answered when it is.
    Note {
        entries: Vec<Entry>,
        durable: oneshot::Sender<()>,
    },
    Reached {
        milestone: Milestone,
        value: Value,
    },
}

/// How a step ended. It carries everything that is to be recorded, whatever happened.
pub(crate) struct Ended {
    pub(crate) entries: Vec<Entry>,
    pub(crate) id: Option<String>,
    /// What references to the address see from now on.
    pub(crate) value: Option<Value>,
    pub(crate) how: Result<(), Halt>,
}

impl Ended {
    pub(crate) fn done(entries: Vec<Entry>) -> Self {
        Self { entries, id: None, value: None, how: Ok(()) }
    }

    pub(crate) fn halted(halt: Halt, entries: Vec<Entry>) -> Self {
        Self { entries, id: None, value: None, how: Err(halt) }
    }
}

/// Why a step goes no further.
#[derive(Debug)]
pub(crate) enum Halt {
    /// It failed.
    Failed(Box<ErrorView>),
    /// The run was told to stop waiting.
    Left,
}

impl Halt {
    pub(crate) fn new(kind: &str, message: impl Into<String>) -> Self {
        Self::failed(ErrorView::new(kind, message))
    }

    pub(crate) fn failed(error: ErrorView) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// Where a step works.
pub(crate) struct Site {
    pub(crate) step: StepId,
    pub(crate) address: Address,
    pub(crate) resource: Arc<dyn AnyResource>,
    pub(crate) cloud: Arc<dyn Cloud>,
    pub(crate) poller: Poller,
    pub(crate) reports: mpsc::UnboundedSender<(StepId, Report)>,
    pub(crate) stop: CancellationToken,
    /// Until when the run's lease lasts.
    pub(crate) lasts: watch::Receiver<Instant>,
    pub(crate) jitter: Jitter,
    /// What must not be shown: taken out of AWS's messages.
    pub(crate) secrets: Arc<[String]>,
    pub(crate) seals: Arc<Seals>,
    pub(crate) patience: Patience,
    pub(crate) until: Until,
    /// Whether another step waits for this one to be ready.
    pub(crate) awaited: bool,
    /// How long to wait before giving up: as the user says, else as the type does.
    pub(crate) waits: Waits,
    /// How long this is expected to take.
    pub(crate) expected: Expected,
}

/// The attempts of one call.
pub(crate) struct Trial {
    call: Call,
    backoff: Backoff,
    began: Instant,
}

impl Trial {
    pub(crate) fn new(call: Call) -> Self {
        Self { call, backoff: Backoff::default(), began: Instant::now() }
    }
}

impl Site {
    /// Tells the driver. A driver that has gone does not listen, and that is its choice.
    pub(crate) fn report(&self, report: Report) {
        drop(self.reports.send((self.step, report)));
    }

    /// Gives entries that must be durable before anyone waits on them. Await the answer before waiting.
    pub(crate) fn note(&self, entries: Vec<Entry>) -> oneshot::Receiver<()> {
        let (durable, answer) = oneshot::channel();
        self.report(Report::Note { entries, durable });
        answer
    }

    /// Waits until a note is durable.
    pub(crate) async fn noted(&self, durable: oneshot::Receiver<()>) -> Result<(), Halt> {
        tokio::select! {
            // An unanswered note means that state cannot be written: nothing more may be done.
            answer = durable => answer.map_err(|_| Halt::Left),
            () = self.stop.cancelled() => Err(Halt::Left),
        }
    }

    /// How often what is on its way is looked at, for what its end is expected to be.
    pub(crate) fn pace(&self, expected: Expected) -> Pace {
        Pace::new(expected, self.patience.between_looks)
    }

    /// Waits, unless the run is told to stop waiting.
    pub(crate) async fn rest(&self, delay: Duration) -> Result<(), Halt> {
        tokio::select! {
            () = sleep(delay) => Ok(()),
            () = self.stop.cancelled() => Err(Halt::Left),
        }
    }

    /// To be awaited right before every call that changes something: a process that was paused past its lease, or whose
    /// store is silent, may not be alone any more, and AWS does not refuse what it sends. It waits until the lease is
    /// renewed.
    pub(crate) async fn alone(&mut self) -> Result<(), Halt> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Halt::Left),
            lasts = self.lasts.wait_for(|lasts| Instant::now() < *lasts) => lasts.map(drop).map_err(|_| Halt::Left),
        }
    }

    /// Waits before a failed call is repeated.
    ///
    /// # Errors
    /// The error itself if it is not one to repeat after, or was repeated long enough.
    pub(crate) async fn pause(&mut self, error: &CloudError, trial: &mut Trial) -> Result<(), Halt> {
        let since = trial.began.elapsed();
        trial.backoff.hasten(self.patience.between_looks);
        let delay = trial.backoff.next(trial.call, error.kind(), self.waits, since, &mut self.jitter);
        let Some(delay) = delay else {
            let mut view = self.view(error);
            if since > Duration::from_secs(1) {
                view.message = format!("{} (repeated for {} s)", view.message, since.as_secs());
            }
            return Err(Halt::failed(view));
        };
        self.report(Report::Retrying { error: self.view(error), delay });
        self.rest(delay).await
    }

    /// The error as it may be shown.
    pub(crate) fn view(&self, error: &CloudError) -> ErrorView {
        let mut view = ErrorView::from(error);
        view.message = self.scrub(&view.message);
        view
    }

    /// The text without the secrets of this step.
    pub(crate) fn scrub(&self, text: &str) -> String {
        scrub(&self.secrets, text)
    }
}

/// The text without these secrets, as they are and as JSON writes them: AWS repeats what it was sent.
pub(crate) fn scrub(secrets: &[String], text: &str) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| {
        let mut text = text.replace(secret, "(sensitive)");
        let mut written = secret.clone();
        // A document within a document within an answer.
        for _ in 0..3 {
            let json = serde_json::Value::from(written.as_str()).to_string();
            written = json[1..json.len() - 1].to_owned();
            text = text.replace(&written, "(sensitive)");
        }
        text
    })
}

/// The secrets in arguments, as text: what is marked sensitive and what is in secret fields. Very short ones would
/// garble every message and hide nothing.
pub(crate) fn secrets(fields: &'static [stackr_core::Field], args: &Value) -> Arc<[String]> {
    fn texts(value: &Value, secret: bool, found: &mut Vec<String>) {
        let inside = secret || matches!(value, Value::Sensitive(_));
        if let (true, Some(text)) = (inside, value.to_text()) {
            // What is in a document may come back without the document around it.
            if let Ok(document @ (Json::Array(_) | Json::Object(_))) = serde_json::from_str::<Json>(&text) {
                texts(&Value::from_json(&document), true, found);
            }
            found.push(text);
        }
        value.children().for_each(|child| texts(child, inside, found));
    }
    let mut found = Vec::new();
    for field in fields {
        if let Some(value) = args.get(field.name) {
            texts(value, field.secret, &mut found);
        }
    }
    found.retain(|text| text.len() >= 4);
    found.sort_by_key(|text| std::cmp::Reverse(text.len()));
    found.dedup();
    found.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_document_is_taken_out_however_aws_repeats_it() {
        let document = r#"[{"name":"URL","value":"p\"ss/wörd"}]"#;
        let fields = <crate::fake::Network as stackr_core::Resource>::TYPE;
        assert_eq!(fields, "fake_network");
        let registry = crate::fake::Fake::registry();
        let schema = registry.resource(fields).unwrap().schema();
        let args = Value::object([("remark", Value::from(document).sensitive())]);
        let hidden = secrets(schema.args.fields, &args);
        for said in
            [r#"bad: p"ss/wörd"#, r#"bad: {"value":"p\"ss/wörd"}"#, r#"bad: {\"value\":\"p\\\"ss/wörd\"}"#]
        {
            let shown = scrub(&hidden, said);
            assert!(shown.starts_with("bad: ") && !shown.contains("ss/w"), "{shown}");
        }
    }
}
