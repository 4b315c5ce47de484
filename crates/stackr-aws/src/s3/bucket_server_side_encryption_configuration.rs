//! Default encryption of a bucket.
//!
//! Facts about the API that shape this file:
//! - every bucket is encrypted with S3's own keys (`AES256`) unless told otherwise; deleting the setting puts
//!   that back;
//! - objects that are there keep the encryption they have.

use aws_sdk_s3::types::{
    ServerSideEncryption, ServerSideEncryptionByDefault as ByDefault,
    ServerSideEncryptionConfiguration as Configuration, ServerSideEncryptionRule as Rule,
};
use stackr_core::{
    Args, Block, Create, Created, Delete, Find, Gone, Id, Outputs, Resource, Result, Seen, Set, Status,
    Update, Waits,
};

use super::{S3, built, each};

/// Default encryption of a bucket.
pub struct BucketServerSideEncryptionConfiguration;

/// Default encryption of a bucket: how new objects are encrypted that do not say it themselves.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct BucketServerSideEncryptionConfigurationArgs {
    /// The bucket.
    #[arg(replace)]
    pub bucket: String,
    /// The rule.
    #[arg(block, required)]
    pub rule: Set<EncryptionRule>,
}

/// How new objects are encrypted.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct EncryptionRule {
    /// Which keys.
    #[arg(block)]
    pub apply_server_side_encryption_by_default: Option<EncryptionByDefault>,
    /// Whether a key of the bucket's own spares calls to KMS.
    #[arg(default = false)]
    pub bucket_key_enabled: bool,
}

/// Which keys.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct EncryptionByDefault {
    /// `AES256` (S3's keys), `aws:kms` or `aws:kms:dsse`.
    pub sse_algorithm: String,
    /// The KMS key; the account's own for S3 if absent.
    pub kms_master_key_id: Option<String>,
}

/// What the default encryption of a bucket gives.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct BucketServerSideEncryptionConfigurationOutputs {
    /// The bucket.
    pub id: String,
}

impl Resource for BucketServerSideEncryptionConfiguration {
    const TYPE: &'static str = "aws_s3_bucket_server_side_encryption_configuration";
    const WAITS: Waits = Waits::INSTANT.gone(Gone::Never);
    const WITHIN: &'static [&'static str] = &["bucket"];
    type Cloud = S3;
    type Args = BucketServerSideEncryptionConfigurationArgs;
    type Outputs = BucketServerSideEncryptionConfigurationOutputs;

    async fn create(
        s3: &S3,
        req: Create<'_, BucketServerSideEncryptionConfigurationArgs>,
    ) -> Result<Created<Self>> {
        put(s3, req.args).await?;
        Ok(Created::id(&req.args.bucket))
    }

    async fn read(s3: &S3, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        each(ids, |bucket| async move {
            let get = s3.client.get_bucket_encryption().bucket(bucket);
            let found = s3.call("GetBucketEncryption", get.send()).await?;
            let found = found.server_side_encryption_configuration.map(|c| c.rules);
            Ok(seen(bucket, &found.unwrap_or_default()))
        })
        .await
    }

    async fn update(s3: &S3, req: Update<'_, Self>) -> Result<()> {
        put(s3, req.want).await
    }

    async fn delete(s3: &S3, req: Delete<'_, Self>) -> Result<()> {
        s3.call("DeleteBucketEncryption", s3.client.delete_bucket_encryption().bucket(req.id).send()).await?;
        Ok(())
    }

    /// Every bucket has the setting; making it again does no harm.
    async fn find(_: &S3, req: Find<'_, BucketServerSideEncryptionConfigurationArgs>) -> Result<Option<Id>> {
        Ok(req.args.map(|args| args.bucket.clone()))
    }
}

async fn put(s3: &S3, want: &BucketServerSideEncryptionConfigurationArgs) -> Result<()> {
    let rules = want.rule.iter().map(|rule| {
        let default = rule.apply_server_side_encryption_by_default.as_ref().map(|d| {
            let algorithm = ServerSideEncryption::from(d.sse_algorithm.as_str());
            let default = ByDefault::builder().sse_algorithm(algorithm);
            built(default.set_kms_master_key_id(d.kms_master_key_id.clone()).build())
        });
        let builder = Rule::builder().bucket_key_enabled(rule.bucket_key_enabled);
        Ok(builder.set_apply_server_side_encryption_by_default(default.transpose()?).build())
    });
    let rules = rules.collect::<Result<Vec<_>>>()?;
    let config = built(Configuration::builder().set_rules(Some(rules)).build())?;
    let put = s3.client.put_bucket_encryption().bucket(&want.bucket);
    s3.call("PutBucketEncryption", put.server_side_encryption_configuration(config).send()).await?;
    Ok(())
}

/// What AWS says about one bucket's encryption, in our words.
fn seen(bucket: &str, rules: &[Rule]) -> Seen<BucketServerSideEncryptionConfiguration> {
    let rule = |rule: &Rule| EncryptionRule {
        bucket_key_enabled: rule.bucket_key_enabled() == Some(true),
        apply_server_side_encryption_by_default: rule.apply_server_side_encryption_by_default().map(|d| {
            EncryptionByDefault {
                sse_algorithm: d.sse_algorithm().as_str().to_owned(),
                kms_master_key_id: d.kms_master_key_id().filter(|k| !k.is_empty()).map(str::to_owned),
            }
        }),
    };
    Seen {
        status: Status::Ready,
        args: BucketServerSideEncryptionConfigurationArgs {
            bucket: bucket.to_owned(),
            rule: rules.iter().map(rule).collect(),
        },
        outputs: BucketServerSideEncryptionConfigurationOutputs { id: bucket.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_reported_is_off() {
        let default =
            built(ByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build()).unwrap();
        let rule = Rule::builder().apply_server_side_encryption_by_default(default).build();
        let seen = seen("b", &[rule]).args.rule.0.remove(0);
        assert!(!seen.bucket_key_enabled);
        let default = seen.apply_server_side_encryption_by_default.unwrap();
        assert_eq!((default.sse_algorithm.as_str(), default.kms_master_key_id), ("AES256", None));
    }
}
