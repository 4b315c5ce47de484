//! What happens to one object: pure, from what is wanted, what was recorded and what is seen.

use std::collections::BTreeMap;

use stackr_core::{
    Address, AnyRecord, AnyResource, AnySeen, Declaration, Diagnostic, Kind, Object, Presence, Registry,
    Schema, Status, Value, equal, sealed,
};

use crate::{
    Action, Change, Difference, FieldChange, Reason, Refusal, Target, Unseal, Want, differences,
    planned_value, recorded, value, value::changed_value, want::marked_like,
};

/// The decision about one object, with what its steps need.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    pub(crate) change: Change,
    pub(crate) target: Option<Target>,
    /// The planned arguments as the verbs take them.
    pub(crate) want: Value,
    pub(crate) seen: Option<AnySeen>,
    pub(crate) object: Option<Object>,
}

/// What a decision is made from.
pub(crate) struct Input<'a> {
    pub(crate) address: &'a Address,
    pub(crate) target: Target,
    pub(crate) resource: &'a dyn AnyResource,
    pub(crate) want: Want,
    /// Outputs that follow from the arguments.
    pub(crate) foreseen: Option<Value>,
    pub(crate) last: Option<&'a Object>,
    /// What is seen of the recorded object; `None`: it is gone.
    pub(crate) seen: Option<&'a AnySeen>,
    /// Whether `last` is what will be recorded of an object that is taken over by this plan.
    pub(crate) imported: bool,
    pub(crate) replace_asked: bool,
    /// The triggers that changed.
    pub(crate) triggered: Vec<String>,
    pub(crate) unseal: Unseal<'a>,
}

impl Decided {
    /// Decides about a declared object.
    pub(crate) fn new(input: Input<'_>) -> Self {
        let there = input.seen.filter(|s| s.status != Status::Gone);
        match (input.last, there) {
            (Some(last), Some(seen)) => compare(&input, last, seen),
            (last, _) => {
                let reason = if last.is_some() { Reason::Vanished } else { Reason::New };
                made(&input, Action::Create, vec![reason], BTreeMap::new(), Value::Null)
            }
        }
    }

    /// Data that is looked up during apply.
    pub(crate) fn deferred(address: &Address, target: Target, schema: &Schema, args: &Value) -> Self {
        let mut after = args.attributes().cloned().unwrap_or_default();
        for field in schema.outputs.fields {
            after.insert(field.name.to_owned(), Value::Unknown(field.kind.ty()));
        }
        let change =
            Change { after: Value::Object(after), ..change(address, Action::Read, vec![Reason::Deferred]) };
        Self { change, target: Some(target), want: args.clone(), seen: None, object: None }
    }

    /// An object that the plan is not about.
    pub(crate) fn left(address: &Address, object: &Object, value: &Value) -> Self {
        let change =
            Change { before: value.clone(), after: value.clone(), ..change(address, Action::Keep, vec![]) };
        Self { change, target: None, want: Value::Null, seen: None, object: Some(object.clone()) }
    }

    /// A recorded object that is removed.
    pub(crate) fn removed(
        address: &Address,
        object: &Object,
        seen: Option<&AnySeen>,
        before: &Value,
        reason: Reason,
    ) -> Self {
        let there = seen.is_some_and(|s| s.status != Status::Gone);
        let removes = there && reason != Reason::Released;
        let action = if removes { Action::Delete } else { Action::Forget };
        let change = Change { before: before.clone(), ..change(address, action, vec![reason]) };
        Self { change, target: None, want: Value::Null, seen: seen.cloned(), object: Some(object.clone()) }
    }

    /// An object that an earlier replacement set aside.
    pub(crate) fn deposed(address: &Address, object: &Object, gone: bool, released: bool) -> Self {
        let action = if gone || released { Action::Forget } else { Action::Delete };
        let reasons = if released { vec![Reason::Released] } else { vec![Reason::Deposed] };
        let change = Change {
            deposed: Some(object.uid.clone()),
            before: object.args_value(),
            ..change(address, action, reasons)
        };
        Self { change, target: None, want: Value::Null, seen: None, object: Some(object.clone()) }
    }

