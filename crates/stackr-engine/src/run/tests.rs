use stackr_core::{Address, Object};
use stackr_plan::{Edge, Step, Verb};
use stackr_state::Outcome;

use super::*;

fn object() -> Object {
    Object {
        ty: "fake".into(),
        id: "i".into(),
        uid: "u".into(),
        origin: stackr_core::Origin::default(),
        depends_on: Vec::new(),
        prevent_destroy: false,
        create_before_destroy: false,
        timeouts: std::collections::BTreeMap::new(),
        schema: 1,
        tainted: false,
        args: serde_json::Map::new(),
        outputs: serde_json::Map::new(),
    }
}

fn run(steps: usize, edges: &[(usize, usize, Milestone)]) -> Run {
    let step = |n: usize| Step {
        address: Address::root("fake", format!("o{}", n + 1)),
        verb: Verb::Delete { object: Box::new(object()), deposed: false, with: None },
    };
    let edge = |&(from, to, milestone): &(usize, usize, Milestone)| Edge {
        from: StepId(from - 1),
        to: StepId(to - 1),
        milestone,
    };
    let program = Program {
        steps: (0..steps).map(step).collect(),
        edges: edges.iter().map(edge).collect(),
        ..Program::default()
    };
    Run::new(&program, &vec![Duration::from_secs(1); steps], Duration::from_secs(2))
}

fn entry(uid: &str) -> Entry {
    Entry::Deleted { address: Address::root("fake", "x"), uid: uid.to_owned() }
}

fn at(step: usize) -> StepId {
    StepId(step - 1)
}

fn noted(step: usize) -> Input {
    Input::Noted { step: at(step), entries: vec![entry("id")] }
}

fn durable(step: usize) -> Input {
    Input::Durable { step: at(step) }
}

fn id(step: usize) -> Input {
    Input::Reached { step: at(step), milestone: Milestone::Id }
}

fn done(step: usize) -> Input {
    Input::Finished { step: at(step), id: None, entries: vec![entry("done")] }
}

fn failed(step: usize) -> Input {
    Input::Failed { step: at(step), error: ErrorView::new("invalid", "no"), entries: vec![entry("half")] }
}

fn left(step: usize) -> Input {
    Input::Left { step: at(step), entries: Vec::new() }
}

