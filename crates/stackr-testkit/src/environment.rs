//! The environment of a test of the command.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use stackr_local::Emulator;
use tempfile::TempDir;

use crate::{local, redact::redact};

/// A project directory, a home and an environment of a test's own. Gone when it is dropped, with what runs in it.
pub struct TestEnvironment {
    stackr: PathBuf,
    tmp: PathBuf,
    root: TempDir,
    variables: Vec<(String, String)>,
}

/// Gives a command without an environment the search path of the test.
#[expect(clippy::disallowed_methods, reason = "the search path is the only thing that passes through")]
pub(crate) fn pass_search_path(command: &mut Command) {
    if let Some(path) = env::var_os("PATH") {
        command.env("PATH", path);
    }
}

/// What a run of the command gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its results.
    pub stdout: String,
    /// Its progress and errors.
    pub stderr: String,
    /// Its exit code; −1 if it was killed.
    pub code: i32,
}

impl TestEnvironment {
    /// An empty project, without any AWS. `stackr` is the command, `tmp` is `env!("CARGO_TARGET_TMPDIR")`.
    ///
    /// # Panics
    /// If there is no room for it.
    #[must_use]
    pub fn new(stackr: impl Into<PathBuf>, tmp: impl Into<PathBuf>) -> Self {
        let root = tempfile::tempdir().expect("a directory");
        for directory in ["project", "home", "cache"] {
            fs::create_dir(root.path().join(directory)).expect("a directory");
        }
        Self { stackr: stackr.into(), tmp: tmp.into(), root, variables: Vec::new() }
    }

    /// Directs AWS calls to an emulator.
    #[must_use]
    pub fn with_aws(self, emulator: &Emulator) -> Self {
        emulator.environment().into_iter().fold(self, |env, (name, value)| env.with(name, value))
    }

    /// Makes `--local` and `stackr local` work: the installation that all tests share, an emulator of this one's.
    ///
    /// # Panics
    /// If the emulator cannot be installed.
    #[must_use]
    pub fn with_local_aws(self) -> Self {
        local::share_installation(&self.tmp, &self.cache());
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// The project directory.
    #[must_use]
    pub fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    /// Where something is in the project directory.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.project().join(path)
    }

    /// Writes a file of the project: `write("stacks/base/main.tf", "…")`.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it is in the project")).expect("a directory");
        fs::write(&path, text).expect("a file");
        self
    }

    /// Reads a file of the project.
    ///
    /// # Panics
    /// If it is not there.
    #[must_use]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// Copies a file or a directory into the project, under its own name.
    ///
    /// # Panics
    /// If it cannot be copied.
    pub fn copy(&self, from: impl AsRef<Path>) -> &Self {
        let from = from.as_ref();
        copy(from, &self.project().join(from.file_name().expect("it has a name")));
        self
    }

    /// Runs the command in the project directory. There is no terminal.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn stackr<const N: usize>(&self, arguments: [&str; N]) -> Output {
        let output = self.command(arguments).output().expect("stackr starts");
        Output {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// Runs the command, which has to end with this exit code.
    ///
    /// # Panics
    /// If it ends with another, with all that it said.
    #[must_use]
    pub fn expect<const N: usize>(&self, code: i32, arguments: [&str; N]) -> Output {
        let output = self.stackr(arguments);
        assert_eq!(output.code, code, "stackr {}\n{}", arguments.join(" "), self.redacted(&output));
        output
    }

    /// The command, to be started in another way: to be killed, say.
    #[must_use]
    pub fn command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new(&self.stackr);
        command
            .args(arguments)
            .current_dir(self.project())
            .env_clear()
            .env("HOME", self.root.path().join("home"))
            .env("XDG_CACHE_HOME", self.root.path().join("cache"))
            .env("USER", "tester")
            .env("HOSTNAME", "test")
            .env("COLUMNS", "100")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null());
        // What Python is, the emulator and `stackr local` find by the path.
        pass_search_path(&mut command);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// All of an output as text for a snapshot, without what differs from run to run.
    #[must_use]
    pub fn redacted(&self, output: &Output) -> String {
        let Output { stdout, stderr, code } = output;
        let text = format!("exit {code}\n--- stdout\n{stdout}--- stderr\n{stderr}");
        redact(&self.without_root(&text))
    }

    /// Names the directory of the test by a word: it is another every time.
    fn without_root(&self, text: &str) -> String {
        let canonical = self.root.path().canonicalize().unwrap_or_else(|_| self.root.path().to_owned());
        [canonical.as_path(), self.root.path()]
            .into_iter()
            .fold(text.to_owned(), |text, path| text.replace(&*path.to_string_lossy(), "[ROOT]"))
    }

    fn cache(&self) -> PathBuf {
        self.root.path().join("cache/stackr/local")
    }
}

impl Drop for TestEnvironment {
    fn drop(&mut self) {
        if self.cache().join("local.json").exists() {
            // One that a test has stopped or killed itself is as good.
            let _stopped = self.command(["local", "stop"]).output();
        }
    }
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
        return;
    }
    fs::create_dir_all(to).expect("a directory");
    let entries = fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
    for entry in entries.map(|entry| entry.expect("a directory can be listed")) {
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `env` in the place of the command: it prints what it is run in.
    fn environment() -> TestEnvironment {
        TestEnvironment::new("env", "unused")
    }

    #[test]
    fn nothing_of_the_callers_environment_gets_through_but_the_path() {
        let env = environment().with("AWS_REGION", "eu-central-1");
        let output = env.expect(0, []);
        let mut names: Vec<_> =
            output.stdout.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        names.sort_unstable();
        let expect = [
            "AWS_EC2_METADATA_DISABLED",
            "AWS_REGION",
            "COLUMNS",
            "HOME",
            "HOSTNAME",
            "PATH",
            "USER",
            "XDG_CACHE_HOME",
        ];
        assert_eq!(names, expect);
        assert!(env.redacted(&output).contains("HOME=[ROOT]/home"));
    }

    #[test]
    fn the_command_runs_in_the_project() {
        let (env, other) = (environment(), environment());
        other.write("stacks/base/main.tf", "locals {}\n");
        assert_eq!(env.copy(other.path("stacks")).read("stacks/base/main.tf"), "locals {}\n");
        let output = env.expect(0, ["ls", "stacks/base"]);
        assert_eq!(env.redacted(&output), "exit 0\n--- stdout\nmain.tf\n--- stderr\n");
        assert_eq!(env.stackr(["sh", "-c", "exit 6"]).code, 6);
    }
}
