//! The reference system in an AWS of its own, which can be copied as it is.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    sync::{Mutex, PoisonError},
};

use serde_json::Value;
use stackr_local::{Emulator, Options};

use super::Sweep;
use crate::{
    TestEnvironment,
    local::{self, inventory_script},
};

const REGION: &str = "us-west-2";
const BUCKET: &str = "reference-state";

/// A project and an emulator.
pub struct System {
    pub(super) emulator: Emulator,
    pub(super) env: TestEnvironment,
    state: String,
}

impl System {
    /// The stacks of the repository, and nothing in AWS but, if need be, the bucket of their state.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new(sweep: &Sweep) -> Self {
        let emulator = local::forkable(&sweep.tmp, Options::default());
        let env = TestEnvironment::new(&sweep.stackr, &sweep.tmp).with_aws(&emulator);
        for part in ["stacks", "env", "stackr.toml"] {
            env.copy(sweep.repository.join(part));
        }
        let state = if sweep.bucket { format!("s3://{BUCKET}/sweep") } else { "state".to_owned() };
        if sweep.bucket {
            drop(env.expect(0, ["bootstrap", BUCKET, "--region", REGION]));
        }
        Self { emulator, env, state }
    }

    /// Another one that is just like it.
    ///
    /// # Panics
    /// If it cannot be copied.
    #[must_use]
    pub fn copy(&self, sweep: &Sweep) -> Self {
        let emulator = self.emulator.fork().expect("the emulator is copied");
        let env = TestEnvironment::new(&sweep.stackr, &sweep.tmp).with_aws(&emulator);
        for entry in fs::read_dir(self.env.project()).expect("the project is there") {
            env.copy(entry.expect("a directory can be listed").path());
        }
        Self { emulator, env, state: self.state.clone() }
    }

    /// Replaces a part of a file, which has to be there.
    ///
    /// # Panics
    /// If it is not.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.env.read(path);
        assert!(text.contains(from), "{path} has no {from:?}");
        self.env.write(path, &text.replace(from, to));
    }

    /// The arguments of every run, before its own.
    pub(super) fn flags(&self) -> [&str; 4] {
        ["--env", "dev", "--state", &self.state]
    }
}

/// A process that tells what is in emulators, one after the other: most of its time is its start.
pub(super) struct Inventory(Mutex<Teller>);

struct Teller {
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Inventory {
    pub(super) fn new(emulator: &Emulator) -> Self {
        let mut python = emulator.python();
        python.arg(inventory_script()).args(["--each", "--region", REGION]);
        let mut process = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python runs");
        let ask = process.stdin.take().expect("it is a pipe");
        let answers = BufReader::new(process.stdout.take().expect("it is a pipe"));
        Self(Mutex::new(Teller { process, ask, answers }))
    }

    /// What is in an emulator.
    pub(super) fn of(&self, emulator: &Emulator) -> Value {
        let mut teller = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(teller.ask, "{}", emulator.endpoint()).expect("the inventory runs");
        let mut line = String::new();
        teller.answers.read_line(&mut line).expect("the inventory answers");
        serde_json::from_str(&line).expect("the inventory is JSON")
    }
}

impl Drop for Inventory {
    fn drop(&mut self) {
        let teller = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        // It may have ended by itself, which is as good.
        drop(teller.process.kill());
        drop(teller.process.wait());
    }
}
