//! `random_password`: random text that is a secret.
//!
//! Facts that shape this file:
//! - its id is `none`, because the text must not be in it;
//! - the hash is bcrypt's at cost 10 over the first 72 bytes, as Go makes it for the provider; its salt is drawn after
//!   the text, so that both follow from the moment.

use bcrypt::Version;
use stackr_core::{Args, CloudError, Kept, Moment, Outputs, Record, Result, Value};

use super::{
    Keepers, generator,
    text::{self, Rules},
};

/// Bcrypt's default cost in Go.
const COST: u32 = 10;

/// Random text that is a secret.
pub struct RandomPassword;

/// Random text that is a secret.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RandomPasswordArgs {
    /// Values that, when one changes, make another object.
    #[arg(replace)]
    pub keepers: Option<Keepers>,
    /// How many characters.
    #[arg(replace)]
    pub length: i64,
    /// Whether there may be lower-case letters.
    #[arg(replace, default = true)]
    pub lower: bool,
    /// How many lower-case letters there must be.
    #[arg(replace, default = 0)]
    pub min_lower: i64,
    /// How many digits there must be.
    #[arg(replace, default = 0)]
    pub min_numeric: i64,
    /// How many special characters there must be.
    #[arg(replace, default = 0)]
    pub min_special: i64,
    /// How many upper-case letters there must be.
    #[arg(replace, default = 0)]
    pub min_upper: i64,
    /// The older name of `numeric`.
    #[arg(replace, computed)]
    pub number: Option<bool>,
    /// Whether there may be digits; true, where neither it nor `number` is given.
    #[arg(replace, computed)]
    pub numeric: Option<bool>,
    /// The special characters, in place of `!@#$%&*()-_=+[]{}<>:?`.
    #[arg(replace)]
    pub override_special: Option<String>,
    /// Whether there may be special characters.
    #[arg(replace, default = true)]
    pub special: bool,
    /// Whether there may be upper-case letters.
    #[arg(replace, default = true)]
    pub upper: bool,
}

/// The text and its hash.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RandomPasswordOutputs {
    /// Always `none`: the text is a secret.
    pub id: String,
    /// The bcrypt hash of the text.
    #[arg(secret)]
    pub bcrypt_hash: String,
    /// The text.
    #[arg(secret)]
    pub result: String,
}

impl Kept for RandomPassword {
    const TYPE: &'static str = "random_password";
    type Args = RandomPasswordArgs;
    type Outputs = RandomPasswordOutputs;

    fn check(args: &RandomPasswordArgs) -> Result<()> {
        rules(args).check(Self::TYPE)
    }

    fn make(args: &RandomPasswordArgs, moment: &Moment) -> Result<Record<Self>> {
        let mut generator = generator(moment);
        let result = rules(args).text(&mut generator);
        let mut salt = [0; 16];
        rand::Rng::fill_bytes(&mut generator, &mut salt);
        made(result, salt, args.clone())
    }

    /// From the text itself.
    fn import(id: &str, moment: &Moment) -> Result<Record<Self>> {
        let mut salt = [0; 16];
        rand::Rng::fill_bytes(&mut generator(moment), &mut salt);
        made(id.to_owned(), salt, imported(id))
    }

    fn foresee(args: &Value) -> Option<Value> {
        text::numeric(args)
    }
}

fn made(result: String, salt: [u8; 16], args: RandomPasswordArgs) -> Result<Record<RandomPassword>> {
    let hash = bcrypt::hash_with_salt(&result, COST, salt)
        .map_err(|_| CloudError::bug("bcrypt refuses its default cost"))?;
    let (id, bcrypt_hash) = ("none".to_owned(), hash.format_for_version(Version::TwoA));
    Ok(Record { id: id.clone(), args, outputs: RandomPasswordOutputs { id, bcrypt_hash, result } })
}

fn rules(args: &RandomPasswordArgs) -> Rules<'_> {
    Rules {
        length: args.length,
        upper: (args.upper, args.min_upper),
        lower: (args.lower, args.min_lower),
        numeric: (args.numeric, args.min_numeric),
        number: args.number,
        special: (args.special, args.min_special),
        override_special: args.override_special.as_deref(),
    }
}

/// The arguments that the provider's import gives a text: all defaults.
fn imported(text: &str) -> RandomPasswordArgs {
    RandomPasswordArgs {
        keepers: None,
        length: i64::try_from(text.len()).unwrap_or_default(),
        lower: true,
        min_lower: 0,
        min_numeric: 0,
        min_special: 0,
        min_upper: 0,
        number: Some(true),
        numeric: Some(true),
        override_special: None,
        special: true,
        upper: true,
    }
}
