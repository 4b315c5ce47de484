//! A store in a directory (`state/<env>/<stack>/state.json`) or beside a file (`<path>`, `<path>.journal/…`).
//!
//! Facts that shape this file:
//! - nothing appears half-written: content goes to a temporary file, is synced, and gets its name in one step;
//! - a hard link fails if its name is taken and shows whole content at once: that is "create if absent" without a lock.
//!   Where the file system has no links it is done under the lock;
//! - "replace if unchanged" needs a lock: an advisory one on a file of its own, which the system drops when a process
//!   dies. A process that is *paused* inside those milliseconds makes others wait, so they give up with a clear error;
//! - it blocks the thread for a few milliseconds per call and needs no runtime.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use sha2::{Digest as _, Sha256};
use stackr_core::BoxFuture;

use crate::{Blob, Error, Expect, Key, Result, StackName, Store, Version, Written, secret::hex};

/// How long to wait for a lock that is held for milliseconds, before its holder must be taken for paused.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often to look.
const LOOK: Duration = Duration::from_millis(5);
/// A temporary file that is this much older than a new one was left by a process that was killed.
const ABANDONED: Duration = Duration::from_secs(3600);
/// What temporary files begin with.
const TEMPORARY: &str = ".stackr-";

/// A store in the file system.
#[derive(Clone, Debug)]
pub struct Local {
    snapshot: PathBuf,
    backup: PathBuf,
    damaged: PathBuf,
    journal: PathBuf,
    lease: PathBuf,
    lock: PathBuf,
}

impl Local {
    /// A stack's own directory below a root: `<root>/<env>/<stack>/`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a name cannot be the name of a directory.
    pub fn directory(root: &Path, name: &StackName) -> Result<Self> {
        name.check()?;
        let directory = root.join(&name.env).join(&name.stack);
        Ok(Self {
            snapshot: directory.join("state.json"),
            backup: directory.join("state.json.backup"),
            damaged: directory.join("state.json.damaged"),
            journal: directory.join("journal"),
            lease: directory.join("lease.json"),
            lock: directory.join(".lock"),
        })
    }

    /// A file, as `backend "local" { path = … }` names it; the rest goes beside it.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        let beside = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        Self {
            snapshot: path.to_owned(),
            backup: beside(".backup"),
            damaged: beside(".damaged"),
            journal: beside(".journal"),
            lease: beside(".lease"),
            lock: beside(".lock"),
        }
    }

    fn path(&self, key: Key) -> PathBuf {
        match key {
            Key::Snapshot => self.snapshot.clone(),
            Key::Backup => self.backup.clone(),
            Key::Damaged => self.damaged.clone(),
            Key::Part(number) => self.journal.join(format!("{number:06}.json")),
            Key::Lease => self.lease.clone(),
            Key::Probe(number) => self.lease.with_extension(format!("probe-{number:x}")),
        }
    }

    fn read_now(&self, key: Key) -> Result<Option<Blob>> {
        let path = self.path(key);
        match fs::read(&path) {
            Ok(bytes) => {
                let version = Version(hex(&Sha256::digest(&bytes)));
                Ok(Some(Blob { bytes, version }))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path, "read", error)),
        }
    }

    fn parts_now(&self) -> Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.journal) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&self.journal, "listed", error)),
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| failed(&self.journal, "listed", error))?.file_name();
            numbers.extend(name.to_str().and_then(|name| name.strip_suffix(".json")?.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    fn write_now(&self, key: Key, bytes: &[u8], expect: &Expect) -> Result<Written> {
        let path = self.path(key);
        let fail = |error| failed(&path, "written", error);
        let directory = parent(&path);
        fs::create_dir_all(directory).map_err(fail)?;
        let temporary = Temporary::new(directory, bytes).map_err(fail)?;
        let version = Version(hex(&Sha256::digest(bytes)));
        let named = match expect {
            Expect::Any => temporary.replace(&path).map(|()| true),
            Expect::Absent => match temporary.link(&path) {
                Err(error) if !is_final(&error) => {
                    let _lock = self.lock()?;
                    path.try_exists().and_then(|taken| {
                        if taken { Ok(false) } else { temporary.replace(&path).map(|()| true) }
                    })
                }
                linked => linked,
            },
            Expect::Version(version) => {
                let _lock = self.lock()?;
                if self.read_now(key)?.is_some_and(|blob| blob.version == *version) {
                    temporary.replace(&path).map(|()| true)
                } else {
                    Ok(false)
                }
            }
        };
        if !named.map_err(fail)? {
            return Ok(Written::Refused);
        }
        sync_directory(directory).map_err(fail)?;
        Ok(Written::Done(version))
    }

    fn remove_now(&self, key: Key, version: Option<&Version>) -> Result<()> {
        let path = self.path(key);
        let _lock = match version {
            None => None,
            Some(_) if !path.exists() => return Ok(()),
            Some(version) => {
                let lock = self.lock()?;
                if self.read_now(key)?.is_none_or(|blob| blob.version != *version) {
                    return Ok(());
                }
                Some(lock)
            }
        };
        match fs::remove_file(&path) {
            // A part that comes back after a power failure is older than the snapshot, and harmless.
            Ok(()) if matches!(key, Key::Part(_)) => Ok(()),
            Ok(()) => sync_directory(parent(&path)).map_err(|error| failed(&path, "removed", error)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(&path, "removed", error)),
        }
    }

    /// The lock, released when dropped.
    fn lock(&self) -> Result<File> {
        let fail = |error| failed(&self.lock, "locked", error);
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&self.lock).map_err(fail)?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(fail(error)),
                Err(TryLockError::WouldBlock) if waited >= PATIENCE => {
                    let paused = "another process holds it, and seems to be paused";
                    return Err(fail(io::Error::new(ErrorKind::WouldBlock, paused)));
                }
                Err(TryLockError::WouldBlock) => {
                    thread::sleep(LOOK);
                    waited += LOOK;
                }
            }
        }
    }
}

