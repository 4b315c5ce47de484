//! Lines from a terminal: edited in place, with those before them to go back to.
//!
//! Facts that shape this file:
//! - the line editors that are kept ask for features of `libc` or `mio`, with which the AWS SDK is built once more; one
//!   line needs no more than the keys, which `console` reads;
//! - the terminal gives keys one by one only while a line is read, so that Ctrl-C means what it always does in between.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use console::{Key, Term, measure_text_width};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// How many lines are kept to go back to.
const KEPT: usize = 1000;

/// What came of reading a line.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    Text(String),
    /// Ctrl-C was pressed.
    Abandoned,
    /// Nothing more comes.
    End,
}

/// A terminal to read lines from. Prompts and what is typed go to standard error, as all that is no result.
pub(super) struct Terminal {
    screen: Term,
    editor: Editor,
}

impl Terminal {
    pub(super) fn new() -> Self {
        Self { screen: Term::stderr(), editor: Editor::default() }
    }

    /// One line, without its end.
    pub(super) fn line(&mut self, prompt: &str) -> Line {
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let raw = (!dumb && io::stderr().is_terminal()).then(Raw::enter).flatten();
        if raw.is_none() {
            return self.plain(prompt);
        }
        let line = loop {
            self.draw(prompt);
            let Ok(key) = self.screen.read_key_raw() else { break Line::End };
            if let Some(line) = self.editor.press(&key) {
                break line;
            }
        };
        self.write("\r\n");
        line
    }

    /// A line as the terminal itself lets people edit it.
    fn plain(&mut self, prompt: &str) -> Line {
        self.write(prompt);
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => Line::End,
            Ok(_) => Line::Text(line.trim_end_matches(['\n', '\r']).to_owned()),
        }
    }

    /// Shows the line, as much of it around the cursor as there is room for.
    fn draw(&mut self, prompt: &str) {
        let room = usize::from(self.screen.size().1).saturating_sub(prompt.len() + 1).max(1);
        let (shown, column) = self.editor.window(room);
        self.write(&format!("\r{prompt}{shown}\x1b[K\r\x1b[{}C", prompt.len() + column));
    }

    /// Writes; a terminal that has gone away shows itself when it is read from.
    fn write(&mut self, text: &str) {
        drop(self.screen.write_all(text.as_bytes()).and_then(|()| self.screen.flush()));
    }
}

/// A terminal that gives every key at once, until this is dropped.
struct Raw(Termios);

impl Raw {
    fn enter() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Drain, &raw).ok()?;
        Some(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _restored = tcsetattr(io::stdin(), OptionalActions::Drain, &self.0);
    }
}

/// The line that is typed, and those before it.
#[derive(Default)]
struct Editor {
    text: Vec<char>,
    /// Where the cursor is in it.
    at: usize,
    past: Vec<String>,
    /// How many lines back the one that is shown is; 0 is the new one.
    back: usize,
    /// The new line while an earlier one is shown.
    new: Vec<char>,
}

impl Editor {
    /// Takes a key. Gives what came of the line, if this was its end.
    fn press(&mut self, key: &Key) -> Option<Line> {
        match key {
            Key::Enter => return Some(Line::Text(self.finish())),
            Key::CtrlC | Key::Char('\u{3}') => {
                self.finish();
                return Some(Line::Abandoned);
            }
            Key::Char('\u{4}') if self.text.is_empty() => return Some(Line::End),
            Key::Del | Key::Char('\u{4}') if self.at < self.text.len() => drop(self.text.remove(self.at)),
            Key::Backspace if self.at > 0 => {
                self.at -= 1;
                self.text.remove(self.at);
            }
            Key::ArrowLeft | Key::Char('\u{2}') => self.at = self.at.saturating_sub(1),
            Key::ArrowRight | Key::Char('\u{6}') => self.at = (self.at + 1).min(self.text.len()),
            Key::Home | Key::Char('\u{1}') => self.at = 0,
            Key::End | Key::Char('\u{5}') => self.at = self.text.len(),
            Key::ArrowUp | Key::Char('\u{10}') => self.go(self.back + 1),
            Key::ArrowDown | Key::Char('\u{e}') => self.go(self.back.saturating_sub(1)),
            // To the end of the line, to its beginning, the word before.
            Key::Char('\u{b}') => self.text.truncate(self.at),
            Key::Char('\u{15}') => self.remove_from(0),
            Key::Char('\u{17}') => {
                let before = self.text.get(..self.at).unwrap_or_default();
                let word = before.iter().rposition(|c| !c.is_whitespace()).unwrap_or(0);
                let gap = before.get(..word).unwrap_or_default().iter().rposition(|c| c.is_whitespace());
                self.remove_from(gap.map_or(0, |gap| gap + 1));
            }
            Key::Tab => self.insert(' '),
            Key::Char(c) if !c.is_control() => self.insert(*c),
            _ => {}
        }
        None
    }

