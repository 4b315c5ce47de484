//! The run: one state machine that decides everything and does nothing. The driver tells it what happened and
//! performs the actions that it answers, in order.
//!
//! Facts that shape this file:
//! - a step's milestone counts only when the ids that it noted before are durable;
//! - after the first failure nothing new starts, what runs is finished, and everything is recorded;
//! - interrupts escalate: stop starting, stop waiting, stop.

use std::time::Duration;

use stackr_plan::{Milestone, Program, StepId};
use stackr_state::Entry;

use crate::{
    Summary,
    event::{Because, ErrorView, Event, Reason, StepView, views},
    scheduler::Scheduler,
    summary::{Done, Failure, Skipped},
};

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The intents are durable: go.
    Started,
    /// A step has something that must be durable before anyone waits on it.
    Noted {
        /// Which step.
        step: StepId,
        /// What.
        entries: Vec<Entry>,
    },
    /// What a step noted is durable.
    Durable {
        /// Which step.
        step: StepId,
    },
    /// What a step wanted to record cannot be: a bug.
    Unrecorded {
        /// Which step.
        step: StepId,
        /// Why.
        error: ErrorView,
    },
    /// A step has come this far.
    Reached {
        /// Which step.
        step: StepId,
        /// How far.
        milestone: Milestone,
    },
    /// A step waits.
    Waiting {
        /// Which step.
        step: StepId,
        /// For what.
        note: String,
    },
    /// A step's object cannot be deleted yet.
    Held {
        /// Which step.
        step: StepId,
        /// What keeps it.
        holders: Vec<String>,
    },
    /// A step repeats a call.
    Retrying {
        /// Which step.
        step: StepId,
        /// Why.
        error: ErrorView,
        /// After which delay.
        delay: Duration,
    },
    /// A step is done.
    Finished {
        /// Which step.
        step: StepId,
        /// The object's id.
        id: Option<String>,
        /// What to record.
        entries: Vec<Entry>,
    },
    /// A step failed.
    Failed {
        /// Which step.
        step: StepId,
        /// Why.
        error: ErrorView,
        /// What to record all the same.
        entries: Vec<Entry>,
    },
    /// A step was left before its end.
    Left {
        /// Which step.
        step: StepId,
        /// What to record.
        entries: Vec<Entry>,
    },
    /// Somebody wants the run to stop: for the first, second or third time.
    Interrupt,
    /// State cannot be written at the moment.
    StateFails,
    /// State cannot be written any more: another run has taken over, or the store is gone for good.
    StateLost,
    /// Time has passed.
    Tick,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Make these entries durable, after those of earlier commits. Where `noted`, say so with
    /// [`Input::Durable`].
    Commit {
        /// Whose they are.
        step: StepId,
        /// What.
        entries: Vec<Entry>,
        /// Whether somebody waits for it.
        noted: bool,
    },
    /// Start a step.
    Start(StepId),
    /// Tell the observer.
    Emit(Box<Event>),
    /// Tell the running steps to stop waiting; calls in flight may be answered.
    Abandon,
    /// The run is over: end what still runs, record what is left, close state.
    Finish(Box<Summary>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Before,
    Running,
    Over,
}

#[derive(Clone, Debug)]
struct Track {
    view: StepView,
    phase: Phase,
    began: Duration,
    /// Notes that are not durable yet.
    unsaved: usize,
    /// What counts when they are.
    held: Vec<Milestone>,
    /// The id of a step that is done but for them.
    finishing: Option<Option<String>>,
}

/// The state machine of one run.
#[derive(Clone, Debug)]
pub struct Run {
    steps: Vec<Track>,
    /// How many steps are running: asking each of them after every input would take the square of the program.
    running: usize,
    scheduler: Scheduler,
    summary: Summary,
    stopping: bool,
    interrupts: u8,
    grace: Duration,
    leave_at: Option<Duration>,
    finished: bool,
}

