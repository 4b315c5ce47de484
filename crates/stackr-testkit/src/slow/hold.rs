//! What cannot be deleted because something else has a network interface or an instance in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
    time::Instant,
};

use regex::Regex;

use super::{Asked, json};
use crate::{message::Response, protocol::parameters, refusal::refused};

/// Who holds what, and until when.
#[derive(Debug, Default)]
pub(super) struct Holds(BTreeMap<String, Hold>);

#[derive(Debug)]
struct Hold {
    ids: BTreeSet<String>,
    until: Option<Instant>,
}

impl Holds {
    /// Notes that an object holds these from now on.
    pub(super) fn hold(&mut self, owner: &str, ids: BTreeSet<String>) {
        self.0.insert(owner.to_owned(), Hold { ids, until: None });
    }

    /// Notes that it holds them no longer than until then.
    pub(super) fn release(&mut self, owner: &str, at: Instant) {
        if let Some(hold) = self.0.get_mut(owner) {
            hold.until.get_or_insert(at);
        }
    }

    fn is_held(&self, id: &str, now: Instant) -> bool {
        self.0.values().any(|hold| hold.ids.contains(id) && hold.until.is_none_or(|until| now < until))
    }

    /// The refusal of a delete of something that is held.
    pub(super) fn refusal(&self, asked: Asked<'_>, now: Instant) -> Option<Response> {
        let Asked { call, request } = asked;
        let (code, message) = match (call.service.as_str(), call.operation.as_str()) {
            ("ec2", "ReleaseAddress") => ("InvalidIPAddress.InUse", "The address is in use"),
            ("ec2", "DeleteSubnet" | "DeleteSecurityGroup" | "DetachInternetGateway") => {
                ("DependencyViolation", "It has a dependent object")
            }
            ("servicediscovery", "DeleteService") => {
                let id = json(&request.body);
                let held = id["Id"].as_str().is_some_and(|id| self.is_held(id, now));
                return held.then(|| refused(call, 400, "ResourceInUse", "It has registered instances"));
            }
            _ => return None,
        };
        let held = parameters(&request.text()).any(|(_, value)| self.is_held(&value, now));
        held.then(|| refused(call, 400, code, message))
    }
}

/// The ids in a text of what a network interface, or an address of it, is in: the VPC's only if it is public, for then
/// its internet gateway cannot be detached.
pub(super) fn held_in(text: &str, public: bool) -> BTreeSet<String> {
    static HELD: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\b(?:subnet|sg|eipalloc|vpc|srv)-[0-9a-z]+\b").expect("a pattern"));
    let found = HELD.find_iter(text).map(|found| found.as_str());
    found.filter(|id| public || !id.starts_with("vpc-")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_are_found_wherever_they_are() {
        let text = "SubnetId=subnet-0a1&AllocationId=eipalloc-9b <vpcId>vpc-1</vpcId>";
        let all = |public| held_in(text, public).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(all(true), "eipalloc-9b subnet-0a1 vpc-1");
        assert_eq!(all(false), "eipalloc-9b subnet-0a1");
    }
}
