//! Files for the front end, from the disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use stackr_lang::{LoadError, Loader};

use crate::{error::Failure, exit::Exit};

/// Files below a directory that relative paths start from.
pub(crate) struct DiskLoader {
    pub(crate) root: PathBuf,
}

impl DiskLoader {
    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

fn failed(path: &str, error: &io::Error) -> LoadError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            LoadError::NotFound { path: path.to_owned() }
        }
        _ => LoadError::Unreadable { path: path.to_owned(), reason: error.to_string() },
    }
}

impl Loader for DiskLoader {
    fn list(&self, dir: &str) -> Result<Vec<String>, LoadError> {
        let entries = fs::read_dir(self.at(dir)).map_err(|e| failed(dir, &e))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| failed(dir, &e))?;
            if entry.path().is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        fs::read(self.at(path)).map_err(|e| failed(path, &e))
    }

    fn exists(&self, path: &str) -> bool {
        self.at(path).is_file()
    }

    fn walk(&self, dir: &str) -> Result<Vec<String>, LoadError> {
        fn visit(base: &Path, at: &Path, found: &mut Vec<String>) -> io::Result<()> {
            for entry in fs::read_dir(at)? {
                let entry = entry?;
                let path = entry.path();
                if entry.file_type()?.is_dir() {
                    visit(base, &path, found)?;
                } else if let Ok(relative) = path.strip_prefix(base) {
                    found.push(relative.to_string_lossy().replace('\\', "/"));
                }
            }
            Ok(())
        }
        let (base, mut found) = (self.at(dir), Vec::new());
        visit(&base, &base, &mut found).map_err(|e| failed(dir, &e))?;
        Ok(found)
    }

    fn home(&self) -> Option<String> {
        std::env::home_dir().map(|home| home.to_string_lossy().into_owned())
    }

    fn absolute(&self, path: &str) -> String {
        let path = std::path::absolute(self.at(path)).unwrap_or_else(|_| self.at(path));
        // `..` by the text alone: what is named need not be there.
        stackr_lang::join("/", &path.to_string_lossy())
    }
}

/// The directory that messages name files from.
pub(crate) fn working_directory() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|e| Failure::of(Exit::Error, "there is no working directory", &e))
}

/// A path as messages show it: relative to `root` where it is below.
pub(crate) fn shown(root: &Path, path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let relative = absolute.strip_prefix(root).map(Path::to_owned).unwrap_or(absolute);
    if relative.as_os_str().is_empty() { ".".to_owned() } else { relative.to_string_lossy().into_owned() }
}
