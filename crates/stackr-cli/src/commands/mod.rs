//! One file per command, or per few that belong together.

mod adopt;
mod console;
mod explain;
mod inspect;
mod local;
mod run;
mod state;

use crate::{
    args::{Cli, Command},
    error::Failure,
    exit::Exit,
    output::Output,
    world::World,
};

/// The version of the AWS provider whose types stackr's follow.
const AWS_PROVIDER: &str = "5.100";

/// Does what the command line says.
pub(crate) async fn run(cli: Cli, out: Output) -> Result<Exit, Failure> {
    let Cli { command, global } = cli;
    match command {
        Command::Version => {
            let version = env!("CARGO_PKG_VERSION");
            let language = stackr_lang::LANGUAGE.map(|n| n.to_string()).join(".");
            if out.json {
                out.json(&serde_json::json!({
                    "version": version,
                    "language": language,
                    "aws_provider": AWS_PROVIDER,
                }));
            } else {
                out.result(&format!("stackr {version}\n"));
                out.result(&format!("speaks the language of Terraform {language}, and types of AWS as its provider {AWS_PROVIDER} has them\n"));
            }
            Ok(Exit::Done)
        }
        Command::Explain { ty, data } => explain::explain(ty.as_deref(), data, &out),
        Command::Local { command } => local::local(command, &out),
        command => {
            let world = World::open(global, out)?;
            match command {
                Command::Plan { scope, destroy, replace, detailed_exitcode, program } => {
                    run::plan(&world, &scope, destroy, replace, detailed_exitcode, program).await
                }
                Command::Apply { scope, replace, until, run } => {
                    run::apply(&world, &scope, replace, (&run, until)).await
                }
                Command::Destroy { scope, run } => run::destroy(&world, &scope, &run).await,
                Command::Validate { stacks, vars } => inspect::validate(&world, &stacks, &vars),
                Command::Console { stack, vars } => console::console(&world, stack.as_deref(), &vars).await,
                Command::Graph { stack, vars } => inspect::graph(&world, &stack, &vars),
                Command::Output { stack, name, vars } => {
                    inspect::output(&world, &stack, name.as_deref(), &vars).await
                }
                Command::Show { stack, address } => inspect::show(&world, &stack, address.as_deref()).await,
                Command::Import { stack, address, id, vars } => {
                    adopt::import(&world, &stack, (&address, id), vars).await
                }
                Command::Migrate { stack, from, dry_run, vars } => {
                    adopt::migrate(&world, &stack, (&from, dry_run), vars).await
                }
                Command::State { command } => state::state(&world, command).await,
                Command::Bootstrap { bucket, region } => state::bootstrap(&world, bucket, region).await,
                Command::Version | Command::Explain { .. } | Command::Local { .. } => Ok(Exit::Bug),
            }
        }
    }
}
