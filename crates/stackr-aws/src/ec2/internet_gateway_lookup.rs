//! Looks up an internet gateway.

use aws_sdk_ec2::types::InternetGateway as Described;
use stackr_core::{Args, Block, Lookup, Outputs, Result, Set, Tags, need};

use super::{Ec2, LookupFilter, lookups::Asked, pages, read_tags};

/// An internet gateway that is there already.
pub struct InternetGatewayLookup;

/// An internet gateway that is there already. Exactly one must fit what is given; the one of a VPC is found with
/// the filter `attachment.vpc-id`.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct InternetGatewayLookupArgs {
    /// Its id: `igw-…`.
    #[arg(computed)]
    pub internet_gateway_id: Option<String>,
    /// Tags that it carries, among others.
    #[arg(computed)]
    pub tags: Tags,
    /// Filters that it fits.
    #[arg(block)]
    pub filter: Set<LookupFilter>,
}

/// The internet gateway.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct InternetGatewayLookupOutputs {
    /// Its id: `igw-…`.
    pub id: String,
    /// Its id: `igw-…`.
    pub internet_gateway_id: String,
    /// Its ARN.
    pub arn: String,
    /// The account that owns it.
    pub owner_id: String,
    /// The VPC it is attached to; at most one.
    pub attachments: Vec<GatewayAttachment>,
    /// Its tags.
    pub tags: Tags,
}

/// An attachment of an internet gateway.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct GatewayAttachment {
    /// Its state; `available` is AWS's word for attached.
    pub state: Option<String>,
    /// The VPC.
    pub vpc_id: String,
}

impl Lookup for InternetGatewayLookup {
    const TYPE: &'static str = "aws_internet_gateway";
    type Cloud = Ec2;
    type Args = InternetGatewayLookupArgs;
    type Outputs = InternetGatewayLookupOutputs;

    async fn read(ec2: &Ec2, args: &InternetGatewayLookupArgs) -> Result<InternetGatewayLookupOutputs> {
        let asked = Asked::new(&args.tags, &args.filter)
            .and("internet-gateway-id", args.internet_gateway_id.as_deref());
        let request = ec2.client.describe_internet_gateways().set_filters(asked.filters());
        let gateways = pages!(ec2, "DescribeInternetGateways", request, internet_gateways);
        outputs(&asked.one(gateways, "DescribeInternetGateways", "internet gateway")?, ec2)
    }
}

fn outputs(gateway: &Described, ec2: &Ec2) -> Result<InternetGatewayLookupOutputs> {
    let id = need(gateway.internet_gateway_id(), "InternetGatewayId")?;
    let attachments = gateway.attachments().iter().map(|attachment| {
        Ok(GatewayAttachment {
            state: attachment.state().map(|state| state.as_str().to_owned()),
            vpc_id: need(attachment.vpc_id(), "VpcId")?,
        })
    });
    Ok(InternetGatewayLookupOutputs {
        internet_gateway_id: id.clone(),
        arn: ec2.arn("ec2", &format!("internet-gateway/{id}")),
        owner_id: gateway.owner_id().unwrap_or(&ec2.origin.account).to_owned(),
        attachments: attachments.collect::<Result<_>>()?,
        tags: read_tags(gateway.tags()),
        id,
    })
}
