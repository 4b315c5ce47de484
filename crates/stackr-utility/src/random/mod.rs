//! Random values: the types of the provider `hashicorp/random`.
//!
//! All of them draw from a ChaCha generator with the seed of their [`Moment`], by the methods of the `rand` crate, which
//! give every outcome the same chance.

mod bytes;
mod id;
mod integer;
mod password;
mod pet;
mod shuffle;
mod string;
mod text;
mod uuid;

use std::collections::BTreeMap;

use rand::{SeedableRng as _, rngs::ChaCha20Rng};
use sha2::{Digest as _, Sha256};
use stackr_core::{CloudError, Moment, Registry, Result};

pub use self::{
    bytes::{RandomBytes, RandomBytesArgs, RandomBytesOutputs},
    id::{RandomId, RandomIdArgs, RandomIdOutputs},
    integer::{RandomInteger, RandomIntegerArgs, RandomIntegerOutputs},
    password::{RandomPassword, RandomPasswordArgs, RandomPasswordOutputs},
    pet::{RandomPet, RandomPetArgs, RandomPetOutputs},
    shuffle::{RandomShuffle, RandomShuffleArgs, RandomShuffleOutputs},
    string::{RandomString, RandomStringArgs, RandomStringOutputs},
    uuid::{RandomUuid, RandomUuidArgs, RandomUuidOutputs},
};

/// Values that, when one changes, make another object.
pub type Keepers = BTreeMap<String, Option<String>>;

/// More than anybody needs, and less than harms the machine.
const LIMIT: i64 = 1 << 20;

pub(crate) fn register(registry: Registry) -> Registry {
    registry
        .with_kept::<RandomBytes>()
        .with_kept::<RandomId>()
        .with_kept::<RandomInteger>()
        .with_kept::<RandomPassword>()
        .with_kept::<RandomPet>()
        .with_kept::<RandomShuffle>()
        .with_kept::<RandomString>()
        .with_kept::<RandomUuid>()
}

/// The generator of a moment.
pub(crate) fn generator(moment: &Moment) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(moment.seed)
}

/// The generator of a text that somebody chose, so that the same text gives the same values; else of the moment.
fn seeded(seed: Option<&str>, moment: &Moment) -> ChaCha20Rng {
    match seed.filter(|seed| !seed.is_empty()) {
        Some(seed) => ChaCha20Rng::from_seed(Sha256::digest(seed.as_bytes()).into()),
        None => generator(moment),
    }
}

/// A random UUID.
pub(crate) fn uuid(moment: &Moment) -> String {
    let mut bytes = [0; 16];
    rand::Rng::fill_bytes(&mut generator(moment), &mut bytes);
    ::uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// So many random bytes.
fn random_bytes(length: i64, moment: &Moment) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    rand::Rng::fill_bytes(&mut generator(moment), &mut bytes);
    bytes
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|n| char::from_digit(n.into(), 16)).collect()
}

/// Refuses a number that is not between these.
fn between(ty: &str, name: &str, value: i64, least: i64) -> Result<()> {
    if (least..=LIMIT).contains(&value) {
        return Ok(());
    }
    Err(CloudError::invalid(ty, format!("{name} must be from {least} to {LIMIT}, not {value}")))
}

#[cfg(test)]
mod tests;
