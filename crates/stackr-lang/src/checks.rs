//! Conditions that values must meet: validations of variables, preconditions, postconditions, checks.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use stackr_core::{Diagnostic, Diagnostics, ModulePath, Severity};

use crate::{
    config::{Check, CheckBlock},
    eval::Scope,
    place::Place,
    session::Session,
    tree::SymbolKind,
};

/// The variables of module instances that have met their validations, where no block has a say in that.
#[derive(Debug, Default)]
pub(crate) struct Passed(Mutex<HashSet<(Arc<str>, usize)>>);

impl Passed {
    fn has(&self, id: &Arc<str>, variable: usize) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&(Arc::clone(id), variable))
    }

    fn add(&self, id: &Arc<str>, variable: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((Arc::clone(id), variable));
    }
}

impl Session<'_> {
    /// What the variables that were used so far do not meet.
    pub(crate) fn validate_used(&self, diagnostics: &mut Diagnostics) {
        let mut done = HashSet::new();
        while let Some((frame, variable)) = self.next_used() {
            if done.insert((frame, variable)) {
                self.validate(frame, variable, diagnostics);
            }
        }
    }

    /// What a variable of a module instance does not meet.
    pub(crate) fn validate(&self, frame: usize, id: usize, diagnostics: &mut Diagnostics) {
        let symbol = &self.stack.tree.symbols[id];
        let module = &self.frame(frame).id;
        let SymbolKind::Variable(variable, _) = &symbol.kind else { return };
        if variable.validations.is_empty() || (symbol.static_checks && self.stack.passed.has(module, id)) {
            return;
        }
        let before = diagnostics.0.len();
        let mut known = true;
        if let Err(why) = self.symbol(frame, id) {
            return diagnostics.push(*why);
        }
        for check in &variable.validations {
            let what = format!("var.{}", variable.name);
            let place = Place::new(self, frame, None);
            known &= check_at(check, &place, ("invalid value for variable", &what), diagnostics);
        }
        if symbol.static_checks && known && diagnostics.0.len() == before {
            self.stack.passed.add(module, id);
        }
    }
}

impl Session<'_> {
    /// What the checks of all modules find.
    pub(crate) fn assertions(&self) -> Vec<Diagnostic> {
        let mut found = Diagnostics::default();
        for (index, module) in
            self.stack.tree.modules.iter().enumerate().filter(|(_, m)| !m.checks.is_empty())
        {
            match self.frames_of(index) {
                Ok(frames) => {
                    for (frame, path) in frames.into_iter().flatten() {
                        for check in module.checks.values() {
                            self.assert(check, frame, &path, &mut found);
                        }
                    }
                }
                Err(why) => found.push(*why),
            }
        }
        let warned = found.0.into_iter().map(|d| Diagnostic { severity: Severity::Warning, ..d });
        warned.collect()
    }

    fn assert(&self, check: &CheckBlock, frame: usize, path: &ModulePath, found: &mut Diagnostics) {
        let data = check.data.as_ref().and_then(|key| self.env.block(path, key));
        if data.is_some_and(|data| data.is_null()) {
            return;
        }
        let module = if path.0.is_empty() { String::new() } else { format!("{path}.") };
        let name = format!("{module}check.{}", check.name);
        let place = Place::new(self, frame, None);
        for assertion in &check.asserts {
            if !check_at(assertion, &place, ("check failed", &name), found) {
                let detail = format!("{name}: whether this holds is known after apply.");
                let span = assertion.condition.span();
                found.push(Diagnostic::error("check not known yet", detail).at(Some(span)));
            }
        }
    }

    /// Whether the outputs of called modules meet their preconditions. Those of the root are judged with its outputs.
    pub(crate) fn inner_outputs(&self, found: &mut Diagnostics) {
        let tree = &self.stack.tree;
        for (index, module) in tree.modules.iter().enumerate().skip(1) {
            let outputs = module.outputs.values().filter_map(|symbol| match &tree.symbols[*symbol].kind {
                SymbolKind::Output(output) if !output.preconditions.is_empty() => Some(output),
                _ => None,
            });
            let outputs: Vec<_> = outputs.collect();
            if outputs.is_empty() {
                continue;
            }
            for (frame, path) in self.frames_of(index).ok().flatten().into_iter().flatten() {
                for output in &outputs {
                    let what = format!("{path}.output.{}", output.name);
                    let place = Place::new(self, frame, None);
                    for check in &output.preconditions {
                        check_at(check, &place, ("precondition failed", &what), found);
                    }
                }
            }
        }
    }
}

/// Adds an error if a condition is false; says whether it was known.
pub(crate) fn check_at(
    check: &Check,
    place: &Place<'_>,
    (summary, what): (&str, &str),
    diagnostics: &mut Diagnostics,
) -> bool {
    let condition = &check.condition;
    let scope = Scope::new(place, &condition.file);
    let truth =
        scope.eval(&condition.expr).and_then(|value| scope.truth(&value, condition.expr.at, "A condition"));
    match truth {
        Ok(Some(true)) => true,
        Ok(None) => false,
        Err(why) => {
            diagnostics.push(*why);
            true
        }
        Ok(Some(false)) => {
            let text = match Scope::new(place, &check.message.file).eval(&check.message.expr) {
                Ok(text) if text.has_sensitive() => {
                    "The condition is not met. Its message is not shown, because it has a sensitive value in it."
                        .to_owned()
                }
                Ok(text) => text.to_text().unwrap_or_else(|| "The condition is not met.".to_owned()),
                Err(why) => format!("The condition is not met, and its message fails: {}", why.detail),
            };
            let detail =
                if what.is_empty() { text.trim().to_owned() } else { format!("{what}: {}", text.trim()) };
            diagnostics.push(Diagnostic::error(summary, detail).at(Some(check.condition.span())));
            true
        }
    }
}
