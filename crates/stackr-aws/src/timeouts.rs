//! Which operations the provider has a timeout for, type by type.
//!
//! From version 5.100 of the AWS provider (`terraform providers schema -json`): the `timeouts` block of every type.

use stackr_core::Mode;

const TABLE: &str = include_str!("timeouts.txt");

/// The operations that a type has a timeout for.
pub(crate) fn timeouts(mode: Mode, ty: &str) -> Vec<&'static str> {
    let mode = match mode {
        Mode::Managed => "resource",
        Mode::Data => "data",
    };
    TABLE
        .lines()
        .find_map(|line| line.strip_prefix(mode)?.strip_prefix(' ')?.strip_prefix(ty)?.strip_prefix(' '))
        .map_or_else(Vec::new, |operations| operations.split(' ').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_the_timeouts_that_its_provider_gives_it() {
        assert_eq!(timeouts(Mode::Managed, "aws_subnet"), ["create", "delete"]);
        assert_eq!(timeouts(Mode::Managed, "aws_nat_gateway"), ["create", "delete", "update"]);
        assert_eq!(timeouts(Mode::Data, "aws_vpc"), ["read"]);
        assert!(timeouts(Mode::Managed, "aws_iam_role").is_empty());
        assert!(timeouts(Mode::Managed, "aws_subn").is_empty());
    }
}
