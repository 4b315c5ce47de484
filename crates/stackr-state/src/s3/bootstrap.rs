//! Making the bucket that keeps state: versioned, encrypted, closed to the public.
//!
//! Facts that shape this file:
//! - a bucket's configuration is eventually consistent: for a while after its creation S3 may answer `NoSuchBucket`, and
//!   `OperationAborted` while another change of the bucket is under way. Both are repeated;
//! - every run leaves deleted versions of its journal parts and lease behind in a versioned bucket, so a bucket that we
//!   made removes old versions after a time. A bucket that was there keeps its own rules.

use std::time::Duration;

use aws_sdk_s3::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus,
        CreateBucketConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
        NoncurrentVersionExpiration, PublicAccessBlockConfiguration, ServerSideEncryption,
        ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
        VersioningConfiguration,
    },
};

use super::{Encryption, S3, failed, rest, status};
use crate::{Error, Result, check_conditional_writes};

/// How long a new bucket may take to be known everywhere: S3 says seconds, and this is some minutes.
const TRIES: u32 = 60;
/// The pause between tries.
const PAUSE: Duration = Duration::from_secs(2);
/// How long old versions are kept in a bucket that we made: long enough to notice a mistake.
const KEPT_DAYS: i32 = 90;

/// What was done about a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrap {
    /// It was made.
    Made,
    /// It was there, is ours, and has the settings now.
    Accepted,
}

/// Makes the bucket (or accepts one that is ours), sets versioning, encryption and the public access block, and
/// tries out conditional writes. Doing it again is harmless.
///
/// # Errors
/// [`Error::Denied`] if the bucket is somebody else's, [`Error::WrongRegion`], and those of S3.
pub async fn bootstrap(
    client: &Client,
    bucket: &str,
    region: &str,
    encryption: &Encryption,
) -> Result<Bootstrap> {
    let done = if exists(client, bucket).await? {
        Bootstrap::Accepted
    } else {
        create(client, bucket, region).await?
    };
    block_public_access(client, bucket).await?;
    version(client, bucket).await?;
    encrypt(client, bucket, encryption).await?;
    if done == Bootstrap::Made {
        expire_old_versions(client, bucket).await?;
    }
    let store = S3::key(client.clone(), bucket, ".stackr-bootstrap").encrypted(encryption.clone());
    check_conditional_writes(&store).await?;
    Ok(done)
}

async fn exists(client: &Client, bucket: &str) -> Result<bool> {
    match client.head_bucket().bucket(bucket).send().await {
        Ok(_) => Ok(true),
        Err(error) if status(&error) == Some(404) => Ok(false),
        Err(error) => Err(failed(client, bucket, format!("s3://{bucket}"), "looked at", error)),
    }
}

async fn create(client: &Client, bucket: &str, region: &str) -> Result<Bootstrap> {
    // The first region is the one that must not be named.
    let place = (region != "us-east-1").then(|| {
        CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(region))
            .build()
    });
    let request = client.create_bucket().bucket(bucket).set_create_bucket_configuration(place);
    match request.send().await {
        Ok(_) => Ok(Bootstrap::Made),
        Err(error) => match error.code() {
            Some("BucketAlreadyOwnedByYou") => Ok(Bootstrap::Accepted),
            Some("BucketAlreadyExists") => {
                Err(Error::Invalid(format!("the bucket name `{bucket}` is taken by another account")))
            }
            Some("InvalidBucketName") => Err(Error::Invalid(format!("`{bucket}` cannot be a bucket's name"))),
            _ => Err(failed(client, bucket, format!("s3://{bucket}"), "made", error)),
        },
    }
}

async fn block_public_access(client: &Client, bucket: &str) -> Result<()> {
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true)
        .build();
    settled(client, bucket, || {
        client
            .put_public_access_block()
            .bucket(bucket)
            .public_access_block_configuration(block.clone())
            .send()
    })
    .await
}

async fn version(client: &Client, bucket: &str) -> Result<()> {
    let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    settled(client, bucket, || {
        client.put_bucket_versioning().bucket(bucket).versioning_configuration(enabled.clone()).send()
    })
    .await
}

async fn encrypt(client: &Client, bucket: &str, encryption: &Encryption) -> Result<()> {
    let default = match encryption {
        // S3 encrypts every bucket; there is nothing to set.
        Encryption::Bucket => return Ok(()),
        Encryption::Aes256 => {
            ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256)
        }
        Encryption::Kms(id) => ServerSideEncryptionByDefault::builder()
            .sse_algorithm(ServerSideEncryption::AwsKms)
            .kms_master_key_id(id),
    };
    let default = default.build().map_err(incomplete)?;
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .bucket_key_enabled(matches!(encryption, Encryption::Kms(_)))
        .build();
    let rules = ServerSideEncryptionConfiguration::builder().rules(rule).build().map_err(incomplete)?;
    settled(client, bucket, || {
        client
            .put_bucket_encryption()
            .bucket(bucket)
            .server_side_encryption_configuration(rules.clone())
            .send()
    })
    .await
}

async fn expire_old_versions(client: &Client, bucket: &str) -> Result<()> {
    let rule = LifecycleRule::builder()
        .id("stackr-old-versions")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .noncurrent_version_expiration(
            NoncurrentVersionExpiration::builder().noncurrent_days(KEPT_DAYS).build(),
        )
        .expiration(LifecycleExpiration::builder().expired_object_delete_marker(true).build())
        .build()
        .map_err(incomplete)?;
    let rules = BucketLifecycleConfiguration::builder().rules(rule).build().map_err(incomplete)?;
    settled(client, bucket, || {
        client
            .put_bucket_lifecycle_configuration()
            .bucket(bucket)
            .lifecycle_configuration(rules.clone())
            .send()
    })
    .await
}

/// Repeats a change of the bucket until S3 knows the bucket and nothing else changes it.
async fn settled<T, E, F>(client: &Client, bucket: &str, change: impl Fn() -> F) -> Result<()>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let mut left = TRIES;
    loop {
        let Err(error) = change().await else { return Ok(()) };
        let passing = matches!(error.code(), Some("NoSuchBucket" | "OperationAborted"));
        left -= 1;
        if !passing || left == 0 {
            return Err(failed(client, bucket, format!("s3://{bucket}"), "configured", error));
        }
        rest(client, PAUSE).await;
    }
}

/// A request that the SDK refuses to build.
fn incomplete(error: aws_sdk_s3::error::BuildError) -> Error {
    Error::Invalid(error.to_string())
}
