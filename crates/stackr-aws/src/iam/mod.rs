//! IAM: roles, policies and identity providers, and what their files share.
//!
//! Facts that shape these helpers:
//! - documents come back percent-encoded (RFC 3986), and the SDK does not decode them;
//! - lists leave out tags and more, so objects are read by a call each; many roles are read by two lists (`parts.rs`);
//! - each type has tag calls of its own;
//! - names are unique in the account whatever their path, and case does not tell two apart.

mod openid_connect_provider;
mod parts;
mod policy;
mod policy_document;
mod policy_text;
mod role;
mod role_lookup;
mod role_policy;
mod role_policy_attachment;

use aws_sdk_iam::types::Tag;
use aws_smithy_types::date_time::{DateTime, Format};
use percent_encoding::percent_decode_str;
use stackr_core::{CloudError, ErrorKind, Registry, Result, Tags};

use crate::{Service, tags};

pub use openid_connect_provider::*;
pub use policy::*;
pub use policy_document::*;
pub use role::*;
pub use role_lookup::*;
pub use role_policy::*;
pub use role_policy_attachment::*;

/// The IAM client.
pub type Iam = Service<aws_sdk_iam::Client>;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry
        .with::<Role>()
        .with::<Policy>()
        .with::<RolePolicy>()
        .with::<RolePolicyAttachment>()
        .with::<OpenIdConnectProvider>()
        .with_lookup::<PolicyDocument>()
        .with_lookup::<RoleLookup>()
}

/// A document as it was written.
fn decode(document: &str) -> String {
    percent_decode_str(document).decode_utf8_lossy().into_owned()
}

/// The name that is wanted, or one made of the prefix and the uid.
fn name(name: Option<&str>, prefix: Option<&str>, uid: &str) -> String {
    let made_up = || {
        let unique: String = uid.chars().take(26).collect();
        format!("{}{unique}", prefix.unwrap_or("stackr-"))
    };
    name.map_or_else(made_up, str::to_owned)
}

/// A moment as text: `2026-01-31T12:00:00Z`.
fn moment(at: &DateTime) -> String {
    DateTime::from_secs(at.secs()).fmt(Format::DateTime).unwrap_or_default()
}

/// Nothing, where AWS says that there is nothing.
fn unless_missing<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
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

/// The user's tags of an object.
fn read_tags(tags: &[Tag]) -> Tags {
    tags::users(tags.iter().map(|t| (t.key(), t.value())))
}

/// Whether an object was made for this uid.
fn is_ours(tags: &[Tag], uid: &str) -> bool {
    tags.iter().any(|t| t.key() == tags::UID && t.value() == uid)
}

/// Makes the tags of an object what is wanted, with the two calls of its type:
/// `sync_tags!(iam, req, "UntagRole" untag_role, "TagRole" tag_role, role_name)`.
macro_rules! sync_tags {
    ($iam:expr, $req:expr, $untag_name:literal $untag:ident, $tag_name:literal $tag:ident, $id:ident) => {{
        let $crate::tags::Change { set, remove } =
            $crate::tags::change(&$req.seen.args.tags, &$req.want.tags);
        if !remove.is_empty() {
            let untag = $iam.client.$untag().$id($req.id).set_tag_keys(Some(remove));
            $iam.call($untag_name, untag.send()).await?;
        }
        if !set.is_empty() {
            let tag = $iam.client.$tag().$id($req.id).set_tags($crate::iam::write_tags(&set)?);
            $iam.call($tag_name, tag.send()).await?;
        }
    }};
}
use sync_tags;

/// Collects the pages of a list that takes a marker: `pages!(iam, "ListRolePolicies", request,
/// policy_names)`.
macro_rules! pages {
    ($iam:expr, $operation:literal, $request:expr, $items:ident) => {{
        let request = $request;
        let mut items = Vec::new();
        let mut marker = None;
        loop {
            let page = $iam.call($operation, request.clone().set_marker(marker.clone()).send()).await?;
            let next = page.marker().filter(|_| page.is_truncated()).map(str::to_owned);
            marker = $crate::service::onward(marker, next)?;
            items.extend(page.$items().to_vec());
            if marker.is_none() {
                break items;
            }
        }
    }};
}
use pages;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded() {
        assert_eq!(decode("%7B%22Version%22%3A%222012-10-17%22%7D"), r#"{"Version":"2012-10-17"}"#);
        assert_eq!(decode(r#"{"a":"b c"}"#), r#"{"a":"b c"}"#);
    }

    #[test]
    fn a_name_is_made_of_prefix_and_uid_and_is_the_same_again() {
        let uid = "0123456789abcdef0123456789abcdef";
        assert_eq!(name(Some("a"), Some("p-"), uid), "a");
        assert_eq!(name(None, Some("p-"), uid), "p-0123456789abcdef0123456789");
        assert_eq!(name(None, None, uid), "stackr-0123456789abcdef0123456789");
    }

    #[test]
    fn moments_have_no_fractions() {
        assert_eq!(moment(&DateTime::from_fractional_secs(0, 0.5)), "1970-01-01T00:00:00Z");
    }
}
