//! Subnet: a part of a VPC's network in one availability zone.
//!
//! Facts about the API that shape this file:
//! - attributes (public addresses, DNS options…) are not part of the create call, and one call changes one of them;
//! - the IPv6 network can be changed in place: the old one goes before the new one comes, and addresses are not
//!   assigned from it while there is none, so the order of the calls matters;
//! - an overlapping network is refused (`InvalidSubnet.Conflict`), so a repeated create cannot make a second one;
//! - network interfaces that AWS manages block a delete until AWS has removed them (load balancers: minutes).

use aws_sdk_ec2::{
    operation::modify_subnet_attribute::builders::ModifySubnetAttributeFluentBuilder as Modify,
    types::{
        HostnameType, ResourceType, Subnet as Described, SubnetCidrBlockStateCode,
        SubnetIpv6CidrBlockAssociation, SubnetState,
    },
};
use stackr_core::{
    Args, Cidr, Create, Created, Delete, Find, Gone, Id, Outputs, Resource, Result, Seen, Status, Tags,
    Update, Waits, need,
};

use super::{
    Ec2, batches, boolean, by_uid, filter, holders, is_ours, pages, read_tags, sent_tags, sync_tags, tag_spec,
};
use crate::service::in_order;

/// A subnet.
pub struct Subnet;

