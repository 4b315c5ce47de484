//! Regular expressions: `regex`, `regexall`, `replace`.
//!
//! Facts that shape this file:
//! - patterns have RE2's syntax; the crate's differs in a few places, which [`translate`] bridges: `\d`,
//!   `\w`, `\s`
//!   and `\b` are ASCII there, a `[` or `&&` inside a class is plain text, and so is a `{` that counts
//!   nothing;
//! - the shape of a result follows from the pattern's groups: none, numbered or named.

use std::fmt::Write as _;

use regex::{Captures, Regex, RegexBuilder};
use stackr_core::Value;

use super::{
    Function, Kind, LIMIT, Param,
    call::{Call, Result, bad, error, fail},
};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("regex", &[Param::string("pattern"), Param::string("string")], Kind::Any, find),
    Function::new(
        "regexall",
        &[Param::string("pattern"), Param::string("string")],
        Kind::List(&Kind::Any),
        find_all,
    ),
    Function::new(
        "replace",
        &[Param::string("str"), Param::string("substr"), Param::string("replace")],
        Kind::String,
        replace,
    ),
];

fn compile(pattern: &str) -> std::result::Result<Regex, String> {
    // The compiled form of a pattern of nested counts is exponential in its length.
    const SIZE: usize = 4 << 20;
    RegexBuilder::new(&translate(pattern)).size_limit(SIZE).build().map_err(|e| {
        let text = e.to_string();
        text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
    })
}

fn pattern(call: &Call<'_>) -> Result<Regex> {
    let regex = compile(call.text(0)?).map_err(|e| bad(0, format!("invalid regexp pattern: {e}")))?;
    let named = regex.capture_names().skip(1).filter(Option::is_some).count();
    if named > 0 && named + 1 < regex.captures_len() {
        return Err(bad(0, "invalid regexp pattern: cannot mix both named and unnamed capture groups"));
    }
    Ok(regex)
}

fn find(call: &Call<'_>) -> Result {
    let regex = pattern(call)?;
    match regex.captures(call.text(1)?) {
        Some(found) => Ok(shape(&regex, &found)),
        None => fail("pattern did not match any part of the given string"),
    }
}

fn find_all(call: &Call<'_>) -> Result {
    let regex = pattern(call)?;
    Ok(Value::List(regex.captures_iter(call.text(1)?).map(|found| shape(&regex, &found)).collect()))
}

fn shape(regex: &Regex, found: &Captures<'_>) -> Value {
    let text = |m: Option<regex::Match<'_>>| m.map_or(Value::Null, |m| m.as_str().into());
    if regex.captures_len() == 1 {
        return text(found.get(0));
    }
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    if names.is_empty() {
        return Value::Tuple(found.iter().skip(1).map(text).collect());
    }
    Value::object(names.into_iter().map(|name| (name, text(found.name(name)))))
}

/// Replaces plain text, or matches where the second argument is written between slashes.
fn replace(call: &Call<'_>) -> Result {
    let (text, wanted, with) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let too_long = || error("the result is longer than can be held");
    let inner = wanted.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    let Some(inner) = inner else {
        let hits = text.matches(wanted).count();
        if hits.saturating_mul(with.len()) > LIMIT {
            return Err(too_long());
        }
        return Ok(text.replace(wanted, with).into());
    };
    let regex = compile(inner).map_err(|e| error(format!("error parsing regexp: {e}")))?;
    let mut result = String::new();
    let mut done = 0;
    for found in regex.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        result.push_str(text.get(done..whole.start()).unwrap_or_default());
        found.expand(with, &mut result);
        done = whole.end();
        if result.len() > LIMIT {
            return Err(too_long());
        }
    }
    result.push_str(text.get(done..).unwrap_or_default());
    Ok(result.into())
}

