//! IP networks as AWS stores them.
//!
//! Facts about the API that shape this file:
//! - AWS stores the network address of what it is given (`10.0.0.1/8` becomes `10.0.0.0/8`) and writes IPv6
//!   compressed and in lower case; keys that contain a network are therefore made canonical before use.

use std::net::IpAddr;

/// A network the way AWS writes it. What is no network (a prefix list's id, say) stays as it is.
pub(super) fn canonical(network: &str) -> String {
    parse(network).map_or_else(|| network.to_owned(), |(address, length)| format!("{address}/{length}"))
}

fn parse(network: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = network.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    let masked = match address.parse().ok()? {
        IpAddr::V4(v4) if length <= 32 => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            IpAddr::from((v4.to_bits() & mask).to_be_bytes())
        }
        IpAddr::V6(v6) if length <= 128 => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            IpAddr::from((v6.to_bits() & mask).to_be_bytes())
        }
        _ => return None,
    };
    Some((masked, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_written_as_aws_stores_them() {
        let check = |network: &str, expect: &str| assert_eq!(canonical(network), expect);
        check("10.0.0.1/8", "10.0.0.0/8");
        check("100.68.0.18/18", "100.68.0.0/18");
        check("1.2.3.4/0", "0.0.0.0/0");
        check("1.2.3.4/32", "1.2.3.4/32");
        check("2001:DB8:0:0::1/32", "2001:db8::/32");
        check("::/0", "::/0");
        check("pl-12345678", "pl-12345678");
        check("10.0.0.0/33", "10.0.0.0/33");
    }
}
