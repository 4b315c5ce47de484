//! The kinds of objects that the proxy can make slow: how their creates, identities and reads are called.

use crate::protocol::Call;

/// How one kind of object is made and read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) service: &'static str,
    /// The operation that makes one.
    pub(crate) create: &'static str,
    /// What it is identified by: in the answer to the create, in the request otherwise.
    pub(crate) id: &'static str,
    /// What a read of one that is not there is refused with. Without it, answers lack it.
    pub(crate) missing: Option<(u16, &'static str)>,
    /// Where its state is in an answer, and what it is while it comes up.
    pub(crate) pending: Option<(&'static [&'static str], &'static str)>,
}

const fn kind(service: &'static str, create: &'static str, id: &'static str) -> Kind {
    Kind { service, create, id, missing: None, pending: None }
}

impl Kind {
    const fn missing(self, status: u16, code: &'static str) -> Self {
        Self { missing: Some((status, code)), ..self }
    }

    const fn pending(self, path: &'static [&'static str], state: &'static str) -> Self {
        Self { pending: Some((path, state)), ..self }
    }

    /// The kind of object that a call makes.
    pub(crate) fn made_by(call: &Call) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.service == call.service && kind.create == call.operation)
    }
}

const ELB: &str = "elasticloadbalancing";
const CLOUD_MAP: &str = "servicediscovery";

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html> has the codes of EC2; those of the
/// others are among the errors of each operation's page.
static KINDS: [Kind; 27] = [
    kind("ec2", "CreateVpc", "vpcId").missing(400, "InvalidVpcID.NotFound"),
    kind("ec2", "CreateSubnet", "subnetId").missing(400, "InvalidSubnetID.NotFound"),
    kind("ec2", "CreateInternetGateway", "internetGatewayId")
        .missing(400, "InvalidInternetGatewayID.NotFound"),
    kind("ec2", "AllocateAddress", "allocationId").missing(400, "InvalidAllocationID.NotFound"),
    kind("ec2", "CreateNatGateway", "natGatewayId")
        .missing(400, "NatGatewayNotFound")
        .pending(&["state"], "pending"),
    kind("ec2", "CreateRouteTable", "routeTableId").missing(400, "InvalidRouteTableID.NotFound"),
    kind("ec2", "CreateSecurityGroup", "groupId").missing(400, "InvalidGroup.NotFound"),
    kind("ec2", "AuthorizeSecurityGroupIngress", "securityGroupRuleId")
        .missing(400, "InvalidSecurityGroupRuleId.NotFound"),
    kind("ec2", "AuthorizeSecurityGroupEgress", "securityGroupRuleId")
        .missing(400, "InvalidSecurityGroupRuleId.NotFound"),
    kind("ec2", "CreateVpcEndpoint", "vpcEndpointId")
        .missing(400, "InvalidVpcEndpointId.NotFound")
        .pending(&["state"], "pending"),
    kind(ELB, "CreateLoadBalancer", "LoadBalancerArn")
        .missing(400, "LoadBalancerNotFound")
        .pending(&["State", "Code"], "provisioning"),
    kind(ELB, "CreateTargetGroup", "TargetGroupArn").missing(400, "TargetGroupNotFound"),
    kind(ELB, "CreateListener", "ListenerArn").missing(400, "ListenerNotFound"),
    kind(ELB, "CreateRule", "RuleArn").missing(400, "RuleNotFound"),
    kind("iam", "CreateRole", "RoleName").missing(404, "NoSuchEntity"),
    kind("iam", "CreatePolicy", "Arn").missing(404, "NoSuchEntity"),
    kind("iam", "CreateOpenIDConnectProvider", "OpenIDConnectProviderArn").missing(404, "NoSuchEntity"),
    kind("route53", "CreateHostedZone", "Id").missing(404, "NoSuchHostedZone"),
    kind("acm", "RequestCertificate", "CertificateArn")
        .missing(400, "ResourceNotFoundException")
        .pending(&["Status"], "PENDING_VALIDATION"),
    kind("ecs", "CreateCluster", "clusterArn"),
    kind("ecs", "CreateService", "serviceArn"),
    kind("ecs", "RegisterTaskDefinition", "taskDefinitionArn").missing(400, "ClientException"),
    kind("ecr", "CreateRepository", "repositoryName").missing(400, "RepositoryNotFoundException"),
    kind("logs", "CreateLogGroup", "logGroupName"),
    kind(CLOUD_MAP, "CreateService", "Id").missing(400, "ServiceNotFound"),
    kind(CLOUD_MAP, "CreatePrivateDnsNamespace", "OperationId").pending(&["Status"], "PENDING"),
    kind("s3", "CreateBucket", "Name").missing(404, "NoSuchBucket"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_the_service_too() {
        let made = |service: &str, operation: &str| {
            let call = Call { service: service.to_owned(), operation: operation.to_owned() };
            Kind::made_by(&call).map(|kind| kind.id)
        };
        assert_eq!(made("ecs", "CreateService"), Some("serviceArn"));
        assert_eq!(made(CLOUD_MAP, "CreateService"), Some("Id"));
        assert_eq!(made("ec2", "DescribeVpcs"), None);
    }

    #[test]
    fn what_has_states_can_be_pending() {
        let mut slow: Vec<_> = KINDS.iter().filter(|k| k.pending.is_some()).map(|k| k.create).collect();
        slow.sort_unstable();
        let expect = [
            "CreateLoadBalancer",
            "CreateNatGateway",
            "CreatePrivateDnsNamespace",
            "CreateVpcEndpoint",
            "RequestCertificate",
        ];
        assert_eq!(slow, expect);
    }
}
