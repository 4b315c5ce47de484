//! Functions on address ranges.

use bigdecimal::ToPrimitive as _;
use num_bigint::BigInt;
use stackr_core::Value;

use super::{
    Function, Kind, Param,
    call::{Call, Result, bad, error, fail},
    cidr::Range,
};

const PREFIX: Param = Param::string("prefix");

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("cidrhost", &[PREFIX, Param::number("hostnum")], Kind::String, host),
    Function::new("cidrnetmask", &[PREFIX], Kind::String, netmask),
    Function::new(
        "cidrsubnet",
        &[PREFIX, Param::number("newbits"), Param::number("netnum")],
        Kind::String,
        subnet,
    ),
    Function::new("cidrsubnets", &[PREFIX], Kind::List(&Kind::String), subnets)
        .rest(Param::number("newbits")),
];

fn range(call: &Call<'_>) -> Result<Range> {
    Range::parse(call.text(0)?).map_err(error)
}

/// A whole number of any size.
fn whole(call: &Call<'_>, i: usize) -> Result<BigInt> {
    let number = call.number(i)?.decimal();
    if !number.is_integer() {
        return fail("value must be a whole number");
    }
    Ok(number.with_scale(0).into_bigint_and_exponent().0)
}

/// How many things so many bits can number.
fn room(bits: u32) -> BigInt {
    BigInt::from(1) << bits
}

fn host(call: &Call<'_>) -> Result {
    let range = range(call)?;
    let mut number = whole(call, 1)?;
    let most = room(range.width - range.prefix);
    if number < BigInt::ZERO {
        // Counted from the end; the message names what that comes to.
        number += &most;
    }
    match number.to_u128() {
        Some(host) if number < most => Ok(range.host(host).to_string().into()),
        _ => fail(format!("prefix of {} does not accommodate a host numbered {number}", range.prefix)),
    }
}

fn netmask(call: &Call<'_>) -> Result {
    let range = range(call)?;
    if range.width != 32 {
        return fail(format!("IPv6 addresses cannot have a netmask: {}", call.text(0)?));
    }
    Ok(range.mask().to_string().into())
}

fn subnet(call: &Call<'_>) -> Result {
    let range = range(call)?;
    let (bits, number) = (call.int(1)?, whole(call, 2)?);
    let space =
        || error(format!("insufficient address space to extend prefix of {} by {bits}", range.prefix));
    let prefix = i64::from(range.prefix).checked_add(bits).and_then(|p| u32::try_from(p).ok());
    let prefix = prefix.filter(|prefix| *prefix <= range.width).ok_or_else(space)?;
    let most = room(prefix.saturating_sub(range.prefix));
    match number.to_u128() {
        Some(net) if number < most => {
            Ok(range.with_prefix(range.prefix.min(prefix)).subnet(prefix, net).to_string().into())
        }
        _ => fail(format!("prefix extension of {bits} does not accommodate a subnet numbered {number}")),
    }
}

/// Ranges of the sizes asked for, one after the other, each where its size allows.
fn subnets(call: &Call<'_>) -> Result {
    let range = Range::parse(call.text(0)?).map_err(|e| bad(0, e))?;
    let mut made: Vec<Range> = Vec::new();
    for i in 1..call.args.len() {
        let bits = match call.int(i)? {
            ..1 => return Err(bad(i, "must extend prefix by at least one bit")),
            33.. => return Err(bad(i, "may not extend prefix by more than 32 bits")),
            bits => u32::try_from(bits).unwrap_or(32),
        };
        let prefix = range.prefix + bits;
        if prefix > range.width {
            let version = if range.width == 32 { 4 } else { 6 };
            let message = format!(
                "would extend prefix to {prefix} bits, which is too long for an IPv{version} address"
            );
            return Err(bad(i, message));
        }
        let first = made.last().map_or(Some(range.first()), |last| last.next());
        let Some(next) = first.and_then(|first| range.from(first, prefix)) else {
            let last = made.last().map_or_else(|| range.to_string(), ToString::to_string);
            let message = format!(
                "not enough remaining address space for a subnet with a prefix of {prefix} bits after {last}"
            );
            return Err(bad(i, message));
        };
        made.push(next);
    }
    Ok(Value::List(made.iter().map(|range| Value::from(range.to_string())).collect()))
}
