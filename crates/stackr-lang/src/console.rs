//! What the console takes: single expressions at the root of a stack, and the function `type`, which is no value.

use std::{fmt, sync::Arc};

use stackr_core::{Diagnostic, Diagnostics, Env, Value};

use crate::{
    config::error,
    eval::Scope,
    place::Place,
    references,
    session::Session,
    show::{show, type_text},
    sources::Sources,
    stack::Stack,
    syntax::{Call, Expr, Kind, Part, parse_expression},
};

/// The file that spans of a console's errors are in.
const FILE: &str = "expression";

/// What an expression of the console gives. Its text is what the console prints.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A value.
    Value(Value),
    /// What `type` says of a value: a type in the syntax of type constraints.
    Type(String),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => f.write_str(&show(value)),
            Self::Type(ty) => f.write_str(ty),
        }
    }
}

/// The value of an expression at the root of a stack, or its type where `type` is asked for it.
///
/// # Errors
/// What is wrong with it. Spans are in the file that [`console_sources`] has.
pub fn answer(stack: &Stack, text: &str, env: &dyn Env) -> Result<Answer, Diagnostics> {
    let file: Arc<str> = FILE.into();
    let expr = parse_expression(text, &file).map_err(|why| Diagnostics::from(*why))?;
    let asked = asked_type(&expr);
    let subject = match asked.map(|call| (&*call.args, call)) {
        None => &expr,
        Some(([subject], call)) if !call.expand => subject,
        Some((_, call)) => {
            let detail = "`type` has exactly one argument: the value whose type is asked for.";
            return Err(error(call.name_at.span(&file), "error in type", detail).into());
        }
    };
    references::check_expression(&stack.tree, subject, &file)?;
    let session = Session::new(stack, env);
    let place = Place::new(&session, 0, None);
    let value = Scope::new(&place, &file).eval(subject).map_err(|why| Diagnostics::from(*why))?;
    let mut problems = Diagnostics::default();
    session.validate_used(&mut problems);
    problems.or(match asked {
        None => Answer::Value(value.into_owned()),
        Some(_) => Answer::Type(type_text(&value)),
    })
}

/// The value of an expression at the root of a stack.
///
/// # Errors
/// What is wrong with it; a type is no value.
pub fn evaluate_expression(stack: &Stack, text: &str, env: &dyn Env) -> Result<Value, Diagnostics> {
    match answer(stack, text, env)? {
        Answer::Value(value) => Ok(value),
        Answer::Type(ty) => {
            Err(Diagnostic::error("no value", format!("This is the type {ty}, not a value.")).into())
        }
    }
}

/// The text that errors about an expression of the console point into.
#[must_use]
pub fn console_sources(stack: &Stack, text: &str) -> Sources {
    let mut sources = stack.sources().clone();
    sources.add(&FILE.into(), text);
    sources
}

/// Whether more lines may make an expression of this: a bracket or a heredoc is open, or an operand is missing.
#[must_use]
pub fn is_unfinished(text: &str) -> bool {
    let end = text.trim_end().len();
    match parse_expression(text, &FILE.into()) {
        _ if end == 0 => false,
        Ok(_) => false,
        Err(why) if matches!(&*why.summary, "unclosed heredoc" | "unclosed comment") => true,
        Err(why) => why.span.is_some_and(|span| span.range.start >= end),
    }
}

/// The call of `type` that an expression is: by itself, in parentheses, or alone in a template.
fn asked_type(expr: &Expr) -> Option<&Call> {
    match &expr.kind {
        Kind::Call(call) if matches!(&*call.name, "type" | "core::type") => Some(call),
        Kind::Paren(inner) => asked_type(inner),
        Kind::Template(parts) => match &**parts {
            [Part::Value(inner)] => asked_type(inner),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_goes_on_while_something_is_open_or_missing() {
        for text in
            ["(1", "[1,", "{ a = 1", "1 +", "upper(", "<<EOT", "<<EOT\nhi\n", "\"${", "/* x", "true ?"]
        {
            assert!(is_unfinished(text), "{text}");
        }
        for text in ["", " ", "1", "[1]", "1)", "\"abc", "nope nope", "<<EOT\nhi\nEOT\n", "}"] {
            assert!(!is_unfinished(text), "{text}");
        }
    }
}
