//! IAM role: permissions that a service or a person can take on.
//!
//! Facts about the API that shape this file:
//! - a principal made moments ago is refused as malformed for some seconds;
//! - a role cannot be deleted while it has policies or is in an instance profile; what this stack did not
//!   attach is removed only if asked for;
//! - a role made again under the same name has another unique id, and policies that named the old one do not
//!   mean it.

use aws_sdk_iam::types::Role as Described;
use futures::future::try_join_all;
use stackr_core::{
    Args, CloudError, Create, Created, Delete, Find, Id, Known, Outputs, Policy, Resource, Result, Seen,
    Status, Tags, Update, Waits, need,
};

use super::{
    Iam, decode, is_ours, moment, name, pages,
    parts::{Part, Told, listed},
    read_tags, sync_tags, unless_missing, write_tags,
};

/// An IAM role.
pub struct Role;

/// An IAM role: permissions that a service or a person can take on.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RoleArgs {
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
    pub description: Option<String>,
    /// Who may take it on.
    pub assume_role_policy: Policy,
    /// Seconds that a session may last, 3600 to 43200.
    #[arg(default = 3600)]
    pub max_session_duration: i32,
    /// ARN of the policy that bounds what it may do.
    pub permissions_boundary: Option<String>,
    /// Detach and delete its policies before it is deleted, whoever attached them.
    #[arg(local, default = false)]
    pub force_detach_policies: bool,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives a role.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RoleOutputs {
    /// Its name.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its unique id: `AROA…`.
    pub unique_id: String,
    /// When it was made.
    pub create_date: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for Role {
    const TYPE: &'static str = "aws_iam_role";
    const WAITS: Waits = Waits::INSTANT;
    type Cloud = Iam;
    type Args = RoleArgs;
    type Outputs = RoleOutputs;

    async fn create(iam: &Iam, req: Create<'_, RoleArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let create = iam
            .client
            .create_role()
            .role_name(wanted_name(args, req.token))
            .path(&args.path)
            .set_description(args.description.clone())
            .assume_role_policy_document(&*args.assume_role_policy)
            .max_session_duration(args.max_session_duration)
            .set_permissions_boundary(args.permissions_boundary.clone())
            .set_tags(write_tags(&args.tags)?);
        let made = iam.call("CreateRole", create.send()).await?;
        let made = made.role().ok_or_else(|| CloudError::bug("the answer has no Role"))?;
        // The answer has what AWS gives the role, and not all that it was asked for.
        let mut whole = made.clone();
        whole.description = args.description.clone();
        whole.max_session_duration = Some(args.max_session_duration);
        whole.tags = write_tags(&args.tags)?;
        let mut seen = seen(&whole)?;
        seen.args.assume_role_policy = args.assume_role_policy.clone();
        seen.args.permissions_boundary = args.permissions_boundary.clone().filter(|b| !b.is_empty());
        Ok(Created::seen(made.role_name(), seen))
    }

    async fn read(iam: &Iam, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        try_join_all(ids.iter().map(|id| async {
            let found = get(iam, id).await?;
            found.as_ref().map(seen).transpose()
        }))
        .await
    }

    async fn refresh(iam: &Iam, known: &[Known<'_>]) -> Result<Vec<Option<Seen<Self>>>> {
        let key = |known: &Known<'_>| (known.id.to_owned(), Part::Itself);
        let listed = listed(iam, known.iter().map(key)).await;
        try_join_all(known.iter().map(|known| async {
            if let Some(Told::Itself(role)) = listed.get(&key(known)) {
                let seen = seen(role)?;
                if known.is(&seen) {
                    return Ok(Some(seen));
                }
            }
            let found = get(iam, known.id).await?;
            found.as_ref().map(seen).transpose()
        }))
        .await
    }

    async fn update(iam: &Iam, req: Update<'_, Self>) -> Result<()> {
        let (want, client) = (req.want, &iam.client);
        if req.changes(&["assume_role_policy"]) {
            let update = client.update_assume_role_policy().role_name(req.id);
            let update = update.policy_document(&*want.assume_role_policy);
            iam.call("UpdateAssumeRolePolicy", update.send()).await?;
        }
        if req.changes(&["description", "max_session_duration"]) {
            // What is left out is reset, so both are sent.
            let update = client
                .update_role()
                .role_name(req.id)
                .description(want.description.clone().unwrap_or_default())
                .max_session_duration(want.max_session_duration);
            iam.call("UpdateRole", update.send()).await?;
        }
        if req.changes(&["permissions_boundary"]) {
            if let Some(boundary) = &want.permissions_boundary {
                let put = client.put_role_permissions_boundary().role_name(req.id);
                let put = put.permissions_boundary(boundary);
                iam.call("PutRolePermissionsBoundary", put.send()).await?;
            } else {
                let delete = client.delete_role_permissions_boundary().role_name(req.id);
                iam.call("DeleteRolePermissionsBoundary", delete.send()).await?;
            }
        }
        sync_tags!(iam, req, "UntagRole" untag_role, "TagRole" tag_role, role_name);
        Ok(())
    }

    async fn delete(iam: &Iam, req: Delete<'_, Self>) -> Result<()> {
        if req.args.force_detach_policies {
            release(iam, req.id).await?;
        }
        iam.call("DeleteRole", iam.client.delete_role().role_name(req.id).send()).await?;
        Ok(())
    }

    async fn find(iam: &Iam, req: Find<'_, RoleArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let name = wanted_name(args, req.uid);
        let found = get(iam, &name).await?;
        Ok(found.filter(|role| is_ours(role.tags(), req.uid)).map(|_| name))
    }
}

fn wanted_name(args: &RoleArgs, uid: &str) -> String {
    name(args.name.as_deref(), args.name_prefix.as_deref(), uid)
}

async fn get(iam: &Iam, name: &str) -> Result<Option<Described>> {
    let found = unless_missing(iam.call("GetRole", iam.client.get_role().role_name(name).send()).await)?;
    Ok(found.and_then(|found| found.role))
}

/// Takes away everything that keeps a role from being deleted.
async fn release(iam: &Iam, role: &str) -> Result<()> {
    let client = &iam.client;
    let profiles = client.list_instance_profiles_for_role().role_name(role);
    let profiles = pages!(iam, "ListInstanceProfilesForRole", profiles, instance_profiles);
    let profiles = profiles.iter().map(|profile| {
        let remove = client.remove_role_from_instance_profile().role_name(role);
        let remove = remove.instance_profile_name(profile.instance_profile_name());
        iam.call("RemoveRoleFromInstanceProfile", remove.send())
    });
    try_join_all(profiles).await?;
    let attached = client.list_attached_role_policies().role_name(role);
    let attached = pages!(iam, "ListAttachedRolePolicies", attached, attached_policies);
    let attached = attached.iter().filter_map(|policy| policy.policy_arn()).map(|arn| {
        iam.call("DetachRolePolicy", client.detach_role_policy().role_name(role).policy_arn(arn).send())
    });
    try_join_all(attached).await?;
    let inline = client.list_role_policies().role_name(role);
    let inline = pages!(iam, "ListRolePolicies", inline, policy_names);
    let inline = inline.iter().map(|policy| {
        iam.call("DeleteRolePolicy", client.delete_role_policy().role_name(role).policy_name(policy).send())
    });
    try_join_all(inline).await?;
    Ok(())
}

/// What AWS says about one role, in our words.
fn seen(role: &Described) -> Result<Seen<Role>> {
    let tags = read_tags(role.tags());
    let boundary = role.permissions_boundary().and_then(|b| b.permissions_boundary_arn());
    Ok(Seen {
        status: Status::Ready,
        args: RoleArgs {
            name: Some(role.role_name().to_owned()),
            name_prefix: None,
            path: role.path().to_owned(),
            description: role.description().filter(|d| !d.is_empty()).map(str::to_owned),
            assume_role_policy: decode(&need(
                role.assume_role_policy_document(),
                "AssumeRolePolicyDocument",
            )?)
            .into(),
            max_session_duration: role.max_session_duration().unwrap_or(3600),
            permissions_boundary: boundary.map(str::to_owned),
            force_detach_policies: false,
            tags: tags.clone(),
        },
        outputs: RoleOutputs {
            id: role.role_name().to_owned(),
            arn: role.arn().to_owned(),
            unique_id: role.role_id().to_owned(),
            create_date: moment(role.create_date()),
            tags_all: tags,
        },
    })
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;
    use stackr_core::Block as _;

    use super::*;
    use crate::{service::testing::service, tags, wire::Wire};

    const ROLE: &str = "<Path>/</Path><RoleName>r</RoleName><RoleId>AROA</RoleId><Arn>arn:r</Arn>\
        <CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>\
        <Tags><member><Key>k</Key><Value>v</Value></member></Tags>";

    #[tokio::test]
    async fn what_a_create_gives_is_what_a_read_will() {
        let made = format!(
            "<CreateRoleResponse><CreateRoleResult><Role>{ROLE}</Role></CreateRoleResult></CreateRoleResponse>"
        );
        let read = format!(
            "<GetRoleResponse><GetRoleResult><Role>{ROLE}<Description></Description>\
             <MaxSessionDuration>7200</MaxSessionDuration></Role></GetRoleResult></GetRoleResponse>"
        );
        let wire = Wire::new([(200, made.as_str()), (200, read.as_str())]);
        let iam = service("iam", aws_sdk_iam::Client::new(&wire.config()));
        let tags = Tags::from([("k".into(), "v".into()), (tags::UID.into(), "u".into())]);
        let args = RoleArgs {
            name: Some("r".into()),
            name_prefix: None,
            path: "/".into(),
            description: Some(String::new()),
            assume_role_policy: "{}".into(),
            max_session_duration: 7200,
            permissions_boundary: Some(String::new()),
            force_detach_policies: false,
            tags,
        };
        let made = Role::create(&iam, Create { args: &args, token: "u" }).await.unwrap().seen.unwrap();
        let read = Role::read(&iam, &["r".into()]).await.unwrap().pop().flatten().unwrap();
        assert_eq!((made.args, made.outputs), (read.args, read.outputs));
    }

    #[test]
    fn an_empty_description_is_none_and_the_document_is_decoded() {
        let role = Described::builder()
            .role_name("r")
            .role_id("AROA")
            .arn("arn:r")
            .path("/")
            .create_date(DateTime::from_secs(0))
            .description("")
            .assume_role_policy_document("%7B%7D")
            .build()
            .unwrap();
        let seen = seen(&role).unwrap();
        assert_eq!(seen.args.description, None);
        assert_eq!(seen.args.assume_role_policy, "{}".into());
        assert_eq!(seen.args.max_session_duration, 3600);
        assert_eq!(seen.outputs.create_date, "1970-01-01T00:00:00Z");
    }

    #[test]
    fn name_and_path_force_replacement() {
        let replace = RoleArgs::fields().iter().filter(|f| f.replace).map(|f| f.name);
        assert_eq!(replace.collect::<Vec<_>>(), ["name", "name_prefix", "path"]);
    }
}
