//! How often each operation was called.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::protocol::Call;

/// Calls by service and operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<Call, u64>);

impl Counts {
    pub(crate) fn add(&mut self, call: &Call) {
        *self.0.entry(call.clone()).or_default() += 1;
    }

    /// How often an operation was called.
    #[must_use]
    pub fn of(&self, service: &str, operation: &str) -> u64 {
        let call = Call { service: service.to_owned(), operation: operation.to_owned() };
        self.0.get(&call).copied().unwrap_or_default()
    }

    /// All calls.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// The calls that change something.
    #[must_use]
    pub fn mutating(&self) -> u64 {
        self.0.iter().filter(|(call, _)| call.mutates()).map(|(_, count)| count).sum()
    }

    /// Every operation with its count, and the sums.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let calls: BTreeMap<String, u64> = self.0.iter().map(|(call, n)| (call.to_string(), *n)).collect();
        json!({ "total": self.total(), "mutating": self.mutating(), "calls": calls })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_operation() {
        let mut counts = Counts::default();
        for operation in ["CreateVpc", "DescribeVpcs", "DescribeVpcs"] {
            counts.add(&Call { service: "ec2".to_owned(), operation: operation.to_owned() });
        }
        assert_eq!((counts.total(), counts.mutating(), counts.of("ec2", "DescribeVpcs")), (3, 1, 2));
        let expect =
            json!({ "total": 3, "mutating": 1, "calls": { "ec2:CreateVpc": 1, "ec2:DescribeVpcs": 2 } });
        assert_eq!(counts.to_json(), expect);
    }
}
