//! Functions on numbers.
//!
//! Facts that shape this file:
//! - `pow` and `log` work with 64-bit floats, as the language documents; their results have the shortest
//!   digits that
//!   tell the float from its neighbours, and those are what a stack sees;
//! - a float that is infinite or not a number has no decimal: the call is refused.

use bigdecimal::{BigDecimal, RoundingMode};
use num_bigint::BigInt;
use stackr_core::{Number, Type, Value};

use super::{
    Function, Kind, Param,
    call::{Call, Result, bad, error, fail},
};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abs", &[Param::number("num")], Kind::Number, abs),
    Function::new("ceil", &[Param::number("num")], Kind::Number, |call| rounded(call, RoundingMode::Ceiling)),
    Function::new("floor", &[Param::number("num")], Kind::Number, |call| rounded(call, RoundingMode::Floor)),
    Function::new("log", &[Param::number("num"), Param::number("base")], Kind::Number, log),
    Function::new("max", &[], Kind::Number, |call| extreme(call, |a, b| a > b))
        .rest(Param::number("numbers")),
    Function::new("min", &[], Kind::Number, |call| extreme(call, |a, b| a < b))
        .rest(Param::number("numbers")),
    Function::new("parseint", &[Param::any("number"), Param::number("base")], Kind::Number, parse_int),
    Function::new("pow", &[Param::number("num"), Param::number("power")], Kind::Number, pow),
    Function::new("signum", &[Param::number("num")], Kind::Number, signum),
    Function::new("sum", &[Param::any("list")], Kind::Number, sum),
];

fn abs(call: &Call<'_>) -> Result {
    Ok(Value::Number(Number::new(call.number(0)?.decimal().abs())))
}

fn rounded(call: &Call<'_>, mode: RoundingMode) -> Result {
    let number = call.number(0)?;
    if number.decimal().is_integer() {
        return Ok(Value::Number(number.clone()));
    }
    Ok(Value::Number(Number::new(number.decimal().with_scale_round(0, mode))))
}

fn log(call: &Call<'_>) -> Result {
    let (num, base) = (call.number(0)?.as_f64(), call.number(1)?.as_f64());
    from_float(num.ln() / base.ln())
}

fn pow(call: &Call<'_>) -> Result {
    from_float(power(call.number(0)?.as_f64(), call.number(1)?.as_f64()))
}

/// `x` to the power of `y` by repeated squaring of the mantissa: the digits that the language's other
/// implementation gives, which differ from the system library's in the last place.
fn power(x: f64, y: f64) -> f64 {
    if x == 0.0 || y == 0.0 || !x.is_finite() || !y.is_finite() || y.abs() >= 9e18 {
        return x.powf(y);
    }
    if y.abs() == 0.5 {
        return if y > 0.0 { x.sqrt() } else { 1.0 / x.sqrt() };
    }
    let (mut whole, mut part) = (y.abs().trunc(), y.abs().fract());
    if part != 0.0 && x < 0.0 {
        return f64::NAN;
    }
    let mut result = 1.0;
    let mut exponent: i64 = 0;
    if part != 0.0 {
        if part > 0.5 {
            part -= 1.0;
            whole += 1.0;
        }
        result = (part * x.ln()).exp();
    }
    let (mut square, mut square_exponent) = mantissa(x);
    #[expect(clippy::cast_possible_truncation, reason = "checked above to fit")]
    let mut left = whole as i64;
    while left != 0 {
        if square_exponent.abs() > 1 << 12 {
            exponent += square_exponent;
            break;
        }
        if left & 1 == 1 {
            result *= square;
            exponent += square_exponent;
        }
        square *= square;
        square_exponent *= 2;
        if square < 0.5 {
            square += square;
            square_exponent -= 1;
        }
        left >>= 1;
    }
    if y < 0.0 {
        result = 1.0 / result;
        exponent = -exponent;
    }
    scaled(result, exponent)
}

