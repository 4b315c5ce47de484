//! What a resource file supplies, and its object-safe twin that planner and engine use.
//!
//! A resource supplies verbs and a pure mapping from AWS's answer to [`Seen`]. Waiting, retrying, finding
//! out what changed and journaling are the engine's. The twin ([`AnyResource`]) speaks [`Value`]s; one blanket
//! implementation makes it from the typed trait.

use std::{
    any::{Any, TypeId},
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
};

use crate::{
    Block, CloudError, Draft, ErrorKind, Known, Looks, Mismatch, Origin, Result, Schema, Value, Waits,
    looks::{Typed, erase},
    sealed,
};

/// A future that can be named.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What AWS calls an object, in the form that the provider's `import` takes: `vpc-1`, an ARN, `cluster/service`.
pub type Id = String;

/// The arguments of a resource or data type. Derived.
pub trait Args: Block + Clone + fmt::Debug + Send + Sync + 'static {
    /// The typed builder.
    type Builder: Draft + std::default::Default;
}

/// The outputs of a resource or data type. Derived.
pub trait Outputs: Block + Clone + fmt::Debug + Send + Sync + 'static {
    /// One typed reference per output.
    type Refs;

    /// The references to the outputs of the object at an address.
    fn refs(address: &crate::Address) -> Self::Refs;
}

/// How an object is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It can be used.
    Ready,
    /// It can be used, and something of it still moves (a deployment, say): what.
    Settling(String),
    /// It cannot be used yet: AWS's word for its state.
    Pending(String),
    /// It will never be usable: why.
    Failed(String),
    /// It is being deleted and will not come back: AWS's word for its state.
    Leaving(String),
    /// It is deleted, though AWS still shows it.
    Gone,
}

/// An ordering that AWS needs though no value carries it (`aws.md`, part D): the type with this in its
/// [`Resource::AFTER`] is created after, and deleted before, objects of `ty` in the same stack.
///
/// An ordering that would make a cycle is left out.
#[derive(Clone, Copy, Debug)]
pub struct After {
    /// The other type.
    pub ty: &'static str,
    /// Only where these two arguments (own, other's) refer to a common block; absent: always.
    pub sharing: Option<(&'static str, &'static str)>,
}

impl After {
    /// After every object of a type.
    #[must_use]
    pub const fn all(ty: &'static str) -> Self {
        Self { ty, sharing: None }
    }

    /// After objects of a type whose argument `other` refers to a block that our argument `own` refers to too.
    #[must_use]
    pub const fn sharing(ty: &'static str, own: &'static str, other: &'static str) -> Self {
        Self { ty, sharing: Some((own, other)) }
    }
}

/// What AWS says about one object, in our types.
#[derive(Clone, Debug)]
pub struct Seen<R: Resource> {
    /// Its arguments as they are now.
    pub args: R::Args,
    /// Its outputs.
    pub outputs: R::Outputs,
    /// How it is doing.
    pub status: Status,
}

/// A request to create.
#[derive(Clone, Copy, Debug)]
pub struct Create<'a, A> {
    /// What is wanted. Ownership tags are in `tags` already.
    pub args: &'a A,
    /// The object's uid: 32 lower-case hexadecimal digits, the same when the create is repeated after a crash.
    /// Fit to be a client token (ACM allows 32 word characters, ECS 36).
    pub token: &'a str,
}

/// What a create gives.
#[derive(Debug)]
pub struct Created<R: Resource> {
    /// What AWS calls the object.
    pub id: Id,
    /// The object, where the answer is complete; the engine then does not read it again.
    pub seen: Option<Seen<R>>,
}

impl<R: Resource> Created<R> {
    /// Made, and the answer does not say all about it.
    pub fn id(id: impl Into<Id>) -> Self {
        Self { id: id.into(), seen: None }
    }

    /// Made, and this is all about it.
    pub fn seen(id: impl Into<Id>, seen: Seen<R>) -> Self {
        Self { id: id.into(), seen: Some(seen) }
    }
}

/// A request to update in place.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a, R: Resource> {
    /// The object.
    pub id: &'a str,
    /// What is wanted.
    pub want: &'a R::Args,
    /// What was seen.
    pub seen: &'a Seen<R>,
    /// The top-level arguments that differ.
    pub changed: &'a [String],
}