impl Store for Local {
    fn place(&self, key: Key) -> String {
        self.path(key).display().to_string()
    }

    fn read(&self, key: Key) -> BoxFuture<'_, Result<Option<Blob>>> {
        Box::pin(async move { self.read_now(key) })
    }

    fn parts(&self) -> BoxFuture<'_, Result<Vec<u64>>> {
        Box::pin(async move { self.parts_now() })
    }

    fn write<'a>(&'a self, key: Key, bytes: &'a [u8], expect: Expect) -> BoxFuture<'a, Result<Written>> {
        Box::pin(async move { self.write_now(key, bytes, &expect) })
    }

    fn remove(&self, key: Key, version: Option<Version>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.remove_now(key, version.as_ref()) })
    }
}

/// A synced file without a name of its own yet; it goes away if it gets none.
struct Temporary(PathBuf);

impl Temporary {
    fn new(directory: &Path, bytes: &[u8]) -> io::Result<Self> {
        let path = directory.join(format!("{TEMPORARY}{}.tmp", uuid::Uuid::new_v4().simple()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // State is nobody else's business.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        let temporary = Self(path);
        file.write_all(bytes)?;
        file.sync_all()?;
        sweep(directory, &file);
        Ok(temporary)
    }

    fn replace(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path)
    }

    /// Gives the file this name if nothing has it.
    fn link(&self, path: &Path) -> io::Result<bool> {
        match fs::hard_link(&self.0, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename it is not there any more.
        drop(fs::remove_file(&self.0));
    }
}

/// Removes what killed processes left. Ages are compared between files: no clock is asked.
fn sweep(directory: &Path, fresh: &File) {
    let modified = |meta: fs::Metadata| meta.modified();
    let (Ok(now), Ok(entries)) = (fresh.metadata().and_then(modified), fs::read_dir(directory)) else {
        return;
    };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(TEMPORARY))
    {
        let age = entry.metadata().and_then(modified).ok().and_then(|then| now.duration_since(then).ok());
        if age.is_some_and(|age| age > ABANDONED) {
            drop(fs::remove_file(entry.path()));
        }
    }
}

/// Whether a failed link says something about the content or the disk, and not that links are unknown here.
fn is_final(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::NotFound)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Makes a name durable.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

fn failed(path: &Path, verb: &'static str, error: io::Error) -> Error {
    let place = path.display().to_string();
    let kind = error.kind();
    let source = Some(Box::new(error) as _);
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            Error::Full { place, source }
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Error::Denied { place, source },
        ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
            Error::Invalid(format!("{place} is in the way: {}", kind))
        }
        _ => Error::Unavailable { place, verb, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_becomes_what_the_caller_can_do() {
        let check = |kind: ErrorKind, message: &str| {
            assert_eq!(failed(Path::new("d/f"), "written", kind.into()).to_string(), message);
        };
        check(ErrorKind::StorageFull, "no space left to write d/f");
        check(ErrorKind::QuotaExceeded, "no space left to write d/f");
        check(ErrorKind::PermissionDenied, "access to d/f was denied");
        check(ErrorKind::NotADirectory, "d/f is in the way: not a directory");
        check(ErrorKind::Interrupted, "d/f could not be written");
    }
}
