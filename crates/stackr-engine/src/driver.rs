//! The driver: the only loop that awaits. It tells the run what happened and performs what the run answers, in order.
//!
//! It decides nothing, and no failure inside it may lose a result: a step that panics is a failed step, a store that
//! fails is tried again, what was noted is written before the end.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use jiff::Timestamp;
use stackr_core::Value;
use stackr_plan::{Program, Resolver, StepId, Values};
use stackr_state::{Error, State};
use tokio::{
    sync::{mpsc, oneshot},
    task::{Id, JoinError, JoinSet},
    time::{Instant, MissedTickBehavior, interval_at, sleep_until},
};

use crate::{
    Interrupt, Summary,
    event::{EVENT_VERSION, Envelope, ErrorView, Event},
    intents::Intended,
    journal::{Item, Journal, Turn},
    records,
    run::{Action, Input, Run},
    site::{Ended, Halt, Report},
    work::{Order, Shop, Task},
};

/// Beyond the grace of calls in flight, how long a second interrupt leaves for writing state and giving the lease back:
/// a CI system that sends SIGTERM is to find everything durable within two seconds.
const OUT: Duration = Duration::from_millis(700);

/// How much of that is kept for giving the lease back, where the store does not answer.
const LAST: Duration = Duration::from_millis(200);

/// Numbers and dates the events of a run.
pub(crate) struct Teller<'a, F> {
    pub(crate) run: String,
    pub(crate) seq: u64,
    pub(crate) began: Instant,
    pub(crate) clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
    pub(crate) on_event: F,
}

impl<F: FnMut(&Envelope)> Teller<'_, F> {
    pub(crate) fn tell(&mut self, event: Event) {
        let envelope = Envelope {
            v: EVENT_VERSION,
            run: self.run.clone(),
            seq: self.seq,
            at: (self.clock)(),
            elapsed: self.began.elapsed(),
            event,
        };
        self.seq += 1;
        (self.on_event)(&envelope);
    }
}

/// Everything that one run of a program holds. One task owns it.
pub(crate) struct Driver<'a, F> {
    pub(crate) program: &'a Program,
    pub(crate) resolver: Option<&'a Resolver<'a>>,
    pub(crate) values: Values,
    /// The intents of the creates that were not started.
    pub(crate) intended: BTreeMap<StepId, Intended>,
    pub(crate) shop: Shop,
    pub(crate) reports: mpsc::UnboundedReceiver<(StepId, Report)>,
    pub(crate) journal: Journal,
    pub(crate) run: Run,
    pub(crate) teller: Teller<'a, F>,
    pub(crate) tasks: JoinSet<Ended>,
    pub(crate) steps: HashMap<Id, StepId>,
    pub(crate) finished: Option<Summary>,
    /// Why state was lost.
    pub(crate) lost: Option<Error>,
    /// When the run must be over, once it was told to stop waiting.
    pub(crate) out: Option<Instant>,
    /// Why data of checks could not be read.
    pub(crate) warnings: Vec<ErrorView>,
}

