//! IAM policy: permissions with a name and versions, to be attached to roles.
//!
//! Facts about the API that shape this file:
//! - a change of the document is a new version, of which there can be five: the oldest unused one makes room;
//! - the description cannot change;
//! - a policy is deleted only when nothing is attached to it and its other versions are gone.

use aws_sdk_iam::types::{Policy as Described, PolicyVersion};
use futures::future::try_join_all;
use stackr_core::{
    Args, Create, Created, Delete, Find, Id, Outputs, Policy as Document, Resource, Result, Seen, Status,
    Tags, Update, Waits, need,
};

use super::{Iam, decode, is_ours, name, pages, read_tags, sync_tags, unless_missing, write_tags};

/// An IAM policy.
pub struct Policy;

/// An IAM policy: permissions with a name and versions, to be attached to roles.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct PolicyArgs {
    /// Its name; made up if absent.
    #[arg(replace, computed)]
    pub name: Option<String>,
    /// What a made-up name begins with.
    #[arg(replace, computed, unread)]
    pub name_prefix: Option<String>,
    /// Its path.
    #[arg(replace, default = "/")]
    pub path: String,
    /// What it is for.
    #[arg(replace)]
    pub description: Option<String>,
    /// What it allows and denies.
    pub policy: Document,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives a policy.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct PolicyOutputs {
    /// Its ARN.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its unique id: `ANPA…`.
    pub policy_id: String,
    /// How many roles, users and groups it is attached to.
    pub attachment_count: i64,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

/// How many versions a policy can have.
const VERSIONS: usize = 5;

impl Resource for Policy {
    const TYPE: &'static str = "aws_iam_policy";
    const WAITS: Waits = Waits::INSTANT;
    type Cloud = Iam;
    type Args = PolicyArgs;
    type Outputs = PolicyOutputs;

    async fn create(iam: &Iam, req: Create<'_, PolicyArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let create = iam
            .client
            .create_policy()
            .policy_name(wanted_name(args, req.token))
            .path(&args.path)
            .set_description(args.description.clone())
            .policy_document(&*args.policy)
            .set_tags(write_tags(&args.tags)?);
        let made = iam.call("CreatePolicy", create.send()).await?;
        Ok(Created::id(need(made.policy().and_then(Described::arn), "Arn")?))
    }

    async fn read(iam: &Iam, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        try_join_all(ids.iter().map(|arn| async move {
            let Some(policy) = get(iam, arn).await? else { return Ok(None) };
            let version = need(policy.default_version_id(), "DefaultVersionId")?;
            let request = iam.client.get_policy_version().policy_arn(arn).version_id(version);
            let version = unless_missing(iam.call("GetPolicyVersion", request.send()).await)?;
            let version = version.and_then(|found| found.policy_version);
            let document = version.as_ref().and_then(PolicyVersion::document);
            document.map(|document| seen(&policy, document)).transpose()
        }))
        .await
    }

    async fn update(iam: &Iam, req: Update<'_, Self>) -> Result<()> {
        if req.changes(&["policy"]) {
            let versions = versions(iam, req.id).await?;
            if versions.len() >= VERSIONS
                && let Some(oldest) = oldest(&versions)
            {
                drop_version(iam, req.id, oldest).await?;
            }
            let create = iam.client.create_policy_version().policy_arn(req.id);
            let create = create.policy_document(&*req.want.policy).set_as_default(true);
            iam.call("CreatePolicyVersion", create.send()).await?;
        }
        sync_tags!(iam, req, "UntagPolicy" untag_policy, "TagPolicy" tag_policy, policy_arn);
        Ok(())
    }

    async fn delete(iam: &Iam, req: Delete<'_, Self>) -> Result<()> {
        let versions = versions(iam, req.id).await?;
        let old = versions.iter().filter(|v| !v.is_default_version()).filter_map(PolicyVersion::version_id);
        try_join_all(old.map(|version| drop_version(iam, req.id, version))).await?;
        iam.call("DeletePolicy", iam.client.delete_policy().policy_arn(req.id).send()).await?;
        Ok(())
    }

    async fn find(iam: &Iam, req: Find<'_, PolicyArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let (partition, account) = (iam.partition(), &iam.origin.account);
        let name = wanted_name(args, req.uid);
        let arn = format!("arn:{partition}:iam::{account}:policy{}{name}", args.path);
        let found = get(iam, &arn).await?;
        Ok(found.filter(|policy| is_ours(policy.tags(), req.uid)).map(|_| arn))
    }
}

fn wanted_name(args: &PolicyArgs, uid: &str) -> String {
    name(args.name.as_deref(), args.name_prefix.as_deref(), uid)
}

async fn get(iam: &Iam, arn: &str) -> Result<Option<Described>> {
    let found = unless_missing(iam.call("GetPolicy", iam.client.get_policy().policy_arn(arn).send()).await)?;
    Ok(found.and_then(|found| found.policy))
}

async fn versions(iam: &Iam, arn: &str) -> Result<Vec<PolicyVersion>> {
    Ok(pages!(iam, "ListPolicyVersions", iam.client.list_policy_versions().policy_arn(arn), versions))
}

/// The oldest version that is not in use. Versions are counted: `v9` is older than `v10`.
fn oldest(versions: &[PolicyVersion]) -> Option<&str> {
    let number = |id: &&str| id.trim_start_matches('v').parse::<u64>().unwrap_or(u64::MAX);
    let old = versions.iter().filter(|v| !v.is_default_version());
    old.filter_map(PolicyVersion::version_id).min_by_key(number)
}

async fn drop_version(iam: &Iam, arn: &str, version: &str) -> Result<()> {
    let delete = iam.client.delete_policy_version().policy_arn(arn).version_id(version);
    let done: Result<_> = iam.call("DeletePolicyVersion", delete.send()).await;
    unless_missing(done.map(|_| ())).map(|_| ())
}

/// What AWS says about one policy, in our words.
fn seen(policy: &Described, document: &str) -> Result<Seen<Policy>> {
    let arn = need(policy.arn(), "Arn")?;
    let tags = read_tags(policy.tags());
    Ok(Seen {
        status: Status::Ready,
        args: PolicyArgs {
            name: Some(need(policy.policy_name(), "PolicyName")?),
            name_prefix: None,
            path: policy.path().unwrap_or("/").to_owned(),
            description: policy.description().filter(|d| !d.is_empty()).map(str::to_owned),
            policy: decode(document).into(),
            tags: tags.clone(),
        },
        outputs: PolicyOutputs {
            id: arn.clone(),
            arn,
            policy_id: need(policy.policy_id(), "PolicyId")?,
            attachment_count: policy.attachment_count().unwrap_or_default().into(),
            tags_all: tags,
        },
    })
}

#[cfg(test)]
mod tests {
    use stackr_core::Block as _;

    use super::*;

    fn version(id: &str, default: bool) -> PolicyVersion {
        PolicyVersion::builder().version_id(id).is_default_version(default).build()
    }

    #[test]
    fn the_oldest_unused_version_makes_room() {
        let versions = [version("v10", false), version("v9", false), version("v3", true)];
        assert_eq!(oldest(&versions), Some("v9"));
        assert_eq!(oldest(&[version("v1", true)]), None);
    }

    #[test]
    fn the_document_is_decoded() {
        let policy = Described::builder().policy_name("p").arn("arn:p").policy_id("ANPA").build();
        assert_eq!(seen(&policy, "%7B%7D").unwrap().args.policy, "{}".into());
    }

    #[test]
    fn document_and_tags_change_in_place() {
        let kept = PolicyArgs::fields().iter().filter(|f| !f.replace).map(|f| f.name);
        assert_eq!(kept.collect::<Vec<_>>(), ["policy", "tags"]);
    }
}
