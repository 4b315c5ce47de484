//! What the tests of the command share: one emulator per test binary, and stacks small enough to be written out.

use std::sync::OnceLock;

use stackr_local::{Emulator, Options};
use stackr_testkit::TestEnvironment;

/// The emulator of this test binary. Tests keep apart by their regions.
pub(crate) fn emulator() -> &'static Emulator {
    static EMULATOR: OnceLock<Emulator> = OnceLock::new();
    EMULATOR.get_or_init(|| stackr_testkit::emulator(env!("CARGO_TARGET_TMPDIR"), Options::default()))
}

/// A project whose AWS is the emulator, in this region.
pub(crate) fn project(region: &str) -> TestEnvironment {
    stackr_testkit::environment!().with_aws(emulator()).with("AWS_REGION", region)
}

/// Runs a command that has to succeed.
pub(crate) fn done<const N: usize>(env: &TestEnvironment, arguments: [&str; N]) {
    drop(env.expect(0, arguments));
}