    /// Whether AWS is called for it.
    pub(crate) fn acts(&self) -> bool {
        !matches!(self.change.action, Action::Keep | Action::Record | Action::Forget)
    }
}

fn change(address: &Address, action: Action, reasons: Vec<Reason>) -> Change {
    Change {
        address: address.clone(),
        deposed: None,
        moved_from: None,
        imported: None,
        action,
        reasons,
        fields: BTreeMap::new(),
        before: Value::Null,
        after: Value::Null,
    }
}

/// An object that is made, anew or in place of another.
fn made(
    input: &Input<'_>,
    action: Action,
    reasons: Vec<Reason>,
    fields: BTreeMap<String, FieldChange>,
    before: Value,
) -> Decided {
    let after = planned_value(input.resource.schema(), &input.want, input.foreseen.as_ref());
    Decided {
        change: Change { fields, before, after, ..change(input.address, action, reasons) },
        target: Some(input.target.clone()),
        want: open_computed(input.resource.schema(), &input.want.args),
        seen: input.seen.cloned(),
        object: input.last.cloned(),
    }
}

/// Planned arguments in which what AWS will choose is unknown rather than absent.
fn open_computed(schema: &Schema, args: &Value) -> Value {
    let mut args = args.attributes().cloned().unwrap_or_default();
    for field in schema.args.fields.iter().filter(|f| f.presence == Presence::Computed) {
        if let Some(value) = args.get_mut(field.name).filter(|v| v.is_null()) {
            *value = Value::Unknown(field.kind.ty());
        }
    }
    Value::Object(args)
}

/// What an object is before a change, with what was sensitive when it was recorded.
pub(crate) fn before(schema: &Schema, last: &Object, seen: &AnySeen) -> Value {
    let mut recorded = last.args_value().attributes().cloned().unwrap_or_default();
    recorded.extend(last.outputs_value().attributes().cloned().unwrap_or_default());
    let recorded = Value::Object(recorded);
    let mut now = value(schema, &Value::Null, seen);
    if let (Value::Object(now), true) = (&mut now, schema.has_tags()) {
        now.insert("tags".to_owned(), own_tags(&recorded, seen));
    }
    marked_like(&now, &recorded)
}

/// The tags that an object has of its own: without those that it was given as the provider's defaults.
fn own_tags(recorded: &Value, seen: &AnySeen) -> Value {
    let tags = |value: Option<&Value>| value.and_then(Value::attributes).cloned().unwrap_or_default();
    let (own, all) = (tags(recorded.get("tags")), tags(recorded.get("tags_all")));
    let mut now = tags(seen.args.get("tags"));
    now.retain(|key, value| own.contains_key(key) || all.get(key) != Some(value));
    match recorded.get("tags") {
        None | Some(Value::Null) if now.is_empty() => Value::Null,
        _ => Value::Map(now),
    }
}

