//! Elastic IP: a public address that stays.
//!
//! Facts about the API that shape this file:
//! - no name and no client token: what a lost create left is found by its ownership tag. Each one that is lost costs
//!   money and quota;
//! - `DescribeAddresses` has no pages;
//! - a NAT gateway or a load balancer associates and disassociates its address itself; that of an instance or a
//!   plain network interface is ours to disassociate before the address can be released;
//! - a released address is lost: another account may have it a moment later.

use aws_sdk_ec2::types::{Address as Described, DomainType, NetworkInterfaceType, ResourceType};
use stackr_core::{
    After, Args, Create, Created, Delete, ErrorKind, Find, Gone, Id, Outputs, Resource, Result, Seen, Status,
    Tags, Update, Waits, need,
};

use super::{Ec2, batches, by_uid, filter, is_ours, read_tags, sync_tags, tag_spec, text};
use crate::service::{in_order, partition};

/// An Elastic IP.
pub struct Eip;

/// An Elastic IP: a public address that stays.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct EipArgs {
    /// `vpc`, the only domain there is today.
    #[arg(replace, computed)]
    pub domain: Option<String>,
    /// The instance that has the address.
    #[arg(computed)]
    pub instance: Option<String>,
    /// The network interface that has the address. Not for a NAT gateway: that takes `allocation_id`.
    #[arg(computed)]
    pub network_interface: Option<String>,
    /// The private address that it stands for, where the instance or network interface has several.
    #[arg(unread)]
    pub associate_with_private_ip: Option<String>,
    /// A certain address to get back or to take from a pool of your own.
    #[arg(replace, unread)]
    pub address: Option<String>,
    /// The pool it comes from: `amazon` or one of your own.
    #[arg(replace, computed)]
    pub public_ipv4_pool: Option<String>,
    /// The IPAM pool it comes from.
    #[arg(replace, computed, unread)]
    pub ipam_pool_id: Option<String>,
    /// The zones it can be used in; the whole region if absent.
    #[arg(replace, computed)]
    pub network_border_group: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives an Elastic IP.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct EipOutputs {
    /// Its allocation id: `eipalloc-…`.
    pub id: String,
    /// Its allocation id: `eipalloc-…`.
    pub allocation_id: String,
    /// Its ARN.
    pub arn: String,
    /// Its association, while something has it.
    pub association_id: Option<String>,
    /// The address.
    pub public_ip: String,
    /// Its DNS name.
    pub public_dns: String,
    /// The private address that it stands for.
    pub private_ip: Option<String>,
    /// The DNS name of the private address.
    pub private_dns: Option<String>,
    /// Its carrier address (wavelength zones).
    pub carrier_ip: Option<String>,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for Eip {
    const TYPE: &'static str = "aws_eip";
    const WAITS: Waits = Waits::minutes(5, 10).gone(Gone::AtOnce);
    // An address in use needs an attached internet gateway, and a gateway cannot be detached while one is in use.
    const AFTER: &'static [After] =
        &[After::all("aws_internet_gateway"), After::all("aws_internet_gateway_attachment")];
    type Cloud = Ec2;
    type Args = EipArgs;
    type Outputs = EipOutputs;

    async fn create(ec2: &Ec2, req: Create<'_, EipArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let create = ec2
            .client
            .allocate_address()
            .domain(args.domain.as_deref().map_or(DomainType::Vpc, DomainType::from))
            .set_address(args.address.clone())
            .set_public_ipv4_pool(args.public_ipv4_pool.clone())
            .set_ipam_pool_id(args.ipam_pool_id.clone())
            .set_network_border_group(args.network_border_group.clone())
            .set_tag_specifications(tag_spec(ResourceType::ElasticIp, &args.tags));
        let made = ec2.call("AllocateAddress", create.send()).await?;
        Ok(Created::id(need(made.allocation_id(), "AllocationId")?))
    }

    async fn read(ec2: &Ec2, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let mut found = Vec::new();
        for batch in batches("allocation-id", ids) {
            let request = ec2.client.describe_addresses().filters(batch);
            for address in ec2.call("DescribeAddresses", request.send()).await?.addresses() {
                let seen = seen(address, ec2)?;
                found.push((seen.outputs.id.clone(), seen));
            }
        }
        Ok(in_order(ids, found))
    }

    async fn update(ec2: &Ec2, req: Update<'_, Self>) -> Result<()> {
        if req.changes(&["instance", "network_interface", "associate_with_private_ip"]) {
            associate(ec2, &req).await?;
        }
        sync_tags(ec2, req.id, &req.seen.args.tags, &req.want.tags).await
    }

    async fn delete(ec2: &Ec2, req: Delete<'_, Self>) -> Result<()> {
        if let Some(association) = &req.outputs.association_id
            && ours_to_disassociate(ec2, req.args).await?
        {
            disassociate(ec2, association).await?;
        }
        ec2.call("ReleaseAddress", ec2.client.release_address().allocation_id(req.id).send()).await?;
        Ok(())
    }

    async fn find(ec2: &Ec2, req: Find<'_, EipArgs>) -> Result<Option<Id>> {
        let request = ec2.client.describe_addresses().filters(by_uid(req.uid));
        let found = ec2.call("DescribeAddresses", request.send()).await?;
        Ok(found
            .addresses()
            .iter()
            .find(|found| is_ours(found.tags(), req.uid))
            .and_then(Described::allocation_id)
            .map(str::to_owned))
    }
}

/// Gives the address to the instance or network interface that is wanted.
async fn associate(ec2: &Ec2, req: &Update<'_, Eip>) -> Result<()> {
    let (want, seen) = (req.want, req.seen);
    let instance = want.instance.as_deref().filter(|id| !id.is_empty());
    let interface = want.network_interface.as_deref().filter(|id| !id.is_empty());
    match (&seen.outputs.association_id, instance.or(interface)) {
        (Some(association), None) => disassociate(ec2, association).await,
        (None, None) => Ok(()),
        (association, Some(_)) => {
            let request = ec2
                .client
                .associate_address()
                .allocation_id(req.id)
                .set_instance_id(instance.map(str::to_owned))
                .set_network_interface_id(interface.map(str::to_owned))
                .set_private_ip_address(want.associate_with_private_ip.clone())
                .allow_reassociation(association.is_some());
            ec2.call("AssociateAddress", request.send()).await.map(drop)
        }
    }
}

/// Takes the address from what has it. That nothing has it is no failure.
async fn disassociate(ec2: &Ec2, association: &str) -> Result<()> {
    let request = ec2.client.disassociate_address().association_id(association);
    match ec2.call("DisassociateAddress", request.send()).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        answer => answer.map(drop),
    }
}

