//! VPC: a private network.
//!
//! Facts about the API that shape this file:
//! - DNS attributes are not part of the create call and are read one call per attribute;
//! - AWS makes a default security group, network ACL and main route table with it, which vanish with it; another table may
//!   become the main one, and nothing else of this changes;
//! - no name and no client token: what a lost create left is found by its ownership tag.

use aws_sdk_ec2::types::{ResourceType, RouteTable, Tenancy, Vpc as Described, VpcAttributeName, VpcState};
use futures::future::try_join_all;
use stackr_core::{
    Args, Cidr, Create, Created, Delete, ErrorKind, Find, Id, Known, Outputs, Resource, Result, Seen, Status,
    Tags, Update, Waits, need,
};

use super::{
    Ec2, batches, boolean, by_uid, filter, holders, is_ours, main_route_table, pages, read_tags,
    routing::Tables, sync_tags, tag_spec, vpc_attribute,
};
use crate::service::in_order;

/// A VPC.
pub struct Vpc;

/// A VPC: a private network.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct VpcArgs {
    /// Its IPv4 network.
    #[arg(replace)]
    pub cidr_block: Cidr,
    /// `default` or `dedicated`.
    #[arg(replace, default = "default")]
    pub instance_tenancy: String,
    /// Whether Amazon's DNS server answers inside it.
    #[arg(default = true)]
    pub enable_dns_support: bool,
    /// Whether instances with public addresses get DNS names.
    #[arg(default = false)]
    pub enable_dns_hostnames: bool,
    /// Whether network address usage is measured.
    #[arg(default = false)]
    pub enable_network_address_usage_metrics: bool,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives a VPC.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct VpcOutputs {
    /// The VPC's id: `vpc-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The account that owns it.
    pub owner_id: String,
    /// Its DHCP options.
    pub dhcp_options_id: Option<String>,
    /// Its main route table.
    pub main_route_table_id: Option<String>,
    /// The route table that AWS made with it.
    pub default_route_table_id: Option<String>,
    /// The security group that AWS made with it.
    pub default_security_group_id: Option<String>,
    /// The network ACL that AWS made with it.
    pub default_network_acl_id: Option<String>,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

/// What is read beside the VPC itself.
#[derive(Clone, Debug, Default)]
struct Beside {
    dns_support: bool,
    dns_hostnames: bool,
    usage_metrics: bool,
    route_table: Option<String>,
    security_group: Option<String>,
    network_acl: Option<String>,
}

impl Resource for Vpc {
    const TYPE: &'static str = "aws_vpc";
    const WAITS: Waits = Waits::INSTANT;
    type Cloud = Ec2;
    type Args = VpcArgs;
    type Outputs = VpcOutputs;

    async fn create(ec2: &Ec2, req: Create<'_, VpcArgs>) -> Result<Created<Self>> {
        let create = ec2
            .client
            .create_vpc()
            .cidr_block(&*req.args.cidr_block)
            .instance_tenancy(Tenancy::from(req.args.instance_tenancy.as_str()))
            .set_tag_specifications(tag_spec(ResourceType::Vpc, &req.args.tags));
        let made = ec2.call("CreateVpc", create.send()).await?;
        Ok(Created::id(need(made.vpc().and_then(Described::vpc_id), "VpcId")?))
    }

    async fn read(ec2: &Ec2, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        Self::refresh(ec2, &Known::unrecorded(ids)).await
    }

    async fn refresh(ec2: &Ec2, known: &[Known<'_>]) -> Result<Vec<Option<Seen<Self>>>> {
        let ids = Known::ids(known);
        // All at once: what is beside a VPC that is not there is nothing.
        let beside = try_join_all(known.iter().map(|known| beside(ec2, known)));
        let (found, beside) = futures::try_join!(described(ec2, &ids), beside)?;
        let found = in_order(
            &ids,
            found.into_iter().map(|vpc| (vpc.vpc_id.clone().unwrap_or_default(), vpc)).collect(),
        );
        let seen = |(vpc, beside): (Option<Described>, Option<Beside>)| {
            vpc.zip(beside).map(|(vpc, beside)| seen(&vpc, beside, ec2)).transpose()
        };
        found.into_iter().zip(beside).map(seen).collect()
    }

    async fn update(ec2: &Ec2, req: Update<'_, Self>) -> Result<()> {
        let (want, seen) = (req.want, &req.seen.args);
        let modify = || ec2.client.modify_vpc_attribute().vpc_id(req.id);
        // One attribute per call; host names need DNS support first.
        if want.enable_dns_support != seen.enable_dns_support {
            let modify = modify().enable_dns_support(boolean(want.enable_dns_support));
            ec2.call("ModifyVpcAttribute", modify.send()).await?;
        }
        if want.enable_dns_hostnames != seen.enable_dns_hostnames {
            let modify = modify().enable_dns_hostnames(boolean(want.enable_dns_hostnames));
            ec2.call("ModifyVpcAttribute", modify.send()).await?;
        }
        if want.enable_network_address_usage_metrics != seen.enable_network_address_usage_metrics {
            let on = boolean(want.enable_network_address_usage_metrics);
            let modify = modify().enable_network_address_usage_metrics(on);
            ec2.call("ModifyVpcAttribute", modify.send()).await?;
        }
        sync_tags(ec2, req.id, &seen.tags, &want.tags).await
    }

    async fn delete(ec2: &Ec2, req: Delete<'_, Self>) -> Result<()> {
        ec2.call("DeleteVpc", ec2.client.delete_vpc().vpc_id(req.id).send()).await?;
        Ok(())
    }

    async fn find(ec2: &Ec2, req: Find<'_, VpcArgs>) -> Result<Option<Id>> {
        let request = ec2.client.describe_vpcs().filters(by_uid(req.uid));
        let found = ec2.call("DescribeVpcs", request.send()).await?;
        Ok(found
            .vpcs()
            .iter()
            .find(|found| is_ours(found.tags(), req.uid))
            .and_then(Described::vpc_id)
            .map(str::to_owned))
    }

    async fn holders(ec2: &Ec2, id: &str) -> Result<Vec<String>> {
        holders::of_vpc(ec2, id).await
    }
}

/// What `DescribeVpcs` says of these.
async fn described(ec2: &Ec2, ids: &[Id]) -> Result<Vec<Described>> {
    let mut found = Vec::new();
    for batch in batches("vpc-id", ids) {
        found.extend(pages!(ec2, "DescribeVpcs", ec2.client.describe_vpcs().filters(batch), vpcs));
    }
    Ok(found)
}

/// What `DescribeVpcs` does not say about one VPC; nothing if it is not there. The calls go out together.
async fn beside(ec2: &Ec2, known: &Known<'_>) -> Result<Option<Beside>> {
    match Box::pin(asked_beside(ec2, known)).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        beside => beside.map(Some),
    }
}

async fn asked_beside(ec2: &Ec2, known: &Known<'_>) -> Result<Beside> {
    let vpc = known.id;
    let (dns_support, dns_hostnames, usage_metrics, route_table, (security_group, network_acl)) = futures::try_join!(
        vpc_attribute(ec2, vpc, VpcAttributeName::EnableDnsSupport),
        vpc_attribute(ec2, vpc, VpcAttributeName::EnableDnsHostnames),
        vpc_attribute(ec2, vpc, VpcAttributeName::EnableNetworkAddressUsageMetrics),
        route_table(ec2, known),
        made_with_it(ec2, known),
    )?;
    Ok(Beside { dns_support, dns_hostnames, usage_metrics, route_table, security_group, network_acl })
}

/// The main route table: the recorded one, asked for among others, if it still is.
async fn route_table(ec2: &Ec2, known: &Known<'_>) -> Result<Option<String>> {
    if let Some(table) = recorded(known, "main_route_table_id") {
        let tables = ec2.gather::<Tables>([table.clone()]).await?;
        let is_main = |table: &RouteTable| {
            let main = table.associations().iter().any(|association| association.main() == Some(true));
            main && table.vpc_id() == Some(known.id)
        };
        if tables.get(&table).is_some_and(is_main) {
            return Ok(Some(table));
        }
    }
    main_route_table(ec2, known.id).await
}

/// The default security group and network ACL, which are the same for ever.
async fn made_with_it(ec2: &Ec2, known: &Known<'_>) -> Result<(Option<String>, Option<String>)> {
    let (group, acl) =
        (recorded(known, "default_security_group_id"), recorded(known, "default_network_acl_id"));
    if group.is_some() && acl.is_some() {
        return Ok((group, acl));
    }
    let group = ec2.client.describe_security_groups().filters(filter("vpc-id", [known.id]));
    let group = group.filters(filter("group-name", ["default"]));
    let acl = ec2.client.describe_network_acls().filters(filter("vpc-id", [known.id]));
    let acl = acl.filters(filter("default", ["true"]));
    let (group, acl) = futures::try_join!(
        ec2.call("DescribeSecurityGroups", group.send()),
        ec2.call("DescribeNetworkAcls", acl.send()),
    )?;
    Ok((
        group.security_groups().first().and_then(|g| g.group_id()).map(str::to_owned),
        acl.network_acls().first().and_then(|a| a.network_acl_id()).map(str::to_owned),
    ))
}

fn recorded(known: &Known<'_>, output: &str) -> Option<String> {
    known.output(output)?.as_str().map(str::to_owned)
}

/// What AWS says about one VPC, in our words.
fn seen(vpc: &Described, beside: Beside, ec2: &Ec2) -> Result<Seen<Vpc>> {
    let id = need(vpc.vpc_id(), "VpcId")?;
    let tags = read_tags(vpc.tags());
    Ok(Seen {
        status: match vpc.state() {
            Some(VpcState::Pending) => Status::Pending("pending".to_owned()),
            _ => Status::Ready,
        },
        args: VpcArgs {
            cidr_block: need(vpc.cidr_block(), "CidrBlock")?.into(),
            instance_tenancy: vpc.instance_tenancy().map_or("default", Tenancy::as_str).to_owned(),
            enable_dns_support: beside.dns_support,
            enable_dns_hostnames: beside.dns_hostnames,
            enable_network_address_usage_metrics: beside.usage_metrics,
            tags: tags.clone(),
        },
        outputs: VpcOutputs {
            arn: ec2.arn("ec2", &format!("vpc/{id}")),
            owner_id: vpc.owner_id().unwrap_or(&ec2.origin.account).to_owned(),
            dhcp_options_id: vpc.dhcp_options_id().map(str::to_owned),
            main_route_table_id: beside.route_table.clone(),
            default_route_table_id: beside.route_table,
            default_security_group_id: beside.security_group,
            default_network_acl_id: beside.network_acl,
            tags_all: tags,
            id,
        },
    })
}
