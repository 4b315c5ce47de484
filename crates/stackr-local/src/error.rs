//! What can go wrong with the emulator, by what the person at the keyboard can do about it.

use std::{error::Error as StdError, io, path::PathBuf};

/// The result of a call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the emulator could not be installed, started or reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such Python.
    #[error("no Python: {} cannot be run", python.display())]
    PythonMissing {
        /// What was tried.
        python: PathBuf,
        /// Why it did not run.
        source: io::Error,
    },
    /// It runs, but does not answer as Python does.
    #[error("{} is not a working Python: {output}", python.display())]
    PythonBroken {
        /// What was tried.
        python: PathBuf,
        /// What it said instead.
        output: String,
    },
    /// This Python is too old for moto.
    #[error("Python {version} is too old for the local AWS, which needs 3.10 or later ({})", python.display())]
    PythonTooOld {
        /// What was tried.
        python: PathBuf,
        /// Its version.
        version: String,
    },
    /// This Python has neither a working `venv` nor `pip`.
    #[error("{} can install nothing: it has neither a working venv nor pip", python.display())]
    NoInstaller {
        /// What was tried.
        python: PathBuf,
        /// What `python -m venv` said.
        output: String,
    },
    /// `pip` failed.
    #[error("installing moto failed: {output}")]
    Install {
        /// The end of what pip said.
        output: String,
        /// All of what it said.
        log: PathBuf,
    },
    /// The emulator ended, or did not come up in time.
    #[error("the local AWS did not start: {reason}")]
    Start {
        /// What happened, with the end of what the emulator said.
        reason: String,
    },
    /// Nothing runs, so there is nothing to reset.
    #[error("no local AWS is running")]
    NotRunning,
    /// The process is there but does not answer.
    #[error("the local AWS (process {pid}, port {port}) does not answer")]
    Unresponsive {
        /// The process.
        pid: u32,
        /// The port it should answer on.
        port: u16,
    },
    /// The emulator does not end.
    #[error("process {pid} of the local AWS does not end")]
    Immortal {
        /// The process.
        pid: u32,
    },
    /// A call to the emulator failed.
    #[error("{url} failed")]
    Call {
        /// What was called.
        url: String,
        /// Why it failed.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A file or directory of the cache could not be used.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried: `read`, `write`.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl Error {
    /// What the person at the keyboard can do about it, if this crate knows.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::PythonMissing { .. } | Self::PythonBroken { .. } | Self::PythonTooOld { .. } => Some(
                "install Python 3.10 or later, or name one that is not `python3` on the search path"
                    .to_owned(),
            ),
            Self::NoInstaller { .. } => Some(
                "install one of them: `apt install python3-venv` or `apt install python3-pip` on Debian"
                    .to_owned(),
            ),
            Self::Install { log, .. } => Some(format!(
                "moto comes from PyPI: see that this machine reaches it (or PIP_INDEX_URL names a mirror), then run \
                 again; all that pip said is in {}",
                log.display()
            )),
            Self::NotRunning => Some("start it with `stackr local start`".to_owned()),
            Self::Unresponsive { .. } => {
                Some("stop it with `stackr local stop`; `stackr local start` replaces it".to_owned())
            }
            Self::Immortal { pid } => Some(format!("end it yourself: kill -9 {pid}")),
            Self::Start { .. } | Self::Call { .. } | Self::File { .. } => None,
        }
    }
}
