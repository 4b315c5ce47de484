//! Looks up a VPC.

use aws_sdk_ec2::types::{Tenancy, Vpc as Described, VpcAttributeName, VpcState};
use stackr_core::{Args, Block, Cidr, Lookup, Outputs, Result, Set, Tags, need};

use super::{Ec2, LookupFilter, lookups::Asked, main_route_table, network, pages, read_tags, vpc_attribute};

/// A VPC that is there already.
pub struct VpcLookup;

/// A VPC that is there already. Exactly one must fit what is given.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct VpcLookupArgs {
    /// Its id: `vpc-…`.
    #[arg(computed)]
    pub id: Option<String>,
    /// Its primary IPv4 network.
    #[arg(computed)]
    pub cidr_block: Option<Cidr>,
    /// Its DHCP options.
    #[arg(computed)]
    pub dhcp_options_id: Option<String>,
    /// Whether it is the region's default VPC.
    #[arg(computed)]
    pub default: Option<bool>,
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

/// The VPC.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct VpcLookupOutputs {
    /// Its id: `vpc-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The account that owns it.
    pub owner_id: String,
    /// Its primary IPv4 network.
    pub cidr_block: String,
    /// All its IPv4 networks.
    pub cidr_block_associations: Vec<VpcCidrAssociation>,
    /// Its DHCP options.
    pub dhcp_options_id: Option<String>,
    /// Whether it is the region's default VPC.
    pub default: bool,
    /// Whether Amazon's DNS server answers inside it.
    pub enable_dns_support: bool,
    /// Whether instances with public addresses get DNS names.
    pub enable_dns_hostnames: bool,
    /// Whether network address usage is measured.
    pub enable_network_address_usage_metrics: bool,
    /// `default` or `dedicated`.
    pub instance_tenancy: String,
    /// The association of its IPv6 network.
    pub ipv6_association_id: Option<String>,
    /// Its IPv6 network.
    pub ipv6_cidr_block: Option<String>,
    /// Its main route table.
    pub main_route_table_id: Option<String>,
    /// Its state: `pending` or `available`.
    pub state: String,
    /// Its tags.
    pub tags: Tags,
}

/// An IPv4 network of a VPC.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct VpcCidrAssociation {
    /// The association's id: `vpc-cidr-assoc-…`.
    pub association_id: String,
    /// The network.
    pub cidr_block: String,
    /// Its state: `associated`.
    pub state: Option<String>,
}

/// What is read beside the VPC itself.
struct Beside {
    dns_support: bool,
    dns_hostnames: bool,
    usage_metrics: bool,
    route_table: Option<String>,
}

impl Lookup for VpcLookup {
    const TYPE: &'static str = "aws_vpc";
    type Cloud = Ec2;
    type Args = VpcLookupArgs;
    type Outputs = VpcLookupOutputs;

    async fn read(ec2: &Ec2, args: &VpcLookupArgs) -> Result<VpcLookupOutputs> {
        let cidr = args.cidr_block.as_deref().map(network::canonical);
        let asked = Asked::new(&args.tags, &args.filter)
            .and("vpc-id", args.id.as_deref())
            .and("cidr", cidr.as_deref())
            .and("dhcp-options-id", args.dhcp_options_id.as_deref())
            .and_is("is-default", args.default)
            .and("state", args.state.as_deref());
        let request = ec2.client.describe_vpcs().set_filters(asked.filters());
        let vpc = asked.one(pages!(ec2, "DescribeVpcs", request, vpcs), "DescribeVpcs", "VPC")?;
        let id = need(vpc.vpc_id(), "VpcId")?;
        let (dns_support, dns_hostnames, usage_metrics, route_table) = futures::try_join!(
            vpc_attribute(ec2, &id, VpcAttributeName::EnableDnsSupport),
            vpc_attribute(ec2, &id, VpcAttributeName::EnableDnsHostnames),
            vpc_attribute(ec2, &id, VpcAttributeName::EnableNetworkAddressUsageMetrics),
            main_route_table(ec2, &id),
        )?;
        outputs(&vpc, Beside { dns_support, dns_hostnames, usage_metrics, route_table }, ec2)
    }
}

fn outputs(vpc: &Described, beside: Beside, ec2: &Ec2) -> Result<VpcLookupOutputs> {
    let id = need(vpc.vpc_id(), "VpcId")?;
    let networks = vpc.cidr_block_association_set().iter().map(|network| {
        Ok(VpcCidrAssociation {
            association_id: need(network.association_id(), "AssociationId")?,
            cidr_block: need(network.cidr_block(), "CidrBlock")?,
            state: network.cidr_block_state().and_then(|s| s.state()).map(|s| s.as_str().to_owned()),
        })
    });
    let ipv6 = vpc.ipv6_cidr_block_association_set().first();
    Ok(VpcLookupOutputs {
        arn: ec2.arn("ec2", &format!("vpc/{id}")),
        owner_id: vpc.owner_id().unwrap_or(&ec2.origin.account).to_owned(),
        cidr_block: need(vpc.cidr_block(), "CidrBlock")?,
        cidr_block_associations: networks.collect::<Result<_>>()?,
        dhcp_options_id: vpc.dhcp_options_id().map(str::to_owned),
        default: vpc.is_default() == Some(true),
        enable_dns_support: beside.dns_support,
        enable_dns_hostnames: beside.dns_hostnames,
        enable_network_address_usage_metrics: beside.usage_metrics,
        instance_tenancy: vpc.instance_tenancy().map_or("default", Tenancy::as_str).to_owned(),
        ipv6_association_id: ipv6.and_then(|a| a.association_id()).map(str::to_owned),
        ipv6_cidr_block: ipv6.and_then(|a| a.ipv6_cidr_block()).map(str::to_owned),
        main_route_table_id: beside.route_table,
        state: vpc.state().map_or("available", VpcState::as_str).to_owned(),
        tags: read_tags(vpc.tags()),
        id,
    })
}
