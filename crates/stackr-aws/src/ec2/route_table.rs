//! Route table: where packets that leave its subnets go.
//!
//! Facts about the API that shape this file:
//! - routes written in the table are made by `update`: a new table is seen with none. Where none are written the
//!   table's routes are AWS's choice, that is, nobody's here: they may be `aws_route`s;
//! - a table with associations cannot be deleted;
//! - a client token makes a repeated create give the same table.

use aws_sdk_ec2::types::{ResourceType, RouteTable as Described};
use futures::future::try_join_all;
use stackr_core::{
    Args, Block, Cidr, Create, Created, Delete, ErrorKind, Find, Gone, Id, Outputs, Resource, Result, Seen,
    Set, Status, Tags, Update, Waits, need,
};

use super::{
    Ec2, by_uid, is_ours, read_tags,
    routing::{self, Hop, target},
    sent_tags, sync_tags, tag_spec,
};

/// A route table.
pub struct RouteTable;

/// A route table: where packets that leave its subnets go.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RouteTableArgs {
    /// The VPC it is for.
    #[arg(replace)]
    pub vpc_id: String,
    /// All its routes beside the local ones. Absent: they are not managed here, but by `aws_route`.
    #[arg(computed)]
    pub route: Set<RouteTableRoute>,
    /// The virtual private gateways that propagate routes into it.
    #[arg(computed)]
    pub propagating_vgws: Set<String>,
    /// Tags.
    pub tags: Tags,
}

/// A route of a table. Exactly one destination and one target must be given.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct RouteTableRoute {
    /// The IPv4 network it is for; `0.0.0.0/0` for everything else.
    pub cidr_block: Option<Cidr>,
    /// The IPv6 network it is for; `::/0` for everything else.
    pub ipv6_cidr_block: Option<Cidr>,
    /// The managed prefix list it is for: `pl-…`.
    pub destination_prefix_list_id: Option<String>,
    /// Leads to a carrier gateway (wavelength zones).
    pub carrier_gateway_id: Option<String>,
    /// Leads to a core network.
    pub core_network_arn: Option<String>,
    /// Leads to an egress-only internet gateway (IPv6).
    pub egress_only_gateway_id: Option<String>,
    /// Leads to an internet gateway or a virtual private gateway.
    pub gateway_id: Option<String>,
    /// Leads to an Outpost's local gateway.
    pub local_gateway_id: Option<String>,
    /// Leads to a NAT gateway.
    pub nat_gateway_id: Option<String>,
    /// Leads to a network interface.
    pub network_interface_id: Option<String>,
    /// Leads to a transit gateway.
    pub transit_gateway_id: Option<String>,
    /// Leads to a VPC endpoint of a gateway load balancer.
    pub vpc_endpoint_id: Option<String>,
    /// Leads to a peered VPC.
    pub vpc_peering_connection_id: Option<String>,
}

