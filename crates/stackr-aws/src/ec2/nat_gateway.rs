//! NAT gateway: lets a private subnet reach the internet (or another VPC).
//!
//! Facts about the API that shape this file:
//! - creation is asynchronous, and a failed creation is a *state* (`failed`), not an API error;
//! - a deleted gateway stays visible as `deleted` for about an hour;
//! - everything except tags is immutable.

use aws_sdk_ec2::types::{ConnectivityType, NatGateway as Described, NatGatewayState, ResourceType};
use stackr_core::{
    After, Args, Create, Created, Delete, Find, Id, Outputs, Resource, Result, Seen, Status, Tags, Update,
    Waits, need,
};

use super::{Ec2, batches, by_uid, filter, is_ours, pages, read_tags, sync_tags, tag_spec};
use crate::service::in_order;

/// A NAT gateway.
pub struct NatGateway;

/// A NAT gateway: lets a private subnet reach the internet (or another VPC).
#[derive(Clone, Debug, PartialEq, Args)]
pub struct NatGatewayArgs {
    /// Subnet the gateway lives in. A public gateway needs a public subnet.
    #[arg(replace)]
    pub subnet_id: String,
    /// Elastic IP of a public gateway; absent for a private one.
    #[arg(replace)]
    pub allocation_id: Option<String>,
    /// `public` or `private`.
    #[arg(replace, default = "public")]
    pub connectivity_type: String,
    /// Its private address; AWS picks one if absent.
    #[arg(replace, computed)]
    pub private_ip: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives a NAT gateway.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct NatGatewayOutputs {
    /// The gateway's id: `nat-…`.
    pub id: String,
    /// The association of its Elastic IP.
    pub association_id: Option<String>,
    /// Its network interface.
    pub network_interface_id: Option<String>,
    /// Its public address; none for a private gateway.
    pub public_ip: Option<String>,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for NatGateway {
    const TYPE: &'static str = "aws_nat_gateway";
    // 103 to 115 s were measured until it was available; the AWS provider looks after a delete from 10 s on.
    const WAITS: Waits = Waits::minutes(10, 30).usually(109, 60);
    // Without an attached internet gateway a public gateway fails with `Gateway.NotAttached`.
    const AFTER: &'static [After] =
        &[After::all("aws_internet_gateway"), After::all("aws_internet_gateway_attachment")];
    type Cloud = Ec2;
    type Args = NatGatewayArgs;
    type Outputs = NatGatewayOutputs;

    async fn create(ec2: &Ec2, req: Create<'_, NatGatewayArgs>) -> Result<Created<Self>> {
        let create = ec2
            .client
            .create_nat_gateway()
            .client_token(req.token)
            .subnet_id(&req.args.subnet_id)
            .set_allocation_id(req.args.allocation_id.clone())
            .connectivity_type(ConnectivityType::from(req.args.connectivity_type.as_str()))
            .set_private_ip_address(req.args.private_ip.clone())
            .set_tag_specifications(tag_spec(ResourceType::Natgateway, &req.args.tags));
        let made = ec2.call("CreateNatGateway", create.send()).await?;
        let id = need(made.nat_gateway().and_then(Described::nat_gateway_id), "NatGatewayId")?;
        Ok(Created::id(id))
    }

    async fn read(ec2: &Ec2, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let mut found = Vec::new();
        for filter in batches("nat-gateway-id", ids) {
            let request = ec2.client.describe_nat_gateways().filter(filter);
            for gateway in pages!(ec2, "DescribeNatGateways", request, nat_gateways) {
                found.push((need(gateway.nat_gateway_id(), "NatGatewayId")?, seen(&gateway)?));
            }
        }
        Ok(in_order(ids, found))
    }

    async fn update(ec2: &Ec2, req: Update<'_, Self>) -> Result<()> {
        sync_tags(ec2, req.id, &req.seen.args.tags, &req.want.tags).await
    }

    async fn delete(ec2: &Ec2, req: Delete<'_, Self>) -> Result<()> {
        ec2.call("DeleteNatGateway", ec2.client.delete_nat_gateway().nat_gateway_id(req.id).send()).await?;
        Ok(())
    }

    async fn find(ec2: &Ec2, req: Find<'_, NatGatewayArgs>) -> Result<Option<Id>> {
        // Deleted and failed ones stay visible for an hour, with their tags.
        let alive = filter("state", [NatGatewayState::Pending.as_str(), NatGatewayState::Available.as_str()]);
        let request = ec2.client.describe_nat_gateways().filter(by_uid(req.uid)).filter(alive);
        let found = ec2.call("DescribeNatGateways", request.send()).await?;
        Ok(found
            .nat_gateways()
            .iter()
            .find(|found| is_ours(found.tags(), req.uid))
            .and_then(Described::nat_gateway_id)
            .map(str::to_owned))
    }
}

/// What AWS says about one gateway, in our words. Pure; the unit tests live on this function.
fn seen(gateway: &Described) -> Result<Seen<NatGateway>> {
    let addresses = gateway.nat_gateway_addresses();
    let primary = addresses.iter().find(|a| a.is_primary() == Some(true)).or(addresses.first());
    let tags = read_tags(gateway.tags());
    Ok(Seen {
        status: match gateway.state() {
            Some(NatGatewayState::Available) => Status::Ready,
            Some(NatGatewayState::Deleted) => Status::Gone,
            Some(state @ NatGatewayState::Deleting) => Status::Leaving(state.as_str().to_owned()),
            Some(NatGatewayState::Failed) => {
                let code = gateway.failure_code().unwrap_or("failed");
                Status::Failed(format!("{code}: {}", gateway.failure_message().unwrap_or("no reason given")))
            }
            state => Status::Pending(state.map_or("pending", NatGatewayState::as_str).to_owned()),
        },
        args: NatGatewayArgs {
            subnet_id: need(gateway.subnet_id(), "SubnetId")?,
            allocation_id: primary.and_then(|a| a.allocation_id()).map(str::to_owned),
            connectivity_type: gateway
                .connectivity_type()
                .map_or("public", ConnectivityType::as_str)
                .to_owned(),
            private_ip: primary.and_then(|a| a.private_ip()).map(str::to_owned),
            tags: tags.clone(),
        },
        outputs: NatGatewayOutputs {
            id: need(gateway.nat_gateway_id(), "NatGatewayId")?,
            association_id: primary.and_then(|a| a.association_id()).map(str::to_owned),
            network_interface_id: primary.and_then(|a| a.network_interface_id()).map(str::to_owned),
            public_ip: primary.and_then(|a| a.public_ip()).map(str::to_owned),
            tags_all: tags,
        },
    })
}

#[cfg(test)]
mod tests {
    use stackr_core::Block as _;

    use super::*;

    fn described(state: NatGatewayState) -> Described {
        Described::builder().nat_gateway_id("nat-1").subnet_id("subnet-1").state(state).build()
    }

    #[test]
    fn a_deleted_gateway_is_gone() {
        assert_eq!(seen(&described(NatGatewayState::Deleted)).unwrap().status, Status::Gone);
    }

    #[test]
    fn a_failed_gateway_says_why() {
        let mut gateway = described(NatGatewayState::Failed);
        gateway.failure_code = Some("Gateway.NotAttached".into());
        gateway.failure_message = Some("no internet gateway".into());
        let why = "Gateway.NotAttached: no internet gateway".to_owned();
        assert_eq!(seen(&gateway).unwrap().status, Status::Failed(why));
    }

    #[test]
    fn everything_but_tags_forces_replacement() {
        let kept: Vec<_> = NatGatewayArgs::fields().iter().filter(|f| !f.replace).map(|f| f.name).collect();
        assert_eq!(kept, ["tags"]);
    }
}
