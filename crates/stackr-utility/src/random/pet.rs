//! `random_pet`: a name of random words, such as `wise-otter`.
//!
//! The words are those that the provider has, the small lists of Ubuntu's `petname`.

use petname::{Generator as _, lang::english::Petnames};
use stackr_core::{Args, Kept, Moment, Outputs, Record, Result};

use super::{Keepers, generator};

/// A name of random words.
pub struct RandomPet;

/// A name of random words, such as `wise-otter`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RandomPetArgs {
    /// Values that, when one changes, make another object.
    #[arg(replace)]
    pub keepers: Option<Keepers>,
    /// How many words: adverbs, then an adjective, then a noun.
    #[arg(replace, default = 2)]
    pub length: i64,
    /// What stands before the words, with a separator.
    #[arg(replace)]
    pub prefix: Option<String>,
    /// What stands between the words.
    #[arg(replace, default = "-")]
    pub separator: String,
}

/// The name.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RandomPetOutputs {
    /// The name.
    pub id: String,
}

impl Kept for RandomPet {
    const TYPE: &'static str = "random_pet";
    type Args = RandomPetArgs;
    type Outputs = RandomPetOutputs;

    fn check(args: &RandomPetArgs) -> Result<()> {
        match args.length {
            1..=255 => Ok(()),
            other => {
                let message = format!("length must be from 1 to 255 words, not {other}");
                Err(stackr_core::CloudError::invalid(Self::TYPE, message))
            }
        }
    }

    fn make(args: &RandomPetArgs, moment: &Moment) -> Result<Record<Self>> {
        let mut id = String::new();
        if let Some(prefix) = args.prefix.as_ref().filter(|prefix| !prefix.is_empty()) {
            id.push_str(prefix);
            id.push_str(&args.separator);
        }
        let words = u8::try_from(args.length).unwrap_or_default();
        Petnames::small().generate_into(&mut id, &mut generator(moment), words, &args.separator);
        Ok(Record { id: id.clone(), args: args.clone(), outputs: RandomPetOutputs { id } })
    }
}
