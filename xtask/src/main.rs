//! Chores of this repository, run by cargo: `cargo demo`, `cargo ci`, and the scaffold of a resource file.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people, with no other output")]
#![expect(clippy::disallowed_methods, reason = "a command reads its environment")]

mod demo;
mod repository;
mod resource;

use std::{
    env,
    process::{Command, ExitCode},
};

use crate::repository::Repository;

const USAGE: &str = "\
usage:
  cargo demo                                                the reference system on a local AWS
  cargo ci                                                  everything that .ci/run checks
  cargo run -p xtask -- new-resource SERVICE NAME [TYPE]    a new resource file; TYPE is aws_NAME if absent";

/// What ends a chore early: what went wrong, and what to do about it.
type Result<T = ()> = std::result::Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = Repository::find().and_then(|repository| match *words {
        ["demo"] => demo::run(&repository),
        ["ci"] => ci(&repository),
        ["new-resource", service, name] => resource::scaffold(&repository, service, name, None),
        ["new-resource", service, name, ty] => resource::scaffold(&repository, service, name, Some(ty)),
        _ => Err(USAGE.to_owned()),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn ci(repository: &Repository) -> Result {
    let status = Command::new(repository.root.join(".ci/run")).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("the checks failed".to_owned()),
        Err(error) => Err(format!("cannot start .ci/run: {error}")),
    }
}