impl<R: Resource> Update<'_, R> {
    /// Whether any of these arguments differs.
    #[must_use]
    pub fn changes(&self, names: &[&str]) -> bool {
        self.changed.iter().any(|c| names.contains(&c.as_str()))
    }
}

/// A request to delete.
#[derive(Clone, Copy, Debug)]
pub struct Delete<'a, R: Resource> {
    /// The object.
    pub id: &'a str,
    /// Its arguments as last recorded; behaviour such as `force_destroy` is read from here.
    pub args: &'a R::Args,
    /// Its outputs as last recorded.
    pub outputs: &'a R::Outputs,
}

/// A question for what a create whose answer was lost may have left behind.
#[derive(Clone, Copy, Debug)]
pub struct Find<'a, A> {
    /// The uid: the client token and the value of the tag `stackr:uid`.
    pub uid: &'a str,
    /// What was wanted, where it is known: natural keys are in here.
    pub args: Option<&'a A>,
}

/// A type of object that AWS has. The whole contract of a resource file.
pub trait Resource: Sized + Send + Sync + 'static {
    /// The provider's type string: `aws_nat_gateway`.
    const TYPE: &'static str;
    /// How long to wait.
    const WAITS: Waits;
    /// Orderings that no value carries.
    const AFTER: &'static [After] = &[];
    /// Arguments that name, by its id, an object with whose deletion AWS deletes this one too. Where both go, no call
    /// is made for this one.
    const WITHIN: &'static [&'static str] = &[];
    /// Arguments that make AWS refuse a delete while they are true. Such an object is not planned to be deleted.
    const PROTECTION: &'static [&'static str] = &[];
    /// Whether an update that AWS has answered is done, and changes nothing but what it was asked to: the object then is
    /// what it was, with what was wanted, and is not read again. Not for what settles later, nor for arguments that AWS
    /// writes in another way, nor where outputs follow from arguments (but for `tags_all`).
    const PROMPT: bool = false;
    /// The service client.
    type Cloud: Send + Sync + 'static;
    /// What it takes.
    type Args: Args;
    /// What it gives.
    type Outputs: Outputs;

    /// Makes the minimal object with one call. The engine then reads it, compares, and calls `update` for the
    /// rest. Called again with the same token after a crash.
    fn create(
        cloud: &Self::Cloud,
        req: Create<'_, Self::Args>,
    ) -> impl Future<Output = Result<Created<Self>>> + Send;

    /// What AWS says about these objects, in the order of `ids`; `None` for one that is not there. Uses lists,
    /// filters and pages rather than a call per object, and never fails because one of many is missing.
    fn read(cloud: &Self::Cloud, ids: &[Id]) -> impl Future<Output = Result<Vec<Option<Seen<Self>>>>> + Send;

    /// Like `read`, for a plan: what is recorded spares calls. Something that never changes is taken from the record, and
    /// an answer that may be late is believed where it says what is recorded.
    fn refresh(
        cloud: &Self::Cloud,
        known: &[Known<'_>],
    ) -> impl Future<Output = Result<Vec<Option<Seen<Self>>>>> + Send {
        let ids = Known::ids(known);
        async move { Self::read(cloud, &ids).await }
    }

    /// Changes what differs and can be changed in place.
    fn update(cloud: &Self::Cloud, req: Update<'_, Self>) -> impl Future<Output = Result<()>> + Send;

    /// Asks AWS to delete the object; the engine waits until it is gone. "Not found" counts as done.
    fn delete(cloud: &Self::Cloud, req: Delete<'_, Self>) -> impl Future<Output = Result<()>> + Send;

    /// Outputs that follow from the arguments alone, so that planning knows them: an object of some outputs,
    /// parts of which may be unknown. Called with arguments that may be unknown in parts.
    #[must_use]
    fn foresee(_args: &Value) -> Option<Value> {
        None
    }

    /// The wanted arguments as AWS would report them, where both mean the same though they are written apart: rules
    /// that were split into other blocks, say. For comparing only. Called with arguments that may be unknown in parts.
    #[must_use]
    fn align(_want: &Value, _seen: &Value) -> Option<Value> {
        None
    }

    /// The id, in our form, of an object of which Terraform's provider has recorded these attributes. Override it where
    /// the provider's `id` is not what its import takes.
    #[must_use]
    fn id_of(attributes: &Value) -> Option<Id> {
        attributes.get("id")?.to_text()
    }

    /// Finds what a lost create left behind: by ownership tag, or by natural key and then the tag. A client
    /// token is not enough: after a crash the stack may be destroyed, or declared otherwise, and then the create is not
    /// repeated.
    fn find(_: &Self::Cloud, _: Find<'_, Self::Args>) -> impl Future<Output = Result<Option<Id>>> + Send {
        async { Ok(None) }
    }

    /// What keeps AWS from deleting an object, in words: `eni-1 of load balancer app/web/1`. Asked after AWS has refused
    /// with [`ErrorKind::InUse`]. It is for people: where it fails, the refusal is told without it.
    fn holders(_: &Self::Cloud, _id: &str) -> impl Future<Output = Result<Vec<String>>> + Send {
        async { Ok(Vec::new()) }
    }
}

/// `NatGateway::args()`: the start of a typed declaration.
pub trait ResourceExt: Resource {
    /// An empty builder of this resource's arguments.
    #[must_use]
    fn args() -> <Self::Args as Args>::Builder {
        std::default::Default::default()
    }
}

impl<R: Resource> ResourceExt for R {}

/// The clients of one account and region, reached by type.
pub trait Cloud: Send + Sync {
    /// The client of this type, if this cloud has it.
    fn service(&self, service: TypeId) -> Option<&(dyn Any + Send + Sync)>;

    /// Where these clients point; recorded with every object.
    fn origin(&self) -> &Origin;
}

impl dyn Cloud + '_ {
    /// The client of type `C`.
    ///
    /// # Errors
    /// [`ErrorKind::Bug`] if this cloud was built without it.
    pub fn get<C: Send + Sync + 'static>(&self) -> Result<&C> {
        self.service(TypeId::of::<C>()).and_then(|any| any.downcast_ref()).ok_or_else(|| {
            CloudError::bug(format!("this program was built without {}", std::any::type_name::<C>()))
        })
    }
}

