//! Internet gateway: connects a VPC to the internet.
//!
//! Facts about the API that shape this file:
//! - creating and attaching are two calls; a new gateway is seen without a VPC, so the engine calls `update`, which
//!   attaches it. A run that died in between finds the gateway by its tag and goes on from there;
//! - AWS's word for an attached gateway is `available`;
//! - detaching is refused while the VPC has mapped public addresses (NAT gateways, load balancers, tasks);
//! - no name and no client token: what a lost create left is found by its ownership tag.

use aws_sdk_ec2::types::{AttachmentStatus, InternetGateway as Described, ResourceType};
use stackr_core::{
    Args, Create, Created, Delete, ErrorKind, Find, Gone, Id, Outputs, Resource, Result, Seen, Status, Tags,
    Update, Waits, need,
};

use super::{
    Ec2, batches, by_uid, filter, holders, is_ours, pages, read_tags, sent_tags, sync_tags, tag_spec,
};
use crate::service::in_order;

/// An internet gateway.
pub struct InternetGateway;

/// An internet gateway: connects a VPC to the internet.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct InternetGatewayArgs {
    /// The VPC it is attached to; absent if something else attaches it.
    #[arg(computed)]
    pub vpc_id: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives an internet gateway.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct InternetGatewayOutputs {
    /// The gateway's id: `igw-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The account that owns it.
    pub owner_id: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for InternetGateway {
    const TYPE: &'static str = "aws_internet_gateway";
    const WAITS: Waits = Waits::minutes(5, 20).gone(Gone::AtOnce);
    type Cloud = Ec2;
    type Args = InternetGatewayArgs;
    type Outputs = InternetGatewayOutputs;

    async fn create(ec2: &Ec2, req: Create<'_, InternetGatewayArgs>) -> Result<Created<Self>> {
        let tags = tag_spec(ResourceType::InternetGateway, &req.args.tags);
        let create = ec2.client.create_internet_gateway().set_tag_specifications(tags);
        let made = ec2.call("CreateInternetGateway", create.send()).await?;
        let id = need(made.internet_gateway().and_then(Described::internet_gateway_id), "InternetGatewayId")?;
        Ok(match made.internet_gateway() {
            Some(gateway) => Created::seen(id, seen(gateway, sent_tags(&req.args.tags), ec2)?),
            None => Created::id(id),
        })
    }

    async fn read(ec2: &Ec2, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let mut found = Vec::new();
        for batch in batches("internet-gateway-id", ids) {
            let request = ec2.client.describe_internet_gateways().filters(batch);
            for gateway in pages!(ec2, "DescribeInternetGateways", request, internet_gateways) {
                let seen = seen(&gateway, read_tags(gateway.tags()), ec2)?;
                found.push((seen.outputs.id.clone(), seen));
            }
        }
        Ok(in_order(ids, found))
    }

    async fn update(ec2: &Ec2, req: Update<'_, Self>) -> Result<()> {
        if req.changes(&["vpc_id"]) {
            if let Some(old) = &req.seen.args.vpc_id {
                detach(ec2, req.id, old).await?;
            }
            if let Some(new) = &req.want.vpc_id {
                attach(ec2, req.id, new).await?;
            }
        }
        sync_tags(ec2, req.id, &req.seen.args.tags, &req.want.tags).await
    }

    async fn delete(ec2: &Ec2, req: Delete<'_, Self>) -> Result<()> {
        // What was recorded may be older than the attachment.
        if let Some(vpc) = attached_to(ec2, req.id).await? {
            detach(ec2, req.id, &vpc).await?;
        }
        let delete = ec2.client.delete_internet_gateway().internet_gateway_id(req.id);
        ec2.call("DeleteInternetGateway", delete.send()).await?;
        Ok(())
    }

    async fn find(ec2: &Ec2, req: Find<'_, InternetGatewayArgs>) -> Result<Option<Id>> {
        let request = ec2.client.describe_internet_gateways().filters(by_uid(req.uid));
        let found = ec2.call("DescribeInternetGateways", request.send()).await?;
        let gateway = found.internet_gateways().iter().find(|found| is_ours(found.tags(), req.uid));
        Ok(gateway.and_then(Described::internet_gateway_id).map(str::to_owned))
    }

    async fn holders(ec2: &Ec2, id: &str) -> Result<Vec<String>> {
        let request = ec2.client.describe_internet_gateways().filters(filter("internet-gateway-id", [id]));
        let found = ec2.call("DescribeInternetGateways", request.send()).await?;
        let attached = found.internet_gateways().iter().flat_map(|gateway| gateway.attachments());
        match attached.filter_map(|attachment| attachment.vpc_id()).next() {
            Some(vpc) => holders::public_interfaces(ec2, vpc).await,
            None => Ok(Vec::new()),
        }
    }
}

/// Attaches a gateway. That it is attached to this VPC already is no failure: an answer may have been lost.
async fn attach(ec2: &Ec2, id: &str, vpc: &str) -> Result<()> {
    let request = ec2.client.attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc);
    match ec2.call("AttachInternetGateway", request.send()).await {
        Err(error) if error.kind() == ErrorKind::Exists => match attached_to(ec2, id).await? {
            Some(is) if is == vpc => Ok(()),
            _ => Err(error),
        },
        answer => answer.map(drop),
    }
}

