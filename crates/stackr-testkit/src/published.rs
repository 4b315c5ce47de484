//! AWS's published request limits, as the proxy enforces them.
//!
//! stackr's own limiter has such a table too. This one is written from the same pages and not shared, because it is what
//! the limiter is judged by: <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html>,
//! <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html>. Services that publish nothing have
//! one bucket for reads and one for writes, at what is reported of them.

use crate::{faults::Limit, protocol::Call};

/// The bucket of a call, and what it holds.
pub(crate) fn limit(call: &Call) -> (String, Limit) {
    let reads = !call.mutates();
    let (bucket, burst, rate) = match call.service.as_str() {
        "ec2" => ec2(&call.operation, reads),
        "ecs" => ecs(&call.operation, reads),
        "route53" => ("", 5.0, 5.0),
        "s3" | "sts" => ("", 200.0, 100.0),
        "iam" if reads => ("read", 20.0, 20.0),
        "iam" => ("write", 15.0, 10.0),
        _ if reads => ("read", 20.0, 10.0),
        _ => ("write", 10.0, 5.0),
    };
    (format!("{}:{bucket}", call.service), Limit { burst, rate })
}

/// Every operation has a bucket of its own.
fn ec2(operation: &str, reads: bool) -> (&str, f64, f64) {
    let (burst, rate) = match operation {
        "CreateNatGateway" | "DeleteNatGateway" => (10.0, 1.0),
        "CreateVpcEndpoint" | "ModifyVpcEndpoint" | "DeleteVpcEndpoints" => (4.0, 0.3),
        "CreateTags" | "DeleteTags" => (100.0, 10.0),
        _ if reads => (100.0, 20.0),
        _ => (50.0, 5.0),
    };
    (operation, burst, rate)
}

/// Operations share buckets by what they are about.
fn ecs(operation: &str, reads: bool) -> (&str, f64, f64) {
    match (operation, reads) {
        ("TagResource" | "UntagResource", _) => ("tag write", 20.0, 10.0),
        ("ListTagsForResource", _) => ("tag read", 50.0, 20.0),
        (_, true) if operation.contains("Service") => ("service read", 100.0, 20.0),
        (_, true) => ("read", 50.0, 20.0),
        (_, false) if operation.contains("TaskDefinition") => ("task definition", 20.0, 1.0),
        (_, false) if operation.contains("Service") => ("service", 50.0, 5.0),
        (_, false) => ("cluster", 20.0, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_share_a_bucket_as_published() {
        let check = |service: &str, operation: &str, bucket: &str, burst: f64, rate: f64| {
            let call = Call { service: service.to_owned(), operation: operation.to_owned() };
            assert_eq!(limit(&call), (format!("{service}:{bucket}"), Limit { burst, rate }));
        };
        check("ec2", "DescribeVpcs", "DescribeVpcs", 100.0, 20.0);
        check("ec2", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupIngress", 50.0, 5.0);
        check("ec2", "CreateNatGateway", "CreateNatGateway", 10.0, 1.0);
        check("ecs", "PutClusterCapacityProviders", "cluster", 20.0, 1.0);
        check("ecs", "DescribeServices", "service read", 100.0, 20.0);
        check("route53", "ListResourceRecordSets", "", 5.0, 5.0);
        check("route53", "ChangeResourceRecordSets", "", 5.0, 5.0);
        check("iam", "CreateRole", "write", 15.0, 10.0);
        check("logs", "DescribeLogGroups", "read", 20.0, 10.0);
    }
}
