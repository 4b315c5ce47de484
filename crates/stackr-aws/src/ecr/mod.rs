//! ECR: image repositories and their policies, and what their files share.
//!
//! Facts that shape these helpers:
//! - one missing name fails a whole `DescribeRepositories`, so a refused batch is asked again one by one;
//! - tags are a call per repository, unless the tagging API confirms what is recorded;
//! - the policies belong to a repository and are found by its name; setting one overwrites what is there.

mod images;
mod lifecycle_policy;
mod repository;
mod repository_lookup;
mod repository_policy;

use aws_sdk_ecr::types::{Repository as Described, Tag};
use futures::future::try_join_all;
use stackr_core::{CloudError, ErrorKind, Id, Registry, Result, Tags};

use crate::{Service, tags};

pub use images::*;
pub use lifecycle_policy::*;
pub use repository::*;
pub use repository_lookup::*;
pub use repository_policy::*;

/// The ECR client.
pub type Ecr = Service<aws_sdk_ecr::Client>;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry
        .with::<Repository>()
        .with::<LifecyclePolicy>()
        .with::<RepositoryPolicy>()
        .with_lookup::<RepositoryLookup>()
}

/// The most names that one describe takes.
const NAMES: usize = 100;

/// These repositories; a missing one is left out.
async fn describe(ecr: &Ecr, names: &[Id], registry: Option<&str>) -> Result<Vec<Described>> {
    let batches = names.chunks(NAMES).map(|batch| async move {
        match ask(ecr, batch, registry).await {
            Err(error) if error.kind() == ErrorKind::NotFound && batch.len() > 1 => {
                let alone = batch.iter().map(|name| async {
                    let name = std::slice::from_ref(name);
                    unless_missing(ask(ecr, name, registry).await)
                });
                Ok(try_join_all(alone).await?.into_iter().flatten().collect())
            }
            answer => unless_missing(answer),
        }
    });
    Ok(try_join_all(batches).await?.into_iter().flatten().collect())
}

async fn ask(ecr: &Ecr, names: &[Id], registry: Option<&str>) -> Result<Vec<Described>> {
    let request = ecr.client.describe_repositories().set_repository_names(Some(names.to_vec()));
    let request = request.set_registry_id(registry.map(str::to_owned));
    let answer = ecr.call("DescribeRepositories", request.send()).await?;
    Ok(answer.repositories.unwrap_or_default())
}

/// All tags of a repository, ours among them; none if it is gone.
async fn tags_of(ecr: &Ecr, repository: &Described) -> Result<Tags> {
    let arn = repository.repository_arn().unwrap_or_default();
    let request = ecr.client.list_tags_for_resource().resource_arn(arn);
    let answer = unless_missing(ecr.call("ListTagsForResource", request.send()).await.map(|a| a.tags))?;
    Ok(answer.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// Nothing, where AWS says that there is nothing.
fn unless_missing<T: Default>(answer: Result<T>) -> Result<T> {
    match answer {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(T::default()),
        answer => answer,
    }
}

/// The tags of a call; none if there are none.
fn write_tags(tags: &Tags) -> Result<Option<Vec<Tag>>> {
    let tag = |(k, v): (&String, &String)| {
        Tag::builder().key(k).value(v).build().map_err(|error| CloudError::bug(error.to_string()))
    };
    let tags = tags.iter().map(tag).collect::<Result<Vec<_>>>()?;
    Ok((!tags.is_empty()).then_some(tags))
}

/// Makes the tags of a repository what is wanted.
async fn sync_tags(ecr: &Ecr, arn: &str, seen: &Tags, want: &Tags) -> Result<()> {
    let tags::Change { set, remove } = tags::change(seen, want);
    if !remove.is_empty() {
        let untag = ecr.client.untag_resource().resource_arn(arn).set_tag_keys(Some(remove));
        ecr.call("UntagResource", untag.send()).await?;
    }
    if !set.is_empty() {
        let tag = ecr.client.tag_resource().resource_arn(arn).set_tags(write_tags(&set)?);
        ecr.call("TagResource", tag.send()).await?;
    }
    Ok(())
}
