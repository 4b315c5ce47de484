//! Want against seen: evaluating what is declared, comparing it with what AWS says, and what is recorded of it.
//!
//! The planner uses this with values that are unknown in parts; the engine uses the same functions during apply,
//! when everything a step refers to is real.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use stackr_core::{
    Address, AnyResource, AnySeen, Arguments, BlockKey, Declaration, Diagnostic, Diagnostics, Env, Field,
    Ignore, Kind, Mode, Object, Path, PathStep, Presence, Problem, ProviderConfig, ProviderKey, Registry,
    Schema, Shape, Span, Terms, Type, Value, closest, coerce_args, equal_recorded, is_silent, sealed,
};

use crate::{Target, secret_text, value::is_declared_tags};

/// What is wanted of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Want {
    /// The arguments as declared: what references see and what is recorded.
    pub declared: Value,
    /// The arguments as the verbs take them: with the provider's default tags merged in.
    pub args: Value,
    /// What the block says beside its arguments.
    pub terms: Terms,
}

/// Compares a sealed secret with a clear one: `(seal, secret)`.
pub type Unseal<'a> = &'a (dyn Fn(&str, &str) -> bool + Sync);

/// Seals a secret.
pub type Seal<'a> = &'a (dyn Fn(&str) -> String + Sync);

/// Evaluates what blocks declare.
#[derive(Clone, Copy)]
pub struct Resolver<'a> {
    /// What is declared.
    pub declaration: &'a dyn Declaration,
    /// Which types there are.
    pub registry: &'a Registry,
    /// The provider configurations.
    pub providers: &'a BTreeMap<ProviderKey, ProviderConfig>,
}

impl Resolver<'_> {
    /// What is wanted of a managed object. Parts that refer to something unknown are unknown. Where the object
    /// was seen, arguments under `ignore_changes` are as they are.
    ///
    /// # Errors
    /// What is wrong with the expressions or the arguments.
    pub fn want(
        &self,
        address: &Address,
        target: &Target,
        seen: Option<&AnySeen>,
        env: &dyn Env,
    ) -> Result<Want, Diagnostics> {
        let resource =
            self.registry.resource(address.ty()).ok_or_else(|| unsupported(address, self.registry))?;
        let schema = resource.schema();
        let (mut declared, terms) = self.args(address, target.block, schema, env)?;
        if let Some(seen) = seen {
            let ignore = &self.declaration.blocks()[target.block].lifecycle.ignore_changes;
            apply_ignore(ignore, &mut declared, &seen.args);
        }
        // Arguments that the type completes from the others: what AWS will report is what is wanted.
        let foreseen = resource.foresee(&declared);
        if let (Value::Object(declared), Some(foreseen)) = (&mut declared, &foreseen) {
            let completed = foreseen.attributes().into_iter().flatten();
            for (name, value) in completed.filter(|(name, _)| schema.args.field(name).is_some()) {
                declared.insert(name.clone(), value.clone());
            }
        }
        let mut args = declared.clone();
        if schema.has_tags() {
            let defaults = self.providers.get(&target.provider).map(|p| &p.default_tags);
            merge_tags(&mut args, defaults);
            if let (Some(provider), Some(seen)) = (self.providers.get(&target.provider), seen) {
                leave_ignored(&mut args, provider, &seen.args);
            }
        }
        Ok(Want { declared, args, terms })
    }

    /// The arguments of a data block, and what it says beside them.
    ///
    /// # Errors
    /// What is wrong with the expressions or the arguments.
    pub fn query(
        &self,
        address: &Address,
        target: &Target,
        env: &dyn Env,
    ) -> Result<(Value, Terms), Diagnostics> {
        let lookup = self.registry.lookup(address.ty()).ok_or_else(|| unsupported(address, self.registry))?;
        self.args(address, target.block, lookup.schema(), env)
    }

    fn args(
        &self,
        address: &Address,
        block: usize,
        schema: &Schema,
        env: &dyn Env,
    ) -> Result<(Value, Terms), Diagnostics> {
        let written = self.declaration.evaluate(block, address, env)?;
        let value = coerce_args(schema, &written.value).map_err(|problems| {
            let block_span = self.declaration.blocks()[block].span.as_ref();
            Diagnostics(
                problems
                    .into_iter()
                    .map(|problem| {
                        let span = place_of(&written, &problem).or_else(|| block_span.cloned());
                        Diagnostic::error(problem.summary, problem.detail).at(span).about(address)
                    })
                    .collect(),
            )
        })?;
        let mode = address.block.mode;
        let wrong = self.registry.wrong_timeouts(mode, address.ty(), &written.terms);
        if !wrong.is_empty() {
            return Err(timeout_problems(wrong, &written, self.declaration.blocks()[block].span.as_ref()));
        }
        Ok((value, written.terms))
    }
}