/// Compares an object that is there.
fn compare(input: &Input<'_>, last: &Object, seen: &AnySeen) -> Decided {
    let schema = input.resource.schema();
    let before = before(schema, last, seen);
    // Nothing was recorded of what is taken over only now: where AWS is silent, there is nothing to compare.
    let recorded = (!input.imported).then_some(last);
    let found = differences(input.resource, &input.want.args, seen, recorded, input.unseal);
    let mut reasons = Vec::new();
    if last.tainted {
        reasons.push(Reason::Tainted);
    }
    match &seen.status {
        Status::Failed(why) => reasons.push(Reason::Failed(why.clone())),
        Status::Leaving(_) => reasons.push(Reason::Leaving),
        Status::Ready | Status::Settling(_) | Status::Pending(_) | Status::Gone => {}
    }
    if input.replace_asked {
        reasons.push(Reason::Asked);
    }
    let forced: Vec<_> = found.iter().filter(|d| d.replace).map(|d| d.field.name.to_owned()).collect();
    if !forced.is_empty() {
        reasons.push(Reason::Forced(forced));
    }
    if !input.triggered.is_empty() {
        reasons.push(Reason::Triggered(input.triggered.clone()));
    }
    let fields = field_changes(input, last, &found, &before);
    if !reasons.is_empty() {
        let action = Action::Replace { create_first: input.target.create_before_destroy };
        return made(input, action, reasons, fields, before);
    }
    let completed = completed(input, seen);
    let action = if found.iter().any(|d| !d.field.local) {
        Action::Update
    } else if !found.is_empty() || input.imported || waits(seen) || is_stale(input, last, &completed) {
        Action::Record
    } else {
        Action::Keep
    };
    let mut after = changed_value(schema, &input.want.declared, seen);
    if let (Value::Object(after), true) = (&mut after, schema.has_tags()) {
        after.insert("tags_all".to_owned(), input.want.args.get("tags").cloned().unwrap_or(Value::Null));
    }
    if let (Value::Object(after), Some(kept)) = (&mut after, input.resource.kept()) {
        if action == Action::Update {
            let was = AnyRecord { id: last.id.clone(), seen: seen.clone() };
            after.extend(changed_outputs(schema, kept.change(&was, &input.want.args).ok()));
        }
        let foreseen = input.foreseen.as_ref().and_then(Value::attributes).into_iter().flatten();
        after.extend(foreseen.map(|(name, value)| (name.clone(), value.clone())));
    }
    Decided {
        change: Change { fields, before, after, ..change(input.address, action, reasons) },
        target: Some(input.target.clone()),
        want: input.want.args.clone(),
        seen: Some(completed),
        object: Some(last.clone()),
    }
}

/// What is seen of an object that state alone holds, with the outputs that follow from its arguments: of a secret, the
/// record has the seal only.
fn completed(input: &Input<'_>, seen: &AnySeen) -> AnySeen {
    let mut seen = seen.clone();
    if let (Some(_), Some(foreseen), Value::Object(outputs)) =
        (input.resource.kept(), &input.foreseen, &mut seen.outputs)
    {
        let foreseen = foreseen.attributes().into_iter().flatten();
        let known = foreseen.filter(|(name, value)| outputs.contains_key(*name) && !value.is_unknown());
        let known: Vec<_> = known.map(|(name, value)| (name.clone(), value.clone())).collect();
        outputs.extend(known);
    }
    seen
}

/// The outputs of a changed object that state alone holds: exactly, where its arguments are known.
fn changed_outputs(schema: &Schema, now: Option<AnyRecord>) -> BTreeMap<String, Value> {
    let output = |field: &stackr_core::Field| {
        let known = now.as_ref().map(|now| now.seen.outputs.get(field.name).cloned().unwrap_or(Value::Null));
        let value = known.unwrap_or_else(|| Value::Unknown(field.kind.ty()));
        (field.name.to_owned(), value.marked(field.secret))
    };
    schema.outputs.fields.iter().map(output).collect()
}

/// The differences for people. Tags are told as the field tells them: `tags` as declared, `tags_all` as they are.
fn field_changes(
    input: &Input<'_>,
    last: &Object,
    found: &[Difference],
    before: &Value,
) -> BTreeMap<String, FieldChange> {
    let has_tags = input.resource.schema().has_tags();
    let recorded = last.args_value();
    let mut fields: BTreeMap<String, FieldChange> = found
        .iter()
        .map(|d| {
            let old = marked_like(&d.old, recorded.get(d.field.name).unwrap_or(&Value::Null));
            let name = if has_tags && d.field.name == "tags" { "tags_all" } else { d.field.name };
            let (old, new) = (old.marked(d.field.secret), d.new.clone().marked(d.field.secret));
            (name.to_owned(), FieldChange { old, new, forces_replacement: d.replace })
        })
        .collect();
    if fields.contains_key("tags_all") {
        let old = before.get("tags").cloned().unwrap_or(Value::Null);
        let new = input.want.declared.get("tags").cloned().unwrap_or(Value::Null);
        if !equal(&Kind::Map(&Kind::String), &new, &old) {
            fields.insert("tags".to_owned(), FieldChange { old, new, forces_replacement: false });
        }
    }
    fields
}

