//! Arithmetic as Terraform does it.
//!
//! Facts that shape this file:
//! - Terraform computes in binary with 512 bits and prints the shortest decimal that stands for the same bits.
//!   Where every decimal digit fits, exact decimal arithmetic gives the same and no surprises;
//! - a quotient without end is rounded to the 512 bits, and what is made of it as well: so `1 / 3 * 3` is 1.

use bigdecimal::{
    BigDecimal, Zero,
    num_bigint::{BigInt, Sign},
};

use crate::syntax::Binary;

/// The bits of Terraform's numbers.
const BITS: i64 = 512;
/// Decimals of more digits than this came from a quotient without end.
const DIGITS: u64 = 100;
/// The most digits that the shortest decimal of 512 bits has.
const MOST: i64 = 157;
/// The greatest power of ten that is computed with: far beyond every use, and still printable.
const MAX_POWER: i64 = 20_000;

/// The result of an arithmetic operator; none if it is too large or too small. The divisor is not zero.
pub(super) fn compute(op: Binary, a: &BigDecimal, b: &BigDecimal) -> Option<BigDecimal> {
    let long = a.digits() > DIGITS || b.digits() > DIGITS;
    let result = match op {
        _ if long => rounded(op, a, b),
        Binary::Remainder => a % b,
        Binary::Divide => quotient(a, b),
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        _ => a * b,
    };
    let (digits, scale) = result.as_bigint_and_exponent();
    let power = scale.abs().max(i64::try_from(digits.bits()).unwrap_or(i64::MAX) / 3);
    (digits.is_zero() || power <= MAX_POWER).then_some(result)
}

/// A number as a fraction.
fn fraction(decimal: &BigDecimal) -> (BigInt, BigInt) {
    let (digits, scale) = decimal.as_bigint_and_exponent();
    let power = |n: i64| BigInt::from(10).pow(u32::try_from(n).unwrap_or(u32::MAX));
    if scale > 0 { (digits, power(scale)) } else { (digits * power(-scale), BigInt::from(1)) }
}

fn quotient(a: &BigDecimal, b: &BigDecimal) -> BigDecimal {
    let ((a_num, a_den), (b_num, b_den)) = (fraction(a), fraction(b));
    let (num, den) = (a_num * b_den, a_den * b_num);
    // An end within 100 digits, if there is one, is found by dividing with so many more.
    let more = u32::try_from(DIGITS).unwrap_or(100) + u32::try_from(den.bits() / 3).unwrap_or(0);
    let shifted = &num * BigInt::from(10).pow(more);
    if (&shifted % &den).is_zero() {
        let exact = BigDecimal::new(shifted / &den, i64::from(more)).normalized();
        if exact.digits() <= DIGITS {
            return exact;
        }
    }
    shortest(&binary(num, den))
}

/// An operator in 512 bits.
fn rounded(op: Binary, a: &BigDecimal, b: &BigDecimal) -> BigDecimal {
    let bits = |decimal| {
        let (num, den) = fraction(decimal);
        binary(num, den).fraction()
    };
    let ((a_num, a_den), (b_num, b_den)) = (bits(a), bits(b));
    let exact = match op {
        Binary::Add => (a_num * &b_den + b_num * &a_den, a_den * b_den),
        Binary::Subtract => (a_num * &b_den - b_num * &a_den, a_den * b_den),
        Binary::Divide => (a_num * b_den, a_den * b_num),
        Binary::Remainder => {
            let whole = (&a_num * &b_den) / (&a_den * &b_num);
            (a_num * &b_den - whole * b_num * &a_den, a_den * b_den)
        }
        _ => (a_num * b_num, a_den * b_den),
    };
    shortest(&binary(exact.0, exact.1))
}

/// `mantissa × 2^exponent`, the mantissa of 512 bits.
struct Float {
    mantissa: BigInt,
    exponent: i64,
}

impl Float {
    fn fraction(&self) -> (BigInt, BigInt) {
        scaled(self.mantissa.clone(), self.exponent)
    }
}

/// `number × 2^exponent` as a fraction.
fn scaled(number: BigInt, exponent: i64) -> (BigInt, BigInt) {
    let shift = usize::try_from(exponent.abs()).unwrap_or(usize::MAX);
    if exponent >= 0 { (number << shift, BigInt::from(1)) } else { (number, BigInt::from(1) << shift) }
}

/// The nearest number of 512 bits; of two, the even one.
fn binary(num: BigInt, den: BigInt) -> Float {
    if num.is_zero() {
        return Float { mantissa: num, exponent: 0 };
    }
    let negative = (num.sign() == Sign::Minus) != (den.sign() == Sign::Minus);
    let (num, den) = (BigInt::from(num.into_parts().1), BigInt::from(den.into_parts().1));
    let bits = |n: &BigInt| i64::try_from(n.bits()).unwrap_or(i64::MAX);
    // One bit more than is kept, and perhaps another.
    let mut shift = BITS + 1 - (bits(&num) - bits(&den));
    let (top, bottom) = scaled(num, shift);
    let den = den * bottom;
    let mut mantissa = &top / &den;
    let mut rest = !(&top % &den).is_zero();
    while bits(&mantissa) > BITS {
        let odd = mantissa.bit(0);
        mantissa >>= 1_usize;
        shift -= 1;
        if bits(&mantissa) == BITS && odd && (rest || mantissa.bit(0)) {
            mantissa += 1;
        }
        rest |= odd;
    }
    Float { mantissa: if negative { -mantissa } else { mantissa }, exponent: -shift }
}

/// The shortest decimal whose nearest number of 512 bits is this one.
fn shortest(float: &Float) -> BigDecimal {
    if float.mantissa.is_zero() {
        return BigDecimal::zero();
    }
    if float.mantissa.sign() == Sign::Minus {
        return -shortest(&Float { mantissa: -float.mantissa.clone(), exponent: float.exponent });
    }
    let exact = {
        let (num, den) = float.fraction();
        let more = (MOST + i64::try_from(den.bits()).unwrap_or(0) / 3).max(0);
        let shifted = num * BigInt::from(10).pow(u32::try_from(more).unwrap_or(u32::MAX));
        BigDecimal::new(shifted / den, more)
    };
    let stands = |digits: i64| {
        let decimal = exact.with_prec(u64::try_from(digits).unwrap_or(1));
        let (num, den) = fraction(&decimal);
        let back = binary(num, den);
        (back.fraction() == float.fraction()).then_some(decimal)
    };
    let (mut low, mut high) = (1, MOST);
    while low < high {
        let middle = i64::midpoint(low, high);
        if stands(middle).is_some() {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    stands(low).unwrap_or(exact).normalized()
}
