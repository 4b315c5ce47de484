//! IAM role policy: permissions written into a role.
//!
//! Facts about the API that shape this file:
//! - it is known by role and name, and putting it overwrites what is there.

use futures::future::try_join_all;
use stackr_core::{
    Args, CloudError, Create, Created, Delete, ErrorKind, Find, Id, Kind, Known, Outputs, Policy, Resource,
    Result, Seen, Status, Update, Waits, equal,
};

use super::{
    Iam, decode, name,
    parts::{Key, Part, Told, listed},
    unless_missing,
};

/// An IAM role policy.
pub struct RolePolicy;

/// An IAM role policy: permissions written into a role.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RolePolicyArgs {
    /// The role's name.
    #[arg(replace)]
    pub role: String,
    /// Its name; made up if absent.
    #[arg(replace, computed)]
    pub name: Option<String>,
    /// What a made-up name begins with.
    #[arg(replace, computed, unread)]
    pub name_prefix: Option<String>,
    /// What it allows and denies.
    pub policy: Policy,
}

/// What identifies a role policy.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RolePolicyOutputs {
    /// `role:name`.
    pub id: String,
}

impl Resource for RolePolicy {
    const TYPE: &'static str = "aws_iam_role_policy";
    const WAITS: Waits = Waits::INSTANT;
    const PROMPT: bool = true;
    type Cloud = Iam;
    type Args = RolePolicyArgs;
    type Outputs = RolePolicyOutputs;

    async fn create(iam: &Iam, req: Create<'_, RolePolicyArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let name = wanted_name(args, req.token);
        let id = format!("{}:{name}", args.role);
        match one(iam, &id).await? {
            Some(there) if same(&args.policy, &there.args.policy) => return Ok(Created::seen(id, there)),
            Some(_) => {
                let message = format!("the role {} has another policy named {name} already", args.role);
                return Err(CloudError::new(ErrorKind::Exists, "iam:PutRolePolicy", message));
            }
            None => put(iam, &args.role, &name, &args.policy).await?,
        }
        Ok(Created::seen(id, seen(&args.role, &name, args.policy.clone())))
    }

    async fn read(iam: &Iam, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        try_join_all(ids.iter().map(|id| one(iam, id))).await
    }

    async fn refresh(iam: &Iam, known: &[Known<'_>]) -> Result<Vec<Option<Seen<Self>>>> {
        let listed = listed(iam, known.iter().filter_map(|known| key(known.id))).await;
        try_join_all(known.iter().map(|known| async {
            let told = key(known.id).and_then(|key| listed.get(&key));
            match told.and_then(|told| told_of(known.id, told)) {
                Some(seen) if known.is(&seen) => Ok(Some(seen)),
                _ => one(iam, known.id).await,
            }
        }))
        .await
    }

    async fn update(iam: &Iam, req: Update<'_, Self>) -> Result<()> {
        let name = req.seen.args.name.as_deref().unwrap_or_default();
        put(iam, &req.seen.args.role, name, &req.want.policy).await
    }

    async fn delete(iam: &Iam, req: Delete<'_, Self>) -> Result<()> {
        let (role, name) = req.id.split_once(':').unwrap_or((&req.args.role, req.id));
        let delete = iam.client.delete_role_policy().role_name(role).policy_name(name);
        iam.call("DeleteRolePolicy", delete.send()).await?;
        Ok(())
    }

    async fn find(iam: &Iam, req: Find<'_, RolePolicyArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let name = wanted_name(args, req.uid);
        let id = format!("{}:{name}", args.role);
        let ours = one(iam, &id).await?.filter(|there| same(&args.policy, &there.args.policy));
        Ok(ours.map(|_| id))
    }
}

fn wanted_name(args: &RolePolicyArgs, uid: &str) -> String {
    name(args.name.as_deref(), args.name_prefix.as_deref(), uid)
}

fn same(a: &Policy, b: &Policy) -> bool {
    equal(&Kind::Policy, &(**a).into(), &(**b).into())
}

async fn put(iam: &Iam, role: &str, name: &str, policy: &Policy) -> Result<()> {
    let put = iam.client.put_role_policy().role_name(role).policy_name(name).policy_document(&**policy);
    iam.call("PutRolePolicy", put.send()).await?;
    Ok(())
}

/// The role and the policy of an id, as they are asked for.
fn key(id: &str) -> Option<Key> {
    let (role, name) = id.split_once(':')?;
    Some((role.to_owned(), Part::Policy(name.to_owned())))
}

async fn one(iam: &Iam, id: &str) -> Result<Option<Seen<RolePolicy>>> {
    let Some((role, name)) = id.split_once(':') else { return Ok(None) };
    let request = iam.client.get_role_policy().role_name(role).policy_name(name);
    let found = unless_missing(iam.call("GetRolePolicy", request.send()).await)?;
    Ok(found.map(|found| seen(role, name, decode(found.policy_document()).into())))
}

fn told_of(id: &str, told: &Told) -> Option<Seen<RolePolicy>> {
    let ((role, name), Told::Policy(document)) = (id.split_once(':')?, told) else { return None };
    Some(seen(role, name, document.as_str().into()))
}

/// What AWS says about one policy, in our words.
fn seen(role: &str, name: &str, policy: Policy) -> Seen<RolePolicy> {
    Seen {
        status: Status::Ready,
        args: RolePolicyArgs {
            role: role.to_owned(),
            name: Some(name.to_owned()),
            name_prefix: None,
            policy,
        },
        outputs: RolePolicyOutputs { id: format!("{role}:{name}") },
    }
}

#[cfg(test)]
mod tests {
    use stackr_core::Block as _;

    use super::*;

    #[test]
    fn the_id_is_role_and_name() {
        assert_eq!(seen("r", "p", "{}".into()).outputs.id, "r:p");
    }

    #[test]
    fn everything_but_the_document_forces_replacement() {
        let kept = RolePolicyArgs::fields().iter().filter(|f| !f.replace).map(|f| f.name);
        assert_eq!(kept.collect::<Vec<_>>(), ["policy"]);
    }
}
