//! EC2: networks, and what the files of this service share.
//!
//! Facts that shape these helpers:
//! - one missing id fails a whole `Describe…` by ids, so batches are read through filters, at most 200 values each;
//! - pages hold at most 1000 objects (route tables 100), and a page size together with ids is refused;
//! - `CreateTags` and `DeleteTags` serve every type.

mod availability_zones;
mod eip;
mod firewall;
mod group_rule;
mod holders;
mod internet_gateway;
mod internet_gateway_lookup;
mod lookups;
mod nat_gateway;
mod network;
mod route;
mod route_table;
mod route_table_association;
mod routing;
mod security_group;
mod security_group_lookup;
mod security_group_rule;
mod subnet;
mod subnet_lookup;
mod subnets_lookup;
mod vpc;
mod vpc_endpoint;
mod vpc_lookup;
mod vpc_security_group_egress_rule;
mod vpc_security_group_ingress_rule;

use aws_sdk_ec2::types::{
    AttributeBooleanValue, Filter, ResourceType, Tag, TagSpecification, VpcAttributeName,
};
use stackr_core::{Id, Registry, Result, Tags};

use crate::{Service, tags};

pub use availability_zones::*;
pub use eip::*;
pub use group_rule::*;
pub use internet_gateway::*;
pub use internet_gateway_lookup::*;
pub use lookups::LookupFilter;
pub use nat_gateway::*;
pub use route::*;
pub use route_table::*;
pub use route_table_association::*;
pub use security_group::*;
pub use security_group_lookup::*;
pub use security_group_rule::SecurityGroupRuleOutputs;
pub use subnet::*;
pub use subnet_lookup::*;
pub use subnets_lookup::*;
pub use vpc::*;
pub use vpc_endpoint::*;
pub use vpc_lookup::*;
pub use vpc_security_group_egress_rule::*;
pub use vpc_security_group_ingress_rule::*;

/// The EC2 client.
pub type Ec2 = Service<aws_sdk_ec2::Client>;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry
        .with::<Eip>()
        .with::<InternetGateway>()
        .with::<NatGateway>()
        .with::<Route>()
        .with::<RouteTable>()
        .with::<RouteTableAssociation>()
        .with::<SecurityGroup>()
        .with::<Subnet>()
        .with::<Vpc>()
        .with::<VpcEndpoint>()
        .with::<VpcSecurityGroupEgressRule>()
        .with::<VpcSecurityGroupIngressRule>()
        .with_lookup::<AvailabilityZones>()
        .with_lookup::<InternetGatewayLookup>()
        .with_lookup::<SecurityGroupLookup>()
        .with_lookup::<SubnetLookup>()
        .with_lookup::<SubnetsLookup>()
        .with_lookup::<VpcLookup>()
}

/// The most values that one filter takes.
const FILTER_VALUES: usize = 200;

