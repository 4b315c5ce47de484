//! moto in a directory of its own: a virtual environment, or a plain package directory where Python has no `venv`.
//!
//! An installation is complete when the file `complete.json` is in it, which is written last; anything else is
//! removed and made again.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde::{Deserialize, Serialize};

use crate::{
    Config, Error, MOTO_VERSION, Result,
    files::{self, Named as _},
};

const OLDEST: (u32, u32) = (3, 10);

/// Says where Python is and which: `3.11.7 /usr/bin/python3`.
const PROBE: &str = "import sys; print('%d.%d.%d' % sys.version_info[:3], sys.executable)";

/// A Python that can import moto and, because moto needs it, boto3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Installation {
    moto: String,
    python: PathBuf,
    python_version: String,
    /// Where the packages are, unless Python finds them by itself.
    packages: Option<PathBuf>,
}

impl Installation {
    /// The directory of the version of moto that this crate wants.
    pub(crate) fn directory(cache: &Path) -> PathBuf {
        cache.join(format!("moto-{MOTO_VERSION}"))
    }

    /// Finds the installation, or makes it. Of several callers one makes it, and the others wait.
    pub(crate) fn ensure(config: &Config, cache: &Path, progress: &mut dyn FnMut(&str)) -> Result<Self> {
        let directory = Self::directory(cache);
        if let Some(found) = Self::find(&directory)? {
            return Ok(found);
        }
        let _lock = files::lock(&cache.join("install.lock"), || {
            progress("waiting for another process that installs moto");
        })?;
        if let Some(found) = Self::find(&directory)? {
            return Ok(found);
        }
        Self::make(config, &directory, progress)
    }

    /// A command that runs this Python, not confused by what the user has set for his own.
    pub(crate) fn python(&self) -> Command {
        let mut command = Command::new(&self.python);
        command.env_remove("PYTHONHOME").env_remove("PYTHONPATH");
        if let Some(packages) = &self.packages {
            command.env("PYTHONPATH", packages);
        }
        command
    }

    /// The installation in a directory, if it is complete and its Python is still the one it was made with.
    fn find(directory: &Path) -> Result<Option<Self>> {
        let Some(bytes) = files::read(&directory.join("complete.json"))? else { return Ok(None) };
        let Ok(found) = serde_json::from_slice::<Self>(&bytes) else { return Ok(None) };
        let same = probe(&found.python).is_ok_and(|python| python.version == found.python_version);
        Ok((found.moto == MOTO_VERSION && same).then_some(found))
    }

    fn make(config: &Config, directory: &Path, progress: &mut dyn FnMut(&str)) -> Result<Self> {
        let wanted = config.python.as_deref().unwrap_or(Path::new("python3"));
        let python = probe(wanted)?;
        if python.release() < OLDEST {
            return Err(Error::PythonTooOld { python: wanted.to_owned(), version: python.version });
        }
        files::remove(directory)?;
        files::make_dir(directory)?;

        let mut made = Self {
            moto: MOTO_VERSION.to_owned(),
            python: python.path,
            python_version: python.version,
            packages: None,
        };
        progress("making a Python environment");
        made.prepare(directory)?;
        progress(&format!("installing moto {MOTO_VERSION}: done once, takes up to a minute"));
        made.install(directory)?;

        let complete = serde_json::to_vec_pretty(&made).expect("strings and paths have a JSON form");
        files::replace(&directory.join("complete.json"), &complete)?;
        Ok(made)
    }

    /// Decides where the packages go: into a virtual environment if Python can make one.
    fn prepare(&mut self, directory: &Path) -> Result<()> {
        let venv = directory.join("venv");
        let made = run(self.python().args(["-m", "venv"]).arg(&venv))?;
        if made.status.success() {
            self.python = venv.join("bin").join("python");
            return Ok(());
        }
        files::remove(&venv)?;
        let pip = run(self.python().args(["-m", "pip", "--version"]))?;
        if !pip.status.success() {
            return Err(Error::NoInstaller { python: self.python.clone(), output: said(&made) });
        }
        self.packages = Some(directory.join("packages"));
        Ok(())
    }