/// The float as a mantissa in [0.5, 1) and a power of two.
fn mantissa(x: f64) -> (f64, i64) {
    const BIAS: i64 = 1022;
    let (x, shift) = if x.abs() < f64::MIN_POSITIVE { (x * (1u64 << 52) as f64, -52) } else { (x, 0) };
    let bits = x.to_bits();
    let exponent = i64::from((bits >> 52) as u32 & 0x7ff) - BIAS + shift;
    (f64::from_bits(bits & !(0x7ff << 52) | (1022 << 52)), exponent)
}

fn scaled(mut x: f64, exponent: i64) -> f64 {
    let mut left = exponent.clamp(-5000, 5000);
    while left != 0 {
        let step = left.clamp(-1000, 1000);
        #[expect(clippy::cast_possible_truncation, reason = "clamped to a thousand")]
        let factor = 2f64.powi(step as i32);
        x *= factor;
        left -= step;
    }
    x
}

fn from_float(x: f64) -> Result {
    if !x.is_finite() {
        return fail("the result is not a number that can be represented");
    }
    let digits = shortest(x);
    digits.parse().map(Value::Number).map_err(|_| error("the result is not a number that can be represented"))
}

/// The fewest digits that round to the float. For a power of two the neighbour below is nearer than the one
/// above; the distance to the one above counts for both.
fn shortest(x: f64) -> String {
    let power_of_two = x.to_bits().trailing_zeros() >= 52;
    let plain = format!("{x}");
    let (Ok(exact), Ok(above)) = (BigDecimal::try_from(x), BigDecimal::try_from(x.abs().next_up())) else {
        return plain;
    };
    if !power_of_two || x == 0.0 {
        return plain;
    }
    let half = (above - exact.abs()) / 2;
    let close = |digits: &String| digits.parse().is_ok_and(|near: BigDecimal| (near - &exact).abs() < half);
    (0..17).map(|n| format!("{x:.n$e}")).find(close).unwrap_or(plain)
}

fn extreme(call: &Call<'_>, better: fn(&Number, &Number) -> bool) -> Result {
    if call.args.is_empty() {
        return fail("must pass at least one number");
    }
    let mut best = call.number(0)?;
    for i in 1..call.args.len() {
        let number = call.number(i)?;
        if better(number, best) {
            best = number;
        }
    }
    Ok(Value::Number(best.clone()))
}

fn parse_int(call: &Call<'_>) -> Result {
    let Value::String(text) = call.arg(0)? else {
        let got = call.arg(0)?.type_of();
        return Err(bad(0, format!("first argument must be a string, not {got}")));
    };
    let base = call.int(1).ok().and_then(|base| u32::try_from(base).ok()).filter(|b| (2..=62).contains(b));
    let Some(base) = base else {
        return Err(bad(1, "base must be a whole number between 2 and 62 inclusive"));
    };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'z' => Some(b - b'a' + 10),
        b'A'..=b'Z' if base <= 36 => Some(b - b'A' + 10),
        b'A'..=b'Z' => Some(b - b'A' + 36),
        _ => None,
    };
    let values: Option<Vec<u8>> = digits.bytes().map(|b| digit(b).filter(|d| u32::from(*d) < base)).collect();
    let parsed = values
        .filter(|v| !v.is_empty() && v.len() <= 10_000)
        .and_then(|v| BigInt::from_radix_be(num_bigint::Sign::Plus, &v, base));
    match parsed {
        Some(n) => Ok(Value::Number(Number::new(BigDecimal::from(if negative { -n } else { n })))),
        None => Err(bad(0, format!("cannot parse {text:?} as a base {base} integer"))),
    }
}

fn signum(call: &Call<'_>) -> Result {
    Ok(Value::from(call.int(0)?.signum()))
}

fn sum(call: &Call<'_>) -> Result {
    let Some(elements) = call.arg(0)?.elements() else {
        let got = call.arg(0)?.type_of();
        return Err(bad(0, format!("argument must be list, set, or tuple. Received {got}")));
    };
    if elements.is_empty() {
        return Err(bad(0, "cannot sum an empty list"));
    }
    let mut total = BigDecimal::from(0);
    for element in elements {
        match Type::Number.convert(element) {
            Ok(Value::Number(n)) => total += n.decimal(),
            _ => return Err(bad(0, "argument must be list, set, or tuple of number values")),
        }
    }
    Ok(Value::Number(Number::new(total)))
}
