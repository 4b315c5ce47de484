//! Events: everything a run tells its observer. Facts only: no colours, widths or verbosity.
//!
//! Events are externally tagged (`{"step_started": {…}}`), as journal entries are; `v` in the envelope is the
//! version of this format.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stackr_core::{Address, CloudError, Diagnostic, Diagnostics, ErrorKind, Span};
use stackr_plan::{Program, Verb};

use crate::Summary;

/// The version of the events' JSON form.
pub const EVENT_VERSION: u32 = 1;

/// One event with what every event has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// The version of the format.
    pub v: u32,
    /// The run's name; empty while AWS is read for a plan.
    pub run: String,
    /// Its number in the run, or among those without one, from zero without gaps.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Milliseconds since the run, or the command, began.
    #[serde(rename = "elapsed_ms", with = "millis")]
    pub elapsed: Duration,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The program is about to run.
    RunStarted {
        /// How many steps it has.
        steps: usize,
    },
    /// A read for a plan failed and is repeated.
    ReadRetrying {
        /// The type of what is read.
        #[serde(rename = "type")]
        ty: String,
        /// Why.
        error: ErrorView,
        /// After how many milliseconds.
        #[serde(rename = "delay_ms", with = "millis")]
        delay: Duration,
    },
    /// A create of an earlier run had no answer, and what it made was looked for.
    Recovering {
        /// The address.
        address: Address,
        /// The uid that was looked for.
        uid: String,
        /// What was found.
        id: Option<String>,
    },
    /// What was recorded at one address is recorded at another. Nothing was called.
    Moved {
        /// The old address.
        from: Address,
        /// The new one.
        to: Address,
    },
    /// An object that was made elsewhere is recorded. Nothing was changed.
    Adopted {
        /// The address that it has now.
        address: Address,
        /// What AWS calls it.
        id: String,
    },
    /// A step began.
    StepStarted {
        /// Which.
        step: StepView,
    },
    /// A step waits for AWS.
    StepWaiting {
        /// Which.
        step: StepView,
        /// For what: AWS's word for the object's state, mostly.
        note: String,
    },
    /// An object cannot be deleted while these are there. Told once, and again when they change.
    StepHeld {
        /// Which.
        step: StepView,
        /// What keeps it, in words.
        holders: Vec<String>,
    },
    /// A call of a step failed and is repeated.
    StepRetrying {
        /// Which.
        step: StepView,
        /// Why.
        error: ErrorView,
        /// After how many milliseconds.
        #[serde(rename = "delay_ms", with = "millis")]
        delay: Duration,
    },
    /// A step is done.
    StepFinished {
        /// Which.
        step: StepView,
        /// The object's id, if it has one.
        id: Option<String>,
        /// How many milliseconds it took.
        #[serde(rename = "duration_ms", with = "millis")]
        duration: Duration,
    },
    /// A step failed.
    StepFailed {
        /// Which.
        step: StepView,
        /// Why.
        error: ErrorView,
    },
    /// A step was left before its end: the run was told to stop waiting. What it made is recorded.
    StepAbandoned {
        /// Which.
        step: StepView,
    },
    /// A step is not started.
    StepSkipped {
        /// Which.
        step: StepView,
        /// Why not.
        because: Because,
    },
    /// Nothing new is started from here on.
    RunStopping {
        /// Why.
        reason: Reason,
    },
    /// The run is over and everything is recorded.
    RunFinished {
        /// What came of it.
        summary: Summary,
    },
}

/// A step, as events name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// Its number in the printed program, from one.
    pub number: usize,
    /// The object or data.
    pub address: Address,
    /// What is done.
    pub verb: StepVerb,
    /// Whether it is about an object that was set aside by a replacement.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub old: bool,
}

/// What a step does, without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepVerb {
    /// Makes an object.
    Create,
    /// Changes an object in place.
    Update,
    /// Records what is declared without a call.
    Record,
    /// Deletes an object.
    Delete,
    /// Forgets an object that is gone.
    Forget,
    /// Looks up data.
    Read,
}

/// Why a step is not started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// This step, which it needs, failed.
    Needs(StepView),
    /// The run stopped before its turn.
    Stopped,
}

/// Why a run stops early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A step failed.
    Failure,
    /// It was interrupted: what runs is finished.
    Interrupted,
    /// It was interrupted again: what runs is left as it is.
    Abandoned,
    /// State cannot be written.
    State,
}

/// An error as events and summaries carry it. Never contains a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorView {
    /// What can be done about it: the kind of a cloud error in snake case, `plan` for a difference from the
    /// plan, `declaration` for a wrong declaration, `state`, `timeout`.
    pub kind: String,
    /// The call: `ec2:CreateVpc`; empty if there was none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub operation: String,
    /// AWS's error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What is wrong.
    pub message: String,
    /// AWS's request id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The place in the sources that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A place in the sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, as diagnostics of the sources name it.
    pub file: String,
    /// The first byte of it.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl From<&Span> for Place {
    fn from(span: &Span) -> Self {
        Self { file: span.file.to_string(), start: span.range.start, end: span.range.end }
    }
}