/// What AWS gives a route table.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RouteTableOutputs {
    /// The table's id: `rtb-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The account that owns it.
    pub owner_id: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for RouteTable {
    const TYPE: &'static str = "aws_route_table";
    const WAITS: Waits = Waits::minutes(5, 5).gone(Gone::AtOnce);
    type Cloud = Ec2;
    type Args = RouteTableArgs;
    type Outputs = RouteTableOutputs;

    async fn create(ec2: &Ec2, req: Create<'_, RouteTableArgs>) -> Result<Created<Self>> {
        let create = ec2
            .client
            .create_route_table()
            .client_token(req.token)
            .vpc_id(&req.args.vpc_id)
            .set_tag_specifications(tag_spec(ResourceType::RouteTable, &req.args.tags));
        let made = ec2.call("CreateRouteTable", create.send()).await?;
        let id = need(made.route_table().and_then(Described::route_table_id), "RouteTableId")?;
        Ok(match made.route_table() {
            Some(table) => Created::seen(id, seen(table, sent_tags(&req.args.tags), ec2)?),
            None => Created::id(id),
        })
    }

    async fn read(ec2: &Ec2, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let tables = ec2.gather::<routing::Tables>(ids.iter().cloned()).await?;
        let seen = |id| tables.get(id).map(|table| seen(table, read_tags(table.tags()), ec2)).transpose();
        ids.iter().map(seen).collect()
    }

    async fn update(ec2: &Ec2, req: Update<'_, Self>) -> Result<()> {
        let (want, seen) = (req.want, &req.seen.args);
        if req.changes(&["route"]) {
            let (old, new) = (hops(&seen.route), hops(&want.route));
            let change = Change::between(&old, &new);
            try_join_all(change.replace.iter().map(|hop| hop.replace(ec2, req.id))).await?;
            try_join_all(change.create.iter().map(|hop| hop.create(ec2, req.id))).await?;
            try_join_all(change.remove.iter().map(|gone| remove(ec2, req.id, gone))).await?;
        }
        if req.changes(&["propagating_vgws"]) {
            let new = want.propagating_vgws.iter().filter(|vgw| !seen.propagating_vgws.contains(vgw));
            try_join_all(new.map(|vgw| propagate(ec2, req.id, vgw, true))).await?;
            let old = seen.propagating_vgws.iter().filter(|vgw| !want.propagating_vgws.contains(vgw));
            try_join_all(old.map(|vgw| propagate(ec2, req.id, vgw, false))).await?;
        }
        sync_tags(ec2, req.id, &seen.tags, &want.tags).await
    }

    async fn delete(ec2: &Ec2, req: Delete<'_, Self>) -> Result<()> {
        ec2.call("DeleteRouteTable", ec2.client.delete_route_table().route_table_id(req.id).send()).await?;
        Ok(())
    }

    async fn find(ec2: &Ec2, req: Find<'_, RouteTableArgs>) -> Result<Option<Id>> {
        let request = ec2.client.describe_route_tables().filters(by_uid(req.uid));
        let found = ec2.call("DescribeRouteTables", request.send()).await?;
        Ok(found
            .route_tables()
            .iter()
            .find(|found| is_ours(found.tags(), req.uid))
            .and_then(Described::route_table_id)
            .map(str::to_owned))
    }
}

/// The routes that are written in a table.
fn hops(routes: &Set<RouteTableRoute>) -> Vec<Hop> {
    let hop = |route: &RouteTableRoute| {
        let (ipv4, ipv6) = (route.cidr_block.as_deref(), route.ipv6_cidr_block.as_deref());
        Hop::to(ipv4, ipv6, route.destination_prefix_list_id.as_deref(), target!(route))
    };
    routes.iter().filter_map(hop).collect()
}

/// What makes some routes into others.
#[derive(Debug, PartialEq)]
struct Change<'a> {
    create: Vec<&'a Hop>,
    replace: Vec<&'a Hop>,
    remove: Vec<&'a str>,
}

impl<'a> Change<'a> {
    fn between(seen: &'a [Hop], want: &'a [Hop]) -> Self {
        let is = |hops: &'a [Hop], to: &str| hops.iter().find(|hop| hop.destination == to);
        let (old, create): (Vec<_>, Vec<_>) =
            want.iter().partition(|hop| is(seen, &hop.destination).is_some());
        Self {
            create,
            replace: old.into_iter().filter(|hop| is(seen, &hop.destination) != Some(*hop)).collect(),
            remove: seen
                .iter()
                .map(|hop| hop.destination.as_str())
                .filter(|to| is(want, to).is_none())
                .collect(),
        }
    }
}

/// Removes a route. That it is gone already is no failure.
async fn remove(ec2: &Ec2, table: &str, destination: &str) -> Result<()> {
    match routing::remove(ec2, table, destination).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        answer => answer,
    }
}

/// Turns the propagation of a gateway's routes on or off.
async fn propagate(ec2: &Ec2, table: &str, gateway: &str, on: bool) -> Result<()> {
    if on {
        let request = ec2.client.enable_vgw_route_propagation().route_table_id(table).gateway_id(gateway);
        ec2.call("EnableVgwRoutePropagation", request.send()).await.map(drop)
    } else {
        let request = ec2.client.disable_vgw_route_propagation().route_table_id(table).gateway_id(gateway);
        ec2.call("DisableVgwRoutePropagation", request.send()).await.map(drop)
    }
}

