//! Project chores: `cargo demo` and friends.
fn main() {}
