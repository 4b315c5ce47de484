//! `validate`, `graph`, `output` and `show`: looking at sources and at what is recorded.

use std::fmt::Write as _;

use stackr_core::{
    Address, BlockKey, Declaration as _, Diagnostics, Env, Mode, ModulePath, Object, Registry, Repeats, Value,
};
use stackr_lang::Stack;
use stackr_state::{Peek, State};

use crate::{
    args::Vars,
    error::Failure,
    exit::Exit,
    project::StackRef,
    render::{
        diagnostic,
        style::{BOLD, paint},
        value::{Sides, Writer, is_absent},
    },
    world::{World, state_failure},
};

pub(crate) fn validate(world: &World, stacks: &[String], vars: &Vars) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for stack in world.stacks(stacks)? {
        let checked = world.load(&stack, vars, true).and_then(|loaded| {
            world.tell_warnings(&loaded);
            check(&loaded)
        });
        if world.out.json {
            world.out.json(&serde_json::json!({ "stack": stack.name, "valid": checked.is_ok() }));
        }
        match checked {
            Ok(()) => world.out.progress(&format!("{}: valid", stack.name)),
            Err(failure) => {
                world.out.failure(&failure);
                world.out.progress(&format!("{}: not valid", stack.name));
                exit = failure.exit;
            }
        }
    }
    Ok(exit)
}

/// An environment in which no value is known, but what attributes there are: what can be checked then is right
/// whatever AWS says.
struct Unknown<'a> {
    stack: &'a Stack,
    registry: &'a Registry,
}

impl Env for Unknown<'_> {
    fn block(&self, module: &ModulePath, key: &BlockKey) -> Option<Value> {
        let names = || module.0.iter().map(|step| &step.name);
        let block = self.stack.blocks().iter().find(|b| b.key == *key && names().eq(&b.module));
        let schema = match key.mode {
            Mode::Managed => self.registry.resource(&key.ty).map(|r| r.schema()),
            Mode::Data => self.registry.lookup(&key.ty).map(|l| l.schema()),
        };
        let (Some(schema), Some(Repeats::Once)) = (schema, block.map(|b| b.repeats)) else {
            return Some(Value::UNKNOWN);
        };
        let fields = schema.args.fields.iter().chain(schema.outputs.fields);
        Some(Value::object(fields.map(|f| (f.name, Value::Unknown(f.kind.ty()).marked(f.secret)))))
    }
}

/// Checks every block's arguments against its type's schema.
fn check(stack: &Stack) -> Result<(), Failure> {
    let registry = stackr::registry();
    let problems = stackr::check(stack, &registry, &Unknown { stack, registry: &registry });
    if problems.has_errors() {
        return Err(Failure::diagnostics(problems, stack.sources().clone()));
    }
    Ok(())
}

pub(crate) fn graph(world: &World, stack: &str, vars: &Vars) -> Result<Exit, Failure> {
    let stack = world.stack(stack)?;
    let loaded = world.load(&stack, vars, true)?;
    let name = |index: usize| {
        let block = &loaded.blocks()[index];
        let module: String = block.module.iter().map(|m| format!("module.{m}.")).collect();
        format!("{module}{}", block.key)
    };
    let mut text = format!("digraph {:?} {{\n  rankdir = RL;\n", stack.name);
    for (index, block) in loaded.blocks().iter().enumerate() {
        let shape = if block.key.mode == Mode::Data { "ellipse" } else { "box" };
        let _ = writeln!(text, "  {:?} [shape = {shape}];", name(index));
        let mut below: Vec<_> = block.refs.iter().map(|r| r.to).collect();
        below.sort_unstable();
        below.dedup();
        for to in below {
            let _ = writeln!(text, "  {:?} -> {:?};", name(index), name(to));
        }
    }
    text.push_str("}\n");
    world.out.result(&text);
    Ok(Exit::Done)
}

/// What is recorded of a stack.
pub(crate) async fn recorded(world: &World, stack: &str) -> Result<Peek, Failure> {
    let stack = world.stack(stack)?;
    // Only the backend block is needed, but it can only be found in sources that are right.
    let loaded = world.load(&stack, &Vars::default(), true)?;
    recorded_of(world, &stack, &loaded).await
}

/// What is recorded of a stack whose sources are there.
async fn recorded_of(world: &World, stack: &StackRef, loaded: &Stack) -> Result<Peek, Failure> {
    let provider = default_provider(loaded)?;
    let store = world.store(stack, loaded.backend(), &provider).await?;
    let peek = stackr_state::peek(&*store, &world.name(stack), jiff::Timestamp::now()).await;
    let peek = peek.map_err(|e| state_failure(&e).about(&stack.name))?;
    if !peek.exists {
        let place = store.place(stackr_state::Key::Snapshot);
        return Err(Failure::new(Exit::Error, format!("the stack `{}` has no state in {place}", stack.name))
            .hint(format!("`stackr apply {}` makes it; is it the right --env?", stack.name)));
    }
    Ok(peek)
}

/// The default provider configuration of sources.
pub(crate) fn default_provider(loaded: &Stack) -> Result<stackr_core::ProviderConfig, Failure> {
    let wrong = |d: Diagnostics| Failure::diagnostics(d, loaded.sources().clone());
    Ok(loaded.providers().map_err(wrong)?.remove("").unwrap_or_default())
}

