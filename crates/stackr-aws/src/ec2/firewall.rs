//! The rules that are written in a security group: blocks of many sources, compared as single rules.
//!
//! Facts about the API that shape this file:
//! - `DescribeSecurityGroups` groups what it allows by protocol and ports, whatever it was authorised as, so blocks
//!   are taken apart into single rules before they are compared;
//! - a single rule is identified by protocol, ports and source; its description can be changed in place;
//! - an authorise call is all or nothing: one duplicate refuses all of them;
//! - all protocols (`-1`) have no ports; the provider writes 0 for both.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};
use stackr_core::{Attribute, Cidr, Result, Set, Value};

use super::{Ec2, group_rule::GroupRule, network::canonical, text};

/// Whether a rule is about what comes in or about what goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Ingress,
    Egress,
}

/// Where a single rule's packets come from or go to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Peer {
    V4(String),
    V6(String),
    PrefixList(String),
    /// `sg-…` or `account/sg-…`.
    Group(String),
}

/// What identifies a single rule of a group: protocol, ports, peer.
type Single = (String, i32, i32, Peer);

/// Single rules and their descriptions.
type Singles = BTreeMap<Single, String>;

/// Takes blocks apart. `group` is what the blocks are written in.
fn singles(blocks: &Set<GroupRule>, group: &str) -> Singles {
    let mut singles = Singles::new();
    for block in blocks.iter() {
        let (from, to) = if block.protocol == "-1" { (0, 0) } else { (block.from_port, block.to_port) };
        let v4 = block.cidr_blocks.iter().map(|cidr| Peer::V4(canonical(cidr)));
        let v6 = block.ipv6_cidr_blocks.iter().map(|cidr| Peer::V6(canonical(cidr)));
        let lists = block.prefix_list_ids.iter().cloned().map(Peer::PrefixList);
        let groups = block.security_groups.iter().cloned().map(Peer::Group);
        let itself = block.itself.then(|| Peer::Group(group.to_owned()));
        for peer in v4.chain(v6).chain(lists).chain(groups).chain(itself) {
            singles.insert((block.protocol.clone(), from, to, peer), block.description.clone());
        }
    }
    singles
}

/// The wanted blocks in the form in which AWS reports them, if both come to the same single rules.
pub(super) fn aligned(want: &Value, seen: &Value) -> Option<Value> {
    let read = |value: &Value| Set::<GroupRule>::from_value(value).ok();
    if want.is_null() || !want.is_wholly_known() || want == seen {
        return None;
    }
    // The group itself is written as `self`, so its id does not matter.
    let same = singles(&read(want)?, "self") == singles(&read(seen)?, "self");
    same.then(|| seen.clone())
}

/// A single rule as the calls take it.
fn permission((protocol, from, to, peer): &Single, description: &str) -> IpPermission {
    let description = text(Some(description));
    let permission = IpPermission::builder().ip_protocol(protocol);
    let permission = if protocol == "-1" { permission } else { permission.from_port(*from).to_port(*to) };
    match peer {
        Peer::V4(cidr) => {
            permission.ip_ranges(IpRange::builder().cidr_ip(cidr).set_description(description).build())
        }
        Peer::V6(cidr) => {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).set_description(description).build())
        }
        Peer::PrefixList(list) => permission.prefix_list_ids(
            PrefixListId::builder().prefix_list_id(list).set_description(description).build(),
        ),
        Peer::Group(group) => permission.user_id_group_pairs(group_pair(group, description)),
    }
    .build()
}

/// A security group as a peer: `sg-…` or `account/sg-…`.
pub(super) fn group_pair(group: &str, description: Option<String>) -> UserIdGroupPair {
    let pair = UserIdGroupPair::builder().set_description(description);
    match group.split_once('/') {
        Some((account, group)) => pair.user_id(account).group_id(group),
        None => pair.group_id(group),
    }
    .build()
}

/// A security group as a peer, as it is written: with its account where that is another one.
pub(super) fn peer_group(group: &str, owner: Option<&str>, account: &str) -> String {
    match owner {
        Some(owner) if !owner.is_empty() && owner != account => format!("{owner}/{group}"),
        _ => group.to_owned(),
    }
}