/// Detaches a gateway. That it is not attached is no failure.
async fn detach(ec2: &Ec2, id: &str, vpc: &str) -> Result<()> {
    let request = ec2.client.detach_internet_gateway().internet_gateway_id(id).vpc_id(vpc);
    match ec2.call("DetachInternetGateway", request.send()).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        answer => answer.map(drop),
    }
}

/// The VPC that a gateway is attached to now.
async fn attached_to(ec2: &Ec2, id: &str) -> Result<Option<String>> {
    let request = ec2.client.describe_internet_gateways().filters(filter("internet-gateway-id", [id]));
    let answer = ec2.call("DescribeInternetGateways", request.send()).await?;
    Ok(answer.internet_gateways().first().and_then(|gateway| attachment(gateway).0))
}

/// The VPC that a gateway is on, coming or going included, and how it stands with it.
fn attachment(gateway: &Described) -> (Option<String>, Status) {
    let attached = gateway.attachments().iter().find(|a| a.state() != Some(&AttachmentStatus::Detached));
    let Some(attached) = attached else { return (None, Status::Ready) };
    let status = match attached.state() {
        Some(state @ (AttachmentStatus::Attaching | AttachmentStatus::Detaching)) => {
            Status::Pending(state.as_str().to_owned())
        }
        _ => Status::Ready,
    };
    (attached.vpc_id().map(str::to_owned), status)
}

/// What AWS says about one gateway, in our words.
fn seen(gateway: &Described, tags: Tags, ec2: &Ec2) -> Result<Seen<InternetGateway>> {
    let id = need(gateway.internet_gateway_id(), "InternetGatewayId")?;
    let (vpc_id, status) = attachment(gateway);
    Ok(Seen {
        status,
        args: InternetGatewayArgs { vpc_id, tags: tags.clone() },
        outputs: InternetGatewayOutputs {
            arn: ec2.arn("ec2", &format!("internet-gateway/{id}")),
            owner_id: gateway.owner_id().unwrap_or(&ec2.origin.account).to_owned(),
            tags_all: tags,
            id,
        },
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::InternetGatewayAttachment;

    use super::*;

    fn with(state: &str) -> Described {
        let attached = InternetGatewayAttachment::builder().vpc_id("vpc-1").state(state.into()).build();
        Described::builder().internet_gateway_id("igw-1").attachments(attached).build()
    }

    #[test]
    fn a_new_gateway_is_seen_without_a_vpc_so_that_update_attaches_it() {
        let gateway = Described::builder().internet_gateway_id("igw-1").build();
        assert_eq!(attachment(&gateway), (None, Status::Ready));
    }

    #[test]
    fn an_attached_gateway_is_available_in_awss_words() {
        let vpc = || Some("vpc-1".to_owned());
        assert_eq!(attachment(&with("available")), (vpc(), Status::Ready));
        assert_eq!(attachment(&with("attaching")), (vpc(), Status::Pending("attaching".into())));
        assert_eq!(attachment(&with("detached")), (None, Status::Ready));
    }
}
