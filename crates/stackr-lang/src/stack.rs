//! A stack: the sources of a directory, checked, ready to be asked for its blocks and their values.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicU64},
};

use stackr_core::{
    Address, Arguments, BlockKey, Declaration, Declared, Diagnostic, Diagnostics, Env, Expansion, Import,
    ModulePath, ModuleStep, Move, OutputValue, ProviderConfig, ProviderKey, Removal, Repeats, Span, Value,
};

use crate::{
    arguments::evaluate_body,
    checks::{Passed, check_at},
    config::{Backend, By, Config, error},
    eval::Scope,
    graph, imports,
    inputs::{Inputs, variable_values},
    level,
    loader::Loader,
    place::Place,
    provider,
    session::{Memo, Session},
    sources::{Sources, read_config},
    tree::{Builder, Given, Module, SymbolKind, Tree, vendored},
    triggers::trigger,
};

/// A declared system, written in the Terraform language.
pub struct Stack {
    pub(crate) tree: Tree,
    pub(crate) loader: Arc<dyn Loader>,
    pub(crate) dir: String,
    pub(crate) workspace: String,
    pub(crate) plan_time: Option<jiff::Timestamp>,
    /// How many random values were drawn.
    pub(crate) drawn: AtomicU64,
    pub(crate) memo: Memo,
    pub(crate) passed: Passed,
    /// The path of the root module as text: empty.
    pub(crate) root_id: Arc<str>,
    blocks: Vec<Declared>,
    moves: Vec<Move>,
    removals: Vec<Removal>,
    sources: Sources,
    warnings: Diagnostics,
}

/// Sources that are wrong, with their texts, so that messages can show them.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// What is wrong.
    pub diagnostics: Diagnostics,
    /// What was read.
    pub sources: Sources,
}

impl From<Rejected> for Diagnostics {
    fn from(rejected: Rejected) -> Self {
        rejected.diagnostics
    }
}

/// An environment in which no block has a value.
struct Nothing;

impl Env for Nothing {
    fn block(&self, _: &ModulePath, _: &BlockKey) -> Option<Value> {
        None
    }
}

/// Reads, checks and connects the sources of a directory and of the modules that it calls.
///
/// # Errors
/// Everything that is wrong with them, as far as it can be known without any resource.
pub fn load(loader: &Arc<dyn Loader>, dir: &str, inputs: &Inputs) -> Result<Stack, Rejected> {
    let mut sources = Sources::default();
    let mut diagnostics = Diagnostics::default();
    let config = read_config(&**loader, dir, "", None, &mut sources, &mut diagnostics);
    let Some(config) = config else { return Err(Rejected { diagnostics, sources }) };
    build(loader, (dir, config), inputs, (sources, diagnostics))
}

/// A stack that declares nothing: for expressions that need no more than functions and files.
///
/// # Errors
/// A value is given for a variable.
pub fn load_nothing(loader: &Arc<dyn Loader>, dir: &str, inputs: &Inputs) -> Result<Stack, Rejected> {
    build(loader, (dir, Config::default()), inputs, (Sources::default(), Diagnostics::default()))
}