/// A subnet: a part of a VPC's network in one availability zone.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct SubnetArgs {
    /// The VPC it is a part of.
    #[arg(replace)]
    pub vpc_id: String,
    /// Its IPv4 network, /16 to /28, inside the VPC's. Absent only for an IPv6-only subnet.
    #[arg(replace)]
    pub cidr_block: Option<Cidr>,
    /// Its zone by name: `eu-central-1a`. AWS picks one if neither this nor the zone's id is given.
    #[arg(replace, computed)]
    pub availability_zone: Option<String>,
    /// Its zone by id: `euc1-az2`, the same in every account.
    #[arg(replace, computed)]
    pub availability_zone_id: Option<String>,
    /// Its IPv6 network, a /64 of the VPC's.
    pub ipv6_cidr_block: Option<Cidr>,
    /// Whether it has an IPv6 network only.
    #[arg(replace, default = false)]
    pub ipv6_native: bool,
    /// Whether what starts in it gets a public IPv4 address.
    #[arg(default = false)]
    pub map_public_ip_on_launch: bool,
    /// Whether what starts in it gets an IPv6 address.
    #[arg(default = false)]
    pub assign_ipv6_address_on_creation: bool,
    /// Whether its DNS answers with synthetic IPv6 addresses for IPv4-only names.
    #[arg(default = false)]
    pub enable_dns64: bool,
    /// Whether host names of instances answer with A records.
    #[arg(default = false)]
    pub enable_resource_name_dns_a_record_on_launch: bool,
    /// Whether host names of instances answer with AAAA records.
    #[arg(default = false)]
    pub enable_resource_name_dns_aaaa_record_on_launch: bool,
    /// What host names of instances are made of: `ip-name` or `resource-name`.
    #[arg(computed)]
    pub private_dns_hostname_type_on_launch: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives a subnet.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct SubnetOutputs {
    /// The subnet's id: `subnet-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The account that owns it.
    pub owner_id: String,
    /// The association of its IPv6 network.
    pub ipv6_cidr_block_association_id: Option<String>,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for Subnet {
    const TYPE: &'static str = "aws_subnet";
    const WAITS: Waits = Waits::minutes(5, 20).gone(Gone::AtOnce);
    type Cloud = Ec2;
    type Args = SubnetArgs;
    type Outputs = SubnetOutputs;

    async fn create(ec2: &Ec2, req: Create<'_, SubnetArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let create = ec2
            .client
            .create_subnet()
            .vpc_id(&args.vpc_id)
            .set_cidr_block(args.cidr_block.as_deref().map(str::to_owned))
            .set_availability_zone(args.availability_zone.clone())
            .set_availability_zone_id(args.availability_zone_id.clone())
            .set_ipv6_cidr_block(args.ipv6_cidr_block.as_deref().map(str::to_owned))
            .set_ipv6_native(args.ipv6_native.then_some(true))
            .set_tag_specifications(tag_spec(ResourceType::Subnet, &args.tags));
        let made = ec2.call("CreateSubnet", create.send()).await?;
        let id = need(made.subnet().and_then(Described::subnet_id), "SubnetId")?;
        Ok(match made.subnet() {
            Some(subnet) => Created::seen(id, seen(subnet, sent_tags(&args.tags), ec2)?),
            None => Created::id(id),
        })
    }

    async fn read(ec2: &Ec2, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let mut found = Vec::new();
        for batch in batches("subnet-id", ids) {
            let request = ec2.client.describe_subnets().filters(batch);
            for subnet in pages!(ec2, "DescribeSubnets", request, subnets) {
                let seen = seen(&subnet, read_tags(subnet.tags()), ec2)?;
                found.push((seen.outputs.id.clone(), seen));
            }
        }
        Ok(in_order(ids, found))
    }

    async fn update(ec2: &Ec2, req: Update<'_, Self>) -> Result<()> {
        let (want, seen) = (req.want, &req.seen.args);
        let modify = || ec2.client.modify_subnet_attribute().subnet_id(req.id);
        let assign = |on| modify().assign_ipv6_address_on_creation(boolean(on));
        let assigns_differ = want.assign_ipv6_address_on_creation != seen.assign_ipv6_address_on_creation;
        if assigns_differ && !want.assign_ipv6_address_on_creation {
            ec2.call("ModifySubnetAttribute", assign(false).send()).await?;
        }
        if req.changes(&["ipv6_cidr_block"]) {
            replace_ipv6(ec2, &req).await?;
        }
        if assigns_differ && want.assign_ipv6_address_on_creation {
            ec2.call("ModifySubnetAttribute", assign(true).send()).await?;
        }
        for change in changes(want, seen, modify) {
            ec2.call("ModifySubnetAttribute", change.send()).await?;
        }
        sync_tags(ec2, req.id, &seen.tags, &want.tags).await
    }

    async fn delete(ec2: &Ec2, req: Delete<'_, Self>) -> Result<()> {
        ec2.call("DeleteSubnet", ec2.client.delete_subnet().subnet_id(req.id).send()).await?;
        Ok(())
    }

    async fn find(ec2: &Ec2, req: Find<'_, SubnetArgs>) -> Result<Option<Id>> {
        let request = ec2.client.describe_subnets().filters(by_uid(req.uid));
        let found = ec2.call("DescribeSubnets", request.send()).await?;
        Ok(found
            .subnets()
            .iter()
            .find(|found| is_ours(found.tags(), req.uid))
            .and_then(Described::subnet_id)
            .map(str::to_owned))
    }

    async fn holders(ec2: &Ec2, id: &str) -> Result<Vec<String>> {
        Ok(holders::some(holders::interfaces(ec2, vec![filter("subnet-id", [id])]).await?))
    }
}

/// Takes the old IPv6 network off and puts the new one on.
async fn replace_ipv6(ec2: &Ec2, req: &Update<'_, Subnet>) -> Result<()> {
    if let Some(old) = &req.seen.outputs.ipv6_cidr_block_association_id {
        let request = ec2.client.disassociate_subnet_cidr_block().association_id(old);
        ec2.call("DisassociateSubnetCidrBlock", request.send()).await?;
    }
    if let Some(new) = &req.want.ipv6_cidr_block {
        let request = ec2.client.associate_subnet_cidr_block().subnet_id(req.id).ipv6_cidr_block(&**new);
        ec2.call("AssociateSubnetCidrBlock", request.send()).await?;
    }
    Ok(())
}

/// The calls that make the other attributes what is wanted, one each.
fn changes(want: &SubnetArgs, seen: &SubnetArgs, modify: impl Fn() -> Modify) -> Vec<Modify> {
    let differs = |want: bool, seen: bool| (want != seen).then(|| boolean(want));
    let hostnames = want.private_dns_hostname_type_on_launch.as_deref();
    let hostnames =
        hostnames.filter(|wanted| Some(*wanted) != seen.private_dns_hostname_type_on_launch.as_deref());
    let changes = [
        differs(want.map_public_ip_on_launch, seen.map_public_ip_on_launch)
            .map(|on| modify().map_public_ip_on_launch(on)),
        differs(want.enable_dns64, seen.enable_dns64).map(|on| modify().enable_dns64(on)),
        hostnames.map(|wanted| modify().private_dns_hostname_type_on_launch(HostnameType::from(wanted))),
        differs(
            want.enable_resource_name_dns_a_record_on_launch,
            seen.enable_resource_name_dns_a_record_on_launch,
        )
        .map(|on| modify().enable_resource_name_dns_a_record_on_launch(on)),
        differs(
            want.enable_resource_name_dns_aaaa_record_on_launch,
            seen.enable_resource_name_dns_aaaa_record_on_launch,
        )
        .map(|on| modify().enable_resource_name_dns_aaaa_record_on_launch(on)),
    ];
    changes.into_iter().flatten().collect()
}

/// The state of the association of an IPv6 network.
fn ipv6_state(association: &SubnetIpv6CidrBlockAssociation) -> Option<&SubnetCidrBlockStateCode> {
    association.ipv6_cidr_block_state().and_then(|state| state.state())
}

/// What AWS says about one subnet, in our words.
fn seen(subnet: &Described, tags: Tags, ec2: &Ec2) -> Result<Seen<Subnet>> {
    let id = need(subnet.subnet_id(), "SubnetId")?;
    let dns = subnet.private_dns_name_options_on_launch();
    // One that is being taken off, or was, is still listed for a while.
    let ipv6 = subnet.ipv6_cidr_block_association_set().iter().find(|association| {
        matches!(
            ipv6_state(association),
            Some(SubnetCidrBlockStateCode::Associated | SubnetCidrBlockStateCode::Associating)
        )
    });
    let moving = ipv6.and_then(ipv6_state) == Some(&SubnetCidrBlockStateCode::Associating);
    Ok(Seen {
        status: match subnet.state() {
            Some(SubnetState::Pending) => Status::Pending("pending".to_owned()),
            Some(SubnetState::Failed | SubnetState::FailedInsufficientCapacity) => {
                Status::Failed(subnet.state().map_or("failed", SubnetState::as_str).to_owned())
            }
            _ if moving => Status::Pending("IPv6 network associating".to_owned()),
            _ => Status::Ready,
        },
        args: SubnetArgs {
            vpc_id: need(subnet.vpc_id(), "VpcId")?,
            cidr_block: super::text(subnet.cidr_block()).map(Cidr),
            availability_zone: super::text(subnet.availability_zone()),
            availability_zone_id: super::text(subnet.availability_zone_id()),
            ipv6_cidr_block: ipv6.and_then(|a| a.ipv6_cidr_block()).map(Cidr::from),
            ipv6_native: subnet.ipv6_native() == Some(true),
            map_public_ip_on_launch: subnet.map_public_ip_on_launch() == Some(true),
            assign_ipv6_address_on_creation: subnet.assign_ipv6_address_on_creation() == Some(true),
            enable_dns64: subnet.enable_dns64() == Some(true),
            enable_resource_name_dns_a_record_on_launch: dns
                .and_then(|dns| dns.enable_resource_name_dns_a_record())
                .unwrap_or(false),
            enable_resource_name_dns_aaaa_record_on_launch: dns
                .and_then(|dns| dns.enable_resource_name_dns_aaaa_record())
                .unwrap_or(false),
            private_dns_hostname_type_on_launch: dns
                .and_then(|dns| dns.hostname_type())
                .map(|ty| ty.as_str().to_owned()),
            tags: tags.clone(),
        },
        outputs: SubnetOutputs {
            arn: super::text(subnet.subnet_arn()).unwrap_or_else(|| ec2.arn("ec2", &format!("subnet/{id}"))),
            owner_id: subnet.owner_id().unwrap_or(&ec2.origin.account).to_owned(),
            ipv6_cidr_block_association_id: ipv6.and_then(|a| a.association_id()).map(str::to_owned),
            tags_all: tags,
            id,
        },
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::SubnetCidrBlockState;
    use stackr_core::Block as _;

    use super::{super::testing::ec2, *};

    fn described() -> aws_sdk_ec2::types::builders::SubnetBuilder {
        Described::builder().subnet_id("subnet-1").vpc_id("vpc-1").cidr_block("10.0.1.0/24")
    }

    fn ipv6(id: &str, state: SubnetCidrBlockStateCode) -> SubnetIpv6CidrBlockAssociation {
        let state = SubnetCidrBlockState::builder().state(state).build();
        let network = format!("2001:db8:0:{id}::/64");
        let association = SubnetIpv6CidrBlockAssociation::builder().association_id(id);
        association.ipv6_cidr_block(network).ipv6_cidr_block_state(state).build()
    }

    #[test]
    fn an_old_ipv6_network_does_not_count_and_a_coming_one_is_waited_for() {
        let subnet = described()
            .ipv6_cidr_block_association_set(ipv6("1", SubnetCidrBlockStateCode::Disassociated))
            .ipv6_cidr_block_association_set(ipv6("2", SubnetCidrBlockStateCode::Associating));
        let seen = seen(&subnet.build(), Tags::new(), &ec2()).unwrap();
        assert_eq!(seen.args.ipv6_cidr_block, Some("2001:db8:0:2::/64".into()));
        assert_eq!(seen.status, Status::Pending("IPv6 network associating".into()));
    }

    #[test]
    fn one_call_per_attribute_that_differs() {
        let seen = seen(&described().build(), Tags::new(), &ec2()).unwrap().args;
        let client = ec2().client;
        let count = |want: &SubnetArgs| changes(want, &seen, || client.modify_subnet_attribute()).len();
        assert_eq!(count(&seen), 0);
        assert_eq!(count(&SubnetArgs { map_public_ip_on_launch: true, ..seen.clone() }), 1);
        let hostnames = Some("resource-name".to_owned());
        let want = SubnetArgs { private_dns_hostname_type_on_launch: hostnames, ..seen.clone() };
        assert_eq!(count(&SubnetArgs { enable_dns64: true, ..want }), 2);
    }

    #[test]
    fn network_and_zone_force_replacement() {
        let replace: Vec<_> = SubnetArgs::fields().iter().filter(|f| f.replace).map(|f| f.name).collect();
        let expect = ["vpc_id", "cidr_block", "availability_zone", "availability_zone_id", "ipv6_native"];
        assert_eq!(replace, expect);
    }
}
