//! Types without a cloud: random values, times, triggers. What is made of one is kept in state and nowhere else.
//!
//! Facts that shape this file:
//! - there is nothing to read, so what is recorded is what is seen, and nothing to find after a crash: what was not
//!   recorded is made anew, and nobody has used it, because it is durable before anybody is told of it;
//! - chance and time come from outside ([`Moment`]), so the same moment makes the same object;
//! - waiting is the engine's: a type says how long ([`Kept::pause`]).

use std::{collections::BTreeMap, marker::PhantomData, time::Duration};

use serde_json::{Map, Value as Json};

use crate::{
    After, AnyCreate, AnyCreated, AnyDelete, AnyFind, AnyResource, AnySeen, AnyUpdate, Args, Block,
    BoxFuture, Cloud, CloudError, ErrorKind, Field, Id, Kind, Object, Outputs, Presence, Result, Schema,
    Status, Type, Value, Waits, resource::typed, sealed,
};

/// When something is made, and the chance that it is made with.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Random bytes, fit to be the seed of a cryptographic generator.
    pub seed: [u8; 32],
    /// The time since 1970-01-01T00:00:00Z.
    pub now: Duration,
}

/// How long the engine waits before an object counts as made, and before it counts as gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pause {
    /// Before it is made.
    pub create: Duration,
    /// Before it is removed.
    pub delete: Duration,
}

/// One object of a kept type.
#[derive(Debug)]
pub struct Record<K: Kept> {
    /// What `import` and references call it.
    pub id: Id,
    /// Its arguments, completed.
    pub args: K::Args,
    /// Its outputs.
    pub outputs: K::Outputs,
}

/// A type of object that lives in state alone. The whole contract of its file.
pub trait Kept: Sized + Send + Sync + 'static {
    /// The provider's type string: `random_pet`.
    const TYPE: &'static str;
    /// What it takes.
    type Args: Args;
    /// What it gives.
    type Outputs: Outputs;

    /// Whether arguments go together; told in the plan, and called before every other verb.
    ///
    /// # Errors
    /// Those that do not.
    fn check(_args: &Self::Args) -> Result<()> {
        Ok(())
    }

    /// Makes one. Pure: the same arguments at the same moment make the same object.
    ///
    /// # Errors
    /// Arguments that cannot be read.
    fn make(args: &Self::Args, moment: &Moment) -> Result<Record<Self>>;

    /// The object after a change of arguments that need no other object.
    ///
    /// # Errors
    /// Arguments that cannot be read.
    fn change(was: &Record<Self>, args: &Self::Args) -> Result<Record<Self>> {
        Ok(Record { id: was.id.clone(), args: args.clone(), outputs: was.outputs.clone() })
    }

    /// The object that the provider's import makes of this text, which may be a secret: its id is the record's.
    ///
    /// # Errors
    /// It cannot be imported, or not from this text.
    fn import(_id: &str, _moment: &Moment) -> Result<Record<Self>> {
        Err(CloudError::invalid(
            Self::TYPE,
            "objects of this type cannot be imported. Leave the import out, and a new one is made; `stackr migrate` \
             takes those over that a Terraform state has",
        ))
    }

    /// See [`crate::Resource::foresee`].
    #[must_use]
    fn foresee(_args: &Value) -> Option<Value> {
        None
    }

    /// How long the engine waits.
    ///
    /// # Errors
    /// A duration that cannot be read.
    fn pause(_args: &Self::Args) -> Result<Pause> {
        Ok(Pause::default())
    }

    /// `RandomPet::args()`: the start of a typed declaration, for [`crate::Stack::keep`].
    #[must_use]
    fn args() -> <Self::Args as Args>::Builder {
        std::default::Default::default()
    }
}

/// [`Record`] as values.
#[derive(Clone, Debug, PartialEq)]
pub struct AnyRecord {
    /// What it is called.
    pub id: Id,
    /// Its arguments and outputs.
    pub seen: AnySeen,
}

