//! `null_resource`: nothing, made anew when its triggers change.

use rand::RngExt as _;
use stackr_core::{Args, Kept, Moment, Outputs, Record, Result};

use crate::random::{Keepers, generator};

/// Nothing, made anew when its triggers change.
pub struct NullResource;

/// Nothing, made anew when its triggers change. Provisioners are not supported.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct NullResourceArgs {
    /// Values that, when one changes, make another object.
    #[arg(replace)]
    pub triggers: Option<Keepers>,
}

/// What nothing gives.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct NullResourceOutputs {
    /// A random number that tells it from others.
    pub id: String,
}

impl Kept for NullResource {
    const TYPE: &'static str = "null_resource";
    type Args = NullResourceArgs;
    type Outputs = NullResourceOutputs;

    fn make(args: &NullResourceArgs, moment: &Moment) -> Result<Record<Self>> {
        let id = generator(moment).random_range(0..=i64::MAX).to_string();
        Ok(Record { id: id.clone(), args: args.clone(), outputs: NullResourceOutputs { id } })
    }
}
