//! A plan as people read it: the field's signs, old and new values, and one line of counts.

use std::fmt::Write as _;

use stackr_core::{AnyResource, Mode, Registry, Schema, Value};
use stackr_plan::{Action, Change, Counts, Plan, Reason};

use super::{
    style::{ADD, BOLD, CHANGE, REMOVE, paint},
    value::{Sides, Writer, is_absent},
};

/// The whole plan: of a destroy, or of an apply.
pub(crate) fn plan(plan: &Plan, registry: &Registry, destroy: bool) -> String {
    let shown: Vec<_> = plan.changes.iter().filter(|c| !is_quiet(c)).collect();
    let mut writer = Writer { out: String::new() };
    if shown.is_empty() && plan.outputs.is_empty() {
        let why = if destroy { "There is nothing to destroy." } else { "What is declared is what there is." };
        return format!("{} {why}\n", paint(BOLD, "No changes."));
    }
    for change in &shown {
        let _ = writeln!(writer.out, "  # {}", paint(BOLD, &headline(change)));
        if let Some(id) = change.imported.as_ref().filter(|_| !is_still(change.action)) {
            let _ = writeln!(writer.out, "  # (imported from {id:?})");
        }
        match &change.moved_from {
            // The headline says it all.
            Some(_) if is_still(change.action) => {}
            from => {
                if let Some(from) = from {
                    let _ = writeln!(writer.out, "  # (moved from {from})");
                }
                block(&mut writer, change, registry);
            }
        }
        writer.out.push('\n');
    }
    if !shown.is_empty() {
        let Counts { import, create, update, delete } = plan.counts();
        let import = if import == 0 { String::new() } else { format!("{import} to import, ") };
        let counts = format!("{import}{create} to add, {update} to change, {delete} to destroy.");
        let _ = writeln!(writer.out, "{} {counts}", paint(BOLD, "Plan:"));
    }
    outputs(&mut writer, plan);
    writer.out
}

/// What the next apply does to an object that was imported just now.
pub(crate) fn next(change: &Change, registry: &Registry) -> String {
    let mut writer = Writer { out: String::new() };
    if is_still(change.action) {
        return "It is what is declared: the next apply changes nothing of it.\n".to_owned();
    }
    let what = match change.action {
        Action::Replace { .. } => "The next apply would replace it:",
        _ => "The next apply would change it:",
    };
    let _ = writeln!(writer.out, "{}", paint(BOLD, what));
    block(&mut writer, change, registry);
    writer.out
}

/// Whether nothing happens to the object itself.
fn is_still(action: Action) -> bool {
    matches!(action, Action::Keep | Action::Record)
}

/// Whether there is nothing to tell.
fn is_quiet(change: &Change) -> bool {
    is_still(change.action) && change.moved_from.is_none() && change.imported.is_none()
}

/// What happens and why, in a sentence.
fn headline(change: &Change) -> String {
    let address = &change.address;
    if let Some(from) = change.moved_from.as_ref().filter(|_| is_still(change.action)) {
        return format!("{from} has moved to {address}");
    }
    let released = change.reasons.contains(&Reason::Released);
    let what = match change.action {
        Action::Create => "will be created".to_owned(),
        Action::Update => "will be updated in-place".to_owned(),
        Action::Replace { .. } if change.reasons == [Reason::Asked] => {
            "will be replaced, as requested".to_owned()
        }
        Action::Replace { .. } => "must be replaced".to_owned(),
        Action::Delete => "will be destroyed".to_owned(),
        Action::Forget if released => "will no longer be managed, and stays in AWS".to_owned(),
        Action::Forget => "is gone; its record will be removed".to_owned(),
        Action::Read => "will be read during apply".to_owned(),
        Action::Keep | Action::Record if change.imported.is_some() => "will be imported".to_owned(),
        Action::Keep | Action::Record => "stays".to_owned(),
    };
    let old = if change.deposed.is_some() { " (set aside by a replacement)" } else { "" };
    let why = change.reasons.iter().find_map(|reason| match reason {
        Reason::Undeclared => Some("it is no longer declared".to_owned()),
        Reason::Vanished => Some("it is recorded, and AWS does not have it any more".to_owned()),
        Reason::Leaving => Some("AWS is deleting it".to_owned()),
        Reason::Tainted => Some("it was left half-made".to_owned()),
        Reason::Failed(why) => Some(format!("it failed: {why}")),
        Reason::Triggered(by) => Some(format!("replace_triggered_by: {} changes", by.join(", "))),
        Reason::Checked => Some("to judge a check once more".to_owned()),
        Reason::Released => Some("a `removed` block says so".to_owned()),
        Reason::New | Reason::Asked | Reason::Forced(_) | Reason::Deposed | Reason::Deferred => None,
    });
    let why = why.map(|w| format!(" ({w})")).unwrap_or_default();
    format!("{address}{old} {what}{why}")
}