/// The pattern as the crate writes it.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut class = Class::Outside;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match (c, class) {
            ('\\', _) => escape(&mut out, after, class != Class::Outside),
            ('[', Class::Outside) => {
                out.push('[');
                let after = after.strip_prefix('^').map_or(after, |after| {
                    out.push('^');
                    after
                });
                class = Class::Start;
                after
            }
            ('{', Class::Outside) if !counts(after) => {
                out.push_str("\\{");
                after
            }
            (_, Class::Outside) => {
                out.push(c);
                after
            }
            (']', Class::Start) => {
                out.push_str("\\]");
                class = Class::Inside;
                after
            }
            (']', Class::Inside) => {
                out.push(']');
                class = Class::Outside;
                after
            }
            ('[', _) => {
                class = Class::Inside;
                bracket(&mut out, rest)
            }
            ('&' | '~', _) => {
                let _written = write!(out, "\\{c}");
                class = Class::Inside;
                after
            }
            // A dash after a dash would be a difference of classes.
            ('-', _) if after.starts_with('-') || out.ends_with('-') => {
                out.push_str("\\-");
                class = Class::Inside;
                after
            }
            _ => {
                out.push(c);
                class = Class::Inside;
                after
            }
        };
        if c == '\\' && class == Class::Start {
            class = Class::Inside;
        }
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Outside,
    /// Directly after the opening bracket, where a `]` is plain text.
    Start,
    Inside,
}

/// A `[` inside a class: `[:alpha:]`, or plain text.
fn bracket<'p>(out: &mut String, rest: &'p str) -> &'p str {
    let named =
        rest.strip_prefix("[:").and_then(|r| r.find(":]")).and_then(|end| rest.split_at_checked(end + 4));
    match named {
        Some((class, after)) => {
            out.push_str(class);
            after
        }
        None => {
            out.push_str("\\[");
            rest.get(1..).unwrap_or_default()
        }
    }
}

/// What follows a backslash.
fn escape<'p>(out: &mut String, after: &'p str, in_class: bool) -> &'p str {
    let Some(c) = after.chars().next() else {
        out.push('\\');
        return after;
    };
    let rest = after.get(c.len_utf8()..).unwrap_or_default();
    let ascii = match c {
        'd' | 'D' => "0-9",
        'w' | 'W' => "0-9A-Za-z_",
        's' | 'S' => "\\t\\n\\f\\r ",
        'b' if !in_class => {
            out.push_str("(?-u:\\b)");
            return rest;
        }
        'Q' => {
            let (text, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
            out.push_str(&regex::escape(text));
            return rest;
        }
        'p' | 'P' | 'x' if rest.starts_with('{') => {
            let end = after.find('}').map_or(after.len(), |end| end + 1);
            let (class, rest) = after.split_at_checked(end).unwrap_or((after, ""));
            out.push('\\');
            out.push_str(class);
            return rest;
        }
        _ => {
            out.push('\\');
            out.push(c);
            return rest;
        }
    };
    let opening = if c.is_ascii_uppercase() { "[^" } else { "[" };
    let plain = in_class && c.is_ascii_lowercase();
    if !plain {
        out.push_str(opening);
    }
    out.push_str(ascii);
    if !plain {
        out.push(']');
    }
    rest
}

/// Whether what follows a `{` makes it a count: `{2}`, `{2,}`, `{2,5}`.
fn counts(after: &str) -> bool {
    let Some((inner, _)) = after.split_once('}') else { return false };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    match inner.split_once(',') {
        Some((least, most)) => !least.is_empty() && digits(least) && digits(most),
        None => !inner.is_empty() && digits(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn re2_patterns_mean_the_same_here() {
        let check = |pattern: &str, text: &str, expect: Option<&str>| {
            let regex = compile(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"));
            assert_eq!(regex.find(text).map(|m| m.as_str()), expect, "{pattern}");
        };
        check(r"\d+", "٣4", Some("4"));
        check(r"[\w-]+", "é a-b", Some("a-b"));
        check(r"[^\s\d]+", "1 ab2", Some("ab"));
        check(r"[\D]", "1a", Some("a"));
        check(r"[]a]+", "x]a", Some("]a"));
        check(r"[^]a]+", "]xa", Some("x"));
        check(r"[[a&&b]+", "x[&b", Some("[&b"));
        check(r"[a--]", "-", Some("-"));
        check(r"a{,2}", "a{,2}", Some("a{,2}"));
        check(r"a{2}", "aaa", Some("aa"));
        check(r"${x}", "", None);
        check(r"[[:digit:]]+", "a12", Some("12"));
        check(r"\Qa.b\E.", "a.bc", Some("a.bc"));
        check(r"\bb\b", "éb b", Some("b"));
        check(r"\p{Greek}", "aβ", Some("β"));
        check(r"[\]]", "]", Some("]"));
    }

    #[test]
    fn a_pattern_that_would_take_the_memory_is_refused() {
        assert!(compile("((((a{1000}){1000}){1000}){1000})").is_err());
    }
}
