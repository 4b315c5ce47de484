//! Which service and operation a request is for.
//!
//! Facts that shape this file:
//! - the service is in the signature's scope: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`;
//! - EC2, ELB, IAM and STS name the operation in the form that is the body, `Action=…`;
//! - ACM, ECS, ECR, Logs and Cloud Map name it in the header `X-Amz-Target`, behind a dot;
//! - Route 53 and S3 are method, path and query; the SDKs name S3's operations on objects in `x-id`.

use std::{fmt, sync::LazyLock};

use percent_encoding::percent_decode_str;
use regex::Regex;

use crate::message::Request;

/// An operation of a service, as AWS names both: `ec2`, `CreateVpc`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// The service's name in signatures: `ec2`, `elasticloadbalancing`, `s3`.
    pub service: String,
    /// The operation.
    pub operation: String,
}

/// How a service words its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wording {
    Ec2,
    Query,
    Route53,
    S3,
    Json,
}

/// Beginnings of the names of operations that change nothing.
const READING: [&str; 12] = [
    "Describe",
    "List",
    "Get",
    "Head",
    "BatchGet",
    "BatchCheck",
    "Search",
    "Lookup",
    "Filter",
    "Discover",
    "Assume",
    "Simulate",
];

impl Call {
    /// Recognises a request. What is not known is named by its method and path.
    pub(crate) fn of(request: &Request) -> Self {
        let service = service(request);
        let operation = match service.as_str() {
            "s3" => s3(request),
            "route53" => route53(request),
            _ => target(request).or_else(|| action(request)),
        };
        let unknown = || format!("{} {}", request.method, request.target);
        Self { service, operation: operation.unwrap_or_else(unknown) }
    }

    /// Whether it changes something.
    #[must_use]
    pub fn mutates(&self) -> bool {
        let path = self.operation.starts_with("GET ") || self.operation.starts_with("HEAD ");
        !path && !READING.iter().any(|verb| self.operation.starts_with(verb))
    }

    /// Whether it deletes something.
    pub(crate) fn deletes(&self) -> bool {
        ["Delete", "Release", "Detach", "Disassociate", "Deregister"]
            .iter()
            .any(|verb| self.operation.starts_with(verb))
    }

    pub(crate) fn wording(&self) -> Wording {
        match self.service.as_str() {
            "ec2" => Wording::Ec2,
            "elasticloadbalancing" | "iam" | "sts" => Wording::Query,
            "route53" => Wording::Route53,
            "s3" => Wording::S3,
            _ => Wording::Json,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)
    }
}

fn service(request: &Request) -> String {
    static SCOPE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("Credential=[^/]+/[0-9]+/[^/]+/([^/]+)/aws4_request").expect("a pattern")
    });
    let signature = request.headers.get("authorization").unwrap_or_default();
    match SCOPE.captures(signature) {
        Some(found) => found[1].to_owned(),
        None => "unsigned".to_owned(),
    }
}

fn target(request: &Request) -> Option<String> {
    let target = request.headers.get("x-amz-target")?;
    Some(target.rsplit_once('.').map_or(target, |(_, operation)| operation).to_owned())
}

fn action(request: &Request) -> Option<String> {
    let (body, query) = (request.text(), query(&request.target));
    let found = parameters(&body).chain(parameters(query)).find(|(name, _)| name == "Action");
    found.map(|(_, value)| value)
}