fn sign(action: Action) -> String {
    match action {
        Action::Create => format!("  {}", paint(ADD, "+")),
        Action::Update => format!("  {}", paint(CHANGE, "~")),
        Action::Replace { create_first: false } => format!("{}/{}", paint(REMOVE, "-"), paint(ADD, "+")),
        Action::Replace { create_first: true } => format!("{}/{}", paint(ADD, "+"), paint(REMOVE, "-")),
        Action::Delete | Action::Forget => format!("  {}", paint(REMOVE, "-")),
        Action::Read => " <=".to_owned(),
        Action::Keep | Action::Record => "   ".to_owned(),
    }
}

fn block(writer: &mut Writer, change: &Change, registry: &Registry) {
    let key = &change.address.block;
    let (keyword, schema): (_, Option<&'static Schema>) = match key.mode {
        Mode::Managed => {
            ("resource", registry.resource(&key.ty).map(|r: &std::sync::Arc<dyn AnyResource>| r.schema()))
        }
        Mode::Data => ("data", registry.lookup(&key.ty).map(|l| l.schema())),
    };
    let _ = writeln!(writer.out, "{} {keyword} {:?} {:?} {{", sign(change.action), key.ty, key.name);
    let field = |name: &str| schema.and_then(|s| s.field(name));
    match change.action {
        Action::Update | Action::Replace { .. } => {
            let width = change.fields.keys().map(String::len).max().unwrap_or_default();
            for (name, difference) in &change.fields {
                let sides = match (is_absent(&difference.old), is_absent(&difference.new)) {
                    (true, false) => Sides::New(&difference.new),
                    (false, true) => Sides::Old(&difference.old),
                    _ => Sides::Both(&difference.old, &difference.new),
                };
                writer.field(3, width, field(name), name, sides, difference.forces_replacement);
            }
            let all = change.after.attributes().map_or(0, |a| a.values().filter(|v| !is_absent(v)).count());
            writer.hidden(3, all.saturating_sub(change.fields.len()), "attribute");
        }
        _ => {
            let (value, removed) = match change.action {
                Action::Delete | Action::Forget => (&change.before, true),
                _ => (&change.after, false),
            };
            let attributes: Vec<_> =
                value.attributes().into_iter().flatten().filter(|(_, v)| !is_absent(v)).collect();
            let width = attributes.iter().map(|(n, _)| n.len()).max().unwrap_or_default();
            let blocks =
                |name: &str| field(name).is_some_and(|f| f.nesting != stackr_core::Nesting::Attribute);
            let (nested, plain): (Vec<_>, Vec<_>) = attributes.into_iter().partition(|(n, _)| blocks(n));
            for (name, value) in plain.into_iter().chain(nested) {
                let sides = match change.action {
                    action if is_still(action) => Sides::Same(value),
                    _ if removed => Sides::Old(value),
                    _ => Sides::New(value),
                };
                writer.field(3, width, field(name), name, sides, false);
            }
        }
    }
    writer.out.push_str("    }\n");
}

fn outputs(writer: &mut Writer, plan: &Plan) {
    if plan.outputs.is_empty() {
        return;
    }
    if !writer.out.is_empty() {
        writer.out.push('\n');
    }
    let _ = writeln!(writer.out, "{}", paint(BOLD, "Changes to Outputs:"));
    let width = plan.outputs.iter().map(|o| o.name.len()).max().unwrap_or_default();
    for change in &plan.outputs {
        let new = change.output.as_ref().map(|o| o.value.clone().marked(o.sensitive));
        let lead = format!("{:<width$} = ", change.name);
        match (&change.old, &new) {
            (Value::Null, Some(new)) => writer.entry(1, &lead, Sides::New(new), ""),
            (old, Some(new)) => writer.entry(1, &lead, Sides::Both(old, new), ""),
            (old, None) => writer.entry(1, &lead, Sides::Old(old), ""),
        }
    }
}
