//! `yamldecode`: one YAML document as a value.
//!
//! Facts that shape this file:
//! - plain scalars are resolved as the language's own reader does: `yes` and `on` are true, `017` is
//!   seventeen,
//!   a date becomes a timestamp;
//! - an alias repeats what it names, so a short text can stand for a huge value: the size is counted.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};
use stackr_core::{Type, Value};

use super::{
    call::{Result, error, fail},
    date,
};

/// How many scalars and collections a document may have, repetitions counted.
const MAX_NODES: usize = 1_000_000;
/// How deep a document may be nested, as the reader is recursive.
const MAX_DEPTH: usize = 200;

/// The value of the only document in the text.
pub(super) fn decode(text: &str) -> Result {
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: BTreeMap::new(), nodes: 0 };
    let mut value = None;
    loop {
        match reader.next()? {
            Event::DocumentStart(_) if value.is_some() => {
                return fail("unexpected extra content after value");
            }
            Event::DocumentStart(_) => {
                let first = reader.next()?;
                value = Some(reader.node(first, 0)?);
            }
            Event::StreamEnd => break,
            _ => {}
        }
    }
    value.map_or_else(|| fail("missing start of document"), Ok)
}

struct Reader<'t> {
    parser: Parser<'t, StrInput<'t>>,
    anchors: BTreeMap<usize, (Value, usize)>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Event<'t>> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(e)) => {
                let at = e.marker();
                fail(format!("on line {}, column {}: {}", at.line(), at.col() + 1, e.info()))
            }
            None => fail("unexpected end of the text"),
        }
    }

    fn count(&mut self, nodes: usize) -> Result<()> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES { fail("the document is larger than can be held") } else { Ok(()) }
    }

    fn node(&mut self, event: Event<'t>, depth: usize) -> Result {
        if depth > MAX_DEPTH {
            return fail(format!("the document is nested deeper than {MAX_DEPTH} levels"));
        }
        self.count(1)?;
        let before = self.nodes;
        let (value, anchor) = match event {
            Event::Alias(anchor) => {
                let Some((value, nodes)) = self.anchors.get(&anchor).cloned() else {
                    return fail("cannot refer to an anchor from inside its own definition");
                };
                self.count(nodes)?;
                return Ok(value);
            }
            Event::Scalar(text, style, anchor, tag) => (scalar(&text, style, tag.as_deref())?, anchor),
            Event::SequenceStart(anchor, tag) => {
                expect_tag(tag.as_deref(), "seq")?;
                let mut elements = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break,
                        event => elements.push(self.node(event, depth + 1)?),
                    }
                }
                (Value::Tuple(elements), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                expect_tag(tag.as_deref(), "map")?;
                (self.mapping(depth)?, anchor)
            }
            _ => return fail("a value is missing"),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), self.nodes - before + 1));
        }
        Ok(value)
    }

    fn mapping(&mut self, depth: usize) -> Result {
        let mut fields = BTreeMap::new();
        loop {
            let key = match self.next()? {
                Event::MappingEnd => return Ok(Value::Object(fields)),
                event => event,
            };
            let merges = matches!(&key, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = self.node(key, depth + 1)?;
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            if merges {
                match value {
                    Value::Object(merged) => fields.extend(merged),
                    other => return fail(format!("cannot merge {} into mapping", other.type_name())),
                }
                continue;
            }
            match (key.is_null(), key.to_text()) {
                (true, _) => return fail("mapping key cannot be null"),
                (false, None) => return fail("only strings are allowed as mapping keys"),
                (false, Some(key)) => fields.insert(key, value),
            };
        }
    }
}

const CORE: &str = "tag:yaml.org,2002:";

fn expect_tag(tag: Option<&Tag>, kind: &str) -> Result<()> {
    match tag {
        None => Ok(()),
        Some(tag) if tag.handle == CORE && tag.suffix == kind => Ok(()),
        Some(tag) => fail(format!("unsupported tag \"{}{}\"", tag.handle, tag.suffix)),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result {
    let tag = match tag {
        None => None,
        Some(tag) if tag.handle == CORE => Some(tag.suffix.as_str()),
        Some(tag) => return fail(format!("unsupported tag \"{}{}\"", tag.handle, tag.suffix)),
    };
    if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
        return Ok(text.into());
    }
    let mut resolved = resolve(text)?;
    // A block of lines is understood like a plain scalar and then made text again.
    if style != ScalarStyle::Plain {
        resolved = Type::String.convert(&resolved).map_err(|e| error(e.message))?;
    }
    let cannot = |kind: &str| fail(format!("cannot parse {text:?} as {CORE}{kind}"));
    match (tag, &resolved) {
        (None, _)
        | (Some("int" | "float"), Value::Number(_))
        | (Some("bool"), Value::Bool(_))
        | (Some("null"), Value::Null) => Ok(resolved),
        (Some("str"), _) => Ok(text.into()),
        (Some("binary"), _) => Ok(text.split_whitespace().collect::<String>().into()),
        (Some("timestamp"), _) => timestamp(text).map_or_else(|| cannot("timestamp"), Ok),
        (Some(kind @ ("int" | "float" | "bool" | "null")), _) => cannot(kind),
        (Some(kind), _) => fail(format!("unsupported tag \"!!{kind}\"")),
    }
}

/// What a scalar without quotes means.
fn resolve(text: &str) -> Result {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => true.into(),
        "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => false.into(),
        ".nan" | ".NaN" | ".NAN" => return fail("floating point NaN is not supported"),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" => {
            return fail("an infinite number is not supported");
        }
        _ => number(text)?.or_else(|| timestamp(text)).unwrap_or_else(|| text.into()),
    })
}

fn number(text: &str) -> Result<Option<Value>> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let radix = |radix: u32, digits: &str| {
        let parsed = num_bigint::BigInt::parse_bytes(digits.as_bytes(), radix)?;
        parsed.to_string().parse().ok().map(Value::Number)
    };
    let prefixed = match text.split_at_checked(2) {
        Some(("0x", hex)) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => radix(16, hex),
        Some(("0o", octal)) if octal.bytes().all(|b| b.is_ascii_digit()) => radix(8, octal),
        _ => None,
    };
    if prefixed.is_some() || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Ok(prefixed);
    }
    match Type::Number.convert(&text.into()) {
        Ok(number) => Ok(Some(number)),
        // A number to the eye, with an exponent that no machine can write out.
        Err(_) if digits.contains(['e', 'E']) && text.parse::<f64>().is_ok() => {
            Err(error(format!("the number {text} has too large an exponent")))
        }
        Err(_) => Ok(None),
    }
}

fn timestamp(text: &str) -> Option<Value> {
    let dashed =
        text.get(..5).is_some_and(|y| y.ends_with('-') && y.bytes().take(4).all(|b| b.is_ascii_digit()));
    if !dashed {
        return None;
    }
    let (day, time) = match text.split_once(['T', 't', ' ']) {
        Some((day, time)) => (day, time),
        None => (text, "00:00:00Z"),
    };
    let zoned = time.ends_with('Z') || time.contains(['+', '-']);
    let (zone, spaced) = (if zoned { "" } else { "Z" }, text.contains(' '));
    if !zoned && !spaced {
        return None;
    }
    let mut parts = day.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let full = format!("{year}-{month:0>2}-{day:0>2}T{time}{zone}");
    let stamp = date::Stamp::parse(&full).ok().filter(|_| parts.next().is_none())?;
    Some(stamp.to_string().into())
}
