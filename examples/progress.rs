//! A consumer of progress events: what ran when, what it waited for, and where the time went.
//!
//! Events come from the callback of an apply or destroy, or as lines of JSON from `stackr apply --json`.

use std::{fmt, time::Duration};

use stackr::{Envelope, Event, StepView};

/// How wide the longest bar is.
const WIDTH: u128 = 40;

/// What happened in a run, step by step in the order in which they began.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    steps: Vec<Step>,
    /// How long the run took so far.
    elapsed: Duration,
}

/// One step, as far as it has come.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does, to which object.
    pub view: StepView,
    /// When it began, counted from the start of the run.
    pub began: Duration,
    /// When it ended; absent while it runs.
    pub ended: Option<Duration>,
    /// Calls that failed and were repeated.
    pub retries: usize,
    /// AWS's last word for the state that was waited in.
    pub waited: Option<String>,
    /// Why it failed.
    pub failed: Option<String>,
}

impl Timeline {
    /// Takes note of one event.
    pub fn observe(&mut self, envelope: &Envelope) {
        self.elapsed = envelope.elapsed;
        match &envelope.event {
            Event::StepStarted { step } => self.steps.push(Step {
                view: step.clone(),
                began: envelope.elapsed,
                ended: None,
                retries: 0,
                waited: None,
                failed: None,
            }),
            Event::StepWaiting { step, note } => self.change(step, |s| s.waited = Some(note.clone())),
            Event::StepRetrying { step, .. } => self.change(step, |s| s.retries += 1),
            Event::StepFinished { step, .. } | Event::StepAbandoned { step } => {
                self.change(step, |s| s.ended = Some(envelope.elapsed));
            }
            Event::StepFailed { step, error } => self.change(step, |s| {
                s.ended = Some(envelope.elapsed);
                s.failed = Some(error.message.clone());
            }),
            _ => {}
        }
    }

    /// The steps that were started.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How long the run took, as far as was observed.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// How many steps ran at once, at most.
    #[must_use]
    pub fn widest(&self) -> usize {
        let at = |time| {
            self.steps.iter().filter(|s| s.began <= time && s.ended.is_none_or(|ended| ended > time)).count()
        };
        self.steps.iter().map(|s| at(s.began)).max().unwrap_or_default()
    }

    fn change(&mut self, view: &StepView, change: impl FnOnce(&mut Step)) {
        if let Some(step) = self.steps.iter_mut().find(|s| s.view == *view) {
            change(step);
        }
    }
}

/// One line per step: its bar, how long it took, and what it waited for.
impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = |time: Duration| {
            let column = time.as_millis() * WIDTH / self.elapsed.as_millis().max(1);
            usize::try_from(column).unwrap_or_default()
        };
        let names: Vec<_> = self.steps.iter().map(|s| s.view.address.to_string()).collect();
        let names_width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        for (step, name) in self.steps.iter().zip(&names) {
            let ended = step.ended.unwrap_or(self.elapsed);
            let (from, to) = (scale(step.began), scale(ended));
            let bar = format!("{}{}", " ".repeat(from), "=".repeat((to - from).max(1)));
            let took = (ended - step.began).as_secs_f64();
            write!(f, "{name:<names_width$} |{bar:<width$}| {took:.1} s", width = WIDTH as usize + 1)?;
            match (&step.failed, &step.waited) {
                (Some(why), _) => write!(f, ", failed: {why}")?,
                (None, Some(note)) => write!(f, ", {note}")?,
                (None, None) => {}
            }
            match step.retries {
                0 => writeln!(f)?,
                n => writeln!(f, ", repeated {n} times")?,
            }
        }
        let (steps, seconds) = (self.steps.len(), self.elapsed.as_secs_f64());
        writeln!(f, "{steps} steps in {seconds:.1} s, at most {} at once", self.widest())
    }
}