impl ErrorView {
    /// An error without a call.
    pub fn new(kind: &str, message: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            operation: String::new(),
            code: None,
            message: message.into(),
            request_id: None,
            hint: None,
            place: None,
        }
    }

    /// The call, if there was one, and what is wrong.
    #[must_use]
    pub fn text(&self) -> String {
        if self.operation.is_empty() {
            self.message.clone()
        } else {
            format!("{}: {}", self.operation, self.message)
        }
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<&CloudError> for ErrorView {
    fn from(error: &CloudError) -> Self {
        Self {
            kind: kind_name(error.kind()).to_owned(),
            operation: error.operation().to_owned(),
            code: error.code().map(str::to_owned),
            message: error.message().to_owned(),
            request_id: error.request_id().map(str::to_owned),
            hint: None,
            place: None,
        }
    }
}

/// What a check found.
impl From<&Diagnostic> for ErrorView {
    fn from(diagnostic: &Diagnostic) -> Self {
        let place = diagnostic.span.as_ref().map(Place::from);
        Self { place, ..Self::new("check", diagnostic.detail.clone()) }
    }
}

/// A wrong declaration: all that is wrong with it, at the first place.
impl From<&Diagnostics> for ErrorView {
    fn from(diagnostics: &Diagnostics) -> Self {
        let texts: Vec<_> = diagnostics.0.iter().map(|d| format!("{}: {}", d.summary, d.detail)).collect();
        let place = diagnostics.0.iter().find_map(|d| d.span.as_ref());
        Self { place: place.map(Place::from), ..Self::new("declaration", texts.join("; ")) }
    }
}

fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => "not_found",
        ErrorKind::Exists => "exists",
        ErrorKind::Denied => "denied",
        ErrorKind::Invalid => "invalid",
        ErrorKind::Throttled => "throttled",
        ErrorKind::Conflict => "conflict",
        ErrorKind::InUse => "in_use",
        ErrorKind::Propagating => "propagating",
        ErrorKind::Quota => "quota",
        ErrorKind::Transient => "transient",
        ErrorKind::Credentials => "credentials",
        ErrorKind::Unsupported => "unsupported",
        ErrorKind::Bug => "bug",
        ErrorKind::Unknown => "unknown",
    }
}

/// A program's steps as events name them.
#[must_use]
pub fn views(program: &Program) -> Vec<StepView> {
    let view = |(number, address, verb): (usize, &Address, &Verb)| {
        let (verb, old) = match verb {
            Verb::Create { .. } => (StepVerb::Create, false),
            Verb::Update { .. } => (StepVerb::Update, false),
            Verb::Record { .. } => (StepVerb::Record, false),
            Verb::Delete { deposed, .. } => (StepVerb::Delete, *deposed),
            Verb::Forget { deposed, .. } => (StepVerb::Forget, *deposed),
            Verb::Read { .. } => (StepVerb::Read, false),
        };
        StepView { number, address: address.clone(), verb, old }
    };
    program.steps.iter().enumerate().map(|(i, step)| view((i + 1, &step.address, &step.verb))).collect()
}

/// Durations as whole milliseconds.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use stackr_core::Address;

    use super::*;

    /// One event of each kind, in the form that is published. A change here is a new version of the format.
    const GOLDEN: &str = include_str!("event/v1.jsonl");

    fn every() -> Vec<Event> {
        let step = StepView {
            number: 2,
            address: Address::root("fake_gateway", "main"),
            verb: StepVerb::Create,
            old: false,
        };
        let old = StepView { verb: StepVerb::Delete, old: true, ..step.clone() };
        let cloud = CloudError::new(ErrorKind::Throttled, "fake:CreateGateway", "slow down")
            .with_code("RequestLimitExceeded")
            .with_request_id("r-1");
        let error = ErrorView::from(&cloud);
        let second = Duration::from_secs(1);
        let because = Because::Needs(step.clone());
        let mut summary = Summary::new();
        summary.done.push(crate::Done { step: old.clone(), id: Some("nat-1".into()), duration: second });
        summary.failed.push(crate::Failure { step: step.clone(), error: error.clone() });
        summary.skipped.push(crate::Skipped { step: old.clone(), because: because.clone() });
        summary.abandoned.push(step.clone());
        summary.outcome = summary.judge();
        vec![
            Event::RunStarted { steps: 3 },
            Event::Recovering { address: step.address.clone(), uid: "0a".into(), id: Some("nat-1".into()) },
            Event::Moved { from: step.address.clone(), to: Address::root("fake_gateway", "other") },
            Event::Adopted { address: step.address.clone(), id: "nat-1".into() },
            Event::StepStarted { step: step.clone() },
            Event::StepWaiting { step: step.clone(), note: "pending".into() },
            Event::StepRetrying {
                step: step.clone(),
                error: error.clone(),
                delay: Duration::from_millis(250),
            },
            Event::StepFinished { step: step.clone(), id: Some("nat-1".into()), duration: second },
            Event::StepFailed { step: step.clone(), error: error.hint("wait") },
            Event::StepAbandoned { step: step.clone() },
            Event::StepSkipped { step: step.clone(), because },
            Event::StepSkipped { step: old, because: Because::Stopped },
            Event::RunStopping { reason: Reason::Failure },
            Event::RunFinished { summary },
            Event::StepHeld { step, holders: vec!["bond-1 of somebody".into()] },
            Event::ReadRetrying {
                ty: "fake_gateway".into(),
                error: ErrorView::from(&cloud),
                delay: Duration::from_millis(250),
            },
        ]
    }

    #[test]
    fn the_json_form_is_the_published_one() {
        let events = every().into_iter().enumerate().map(|(seq, event)| Envelope {
            v: EVENT_VERSION,
            run: "r1".to_owned(),
            seq: seq as u64,
            at: Timestamp::UNIX_EPOCH,
            elapsed: Duration::from_millis(1500),
            event,
        });
        let events: Vec<_> = events.collect();
        let written: Vec<_> = events.iter().map(|e| serde_json::to_string(e).unwrap()).collect();
        assert_eq!(written, GOLDEN.lines().collect::<Vec<_>>(), "{}", written.join("\n"));
        let read: Vec<Envelope> = GOLDEN.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read, events);
    }
}
