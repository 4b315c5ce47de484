//! What the tests of stackr run in; only tests depend on it.
//!
//! - [`TestEnvironment`] is a project directory of a test's own, in which it runs the command as a user would, with
//!   nothing of the environment that the test itself runs in;
//! - [`emulator`] is a local AWS of a test's own, from one installation per target directory;
//! - [`inventory`] is what is in it, in a form that two equal systems have in common;
//! - [`redact`] takes out of a text what differs from run to run;
//! - [`Terraform`] is the real one, with its AWS provider, and a [`Case`] is what both tools run;
//! - [`Proxy`] stands between a client and an emulator and does what networks and AWS do: counts, delays, throttles,
//!   fails, loses answers, hides what is new;
//! - [`slow`] is a model of how slow AWS is, in the proxy, and of the least that a program can take with it;
//! - [`sweep`] takes the reference system up and down while everything goes wrong in turn.
//!
//! The command `stackr-testkit` gives the proxy to any client.
//!
//! A helper that fails panics: the test has failed.

mod case;
mod counts;
mod document;
mod environment;
mod faults;
mod kinds;
mod local;
mod message;
mod protocol;
mod proxy;
mod published;
mod redact;
mod refusal;
pub mod slow;
pub mod sweep;
mod terraform;
mod young;

pub use case::{Case, Known, Settings};
pub use counts::Counts;
pub use environment::{Output, TestEnvironment};
pub use faults::{Faults, Limit, Limits, NotUnderstood};
pub use local::{emulator, forkable, inventory, inventory_with};
pub use protocol::Call;
pub use proxy::{Hook, Moment, Mutation, Proxy, ProxyOptions, Verdict};
pub use redact::redact;
pub use terraform::{Terraform, values};

/// The environment of a test of the command: `stackr_testkit::environment!()`.
///
/// Only in the package of the command, where cargo says where it is.
#[macro_export]
macro_rules! environment {
    () => {
        $crate::TestEnvironment::new(env!("CARGO_BIN_EXE_stackr"), env!("CARGO_TARGET_TMPDIR"))
    };
}
