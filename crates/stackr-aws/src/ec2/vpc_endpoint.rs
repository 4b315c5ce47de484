//! VPC endpoint: reaches an AWS service without the internet.
//!
//! Facts about the API that shape this file:
//! - creating, changing and deleting are limited to 0.3 calls a second, so each is one call with everything in it;
//! - AWS writes its states in any case: `available` and `Available`;
//! - AWS can filter by id, the emulator cannot, so endpoints are read by ids: all in one call and, where one of them
//!   is missing, which fails that call, each in its own;
//! - a delete answers success with a list of what was not deleted;
//! - AWS's default for private DNS is on, the provider's is off, which is always sent;
//! - without a policy AWS shows one that allows everything, without security groups the VPC's default one;
//! - a client token makes a repeated create give the same endpoint.

use std::collections::BTreeMap;

use aws_sdk_ec2::{
    operation::modify_vpc_endpoint::builders::ModifyVpcEndpointFluentBuilder as Modify,
    types::{
        DnsOptionsSpecification, DnsRecordIpType, IpAddressType, PrefixList, ResourceType, State,
        VpcEndpoint as Described, VpcEndpointType,
    },
};
use futures::future::try_join_all;
use stackr_core::{
    Args, Block, CloudError, Create, Created, Delete, ErrorKind, Find, Id, Outputs, Policy, Resource, Result,
    Seen, Set, Status, Tags, Update, Waits, need,
};

use super::{Ec2, batches, by_uid, is_ours, pages, read_tags, sync_tags, tag_spec, text};
use crate::service::in_order;

/// A VPC endpoint.
pub struct VpcEndpoint;

/// A VPC endpoint: reaches an AWS service without the internet.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct VpcEndpointArgs {
    /// The VPC it is in.
    #[arg(replace)]
    pub vpc_id: String,
    /// The service: `com.amazonaws.eu-central-1.s3`.
    #[arg(replace)]
    pub service_name: Option<String>,
    /// The service's region; the VPC's if absent.
    #[arg(replace, computed)]
    pub service_region: Option<String>,
    /// `Gateway` (S3 and DynamoDB, by routes), `Interface` (by network interfaces) or `GatewayLoadBalancer`.
    #[arg(replace, default = "Gateway")]
    pub vpc_endpoint_type: String,
    /// Whether to accept it for a service of the same account that asks for acceptance.
    #[arg(computed, unread)]
    pub auto_accept: Option<bool>,
    /// What may be done through it; everything if absent.
    #[arg(computed)]
    pub policy: Option<Policy>,
    /// The route tables that get a route to a gateway endpoint.
    #[arg(computed)]
    pub route_table_ids: Set<String>,
    /// The subnets that get a network interface of an interface endpoint; one per zone.
    #[arg(computed)]
    pub subnet_ids: Set<String>,
    /// The security groups of the network interfaces; the VPC's default one if absent.
    #[arg(computed)]
    pub security_group_ids: Set<String>,
    /// Whether the service's public name leads to the endpoint inside the VPC. Needs both DNS attributes of the VPC.
    #[arg(computed)]
    pub private_dns_enabled: Option<bool>,
    /// `ipv4`, `ipv6` or `dualstack`.
    #[arg(computed)]
    pub ip_address_type: Option<String>,
    /// Its DNS records.
    #[arg(block, computed)]
    pub dns_options: Option<EndpointDnsOptions>,
    /// Tags.
    pub tags: Tags,
}

/// The DNS records of an endpoint.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct EndpointDnsOptions {
    /// Which records it gets: `ipv4`, `ipv6`, `dualstack` or `service-defined`.
    #[arg(computed)]
    pub dns_record_ip_type: Option<String>,
    /// Whether private DNS is for queries from outside the VPC only (S3).
    #[arg(computed)]
    pub private_dns_only_for_inbound_resolver_endpoint: Option<bool>,
}

