//! What routes, route tables and associations share: they all live in the answer of `DescribeRouteTables`.
//!
//! Facts about the API that shape this file:
//! - one call tells the tables, routes and associations of up to 200 ids, 100 tables a page;
//! - a VPC endpoint as a target comes back as `GatewayId` = `vpce-…`;
//! - `CreateRoute` and `ReplaceRoute` take the same destination and target;
//! - a table also holds routes that nobody declares: the local ones, those a virtual private gateway or a transit
//!   gateway propagates, those of gateway endpoints.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Route as Described, RouteOrigin, RouteTable};
use stackr_core::{Id, Result};

use super::{Ec2, batches, network::canonical, pages, text};
use crate::gather::Source;

/// Route tables by their ids, with their routes and associations.
pub(super) struct Tables;

impl Source for Tables {
    type Client = aws_sdk_ec2::Client;
    type Key = Id;
    type Answer = RouteTable;

    async fn ask(ec2: &Ec2, ids: BTreeSet<Id>) -> Result<BTreeMap<Id, RouteTable>> {
        let ids: Vec<_> = ids.into_iter().collect();
        let found = tables(ec2, "route-table-id", &ids).await?;
        Ok(found.into_iter().filter_map(|table| Some((table.route_table_id.clone()?, table))).collect())
    }
}

/// The route tables whose `name` is one of `values`.
pub(super) async fn tables(ec2: &Ec2, name: &str, values: &[String]) -> Result<Vec<RouteTable>> {
    let mut found = Vec::new();
    for batch in batches(name, values) {
        let request = ec2.client.describe_route_tables().filters(batch);
        found.extend(pages!(ec2, "DescribeRouteTables", request, route_tables));
    }
    Ok(found)
}

/// A route: what it is for and where it leads.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hop {
    /// The destination as AWS stores it: an IPv4 network, an IPv6 network or a prefix list's id.
    pub(super) destination: String,
    /// Where it leads.
    pub(super) target: Target,
}

/// Where a route leads: exactly one of these is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Target {
    pub(super) carrier_gateway_id: Option<String>,
    pub(super) core_network_arn: Option<String>,
    pub(super) egress_only_gateway_id: Option<String>,
    pub(super) gateway_id: Option<String>,
    pub(super) local_gateway_id: Option<String>,
    pub(super) nat_gateway_id: Option<String>,
    pub(super) network_interface_id: Option<String>,
    pub(super) transit_gateway_id: Option<String>,
    pub(super) vpc_endpoint_id: Option<String>,
    pub(super) vpc_peering_connection_id: Option<String>,
}

/// The [`Target`] in a struct that has fields of the same names.
macro_rules! target {
    ($from:expr) => {
        $crate::ec2::routing::Target {
            carrier_gateway_id: $from.carrier_gateway_id.clone(),
            core_network_arn: $from.core_network_arn.clone(),
            egress_only_gateway_id: $from.egress_only_gateway_id.clone(),
            gateway_id: $from.gateway_id.clone(),
            local_gateway_id: $from.local_gateway_id.clone(),
            nat_gateway_id: $from.nat_gateway_id.clone(),
            network_interface_id: $from.network_interface_id.clone(),
            transit_gateway_id: $from.transit_gateway_id.clone(),
            vpc_endpoint_id: $from.vpc_endpoint_id.clone(),
            vpc_peering_connection_id: $from.vpc_peering_connection_id.clone(),
        }
    };
}
pub(super) use target;

/// Puts a route's destination and target into a request.
macro_rules! aimed {
    ($request:expr, $hop:expr) => {{
        let target = $hop.target.clone();
        addressed!($request, $hop.destination)
            .set_carrier_gateway_id(target.carrier_gateway_id)
            .set_core_network_arn(target.core_network_arn)
            .set_egress_only_internet_gateway_id(target.egress_only_gateway_id)
            .set_gateway_id(target.gateway_id)
            .set_local_gateway_id(target.local_gateway_id)
            .set_nat_gateway_id(target.nat_gateway_id)
            .set_network_interface_id(target.network_interface_id)
            .set_transit_gateway_id(target.transit_gateway_id)
            .set_vpc_endpoint_id(target.vpc_endpoint_id)
            .set_vpc_peering_connection_id(target.vpc_peering_connection_id)
    }};
}

/// Puts a destination into a request.
macro_rules! addressed {
    ($request:expr, $destination:expr) => {
        match &$destination {
            list if list.starts_with("pl-") => $request.destination_prefix_list_id(list),
            ipv6 if ipv6.contains(':') => $request.destination_ipv6_cidr_block(ipv6),
            ipv4 => $request.destination_cidr_block(ipv4),
        }
    };
}

