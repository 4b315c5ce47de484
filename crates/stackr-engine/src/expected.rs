//! How long steps are expected to take: as learned in earlier runs, else as published for the type.

use std::time::Duration;

use stackr_core::AnyResource;
use stackr_plan::Verb;
use stackr_state::State;

use crate::work::Ground;

/// What a step takes that waits for nothing: some calls.
const CALLS: Duration = Duration::from_millis(500);
/// What one call takes.
const CALL: Duration = Duration::from_millis(200);

/// When an object is expected to be ready, or gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expected {
    /// As it was in earlier runs.
    pub(crate) learned: Option<Duration>,
    /// As is published. It may be wrong where it is not AWS that answers, so nothing is looked at later because of it.
    pub(crate) usual: Option<Duration>,
}

impl Expected {
    /// Nobody knows.
    pub(crate) const UNKNOWN: Self = Self { learned: None, usual: None };

    /// Of a step on an object of this type.
    pub(crate) fn of(state: &State, verb: &Verb, resource: &dyn AnyResource) -> Self {
        let (ty, waits) = (resource.schema().ty, resource.waits());
        let (learned, usual) = match verb {
            Verb::Create { .. } => (state.expected_create(ty), waits.usual.0),
            Verb::Delete { .. } => (state.expected_delete(ty), waits.usual.1),
            _ => (None, Duration::ZERO),
        };
        Self { learned: learned.map(Duration::from_millis), usual: (!usual.is_zero()).then_some(usual) }
    }
}

/// How long a step is expected to take.
pub(crate) fn guess(ground: &Ground) -> Duration {
    match ground {
        Ground::Object { expected, .. } => expected.learned.or(expected.usual).unwrap_or(CALLS),
        Ground::Data { .. } => CALL,
    }
}