/// What AWS gives an endpoint.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct VpcEndpointOutputs {
    /// The endpoint's id: `vpce-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The account that owns it.
    pub owner_id: String,
    /// The networks of a gateway endpoint's service.
    pub cidr_blocks: Vec<String>,
    /// Its DNS names.
    pub dns_entry: Vec<EndpointDnsEntry>,
    /// Its network interfaces.
    pub network_interface_ids: Set<String>,
    /// The prefix list of a gateway endpoint's service.
    pub prefix_list_id: Option<String>,
    /// Whether a service of AWS manages it.
    pub requester_managed: bool,
    /// Its state: `available`.
    pub state: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

/// A DNS name of an endpoint.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct EndpointDnsEntry {
    /// The name.
    pub dns_name: Option<String>,
    /// The zone it is in.
    pub hosted_zone_id: Option<String>,
}

impl Resource for VpcEndpoint {
    const TYPE: &'static str = "aws_vpc_endpoint";
    // One to five minutes for an interface; one of a gateway is there within seconds.
    const WAITS: Waits = Waits::minutes(10, 10).usually(120, 120);
    type Cloud = Ec2;
    type Args = VpcEndpointArgs;
    type Outputs = VpcEndpointOutputs;

    async fn create(ec2: &Ec2, req: Create<'_, VpcEndpointArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let some = |ids: &Set<String>| (!ids.is_empty()).then(|| ids.0.clone());
        let create = ec2
            .client
            .create_vpc_endpoint()
            .client_token(req.token)
            .vpc_id(&args.vpc_id)
            .set_service_name(args.service_name.clone())
            .set_service_region(args.service_region.clone())
            .vpc_endpoint_type(VpcEndpointType::from(args.vpc_endpoint_type.as_str()))
            .set_policy_document(args.policy.as_deref().map(str::to_owned))
            .set_route_table_ids(some(&args.route_table_ids))
            .set_subnet_ids(some(&args.subnet_ids))
            .set_security_group_ids(some(&args.security_group_ids))
            .private_dns_enabled(args.private_dns_enabled.unwrap_or(false))
            .set_ip_address_type(args.ip_address_type.as_deref().map(IpAddressType::from))
            .set_dns_options(args.dns_options.as_ref().map(dns_options))
            .set_tag_specifications(tag_spec(ResourceType::VpcEndpoint, &args.tags));
        let made = ec2.call("CreateVpcEndpoint", create.send()).await?;
        Ok(Created::id(need(made.vpc_endpoint().and_then(Described::vpc_endpoint_id), "VpcEndpointId")?))
    }

    async fn read(ec2: &Ec2, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let found = describe(ec2, ids).await?;
        let lists = prefix_lists(ec2, &found).await?;
        let seen = found.iter().map(|endpoint| {
            let list = endpoint.service_name().and_then(|service| lists.get(service));
            Ok((need(endpoint.vpc_endpoint_id(), "VpcEndpointId")?, seen(endpoint, list, ec2)?))
        });
        Ok(in_order(ids, seen.collect::<Result<_>>()?))
    }

    async fn update(ec2: &Ec2, req: Update<'_, Self>) -> Result<()> {
        if req.changes(&["auto_accept"]) && req.want.auto_accept == Some(true) {
            accept(ec2, &req).await?;
        }
        let told = ["auto_accept", "tags"];
        if req.changed.iter().any(|name| !told.contains(&name.as_str())) {
            let modify = changes(ec2.client.modify_vpc_endpoint().vpc_endpoint_id(req.id), &req);
            ec2.call("ModifyVpcEndpoint", modify.send()).await?;
        }
        sync_tags(ec2, req.id, &req.seen.args.tags, &req.want.tags).await
    }

