//! The planner: a state machine without I/O. It asks for reads, is given the answers, and goes on.
//!
//! # Expected flow
//!
//! 1. [`Planner::next`] asks for every recorded object at once, and for the data that needs nothing else.
//! 2. The caller reads and calls [`Planner::answer`].
//! 3. `next` walks the blocks, dependencies first: evaluate to *want*, compare with *seen*, decide. It asks again
//!    for data whose arguments have become known, until it is done.

use std::collections::{BTreeMap, BTreeSet};

use stackr_core::{
    Address, AnyResource, AnySeen, Declaration, Declared, Diagnostic, Diagnostics, Expansion, Import, Mode,
    Object, Origin, OutputValue, Value, sealed,
};

use crate::{
    Action, Candidate, Milestone, Plan, Reason, Resolver, Target, Values,
    decide::{self, Decided},
    graph::Blocks,
    imports, lower,
    moves::{self, Followed},
    protocol::{Answer, Next, Question, Request},
    secret::{lacks, sealed_among, secret_text, text_remedy},
    selection::{Selection, select},
    values::Recording,
    want::unsupported,
};

/// The state of a planning.
pub struct Planner<'a> {
    pub(crate) request: Request<'a>,
    blocks: Option<Blocks>,
    started: bool,
    pub(crate) progress: BTreeMap<usize, Progress>,
    /// Data that was asked for and not answered, with its block.
    pub(crate) waiting: BTreeMap<Address, usize>,
    /// The arguments of data that was asked for.
    queries: BTreeMap<Address, Value>,
    seen: BTreeMap<(Address, Option<String>), Option<AnySeen>>,
    pub(crate) values: Values,
    pub(crate) decided: BTreeMap<Address, Decided>,
    /// What each instance depends on; data is followed to what it depends on itself.
    pub(crate) depends_on: BTreeMap<Address, Box<[Dependency]>>,
    pub(crate) problems: Diagnostics,
    pub(crate) warnings: Vec<Diagnostic>,
    /// Data of checks that was read, with its block and its arguments.
    pub(crate) advisory: Vec<(usize, Address, Value)>,
    selection: Selection,
    /// What is recorded, under the addresses that it has now.
    pub(crate) followed: Followed<'a>,
    /// What was seen of objects that are to be taken over.
    candidates: BTreeMap<Address, Candidate>,
    /// Blocks whose replacement is made first, by their own wish or because something on them wishes it.
    create_first: BTreeSet<usize>,
}

/// What an instance depends on, and how far that must have come. They are kept in the order of their addresses, in a
/// slice: a map takes the room of eleven for the one or two that most have.
pub(crate) type Dependency = (Address, Milestone);

/// How far a block is.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Progress {
    /// So many answers are missing.
    Waiting(usize),
    Planned,
    /// It is wrong, or depends on one that is.
    Broken,
}

impl<'a> Planner<'a> {
    /// Starts a planning.
    ///
    /// # Errors
    /// A dependency cycle, a target that selects nothing.
    pub fn new(request: Request<'a>) -> Result<Self, Diagnostics> {
        let mut blocks = None;
        let mut selection = Selection::default();
        let mut create_first = BTreeSet::new();
        let mut followed =
            Followed::new(request.declaration, request.last, request.deposed, request.pending)?;
        if let Some(declaration) = request.declaration.filter(|_| !request.options.destroy) {
            let graph = Blocks::new(declaration, request.registry)?;
            selection = select(&request, &followed.last, declaration, &graph)?;
            let wishes = declaration.blocks().iter().enumerate();
            let wishes = wishes.filter(|(_, b)| b.lifecycle.create_before_destroy).map(|(i, _)| i);
            create_first = graph.closure(wishes, false);
            blocks = Some(graph);
        }
        let warnings = std::mem::take(&mut followed.warnings);
        Ok(Self {
            request,
            blocks,
            started: false,
            progress: BTreeMap::new(),
            waiting: BTreeMap::new(),
            queries: BTreeMap::new(),
            seen: BTreeMap::new(),
            values: Values::default(),
            decided: BTreeMap::new(),
            depends_on: BTreeMap::new(),
            problems: Diagnostics::default(),
            warnings,
            advisory: Vec::new(),
            followed,
            candidates: BTreeMap::new(),
            selection,
            create_first,
        })
    }

