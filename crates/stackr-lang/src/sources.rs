//! The files of a stack: which of a directory's files are read, and their text for messages.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use stackr_core::{Diagnostic, Diagnostics, Span};

use crate::{
    config::{Backend, Config, merge},
    loader::{Loader, join},
    syntax::{Body, Parsed, parse_file, parse_json},
};

/// The text of every file that was read, by the name that spans have.
#[derive(Clone, Debug, Default)]
pub struct Sources(BTreeMap<Arc<str>, Source>);

/// A file that was read.
#[derive(Clone, Debug)]
struct Source {
    path: Arc<str>,
    text: Arc<str>,
    concealed: bool,
}

impl Sources {
    /// The text of a file.
    #[must_use]
    pub fn get(&self, file: &str) -> Option<&str> {
        self.0.get(file).map(|source| &*source.text)
    }

    /// Where a file was read: the path that the [`Loader`] knows it by. Names are relative to the stack.
    #[must_use]
    pub fn path<'a>(&'a self, file: &'a str) -> &'a str {
        self.0.get(file).map_or(file, |source| &*source.path)
    }

    /// Whether the text of a file must not be shown: values of a stack that has sensitive variables.
    #[must_use]
    pub fn is_concealed(&self, file: &str) -> bool {
        self.0.get(file).is_some_and(|source| source.concealed)
    }

    /// Lets the text of every file but these be shown no more. Gives their names.
    pub(crate) fn conceal_others(&mut self, shown: &BTreeSet<Arc<str>>) -> BTreeSet<Arc<str>> {
        let others = self.0.iter_mut().filter(|(file, _)| !shown.contains(*file));
        others
            .map(|(file, source)| {
                source.concealed = true;
                Arc::clone(file)
            })
            .collect()
    }

    /// The names of the files.
    pub(crate) fn names(&self) -> BTreeSet<Arc<str>> {
        self.0.keys().map(Arc::clone).collect()
    }

    /// The files and their texts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(file, source)| (&**file, &*source.text))
    }

    /// The text that a span marks.
    #[must_use]
    pub fn marked(&self, span: &Span) -> Option<&str> {
        self.get(&span.file)?.get(span.range.clone())
    }

    /// Adds a text under a name.
    pub(crate) fn add(&mut self, file: &Arc<str>, text: &str) {
        self.insert(file, file, text);
    }

    fn insert(&mut self, file: &Arc<str>, path: &str, text: &str) {
        self.0.insert(Arc::clone(file), Source { path: path.into(), text: text.into(), concealed: false });
    }

    /// Reads a file; what is wrong with it is an error at `span`, or without a place.
    pub(crate) fn read(
        &mut self,
        loader: &dyn Loader,
        path: &str,
        name: &str,
        span: Option<Span>,
    ) -> Parsed<(Arc<str>, String)> {
        let bytes = loader
            .read(path)
            .map_err(|e| Box::new(Diagnostic::error("file cannot be read", format!("{e}.")).at(span)))?;
        let file: Arc<str> = name.into();
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.insert(&file, path, &text);
                Ok((file, text))
            }
            Err(why) => {
                let at = why.utf8_error().valid_up_to();
                self.insert(&file, path, &String::from_utf8_lossy(why.as_bytes()));
                let span = Span { file, range: at..at + char::REPLACEMENT_CHARACTER.len_utf8() };
                Err(Box::new(
                    Diagnostic::error("not text", "Sources are written in UTF-8; this byte is not.")
                        .at(Some(span)),
                ))
            }
        }
    }
}

/// Reads the configuration of the directory `relative` to that of the stack.
pub(crate) fn read_config(
    loader: &dyn Loader,
    dir: &str,
    relative: &str,
    from: Option<Span>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Config> {
    let path = join(dir, relative);
    let mut files = match loader.list(&path) {
        Ok(files) => files,
        Err(why) => {
            diagnostics.push(Diagnostic::error("directory cannot be read", format!("{why}.")).at(from));
            return None;
        }
    };
    files.retain(|f| !f.starts_with('.') && !f.ends_with('~') && !f.starts_with('#'));
    files.retain(|f| f.ends_with(".tf") || f.ends_with(".tf.json"));
    files.sort();
    if files.is_empty() {
        let detail = format!("There are no `.tf` files in {path}.");
        diagnostics.push(Diagnostic::error("no sources", detail).at(from));
        return None;
    }
    let (mut base, mut overrides) = (Body::default(), Vec::new());
    for name in files {
        let shown = if relative.is_empty() { name.clone() } else { join(relative, &name) };
        let parsed = sources.read(loader, &join(&path, &name), &shown, None).and_then(|(file, text)| {
            let parse = if name.ends_with(".json") { parse_json } else { parse_file };
            parse(&text, &file)
        });
        let stem = name.trim_end_matches(".json").trim_end_matches(".tf");
        match parsed {
            Err(why) => diagnostics.push(*why),
            Ok(body) if stem == "override" || stem.ends_with("_override") => overrides.push(body),
            Ok(body) => {
                base.attributes.extend(body.attributes);
                base.blocks.extend(body.blocks);
            }
        }
    }
    for body in overrides {
        merge(&mut base, body, diagnostics);
    }
    let mut config = Config::default();
    config.add(base, diagnostics);
    Some(config)
}

/// The `backend` block of a directory, as far as its files can be read. Nothing else of them is looked at.
#[must_use]
pub fn load_backend(loader: &dyn Loader, dir: &str) -> Option<Backend> {
    let (mut sources, mut ignored) = (Sources::default(), Diagnostics::default());
    read_config(loader, dir, "", None, &mut sources, &mut ignored)?.settings.backend
}
