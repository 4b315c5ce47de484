//! The emulator that goes: one per test, ended with it.

use std::{
    fs::{self, OpenOptions},
    process::{Child, Command},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{
    Config, Options, Result, endpoint, environment,
    files::{self, Named as _},
    http,
    install::Installation,
    launch::{Launched, Until, launch},
};

/// A private emulator on a port of its own, ended when this is dropped, or when the process ends in any way.
#[derive(Debug)]
pub struct Emulator {
    process: Process,
    port: u16,
    installation: Installation,
}

#[derive(Debug)]
enum Process {
    Child(Child),
    /// A child of another emulator, with this number.
    Copy(u32),
}

impl Emulator {
    /// Starts one, and installs moto into the cache directory first if it is not there.
    pub fn ephemeral(config: &Config, options: Options) -> Result<Self> {
        Self::start(config, options, Until::Eof)
    }

    /// Starts one that can be [copied](Self::fork).
    pub fn forkable(config: &Config, options: Options) -> Result<Self> {
        Self::start(config, options, Until::EofForkable)
    }

    fn start(config: &Config, options: Options, until: Until) -> Result<Self> {
        files::make_dir(&config.cache_dir)?;
        let cache = config.cache_dir.canonicalize().named("open", &config.cache_dir)?;
        let installation = Installation::ensure(config, &cache, &mut |_| ())?;

        // A log without a name: it is only read if the start fails, and goes with the last who has it open.
        static LOGS: AtomicU32 = AtomicU32::new(0);
        let number = LOGS.fetch_add(1, Ordering::Relaxed);
        let path = cache.join(format!("ephemeral-{}-{number}.log", std::process::id()));
        let log =
            OpenOptions::new().create(true).append(true).read(true).open(&path).named("write", &path)?;
        fs::remove_file(&path).named("remove", &path)?;

        let directory = Installation::directory(&cache);
        let Launched { child, port } = launch(&installation, &directory, options, until, &log)?;
        Ok(Self { process: Process::Child(child), port, installation })
    }

    /// Copies a [forkable](Self::forkable) one, or a copy, with all that is in it: in milliseconds, whatever that is.
    ///
    /// A copy ends when it is dropped, and at the latest when this process ends or drops the first of them.
    pub fn fork(&self) -> Result<Self> {
        let (port, pid) = http::fork(self.port)?;
        Ok(Self { process: Process::Copy(pid), port, installation: self.installation.clone() })
    }

    /// The port of 127.0.0.1 it answers on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        match &self.process {
            Process::Child(child) => child.id(),
            Process::Copy(pid) => *pid,
        }
    }

    /// The URL that it answers on.
    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// The variables that direct any AWS program to it.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        environment(self.port)
    }

    /// Makes it forget everything.
    pub fn reset(&self) -> Result<()> {
        http::reset(self.port)
    }

    /// A command that runs the emulator's own Python, which has boto3, for scripts that look at the emulator.
    pub fn python(&self) -> Command {
        let mut command = self.installation.python();
        command.envs(self.environment());
        command
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        match &mut self.process {
            Process::Child(child) => {
                let _ended = child.kill();
                let _status = child.wait();
            }
            Process::Copy(_) => {
                let _ended = http::end(self.port);
            }
        }
    }
}
