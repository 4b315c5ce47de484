//! The one table from AWS's error codes to what the caller can do.
//!
//! Facts that shape this file:
//! - codes are the wire's, not the SDK's variant names; spelling is inconsistent (`…ID.NotFound`, `…Id.NotFound`,
//!   `NatGatewayNotFound`), so suffixes are matched;
//! - some codes mean "not visible yet" only with a certain message, right after something was made;
//! - `LimitExceededException` means *quota* in most services, though the SDK treats it as a throttle.

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::{display::DisplayErrorContext, metadata::ProvideErrorMetadata};
use aws_types::request_id::RequestId;
use stackr_core::{CloudError, ErrorKind};

/// Codes that mean one thing in every service.
const CODES: &[(&str, ErrorKind)] = &[
    ("AccessDenied", ErrorKind::Denied),
    ("AccessDeniedException", ErrorKind::Denied),
    ("UnauthorizedOperation", ErrorKind::Denied),
    ("AuthFailure", ErrorKind::Credentials),
    ("ExpiredToken", ErrorKind::Credentials),
    ("ExpiredTokenException", ErrorKind::Credentials),
    ("InvalidClientTokenId", ErrorKind::Credentials),
    ("InvalidAccessKeyId", ErrorKind::Credentials),
    ("OptInRequired", ErrorKind::Credentials),
    ("RequestExpired", ErrorKind::Credentials),
    ("SignatureDoesNotMatch", ErrorKind::Credentials),
    ("UnrecognizedClientException", ErrorKind::Credentials),
    ("Throttling", ErrorKind::Throttled),
    ("ThrottlingException", ErrorKind::Throttled),
    ("ThrottledException", ErrorKind::Throttled),
    ("RequestLimitExceeded", ErrorKind::Throttled),
    ("RequestThrottled", ErrorKind::Throttled),
    ("RequestThrottledException", ErrorKind::Throttled),
    ("TooManyRequestsException", ErrorKind::Throttled),
    ("EC2ThrottledException", ErrorKind::Throttled),
    ("BandwidthLimitExceeded", ErrorKind::Throttled),
    ("SlowDown", ErrorKind::Throttled),
    ("PriorRequestNotComplete", ErrorKind::Throttled),
    ("ConcurrentModification", ErrorKind::Conflict),
    ("ConcurrentModificationException", ErrorKind::Conflict),
    ("ConcurrentUpdateException", ErrorKind::Conflict),
    ("ConflictException", ErrorKind::Conflict),
    ("IncorrectState", ErrorKind::Conflict),
    ("OperationAborted", ErrorKind::Conflict),
    ("OperationAbortedException", ErrorKind::Conflict),
    ("RequestInProgressException", ErrorKind::Conflict),
    ("DuplicateRequest", ErrorKind::Conflict),
    ("UpdateInProgressException", ErrorKind::Conflict),
    ("DependencyViolation", ErrorKind::InUse),
    ("DeleteConflict", ErrorKind::InUse),
    ("HostedZoneNotEmpty", ErrorKind::InUse),
    ("InvalidGroup.InUse", ErrorKind::InUse),
    ("InvalidIPAddress.InUse", ErrorKind::InUse),
    ("ResourceInUse", ErrorKind::InUse),
    ("ResourceInUseException", ErrorKind::InUse),
    ("BucketNotEmpty", ErrorKind::InUse),
    ("RepositoryNotEmptyException", ErrorKind::InUse),
    ("ClusterContainsServicesException", ErrorKind::InUse),
    ("ClusterContainsTasksException", ErrorKind::InUse),
    ("ClusterContainsCapacityProviderException", ErrorKind::InUse),
    ("ClusterContainsContainerInstancesException", ErrorKind::InUse),
    ("NoSuchEntity", ErrorKind::NotFound),
    ("NoSuchBucket", ErrorKind::NotFound),
    ("NoSuchBucketPolicy", ErrorKind::NotFound),
    ("NoSuchHostedZone", ErrorKind::NotFound),
    ("NoSuchLifecycleConfiguration", ErrorKind::NotFound),
    ("NoSuchPublicAccessBlockConfiguration", ErrorKind::NotFound),
    ("NoSuchTagSet", ErrorKind::NotFound),
    ("Gateway.NotAttached", ErrorKind::NotFound),
    ("ServiceNotActiveException", ErrorKind::NotFound),
    ("NoSuchUpload", ErrorKind::NotFound),
    ("UnsupportedCertificate", ErrorKind::Invalid),
    ("BucketAlreadyExists", ErrorKind::Exists),
    ("BucketAlreadyOwnedByYou", ErrorKind::Exists),
    ("DuplicateListener", ErrorKind::Exists),
    ("DuplicateLoadBalancerName", ErrorKind::Exists),
    ("DuplicateTargetGroupName", ErrorKind::Exists),
    ("InvalidSubnet.Conflict", ErrorKind::Exists),
    ("PriorityInUse", ErrorKind::Exists),
    ("Resource.AlreadyAssociated", ErrorKind::Exists),
    ("ConflictingDomainExists", ErrorKind::Exists),
    ("LimitExceeded", ErrorKind::Quota),
    ("LimitExceededException", ErrorKind::Quota),
    ("InternalError", ErrorKind::Transient),
    ("InternalFailure", ErrorKind::Transient),
    ("InternalServerError", ErrorKind::Transient),
    ("RequestTimeout", ErrorKind::Transient),
    ("RequestTimeoutException", ErrorKind::Transient),
    ("ServerException", ErrorKind::Transient),
    ("ServiceUnavailable", ErrorKind::Transient),
    ("Unavailable", ErrorKind::Transient),
];

