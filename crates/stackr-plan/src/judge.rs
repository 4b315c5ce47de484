//! Conditions on what was read, and checks. Data is judged when its answer comes, not when it is asked for.

use stackr_core::{Address, Diagnostic, Value};

use crate::{
    Reason,
    decide::Decided,
    planner::{Planner, Progress},
};

impl Planner<'_> {
    /// Data was read and has its value: what it says of it is judged, and who waits for it goes on.
    pub(crate) fn found(&mut self, address: &Address, args: Value) {
        let Some(block) = self.waiting.remove(address) else { return };
        let Some(declaration) = self.request.declaration else { return };
        if declaration.blocks()[block].advisory {
            self.advisory.push((block, address.clone(), args.clone()));
        }
        let value = self.values.get(address).cloned().unwrap_or(Value::UNKNOWN);
        let broken = match declaration.postconditions(block, address, &value, &self.values) {
            Ok(true) => false,
            Ok(false) => {
                self.read_again(block, address, &args);
                false
            }
            Err(problems) => {
                self.problems.extend(problems);
                true
            }
        };
        self.answered(block, broken);
    }

    /// Data of a check could not be read.
    pub(crate) fn missing(&mut self, address: &Address, why: String) {
        let Some(block) = self.waiting.remove(address) else { return };
        let Some(declaration) = self.request.declaration else { return };
        let span = declaration.blocks()[block].span.clone();
        self.warnings.push(Diagnostic::warning("check cannot read its data", why).at(span).about(address));
        self.values.set(address, Value::Null);
        self.advisory.push((block, address.clone(), Value::UNKNOWN));
        self.answered(block, false);
    }

    fn answered(&mut self, block: usize, broken: bool) {
        if let Some(Progress::Waiting(open)) = self.progress.get_mut(&block) {
            *open -= 1;
            if broken {
                self.progress.insert(block, Progress::Broken);
            } else if *open == 0 {
                self.progress.insert(block, Progress::Planned);
            }
        }
    }

    /// Judges the checks by what is planned. Where something changes, their data is read once more after it.
    pub(crate) fn check(&mut self, destroy: bool) {
        let Some(declaration) = self.request.declaration.filter(|_| !destroy) else { return };
        if self.decided.values().any(Decided::acts) {
            for (block, address, args) in std::mem::take(&mut self.advisory) {
                self.read_again(block, &address, &args);
                if let Some(decided) = self.decided.get_mut(&address) {
                    decided.change.reasons = vec![Reason::Checked];
                }
            }
        }
        self.warnings.extend(declaration.checks(&self.values));
    }

    /// Data that is known now and is looked up once more during apply.
    fn read_again(&mut self, block: usize, address: &Address, args: &Value) {
        let Some(declaration) = self.request.declaration else { return };
        let Some(lookup) = self.request.registry.lookup(address.ty()) else { return };
        let depends_on = self.depends_on.get(address).map(|d| &**d).unwrap_or_default();
        let target = self.target(&declaration.blocks()[block], block, depends_on);
        let decided = Decided::deferred(address, target, lookup.schema(), args);
        self.decided.insert(address.clone(), decided);
    }
}
