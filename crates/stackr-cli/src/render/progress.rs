//! A run as it goes: a fold from events to lines, and one live line of what is under way.

use std::fmt::Write as _;

use std::{collections::BTreeMap, time::Duration};

use stackr_core::{Diagnostic, Span};
use stackr_engine::{Because, Envelope, ErrorView, Event, Place, Reason, StepVerb, StepView, Summary};
use stackr_lang::Sources;

use super::style::{ADD, BOLD, CHANGE, DIM, FORCES, REMOVE, paint};

/// What has been told of a run so far.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    steps: usize,
    done: usize,
    running: BTreeMap<usize, Running>,
}

#[derive(Debug)]
struct Running {
    step: StepView,
    since: Duration,
    /// What it waits for.
    note: String,
    /// When a line last said that it still waits.
    told: Duration,
    /// Whether it was said what keeps it from being deleted.
    held: bool,
}

/// How often a plain line says that a step still waits.
const STILL: Duration = Duration::from_secs(10);

impl Progress {
    /// The lines that an event is worth.
    pub(crate) fn event(&mut self, envelope: &Envelope) -> Vec<String> {
        let at = envelope.elapsed;
        match &envelope.event {
            Event::RunStarted { steps } => {
                self.steps = *steps;
                Vec::new()
            }
            Event::Recovering { address, id, .. } => vec![match id {
                Some(id) => format!("{address}: found what an interrupted run had made [{id}]"),
                None => format!("{address}: an interrupted run had made nothing"),
            }],
            Event::ReadRetrying { ty, error, delay } => {
                vec![retrying(&format!("reading {ty}"), error, *delay)]
            }
            Event::Moved { from, to } => vec![format!("{to}: moved from {from}")],
            Event::Adopted { address, id } => {
                vec![format!("{address}: imported{}", paint(DIM, &format!(" [{id}]")))]
            }
            Event::StepStarted { step } => {
                let running =
                    Running { step: step.clone(), since: at, note: String::new(), told: at, held: false };
                self.running.insert(step.number, running);
                match step.verb {
                    StepVerb::Record | StepVerb::Forget => Vec::new(),
                    verb => vec![format!("{}: {}...", name(step), doing(verb))],
                }
            }
            Event::StepWaiting { step, note } => {
                let Some(running) = self.running.get_mut(&step.number) else { return Vec::new() };
                running.note.clone_from(note);
                self.still(step, at)
            }
            Event::StepHeld { step, holders } => {
                let holders = holders.join(", ");
                if let Some(running) = self.running.get_mut(&step.number) {
                    running.note = format!("held by {holders}");
                    running.held = true;
                }
                vec![format!("{}: cannot be deleted yet: it is held by {holders}", name(step))]
            }
            // It was said what it waits for.
            Event::StepRetrying { step, error, .. }
                if error.kind == "in_use" && self.running.get(&step.number).is_some_and(|r| r.held) =>
            {
                self.still(step, at)
            }
            Event::StepRetrying { step, error, delay } => {
                vec![retrying(&name(step), error, *delay)]
            }
            Event::StepFinished { step, id, duration } => {
                self.running.remove(&step.number);
                self.done += 1;
                let id = id.as_ref().map(|id| paint(DIM, &format!(" [{id}]"))).unwrap_or_default();
                let took = seconds(*duration);
                match step.verb {
                    StepVerb::Record => Vec::new(),
                    StepVerb::Forget => vec![format!("{}: no longer recorded", name(step))],
                    verb => {
                        vec![format!("{}: {} after {took}{id}", name(step), paint(colour(verb), did(verb)))]
                    }
                }
            }
            Event::StepFailed { step, error } => {
                self.running.remove(&step.number);
                vec![format!("{}: {}: {}", name(step), paint(FORCES, "failed"), error.message)]
            }
            Event::StepAbandoned { step } => {
                self.running.remove(&step.number);
                vec![format!("{}: left as it is; the next run goes on from there", name(step))]
            }
            Event::StepSkipped { .. } | Event::RunFinished { .. } => Vec::new(),
            Event::RunStopping { reason } => vec![paint(
                CHANGE,
                match reason {
                    Reason::Failure => "Stopping: nothing new is started; what runs is finished.",
                    Reason::Interrupted => {
                        "Interrupted: nothing new is started; what runs is finished. Again: do not wait for it."
                    }
                    Reason::Abandoned => "Interrupted again: recording what is known.",
                    Reason::State => "Stopping: state cannot be written.",
                },
            )],
        }
    }

    /// A line that a step still waits, now and then.
    fn still(&mut self, step: &StepView, at: Duration) -> Vec<String> {
        let Some(running) = self.running.get_mut(&step.number) else { return Vec::new() };
        if at.saturating_sub(running.told) < STILL {
            return Vec::new();
        }
        running.told = at;
        let (note, waited) = (&running.note, seconds(at.saturating_sub(running.since)));
        vec![format!("{}: still {} ({note}, {waited})", name(step), doing(step.verb))]
    }

