//! AWS resource and data types, one file each: `<service>/<type>.rs`.
//!
//! A file holds the struct of arguments, the struct of outputs, the verbs, one pure function from the SDK's
//! shape to `Seen`, and its tests. It uses its service's helpers (`<service>/mod.rs`), never another resource's
//! file. Nothing here waits, retries or prints: the engine does, by [`stackr_core::ErrorKind`].

mod cloud;
mod credentials;
mod error;
mod gather;
mod http;
mod service;
mod tagging;
mod tags;
mod timeouts;
#[cfg(test)]
mod wire;

#[cfg(feature = "acm")]
pub mod acm;
#[cfg(feature = "ec2")]
pub mod ec2;
#[cfg(feature = "ecr")]
pub mod ecr;
#[cfg(feature = "ecs")]
pub mod ecs;
#[cfg(feature = "elbv2")]
pub mod elbv2;
#[cfg(feature = "iam")]
pub mod iam;
#[cfg(feature = "logs")]
pub mod logs;
#[cfg(feature = "route53")]
pub mod route53;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "servicediscovery")]
pub mod servicediscovery;
pub mod sts;

use stackr_core::Registry;

pub use cloud::{Aws, AwsClouds, Shared};
pub use service::Service;

/// Every resource and data type of this crate, as far as its service's feature is on.
#[must_use]
pub fn registry() -> Registry {
    let registry = sts::register(Registry::default()).with_timeouts(timeouts::timeouts);
    #[cfg(feature = "acm")]
    let registry = acm::register(registry);
    #[cfg(feature = "ec2")]
    let registry = ec2::register(registry);
    #[cfg(feature = "ecr")]
    let registry = ecr::register(registry);
    #[cfg(feature = "ecs")]
    let registry = ecs::register(registry);
    #[cfg(feature = "elbv2")]
    let registry = elbv2::register(registry);
    #[cfg(feature = "iam")]
    let registry = iam::register(registry);
    #[cfg(feature = "logs")]
    let registry = logs::register(registry);
    #[cfg(feature = "route53")]
    let registry = route53::register(registry);
    #[cfg(feature = "s3")]
    let registry = s3::register(registry);
    #[cfg(feature = "servicediscovery")]
    let registry = servicediscovery::register(registry);
    registry
}
