//! Looks up a subnet.

use aws_sdk_ec2::types::{Subnet as Described, SubnetState};
use stackr_core::{Args, Cidr, Lookup, Outputs, Result, Set, Tags, need};

use super::{Ec2, LookupFilter, lookups::Asked, network, pages, read_tags, text};

/// A subnet that is there already.
pub struct SubnetLookup;

/// A subnet that is there already. Exactly one must fit what is given.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct SubnetLookupArgs {
    /// Its id: `subnet-…`.
    #[arg(computed)]
    pub id: Option<String>,
    /// Its VPC.
    #[arg(computed)]
    pub vpc_id: Option<String>,
    /// Its IPv4 network.
    #[arg(computed)]
    pub cidr_block: Option<Cidr>,
    /// Its IPv6 network.
    #[arg(computed)]
    pub ipv6_cidr_block: Option<Cidr>,
    /// Its zone by name.
    #[arg(computed)]
    pub availability_zone: Option<String>,
    /// Its zone by id.
    #[arg(computed)]
    pub availability_zone_id: Option<String>,
    /// Whether it is its zone's default subnet.
    #[arg(computed)]
    pub default_for_az: Option<bool>,
    /// Its state: `pending` or `available`.
    #[arg(computed)]
    pub state: Option<String>,
    /// Tags that it carries, among others.
    #[arg(computed)]
    pub tags: Tags,
    /// Filters that it fits.
    #[arg(block)]
    pub filter: Set<LookupFilter>,
}

/// The subnet.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct SubnetLookupOutputs {
    /// Its id: `subnet-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The account that owns it.
    pub owner_id: String,
    /// Its VPC.
    pub vpc_id: String,
    /// Its IPv4 network.
    pub cidr_block: Option<String>,
    /// Its IPv6 network.
    pub ipv6_cidr_block: Option<String>,
    /// The association of its IPv6 network.
    pub ipv6_cidr_block_association_id: Option<String>,
    /// Its zone by name.
    pub availability_zone: Option<String>,
    /// Its zone by id.
    pub availability_zone_id: Option<String>,
    /// How many of its IPv4 addresses are free.
    pub available_ip_address_count: i64,
    /// Whether it is its zone's default subnet.
    pub default_for_az: bool,
    /// Whether it has an IPv6 network only.
    pub ipv6_native: bool,
    /// Whether what starts in it gets a public IPv4 address.
    pub map_public_ip_on_launch: bool,
    /// Whether what starts in it gets an IPv6 address.
    pub assign_ipv6_address_on_creation: bool,
    /// Whether its DNS answers with synthetic IPv6 addresses.
    pub enable_dns64: bool,
    /// Whether host names of instances answer with A records.
    pub enable_resource_name_dns_a_record_on_launch: bool,
    /// Whether host names of instances answer with AAAA records.
    pub enable_resource_name_dns_aaaa_record_on_launch: bool,
    /// What host names of instances are made of: `ip-name` or `resource-name`.
    pub private_dns_hostname_type_on_launch: Option<String>,
    /// Its state: `pending` or `available`.
    pub state: String,
    /// Its tags.
    pub tags: Tags,
}

impl Lookup for SubnetLookup {
    const TYPE: &'static str = "aws_subnet";
    type Cloud = Ec2;
    type Args = SubnetLookupArgs;
    type Outputs = SubnetLookupOutputs;

    async fn read(ec2: &Ec2, args: &SubnetLookupArgs) -> Result<SubnetLookupOutputs> {
        let cidr = args.cidr_block.as_deref().map(network::canonical);
        let ipv6 = args.ipv6_cidr_block.as_deref().map(network::canonical);
        let asked = Asked::new(&args.tags, &args.filter)
            .and("subnet-id", args.id.as_deref())
            .and("vpc-id", args.vpc_id.as_deref())
            .and("cidr-block", cidr.as_deref())
            .and("ipv6-cidr-block-association.ipv6-cidr-block", ipv6.as_deref())
            .and("availability-zone", args.availability_zone.as_deref())
            .and("availability-zone-id", args.availability_zone_id.as_deref())
            .and_is("default-for-az", args.default_for_az)
            .and("state", args.state.as_deref());
        let request = ec2.client.describe_subnets().set_filters(asked.filters());
        let subnets = pages!(ec2, "DescribeSubnets", request, subnets);
        outputs(&asked.one(subnets, "DescribeSubnets", "subnet")?, ec2)
    }
}

fn outputs(subnet: &Described, ec2: &Ec2) -> Result<SubnetLookupOutputs> {
    let id = need(subnet.subnet_id(), "SubnetId")?;
    let dns = subnet.private_dns_name_options_on_launch();
    let ipv6 = subnet.ipv6_cidr_block_association_set().iter().find(|association| {
        let state = association.ipv6_cidr_block_state().and_then(|state| state.state());
        state.is_some_and(|state| state.as_str() == "associated")
    });
    Ok(SubnetLookupOutputs {
        arn: text(subnet.subnet_arn()).unwrap_or_else(|| ec2.arn("ec2", &format!("subnet/{id}"))),
        owner_id: subnet.owner_id().unwrap_or(&ec2.origin.account).to_owned(),
        vpc_id: need(subnet.vpc_id(), "VpcId")?,
        cidr_block: text(subnet.cidr_block()),
        ipv6_cidr_block: ipv6.and_then(|a| a.ipv6_cidr_block()).map(str::to_owned),
        ipv6_cidr_block_association_id: ipv6.and_then(|a| a.association_id()).map(str::to_owned),
        availability_zone: text(subnet.availability_zone()),
        availability_zone_id: text(subnet.availability_zone_id()),
        available_ip_address_count: i64::from(subnet.available_ip_address_count().unwrap_or_default()),
        default_for_az: subnet.default_for_az() == Some(true),
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
        state: subnet.state().map_or("available", SubnetState::as_str).to_owned(),
        tags: read_tags(subnet.tags()),
        id,
    })
}
