//! The command while things go wrong: secrets that must not show, stores that fail, signals, and two at once.

#[path = "../support/mod.rs"]
mod support;

mod secrets;
mod server;
mod signals;
mod store;
mod two;
