//! What the two types of single security group rules share.
//!
//! Facts about the API that shape this file:
//! - a rule has an id (`sgr-…`) and tags of its own; it is authorised with its tags, and revoked by its id;
//! - ports, protocol, description and source change in place by `ModifySecurityGroupRules`, which takes the whole rule.
//!   The kind of its source cannot: a network stays a network;
//! - a rule that the group has already is refused (`InvalidPermission.Duplicate`);
//! - AWS answers port -1 for all protocols, and names for protocol numbers 1, 6, 17 and 58.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, SecurityGroupRule as Described,
    SecurityGroupRuleRequest, SecurityGroupRuleUpdate,
};
use stackr_core::{Id, Outputs, Result, Tags, need};

use super::{
    Ec2, batches, by_uid,
    firewall::{Direction, group_pair, peer_group},
    is_ours, pages, read_tags, sent_tags, tag_spec, text,
};
use crate::gather::Source;

/// What AWS gives a security group rule.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct SecurityGroupRuleOutputs {
    /// The rule's id: `sgr-…`.
    pub id: String,
    /// The rule's id: `sgr-…`.
    pub security_group_rule_id: String,
    /// Its ARN.
    pub arn: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

/// The arguments that `ModifySecurityGroupRules` changes.
pub(super) const MODIFIED: &[&str] = &[
    "ip_protocol",
    "from_port",
    "to_port",
    "cidr_ipv4",
    "cidr_ipv6",
    "prefix_list_id",
    "referenced_security_group_id",
    "description",
];

/// A single rule, whichever its direction.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) security_group_id: String,
    pub(super) ip_protocol: String,
    pub(super) from_port: Option<i32>,
    pub(super) to_port: Option<i32>,
    pub(super) cidr_ipv4: Option<String>,
    pub(super) cidr_ipv6: Option<String>,
    pub(super) prefix_list_id: Option<String>,
    pub(super) referenced_security_group_id: Option<String>,
    pub(super) description: Option<String>,
    pub(super) tags: Tags,
}

/// A single rule as it was found, and what AWS gave it.
pub(super) struct Found {
    pub(super) rule: Rule,
    pub(super) outputs: SecurityGroupRuleOutputs,
}

/// Turns the arguments of a type into a [`Rule`], and one that was found into what was seen.
macro_rules! convert {
    ($resource:ident, $args:ident) => {
        impl From<&$args> for Rule {
            fn from(args: &$args) -> Self {
                Self {
                    security_group_id: args.security_group_id.clone(),
                    ip_protocol: args.ip_protocol.clone(),
                    from_port: args.from_port,
                    to_port: args.to_port,
                    cidr_ipv4: args.cidr_ipv4.as_deref().map(str::to_owned),
                    cidr_ipv6: args.cidr_ipv6.as_deref().map(str::to_owned),
                    prefix_list_id: args.prefix_list_id.clone(),
                    referenced_security_group_id: args.referenced_security_group_id.clone(),
                    description: args.description.clone(),
                    tags: args.tags.clone(),
                }
            }
        }

        impl From<Found> for Seen<$resource> {
            fn from(found: Found) -> Self {
                let Found { rule, outputs } = found;
                let args = $args {
                    security_group_id: rule.security_group_id,
                    ip_protocol: rule.ip_protocol,
                    from_port: rule.from_port,
                    to_port: rule.to_port,
                    cidr_ipv4: rule.cidr_ipv4.map(Cidr),
                    cidr_ipv6: rule.cidr_ipv6.map(Cidr),
                    prefix_list_id: rule.prefix_list_id,
                    referenced_security_group_id: rule.referenced_security_group_id,
                    description: rule.description,
                    tags: rule.tags,
                };
                Self { args, outputs, status: Status::Ready }
            }
        }
    };
}
pub(super) use convert;