    fn insert(&mut self, c: char) {
        self.text.insert(self.at, c);
        self.at += 1;
    }

    /// Removes what is between a place and the cursor.
    fn remove_from(&mut self, start: usize) {
        drop(self.text.drain(start..self.at));
        self.at = start;
    }

    /// Shows the line that is so many back.
    fn go(&mut self, back: usize) {
        let Some(index) = self.past.len().checked_sub(back).filter(|_| back != self.back) else { return };
        if self.back == 0 {
            self.new = std::mem::take(&mut self.text);
        }
        self.text = match self.past.get(index) {
            Some(line) => line.chars().collect(),
            None => std::mem::take(&mut self.new),
        };
        self.back = back;
        self.at = self.text.len();
    }

    /// The line as it is, which becomes one of those before the next.
    fn finish(&mut self) -> String {
        let line: String = self.text.drain(..).collect();
        if !line.trim().is_empty() && self.past.last() != Some(&line) {
            self.past.push(line.clone());
        }
        let excess = self.past.len().saturating_sub(KEPT);
        self.past.drain(..excess);
        (self.at, self.back) = (0, 0);
        self.new.clear();
        line
    }

    /// The part of the line that is shown in so many columns, and the cursor's column in it.
    fn window(&self, room: usize) -> (String, usize) {
        let width = |c: &char| measure_text_width(c.encode_utf8(&mut [0; 4]));
        let (mut start, mut column) = (self.at, 0);
        while let Some(c) = start.checked_sub(1).and_then(|before| self.text.get(before)) {
            if column + width(c) > room {
                break;
            }
            column += width(c);
            start -= 1;
        }
        let mut left = room;
        let shown = self.text.iter().skip(start).take_while(|c| {
            let fits = width(c) <= left;
            left = left.saturating_sub(width(c));
            fits
        });
        (shown.collect(), column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(editor: &mut Editor, text: &str) {
        for c in text.chars() {
            assert_eq!(editor.press(&Key::Char(c)), None);
        }
    }

    fn entered(editor: &mut Editor, text: &str) -> Option<Line> {
        typed(editor, text);
        editor.press(&Key::Enter)
    }

    fn line(text: &str) -> Option<Line> {
        Some(Line::Text(text.to_owned()))
    }

    #[test]
    fn a_line_is_edited_in_place() {
        let mut editor = Editor::default();
        typed(&mut editor, "uper");
        for key in
            [Key::ArrowLeft, Key::ArrowLeft, Key::Char('p'), Key::Home, Key::Del, Key::Char('U'), Key::End]
        {
            editor.press(&key);
        }
        assert_eq!(entered(&mut editor, "é"), line("Upperé"));
        typed(&mut editor, "one two  ");
        editor.press(&Key::Char('\u{17}'));
        assert_eq!(entered(&mut editor, "2"), line("one 2"));
        typed(&mut editor, "all");
        editor.press(&Key::Char('\u{15}'));
        editor.press(&Key::Backspace);
        assert_eq!(editor.press(&Key::Enter), line(""));
    }

    #[test]
    fn earlier_lines_come_back_and_the_new_one_is_not_lost() {
        let mut editor = Editor::default();
        for text in ["1", "2", "2", " "] {
            entered(&mut editor, text);
        }
        typed(&mut editor, "new");
        let mut shown = |key: Key| {
            editor.press(&key);
            editor.window(80).0
        };
        assert_eq!(shown(Key::ArrowUp), "2");
        assert_eq!(shown(Key::ArrowUp), "1");
        assert_eq!(shown(Key::ArrowUp), "1");
        assert_eq!(shown(Key::ArrowDown), "2");
        assert_eq!(shown(Key::ArrowDown), "new");
        assert_eq!(shown(Key::ArrowDown), "new");
    }

    #[test]
    fn a_line_is_left_by_the_usual_keys() {
        let mut editor = Editor::default();
        typed(&mut editor, "x");
        assert_eq!(editor.press(&Key::Char('\u{4}')), None);
        assert_eq!(editor.press(&Key::CtrlC), Some(Line::Abandoned));
        assert_eq!(editor.press(&Key::Char('\u{4}')), Some(Line::End));
    }

    #[test]
    fn a_long_line_is_shown_around_the_cursor() {
        let mut editor = Editor::default();
        typed(&mut editor, "0123456789");
        assert_eq!(editor.window(4), ("6789".to_owned(), 4));
        editor.press(&Key::Home);
        assert_eq!(editor.window(4), ("0123".to_owned(), 0));
        typed(&mut editor, "世界");
        assert_eq!(editor.window(3), ("界0".to_owned(), 2));
    }
}
