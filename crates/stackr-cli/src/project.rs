//! The project: `stackr.toml`, the stacks it names, and the environment that is selected.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{error::Failure, exit::Exit};

/// The name of the project file.
const FILE: &str = "stackr.toml";

/// The project file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectFile {
    /// The environment of a run without `--env`.
    default_env: Option<String>,
    /// The stacks by name.
    #[serde(default)]
    stacks: BTreeMap<String, StackEntry>,
    /// The environments by name.
    #[serde(default)]
    env: BTreeMap<String, EnvEntry>,
    /// Where state is kept.
    #[serde(default)]
    pub(crate) state: StateEntry,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StackEntry {
    path: PathBuf,
    #[serde(default)]
    depends_on: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvEntry {
    #[serde(default)]
    var_files: Vec<PathBuf>,
    workspace: Option<String>,
}

/// Where state is kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateEntry {
    /// A directory.
    pub(crate) path: Option<PathBuf>,
    /// A bucket.
    pub(crate) bucket: Option<String>,
    /// The beginning of the keys in it.
    pub(crate) prefix: Option<String>,
    /// Its region.
    pub(crate) region: Option<String>,
    /// The KMS key that objects are encrypted with.
    pub(crate) kms_key_id: Option<String>,
    /// How many seconds a lease lasts without a renewal; 60 otherwise.
    pub(crate) lease_seconds: Option<u64>,
}

/// A project and the environment that is selected in it.
#[derive(Debug)]
pub(crate) struct Project {
    /// The directory of the project file; the working directory without one.
    pub(crate) root: PathBuf,
    pub(crate) file: ProjectFile,
    /// The environment; empty without any.
    pub(crate) env: String,
}

/// One stack of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StackRef {
    pub(crate) name: String,
    /// Its directory.
    pub(crate) dir: PathBuf,
    /// The names of stacks that it reads.
    pub(crate) depends_on: Vec<String>,
}

impl Project {
    /// Finds the project that a directory is in.
    pub(crate) fn find(dir: &Path, env: Option<&str>) -> Result<Self, Failure> {
        if !dir.is_dir() {
            return Err(Failure::usage(format!("there is no directory {}", dir.display())));
        }
        let start = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        let found = start.ancestors().find(|d| d.join(FILE).is_file());
        let (root, file) = match found {
            Some(root) => (root.to_owned(), read(&root.join(FILE))?),
            None => (start, ProjectFile::default()),
        };
        let env = env.map(str::to_owned).or_else(|| file.default_env.clone()).unwrap_or_default();
        if !env.is_empty() && !file.env.is_empty() && !file.env.contains_key(&env) {
            let names: Vec<_> = file.env.keys().cloned().collect();
            return Err(Failure::usage(format!(
                "there is no environment `{env}`; there are: {}",
                names.join(", ")
            ))
            .hint(format!("add `[env.{env}]` to {}", root.join(FILE).display())));
        }
        Ok(Self { root, file, env })
    }

    /// The workspace of the environment: `default` without one.
    pub(crate) fn workspace(&self) -> String {
        let named = self.file.env.get(&self.env).and_then(|e| e.workspace.clone());
        named.unwrap_or_else(|| if self.env.is_empty() { "default".to_owned() } else { self.env.clone() })
    }

    /// The variable files of the environment.
    pub(crate) fn var_files(&self) -> Vec<PathBuf> {
        let files = self.file.env.get(&self.env).map(|e| e.var_files.as_slice()).unwrap_or_default();
        files.iter().map(|f| self.root.join(f)).collect()
    }

    /// The stacks that names, directories or `all` mean, dependencies first.
    pub(crate) fn stacks(&self, wanted: &[String], from: &Path) -> Result<Vec<StackRef>, Failure> {
        let mut found: Vec<StackRef> = Vec::new();
        for name in wanted {
            let more = if name == "all" { self.all()? } else { vec![self.stack(name, from)?] };
            found.extend(
                more.into_iter().filter(|s| !found.iter().any(|f| f.name == s.name)).collect::<Vec<_>>(),
            );
        }
        self.in_order(found)
    }

    /// One stack by its name or directory.
    pub(crate) fn stack(&self, name: &str, from: &Path) -> Result<StackRef, Failure> {
        if let Some(entry) = self.file.stacks.get(name) {
            let dir = self.root.join(&entry.path);
            return Ok(StackRef { name: name.to_owned(), dir, depends_on: entry.depends_on.clone() });
        }
        let conventional = self.root.join("stacks").join(name);
        let dir = [conventional, from.join(name), self.root.join(name)].into_iter().find(|d| d.is_dir());
        let Some(dir) = dir else {
            let known: Vec<_> = self.all()?.into_iter().map(|s| s.name).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Failure::new(
                Exit::Error,
                format!("there is no stack `{name}`; the project has: {known}"),
            )
            .hint(format!(
                "name it under `[stacks.{name}]` in {FILE}, make stacks/{name}/, or give its directory"
            )));
        };
        // A directory that the project file names is that stack.
        let canonical = |d: &Path| fs::canonicalize(d).unwrap_or_else(|_| d.to_owned());
        let named =
            self.file.stacks.iter().find(|(_, e)| canonical(&self.root.join(&e.path)) == canonical(&dir));
        if let Some((name, entry)) = named {
            return Ok(StackRef { name: name.clone(), dir, depends_on: entry.depends_on.clone() });
        }
        let name = canonical(&dir)
            .file_name()
            .map_or_else(|| "stack".to_owned(), |n| n.to_string_lossy().into_owned());
        Ok(StackRef { name, dir, depends_on: Vec::new() })
    }

    /// Every stack of the project.
    pub(crate) fn all(&self) -> Result<Vec<StackRef>, Failure> {
        if !self.file.stacks.is_empty() {
            let stacks = self.file.stacks.iter().map(|(name, entry)| StackRef {
                name: name.clone(),
                dir: self.root.join(&entry.path),
                depends_on: entry.depends_on.clone(),
            });
            return Ok(stacks.collect());
        }
        let Ok(entries) = fs::read_dir(self.root.join("stacks")) else { return Ok(Vec::new()) };
        let mut stacks: Vec<_> = entries
            .filter_map(Result::ok)
            .filter(|e| e.path().is_dir())
            .map(|e| StackRef {
                name: e.file_name().to_string_lossy().into_owned(),
                dir: e.path(),
                depends_on: Vec::new(),
            })
            .collect();
        stacks.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(stacks)
    }

    /// Stacks with those they depend on before them.
    fn in_order(&self, mut left: Vec<StackRef>) -> Result<Vec<StackRef>, Failure> {
        let mut ordered: Vec<StackRef> = Vec::new();
        while !left.is_empty() {
            let free = left
                .iter()
                .position(|s| !left.iter().any(|o| o.name != s.name && s.depends_on.contains(&o.name)));
            let Some(free) = free else {
                let names: Vec<_> = left.iter().map(|s| s.name.as_str()).collect();
                return Err(Failure::new(
                    Exit::Error,
                    format!("the stacks {} depend on each other in a circle", names.join(", ")),
                )
                .hint(format!("remove one `depends_on` from {}", self.root.join(FILE).display())));
            };
            ordered.push(left.remove(free));
        }
        Ok(ordered)
    }
}

fn read(path: &Path) -> Result<ProjectFile, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|e| Failure::of(Exit::Error, format!("{} cannot be read", path.display()), &e))?;
    toml::from_str(&text).map_err(|e| {
        let mut failure = Failure::new(Exit::Error, format!("{} is wrong", path.display()));
        failure.causes = vec![e.to_string().trim_end().to_owned()];
        failure
    })
}
