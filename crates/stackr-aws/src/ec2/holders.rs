//! What keeps AWS from deleting something of a network, in words.
//!
//! Facts about the API that shape this file:
//! - `DependencyViolation` does not say what depends on it; network interfaces do, mostly, and those of load balancers
//!   and functions outlive their owners by minutes
//!   (<https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html>);
//! - who an interface belongs to is in its description (`ELB app/web/1`, `Interface for NAT Gateway nat-1`,
//!   `VPC Endpoint Interface vpce-1`, `AWS Lambda VPC ENI-name-uuid`) or its attachment.

use aws_sdk_ec2::types::{
    Filter, NatGatewayState, NetworkInterface, SecurityGroup, SecurityGroupRule, State, Tag,
};
use stackr_core::Result;

use super::{Ec2, filter, pages};

/// How many are named; the others are counted.
const NAMED: usize = 6;

/// The interfaces that these filters find.
pub(super) async fn interfaces(ec2: &Ec2, filters: Vec<Filter>) -> Result<Vec<String>> {
    let request = ec2.client.describe_network_interfaces().set_filters(Some(filters));
    let found = pages!(ec2, "DescribeNetworkInterfaces", request, network_interfaces);
    Ok(found.iter().map(interface).collect())
}

/// The interfaces in a VPC that have a public address: until they are gone, its internet gateway stays attached.
pub(super) async fn public_interfaces(ec2: &Ec2, vpc: &str) -> Result<Vec<String>> {
    let request = ec2.client.describe_network_interfaces().filters(filter("vpc-id", [vpc]));
    let found = pages!(ec2, "DescribeNetworkInterfaces", request, network_interfaces);
    let public = |one: &&NetworkInterface| one.association().and_then(|a| a.public_ip()).is_some();
    Ok(some(found.iter().filter(public).map(interface).collect()))
}

/// What uses a security group: interfaces, and rules of other groups.
pub(super) async fn of_group(ec2: &Ec2, id: &str) -> Result<Vec<String>> {
    let mut all = interfaces(ec2, vec![filter("group-id", [id])]).await?;
    for name in ["ip-permission.group-id", "egress.ip-permission.group-id"] {
        let request = ec2.client.describe_security_groups().filters(filter(name, [id]));
        let groups = pages!(ec2, "DescribeSecurityGroups", request, security_groups);
        let others = groups.iter().filter(|group| group.group_id().is_some_and(|other| other != id));
        let others: Vec<&str> = others.filter_map(SecurityGroup::group_id).collect();
        if others.is_empty() {
            continue;
        }
        let request = ec2.client.describe_security_group_rules().filters(filter("group-id", others));
        let rules = pages!(ec2, "DescribeSecurityGroupRules", request, security_group_rules);
        all.extend(rules.iter().filter(|rule| refers(rule, id)).map(rule_text));
    }
    all.sort();
    all.dedup();
    Ok(some(all))
}

/// What is left in a VPC.
pub(super) async fn of_vpc(ec2: &Ec2, id: &str) -> Result<Vec<String>> {
    let here = || filter("vpc-id", [id]);
    let mut all = interfaces(ec2, vec![here()]).await?;
    let subnets = pages!(ec2, "DescribeSubnets", ec2.client.describe_subnets().filters(here()), subnets);
    all.extend(subnets.iter().filter_map(|s| Some(called(s.subnet_id()?, s.tags()))));
    let attached = ec2.client.describe_internet_gateways().filters(filter("attachment.vpc-id", [id]));
    let gateways = pages!(ec2, "DescribeInternetGateways", attached, internet_gateways);
    all.extend(gateways.iter().filter_map(|g| Some(called(g.internet_gateway_id()?, g.tags()))));
    let nats =
        pages!(ec2, "DescribeNatGateways", ec2.client.describe_nat_gateways().filter(here()), nat_gateways);
    let nats = nats.iter().filter(|nat| nat.state() != Some(&NatGatewayState::Deleted));
    all.extend(nats.filter_map(|nat| Some(called(nat.nat_gateway_id()?, nat.tags()))));
    let endpoints = ec2.client.describe_vpc_endpoints().filters(here());
    let endpoints = pages!(ec2, "DescribeVpcEndpoints", endpoints, vpc_endpoints);
    let endpoints = endpoints.iter().filter(|endpoint| endpoint.state() != Some(&State::Deleted));
    all.extend(endpoints.filter_map(|e| Some(called(e.vpc_endpoint_id()?, e.tags()))));
    let groups = ec2.client.describe_security_groups().filters(here());
    let groups = pages!(ec2, "DescribeSecurityGroups", groups, security_groups);
    // The group, table and ACL that AWS has made go with the VPC.
    let groups = groups.iter().filter(|group| group.group_name() != Some("default"));
    all.extend(groups.filter_map(|g| Some(format!("{} ({})", g.group_id()?, g.group_name()?))));
    let tables = ec2.client.describe_route_tables().filters(here());
    let tables = pages!(ec2, "DescribeRouteTables", tables, route_tables);
    let tables = tables.iter().filter(|table| !table.associations().iter().any(|a| a.main() == Some(true)));
    all.extend(tables.filter_map(|t| Some(called(t.route_table_id()?, t.tags()))));
    Ok(some(all))
}

/// The first of many.
pub(super) fn some(mut all: Vec<String>) -> Vec<String> {
    let more = all.len().saturating_sub(NAMED);
    if more > 0 {
        all.truncate(NAMED);
        all.push(format!("{more} more"));
    }
    all
}

/// An id, with the name that a person gave it.
fn called(id: &str, tags: &[Tag]) -> String {
    let name = tags.iter().find(|tag| tag.key() == Some("Name")).and_then(|tag| tag.value());
    name.filter(|name| !name.is_empty()).map_or_else(|| id.to_owned(), |name| format!("{id} ({name})"))
}

