//! Route: one entry of a route table.
//!
//! Facts about the API that shape this file:
//! - a route has no id and no tags; it is the one route of its table to its destination, and is called
//!   `rtb-1_10.0.0.0/16` here and by the provider's import;
//! - creating one to a destination that has a route already is refused (`RouteAlreadyExists`);
//! - its target can be replaced in place; a route whose target is gone stays, as a `blackhole`;
//! - a NAT gateway must be `available` before a route to it works, which the reference to it says.

use aws_sdk_ec2::types::{Route as Described, RouteOrigin, RouteState, RouteTable as DescribedTable};
use stackr_core::{
    Args, Cidr, CloudError, Create, Created, Delete, ErrorKind, Find, Gone, Id, Outputs, Resource, Result,
    Seen, Status, Update, Value, Waits,
};

use super::{
    Ec2,
    network::canonical,
    routing::{self, Hop, target},
    text,
};

/// A route.
pub struct Route;

/// A route: one entry of a route table. Exactly one destination and one target must be given.
///
/// A route table whose routes are written in it (`route` in `aws_route_table`) must not have routes of this type
/// too: each would remove the other's.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RouteArgs {
    /// The table it is an entry of.
    #[arg(replace)]
    pub route_table_id: String,
    /// The IPv4 network it is for; `0.0.0.0/0` for everything else.
    #[arg(replace)]
    pub destination_cidr_block: Option<Cidr>,
    /// The IPv6 network it is for; `::/0` for everything else.
    #[arg(replace)]
    pub destination_ipv6_cidr_block: Option<Cidr>,
    /// The managed prefix list it is for: `pl-…`.
    #[arg(replace)]
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
    #[arg(computed)]
    pub network_interface_id: Option<String>,
    /// Leads to a transit gateway.
    pub transit_gateway_id: Option<String>,
    /// Leads to a VPC endpoint of a gateway load balancer.
    pub vpc_endpoint_id: Option<String>,
    /// Leads to a peered VPC.
    pub vpc_peering_connection_id: Option<String>,
}

/// What AWS gives a route.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RouteOutputs {
    /// `r-`, the table's id and a checksum of the destination.
    pub id: String,
    /// The instance it leads to, where its target is an instance's network interface.
    pub instance_id: Option<String>,
    /// The account of that instance.
    pub instance_owner_id: Option<String>,
    /// How it came about: `CreateRoute`.
    pub origin: Option<String>,
    /// `active`, or `blackhole` while its target is not there.
    pub state: Option<String>,
}

impl Resource for Route {
    const TYPE: &'static str = "aws_route";
    const WAITS: Waits = Waits::minutes(5, 5).gone(Gone::AtOnce);
    const WITHIN: &'static [&'static str] = &["route_table_id"];
    type Cloud = Ec2;
    type Args = RouteArgs;
    type Outputs = RouteOutputs;

    fn id_of(attributes: &Value) -> Option<Id> {
        let text = |name| attributes.get(name).and_then(Value::to_text).filter(|text| !text.is_empty());
        let destination =
            ["destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"];
        Some(id_of(&text("route_table_id")?, &destination.into_iter().find_map(text)?))
    }

    async fn create(ec2: &Ec2, req: Create<'_, RouteArgs>) -> Result<Created<Self>> {
        let hop = hop(req.args)?;
        hop.create(ec2, &req.args.route_table_id).await?;
        Ok(Created::id(id_of(&req.args.route_table_id, &hop.destination)))
    }

    async fn read(ec2: &Ec2, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let of = ids.iter().filter_map(|id| id.split_once('_')).map(|(table, _)| table.to_owned());
        let tables = ec2.gather::<routing::Tables>(of).await?;
        Ok(ids.iter().map(|id| pick(tables.values(), id).map(|route| seen(id, route))).collect())
    }

    async fn update(ec2: &Ec2, req: Update<'_, Self>) -> Result<()> {
        hop(req.want)?.replace(ec2, &req.want.route_table_id).await
    }

    async fn delete(ec2: &Ec2, req: Delete<'_, Self>) -> Result<()> {
        match req.id.split_once('_') {
            Some((table, destination)) => routing::remove(ec2, table, destination).await,
            None => Err(CloudError::bug(format!("{:?} is not a route's id", req.id))),
        }
    }

    /// A route carries no mark of whose it is: it is taken for ours only if it leads where ours would.
    async fn find(ec2: &Ec2, req: Find<'_, RouteArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let hop = hop(args)?;
        let id = id_of(&args.route_table_id, &hop.destination);
        let tables =
            routing::tables(ec2, "route-table-id", std::slice::from_ref(&args.route_table_id)).await?;
        let same = pick(&tables, &id).and_then(Hop::read).is_some_and(|found| found.target == hop.target);
        Ok(same.then_some(id))
    }
}