impl<F: FnMut(&Envelope)> Driver<'_, F> {
    /// Runs the program to its end and writes everything but the last entries.
    pub(crate) async fn drive(&mut self, interrupt: &Interrupt) -> Summary {
        let mut level = 0;
        let rhythm = self.journal.rhythm();
        let mut heartbeat = interval_at(Instant::now() + rhythm, rhythm);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if *self.shop.lasts.borrow() <= Instant::now() {
            self.journal.renew((self.teller.clock)());
        }
        self.tell(Input::Started);
        for event in records::events(self.program) {
            self.teller.tell(event);
        }
        let summary = loop {
            if let Some(summary) = self.finished.take() {
                break summary;
            }
            self.journal.kick();
            let due = self.journal.wakes_at();
            let alarm = self.run.wakes_at().map(|at| self.teller.began + at);
            tokio::select! {
                biased;
                () = interrupt.above(level) => {
                    level += 1;
                    if level == 2 {
                        self.out = Some(Instant::now() + self.shop.patience.grace + OUT);
                    }
                    self.tell(Input::Interrupt);
                }
                // Before the ends of tasks, so that a step's reports are heard before its end.
                Some((step, report)) = self.reports.recv() => self.hear(step, report),
                Some(ended) = self.tasks.join_next_with_id() => self.end(ended),
                turn = self.journal.next(), if self.journal.is_busy() => self.wrote(turn),
                _ = heartbeat.tick() => self.journal.renew((self.teller.clock)()),
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
                () = sleep_until(alarm.unwrap_or_else(Instant::now)), if alarm.is_some() => self.tell(Input::Tick),
            }
        };
        self.tasks.shutdown().await;
        while let Ok((step, report)) = self.reports.try_recv() {
            self.hear(step, report);
        }
        while !self.journal.is_flushed() && self.lost.is_none() {
            self.journal.flush();
            self.journal.kick();
            let out = self.out.map(|out| out - 2 * LAST);
            tokio::select! {
                turn = self.journal.next() => self.wrote(turn),
                // A store that does not answer is not waited for either: what it has is what the next run finds.
                () = sleep_until(out.unwrap_or_else(Instant::now)), if out.is_some() => break,
                () = interrupt.above(1), if out.is_none() => {
                    self.out = Some(Instant::now() + OUT);
                }
                // Whoever wants out at once does not wait for a store that fails.
                () = interrupt.above(2), if self.journal.is_troubled() => break,
                _ = heartbeat.tick() => self.journal.renew((self.teller.clock)()),
            }
        }
        summary
    }

    /// Tells the run, and does what it answers.
    fn tell(&mut self, input: Input) {
        let now = self.teller.began.elapsed();
        let mut actions = VecDeque::from(self.run.handle(now, input));
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Commit { step, entries, noted } => {
                    self.journal.push(Item { step, entries, noted, durable: None });
                }
                Action::Start(step) => {
                    if let Some(ended) = self.start(step) {
                        let input = self.ended(step, ended);
                        actions.extend(self.run.handle(now, input));
                    }
                }
                Action::Emit(event) => self.teller.tell(*event),
                Action::Abandon => self.shop.stop.cancel(),
                Action::Finish(summary) => self.finished = Some(*summary),
            }
        }
    }

    /// Starts a step's task; gives its end if there is nothing to wait for.
    fn start(&mut self, step: StepId) -> Option<Ended> {
        let order = Order {
            step,
            program: self.program,
            resolver: self.resolver,
            values: &self.values,
            intended: self.intended.remove(&step),
            awaited: self.run.is_awaited(step),
        };
        match self.shop.task(order) {
            Task::Over(ended) => Some(*ended),
            Task::Run(task) => {
                let handle = self.tasks.spawn(task);
                self.steps.insert(handle.id(), step);
                None
            }
        }
    }

    fn hear(&mut self, step: StepId, report: Report) {
        match report {
            Report::Waiting(note) => self.tell(Input::Waiting { step, note }),
            Report::Held(holders) => self.tell(Input::Held { step, holders }),
            Report::Retrying { error, delay } => self.tell(Input::Retrying { step, error, delay }),
            Report::Note { entries, durable } => self.note(step, entries, durable),
            Report::Reached { milestone, value } => {
                self.values.set(&self.program.steps[step.0].address, value);
                self.tell(Input::Reached { step, milestone });
            }
        }
    }

    fn note(&mut self, step: StepId, entries: Vec<stackr_state::Entry>, durable: oneshot::Sender<()>) {
        let now = self.teller.began.elapsed();
        let mut durable = Some(durable);
        for action in self.run.handle(now, Input::Noted { step, entries }) {
            if let Action::Commit { step, entries, noted } = action {
                self.journal.push(Item { step, entries, noted, durable: durable.take() });
            }
        }
    }

    /// A task is over, one way or another.
    fn end(&mut self, ended: Result<(Id, Ended), JoinError>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let Some(step) = self.steps.remove(&id) else { return };
        let input = match ended {
            Ok((_, ended)) => self.ended(step, ended),
            Err(error) if error.is_panic() => {
                let error =
                    ErrorView::new("bug", "stackr panicked in this step; what it made is found again");
                Input::Failed { step, error: error.hint("apply again, and report this"), entries: Vec::new() }
            }
            Err(_) => Input::Left { step, entries: Vec::new() },
        };
        self.tell(input);
    }

    fn ended(&mut self, step: StepId, ended: Ended) -> Input {
        let mut how = ended.how;
        if let Some(value) = ended.value {
            let address = &self.program.steps[step.0].address;
            self.values.set(address, value.clone());
            if how.is_ok() {
                how = self.judge(step, &value);
            }
        }
        if self.is_advisory(step)
            && let Err(Halt::Failed(error)) = how
        {
            let address = &self.program.steps[step.0].address;
            self.values.set(address, Value::Null);
            let message = format!("{address} cannot be read: {}", error.text());
            self.warnings.push(ErrorView { place: error.place, ..ErrorView::new("check", message) });
            how = Ok(());
        }
        match how {
            Ok(()) => Input::Finished { step, id: ended.id, entries: ended.entries },
            Err(Halt::Failed(error)) => Input::Failed { step, error: *error, entries: ended.entries },
            Err(Halt::Left) => Input::Left { step, entries: ended.entries },
        }
    }

    /// Whether a step reads data of a check.
    fn is_advisory(&self, step: StepId) -> bool {
        let target = self.program.steps[step.0].verb.declared();
        let blocks = self.resolver.map(|resolver| resolver.declaration.blocks());
        target.zip(blocks).is_some_and(|(target, blocks)| blocks[target.block].advisory)
    }

    /// Whether what a step made or read meets the conditions on it. What was made stays recorded either way.
    fn judge(&self, step: StepId, value: &Value) -> Result<(), Halt> {
        let step = &self.program.steps[step.0];
        let (Some(resolver), Some(target)) = (self.resolver, step.verb.declared()) else { return Ok(()) };
        match resolver.declaration.postconditions(target.block, &step.address, value, &self.values) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let message = "a postcondition refers to something that is not there yet";
                Err(Halt::failed(ErrorView::new("plan", message).hint("plan again")))
            }
            Err(diagnostics) => Err(Halt::failed(ErrorView::from(&diagnostics))),
        }
    }

    fn wrote(&mut self, turn: Turn) {
        let (durable, refused) = match turn {
            Turn::Durable(items) => (items, Vec::new()),
            Turn::Illegal { durable, refused } => (durable, refused),
            Turn::Trouble => return self.tell(Input::StateFails),
            Turn::Quiet => return,
            Turn::Lost(error) => {
                self.lost = Some(error);
                self.shop.stop.cancel();
                return self.tell(Input::StateLost);
            }
        };
        for item in durable.into_iter().filter(|item| item.noted) {
            if let Some(durable) = item.durable {
                // A step that was left does not mind.
                durable.send(()).ok();
            }
            self.tell(Input::Durable { step: item.step });
        }
        for (item, why) in refused {
            let error = ErrorView::new("bug", format!("what it did cannot be recorded: {why}"));
            self.tell(Input::Unrecorded { step: item.step, error });
        }
    }

    /// The state as it is recorded.
    pub(crate) fn state(&self) -> Option<&State> {
        self.journal.state()
    }

    /// When writing the end of the run must be over, and when giving the lease back must be.
    pub(crate) fn limits(&self) -> Option<(Instant, Instant)> {
        self.out.map(|out| (out - LAST, out))
    }

    /// How long the run has taken.
    pub(crate) fn elapsed(&self) -> Duration {
        self.teller.began.elapsed()
    }
}
