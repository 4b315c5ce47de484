//! The cursor over a source text: white space, comments, names, numbers, and errors with their place.

use std::sync::Arc;

use stackr_core::{Diagnostic, Number, Value};

use super::ast::{At, Expr, Kind};

/// A located error; boxed to keep results small.
pub(crate) type Fail = Box<Diagnostic>;
pub(crate) type Parsed<T> = Result<T, Fail>;

/// The greatest height of an expression: far more than people write, and safe to walk recursively.
const MAX_HEIGHT: u16 = 200;
/// The deepest nesting of brackets and blocks.
const MAX_DEPTH: u16 = 100;

/// The state of parsing one text.
pub(crate) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) pos: usize,
    pub(super) file: &'a Arc<str>,
    /// Whether a newline ends an expression here.
    pub(super) lines: bool,
    /// The names that `for`s around this place bind.
    pub(super) bound: Vec<Box<str>>,
    /// Whether every plain name is a variable, as in a template file.
    pub(super) free: bool,
    depth: u16,
}

/// Whether a name may begin with `c`.
pub(super) fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// Whether a name may go on with `c`.
pub(super) fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, file: &'a Arc<str>) -> Self {
        Self { text, pos: 0, file, lines: true, bound: Vec::new(), free: false, depth: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn looking_at(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    /// Takes `text` if it is next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.looking_at(text);
        if found {
            self.pos += text.len();
        }
        found
    }

    pub(super) fn at_end(&self) -> bool {
        self.pos >= self.text.len()
    }

    /// Skips white space and comments, and newlines where they mean nothing.
    pub(super) fn skip(&mut self) -> Parsed<()> {
        loop {
            match self.peek() {
                Some(' ' | '\t') => self.pos += 1,
                Some('\n') if !self.lines => self.pos += 1,
                Some('\r') if !self.lines || self.looking_at("\r\n") => self.pos += 1,
                Some('#') => self.skip_line(),
                Some('/') if self.looking_at("//") => self.skip_line(),
                Some('/') if self.looking_at("/*") => {
                    let Some(length) = self.rest().find("*/") else {
                        let at = At::new(self.pos, self.pos + 2);
                        return Err(self.fail(at, "unclosed comment", "This comment has no `*/`."));
                    };
                    self.pos += length + 2;
                }
                _ => return Ok(()),
            }
        }
    }

    fn skip_line(&mut self) {
        self.pos += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    /// Skips also newlines, whatever they mean here.
    pub(super) fn skip_lines(&mut self) -> Parsed<()> {
        self.within(false, Self::skip)
    }

    /// Parses with newlines meaning something or nothing.
    pub(super) fn within<T>(&mut self, lines: bool, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let outer = std::mem::replace(&mut self.lines, lines);
        let parsed = parse(self);
        self.lines = outer;
        parsed
    }

    /// Parses one level deeper.
    pub(super) fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            let detail = format!("Brackets and blocks are nested more than {MAX_DEPTH} deep here.");
            return Err(self.fail(self.here(), "nested too deep", detail));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// A name, if one is next.
    pub(super) fn name(&mut self) -> Option<(&'a str, At)> {
        let rest = self.rest();
        if !rest.chars().next().is_some_and(starts_name) {
            return None;
        }
        let length = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
        let at = At::new(self.pos, self.pos + length);
        self.pos += length;
        Some((&rest[..length], at))
    }

    /// The name that is next, without taking it.
    pub(super) fn peek_name(&mut self) -> Option<&'a str> {
        let pos = self.pos;
        let name = self.name().map(|(name, _)| name);
        self.pos = pos;
        name
    }

    /// A number: digits, a fraction and an exponent, kept exactly.
    pub(super) fn number(&mut self) -> Parsed<Expr> {
        let rest = self.rest().as_bytes();
        let digits = |from: usize| rest[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut length = digits(0);
        if rest.get(length) == Some(&b'.') && digits(length + 1) > 0 {
            length += 1 + digits(length + 1);
        }
        let mut exponent = 0;
        if matches!(rest.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(length + 1), Some(b'+' | b'-')));
            exponent = digits(length + 1 + sign);
            length += if exponent > 0 { 1 + sign + exponent } else { 0 };
        }
        let at = At::new(self.pos, self.pos + length);
        let text = &self.rest()[..length];
        self.pos += length;
        let number = if exponent <= 4 { text.parse::<Number>().ok() } else { None };
        let Some(number) = number else {
            return Err(self.fail(
                at,
                "bad number",
                format!("`{text}` is not a number that can be computed with."),
            ));
        };
        if self.peek().is_some_and(starts_name) {
            let at = at.to(self.here());
            return Err(self.fail(at, "bad number", "A number is written with decimal digits only."));
        }
        self.expr(Kind::Literal(Value::Number(number)), at, &[])
    }

    /// Makes an expression over its children.
    pub(super) fn expr(&self, kind: Kind, at: At, children: &[u16]) -> Parsed<Expr> {
        let height = children.iter().max().map_or(1, |h| h + 1);
        if height > MAX_HEIGHT {
            let detail = format!(
                "More than {MAX_HEIGHT} operations are nested here. Give a part of it a name with a local value."
            );
            return Err(self.fail(at, "expression too deep", detail));
        }
        Ok(Expr { kind, at, height })
    }

    /// The next character, as a place.
    pub(super) fn here(&self) -> At {
        let length = match self.peek() {
            Some('\n' | '\r') | None => 0,
            Some(c) => c.len_utf8(),
        };
        At::new(self.pos, self.pos + length)
    }

    pub(super) fn fail(&self, at: At, summary: &str, detail: impl Into<String>) -> Fail {
        Box::new(Diagnostic::error(summary, detail).at(Some(at.span(self.file))))
    }

    /// An error at the next character: what was expected instead of it.
    pub(super) fn expected(&self, what: &str) -> Fail {
        let found = match self.peek() {
            None => "the file ends".to_owned(),
            Some('\n' | '\r') => "the line ends".to_owned(),
            Some(c) => {
                let name = self.rest().split(|c| !continues_name(c)).next().unwrap_or_default();
                let word = if name.is_empty() { &self.rest()[..c.len_utf8()] } else { name };
                format!("found `{word}`")
            }
        };
        let mut at = self.here();
        if let Some(c) = self.peek()
            && continues_name(c)
        {
            let length = self.rest().find(|c| !continues_name(c)).unwrap_or(self.rest().len());
            at = At::new(self.pos, self.pos + length);
        }
        self.fail(at, "syntax error", format!("{what} was expected here, but {found}."))
    }

    /// Takes `text`, which must be next.
    pub(super) fn need(&mut self, text: &str, what: &str) -> Parsed<()> {
        if self.eat(text) { Ok(()) } else { Err(self.expected(what)) }
    }
}