    async fn delete(ec2: &Ec2, req: Delete<'_, Self>) -> Result<()> {
        let delete = ec2.client.delete_vpc_endpoints().vpc_endpoint_ids(req.id);
        let answer = ec2.call("DeleteVpcEndpoints", delete.send()).await?;
        match answer.unsuccessful().iter().find_map(|item| item.error()) {
            Some(error) => Err(unsuccessful(error.code(), error.message())),
            None => Ok(()),
        }
    }

    async fn find(ec2: &Ec2, req: Find<'_, VpcEndpointArgs>) -> Result<Option<Id>> {
        let request = ec2.client.describe_vpc_endpoints().filters(by_uid(req.uid));
        let found = ec2.call("DescribeVpcEndpoints", request.send()).await?;
        let alive = |e: &&Described| {
            is_ours(e.tags(), req.uid) && !matches!(e.state(), Some(State::Deleting | State::Deleted))
        };
        Ok(found.vpc_endpoints().iter().find(alive).and_then(Described::vpc_endpoint_id).map(str::to_owned))
    }
}

/// Why an endpoint was not deleted.
fn unsuccessful(code: Option<&str>, message: Option<&str>) -> CloudError {
    let code = code.unwrap_or_default();
    let kind = if code.ends_with("NotFound") { ErrorKind::NotFound } else { ErrorKind::Unknown };
    CloudError::new(kind, "ec2:DeleteVpcEndpoints", message.unwrap_or(code)).with_code(code)
}

/// What AWS says about these endpoints, those that are there.
async fn describe(ec2: &Ec2, ids: &[Id]) -> Result<Vec<Described>> {
    let several = async |ids: &[Id]| -> Result<Vec<Described>> {
        let request = ec2.client.describe_vpc_endpoints().set_vpc_endpoint_ids(Some(ids.to_vec()));
        match ec2.call("DescribeVpcEndpoints", request.send()).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            answer => Ok(answer?.vpc_endpoints.unwrap_or_default()),
        }
    };
    let found = try_join_all(ids.chunks(super::FILTER_VALUES).map(several)).await?;
    let found: Vec<_> = found.into_iter().flatten().collect();
    if found.len() == ids.len() || ids.len() == 1 {
        return Ok(found);
    }
    Ok(try_join_all(ids.chunks(1).map(several)).await?.into_iter().flatten().collect())
}

/// The prefix lists of the services of gateway endpoints, by service.
async fn prefix_lists(ec2: &Ec2, endpoints: &[Described]) -> Result<BTreeMap<String, PrefixList>> {
    let gateways = endpoints.iter().filter(|e| e.vpc_endpoint_type() == Some(&VpcEndpointType::Gateway));
    let mut services: Vec<_> = gateways.filter_map(|e| e.service_name().map(str::to_owned)).collect();
    services.sort();
    services.dedup();
    let mut lists = BTreeMap::new();
    for batch in batches("prefix-list-name", &services) {
        let request = ec2.client.describe_prefix_lists().filters(batch);
        for list in pages!(ec2, "DescribePrefixLists", request, prefix_lists) {
            lists.insert(list.prefix_list_name().unwrap_or_default().to_owned(), list);
        }
    }
    Ok(lists)
}

/// Accepts the endpoint on the side of its service, which is ours too.
async fn accept(ec2: &Ec2, req: &Update<'_, VpcEndpoint>) -> Result<()> {
    let name = req.want.service_name.as_deref().unwrap_or_default();
    let services = ec2.client.describe_vpc_endpoint_services().service_names(name);
    let services = ec2.call("DescribeVpcEndpointServices", services.send()).await?;
    let service = services.service_details().first().and_then(|service| service.service_id());
    let accept = ec2.client.accept_vpc_endpoint_connections();
    let accept = accept.service_id(need(service, "ServiceId")?).vpc_endpoint_ids(req.id);
    ec2.call("AcceptVpcEndpointConnections", accept.send()).await.map(drop)
}

