//! Errors in the shape that each service gives them.

use serde_json::json;

use crate::{
    message::Response,
    protocol::{Call, Wording},
};

/// What no service of AWS answers with.
const REQUEST: &str = "00000000-0000-0000-0000-000000000000";

/// Too many calls.
pub(crate) fn throttled(call: &Call) -> Response {
    let (status, code) = match call.wording() {
        Wording::Ec2 => (503, "RequestLimitExceeded"),
        Wording::Query | Wording::Route53 => (400, "Throttling"),
        Wording::S3 => (503, "SlowDown"),
        Wording::Json => (400, "ThrottlingException"),
    };
    refused(call, status, code, "Rate exceeded")
}

/// A failure on AWS's side.
pub(crate) fn failed(call: &Call, status: u16) -> Response {
    let code = match (call.wording(), status) {
        (Wording::Ec2, 503) => "Unavailable",
        (_, 503) => "ServiceUnavailable",
        (Wording::Ec2 | Wording::S3, _) => "InternalError",
        (Wording::Json, _) if call.service == "ecs" => "ServerException",
        _ => "InternalFailure",
    };
    refused(call, status, code, "An internal error has occurred")
}

/// Something else still needs the object.
pub(crate) fn in_use(call: &Call) -> Response {
    let code = match (call.wording(), call.service.as_str()) {
        (Wording::Ec2, _) => "DependencyViolation",
        (_, "iam") => "DeleteConflict",
        (Wording::Query, _) => "ResourceInUse",
        (Wording::Route53, _) => "HostedZoneNotEmpty",
        (Wording::S3, _) => "BucketNotEmpty",
        (_, "servicediscovery") => "ResourceInUse",
        (_, "ecr") => "RepositoryNotEmptyException",
        (_, "ecs") => "ClusterContainsServicesException",
        _ => "ResourceInUseException",
    };
    refused(call, 400, code, "It has a dependent object")
}

/// An answer with this code, in the words of the service.
pub(crate) fn refused(call: &Call, status: u16, code: &str, message: &str) -> Response {
    let error = format!("<Code>{code}</Code><Message>{message}</Message>");
    let body = match call.wording() {
        Wording::Json => {
            let body = json!({ "__type": code, "message": message }).to_string();
            return Response::new(status, "application/x-amz-json-1.1", body);
        }
        Wording::Ec2 => format!(
            "<Response><Errors><Error>{error}</Error></Errors><RequestID>{REQUEST}</RequestID></Response>"
        ),
        Wording::Query => format!(
            "<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>{REQUEST}</RequestId></ErrorResponse>"
        ),
        Wording::Route53 => format!(
            "<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender</Type>{error}\
             </Error><RequestId>{REQUEST}</RequestId></ErrorResponse>"
        ),
        Wording::S3 => format!("<Error>{error}<RequestId>{REQUEST}</RequestId></Error>"),
    };
    Response::new(status, "text/xml", format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(service: &str) -> Call {
        Call { service: service.to_owned(), operation: "DeleteIt".to_owned() }
    }

    #[test]
    fn every_service_refuses_in_its_own_words() {
        let check = |answer: Response, status: u16, part: &str| {
            let body = String::from_utf8(answer.body).expect("text");
            assert_eq!(answer.status, status, "{body}");
            assert!(body.contains(part), "{body}");
        };
        check(throttled(&call("ec2")), 503, "<Errors><Error><Code>RequestLimitExceeded</Code>");
        check(throttled(&call("elasticloadbalancing")), 400, "<Type>Sender</Type><Code>Throttling</Code>");
        check(throttled(&call("route53")), 400, "route53.amazonaws.com");
        check(throttled(&call("s3")), 503, "<Error><Code>SlowDown</Code>");
        check(throttled(&call("acm")), 400, "\"__type\":\"ThrottlingException\"");
        check(failed(&call("ecs"), 500), 500, "ServerException");
        check(failed(&call("ec2"), 503), 503, "Unavailable");
        check(in_use(&call("ec2")), 400, "DependencyViolation");
        check(in_use(&call("iam")), 400, "DeleteConflict");
        check(refused(&call("ec2"), 400, "InvalidVpcID.NotFound", "no"), 400, "InvalidVpcID.NotFound");
    }
}
