//! What several types need to know of a role: itself, its inline policies, what is attached to it.
//!
//! Facts about the API that shape this file:
//! - a role, an inline policy, the attachments of a role are a call each;
//! - `GetAccountAuthorizationDetails` tells all of them, of all roles of the account, without descriptions and the length of
//!   sessions; `ListRoles` tells these, without tags and boundaries. Each page holds up to 1000 roles;
//! - an account may have thousands of roles, and not everybody may list them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{EntityType, Role, RoleDetail};
use futures::future::try_join_all;
use stackr_core::{CloudError, ErrorKind, Result};

use super::{Iam, decode, pages, unless_missing};
use crate::{gather::Source, service::onward};

/// From this many questions on, the lists are read: fewer are answered sooner one by one.
const MANY: usize = 16;

/// The most roles of a page.
const PAGE: i32 = 1000;

/// A part of a role that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The role itself.
    Itself,
    /// The inline policy of this name.
    Policy(String),
    /// What is attached to it.
    Attached,
}

/// What is told of a part.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    /// The role.
    Itself(Box<Role>),
    /// The document of an inline policy.
    Policy(String),
    /// The ARNs of the attached policies.
    Attached(Vec<String>),
}

/// A role's name and a part of it.
pub(super) type Key = (String, Part);

/// Parts of roles. What is not there is left out.
pub(super) async fn parts(iam: &Iam, keys: impl IntoIterator<Item = Key>) -> Result<BTreeMap<Key, Told>> {
    iam.gather::<Parts>(keys).await
}

struct Parts;

impl Source for Parts {
    type Client = aws_sdk_iam::Client;
    type Key = Key;
    type Answer = Told;

    async fn ask(iam: &Iam, keys: BTreeSet<Key>) -> Result<BTreeMap<Key, Told>> {
        let mut told = match keys.len() {
            many if many >= MANY => listed(iam, &keys).await?,
            _ => BTreeMap::new(),
        };
        // What the lists do not have may have been made moments ago.
        let left = keys.into_iter().filter(|key| !told.contains_key(key)).collect::<Vec<_>>();
        let left = try_join_all(left.into_iter().map(|key| async {
            let one = single(iam, &key).await?;
            Ok::<_, CloudError>(one.map(|one| (key, one)))
        }));
        told.extend(left.await?.into_iter().flatten());
        Ok(told)
    }
}

/// One part, by its own call.
async fn single(iam: &Iam, (role, part): &Key) -> Result<Option<Told>> {
    match part {
        Part::Itself => {
            let request = iam.client.get_role().role_name(role);
            let found = unless_missing(iam.call("GetRole", request.send()).await)?;
            Ok(found.and_then(|found| found.role).map(|role| Told::Itself(Box::new(role))))
        }
        Part::Policy(name) => {
            let request = iam.client.get_role_policy().role_name(role).policy_name(name);
            let found = unless_missing(iam.call("GetRolePolicy", request.send()).await)?;
            Ok(found.map(|found| Told::Policy(decode(found.policy_document()))))
        }
        Part::Attached => {
            let list = async || {
                let request = iam.client.list_attached_role_policies().role_name(role);
                Ok(pages!(iam, "ListAttachedRolePolicies", request, attached_policies))
            };
            let policies = unless_missing(list().await)?.unwrap_or_default();
            Ok(Some(Told::Attached(policies.into_iter().filter_map(|policy| policy.policy_arn).collect())))
        }
    }
}

/// What the lists tell of these parts; nothing where they may not be read. Far longer lists than there are questions are
/// left before their end.
async fn listed(iam: &Iam, keys: &BTreeSet<Key>) -> Result<BTreeMap<Key, Told>> {
    let most = keys.len() / 4;
    let themselves = keys.iter().any(|(_, part)| *part == Part::Itself);
    let lists = async {
        futures::try_join!(details(iam, most), async {
            if themselves { listed_roles(iam, most).await } else { Ok(BTreeMap::new()) }
        })
    };
    let (details, roles) = match lists.await {
        Err(error) if error.kind() == ErrorKind::Throttled || error.kind() == ErrorKind::Transient => {
            return Err(error);
        }
        lists => lists.unwrap_or_default(),
    };
    let told = |key: &Key| {
        let detail = details.get(&key.0)?;
        Some((key.clone(), of_detail(detail, roles.get(&key.0), &key.1)?))
    };
    Ok(keys.iter().filter_map(told).collect())
}