impl Rule {
    fn permission(&self) -> IpPermission {
        let told = || self.description.clone();
        let v4 = self.cidr_ipv4.as_ref();
        let v4 = v4.map(|cidr| vec![IpRange::builder().cidr_ip(cidr).set_description(told()).build()]);
        let v6 = self.cidr_ipv6.as_ref();
        let v6 = v6.map(|cidr| vec![Ipv6Range::builder().cidr_ipv6(cidr).set_description(told()).build()]);
        let list = self
            .prefix_list_id
            .as_ref()
            .map(|list| vec![PrefixListId::builder().prefix_list_id(list).set_description(told()).build()]);
        let group = self.referenced_security_group_id.as_ref();
        let group = group.map(|group| vec![group_pair(group, told())]);
        IpPermission::builder()
            .ip_protocol(&self.ip_protocol)
            .set_from_port(self.from_port)
            .set_to_port(self.to_port)
            .set_ip_ranges(v4)
            .set_ipv6_ranges(v6)
            .set_prefix_list_ids(list)
            .set_user_id_group_pairs(group)
            .build()
    }

    fn request(&self) -> SecurityGroupRuleRequest {
        let group = self.referenced_security_group_id.as_deref();
        SecurityGroupRuleRequest::builder()
            .ip_protocol(&self.ip_protocol)
            .set_from_port(self.from_port)
            .set_to_port(self.to_port)
            .set_cidr_ipv4(self.cidr_ipv4.clone())
            .set_cidr_ipv6(self.cidr_ipv6.clone())
            .set_prefix_list_id(self.prefix_list_id.clone())
            .set_referenced_group_id(group.map(|g| g.rsplit('/').next().unwrap_or(g).to_owned()))
            .set_description(self.description.clone())
            .build()
    }
}

/// Authorises a rule.
pub(super) async fn authorize(ec2: &Ec2, direction: Direction, rule: &Rule) -> Result<Found> {
    let group = &rule.security_group_id;
    let tags = tag_spec(ResourceType::SecurityGroupRule, &rule.tags);
    let made = match direction {
        Direction::Ingress => {
            let request = ec2.client.authorize_security_group_ingress().group_id(group);
            let request = request.ip_permissions(rule.permission()).set_tag_specifications(tags);
            ec2.call("AuthorizeSecurityGroupIngress", request.send()).await?.security_group_rules
        }
        Direction::Egress => {
            let request = ec2.client.authorize_security_group_egress().group_id(group);
            let request = request.ip_permissions(rule.permission()).set_tag_specifications(tags);
            ec2.call("AuthorizeSecurityGroupEgress", request.send()).await?.security_group_rules
        }
    };
    let made = made.unwrap_or_default();
    seen(need(made.first(), "SecurityGroupRules")?, sent_tags(&rule.tags), ec2)
}

/// Rules of both directions by their ids.
struct Rules;

impl Source for Rules {
    type Client = aws_sdk_ec2::Client;
    type Key = Id;
    type Answer = Described;

    async fn ask(ec2: &Ec2, ids: BTreeSet<Id>) -> Result<BTreeMap<Id, Described>> {
        let (ids, mut found) = (ids.into_iter().collect::<Vec<_>>(), BTreeMap::new());
        for batch in batches("security-group-rule-id", &ids) {
            let request = ec2.client.describe_security_group_rules().filters(batch);
            let rules = pages!(ec2, "DescribeSecurityGroupRules", request, security_group_rules);
            found.extend(
                rules.into_iter().filter_map(|rule| Some((rule.security_group_rule_id.clone()?, rule))),
            );
        }
        Ok(found)
    }
}

/// The rules of these ids.
pub(super) async fn read(ec2: &Ec2, ids: &[Id]) -> Result<Vec<(Id, Found)>> {
    let found = ec2.gather::<Rules>(ids.iter().cloned()).await?;
    let seen = |(id, rule): (Id, Described)| Ok((id, seen(&rule, read_tags(rule.tags()), ec2)?));
    found.into_iter().map(seen).collect()
}

/// Makes a rule what is wanted, all but its tags.
pub(super) async fn modify(ec2: &Ec2, id: &str, want: &Rule) -> Result<()> {
    let update =
        SecurityGroupRuleUpdate::builder().security_group_rule_id(id).security_group_rule(want.request());
    let request = ec2.client.modify_security_group_rules().group_id(&want.security_group_id);
    let request = request.security_group_rules(update.build());
    ec2.call("ModifySecurityGroupRules", request.send()).await.map(drop)
}

