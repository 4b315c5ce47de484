//! What two lists tell of many roles: themselves, their inline policies, what is attached to them.
//!
//! Facts about the API that shape this file:
//! - a role, an inline policy, the attachments of a role are a call each;
//! - `GetAccountAuthorizationDetails` tells all of them, of all roles of the account, without descriptions and the length of
//!   sessions; `ListRoles` tells these, without tags and boundaries. Each page holds up to 1000 roles;
//! - an account may have thousands of roles, not everybody may list them, and lists are late: they only confirm what is
//!   recorded.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{EntityType, Role, RoleDetail};
use stackr_core::Result;

use super::{Iam, decode};
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

/// What two lists tell of parts of roles, where many are asked for at once. It may be late, and nothing may be told.
pub(super) async fn listed(iam: &Iam, keys: impl IntoIterator<Item = Key>) -> BTreeMap<Key, Told> {
    iam.gather::<Lists>(keys).await.unwrap_or_default()
}

struct Lists;

impl Source for Lists {
    type Client = aws_sdk_iam::Client;
    type Key = Key;
    type Answer = Told;

    async fn ask(iam: &Iam, keys: BTreeSet<Key>) -> Result<BTreeMap<Key, Told>> {
        if keys.len() < MANY {
            return Ok(BTreeMap::new());
        }
        // Far longer lists than there are questions are left before their end.
        let most = keys.len() / 4;
        let themselves = keys.iter().any(|(_, part)| *part == Part::Itself);
        let (details, roles) = futures::join!(details(iam, most), async {
            if themselves { roles(iam, most).await } else { BTreeMap::new() }
        });
        let told = |key: Key| {
            let told = of_detail(details.get(&key.0)?, roles.get(&key.0), &key.1)?;
            Some((key, told))
        };
        Ok(keys.into_iter().filter_map(told).collect())
    }
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

/// The first pages of a list, as far as they can be had: `first_pages!(iam, most, "ListRoles", request, roles)`.
macro_rules! first_pages {
    ($iam:expr, $most:expr, $operation:literal, $request:expr, $items:ident) => {{
        let request = $request.max_items(PAGE);
        let (mut items, mut marker) = (Vec::new(), None);
        for _ in 0..$most {
            let page = $iam.call($operation, request.clone().set_marker(marker.clone()).send()).await;
            let Ok(page) = page else { break };
            items.extend(page.$items().to_vec());
            let next = page.marker.filter(|_| page.is_truncated);
            match onward(marker, next) {
                Ok(Some(next)) => marker = Some(next),
                _ => break,
            }
        }
        items
    }};
}

/// What is told of the account's roles, by their names.
async fn details(iam: &Iam, most: usize) -> BTreeMap<String, RoleDetail> {
    let request = iam.client.get_account_authorization_details().filter(EntityType::Role);
    let details = first_pages!(iam, most, "GetAccountAuthorizationDetails", request, role_detail_list);
    details.into_iter().filter_map(|role| Some((role.role_name.clone()?, role))).collect()
}

/// The account's roles as they are listed, by their names.
async fn roles(iam: &Iam, most: usize) -> BTreeMap<String, Role> {
    let roles = first_pages!(iam, most, "ListRoles", iam.client.list_roles(), roles);
    roles.into_iter().map(|role| (role.role_name.clone(), role)).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::types::{AttachedPolicy, PolicyDetail, Tag};
    use aws_smithy_types::DateTime;

    use super::*;
    use crate::{service::testing::service, wire::Wire};

    #[tokio::test]
    async fn who_may_not_list_is_told_nothing_and_a_few_are_not_listed() {
        let denied =
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        let wire = Wire::new([(403, denied), (403, denied)]);
        let iam = service("iam", aws_sdk_iam::Client::new(&wire.config()));
        let keys = |most: usize| (0..most).map(|n| (format!("r{n}"), Part::Itself));
        assert!(listed(&iam, keys(MANY - 1)).await.is_empty());
        assert_eq!(wire.asked().len(), 0);
        assert!(listed(&iam, keys(MANY)).await.is_empty());
        assert_eq!(wire.asked().len(), 2);
    }

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
