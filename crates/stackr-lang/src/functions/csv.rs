//! Comma-separated values, read strictly: a stray quote or a missing field is refused, not repaired.

use stackr_core::Value;

use super::call::{Result, fail};

/// The rows as objects by the names in the header line.
pub(super) fn decode(text: &str) -> Result {
    let mut rows = rows(text)?.into_iter();
    let Some((_, header)) = rows.next() else { return fail("missing header line") };
    for (i, name) in header.iter().enumerate() {
        if header.iter().take(i).any(|before| before == name) {
            return fail(format!("duplicate column name {name:?}"));
        }
    }
    let object = |(line, row): (usize, Vec<String>)| {
        if row.len() != header.len() {
            return fail(format!("CSV parse error on line {line}: wrong number of fields"));
        }
        Ok(Value::object(header.iter().cloned().zip(row.into_iter().map(Value::from))))
    };
    Ok(Value::List(rows.map(object).collect::<Result<_>>()?))
}

/// The fields of each row that is not empty, with the number of the line where it starts.
fn rows(text: &str) -> Result<Vec<(usize, Vec<String>)>> {
    let text = text.replace("\r\n", "\n");
    let mut rows = Vec::new();
    let mut rest = text.as_str();
    let mut line = 1;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('\n') {
            rest = after;
            line += 1;
            continue;
        }
        let start = line;
        let mut fields = Vec::new();
        loop {
            let (field, after) = field(rest, line)?;
            line += field.matches('\n').count();
            fields.push(field);
            match after.strip_prefix(',') {
                Some(after) => rest = after,
                None => {
                    rest = after.strip_prefix('\n').unwrap_or(after);
                    line += 1;
                    break;
                }
            }
        }
        rows.push((start, fields));
    }
    Ok(rows)
}

/// The next field, and what follows it: a comma, a line break or nothing.
fn field(text: &str, line: usize) -> Result<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\n']).unwrap_or(text.len());
        let (field, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        if field.contains('"') {
            return fail(format!("CSV parse error on line {line}: bare \" in non-quoted-field"));
        }
        return Ok((field.to_owned(), rest));
    };
    let mut field = String::new();
    let misquoted =
        || fail(format!("CSV parse error on line {line}: extraneous or missing \" in quoted-field"));
    loop {
        let Some((part, after)) = rest.split_once('"') else { return misquoted() };
        field.push_str(part);
        match after.chars().next() {
            Some('"') => {
                field.push('"');
                rest = after.get(1..).unwrap_or_default();
            }
            None | Some(',' | '\n') => return Ok((field, after)),
            Some(_) => return misquoted(),
        }
    }
}
