//! ECS: clusters, task definitions and services, and what their files share.
//!
//! Facts that shape these helpers:
//! - what is missing is no error: a describe answers with `failures` beside what it found, and a deleted
//!   object stays visible as `INACTIVE`;
//! - tags come only when asked for;
//! - clusters, roles and task definitions may be given by name and come back as ARN.

mod capacity_providers;
mod cluster;
mod cluster_configuration;
mod containers;
mod service;
mod service_blocks;
mod service_calls;
mod service_connect;
mod service_seen;
mod task_definition;
mod task_volume;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use aws_sdk_ecs::types::{self, Cluster as DescribedCluster, ClusterField, Tag};
use futures::future::try_join_all;
use stackr_core::{Block, CloudError, Id, Registry, Result, Set, Tags};

use crate::{Service, gather::Source, tags};

pub use capacity_providers::*;
pub use cluster::*;
pub use cluster_configuration::*;
pub use service::*;
pub use service_blocks::*;
pub use service_connect::*;
pub use task_definition::*;
pub use task_volume::*;

/// The ECS client.
pub type Ecs = Service<aws_sdk_ecs::Client>;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry
        .with::<Cluster>()
        .with::<ClusterCapacityProviders>()
        .with::<TaskDefinition>()
        .with::<EcsService>()
}

/// One part of a strategy: how many tasks run on which capacity provider.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct CapacityProviderStrategy {
    /// `FARGATE`, `FARGATE_SPOT`, or the name of another capacity provider of the cluster.
    pub capacity_provider: String,
    /// How many tasks run on it before the weights count. Only one part may have one.
    #[arg(default = 0)]
    pub base: i32,
    /// Its share of the tasks beyond the base.
    #[arg(default = 0)]
    pub weight: i32,
}

/// The strategy of a call.
fn strategy(parts: &Set<CapacityProviderStrategy>) -> Result<Vec<types::CapacityProviderStrategyItem>> {
    let item = |part: &CapacityProviderStrategy| {
        types::CapacityProviderStrategyItem::builder()
            .capacity_provider(&part.capacity_provider)
            .base(part.base)
            .weight(part.weight)
            .build()
    };
    parts.iter().map(|part| built(item(part))).collect()
}

/// The strategy in an answer.
fn read_strategy(parts: &[types::CapacityProviderStrategyItem]) -> Set<CapacityProviderStrategy> {
    let read = |part: &types::CapacityProviderStrategyItem| CapacityProviderStrategy {
        capacity_provider: part.capacity_provider.clone(),
        base: part.base,
        weight: part.weight,
    };
    parts.iter().map(read).collect()
}

/// A rule about where tasks may run.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct PlacementConstraint {
    /// `memberOf`, or for a service also `distinctInstance`.
    pub r#type: String,
    /// A cluster query language expression; needed for `memberOf`.
    pub expression: Option<String>,
}

/// A part of a request that its builder refuses only if a required piece was forgotten.
fn built<T>(part: std::result::Result<T, impl fmt::Display>) -> Result<T> {
    part.map_err(|error| CloudError::bug(error.to_string()))
}

/// The name in an ARN, or the name itself.
fn short(name_or_arn: &str) -> &str {
    name_or_arn.rsplit('/').next().unwrap_or(name_or_arn)
}

/// The most clusters that one describe takes.
const CLUSTERS: usize = 100;

/// Clusters by name or ARN, with all about them; a deleted one may be there as `INACTIVE`.
struct Clusters;

impl Source for Clusters {
    type Client = aws_sdk_ecs::Client;
    type Key = Id;
    type Answer = DescribedCluster;

    async fn ask(ecs: &Ecs, names: BTreeSet<Id>) -> Result<BTreeMap<Id, DescribedCluster>> {
        let names: Vec<_> = names.into_iter().collect();
        let batches = names.chunks(CLUSTERS).map(|batch| {
            let request =
                ecs.client.describe_clusters().set_clusters(Some(batch.to_vec())).set_include(Some(vec![
                    ClusterField::Settings,
                    ClusterField::Configurations,
                    ClusterField::Tags,
                    ClusterField::Attachments,
                ]));
            ecs.call("DescribeClusters", request.send())
        });
        let answers = try_join_all(batches).await?;
        let found = answers.into_iter().flat_map(|answer| answer.clusters.unwrap_or_default());
        let found = found.flat_map(|cluster| {
            let (name, arn) = (cluster.cluster_name.clone(), cluster.cluster_arn.clone());
            [(name, cluster.clone()), (arn, cluster)]
        });
        Ok(found.filter_map(|(key, cluster)| Some((key?, cluster))).collect())
    }
}

/// These clusters; a missing one is left out.
async fn describe_clusters(ecs: &Ecs, names: &[Id]) -> Result<Vec<DescribedCluster>> {
    Ok(ecs.gather::<Clusters>(names.iter().cloned()).await?.into_values().collect())
}

/// The tags of a create call; none if there are none.
fn write_tags(tags: &Tags) -> Option<Vec<Tag>> {
    let tags: Vec<_> = tags.iter().map(|(k, v)| Tag::builder().key(k).value(v).build()).collect();
    (!tags.is_empty()).then_some(tags)
}

/// The user's tags of an object.
fn read_tags(tags: &[Tag]) -> Tags {
    tags::users(tags.iter().filter_map(|t| Some((t.key()?, t.value().unwrap_or_default()))))
}

/// Whether an object was made for this uid.
fn is_ours(tags: &[Tag], uid: &str) -> bool {
    tags.iter().any(|t| t.key() == Some(tags::UID) && t.value() == Some(uid))
}

/// Makes the tags of the object with this ARN what is wanted.
async fn sync_tags(ecs: &Ecs, arn: &str, seen: &Tags, want: &Tags) -> Result<()> {
    let tags::Change { set, remove } = tags::change(seen, want);
    if !remove.is_empty() {
        let untag = ecs.client.untag_resource().resource_arn(arn).set_tag_keys(Some(remove));
        ecs.call("UntagResource", untag.send()).await?;
    }
    if !set.is_empty() {
        let tag = ecs.client.tag_resource().resource_arn(arn).set_tags(write_tags(&set));
        ecs.call("TagResource", tag.send()).await?;
    }
    Ok(())
}