/// Gives the clients for a provider configuration; one engine may use several accounts and regions.
pub trait Clouds: Send + Sync {
    /// The clients, with the account asked for and checked against the configuration's allowed accounts.
    fn connect<'a>(
        &'a self,
        provider: &'a crate::ProviderConfig,
    ) -> BoxFuture<'a, Result<std::sync::Arc<dyn Cloud>>>;
}

/// Holds calls back so that AWS's published request limits are kept. The engine implements it, the cloud's
/// HTTP client asks it before every request and tells it of every throttle.
pub trait Limiter: Send + Sync {
    /// Waits until a call to an account and region may go out.
    fn acquire<'a>(&'a self, to: &'a Origin, service: &'a str, operation: &'a str) -> BoxFuture<'a, ()>;

    /// A call was throttled, or went through.
    fn answered(&self, to: &Origin, service: &str, operation: &str, throttled: bool);
}

/// [`Seen`] as values.
#[derive(Clone, Debug, PartialEq)]
pub struct AnySeen {
    /// Its arguments as they are now.
    pub args: Value,
    /// Its outputs.
    pub outputs: Value,
    /// How it is doing.
    pub status: Status,
}

/// [`Create`] as values.
#[derive(Clone, Copy, Debug)]
pub struct AnyCreate<'a> {
    /// What is wanted, wholly known.
    pub args: &'a Value,
    /// The object's uid.
    pub token: &'a str,
}

/// [`Created`] as values.
#[derive(Clone, Debug)]
pub struct AnyCreated {
    /// What AWS calls the object.
    pub id: Id,
    /// The object, where the answer is complete.
    pub seen: Option<AnySeen>,
}

/// [`Update`] as values.
#[derive(Clone, Copy, Debug)]
pub struct AnyUpdate<'a> {
    /// The object.
    pub id: &'a str,
    /// What is wanted.
    pub want: &'a Value,
    /// What was seen.
    pub seen: &'a AnySeen,
    /// The top-level arguments that differ.
    pub changed: &'a [String],
}

/// [`Delete`] as values.
#[derive(Clone, Copy, Debug)]
pub struct AnyDelete<'a> {
    /// The object.
    pub id: &'a str,
    /// Its arguments as last recorded.
    pub args: &'a Value,
    /// Its outputs as last recorded.
    pub outputs: &'a Value,
}

