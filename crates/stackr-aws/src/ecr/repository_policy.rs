//! ECR repository policy: who may push to and pull from a repository.
//!
//! Facts about the API that shape this file:
//! - a repository has one or none, found by the repository's name; setting it overwrites what is there;
//! - a principal made moments ago is refused for some seconds.

use futures::future::try_join_all;
use stackr_core::{
    Args, CloudError, Create, Created, Delete, ErrorKind, Find, Id, Kind, Outputs, Policy, Resource, Result,
    Seen, Status, Update, Waits, equal, need,
};

use super::Ecr;

/// An ECR repository policy.
pub struct RepositoryPolicy;

/// An ECR repository policy: who may push to and pull from a repository.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RepositoryPolicyArgs {
    /// The repository's name.
    #[arg(replace)]
    pub repository: String,
    /// The policy: an IAM document without resources.
    pub policy: Policy,
}

/// What identifies a repository policy.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RepositoryPolicyOutputs {
    /// The repository's name.
    pub id: String,
    /// The account that the repository is in.
    pub registry_id: String,
}

impl Resource for RepositoryPolicy {
    const TYPE: &'static str = "aws_ecr_repository_policy";
    const WAITS: Waits = Waits::INSTANT;
    const WITHIN: &'static [&'static str] = &["repository"];
    type Cloud = Ecr;
    type Args = RepositoryPolicyArgs;
    type Outputs = RepositoryPolicyOutputs;

    async fn create(ecr: &Ecr, req: Create<'_, RepositoryPolicyArgs>) -> Result<Created<Self>> {
        let args = req.args;
        match get(ecr, &args.repository).await? {
            Some(there) if same(&args.policy, &there.args.policy) => {
                Ok(Created::seen(&args.repository, there))
            }
            Some(_) => {
                let message = format!("the repository {} has another policy already", args.repository);
                Err(CloudError::new(ErrorKind::Exists, "ecr:SetRepositoryPolicy", message))
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
        let delete = ecr.client.delete_repository_policy().repository_name(req.id);
        ecr.call("DeleteRepositoryPolicy", delete.send()).await?;
        Ok(())
    }

    async fn find(ecr: &Ecr, req: Find<'_, RepositoryPolicyArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let there = get(ecr, &args.repository).await?;
        Ok(there.filter(|there| same(&args.policy, &there.args.policy)).map(|_| args.repository.clone()))
    }
}

fn same(a: &Policy, b: &Policy) -> bool {
    equal(&Kind::Policy, &(**a).into(), &(**b).into())
}

async fn put(ecr: &Ecr, repository: &str, policy: &Policy) -> Result<Seen<RepositoryPolicy>> {
    let put = ecr.client.set_repository_policy().repository_name(repository).policy_text(&**policy);
    let answer = ecr.call("SetRepositoryPolicy", put.send()).await?;
    seen(repository, answer.policy_text(), answer.registry_id())
}

/// The policy of a repository, if there are both.
async fn get(ecr: &Ecr, repository: &str) -> Result<Option<Seen<RepositoryPolicy>>> {
    let request = ecr.client.get_repository_policy().repository_name(repository);
    let answer = match ecr.call("GetRepositoryPolicy", request.send()).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        answer => answer?,
    };
    seen(repository, answer.policy_text(), answer.registry_id()).map(Some)
}

/// What AWS says about the policy of a repository, in our words.
fn seen(repository: &str, policy: Option<&str>, registry: Option<&str>) -> Result<Seen<RepositoryPolicy>> {
    Ok(Seen {
        status: Status::Ready,
        args: RepositoryPolicyArgs {
            repository: repository.to_owned(),
            policy: need(policy, "policyText")?.into(),
        },
        outputs: RepositoryPolicyOutputs {
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
    fn a_list_of_one_makes_no_other_policy() {
        let policy = |action: &str| Policy(format!(r#"{{"Statement":[{{"Action":{action}}}]}}"#));
        assert!(same(&policy(r#""ecr:*""#), &policy(r#"["ecr:*"]"#)));
        assert!(!same(&policy(r#""ecr:*""#), &policy(r#""s3:*""#)));
    }

    #[test]
    fn another_repository_is_another_policy() {
        let replace = RepositoryPolicyArgs::fields().iter().filter(|f| f.replace).map(|f| f.name);
        assert_eq!(replace.collect::<Vec<_>>(), ["repository"]);
    }
}