/// The object-safe twin of [`Kept`].
pub trait AnyKept: Send + Sync {
    /// See [`Kept::check`].
    ///
    /// # Errors
    /// Those of the type.
    fn check(&self, args: &Value) -> Result<()>;
    /// See [`Kept::make`].
    ///
    /// # Errors
    /// Those of the type.
    fn make(&self, args: &Value, moment: &Moment) -> Result<AnyRecord>;
    /// See [`Kept::change`].
    ///
    /// # Errors
    /// Those of the type.
    fn change(&self, was: &AnyRecord, args: &Value) -> Result<AnyRecord>;
    /// See [`Kept::import`].
    ///
    /// # Errors
    /// Those of the type.
    fn import(&self, id: &str, moment: &Moment) -> Result<AnyRecord>;
    /// See [`Kept::pause`].
    ///
    /// # Errors
    /// Those of the type.
    fn pause(&self, args: &Value) -> Result<Pause>;
}

/// A [`Kept`] as an [`AnyResource`].
pub struct ErasedKept<K>(PhantomData<fn() -> K>);

impl CloudError {
    /// An error of the arguments of a type: `random_string`.
    pub fn invalid(ty: &str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, ty, message)
    }
}

impl<K: Kept> ErasedKept<K> {
    const SCHEMA: Schema =
        Schema { ty: K::TYPE, args: &<K::Args as Block>::SHAPE, outputs: &<K::Outputs as Block>::SHAPE };

    /// The erased form of `K`.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a type-level constant, not a value with a default")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    fn erase(record: Record<K>) -> AnyRecord {
        let (args, outputs) = (record.args.to_object(), record.outputs.to_object());
        AnyRecord { id: record.id, seen: AnySeen { args, outputs, status: Status::Ready } }
    }

    /// The typed arguments. Nothing follows from what keepers and triggers are, so that their text need not be known.
    fn args(args: &Value) -> Result<K::Args> {
        let Some(fields) = args.attributes() else { return typed(K::Args::from_object(args), "arguments") };
        let fields = fields.iter().map(|(name, value)| {
            let trigger = Self::SCHEMA.args.field(name).is_some_and(Field::is_trigger);
            let any = Self::SCHEMA.args.field(name).is_some_and(|f| matches!(f.kind, Kind::Any));
            (name.clone(), if trigger && !any { blank(value) } else { value.clone() })
        });
        typed(K::Args::from_object(&Value::object(fields)), "arguments")
    }

    fn never<T: Send + 'static>(&self, verb: &str) -> BoxFuture<'static, Result<T>> {
        let message = format!("{} has no cloud to {verb} it in", K::TYPE);
        Box::pin(async { Err(CloudError::bug(message)) })
    }
}

impl<K: Kept> AnyKept for ErasedKept<K> {
    fn check(&self, args: &Value) -> Result<()> {
        K::check(&Self::args(args)?)
    }

    fn make(&self, args: &Value, moment: &Moment) -> Result<AnyRecord> {
        let args = Self::args(args)?;
        K::check(&args)?;
        K::make(&args, moment).map(Self::erase)
    }

    fn change(&self, was: &AnyRecord, args: &Value) -> Result<AnyRecord> {
        // What is sealed was made before and does not change; typed, it is empty text, which is not recorded.
        let before = Record {
            id: was.id.clone(),
            args: Self::args(&blank(&was.seen.args))?,
            outputs: typed(K::Outputs::from_object(&blank(&was.seen.outputs)), "recorded outputs")?,
        };
        let args = Self::args(args)?;
        K::check(&args)?;
        let mut now = Self::erase(K::change(&before, &args)?);
        now.seen.outputs = unblank(now.seen.outputs, &was.seen.outputs, &Self::SCHEMA);
        Ok(now)
    }

    fn import(&self, id: &str, moment: &Moment) -> Result<AnyRecord> {
        K::import(id, moment).map(Self::erase)
    }

    fn pause(&self, args: &Value) -> Result<Pause> {
        K::pause(&Self::args(&blank(args))?)
    }
}

/// A value with empty text where the text is not known.
fn blank(value: &Value) -> Value {
    match sealed::seal(value) {
        Some(_) => Value::string(""),
        None => value.clone().map_children(|child| blank(&child)),
    }
}

/// Outputs with what was not known before in its place again. What is of any type is an argument, given anew.
fn unblank(outputs: Value, before: &Value, schema: &Schema) -> Value {
    let Value::Object(mut outputs) = outputs else { return outputs };
    for (name, was) in before.attributes().into_iter().flatten() {
        let any = schema.outputs.field(name).is_some_and(|field| matches!(field.kind, Kind::Any));
        if let (true, Some(output)) = (!any && sealed::seal(was).is_some(), outputs.get_mut(name)) {
            *output = was.clone();
        }
    }
    Value::Object(outputs)
}

