//! Starting moto under `serve.py`, and knowing when it is there.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::{fs::FileExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::{
    Error, Options, Result, files,
    http::answers,
    install::{Installation, last_lines},
};

/// The program that serves moto, after what it imports.
const PROGRAMS: [(&str, &str); 2] =
    [("corrections.py", include_str!("corrections.py")), ("serve.py", include_str!("serve.py"))];

/// It takes under a second; a machine with a cold disk that compiles at the same time takes many.
const UP: Duration = Duration::from_secs(60);

/// How long the emulator lives. It is an argument of its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Until it is stopped, whatever becomes of us; but first it has to be told to [stay](Launched::stay).
    Stopped,
    /// Until the pipe that is its standard input ends.
    Eof,
    /// The same, and it can be copied.
    EofForkable,
}

impl Until {
    fn argument(self) -> &'static str {
        match self {
            Self::Stopped => "--until-stopped",
            Self::Eof => "--until-eof",
            Self::EofForkable => "--forkable",
        }
    }
}

/// An emulator that answers, and ends if this is dropped before it is told to stay.
pub(crate) struct Launched {
    pub(crate) child: Child,
    pub(crate) port: u16,
}

impl Launched {
    /// Lets it live on without us.
    pub(crate) fn stay(mut self) -> Result<()> {
        let mut stdin = self.child.stdin.take().expect("standard input is a pipe");
        stdin.write_all(b"stay\n").map_err(failed)
    }
}

/// How the arguments of such an emulator's process end, by which it is told from others.
pub(crate) fn arguments(directory: &Path, until: Until) -> String {
    format!("{} {}", program(directory).display(), until.argument())
}

fn program(directory: &Path) -> PathBuf {
    directory.join("serve.py")
}

/// Starts an emulator whose messages go to `log`, and waits until it answers.
pub(crate) fn launch(
    installation: &Installation,
    directory: &Path,
    options: Options,
    until: Until,
    log: &File,
) -> Result<Launched> {
    for (name, text) in PROGRAMS {
        let path = directory.join(name);
        if files::read(&path)?.as_deref() != Some(text.as_bytes()) {
            files::replace(&path, text.as_bytes())?;
        }
    }
    let mut command = installation.python();
    command.arg(program(directory)).arg(until.argument());
    surround(&mut command, options);
    let stderr = log.try_clone().map_err(failed)?;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
    if until == Until::Stopped {
        // What the terminal sends to the command that started it is not meant for it.
        command.process_group(0);
    }
    let mut child = command.spawn().map_err(failed)?;
    match port(&mut child, log) {
        Ok(port) => Ok(Launched { child, port }),
        Err(error) => {
            // It may have ended by itself, which is as good.
            let _ended = child.kill();
            let _status = child.wait();
            Err(error)
        }
    }
}

/// The settings of moto, and nothing of the user's own AWS.
fn surround(command: &mut Command, options: Options) {
    for theirs in ["AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"] {
        command.env_remove(theirs);
    }
    command
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        // Without it no policy of AWS's own can be attached.
        .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
        .env("MOTO_ACM_VALIDATION_WAIT", options.acm_wait.to_string())
        .env("MOTO_ECS_SERVICE_RUNNING", options.ecs_running.to_string());
}

/// Waits for the port, which the emulator prints once it listens on it.
fn port(child: &mut Child, log: &File) -> Result<u16> {
    let stdout = child.stdout.take().expect("standard output is a pipe");
    let (tell, told) = mpsc::channel();
    // Ends with the line, or with the child.
    thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        // Nobody listens any more if this took too long.
        let _unheard = tell.send(read.map(|_| line));
    });
    let failed = |what: &str| Error::Start {
        reason: match tail(log) {
            said if said.is_empty() => what.to_owned(),
            said => format!("{what}\n{said}"),
        },
    };
    match told.recv_timeout(UP) {
        Ok(Ok(line)) => match line.trim().parse() {
            Ok(port) if answers(port) => Ok(port),
            Ok(_) => Err(failed("it listens but does not answer")),
            Err(_) => Err(failed("it ended")),
        },
        Ok(Err(error)) => Err(failed(&error.to_string())),
        Err(_) => Err(failed("it was not up after a minute")),
    }
}

/// The end of the log, read beside the emulator's own place in it.
fn tail(log: &File) -> String {
    let length = log.metadata().map_or(0, |found| found.len());
    let from = length.saturating_sub(4096);
    let mut text = vec![0; (length - from).try_into().unwrap_or(0)];
    match log.read_at(&mut text, from) {
        Ok(read) => last_lines(&text[..read], 12),
        Err(_) => String::new(),
    }
}

fn failed(source: std::io::Error) -> Error {
    Error::Start { reason: source.to_string() }
}
