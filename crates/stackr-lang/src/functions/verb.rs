//! One verb of a format string: its flags, and the text it makes of a value.
//!
//! Facts that shape this file:
//! - numbers are written from their exact digits; where a decimal lies exactly between two roundings, the
//!   language
//!   goes by the 512-bit binary number nearest to it, so `%.1f` of 0.25 is 0.2 and of 0.35 is 0.3;
//! - a zero before the width fills texts with zeros too.

use std::cmp::Ordering;

use bigdecimal::{BigDecimal, RoundingMode, Zero as _};
use num_bigint::{BigInt, Sign};
use stackr_core::{Number, Type, Value};
use unicode_segmentation::UnicodeSegmentation as _;

use super::{LIMIT, encoding};

/// `%`, flags, width, precision, argument and the letter.
#[derive(Default)]
pub(super) struct Verb {
    plus: bool,
    minus: bool,
    space: bool,
    zero: bool,
    sharp: bool,
    width: usize,
    precision: Option<usize>,
    /// The argument's position, counted from zero, if it is written.
    pub(super) arg: Option<usize>,
    letter: char,
}

/// More digits than this behind the point are a mistake, and take quadratic time.
const MAX_PRECISION: usize = 10_000;

type Written<T = ()> = std::result::Result<T, String>;