/// What AWS says a group allows, in blocks: one per protocol, ports and description.
pub(super) fn blocks(permissions: &[IpPermission], group: &str, account: &str) -> Set<GroupRule> {
    let mut blocks = BTreeMap::new();
    for permission in permissions {
        let protocol = permission.ip_protocol().unwrap_or("-1");
        let all = protocol == "-1";
        let (from_port, to_port) = (
            permission.from_port().filter(|_| !all).unwrap_or_default(),
            permission.to_port().filter(|_| !all).unwrap_or_default(),
        );
        let mut add = |description: Option<&str>, put: &dyn Fn(&mut GroupRule)| {
            let description = description.unwrap_or_default().to_owned();
            let key = (protocol.to_owned(), from_port, to_port, description.clone());
            let protocol = protocol.to_owned();
            let block = GroupRule { from_port, to_port, protocol, description, ..GroupRule::default() };
            put(blocks.entry(key).or_insert(block));
        };
        for range in permission.ip_ranges() {
            let cidr = Cidr::from(range.cidr_ip().unwrap_or_default());
            add(range.description(), &|block| block.cidr_blocks.0.push(cidr.clone()));
        }
        for range in permission.ipv6_ranges() {
            let cidr = Cidr::from(range.cidr_ipv6().unwrap_or_default());
            add(range.description(), &|block| block.ipv6_cidr_blocks.0.push(cidr.clone()));
        }
        for list in permission.prefix_list_ids() {
            let id = list.prefix_list_id().unwrap_or_default().to_owned();
            add(list.description(), &|block| block.prefix_list_ids.0.push(id.clone()));
        }
        for pair in permission.user_id_group_pairs() {
            let id = pair.group_id().unwrap_or_default();
            let other = peer_group(id, pair.user_id(), account);
            add(pair.description(), &|block| match id == group {
                true => block.itself = true,
                false => block.security_groups.0.push(other.clone()),
            });
        }
    }
    blocks.into_values().collect()
}

/// The calls that make what a group allows in one direction what is wanted.
#[derive(Debug, Default, PartialEq)]
struct Change {
    authorize: Vec<IpPermission>,
    describe: Vec<IpPermission>,
    revoke: Vec<IpPermission>,
}

impl Change {
    fn between(seen: &Singles, want: &Singles) -> Self {
        let mut change = Self::default();
        for (single, description) in want {
            match seen.get(single) {
                None => change.authorize.push(permission(single, description)),
                Some(old) if old != description => change.describe.push(permission(single, description)),
                Some(_) => {}
            }
        }
        let gone = seen.keys().filter(|single| !want.contains_key(single));
        change.revoke = gone.map(|single| permission(single, "")).collect();
        change
    }
}

/// Makes what a group allows in one direction what is wanted. What is new is allowed before what is old is not any
/// more, so that nothing that both allow is cut.
pub(super) async fn sync(
    ec2: &Ec2,
    group: &str,
    direction: Direction,
    (seen, want): (&Set<GroupRule>, &Set<GroupRule>),
) -> Result<()> {
    let Change { authorize: new, describe: told, revoke: gone } =
        Change::between(&singles(seen, group), &singles(want, group));
    if !new.is_empty() {
        authorize(ec2, group, direction, new).await?;
    }
    if !told.is_empty() {
        describe(ec2, group, direction, told).await?;
    }
    if !gone.is_empty() {
        revoke(ec2, group, direction, gone).await?;
    }
    Ok(())
}

async fn authorize(ec2: &Ec2, group: &str, direction: Direction, rules: Vec<IpPermission>) -> Result<()> {
    let rules = Some(rules);
    match direction {
        Direction::Ingress => {
            let request = ec2.client.authorize_security_group_ingress().group_id(group);
            let request = request.set_ip_permissions(rules);
            ec2.call("AuthorizeSecurityGroupIngress", request.send()).await.map(drop)
        }
        Direction::Egress => {
            let request = ec2.client.authorize_security_group_egress().group_id(group);
            let request = request.set_ip_permissions(rules);
            ec2.call("AuthorizeSecurityGroupEgress", request.send()).await.map(drop)
        }
    }
}

async fn describe(ec2: &Ec2, group: &str, direction: Direction, rules: Vec<IpPermission>) -> Result<()> {
    let rules = Some(rules);
    match direction {
        Direction::Ingress => {
            let request = ec2.client.update_security_group_rule_descriptions_ingress().group_id(group);
            let request = request.set_ip_permissions(rules);
            ec2.call("UpdateSecurityGroupRuleDescriptionsIngress", request.send()).await.map(drop)
        }
        Direction::Egress => {
            let request = ec2.client.update_security_group_rule_descriptions_egress().group_id(group);
            let request = request.set_ip_permissions(rules);
            ec2.call("UpdateSecurityGroupRuleDescriptionsEgress", request.send()).await.map(drop)
        }
    }
}