/// What one set has and the other lacks; none if there is nothing.
fn beyond(set: &Set<String>, other: &Set<String>) -> Option<Vec<String>> {
    let beyond: Vec<_> = set.iter().filter(|id| !other.contains(id)).cloned().collect();
    (!beyond.is_empty()).then_some(beyond)
}

/// Puts what differs into a request.
fn changes(modify: Modify, req: &Update<'_, VpcEndpoint>) -> Modify {
    let (want, seen) = (req.want, &req.seen.args);
    let pair = |name: &str, want: &Set<String>, seen: &Set<String>| match req.changes(&[name]) {
        true => (beyond(want, seen), beyond(seen, want)),
        false => (None, None),
    };
    let (add_tables, remove_tables) = pair("route_table_ids", &want.route_table_ids, &seen.route_table_ids);
    let (add_subnets, remove_subnets) = pair("subnet_ids", &want.subnet_ids, &seen.subnet_ids);
    let (add_groups, remove_groups) =
        pair("security_group_ids", &want.security_group_ids, &seen.security_group_ids);
    let policy = want.policy.as_deref().filter(|_| req.changes(&["policy"]));
    let private_dns = want.private_dns_enabled.filter(|_| req.changes(&["private_dns_enabled"]));
    let ip_type = want.ip_address_type.as_deref().filter(|_| req.changes(&["ip_address_type"]));
    let dns = want.dns_options.as_ref().filter(|_| req.changes(&["dns_options"]));
    modify
        .set_add_route_table_ids(add_tables)
        .set_remove_route_table_ids(remove_tables)
        .set_add_subnet_ids(add_subnets)
        .set_remove_subnet_ids(remove_subnets)
        .set_add_security_group_ids(add_groups)
        .set_remove_security_group_ids(remove_groups)
        .set_policy_document(policy.map(str::to_owned))
        .set_private_dns_enabled(private_dns)
        .set_ip_address_type(ip_type.map(IpAddressType::from))
        .set_dns_options(dns.map(dns_options))
}

fn dns_options(options: &EndpointDnsOptions) -> DnsOptionsSpecification {
    DnsOptionsSpecification::builder()
        .set_dns_record_ip_type(options.dns_record_ip_type.as_deref().map(DnsRecordIpType::from))
        .set_private_dns_only_for_inbound_resolver_endpoint(
            options.private_dns_only_for_inbound_resolver_endpoint,
        )
        .build()
}

/// How an endpoint in this state is doing.
fn status(state: &str, why: Option<String>) -> Status {
    match state.to_ascii_lowercase().as_str() {
        "available" => Status::Ready,
        "deleted" => Status::Gone,
        "deleting" => Status::Leaving(state.to_owned()),
        // The other side accepts it when it likes: nothing to wait for.
        "pendingacceptance" => Status::Settling(state.to_owned()),
        "failed" | "rejected" | "expired" => Status::Failed(why.unwrap_or_else(|| state.to_owned())),
        _ => Status::Pending(state.to_owned()),
    }
}

