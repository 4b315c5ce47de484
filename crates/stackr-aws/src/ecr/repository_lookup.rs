//! An ECR repository that is there already.

use aws_sdk_ecr::types::{ImageDetail, ImageTagMutability, TagStatus};
use stackr_core::{Args, CloudError, ErrorKind, Lookup, Outputs, Result, Tags, need};

use super::{Ecr, ImageEncryption, ImageScanning, describe, tags_of};
use crate::{service::onward, tags};

/// An ECR repository that is there already.
pub struct RepositoryLookup;

/// An ECR repository that is there already.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RepositoryLookupArgs {
    /// Its name.
    pub name: String,
    /// The account that it is in; the own one if absent.
    #[arg(computed)]
    pub registry_id: Option<String>,
}

/// The repository.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RepositoryLookupOutputs {
    /// Its name.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The account that it is in.
    pub registry_id: String,
    /// What images are pushed to and pulled from.
    pub repository_url: String,
    /// Whether a tag can be moved to another image: `MUTABLE` or `IMMUTABLE`.
    pub image_tag_mutability: String,
    /// Whether images are scanned.
    pub image_scanning_configuration: Vec<ImageScanning>,
    /// How images are encrypted.
    pub encryption_configuration: Vec<ImageEncryption>,
    /// Tags of the image that was pushed last.
    pub most_recent_image_tags: Vec<String>,
    /// Its tags.
    pub tags: Tags,
}

impl Lookup for RepositoryLookup {
    const TYPE: &'static str = "aws_ecr_repository";
    type Cloud = Ecr;
    type Args = RepositoryLookupArgs;
    type Outputs = RepositoryLookupOutputs;

    async fn read(ecr: &Ecr, args: &RepositoryLookupArgs) -> Result<RepositoryLookupOutputs> {
        let registry = args.registry_id.as_deref();
        let found = describe(ecr, std::slice::from_ref(&args.name), registry).await?;
        let repository = found.first().ok_or_else(|| {
            let message = format!("there is no repository with the name {}", args.name);
            CloudError::new(ErrorKind::Invalid, "ecr:DescribeRepositories", message)
        })?;
        Ok(RepositoryLookupOutputs {
            id: args.name.clone(),
            arn: need(repository.repository_arn(), "repositoryArn")?,
            registry_id: need(repository.registry_id(), "registryId")?,
            repository_url: need(repository.repository_uri(), "repositoryUri")?,
            image_tag_mutability: repository
                .image_tag_mutability()
                .map_or("MUTABLE", ImageTagMutability::as_str)
                .to_owned(),
            image_scanning_configuration: vec![ImageScanning {
                scan_on_push: repository.image_scanning_configuration().is_some_and(|s| s.scan_on_push()),
            }],
            encryption_configuration: repository
                .encryption_configuration()
                .map(|e| ImageEncryption {
                    encryption_type: e.encryption_type().as_str().to_owned(),
                    kms_key: e.kms_key().map(str::to_owned),
                })
                .into_iter()
                .collect(),
            most_recent_image_tags: newest(&images(ecr, args).await?),
            tags: tags::users(tags_of(ecr, repository).await?),
        })
    }
}

/// The tagged images of the repository.
async fn images(ecr: &Ecr, args: &RepositoryLookupArgs) -> Result<Vec<ImageDetail>> {
    let filter = aws_sdk_ecr::types::DescribeImagesFilter::builder().tag_status(TagStatus::Tagged).build();
    let request = ecr.client.describe_images().repository_name(&args.name).filter(filter);
    let request = request.set_registry_id(args.registry_id.clone()).max_results(1000);
    let mut images = Vec::new();
    let mut token = None;
    loop {
        let page = ecr.call("DescribeImages", request.clone().set_next_token(token.clone()).send()).await?;
        images.extend(page.image_details.unwrap_or_default());
        token = onward(token, page.next_token.filter(|t| !t.is_empty()))?;
        if token.is_none() {
            return Ok(images);
        }
    }
}

/// The tags of the image that was pushed last.
fn newest(images: &[ImageDetail]) -> Vec<String> {
    let newest = images.iter().max_by_key(|i| i.image_pushed_at().map(|at| (at.secs(), at.subsec_nanos())));
    newest.map(|image| image.image_tags().to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    #[test]
    fn the_last_push_gives_the_tags() {
        let image = |at: i64, tag: &str| {
            ImageDetail::builder().image_pushed_at(DateTime::from_secs(at)).image_tags(tag).build()
        };
        assert_eq!(newest(&[image(1, "old"), image(3, "new"), image(2, "middle")]), ["new"]);
        assert!(newest(&[]).is_empty());
    }
}
