//! Bodies: attributes and blocks of a file or of a block.

use std::sync::Arc;

use super::{
    ast::{At, Attribute, Block, Body, Label},
    parser::{Parsed, Parser, starts_name},
};

impl Parser<'_> {
    /// Attributes and blocks up to the end of the text, or to the `}` of a block, which is left.
    pub(super) fn body(&mut self, nested: bool) -> Parsed<Body> {
        let mut body = Body::default();
        loop {
            self.skip_lines()?;
            if self.at_end() || (nested && self.looking_at("}")) {
                return Ok(body);
            }
            self.item(&mut body)?;
            self.skip()?;
            let ended = self.at_end() || self.eat("\n");
            if !ended {
                return Err(self.expected("a new line after this"));
            }
        }
    }

    fn item(&mut self, body: &mut Body) -> Parsed<()> {
        let Some((name, name_at)) = self.name() else {
            return Err(self.expected("an argument (`name = value`) or a block"));
        };
        self.skip()?;
        if self.looking_at("=") {
            return self.attribute(name, name_at, body);
        }
        let mut labels = Vec::new();
        let mut header = name_at;
        while !self.looking_at("{") {
            let start = self.pos;
            let text = if self.looking_at("\"") {
                self.label()?
            } else if self.peek().is_some_and(starts_name) {
                self.name().map_or_else(String::new, |(name, _)| name.to_owned())
            } else {
                let what = if labels.is_empty() {
                    "`=` and a value, or `{` and a block's body,"
                } else {
                    "`{` and the block's body"
                };
                return Err(self.expected(what));
            };
            let at = At::new(start, self.pos);
            header = header.to(at);
            labels.push(Label { text, at });
            self.skip()?;
        }
        self.pos += 1;
        let inner = self.deeper(Self::block_body)?;
        body.blocks.push(Block {
            kind: name.into(),
            labels,
            body: inner,
            header,
            file: Arc::clone(self.file),
        });
        Ok(())
    }

    fn attribute(&mut self, name: &str, name_at: At, body: &mut Body) -> Parsed<()> {
        if body.attribute(name).is_some() {
            let detail = format!("`{name}` is already given in this block. Each argument is given once.");
            return Err(self.fail(name_at, "duplicate argument", detail));
        }
        self.pos += 1;
        let expr = Arc::new(self.expression()?);
        body.attributes.push(Attribute { name: name.into(), name_at, expr, file: Arc::clone(self.file) });
        Ok(())
    }

    /// A quoted label: plain text without interpolation.
    fn label(&mut self) -> Parsed<String> {
        let start = self.pos;
        let label = self.quoted()?;
        match label.kind {
            super::ast::Kind::Literal(value) => Ok(value.to_text().unwrap_or_default()),
            _ => {
                let at = At::new(start, self.pos);
                Err(self.fail(at, "bad label", "A block's label is plain text, without interpolation."))
            }
        }
    }

    /// What is after `{`, with its `}`: lines, or at most one argument on the same line.
    fn block_body(&mut self) -> Parsed<Body> {
        self.within(true, |p| {
            p.skip()?;
            if p.eat("}") {
                return Ok(Body::default());
            }
            if p.eat("\n") {
                let body = p.body(true)?;
                p.need("}", "`}` at the end of the block")?;
                return Ok(body);
            }
            let mut body = Body::default();
            p.item(&mut body)?;
            if let Some(inner) = body.blocks.first() {
                let detail =
                    "A block on one line holds one argument. Write a nested block on lines of its own.";
                return Err(p.fail(inner.header, "syntax error", detail));
            }
            p.skip()?;
            if !p.eat("}") {
                return Err(p.expected("`}`: a block on one line holds one argument; a new line or `}`"));
            }
            Ok(body)
        })
    }
}
