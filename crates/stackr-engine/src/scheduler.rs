//! The scheduler: which step is next. Pure: no clock, no I/O.
//!
//! Of the steps whose milestones are reached, the one with the longest expected remaining path goes first.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    time::Duration,
};

use stackr_plan::{Edge, Milestone, StepId};

/// What a create needs until its object has an id and was seen once: two calls.
const UNTIL_ID: Duration = Duration::from_secs(1);

/// Where one step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Waits for milestones.
    Waiting,
    /// May start.
    Open,
    /// Was given out.
    Started,
    /// Something it needs failed.
    Skipped,
}

/// The steps that are left and what they wait for.
#[derive(Clone, Debug)]
pub struct Scheduler {
    out: Vec<Vec<(StepId, Milestone)>>,
    unmet: Vec<usize>,
    remaining: Vec<Duration>,
    reached: Vec<Option<Milestone>>,
    place: Vec<Place>,
    open: BinaryHeap<(Duration, Reverse<usize>)>,
}

impl Scheduler {
    /// For steps that are expected to take so long each. Edges to or from steps that there are not are ignored.
    #[must_use]
    pub fn new(expected: &[Duration], edges: &[Edge]) -> Self {
        let steps = expected.len();
        let mut out = vec![Vec::new(); steps];
        let mut unmet = vec![0; steps];
        for edge in edges.iter().filter(|e| e.from.0 < steps && e.to.0 < steps) {
            out[edge.from.0].push((edge.to, edge.milestone));
            unmet[edge.to.0] += 1;
        }
        let remaining = remaining(expected, &out, &unmet);
        let mut scheduler = Self {
            out,
            unmet,
            remaining,
            reached: vec![None; steps],
            place: vec![Place::Waiting; steps],
            open: BinaryHeap::new(),
        };
        for step in 0..steps {
            scheduler.open_if_met(step);
        }
        scheduler
    }

    /// The next step that may start, longest expected remaining path first.
    #[expect(
        clippy::should_implement_trait,
        reason = "not an iterator: what is next changes with what is reached"
    )]
    pub fn next(&mut self) -> Option<StepId> {
        while let Some((_, Reverse(step))) = self.open.pop() {
            if self.place[step] == Place::Open {
                self.place[step] = Place::Started;
                return Some(StepId(step));
            }
        }
        None
    }

    /// A step has come this far. `Ready` includes `Id`; saying it again changes nothing.
    pub fn reached(&mut self, step: StepId, milestone: Milestone) {
        let Some(known) = self.reached.get_mut(step.0) else { return };
        let before = *known;
        if before >= Some(milestone) {
            return;
        }
        *known = Some(milestone);
        for i in 0..self.out[step.0].len() {
            let (to, needs) = self.out[step.0][i];
            if before < Some(needs) && needs <= milestone {
                self.unmet[to.0] -= 1;
                self.open_if_met(to.0);
            }
        }
    }

    /// A step has failed: gives the steps that can now never start, in the order of their numbers.
    pub fn failed(&mut self, step: StepId) -> Vec<StepId> {
        let (mut queue, mut skipped) = (VecDeque::from([step.0]), Vec::new());
        while let Some(from) = queue.pop_front() {
            let Some(out) = self.out.get(from) else { continue };
            for &(to, needs) in out {
                let place = &mut self.place[to.0];
                if self.reached[from] < Some(needs) && matches!(place, Place::Waiting | Place::Open) {
                    *place = Place::Skipped;
                    skipped.push(to);
                    queue.push_back(to.0);
                }
            }
        }
        skipped.sort();
        skipped
    }

    /// The steps that were neither given out nor skipped.
    #[must_use]
    pub fn left(&self) -> Vec<StepId> {
        let left = self.place.iter().enumerate().filter(|(_, p)| matches!(p, Place::Waiting | Place::Open));
        left.map(|(step, _)| StepId(step)).collect()
    }

    /// Whether a step waits for this one to be ready.
    #[must_use]
    pub fn is_awaited(&self, step: StepId) -> bool {
        self.out.get(step.0).is_some_and(|out| out.iter().any(|(_, m)| *m == Milestone::Ready))
    }

    fn open_if_met(&mut self, step: usize) {
        if self.unmet[step] == 0 && self.place[step] == Place::Waiting {
            self.place[step] = Place::Open;
            self.open.push((self.remaining[step], Reverse(step)));
        }
    }
}