    /// Goes on as far as what is known allows.
    ///
    /// # Errors
    /// Everything that is wrong with the declaration.
    #[expect(
        clippy::should_implement_trait,
        reason = "not an iterator: every answer changes what comes next"
    )]
    pub fn next(&mut self) -> Result<Next, Diagnostics> {
        let mut questions = Vec::new();
        if !self.started {
            self.started = true;
            questions.extend(self.reads());
        }
        let refreshed = questions.is_empty();
        if let (Some(blocks), Some(declaration)) = (self.blocks.take(), self.request.declaration) {
            for &index in &blocks.order {
                if refreshed || declaration.blocks()[index].key.mode == Mode::Data {
                    self.advance(declaration, index, &blocks, &mut questions);
                }
            }
            self.blocks = Some(blocks);
        }
        if self.problems.has_errors() && questions.is_empty() {
            return Err(std::mem::take(&mut self.problems));
        }
        if !questions.is_empty() {
            return Ok(Next::Ask(questions));
        }
        if !self.waiting.is_empty() {
            let left: Vec<_> = self.waiting.keys().map(ToString::to_string).collect();
            return Err(Diagnostic::error(
                "planner bug",
                format!("nothing answered for {}", left.join(", ")),
            )
            .into());
        }
        self.finish().map(|plan| Next::Done(Box::new(plan)))
    }

    /// Takes answers.
    pub fn answer(&mut self, answers: Vec<Answer>) {
        for answer in answers {
            match answer {
                Answer::Seen { address, deposed, seen } => drop(self.seen.insert((address, deposed), seen)),
                Answer::Candidate { address, candidate } => {
                    // With all of its candidates known, the block is planned once more.
                    if let Some(block) = self.waiting.remove(&address)
                        && let Some(Progress::Waiting(open)) = self.progress.get_mut(&block)
                    {
                        *open -= 1;
                        if *open == 0 {
                            self.progress.remove(&block);
                        }
                    }
                    self.candidates.insert(address, candidate);
                }
                Answer::Found { address, value } => {
                    let args = self.queries.remove(&address).unwrap_or(Value::Null);
                    self.values.set(&address, data_value(&args, &value));
                    self.found(&address, args);
                }
                Answer::Missing { address, why } => {
                    self.queries.remove(&address);
                    self.missing(&address, why);
                }
            }
        }
    }

    /// What is recorded, under the addresses that it has now.
    #[must_use]
    pub fn recorded(&self) -> &BTreeMap<Address, Object> {
        &self.followed.last
    }

    /// Every recorded object, asked for at once.
    fn reads(&self) -> Vec<Question> {
        if !self.request.options.refresh {
            return Vec::new();
        }
        let read = |address: &Address, object: &Object, deposed: Option<String>| Question::Read {
            address: address.clone(),
            deposed,
            ty: object.ty.clone(),
            origin: object.origin.clone(),
            id: object.id.clone(),
        };
        let registry = self.request.registry;
        let known =
            |object: &Object| registry.resource(&object.ty).is_some() && !registry.is_kept(&object.ty);
        let last = self.followed.last.iter().filter(|(_, o)| known(o)).map(|(a, o)| read(a, o, None));
        let deposed = self.followed.deposed.iter().filter(|(_, o)| known(o));
        last.chain(deposed.map(|(a, o)| read(a, o, Some(o.uid.clone())))).collect()
    }

    /// Plans a block if everything it depends on is planned.
    fn advance(
        &mut self,
        declaration: &'a dyn Declaration,
        index: usize,
        blocks: &Blocks,
        questions: &mut Vec<Question>,
    ) {
        if self.progress.contains_key(&index) {
            return;
        }
        let waits = blocks.waits_for(index);
        let is = |block: &usize, progress| self.progress.get(block) == Some(&progress);
        if waits.keys().any(|b| is(b, Progress::Broken)) {
            self.progress.insert(index, Progress::Broken);
            return;
        }
        if !waits.keys().all(|b| is(b, Progress::Planned)) {
            return;
        }
        let asked = questions.len();
        let planned = self.plan_block(declaration, index, &waits, questions);
        let progress = match (planned, questions.len() - asked) {
            (Err(problems), _) => {
                self.problems.extend(problems);
                Progress::Broken
            }
            (Ok(()), 0) => Progress::Planned,
            (Ok(()), open) => Progress::Waiting(open),
        };
        self.progress.insert(index, progress);
    }

    fn plan_block(
        &mut self,
        declaration: &'a dyn Declaration,
        index: usize,
        waits: &BTreeMap<usize, Milestone>,
        questions: &mut Vec<Question>,
    ) -> Result<(), Diagnostics> {
        let block = &declaration.blocks()[index];
        let selected = self.selection.includes(index);
        let supported = match block.key.mode {
            Mode::Managed => self.request.registry.resource(&block.key.ty).is_some(),
            Mode::Data => self.request.registry.lookup(&block.key.ty).is_some(),
        };
        let addresses = match declaration.expand(index, &self.values)? {
            Expansion::Known(addresses) => addresses,
            Expansion::Unknown if block.key.mode == Mode::Data || !selected => {
                self.values.expand(&block.module, &block.key, None);
                return Ok(());
            }
            Expansion::Unknown => return Err(unknown_instances(block)),
        };
        self.values.expand(&block.module, &block.key, Some(block.repeats));
        let mut problems = Diagnostics::default();
        let mut imports = Vec::new();
        if supported && selected {
            let (options, last) = (&self.request.options, &*self.followed.last);
            imports = imports::wanted(declaration, index, &self.values, options, last)?;
            for import in imports.iter().filter(|i| !addresses.contains(&i.to)) {
                problems.push(imports::undeclared(import, &addresses));
            }
            let open = |i: &&Import| !self.candidates.contains_key(&i.to) && !self.excluded(&i.to);
            let open: Vec<_> = imports.iter().filter(open).collect();
            if problems.has_errors() {
                return Err(problems);
            }
            for import in &open {
                questions.push(Question::Import {
                    address: import.to.clone(),
                    ty: block.key.ty.clone(),
                    provider: block.provider.clone(),
                    id: import.id.clone(),
                });
                self.waiting.insert(import.to.clone(), index);
            }
            if !open.is_empty() {
                return Ok(());
            }
        }
        for address in addresses {
            if !supported {
                problems.push(unsupported(&address, self.request.registry).at(block.span.clone()));
                break;
            }
            let planned = match block.key.mode {
                _ if !selected
                    || self.excluded(&address)
                    || !self.selection.includes_instance(index, &address) =>
                {
                    self.leave(&address);
                    Ok(())
                }
                Mode::Managed => {
                    let import = imports.iter().find(|i| i.to == address);
                    self.plan_object(declaration, index, (&address, import), waits)
                }
                Mode::Data => self.plan_data(declaration, index, &address, waits, questions),
            };
            if let Err(found) = planned {
                problems.extend(found);
                self.values.set(&address, Value::UNKNOWN);
            }
        }
        problems.or(())
    }

    /// Whether an instance is left as it is though its block is planned.
    fn excluded(&self, address: &Address) -> bool {
        self.request.options.excludes.iter().any(|e| address.is_within(e))
    }

    /// Leaves an object that the plan is not about as it was recorded.
    fn leave(&mut self, address: &Address) {
        let object = self.followed.last.get(address);
        let seen = object.and_then(|object| Some((object, self.seen_of(address, object)?)));
        let resource = self.request.registry.resource(address.ty());
        let value = match (seen, resource) {
            (Some((object, seen)), Some(resource)) => decide::before(resource.schema(), object, &seen),
            _ => Value::UNKNOWN,
        };
        if let Some(object) = self.followed.last.get(address) {
            self.decided.insert(address.clone(), Decided::left(address, object, &value));
        }
        self.values.set(address, value);
    }

    /// How a recorded object is: as AWS says, or as recorded where AWS was not asked.
    fn seen_of(&self, address: &Address, object: &Object) -> Option<AnySeen> {
        if let Some(resource) = self.request.registry.resource(&object.ty).filter(|r| r.kept().is_some()) {
            return object.kept(resource.schema(), self.request.known);
        }
        if self.request.options.refresh {
            return self.seen.get(&(address.clone(), None)).cloned().flatten();
        }
        let (args, outputs) = (object.args_value(), object.outputs_value());
        Some(AnySeen { args, outputs, status: stackr_core::Status::Ready })
    }

    pub(crate) fn target(&self, block: &Declared, index: usize, depends_on: &[Dependency]) -> Target {
        Target {
            block: index,
            provider: block.provider.clone(),
            depends_on: depends_on
                .iter()
                .map(|(a, _)| a)
                .filter(|a| a.block.mode == Mode::Managed)
                .cloned()
                .collect(),
            prevent_destroy: block.lifecycle.prevent_destroy,
            create_before_destroy: self.create_first.contains(&index),
        }
    }

    fn plan_object(
        &mut self,
        declaration: &'a dyn Declaration,
        index: usize,
        (address, import): (&Address, Option<&Import>),
        waits: &BTreeMap<usize, Milestone>,
    ) -> Result<(), Diagnostics> {
        let block = &declaration.blocks()[index];
        let resource = self
            .request
            .registry
            .resource(address.ty())
            .ok_or_else(|| unsupported(address, self.request.registry))?;
        let recorded = self.followed.last.get(address);
        let candidate = import.and_then(|import| Some((import, self.candidates.get(address)?)));
        let seen = match candidate {
            Some((import, candidate)) => {
                let deposed = self.followed.deposed.iter().map(|(address, object)| (address, object));
                let known = self.followed.last.iter().chain(deposed);
                Some(imports::seen(import, candidate, (resource.kept().is_some(), known))?.clone())
            }
            None => recorded.and_then(|object| self.seen_of(address, object)),
        };
        let resolver =
            Resolver { declaration, registry: self.request.registry, providers: self.request.providers };
        let recording = Recording::new(&self.values);
        let want = resolver.want(address, &self.target(block, index, &[]), seen.as_ref(), &recording)?;
        if let Some(kept) = resource.kept().filter(|_| want.args.is_wholly_known()) {
            kept.check(&want.args).map_err(|error| {
                let detail = format!("{}.", error.message());
                Diagnostic::error("wrong arguments", detail).at(block.span.clone()).about(address)
            })?;
        }
        // What conditions refer to is depended on too; whether they are met is judged below.
        drop(declaration.postconditions(index, address, &Value::UNKNOWN, &recording));
        let mut asked = recording.asked.into_inner();
        asked.note(&want.terms.triggers);
        let depends_on = self.dependencies(declaration, address, waits, &asked);
        let target = self.target(block, index, &depends_on);
        let adopted = candidate.zip(seen.as_ref()).map(|((_, candidate), seen)| {
            imports::object(candidate, &**resource, (&want, seen, &target), self.request.seal)
        });
        let undecided = want.terms.undecided;
        let mut decided = Decided::new(crate::decide::Input {
            address,
            target,
            resource: &**resource,
            foreseen: resource.foresee(&want.args),
            triggered: self.triggered(&want.terms.triggers),
            want,
            last: adopted.as_ref().or(recorded),
            seen: seen.as_ref(),
            imported: adopted.is_some(),
            replace_asked: self.request.options.replace.iter().any(|r| address.is_within(r)),
            unseal: self.request.unseal,
        });
        self.warnings.extend(self.lacks_text(&decided, &**resource, &depends_on));
        decided.change.imported = adopted.map(|object| object.id);
        self.values.set(address, decided.change.after.clone());
        let met = declaration.postconditions(index, address, &decided.change.after, &self.values)?;
        if (undecided || !met) && decided.change.action == Action::Keep {
            // Conditions that only apply can judge need a step at which it does.
            decided.change.action = Action::Record;
        }
        self.depends_on.insert(address.clone(), depends_on);
        self.decided.insert(address.clone(), decided);
        Ok(())
    }

    /// The warning that a step will fail because it needs the text of a secret of which only the seal is known.
    fn lacks_text(
        &self,
        decided: &Decided,
        resource: &dyn AnyResource,
        depends_on: &[Dependency],
    ) -> Option<Diagnostic> {
        if !decided.acts() || !lacks(resource, &decided.want).1 {
            return None;
        }
        let moving = depends_on.iter().any(|(a, _)| self.decided.get(a).is_some_and(Decided::acts));
        if moving && sealed::opaques(&decided.want).is_empty() {
            return None;
        }
        let texts = sealed_among(depends_on.iter().map(|(a, _)| a), &self.values);
        let address = &decided.change.address;
        (!texts.is_empty()).then(|| {
            let detail = format!("`{address}` {}.", text_remedy(&texts));
            Diagnostic::warning("sealed secret", detail).about(address)
        })
    }

    fn plan_data(
        &mut self,
        declaration: &'a dyn Declaration,
        index: usize,
        address: &Address,
        waits: &BTreeMap<usize, Milestone>,
        questions: &mut Vec<Question>,
    ) -> Result<(), Diagnostics> {
        let block = &declaration.blocks()[index];
        let lookup = self
            .request
            .registry
            .lookup(address.ty())
            .ok_or_else(|| unsupported(address, self.request.registry))?;
        let resolver =
            Resolver { declaration, registry: self.request.registry, providers: self.request.providers };
        let recording = Recording::new(&self.values);
        let target = self.target(block, index, &[]);
        let (args, terms) = resolver.query(address, &target, &recording)?;
        drop(declaration.postconditions(index, address, &Value::UNKNOWN, &recording));
        let asked = recording.asked.into_inner();
        let depends_on = self.dependencies(declaration, address, waits, &asked);
        let pending = |a: &Address| self.decided.get(a).is_some_and(Decided::acts);
        let explicit = block.refs.iter().any(|r| r.arg.is_none());
        // Who names an object means it as the plan will leave it, even where what is named of it is known already:
        // the name of a repository that is not there yet.
        let named = |a: &Address| {
            let named = block.refs.iter().filter(|r| r.direct).map(|r| &declaration.blocks()[r.to]);
            a.block.mode == Mode::Managed && named.into_iter().any(|other| other.has(a))
        };
        let late = depends_on.iter().any(|(a, _)| (explicit || named(a)) && pending(a));
        if args.is_wholly_known() && !terms.undecided && !late {
            questions.push(Question::Look {
                address: address.clone(),
                ty: address.ty().to_owned(),
                provider: block.provider.clone(),
                args: args.clone(),
                advisory: block.advisory,
            });
            self.waiting.insert(address.clone(), index);
            self.queries.insert(address.clone(), args);
        } else {
            let target = self.target(block, index, &depends_on);
            let decided = Decided::deferred(address, target, lookup.schema(), &args);
            self.values.set(address, decided.change.after.clone());
            self.decided.insert(address.clone(), decided);
        }
        self.depends_on.insert(address.clone(), depends_on);
        Ok(())
    }

    /// The objects that an instance depends on: those it asked for one by one, and all instances of the other
    /// blocks it refers to. Data that is known already stands for what it depends on itself.
    fn dependencies(
        &self,
        declaration: &dyn Declaration,
        address: &Address,
        waits: &BTreeMap<usize, Milestone>,
        asked: &crate::values::Asked,
    ) -> Box<[Dependency]> {
        let mut found: BTreeMap<Address, Milestone> = BTreeMap::new();
        let mut add = |address: Address, milestone: Milestone| {
            let entry = found.entry(address).or_insert(milestone);
            *entry = (*entry).max(milestone);
        };
        for (&index, &milestone) in waits {
            let block = &declaration.blocks()[index];
            let known = |a: &&Address| self.values.get(a).is_some();
            let few: Option<Vec<_>> = asked.one_by_one(block).map(|few| few.filter(known).cloned().collect());
            let instances = few.filter(|few| !few.is_empty()).unwrap_or_else(|| {
                let all = self.values.addresses(&block.module, &block.key);
                let near: Vec<_> = all.iter().filter(|a| a.module == address.module).cloned().collect();
                if near.is_empty() { all } else { near }
            });
            for instance in instances {
                let deferred = self.decided.contains_key(&instance);
                if block.key.mode == Mode::Managed || deferred {
                    add(instance.clone(), milestone);
                }
                if block.key.mode == Mode::Data {
                    for (further, milestone) in self.depends_on.get(&instance).into_iter().flatten() {
                        add(further.clone(), *milestone);
                    }
                }
            }
        }
        found.remove(address);
        found.into_iter().collect()
    }

    /// Decides about what is recorded and not declared, checks what is protected, and lowers to a program.
    fn finish(&mut self) -> Result<Plan, Diagnostics> {
        let destroy = self.request.options.destroy;
        self.check_declared(destroy)?;
        let doomed = if destroy { Some(self.doomed()) } else { None };
        for (address, object) in self.followed.last.iter() {
            if self.decided.contains_key(address) {
                continue;
            }
            let Some(resource) = self.request.registry.resource(&object.ty) else {
                return Err(unsupported(address, self.request.registry).into());
            };
            let seen = self.seen_of(address, object);
            let spared = match &doomed {
                Some(doomed) => !doomed.contains(address),
                None => {
                    let targets = &self.request.options.targets;
                    (!targets.is_empty() && !targets.iter().any(|t| address.is_within(t)))
                        || self.excluded(address)
                }
            };
            let value = seen.as_ref().map_or(Value::Null, |s| decide::before(resource.schema(), object, s));
            let decided = if spared {
                Decided::left(address, object, &value)
            } else {
                let reason = match destroy {
                    _ if self.released(address) => Reason::Released,
                    true => Reason::Asked,
                    false => Reason::Undeclared,
                };
                Decided::removed(address, object, seen.as_ref(), &value, reason)
            };
            self.decided.insert(address.clone(), decided);
        }
        let deposed: Vec<_> = self
            .followed
            .deposed
            .iter()
            .filter(|(address, _)| doomed.as_ref().is_none_or(|d| d.contains(address)))
            .map(|(address, object)| {
                let key = (address.clone(), Some(object.uid.clone()));
                let asked = self.request.options.refresh && !self.request.registry.is_kept(&object.ty);
                let gone = asked && !matches!(self.seen.get(&key), Some(Some(_)));
                Decided::deposed(address, object, gone, self.released(address))
            })
            .collect();
        self.check(destroy);
        for (address, decided) in &mut self.decided {
            decided.change.moved_from = self.followed.origins.get(address).cloned();
        }
        let program = lower::lower(self, &deposed)?;
        let outputs = self.output_changes(destroy)?;
        let refusals =
            crate::decide::refusals(self.decided.values(), self.request.declaration, self.request.registry);
        // Taken apart, not copied: of many objects a second copy would be the most that a plan ever needs.
        let decided = std::mem::take(&mut self.decided).into_values().chain(deposed);
        Ok(Plan {
            changes: decided.map(|d| d.change).collect(),
            outputs,
            refusals,
            warnings: std::mem::take(&mut self.warnings),
            program,
            values: std::mem::take(&mut self.values),
        })
    }

    /// Checks what can be said only when it is known which instances there are.
    fn check_declared(&self, destroy: bool) -> Result<(), Diagnostics> {
        let mut problems = Diagnostics::default();
        if let (Some(declaration), false) = (self.request.declaration, destroy) {
            let declared: BTreeSet<&Address> =
                self.decided.iter().filter(|(_, d)| d.target.is_some()).map(|(address, _)| address).collect();
            moves::still_there(declaration, &declared, &mut problems);
        }
        let mut taken: BTreeMap<(&str, &str, &Origin), &Address> = BTreeMap::new();
        for (address, decided) in self.decided.iter().filter(|(_, d)| d.change.imported.is_some()) {
            let Some(object) = &decided.object else { continue };
            if self.request.registry.is_kept(&object.ty) {
                continue;
            }
            if let Some(first) = taken.insert((&object.ty, &object.id, &object.origin), address) {
                let detail = format!(
                    "the object `{}` is to be imported as `{first}` and as `{address}`. It can have one address only.",
                    object.id
                );
                problems.push(Diagnostic::error("two imports of one object", detail).about(address));
            }
        }
        problems.or(())
    }

    /// Whether a `removed` block says to leave an object in AWS and to forget it.
    fn released(&self, address: &Address) -> bool {
        let removals = self.request.declaration.map(|d| d.removals()).unwrap_or_default();
        let modules = || address.module.0.iter().map(|step| &step.name);
        removals.iter().any(|r| !r.destroy && r.covers(modules(), &address.block))
    }

    /// What a destroy removes: everything, or the targets and what depends on them.
    fn doomed(&self) -> BTreeSet<Address> {
        let last = &self.followed.last;
        let mut doomed: BTreeSet<Address> = match self.request.options.targets.as_slice() {
            [] => last.keys().cloned().collect(),
            targets => {
                let hit = |a: &&Address| targets.iter().any(|t| a.is_within(t));
                last.keys().filter(hit).cloned().collect()
            }
        };
        doomed.extend(self.followed.deposed.iter().map(|(a, _)| a.clone()).filter(|a| {
            self.request.options.targets.is_empty()
                || self.request.options.targets.iter().any(|t| a.is_within(t))
        }));
        // Dependents go with what they stand on; what an excluded object stands on stays.
        loop {
            let more: Vec<_> = last
                .iter()
                .filter(|(a, o)| !doomed.contains(a) && o.depends_on.iter().any(|d| doomed.contains(d)))
                .map(|(a, _)| a.clone())
                .collect();
            if more.is_empty() {
                break;
            }
            doomed.extend(more);
        }
        let mut kept: BTreeSet<Address> = last.keys().filter(|a| self.excluded(a)).cloned().collect();
        let mut open: Vec<Address> = kept.iter().cloned().collect();
        while let Some(address) = open.pop() {
            for below in last.get(&address).into_iter().flat_map(|o| &o.depends_on) {
                if kept.insert(below.clone()) {
                    open.push(below.clone());
                }
            }
        }
        doomed.retain(|a| !kept.contains(a));
        doomed
    }

    fn output_changes(&self, destroy: bool) -> Result<Vec<crate::OutputChange>, Diagnostics> {
        let outputs = match self.request.declaration {
            // They go when the last object does.
            _ if destroy && self.decided.values().any(|d| d.change.action == Action::Keep) => {
                return Ok(Vec::new());
            }
            Some(declaration) if !destroy => declaration.outputs(&self.values)?,
            _ => Vec::new(),
        };
        let mut changes = Vec::new();
        for output in &outputs {
            let old = self.request.last_outputs.get(&output.name);
            let same = old.is_some_and(|(old, sensitive)| {
                *sensitive == output.sensitive
                    && match (sealed::seal(old), sealed::seal(&output.value)) {
                        (Some(old), Some(new)) => old == new,
                        _ if !output.value.is_wholly_known() => false,
                        (Some(seal), _) => (self.request.unseal)(seal, &secret_text(&output.value)),
                        (None, _) => old.to_json() == output.value.to_json(),
                    }
            });
            if !same && !self.stays_unknown(output)? {
                let old = old.map_or(Value::Null, |(v, s)| v.clone().marked(*s));
                let output = Some(output.clone());
                changes.push(crate::OutputChange {
                    name: output.as_ref().map_or_else(String::new, |o| o.name.clone()),
                    output,
                    old,
                });
            }
        }
        for (name, (old, sensitive)) in self.request.last_outputs {
            if !outputs.iter().any(|o| o.name == *name) {
                let old = old.clone().marked(*sensitive);
                changes.push(crate::OutputChange { output: None, name: name.clone(), old });
            }
        }
        Ok(changes)
    }

    /// Whether an output is not known after the apply either: it is made from objects that the plan is not about and
    /// that are not there. What was recorded of it stands.
    fn stays_unknown(&self, output: &OutputValue) -> Result<bool, Diagnostics> {
        let options = &self.request.options;
        let Some(declaration) = self.request.declaration else { return Ok(false) };
        if options.targets.is_empty() && options.excludes.is_empty() || output.value.is_wholly_known() {
            return Ok(false);
        }
        let recording = Recording::new(&self.values);
        declaration.output_value(&output.name, &recording)?;
        let asked = recording.asked.into_inner();
        let missing = |address: &Address| {
            !self.decided.contains_key(address)
                && self.values.get(address).is_some_and(|value| matches!(value, Value::Unknown(_)))
        };
        Ok(asked.instances.iter().any(missing)
            || asked.blocks.iter().any(|(module, block)| {
                let modules: Vec<_> = module.0.iter().map(|step| step.name.clone()).collect();
                let instances = self.values.addresses(&modules, block);
                !self.values.is_expanded(module, block)
                    || instances.iter().any(|a| a.module == *module && missing(a))
            }))
    }
}

/// Data as references see it: its arguments and its outputs.
fn data_value(args: &Value, outputs: &Value) -> Value {
    let mut object = args.attributes().cloned().unwrap_or_default();
    object.extend(outputs.attributes().cloned().unwrap_or_default());
    Value::Object(object)
}

fn unknown_instances(block: &Declared) -> Diagnostics {
    let detail = format!(
        "how many instances `{}` has depends on values that are known only after apply. Make the keys known (from \
         variables or from arguments rather than outputs), or apply what they depend on first with `--target`.",
        block.key
    );
    Diagnostic::error("unknown instances", detail).at(block.span.clone()).into()
}
