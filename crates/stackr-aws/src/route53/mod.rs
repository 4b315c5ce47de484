//! Route 53: hosted zones and their records.
//!
//! Facts that shape these helpers:
//! - five calls a second for the whole account: what is in one answer is never asked for twice;
//! - zone ids come as `/hostedzone/Z…`, and names lower-case with a trailing dot;
//! - in names, whatever is not a letter, digit, hyphen or underscore is escaped in octal: `*` is `\052`.

mod changes;
mod record;
mod zone;
mod zone_lookup;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::{
    operation::get_hosted_zone::GetHostedZoneOutput,
    types::{ResourceRecordSet, RrType, TagResourceType},
};
use aws_smithy_types::error::operation::BuildError;
use futures::future::try_join_all;
use stackr_core::{CloudError, ErrorKind, Id, Registry, Result, Tags};

use crate::{Service, gather::Source, service::onward};

pub use record::*;
pub use zone::*;
pub use zone_lookup::*;

/// The Route 53 client.
pub type Route53 = Service<aws_sdk_route53::Client>;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry.with::<Zone>().with::<Record>().with_lookup::<ZoneLookup>()
}

/// The most zones whose tags one call gives, and the most tags that one call sets or removes.
const TAGS: usize = 10;

/// The id without what it is an id of.
fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// A name as people write it: lower-case, no trailing dot, nothing escaped.
fn plain(name: &str) -> String {
    let bytes = name.as_bytes();
    let octal = |at: usize| {
        let digits = name.get(at + 1..at + 4).filter(|_| bytes[at] == b'\\')?;
        u8::from_str_radix(digits, 8).ok().filter(u8::is_ascii)
    };
    let (mut plain, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let escaped = octal(at);
        plain.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 4 } else { 1 };
    }
    String::from_utf8_lossy(&plain).trim_end_matches('.').to_lowercase()
}

/// Nothing, where AWS says that there is nothing.
fn unless_missing<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

/// What AWS says about a zone; nothing if there is none.
async fn get_zone(route53: &Route53, id: &str) -> Result<Option<GetHostedZoneOutput>> {
    let request = route53.client.get_hosted_zone().id(id);
    unless_missing(route53.call("GetHostedZone", request.send()).await)
}

/// Zones by their ids.
struct Zones;

impl Source for Zones {
    type Client = aws_sdk_route53::Client;
    type Key = Id;
    type Answer = GetHostedZoneOutput;

    async fn ask(route53: &Route53, zones: BTreeSet<Id>) -> Result<BTreeMap<Id, GetHostedZoneOutput>> {
        let asked = zones.into_iter().map(|zone| async {
            let found = get_zone(route53, &zone).await?;
            Ok::<_, CloudError>(found.map(|found| (zone, found)))
        });
        Ok(try_join_all(asked).await?.into_iter().flatten().collect())
    }
}

/// All tags by zone, ours among them.
async fn tags_of(route53: &Route53, zones: &[Id]) -> Result<BTreeMap<Id, Tags>> {
    let ask = |zones: Vec<Id>| async move {
        let request = route53.client.list_tags_for_resources().resource_type(TagResourceType::Hostedzone);
        let answer = route53.call("ListTagsForResources", request.set_resource_ids(Some(zones)).send()).await;
        Ok::<_, CloudError>(unless_missing(answer)?.map(|a| a.resource_tag_sets))
    };
    let ask = &ask;
    let batches = zones.chunks(TAGS).map(|batch| async move {
        // One zone that is gone fails the whole call.
        match ask(batch.to_vec()).await? {
            Some(sets) => Ok::<_, CloudError>(sets),
            None => {
                let alone = try_join_all(batch.iter().map(|zone| ask(vec![zone.clone()]))).await?;
                Ok(alone.into_iter().flatten().flatten().collect())
            }
        }
    });
    let sets = try_join_all(batches).await?.into_iter().flatten();
    let tags = sets.map(|set| {
        let tags = set.tags.unwrap_or_default().into_iter();
        let tags = tags.filter_map(|t| Some((t.key?, t.value.unwrap_or_default())));
        (set.resource_id.unwrap_or_default(), tags.collect())
    });
    Ok(tags.collect())
}

/// The name servers of a zone, sorted, and the first of them. A private zone's are in its NS record.
async fn name_servers(route53: &Route53, zone: &GetHostedZoneOutput) -> Result<Vec<String>> {
    if let Some(set) = zone.delegation_set() {
        return Ok(set.name_servers().to_vec());
    }
    let Some(zone) = zone.hosted_zone() else { return Ok(Vec::new()) };
    let page = page(route53, bare(zone.id()), Some((zone.name(), &RrType::Ns)), 1).await?;
    let record = page.and_then(|page| page.records.into_iter().find(|r| r.r#type() == &RrType::Ns));
    let values = record.and_then(|r| r.resource_records).unwrap_or_default().into_iter();
    Ok(values.map(|v| v.value.trim_end_matches('.').to_owned()).collect())
}

/// The most records of one page.
const PAGE: i32 = 300;

/// A page of a zone's records.
struct Page {
    records: Vec<ResourceRecordSet>,
    /// Where the next page begins: name, type and set identifier.
    next: Option<(String, RrType, Option<String>)>,
}

/// The records of a zone from a name and type on; nothing if there is no such zone.
async fn page(
    route53: &Route53,
    zone: &str,
    from: Option<(&str, &RrType)>,
    most: i32,
) -> Result<Option<Page>> {
    let from = from.map(|(name, ty)| (name.to_owned(), ty.clone(), None));
    page_from(route53, zone, from, most).await
}

/// The page that begins at a place where another ended.
async fn page_from(
    route53: &Route53,
    zone: &str,
    from: Option<(String, RrType, Option<String>)>,
    most: i32,
) -> Result<Option<Page>> {
    let mut request = route53.client.list_resource_record_sets().hosted_zone_id(zone).max_items(most);
    if let Some((name, ty, identifier)) = from.clone() {
        request = request.start_record_name(name).start_record_type(ty);
        request = request.set_start_record_identifier(identifier);
    }
    let answer = route53.call("ListResourceRecordSets", request.send()).await;
    let Some(answer) = unless_missing(answer)? else { return Ok(None) };
    let next = answer
        .next_record_name
        .zip(answer.next_record_type)
        .filter(|_| answer.is_truncated)
        .map(|(name, ty)| (name, ty, answer.next_record_identifier));
    Ok(Some(Page { next: onward(from, next)?, records: answer.resource_record_sets }))
}

/// A part of a request; what it needs is always given.
fn built<T>(part: std::result::Result<T, BuildError>) -> Result<T> {
    part.map_err(|error| CloudError::bug(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_has_no_escapes_no_trailing_dot_and_no_capitals() {
        let check = |name: &str, expect: &str| assert_eq!(plain(name), expect);
        check("\\052.Example.com.", "*.example.com");
        check("a\\057b.example.com", "a/b.example.com");
        check("back\\slash", "back\\slash");
        check("\\05", "\\05");
    }

    #[test]
    fn an_id_is_what_is_after_the_last_slash() {
        assert_eq!(bare("/hostedzone/Z1"), "Z1");
        assert_eq!(bare("Z1"), "Z1");
    }
}
