//! What a stack's state says.

use std::fs;

use stackr_testkit::TestEnvironment;

/// The state of a stack, byte for byte.
pub(crate) fn state(env: &TestEnvironment, stack: &str) -> Vec<u8> {
    fs::read(env.path(&format!("state/default/{stack}/state.json"))).expect("there is state")
}
