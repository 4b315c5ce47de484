//! What the tests of stackr run in; only tests depend on it.
//!
//! - [`TestEnvironment`] is a project directory of a test's own, in which it runs the command as a user would, with
//!   nothing of the environment that the test itself runs in;
//! - [`emulator`] is a local AWS of a test's own, from one installation per target directory;
//! - [`inventory`] is what is in it, in a form that two equal systems have in common;
//! - [`redact`] takes out of a text what differs from run to run.
//!
//! A helper that fails panics: the test has failed.

mod environment;
mod local;
mod redact;

pub use environment::{Output, TestEnvironment};
pub use local::{emulator, inventory};
pub use redact::redact;

/// The environment of a test of the command: `stackr_testkit::environment!()`.
///
/// Only in the package of the command, where cargo says where it is.
#[macro_export]
macro_rules! environment {
    () => {
        $crate::TestEnvironment::new(env!("CARGO_BIN_EXE_stackr"), env!("CARGO_TARGET_TMPDIR"))
    };
}
