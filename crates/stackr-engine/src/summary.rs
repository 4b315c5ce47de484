//! What came of a run.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stackr_state::Outcome;

use crate::event::{Because, ErrorView, StepView, millis};

/// What came of a run. A failed step is in here; it is not an error of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How the run ended.
    pub outcome: Outcome,
    /// The steps that are done, in the order in which they became so.
    pub done: Vec<Done>,
    /// The steps that failed, in the order in which they did.
    pub failed: Vec<Failure>,
    /// The steps that were not started.
    pub skipped: Vec<Skipped>,
    /// The steps that were left before their end; what they made is recorded or will be found.
    pub abandoned: Vec<StepView>,
    /// Why the stack's outputs could not be evaluated, though every step was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<ErrorView>,
    /// What the checks of the stack found after the last step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<ErrorView>,
    /// Whether the run was interrupted.
    pub interrupted: bool,
    /// How many milliseconds it took.
    #[serde(rename = "duration_ms", with = "millis")]
    pub duration: Duration,
}

/// A step that is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Which.
    pub step: StepView,
    /// The object's id, if it has one.
    pub id: Option<String>,
    /// How many milliseconds it took.
    #[serde(rename = "duration_ms", with = "millis")]
    pub duration: Duration,
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Which.
    pub step: StepView,
    /// Why.
    pub error: ErrorView,
}

/// A step that was not started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skipped {
    /// Which.
    pub step: StepView,
    /// Why not.
    pub because: Because,
}

impl Summary {
    pub(crate) fn new() -> Self {
        Self {
            outcome: Outcome::Done,
            done: Vec::new(),
            failed: Vec::new(),
            skipped: Vec::new(),
            abandoned: Vec::new(),
            outputs: None,
            warnings: Vec::new(),
            interrupted: false,
            duration: Duration::ZERO,
        }
    }

    /// The outcome that the lists amount to.
    pub(crate) fn judge(&self) -> Outcome {
        if !self.failed.is_empty() {
            Outcome::Failed
        } else if self.skipped.is_empty() && self.abandoned.is_empty() {
            Outcome::Done
        } else if self.interrupted {
            Outcome::Interrupted
        } else {
            Outcome::Failed
        }
    }
}