/// Checks and connects what a directory declares.
fn build(
    loader: &Arc<dyn Loader>,
    (dir, config): (&str, Config),
    inputs: &Inputs,
    (mut sources, mut diagnostics): (Sources, Diagnostics),
) -> Result<Stack, Rejected> {
    let mut values = variable_values(&**loader, dir, &config, inputs, &mut sources, &mut diagnostics);
    let mut builder = Builder {
        loader: &**loader,
        dir,
        vendored: vendored(&**loader, dir),
        sources: &mut sources,
        diagnostics: &mut diagnostics,
        tree: Tree::default(),
    };
    builder.add(config, (Vec::new(), String::new(), None), &mut |variable| {
        Given::Value(values.remove(&variable.name).unwrap_or(Value::UNKNOWN))
    });
    builder.connect_imports();
    let mut tree = builder.tree;
    let refs = graph::resolve(&mut tree, &mut diagnostics);
    check_providers(&tree, &mut diagnostics);
    level::check(&tree, &mut diagnostics);
    check_outputs(&tree, &mut diagnostics);
    let mut blocks = Vec::new();
    for (block, refs) in tree.blocks.iter().zip(refs) {
        blocks.push(Declared {
            module: tree.modules[block.module].names.clone(),
            key: block.resource.key.clone(),
            repeats: match block.resource.repeat.as_ref().map(|r| r.by) {
                None => Repeats::Once,
                Some(By::Count) => Repeats::Count,
                Some(By::ForEach) => Repeats::ForEach,
            },
            refs,
            provider: provider::key_of(&tree, block, &mut diagnostics),
            lifecycle: block.resource.lifecycle.clone(),
            advisory: block.resource.check.is_some(),
            span: Some(block.resource.block.span()),
        });
    }
    let (moves, removals) = imports::records(&tree);
    let mut stack = Stack {
        moves,
        removals,
        tree,
        loader: Arc::clone(loader),
        dir: dir.to_owned(),
        workspace: inputs.workspace.clone(),
        plan_time: inputs.plan_time,
        drawn: AtomicU64::new(0),
        memo: Memo::default(),
        passed: Passed::default(),
        root_id: "".into(),
        blocks,
        sources,
        warnings: Diagnostics::default(),
    };
    if !diagnostics.has_errors() {
        stack.check_constants(&mut diagnostics);
    }
    let (errors, warnings): (Vec<_>, Vec<_>) =
        diagnostics.0.into_iter().partition(|d| d.severity == stackr_core::Severity::Error);
    if errors.is_empty() {
        stack.warnings = Diagnostics(warnings);
        Ok(stack)
    } else {
        let mut diagnostics = Diagnostics(errors);
        diagnostics.0.extend(warnings);
        Err(Rejected { diagnostics, sources: stack.sources })
    }
}

/// The root's outputs are recorded, so none of them can be ephemeral.
fn check_outputs(tree: &Tree, diagnostics: &mut Diagnostics) {
    for symbol in tree.modules[0].outputs.values() {
        if let SymbolKind::Output(output) = &tree.symbols[*symbol].kind
            && let Some(span) = &output.ephemeral
        {
            let detail =
                "The outputs of a stack are recorded, so they cannot be ephemeral. Say `sensitive = true`.";
            diagnostics.push(error(span.clone(), "ephemeral output", detail));
        }
    }
}

fn check_providers(tree: &Tree, diagnostics: &mut Diagnostics) {
    for module in &tree.modules {
        let mut seen = BTreeSet::new();
        for provider in &module.providers {
            if !seen.insert((&provider.name, &provider.alias)) {
                let detail = "This provider is configured twice. Give one of the blocks an `alias`.";
                diagnostics.push(error(provider.block.span(), "duplicate declaration", detail));
            }
            // Those of stackr beside AWS need no configuration to speak of; blocks for them are accepted.
            if !level::PROVIDERS.contains(&&*provider.name) {
                let detail =
                    format!("stackr speaks to AWS only; the provider `{}` is not supported.", provider.name);
                diagnostics.push(error(provider.block.span(), "unsupported provider", detail));
            }
        }
    }
}

impl Stack {
    /// The `backend` block, if there is one.
    #[must_use]
    pub fn backend(&self) -> Option<&Backend> {
        self.tree.modules[0].settings.backend.as_ref()
    }

    /// The versions that `required_version` of the root module asks for, with their places.
    pub fn required_version(&self) -> impl Iterator<Item = (&str, &Span)> {
        self.tree.modules[0].settings.required_version.iter().map(|(version, span)| (&**version, span))
    }

    /// The providers that `required_providers` of any module names: local name, source and place.
    pub fn required_providers(&self) -> impl Iterator<Item = (&str, &str, &Span)> {
        let settings = self.tree.modules.iter().map(|m| &m.settings.required_providers);
        settings.flatten().map(|(name, required)| (&**name, &*required.source, &required.span))
    }

    /// The text of every file that was read.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// What is worth knowing about the sources, though nothing is wrong.
    #[must_use]
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// The directory that it was read from, as the loader knows it.
    #[must_use]
    pub fn dir(&self) -> &str {
        &self.dir
    }

    /// The value of `terraform.workspace`.
    #[must_use]
    pub fn workspace(&self) -> &str {
        &self.workspace
    }