/// The parameters of a form or a query, decoded.
pub(crate) fn parameters(form: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    form.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

fn query(target: &str) -> &str {
    target.split_once('?').map_or("", |(_, query)| query)
}

/// The parts of the path.
pub(crate) fn path(target: &str) -> Vec<String> {
    let path = target.split('?').next().unwrap_or_default();
    path.split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect()
}

fn route53(request: &Request) -> Option<String> {
    let path = path(&request.target);
    let path: Vec<&str> = path.iter().skip(1).map(String::as_str).collect();
    let operation = match (request.method.as_str(), &path[..]) {
        ("POST", ["hostedzone"]) => "CreateHostedZone",
        ("GET", ["hostedzone"]) => "ListHostedZones",
        ("GET", ["hostedzonesbyname"]) => "ListHostedZonesByName",
        ("GET", ["hostedzonesbyvpc"]) => "ListHostedZonesByVPC",
        ("GET", ["hostedzone", _]) => "GetHostedZone",
        ("DELETE", ["hostedzone", _]) => "DeleteHostedZone",
        ("POST", ["hostedzone", _]) => "UpdateHostedZoneComment",
        ("POST", ["hostedzone", _, "rrset"]) => "ChangeResourceRecordSets",
        ("GET", ["hostedzone", _, "rrset"]) => "ListResourceRecordSets",
        ("POST", ["hostedzone", _, "associatevpc"]) => "AssociateVPCWithHostedZone",
        ("POST", ["hostedzone", _, "disassociatevpc"]) => "DisassociateVPCFromHostedZone",
        ("GET", ["change", _]) => "GetChange",
        ("GET", ["tags", ..]) => "ListTagsForResource",
        // The tags of many are asked for by POST.
        ("POST", ["tags", _]) => "ListTagsForResources",
        ("POST", ["tags", _, _]) => "ChangeTagsForResource",
        _ => return None,
    };
    Some(operation.to_owned())
}

/// What the query says a call on a bucket is about.
const ABOUT_A_BUCKET: [(&str, &str); 15] = [
    ("accelerate", "BucketAccelerateConfiguration"),
    ("acl", "BucketAcl"),
    ("cors", "BucketCors"),
    ("encryption", "BucketEncryption"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("location", "BucketLocation"),
    ("logging", "BucketLogging"),
    ("notification", "BucketNotificationConfiguration"),
    ("object-lock", "ObjectLockConfiguration"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("policy", "BucketPolicy"),
    ("publicAccessBlock", "PublicAccessBlock"),
    ("tagging", "BucketTagging"),
    ("versioning", "BucketVersioning"),
    ("website", "BucketWebsite"),
];

fn s3(request: &Request) -> Option<String> {
    let verb = match request.method.as_str() {
        "GET" => "Get",
        "PUT" => "Put",
        "HEAD" => "Head",
        "DELETE" => "Delete",
        "POST" => "Post",
        _ => return None,
    };
    let query: Vec<(String, String)> = parameters(query(&request.target)).collect();
    let has = |name: &str| query.iter().any(|(found, _)| found == name);
    if let Some((_, operation)) = query.iter().find(|(name, _)| name == "x-id") {
        return Some(operation.clone());
    }
    match path(&request.target).len() {
        0 => Some("ListBuckets".to_owned()),
        1 => Some(match ABOUT_A_BUCKET.iter().find(|(name, _)| has(name)) {
            Some((_, thing)) => format!("{verb}{thing}"),
            None if has("versions") => "ListObjectVersions".to_owned(),
            None if has("uploads") => "ListMultipartUploads".to_owned(),
            None if has("delete") => "DeleteObjects".to_owned(),
            None => match verb {
                "Put" => "CreateBucket".to_owned(),
                "Get" => "ListObjectsV2".to_owned(),
                verb => format!("{verb}Bucket"),
            },
        }),
        _ => Some(format!("{verb}Object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(service: &str, method: &str, target: &str, rest: (&str, &str), expect: &str) {
        let mut request =
            Request { method: method.to_owned(), target: target.to_owned(), ..Request::default() };
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=k/20260101/us-west-2/{service}/aws4_request, SignedHeaders=x"
        );
        request.headers.set("Authorization", scope);
        request.headers.set("X-Amz-Target", rest.0);
        request.body = rest.1.into();
        assert_eq!(Call::of(&request).to_string(), format!("{service}:{expect}"));
    }

    #[test]
    fn operations_are_known_in_every_protocol() {
        let form = ("", "Version=2016-11-15&Action=CreateVpc&CidrBlock=10.0.0.0%2F16");
        let mut request = Request { method: "POST".into(), body: form.1.into(), ..Request::default() };
        request.headers.set("authorization", "Credential=k/1/eu-west-1/ec2/aws4_request");
        assert_eq!(Call::of(&request).to_string(), "ec2:CreateVpc");

        let target = "AmazonEC2ContainerServiceV20141113.CreateCluster";
        check("ecs", "POST", "/", (target, "{}"), "CreateCluster");
        check("route53", "POST", "/2013-04-01/hostedzone", ("", ""), "CreateHostedZone");
        check("route53", "POST", "/2013-04-01/hostedzone/Z1/rrset/", ("", ""), "ChangeResourceRecordSets");
        check("route53", "GET", "/2013-04-01/change/C1", ("", ""), "GetChange");
        check("route53", "GET", "/2013-04-01/what/is/it", ("", ""), "GET /2013-04-01/what/is/it");
        check("s3", "PUT", "/bucket", ("", ""), "CreateBucket");
        check("s3", "PUT", "/bucket?versioning", ("", ""), "PutBucketVersioning");
        check("s3", "PUT", "/bucket/a/key?x-id=PutObject", ("", ""), "PutObject");
        check("s3", "DELETE", "/bucket/a%20key", ("", ""), "DeleteObject");
        check("s3", "GET", "/bucket?list-type=2&prefix=a", ("", ""), "ListObjectsV2");
        check("s3", "POST", "/bucket?delete", ("", ""), "DeleteObjects");
    }

    #[test]
    fn what_changes_is_told_from_what_reads() {
        let mutates =
            |operation: &str| Call { service: "any".to_owned(), operation: operation.to_owned() }.mutates();
        for operation in
            ["CreateVpc", "PutObject", "ChangeTagsForResource", "RequestCertificate", "DELETE /x"]
        {
            assert!(mutates(operation), "{operation}");
        }
        for operation in ["DescribeVpcs", "ListTagsForResources", "GetObject", "HeadBucket", "GET /x"] {
            assert!(!mutates(operation), "{operation}");
        }
    }

    #[test]
    fn parameters_are_decoded() {
        let found: Vec<_> = parameters("Filter.1.Value.1=a%2Fb+c&DryRun").collect();
        assert_eq!(found, [("Filter.1.Value.1".into(), "a/b c".into()), ("DryRun".into(), String::new())]);
    }
}
