//! `random_string`: random text that is no secret.

use stackr_core::{Args, Kept, Moment, Outputs, Record, Result, Value};

use super::{
    Keepers, generator,
    text::{self, Rules},
};

/// Random text that is no secret.
pub struct RandomString;

/// Random text that is no secret.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RandomStringArgs {
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

/// The text.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RandomStringOutputs {
    /// The text.
    pub id: String,
    /// The text.
    pub result: String,
}

impl Kept for RandomString {
    const TYPE: &'static str = "random_string";
    type Args = RandomStringArgs;
    type Outputs = RandomStringOutputs;

    fn check(args: &RandomStringArgs) -> Result<()> {
        rules(args).check(Self::TYPE)
    }

    fn make(args: &RandomStringArgs, moment: &Moment) -> Result<Record<Self>> {
        Ok(made(rules(args).text(&mut generator(moment)), args.clone()))
    }

    /// From the text itself.
    fn import(id: &str, _: &Moment) -> Result<Record<Self>> {
        Ok(made(id.to_owned(), imported(id)))
    }

    fn foresee(args: &Value) -> Option<Value> {
        text::numeric(args)
    }
}

fn made(result: String, args: RandomStringArgs) -> Record<RandomString> {
    Record { id: result.clone(), args, outputs: RandomStringOutputs { id: result.clone(), result } }
}

fn rules(args: &RandomStringArgs) -> Rules<'_> {
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
fn imported(text: &str) -> RandomStringArgs {
    RandomStringArgs {
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