/// Endings of codes, tried after [`CODES`].
const ENDINGS: &[(&str, ErrorKind)] = &[
    (".NotFound", ErrorKind::NotFound),
    ("NotFound", ErrorKind::NotFound),
    ("NotFoundException", ErrorKind::NotFound),
    ("NotFoundError", ErrorKind::NotFound),
    (".Duplicate", ErrorKind::Exists),
    ("AlreadyExists", ErrorKind::Exists),
    ("AlreadyExistsException", ErrorKind::Exists),
    ("InUseException", ErrorKind::InUse),
    ("LimitExceeded", ErrorKind::Quota),
];

/// Codes that mean something else with a certain message (`aws.md`, A7): operation (empty: any), code, a
/// fragment of the message, kind.
const MESSAGES: &[(&str, &str, &str, ErrorKind)] = &[
    (
        "",
        "InvalidParameterException",
        "verify that the ECS service role being passed",
        ErrorKind::Propagating,
    ),
    ("", "InvalidParameterException", "does not have an associated load balancer", ErrorKind::Propagating),
    ("", "InvalidParameterException", "Unable to assume the service linked role", ErrorKind::Propagating),
    (
        "",
        "InvalidParameterException",
        "Unable to Start a service that is still Draining",
        ErrorKind::Conflict,
    ),
    ("", "InvalidParameterException", "Creation of service was not idempotent", ErrorKind::Exists),
    ("", "InvalidParameterException", "The service cannot be stopped while", ErrorKind::InUse),
    ("", "InvalidParameterException", "Invalid repository policy provided", ErrorKind::Propagating),
    ("", "InvalidParameter", "Unable to assume given IAM role", ErrorKind::Propagating),
    ("", "MalformedPolicyDocument", "Invalid principal in policy", ErrorKind::Propagating),
    ("", "MalformedPolicy", "Invalid principal", ErrorKind::Propagating),
    ("", "MalformedPolicyDocumentException", "", ErrorKind::Propagating),
    ("CreateService", "ClusterNotFoundException", "", ErrorKind::Propagating),
    ("CreateListener", "CertificateNotFound", "", ErrorKind::Propagating),
    ("ModifyListener", "CertificateNotFound", "", ErrorKind::Propagating),
    ("CreateLoadBalancer", "SubnetNotFound", "", ErrorKind::Propagating),
    ("CreateLoadBalancer", "InvalidSecurityGroup", "", ErrorKind::Propagating),
    ("ChangeResourceRecordSets", "InvalidChangeBatch", "already exists", ErrorKind::Exists),
    ("ChangeResourceRecordSets", "InvalidChangeBatch", "not found", ErrorKind::NotFound),
    (
        "ChangeResourceRecordSets",
        "InvalidChangeBatch",
        "do not match the current values",
        ErrorKind::Conflict,
    ),
    // ELB: a target group or bucket policy that was made moments ago.
    ("ModifyListener", "TargetGroupNotFound", "", ErrorKind::Propagating),
    ("ModifyRule", "TargetGroupNotFound", "", ErrorKind::Propagating),
    (
        "ModifyLoadBalancerAttributes",
        "InvalidConfigurationRequest",
        "Access Denied for bucket",
        ErrorKind::Propagating,
    ),
    ("DescribeTaskDefinition", "ClientException", "Unable to describe task definition", ErrorKind::NotFound),
    ("DeregisterTaskDefinition", "ClientException", "does not exist", ErrorKind::NotFound),
    ("DeregisterTaskDefinition", "ClientException", "inactive", ErrorKind::NotFound),
    // EC2: a target, table or subnet that was made moments ago.
    ("CreateRoute", "InvalidParameterException", "", ErrorKind::Propagating),
    ("ReplaceRoute", "InvalidGatewayID.NotFound", "", ErrorKind::Propagating),
    ("ReplaceRoute", "InvalidNatGatewayID.NotFound", "", ErrorKind::Propagating),
    ("ReplaceRouteTableAssociation", "InvalidRouteTableID.NotFound", "", ErrorKind::Propagating),
    ("ModifySubnetAttribute", "InvalidSubnetID.NotFound", "", ErrorKind::Propagating),
    // EC2: there is no IPv6 rule to revoke in a VPC without IPv6.
    ("RevokeSecurityGroupEgress", "InvalidParameterValue", "remote-ipv6-range", ErrorKind::NotFound),
];

