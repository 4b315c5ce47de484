//! Cloud Map: names by which services find each other.
//!
//! Facts that shape these helpers:
//! - creating, changing and deleting a namespace are operations that go on after the answer;
//! - tags are a call of their own, by ARN, unless the tagging API confirms what is recorded;
//! - the creator request id stays readable on every object, so it finds what a lost create left behind.

mod private_dns_namespace;
mod service;

use aws_sdk_servicediscovery::types::Tag;
use aws_smithy_types::error::operation::BuildError;
use stackr_core::{CloudError, ErrorKind, Registry, Result, Tags};

use crate::{Service, tags};

pub use private_dns_namespace::*;
pub use service::*;

/// The Cloud Map client.
pub type CloudMap = Service<aws_sdk_servicediscovery::Client>;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry.with::<PrivateDnsNamespace>().with::<DiscoveryService>()
}

/// Collects the pages of a `List…` call: `pages!(map, "ListServices", request, services)`.
macro_rules! pages {
    ($map:expr, $operation:literal, $request:expr, $items:ident) => {{
        let request = $request;
        let mut items = Vec::new();
        let mut token = None;
        loop {
            let page = $map.call($operation, request.clone().set_next_token(token.clone()).send()).await?;
            let next = page.next_token().filter(|t| !t.is_empty()).map(str::to_owned);
            token = $crate::service::onward(token, next)?;
            items.extend(page.$items.unwrap_or_default());
            if token.is_none() {
                break items;
            }
        }
    }};
}
use pages;

/// Nothing, where AWS says that there is nothing.
fn unless_missing<T>(answer: Result<Option<T>>) -> Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        answer => answer,
    }
}

/// All tags of an object; none if it is gone.
async fn tags_of(map: &CloudMap, arn: &str) -> Result<Tags> {
    let request = map.client.list_tags_for_resource().resource_arn(arn);
    let answer = map.call("ListTagsForResource", request.send()).await.map(|t| t.tags);
    let tags = unless_missing(answer)?.unwrap_or_default();
    Ok(tags.into_iter().map(|t| (t.key, t.value)).collect())
}

/// The tags of a call; none if there are none.
fn tag_list(tags: &Tags) -> Result<Option<Vec<Tag>>> {
    let tags = tags.iter().map(|(k, v)| built(Tag::builder().key(k).value(v).build()));
    let tags = tags.collect::<Result<Vec<_>>>()?;
    Ok((!tags.is_empty()).then_some(tags))
}

/// Makes the tags of `arn` what is wanted.
async fn sync_tags(map: &CloudMap, arn: &str, seen: &Tags, want: &Tags) -> Result<()> {
    let tags::Change { set, remove } = tags::change(seen, want);
    if !remove.is_empty() {
        let request = map.client.untag_resource().resource_arn(arn).set_tag_keys(Some(remove));
        map.call("UntagResource", request.send()).await?;
    }
    if let Some(set) = tag_list(&set)? {
        let request = map.client.tag_resource().resource_arn(arn).set_tags(Some(set));
        map.call("TagResource", request.send()).await?;
    }
    Ok(())
}

/// A part of a request; what it needs is always given.
fn built<T>(part: std::result::Result<T, BuildError>) -> Result<T> {
    part.map_err(|error| CloudError::bug(error.to_string()))
}