    /// The root module's variables with their values.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.tree.modules[0].variables.iter().filter_map(|(name, symbol)| {
            match &self.tree.symbols[*symbol].kind {
                SymbolKind::Variable(_, Given::Value(value)) => Some((&**name, value)),
                _ => None,
            }
        })
    }

    /// Evaluates everything that no resource has a say in.
    fn check_constants(&self, diagnostics: &mut Diagnostics) {
        let session = Session::new(self, &Nothing);
        let mut errors: Vec<Diagnostic> = Vec::new();
        let mut add = |why: Diagnostic| {
            if !errors.contains(&why) {
                errors.push(why);
            }
        };
        let mut frames = vec![vec![0]];
        for module in self.tree.modules.iter().skip(1) {
            frames.push(self.constant_frames(&session, module, &frames));
        }
        for (id, symbol) in self.tree.symbols.iter().enumerate().filter(|(_, s)| s.is_static) {
            for frame in &frames[symbol.module] {
                let result = match &symbol.kind {
                    SymbolKind::Repeat(_) => session.instances(*frame, Some(id)).map(|_| ()),
                    _ => session.symbol(*frame, id).map(|_| ()),
                };
                if let Err(why) = result {
                    add(*why);
                } else if symbol.static_checks {
                    let mut found = Diagnostics::default();
                    session.validate(*frame, id, &mut found);
                    found.0.into_iter().for_each(&mut add);
                }
            }
        }
        if errors.is_empty()
            && let Err(found) = self.providers()
        {
            errors.extend(found.0);
        }
        diagnostics.0.extend(errors);
    }

    /// The instances of a module, as far as no resource has a say in them.
    fn constant_frames(&self, session: &Session<'_>, module: &Module, frames: &[Vec<usize>]) -> Vec<usize> {
        let Some(parent) = &module.parent else { return Vec::new() };
        let Some(child) = self.tree.modules[parent.module].children.get(&parent.name) else {
            return Vec::new();
        };
        if child.repeat.is_some_and(|symbol| !self.tree.symbols[symbol].is_static) {
            return Vec::new();
        }
        let mut inner = Vec::new();
        for frame in &frames[parent.module] {
            let keys = session.instances(*frame, child.repeat).ok().and_then(|i| i.keys());
            for key in keys.unwrap_or_default() {
                inner.extend(session.child(*frame, &parent.name, key.as_ref()));
            }
        }
        inner
    }

    /// The value of an output, if there is one of this name and nothing is wrong with it.
    fn one_output(
        &self,
        session: &Session<'_>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<OutputValue> {
        let symbol = *self.tree.modules[0].outputs.get(name)?;
        let SymbolKind::Output(output) = &self.tree.symbols[symbol].kind else { return None };
        for check in &output.preconditions {
            let what = format!("output.{name}");
            let place = Place::new(session, 0, None);
            check_at(check, &place, ("precondition failed", &what), diagnostics);
        }
        match session.symbol(0, symbol) {
            Ok(value) if value.has_sensitive() && !output.sensitive => {
                let detail = format!(
                    "The output `{name}` would show a sensitive value. Say `sensitive = true`, or use \
                     `nonsensitive` if it may be seen."
                );
                diagnostics.push(error(output.value.span(), "sensitive output", detail));
                None
            }
            Ok(value) => Some(OutputValue {
                name: name.to_owned(),
                value: value.clone(),
                sensitive: output.sensitive,
                description: output.description.clone(),
            }),
            Err(why) => {
                diagnostics.push(*why);
                None
            }
        }
    }
}

impl Declaration for Stack {
    fn blocks(&self) -> &[Declared] {
        &self.blocks
    }

    fn expand(&self, block: usize, env: &dyn Env) -> Result<Expansion, Diagnostics> {
        let session = Session::new(self, env);
        let expansion = session.expansion(block).map_err(|why| Diagnostics::from(*why))?;
        let mut diagnostics = Diagnostics::default();
        session.validate_used(&mut diagnostics);
        diagnostics.or(expansion)
    }

