//! Bucket versioning: whether old versions of objects are kept.
//!
//! Facts about the API that shape this file:
//! - a bucket that never had versioning answers nothing; once it was on, it can only be suspended;
//! - for some minutes after it is first turned on, new objects may seem missing.

use aws_sdk_s3::{
    operation::get_bucket_versioning::GetBucketVersioningOutput as Described,
    types::{BucketVersioningStatus, MfaDelete, VersioningConfiguration as Configuration},
};
use stackr_core::{
    Args, Block, Create, Created, Delete, Find, Gone, Id, Outputs, Resource, Result, Seen, Status, Update,
    Waits,
};

use super::{S3, each};

/// Bucket versioning.
pub struct BucketVersioning;

/// Bucket versioning: whether old versions of objects are kept.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct BucketVersioningArgs {
    /// The bucket.
    #[arg(replace)]
    pub bucket: String,
    /// The setting.
    #[arg(block)]
    pub versioning_configuration: VersioningConfiguration,
    /// Serial number and code of the device, to change `mfa_delete`.
    #[arg(local)]
    pub mfa: Option<String>,
}

/// The setting.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct VersioningConfiguration {
    /// `Enabled`, `Suspended`, or `Disabled` for a bucket that never had versioning.
    pub status: String,
    /// Whether deleting a version needs a second factor: `Enabled` or `Disabled`.
    #[arg(computed)]
    pub mfa_delete: Option<String>,
}

/// What bucket versioning gives.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct BucketVersioningOutputs {
    /// The bucket.
    pub id: String,
}

impl Resource for BucketVersioning {
    const TYPE: &'static str = "aws_s3_bucket_versioning";
    const WAITS: Waits = Waits::INSTANT.gone(Gone::Never);
    const WITHIN: &'static [&'static str] = &["bucket"];
    type Cloud = S3;
    type Args = BucketVersioningArgs;
    type Outputs = BucketVersioningOutputs;

    async fn create(s3: &S3, req: Create<'_, BucketVersioningArgs>) -> Result<Created<Self>> {
        put(s3, req.args).await?;
        Ok(Created::id(&req.args.bucket))
    }

    async fn read(s3: &S3, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        each(ids, |bucket| async move {
            let get = s3.client.get_bucket_versioning().bucket(bucket);
            Ok(seen(bucket, &s3.call("GetBucketVersioning", get.send()).await?))
        })
        .await
    }

    async fn update(s3: &S3, req: Update<'_, Self>) -> Result<()> {
        put(s3, req.want).await
    }

    async fn delete(s3: &S3, req: Delete<'_, Self>) -> Result<()> {
        if req.args.versioning_configuration.status != "Enabled" {
            return Ok(());
        }
        let off = Configuration::builder().status(BucketVersioningStatus::Suspended).build();
        let put = s3.client.put_bucket_versioning().bucket(req.id).versioning_configuration(off);
        s3.call("PutBucketVersioning", put.send()).await?;
        Ok(())
    }

    /// Every bucket has the setting; making it again does no harm.
    async fn find(_: &S3, req: Find<'_, BucketVersioningArgs>) -> Result<Option<Id>> {
        Ok(req.args.map(|args| args.bucket.clone()))
    }
}

/// Sets what is wanted; `Disabled` is what a new bucket has.
async fn put(s3: &S3, want: &BucketVersioningArgs) -> Result<()> {
    let VersioningConfiguration { status, mfa_delete } = &want.versioning_configuration;
    if status == "Disabled" {
        return Ok(());
    }
    let config = Configuration::builder()
        .status(BucketVersioningStatus::from(status.as_str()))
        .set_mfa_delete(mfa_delete.as_deref().filter(|_| want.mfa.is_some()).map(MfaDelete::from))
        .build();
    let put = s3.client.put_bucket_versioning().bucket(&want.bucket).set_mfa(want.mfa.clone());
    s3.call("PutBucketVersioning", put.versioning_configuration(config).send()).await?;
    Ok(())
}

/// What AWS says about one bucket's versioning, in our words.
fn seen(bucket: &str, found: &Described) -> Seen<BucketVersioning> {
    Seen {
        status: Status::Ready,
        args: BucketVersioningArgs {
            bucket: bucket.to_owned(),
            versioning_configuration: VersioningConfiguration {
                status: found.status().map_or("Disabled", BucketVersioningStatus::as_str).to_owned(),
                mfa_delete: found.mfa_delete().map(|m| m.as_str().to_owned()),
            },
            mfa: None,
        },
        outputs: BucketVersioningOutputs { id: bucket.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_that_never_had_versioning_has_it_disabled() {
        let status = |found: &Described| seen("b", found).args.versioning_configuration.status;
        assert_eq!(status(&Described::builder().build()), "Disabled");
        let suspended = Described::builder().status(BucketVersioningStatus::Suspended).build();
        assert_eq!(status(&suspended), "Suspended");
    }
}
