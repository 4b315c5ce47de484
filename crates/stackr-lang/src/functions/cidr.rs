//! Address ranges: the bits of an address and how many of them are the network's.
//!
//! Facts that shape this file:
//! - the language reads `010.001.0.0` as plain decimals, which the standard library refuses;
//! - an IPv4 address in IPv6 clothing is written as IPv4 again.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// The first address. Bits beyond the prefix are zero.
    bits: u128,
    /// How many bits are fixed.
    pub(super) prefix: u32,
    /// How many there are.
    pub(super) width: u32,
}

impl Range {
    /// Reads `10.0.0.0/8`; the address may be any in the range.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("invalid CIDR expression: invalid CIDR address: {text}");
        let (address, prefix) = text.split_once('/').ok_or_else(invalid)?;
        let (bits, width) = match v4(address) {
            Some(bits) => (u128::from(bits), 32),
            None => (u128::from(address.parse::<Ipv6Addr>().map_err(|_| invalid())?), 128),
        };
        let digits = (1..=3).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|prefix| digits && *prefix <= width).ok_or_else(invalid)?;
        Ok(Self { bits, prefix, width }.masked())
    }

    /// The range of this many fixed bits around the same first address.
    pub(super) fn with_prefix(self, prefix: u32) -> Self {
        Self { prefix, ..self }.masked()
    }

    /// The range of `prefix` bits inside this one that has this number.
    pub(super) fn subnet(self, prefix: u32, number: u128) -> Self {
        let shift = self.width - prefix;
        let offset = number.checked_shl(shift).unwrap_or(0);
        Self { bits: self.bits | offset, prefix, width: self.width }
    }

    /// The address of this number in the range.
    pub(super) fn host(self, number: u128) -> IpAddr {
        self.address(self.bits | number)
    }

    /// The range of the same size directly after this one, if there is one.
    pub(super) fn next(self) -> Option<u128> {
        let step = 1_u128.checked_shl(self.width - self.prefix)?;
        let next = self.bits.checked_add(step)?;
        (self.width == 128 || next >> self.width == 0).then_some(next)
    }

    /// The range of `prefix` bits that starts at or after an address.
    pub(super) fn from(self, first: u128, prefix: u32) -> Option<Self> {
        let size = 1_u128.checked_shl(self.width - prefix);
        let aligned = match size {
            Some(size) => first.checked_add(size - 1)? & !(size - 1),
            None if first == 0 => 0,
            None => return None,
        };
        let range = Self { bits: aligned, prefix, width: self.width };
        (range.with_prefix(self.prefix).bits == self.bits).then_some(range)
    }

    pub(super) fn first(self) -> u128 {
        self.bits
    }

    pub(super) fn mask(self) -> IpAddr {
        let ones = Self { bits: u128::MAX, ..self }.masked().bits;
        self.address(if self.width == 32 { ones & u128::from(u32::MAX) } else { ones })
    }

    fn masked(self) -> Self {
        let free = self.width - self.prefix;
        let bits = self.bits.checked_shr(free).and_then(|bits| bits.checked_shl(free)).unwrap_or(0);
        Self { bits, ..self }
    }

    fn address(self, bits: u128) -> IpAddr {
        match u32::try_from(bits) {
            Ok(bits) if self.width == 32 => Ipv4Addr::from(bits).into(),
            _ => Ipv6Addr::from(bits).into(),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address(self.bits) {
            IpAddr::V6(v6) if self.prefix >= 96 && v6.to_ipv4_mapped().is_some() => {
                let v4 = v6.to_ipv4_mapped().unwrap_or(Ipv4Addr::UNSPECIFIED);
                write!(f, "{v4}/{}", self.prefix - 96)
            }
            address => write!(f, "{address}/{}", self.prefix),
        }
    }
}

fn v4(text: &str) -> Option<u32> {
    let mut bits = 0;
    let mut parts = text.split('.');
    for _ in 0..4 {
        let part =
            parts.next().filter(|p| (1..=4).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))?;
        bits = bits << 8 | u32::from(part.parse::<u8>().ok()?);
    }
    parts.next().is_none().then_some(bits)
}