    fn evaluate(&self, block: usize, address: &Address, env: &dyn Env) -> Result<Arguments, Diagnostics> {
        let session = Session::new(self, env);
        let declared = &self.tree.blocks[block];
        let about = |diagnostics: Diagnostics| {
            Diagnostics(diagnostics.0.into_iter().map(|d| d.about(address)).collect())
        };
        let Some(frame) = session.frame_at(&address.module) else {
            let detail = format!("There is no module at `{}`.", address.module);
            return Err(about(Diagnostic::error("unknown module", detail).into()));
        };
        let mut diagnostics = Diagnostics::default();
        let repetition = session
            .repetition(frame, declared.repeat, address.key.as_ref())
            .map_err(|why| about(Diagnostics::from(*why)))?;
        let place = Place::new(&session, frame, repetition);
        let mut undecided = false;
        for check in &declared.resource.preconditions {
            undecided |= !check_at(check, &place, ("precondition failed", ""), &mut diagnostics);
        }
        let body = &declared.resource.block;
        let arguments = evaluate_body(&body.body, &Scope::new(&place, &body.file));
        session.validate_used(&mut diagnostics);
        match arguments {
            Ok(mut arguments) => {
                arguments.terms.undecided = undecided;
                for located in &declared.resource.triggers {
                    match trigger(&self.tree, located, address, &Scope::new(&place, &body.file)) {
                        Ok(trigger) => arguments.terms.triggers.push(trigger),
                        Err(why) => diagnostics.push(*why),
                    }
                }
                diagnostics.or(arguments).map_err(about)
            }
            Err(more) => {
                diagnostics.extend(more);
                Err(about(diagnostics))
            }
        }
    }

    fn postconditions(
        &self,
        block: usize,
        address: &Address,
        value: &Value,
        env: &dyn Env,
    ) -> Result<bool, Diagnostics> {
        let declared = &self.tree.blocks[block];
        if declared.resource.postconditions.is_empty() {
            return Ok(true);
        }
        let session = Session::new(self, env);
        let mut diagnostics = Diagnostics::default();
        let mut decided = true;
        let frame = session.frame_at(&address.module).unwrap_or(0);
        match session.repetition(frame, declared.repeat, address.key.as_ref()) {
            Ok(repetition) => {
                let place = Place::new(&session, frame, repetition).with_self(value);
                for check in &declared.resource.postconditions {
                    decided &= check_at(check, &place, ("postcondition failed", ""), &mut diagnostics);
                }
            }
            Err(why) => diagnostics.push(*why),
        }
        Diagnostics(diagnostics.0.into_iter().map(|d| d.about(address)).collect()).or(decided)
    }

    fn outputs(&self, env: &dyn Env) -> Result<Vec<OutputValue>, Diagnostics> {
        let session = Session::new(self, env);
        let mut diagnostics = Diagnostics::default();
        let mut outputs = Vec::new();
        for name in self.tree.modules[0].outputs.keys() {
            outputs.extend(self.one_output(&session, name, &mut diagnostics));
        }
        session.inner_outputs(&mut diagnostics);
        session.validate_used(&mut diagnostics);
        diagnostics.or(outputs)
    }

    fn checks(&self, env: &dyn Env) -> Vec<Diagnostic> {
        Session::new(self, env).assertions()
    }

    fn output_value(&self, name: &str, env: &dyn Env) -> Result<Option<OutputValue>, Diagnostics> {
        let session = Session::new(self, env);
        let mut diagnostics = Diagnostics::default();
        let output = self.one_output(&session, name, &mut diagnostics);
        session.validate_used(&mut diagnostics);
        diagnostics.or(output)
    }

    fn providers(&self) -> Result<BTreeMap<ProviderKey, ProviderConfig>, Diagnostics> {
        let session = Session::new(self, &Nothing);
        let mut diagnostics = Diagnostics::default();
        let mut providers = BTreeMap::new();
        for module in &self.tree.modules {
            for provider in module.providers.iter().filter(|p| provider::configures(module, p)) {
                // A module that has providers of its own is there once.
                let path = module.names.iter().map(|name| ModuleStep { name: name.clone(), key: None });
                let Some(frame) = session.frame_at(&ModulePath(path.collect())) else { continue };
                let place = Place::new(&session, frame, None);
                match provider::configuration(provider, &Scope::new(&place, &provider.block.file)) {
                    Ok(config) => drop(providers.insert(provider::key(module, &provider.alias), config)),
                    Err(why) => diagnostics.extend(why),
                }
            }
        }
        providers.entry(ProviderKey::new()).or_default();
        diagnostics.or(providers)
    }

    fn moves(&self) -> &[Move] {
        &self.moves
    }

    fn removals(&self) -> &[Removal] {
        &self.removals
    }

    fn imports(&self, block: usize, env: &dyn Env) -> Result<Vec<Import>, Diagnostics> {
        imports::imports(self, block, env)
    }
}
