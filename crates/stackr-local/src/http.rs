//! The calls that are made to the emulator itself, not to the AWS that it is.

use std::time::Duration;

use ureq::Agent;

use crate::{Error, Result, endpoint};

/// moto answers this in milliseconds, but while it works on something else nothing is answered at all.
const ANSWER: Duration = Duration::from_secs(5);

/// Making a new default VPC for every region in use takes its time on a busy machine.
const RESET: Duration = Duration::from_secs(60);

/// Whether moto answers on this port.
pub(crate) fn answers(port: u16) -> bool {
    let url = format!("{}/moto-api/config", endpoint(port));
    agent(ANSWER).get(&url).call().is_ok()
}

/// Makes moto forget everything.
pub(crate) fn reset(port: u16) -> Result<()> {
    let url = format!("{}/moto-api/reset", endpoint(port));
    match agent(RESET).post(&url).send_empty() {
        Ok(_) => Ok(()),
        Err(source) => Err(Error::Call { url, source: source.into() }),
    }
}

/// Makes a copy of the emulator, and says the copy's port and process.
pub(crate) fn fork(port: u16) -> Result<(u16, u32)> {
    let url = format!("{}/stackr-api/fork", endpoint(port));
    let answer =
        agent(RESET).post(&url).send_empty().and_then(|mut answer| answer.body_mut().read_to_string());
    let answer = answer.map_err(|source| Error::Call { url: url.clone(), source: source.into() })?;
    let numbers =
        answer.split_once(' ').and_then(|(port, pid)| Some((port.parse().ok()?, pid.parse().ok()?)));
    numbers
        .ok_or_else(|| Error::Call { url, source: format!("{answer:?} is not a port and a process").into() })
}

/// Ends a copy.
pub(crate) fn end(port: u16) -> Result<()> {
    let url = format!("{}/stackr-api/end", endpoint(port));
    match agent(ANSWER).post(&url).send_empty() {
        Ok(_) => Ok(()),
        Err(source) => Err(Error::Call { url, source: source.into() }),
    }
}

/// Never through a proxy: moto is on this machine.
fn agent(limit: Duration) -> Agent {
    Agent::config_builder().timeout_global(Some(limit)).proxy(None).build().into()
}
