//! `random_id`: random bytes as an id, in several notations.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use num_bigint::BigUint;
use stackr_core::{Args, CloudError, Kept, Moment, Outputs, Record, Result};

use super::{Keepers, between, hex, random_bytes};

/// Random bytes as an id.
pub struct RandomId;

/// Random bytes as an id, in several notations.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RandomIdArgs {
    /// How many bytes.
    #[arg(replace)]
    pub byte_length: i64,
    /// Values that, when one changes, make another object.
    #[arg(replace)]
    pub keepers: Option<Keepers>,
    /// What stands before every notation of the id but `id` itself.
    #[arg(replace)]
    pub prefix: Option<String>,
}

/// The id in its notations.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RandomIdOutputs {
    /// In base64 for URLs, without the prefix.
    pub id: String,
    /// In base64 for URLs.
    pub b64_url: String,
    /// In base64.
    pub b64_std: String,
    /// In hexadecimal digits, two per byte.
    pub hex: String,
    /// In decimal digits.
    pub dec: String,
}

impl Kept for RandomId {
    const TYPE: &'static str = "random_id";
    type Args = RandomIdArgs;
    type Outputs = RandomIdOutputs;

    fn check(args: &RandomIdArgs) -> Result<()> {
        between(Self::TYPE, "byte_length", args.byte_length, 1)
    }

    fn make(args: &RandomIdArgs, moment: &Moment) -> Result<Record<Self>> {
        Ok(made(&random_bytes(args.byte_length, moment), args.clone()))
    }

    /// From `id` or `prefix,id`.
    fn import(id: &str, _: &Moment) -> Result<Record<Self>> {
        let (prefix, id) = id.rsplit_once(',').map_or((None, id), |(prefix, id)| (Some(prefix), id));
        let bytes = URL_SAFE_NO_PAD
            .decode(id)
            .map_err(|_| CloudError::invalid(Self::TYPE, format!("{id:?} is not base64 for URLs")))?;
        let byte_length = i64::try_from(bytes.len()).unwrap_or_default();
        let prefix = prefix.filter(|prefix| !prefix.is_empty()).map(str::to_owned);
        Ok(made(&bytes, RandomIdArgs { byte_length, keepers: None, prefix }))
    }
}

fn made(bytes: &[u8], args: RandomIdArgs) -> Record<RandomId> {
    let prefix = args.prefix.clone().unwrap_or_default();
    let id = URL_SAFE_NO_PAD.encode(bytes);
    let outputs = RandomIdOutputs {
        id: id.clone(),
        b64_url: format!("{prefix}{id}"),
        b64_std: format!("{prefix}{}", STANDARD.encode(bytes)),
        hex: format!("{prefix}{}", hex(bytes)),
        dec: format!("{prefix}{}", BigUint::from_bytes_be(bytes)),
    };
    Record { id, args, outputs }
}
