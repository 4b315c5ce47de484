//! Bucket: a place for objects.
//!
//! Facts about the API that shape this file:
//! - names are shared by all accounts of a partition; in us-east-1 creating one's own bucket again succeeds;
//! - putting tags replaces all of them, ours and AWS's too, so they are read first;
//! - a bucket is deleted only when no object, version, delete marker or upload is left in it;
//! - asking for the tags says whether the bucket exists: no tags is another code than no bucket.

use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, Delete as Batch, ObjectIdentifier, Tag, Tagging,
};
use futures::future::try_join_all;
use stackr_core::{
    Args, Create, Created, Delete, ErrorKind, Find, Id, Outputs, Resource, Result, Seen, Status, Tags,
    Update, Waits,
};

use super::{S3, built, each, exists, unless_missing};
use crate::tags;

/// A bucket.
pub struct Bucket;

/// A bucket: a place for objects.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct BucketArgs {
    /// Its name, unique in the world: 3 to 63 lower-case letters, digits, dots and hyphens. Made up if absent.
    #[arg(replace, computed)]
    pub bucket: Option<String>,
    /// Begin of a name that is made up: at most 37 characters.
    #[arg(replace, computed, unread)]
    pub bucket_prefix: Option<String>,
    /// Whether objects can be locked; versioning is on then.
    #[arg(replace, computed, unread)]
    pub object_lock_enabled: Option<bool>,
    /// Whether everything in it is deleted with it.
    #[arg(local, default = false)]
    pub force_destroy: bool,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives a bucket.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct BucketOutputs {
    /// Its name.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its region.
    pub region: String,
    /// Its DNS name.
    pub bucket_domain_name: String,
    /// Its DNS name in its region.
    pub bucket_regional_domain_name: String,
    /// The hosted zone of website addresses in its region, for alias records.
    pub hosted_zone_id: Option<String>,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for Bucket {
    const TYPE: &'static str = "aws_s3_bucket";
    const WAITS: Waits = Waits::minutes(5, 30);
    type Cloud = S3;
    type Args = BucketArgs;
    type Outputs = BucketOutputs;

    async fn create(s3: &S3, req: Create<'_, BucketArgs>) -> Result<Created<Self>> {
        let name = name_of(req.args, req.token);
        match s3.call("HeadBucket", s3.client.head_bucket().bucket(&name).send()).await {
            Ok(_) if made_for(s3, &name, req.token).await? => return Ok(Created::id(name)),
            Ok(_) => return Err(exists("CreateBucket", &format!("the bucket {name}"))),
            // Missing, or somebody else's, or in another region: the create says which.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Denied | ErrorKind::Unknown) => {}
            Err(error) => return Err(error),
        }
        let region = &s3.origin.region;
        let place = (region != "us-east-1").then(|| BucketLocationConstraint::from(region.as_str()));
        let tags = (!req.args.tags.is_empty()).then(|| tag_list(&req.args.tags)).transpose()?;
        // A configuration without anything in it is refused.
        let config = (place.is_some() || tags.is_some()).then(|| {
            CreateBucketConfiguration::builder().set_location_constraint(place).set_tags(tags).build()
        });
        let create = s3
            .client
            .create_bucket()
            .bucket(&name)
            .set_create_bucket_configuration(config)
            .set_object_lock_enabled_for_bucket(req.args.object_lock_enabled);
        s3.call("CreateBucket", create.send()).await?;
        Ok(Created::id(name))
    }

    async fn read(s3: &S3, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        each(ids, |name| async move {
            let tags = tags::users(tags_of(s3, name).await?);
            Ok(seen(name, tags, &s3.origin.region, crate::service::partition(&s3.origin.region)))
        })
        .await
    }

    async fn update(s3: &S3, req: Update<'_, Self>) -> Result<()> {
        let tags::Change { set, remove } = tags::change(&req.seen.args.tags, &req.want.tags);
        if set.is_empty() && remove.is_empty() {
            return Ok(());
        }
        let mut all = tags_of(s3, req.id).await?;
        all.extend(set);
        all.retain(|key, _| !remove.contains(key));
        if all.is_empty() {
            let delete = s3.client.delete_bucket_tagging().bucket(req.id);
            s3.call("DeleteBucketTagging", delete.send()).await?;
            return Ok(());
        }
        let tagging = built(Tagging::builder().set_tag_set(Some(tag_list(&all)?)).build())?;
        let put = s3.client.put_bucket_tagging().bucket(req.id).tagging(tagging);
        s3.call("PutBucketTagging", put.send()).await?;
        Ok(())
    }

    async fn delete(s3: &S3, req: Delete<'_, Self>) -> Result<()> {
        if req.args.force_destroy {
            empty(s3, req.id).await?;
        }
        s3.call("DeleteBucket", s3.client.delete_bucket().bucket(req.id).send()).await?;
        Ok(())
    }

    async fn find(s3: &S3, req: Find<'_, BucketArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let name = name_of(args, req.uid);
        let ours = unless_missing(made_for(s3, &name, req.uid).await)?;
        Ok(ours.filter(|ours| *ours).map(|_| name))
    }
}

/// The name to create under: the one written, or a prefix and the uid.
fn name_of(args: &BucketArgs, uid: &str) -> Id {
    let prefix = args.bucket_prefix.as_deref().unwrap_or("stackr-");
    args.bucket.clone().unwrap_or_else(|| format!("{prefix}{uid}").chars().take(63).collect())
}

fn tag_list(tags: &Tags) -> Result<Vec<Tag>> {
    tags.iter().map(|(k, v)| built(Tag::builder().key(k).value(v).build())).collect()
}

/// All tags of a bucket, ours and AWS's among them.
///
/// # Errors
/// [`ErrorKind::NotFound`] if there is no such bucket.
async fn tags_of(s3: &S3, name: &str) -> Result<Tags> {
    match s3.call("GetBucketTagging", s3.client.get_bucket_tagging().bucket(name).send()).await {
        Ok(answer) => Ok(answer.tag_set.into_iter().map(|t| (t.key, t.value)).collect()),
        Err(error) if error.code() == Some("NoSuchTagSet") => Ok(Tags::new()),
        Err(error) => Err(error),
    }
}

async fn made_for(s3: &S3, name: &str, uid: &str) -> Result<bool> {
    Ok(tags_of(s3, name).await?.get(tags::UID).is_some_and(|u| u == uid))
}

/// Deletes every version, delete marker and upload. A page of versions is a batch: both hold 1000.
async fn empty(s3: &S3, name: &str) -> Result<()> {
    let uploads = s3.call("ListMultipartUploads", s3.client.list_multipart_uploads().bucket(name).send());
    let uploads = uploads.await?.uploads.unwrap_or_default().into_iter();
    try_join_all(uploads.map(|upload| async move {
        let abort = s3.client.abort_multipart_upload().bucket(name);
        let abort = abort.set_key(upload.key).set_upload_id(upload.upload_id);
        unless_missing(s3.call("AbortMultipartUpload", abort.send()).await)
    }))
    .await?;
    let (mut key, mut version) = (None, None);
    loop {
        let list = s3.client.list_object_versions().bucket(name);
        let list = list.set_key_marker(key).set_version_id_marker(version);
        let page = s3.call("ListObjectVersions", list.send()).await?;
        let versions = page.versions.unwrap_or_default().into_iter().map(|v| (v.key, v.version_id));
        let markers = page.delete_markers.unwrap_or_default().into_iter().map(|m| (m.key, m.version_id));
        let gone = versions.chain(markers).map(|(key, version)| {
            built(ObjectIdentifier::builder().set_key(key).set_version_id(version).build())
        });
        let gone = gone.collect::<Result<Vec<_>>>()?;
        if !gone.is_empty() {
            let batch = built(Batch::builder().set_objects(Some(gone)).quiet(true).build())?;
            let answer = s3
                .call("DeleteObjects", s3.client.delete_objects().bucket(name).delete(batch).send())
                .await?;
            if let Some(first) = answer.errors().first() {
                let code = first.code().unwrap_or("error");
                let key = first.key().unwrap_or_default();
                let message = format!("{key}: {}", first.message().unwrap_or(code));
                let error = stackr_core::CloudError::new(ErrorKind::Unknown, "s3:DeleteObjects", message);
                return Err(error.with_code(code));
            }
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
        if page.is_truncated != Some(true) {
            return Ok(());
        }
    }
}

/// What is known about a bucket that exists.
fn seen(name: &str, tags: Tags, region: &str, (partition, suffix): (&str, &str)) -> Seen<Bucket> {
    Seen {
        status: Status::Ready,
        args: BucketArgs {
            bucket: Some(name.to_owned()),
            bucket_prefix: None,
            object_lock_enabled: None,
            force_destroy: false,
            tags: tags.clone(),
        },
        outputs: BucketOutputs {
            id: name.to_owned(),
            arn: format!("arn:{partition}:s3:::{name}"),
            region: region.to_owned(),
            bucket_domain_name: format!("{name}.s3.{suffix}"),
            bucket_regional_domain_name: format!("{name}.s3.{region}.{suffix}"),
            hosted_zone_id: website_zone(region).map(str::to_owned),
            tags_all: tags,
        },
    }
}

/// The hosted zone of a region's website addresses
/// (<https://docs.aws.amazon.com/general/latest/gr/s3.html#s3_website_region_endpoints>).
fn website_zone(region: &str) -> Option<&'static str> {
    Some(match region {
        "af-south-1" => "Z83WF9RJE8B12",
        "ap-east-1" => "ZNB98KWMFR0R6",
        "ap-northeast-1" => "Z2M4EHUR26P7ZW",
        "ap-northeast-2" => "Z3W03O7B5YMIYP",
        "ap-northeast-3" => "Z2YQB5RD63NC85",
        "ap-south-1" => "Z11RGJOFQNVJUP",
        "ap-south-2" => "Z02976202B4EZMXIPMXF7",
        "ap-southeast-1" => "Z3O0J2DXBE1FTB",
        "ap-southeast-2" => "Z1WCIGYICN2BYD",
        "ap-southeast-3" => "Z01846753K324LI26A3VV",
        "ap-southeast-4" => "Z0312387243XT5FE14WFO",
        "ap-southeast-5" => "Z08660063OXLMA7F1FJHU",
        "ca-central-1" => "Z1QDHH18159H29",
        "ca-west-1" => "Z03565811Z33SLEZTHOUL",
        "cn-north-1" => "Z5CN8UMXT92WN",
        "cn-northwest-1" => "Z282HJ1KT0DH03",
        "eu-central-1" => "Z21DNDUVLTQW6Q",
        "eu-central-2" => "Z030506016YDQGETNASS",
        "eu-north-1" => "Z3BAZG2TWCNX0D",
        "eu-south-1" => "Z30OZKI7KPW7MI",
        "eu-south-2" => "Z0081959F7139GRJC19J",
        "eu-west-1" => "Z1BKCTXD74EZPE",
        "eu-west-2" => "Z3GKZC51ZF0DB4",
        "eu-west-3" => "Z3R1K369G5AVDG",
        "il-central-1" => "Z09640613K4A3MN55U7GU",
        "me-central-1" => "Z06143092I8HRXZRUZROF",
        "me-south-1" => "Z1MPMWCPA7YB62",
        "sa-east-1" => "Z7KQH4QJS55SO",
        "us-east-1" => "Z3AQBSTGFYJSTF",
        "us-east-2" => "Z2O1EMRO9K5GLX",
        "us-gov-east-1" => "Z2NIFVYYW2VKV1",
        "us-gov-west-1" => "Z31GFT0UA1I2HV",
        "us-west-1" => "Z2F56UZL2M1ACD",
        "us-west-2" => "Z3BJ6K6RIION7M",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use stackr_core::{Block as _, Value};

    use super::*;

    #[test]
    fn its_addresses_follow_from_name_and_region() {
        let outputs = seen("b", Tags::new(), "cn-north-1", ("aws-cn", "amazonaws.com.cn")).outputs;
        assert_eq!(outputs.arn, "arn:aws-cn:s3:::b");
        assert_eq!(outputs.bucket_domain_name, "b.s3.amazonaws.com.cn");
        assert_eq!(outputs.bucket_regional_domain_name, "b.s3.cn-north-1.amazonaws.com.cn");
    }

    #[test]
    fn a_name_is_made_up_of_prefix_and_uid() {
        let prefixed = Value::object([("bucket_prefix", "logs-".into())]);
        let args = BucketArgs::from_object(&prefixed).unwrap();
        assert_eq!(name_of(&args, "0123"), "logs-0123");
        assert_eq!(name_of(&BucketArgs { bucket: Some("b".into()), ..args }, "0123"), "b");
    }
}
