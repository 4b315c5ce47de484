//! AWS's published request limits, per account and region.
//!
//! Sources: "Request throttling for the Amazon EC2 API", "Request throttling for the Amazon ECS API", Route 53's
//! limits page. Services without published figures get ones that are known to be safe.

use crate::{Class, Rate};

/// The class of a call and its rate. Services are named as IAM names them.
#[must_use]
pub fn published(service: &str, operation: &str) -> Class {
    let read =
        ["Describe", "Get", "List", "Search", "Head", "BatchGet"].iter().any(|p| operation.starts_with(p));
    let (class, rate) = match service {
        "ec2" => (operation, ec2(operation, read)),
        "ecs" => ecs(operation, read),
        // One bucket for the whole account and all of its calls.
        "route53" => ("all", Rate::new(5.0, 5.0)),
        // Not published; refused sooner than others, which it must not slow down.
        "iam" if operation == "GetAccountAuthorizationDetails" => ("details", Rate::new(5.0, 2.0)),
        // Not published; one control plane for all regions.
        "iam" if read => ("read", Rate::new(20.0, 15.0)),
        "iam" => ("write", Rate::new(15.0, 10.0)),
        "s3" => ("all", Rate::new(200.0, 100.0)),
        "sts" => ("all", Rate::new(50.0, 50.0)),
        _ if read => ("read", Rate::new(20.0, 10.0)),
        _ => ("write", Rate::new(10.0, 5.0)),
    };
    Class { name: format!("{service}:{class}"), rate, global: matches!(service, "route53" | "iam") }
}

/// Every EC2 operation has a bucket of its own.
fn ec2(operation: &str, read: bool) -> Rate {
    match operation {
        "CreateNatGateway" | "DeleteNatGateway" => Rate::new(10.0, 1.0),
        "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints" => Rate::new(4.0, 0.3),
        "CreateTags" | "DeleteTags" => Rate::new(100.0, 10.0),
        "DescribeSecurityGroupReferences" | "DescribeStaleSecurityGroups" => Rate::new(20.0, 5.0),
        _ if read => Rate::new(100.0, 20.0),
        _ if operation.contains("NetworkInterface") || operation.starts_with("Assign") => {
            Rate::new(100.0, 5.0)
        }
        _ => Rate::new(50.0, 5.0),
    }
}

/// ECS operations share buckets by group.
fn ecs(operation: &str, read: bool) -> (&'static str, Rate) {
    match operation {
        "PutClusterCapacityProviders" => ("cluster", Rate::new(20.0, 1.0)),
        "DeleteTaskDefinitions" => ("task definition delete", Rate::new(5.0, 1.0)),
        "TagResource" | "UntagResource" => ("tag", Rate::new(20.0, 10.0)),
        "ListTagsForResource" => ("tag read", Rate::new(50.0, 20.0)),
        _ if operation.contains("AccountSetting") && !read => ("account settings", Rate::new(10.0, 1.0)),
        _ if operation.contains("ServiceDeployment") => ("deployment read", Rate::new(50.0, 20.0)),
        _ if operation.contains("Service") && read => ("service read", Rate::new(100.0, 20.0)),
        _ if operation.contains("Service") => ("service", Rate::new(50.0, 5.0)),
        _ if read => ("read", Rate::new(50.0, 20.0)),
        _ if operation.contains("TaskDefinition") => ("task definition", Rate::new(20.0, 1.0)),
        _ if operation.contains("Cluster") => ("cluster", Rate::new(20.0, 1.0)),
        _ => ("write", Rate::new(20.0, 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_figures() {
        let check = |service: &str, operation: &str, class: &str, burst: f64, per_second: f64| {
            let (name, rate) = (format!("{service}:{class}"), Rate::new(burst, per_second));
            let global = matches!(service, "route53" | "iam");
            assert_eq!(published(service, operation), Class { name, rate, global });
        };
        check("ec2", "DescribeVpcs", "DescribeVpcs", 100.0, 20.0);
        check("ec2", "CreateVpc", "CreateVpc", 50.0, 5.0);
        check("ec2", "CreateNatGateway", "CreateNatGateway", 10.0, 1.0);
        check("ec2", "CreateVpcEndpoint", "CreateVpcEndpoint", 4.0, 0.3);
        check("route53", "ChangeResourceRecordSets", "all", 5.0, 5.0);
        check("iam", "GetRole", "read", 20.0, 15.0);
        check("iam", "GetAccountAuthorizationDetails", "details", 5.0, 2.0);
        check("ecs", "CreateCluster", "cluster", 20.0, 1.0);
        check("ecs", "PutClusterCapacityProviders", "cluster", 20.0, 1.0);
        check("ecs", "UpdateService", "service", 50.0, 5.0);
        check("ecs", "DescribeServices", "service read", 100.0, 20.0);
        check("ecs", "RegisterTaskDefinition", "task definition", 20.0, 1.0);
        check("elasticloadbalancing", "DescribeRules", "read", 20.0, 10.0);
        check("acm", "RequestCertificate", "write", 10.0, 5.0);
    }
}
