//! `yamlencode`: a value as a YAML document in the style that existing stacks have in their files.
//!
//! Facts that shape this file (the text ends up in user data and policies, so every byte of it counts):
//! - every text is quoted, unless it has several lines and nothing that a literal block cannot hold;
//! - a long quoted text is folded at a space beyond column 80, but not in a key;
//! - a sequence inside a mapping is not indented.

use std::fmt::Write as _;

use stackr_core::Value;

const WIDTH: usize = 80;
/// A longer key is written with a question mark before it.
const MAX_KEY: usize = 128;

/// The document, with a line break at its end.
pub(super) fn encode(value: &Value) -> String {
    let mut writer = Writer { out: String::new() };
    writer.node(value, None);
    if !writer.out.ends_with('\n') {
        writer.out.push('\n');
    }
    // A document that is one plain scalar is ended explicitly.
    if matches!(value, Value::Null | Value::Unknown(_) | Value::Bool(_) | Value::Number(_)) {
        writer.out.push_str("...\n");
    }
    writer.out
}

struct Writer {
    out: String,
}

impl Writer {
    fn column(&self) -> usize {
        self.out.rsplit('\n').next().unwrap_or_default().chars().count()
    }

    fn line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// Writes a value; `indent` is that of the collection around it.
    fn node(&mut self, value: &Value, indent: Option<usize>) {
        let inside = indent.map_or(0, |i| i + 2);
        match value {
            Value::Sensitive(inner) => self.node(inner, indent),
            Value::Null | Value::Unknown(_) => self.out.push_str("null"),
            Value::Bool(_) | Value::Number(_) => self.out.push_str(&value.to_text().unwrap_or_default()),
            Value::String(text) => self.text(text, indent.unwrap_or(0) + 2),
            Value::List(e) | Value::Tuple(e) | Value::Set(e) if e.is_empty() => self.out.push_str("[]"),
            Value::Map(m) | Value::Object(m) if m.is_empty() => self.out.push_str("{}"),
            Value::List(e) | Value::Tuple(e) | Value::Set(e) => self.sequence(e, inside),
            Value::Map(m) | Value::Object(m) => {
                for (i, (key, value)) in m.iter().enumerate() {
                    if i > 0 {
                        self.next_entry(inside);
                    }
                    self.entry(key, value, inside);
                }
            }
        }
    }

    /// A literal block has ended its line already.
    fn next_entry(&mut self, indent: usize) {
        if self.out.ends_with('\n') {
            self.out.extend(std::iter::repeat_n(' ', indent));
        } else {
            self.line(indent);
        }
    }

    fn sequence(&mut self, elements: &[Value], indent: usize) {
        for (i, element) in elements.iter().enumerate() {
            if i > 0 {
                self.next_entry(indent);
            }
            self.out.push_str("- ");
            self.node(element, Some(indent));
        }
    }

    fn entry(&mut self, key: &str, value: &Value, indent: usize) {
        if key.contains('\n') || key.len() > MAX_KEY {
            self.out.push_str("? ");
            self.text(key, indent + 2);
            self.next_entry(indent);
            self.out.push_str(": ");
            self.node(value, Some(indent));
            return;
        }
        self.quoted(key, None);
        self.out.push(':');
        match value {
            Value::List(e) | Value::Tuple(e) | Value::Set(e) if !e.is_empty() => {
                self.line(indent);
                self.sequence(e, indent);
            }
            Value::Map(m) | Value::Object(m) if !m.is_empty() => {
                self.line(indent + 2);
                self.node(value, Some(indent));
            }
            _ => {
                self.out.push(' ');
                self.node(value, Some(indent));
            }
        }
    }

    fn text(&mut self, text: &str, indent: usize) {
        if text.contains('\n') && fits_a_block(text) {
            self.block(text, indent);
        } else {
            self.quoted(text, Some(indent));
        }
    }

    /// A literal block: the lines as they are, with the header that says how it begins and ends.
    fn block(&mut self, text: &str, indent: usize) {
        self.out.push('|');
        if text.starts_with([' ', '\n']) {
            self.out.push('2');
        }
        match text.strip_suffix('\n') {
            None => self.out.push('-'),
            Some(before) if before.is_empty() || before.ends_with('\n') => self.out.push('+'),
            Some(_) => {}
        }
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.out.push('\n');
            if !line.is_empty() {
                self.out.extend(std::iter::repeat_n(' ', indent));
                self.out.push_str(line);
            }
        }
        self.out.push('\n');
    }

    /// A text in double quotes; folded at spaces where `fold` gives the indent of the next lines.
    fn quoted(&mut self, text: &str, fold: Option<usize>) {
        self.out.push('"');
        let mut column = self.column();
        let mut after_space = false;
        let mut chars = text.chars().enumerate().peekable();
        while let Some((i, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            match (c, fold, next) {
                (' ', Some(indent), Some(next)) if !after_space && column > WIDTH && i > 0 => {
                    self.line(indent);
                    column = indent;
                    if next == ' ' {
                        self.out.push('\\');
                        column += 1;
                    }
                }
                _ => {
                    let before = self.out.len();
                    self.character(c);
                    column += self.out.get(before..).unwrap_or_default().chars().count();
                }
            }
            after_space = c == ' ';
        }
        self.out.push('"');
    }

    fn character(&mut self, c: char) {
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' => '"',
            '\\' => '\\',
            '\u{85}' => 'N',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            c if printable(c) => {
                self.out.push(c);
                return;
            }
            c => {
                let code = u32::from(c);
                let _written = match code {
                    ..0x100 => write!(self.out, "\\x{code:02X}"),
                    0x100..0x1_0000 => write!(self.out, "\\u{code:04X}"),
                    _ => write!(self.out, "\\U{code:08X}"),
                };
                return;
            }
        };
        self.out.extend(['\\', short]);
    }
}

fn printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

/// Whether a literal block gives the text back as it was.
fn fits_a_block(text: &str) -> bool {
    let breaks = |c: char| matches!(c, '\n' | '\u{2028}' | '\u{2029}');
    text.chars().all(printable)
        && !text.ends_with(' ')
        && !text.chars().zip(text.chars().skip(1)).any(|(a, b)| a == ' ' && breaks(b))
}
