//! Colours. Nothing depends on them; they are stripped where the output is no terminal.

use anstyle::{AnsiColor, Style};

/// What is made.
pub(crate) const ADD: Style = AnsiColor::Green.on_default();
/// What is changed.
pub(crate) const CHANGE: Style = AnsiColor::Yellow.on_default();
/// What is removed.
pub(crate) const REMOVE: Style = AnsiColor::Red.on_default();
/// What forces a replacement, and errors.
pub(crate) const FORCES: Style = AnsiColor::Red.on_default();
/// What matters less.
pub(crate) const DIM: Style = Style::new().dimmed();
/// What matters more.
pub(crate) const BOLD: Style = Style::new().bold();

/// Text in a style.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
