//! CloudWatch Logs.

mod log_group;

use stackr_core::Registry;

use crate::Service;

pub use log_group::*;

/// The CloudWatch Logs client.
pub type Logs = Service<aws_sdk_cloudwatchlogs::Client>;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry.with::<LogGroup>()
}
