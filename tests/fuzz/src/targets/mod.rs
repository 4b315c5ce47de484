//! What is tried.

mod language;
mod plan;
mod state;
mod text;

/// Something that reads what others wrote.
pub struct Target {
    /// Its name, as on the command line.
    pub name: &'static str,
    /// What is mutated.
    pub corpus: Vec<Vec<u8>>,
    /// Words that mean something to it.
    pub words: &'static [&'static str],
    /// Whether it reads JSON.
    pub is_json: bool,
    /// The longest input, in bytes.
    pub longest: usize,
    /// Executes it on an input. Gives whether the input was accepted, so that a target that refuses everything shows.
    pub run: fn(&[u8]) -> bool,
}

/// All targets.
#[must_use]
pub fn targets() -> Vec<Target> {
    [language::targets(), state::targets(), plan::targets(), text::targets()].into_iter().flatten().collect()
}
