//! ECR lifecycle policy: which images of a repository are removed by themselves.
//!
//! Facts about the API that shape this file:
//! - a repository has one or none, found by the repository's name; setting it overwrites what is there.

use futures::future::try_join_all;
use stackr_core::{
    Args, CloudError, Create, Created, Delete, ErrorKind, Find, Id, Json, Kind, Outputs, Resource, Result,
    Seen, Status, Update, Waits, equal, need,
};

use super::Ecr;

/// An ECR lifecycle policy.
pub struct LifecyclePolicy;

/// An ECR lifecycle policy: which images of a repository are removed by themselves.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct LifecyclePolicyArgs {
    /// The repository's name.
    #[arg(replace)]
    pub repository: String,
    /// The rules: a JSON document with `rules`, in the order of their priority.
    pub policy: Json,
}

/// What identifies a lifecycle policy.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct LifecyclePolicyOutputs {
    /// The repository's name.
    pub id: String,
    /// The account that the repository is in.
    pub registry_id: String,
}

impl Resource for LifecyclePolicy {
    const TYPE: &'static str = "aws_ecr_lifecycle_policy";
    const WAITS: Waits = Waits::INSTANT;
    const WITHIN: &'static [&'static str] = &["repository"];
    type Cloud = Ecr;
    type Args = LifecyclePolicyArgs;
    type Outputs = LifecyclePolicyOutputs;

    async fn create(ecr: &Ecr, req: Create<'_, LifecyclePolicyArgs>) -> Result<Created<Self>> {
        let args = req.args;
        match get(ecr, &args.repository).await? {
            Some(there) if same(&args.policy, &there.args.policy) => {
                Ok(Created::seen(&args.repository, there))
            }
            Some(_) => {
                let message =
                    format!("the repository {} has another lifecycle policy already", args.repository);
                Err(CloudError::new(ErrorKind::Exists, "ecr:PutLifecyclePolicy", message))
            }
            None => Ok(Created::seen(&args.repository, put(ecr, &args.repository, &args.policy).await?)),
        }
    }

    async fn read(ecr: &Ecr, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        try_join_all(ids.iter().map(|repository| get(ecr, repository))).await
    }

    async fn update(ecr: &Ecr, req: Update<'_, Self>) -> Result<()> {
        put(ecr, req.id, &req.want.policy).await.map(drop)
    }

    async fn delete(ecr: &Ecr, req: Delete<'_, Self>) -> Result<()> {
        let delete = ecr.client.delete_lifecycle_policy().repository_name(req.id);
        ecr.call("DeleteLifecyclePolicy", delete.send()).await?;
        Ok(())
    }

    async fn find(ecr: &Ecr, req: Find<'_, LifecyclePolicyArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let there = get(ecr, &args.repository).await?;
        Ok(there.filter(|there| same(&args.policy, &there.args.policy)).map(|_| args.repository.clone()))
    }
}

fn same(a: &Json, b: &Json) -> bool {
    equal(&Kind::Json, &(**a).into(), &(**b).into())
}

async fn put(ecr: &Ecr, repository: &str, policy: &Json) -> Result<Seen<LifecyclePolicy>> {
    let put = ecr.client.put_lifecycle_policy().repository_name(repository).lifecycle_policy_text(&**policy);
    let answer = ecr.call("PutLifecyclePolicy", put.send()).await?;
    seen(repository, answer.lifecycle_policy_text(), answer.registry_id())
}

/// The lifecycle policy of a repository, if there are both.
async fn get(ecr: &Ecr, repository: &str) -> Result<Option<Seen<LifecyclePolicy>>> {
    let request = ecr.client.get_lifecycle_policy().repository_name(repository);
    let answer = match ecr.call("GetLifecyclePolicy", request.send()).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        answer => answer?,
    };
    seen(repository, answer.lifecycle_policy_text(), answer.registry_id()).map(Some)
}

/// What AWS says about the policy of a repository, in our words.
fn seen(repository: &str, policy: Option<&str>, registry: Option<&str>) -> Result<Seen<LifecyclePolicy>> {
    Ok(Seen {
        status: Status::Ready,
        args: LifecyclePolicyArgs {
            repository: repository.to_owned(),
            policy: need(policy, "lifecyclePolicyText")?.into(),
        },
        outputs: LifecyclePolicyOutputs {
            id: repository.to_owned(),
            registry_id: need(registry, "registryId")?,
        },
    })
}

#[cfg(test)]
mod tests {
    use stackr_core::Block as _;

    use super::*;

    #[test]
    fn spacing_makes_no_other_policy() {
        assert!(same(
            &r#"{"rules":[{"rulePriority":1}]}"#.into(),
            &r#"{"rules": [{"rulePriority": 1}]}"#.into()
        ));
        assert!(!same(&r#"{"rules":[{"rulePriority":1}]}"#.into(), &r#"{"rules":[]}"#.into()));
    }

    #[test]
    fn another_repository_is_another_policy() {
        let replace = LifecyclePolicyArgs::fields().iter().filter(|f| f.replace).map(|f| f.name);
        assert_eq!(replace.collect::<Vec<_>>(), ["repository"]);
    }
}
