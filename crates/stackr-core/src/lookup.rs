//! What a data file supplies, and its object-safe twin that planner and engine use.

use std::{future::Future, marker::PhantomData};

use crate::{Args, Block, BoxFuture, Cloud, Outputs, Result, Schema, Value, resource::typed};

/// A type of data that is looked up.
pub trait Lookup: Sized + Send + Sync + 'static {
    /// The provider's type string: `aws_availability_zones`.
    const TYPE: &'static str;
    /// The service client.
    type Cloud: Send + Sync + 'static;
    /// What it takes.
    type Args: Args;
    /// What it gives.
    type Outputs: Outputs;

    /// Looks it up. Nothing found, or more than one where one is meant, is an error.
    fn read(cloud: &Self::Cloud, args: &Self::Args) -> impl Future<Output = Result<Self::Outputs>> + Send;

    /// An empty builder of this data type's arguments.
    #[must_use]
    fn query() -> <Self::Args as Args>::Builder {
        std::default::Default::default()
    }
}

/// The object-safe twin of [`Lookup`].
pub trait AnyLookup: Send + Sync {
    /// Its schema.
    fn schema(&self) -> &'static Schema;
    /// Looks it up: an object of the outputs.
    fn read<'a>(&'a self, cloud: &'a dyn Cloud, args: &'a Value) -> BoxFuture<'a, Result<Value>>;
}

/// A [`Lookup`] as an [`AnyLookup`].
pub struct ErasedLookup<L>(PhantomData<fn() -> L>);

impl<L: Lookup> ErasedLookup<L> {
    const SCHEMA: Schema =
        Schema { ty: L::TYPE, args: &<L::Args as Block>::SHAPE, outputs: &<L::Outputs as Block>::SHAPE };

    /// The erased form of `L`.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a type-level constant, not a value with a default")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<L: Lookup> AnyLookup for ErasedLookup<L> {
    fn schema(&self) -> &'static Schema {
        &Self::SCHEMA
    }

    fn read<'a>(&'a self, cloud: &'a dyn Cloud, args: &'a Value) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            let args = typed(L::Args::from_object(args), "arguments")?;
            Ok(L::read(cloud.get()?, &args).await?.to_object())
        })
    }
}
