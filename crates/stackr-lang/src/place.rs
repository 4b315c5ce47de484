//! What references mean at a place in a stack: in an instance of a module, perhaps in one of a block.

use std::{borrow::Cow, collections::BTreeMap};

use stackr_core::{BlockKey, Diagnostic, Key, Span, Value};

use crate::{
    eval::{Evaluated, Now, Resolver, Shared, Surroundings},
    instances::{Instances, key_of},
    loader::NO_FILES,
    session::Session,
    syntax::Target,
};

/// What `each` and `count` are.
#[derive(Clone, Copy)]
pub(crate) enum Repetition<'s> {
    Count(u64),
    /// Without a value, as in a set, the key is the value.
    Each {
        key: &'s str,
        value: Option<&'s Value>,
    },
}

/// A place in a stack.
pub(crate) struct Place<'s> {
    session: &'s Session<'s>,
    frame: usize,
    repetition: Option<Repetition<'s>>,
    this: Option<&'s Value>,
}

fn fail<T>(span: Span, summary: &str, detail: impl Into<String>) -> Evaluated<T> {
    Err(Box::new(Diagnostic::error(summary, detail).at(Some(span))))
}

impl<'s> Place<'s> {
    pub(crate) fn new(session: &'s Session<'s>, frame: usize, repetition: Option<Repetition<'s>>) -> Self {
        Self { session, frame, repetition, this: None }
    }

    /// The same place, where `self` is this object.
    pub(crate) fn with_self(self, this: &'s Value) -> Self {
        Self { this: Some(this), ..self }
    }

    fn named(
        &self,
        names: &BTreeMap<String, usize>,
        name: &str,
        kind: &str,
        span: Span,
    ) -> Evaluated<Shared<'s>> {
        match names.get(name) {
            Some(symbol) => self.session.symbol(self.frame, *symbol).map(Cow::Borrowed),
            None => fail(span, "unknown reference", format!("There is no {kind} `{name}`.")),
        }
    }

    /// All outputs of one instance of a called module.
    fn outputs(&self, module: &str, key: Option<&Key>) -> Evaluated<Value> {
        let mut object = BTreeMap::new();
        if let Some(frame) = self.session.child(self.frame, module, key) {
            let inner = &self.session.stack.tree.modules[self.session.frame(frame).module];
            for (name, symbol) in &inner.outputs {
                object.insert(name.clone(), self.session.symbol(frame, *symbol)?.clone());
            }
        }
        Ok(Value::Object(object))
    }

    fn module(&self, name: &str, span: Span) -> Evaluated<Value> {
        let outer = self.session.frame(self.frame).module;
        let Some(child) = self.session.stack.tree.modules[outer].children.get(name) else {
            return fail(span, "unknown reference", format!("There is no module `{name}`."));
        };
        Ok(match self.session.instances(self.frame, child.repeat)? {
            Instances::Single => self.outputs(name, None)?,
            Instances::Unknown => Value::UNKNOWN,
            Instances::Count(count) => Value::Tuple(
                (0..count).map(|i| self.outputs(name, Some(&Key::Index(i)))).collect::<Evaluated<_>>()?,
            ),
            Instances::Each(keys) => {
                let mut all = BTreeMap::new();
                for key in keys {
                    let outputs = self.outputs(name, Some(&Key::Name(key.clone())))?;
                    all.insert(key, outputs);
                }
                Value::Object(all)
            }
        })
    }
}

