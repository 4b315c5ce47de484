//! Times: the types of the provider `hashicorp/time`.

mod offset;
mod stamp;
mod static_;
#[cfg(test)]
mod tests;
mod wait;

use stackr_core::Registry;

pub use self::{
    offset::{TimeOffset, TimeOffsetArgs, TimeOffsetOutputs},
    static_::{TimeStatic, TimeStaticArgs, TimeStaticOutputs},
    wait::{TimeSleep, TimeSleepArgs, TimeSleepOutputs},
};

pub(crate) fn register(registry: Registry) -> Registry {
    registry.with_kept::<TimeOffset>().with_kept::<TimeSleep>().with_kept::<TimeStatic>()
}
