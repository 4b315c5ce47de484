//! Functions on text.
//!
//! A character is what a reader sees as one (a grapheme cluster), where the language counts characters.

use stackr_core::Value;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{
    Function, Kind, LIMIT, Param,
    call::{Call, Result, bad, fail},
};

const STR: Param = Param::string("str");
const TEXTS: Kind = Kind::List(&Kind::String);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("chomp", &[STR], Kind::String, |call| {
        Ok(call.text(0)?.trim_end_matches(['\r', '\n']).into())
    }),
    Function::new("endswith", &[STR, Param::string("suffix")], Kind::Bool, |call| {
        Ok(call.text(0)?.ends_with(call.text(1)?).into())
    }),
    Function::new("indent", &[Param::number("spaces"), STR], Kind::String, indent),
    Function::new("join", &[Param::string("separator")], Kind::String, join).rest(Param::new("lists", TEXTS)),
    Function::new("lower", &[STR], Kind::String, |call| {
        Ok(call.text(0)?.chars().map(lower).collect::<String>().into())
    }),
    Function::new("split", &[Param::string("separator"), STR], TEXTS, split),
    Function::new("startswith", &[STR, Param::string("prefix")], Kind::Bool, |call| {
        Ok(call.text(0)?.starts_with(call.text(1)?).into())
    }),
    Function::new("strcontains", &[STR, Param::string("substr")], Kind::Bool, |call| {
        Ok(call.text(0)?.contains(call.text(1)?).into())
    }),
    Function::new("strrev", &[STR], Kind::String, |call| {
        Ok(call.text(0)?.graphemes(true).rev().collect::<String>().into())
    }),
    Function::new("substr", &[STR, Param::number("offset"), Param::number("length")], Kind::String, substr),
    Function::new("templatestring", &[Param::string("template"), Param::any("vars")], Kind::Any, template),
    Function::new("title", &[STR], Kind::String, title),
    Function::new("trim", &[STR, Param::string("cutset")], Kind::String, |call| {
        let cutset: Vec<char> = call.text(1)?.chars().collect();
        Ok(call.text(0)?.trim_matches(cutset.as_slice()).into())
    }),
    Function::new("trimprefix", &[STR, Param::string("prefix")], Kind::String, |call| {
        let text = call.text(0)?;
        Ok(text.strip_prefix(call.text(1)?).unwrap_or(text).into())
    }),
    Function::new("trimspace", &[STR], Kind::String, |call| Ok(call.text(0)?.trim().into())),
    Function::new("trimsuffix", &[STR, Param::string("suffix")], Kind::String, |call| {
        let text = call.text(0)?;
        Ok(text.strip_suffix(call.text(1)?).unwrap_or(text).into())
    }),
    Function::new("upper", &[STR], Kind::String, |call| {
        Ok(call.text(0)?.chars().map(upper).collect::<String>().into())
    }),
];

/// The title form: that of a double letter has a capital and a small part.
fn titled(c: char) -> char {
    match c {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        c => upper(c),
    }
}

/// One character for one: `ß` stays, as no single capital is its own.
fn upper(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn lower(c: char) -> char {
    // `İ` is the one letter whose small form is two characters; the first of them is the letter.
    c.to_lowercase().next().unwrap_or(c)
}

fn indent(call: &Call<'_>) -> Result {
    let (spaces, text) = (call.int(0)?, call.text(1)?);
    let Ok(spaces) = usize::try_from(spaces) else {
        return Err(bad(0, "value must not be negative"));
    };
    let lines = text.matches('\n').count();
    if spaces.saturating_mul(lines) > LIMIT {
        return Err(bad(
            0,
            format!("{spaces} spaces before each of {lines} lines are more than can be held"),
        ));
    }
    Ok(text.replace('\n', &format!("\n{}", " ".repeat(if lines == 0 { 0 } else { spaces }))).into())
}

fn join(call: &Call<'_>) -> Result {
    if call.args.len() < 2 {
        return fail("at least one list is required");
    }
    let mut parts = Vec::new();
    for i in 1..call.args.len() {
        for (n, element) in call.elements(i)?.iter().enumerate() {
            let Some(text) = element.as_str() else {
                return Err(bad(i, format!("element {n} is null; cannot concatenate null values")));
            };
            parts.push(text);
        }
    }
    Ok(parts.join(call.text(0)?).into())
}

fn split(call: &Call<'_>) -> Result {
    let (separator, text) = (call.text(0)?, call.text(1)?);
    let parts: Vec<Value> = if separator.is_empty() {
        text.chars().map(|c| c.to_string().into()).collect()
    } else {
        text.split(separator).map(Value::from).collect()
    };
    Ok(Value::List(parts))
}

fn substr(call: &Call<'_>) -> Result {
    let (text, offset, length) = (call.text(0)?, call.int(1)?, call.int(2)?);
    let clusters: Vec<&str> = text.graphemes(true).collect();
    let start = match usize::try_from(offset) {
        Ok(from_start) => from_start.min(clusters.len()),
        Err(_) => clusters.len().saturating_sub(usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    // A negative length is "to the end".
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    Ok(clusters.into_iter().skip(start).take(length).collect::<String>().into())
}

fn template(call: &Call<'_>) -> Result {
    super::file::render(call, call.text(0)?, "<templatestring>")
}

/// The first letter of each word as a capital. What separates words is what no identifier would hold, or
/// white space
/// beyond ASCII.
fn title(call: &Call<'_>) -> Result {
    let separates = |c: char| match c {
        '_' => false,
        c if c.is_ascii() => !c.is_ascii_alphanumeric(),
        c => !c.is_alphanumeric() && c.is_whitespace(),
    };
    let mut before = ' ';
    let titled = call.text(0)?.chars().map(|c| {
        let starts = separates(before);
        before = c;
        if starts { titled(c) } else { c }
    });
    Ok(titled.collect::<String>().into())
}