/// What is wrong with the timeouts of a block, as [`Registry::wrong_timeouts`] says it.
#[must_use]
pub fn timeout_problems(
    wrong: Vec<(String, String)>,
    written: &Arguments,
    block: Option<&Span>,
) -> Diagnostics {
    let place = |name: &str| {
        let paths = [format!("timeouts[0].{name}"), "timeouts".to_owned(), "timeouts[0]".to_owned()];
        let found = paths.iter().find_map(|path| written.spans.get(path));
        found.map(|found| found.name.clone()).or_else(|| block.cloned())
    };
    let problem =
        |(name, why): (String, String)| Diagnostic::error("unsupported timeout", why).at(place(&name));
    Diagnostics(wrong.into_iter().map(problem).collect())
}

/// The place of what is wrong with written arguments: the name where that is what is wrong, else the value, or the
/// closest one around it that has a place.
#[must_use]
pub fn place_of(written: &Arguments, problem: &Problem) -> Option<Span> {
    if problem.is_of_the_name()
        && let Some(exact) = written.spans.get(&problem.path.to_string())
    {
        return Some(exact.name.clone());
    }
    nearest_span(&written.spans, &problem.path).map(|near| near.value.clone())
}

/// The span of a path, or of the closest value around it that has one.
fn nearest_span<'a, S>(spans: &'a BTreeMap<String, S>, path: &Path) -> Option<&'a S> {
    (1..=path.0.len()).rev().find_map(|n| spans.get(&Path(path.0[..n].to_vec()).to_string()))
}

/// The error for a type that there is not.
pub(crate) fn unsupported(address: &Address, registry: &Registry) -> Diagnostic {
    unsupported_type(&address.block, registry).about(address)
}

/// The error for a type that there is not, with the one that may be meant.
#[must_use]
pub fn unsupported_type(key: &BlockKey, registry: &Registry) -> Diagnostic {
    let (word, has, other) = match key.mode {
        Mode::Managed => {
            ("resource", registry.resource(&key.ty).is_some(), registry.lookup(&key.ty).is_some())
        }
        Mode::Data => ("data", registry.lookup(&key.ty).is_some(), registry.resource(&key.ty).is_some()),
    };
    let near = match key.mode {
        _ if has => None,
        Mode::Managed => closest(&key.ty, registry.resources().map(|r| r.schema().ty)),
        Mode::Data => closest(&key.ty, registry.lookups().map(|l| l.schema().ty)),
    };
    let hint = match (near, other, key.mode) {
        (Some(near), ..) => format!(" Did you mean `{near}`?"),
        (None, true, Mode::Managed) => format!(" There is `data \"{}\"`.", key.ty),
        (None, true, Mode::Data) => format!(" There is `resource \"{}\"`.", key.ty),
        _ => String::new(),
    };
    let detail =
        format!("stackr has no {word} type `{}` yet.{hint} `stackr explain` lists the types it has.", key.ty);
    Diagnostic::error("unsupported type", detail)
}

/// Puts what is seen where differences are ignored.
fn apply_ignore(ignore: &Ignore, want: &mut Value, seen: &Value) {
    let Value::Object(args) = want else { return };
    match ignore {
        Ignore::Nothing => {}
        Ignore::All => {
            for (name, value) in args.iter_mut() {
                if let Some(seen) = seen.get(name).filter(|s| !s.is_null()) {
                    *value = seen.clone();
                }
            }
        }
        Ignore::These(paths) => {
            for path in paths {
                let Some((PathStep::Name(root), rest)) = path.0.split_first() else { continue };
                if let (Some(value), Some(seen)) = (args.get_mut(root), seen.get(root)) {
                    put(value, seen, rest);
                }
            }
        }
    }
}

