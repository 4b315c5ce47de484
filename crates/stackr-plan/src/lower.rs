//! From decisions to the program: the steps and the order they need.
//!
//! The order of removal comes from what is *recorded* (what the old objects depended on), the order of making from
//! what is *declared*. A replacement is a delete and a create; which comes first follows `create_before_destroy`.

use std::collections::{BTreeMap, BTreeSet};

use stackr_core::{Address, Diagnostic, Diagnostics, Object, Registry};

use crate::{
    Action, Adoption, Edge, Milestone, Program, Step, StepId, Target, Verb,
    decide::Decided,
    planner::{Dependency, Planner},
};

/// The steps of one object.
#[derive(Default)]
struct Steps {
    /// Create, update, record or read.
    make: Option<usize>,
    /// Whether `make` is a create in place of an object that is removed first.
    after_removal: bool,
    /// Deletes and forgets, of the object and of ones set aside.
    remove: Vec<usize>,
}

/// Lowers what was decided to a program.
pub(crate) fn lower(planner: &Planner<'_>, deposed: &[Decided]) -> Result<Program, Diagnostics> {
    let mut build = Build::default();
    for decided in planner.decided.values() {
        build.add(decided);
    }
    for decided in deposed {
        build.add_removal(decided, true);
    }
    build.order_making(&planner.depends_on);
    if let Some(declaration) = planner.request.declaration {
        build.order_checks(|block| declaration.blocks()[block].advisory);
    }
    let recorded = planner.decided.values().chain(deposed).filter_map(|d| d.object.as_ref().map(|o| (d, o)));
    build.order_removal(recorded);
    build.spare_removals(planner.request.registry);
    let mut program = build.sorted()?;
    program.renames.clone_from(&planner.followed.renames);
    let adopted = planner.decided.values().filter(|d| d.change.imported.is_some());
    let adopted = adopted.filter_map(|d| {
        let object = Box::new(d.object.clone()?);
        Some(Adoption { address: d.change.address.clone(), object })
    });
    program.adoptions = adopted.collect();
    Ok(program)
}

#[derive(Default)]
struct Build {
    steps: Vec<Step>,
    edges: BTreeMap<(usize, usize), Milestone>,
    by_address: BTreeMap<Address, Steps>,
}

impl Build {
    fn push(&mut self, address: &Address, verb: Verb) -> usize {
        self.steps.push(Step { address: address.clone(), verb });
        self.steps.len() - 1
    }

    fn edge(&mut self, from: usize, to: usize, milestone: Milestone) {
        let entry = self.edges.entry((from, to)).or_insert(milestone);
        *entry = (*entry).max(milestone);
    }

    fn of(&mut self, address: &Address) -> &mut Steps {
        self.by_address.entry(address.clone()).or_default()
    }

    fn add(&mut self, decided: &Decided) {
        match (decided.change.action, decided.target.clone()) {
            (Action::Delete | Action::Forget, _) => self.add_removal(decided, false),
            (Action::Keep, _) | (_, None) => {}
            (action, Some(target)) => self.add_making(decided, action, target),
        }
    }

    fn add_making(&mut self, decided: &Decided, action: Action, declared: Target) {
        let address = &decided.change.address;
        let want = decided.want.clone();
        let there = || decided.object.clone().map(Box::new).zip(decided.seen.clone().map(Box::new));
        let verb = match action {
            Action::Create => {
                // A recorded object that has vanished is forgotten before another takes its place.
                if decided.object.is_some() {
                    self.add_removal(decided, false);
                }
                Verb::Create { declared, want, deposes: false }
            }
            Action::Replace { create_first } => {
                self.add_removal(decided, create_first);
                Verb::Create { declared, want, deposes: create_first }
            }
            Action::Read => Verb::Read { declared },
            Action::Update | Action::Record => {
                let Some((object, seen)) = there() else { return };
                match action {
                    Action::Update => Verb::Update { declared, want, object, seen },
                    _ => Verb::Record { declared, want, object, seen },
                }
            }
            Action::Keep | Action::Delete | Action::Forget => return,
        };
        let deposes = matches!(verb, Verb::Create { deposes: true, .. });
        let make = self.push(address, verb);
        let steps = self.of(address);
        steps.make = Some(make);
        steps.after_removal = !deposes && !steps.remove.is_empty();
        let (remove, after_removal) = (steps.remove.clone(), steps.after_removal);
        for remove in remove {
            let (from, to) = if after_removal { (remove, make) } else { (make, remove) };
            self.edge(from, to, Milestone::Ready);
        }
    }

    fn add_removal(&mut self, decided: &Decided, deposed: bool) {
        let Some(object) = decided.object.clone().map(Box::new) else { return };
        let vanished = matches!(decided.change.action, Action::Create | Action::Forget);
        let verb = if vanished {
            Verb::Forget { object, deposed }
        } else {
            Verb::Delete { object, deposed, with: None }
        };
        let step = self.push(&decided.change.address, verb);
        self.of(&decided.change.address).remove.push(step);
    }

    /// What is made waits for what it depends on.
    fn order_making(&mut self, depends_on: &BTreeMap<Address, Box<[Dependency]>>) {
        let making: Vec<_> = self.by_address.iter().filter_map(|(a, s)| Some((a.clone(), s.make?))).collect();
        for (address, make) in making {
            for (below, milestone) in depends_on.get(&address).into_iter().flatten() {
                if let Some(from) = self.by_address.get(below).and_then(|s| s.make) {
                    self.edge(from, make, *milestone);
                }
            }
        }
    }