    fn install(&self, directory: &Path) -> Result<()> {
        let log = directory.join("install.log");
        let to = File::create(&log).named("write", &log)?;
        let also = to.try_clone().named("write", &log)?;
        let mut pip = self.python();
        pip.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check"]);
        if let Some(packages) = &self.packages {
            pip.arg("--target").arg(packages);
        }
        pip.arg(format!("moto[server]=={MOTO_VERSION}")).stdin(Stdio::null()).stdout(to).stderr(also);
        let status = pip.status().named("run", &self.python)?;
        if !status.success() {
            let text = files::read(&log)?.unwrap_or_default();
            return Err(Error::Install { output: last_lines(&text, 5), log });
        }
        // What pip fetched for this machine may still not load on it.
        let loaded = run(self.python().args(["-c", "import moto.moto_server.werkzeug_app"]))?;
        if !loaded.status.success() {
            return Err(Error::Install { output: said(&loaded), log });
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Python {
    path: PathBuf,
    version: String,
}

impl Python {
    fn release(&self) -> (u32, u32) {
        let mut numbers = self.version.split('.').map_while(|number| number.parse().ok());
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    }
}

/// Asks a Python for its version and its place.
fn probe(python: &Path) -> Result<Python> {
    let output = Command::new(python)
        .env_remove("PYTHONHOME")
        .env_remove("PYTHONPATH")
        .args(["-c", PROBE])
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Error::PythonMissing { python: python.to_owned(), source })?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.trim().split_once(' ') {
        Some((version, path)) if output.status.success() && !path.is_empty() => {
            Ok(Python { path: path.into(), version: version.to_owned() })
        }
        _ => Err(Error::PythonBroken { python: python.to_owned(), output: said(&output) }),
    }
}

fn run(command: &mut Command) -> Result<Output> {
    let program = PathBuf::from(command.get_program());
    command.stdin(Stdio::null()).output().map_err(|source| Error::PythonMissing { python: program, source })
}

/// The end of what a program said, wherever it said it.
fn said(output: &Output) -> String {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    match last_lines(&all, 5) {
        said if said.is_empty() => format!("nothing said, {}", output.status),
        said => said,
    }
}

/// The last lines of a text that have something on them.
pub(crate) fn last_lines(text: &[u8], count: usize) -> String {
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    /// A stand-in for Python that answers the probe, and otherwise does as the given shell commands say.
    fn python(dir: &Path, version: &str, rest: &str) -> PathBuf {
        does(dir, &format!("case \"$2\" in *version_info*) echo {version} $0; exit 0;; esac; {rest}"))
    }

    /// The program itself is a file that nobody writes: one that is being written cannot be run.
    fn does(dir: &Path, commands: &str) -> PathBuf {
        let path = dir.join("python");
        fs::write(dir.join("python.does"), commands).expect("commands");
        if !path.exists() {
            symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-in.sh"), &path).expect("a link");
        }
        path
    }

    fn ensure(cache: &Path, python: PathBuf) -> (Result<Installation>, Vec<String>) {
        let config = Config { cache_dir: cache.to_owned(), python: Some(python) };
        let mut said = Vec::new();
        let result = Installation::ensure(&config, cache, &mut |line| said.push(line.to_owned()));
        (result, said)
    }

    #[test]
    fn a_python_that_is_not_there_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let error = ensure(dir.path(), dir.path().join("nowhere")).0.expect_err("no Python");
        assert!(matches!(error, Error::PythonMissing { .. }), "{error:?}");
        assert!(error.hint().is_some_and(|hint| hint.contains("3.10")));
    }

    #[test]
    fn an_old_python_is_refused_with_its_version() {
        let dir = tempfile::tempdir().expect("a directory");
        let error = ensure(dir.path(), python(dir.path(), "3.9.18", "")).0.expect_err("too old");
        assert!(error.to_string().starts_with("Python 3.9.18 is too old"), "{error}");
    }

    #[test]
    fn something_else_than_python_is_refused_with_what_it_said() {
        let dir = tempfile::tempdir().expect("a directory");
        let other = does(dir.path(), "echo syntax error >&2; exit 2");
        let error = ensure(dir.path(), other).0.expect_err("not Python");
        assert!(error.to_string().ends_with("is not a working Python: syntax error"), "{error}");
    }

    #[test]
    fn without_venv_and_pip_the_remedy_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let error = ensure(dir.path(), python(dir.path(), "3.11.2", "exit 1")).0.expect_err("no installer");
        assert!(matches!(error, Error::NoInstaller { .. }), "{error:?}");
        assert!(error.hint().is_some_and(|hint| hint.contains("python3-venv")));
    }

    #[test]
    fn without_venv_packages_go_into_a_directory_by_pip() {
        let dir = tempfile::tempdir().expect("a directory");
        let rest = "case \"$2\" in venv) exit 1;; pip) echo \"$@\"; exit 0;; *) exit 0;; esac";
        let made = ensure(dir.path(), python(dir.path(), "3.11.2", rest)).0.expect("installed");
        let packages = Installation::directory(dir.path()).join("packages");
        assert_eq!(made.packages.as_deref(), Some(packages.as_path()));
        let log = fs::read_to_string(dir.path().join("moto-5.2.5/install.log")).expect("a log");
        assert!(log.contains(&format!("--target {}", packages.display())), "{log}");
        assert!(log.trim_end().ends_with("moto[server]==5.2.5"), "{log}");
    }

    #[test]
    fn an_installation_that_failed_is_made_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let half =
            "case \"$2\" in venv) exit 1;; pip) [ $3 = --version ] || { echo no route; exit 1; };; esac";
        let error = ensure(dir.path(), python(dir.path(), "3.11.2", half)).0.expect_err("pip failed");
        assert_eq!(error.to_string(), "installing moto failed: no route");

        let whole = "case \"$2\" in venv) exit 1;; *) exit 0;; esac";
        let (made, said) = ensure(dir.path(), python(dir.path(), "3.11.2", whole));
        made.expect("installed");
        assert!(said.iter().any(|line| line.starts_with("installing moto")), "{said:?}");
        let (found, said) = ensure(dir.path(), dir.path().join("not asked for"));
        found.expect("found");
        assert!(!said.iter().any(|line| line.starts_with("installing moto")), "{said:?}");
    }

    #[test]
    fn an_installation_whose_python_has_changed_is_made_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let rest = "case \"$2\" in venv) exit 1;; *) exit 0;; esac";
        ensure(dir.path(), python(dir.path(), "3.11.2", rest)).0.expect("installed");
        let (made, said) = ensure(dir.path(), python(dir.path(), "3.12.1", rest));
        assert_eq!(made.expect("installed").python_version, "3.12.1");
        assert!(said.iter().any(|line| line.starts_with("installing moto")), "{said:?}");
    }
}