/// The actions in short: `+1` start, `=1` finished, `!1` failed, `~1` abandoned, `-1` skipped, `w1` commit, `W1`
/// commit that is waited for.
fn show(actions: &[Action]) -> String {
    let show = |action: &Action| match action {
        Action::Commit { step, noted, .. } => format!("{}{}", if *noted { "W" } else { "w" }, step.0 + 1),
        Action::Start(step) => format!("+{}", step.0 + 1),
        Action::Abandon => "abandon".to_owned(),
        Action::Finish(summary) => format!("{:?}", summary.outcome),
        Action::Emit(event) => match &**event {
            Event::StepFinished { step, .. } => format!("={}", step.number),
            Event::StepFailed { step, .. } => format!("!{}", step.number),
            Event::StepAbandoned { step } => format!("~{}", step.number),
            Event::StepSkipped { step, .. } => format!("-{}", step.number),
            Event::RunStopping { reason } => format!("stop:{reason:?}"),
            Event::RunStarted { .. } | Event::StepStarted { .. } => String::new(),
            other => format!("{other:?}"),
        },
    };
    actions.iter().map(show).filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(mut run: Run, table: &[(Input, &str)]) {
    for (n, (input, expected)) in table.iter().enumerate() {
        let now = Duration::from_secs(n as u64);
        assert_eq!(show(&run.handle(now, input.clone())), *expected, "line {n}: {input:?}");
    }
}

use Milestone::{Id, Ready};

#[test]
fn an_empty_program_is_done_at_once() {
    check(run(0, &[]), &[(Input::Started, "Done")]);
}

#[test]
fn what_waits_starts_when_its_step_is_done() {
    check(
        run(3, &[(1, 2, Ready), (1, 3, Ready)]),
        &[(Input::Started, "+1"), (done(1), "w1 =1 +2 +3"), (done(3), "w3 =3"), (done(2), "w2 =2 Done")],
    );
}

#[test]
fn a_milestone_counts_when_the_id_is_durable() {
    check(
        run(3, &[(1, 2, Id), (1, 3, Ready)]),
        &[
            (Input::Started, "+1"),
            (noted(1), "W1"),
            (id(1), ""),
            (durable(1), "+2"),
            (noted(1), "W1"),
            (done(1), "w1"),
            (done(2), "w2 =2"),
            (durable(1), "=1 +3"),
            (done(3), "w3 =3 Done"),
        ],
    );
}

#[test]
fn after_a_failure_nothing_starts_what_runs_is_finished_and_all_is_recorded() {
    check(
        run(5, &[(1, 4, Ready), (4, 5, Ready), (2, 3, Ready)]),
        &[(Input::Started, "+1 +2"), (failed(1), "w1 !1 stop:Failure -4 -5"), (done(2), "w2 =2 -3 Failed")],
    );
}

#[test]
fn several_failures_are_all_reported() {
    check(
        run(3, &[]),
        &[
            (Input::Started, "+1 +2 +3"),
            (failed(1), "w1 !1 stop:Failure"),
            (failed(2), "w2 !2"),
            (done(3), "w3 =3 Failed"),
        ],
    );
}

#[test]
fn interrupts_escalate() {
    let program = || run(3, &[(1, 2, Ready)]);
    check(
        program(),
        &[
            (Input::Started, "+1 +3"),
            (Input::Interrupt, "stop:Interrupted"),
            (done(3), "w3 =3"),
            (done(1), "w1 =1 -2 Interrupted"),
        ],
    );
    check(
        program(),
        &[
            (Input::Started, "+1 +3"),
            (Input::Interrupt, "stop:Interrupted"),
            (Input::Interrupt, "stop:Abandoned abandon"),
            (left(3), "~3"),
            (done(1), "w1 =1 -2 Interrupted"),
        ],
    );
    check(
        program(),
        &[
            (Input::Started, "+1 +3"),
            (Input::Interrupt, "stop:Interrupted"),
            (Input::Interrupt, "stop:Abandoned abandon"),
            (Input::Interrupt, "~1 ~3 -2 Interrupted"),
            (noted(1), "W1"),
            (done(1), ""),
        ],
    );
}

#[test]
fn after_the_grace_what_still_runs_is_left() {
    let mut run = run(1, &[]);
    run.handle(Duration::ZERO, Input::Started);
    run.handle(Duration::from_secs(1), Input::Interrupt);
    assert_eq!(run.wakes_at(), None);
    run.handle(Duration::from_secs(2), Input::Interrupt);
    assert_eq!(run.wakes_at(), Some(Duration::from_secs(4)));
    assert_eq!(show(&run.handle(Duration::from_secs(3), Input::Tick)), "");
    assert_eq!(show(&run.handle(Duration::from_secs(4), Input::Tick)), "~1 Interrupted");
}

#[test]
fn an_interrupt_when_all_is_running_to_its_end_leaves_a_done_run() {
    check(
        run(1, &[]),
        &[(Input::Started, "+1"), (Input::Interrupt, "stop:Interrupted"), (done(1), "w1 =1 Done")],
    );
}

#[test]
fn a_failure_during_an_interrupt_is_a_failed_run() {
    check(
        run(2, &[]),
        &[
            (Input::Started, "+1 +2"),
            (Input::Interrupt, "stop:Interrupted"),
            (failed(1), "w1 !1"),
            (done(2), "w2 =2 Failed"),
        ],
    );
}

#[test]
fn when_state_is_lost_the_run_ends_at_once() {
    check(
        run(2, &[(1, 2, Ready)]),
        &[(Input::Started, "+1"), (Input::StateFails, "stop:State"), (Input::StateLost, "~1 -2 Failed")],
    );
}

#[test]
fn a_step_whose_result_cannot_be_recorded_has_failed() {
    let mut run = run(2, &[]);
    run.handle(Duration::ZERO, Input::Started);
    run.handle(Duration::ZERO, done(1));
    let error = ErrorView::new("bug", "cannot follow");
    run.handle(Duration::ZERO, Input::Unrecorded { step: at(1), error });
    let actions = run.handle(Duration::ZERO, done(2));
    let Some(Action::Finish(summary)) = actions.last() else { panic!("{actions:?}") };
    assert_eq!((summary.done.len(), summary.failed.len()), (1, 1));
    assert_eq!(summary.outcome, Outcome::Failed);
}

#[test]
fn the_running_steps_are_counted_right_whatever_is_said_of_them() {
    for seed in 0..300 {
        let mut random = crate::random::Jitter::new(seed, 0);
        let mut run = run(6, &[(1, 3, Id), (2, 3, Ready), (3, 4, Ready), (1, 5, Ready)]);
        run.handle(Duration::ZERO, Input::Started);
        for now in 0..60 {
            let step = 1 + (random.next() % 6) as usize;
            // Also what a driver would never say: of steps that have not begun, or are over.
            let input = match random.next() % 12 {
                0 => noted(step),
                1 | 2 => durable(step),
                3 => id(step),
                4..=7 => done(step),
                8 => failed(step),
                9 => left(step),
                10 => Input::Unrecorded { step: at(step), error: ErrorView::new("bug", "no") },
                _ if random.next().is_multiple_of(8) => Input::Interrupt,
                _ => Input::Tick,
            };
            let (before, said) = (run.finished, input.clone());
            let actions = run.handle(Duration::from_secs(now), input);
            let running = run.steps.iter().filter(|track| track.phase == Phase::Running).count();
            assert_eq!(run.running, running, "seed {seed}: {said:?}");
            assert_eq!(run.finished, running == 0, "seed {seed}: {said:?}");
            let ended = actions.iter().any(|action| matches!(action, Action::Finish(_)));
            assert_eq!(ended, run.finished && !before, "seed {seed}: {said:?}");
        }
    }
}