/// Makes the part of `want` at `path` what it is in `seen`.
fn put(want: &mut Value, seen: &Value, path: &[PathStep]) {
    match (path.split_first(), want) {
        (None, want) => *want = seen.clone(),
        (Some((PathStep::Name(name), rest)), Value::Map(entries) | Value::Object(entries)) => {
            match (entries.get_mut(name), seen.get(name)) {
                (Some(value), Some(seen)) => put(value, seen, rest),
                (None, Some(seen)) => drop(entries.insert(name.clone(), seen.clone())),
                (Some(_), None) => drop(entries.remove(name)),
                (None, None) => {}
            }
        }
        (Some((PathStep::Index(i), rest)), Value::List(elements) | Value::Tuple(elements)) => {
            let seen = seen.elements().and_then(|s| s.get(*i));
            if let (Some(value), Some(seen)) = (elements.get_mut(*i), seen) {
                put(value, seen, rest);
            }
        }
        _ => {}
    }
}

/// Merges default tags under the declared ones.
fn merge_tags(args: &mut Value, defaults: Option<&BTreeMap<String, String>>) {
    let Value::Object(args) = args else { return };
    let declared = args.get("tags").cloned().unwrap_or(Value::Null);
    if declared.is_unknown() {
        return;
    }
    let mut merged: BTreeMap<String, Value> =
        defaults.into_iter().flatten().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect();
    merged.extend(declared.attributes().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
    args.insert("tags".to_owned(), Value::Map(merged).marked(matches!(declared, Value::Sensitive(_))));
}

/// Tags that the provider ignores are wanted as they are, so they are neither compared nor touched.
fn leave_ignored(args: &mut Value, provider: &ProviderConfig, seen: &Value) {
    let ignored = |key: &str| {
        provider.ignore_tag_keys.iter().any(|k| k == key)
            || provider.ignore_tag_prefixes.iter().any(|prefix| key.starts_with(prefix.as_str()))
    };
    let Value::Object(args) = args else { return };
    let Some(tags) = args.get("tags").filter(|tags| !tags.is_unknown()) else { return };
    let marked = matches!(tags, Value::Sensitive(_));
    let mut tags = tags.attributes().cloned().unwrap_or_default();
    tags.retain(|key, _| !ignored(key));
    let seen = seen.get("tags").and_then(Value::attributes);
    tags.extend(
        seen.into_iter().flatten().filter(|(key, _)| ignored(key)).map(|(k, v)| (k.clone(), v.clone())),
    );
    args.insert("tags".to_owned(), Value::Map(tags).marked(marked));
}

/// How one argument differs.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The argument.
    pub field: &'static Field,
    /// What is seen, or recorded where AWS does not report it.
    pub old: Value,
    /// What is wanted.
    pub new: Value,
    /// Whether another object is needed.
    pub replace: bool,
}

/// The arguments in which what is wanted differs from what is seen. `args` are [`Want::args`].
pub fn differences(
    resource: &dyn AnyResource,
    args: &Value,
    seen: &AnySeen,
    last: Option<&Object>,
    unseal: Unseal<'_>,
) -> Vec<Difference> {
    let aligned = resource.align(args, &seen.args);
    let args = aligned.as_ref().unwrap_or(args);
    let last_args = last.map(Object::args_value).unwrap_or(Value::Null);
    let null = Value::Null;
    let mut found = Vec::new();
    for field in resource.schema().args.fields {
        let want = args.get(field.name).unwrap_or(&null);
        let reported = seen.args.get(field.name).unwrap_or(&null);
        let recorded = last_args.get(field.name).unwrap_or(&null);
        // Where AWS says nothing, what was recorded stands in; where nothing was recorded either (it was made or
        // imported just now), there is nothing to compare.
        let silent = field.local || is_silent(field, reported);
        let old = if silent { recorded } else { reported };
        if silent && last.is_none() || same(field, want, old, unseal) && !retyped(resource, field, want, old)
        {
            continue;
        }
        let replace = field.replace
            || (field.lasting && want.is_null() != old.is_null())
            || nested_replace(&field.kind, want, old);
        found.push(Difference { field, old: old.clone(), new: want.clone(), replace });
    }
    found
}

