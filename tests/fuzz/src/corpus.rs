//! What is mutated: the repository's own sources, state files and expressions.

use std::{fs, path::Path};

/// The files with one of these endings below a directory of the repository, in a fixed order.
pub(crate) fn files(directory: &str, endings: &[&str]) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    walk(&root().join(directory), &mut paths);
    paths.retain(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)));
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap_or_default()).collect()
}

/// The expressions of the console's table.
pub(crate) fn expressions() -> Vec<Vec<u8>> {
    let table = fs::read_to_string(root().join("crates/stackr-lang/tests/console.txt")).unwrap_or_default();
    table.lines().filter_map(|line| line.strip_prefix("> ")).map(|line| line.as_bytes().to_vec()).collect()
}

/// Texts written out.
pub(crate) fn texts(all: &[&str]) -> Vec<Vec<u8>> {
    all.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn walk(directory: &Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { walk(&path, into) } else { into.push(path) }
    }
}