/// [`Find`] as values.
#[derive(Clone, Copy, Debug)]
pub struct AnyFind<'a> {
    /// The uid.
    pub uid: &'a str,
    /// What was wanted, where it is wholly known.
    pub args: Option<&'a Value>,
}

/// The object-safe twin of [`Resource`].
pub trait AnyResource: Send + Sync {
    /// Its schema.
    fn schema(&self) -> &'static Schema;
    /// How long to wait.
    fn waits(&self) -> Waits;
    /// Orderings that no value carries.
    fn after(&self) -> &'static [After];
    /// See [`Resource::WITHIN`].
    fn within(&self) -> &'static [&'static str];
    /// See [`Resource::PROTECTION`].
    fn protection(&self) -> &'static [&'static str] {
        &[]
    }
    /// See [`Resource::PROMPT`].
    fn prompt(&self) -> bool {
        false
    }
    /// See [`Resource::foresee`].
    fn foresee(&self, args: &Value) -> Option<Value>;
    /// See [`Resource::align`].
    fn align(&self, want: &Value, seen: &Value) -> Option<Value>;
    /// See [`Resource::id_of`].
    fn id_of(&self, attributes: &Value) -> Option<Id>;
    /// See [`Resource::create`].
    fn create<'a>(&'a self, cloud: &'a dyn Cloud, req: AnyCreate<'a>) -> BoxFuture<'a, Result<AnyCreated>>;
    /// See [`Resource::read`].
    fn read<'a>(&'a self, cloud: &'a dyn Cloud, ids: &'a [Id])
    -> BoxFuture<'a, Result<Vec<Option<AnySeen>>>>;
    /// See [`Resource::refresh`].
    fn refresh<'a>(
        &'a self,
        cloud: &'a dyn Cloud,
        known: &'a [Known<'a>],
    ) -> BoxFuture<'a, Result<Vec<Option<AnySeen>>>> {
        Box::pin(async move { self.read(cloud, &Known::ids(known)).await })
    }
    /// As [`AnyResource::read`], for who drops most of it at once.
    fn look<'a>(&'a self, cloud: &'a dyn Cloud, ids: &'a [Id]) -> BoxFuture<'a, Result<Box<dyn Looks>>> {
        Box::pin(async move { Ok(Box::new(self.read(cloud, ids).await?) as Box<dyn Looks>) })
    }
    /// See [`Resource::update`].
    fn update<'a>(&'a self, cloud: &'a dyn Cloud, req: AnyUpdate<'a>) -> BoxFuture<'a, Result<()>>;
    /// See [`Resource::delete`].
    fn delete<'a>(&'a self, cloud: &'a dyn Cloud, req: AnyDelete<'a>) -> BoxFuture<'a, Result<()>>;
    /// See [`Resource::find`].
    fn find<'a>(&'a self, cloud: &'a dyn Cloud, req: AnyFind<'a>) -> BoxFuture<'a, Result<Option<Id>>>;
    /// See [`Resource::holders`].
    fn holders<'a>(&'a self, _: &'a dyn Cloud, _: &'a str) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
    /// Its own verbs, if its objects are kept in state alone; none of those with a cloud is called then.
    fn kept(&self) -> Option<&dyn crate::AnyKept> {
        None
    }
}

/// Turns a mismatch into an error: the schema was checked before, so it is a bug or a foreign state file.
pub(crate) fn typed<T>(read: std::result::Result<T, Mismatch>, what: &str) -> Result<T> {
    read.map_err(|mismatch| CloudError::bug(format!("the {what} do not fit the schema: {mismatch}")))
}

/// Recorded values with empty text where a secret was sealed: enough for a delete or a find.
fn unsealed(value: &Value) -> Value {
    if sealed::seal(value).is_some() {
        return Value::string("");
    }
    value.clone().map_children(|child| unsealed(&child))
}

/// A [`Resource`] as an [`AnyResource`].
pub struct Erased<R>(PhantomData<fn() -> R>);

impl<R: Resource> Erased<R> {
    const SCHEMA: Schema =
        Schema { ty: R::TYPE, args: &<R::Args as Block>::SHAPE, outputs: &<R::Outputs as Block>::SHAPE };

    /// The erased form of `R`.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a type-level constant, not a value with a default")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// Every object that was asked for, there or not.
    fn whole(seen: Vec<Option<Seen<R>>>, asked: usize) -> Result<Vec<Option<Seen<R>>>> {
        if seen.len() == asked {
            return Ok(seen);
        }
        Err(CloudError::bug(format!("{} read {} of {asked} objects", R::TYPE, seen.len())))
    }
}