/// The route that is asked for.
fn hop(args: &RouteArgs) -> Result<Hop> {
    let (ipv4, ipv6) = (args.destination_cidr_block.as_deref(), args.destination_ipv6_cidr_block.as_deref());
    let hop = Hop::to(ipv4, ipv6, args.destination_prefix_list_id.as_deref(), target!(args));
    hop.ok_or_else(|| {
        let one_of = "give one of destination_cidr_block, destination_ipv6_cidr_block and \
                      destination_prefix_list_id";
        CloudError::new(ErrorKind::Invalid, "ec2:CreateRoute", one_of)
    })
}

/// What a route is called here.
fn id_of(table: &str, destination: &str) -> Id {
    format!("{table}_{destination}")
}

/// The route of this id.
fn pick<'a>(tables: impl IntoIterator<Item = &'a DescribedTable>, id: &str) -> Option<&'a Described> {
    let (table, destination) = id.split_once('_')?;
    let table = tables.into_iter().find(|t| t.route_table_id() == Some(table))?;
    let destination = canonical(destination);
    let is = |route: &&Described| Hop::read(route).is_some_and(|hop| hop.destination == destination);
    table.routes().iter().filter(|route| !routing::propagated(route)).find(is)
}

/// The provider's `id` of a route: its table and the CRC-32 of its destination.
fn provider_id(table: &str, destination: &str) -> String {
    let crc = destination.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    });
    format!("r-{table}{}", !crc)
}

/// What AWS says about the route of this id, in our words.
fn seen(id: &str, route: &Described) -> Seen<Route> {
    let (table, destination) = id.split_once('_').unwrap_or((id, ""));
    let target = Hop::read(route).map(|hop| hop.target).unwrap_or_default();
    Seen {
        status: Status::Ready,
        args: RouteArgs {
            route_table_id: table.to_owned(),
            destination_cidr_block: text(route.destination_cidr_block()).map(Cidr),
            destination_ipv6_cidr_block: text(route.destination_ipv6_cidr_block()).map(Cidr),
            destination_prefix_list_id: text(route.destination_prefix_list_id()),
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
        },
        outputs: RouteOutputs {
            id: provider_id(table, destination),
            instance_id: text(route.instance_id()),
            instance_owner_id: text(route.instance_owner_id()),
            origin: route.origin().map(RouteOrigin::as_str).map(str::to_owned),
            state: route.state().map(RouteState::as_str).map(str::to_owned),
        },
    }
}

#[cfg(test)]
mod tests {
    use stackr_core::Block as _;

    use super::*;

    fn table() -> DescribedTable {
        let to = |cidr: &str| Described::builder().destination_cidr_block(cidr);
        DescribedTable::builder()
            .route_table_id("rtb-1")
            .routes(to("10.0.0.0/16").gateway_id("local").origin(RouteOrigin::CreateRouteTable).build())
            .routes(to("0.0.0.0/0").nat_gateway_id("nat-1").state(RouteState::Blackhole).build())
            .routes(
                to("10.9.0.0/16").gateway_id("vgw-1").origin(RouteOrigin::EnableVgwRoutePropagation).build(),
            )
            .build()
    }

    #[test]
    fn the_id_is_the_providers() {
        assert_eq!(provider_id("rtb-1", "0.0.0.0/0"), "r-rtb-11080289494");
    }

    #[test]
    fn a_route_is_the_one_of_its_table_to_its_destination() {
        let tables = [table()];
        let seen = seen("rtb-1_0.0.0.0/0", pick(&tables, "rtb-1_0.0.0.0/0").unwrap());
        assert_eq!(seen.args.nat_gateway_id.as_deref(), Some("nat-1"));
        assert_eq!((seen.status, seen.outputs.state.as_deref()), (Status::Ready, Some("blackhole")));
        assert!(pick(&tables, "rtb-1_10.1.0.0/16").is_none());
        assert!(pick(&tables, "rtb-2_0.0.0.0/0").is_none());
        assert!(pick(&tables, "rtb-1_10.9.0.0/16").is_none(), "a propagated route is nobody's");
    }

    #[test]
    fn table_and_destination_force_replacement_and_targets_do_not() {
        let replace: Vec<_> = RouteArgs::fields().iter().filter(|f| f.replace).map(|f| f.name).collect();
        let destinations =
            ["destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"];
        assert_eq!(replace[0], "route_table_id");
        assert_eq!(replace[1..], destinations);
    }
}
