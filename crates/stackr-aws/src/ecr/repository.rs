//! ECR repository: where a service's container images are.
//!
//! Facts about the API that shape this file:
//! - the name is unique in the account and region, and with the encryption the only thing that cannot change;
//! - a repository with images is deleted only by force.

use aws_sdk_ecr::types::{
    EncryptionConfiguration as SdkEncryption, EncryptionType, ImageScanningConfiguration as SdkScanning,
    ImageTagMutability, Repository as Described,
};
use futures::future::try_join_all;
use stackr_core::{
    Args, CloudError, Create, Created, Delete, Find, Id, Known, Outputs, Resource, Result, Seen, Status,
    Tags, Update, Waits, need,
};

use super::{Ecr, ImageEncryption, ImageScanning, describe, sync_tags, tags_of, write_tags};
use crate::{service::in_order, tagging::confirmed_or, tags};

/// An ECR repository.
pub struct Repository;

/// An ECR repository: where a service's container images are.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RepositoryArgs {
    /// Its name, with parts divided by `/`: `team/service`.
    #[arg(replace)]
    pub name: String,
    /// Whether a tag can be moved to another image: `MUTABLE` or `IMMUTABLE`.
    #[arg(default = "MUTABLE")]
    pub image_tag_mutability: String,
    /// Whether images are scanned for known flaws.
    #[arg(block, computed)]
    pub image_scanning_configuration: Option<ImageScanning>,
    /// How images are encrypted.
    #[arg(block, computed, replace)]
    pub encryption_configuration: Option<ImageEncryption>,
    /// Delete the repository even if it holds images.
    #[arg(local, default = false)]
    pub force_delete: bool,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives a repository.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RepositoryOutputs {
    /// Its name.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The account that it is in.
    pub registry_id: String,
    /// What images are pushed to and pulled from: `….dkr.ecr.eu-west-1.amazonaws.com/name`.
    pub repository_url: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for Repository {
    const TYPE: &'static str = "aws_ecr_repository";
    const WAITS: Waits = Waits::minutes(2, 20);
    type Cloud = Ecr;
    type Args = RepositoryArgs;
    type Outputs = RepositoryOutputs;

    async fn create(ecr: &Ecr, req: Create<'_, RepositoryArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let encryption = |wanted: &ImageEncryption| {
            SdkEncryption::builder()
                .encryption_type(EncryptionType::from(wanted.encryption_type.as_str()))
                .set_kms_key(wanted.kms_key.clone())
                .build()
                .map_err(|error| CloudError::bug(error.to_string()))
        };
        let create = ecr
            .client
            .create_repository()
            .repository_name(&args.name)
            .image_tag_mutability(ImageTagMutability::from(args.image_tag_mutability.as_str()))
            .set_image_scanning_configuration(args.image_scanning_configuration.as_ref().map(scanning))
            .set_encryption_configuration(args.encryption_configuration.as_ref().map(encryption).transpose()?)
            .set_tags(write_tags(&args.tags)?);
        let made = ecr.call("CreateRepository", create.send()).await?;
        let made = made.repository().ok_or_else(|| CloudError::bug("the answer has no repository"))?;
        Ok(Created::seen(&args.name, seen(made, tags::users(args.tags.clone()))?))
    }

    async fn read(ecr: &Ecr, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        Self::refresh(ecr, &Known::unrecorded(ids)).await
    }

    async fn refresh(ecr: &Ecr, known: &[Known<'_>]) -> Result<Vec<Option<Seen<Self>>>> {
        let ids = Known::ids(known);
        let (found, tagged) = futures::join!(describe(ecr, &ids, None), ecr.still_tagged(known));
        let found = found?;
        let found = try_join_all(found.iter().map(|repository| async {
            let arn = repository.repository_arn().unwrap_or_default();
            let tags = confirmed_or(&tagged, arn, tags_of(ecr, repository)).await?;
            Ok((need(repository.repository_name(), "repositoryName")?, seen(repository, tags)?))
        }));
        Ok(in_order(&ids, found.await?))
    }

    async fn update(ecr: &Ecr, req: Update<'_, Self>) -> Result<()> {
        let want = req.want;
        if req.changes(&["image_tag_mutability"]) {
            let mutability = ImageTagMutability::from(want.image_tag_mutability.as_str());
            let put = ecr.client.put_image_tag_mutability().repository_name(req.id);
            ecr.call("PutImageTagMutability", put.image_tag_mutability(mutability).send()).await?;
        }
        if req.changes(&["image_scanning_configuration"]) {
            let wanted = want.image_scanning_configuration.as_ref();
            let wanted = wanted.map_or_else(|| SdkScanning::builder().build(), scanning);
            let put = ecr.client.put_image_scanning_configuration().repository_name(req.id);
            let put = put.image_scanning_configuration(wanted);
            ecr.call("PutImageScanningConfiguration", put.send()).await?;
        }
        sync_tags(ecr, &req.seen.outputs.arn, &req.seen.args.tags, &want.tags).await
    }

    async fn delete(ecr: &Ecr, req: Delete<'_, Self>) -> Result<()> {
        let delete = ecr.client.delete_repository().repository_name(req.id).force(req.args.force_delete);
        ecr.call("DeleteRepository", delete.send()).await?;
        Ok(())
    }

    async fn find(ecr: &Ecr, req: Find<'_, RepositoryArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let found = describe(ecr, std::slice::from_ref(&args.name), None).await?;
        let Some(repository) = found.first() else { return Ok(None) };
        let ours = tags_of(ecr, repository).await?.get(tags::UID).is_some_and(|uid| uid == req.uid);
        Ok(ours.then(|| args.name.clone()))
    }
}

fn scanning(wanted: &ImageScanning) -> SdkScanning {
    SdkScanning::builder().scan_on_push(wanted.scan_on_push).build()
}

/// What AWS says about one repository, in our words.
fn seen(repository: &Described, tags: Tags) -> Result<Seen<Repository>> {
    let name = need(repository.repository_name(), "repositoryName")?;
    Ok(Seen {
        status: Status::Ready,
        args: RepositoryArgs {
            name: name.clone(),
            image_tag_mutability: repository
                .image_tag_mutability()
                .map_or("MUTABLE", ImageTagMutability::as_str)
                .to_owned(),
            image_scanning_configuration: Some(ImageScanning {
                scan_on_push: repository.image_scanning_configuration().is_some_and(|s| s.scan_on_push()),
            }),
            encryption_configuration: repository.encryption_configuration().map(|e| ImageEncryption {
                encryption_type: e.encryption_type().as_str().to_owned(),
                kms_key: e.kms_key().map(str::to_owned),
            }),
            force_delete: false,
            tags: tags.clone(),
        },
        outputs: RepositoryOutputs {
            id: name,
            arn: need(repository.repository_arn(), "repositoryArn")?,
            registry_id: need(repository.registry_id(), "registryId")?,
            repository_url: need(repository.repository_uri(), "repositoryUri")?,
            tags_all: tags,
        },
    })
}

#[cfg(test)]
mod tests {
    use stackr_core::Block as _;

    use super::*;

    #[test]
    fn what_is_not_said_is_what_is_so_by_default() {
        let repository = Described::builder().repository_name("a").repository_arn("arn:a").registry_id("1");
        let args = seen(&repository.repository_uri("u/a").build(), Tags::new()).unwrap().args;
        assert_eq!(args.image_tag_mutability, "MUTABLE");
        assert_eq!(args.image_scanning_configuration, Some(ImageScanning { scan_on_push: false }));
    }

    #[test]
    fn name_and_encryption_force_replacement() {
        let replace = RepositoryArgs::fields().iter().filter(|f| f.replace).map(|f| f.name);
        assert_eq!(replace.collect::<Vec<_>>(), ["name", "encryption_configuration"]);
    }
}
