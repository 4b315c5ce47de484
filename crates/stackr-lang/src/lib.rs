//! The Terraform-language front end: parses, checks and evaluates `.tf` sources, without any I/O.
//!
//! [`load`] reads a directory through a [`Loader`] and gives a [`Stack`], which the planner asks as a
//! [`stackr_core::Declaration`]. Every error has a place in a file that [`Sources`] has the text of.

mod arena;
mod arguments;
mod checks;
mod config;
mod console;
mod eval;
mod functions;
mod graph;
mod imports;
mod inputs;
mod instances;
mod level;
mod loader;
mod place;
mod provider;
mod references;
mod session;
mod show;
mod sources;
mod stack;
mod syntax;
mod timeouts;
mod tree;
mod triggers;
mod visit;

pub use config::Backend;
pub use console::{Answer, answer, console_sources, evaluate_expression, is_unfinished};
pub use inputs::{CliVar, Inputs};
pub use level::LANGUAGE;
pub use loader::{LoadError, Loader, MemoryLoader, join};
pub use show::show;
pub use sources::{Sources, load_backend};
pub use stack::{Rejected, Stack, load, load_nothing};
