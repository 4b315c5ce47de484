//! What the command tells when it cannot do what was asked: what, why, and what to do.

use std::error::Error as StdError;

use stackr_core::{CloudError, Diagnostics};
use stackr_lang::Sources;

use crate::exit::Exit;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// What went wrong: a lowercase fragment.
    pub(crate) message: String,
    /// Why, outermost first.
    pub(crate) causes: Vec<String>,
    /// Facts on lines of their own: code, request id.
    pub(crate) facts: Vec<(String, String)>,
    /// What to do.
    pub(crate) hints: Vec<String>,
    /// What is wrong in the sources.
    pub(crate) diagnostics: Diagnostics,
    pub(crate) sources: Sources,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            causes: Vec::new(),
            facts: Vec::new(),
            hints: Vec::new(),
            diagnostics: Diagnostics::default(),
            sources: Sources::default(),
        }
    }

    /// A failure of something that was tried, with its chain of causes.
    pub(crate) fn of(exit: Exit, message: impl Into<String>, error: &(dyn StdError + 'static)) -> Self {
        let mut failure = Self::new(exit, message);
        let mut next = Some(error);
        while let Some(error) = next {
            failure.causes.push(error.to_string());
            next = error.source();
        }
        failure
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says which stack it is about, where hints leave its name open.
    pub(crate) fn about(mut self, stack: &str) -> Self {
        for hint in &mut self.hints {
            *hint = hint.replace("STACK", stack);
        }
        self
    }

    pub(crate) fn diagnostics(diagnostics: Diagnostics, sources: Sources) -> Self {
        Self { diagnostics, sources, ..Self::new(Exit::Error, "") }
    }

    /// A cloud call that failed, with its code and request id on lines of their own.
    pub(crate) fn cloud(message: impl Into<String>, error: &CloudError) -> Self {
        let mut failure = Self::of(Exit::Error, message, error);
        failure.facts.extend(error.code().map(|c| ("code".to_owned(), c.to_owned())));
        failure.facts.extend(error.request_id().map(|r| ("request id".to_owned(), r.to_owned())));
        let kind = match error.kind() {
            stackr_core::ErrorKind::Credentials => "credentials",
            stackr_core::ErrorKind::Transient => "transient",
            _ => return failure,
        };
        match remedy(kind) {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// What to do about errors of a kind.
pub(crate) fn remedy(kind: &str) -> Option<&'static str> {
    match kind {
        "credentials" => Some(
            "give credentials by AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `aws sso login`; \
             `--local` needs none",
        ),
        "transient" => {
            Some("is the endpoint reachable? `stackr local status` tells about the local emulator")
        }
        _ => None,
    }
}