/// Whether a value of any type that state alone holds is of another type than before: a set now and a list then.
fn retyped(resource: &dyn AnyResource, field: &Field, want: &Value, old: &Value) -> bool {
    let typed = resource.kept().is_some() && matches!(field.kind, Kind::Any) && !has_seal(old);
    typed && want.is_wholly_known() && want.clone().unmark_deep() != old.clone().unmark_deep()
}

/// Whether want and old mean the same in this field.
fn same(field: &Field, want: &Value, old: &Value, unseal: Unseal<'_>) -> bool {
    if want.is_null() && field.presence == Presence::Computed {
        return true;
    }
    if let Some(seal) = sealed::seal(want) {
        // Where AWS reports the text it is compared; a record has the seal itself.
        return sealed::seal(old) == Some(seal) || old.to_text().is_some_and(|text| unseal(seal, &text));
    }
    let opaque = has_seal(old) && !sealed::opaques(want).is_empty();
    if !want.is_wholly_known() && !opaque {
        return false;
    }
    if has_seal(old) { same_sealed(want, old, unseal) } else { equal_recorded(field, want, old) }
}

/// Whether a secret is sealed somewhere in a value.
fn has_seal(value: &Value) -> bool {
    sealed::seal(value).is_some()
        || value.elements().is_some_and(|e| e.iter().any(has_seal))
        || value.attributes().is_some_and(|a| a.values().any(has_seal))
}

/// Whether want and old mean the same, where old has seals in the place of secrets.
fn same_sealed(want: &Value, old: &Value, unseal: Unseal<'_>) -> bool {
    let want = want.peel();
    if let Some(seal) = sealed::seal(old) {
        return match sealed::seal(want) {
            Some(same) => same == seal,
            None => want.is_wholly_known() && unseal(seal, &secret_text(want)),
        };
    }
    match (want.elements(), old.elements(), want.attributes(), old.attributes()) {
        (Some(w), Some(o), ..) => {
            w.len() == o.len() && w.iter().zip(o).all(|(w, o)| same_sealed(w, o, unseal))
        }
        (.., Some(w), Some(o)) => {
            w.len() == o.len()
                && w.iter().all(|(name, w)| o.get(name).is_some_and(|o| same_sealed(w, o, unseal)))
        }
        _ => want.is_wholly_known() && want == old,
    }
}

/// A value whose parts are marked where they are secret in another of its form: marked there, or sealed.
#[must_use]
pub fn marked_like(value: &Value, like: &Value) -> Value {
    if matches!(like, Value::Sensitive(_)) || sealed::seal(like).is_some() {
        return value.clone().sensitive();
    }
    let of = |part: &Value, like: Option<&Value>| like.map_or_else(|| part.clone(), |l| marked_like(part, l));
    let parts = |parts: &BTreeMap<String, Value>| {
        parts.iter().map(|(name, part)| (name.clone(), of(part, like.get(name)))).collect()
    };
    let elements = |elements: &[Value]| {
        let like = like.elements().unwrap_or_default();
        elements.iter().enumerate().map(|(i, part)| of(part, like.get(i))).collect()
    };
    match value {
        Value::Map(m) => Value::Map(parts(m)),
        Value::Object(m) => Value::Object(parts(m)),
        Value::List(e) => Value::List(elements(e)),
        Value::Tuple(e) => Value::Tuple(elements(e)),
        // Its elements have no places by which they could be told apart.
        Value::Set(_) if like.has_sensitive() => value.clone().sensitive(),
        other => other.clone(),
    }
}

/// Whether a difference inside a block is in a field that AWS cannot change.
fn nested_replace(kind: &Kind, want: &Value, old: &Value) -> bool {
    match kind {
        Kind::List(element) | Kind::Set(element) => {
            let Kind::Object(shape) = element else { return false };
            let (want, old) = (want.elements().unwrap_or_default(), old.elements().unwrap_or_default());
            let has_flag = shape.fields.iter().any(|f| f.replace);
            has_flag
                && (want.len() != old.len() || want.iter().zip(old).any(|(w, o)| shape_replace(shape, w, o)))
        }
        Kind::Object(shape) => shape_replace(shape, want, old),
        _ => false,
    }
}

fn shape_replace(shape: &'static Shape, want: &Value, old: &Value) -> bool {
    let null = Value::Null;
    shape.fields.iter().any(|field| {
        let (want, old) = (want.get(field.name).unwrap_or(&null), old.get(field.name).unwrap_or(&null));
        (field.replace && !same(field, want, old, &|_, _| false)) || nested_replace(&field.kind, want, old)
    })
}