/// Creates and attaches whose "not found" is about a parent made moments ago, never about the object itself.
const PARENTS_MAY_LAG: &[&str] =
    &["Create", "Attach", "Associate", "Authorize", "Put", "Allocate", "Register"];

/// What the caller can do about a code.
fn kind(operation: &str, code: &str, message: &str) -> ErrorKind {
    let by_message = MESSAGES.iter().find(|(op, c, fragment, _)| {
        (op.is_empty() || *op == operation) && *c == code && message.contains(fragment)
    });
    if let Some((.., kind)) = by_message {
        return *kind;
    }
    let exact = CODES.iter().find(|(c, _)| *c == code);
    let ending = || ENDINGS.iter().find(|(end, _)| code.ends_with(end));
    match exact.or_else(ending) {
        Some((_, ErrorKind::NotFound)) if PARENTS_MAY_LAG.iter().any(|verb| operation.starts_with(verb)) => {
            ErrorKind::Propagating
        }
        Some((_, kind)) => *kind,
        None if code.starts_with("Invalid") || code.starts_with("Malformed") => ErrorKind::Invalid,
        None if code.contains("Validation") || code.starts_with("Missing") => ErrorKind::Invalid,
        None => ErrorKind::Unknown,
    }
}

/// Turns the SDK's error into ours.
pub(crate) fn cloud_error<E>(service: &str, operation: &str, error: SdkError<E, HttpResponse>) -> CloudError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let operation_name = format!("{service}:{operation}");
    let request_id = error.request_id().map(str::to_owned);
    let code = error.code().map(str::to_owned);
    let message = error.message().map(str::to_owned);
    let status = error.raw_response().map(|r| r.status().as_u16());
    let (kind, message) = match (&error, &code) {
        (SdkError::ServiceError(_), Some(code)) => {
            let message = message.unwrap_or_else(|| code.clone());
            (kind(operation, code, &message), message)
        }
        (SdkError::TimeoutError(_), _) => (ErrorKind::Transient, "no answer in time".to_owned()),
        (SdkError::DispatchFailure(failure), _) => {
            let text = DisplayErrorContext(&error).to_string();
            let credentials = text.contains("redential") || text.contains("identity resolver");
            if credentials && !failure.is_io() {
                // What was tried is worth reading; what the SDK wraps it in is not.
                let start = text.find("no credentials found").unwrap_or_default();
                (ErrorKind::Credentials, plain(&text[start..]))
            } else {
                (ErrorKind::Transient, plain(&text))
            }
        }
        (SdkError::ConstructionFailure(_), _) => {
            let text = DisplayErrorContext(&error).to_string();
            (
                if text.contains("redential") { ErrorKind::Credentials } else { ErrorKind::Invalid },
                plain(&text),
            )
        }
        _ => match status {
            Some(404) => (ErrorKind::NotFound, "not found".to_owned()),
            Some(403) => (ErrorKind::Denied, "access denied".to_owned()),
            Some(429) => (ErrorKind::Throttled, "too many requests".to_owned()),
            Some(500) if is_html(&error) => {
                (ErrorKind::Unsupported, format!("the endpoint does not implement {operation_name}"))
            }
            Some(code @ 500..) => (ErrorKind::Transient, format!("the endpoint answered with status {code}")),
            _ => (ErrorKind::Unknown, plain(&DisplayErrorContext(&error).to_string())),
        },
    };
    let mut ours = CloudError::new(kind, operation_name, message);
    if let Some(code) = code {
        ours = ours.with_code(code);
    }
    if let Some(id) = request_id {
        ours = ours.with_request_id(id);
    }
    ours
}

