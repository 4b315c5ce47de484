//! Programs that embed stackr, fit to be copied. The tests of this package run all of them against a local AWS.
//!
//! - [`base_stack`]: the stack of `stacks/base` in typed Rust, with the same plan;
//! - `ephemeral_environment.rs`: a tool that makes and removes an environment from a directory of `.tf` files;
//! - [`progress`]: what a run tells while it goes on, as a timeline;
//! - [`clouds`]: the connections to AWS that the library is given.

pub mod base_stack;
pub mod progress;

use std::{future::ready, sync::Arc};

use aws_config::SdkConfig;
use stackr::{AwsClouds, Clouds, Limiter};

/// Connections to AWS by a configuration that the program has loaded: the library itself reads no environment. A
/// program whose stacks name profiles would load the profile that it is given here.
#[must_use]
pub fn clouds(config: SdkConfig, limiter: Arc<dyn Limiter>) -> Arc<dyn Clouds> {
    Arc::new(AwsClouds::new(move |_profile| Box::pin(ready(config.clone())), limiter))
}