/// Revokes rules of a group.
pub(super) async fn revoke_by_id(ec2: &Ec2, group: &str, direction: Direction, ids: Vec<Id>) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    match direction {
        Direction::Ingress => {
            let request = ec2.client.revoke_security_group_ingress().group_id(group);
            let request = request.set_security_group_rule_ids(Some(ids));
            ec2.call("RevokeSecurityGroupIngress", request.send()).await.map(drop)
        }
        Direction::Egress => {
            let request = ec2.client.revoke_security_group_egress().group_id(group);
            let request = request.set_security_group_rule_ids(Some(ids));
            ec2.call("RevokeSecurityGroupEgress", request.send()).await.map(drop)
        }
    }
}

/// The rule that was made for a uid.
pub(super) async fn find(ec2: &Ec2, uid: &str) -> Result<Option<Id>> {
    let request = ec2.client.describe_security_group_rules().filters(by_uid(uid));
    let found = ec2.call("DescribeSecurityGroupRules", request.send()).await?;
    Ok(found
        .security_group_rules()
        .iter()
        .find(|found| is_ours(found.tags(), uid))
        .and_then(Described::security_group_rule_id)
        .map(str::to_owned))
}

/// What AWS says about one rule, in our words.
fn seen(rule: impl std::borrow::Borrow<Described>, tags: Tags, ec2: &Ec2) -> Result<Found> {
    let rule = rule.borrow();
    let id = need(rule.security_group_rule_id(), "SecurityGroupRuleId")?;
    let ip_protocol = need(rule.ip_protocol(), "IpProtocol")?;
    // Some endpoints leave out what AWS answers.
    let port = |port: Option<i32>| port.or((ip_protocol == "-1").then_some(-1));
    let account = rule.group_owner_id().unwrap_or(&ec2.origin.account);
    let peer = rule.referenced_group_info();
    Ok(Found {
        rule: Rule {
            security_group_id: need(rule.group_id(), "GroupId")?,
            from_port: port(rule.from_port()),
            to_port: port(rule.to_port()),
            cidr_ipv4: text(rule.cidr_ipv4()),
            cidr_ipv6: text(rule.cidr_ipv6()),
            prefix_list_id: text(rule.prefix_list_id()),
            referenced_security_group_id: peer
                .and_then(|peer| peer.group_id().map(|group| peer_group(group, peer.user_id(), account))),
            description: text(rule.description()),
            tags: tags.clone(),
            ip_protocol,
        },
        outputs: SecurityGroupRuleOutputs {
            security_group_rule_id: id.clone(),
            arn: text(rule.security_group_rule_arn())
                .unwrap_or_else(|| ec2.arn("ec2", &format!("security-group-rule/{id}"))),
            tags_all: tags,
            id,
        },
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::ReferencedSecurityGroup;

    use super::{super::testing::ec2, *};

    fn from_group(owner: &str) -> Found {
        let peer = ReferencedSecurityGroup::builder().group_id("sg-2").user_id(owner).build();
        let rule = Described::builder()
            .security_group_rule_id("sgr-1")
            .group_id("sg-1")
            .ip_protocol("-1")
            .referenced_group_info(peer);
        seen(rule.build(), Tags::new(), &ec2()).unwrap()
    }

    #[test]
    fn a_group_of_another_account_is_seen_with_its_account() {
        let peer = |owner| from_group(owner).rule.referenced_security_group_id;
        assert_eq!(peer("111122223333").as_deref(), Some("sg-2"));
        assert_eq!(peer("444455556666").as_deref(), Some("444455556666/sg-2"));
    }

    #[test]
    fn all_protocols_have_port_minus_one_whether_it_is_answered_or_not() {
        let rule = from_group("111122223333").rule;
        assert_eq!((rule.from_port, rule.to_port), (Some(-1), Some(-1)));
    }

    #[test]
    fn the_whole_rule_is_sent_with_its_one_source() {
        let mut rule = from_group("444455556666").rule;
        rule.description = Some("why".into());
        let permission = rule.permission();
        let pair = &permission.user_id_group_pairs()[0];
        assert_eq!((pair.user_id(), pair.group_id()), (Some("444455556666"), Some("sg-2")));
        assert_eq!(pair.description(), Some("why"));
        assert!(permission.ip_ranges().is_empty());
        assert_eq!(rule.request().referenced_group_id(), Some("sg-2"));
    }
}
