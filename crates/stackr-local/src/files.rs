//! Files of the cache directory: errors that name them, replacement in one step, locks.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::Path,
};

use crate::{Error, Result};

/// Gives an I/O error the name of the file it is about.
pub(crate) trait Named<T> {
    fn named(self, action: &'static str, path: &Path) -> Result<T>;
}

impl<T> Named<T> for io::Result<T> {
    fn named(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| Error::File { action, path: path.to_owned(), source })
    }
}

pub(crate) fn make_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).named("make", path)
}

/// The content of a file, or nothing if it is not there.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).named("read", path),
    }
}

/// Writes a file so that a reader sees all of it or nothing of it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = path.with_extension(format!("{}.part", std::process::id()));
    fs::write(&part, bytes).named("write", &part)?;
    fs::rename(&part, path).named("write", path)
}

/// Removes a file or a directory with all that is in it; nothing there is fine.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).named("remove", path),
        _ => Ok(()),
    }
}

/// Takes a lock that ends with the returned file, or with the process. Calls `waiting` if somebody has it.
pub(crate) fn lock(path: &Path, waiting: impl FnOnce()) -> Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).named("open", path)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => waiting(),
        Err(TryLockError::Error(source)) => return Err(source).named("lock", path),
    }
    file.lock().named("lock", path)?;
    Ok(file)
}
