//! One run of the command, which may be killed.

use std::{
    io::Read as _,
    process::{Child, ExitStatus},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::System;

/// Longer than any run takes, on a busy machine and under every fault.
const LIMIT: Duration = Duration::from_secs(600);

/// How often a process is asked whether it has ended.
const POLL: Duration = Duration::from_millis(5);

/// A process that can be ended from another thread.
#[derive(Clone, Debug, Default)]
pub(super) struct Victim(Arc<Mutex<Option<Child>>>);

impl Victim {
    /// SIGKILL.
    pub(super) fn kill(&self) {
        if let Some(child) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            // One that has ended by itself is not what is tested, and says so by its code.
            drop(child.kill());
        }
    }

    /// How it ended, if it has; it is ended if it is too late.
    fn ended(&self, late: bool) -> Option<ExitStatus> {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let child = child.as_mut().expect("it was started");
        if late {
            drop(child.kill());
        }
        child.try_wait().expect("it is our child")
    }
}

/// What a run gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code, none if it was killed.
    pub code: Option<i32>,
    /// All that it said.
    pub said: String,
    /// How long it took.
    pub took: Duration,
}

impl System {
    /// Runs the command against an endpoint.
    pub(super) fn run(&self, arguments: &[&str], endpoint: &str, victim: &Victim) -> Ran {
        // Not a file: on a full disk a run would seem to fail without a word.
        let (mut log, to) = std::io::pipe().expect("a pipe");
        let mut command = self.env.command(self.flags());
        command.args(arguments).env("AWS_ENDPOINT_URL", endpoint);
        command.stdout(to.try_clone().expect("a pipe")).stderr(to);
        let began = Instant::now();
        *victim.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(command.spawn().expect("stackr starts"));
        // With it goes our end of the pipe, so that it is read to its end.
        drop(command);
        let reader = thread::spawn(move || {
            let mut said = Vec::new();
            log.read_to_end(&mut said).map(|_| String::from_utf8_lossy(&said).into_owned())
        });
        let status = loop {
            if let Some(status) = victim.ended(began.elapsed() > LIMIT) {
                break status;
            }
            thread::sleep(POLL);
        };
        let took = began.elapsed();
        let said = reader.join().expect("it does not panic").expect("stackr can be heard");
        Ran { code: status.code(), said, took }
    }

    /// Runs it against the emulator itself, undisturbed.
    pub(super) fn undisturbed(&self, arguments: &[&str]) -> Ran {
        self.run(arguments, &self.emulator.endpoint(), &Victim::default())
    }
}
