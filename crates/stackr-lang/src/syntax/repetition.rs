//! `for`: the expression, and the part of it that template directives share.

use super::{
    ast::{At, Expr, For},
    parser::{Parsed, Parser},
};

impl Parser<'_> {
    /// What is between the brackets of a `for` expression, and the closing one.
    pub(super) fn for_expression(&mut self, close: &str) -> Parsed<(For, Vec<u16>)> {
        self.pos += "for".len();
        let (key_name, value_name, collection) = self.for_intro()?;
        self.skip()?;
        self.need(":", "`:` and the value of each element")?;
        let outer = self.bound.len();
        self.bound.extend(key_name.clone());
        self.bound.push(value_name.clone());
        let parsed = self.for_body(close);
        self.bound.truncate(outer);
        let (key, value, condition, grouped) = parsed?;
        let mut heights = vec![collection.height, value.height];
        heights.extend(key.iter().chain(&condition).map(|e| e.height));
        Ok((For { key_name, value_name, collection, key, value, condition, grouped }, heights))
    }

    fn for_body(&mut self, close: &str) -> Parsed<(Option<Expr>, Expr, Option<Expr>, bool)> {
        let mut key = None;
        let mut value = self.expression()?;
        self.skip()?;
        let mut grouped = false;
        if close == "}" {
            self.need("=>", "`=>` and the value for this key")?;
            key = Some(std::mem::replace(&mut value, self.expression()?));
            self.skip()?;
            grouped = self.eat("...");
            self.skip()?;
        } else if self.looking_at("=>") {
            let detail = "A `for` with `=>` makes an object: write it in braces, not in square brackets.";
            return Err(self.fail(At::new(self.pos, self.pos + 2), "syntax error", detail));
        }
        let mut condition = None;
        if self.peek_name() == Some("if") {
            self.pos += "if".len();
            condition = Some(self.expression()?);
            self.skip()?;
        }
        self.need(close, &format!("`{close}` at the end of the `for`"))?;
        Ok((key, value, condition, grouped))
    }

    /// `k, v in collection`, after the word `for`.
    pub(super) fn for_intro(&mut self) -> Parsed<(Option<Box<str>>, Box<str>, Expr)> {
        self.skip()?;
        let Some((first, _)) = self.name() else { return Err(self.expected("a name for each element")) };
        self.skip()?;
        let mut second = None;
        if self.eat(",") {
            self.skip()?;
            let Some((name, _)) = self.name() else { return Err(self.expected("a name for each value")) };
            second = Some(name);
            self.skip()?;
        }
        if self.peek_name() != Some("in") {
            return Err(self.expected("`in` and a collection"));
        }
        self.pos += "in".len();
        let collection = self.expression()?;
        Ok(match second {
            Some(value) => (Some(first.into()), value.into(), collection),
            None => (None, first.into(), collection),
        })
    }
}
