//! Mutated input for everything of stackr that reads what others wrote: sources, state, journals, addresses, documents.
//!
//! # Expected flow
//! [`targets`] gives what is tried, each with a corpus made from this repository's own files. Execution `n` of a target
//! under a seed is always the same: [`input`] makes it, [`Target::run`] executes it. `cargo fuzz` (see `src/main.rs`)
//! runs as many as are asked for; `tests/short.rs` runs some thousand and all kept crashers with every `cargo test`.
//!
//! # Guarantees
//! A target panics only on what is wrong: a panic of what it tries, or a property that does not hold.

mod corpus;
mod json;
mod mutate;
mod random;
mod runner;
mod targets;

pub use json::mutate as change_json;
pub use mutate::{EXTREMES, input};
pub use random::Random;
pub use runner::{Found, LIMIT, Progress, execute};
pub use targets::{Target, targets};
