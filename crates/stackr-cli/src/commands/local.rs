//! `stackr local`: the local AWS emulator.

use crate::{
    args::LocalCommand,
    error::Failure,
    exit::Exit,
    output::Output,
    world::{local_cloud, local_failure},
};

pub(crate) fn local(command: LocalCommand, out: &Output) -> Result<Exit, Failure> {
    let cloud = local_cloud()?;
    let failed = |e: stackr_local::Error| local_failure(&e);
    let tell = |running: Option<stackr_local::Running>, word: &str| match running {
        Some(running) if out.json => out.json(&serde_json::json!({
            "status": word, "endpoint": running.endpoint(), "pid": running.pid, "version": running.version,
        })),
        Some(running) => out.result(&format!(
            "{word}: {} (moto {}, process {})\n",
            running.endpoint(),
            running.version,
            running.pid
        )),
        None if out.json => out.json(&serde_json::json!({ "status": "stopped" })),
        None => out.result("not running; `stackr local start` starts it\n"),
    };
    match command {
        LocalCommand::Start => {
            tell(Some(cloud.start(&mut |line| out.progress(line)).map_err(failed)?), "running")
        }
        LocalCommand::Status => tell(cloud.status().map_err(failed)?, "running"),
        LocalCommand::Stop => tell(cloud.stop().map_err(failed)?, "stopped"),
        LocalCommand::Reset => {
            cloud.reset().map_err(failed)?;
            tell(cloud.status().map_err(failed)?, "emptied");
        }
    }
    Ok(Exit::Done)
}
