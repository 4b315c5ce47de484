//! Conditions on what was read: data is judged when its answer comes, not when it is asked for.

use stackr_core::{Address, Value};

use crate::{
    decide::Decided,
    planner::{Planner, Progress},
};

impl Planner<'_> {
    /// Data was read and has its value: what it says of it is judged, and who waits for it goes on.
    pub(crate) fn found(&mut self, address: &Address, args: Value) {
        let Some(block) = self.waiting.remove(address) else { return };
        let Some(declaration) = self.request.declaration else { return };
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
        if let Some(Progress::Waiting(open)) = self.progress.get_mut(&block) {
            *open -= 1;
            if broken {
                self.progress.insert(block, Progress::Broken);
            } else if *open == 0 {
                self.progress.insert(block, Progress::Planned);
            }
        }
    }

    /// Data that is known now and is looked up once more during apply.
    fn read_again(&mut self, block: usize, address: &Address, args: &Value) {
        let Some(declaration) = self.request.declaration else { return };
        let Some(lookup) = self.request.registry.lookup(address.ty()) else { return };
        let none = Default::default();
        let depends_on = self.depends_on.get(address).unwrap_or(&none);
        let target = self.target(&declaration.blocks()[block], block, depends_on);
        let decided = Decided::deferred(address, target, lookup.schema(), args);
        self.decided.insert(address.clone(), decided);
    }
}