impl<R: Resource> AnyResource for Erased<R> {
    fn schema(&self) -> &'static Schema {
        &Self::SCHEMA
    }

    fn waits(&self) -> Waits {
        R::WAITS
    }

    fn after(&self) -> &'static [After] {
        R::AFTER
    }

    fn within(&self) -> &'static [&'static str] {
        R::WITHIN
    }

    fn protection(&self) -> &'static [&'static str] {
        R::PROTECTION
    }

    fn prompt(&self) -> bool {
        R::PROMPT
    }

    fn foresee(&self, args: &Value) -> Option<Value> {
        R::foresee(args)
    }

    fn align(&self, want: &Value, seen: &Value) -> Option<Value> {
        R::align(want, seen)
    }

    fn id_of(&self, attributes: &Value) -> Option<Id> {
        R::id_of(attributes)
    }

    fn create<'a>(&'a self, cloud: &'a dyn Cloud, req: AnyCreate<'a>) -> BoxFuture<'a, Result<AnyCreated>> {
        Box::pin(async move {
            let args = typed(R::Args::from_object(req.args), "arguments")?;
            let made = R::create(cloud.get()?, Create { args: &args, token: req.token }).await?;
            Ok(AnyCreated { id: made.id, seen: made.seen.map(erase) })
        })
    }

    fn read<'a>(
        &'a self,
        cloud: &'a dyn Cloud,
        ids: &'a [Id],
    ) -> BoxFuture<'a, Result<Vec<Option<AnySeen>>>> {
        Box::pin(async move {
            let mut looks = self.look(cloud, ids).await?;
            Ok((0..ids.len()).map(|at| looks.take(at)).collect())
        })
    }

    fn look<'a>(&'a self, cloud: &'a dyn Cloud, ids: &'a [Id]) -> BoxFuture<'a, Result<Box<dyn Looks>>> {
        Box::pin(async move {
            let seen = Self::whole(R::read(cloud.get()?, ids).await?, ids.len())?;
            Ok(Box::new(Typed(seen)) as Box<dyn Looks>)
        })
    }

    fn refresh<'a>(
        &'a self,
        cloud: &'a dyn Cloud,
        known: &'a [Known<'a>],
    ) -> BoxFuture<'a, Result<Vec<Option<AnySeen>>>> {
        Box::pin(async move {
            let seen = Self::whole(R::refresh(cloud.get()?, known).await?, known.len())?;
            Ok(seen.into_iter().map(|seen| seen.map(erase)).collect())
        })
    }

    fn update<'a>(&'a self, cloud: &'a dyn Cloud, req: AnyUpdate<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let want = typed(R::Args::from_object(req.want), "arguments")?;
            let seen = Seen::<R> {
                args: typed(R::Args::from_object(&req.seen.args), "seen arguments")?,
                outputs: typed(R::Outputs::from_object(&req.seen.outputs), "seen outputs")?,
                status: req.seen.status.clone(),
            };
            let req = Update { id: req.id, want: &want, seen: &seen, changed: req.changed };
            R::update(cloud.get()?, req).await
        })
    }

    fn delete<'a>(&'a self, cloud: &'a dyn Cloud, req: AnyDelete<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let args = typed(R::Args::from_object(&unsealed(req.args)), "recorded arguments")?;
            let outputs = typed(R::Outputs::from_object(&unsealed(req.outputs)), "recorded outputs")?;
            match R::delete(cloud.get()?, Delete { id: req.id, args: &args, outputs: &outputs }).await {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                other => other,
            }
        })
    }

    fn find<'a>(&'a self, cloud: &'a dyn Cloud, req: AnyFind<'a>) -> BoxFuture<'a, Result<Option<Id>>> {
        Box::pin(async move {
            let args =
                req.args.map(|a| typed(R::Args::from_object(&unsealed(a)), "arguments")).transpose()?;
            match R::find(cloud.get()?, Find { uid: req.uid, args: args.as_ref() }).await {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                other => other,
            }
        })
    }

    fn holders<'a>(&'a self, cloud: &'a dyn Cloud, id: &'a str) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move { R::holders(cloud.get()?, id).await })
    }
}
