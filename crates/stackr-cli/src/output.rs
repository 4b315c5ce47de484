//! The only place that prints. Results go to stdout; progress, warnings and errors to stderr.

use std::{
    io::{self, ErrorKind, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use stackr_core::Diagnostic;
use stackr_lang::Sources;

use crate::{
    error::Failure,
    exit::Exit,
    render::{
        diagnostic,
        style::{DIM, paint},
    },
};

/// Where a command writes.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    live: ProgressBar,
    /// Why results could not be written, if they could not.
    lost: Arc<Mutex<Option<io::Error>>>,
}

impl Output {
    pub(crate) fn new(json: bool, no_color: bool) -> Self {
        if no_color || json {
            anstream::ColorChoice::Never.write_global();
        }
        let live = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            live.set_style(style);
        }
        Self { json, live, lost: Arc::default() }
    }

    /// A result.
    pub(crate) fn result(&self, text: &str) {
        let Err(error) = self.write(&mut anstream::stdout().lock(), text) else { return };
        // A reader that has gone away is no error of ours; a full disk must not look like an empty result.
        if error.kind() != ErrorKind::BrokenPipe {
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    /// Why results could not be written, if they could not.
    pub(crate) fn lost(&self) -> Option<Failure> {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        let failure = Failure::of(Exit::Error, "the result could not be written to standard output", &lost);
        Some(
            failure.hint("what the command did is done and recorded; make room and ask again for the result"),
        )
    }

    /// A result as JSON on one line.
    pub(crate) fn json(&self, value: &serde_json::Value) {
        self.result(&format!("{value}\n"));
    }

    /// A line of progress.
    pub(crate) fn progress(&self, line: &str) {
        if !self.json {
            self.note(&format!("{line}\n"));
        }
    }

    /// Text for people that is no result.
    pub(crate) fn note(&self, text: &str) {
        // Where even this cannot be written there is nobody left to tell.
        drop(self.write(&mut anstream::stderr().lock(), text));
    }

    /// A fact of less weight, for people.
    pub(crate) fn aside(&self, text: &str) {
        self.progress(&paint(DIM, text));
    }

    pub(crate) fn diagnostic(&self, found: &Diagnostic, sources: &Sources) {
        self.note(&diagnostic::diagnostic(found, sources));
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        if self.json {
            let diagnostics: Vec<_> =
                failure.diagnostics.0.iter().map(|d| diagnostic::json(d, &failure.sources)).collect();
            self.json(&serde_json::json!({
                "error": {
                    "exit": failure.exit as i32,
                    "message": failure.message,
                    "causes": failure.causes,
                    "facts": failure.facts.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
                    "hints": failure.hints,
                    "diagnostics": diagnostics,
                }
            }));
        }
        self.note(&diagnostic::failure(failure));
    }

    /// The live line of a run: there on a terminal only.
    pub(crate) fn start_live(&self) {
        if !self.json && std::io::stderr().is_terminal() {
            self.live.set_draw_target(ProgressDrawTarget::stderr());
            self.live.enable_steady_tick(std::time::Duration::from_millis(120));
        }
    }

    pub(crate) fn live(&self, text: String) {
        self.live.set_message(text);
    }

    pub(crate) fn stop_live(&self) {
        self.live.disable_steady_tick();
        self.live.finish_and_clear();
        self.live.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// Asks for `yes`. `None` where there is no terminal to ask at.
    pub(crate) fn confirm(&self, question: &str) -> Option<bool> {
        if !std::io::stdin().is_terminal() || self.json {
            return None;
        }
        self.note(&format!("\n{question} Only `yes` is taken for it.\n  "));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).ok()?;
        Some(answer.trim() == "yes")
    }

    fn write(&self, to: &mut dyn Write, text: &str) -> io::Result<()> {
        let mut write = || to.write_all(text.as_bytes()).and_then(|()| to.flush());
        if self.live.is_hidden() { write() } else { self.live.suspend(write) }
    }
}