/// The longest expected path from the start of each step to the end of the program. Steps on a cycle, which a
/// program does not have, count for themselves only.
fn remaining(expected: &[Duration], out: &[Vec<(StepId, Milestone)>], unmet: &[usize]) -> Vec<Duration> {
    let mut unmet = unmet.to_vec();
    let mut order: Vec<usize> = (0..expected.len()).filter(|s| unmet[*s] == 0).collect();
    let mut at = 0;
    while let Some(&step) = order.get(at) {
        at += 1;
        for (to, _) in &out[step] {
            unmet[to.0] -= 1;
            if unmet[to.0] == 0 {
                order.push(to.0);
            }
        }
    }
    let mut remaining = expected.to_vec();
    for &step in order.iter().rev() {
        let through = out[step].iter().map(|(to, milestone)| {
            let until = match milestone {
                Milestone::Id => expected[step].min(UNTIL_ID),
                Milestone::Ready => expected[step],
            };
            until.saturating_add(remaining[to.0])
        });
        remaining[step] = through.fold(expected[step], Duration::max);
    }
    remaining
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Jitter;

    fn edge(from: usize, to: usize, milestone: Milestone) -> Edge {
        Edge { from: StepId(from), to: StepId(to), milestone }
    }

    fn scheduler(seconds: &[u64], edges: &[Edge]) -> Scheduler {
        let expected: Vec<_> = seconds.iter().map(|s| Duration::from_secs(*s)).collect();
        Scheduler::new(&expected, edges)
    }

    fn all(scheduler: &mut Scheduler) -> Vec<usize> {
        std::iter::from_fn(|| scheduler.next()).map(|s| s.0).collect()
    }

    #[test]
    fn the_longest_path_goes_first() {
        // 0 and 1 are alone; 2 is short, but 3 behind it is long.
        let mut s = scheduler(&[1, 5, 1, 60], &[edge(2, 3, Milestone::Ready)]);
        assert_eq!(all(&mut s), [2, 1, 0]);
        s.reached(StepId(2), Milestone::Ready);
        assert_eq!(all(&mut s), [3]);
    }

    #[test]
    fn equally_long_steps_go_in_the_programs_order() {
        assert_eq!(all(&mut scheduler(&[1, 1, 1], &[])), [0, 1, 2]);
    }

    #[test]
    fn an_early_edge_needs_the_id_only() {
        let edges = [edge(0, 1, Milestone::Id), edge(0, 2, Milestone::Ready)];
        let mut s = scheduler(&[100, 1, 1], &edges);
        assert_eq!(all(&mut s), [0]);
        s.reached(StepId(0), Milestone::Id);
        assert_eq!(all(&mut s), [1]);
        s.reached(StepId(0), Milestone::Ready);
        s.reached(StepId(0), Milestone::Ready);
        assert_eq!(all(&mut s), [2]);
    }

    #[test]
    fn a_failure_skips_what_needs_it_but_not_what_had_enough() {
        // 1 had the id that it needs; 2 waits for ready, 3 for 2.
        let edges = [
            edge(0, 1, Milestone::Id),
            edge(0, 2, Milestone::Ready),
            edge(2, 3, Milestone::Id),
            edge(4, 3, Milestone::Ready),
        ];
        let mut s = scheduler(&[1; 5], &edges);
        assert_eq!(all(&mut s), [0, 4]);
        s.reached(StepId(0), Milestone::Id);
        assert_eq!(s.failed(StepId(0)), [StepId(2), StepId(3)]);
        assert_eq!(s.left(), [StepId(1)]);
        assert_eq!(all(&mut s), [1]);
    }

    #[test]
    fn on_random_programs_every_step_starts_once_after_its_milestones_and_longest_first() {
        for seed in 0..400 {
            let mut random = Jitter::new(seed, 0);
            let steps = 1 + usize::try_from(random.next() % 40).unwrap();
            let seconds: Vec<u64> = (0..steps).map(|_| random.next() % 100).collect();
            let mut edges = Vec::new();
            for to in 1..steps {
                for _ in 0..random.next() % 4 {
                    let from = usize::try_from(random.next() % to as u64).unwrap();
                    let milestone =
                        if random.next().is_multiple_of(3) { Milestone::Id } else { Milestone::Ready };
                    edges.push(edge(from, to, milestone));
                }
            }
            let mut s = scheduler(&seconds, &edges);
            let (mut started, mut reached) = (vec![false; steps], vec![None; steps]);
            let mut running: Vec<usize> = Vec::new();
            loop {
                let turn = all(&mut s);
                assert!(turn.windows(2).all(|w| s.remaining[w[0]] >= s.remaining[w[1]]), "seed {seed}");
                for step in turn {
                    assert!(!std::mem::replace(&mut started[step], true), "seed {seed}: twice");
                    for e in edges.iter().filter(|e| e.to.0 == step) {
                        assert!(reached[e.from.0] >= Some(e.milestone), "seed {seed}: too early");
                    }
                    running.push(step);
                }
                let Some(n) = usize::try_from(random.next()).unwrap().checked_rem(running.len()) else {
                    break;
                };
                let step = running[n];
                let milestone = if reached[step].is_none() && random.next().is_multiple_of(2) {
                    Milestone::Id
                } else {
                    running.remove(n);
                    Milestone::Ready
                };
                reached[step] = Some(milestone);
                s.reached(StepId(step), milestone);
            }
            assert!(started.iter().all(|s| *s), "seed {seed}: left over");
        }
    }

    #[test]
    fn a_cycle_is_left_and_nothing_hangs() {
        let edges = [edge(0, 1, Milestone::Ready), edge(1, 0, Milestone::Ready)];
        let mut s = scheduler(&[1, 1, 1], &edges);
        assert_eq!(all(&mut s), [2]);
        assert_eq!(s.left(), [StepId(0), StepId(1)]);
    }
}