/// Forbids again what was allowed.
pub(super) async fn revoke(
    ec2: &Ec2,
    group: &str,
    direction: Direction,
    rules: Vec<IpPermission>,
) -> Result<()> {
    let rules = Some(rules);
    match direction {
        Direction::Ingress => {
            let request = ec2.client.revoke_security_group_ingress().group_id(group);
            let request = request.set_ip_permissions(rules);
            ec2.call("RevokeSecurityGroupIngress", request.send()).await.map(drop)
        }
        Direction::Egress => {
            let request = ec2.client.revoke_security_group_egress().group_id(group);
            let request = request.set_ip_permissions(rules);
            ec2.call("RevokeSecurityGroupEgress", request.send()).await.map(drop)
        }
    }
}

/// The two rules that AWS gives a new group (the second only in a VPC with IPv6): everything may go out.
pub(super) fn everything_out() -> [IpPermission; 2] {
    let all = |peer| permission(&("-1".to_owned(), 0, 0, peer), "");
    [all(Peer::V4("0.0.0.0/0".to_owned())), all(Peer::V6("::/0".to_owned()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(port: i32, description: &str) -> GroupRule {
        let (protocol, description) = ("tcp".to_owned(), description.to_owned());
        GroupRule { from_port: port, to_port: port, protocol, description, ..GroupRule::default() }
    }

    fn cidrs(cidrs: &[&str]) -> Set<Cidr> {
        cidrs.iter().map(|cidr| Cidr::from(*cidr)).collect()
    }

    #[test]
    fn blocks_written_apart_and_together_are_the_same_single_rules() {
        let apart: Set<_> = [
            GroupRule { cidr_blocks: cidrs(&["10.0.0.1/8"]), ..rule(443, "") },
            GroupRule { itself: true, ..rule(443, "") },
        ]
        .into_iter()
        .collect();
        let together = GroupRule { cidr_blocks: cidrs(&["10.0.0.0/8"]), itself: true, ..rule(443, "") };
        let together: Set<_> = [together].into_iter().collect();
        assert_eq!(singles(&apart, "sg-1"), singles(&together, "sg-1"));
    }

    #[test]
    fn what_aws_groups_is_seen_in_blocks_by_description() {
        let range = |cidr: &str| IpRange::builder().cidr_ip(cidr);
        let permission = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(443)
            .to_port(443)
            .ip_ranges(range("10.0.0.0/8").build())
            .ip_ranges(range("10.2.0.0/16").description("z").build())
            .user_id_group_pairs(UserIdGroupPair::builder().group_id("sg-1").user_id("1").build())
            .user_id_group_pairs(UserIdGroupPair::builder().group_id("sg-2").user_id("1").build())
            .user_id_group_pairs(UserIdGroupPair::builder().group_id("sg-3").user_id("2").build());
        let seen = blocks(&[permission.build()], "sg-1", "1");
        let first = GroupRule {
            cidr_blocks: cidrs(&["10.0.0.0/8"]),
            security_groups: ["sg-2".to_owned(), "2/sg-3".to_owned()].into_iter().collect(),
            itself: true,
            ..rule(443, "")
        };
        let second = GroupRule { cidr_blocks: cidrs(&["10.2.0.0/16"]), ..rule(443, "z") };
        assert_eq!(*seen, [first, second]);
    }

    #[test]
    fn all_protocols_have_no_ports() {
        let seen = blocks(&everything_out(), "sg-1", "1");
        assert_eq!((seen[0].from_port, seen[0].to_port, seen[0].protocol.as_str()), (0, 0, "-1"));
        assert_eq!(everything_out()[0].from_port(), None);
    }

    #[test]
    fn only_what_differs_is_changed_and_a_description_in_place() {
        let of = |rules: &[(i32, &str)]| -> Singles {
            let peer = || Peer::V4("0.0.0.0/0".to_owned());
            let single =
                |(port, told): &(i32, &str)| (("tcp".to_owned(), *port, *port, peer()), (*told).to_owned());
            rules.iter().map(single).collect()
        };
        let change =
            Change::between(&of(&[(1, "a"), (2, "b"), (3, "c")]), &of(&[(1, "a"), (2, "x"), (4, "d")]));
        let ports =
            |rules: &[IpPermission]| rules.iter().filter_map(IpPermission::from_port).collect::<Vec<_>>();
        assert_eq!(ports(&change.authorize), [4]);
        assert_eq!(ports(&change.describe), [2]);
        assert_eq!(ports(&change.revoke), [3]);
    }
}