    /// What is under way, on one line.
    pub(crate) fn status(&self, elapsed: Duration) -> String {
        let mut running: Vec<_> = self.running.values().collect();
        running.sort_by_key(|r| r.since);
        let shown = running.iter().take(2).map(|r| {
            let waited = seconds(elapsed.saturating_sub(r.since));
            let note = if r.note.is_empty() { String::new() } else { format!("{}, ", r.note) };
            format!("{} {} ({note}{waited})", doing(r.step.verb), name(&r.step))
        });
        let mut text = format!("[{}/{}] {}", self.done, self.steps, shown.collect::<Vec<_>>().join(", "));
        if running.len() > 2 {
            let _ = write!(text, " and {} more", running.len() - 2);
        }
        text
    }
}

/// What came of a run: counts, failures with their facts, what was skipped, how to go on.
pub(crate) fn summary(summary: &Summary, what: &str, again: &str, sources: &Sources) -> String {
    let mut out = String::new();
    for failure in &summary.failed {
        let _ = writeln!(
            out,
            "{} {} {}",
            paint(FORCES.bold(), "error:"),
            paint(BOLD, &failure.step.address.to_string()),
            error_text(&failure.error)
        );
        if let Some(place) = failure.error.place.as_ref().and_then(|p| place(p, sources)) {
            let _ = writeln!(out, "  at: {place}");
        }
    }
    let needs: Vec<_> = summary
        .skipped
        .iter()
        .map(|s| match &s.because {
            Because::Needs(step) => {
                format!("  {} ({} needs {})\n", name(&s.step), noun(s.step.verb), name(step))
            }
            Because::Stopped => format!("  {} ({})\n", name(&s.step), noun(s.step.verb)),
        })
        .collect();
    if !needs.is_empty() {
        let _ = write!(out, "{}\n{}", paint(BOLD, "Not done:"), needs.concat());
    }
    let count = |verb| summary.done.iter().filter(|d| d.step.verb == verb).count();
    let counts = format!(
        "{} added, {} changed, {} destroyed in {}.",
        count(StepVerb::Create),
        count(StepVerb::Update),
        count(StepVerb::Delete),
        seconds(summary.duration)
    );
    let (word, style) =
        match (summary.failed.is_empty(), summary.skipped.is_empty() && summary.abandoned.is_empty()) {
            (true, true) => (format!("{what} complete:"), ADD.bold()),
            (false, _) => (format!("{what} failed:"), FORCES.bold()),
            (true, false) => (format!("{what} interrupted:"), CHANGE.bold()),
        };
    let _ = writeln!(out, "{} {counts}", paint(style, &word));
    if !summary.failed.is_empty() || !summary.skipped.is_empty() {
        let _ = writeln!(out, "Everything that was done is recorded. To go on from here: {again}");
    }
    out
}

/// What a check found, as a diagnostic of the sources.
pub(crate) fn warning(warning: &ErrorView) -> Diagnostic {
    let span = warning.place.as_ref().map(|p| Span { file: p.file.as_str().into(), range: p.start..p.end });
    Diagnostic::warning("check failed", warning.message.clone()).at(span)
}

/// `main.tf:3:12`.
fn place(place: &Place, sources: &Sources) -> Option<String> {
    let before = sources.get(&place.file)?.get(..place.start)?;
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some(format!("{}:{line}:{column}", sources.path(&place.file)))
}

fn error_text(error: &ErrorView) -> String {
    let mut text = if error.operation.is_empty() {
        error.message.clone()
    } else {
        format!("{}: {}", error.operation, error.message)
    };
    for (name, fact) in [("code", &error.code), ("request id", &error.request_id), ("hint", &error.hint)] {
        if let Some(fact) = fact {
            let _ = write!(text, "\n  {name}: {fact}");
        }
    }
    text
}

fn retrying(what: &str, error: &ErrorView, delay: Duration) -> String {
    let why = error.code.as_ref().unwrap_or(&error.kind);
    paint(DIM, &format!("{what}: {why}; trying again in {}", seconds(delay)))
}

fn name(step: &StepView) -> String {
    if step.old { format!("{} (old)", step.address) } else { step.address.to_string() }
}

fn doing(verb: StepVerb) -> &'static str {
    match verb {
        StepVerb::Create => "creating",
        StepVerb::Update => "changing",
        StepVerb::Record => "recording",
        StepVerb::Delete => "destroying",
        StepVerb::Forget => "forgetting",
        StepVerb::Read => "reading",
    }
}

fn did(verb: StepVerb) -> &'static str {
    match verb {
        StepVerb::Create => "created",
        StepVerb::Update => "changed",
        StepVerb::Record => "recorded",
        StepVerb::Delete => "destroyed",
        StepVerb::Forget => "forgotten",
        StepVerb::Read => "read",
    }
}

fn noun(verb: StepVerb) -> &'static str {
    match verb {
        StepVerb::Create => "create",
        StepVerb::Update => "change",
        StepVerb::Record => "record",
        StepVerb::Delete => "destroy",
        StepVerb::Forget => "forget",
        StepVerb::Read => "read",
    }
}

fn colour(verb: StepVerb) -> anstyle::Style {
    match verb {
        StepVerb::Create => ADD,
        StepVerb::Update => CHANGE,
        StepVerb::Delete => REMOVE,
        StepVerb::Record | StepVerb::Forget | StepVerb::Read => DIM,
    }
}

/// A duration for people: `0.4s`, `12s`, `3m05s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    match whole {
        0..10 => format!("{:.1}s", duration.as_secs_f64()),
        10..60 => format!("{whole}s"),
        _ => format!("{}m{:02}s", whole / 60, whole % 60),
    }
}
