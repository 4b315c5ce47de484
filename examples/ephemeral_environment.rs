//! A tool that makes an environment from a directory of `.tf` files and removes it again: one per pull request, say.
//!
//! ```text
//! ephemeral_environment make pr-42 examples/ephemeral --state DIRECTORY
//! ephemeral_environment remove pr-42 --state DIRECTORY
//! ```
//!
//! The stack has a variable `name`. Removing needs no sources: what was made, and where, is in the state. It is a
//! program, so it reads the environment, prints and has an exit code; the library that it uses does none of that.

#![expect(clippy::print_stdout, reason = "this is a command")]

use std::{error::Error, fs, path::Path, process::ExitCode, sync::Arc};

use aws_config::BehaviorVersion;
use stackr::{
    CliVar, Declaration, Deployment, Diagnostics, Inputs, Interrupt, Loader, Local, MemoryLoader, Options,
    RateLimiter, StackName, load,
};
use stackr_examples::{clouds, progress::Timeline};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        ["make", name, directory, "--state", state] => {
            let declared = declared(name, Path::new(directory))?;
            run(name, Some(declared), Path::new(state)).await
        }
        ["remove", name, "--state", state] => run(name, None, Path::new(state)).await,
        _ => Err("usage: ephemeral_environment make NAME DIRECTORY --state DIRECTORY, or remove NAME --state DIRECTORY".into()),
    }
}

/// Reads the stack for the environment of this name.
fn declared(name: &str, directory: &Path) -> Result<Arc<dyn Declaration>> {
    let mut files = MemoryLoader::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "tf") {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            files.insert(&file, fs::read(&path)?);
        }
    }
    let files: Arc<dyn Loader> = Arc::new(files);
    let inputs = Inputs {
        workspace: name.to_owned(),
        cli: vec![CliVar::Var("name".to_owned(), name.to_owned())],
        ..Inputs::default()
    };
    let stack = load(&files, ".", &inputs).map_err(Diagnostics::from)?;
    Ok(Arc::new(stack))
}

/// Makes what is declared, or removes everything.
async fn run(name: &str, declared: Option<Arc<dyn Declaration>>, state: &Path) -> Result<ExitCode> {
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let clouds = clouds(config, Arc::new(RateLimiter::published()));
    let stack = StackName::new(name, "ephemeral");
    let store = Arc::new(Local::directory(state, &stack)?);
    let remove = declared.is_none();
    let deployment = Deployment::new(stack, declared, clouds, store);

    // Ctrl-C starts nothing new; a second one does not wait for what runs.
    let interrupt = Interrupt::new();
    let signals = interrupt.clone();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            signals.raise_once();
        }
    });

    let mut timeline = Timeline::default();
    let options = Options { destroy: remove, ..Options::default() };
    let observe = |event: &_| timeline.observe(event);
    let applied = match remove {
        false => deployment.apply(&options, &interrupt, observe).await?,
        true => deployment.destroy(&options, &interrupt, observe).await?,
    };
    print!("{timeline}");
    for (output, value) in &applied.state.outputs {
        println!("{output} = {}", value.value().to_json());
    }
    for failure in &applied.summary.failed {
        println!("{}: {}", failure.step.address, failure.error.message);
    }
    Ok(if applied.summary.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