impl Resolver for Place<'_> {
    fn resolve(&self, target: &Target, span: Span) -> Evaluated<Shared<'_>> {
        let frame = self.session.frame(self.frame);
        let stack = self.session.stack;
        let module = &stack.tree.modules[frame.module];
        let text = |text: &str| Ok(Cow::Owned(Value::string(text)));
        match (target, self.repetition) {
            (Target::Var(name), _) => self.named(&module.variables, name, "variable", span),
            (Target::Local(name), _) => self.named(&module.locals, name, "local value", span),
            (Target::Module(name), _) => self.module(name, span).map(Cow::Owned),
            (Target::Block(key), _) => self.session.block(self.frame, key, &span).map(Cow::Borrowed),
            (Target::EachKey, Some(Repetition::Each { key, .. })) => text(key),
            (Target::EachValue, Some(Repetition::Each { key, value })) => {
                value.map_or_else(|| text(key), |value| Ok(Cow::Borrowed(value)))
            }
            (Target::CountIndex, Some(Repetition::Count(index))) => {
                Ok(Cow::Owned(Value::from(i64::try_from(index).unwrap_or(i64::MAX))))
            }
            (Target::PathModule, _) => text(if module.dir.is_empty() { "." } else { &module.dir }),
            (Target::PathRoot, _) => text("."),
            (Target::PathCwd, _) => text(&stack.loader.absolute(&stack.dir)),
            (Target::Workspace, _) => text(&stack.workspace),
            (Target::EachKey | Target::EachValue, _) => {
                fail(span, "each without for_each", "`each` has a value only in a block with `for_each`.")
            }
            (Target::CountIndex, _) => fail(
                span,
                "count.index without count",
                "`count.index` has a value only in a block with `count`.",
            ),
            (Target::This, _) => match self.this {
                Some(this) => Ok(Cow::Borrowed(this)),
                None => fail(span, "self without an object", SELF),
            },
            (Target::Bare(name), _) => fail(span, "unknown reference", bare(name)),
        }
    }

    fn output(&self, module: &str, key: Option<&Value>, output: &str, span: Span) -> Evaluated<Shared<'_>> {
        let outer = self.session.frame(self.frame).module;
        let tree = &self.session.stack.tree;
        let Some(child) = tree.modules[outer].children.get(module) else {
            return fail(span, "unknown reference", format!("There is no module `{module}`."));
        };
        let Some(symbol) = tree.modules[child.module].outputs.get(output) else {
            return fail(
                span,
                "unknown reference",
                format!("The module `{module}` has no output `{output}`."),
            );
        };
        let instances = self.session.instances(self.frame, child.repeat)?;
        let key = match (key.map(Value::peel), &instances) {
            (None, Instances::Single) => None,
            (_, Instances::Unknown) | (Some(Value::Unknown(_)), _) => return Ok(Cow::Owned(Value::UNKNOWN)),
            (Some(key), instances) => match key_of(key, instances) {
                Some(key) => Some(key),
                None => {
                    let detail =
                        format!("The module `{module}` has no instance with this key.{}", instances.listed());
                    return fail(span, "missing key", detail);
                }
            },
            (None, _) => {
                let by = child.call.repeat.as_ref().map_or("count", |r| r.by.name());
                let detail = format!(
                    "The module `{module}` has `{by}`: say which instance, such as `module.{module}[…].{output}`."
                );
                return fail(span, "unknown attribute", detail);
            }
        };
        match self.session.child(self.frame, module, key.as_ref()) {
            Some(frame) => self.session.symbol(frame, *symbol).map(Cow::Borrowed),
            None => Ok(Cow::Owned(Value::UNKNOWN)),
        }
    }

    fn instance(&self, block: &BlockKey, key: &Value) -> Option<Value> {
        let key = match key {
            Value::Number(n) => Key::Index(u64::try_from(n.as_i64()?).ok()?),
            Value::String(name) => Key::Name(name.clone()),
            _ => return None,
        };
        self.session.instance(self.frame, block, &key)
    }

    fn repeated_by(&self, block: &BlockKey) -> Option<&'static str> {
        let tree = &self.session.stack.tree;
        let index = tree.modules[self.session.frame(self.frame).module].blocks.get(block)?;
        tree.blocks[*index].resource.repeat.as_ref().map(|r| r.by.name())
    }

    fn surroundings(&self) -> Surroundings<'_> {
        let stack = self.session.stack;
        let now = self.session.env.moment().map(|moment| Now { moment, next: &stack.drawn });
        Surroundings { loader: &*stack.loader, dir: &stack.dir, plan_time: stack.plan_time, now }
    }
}

pub(crate) const SELF: &str =
    "`self` has a value only in the `postcondition` blocks of a resource or data source.";

/// Why a single name is no reference.
pub(crate) fn bare(name: &str) -> String {
    match name {
        "var" | "local" | "module" => format!("`{name}` is followed by a name: `{name}.name`."),
        "data" => "`data` is followed by a type and a name: `data.aws_region.current`.".to_owned(),
        "each" => "`each` is followed by `key` or `value`.".to_owned(),
        "count" => "`count` is followed by `index`.".to_owned(),
        "path" => "`path` is followed by `module`, `root` or `cwd`.".to_owned(),
        "terraform" => "`terraform` is followed by `workspace`.".to_owned(),
        name => format!(
            "`{name}` is not a reference: a resource is `type.name`, a variable `var.{name}`, a local value \
             `local.{name}`, a text is in quotes."
        ),
    }
}

/// A place where nothing may be referred to: defaults, files of values, backends.
pub(crate) struct NoReferences;

impl Resolver for NoReferences {
    fn resolve(&self, _: &Target, span: Span) -> Evaluated<Shared<'_>> {
        fail(span, "constant expected", "Nothing can be referred to here: write the value itself.")
    }

    fn output(&self, _: &str, _: Option<&Value>, _: &str, span: Span) -> Evaluated<Shared<'_>> {
        self.resolve(&Target::This, span)
    }

    fn instance(&self, _: &BlockKey, _: &Value) -> Option<Value> {
        None
    }

    fn repeated_by(&self, _: &BlockKey) -> Option<&'static str> {
        None
    }

    fn surroundings(&self) -> Surroundings<'_> {
        Surroundings { loader: &NO_FILES, dir: "", plan_time: None, now: None }
    }
}
