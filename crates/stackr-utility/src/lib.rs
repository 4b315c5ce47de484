//! The small types that ordinary stacks lean on and that have no cloud: random values, times, triggers.
//!
//! Attributes, defaults, replacement rules and import ids are those of the providers `hashicorp/random` 3.6,
//! `hashicorp/null` 3.2, `hashicorp/time` 0.12 and of Terraform itself. One file per type; each is a [`Kept`]: a pure
//! function from arguments, chance and time to an object that is kept in state alone.
//!
//! [`Kept`]: stackr_core::Kept

pub mod null;
pub mod random;
pub mod terraform;
pub mod time;

use stackr_core::Registry;

/// A registry with every type of this crate beside those that it has.
#[must_use]
pub fn register(registry: Registry) -> Registry {
    time::register(random::register(registry))
        .with_kept::<null::NullResource>()
        .with_kept::<terraform::Data>()
}
