//! Rust sources as a sequence of what they name: paths, macros and texts, in order, without comments and without
//! what is compiled for unit tests only.
//!
//! Names are not resolved. `use std::{env, fs}` counts as the paths `std::env` and `std::fs`, and a later `env::var`
//! as the path `env::var`: what is forbidden is caught where it is imported or written out.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// One source file.
pub(crate) struct Source {
    /// Its path, as seen from the root of the repository.
    pub(crate) file: PathBuf,
    /// What it names, in order.
    pub(crate) names: Vec<Name>,
}

/// Something that a source names.
pub(crate) struct Name {
    pub(crate) what: What,
    line: usize,
}

#[derive(PartialEq)]
pub(crate) enum What {
    /// `std::env::var`, or a single identifier or keyword.
    Path(Vec<String>),
    /// The path of a macro that is called.
    Macro(Vec<String>),
    /// A string literal, without its quotes.
    Text(String),
}

/// Where something is named, for messages.
pub(crate) struct Place<'a>(&'a Source, &'a Name);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(source, name) = self;
        write!(f, "{}:{}: {}", source.file.display(), name.line, name.what)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(&path.join("::")),
            Self::Macro(path) => write!(f, "{}!", path.join("::")),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl Source {
    /// The sources under a directory, in a stable order.
    pub(crate) fn under(root: &Path, directory: &str) -> Vec<Self> {
        let mut files = Vec::new();
        collect(&root.join(directory), &mut files);
        files.sort();
        files.into_iter().map(|file| Self::read(root, &file)).collect()
    }

    fn read(root: &Path, file: &Path) -> Self {
        let text = fs::read_to_string(file).expect("a source can be read");
        let tokens: TokenStream =
            text.parse().unwrap_or_else(|e| panic!("{} is not Rust: {e}", file.display()));
        let file = file.strip_prefix(root).expect("it was found under the root").to_owned();
        Self { file, names: names(tokens) }
    }

    /// The name of the module that the file is.
    pub(crate) fn module(&self) -> &str {
        self.file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }

    /// The places where something is named that `wanted` wants.
    pub(crate) fn places<'a>(
        &'a self,
        wanted: impl Fn(&What) -> bool + 'a,
    ) -> impl Iterator<Item = Place<'a>> {
        self.names.iter().filter(move |name| wanted(&name.what)).map(|name| Place(self, name))
    }

    /// The identifier after each occurrence of these words, one after the other, and where that is.
    pub(crate) fn after(&self, words: &[&str]) -> Vec<(usize, &str)> {
        let windows = self.names.windows(words.len() + 1).enumerate();
        let found = windows.filter_map(|(at, window)| {
            let (found, last) = window.split_at(words.len());
            let same = found.iter().zip(words).all(|(name, word)| name.what.is(word));
            last[0].what.path().filter(|path| same && path.len() == 1).map(|path| (at, path[0].as_str()))
        });
        found.collect()
    }

    /// Every path.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &[String]> {
        self.names.iter().filter_map(|name| name.what.path())
    }

    /// The first text after a word, from a place on.
    pub(crate) fn text_after(&self, at: usize, word: &str) -> Option<&str> {
        let mut names = self.names[at..].iter().skip_while(|name| !name.what.is(word));
        names.find_map(|name| name.what.text())
    }
}

impl What {
    pub(crate) fn path(&self) -> Option<&[String]> {
        match self {
            Self::Path(path) => Some(path),
            Self::Macro(_) | Self::Text(_) => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Path(_) | Self::Macro(_) => None,
        }
    }

    fn is(&self, word: &str) -> bool {
        self.path().is_some_and(|path| path == [word])
    }

    /// Whether it is this path, or a path or macro below it.
    pub(crate) fn within(&self, prefix: &str) -> bool {
        let (Self::Path(path) | Self::Macro(path)) = self else { return false };
        let prefix: Vec<_> = prefix.split("::").collect();
        path.len() >= prefix.len() && path.iter().zip(prefix).all(|(segment, wanted)| segment == wanted)
    }
}

