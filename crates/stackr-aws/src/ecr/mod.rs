//! ecr.

use stackr_core::Registry;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry
}
