//! A process that may not be our child: what it is, and how it is ended.

use std::{
    fs,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpid};

use crate::{Error, Result};

/// How long a process has to end by itself. moto has nothing to save.
const PATIENCE: Duration = Duration::from_secs(3);

const POLL: Duration = Duration::from_millis(20);

/// The arguments of a process, separated by spaces; nothing if it is gone, or has ended and nobody has asked how.
pub(crate) fn command_line(pid: u32) -> Option<String> {
    reap(pid);
    if Path::new("/proc/self/cmdline").exists() {
        let raw = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let line = String::from_utf8_lossy(&raw).replace('\0', " ").trim().to_owned();
        return (!line.is_empty()).then_some(line);
    }
    let answer =
        Command::new("ps").args(["-ww", "-o", "command=", "-p"]).arg(pid.to_string()).output().ok()?;
    let line = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    (!line.is_empty()).then_some(line)
}

/// Ends a process, and what it has started, with words and then with force. `is_it` guards against a number that
/// by now belongs to another process.
pub(crate) fn end(pid: u32, is_it: impl Fn(&str) -> bool) -> Result<()> {
    end_within(pid, PATIENCE, is_it)
}

fn end_within(pid: u32, patience: Duration, is_it: impl Fn(&str) -> bool) -> Result<()> {
    let alive = || command_line(pid).is_some_and(|line| is_it(&line));
    for signal in [Signal::TERM, Signal::KILL] {
        let asked = Instant::now();
        while alive() {
            if asked.elapsed() > patience {
                break;
            }
            // A group that is gone is what is wanted.
            let _gone = id(pid).map(|group| kill_process_group(group, signal));
            thread::sleep(POLL);
        }
    }
    if alive() { Err(Error::Immortal { pid }) } else { Ok(()) }
}

/// Collects the exit status of a child, which otherwise stays in the process table; not a child is fine.
fn reap(pid: u32) {
    let _status = id(pid).map(|pid| waitpid(Some(pid), WaitOptions::NOHANG));
}

fn id(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read as _,
        os::unix::process::CommandExt as _,
        process::{Child, Stdio},
    };

    use super::*;

    /// Runs shell commands, the first of which prints a byte; by then its arguments are in place.
    fn shell(commands: &str) -> Child {
        let mut command = Command::new("sh");
        command.args(["-c", commands]).process_group(0).stdout(Stdio::piped());
        let mut child = command.spawn().expect("sh runs");
        let mut ready = [0];
        child.stdout.take().expect("a pipe").read_exact(&mut ready).expect("a byte");
        child
    }

    #[test]
    fn a_process_is_known_by_its_arguments_until_it_ends() {
        let mut child = shell("printf .; sleep 30; true unique");
        assert!(command_line(child.id()).is_some_and(|line| line.ends_with("unique")));
        end(child.id(), |line| line.ends_with("unique")).expect("it ends");
        assert_eq!(command_line(child.id()), None);
        assert!(child.try_wait().is_err(), "its exit status is collected already");
    }

    #[test]
    fn a_process_that_ignores_words_is_ended_by_force() {
        let mut child = shell("trap '' TERM; printf .; while :; do sleep 0.1; done");
        let briefly = Duration::from_millis(300);
        end_within(child.id(), briefly, |line| line.contains("trap")).expect("it ends");
        assert_eq!(command_line(child.id()), None);
        assert!(child.try_wait().is_err(), "its exit status is collected already");
    }

    #[test]
    fn a_process_that_is_not_the_one_meant_is_left_alone() {
        let mut child = shell("printf .; exec sleep 30");
        end(child.id(), |line| line.contains("moto")).expect("nothing to end");
        assert!(child.try_wait().expect("a child of ours").is_none());
        child.kill().expect("it ends");
        child.wait().expect("it ended");
    }

    #[test]
    fn no_process_has_no_arguments() {
        assert_eq!(command_line(u32::MAX), None);
        assert_eq!(command_line(0), None);
    }
}
