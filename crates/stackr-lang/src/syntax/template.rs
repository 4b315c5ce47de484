//! Templates: quoted strings, heredocs and template files, with interpolations and directives.
//!
//! Facts that shape this file:
//! - text outside quotes is a sequence of lines, and `~` trims within one line's text only, its newline included;
//! - `<<-` removes the smallest indentation of all lines that are not blank, counted before interpolation;
//! - a template that is nothing but one interpolation is that value, not its text.

use std::collections::VecDeque;

use stackr_core::Value;

use super::{
    ast::{At, Expr, ForPart, If, Kind, Part},
    parser::{Parsed, Parser, continues_name},
};

/// One piece of a template before `if` and `for` are matched with their ends.
enum Piece {
    Text(String),
    Value(Expr),
    If(Expr, At),
    Else(At),
    EndIf(At),
    For { key_name: Option<Box<str>>, value_name: Box<str>, collection: Expr, at: At },
    EndFor(At),
}

/// Where the text of a template ends and how it is escaped.
#[derive(Clone, Copy, PartialEq)]
enum Style<'a> {
    Quoted,
    Heredoc { marker: &'a str },
    File,
}

impl<'a> Parser<'a> {
    pub(super) fn quoted(&mut self) -> Parsed<Expr> {
        let start = self.pos;
        self.pos += 1;
        let pieces = self.pieces(Style::Quoted, start)?;
        self.template(pieces, At::new(start, self.pos))
    }

    pub(super) fn heredoc(&mut self) -> Parsed<Expr> {
        let start = self.pos;
        self.pos += 2;
        let flush = self.eat("-");
        let Some((marker, _)) = self.name() else {
            return Err(self.expected("the word that ends the text, such as `<<EOT`,"));
        };
        self.eat("\r");
        self.need("\n", "a new line")?;
        let mut pieces = self.pieces(Style::Heredoc { marker }, start)?;
        if flush {
            dedent(&mut pieces);
        }
        self.template(pieces, At::new(start, self.pos))
    }

    /// The whole text as one template.
    pub(super) fn template_file(&mut self) -> Parsed<Expr> {
        let pieces = self.pieces(Style::File, 0)?;
        self.template(pieces, At::new(0, self.pos))
    }

    fn pieces(&mut self, style: Style<'a>, start: usize) -> Parsed<Vec<Piece>> {
        let outer = self.bound.len();
        let pieces = self.deeper(|p| p.pieces_within(style, start));
        self.bound.truncate(outer);
        pieces
    }

    fn pieces_within(&mut self, style: Style<'a>, start: usize) -> Parsed<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut trim_next = false;
        let mut line_start = true;
        loop {
            if line_start && let Style::Heredoc { marker } = style {
                if self.ends_heredoc(marker) {
                    return Ok(pieces);
                }
                if self.at_end() {
                    let at = At::new(start, start + 2);
                    let detail = format!("No line with only `{marker}` ends this text.");
                    return Err(self.fail(at, "unclosed heredoc", detail));
                }
            }
            let text_at = self.pos;
            let (mut text, ended_line) = self.text(style)?;
            line_start = ended_line;
            if self.pos > text_at {
                if std::mem::take(&mut trim_next) {
                    text = text.trim_start().to_owned();
                }
                if self.looking_at("${~") || self.looking_at("%{~") {
                    text.truncate(text.trim_end().len());
                }
                pieces.push(Piece::Text(composed(text)));
            }
            if ended_line {
                continue;
            }
            match style {
                Style::Quoted if self.eat("\"") => return Ok(pieces),
                Style::File if self.at_end() => return Ok(pieces),
                _ if self.at_end() => {
                    let (summary, detail) = match style {
                        Style::Heredoc { .. } => ("unclosed heredoc", "No line ends this text."),
                        _ => ("unclosed string", "This string has no closing quotation mark."),
                    };
                    return Err(self.fail(At::new(start, start + 1), summary, detail));
                }
                _ => {}
            }
            let (piece, trim) = self.within(false, Self::sequence)?;
            pieces.push(piece);
            trim_next = trim;
        }
    }