/// Rust files under a directory; those that are unit tests by their name are left out.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    for path in entries.map(|entry| entry.expect("a directory can be listed").path()) {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if matches!(stem, "tests" | "testing") {
            continue;
        }
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn names(tokens: TokenStream) -> Vec<Name> {
    let mut names = Vec::new();
    walk(&tokens.into_iter().collect::<Vec<_>>(), &mut names);
    names
}

fn walk(tokens: &[TokenTree], names: &mut Vec<Name>) {
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == '#' => at = attribute(tokens, at + 1, names),
            TokenTree::Ident(_) => at = path(tokens, at, &[], names),
            TokenTree::Group(group) => {
                walk(&inside(group), names);
                at += 1;
            }
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                if let Some((_, text)) = text.trim_end_matches(['"', '#']).split_once('"') {
                    let line = literal.span().start().line;
                    names.push(Name { what: What::Text(text.to_owned()), line });
                }
                at += 1;
            }
            TokenTree::Punct(_) => at += 1,
        }
    }
}

/// Passes over an attribute, and over the item below it if that is for unit tests only. Doc comments are attributes.
fn attribute(tokens: &[TokenTree], mut at: usize, names: &mut Vec<Name>) -> usize {
    if is_punct(tokens.get(at), '!') {
        at += 1;
    }
    let Some(TokenTree::Group(group)) = tokens.get(at) else { return at };
    let inner = inside(group);
    at += 1;
    if group.stream().to_string().replace(' ', "") != "cfg(test)" {
        if !matches!(inner.first(), Some(TokenTree::Ident(ident)) if ident == "doc") {
            walk(&inner, names);
        }
        return at;
    }
    while let Some(token) = tokens.get(at) {
        at += 1;
        let body = matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        if body || is_punct(Some(token), ';') {
            break;
        }
    }
    at
}

/// Reads a path, or all the paths of a `use` tree. Gives where it ends.
fn path(tokens: &[TokenTree], mut at: usize, prefix: &[String], names: &mut Vec<Name>) -> usize {
    let line = tokens[at].span().start().line;
    let mut segments = prefix.to_vec();
    segments.push(tokens[at].to_string());
    at += 1;
    while is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':') {
        match tokens.get(at + 2) {
            Some(TokenTree::Ident(ident)) => segments.push(ident.to_string()),
            Some(TokenTree::Punct(punct)) if punct.as_char() == '*' => segments.push("*".to_owned()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner = inside(group);
                for entry in inner.split(|token| is_punct(Some(token), ',')).filter(|entry| !entry.is_empty())
                {
                    path(entry, 0, &segments, names);
                }
                return at + 3;
            }
            _ => break,
        }
        at += 3;
    }
    let called = is_punct(tokens.get(at), '!') && matches!(tokens.get(at + 1), Some(TokenTree::Group(_)));
    names.push(Name { what: if called { What::Macro(segments) } else { What::Path(segments) }, line });
    at
}

fn inside(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

#[test]
fn a_source_is_read_as_the_names_in_it() {
    let check = |source: &str, expect: &str| {
        let read = names(source.parse().expect("it is Rust"));
        let read: Vec<_> = read.iter().map(|name| name.what.to_string()).collect();
        assert_eq!(read.join(" "), expect, "{source}");
    };
    check("use std::{env, io::{self, Write as _}};", "use std::env std::io::self std::io::Write");
    check("f(env::var(r#\"HOME\"#), a != b);", r#"f env::var "HOME" a b"#);
    check("println!(\"{}\", x::<u8>());", r#"println! "{}" x u8"#);
    check("/// Reads `std::env`.\n#[arg(default = \"a\")]\nsuper::b", r#"arg default "a" super::b"#);
    check("#[cfg(test)] use std::net; #[cfg(unix)] a; #[cfg(test)] mod t { std::env } b", "cfg unix a b");
}
