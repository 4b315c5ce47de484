//! S3: buckets and their settings.
//!
//! Facts that shape these helpers:
//! - a bucket's settings are calls of their own, each put overwriting what is there;
//! - "no such setting" and "no such bucket" are both a 404, told apart by their code;
//! - two changes to one bucket at once are refused (`OperationAborted`), and the engine repeats them.

mod bucket;
mod bucket_lifecycle_configuration;
mod bucket_policy;
mod bucket_public_access_block;
mod bucket_server_side_encryption_configuration;
mod bucket_versioning;

use std::future::Future;

use aws_smithy_types::error::operation::BuildError;
use futures::future::try_join_all;
use stackr_core::{CloudError, ErrorKind, Id, Registry, Result};

use crate::Service;

pub use bucket::*;
pub use bucket_lifecycle_configuration::*;
pub use bucket_policy::*;
pub use bucket_public_access_block::*;
pub use bucket_server_side_encryption_configuration::*;
pub use bucket_versioning::*;

/// The S3 client.
pub type S3 = Service<aws_sdk_s3::Client>;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry
        .with::<Bucket>()
        .with::<BucketVersioning>()
        .with::<BucketServerSideEncryptionConfiguration>()
        .with::<BucketPublicAccessBlock>()
        .with::<BucketPolicy>()
        .with::<BucketLifecycleConfiguration>()
}

/// Asks for every id at once; what is missing is `None`.
async fn each<'a, T, F, Asked>(ids: &'a [Id], ask: F) -> Result<Vec<Option<T>>>
where
    F: Fn(&'a str) -> Asked,
    Asked: Future<Output = Result<T>>,
{
    let ask = &ask;
    try_join_all(ids.iter().map(|id| async move { unless_missing(ask(id).await) })).await
}

/// Nothing, where AWS says that there is nothing.
fn unless_missing<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

/// The refusal to overwrite what somebody else has set.
fn exists(operation: &str, what: &str) -> CloudError {
    CloudError::new(ErrorKind::Exists, format!("s3:{operation}"), format!("{what} exists already"))
}

/// A part of a request; what it needs is always given.
fn built<T>(part: std::result::Result<T, BuildError>) -> Result<T> {
    part.map_err(|error| CloudError::bug(error.to_string()))
}
