//! stackr as a library: declare AWS resources, plan, apply, destroy.
//!
//! The library never prints, exits, or reads the environment or the terminal: clouds and stores are passed in, facts
//! come back as events.
//!
//! - [`Stack`]: a typed declaration in Rust; [`load`] reads one from `.tf` files;
//! - [`Deployment`]: a declaration with the clouds it is applied to and the store its state is kept in;
//! - [`Deployment::plan`], [`Deployment::apply`], [`Deployment::destroy`].
//!
//! ```no_run
//! # async fn run(clouds: std::sync::Arc<dyn stackr::Clouds>) -> Result<(), stackr::Error> {
//! use stackr::{Deployment, Interrupt, Options, ResourceExt as _, Stack, ec2::Vpc};
//!
//! let mut stack = Stack::new("base");
//! let vpc = stack.add("main", Vpc::args().cidr_block("10.0.0.0/16"));
//! stack.output("vpc_id", &vpc.id);
//!
//! let deployment = Deployment::local("dev", stack, clouds, "state".as_ref())?;
//! let applied = deployment.apply(&Options::default(), &Interrupt::new(), |event| drop(event)).await?;
//! assert!(applied.summary.failed.is_empty());
//! # Ok(()) }
//! ```

mod check;
mod deployment;
mod error;
mod import;
mod migrate;
mod remote_state;

pub use check::check;
pub use deployment::{Applied, Approve, Deployment, Planned, new_run_name, this_moment};
pub use error::Error;
pub use import::Imported;
pub use migrate::{Left, Migrated, Migration};
pub use remote_state::{Place, RemoteState, RemoteStateArgs, RemoteStateOutputs, RemoteStates};
#[cfg(feature = "aws")]
pub use stackr_aws::{
    AwsClouds, Shared, acm, ec2, ecr, ecs, elbv2, iam, logs, route53, s3, servicediscovery, sts,
};
pub use stackr_core::{
    Address, Args, AssumeRole, BoxFuture, Cidr, CloudError, Clouds, Concat, ContainerDefinitions,
    Declaration, Diagnostic, Diagnostics, DnsName, Draft, ErrorKind, Expr, Handle, Ignore, Import, Input,
    Json, Key, Label, Lifecycle, Limiter, Lookup, Mode, Origin, OutputValue, Policy, ProviderConfig,
    ProviderKey, Ref, Registry, Resource, ResourceExt, Set, Stack, Tags, Value, concat,
};
pub use stackr_engine::{
    Because, Envelope, ErrorView, Event, Interrupt, Patience, RateLimiter, StepVerb, StepView, Summary, Until,
};
pub use stackr_lang::{CliVar, Inputs, LoadError, Loader, MemoryLoader, Rejected, load};
pub use stackr_plan::{
    Action, Change, Counts, FieldChange, Options, OutputChange, Plan, Program, Refusal, Values, last_values,
};
pub use stackr_state::{
    Activity, Local, Memory, Outcome, Owner, Recovery, StackName, State, StateKey, Store,
};
pub use stackr_utility::{null, random, terraform, time};

/// Every type of this program: those of AWS, those without a cloud, and `terraform_remote_state`.
#[cfg(feature = "aws")]
#[must_use]
pub fn registry() -> Registry {
    stackr_utility::register(stackr_aws::registry())
        .with_any_lookup(std::sync::Arc::new(remote_state::RemoteStateLookup::schema_only()))
}
