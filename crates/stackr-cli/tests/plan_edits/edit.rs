//! A base and its edits: `tests/parity/edits/<base>/edits.toml`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// A directory of `.tf` files with edits of it.
pub(crate) struct Base {
    pub(crate) name: String,
    pub(crate) directory: PathBuf,
    /// The sources, by their path in the directory.
    sources: BTreeMap<String, String>,
    pub(crate) edits: Vec<Edit>,
    /// Whether it has several configurations of the provider.
    pub(crate) several_providers: bool,
    /// Where stackr means to differ in more than one edit; `*` stands for anything.
    pub(crate) differs: Vec<Differs>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edits {
    #[serde(default)]
    several_providers: bool,
    #[serde(default)]
    differs: Vec<Differs>,
    edit: Vec<Edit>,
}

/// One edit.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    pub(crate) name: String,
    /// File, text, and what is put in its place. The text has to be there.
    #[serde(default)]
    replace: Vec<(String, String, String)>,
    /// Files that are added.
    #[serde(default)]
    write: BTreeMap<String, String>,
    /// Values of variables.
    #[serde(default)]
    pub(crate) vars: BTreeMap<String, String>,
    /// Flags of both tools, without the dashes.
    #[serde(default)]
    pub(crate) flags: Vec<String>,
    /// Both tools refuse it, and say this word.
    pub(crate) refused: Option<String>,
    /// Only stackr refuses it, and says this.
    pub(crate) stackr_refuses: Option<Refusal>,
    /// The function of `drift.py` that is run before; what it does stays.
    pub(crate) drift: Option<String>,
    /// Where stackr means to differ.
    #[serde(default)]
    pub(crate) differs: Vec<Differs>,
}

/// Facts that only one of the two has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Differs {
    #[serde(default)]
    stackr: Vec<String>,
    #[serde(default)]
    terraform: Vec<String>,
    /// Why that is right.
    why: String,
}

/// What stackr refuses though Terraform does it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    says: String,
    /// Why that is right.
    why: String,
}

impl Refusal {
    /// What it says.
    pub(crate) fn says(&self) -> &str {
        assert!(!self.why.is_empty(), "a refusal has a reason");
        &self.says
    }
}

impl Differs {
    /// As [`crate::facts::differences`] says it.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        assert!(!self.why.is_empty(), "a difference has a reason");
        let ours = self.stackr.iter().map(|fact| format!("only stackr: {fact}"));
        ours.chain(self.terraform.iter().map(|fact| format!("only Terraform: {fact}")))
    }
}

impl Base {
    pub(crate) fn load(directory: &Path) -> Self {
        let mut sources = BTreeMap::new();
        collect(directory, "", &mut sources);
        let edits = fs::read_to_string(directory.join("edits.toml")).expect("a base has edits");
        let Edits { several_providers, differs, edit: edits } =
            toml::from_str(&edits).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
        let name = directory.file_name().expect("it has a name").to_string_lossy().into_owned();
        Self { name, directory: directory.to_owned(), sources, edits, several_providers, differs }
    }

    /// Whether it calls modules.
    pub(crate) fn has_modules(&self) -> bool {
        self.sources.keys().any(|file| file.contains('/'))
    }

    /// Writes the sources to a directory, with an edit if there is one. What an earlier one has added goes.
    pub(crate) fn write(&self, to: &Path, edit: Option<&Edit>) {
        for file in self.edits.iter().flat_map(|edit| edit.write.keys()) {
            if to.join(file).exists() {
                fs::remove_file(to.join(file)).expect("it can be removed");
            }
        }
        let mut sources = self.sources.clone();
        if let Some(edit) = edit {
            for (file, old, new) in &edit.replace {
                let source = sources.get_mut(file).unwrap_or_else(|| panic!("{}: no {file}", edit.name));
                assert!(source.contains(old), "{}: {file} does not contain\n{old}", edit.name);
                *source = source.replacen(old, new, 1);
            }
            sources.extend(edit.write.clone());
        }
        for (file, text) in sources {
            let path = to.join(file);
            fs::create_dir_all(path.parent().expect("it is in the directory")).expect("a directory");
            fs::write(path, text).expect("a file");
        }
    }
}

fn collect(directory: &Path, prefix: &str, into: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).expect("a directory can be listed") {
        let path = entry.expect("a directory can be listed").path();
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), into);
        } else if path.extension().is_some_and(|e| e == "tf") {
            into.insert(format!("{prefix}{name}"), fs::read_to_string(&path).expect("a file"));
        }
    }
}

/// Whether a text fits a pattern in which `*` stands for anything.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| fits(rest, &text[at..]))
        }),
    }
}
