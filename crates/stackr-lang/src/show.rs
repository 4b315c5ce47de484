//! A value as the console prints it: the expression that would give it, as far as there is one.

use std::fmt::Write as _;

use stackr_core::{Type, Value};

/// The value as text over several lines, without a line break at the end.
#[must_use]
pub fn show(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value, &Type::Any, 0);
    out
}

/// Writes a value whose type its surroundings know: a null says what it is a null of.
fn write_value(out: &mut String, value: &Value, ty: &Type, indent: usize) {
    match value {
        Value::Unknown(_) => out.push_str("(known after apply)"),
        Value::Sensitive(_) => out.push_str("(sensitive value)"),
        Value::Null => out.push_str(&null(ty)),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(&n.to_string()),
        Value::String(text) if text.contains('\n') => heredoc(out, text, indent),
        Value::String(text) => out.push_str(&quoted(text)),
        Value::Tuple(e) => sequence(out, e, &Type::Any, indent),
        Value::List(e) | Value::Set(e) => {
            let element = match value.type_of() {
                Type::List(e) | Type::Set(e) => *e,
                _ => Type::Any,
            };
            out.push_str(if matches!(value, Value::List(_)) { "tolist(" } else { "toset(" });
            sequence(out, e, &element, indent);
            out.push(')');
        }
        Value::Object(m) => mapping(out, m.iter(), ty, indent),
        Value::Map(m) => {
            out.push_str("tomap(");
            mapping(out, m.iter(), &value.type_of(), indent);
            out.push(')');
        }
    }
}

fn null(ty: &Type) -> String {
    match ty {
        Type::Any => "null".to_owned(),
        Type::Bool => "tobool(null)".to_owned(),
        Type::Number => "tonumber(null)".to_owned(),
        Type::String => "tostring(null)".to_owned(),
        Type::List(e) => format!("tolist(null) /* of {e} */"),
        Type::Set(e) => format!("toset(null) /* of {e} */"),
        Type::Map(e) => format!("tomap(null) /* of {e} */"),
        other => format!("null /* {other} */"),
    }
}

fn line(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

fn sequence(out: &mut String, elements: &[Value], ty: &Type, indent: usize) {
    out.push('[');
    for element in elements {
        line(out, indent + 2);
        write_value(out, element, ty, indent + 2);
        out.push(',');
    }
    if !elements.is_empty() {
        line(out, indent);
    }
    out.push(']');
}

fn mapping<'v>(
    out: &mut String,
    entries: impl Iterator<Item = (&'v String, &'v Value)>,
    ty: &Type,
    indent: usize,
) {
    out.push('{');
    let mut empty = true;
    for (key, value) in entries {
        empty = false;
        line(out, indent + 2);
        if key.contains('\n') {
            heredoc(out, key, indent + 2)
        } else {
            out.push_str(&quoted(key))
        }
        out.push_str(" = ");
        let inner = match ty {
            Type::Map(element) => element.as_ref(),
            Type::Object(fields) => fields.get(key).map_or(&Type::Any, |field| &field.ty),
            _ => &Type::Any,
        };
        write_value(out, value, inner, indent + 2);
    }
    if !empty {
        line(out, indent);
    }
    out.push('}');
}

/// A text of several lines; the mark at its end is one that none of the lines is.
fn heredoc(out: &mut String, text: &str, indent: usize) {
    let mut mark = "EOT".to_owned();
    while text.split('\n').any(|line| line.trim() == mark) {
        mark.push('_');
    }
    out.push_str(if indent > 0 { "<<-" } else { "<<" });
    out.push_str(&mark);
    for part in text.split('\n').chain([mark.as_str()]) {
        line(out, indent);
        out.push_str(part);
    }
}

/// A text in quotes, escaped as Go does it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if printable(c) => out.push(c),
            c => {
                let code = u32::from(c);
                let _written = match code {
                    ..0x80 => write!(out, "\\x{code:02x}"),
                    0x80..0x1_0000 => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
    out
}

/// Letters, marks, numbers, punctuation, symbols and the plain space; not other spaces, controls and formats.
fn printable(c: char) -> bool {
    c == ' '
        || !(c.is_control()
            || c.is_whitespace()
            || matches!(c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}'
        | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..))
}

/// The type of a value in the syntax of type constraints, as the function `type` gives it.
pub(crate) fn type_text(value: &Value) -> String {
    let mut out = String::new();
    write_type(&mut out, &value.type_of(), 0);
    out
}

fn write_type(out: &mut String, ty: &Type, indent: usize) {
    const STEP: usize = 4;
    match ty {
        Type::Any | Type::Bool | Type::Number | Type::String | Type::Sealed(_) => {
            out.push_str(&ty.to_string());
        }
        Type::List(e) | Type::Set(e) | Type::Map(e) => {
            out.push_str(match ty {
                Type::List(_) => "list(",
                Type::Set(_) => "set(",
                _ => "map(",
            });
            if matches!(e.as_ref(), Type::Tuple(_) | Type::Object(_)) {
                line(out, indent + STEP);
                write_type(out, e, indent + STEP);
                out.push(',');
                line(out, indent);
            } else {
                write_type(out, e, indent);
            }
            out.push(')');
        }
        Type::Tuple(types) if types.is_empty() => out.push_str("tuple([])"),
        Type::Tuple(types) => {
            out.push_str("tuple([");
            for ty in types {
                line(out, indent + STEP);
                write_type(out, ty, indent + STEP);
                out.push(',');
            }
            line(out, indent);
            out.push_str("])");
        }
        Type::Object(fields) if fields.is_empty() => out.push_str("object({})"),
        Type::Object(fields) => {
            out.push_str("object({");
            for (name, field) in fields {
                line(out, indent + STEP);
                out.push_str(name);
                out.push_str(": ");
                write_type(out, &field.ty, indent + STEP);
                out.push(',');
            }
            line(out, indent);
            out.push_str("})");
        }
    }
}