    /// Data of checks is read after everything else is made.
    fn order_checks(&mut self, advisory: impl Fn(usize) -> bool) {
        let is_last = |step: &Step| step.verb.declared().is_some_and(|target| advisory(target.block));
        let (last, first): (Vec<_>, Vec<_>) = (0..self.steps.len()).partition(|s| is_last(&self.steps[*s]));
        for to in last {
            for &from in &first {
                self.edge(from, to, Milestone::Ready);
            }
        }
    }

    /// What is removed waits until what depended on it is removed or changed to no longer need it.
    fn order_removal<'a>(&mut self, recorded: impl Iterator<Item = (&'a Decided, &'a Object)>) {
        for (decided, object) in recorded {
            let above = &decided.change.address;
            let Some(own) = self.by_address.get(above) else { continue };
            let (make, remove, replaced) = (own.make, own.remove.clone(), !own.remove.is_empty());
            for below in &object.depends_on {
                let Some(steps) = self.by_address.get(below) else { continue };
                let (targets, removed_first) = (steps.remove.clone(), steps.after_removal);
                for target in targets {
                    for &remove in &remove {
                        self.edge(remove, target, Milestone::Ready);
                    }
                    // An update (or the create of a create-first replacement) lets go of the old object. It
                    // cannot come first where the old object must make room for the new one that it refers to.
                    if let Some(make) = make.filter(|_| !removed_first && !replaced) {
                        self.edge(make, target, Milestone::Ready);
                    }
                }
            }
        }
    }

    /// What AWS deletes with another object that goes as well is not deleted by itself, but noted as gone after that
    /// object is. It stays a step of its own where something else would then wait in a circle, and where another takes its
    /// place: that one need not wait.
    fn spare_removals(&mut self, registry: &Registry) {
        for step in 0..self.steps.len() {
            let Step { address, verb: Verb::Delete { object, .. } } = &self.steps[step] else { continue };
            if self.by_address.get(address).is_some_and(|own| own.make.is_some()) {
                continue;
            }
            let within = registry.resource(&object.ty).map_or(&[][..], |resource| resource.within());
            let named: Vec<_> = within.iter().filter_map(|arg| object.args.get(*arg)?.as_str()).collect();
            let holder = object.depends_on.iter().find_map(|below| {
                let removals = &self.by_address.get(below)?.remove;
                let goes = |other: &usize| match &self.steps[*other].verb {
                    Verb::Delete { object, .. } => named.contains(&&*object.id),
                    _ => false,
                };
                Some((removals.iter().copied().find(goes)?, below.clone()))
            });
            let Some((holder, with)) = holder else { continue };
            let Some(milestone) = self.edges.remove(&(step, holder)) else { continue };
            if self.leads(step, holder) {
                self.edges.insert((step, holder), milestone);
                continue;
            }
            self.edge(holder, step, Milestone::Ready);
            if let Verb::Delete { with: known, .. } = &mut self.steps[step].verb {
                *known = Some(with);
            }
        }
    }

    /// Whether a step must be done, through any others, before another may begin.
    fn leads(&self, from: usize, to: usize) -> bool {
        let (mut open, mut met) = (vec![from], BTreeSet::new());
        while let Some(step) = open.pop() {
            for &(_, next) in self.edges.range((step, 0)..=(step, usize::MAX)).map(|(edge, _)| edge) {
                if next == to {
                    return true;
                }
                if met.insert(next) {
                    open.push(next);
                }
            }
        }
        false
    }

    /// Puts the steps in an order in which they could run one by one; the same for the same plan.
    fn sorted(self) -> Result<Program, Diagnostics> {
        let mut open: BTreeMap<usize, usize> = BTreeMap::new();
        let mut followers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &(from, to) in self.edges.keys() {
            *open.entry(to).or_default() += 1;
            followers.entry(from).or_default().push(to);
        }
        let name = |step: usize| (self.steps[step].address.to_string(), self.steps[step].verb.name(), step);
        let mut ready: BTreeSet<_> =
            (0..self.steps.len()).filter(|s| !open.contains_key(s)).map(name).collect();
        let mut order = Vec::with_capacity(self.steps.len());
        while let Some((.., step)) = ready.pop_first() {
            order.push(step);
            for follower in followers.get(&step).into_iter().flatten() {
                if let Some(count) = open.get_mut(follower) {
                    *count -= 1;
                    if *count == 0 {
                        ready.insert(name(*follower));
                    }
                }
            }
        }
        if order.len() != self.steps.len() {
            let stuck: Vec<_> =
                (0..self.steps.len()).filter(|s| !order.contains(s)).map(|s| name(s).0).collect();
            let detail = format!(
                "the order of removing and making these objects goes round in a circle: {}. Apply in two steps \
                 with `--target`.",
                stuck.join(", ")
            );
            return Err(Diagnostic::error("no possible order", detail).into());
        }
        let mut position = vec![0; order.len()];
        for (at, &step) in order.iter().enumerate() {
            position[step] = at;
        }
        let mut edges: Vec<_> = self
            .edges
            .iter()
            .map(|(&(from, to), &milestone)| Edge {
                from: StepId(position[from]),
                to: StepId(position[to]),
                milestone,
            })
            .collect();
        edges.sort();
        let mut steps: Vec<_> = self.steps.into_iter().map(Some).collect();
        let steps = order.into_iter().filter_map(|s| steps[s].take()).collect();
        Ok(Program { steps, edges, ..Program::default() })
    }
}
