//! A case of the comparison with Terraform: a directory of `tests/parity/cases`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// Directories that both tools run. See `tests/parity/README.md` for what one consists of.
pub struct Case {
    /// What it is called.
    pub name: String,
    /// What `case.toml` says.
    pub settings: Settings,
    home: PathBuf,
}

/// What `case.toml` says of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The regions that are looked at; the first is the one that both tools run in.
    pub regions: Vec<String>,
    /// Why it is not run yet.
    pub pending: Option<String>,
    /// Why a second plan of Terraform is not empty, if it is not.
    pub terraform_replans: Option<String>,
    /// What differs and stays so.
    pub known: Vec<Known>,
}

/// A difference that stays.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The lines of the comparison: `-` is what stackr left, `+` what Terraform did.
    pub lines: Vec<String>,
    /// The versions in which it differs, such as `v2`; all where none is said.
    #[serde(default)]
    pub versions: Vec<String>,
    /// Why it stays.
    pub reason: String,
}

impl Default for Settings {
    fn default() -> Self {
        let regions = vec!["us-west-2".to_owned()];
        Self { regions, pending: None, terraform_replans: None, known: Vec::new() }
    }
}

impl Case {
    /// A case by its name.
    ///
    /// # Panics
    /// If there is no such case, or its settings are not right.
    #[must_use]
    pub fn load(name: &str) -> Self {
        let home = Self::home();
        let directory = home.join("cases").join(name);
        assert!(directory.is_dir(), "{} is not there", directory.display());
        let settings = fs::read_to_string(directory.join("case.toml")).unwrap_or_default();
        let settings = toml::from_str(&settings).unwrap_or_else(|e| panic!("{name}/case.toml: {e}"));
        Self { name: name.to_owned(), settings, home }
    }

    /// Where the cases are.
    #[must_use]
    pub fn home() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/parity")
    }

    /// The names of all cases.
    ///
    /// # Panics
    /// If they cannot be listed.
    #[must_use]
    pub fn names() -> Vec<String> {
        let entries = fs::read_dir(Self::home().join("cases")).expect("there are cases");
        let entries = entries.map(|entry| entry.expect("a directory can be listed").file_name());
        let mut names: Vec<_> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Its directory in a place that it was put into: `cases/NAME`.
    #[must_use]
    pub fn directory(&self) -> String {
        format!("cases/{}", self.name)
    }

    /// How it changes: nothing at first, then `v2`, `v3`, …
    #[must_use]
    pub fn versions(&self) -> Vec<String> {
        let versions = (2..).map(|number| format!("v{number}"));
        let edits = versions.take_while(|version| self.source().join(version).is_dir());
        std::iter::once(String::new()).chain(edits).collect()
    }

    /// Puts a version into a place, over those before it: `cases/NAME`, and what cases share, `modules`. An empty file
    /// takes the place of one that goes.
    ///
    /// # Panics
    /// If it cannot be copied.
    pub fn put(&self, version: &str, into: &Path) {
        let directory = into.join(self.directory());
        if version.is_empty() {
            copy(&self.home.join("modules"), &into.join("modules"), &[]);
        }
        copy(&self.source().join(version), &directory, &self.versions());
    }

    fn source(&self) -> PathBuf {
        self.home.join(self.directory())
    }
}

/// Copies a directory into another, all but what is named in it.
fn copy(from: &Path, to: &Path, but: &[String]) {
    fs::create_dir_all(to).expect("a directory");
    let Ok(entries) = fs::read_dir(from) else { return };
    for entry in entries.map(|entry| entry.expect("a directory can be listed")) {
        let (name, path) = (entry.file_name(), entry.path());
        if but.iter().any(|but| name == but.as_str()) {
        } else if path.is_dir() {
            copy(&path, &to.join(name), &[]);
        } else {
            fs::copy(&path, to.join(name)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        }
    }
}
