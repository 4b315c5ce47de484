//! A plan for programs.

use serde_json::{Value as Json, json};
use stackr_core::Value;
use stackr_lang::Sources;
use stackr_plan::{Action, Change, Counts, FieldChange, Plan, Reason};

use super::{diagnostic, value::is_secret};

/// The version of this form.
const VERSION: u32 = 1;

/// The plan of a stack on one line.
pub(crate) fn plan(plan: &Plan, stack: &str, sources: &Sources) -> Json {
    let Counts { import, create, update, delete } = plan.counts();
    let changes: Vec<_> = plan.changes.iter().map(change).collect();
    let outputs: serde_json::Map<_, _> = plan
        .outputs
        .iter()
        .map(|o| {
            let new = o.output.as_ref().map(|n| n.value.clone().marked(n.sensitive));
            (
                o.name.clone(),
                json!({ "old": shown(&o.old), "new": new.as_ref().map(shown), "removed": new.is_none() }),
            )
        })
        .collect();
    json!({
        "v": VERSION,
        "stack": stack,
        "counts": { "import": import, "create": create, "update": update, "delete": delete },
        "empty": plan.is_empty(),
        "changes": changes,
        "outputs": outputs,
        "program": plan.program.to_string(),
        "warnings": plan.warnings.iter().map(|w| diagnostic::json(w, sources)).collect::<Vec<_>>(),
        "refusals": plan.refusals.iter().map(|r| r.0.detail.clone()).collect::<Vec<_>>(),
    })
}

/// What happens to one object.
pub(crate) fn change(change: &Change) -> Json {
    let field = |f: &FieldChange| json!({ "old": shown(&f.old), "new": shown(&f.new), "forces_replacement": f.forces_replacement });
    let fields: serde_json::Map<_, _> =
        change.fields.iter().map(|(name, f)| (name.clone(), field(f))).collect();
    json!({
        "address": change.address,
        "deposed": change.deposed,
        "moved_from": change.moved_from,
        "imported": change.imported,
        "action": action(change.action),
        "reasons": change.reasons.iter().map(reason).collect::<Vec<_>>(),
        "fields": fields,
        "before": shown(&change.before),
        "after": shown(&change.after),
    })
}

/// A value for programs: what is unknown and what is secret are objects that say so.
fn shown(value: &Value) -> Json {
    match value {
        Value::Unknown(_) => json!({ "stackr:unknown": true }),
        secret if is_secret(secret) => json!({ "stackr:sensitive": true }),
        Value::List(e) | Value::Tuple(e) | Value::Set(e) => Json::Array(e.iter().map(shown).collect()),
        Value::Map(m) | Value::Object(m) => {
            Json::Object(m.iter().map(|(k, v)| (k.clone(), shown(v))).collect())
        }
        other => other.to_json(),
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Keep => "keep",
        Action::Record => "record",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace { create_first: true } => "create_then_delete",
        Action::Replace { create_first: false } => "delete_then_create",
        Action::Delete => "delete",
        Action::Forget => "forget",
        Action::Read => "read",
    }
}

fn reason(reason: &Reason) -> Json {
    match reason {
        Reason::New => json!("new"),
        Reason::Undeclared => json!("undeclared"),
        Reason::Released => json!("released"),
        Reason::Asked => json!("asked"),
        Reason::Vanished => json!("vanished"),
        Reason::Leaving => json!("leaving"),
        Reason::Tainted => json!("tainted"),
        Reason::Failed(why) => json!({ "failed": why }),
        Reason::Forced(args) => json!({ "forced": args }),
        Reason::Triggered(by) => json!({ "triggered": by }),
        Reason::Deposed => json!("deposed"),
        Reason::Deferred => json!("deferred"),
        Reason::Checked => json!("checked"),
    }
}