impl<K: Kept> AnyResource for ErasedKept<K> {
    fn schema(&self) -> &'static Schema {
        &Self::SCHEMA
    }

    fn waits(&self) -> Waits {
        Waits::INSTANT
    }

    fn after(&self) -> &'static [After] {
        &[]
    }

    fn within(&self) -> &'static [&'static str] {
        &[]
    }

    fn id_of(&self, attributes: &Value) -> Option<Id> {
        attributes.get("id")?.to_text()
    }

    fn foresee(&self, args: &Value) -> Option<Value> {
        K::foresee(args)
    }

    fn align(&self, _: &Value, _: &Value) -> Option<Value> {
        None
    }

    fn create<'a>(&'a self, _: &'a dyn Cloud, _: AnyCreate<'a>) -> BoxFuture<'a, Result<AnyCreated>> {
        self.never("create")
    }

    fn read<'a>(&'a self, _: &'a dyn Cloud, _: &'a [Id]) -> BoxFuture<'a, Result<Vec<Option<AnySeen>>>> {
        self.never("read")
    }

    fn update<'a>(&'a self, _: &'a dyn Cloud, _: AnyUpdate<'a>) -> BoxFuture<'a, Result<()>> {
        self.never("update")
    }

    fn delete<'a>(&'a self, _: &'a dyn Cloud, _: AnyDelete<'a>) -> BoxFuture<'a, Result<()>> {
        self.never("delete")
    }

    fn find<'a>(&'a self, _: &'a dyn Cloud, _: AnyFind<'a>) -> BoxFuture<'a, Result<Option<Id>>> {
        Box::pin(async { Ok(None) })
    }

    fn kept(&self) -> Option<&dyn AnyKept> {
        Some(self)
    }
}

impl Field {
    /// Whether it is there to be compared only: keepers, triggers, and values of any type that are passed through. A
    /// kept type makes nothing of them.
    #[must_use]
    pub fn is_trigger(&self) -> bool {
        matches!(self.kind, Kind::Map(_) | Kind::Any)
    }
}

impl Object {
    /// The object as it is seen where nothing else can be asked: as recorded. `known` has the texts of sealed secrets
    /// by their seal. `None` if it was left half-made, before anybody could use it.
    #[must_use]
    pub fn kept(&self, schema: &Schema, known: &BTreeMap<String, String>) -> Option<AnySeen> {
        let complete = schema.outputs.fields.iter().all(|field| self.outputs.contains_key(field.name));
        let read = |recorded: &Map<String, Json>| {
            let fields = recorded.iter().map(|(name, json)| {
                let field = schema.field(name).filter(|field| matches!(field.kind, Kind::Any));
                let value = match field {
                    Some(field) => recorded_any(json, field.presence == Presence::Output, known),
                    None => reveal(Value::from_json(json), known),
                };
                (name.clone(), value)
            });
            Value::object(fields)
        };
        complete.then(|| AnySeen {
            args: read(&self.args),
            outputs: read(&self.outputs),
            status: Status::Ready,
        })
    }
}

fn reveal(value: Value, known: &BTreeMap<String, String>) -> Value {
    sealed::reveal(value, &|seal| known.get(seal).cloned())
}

/// A value of any type as it was recorded: with its type beside it. An argument is there to be compared, by its seal;
/// an output is for references, which must not take it for text where it is none.
fn recorded_any(json: &Json, output: bool, known: &BTreeMap<String, String>) -> Value {
    let beside = json.as_object().filter(|parts| parts.len() == 2);
    let Some((value, ty)) = beside.and_then(|parts| parts.get("value").zip(parts.get("type"))) else {
        return reveal(Value::from_json(json), known);
    };
    match sealed::parts(value) {
        // The text of a secret that is no text is its JSON.
        Some((seal, _)) if ty != "string" => {
            let json = known.get(seal).and_then(|text| serde_json::from_str(text).ok());
            match json.map(|json: Json| Value::from_typed_json(&json, ty)) {
                Some(value) => value.sensitive(),
                None if output => Value::Unknown(Type::Any).sensitive(),
                None => sealed::opaque(seal),
            }
        }
        _ => reveal(Value::from_typed_json(value, ty), known),
    }
}
