//! Text encodings: base64, JSON, CSV, URLs and character sets. YAML has its own files.

use base64::{
    Engine as _,
    alphabet::STANDARD as ALPHABET,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use stackr_core::Value;

use super::{
    Function, Kind, Param, Sees,
    call::{Call, Result, bad, error, fail},
    csv, yaml, yaml_write,
};

/// The longest document that is made: quotes within quotes double with every level, and a hundred levels are soon written.
const MAX_JSON: usize = 16 << 20;

const STR: Param = Param::string("str");
const ENCODING: Param = Param::string("encoding");

/// As the language reads base64: padding is required, left-over bits are not looked at.
pub(super) const BASE64: GeneralPurpose =
    GeneralPurpose::new(&ALPHABET, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base64decode", &[STR], Kind::String, base64_decode),
    Function::new("base64encode", &[STR], Kind::String, |call| Ok(BASE64.encode(call.text(0)?).into())),
    Function::new("base64gzip", &[STR], Kind::String, base64_gzip),
    Function::new("csvdecode", &[STR], Kind::Any, |call| csv::decode(call.text(0)?)),
    Function::new("jsondecode", &[STR], Kind::Any, json_decode),
    Function::new("jsonencode", &[Param::any("val").or_null()], Kind::String, |call| {
        let text = json(call.arg(0)?);
        if text.len() > MAX_JSON {
            return fail(format!("the document has more than {MAX_JSON} bytes"));
        }
        Ok(text.into())
    }),
    Function::new("textdecodebase64", &[Param::string("source"), ENCODING], Kind::String, text_decode),
    Function::new("textencodebase64", &[Param::string("string"), ENCODING], Kind::String, text_encode),
    Function::new("urlencode", &[STR], Kind::String, url_encode),
    Function::new("yamldecode", &[Param::string("src")], Kind::Any, |call| yaml::decode(call.text(0)?)),
    Function::new("yamlencode", &[Param::any("value").or_null()], Kind::String, |call| {
        Ok(yaml_write::encode(call.arg(0)?).into())
    })
    .sees(Sees::Plain),
];

/// JSON that is safe inside HTML, as the language writes it. The escaped characters stand only inside texts.
pub(super) fn json(value: &Value) -> String {
    let plain = value.to_json().to_string();
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

fn json_decode(call: &Call<'_>) -> Result {
    let parsed: serde_json::Value = serde_json::from_str(call.text(0)?).map_err(|e| error(e.to_string()))?;
    if let Some(number) = unreasonable(&parsed) {
        return fail(format!("the number {number} has too large an exponent"));
    }
    Ok(Value::from_json(&parsed))
}

/// A number that would take the memory of the machine to be written.
fn unreasonable(json: &serde_json::Value) -> Option<String> {
    use serde_json::Value as J;
    match json {
        J::Number(number) => {
            let text = number.to_string();
            let exponent = text.split_once(['e', 'E']).map_or(Ok(0), |(_, e)| e.parse::<i64>());
            exponent.map_or(true, |e| e.abs() > 10_000).then_some(text)
        }
        J::Array(elements) => elements.iter().find_map(unreasonable),
        J::Object(fields) => fields.values().find_map(unreasonable),
        _ => None,
    }
}

fn base64_decode(call: &Call<'_>) -> Result {
    let text = call.text(0)?;
    let Ok(bytes) = BASE64.decode(text.replace(['\r', '\n'], "")) else {
        return fail(format!("failed to decode base64 data {text:?}"));
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(_) => fail("the result of decoding the provided string is not valid UTF-8"),
    }
}

/// Compressed without a time or a name in the header, so that the result depends on the text alone.
fn base64_gzip(call: &Call<'_>) -> Result {
    use std::io::Write as _;
    let mut gzip = flate2::GzBuilder::new().write(Vec::new(), flate2::Compression::default());
    let written = gzip.write_all(call.text(0)?.as_bytes()).and_then(|()| gzip.finish());
    Ok(BASE64.encode(written.map_err(|e| error(e.to_string()))?).into())
}

fn url_encode(call: &Call<'_>) -> Result {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b' ');
    Ok(utf8_percent_encode(call.text(0)?, &KEPT).to_string().replace(' ', "+").into())
}

/// A character set by its registered name.
enum Charset {
    Utf16 { big: bool, mark: bool },
    Ascii,
    Latin1,
    Other(&'static encoding_rs::Encoding),
}

impl Charset {
    fn of(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "utf-16" | "csutf16" => Self::Utf16 { big: true, mark: true },
            "utf-16be" | "csutf16be" => Self::Utf16 { big: true, mark: false },
            "utf-16le" | "csutf16le" => Self::Utf16 { big: false, mark: false },
            "us-ascii" | "ascii" | "iso646-us" | "us" => Self::Ascii,
            "iso-8859-1" | "latin1" | "iso_8859-1" | "l1" | "ibm819" | "cp819" => Self::Latin1,
            other => Self::Other(encoding_rs::Encoding::for_label_no_replacement(other.as_bytes())?),
        })
    }

    fn encode(&self, text: &str) -> Option<Vec<u8>> {
        let narrow = |most: u32| {
            text.chars().map(|c| u8::try_from(c).ok().filter(|b| u32::from(*b) <= most)).collect()
        };
        match self {
            Self::Utf16 { big, mark } => {
                let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
                Some(units.flat_map(|u| if *big { u.to_be_bytes() } else { u.to_le_bytes() }).collect())
            }
            Self::Ascii => narrow(0x7f),
            Self::Latin1 => narrow(0xff),
            Self::Other(encoding) => {
                let (bytes, _, unmappable) = encoding.encode(text);
                (!unmappable).then(|| bytes.into_owned())
            }
        }
    }

    fn decode(&self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf16 { big, .. } => {
                let (pairs, rest) = bytes.as_chunks::<2>();
                if !rest.is_empty() {
                    return None;
                }
                let units =
                    pairs.iter().map(|p| if *big { u16::from_be_bytes(*p) } else { u16::from_le_bytes(*p) });
                char::decode_utf16(units).collect::<std::result::Result<_, _>>().ok()
            }
            Self::Ascii => bytes.is_ascii().then(|| String::from_utf8_lossy(bytes).into_owned()),
            Self::Latin1 => Some(bytes.iter().copied().map(char::from).collect()),
            Self::Other(encoding) => encoding
                .decode_without_bom_handling_and_without_replacement(bytes)
                .map(|text| text.into_owned()),
        }
    }
}

fn charset(call: &Call<'_>) -> Result<Charset> {
    let name = call.text(1)?;
    Charset::of(name)
        .ok_or_else(|| bad(1, format!("{name:?} is not a supported IANA encoding name or alias")))
}

fn text_encode(call: &Call<'_>) -> Result {
    let (charset, name) = (charset(call)?, call.text(1)?);
    let bytes = charset.encode(call.text(0)?).ok_or_else(|| {
        bad(0, format!("the given string contains characters that cannot be represented in {name}"))
    })?;
    Ok(BASE64.encode(bytes).into())
}

fn text_decode(call: &Call<'_>) -> Result {
    let (charset, name) = (charset(call)?, call.text(1)?);
    let bytes = BASE64
        .decode(call.text(0)?.replace(['\r', '\n'], ""))
        .map_err(|_| bad(0, "the given value is not valid base64"))?;
    let text = charset.decode(&bytes);
    Ok(text
        .ok_or_else(|| bad(0, format!("the given string contains symbols that are not defined for {name}")))?
        .into())
}