/// What AWS says about one endpoint, in our words.
fn seen(endpoint: &Described, list: Option<&PrefixList>, ec2: &Ec2) -> Result<Seen<VpcEndpoint>> {
    let id = need(endpoint.vpc_endpoint_id(), "VpcEndpointId")?;
    let state = endpoint.state().map_or("available", State::as_str);
    let why = endpoint.last_error().and_then(|e| e.message()).or(endpoint.failure_reason());
    let waits_for_us = state.eq_ignore_ascii_case("pendingAcceptance");
    let owned = |ids: &[String]| ids.iter().cloned().collect::<Set<_>>();
    let groups = endpoint.groups().iter().filter_map(|group| group.group_id()).map(str::to_owned);
    let tags = read_tags(endpoint.tags());
    Ok(Seen {
        status: status(state, why.map(str::to_owned)),
        args: VpcEndpointArgs {
            vpc_id: need(endpoint.vpc_id(), "VpcId")?,
            service_name: text(endpoint.service_name()),
            service_region: text(endpoint.service_region()),
            vpc_endpoint_type: endpoint
                .vpc_endpoint_type()
                .map_or("Gateway", VpcEndpointType::as_str)
                .to_owned(),
            auto_accept: waits_for_us.then_some(false),
            policy: text(endpoint.policy_document()).map(Policy),
            route_table_ids: owned(endpoint.route_table_ids()),
            subnet_ids: owned(endpoint.subnet_ids()),
            security_group_ids: groups.collect(),
            private_dns_enabled: endpoint.private_dns_enabled(),
            ip_address_type: endpoint.ip_address_type().map(|ty| ty.as_str().to_owned()),
            dns_options: endpoint.dns_options().map(|dns| EndpointDnsOptions {
                dns_record_ip_type: dns.dns_record_ip_type().map(|ty| ty.as_str().to_owned()),
                private_dns_only_for_inbound_resolver_endpoint: dns
                    .private_dns_only_for_inbound_resolver_endpoint(),
            }),
            tags: tags.clone(),
        },
        outputs: VpcEndpointOutputs {
            arn: ec2.arn("ec2", &format!("vpc-endpoint/{id}")),
            owner_id: endpoint.owner_id().unwrap_or(&ec2.origin.account).to_owned(),
            cidr_blocks: list.map(|list| list.cidrs().to_vec()).unwrap_or_default(),
            dns_entry: endpoint
                .dns_entries()
                .iter()
                .map(|entry| EndpointDnsEntry {
                    dns_name: text(entry.dns_name()),
                    hosted_zone_id: text(entry.hosted_zone_id()),
                })
                .collect(),
            network_interface_ids: owned(endpoint.network_interface_ids()),
            prefix_list_id: list.and_then(|list| text(list.prefix_list_id())),
            requester_managed: endpoint.requester_managed() == Some(true),
            state: state.to_owned(),
            tags_all: tags,
            id,
        },
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::LastError;

    use super::{super::testing::ec2, *};

    fn described(state: &str) -> Described {
        let error = LastError::builder().message("no such service").build();
        let endpoint = Described::builder().vpc_endpoint_id("vpce-1").vpc_id("vpc-1").last_error(error);
        endpoint.vpc_endpoint_type(VpcEndpointType::Gateway).state(State::from(state)).build()
    }

    #[test]
    fn states_are_read_in_any_case() {
        let check = |state: &str, expect: Status| {
            assert_eq!(seen(&described(state), None, &ec2()).unwrap().status, expect, "{state}");
        };
        check("available", Status::Ready);
        check("Available", Status::Ready);
        check("pending", Status::Pending("pending".into()));
        check("deleting", Status::Leaving("deleting".into()));
        check("deleted", Status::Gone);
        check("failed", Status::Failed("no such service".into()));
        check("pendingAcceptance", Status::Settling("pendingAcceptance".into()));
    }

    #[test]
    fn one_that_waits_for_acceptance_differs_from_one_that_is_to_be_accepted() {
        let accepted = |state| seen(&described(state), None, &ec2()).unwrap().args.auto_accept;
        assert_eq!(accepted("pendingAcceptance"), Some(false));
        assert_eq!(accepted("available"), None);
    }

    #[test]
    fn sets_are_changed_by_what_they_lack() {
        let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Set<_>>();
        assert_eq!(beyond(&set(&["a", "b"]), &set(&["b", "c"])), Some(vec!["a".to_owned()]));
        assert_eq!(beyond(&set(&["b"]), &set(&["b", "c"])), None);
    }

    #[test]
    fn one_that_was_not_there_to_delete_is_not_found() {
        assert_eq!(unsuccessful(Some("InvalidVpcEndpoint.NotFound"), None).kind(), ErrorKind::NotFound);
        assert_eq!(unsuccessful(Some("Other"), Some("m")).kind(), ErrorKind::Unknown);
    }
}