impl Run {
    /// For a program whose steps are expected to take so long each. After a second interrupt, calls in flight get
    /// `grace` to be answered.
    #[must_use]
    pub fn new(program: &Program, expected: &[Duration], grace: Duration) -> Self {
        let steps = views(program).into_iter().map(|view| Track {
            view,
            phase: Phase::Before,
            began: Duration::ZERO,
            unsaved: 0,
            held: Vec::new(),
            finishing: None,
        });
        Self {
            steps: steps.collect(),
            running: 0,
            scheduler: Scheduler::new(expected, &program.edges),
            summary: Summary::new(),
            stopping: false,
            interrupts: 0,
            grace,
            leave_at: None,
            finished: false,
        }
    }

    /// The answer to what happened; `now` is the time since the run began. After [`Action::Finish`] there is no
    /// answer any more, but commits.
    pub fn handle(&mut self, now: Duration, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        if let Input::Noted { step, entries } = input {
            self.steps[step.0].unsaved += 1;
            return vec![Action::Commit { step, entries, noted: true }];
        }
        if self.finished {
            return actions;
        }
        match input {
            Input::Started => emit(&mut actions, Event::RunStarted { steps: self.steps.len() }),
            Input::Durable { step } => self.durable(now, step, &mut actions),
            Input::Reached { step, milestone } => {
                self.steps[step.0].held.push(milestone);
                self.release(step);
            }
            Input::Waiting { step, note } => {
                emit(&mut actions, Event::StepWaiting { step: self.view(step), note });
            }
            Input::Held { step, holders } => {
                emit(&mut actions, Event::StepHeld { step: self.view(step), holders });
            }
            Input::Retrying { step, error, delay } => {
                emit(&mut actions, Event::StepRetrying { step: self.view(step), error, delay });
            }
            Input::Finished { step, id, entries } => {
                commit(step, entries, &mut actions);
                self.steps[step.0].finishing = Some(id);
                if self.steps[step.0].unsaved == 0 {
                    self.finish_step(now, step, &mut actions);
                }
            }
            Input::Failed { step, error, entries } => {
                commit(step, entries, &mut actions);
                self.fail(step, error, &mut actions);
            }
            Input::Left { step, entries } => {
                commit(step, entries, &mut actions);
                self.leave(step, &mut actions);
            }
            Input::Unrecorded { step, error } => {
                let view = self.view(step);
                self.summary.done.retain(|done| done.step != view);
                self.fail(step, error, &mut actions);
            }
            Input::Interrupt => self.interrupt(now, &mut actions),
            Input::StateFails => self.stop(Reason::State, &mut actions),
            Input::StateLost => {
                self.stop(Reason::State, &mut actions);
                self.leave_all(&mut actions);
            }
            Input::Tick if self.leave_at.is_some_and(|at| now >= at) => self.leave_all(&mut actions),
            Input::Noted { .. } | Input::Tick => {}
        }
        self.go_on(now, &mut actions);
        actions
    }