/// A part of a role, from what the two lists tell of it.
fn of_detail(detail: &RoleDetail, listed: Option<&Role>, part: &Part) -> Option<Told> {
    match part {
        Part::Itself => {
            let mut role = listed?.clone();
            role.max_session_duration?;
            role.assume_role_policy_document = detail.assume_role_policy_document.clone();
            role.permissions_boundary = detail.permissions_boundary.clone();
            role.tags = detail.tags.clone();
            (detail.role_id() == Some(role.role_id())).then(|| Told::Itself(Box::new(role)))
        }
        Part::Policy(name) => {
            let policy =
                detail.role_policy_list().iter().find(|policy| policy.policy_name() == Some(name))?;
            Some(Told::Policy(decode(policy.policy_document()?)))
        }
        Part::Attached => {
            let policies = detail.attached_managed_policies().iter();
            Some(Told::Attached(policies.filter_map(|policy| policy.policy_arn.clone()).collect()))
        }
    }
}

/// So many pages of what is told of the account's roles.
async fn details(iam: &Iam, most: usize) -> Result<BTreeMap<String, RoleDetail>> {
    let (mut all, mut marker) = (BTreeMap::new(), None);
    for _ in 0..most {
        let request = iam.client.get_account_authorization_details().filter(EntityType::Role);
        let request = request.max_items(PAGE).set_marker(marker.clone());
        let page = iam.call("GetAccountAuthorizationDetails", request.send()).await?;
        let next = page.marker.filter(|_| page.is_truncated);
        all.extend(page.role_detail_list.unwrap_or_default().into_iter().filter_map(|role| {
            let name = role.role_name.clone()?;
            Some((name, role))
        }));
        marker = onward(marker, next)?;
        if marker.is_none() {
            break;
        }
    }
    Ok(all)
}

/// So many pages of the list of the account's roles.
async fn listed_roles(iam: &Iam, most: usize) -> Result<BTreeMap<String, Role>> {
    let (mut all, mut marker) = (BTreeMap::new(), None);
    for _ in 0..most {
        let request = iam.client.list_roles().max_items(PAGE).set_marker(marker.clone());
        let page = iam.call("ListRoles", request.send()).await?;
        let next = page.marker.filter(|_| page.is_truncated);
        all.extend(page.roles.into_iter().map(|role| (role.role_name.clone(), role)));
        marker = onward(marker, next)?;
        if marker.is_none() {
            break;
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::types::{AttachedPolicy, PolicyDetail, Tag};
    use aws_smithy_types::DateTime;

    use super::*;

    fn role() -> Role {
        let role = Role::builder().role_name("r").role_id("AROA").arn("arn:r").path("/");
        role.create_date(DateTime::from_secs(0)).description("d").max_session_duration(7200).build().unwrap()
    }

    fn detail() -> RoleDetail {
        RoleDetail::builder()
            .role_name("r")
            .role_id("AROA")
            .assume_role_policy_document("%7B%7D")
            .tags(Tag::builder().key("k").value("v").build().unwrap())
            .role_policy_list(PolicyDetail::builder().policy_name("p").policy_document("%7B%7D").build())
            .attached_managed_policies(AttachedPolicy::builder().policy_arn("arn:p").build())
            .build()
    }

    #[test]
    fn the_two_lists_together_tell_all_of_a_role() {
        let Some(Told::Itself(whole)) = of_detail(&detail(), Some(&role()), &Part::Itself) else {
            panic!("nothing is told");
        };
        assert_eq!((whole.description(), whole.max_session_duration()), (Some("d"), Some(7200)));
        assert_eq!((whole.tags().len(), whole.assume_role_policy_document()), (1, Some("%7B%7D")));
        let policy = of_detail(&detail(), None, &Part::Policy("p".into()));
        assert_eq!(policy, Some(Told::Policy("{}".into())));
        let attached = of_detail(&detail(), None, &Part::Attached);
        assert_eq!(attached, Some(Told::Attached(vec!["arn:p".into()])));
    }

    #[test]
    fn what_the_lists_do_not_tell_wholly_is_asked_for() {
        assert_eq!(of_detail(&detail(), None, &Part::Itself), None);
        assert_eq!(of_detail(&detail(), None, &Part::Policy("q".into())), None);
        let mut short = role();
        short.max_session_duration = None;
        assert_eq!(of_detail(&detail(), Some(&short), &Part::Itself), None);
        let mut other = role();
        other.role_id = "AROB".into();
        assert_eq!(of_detail(&detail(), Some(&other), &Part::Itself), None);
    }
}