    /// Takes the end of a heredoc if it is next: a line with nothing but the marker.
    fn ends_heredoc(&mut self, marker: &str) -> bool {
        let line = self.rest().split('\n').next().unwrap_or_default();
        let found = line.trim() == marker;
        if found {
            self.pos += line.find(marker).unwrap_or(0) + marker.len();
        }
        found
    }

    /// The text up to the next sequence, end or (outside quotes) line, and whether it ended a line.
    fn text(&mut self, style: Style<'_>) -> Parsed<(String, bool)> {
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(c) = rest.chars().next() else { return Ok((text, false)) };
            if rest.starts_with("$${") || rest.starts_with("%%{") {
                text.push_str(&rest[1..3]);
                self.pos += 3;
            } else if rest.starts_with("${") || rest.starts_with("%{") || (style == Style::Quoted && c == '"')
            {
                return Ok((text, false));
            } else if style == Style::Quoted && c == '\\' {
                text.push(self.escape()?);
            } else if style == Style::Quoted && matches!(c, '\n' | '\r') {
                let detail = "A quoted string is written on one line. For text of several lines use a heredoc, \
                              `<<-EOT`, or `\\n`.";
                return Err(self.fail(At::new(self.pos, self.pos), "string goes past its line", detail));
            } else {
                text.push(c);
                self.pos += c.len_utf8();
                if c == '\n' && style != Style::Quoted {
                    return Ok((text, true));
                }
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        let start = self.pos;
        let letter = self.rest().chars().nth(1);
        self.pos += 1 + letter.map_or(0, char::len_utf8);
        let digits = match letter {
            Some('n') => return Ok('\n'),
            Some('r') => return Ok('\r'),
            Some('t') => return Ok('\t'),
            Some(c @ ('"' | '\\')) => return Ok(c),
            Some('u') => 4,
            Some('U') => 8,
            _ => {
                let detail = "The escapes are \\n, \\r, \\t, \\\", \\\\, \\uNNNN and \\UNNNNNNNN. A backslash itself \
                              is written `\\\\`.";
                return Err(self.fail(At::new(start, self.pos), "bad escape", detail));
            }
        };
        let hex = self.rest().get(..digits).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
        let c = hex.and_then(|h| u32::from_str_radix(h, 16).ok()).and_then(char::from_u32);
        let Some(c) = c else {
            let detail = format!(
                "`\\{}` is followed by {digits} hexadecimal digits of a character.",
                letter.unwrap_or('u')
            );
            return Err(self.fail(At::new(start, self.pos), "bad escape", detail));
        };
        self.pos += digits;
        Ok(c)
    }

    /// An interpolation or a directive, and whether it trims what follows it.
    fn sequence(&mut self) -> Parsed<(Piece, bool)> {
        let start = self.pos;
        let directive = self.looking_at("%{");
        self.pos += 2;
        self.eat("~");
        self.skip()?;
        let mut piece = if directive { self.directive(start)? } else { Piece::Value(self.expression()?) };
        self.skip()?;
        let trim = self.eat("~");
        self.need("}", "`}` at the end of the sequence")?;
        let whole = At::new(start, self.pos);
        match &mut piece {
            Piece::If(_, at) | Piece::For { at, .. } => *at = whole,
            Piece::Else(at) | Piece::EndIf(at) | Piece::EndFor(at) => *at = whole,
            Piece::Text(_) | Piece::Value(_) => {}
        }
        Ok((piece, trim))
    }

    fn directive(&mut self, start: usize) -> Parsed<Piece> {
        let at = At::new(start, self.pos);
        let word = self.name().map_or("", |(name, _)| name);
        Ok(match word {
            "if" => Piece::If(self.expression()?, at),
            "else" => Piece::Else(at),
            "endif" => Piece::EndIf(at),
            "for" => {
                let (key_name, value_name, collection) = self.for_intro()?;
                self.bound.extend(key_name.clone());
                self.bound.push(value_name.clone());
                Piece::For { key_name, value_name, collection, at }
            }
            "endfor" => Piece::EndFor(at),
            _ => {
                let at = At::new(start, self.pos.max(start + 2));
                let detail = "The directives are `if`, `else`, `endif`, `for` and `endfor`. A plain `%{` is written `%%{`.";
                return Err(self.fail(at, "unknown template directive", detail));
            }
        })
    }

    fn template(&mut self, pieces: Vec<Piece>, at: At) -> Parsed<Expr> {
        let mut pieces: VecDeque<_> = pieces.into();
        let mut height = 0;
        let (mut parts, end) = self.parts(&mut pieces, &mut height, 0)?;
        if let Some((word, at)) = end {
            let detail = format!("Nothing before this `{word}` in the template is open.");
            return Err(self.fail(at, "template directive without its beginning", detail));
        }
        if parts.iter().all(|p| matches!(p, Part::Text(_))) {
            let text =
                parts.drain(..).map(|p| if let Part::Text(t) = p { t } else { String::new() }).collect();
            return self.expr(Kind::Literal(Value::String(text)), at, &[]);
        }
        self.expr(Kind::Template(parts), at, &[height])
    }

    /// The parts up to the end of the template or to an `else`, `endif` or `endfor`, which is given.
    #[expect(clippy::type_complexity, reason = "the word that ended the parts, or none")]
    fn parts(
        &mut self,
        pieces: &mut VecDeque<Piece>,
        height: &mut u16,
        depth: u16,
    ) -> Parsed<(Vec<Part>, Option<(&'static str, At)>)> {
        let mut parts = Vec::new();
        if depth > 50 {
            return Err(self.fail(
                self.here(),
                "nested too deep",
                "Directives are nested more than 50 deep.",
            ));
        }
        while let Some(piece) = pieces.pop_front() {
            match piece {
                Piece::Text(text) => parts.push(Part::Text(text)),
                Piece::Value(value) => {
                    *height = (*height).max(value.height + depth);
                    parts.push(Part::Value(value));
                }
                Piece::If(condition, at) => {
                    *height = (*height).max(condition.height + depth);
                    let (then, mut end) = self.parts(pieces, height, depth + 1)?;
                    let mut otherwise = Vec::new();
                    if let Some(("else", _)) = end {
                        (otherwise, end) = self.parts(pieces, height, depth + 1)?;
                    }
                    let Some(("endif", _)) = end else {
                        return Err(self.fail(
                            at,
                            "template directive without its end",
                            "This `if` has no `%{ endif }`.",
                        ));
                    };
                    parts.push(Part::If(Box::new(If { condition, then, otherwise })));
                }
                Piece::For { key_name, value_name, collection, at } => {
                    *height = (*height).max(collection.height + depth);
                    let (body, end) = self.parts(pieces, height, depth + 1)?;
                    let Some(("endfor", _)) = end else {
                        return Err(self.fail(
                            at,
                            "template directive without its end",
                            "This `for` has no `%{ endfor }`.",
                        ));
                    };
                    parts.push(Part::For(Box::new(ForPart { key_name, value_name, collection, body })));
                }
                Piece::Else(at) => return Ok((parts, Some(("else", at)))),
                Piece::EndIf(at) => return Ok((parts, Some(("endif", at)))),
                Piece::EndFor(at) => return Ok((parts, Some(("endfor", at)))),
            }
        }
        Ok((parts, None))
    }
}

/// The text in Unicode's composed form, as every text of the language is.
fn composed(text: String) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    if text.is_ascii() { text } else { text.nfc().collect() }
}

/// Removes the indentation that all lines share. A line that is only space does not count and stays as it is.
fn dedent(pieces: &mut [Piece]) {
    let blank = |text: &str| text.ends_with('\n') && text.trim().is_empty();
    let indent = |text: &str| text.chars().take_while(|c| c.is_whitespace()).count();
    let mut least = usize::MAX;
    let mut starts = Vec::new();
    let mut line_start = true;
    for (i, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => {
                if line_start && !blank(text) {
                    least = least.min(indent(text));
                    starts.push(i);
                }
                line_start = text.ends_with('\n');
            }
            _ => {
                if line_start {
                    least = 0;
                }
                line_start = false;
            }
        }
    }
    for i in starts {
        if let Piece::Text(text) = &mut pieces[i] {
            *text = text.chars().skip(least).collect();
        }
    }
}

/// Whether `text` is a name of the language.
pub(crate) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(super::parser::starts_name) && chars.all(continues_name)
}
