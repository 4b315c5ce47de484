//! `random_uuid`: a random UUID (version 4).

use stackr_core::{Args, CloudError, Kept, Moment, Outputs, Record, Result};

use super::Keepers;

/// A random UUID.
pub struct RandomUuid;

/// A random UUID (version 4).
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RandomUuidArgs {
    /// Values that, when one changes, make another object.
    #[arg(replace)]
    pub keepers: Option<Keepers>,
}

/// The UUID.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RandomUuidOutputs {
    /// The UUID.
    pub id: String,
    /// The UUID.
    pub result: String,
}

impl Kept for RandomUuid {
    const TYPE: &'static str = "random_uuid";
    type Args = RandomUuidArgs;
    type Outputs = RandomUuidOutputs;

    fn make(args: &RandomUuidArgs, moment: &Moment) -> Result<Record<Self>> {
        Ok(made(super::uuid(moment), args.clone()))
    }

    /// From the UUID.
    fn import(id: &str, _: &Moment) -> Result<Record<Self>> {
        let uuid: uuid::Uuid =
            id.parse().map_err(|_| CloudError::invalid(Self::TYPE, format!("{id:?} is not a UUID")))?;
        Ok(made(uuid.to_string(), RandomUuidArgs { keepers: None }))
    }
}

fn made(id: String, args: RandomUuidArgs) -> Record<RandomUuid> {
    Record { id: id.clone(), args, outputs: RandomUuidOutputs { id: id.clone(), result: id } }
}
