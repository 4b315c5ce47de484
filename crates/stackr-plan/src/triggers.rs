//! `replace_triggered_by`: what replaces an object because another changes.

use stackr_core::{Path, PathStep, Trigger, Value};

use crate::{Action, Change, planner::Planner};

impl Planner<'_> {
    /// The triggers that change, as they are written.
    pub(crate) fn triggered(&self, triggers: &[Trigger]) -> Vec<String> {
        let changes = |trigger: &&Trigger| {
            self.decided.values().any(|decided| {
                let change = &decided.change;
                let of = &trigger.address;
                change.address.module == of.module
                    && change.address.block == of.block
                    && (of.key.is_none() || change.address.key == of.key)
                    && fires(change, &trigger.path)
            })
        };
        triggers.iter().filter(changes).map(written).collect()
    }
}

/// Whether a change is one of the attribute. What is made anew or removed for good triggers nothing.
fn fires(change: &Change, path: &Path) -> bool {
    if !matches!(change.action, Action::Update | Action::Replace { .. }) {
        return false;
    }
    let part = |value: &Value| {
        path.0.iter().try_fold(value.clone(), |value, step| match step {
            PathStep::Name(name) => value.peel().get(name).cloned(),
            PathStep::Index(index) => value.peel().elements()?.get(*index).cloned(),
        })
    };
    path.0.is_empty() || part(&change.before) != part(&change.after)
}

fn written(trigger: &Trigger) -> String {
    if trigger.path.0.is_empty() {
        return trigger.address.to_string();
    }
    let dot = if matches!(trigger.path.0.first(), Some(PathStep::Name(_))) { "." } else { "" };
    format!("{}{dot}{}", trigger.address, trigger.path)
}
