//! Where files come from: the front end does no I/O of its own.
//!
//! Facts that shape this file:
//! - names are plain text with `/` between parts, as the sources write them;
//! - a directory without files and one that does not exist are different things to the author of a stack.

use std::collections::{BTreeMap, BTreeSet};

/// A file or directory that could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// It is not there.
    #[error("{path} does not exist")]
    NotFound {
        /// What was asked for.
        path: String,
    },
    /// It is there, but cannot be read.
    #[error("{path} cannot be read: {reason}")]
    Unreadable {
        /// What was asked for.
        path: String,
        /// Why, in the words of whoever tried.
        reason: String,
    },
}

/// Gives the front end its files.
///
/// Paths are the stack's directory joined with what the sources say, after [`join`]; an implementer resolves
/// them against its own idea of a working directory.
pub trait Loader: Send + Sync {
    /// The names of the files directly in a directory, in any order, without the directories in it.
    ///
    /// # Errors
    /// The directory is not there or cannot be read.
    fn list(&self, dir: &str) -> Result<Vec<String>, LoadError>;

    /// The content of a file.
    ///
    /// # Errors
    /// The file is not there or cannot be read.
    fn read(&self, path: &str) -> Result<Vec<u8>, LoadError>;

    /// Whether a file of this name is there (a directory is not a file).
    fn exists(&self, path: &str) -> bool;

    /// Every file under a directory, at any depth, by its path relative to it, with `/` between the parts.
    ///
    /// # Errors
    /// The directory is not there or cannot be read.
    fn walk(&self, dir: &str) -> Result<Vec<String>, LoadError>;

    /// The path as an absolute one.
    fn absolute(&self, path: &str) -> String;

    /// The user's own directory, which `~` stands for; none by default.
    fn home(&self) -> Option<String> {
        None
    }
}

/// Joins a directory and a path in it; an absolute path stands for itself. Removes `.` and resolves `..` where
/// the text allows it.
#[must_use]
pub fn join(dir: &str, path: &str) -> String {
    let joined =
        if path.starts_with('/') || dir.is_empty() { path.to_owned() } else { format!("{dir}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    let absolute = joined.starts_with('/');
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    match (absolute, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// Files in memory, for tests and for embedders that make their sources.
#[derive(Clone, Debug, Default)]
pub struct MemoryLoader {
    files: BTreeMap<String, Vec<u8>>,
}

/// A loader without files, for expressions that cannot have any.
pub(crate) static NO_FILES: MemoryLoader = MemoryLoader { files: BTreeMap::new() };

impl MemoryLoader {
    /// A loader without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// This loader with one more file.
    #[must_use]
    pub fn with(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.insert(path, content);
        self
    }

    /// Adds a file, or replaces it.
    pub fn insert(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.files.insert(join("", path), content.into());
    }

    /// The names of the files under a directory, relative to it.
    fn under(&self, dir: &str) -> Vec<&str> {
        let dir = join("", dir);
        let files = self.files.keys();
        if dir == "." {
            return files.map(String::as_str).collect();
        }
        let prefix = if dir == "/" { dir } else { format!("{dir}/") };
        files.filter_map(|path| path.strip_prefix(&prefix)).collect()
    }

    fn directory(&self, dir: &str) -> Result<Vec<&str>, LoadError> {
        let files = self.under(dir);
        if files.is_empty() && join("", dir) != "." {
            return Err(LoadError::NotFound { path: dir.to_owned() });
        }
        Ok(files)
    }
}

impl Loader for MemoryLoader {
    fn list(&self, dir: &str) -> Result<Vec<String>, LoadError> {
        let here = self.directory(dir)?.into_iter().filter(|path| !path.contains('/'));
        Ok(here.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        let found = self.files.get(&join("", path)).cloned();
        found.ok_or_else(|| LoadError::NotFound { path: path.to_owned() })
    }

    fn exists(&self, path: &str) -> bool {
        self.files.contains_key(&join("", path))
    }

    fn walk(&self, dir: &str) -> Result<Vec<String>, LoadError> {
        Ok(self.directory(dir)?.into_iter().map(str::to_owned).collect())
    }

    fn absolute(&self, path: &str) -> String {
        join("/", path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_by_their_text() {
        let check = |dir, path, expect| assert_eq!(join(dir, path), expect, "{dir} + {path}");
        check("stacks/base", "./main.tf", "stacks/base/main.tf");
        check("stacks/base", "../net", "stacks/net");
        check(".", "../net", "../net");
        check("a", "..", ".");
        check("a", "/b/../c", "/c");
        check("/", "../x", "/x");
    }

    #[test]
    fn a_memory_loader_lists_its_directories() {
        let loader = MemoryLoader::new().with("a/x.tf", "").with("a/b/y.txt", "y").with("z", "");
        assert_eq!(loader.list("a").unwrap(), ["x.tf"]);
        assert_eq!(loader.walk("./a").unwrap(), ["b/y.txt", "x.tf"]);
        assert_eq!(loader.read("a/b/../b/y.txt").unwrap(), b"y");
        assert!(loader.list("b").is_err());
        assert!(!loader.exists("a/b"));
    }
}
