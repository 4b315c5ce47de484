//! The command `stackr`: a client of the library. It parses, prints, asks and exits; it decides nothing.

#![expect(clippy::disallowed_methods, reason = "the command reads the environment")]

mod args;
mod commands;
mod dashes;
mod error;
mod exit;
mod loader;
mod output;
mod project;
mod render;
mod siblings;
mod world;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{args::Cli, error::Failure, exit::Exit, output::Output};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(mut error) => {
            dashes::explain(&mut error, std::env::args());
            let usage = error.use_stderr();
            drop(error.print());
            return code(if usage { Exit::Usage } else { Exit::Done });
        }
    };
    let out = Output::new(cli.global.json, cli.global.no_color || no_color());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(Box::pin(commands::run(cli, out.clone()))),
        Err(error) => Err(Failure::of(Exit::Error, "the program cannot start", &error)),
    };
    let result = result.and_then(|exit| match out.lost() {
        Some(failure) if exit == Exit::Done || exit == Exit::Changes => Err(failure),
        _ => Ok(exit),
    });
    match result {
        Ok(exit) => code(exit),
        Err(failure) => {
            out.stop_live();
            out.failure(&failure);
            code(failure.exit)
        }
    }
}

/// Whether the environment asks for no colours, as <https://no-color.org> has it.
fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(exit as u8)
}
