//! What S3 answers when it does not do what was asked, by what the caller can do.

use std::{error::Error as StdError, fmt};

use aws_sdk_s3::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId as _,
};

use crate::Error;

/// What S3, or the way to it, said.
#[derive(Debug)]
struct Said(String);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Said {}

/// The HTTP status of a failed request that was answered.
pub(super) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// The error of a failed request.
pub(super) fn failed<E>(
    client: &Client,
    bucket: &str,
    place: String,
    verb: &'static str,
    error: SdkError<E, HttpResponse>,
) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let said = said(&error);
    let source = || Some(Box::new(Said(said.clone())) as _);
    let whole = || format!("s3://{bucket}");
    match (error.code(), status(&error)) {
        (Some("NoSuchBucket"), _) => Error::Missing { place: whole(), source: source() },
        (
            Some(
                "PermanentRedirect"
                | "TemporaryRedirect"
                | "AuthorizationHeaderMalformed"
                | "IllegalLocationConstraintException"
                | "IncorrectEndpoint",
            ),
            _,
        )
        | (None, Some(301 | 307)) => Error::WrongRegion {
            place: whole(),
            region: client.config().region().map(ToString::to_string).unwrap_or_default(),
            actual: error
                .raw_response()
                .and_then(|response| response.headers().get("x-amz-bucket-region"))
                .map(str::to_owned),
        },
        (Some("AccessDenied"), _) if about_keys(&said) => Error::Key { place, source: source() },
        (Some(code), Some(400)) if code.starts_with("KMS.") => Error::Key { place, source: source() },
        (Some("SlowDown" | "ServiceUnavailable" | "RequestLimitExceeded" | "Throttling"), _)
        | (None, Some(503)) => Error::Slow { place, verb, source: source() },
        (_, Some(401 | 403)) | (Some("ExpiredToken" | "InvalidToken"), _) => {
            Error::Denied { place, source: source() }
        }
        (Some("QuotaExceeded"), _) => Error::Full { place, source: source() },
        (Some("NotImplemented"), _) | (None, Some(501)) => Error::Unsafe { place, reason: said },
        _ => Error::Unavailable { place, verb, source: source() },
    }
}

/// Whether a refusal is of the key and not of the bucket
/// (<https://repost.aws/knowledge-center/s3-bucket-access-default-encryption>): S3 has the same code for both.
fn about_keys(said: &str) -> bool {
    ["kms:GenerateDataKey", "kms:Decrypt", "kms:Encrypt", "arn:aws:kms:"]
        .iter()
        .any(|words| said.contains(words))
}

/// One line: S3's code, message and request id, or why it was not reached.
fn said<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    if let Some(service) = error.as_service_error() {
        let code = service.code().map(str::to_owned);
        let code = code.or_else(|| status(error).map(|status| format!("HTTP status {status}")));
        let mut line = code.unwrap_or_else(|| "no code".to_owned());
        if let Some(message) = service.message() {
            line = format!("{line}: {message}");
        }
        if let Some(id) = error.request_id() {
            line = format!("{line} (request id {id})");
        }
        return line;
    }
    // The outer layers only say that something failed; the innermost says what.
    let mut inner: &dyn StdError = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
