//! stackr
fn main() {}