impl Verb {
    /// Reads what follows a percent sign, and gives back what is left.
    pub(super) fn parse(text: &str, offset: usize) -> Written<(Self, &str)> {
        let mut verb = Self::default();
        let mut rest = text;
        let at = |rest: &str| offset + text.len() - rest.len();
        while let Some(flag) = rest.chars().next().filter(|c| "+- 0#".contains(*c)) {
            match flag {
                '+' => verb.plus = true,
                '-' => verb.minus = true,
                ' ' => verb.space = true,
                '0' => verb.zero = true,
                _ => verb.sharp = true,
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        if let (Some(width), after) = digits(rest)? {
            verb.width = width;
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = digits(after)?;
            verb.precision = Some(precision.unwrap_or(0));
            rest = after;
        }
        if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = digits(after)?;
            let inside = after.strip_prefix(']').filter(|_| index.is_some_and(|i| i > 0));
            let (Some(after), Some(index)) = (inside, index) else {
                let blamed = if index == Some(0) { rest.get(1..).unwrap_or_default() } else { after };
                return Err(match blamed.chars().next() {
                    Some(c) => format!("unrecognized format character {c:?} at offset {}", at(blamed)),
                    None => format!("invalid format string starting at offset {}", at(blamed)),
                });
            };
            verb.arg = Some(index - 1);
            rest = after;
        }
        let Some(letter) = rest.chars().next() else {
            return Err(format!("invalid format string starting at offset {}", at(rest)));
        };
        if !letter.is_ascii_alphabetic() {
            return Err(format!("unrecognized format character {letter:?} at offset {}", at(rest)));
        }
        let after = rest.get(1..).unwrap_or_default();
        if !"vtbdoxXeEfgGsq".contains(letter) {
            let written = text.get(..text.len() - after.len()).unwrap_or_default();
            let start = offset - 1;
            return Err(format!("unsupported format verb {letter:?} in \"%{written}\" at offset {start}"));
        }
        verb.letter = letter;
        Ok((verb, after))
    }

    /// Adds the value's text.
    pub(super) fn write(&self, out: &mut String, value: &Value) -> Written {
        if value.is_null() && self.letter != 'v' {
            return Err("null value cannot be formatted".to_owned());
        }
        let convert = |ty: Type| ty.convert(value).map_err(|e| e.message);
        match self.letter {
            'v' => self.plain(out, value),
            't' => {
                out.push_str(&convert(Type::Bool)?.to_text().unwrap_or_default());
                Ok(())
            }
            's' => self.pad(out, &self.cut(&convert(Type::String)?.to_text().unwrap_or_default())),
            'q' => {
                let text = self.cut(&convert(Type::String)?.to_text().unwrap_or_default());
                self.pad(out, &encoding::json(&text.into()))
            }
            _ => match convert(Type::Number)? {
                Value::Number(number) => self.number(out, &number),
                _ => Err("a number is required".to_owned()),
            },
        }
    }

    fn plain(&self, out: &mut String, value: &Value) -> Written {
        match value {
            _ if self.sharp => self.pad(out, &encoding::json(value)),
            Value::Number(number) => Self { letter: 'g', precision: None, ..*self }.number(out, number),
            Value::String(text) => self.pad(out, text),
            other => self.pad(out, &encoding::json(other)),
        }
    }

    fn number(&self, out: &mut String, number: &Number) -> Written {
        if self.precision.is_some_and(|p| p > MAX_PRECISION) {
            return Err(format!("more than {MAX_PRECISION} digits cannot be written"));
        }
        let decimal = number.decimal();
        let magnitude = decimal.abs();
        let body = match self.letter {
            'd' | 'b' | 'o' | 'x' | 'X' => return self.integer(out, decimal),
            'f' => fixed(&magnitude, self.precision.unwrap_or(6)),
            'e' | 'E' => scientific(&magnitude, self.precision.unwrap_or(6)),
            _ => general(&magnitude, self.precision),
        };
        let body = if self.letter.is_ascii_uppercase() { body.to_ascii_uppercase() } else { body };
        self.signed(out, decimal.sign() == Sign::Minus, "", &body, self.zero)
    }

    fn integer(&self, out: &mut String, decimal: &BigDecimal) -> Written {
        if !decimal.is_integer() {
            return Err("an integer is required".to_owned());
        }
        let (whole, _) = decimal.abs().with_scale(0).into_bigint_and_exponent();
        let (radix, prefix) = match self.letter {
            'b' => (2, "0b"),
            'o' => (8, "0"),
            'x' => (16, "0x"),
            'X' => (16, "0X"),
            _ => (10, ""),
        };
        let mut body = whole.to_str_radix(radix);
        if self.letter == 'X' {
            body = body.to_ascii_uppercase();
        }
        if let Some(precision) = self.precision {
            body = format!("{body:0>precision$}");
        }
        let prefix = if self.sharp { prefix } else { "" };
        let fill = self.zero && self.precision.is_none();
        self.signed(out, decimal.sign() == Sign::Minus, prefix, &body, fill)
    }

    /// Sign, prefix and digits, filled to the width.
    fn signed(&self, out: &mut String, negative: bool, prefix: &str, body: &str, zeros: bool) -> Written {
        let sign = match (negative, self.plus, self.space) {
            (true, _, _) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        };
        let length = sign.len() + prefix.len() + body.len();
        let gap = self.gap(length)?;
        match (self.minus, zeros) {
            (true, _) => out.extend([sign, prefix, body, &" ".repeat(gap)]),
            (false, true) => out.extend([sign, prefix, &"0".repeat(gap), body]),
            (false, false) => out.extend([&" ".repeat(gap), sign, prefix, body]),
        }
        Ok(())
    }

    fn pad(&self, out: &mut String, text: &str) -> Written {
        let gap = self.gap(text.graphemes(true).count())?;
        let fill = if self.zero { "0" } else { " " }.repeat(gap);
        if self.minus {
            out.extend([text, &fill])
        } else {
            out.extend([&fill, text])
        }
        Ok(())
    }

    fn gap(&self, length: usize) -> Written<usize> {
        match self.width.saturating_sub(length) {
            gap if gap > LIMIT => Err(format!("a width of {} is more than can be held", self.width)),
            gap => Ok(gap),
        }
    }

    fn cut(&self, text: &str) -> String {
        match self.precision {
            Some(precision) => text.graphemes(true).take(precision).collect(),
            None => text.to_owned(),
        }
    }
}

/// Leading digits as a number, and what follows them.
fn digits(text: &str) -> Written<(Option<usize>, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    match text.split_at_checked(end) {
        Some(("", _)) | None => Ok((None, text)),
        Some((number, rest)) => match number.parse() {
            Ok(number) => Ok((Some(number), rest)),
            Err(_) => Err(format!("{number} is more than can be held")),
        },
    }
}

fn fixed(magnitude: &BigDecimal, precision: usize) -> String {
    let scale = i64::try_from(precision).unwrap_or(i64::MAX);
    round(magnitude, scale).to_plain_string()
}

fn scientific(magnitude: &BigDecimal, precision: usize) -> String {
    let scale = i64::try_from(precision).unwrap_or(i64::MAX);
    let (mut digits, mut exponent) = significant(magnitude);
    if i64::try_from(digits.len()).unwrap_or(i64::MAX) > scale + 1 {
        (digits, exponent) = significant(&round(magnitude, scale - exponent));
    }
    digits.truncate(precision + 1);
    write_scientific(&digits, exponent, precision)
}

fn write_scientific(digits: &str, exponent: i64, precision: usize) -> String {
    let (first, rest) = digits.split_at_checked(1).unwrap_or(("0", ""));
    let point = if precision > 0 { "." } else { "" };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{point}{rest:0<precision$}e{sign}{:02}", exponent.unsigned_abs())
}

/// As few digits as say all, or `precision` significant ones; with an exponent where that is shorter.
fn general(magnitude: &BigDecimal, precision: Option<usize>) -> String {
    let (mut digits, mut exponent) = significant(magnitude);
    let wanted = precision.map(|p| p.max(1));
    if let Some(wanted) = wanted.filter(|wanted| digits.len() > *wanted) {
        let scale = i64::try_from(wanted).unwrap_or(i64::MAX) - 1 - exponent;
        (digits, exponent) = significant(&round(magnitude, scale));
    }
    let whole = exponent + 1;
    let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let threshold = match precision.map(|p| i64::try_from(p.max(1)).unwrap_or(i64::MAX)) {
        Some(wanted) if wanted > count && count >= whole => count,
        Some(wanted) => wanted,
        None => 6,
    };
    if exponent < -4 || exponent >= threshold {
        let last = digits.len().saturating_sub(1);
        return write_scientific(&digits, exponent, last);
    }
    let decimal = significant_value(&digits, exponent);
    Number::new(decimal).to_string()
}

/// The digits without leading and trailing zeros, and the power of ten of the first.
fn significant(magnitude: &BigDecimal) -> (String, i64) {
    if magnitude.is_zero() {
        return ("0".to_owned(), 0);
    }
    let (whole, scale) = magnitude.normalized().into_bigint_and_exponent();
    let digits = whole.to_string();
    let exponent = i64::try_from(digits.len()).unwrap_or(i64::MAX) - 1 - scale;
    (digits, exponent)
}

fn significant_value(digits: &str, exponent: i64) -> BigDecimal {
    let scale = i64::try_from(digits.len()).unwrap_or(i64::MAX) - 1 - exponent;
    BigDecimal::new(digits.parse().unwrap_or_default(), scale)
}

/// Rounded to so many digits behind the point, as the binary number nearest to the decimal would be.
fn round(magnitude: &BigDecimal, scale: i64) -> BigDecimal {
    let down = magnitude.with_scale_round(scale, RoundingMode::Down);
    let half = BigDecimal::new(BigInt::from(5), scale.saturating_add(1));
    let tie = magnitude - &down == half;
    let mode = match (tie, tie.then(|| binary(magnitude)).flatten()) {
        (true, Some(Ordering::Greater)) => RoundingMode::Up,
        (true, Some(Ordering::Less)) => RoundingMode::Down,
        _ => RoundingMode::HalfEven,
    };
    magnitude.with_scale_round(scale, mode)
}

/// How the 512-bit binary number nearest to a decimal compares with it; nothing if they are equal.
fn binary(decimal: &BigDecimal) -> Option<Ordering> {
    const BITS: u64 = 512;
    let (digits, scale) = decimal.normalized().into_bigint_and_exponent();
    let ten = u32::try_from(scale).ok().map(|scale| BigInt::from(10).pow(scale))?;
    let shift = (BITS + ten.bits()).saturating_sub(digits.bits());
    let mut shifted = digits << shift;
    let mut divisor = ten;
    if (&shifted / &divisor).bits() > BITS {
        divisor <<= 1;
    } else if (&shifted / &divisor).bits() < BITS {
        shifted <<= 1;
    }
    let quotient = &shifted / &divisor;
    let remainder = shifted - &quotient * &divisor;
    if remainder.is_zero() {
        return None;
    }
    Some(match (remainder << 1u8).cmp(&divisor) {
        Ordering::Equal if quotient.bit(0) => Ordering::Greater,
        Ordering::Equal => Ordering::Less,
        other => other,
    })
}