/// A route as it is written in a table.
fn written(hop: Hop) -> RouteTableRoute {
    let Hop { destination, target } = hop;
    let list = destination.starts_with("pl-");
    let ipv6 = !list && destination.contains(':');
    RouteTableRoute {
        cidr_block: (!list && !ipv6).then(|| destination.as_str().into()),
        ipv6_cidr_block: ipv6.then(|| destination.as_str().into()),
        destination_prefix_list_id: list.then_some(destination),
        carrier_gateway_id: target.carrier_gateway_id,
        core_network_arn: target.core_network_arn,
        egress_only_gateway_id: target.egress_only_gateway_id,
        gateway_id: target.gateway_id,
        local_gateway_id: target.local_gateway_id,
        nat_gateway_id: target.nat_gateway_id,
        network_interface_id: target.network_interface_id,
        transit_gateway_id: target.transit_gateway_id,
        vpc_endpoint_id: target.vpc_endpoint_id,
        vpc_peering_connection_id: target.vpc_peering_connection_id,
    }
}

/// What AWS says about one table, in our words.
fn seen(table: &Described, tags: Tags, ec2: &Ec2) -> Result<Seen<RouteTable>> {
    let id = need(table.route_table_id(), "RouteTableId")?;
    let routes = table.routes().iter().filter(|route| routing::declared(route));
    Ok(Seen {
        status: Status::Ready,
        args: RouteTableArgs {
            vpc_id: need(table.vpc_id(), "VpcId")?,
            route: routes.filter_map(Hop::read).map(written).collect(),
            propagating_vgws: table
                .propagating_vgws()
                .iter()
                .filter_map(|vgw| vgw.gateway_id())
                .map(str::to_owned)
                .collect(),
            tags: tags.clone(),
        },
        outputs: RouteTableOutputs {
            arn: ec2.arn("ec2", &format!("route-table/{id}")),
            owner_id: table.owner_id().unwrap_or(&ec2.origin.account).to_owned(),
            tags_all: tags,
            id,
        },
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{Route as DescribedRoute, RouteOrigin};

    use super::{super::testing::ec2, *};

    fn hop(destination: &str, gateway: &str) -> Hop {
        let target = routing::Target { gateway_id: Some(gateway.into()), ..routing::Target::default() };
        Hop { destination: destination.into(), target }
    }

    #[test]
    fn only_what_differs_is_changed() {
        let seen = [hop("0.0.0.0/0", "igw-1"), hop("10.1.0.0/16", "vgw-1"), hop("10.2.0.0/16", "vgw-1")];
        let want = [hop("0.0.0.0/0", "igw-2"), hop("10.1.0.0/16", "vgw-1"), hop("10.3.0.0/16", "vgw-1")];
        let change = Change::between(&seen, &want);
        assert_eq!(change.replace, [&want[0]]);
        assert_eq!(change.create, [&want[2]]);
        assert_eq!(change.remove, ["10.2.0.0/16"]);
    }

    #[test]
    fn a_route_is_seen_as_it_was_written_and_the_local_one_is_not_seen() {
        let local = DescribedRoute::builder().destination_cidr_block("10.0.0.0/16").gateway_id("local");
        let everything = DescribedRoute::builder().destination_ipv6_cidr_block("::/0").gateway_id("igw-1");
        let table = Described::builder()
            .route_table_id("rtb-1")
            .vpc_id("vpc-1")
            .routes(local.origin(RouteOrigin::CreateRouteTable).build())
            .routes(everything.origin(RouteOrigin::CreateRoute).build())
            .build();
        let seen = seen(&table, Tags::new(), &ec2()).unwrap();
        assert_eq!(*seen.args.route, [written(hop("::/0", "igw-1"))]);
        assert_eq!(seen.args.route[0].ipv6_cidr_block, Some("::/0".into()));
        assert_eq!(hops(&seen.args.route), [hop("::/0", "igw-1")]);
    }
}
