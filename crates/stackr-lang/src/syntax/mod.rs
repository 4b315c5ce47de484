//! The syntax of the Terraform language: text to tree, with every place kept.
//!
//! The parser is written here and not taken from a crate: it must agree with Terraform on what a newline means
//! within brackets, on how `<<-` and `~` trim, and on every digit of a number, and it must give each error a
//! place. `tests/syntax.rs` holds the cases that decided this.

use std::sync::Arc;

mod ast;
mod body;
mod expression;
mod json;
mod parser;
mod reference;
mod relocate;
mod repetition;
mod template;

pub(crate) use ast::{
    At, Attribute, Binary, Block, Body, Call, Expr, For, Kind, Located, Part, Splat, Target,
};
pub(crate) use json::parse_json;
pub(crate) use parser::{Fail, Parsed};
pub(crate) use template::is_name;

use parser::Parser;

/// Parses a whole file.
pub(crate) fn parse_file(text: &str, file: &Arc<str>) -> Parsed<Body> {
    let mut parser = Parser::new(text, file);
    parser.eat("\u{feff}");
    parser.body(false)
}

/// Parses one expression and nothing after it.
pub(crate) fn parse_expression(text: &str, file: &Arc<str>) -> Parsed<Expr> {
    let mut parser = Parser::new(text, file);
    parser.lines = false;
    let expr = parser.expression()?;
    parser.skip()?;
    if parser.at_end() { Ok(expr) } else { Err(parser.expected("the end of the expression")) }
}

/// Parses a text with interpolations whose plain names are variables: a template file.
pub(crate) fn parse_template_file(text: &str, file: &Arc<str>) -> Parsed<Expr> {
    let mut parser = Parser::new(text, file);
    parser.free = true;
    parser.template_file()
}
