//! The vocabulary of stackr: what a value, a schema, a resource, an address and an error are.
//!
//! Nothing here does I/O or knows an async runtime. Every other crate speaks in these types:
//!
//! - [`Value`] and [`Type`]: what planning works on, with unknown and sensitive parts;
//! - [`Field`] and [`Kind`]: the schema that `#[derive(Args)]` makes from a resource's struct;
//! - [`Resource`] and [`Lookup`]: what a resource file supplies; [`AnyResource`] is their erased twin;
//! - [`Kept`]: the same for types without a cloud, whose objects are in state and nowhere else;
//! - [`Declaration`]: what a front end hands to the planner;
//! - [`CloudError`], [`Diagnostic`]: what can go wrong, by what the reader can do about it.

extern crate self as stackr_core;

mod address;
mod attribute;
mod builder;
mod closest;
mod coerce;
mod declaration;
mod diagnostic;
mod equal;
mod error;
mod kept;
mod known;
mod looks;
mod lookup;
mod moves;
mod object;
mod registry;
mod resource;
mod schema;
pub mod sealed;
mod stack;
mod types;
mod value;
mod waits;

pub use address::{Address, AddressError, BlockKey, Key, Mode, ModulePath, ModuleStep};
pub use attribute::{
    Attribute, Block, Cidr, ContainerDefinitions, DnsName, Json, Mismatch, NameOrArn, Policy, Set, Tags,
};
pub use builder::{Concat, Draft, Expr, Input, Part, Ref, concat};
pub use closest::closest;
pub use coerce::{Problem, coerce_args};
pub use declaration::{
    Arguments, AssumeRole, BlockRef, Declaration, Declared, Env, Expansion, Ignore, Lifecycle, OutputValue,
    ProviderConfig, ProviderKey, Repeats, RoleSession, Terms, Trigger, WebIdentity, Written,
};
pub use diagnostic::{Diagnostic, Diagnostics, Severity, Span};
pub use equal::{equal, equal_field, equal_recorded, is_silent};
pub use error::{CloudError, ErrorKind, Result, need};
pub use kept::{AnyKept, AnyRecord, ErasedKept, Kept, Moment, Pause, Record};
pub use known::Known;
pub use looks::Looks;
pub use lookup::{AnyLookup, ErasedLookup, Lookup};
pub use moves::{Endpoint, Import, Move, Removal};
pub use object::{Object, Origin, SCHEMA_VERSION};
pub use registry::Registry;
pub use resource::{
    After, AnyCreate, AnyCreated, AnyDelete, AnyFind, AnyResource, AnySeen, AnyUpdate, Args, BoxFuture,
    Cloud, Clouds, Create, Created, Delete, Erased, Find, Id, Limiter, Outputs, Resource, ResourceExt, Seen,
    Status, Update,
};
pub use schema::{Default, Field, Kind, Nesting, Presence, Schema, Shape};
pub use stack::{Handle, Label, Stack};
pub use stackr_derive::{Args, Block, Outputs};
pub use types::{ConvertError, ObjectField, Type};
pub use value::{Number, Path, PathStep, Value};
pub use waits::{Gone, Waits};
