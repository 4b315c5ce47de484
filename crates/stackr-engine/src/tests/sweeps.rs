//! Sweeps: whatever goes wrong at whatever point, the next run ends with exactly the declared objects.

use stackr_core::ErrorKind;

use super::*;
use crate::{Event, fake::Fault};

/// What is disturbed: from which version of the stack to which.
#[derive(Clone, Copy, Debug)]
enum Journey {
    Make,
    Change,
    Remove,
}

const JOURNEYS: [Journey; 3] = [Journey::Make, Journey::Change, Journey::Remove];

/// What an undisturbed run does.
struct Undisturbed {
    /// Where it begins.
    start: Lab,
    /// What it ends with.
    inventory: Vec<String>,
    /// Its calls to the cloud.
    calls: Vec<String>,
    /// How many calls to the store it makes.
    stored: usize,
    /// How many events it has.
    events: usize,
}

impl Journey {
    fn goal(self) -> Option<Stack> {
        match self {
            Self::Make => Some(stack(1)),
            Self::Change => Some(stack(2)),
            Self::Remove => None,
        }
    }

    async fn undisturbed(self, lag: Duration) -> Undisturbed {
        let start = Lab::new();
        start.fake.with(|w| w.lag = lag);
        if !matches!(self, Self::Make) {
            start.run(Some(&stack(1))).await.summary();
        }
        let lab = start.copy();
        let before = lab.fake.with(|w| w.calls.len());
        let (store, mut events) = (Arc::new(lab.store.clone()), 0);
        let (goal, died, interrupt) = (self.goal(), Notify::new(), Interrupt::new());
        lab.watch(goal.as_ref(), store, &died, &interrupt, |_| events += 1).await.summary();
        let calls = lab.fake.with(|w| w.calls.split_off(before));
        Undisturbed { start, inventory: lab.inventory(), calls, stored: lab.store.calls().len(), events }
    }
}

impl Undisturbed {
    /// Every call but those in the middle of a row of the same polls.
    fn points(&self) -> Vec<usize> {
        let calls = &self.calls;
        let dull = |n: &usize| {
            let same = |m: usize| calls.get(m) == calls.get(*n);
            *n > 0 && calls[*n].starts_with("read") && same(n - 1) && same(n + 1)
        };
        (0..calls.len()).filter(|n| !dull(n)).collect()
    }
}

/// Disturbs every call of every journey; `again` says whether a second run may be needed.
async fn every_call(fault: Fault, again: bool) -> usize {
    every_call_of(fault, again, Duration::ZERO, |_| true).await
}

