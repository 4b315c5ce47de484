//! `cargo demo`: the reference system comes up on a local AWS, its runtime goes and comes again, its base stays.
//!
//! Facts that shape this file:
//! - the demo has a local AWS of its own, in the target directory: what the user keeps in his is not touched, and
//!   ours is empty at the start and stopped at the end, however the demo ends;
//! - the emulator is installed once per cache directory; an installation that the user has is used by a link.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{Repository, Result};

/// Runs the demo.
pub(crate) fn run(repository: &Repository) -> Result {
    let mut demo = Demo::new(repository);
    title("build");
    println!("The first build compiles the AWS SDK: minutes, and up to 8 GB of memory.");
    let began = Instant::now();
    demo.stackr = repository.build()?;
    demo.times.push(("build stackr".to_owned(), began.elapsed()));

    demo.prepare()?;
    let played = demo.play();
    let stopped = demo.stop();
    played.and(stopped)?;
    title("how long it took");
    for line in table(&demo.times) {
        println!("{line}");
    }
    Ok(())
}

struct Demo {
    root: PathBuf,
    stackr: PathBuf,
    /// The cache directory of the demo, and with it its emulator.
    cache: PathBuf,
    state: PathBuf,
    times: Vec<(String, Duration)>,
}

impl Demo {
    fn new(repository: &Repository) -> Self {
        let scratch = repository.scratch("demo");
        Self {
            root: repository.root.clone(),
            stackr: PathBuf::new(),
            cache: scratch.join("cache"),
            state: scratch.join("state"),
            times: Vec::new(),
        }
    }

    /// Makes the directories, empties the state, and links the installations of the emulator that there are.
    fn prepare(&self) -> Result {
        let local = self.cache.join("stackr/local");
        let failed = |e: std::io::Error| format!("cannot prepare {}: {e}", local.display());
        fs::create_dir_all(&local).map_err(failed)?;
        if self.state.exists() {
            fs::remove_dir_all(&self.state)
                .map_err(|e| format!("cannot empty {}: {e}", self.state.display()))?;
        }
        for installed in installations() {
            let link = installed.file_name().map(|name| local.join(name));
            if let Some(link) = link.filter(|link| fs::symlink_metadata(link).is_err()) {
                std::os::unix::fs::symlink(&installed, link).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Everything between a stopped emulator and one that may be stopped.
    fn play(&mut self) -> Result {
        // One that an interrupted demo left is not empty.
        self.quietly(["local", "stop"])?;
        self.step("start the local AWS", ["local", "start"])?;
        self.step("apply base", ["apply", "base", "-y"])?;
        self.step("apply runtime", ["apply", "runtime", "-y"])?;
        self.step("outputs of runtime", ["output", "runtime"])?;
        self.step("destroy runtime", ["destroy", "runtime", "-y"])?;
        // Exit code 2 would say that base has changed.
        self.step("base still stands: its plan is empty", ["plan", "base", "--detailed-exitcode"])?;
        self.step("apply runtime again", ["apply", "runtime", "-y"])?;
        self.step("destroy both", ["destroy", "all", "-y"])
    }

    fn stop(&self) -> Result {
        self.quietly(["local", "stop"])
    }

    fn step<const N: usize>(&mut self, title: &str, arguments: [&str; N]) -> Result {
        self::title(title);
        println!("$ stackr {}{}", if arguments[0] == "local" { "" } else { "--local " }, arguments.join(" "));
        let began = Instant::now();
        let status = self.command(arguments).status().map_err(|e| format!("cannot start stackr: {e}"))?;
        self.times.push((title.to_owned(), began.elapsed()));
        match status.code() {
            Some(0) => Ok(()),
            Some(code) => Err(format!("\nThe demo stops: `{title}` ended with exit code {code}.")),
            None => Err(format!("\nThe demo stops: `{title}` was killed.")),
        }
    }

    fn quietly<const N: usize>(&self, arguments: [&str; N]) -> Result {
        let output = self.command(arguments).stdout(Stdio::null()).output();
        let output = output.map_err(|e| format!("cannot start stackr: {e}"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// `stackr` with nothing of the user's own AWS, variables and settings.
    fn command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = Command::new(&self.stackr);
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(is_theirs) {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.root).env("XDG_CACHE_HOME", &self.cache).stdin(Stdio::null());
        if arguments[0] != "local" {
            command.args([OsStr::new("--local"), OsStr::new("--state"), self.state.as_os_str()]);
        }
        command.args(arguments);
        command
    }
}

fn title(title: &str) {
    println!("\n=== {title}");
}

/// Whether a variable would change what the demo does.
fn is_theirs(name: &str) -> bool {
    ["AWS_", "TF_", "STACKR_"].iter().any(|prefix| name.starts_with(prefix)) && name != "STACKR_PYTHON"
}

/// The complete installations of the emulator in the user's own cache directory.
fn installations() -> Vec<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    let entries = cache.and_then(|cache| fs::read_dir(cache.join("stackr/local")).ok());
    let directories = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    directories.filter(|directory| directory.join("complete.json").is_file()).collect()
}

fn table(times: &[(String, Duration)]) -> Vec<String> {
    let width = times.iter().map(|(step, _)| step.chars().count()).max().unwrap_or_default();
    let lines = times.iter().map(|(step, took)| format!("{step:<width$}  {:>8.1} s", took.as_secs_f64()));
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_per_step() {
        let times = [
            ("apply base".to_owned(), Duration::from_millis(1250)),
            ("go".to_owned(), Duration::from_secs(61)),
        ];
        assert_eq!(table(&times), ["apply base       1.2 s", "go              61.0 s"]);
    }

    #[test]
    fn the_users_own_settings_do_not_reach_the_demo() {
        assert!(is_theirs("AWS_ENDPOINT_URL_EC2") && is_theirs("TF_VAR_domain_name"));
        assert!(!is_theirs("PATH") && !is_theirs("STACKR_PYTHON"));
    }
}
