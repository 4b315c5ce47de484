//! `random_shuffle`: the elements of a list in random order.

use rand::seq::SliceRandom as _;
use stackr_core::{Args, Kept, Moment, Outputs, Record, Result};

use super::{Keepers, between, seeded};

/// A list in random order.
pub struct RandomShuffle;

/// The elements of a list in random order.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RandomShuffleArgs {
    /// The list.
    #[arg(replace, required)]
    pub input: Vec<String>,
    /// Values that, when one changes, make another object.
    #[arg(replace)]
    pub keepers: Option<Keepers>,
    /// How many elements to give; all, where it is absent or 0. Beyond all of them they come again, in another order.
    #[arg(replace)]
    pub result_count: Option<i64>,
    /// A text for which the order of a list is always the same.
    #[arg(replace)]
    pub seed: Option<String>,
}

/// The order.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RandomShuffleOutputs {
    /// Always `-`.
    pub id: String,
    /// The elements.
    pub result: Vec<String>,
}

impl Kept for RandomShuffle {
    const TYPE: &'static str = "random_shuffle";
    type Args = RandomShuffleArgs;
    type Outputs = RandomShuffleOutputs;

    fn check(args: &RandomShuffleArgs) -> Result<()> {
        between(Self::TYPE, "result_count", args.result_count.unwrap_or_default(), 0)
    }

    fn make(args: &RandomShuffleArgs, moment: &Moment) -> Result<Record<Self>> {
        let all = args.input.len();
        let wanted =
            args.result_count.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(all);
        let mut generator = seeded(args.seed.as_deref(), moment);
        let mut result = Vec::new();
        while result.len() < wanted && all > 0 {
            let mut round = args.input.clone();
            round.shuffle(&mut generator);
            round.truncate(wanted - result.len());
            result.append(&mut round);
        }
        let id = "-".to_owned();
        Ok(Record { id: id.clone(), args: args.clone(), outputs: RandomShuffleOutputs { id, result } })
    }
}