/// Whether the answer is a web page: what an emulator gives for an operation that it lacks.
fn is_html<E>(error: &SdkError<E, HttpResponse>) -> bool {
    let Some(response) = error.raw_response() else { return false };
    response.headers().get("content-type").is_some_and(|t| t.starts_with("text/html"))
        || response.body().bytes().is_some_and(|b| b.trim_ascii_start().starts_with(b"<!"))
}

/// The SDK's chain of causes without the debug dump that it ends in.
fn plain(text: &str) -> String {
    let dumps = [
        " (DispatchFailure(",
        " (ConstructionFailure(",
        " (TimeoutError(",
        " (ResponseError(",
        " (ServiceError(",
    ];
    let end = dumps.iter().filter_map(|dump| text.find(dump)).min().unwrap_or(text.len());
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_says_what_the_caller_can_do() {
        let check = |operation: &str, code: &str, message: &str, expect: ErrorKind| {
            assert_eq!(kind(operation, code, message), expect, "{operation} {code} {message}");
        };
        check("DescribeVpcs", "InvalidVpcID.NotFound", "", ErrorKind::NotFound);
        check("DescribeNatGateways", "NatGatewayNotFound", "", ErrorKind::NotFound);
        check("DeleteRepository", "RepositoryNotFoundException", "", ErrorKind::NotFound);
        check("CreateSubnet", "InvalidVpcID.NotFound", "", ErrorKind::Propagating);
        check("AttachInternetGateway", "InvalidInternetGatewayID.NotFound", "", ErrorKind::Propagating);
        check("CreateRole", "EntityAlreadyExists", "", ErrorKind::Exists);
        check("CreateSecurityGroup", "InvalidGroup.Duplicate", "", ErrorKind::Exists);
        check("DeleteSubnet", "DependencyViolation", "", ErrorKind::InUse);
        check("CreateVpc", "VpcLimitExceeded", "", ErrorKind::Quota);
        check("CreateLogGroup", "LimitExceededException", "", ErrorKind::Quota);
        check("DescribeVpcs", "RequestLimitExceeded", "", ErrorKind::Throttled);
        check("CreateVpc", "InvalidParameterValue", "", ErrorKind::Invalid);
        check("ModifyRule", "TargetGroupNotFound", "", ErrorKind::Propagating);
        check("ModifyRule", "RuleNotFound", "", ErrorKind::NotFound);
        let message = "the values provided do not match the current values";
        check("ChangeResourceRecordSets", "InvalidChangeBatch", message, ErrorKind::Conflict);
        check("AbortMultipartUpload", "NoSuchUpload", "", ErrorKind::NotFound);
        check("CreateListener", "UnsupportedCertificate", "", ErrorKind::Invalid);
        let message = "Access Denied for bucket: logs. Please check S3bucket permission";
        let attributes = "ModifyLoadBalancerAttributes";
        check(attributes, "InvalidConfigurationRequest", message, ErrorKind::Propagating);
        check("CreateRoute", "InvalidParameterException", "", ErrorKind::Propagating);
        check("CreateRoute", "RouteAlreadyExists", "", ErrorKind::Exists);
        check("ReplaceRoute", "InvalidNatGatewayID.NotFound", "", ErrorKind::Propagating);
        check("ReplaceRouteTableAssociation", "InvalidRouteTableID.NotFound", "", ErrorKind::Propagating);
        check("ReplaceRouteTableAssociation", "InvalidAssociationID.NotFound", "", ErrorKind::NotFound);
        check("ModifySubnetAttribute", "InvalidSubnetID.NotFound", "", ErrorKind::Propagating);
        check("RevokeSecurityGroupEgress", "InvalidParameterValue", "remote-ipv6-range", ErrorKind::NotFound);
        check("RevokeSecurityGroupEgress", "InvalidPermission.NotFound", "", ErrorKind::NotFound);
        check(
            "CreateService",
            "InvalidParameterException",
            "The target group does not have an associated load balancer.",
            ErrorKind::Propagating,
        );
        check(
            "CreateService",
            "InvalidParameterException",
            "Creation of service was not idempotent.",
            ErrorKind::Exists,
        );
        check(
            "DeregisterTaskDefinition",
            "ClientException",
            "The specified task definition is inactive. You can't deregister it.",
            ErrorKind::NotFound,
        );
        check("X", "SomethingNew", "", ErrorKind::Unknown);
    }
}