/// A filter: objects whose `name` is one of `values`.
fn filter<V: Into<String>>(name: &str, values: impl IntoIterator<Item = V>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

/// Filters that together select `ids`, as many at a time as a filter takes.
fn batches<'a>(name: &'a str, ids: &'a [Id]) -> impl Iterator<Item = Filter> + 'a {
    ids.chunks(FILTER_VALUES).map(move |chunk| filter(name, chunk))
}

/// Collects the pages of a `Describe…` call that takes `next_token`: `pages!(ec2, "DescribeVpcs", request, vpcs)`.
macro_rules! pages {
    ($service:expr, $operation:literal, $request:expr, $items:ident) => {{
        let request = $request;
        let mut items = Vec::new();
        let mut token = None;
        loop {
            let page =
                $service.call($operation, request.clone().set_next_token(token.clone()).send()).await?;
            let next = page.next_token().filter(|t| !t.is_empty()).map(str::to_owned);
            token = $crate::service::onward(token, next)?;
            items.extend(page.$items.unwrap_or_default());
            if token.is_none() {
                break items;
            }
        }
    }};
}
use pages;

/// The tags of a create call; none if there are none, since an empty specification is refused.
fn tag_spec(ty: ResourceType, tags: &Tags) -> Option<Vec<TagSpecification>> {
    let tags: Vec<_> = tags.iter().map(|(k, v)| Tag::builder().key(k).value(v).build()).collect();
    (!tags.is_empty())
        .then(|| vec![TagSpecification::builder().resource_type(ty).set_tags(Some(tags)).build()])
}

/// The user's tags of an object.
fn read_tags(tags: &[Tag]) -> Tags {
    tags::users(tags.iter().filter_map(|t| Some((t.key()?, t.value().unwrap_or_default()))))
}

/// The user's tags of a create call: what the object carries when the call has set them.
fn sent_tags(tags: &Tags) -> Tags {
    tags::users(tags.clone())
}

/// Text that is there. Some endpoints write an absent id as an empty one.
fn text(value: Option<&str>) -> Option<String> {
    value.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A truth value as the `Modify…Attribute` calls take it.
fn boolean(on: bool) -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(on).build()
}

/// Reads one attribute of a VPC; `DescribeVpcs` does not say it.
async fn vpc_attribute(ec2: &Ec2, vpc: &str, name: VpcAttributeName) -> Result<bool> {
    let request = ec2.client.describe_vpc_attribute().vpc_id(vpc).attribute(name);
    let answer = ec2.call("DescribeVpcAttribute", request.send()).await?;
    let attributes = [
        answer.enable_dns_support(),
        answer.enable_dns_hostnames(),
        answer.enable_network_address_usage_metrics(),
    ];
    Ok(attributes.into_iter().flatten().any(|attribute| attribute.value() == Some(true)))
}

/// The main route table of a VPC.
async fn main_route_table(ec2: &Ec2, vpc: &str) -> Result<Option<String>> {
    let request = ec2.client.describe_route_tables().filters(filter("vpc-id", [vpc]));
    let request = request.filters(filter("association.main", ["true"]));
    let answer = ec2.call("DescribeRouteTables", request.send()).await?;
    Ok(answer.route_tables().first().and_then(|table| table.route_table_id()).map(str::to_owned))
}

/// Makes the tags of `id` what is wanted.
async fn sync_tags(ec2: &Ec2, id: &str, seen: &Tags, want: &Tags) -> Result<()> {
    let tags::Change { set, remove } = tags::change(seen, want);
    if !remove.is_empty() {
        let gone = remove.into_iter().map(|k| Tag::builder().key(k).build()).collect();
        ec2.call("DeleteTags", ec2.client.delete_tags().resources(id).set_tags(Some(gone)).send()).await?;
    }
    if !set.is_empty() {
        let set = set.into_iter().map(|(k, v)| Tag::builder().key(k).value(v).build()).collect();
        ec2.call("CreateTags", ec2.client.create_tags().resources(id).set_tags(Some(set)).send()).await?;
    }
    Ok(())
}

/// The filter that finds what was made for a uid. Not every endpoint heeds it: see [`is_ours`].
fn by_uid(uid: &str) -> Filter {
    filter(&format!("tag:{}", tags::UID), [uid])
}

/// Whether something was made for a uid. An emulator that ignores a filter answers with everybody's objects, and what is
/// taken for ours is changed and deleted.
fn is_ours(tags: &[Tag], uid: &str) -> bool {
    tags.iter().any(|t| t.key() == Some(tags::UID) && t.value() == Some(uid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_carries_the_uid_is_ours() {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        assert!(is_ours(&[tag("Name", "a"), tag("stackr:uid", "u1")], "u1"));
        assert!(!is_ours(&[tag("stackr:uid", "u2")], "u1"));
        assert!(!is_ours(&[tag("Name", "u1")], "u1"));
        assert!(!is_ours(&[], "u1"));
    }
}

#[cfg(test)]
mod testing {
    use aws_sdk_ec2::config::{BehaviorVersion, Region};

    use super::Ec2;
    use crate::service::testing::service;

    /// A client that nothing is asked of.
    pub(super) fn ec2() -> Ec2 {
        let config = aws_sdk_ec2::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"));
        service("ec2", aws_sdk_ec2::Client::from_conf(config.build()))
    }
}
