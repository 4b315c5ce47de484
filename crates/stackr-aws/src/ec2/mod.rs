//! EC2: networks, and what the files of this service share.
//!
//! Facts that shape these helpers:
//! - one missing id fails a whole `Describe…` by ids, so batches are read through filters, at most 200 values each;
//! - pages hold at most 1000 objects (route tables 100), and a page size together with ids is refused;
//! - `CreateTags` and `DeleteTags` serve every type.

mod availability_zones;
mod nat_gateway;
mod vpc;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use stackr_core::{Id, Registry, Result, Tags};

use crate::{Service, tags};

pub use availability_zones::*;
pub use nat_gateway::*;
pub use vpc::*;

/// The EC2 client.
pub type Ec2 = Service<aws_sdk_ec2::Client>;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry.with::<NatGateway>().with::<Vpc>().with_lookup::<AvailabilityZones>()
}

/// The most values that one filter takes.
const FILTER_VALUES: usize = 200;

/// A filter: objects whose `name` is one of `values`.
fn filter<V: Into<String>>(name: &str, values: impl IntoIterator<Item = V>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

/// Filters that together select `ids`, as many at a time as a filter takes.
fn batches<'a>(name: &'a str, ids: &'a [Id]) -> impl Iterator<Item = Filter> + 'a {
    ids.chunks(FILTER_VALUES).map(move |chunk| filter(name, chunk))
}

/// Collects the pages of a `Describe…` call that takes `next_token`: `pages!(ec2, "DescribeVpcs", request, vpcs)`.
macro_rules! pages {
    ($service:expr, $operation:literal, $request:expr, $items:ident) => {{
        let request = $request;
        let mut items = Vec::new();
        let mut token = None;
        loop {
            let page = $service.call($operation, request.clone().set_next_token(token).send()).await?;
            token = page.next_token().filter(|t| !t.is_empty()).map(str::to_owned);
            items.extend(page.$items.unwrap_or_default());
            if token.is_none() {
                break items;
            }
        }
    }};
}
use pages;

/// The tags of a create call; none if there are none, since an empty specification is refused.
fn tag_spec(ty: ResourceType, tags: &Tags) -> Option<Vec<TagSpecification>> {
    let tags: Vec<_> = tags.iter().map(|(k, v)| Tag::builder().key(k).value(v).build()).collect();
    (!tags.is_empty())
        .then(|| vec![TagSpecification::builder().resource_type(ty).set_tags(Some(tags)).build()])
}

/// The user's tags of an object.
fn read_tags(tags: &[Tag]) -> Tags {
    tags::users(tags.iter().filter_map(|t| Some((t.key()?, t.value().unwrap_or_default()))))
}

/// Makes the tags of `id` what is wanted.
async fn sync_tags(ec2: &Ec2, id: &str, seen: &Tags, want: &Tags) -> Result<()> {
    let tags::Change { set, remove } = tags::change(seen, want);
    if !remove.is_empty() {
        let gone = remove.into_iter().map(|k| Tag::builder().key(k).build()).collect();
        ec2.call("DeleteTags", ec2.client.delete_tags().resources(id).set_tags(Some(gone)).send()).await?;
    }
    if !set.is_empty() {
        let set = set.into_iter().map(|(k, v)| Tag::builder().key(k).value(v).build()).collect();
        ec2.call("CreateTags", ec2.client.create_tags().resources(id).set_tags(Some(set)).send()).await?;
    }
    Ok(())
}

/// The filter that finds what was made for a uid.
fn by_uid(uid: &str) -> Filter {
    filter(&format!("tag:{}", tags::UID), [uid])
}
