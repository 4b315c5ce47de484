//! The local AWS: moto, an emulator written in Python, installed and run for `stackr local` and for tests.
//!
//! Facts that shape this crate:
//! - moto is a Python program; it is installed from PyPI into a directory of its own, at a pinned version, and
//!   runs under a small program of ours: `serve.py` lets it take a free port itself, `corrections.py` puts right what
//!   is unlike AWS;
//! - an [`Emulator`] must not outlive the process that started it, even one that is killed with `kill -9`: its
//!   standard input is a pipe from that process, and it ends when the pipe does;
//! - a [`LocalCloud`] outlives the process that started it, but only once it is noted in a file; and a process id
//!   in a file may by now belong to somebody else.
//!
//! Linux and macOS only: processes are told apart and ended the Unix way.

mod cloud;
mod emulator;
mod error;
mod files;
mod http;
mod install;
mod launch;
mod process;

pub use cloud::{LocalCloud, Running};
pub use emulator::Emulator;
pub use error::{Error, Result};

use std::path::PathBuf;

/// The version of moto that is installed.
pub const MOTO_VERSION: &str = "5.2.5";

/// Where the emulator is kept, and what it is made with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Directory for the installation, the logs and the note of what runs. Made if it is not there.
    pub cache_dir: PathBuf,
    /// The Python to install moto with, 3.10 or later; `python3` on the search path if absent. An installation
    /// that is complete is used whatever this says.
    pub python: Option<PathBuf>,
}

/// How the emulator behaves where moto lets one choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Seconds until a certificate that waits for DNS validation is issued.
    pub acm_wait: u32,
    /// Tasks that a new ECS service says it runs, whatever it was asked for: with fewer than it was asked for it
    /// never becomes stable.
    pub ecs_running: u32,
}

impl Default for Options {
    /// Certificates after one second, and two tasks: what the reference stacks ask for.
    fn default() -> Self {
        Self { acm_wait: 1, ecs_running: 2 }
    }
}

/// The variables that direct any AWS program to the emulator on this port, `stackr` and `terraform` among them.
///
/// The region is not among them: every region is served.
pub fn environment(port: u16) -> [(&'static str, String); 4] {
    [
        ("AWS_ENDPOINT_URL", endpoint(port)),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
}

fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