/// The same for some calls, with a cloud that shows what is made after a while only.
async fn every_call_of(fault: Fault, again: bool, lag: Duration, of: impl Fn(&str) -> bool) -> usize {
    let mut points = 0;
    for journey in JOURNEYS {
        let undisturbed = journey.undisturbed(lag).await;
        for n in undisturbed.points() {
            if !of(&undisturbed.calls[n]) {
                continue;
            }
            let lab = undisturbed.start.copy();
            lab.fake.fault(n, fault);
            let ran = lab.run(journey.goal().as_ref()).await;
            assert!(!lab.fake.heal(), "{journey:?}: call {n} did not happen");
            let what = format!("{journey:?}, call {n} ({}), {fault:?}", undisturbed.calls[n]);
            if !ran.is_done() {
                assert!(again, "{what}: {ran:#?}");
                let ran = lab.run(journey.goal().as_ref()).await;
                assert!(ran.is_done(), "{what}: {ran:#?}");
            }
            lab.check(journey.goal().as_ref(), &undisturbed.inventory, &what).await;
            points += 1;
        }
    }
    points
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_any_call_is_healed_by_the_next_run() {
    assert!(every_call(Fault::CrashBefore, true).await > 45);
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_any_call_is_healed_by_the_next_run() {
    assert!(every_call(Fault::CrashAfter, true).await > 45);
}

/// As long as AWS's tags usually take to be searchable.
const LAG: Duration = Duration::from_secs(3);

fn is_create(call: &str) -> bool {
    call.starts_with("create")
}

#[tokio::test(start_paused = true)]
async fn what_a_crashed_run_made_is_found_though_it_is_not_visible_at_once() {
    let points = every_call_of(Fault::CrashAfter, true, LAG, is_create).await;
    assert!(points > 8, "{points}");
}

#[tokio::test(start_paused = true)]
async fn what_an_unanswered_create_made_is_found_though_it_is_not_visible_at_once() {
    every_call_of(Fault::After(ErrorKind::Transient), false, LAG, is_create).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_arrives_twice_does_no_harm() {
    // What has neither token nor name is made twice by a repeated request; nothing can help that but not repeating
    // it, which is why the SDK's own retries are off. A bond cannot say whose it is.
    let fit = |call: &str| !["create fake_network", "create fake_bond"].contains(&call);
    every_call_of(Fault::Twice, false, Duration::ZERO, fit).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_in_passing_is_repeated() {
    every_call(Fault::Before(ErrorKind::Transient), false).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_does_no_harm() {
    every_call(Fault::After(ErrorKind::Transient), false).await;
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_is_repeated() {
    every_call(Fault::Before(ErrorKind::Throttled), false).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_visible_yet_is_waited_for() {
    every_call(Fault::Before(ErrorKind::Propagating), false).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_is_healed_by_the_next_run() {
    every_call(Fault::Before(ErrorKind::Denied), true).await;
}

#[tokio::test(start_paused = true)]
async fn a_senseless_answer_after_the_call_worked_is_healed_by_the_next_run() {
    every_call(Fault::After(ErrorKind::Bug), true).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_call_of_the_store_is_healed_by_the_next_run() {
    let mut points = 0;
    for journey in JOURNEYS {
        let undisturbed = journey.undisturbed(Duration::ZERO).await;
        for (n, after) in (0..undisturbed.stored + 2).flat_map(|n| [(n, false), (n, true)]) {
            let lab = undisturbed.start.copy();
            let died = Arc::new(Notify::new());
            let (inner, left) = (lab.store.clone(), AtomicUsize::new(n));
            let mortal = Arc::new(Mortal { inner, left, after, died: Arc::clone(&died) });
            let what = format!("{journey:?}, store call {n}, after: {after}");
            lab.watch(journey.goal().as_ref(), mortal, &died, &Interrupt::new(), |_| {}).await;
            let ran = lab.run(journey.goal().as_ref()).await;
            assert!(ran.is_done(), "{what}: {ran:#?}");
            lab.check(journey.goal().as_ref(), &undisturbed.inventory, &what).await;
            points += 1;
        }
    }
    assert!(points > 100, "{points}");
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_at_any_event_is_healed_by_the_next_run() {
    for journey in JOURNEYS {
        let undisturbed = journey.undisturbed(Duration::ZERO).await;
        for (times, n) in (1..=3).flat_map(|times| (0..undisturbed.events).map(move |n| (times, n))) {
            let lab = undisturbed.start.copy();
            let (interrupt, mut seen) = (Interrupt::new(), 0);
            let on_event = |_: &Envelope| {
                if seen == n {
                    (0..times).for_each(|_| interrupt.raise_once());
                }
                seen += 1;
            };
            let (store, died) = (Arc::new(lab.store.clone()), Notify::new());
            let ran = lab.watch(journey.goal().as_ref(), store, &died, &interrupt, on_event).await;
            let what = format!("{journey:?}, event {n}, {times} times");
            assert!(ran.summary().failed.is_empty(), "{what}");
            let ran = lab.run(journey.goal().as_ref()).await;
            assert!(ran.is_done(), "{what}: {ran:#?}");
            lab.check(journey.goal().as_ref(), &undisturbed.inventory, &what).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_misbehaves_at_any_call_loses_nothing() {
    use stackr_state::Fault::{After, Before, Full, LostAnswer};
    for journey in JOURNEYS {
        let undisturbed = journey.undisturbed(Duration::ZERO).await;
        for (n, fault) in
            (0..undisturbed.stored).flat_map(|n| [Before, After, Full, LostAnswer].map(|f| (n, f)))
        {
            let lab = undisturbed.start.copy();
            lab.store.fault(n, fault);
            let what = format!("{journey:?}, store call {n}, {fault:?}");
            let ran = lab.run(journey.goal().as_ref()).await;
            lab.store.heal();
            if !ran.is_done() {
                tokio::time::advance(Duration::from_secs(300)).await;
                let ran = lab.run(journey.goal().as_ref()).await;
                assert!(ran.is_done(), "{what}: {ran:#?}");
            }
            lab.check(journey.goal().as_ref(), &undisturbed.inventory, &what).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_a_destroy_finds_and_removes_everything_too() {
    let undisturbed = Journey::Make.undisturbed(Duration::ZERO).await;
    for (n, crash) in
        undisturbed.points().into_iter().flat_map(|n| [(n, Fault::CrashBefore), (n, Fault::CrashAfter)])
    {
        let lab = undisturbed.start.copy();
        // What can only be found by repeating its create is lost for a destroy: a token is no reason for a type not
        // to have `find`.
        lab.fake.with(|w| w.finds_gateways = true);
        lab.fake.fault(n, crash);
        lab.run(Some(&stack(1))).await;
        let what = format!("call {n} ({}), {crash:?}", undisturbed.calls[n]);
        let ran = lab.run(None).await;
        assert!(ran.is_done(), "{what}: {ran:#?}");
        lab.check(None, &[], &what).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_apply_does_not_take_what_is_being_deleted_for_what_is_declared() {
    let undisturbed = Journey::Remove.undisturbed(Duration::ZERO).await;
    let lab = undisturbed.start.copy();
    let expected = lab.inventory();
    let (interrupt, died) = (Interrupt::new(), Notify::new());
    // A destroy that is left while AWS still shows the gateway that it has deleted.
    let left = lab
        .watch(None, Arc::new(lab.store.clone()), &died, &interrupt, |e| {
            if matches!(&e.event, Event::StepWaiting { note, .. } if note == "deleting") {
                interrupt.third();
            }
        })
        .await
        .summary();
    assert_eq!(left.outcome, Outcome::Interrupted);
    assert!(
        lab.fake.with(|w| w.things.values().any(|thing| thing.gone.is_some_and(|at| at > Instant::now())))
    );
    let ran = lab.run(Some(&stack(1))).await;
    assert!(ran.is_done(), "{ran:#?}");
    tokio::time::advance(Duration::from_secs(600)).await;
    assert_eq!(lab.inventory(), expected);
    lab.check(Some(&stack(1)), &expected, "an apply after a destroy that was left").await;
}