/// Whether what has the address is an instance or a plain network interface, not something of AWS's own.
async fn ours_to_disassociate(ec2: &Ec2, args: &EipArgs) -> Result<bool> {
    if args.instance.is_some() {
        return Ok(true);
    }
    let Some(interface) = &args.network_interface else { return Ok(false) };
    let request = ec2.client.describe_network_interfaces();
    let request = request.filters(filter("network-interface-id", [interface]));
    let answer = ec2.call("DescribeNetworkInterfaces", request.send()).await?;
    Ok(answer.network_interfaces().iter().any(|interface| {
        interface.requester_managed() != Some(true)
            && interface.interface_type() == Some(&NetworkInterfaceType::Interface)
    }))
}

/// AWS's DNS names of a public and of a private address in a region.
fn names(region: &str, public: &str, private: Option<&str>) -> (String, Option<String>) {
    let dashed = |ip: &str| ip.replace('.', "-");
    let suffix = partition(region).1;
    let (public_zone, private_zone) = match region {
        "us-east-1" => (format!("compute-1.{suffix}"), "ec2.internal".to_owned()),
        _ => (format!("{region}.compute.{suffix}"), format!("{region}.compute.internal")),
    };
    let private = private.map(|ip| format!("ip-{}.{private_zone}", dashed(ip)));
    (format!("ec2-{}.{public_zone}", dashed(public)), private)
}

/// What AWS says about one address, in our words.
fn seen(address: &Described, ec2: &Ec2) -> Result<Seen<Eip>> {
    let id = need(address.allocation_id(), "AllocationId")?;
    let public_ip = need(address.public_ip(), "PublicIp")?;
    let private_ip = text(address.private_ip_address());
    let (public_dns, private_dns) = names(&ec2.origin.region, &public_ip, private_ip.as_deref());
    let tags = read_tags(address.tags());
    Ok(Seen {
        status: Status::Ready,
        args: EipArgs {
            domain: address.domain().map(|domain| domain.as_str().to_owned()),
            instance: text(address.instance_id()),
            network_interface: text(address.network_interface_id()),
            associate_with_private_ip: None,
            address: None,
            public_ipv4_pool: text(address.public_ipv4_pool()),
            ipam_pool_id: None,
            network_border_group: text(address.network_border_group()),
            tags: tags.clone(),
        },
        outputs: EipOutputs {
            allocation_id: id.clone(),
            arn: ec2.arn("ec2", &format!("elastic-ip/{id}")),
            association_id: text(address.association_id()),
            public_ip,
            public_dns,
            private_ip,
            private_dns,
            carrier_ip: text(address.carrier_ip()),
            tags_all: tags,
            id,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{super::testing::ec2, *};

    #[test]
    fn dns_names_follow_from_region_and_address() {
        let check = |region: &str, public: &str, private: &str| {
            let (a, b) = names(region, "1.2.3.4", Some("10.0.0.1"));
            assert_eq!((a.as_str(), b.as_deref()), (public, Some(private)));
        };
        check("us-east-1", "ec2-1-2-3-4.compute-1.amazonaws.com", "ip-10-0-0-1.ec2.internal");
        check(
            "eu-central-1",
            "ec2-1-2-3-4.eu-central-1.compute.amazonaws.com",
            "ip-10-0-0-1.eu-central-1.compute.internal",
        );
    }

    #[test]
    fn an_address_that_nothing_has_has_no_instance_even_where_the_answer_is_an_empty_id() {
        let address = Described::builder().allocation_id("eipalloc-1").public_ip("1.2.3.4");
        let seen = seen(&address.instance_id("").network_interface_id("").build(), &ec2()).unwrap();
        assert_eq!((seen.args.instance, seen.args.network_interface), (None, None));
        assert_eq!(seen.outputs.arn, "arn:aws:ec2:eu-central-1:111122223333:elastic-ip/eipalloc-1");
    }
}
