//! `random_bytes`: random bytes that are a secret.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use stackr_core::{Args, CloudError, Kept, Moment, Outputs, Record, Result};

use super::{Keepers, between, hex, random_bytes};

/// Random bytes that are a secret.
pub struct RandomBytes;

/// Random bytes that are a secret: a key, say.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RandomBytesArgs {
    /// Values that, when one changes, make another object.
    #[arg(replace)]
    pub keepers: Option<Keepers>,
    /// How many.
    #[arg(replace)]
    pub length: i64,
}

/// Random bytes.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RandomBytesOutputs {
    /// Always `none`: the bytes are a secret.
    pub id: String,
    /// In base64.
    #[arg(secret)]
    pub base64: String,
    /// In hexadecimal digits.
    #[arg(secret)]
    pub hex: String,
}

impl Kept for RandomBytes {
    const TYPE: &'static str = "random_bytes";
    type Args = RandomBytesArgs;
    type Outputs = RandomBytesOutputs;

    fn check(args: &RandomBytesArgs) -> Result<()> {
        between(Self::TYPE, "length", args.length, 1)
    }

    fn make(args: &RandomBytesArgs, moment: &Moment) -> Result<Record<Self>> {
        Ok(made(&random_bytes(args.length, moment), args.clone()))
    }

    /// From base64.
    fn import(id: &str, _: &Moment) -> Result<Record<Self>> {
        let bytes =
            STANDARD.decode(id).map_err(|_| CloudError::invalid(Self::TYPE, "the id is not base64"))?;
        let length = i64::try_from(bytes.len()).unwrap_or_default();
        Ok(made(&bytes, RandomBytesArgs { keepers: None, length }))
    }
}

fn made(bytes: &[u8], args: RandomBytesArgs) -> Record<RandomBytes> {
    let id = "none".to_owned();
    let outputs = RandomBytesOutputs { id: id.clone(), base64: STANDARD.encode(bytes), hex: hex(bytes) };
    Record { id, args, outputs }
}