/// Whether an unchanged object cannot be used yet: the run that made it was stopped, or did not wait for it. What
/// depends on it has to wait, and so has the end of this run.
fn waits(seen: &AnySeen) -> bool {
    matches!(seen.status, Status::Pending(_))
}

/// Whether what is recorded of an unchanged object is out of date.
fn is_stale(input: &Input<'_>, last: &Object, seen: &AnySeen) -> bool {
    let seal = |_: &str| String::new();
    let (args, outputs) = recorded(input.resource.schema(), &input.want, seen, &seal);
    let blind = |map: &serde_json::Map<String, serde_json::Value>| {
        map.iter().map(|(k, v)| (k.clone(), without_seals(v))).collect::<serde_json::Map<_, _>>()
    };
    let mut depends_on = last.depends_on.clone();
    depends_on.sort();
    blind(&args) != blind(&last.args)
        || blind(&outputs) != blind(&last.outputs)
        || depends_on != input.target.depends_on
        || last.timeouts != input.want.terms.timeouts
        || last.prevent_destroy != input.target.prevent_destroy
        || last.create_before_destroy != input.target.create_before_destroy
}

/// JSON in which every sealed secret looks alike.
fn without_seals(json: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    if sealed::seal(&Value::from_json(json)).is_some() {
        return sealed::stand_in("");
    }
    match json {
        Json::Array(e) => Json::Array(e.iter().map(without_seals).collect()),
        Json::Object(m) => Json::Object(m.iter().map(|(k, v)| (k.clone(), without_seals(v))).collect()),
        other => other.clone(),
    }
}

/// The removals that are refused: by `prevent_destroy`, or because AWS would refuse them.
pub(crate) fn refusals<'a>(
    decided: impl Iterator<Item = &'a Decided>,
    declaration: Option<&dyn Declaration>,
    registry: &Registry,
) -> Vec<Refusal> {
    let removes = |d: &&Decided| matches!(d.change.action, Action::Delete | Action::Replace { .. });
    let prevented = |d: &Decided| match &d.target {
        Some(target) => target.prevent_destroy,
        None => {
            let address = &d.change.address;
            let declared = declaration.and_then(|d| d.blocks().iter().find(|b| b.key == address.block));
            let recorded = d.object.as_ref().is_some_and(|o| o.prevent_destroy);
            declared.map_or(recorded, |b| b.lifecycle.prevent_destroy)
        }
    };
    let refusal = |d: &Decided| {
        let address = &d.change.address;
        let (what, remedy) = match protection(d, registry) {
            _ if prevented(d) => ("`prevent_destroy`".to_owned(), "prevent_destroy"),
            Some(argument) => (format!("deletion protection (`{argument} = true`)"), argument),
            None => return None,
        };
        let why = match d.change.reasons.iter().find_map(|r| match r {
            Reason::Forced(args) => Some(args.join(", ")),
            _ => None,
        }) {
            Some(args) => format!("a change of {args} needs another object in its place"),
            None => "the plan removes it".to_owned(),
        };
        let detail = format!(
            "`{address}` has {what}, and {why}. Leave it out with `--exclude '{address}'`, or set \
             `{remedy} = false`, apply, and then remove it."
        );
        Some(Refusal(Diagnostic::error("protected object", detail).about(address)))
    };
    decided.filter(removes).filter_map(refusal).collect()
}

/// The argument that makes AWS refuse to delete the object as it is now.
fn protection(decided: &Decided, registry: &Registry) -> Option<&'static str> {
    let resource = registry.resource(decided.change.address.ty())?;
    let recorded = || decided.object.as_ref().map(Object::args_value);
    let now = decided.seen.as_ref().map(|seen| seen.args.clone()).or_else(recorded)?;
    let on = |argument: &&&'static str| now.get(argument) == Some(&Value::Bool(true));
    resource.protection().iter().find(on).copied()
}