/// Checks that a value is what the plan said: every part that the plan knew is the same.
///
/// # Errors
/// The first part that is not, with what was planned and what it is.
pub fn conforms(planned: &Value, real: &Value) -> Result<(), Box<(Path, Value, Value)>> {
    fn walk(planned: &Value, real: &Value, at: &Path) -> Result<(), Box<(Path, Value, Value)>> {
        let (planned, real) = (planned.peel(), real.peel());
        let differ = || Err(Box::new((at.clone(), planned.clone(), real.clone())));
        match (planned, real) {
            (Value::Unknown(_), _) => Ok(()),
            // A set with unknown elements has no order to compare by.
            (Value::Set(_), _) if !planned.is_wholly_known() => Ok(()),
            (Value::Object(p) | Value::Map(p), Value::Object(r) | Value::Map(r)) => {
                if p.len() != r.len() {
                    return differ();
                }
                p.iter().try_for_each(|(name, planned)| match r.get(name) {
                    Some(real) => walk(planned, real, &at.join(PathStep::Name(name.clone()))),
                    None => differ(),
                })
            }
            (
                Value::List(p) | Value::Tuple(p) | Value::Set(p),
                Value::List(r) | Value::Tuple(r) | Value::Set(r),
            ) => {
                if p.len() != r.len() {
                    return differ();
                }
                let pairs = p.iter().zip(r).enumerate();
                pairs.into_iter().try_for_each(|(i, (p, r))| walk(p, r, &at.join(PathStep::Index(i))))
            }
            (p, r) if p == r => Ok(()),
            _ => differ(),
        }
    }
    walk(planned, real, &Path::default())
}

/// The arguments and outputs to record of an object: what is declared where AWS does not report it or reports
/// it in other words, else what is seen. Sensitive parts and secret fields are sealed.
#[must_use]
pub fn recorded(
    schema: &Schema,
    want: &Want,
    seen: &AnySeen,
    seal: Seal<'_>,
) -> (Map<String, Json>, Map<String, Json>) {
    let null = Value::Null;
    let args = schema.args.fields.iter().map(|field| {
        let declared = want.declared.get(field.name).unwrap_or(&null);
        let reported = seen.args.get(field.name).unwrap_or(&null);
        let left_open = declared.is_null() && !is_declared_tags(schema, field);
        let chosen = if left_open { reported } else { declared };
        (field.name.to_owned(), field_json(field, chosen, seal))
    });
    let outputs = schema.outputs.fields.iter().map(|field| {
        let output = seen.outputs.get(field.name).unwrap_or(&null);
        let output = match field.name {
            // The same tags once more, with the same secrets.
            "tags_all" => marked_like(output, want.args.get("tags").unwrap_or(&null)),
            _ => output.clone(),
        };
        (field.name.to_owned(), field_json(field, &output, seal))
    });
    (args.collect(), outputs.collect())
}

/// A field as it is recorded, with its secrets sealed: what is of any type has its type beside it.
#[must_use]
pub fn field_json(field: &Field, value: &Value, seal: Seal<'_>) -> Json {
    let json = sealed_json(value, field.secret, seal);
    match field.kind {
        Kind::Any if !value.is_null() => serde_json::json!({ "value": json, "type": value.notation() }),
        _ => json,
    }
}

/// JSON in which sensitive parts are sealed.
pub fn sealed_json(value: &Value, secret: bool, seal: Seal<'_>) -> Json {
    match value {
        Value::Unknown(Type::Sealed(seal)) => sealed::stand_in(seal),
        Value::Null | Value::Unknown(_) => Json::Null,
        Value::Sensitive(inner) => sealed_json(inner, true, seal),
        scalar if secret && sealed::opaques(scalar).is_empty() => {
            sealed::stand_in(&seal(&secret_text(scalar)))
        }
        Value::List(e) | Value::Tuple(e) | Value::Set(e) => {
            Json::Array(e.iter().map(|v| sealed_json(v, secret, seal)).collect())
        }
        Value::Map(m) | Value::Object(m) => {
            Json::Object(m.iter().map(|(k, v)| (k.clone(), sealed_json(v, secret, seal))).collect())
        }
        other => other.to_json(),
    }
}
