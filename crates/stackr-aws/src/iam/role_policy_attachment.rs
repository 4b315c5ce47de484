//! IAM role policy attachment: gives a role the permissions of a policy.
//!
//! Facts about the API that shape this file:
//! - it is nothing but the pair of role and policy; attaching twice is one attachment;
//! - a role's attachments come in one list.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;
use stackr_core::{
    Args, CloudError, Create, Created, Delete, Find, Id, Known, Outputs, Resource, Result, Seen, Status,
    Update, Value, Waits,
};

use super::{
    Iam, pages,
    parts::{Key, Part, Told, listed},
    unless_missing,
};

/// An IAM role policy attachment.
pub struct RolePolicyAttachment;

/// An IAM role policy attachment: gives a role the permissions of a policy.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RolePolicyAttachmentArgs {
    /// The role's name.
    #[arg(replace)]
    pub role: String,
    /// ARN of the policy.
    #[arg(replace)]
    pub policy_arn: String,
}

/// What identifies an attachment.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RolePolicyAttachmentOutputs {
    /// `role/policy-arn`.
    pub id: String,
}

impl Resource for RolePolicyAttachment {
    const TYPE: &'static str = "aws_iam_role_policy_attachment";
    const WAITS: Waits = Waits::INSTANT;
    type Cloud = Iam;
    type Args = RolePolicyAttachmentArgs;
    type Outputs = RolePolicyAttachmentOutputs;

    fn id_of(attributes: &Value) -> Option<Id> {
        let text = |name| attributes.get(name).and_then(Value::to_text);
        Some(format!("{}/{}", text("role")?, text("policy_arn")?))
    }

    async fn create(iam: &Iam, req: Create<'_, RolePolicyAttachmentArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let attach = iam.client.attach_role_policy().role_name(&args.role).policy_arn(&args.policy_arn);
        iam.call("AttachRolePolicy", attach.send()).await?;
        let seen = seen(&args.role, &args.policy_arn);
        Ok(Created::seen(seen.outputs.id.clone(), seen))
    }

    async fn read(iam: &Iam, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let roles: BTreeSet<&str> = ids.iter().filter_map(|id| pair(id)).map(|(role, _)| role).collect();
        let asked = roles.into_iter().map(|role| async move {
            Ok::<_, CloudError>((key(role), Told::Attached(attached(iam, role).await?)))
        });
        let attached: BTreeMap<_, _> = try_join_all(asked).await?.into_iter().collect();
        Ok(ids.iter().map(|id| attached_to(&attached, id)).collect())
    }

    async fn refresh(iam: &Iam, known: &[Known<'_>]) -> Result<Vec<Option<Seen<Self>>>> {
        let roles = known.iter().filter_map(|known| pair(known.id)).map(|(role, _)| key(role));
        let listed = listed(iam, roles).await;
        let mut seen: Vec<_> = known.iter().map(|known| attached_to(&listed, known.id)).collect();
        let left: Vec<usize> = (0..known.len()).filter(|at| seen[*at].is_none()).collect();
        let ids: Vec<Id> = left.iter().map(|at| known[*at].id.to_owned()).collect();
        for (at, found) in left.into_iter().zip(Self::read(iam, &ids).await?) {
            seen[at] = found;
        }
        Ok(seen)
    }

    async fn update(_: &Iam, _: Update<'_, Self>) -> Result<()> {
        Err(CloudError::bug("an attachment has nothing that can change"))
    }

    async fn delete(iam: &Iam, req: Delete<'_, Self>) -> Result<()> {
        let (role, policy) = pair(req.id).unwrap_or((&req.args.role, &req.args.policy_arn));
        let detach = iam.client.detach_role_policy().role_name(role).policy_arn(policy);
        iam.call("DetachRolePolicy", detach.send()).await?;
        Ok(())
    }

    async fn find(iam: &Iam, req: Find<'_, RolePolicyAttachmentArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let found = attached(iam, &args.role).await?.contains(&args.policy_arn);
        Ok(found.then(|| seen(&args.role, &args.policy_arn).outputs.id))
    }
}

/// The attachments of a role, as they are asked for.
fn key(role: &str) -> Key {
    (role.to_owned(), Part::Attached)
}

/// ARNs of the policies that are attached to a role; none if there is no such role.
async fn attached(iam: &Iam, role: &str) -> Result<Vec<String>> {
    let list = async || {
        let request = iam.client.list_attached_role_policies().role_name(role);
        Ok(pages!(iam, "ListAttachedRolePolicies", request, attached_policies))
    };
    let policies = unless_missing(list().await)?.unwrap_or_default();
    Ok(policies.into_iter().filter_map(|policy| policy.policy_arn).collect())
}

/// The attachment of this id, if it is among those of its role.
fn attached_to(told: &BTreeMap<Key, Told>, id: &str) -> Option<Seen<RolePolicyAttachment>> {
    let (role, policy) = pair(id)?;
    let Told::Attached(arns) = told.get(&key(role))? else { return None };
    arns.iter().any(|arn| arn == policy).then(|| seen(role, policy))
}

/// The role and the policy of an id. A role's name has no slash.
fn pair(id: &str) -> Option<(&str, &str)> {
    id.split_once('/')
}

fn seen(role: &str, policy: &str) -> Seen<RolePolicyAttachment> {
    Seen {
        status: Status::Ready,
        args: RolePolicyAttachmentArgs { role: role.to_owned(), policy_arn: policy.to_owned() },
        outputs: RolePolicyAttachmentOutputs { id: format!("{role}/{policy}") },
    }
}

#[cfg(test)]
mod tests {
    use stackr_core::Block as _;

    use super::*;

    #[test]
    fn the_id_is_taken_apart_at_the_roles_end() {
        let seen = seen("r", "arn:aws:iam::aws:policy/service-role/P");
        assert_eq!(pair(&seen.outputs.id), Some(("r", "arn:aws:iam::aws:policy/service-role/P")));
    }

    #[test]
    fn everything_forces_replacement() {
        assert!(RolePolicyAttachmentArgs::fields().iter().all(|f| f.replace));
    }
}
