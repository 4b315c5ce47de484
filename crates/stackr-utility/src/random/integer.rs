//! `random_integer`: a random whole number from a range.
//!
//! A `seed` gives the same number every time here, and another than in Terraform: its generator is Go's own.

use rand::RngExt as _;
use stackr_core::{Args, CloudError, Kept, Moment, Outputs, Record, Result};

use super::{Keepers, seeded};

/// A random whole number.
pub struct RandomInteger;

/// A random whole number from a range.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RandomIntegerArgs {
    /// Values that, when one changes, make another object.
    #[arg(replace)]
    pub keepers: Option<Keepers>,
    /// The greatest that it may be.
    #[arg(replace)]
    pub max: i64,
    /// The least that it may be.
    #[arg(replace)]
    pub min: i64,
    /// A text for which the number is always the same.
    #[arg(replace)]
    pub seed: Option<String>,
}

/// The number.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RandomIntegerOutputs {
    /// The number as text.
    pub id: String,
    /// The number.
    pub result: i64,
}

impl Kept for RandomInteger {
    const TYPE: &'static str = "random_integer";
    type Args = RandomIntegerArgs;
    type Outputs = RandomIntegerOutputs;

    fn check(args: &RandomIntegerArgs) -> Result<()> {
        if args.min <= args.max {
            return Ok(());
        }
        let message = format!("min ({}) must not be greater than max ({})", args.min, args.max);
        Err(CloudError::invalid(Self::TYPE, message))
    }

    fn make(args: &RandomIntegerArgs, moment: &Moment) -> Result<Record<Self>> {
        let result = seeded(args.seed.as_deref(), moment).random_range(args.min..=args.max);
        Ok(made(result, args.clone()))
    }

    /// From `result,min,max` or `result,min,max,seed`.
    fn import(id: &str, _: &Moment) -> Result<Record<Self>> {
        let wrong =
            || CloudError::invalid(Self::TYPE, "the id must be result,min,max or result,min,max,seed");
        let parts: Vec<&str> = id.split(',').collect();
        let ([result, min, max] | [result, min, max, _]) = parts[..] else { return Err(wrong()) };
        let number = |text: &str| text.parse::<i64>().map_err(|_| wrong());
        let (result, min, max) = (number(result)?, number(min)?, number(max)?);
        let seed = parts.get(3).map(|seed| (*seed).to_owned());
        Ok(made(result, RandomIntegerArgs { keepers: None, max, min, seed }))
    }
}

fn made(result: i64, args: RandomIntegerArgs) -> Record<RandomInteger> {
    let id = result.to_string();
    Record { id: id.clone(), args, outputs: RandomIntegerOutputs { id, result } }
}