fn refers(rule: &SecurityGroupRule, group: &str) -> bool {
    rule.referenced_group_info().and_then(|info| info.group_id()) == Some(group)
        && rule.group_id() != Some(group)
}

fn rule_text(rule: &SecurityGroupRule) -> String {
    let way = if rule.is_egress() == Some(true) { "egress" } else { "ingress" };
    let id = rule.security_group_rule_id().unwrap_or("a rule");
    format!("{id}, an {way} rule of {}", rule.group_id().unwrap_or("another group"))
}

/// `eni-1 of load balancer app/web/1`.
fn interface(interface: &NetworkInterface) -> String {
    let id = interface.network_interface_id().unwrap_or("a network interface");
    match owner(interface) {
        Some(owner) => format!("{id} of {owner}"),
        None => id.to_owned(),
    }
}

/// Who an interface belongs to.
fn owner(interface: &NetworkInterface) -> Option<String> {
    let description = interface.description().unwrap_or_default();
    let attachment = interface.attachment();
    let rest = |prefix: &str| description.strip_prefix(prefix).map(str::trim).filter(|rest| !rest.is_empty());
    if let Some(name) = rest("ELB ") {
        let kind = match name.split('/').next() {
            Some("app") => "ALB",
            Some("net") => "NLB",
            Some("gwy") => "gateway load balancer",
            _ => "load balancer",
        };
        return Some(format!("{kind} {name}"));
    }
    if let Some(nat) = rest("Interface for NAT Gateway ") {
        return Some(format!("NAT gateway {nat}"));
    }
    if let Some(endpoint) = rest("VPC Endpoint Interface ") {
        return Some(format!("VPC endpoint {endpoint}"));
    }
    if let Some(function) = rest("AWS Lambda VPC ENI-") {
        // A uuid of five parts is at the end.
        let mut parts: Vec<&str> = function.split('-').collect();
        parts.truncate(parts.len().saturating_sub(5).max(1));
        return Some(format!("Lambda function {}", parts.join("-")));
    }
    if description.starts_with("arn:") && description.contains(":ecs:") {
        return Some(format!("an ECS task ({description})"));
    }
    if let Some(instance) = attachment.and_then(|a| a.instance_id()).filter(|id| !id.is_empty()) {
        return Some(format!("instance {instance}"));
    }
    let by = interface.requester_id().or_else(|| attachment.and_then(|a| a.instance_owner_id()));
    let by = by.filter(|by| !by.is_empty() && Some(*by) != interface.owner_id());
    match (description, by) {
        ("", by) => by.map(str::to_owned),
        (description, None) => Some(format!("`{description}`")),
        (description, Some(by)) => Some(format!("`{description}` ({by})")),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{NetworkInterfaceAttachment, ReferencedSecurityGroup};

    use super::*;

    #[test]
    fn an_interface_is_told_with_whom_it_belongs_to() {
        let check = |description: &str, expect: &str| {
            let one = NetworkInterface::builder().network_interface_id("eni-1").description(description);
            assert_eq!(interface(&one.owner_id("1").requester_id("2").build()), expect);
        };
        check("ELB app/web/50dc6c495c0c9188", "eni-1 of ALB app/web/50dc6c495c0c9188");
        check("ELB net/web/1", "eni-1 of NLB net/web/1");
        check("ELB classic", "eni-1 of load balancer classic");
        check("Interface for NAT Gateway nat-0a", "eni-1 of NAT gateway nat-0a");
        check("VPC Endpoint Interface vpce-0a", "eni-1 of VPC endpoint vpce-0a");
        check(
            "AWS Lambda VPC ENI-my-api-2f9a1c3e-1111-2222-3333-444455556666",
            "eni-1 of Lambda function my-api",
        );
        check("AWS Lambda VPC ENI-odd", "eni-1 of Lambda function odd");
        check(
            "arn:aws:ecs:eu-west-1:1:attachment/2f9a",
            "eni-1 of an ECS task (arn:aws:ecs:eu-west-1:1:attachment/2f9a)",
        );
        check("RDSNetworkInterface", "eni-1 of `RDSNetworkInterface` (2)");
        check("", "eni-1 of 2");
        check("ELB ", "eni-1 of `ELB ` (2)");
    }

    #[test]
    fn an_interface_of_an_instance_is_the_instances() {
        let attachment =
            NetworkInterfaceAttachment::builder().instance_id("i-1").instance_owner_id("1").build();
        let one = NetworkInterface::builder().network_interface_id("eni-1").owner_id("1");
        assert_eq!(interface(&one.clone().attachment(attachment).build()), "eni-1 of instance i-1");
        assert_eq!(interface(&one.build()), "eni-1");
    }

    #[test]
    fn a_rule_of_another_group_holds_a_group() {
        let to = |group: &str| ReferencedSecurityGroup::builder().group_id(group).build();
        let rule = |of: &str, about: &str| {
            let rule = SecurityGroupRule::builder().security_group_rule_id("sgr-1").group_id(of);
            rule.is_egress(false).referenced_group_info(to(about)).build()
        };
        assert!(refers(&rule("sg-2", "sg-1"), "sg-1"));
        assert!(!refers(&rule("sg-1", "sg-1"), "sg-1"), "its own rules do not hold it");
        assert!(!refers(&rule("sg-2", "sg-3"), "sg-1"));
        assert_eq!(rule_text(&rule("sg-2", "sg-1")), "sgr-1, an ingress rule of sg-2");
    }

    #[test]
    fn of_many_the_first_are_named() {
        let all = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(some(all(6)), all(6));
        assert_eq!(some(all(9)).last().map(String::as_str), Some("3 more"));
    }
}