impl Hop {
    /// The route to whichever of the destinations is given; none if none is.
    pub(super) fn to(
        ipv4: Option<&str>,
        ipv6: Option<&str>,
        prefix_list: Option<&str>,
        target: Target,
    ) -> Option<Self> {
        let destination = ipv4.or(ipv6).or(prefix_list)?;
        Some(Self { destination: canonical(destination), target })
    }

    /// The route as AWS describes it.
    pub(super) fn read(route: &Described) -> Option<Self> {
        let (gateway_id, vpc_endpoint_id) = match text(route.gateway_id()) {
            Some(endpoint) if endpoint.starts_with("vpce-") => (None, Some(endpoint)),
            gateway => (gateway, None),
        };
        let target = Target {
            carrier_gateway_id: text(route.carrier_gateway_id()),
            core_network_arn: text(route.core_network_arn()),
            egress_only_gateway_id: text(route.egress_only_internet_gateway_id()),
            gateway_id,
            local_gateway_id: text(route.local_gateway_id()),
            nat_gateway_id: text(route.nat_gateway_id()),
            network_interface_id: text(route.network_interface_id()),
            transit_gateway_id: text(route.transit_gateway_id()),
            vpc_endpoint_id,
            vpc_peering_connection_id: text(route.vpc_peering_connection_id()),
        };
        Self::to(
            route.destination_cidr_block(),
            route.destination_ipv6_cidr_block(),
            route.destination_prefix_list_id(),
            target,
        )
    }

    /// Adds the route to a table.
    pub(super) async fn create(&self, ec2: &Ec2, table: &str) -> Result<()> {
        let request = aimed!(ec2.client.create_route().route_table_id(table), self);
        ec2.call("CreateRoute", request.send()).await.map(drop)
    }

    /// Makes the route to the same destination lead here.
    pub(super) async fn replace(&self, ec2: &Ec2, table: &str) -> Result<()> {
        let request = aimed!(ec2.client.replace_route().route_table_id(table), self);
        ec2.call("ReplaceRoute", request.send()).await.map(drop)
    }
}

/// Removes the route to a destination from a table.
pub(super) async fn remove(ec2: &Ec2, table: &str, destination: &str) -> Result<()> {
    let destination = destination.to_owned();
    let request = addressed!(ec2.client.delete_route().route_table_id(table), destination);
    ec2.call("DeleteRoute", request.send()).await.map(drop)
}

/// Whether somebody may have declared the route: not the local ones, not those that AWS adds by itself.
pub(super) fn declared(route: &Described) -> bool {
    let local = route.gateway_id() == Some("local") || route.origin() == Some(&RouteOrigin::CreateRouteTable);
    let endpoint = route.destination_prefix_list_id().is_some()
        && route.gateway_id().is_some_and(|gateway| gateway.starts_with("vpce-"));
    !local && !endpoint && !propagated(route)
}

/// Whether a gateway propagates the route.
pub(super) fn propagated(route: &Described) -> bool {
    matches!(route.origin(), Some(RouteOrigin::EnableVgwRoutePropagation | RouteOrigin::Advertisement))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_comes_back_as_a_gateway() {
        let route = Described::builder().destination_cidr_block("10.1.0.0/16").gateway_id("vpce-1").build();
        let target = Target { vpc_endpoint_id: Some("vpce-1".into()), ..Target::default() };
        assert_eq!(Hop::read(&route), Some(Hop { destination: "10.1.0.0/16".into(), target }));
    }

    #[test]
    fn only_routes_that_somebody_declares_count() {
        let check = |route: Described, expect: bool| assert_eq!(declared(&route), expect, "{route:?}");
        let to = |cidr: &str| Described::builder().destination_cidr_block(cidr);
        check(to("0.0.0.0/0").gateway_id("igw-1").origin(RouteOrigin::CreateRoute).build(), true);
        check(to("10.0.0.0/16").gateway_id("local").origin(RouteOrigin::CreateRouteTable).build(), false);
        check(
            to("10.2.0.0/16").gateway_id("vgw-1").origin(RouteOrigin::EnableVgwRoutePropagation).build(),
            false,
        );
        check(
            to("10.3.0.0/16").transit_gateway_id("tgw-1").origin(RouteOrigin::Advertisement).build(),
            false,
        );
        let s3 = Described::builder().destination_prefix_list_id("pl-1").gateway_id("vpce-1");
        check(s3.origin(RouteOrigin::CreateRoute).build(), false);
    }

    #[test]
    fn destinations_are_keyed_as_aws_stores_them() {
        let hop = Hop::to(None, Some("2001:DB8::1/32"), None, Target::default()).unwrap();
        assert_eq!(hop.destination, "2001:db8::/32");
        assert_eq!(Hop::to(None, None, None, Target::default()), None);
    }
}
