//! Waits: how long the engine waits for objects of a type, as their resource file says it.

use std::time::Duration;

/// How long to wait before giving up, per verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Until a created or changed object is ready.
    pub create: Duration,
    /// Until a delete is no longer refused and the object is gone.
    pub delete: Duration,
    /// When an object is gone whose delete AWS has answered.
    pub gone: Gone,
    /// How long AWS usually takes until a created object is ready, and until a deleted one is gone: as published. Zero: it
    /// is so with the answer, or nothing is known.
    pub usual: (Duration, Duration),
}

/// When an object is gone whose delete AWS has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// With the answer. It is looked for only where another is to be made in its place.
    AtOnce,
    /// Some time later: it is looked at until then.
    Later,
    /// Never: what was deleted is a setting or a wait, and reading goes on giving an answer.
    Never,
}

impl Waits {
    /// For an object that is there, and gone, with the answer: two minutes for visibility, five for what blocks a
    /// delete.
    pub const INSTANT: Self = Self::minutes(2, 5).gone(Gone::AtOnce);

    /// So many minutes until ready and until gone.
    #[must_use]
    pub const fn minutes(create: u64, delete: u64) -> Self {
        let (create, delete) = (Duration::from_secs(create * 60), Duration::from_secs(delete * 60));
        Self { create, delete, gone: Gone::Later, usual: (Duration::ZERO, Duration::ZERO) }
    }

    /// The same, for an object that is gone then.
    #[must_use]
    pub const fn gone(self, gone: Gone) -> Self {
        Self { gone, ..self }
    }

    /// The same, for what usually takes so many seconds until ready and until gone.
    #[must_use]
    pub const fn usually(self, create: u64, delete: u64) -> Self {
        Self { usual: (Duration::from_secs(create), Duration::from_secs(delete)), ..self }
    }
}