    /// When a [`Input::Tick`] is wanted, in time since the run began.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Duration> {
        if self.finished { None } else { self.leave_at }
    }

    /// Whether a step waits for this one to be ready.
    #[must_use]
    pub fn is_awaited(&self, step: StepId) -> bool {
        self.scheduler.is_awaited(step)
    }

    fn view(&self, step: StepId) -> StepView {
        self.steps[step.0].view.clone()
    }

    /// Moves a step to another phase: the only place that does, so that the count is right.
    fn enter(&mut self, step: StepId, phase: Phase) {
        let before = std::mem::replace(&mut self.steps[step.0].phase, phase);
        self.running -= usize::from(before == Phase::Running);
        self.running += usize::from(phase == Phase::Running);
    }

    fn durable(&mut self, now: Duration, step: StepId, actions: &mut Vec<Action>) {
        let track = &mut self.steps[step.0];
        track.unsaved = track.unsaved.saturating_sub(1);
        self.release(step);
        let track = &self.steps[step.0];
        if track.unsaved == 0 && track.finishing.is_some() {
            self.finish_step(now, step, actions);
        }
    }

    /// Lets milestones count whose ids are durable.
    fn release(&mut self, step: StepId) {
        if self.steps[step.0].unsaved == 0 {
            for milestone in std::mem::take(&mut self.steps[step.0].held) {
                self.scheduler.reached(step, milestone);
            }
        }
    }

    fn finish_step(&mut self, now: Duration, step: StepId, actions: &mut Vec<Action>) {
        let Some(id) = self.steps[step.0].finishing.take() else { return };
        if self.steps[step.0].phase != Phase::Running {
            return;
        }
        self.enter(step, Phase::Over);
        let track = &self.steps[step.0];
        let done = Done { step: track.view.clone(), id, duration: now.saturating_sub(track.began) };
        let Done { step: view, id, duration } = done.clone();
        emit(actions, Event::StepFinished { step: view, id, duration });
        self.summary.done.push(done);
        self.scheduler.reached(step, Milestone::Ready);
    }

    fn fail(&mut self, step: StepId, error: ErrorView, actions: &mut Vec<Action>) {
        self.enter(step, Phase::Over);
        let view = self.view(step);
        emit(actions, Event::StepFailed { step: view.clone(), error: error.clone() });
        self.summary.failed.push(Failure { step: view.clone(), error });
        self.stop(Reason::Failure, actions);
        for skipped in self.scheduler.failed(step) {
            self.skip(skipped, Because::Needs(view.clone()), actions);
        }
    }

    fn skip(&mut self, step: StepId, because: Because, actions: &mut Vec<Action>) {
        self.enter(step, Phase::Over);
        let step = self.view(step);
        emit(actions, Event::StepSkipped { step: step.clone(), because: because.clone() });
        self.summary.skipped.push(Skipped { step, because });
    }

    fn leave(&mut self, step: StepId, actions: &mut Vec<Action>) {
        if self.steps[step.0].phase != Phase::Running {
            return;
        }
        self.enter(step, Phase::Over);
        emit(actions, Event::StepAbandoned { step: self.view(step) });
        self.summary.abandoned.push(self.view(step));
    }

    fn leave_all(&mut self, actions: &mut Vec<Action>) {
        for step in (0..self.steps.len()).map(StepId) {
            self.leave(step, actions);
        }
    }

    fn stop(&mut self, reason: Reason, actions: &mut Vec<Action>) {
        // A failure while the run is stopping anyway is no news; a person's wish is.
        let news = !self.stopping || matches!(reason, Reason::Interrupted | Reason::Abandoned);
        self.stopping = true;
        if news {
            emit(actions, Event::RunStopping { reason });
        }
    }

    fn interrupt(&mut self, now: Duration, actions: &mut Vec<Action>) {
        self.interrupts = self.interrupts.saturating_add(1);
        self.summary.interrupted = true;
        match self.interrupts {
            1 => self.stop(Reason::Interrupted, actions),
            2 => {
                self.stop(Reason::Abandoned, actions);
                self.leave_at = Some(now.saturating_add(self.grace));
                actions.push(Action::Abandon);
            }
            _ => self.leave_all(actions),
        }
    }

    /// Starts what may start, or ends the run if nothing is left to do.
    fn go_on(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if !self.stopping {
            while let Some(step) = self.scheduler.next() {
                self.enter(step, Phase::Running);
                self.steps[step.0].began = now;
                emit(actions, Event::StepStarted { step: self.view(step) });
                actions.push(Action::Start(step));
            }
        }
        if self.running > 0 {
            return;
        }
        for step in self.scheduler.left() {
            self.skip(step, Because::Stopped, actions);
        }
        self.finished = true;
        self.summary.duration = now;
        self.summary.outcome = self.summary.judge();
        actions.push(Action::Finish(Box::new(self.summary.clone())));
    }
}

fn emit(actions: &mut Vec<Action>, event: Event) {
    actions.push(Action::Emit(Box::new(event)));
}

fn commit(step: StepId, entries: Vec<Entry>, actions: &mut Vec<Action>) {
    if !entries.is_empty() {
        actions.push(Action::Commit { step, entries, noted: false });
    }
}

#[cfg(test)]
mod tests;
