//! Bucket policy: who may do what with a bucket and its objects.
//!
//! Facts about the API that shape this file:
//! - a put overwrites the policy that is there, whoever wrote it;
//! - a principal made moments ago is refused as invalid for some seconds;
//! - a public policy is refused while the bucket's public access block forbids it.

use stackr_core::{
    After, Args, Create, Created, Delete, Find, Id, Outputs, Policy, Resource, Result, Seen, Status, Update,
    Waits, need,
};

use super::{S3, each, exists, unless_missing};

/// A bucket policy.
pub struct BucketPolicy;

/// Bucket policy: who may do what with a bucket and its objects.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct BucketPolicyArgs {
    /// The bucket.
    #[arg(replace)]
    pub bucket: String,
    /// The policy document.
    pub policy: Policy,
}

/// What a bucket policy gives.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct BucketPolicyOutputs {
    /// The bucket.
    pub id: String,
}

impl Resource for BucketPolicy {
    const TYPE: &'static str = "aws_s3_bucket_policy";
    const WAITS: Waits = Waits::INSTANT;
    const WITHIN: &'static [&'static str] = &["bucket"];
    // Whether a public policy is accepted depends on the bucket's public access block.
    const AFTER: &'static [After] =
        &[After::sharing("aws_s3_bucket_public_access_block", "bucket", "bucket")];
    type Cloud = S3;
    type Args = BucketPolicyArgs;
    type Outputs = BucketPolicyOutputs;

    async fn create(s3: &S3, req: Create<'_, BucketPolicyArgs>) -> Result<Created<Self>> {
        let args = req.args;
        match unless_missing(get(s3, &args.bucket).await)? {
            Some(there) if same(&there, &args.policy) => {}
            Some(_) => {
                return Err(exists("PutBucketPolicy", &format!("a policy of bucket {}", args.bucket)));
            }
            None => put(s3, args).await?,
        }
        Ok(Created::id(&args.bucket))
    }

    async fn read(s3: &S3, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        each(ids, |bucket| async move {
            Ok(Seen {
                status: Status::Ready,
                args: BucketPolicyArgs { bucket: bucket.to_owned(), policy: get(s3, bucket).await?.into() },
                outputs: BucketPolicyOutputs { id: bucket.to_owned() },
            })
        })
        .await
    }

    async fn update(s3: &S3, req: Update<'_, Self>) -> Result<()> {
        put(s3, req.want).await
    }

    async fn delete(s3: &S3, req: Delete<'_, Self>) -> Result<()> {
        s3.call("DeleteBucketPolicy", s3.client.delete_bucket_policy().bucket(req.id).send()).await?;
        Ok(())
    }

    /// A policy carries no mark of who wrote it: what is exactly as we wanted it is what we wrote.
    async fn find(s3: &S3, req: Find<'_, BucketPolicyArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let there = unless_missing(get(s3, &args.bucket).await)?;
        Ok(there.filter(|there| same(there, &args.policy)).map(|_| args.bucket.clone()))
    }
}

async fn get(s3: &S3, bucket: &str) -> Result<String> {
    let found = s3.call("GetBucketPolicy", s3.client.get_bucket_policy().bucket(bucket).send()).await?;
    need(found.policy(), "Policy")
}

async fn put(s3: &S3, want: &BucketPolicyArgs) -> Result<()> {
    let put = s3.client.put_bucket_policy().bucket(&want.bucket).policy(&*want.policy);
    s3.call("PutBucketPolicy", put.send()).await?;
    Ok(())
}

/// Whether two documents are the same JSON.
fn same(a: &str, b: &str) -> bool {
    let parse = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    parse(a).is_some_and(|a| parse(b).is_some_and(|b| a == b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacing_and_key_order_do_not_make_another_policy() {
        assert!(same(r#"{"a": 1, "b": [2]}"#, r#"{"b":[2],"a":1}"#));
        assert!(!same(r#"{"a": 1}"#, r#"{"a": 2}"#));
        assert!(!same("{", "{"));
    }
}
