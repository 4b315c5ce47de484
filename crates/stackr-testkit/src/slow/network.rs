//! What comes up and goes slowly in a network: VPCs, subnets, NAT gateways, endpoints, load balancers.

use std::{collections::BTreeMap, time::Instant};

use super::{
    Asked, Life, Slow, Time,
    hold::{Holds, held_in},
};
use crate::{document::Document, message::Response, protocol::parameters};

/// How one kind of object is called.
#[derive(Debug)]
struct Kind {
    ty: &'static str,
    service: &'static str,
    create: &'static str,
    delete: &'static str,
    read: &'static str,
    id: &'static str,
    state: &'static [&'static str],
    pending: &'static str,
}

const fn ec2(ty: &'static str, [create, delete, read]: [&'static str; 3], id: &'static str) -> Kind {
    Kind { ty, service: "ec2", create, delete, read, id, state: &["state"], pending: "pending" }
}

static KINDS: [Kind; 5] = [
    ec2("aws_vpc", ["CreateVpc", "DeleteVpc", "DescribeVpcs"], "vpcId"),
    ec2("aws_subnet", ["CreateSubnet", "DeleteSubnet", "DescribeSubnets"], "subnetId"),
    ec2("aws_nat_gateway", ["CreateNatGateway", "DeleteNatGateway", "DescribeNatGateways"], "natGatewayId"),
    ec2(
        "aws_vpc_endpoint",
        ["CreateVpcEndpoint", "DeleteVpcEndpoints", "DescribeVpcEndpoints"],
        "vpcEndpointId",
    ),
    Kind {
        ty: "aws_lb",
        service: "elasticloadbalancing",
        create: "CreateLoadBalancer",
        delete: "DeleteLoadBalancer",
        read: "DescribeLoadBalancers",
        id: "LoadBalancerArn",
        state: &["State", "Code"],
        pending: "provisioning",
    },
];

impl Kind {
    /// Whether its network interfaces hold what they are in.
    fn holds(&self) -> bool {
        !matches!(self.ty, "aws_vpc" | "aws_subnet")
    }
}

/// What was made, by its id.
#[derive(Debug, Default)]
pub(super) struct Network(BTreeMap<String, (&'static Kind, Life)>);

impl Network {
    pub(super) fn note(
        &mut self,
        asked: Asked<'_>,
        response: &Response,
        slow: Slow,
        holds: &mut Holds,
        now: Instant,
    ) {
        let asks = asked.request.text();
        for kind in KINDS.iter().filter(|kind| kind.service == asked.call.service) {
            if asked.call.operation == kind.create {
                // An endpoint of a gateway is an entry in route tables, and there at once.
                let gateway = kind.ty == "aws_vpc_endpoint" && !asks.contains("VpcEndpointType=Interface");
                let id = Document::of(response).and_then(|document| document.first(kind.id));
                let Some(id) = id.filter(|_| !gateway) else { return };
                let answers = String::from_utf8_lossy(&response.body);
                let public = asks.contains("AllocationId=") || answers.contains("internet-facing");
                if kind.holds() {
                    holds.hold(&id, held_in(&format!("{asks} {answers}"), public));
                }
                self.0.entry(id).or_insert((kind, Life::new(now)));
            } else if asked.call.operation == kind.delete {
                for (_, id) in parameters(&asks) {
                    let Some((_, life)) = self.0.get_mut(&id) else { continue };
                    life.leaving.get_or_insert(now);
                    let time = Time::of(kind.ty);
                    holds.release(&id, now + slow.of(time.delete + time.release));
                }
            }
        }
    }

    pub(super) fn filter(&self, asked: Asked<'_>, document: &mut Document, slow: Slow, now: Instant) -> bool {
        let mut changed = false;
        for (id, (kind, life)) in &self.0 {
            let is = |operation| asked.is(kind.service, operation);
            if !is(kind.read) && !is(kind.create) {
                continue;
            }
            let time = Time::of(kind.ty);
            if life.is_leaving(slow.of(time.delete), now) {
                changed |= document.set(kind.id, id, kind.state, "deleting");
            } else if life.leaving.is_none() && life.is_young(slow.of(time.create), now) {
                changed |= document.set(kind.id, id, kind.state, kind.pending);
            }
        }
        changed
    }
}
