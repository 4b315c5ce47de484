//! Public access block: what keeps a bucket from being public, whatever its policy or lists say.
//!
//! Facts about the API that shape this file:
//! - a new bucket has everything blocked; a put replaces that, and a delete leaves nothing blocked;
//! - a public policy is refused while `block_public_policy` is on.

use aws_sdk_s3::types::PublicAccessBlockConfiguration as Described;
use stackr_core::{
    Args, Create, Created, Delete, Find, Id, Outputs, Resource, Result, Seen, Status, Update, Waits,
};

use super::{S3, each, unless_missing};

/// A public access block.
pub struct BucketPublicAccessBlock;

/// Public access block: what keeps a bucket from being public, whatever its policy or lists say.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct BucketPublicAccessBlockArgs {
    /// The bucket.
    #[arg(replace)]
    pub bucket: String,
    /// Whether public access lists are refused.
    #[arg(default = false)]
    pub block_public_acls: bool,
    /// Whether public policies are refused.
    #[arg(default = false)]
    pub block_public_policy: bool,
    /// Whether public access lists are ignored.
    #[arg(default = false)]
    pub ignore_public_acls: bool,
    /// Whether a public policy lets in only AWS services and this account.
    #[arg(default = false)]
    pub restrict_public_buckets: bool,
}

/// What a public access block gives.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct BucketPublicAccessBlockOutputs {
    /// The bucket.
    pub id: String,
}

impl Resource for BucketPublicAccessBlock {
    const TYPE: &'static str = "aws_s3_bucket_public_access_block";
    const WAITS: Waits = Waits::INSTANT;
    const WITHIN: &'static [&'static str] = &["bucket"];
    type Cloud = S3;
    type Args = BucketPublicAccessBlockArgs;
    type Outputs = BucketPublicAccessBlockOutputs;

    async fn create(s3: &S3, req: Create<'_, BucketPublicAccessBlockArgs>) -> Result<Created<Self>> {
        put(s3, req.args).await?;
        Ok(Created::id(&req.args.bucket))
    }

    async fn read(s3: &S3, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        each(ids, |bucket| read_one(s3, bucket)).await
    }

    async fn update(s3: &S3, req: Update<'_, Self>) -> Result<()> {
        put(s3, req.want).await
    }

    async fn delete(s3: &S3, req: Delete<'_, Self>) -> Result<()> {
        let delete = s3.client.delete_public_access_block().bucket(req.id);
        s3.call("DeletePublicAccessBlock", delete.send()).await?;
        Ok(())
    }

    /// A new bucket has one of AWS's own: what is exactly as we wanted it is what we made.
    async fn find(s3: &S3, req: Find<'_, BucketPublicAccessBlockArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let there = unless_missing(read_one(s3, &args.bucket).await)?;
        Ok(there.filter(|seen| seen.args == *args).map(|seen| seen.outputs.id))
    }
}

async fn read_one(s3: &S3, bucket: &str) -> Result<Seen<BucketPublicAccessBlock>> {
    let found = s3.call("GetPublicAccessBlock", s3.client.get_public_access_block().bucket(bucket).send());
    let config = found.await?.public_access_block_configuration;
    Ok(seen(bucket, &config.unwrap_or_else(|| Described::builder().build())))
}

async fn put(s3: &S3, want: &BucketPublicAccessBlockArgs) -> Result<()> {
    let config = Described::builder()
        .block_public_acls(want.block_public_acls)
        .block_public_policy(want.block_public_policy)
        .ignore_public_acls(want.ignore_public_acls)
        .restrict_public_buckets(want.restrict_public_buckets)
        .build();
    let put = s3.client.put_public_access_block().bucket(&want.bucket);
    s3.call("PutPublicAccessBlock", put.public_access_block_configuration(config).send()).await?;
    Ok(())
}

/// What AWS says about one bucket's block, in our words.
fn seen(bucket: &str, found: &Described) -> Seen<BucketPublicAccessBlock> {
    Seen {
        status: Status::Ready,
        args: BucketPublicAccessBlockArgs {
            bucket: bucket.to_owned(),
            block_public_acls: found.block_public_acls() == Some(true),
            block_public_policy: found.block_public_policy() == Some(true),
            ignore_public_acls: found.ignore_public_acls() == Some(true),
            restrict_public_buckets: found.restrict_public_buckets() == Some(true),
        },
        outputs: BucketPublicAccessBlockOutputs { id: bucket.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_reported_is_not_blocked() {
        let args = seen("b", &Described::builder().block_public_acls(true).build()).args;
        assert!(args.block_public_acls);
        assert!(!args.block_public_policy && !args.ignore_public_acls && !args.restrict_public_buckets);
    }
}