pub(crate) async fn output(
    world: &World,
    stack: &str,
    name: Option<&str>,
    vars: &Vars,
) -> Result<Exit, Failure> {
    let found = world.stack(stack)?;
    let loaded = world.load(&found, vars, true)?;
    let state = recorded_of(world, &found, &loaded).await?.state;
    match name {
        Some(name) => {
            let Some(output) = state.outputs.get(name) else {
                let names: Vec<_> = state.outputs.keys().map(String::as_str).collect();
                return Err(Failure::new(Exit::Error, format!("the stack `{stack}` has no output `{name}`"))
                    .hint(format!("it has: {}", names.join(", "))));
            };
            let value =
                if output.sensitive { disclosed(world, &loaded, &state, name)? } else { output.value() };
            if world.out.json {
                world.out.json(&value.to_json());
            } else {
                world.out.result(&format!("{}\n", plain(&value)));
            }
        }
        None if world.out.json => {
            let outputs: serde_json::Map<_, _> = state
                .outputs
                .iter()
                .map(|(name, o)| {
                    let value = if o.sensitive { serde_json::Value::Null } else { o.value.clone() };
                    (name.clone(), serde_json::json!({ "value": value, "sensitive": o.sensitive }))
                })
                .collect();
            world.out.json(&outputs.into());
        }
        None => {
            for (name, output) in &state.outputs {
                let shown = stackr_lang::show(&output.value());
                world.out.result(&format!("{name} = {shown}\n"));
            }
        }
    }
    Ok(Exit::Done)
}

/// The value of a sensitive output. State has only its seal, so it is made again from its expression, the variables that
/// are given, and what is recorded.
fn disclosed(world: &World, loaded: &Stack, state: &State, name: &str) -> Result<Value, Failure> {
    let wrong = |d: Diagnostics| Failure::diagnostics(d, loaded.sources().clone());
    let values = stackr::last_values(loaded, &stackr::registry(), &state.objects).map_err(wrong)?;
    let sealed = || {
        Failure::new(
            Exit::Error,
            format!("the output `{name}` is sensitive: the state has only a salted hash of its value"),
        )
    };
    let Some(output) = loaded.output_value(name, &values).map_err(wrong)? else {
        return Err(sealed().hint("it is not declared any more, so its value cannot be made again"));
    };
    let value = output.value.unmark_deep();
    if !value.is_wholly_known() {
        let missing: Vec<_> =
            loaded.variables().filter(|(_, v)| !v.is_wholly_known()).map(|(n, _)| format!("`{n}`")).collect();
        let failure = sealed().hint(
            "it is made again from its expression as far as variables and recorded objects go; data, and what is a \
             secret of an object, are not recorded: read it from where it comes from",
        );
        return Err(match missing.as_slice() {
            [] => failure,
            names => failure.hint(format!("variables without a value: {}; give --var", names.join(", "))),
        });
    }
    let recorded = state.outputs.get(name).map(stackr_state::Output::value);
    let seal = recorded.as_ref().and_then(|v| stackr_core::sealed::seal(v.peel()));
    if seal.is_some_and(|seal| !stackr_state::matches(seal, &stackr_plan::secret_text(&value))) {
        world.out.note(&diagnostic::warning(&format!(
            "`{name}` is what the sources and variables make of it now, which is not what was applied"
        )));
    }
    Ok(value)
}

/// A value for a shell: text without quotes, anything else as JSON.
fn plain(value: &Value) -> String {
    value.to_text().unwrap_or_else(|| value.to_json().to_string())
}

pub(crate) async fn show(world: &World, stack: &str, within: Option<&str>) -> Result<Exit, Failure> {
    let state = recorded(world, stack).await?.state;
    let chosen: Vec<_> =
        state.objects.iter().filter(|(a, _)| within.is_none_or(|w| a.is_within(w))).collect();
    if let (Some(within), true) = (within, chosen.is_empty()) {
        return Err(Failure::new(Exit::Error, format!("nothing is recorded at `{within}`"))
            .hint(format!("`stackr state list {stack}` lists what is")));
    }
    if world.out.json {
        let objects: serde_json::Map<_, _> = chosen
            .iter()
            .map(|(a, o)| (a.to_string(), serde_json::to_value(o).unwrap_or_default()))
            .collect();
        world.out.json(&objects.into());
        return Ok(Exit::Done);
    }
    for (address, object) in chosen {
        world.out.result(&object_text(address, object));
    }
    Ok(Exit::Done)
}

/// One recorded object as a block.
pub(crate) fn object_text(address: &Address, object: &Object) -> String {
    let registry = stackr::registry();
    let schema = registry.resource(&object.ty).map(|r| r.schema());
    let mut all = object.args_value().attributes().cloned().unwrap_or_default();
    all.extend(object.outputs_value().attributes().cloned().unwrap_or_default());
    let mut writer = Writer { out: format!("{}\n", paint(BOLD, &format!("# {address} [{}]", object.id))) };
    let key = &address.block;
    let _ = writeln!(writer.out, "resource {:?} {:?} {{", key.ty, key.name);
    let shown: Vec<_> = all.iter().filter(|(_, v)| !is_absent(v)).collect();
    let width = shown.iter().map(|(n, _)| n.len()).max().unwrap_or_default();
    for (name, value) in shown {
        let field = schema.and_then(|s| s.field(name));
        writer.field(1, width, field, name, Sides::Same(value), false);
    }
    writer.out.push_str("}\n\n");
    writer.out
}
