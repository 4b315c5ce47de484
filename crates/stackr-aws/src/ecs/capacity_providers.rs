//! The capacity providers of an ECS cluster: what its tasks may run on.
//!
//! Facts about the API that shape this file:
//! - they are a list on the cluster: one call replaces all of it, and there is nothing to create or delete;
//! - so a cluster without any is one on which this object is not there;
//! - a provider that a service uses cannot be taken away (`ResourceInUseException`).

use aws_sdk_ecs::types::Cluster as Described;
use stackr_core::{
    Args, Attribute as _, Block as _, CloudError, Create, Created, Delete, ErrorKind, Find, Gone, Id,
    Outputs, Resource, Result, Seen, Set, Status, Update, Waits, equal, need,
};

use super::{CapacityProviderStrategy, Ecs, describe_clusters, read_strategy, strategy};
use crate::service::in_order;

/// The capacity providers of an ECS cluster.
pub struct ClusterCapacityProviders;

/// The capacity providers of an ECS cluster: what its tasks may run on.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ClusterCapacityProvidersArgs {
    /// The cluster's name.
    #[arg(replace)]
    pub cluster_name: String,
    /// `FARGATE`, `FARGATE_SPOT`, or names of other capacity providers.
    pub capacity_providers: Set<String>,
    /// Where tasks run whose service does not say.
    #[arg(block)]
    pub default_capacity_provider_strategy: Set<CapacityProviderStrategy>,
}

/// What identifies the capacity providers.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct ClusterCapacityProvidersOutputs {
    /// The cluster's name.
    pub id: String,
}

impl Resource for ClusterCapacityProviders {
    const TYPE: &'static str = "aws_ecs_cluster_capacity_providers";
    const WAITS: Waits = Waits::minutes(10, 20).gone(Gone::AtOnce);
    const WITHIN: &'static [&'static str] = &["cluster_name"];
    type Cloud = Ecs;
    type Args = ClusterCapacityProvidersArgs;
    type Outputs = ClusterCapacityProvidersOutputs;

    async fn create(ecs: &Ecs, req: Create<'_, ClusterCapacityProvidersArgs>) -> Result<Created<Self>> {
        let (args, name) = (req.args, &req.args.cluster_name);
        let refuse =
            |kind, message: String| CloudError::new(kind, "ecs:PutClusterCapacityProviders", message);
        if args.capacity_providers.is_empty() && args.default_capacity_provider_strategy.is_empty() {
            let message = format!("no capacity provider is named for the cluster {name}");
            return Err(refuse(ErrorKind::Invalid, message));
        }
        let there = there(ecs, name).await?;
        if there.as_ref().is_some_and(|there| !same(&there.args, args)) {
            let message = format!("the cluster {name} has other capacity providers already");
            return Err(refuse(ErrorKind::Exists, message));
        }
        if there.is_none() {
            put(ecs, name, &args.capacity_providers, &args.default_capacity_provider_strategy).await?;
        }
        Ok(Created::id(name))
    }

    async fn read(ecs: &Ecs, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let found = describe_clusters(ecs, ids).await?;
        let found = found.iter().map(|c| Ok((need(c.cluster_name(), "clusterName")?, seen(c)?)));
        Ok(in_order(ids, found.collect::<Result<_>>()?))
    }

    async fn update(ecs: &Ecs, req: Update<'_, Self>) -> Result<()> {
        let want = req.want;
        put(ecs, req.id, &want.capacity_providers, &want.default_capacity_provider_strategy).await
    }

    async fn delete(ecs: &Ecs, req: Delete<'_, Self>) -> Result<()> {
        // A cluster that is not there is otherwise taken for one that is not visible yet.
        let gone = |error: CloudError| match error.code() {
            Some("ClusterNotFoundException") => error.as_kind(ErrorKind::NotFound),
            _ => error,
        };
        put(ecs, req.id, &Set::default(), &Set::default()).await.map_err(gone)
    }

    async fn find(ecs: &Ecs, req: Find<'_, ClusterCapacityProvidersArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let there = there(ecs, &args.cluster_name).await?;
        Ok(there.filter(|there| same(&there.args, args)).map(|_| args.cluster_name.clone()))
    }
}

/// The capacity providers of a cluster, if it has any.
async fn there(ecs: &Ecs, cluster: &str) -> Result<Option<Seen<ClusterCapacityProviders>>> {
    let found = describe_clusters(ecs, &[cluster.to_owned()]).await?;
    let seen = found.first().map(seen).transpose()?;
    Ok(seen.filter(|seen| seen.status != Status::Gone))
}

/// Whether two declarations mean the same.
fn same(a: &ClusterCapacityProvidersArgs, b: &ClusterCapacityProvidersArgs) -> bool {
    equal(&ClusterCapacityProvidersArgs::KIND, &a.to_object(), &b.to_object())
}

/// Replaces the whole list.
async fn put(
    ecs: &Ecs,
    cluster: &str,
    providers: &Set<String>,
    default: &Set<CapacityProviderStrategy>,
) -> Result<()> {
    let put = ecs
        .client
        .put_cluster_capacity_providers()
        .cluster(cluster)
        .set_capacity_providers(Some(providers.to_vec()))
        .set_default_capacity_provider_strategy(Some(strategy(default)?));
    ecs.call("PutClusterCapacityProviders", put.send()).await?;
    Ok(())
}

/// What AWS says about one cluster's capacity providers, in our words.
fn seen(cluster: &Described) -> Result<Seen<ClusterCapacityProviders>> {
    let name = need(cluster.cluster_name(), "clusterName")?;
    let default = cluster.default_capacity_provider_strategy();
    let none = cluster.capacity_providers().is_empty() && default.is_empty();
    Ok(Seen {
        status: match (cluster.status(), cluster.attachments_status()) {
            (Some("INACTIVE"), _) => Status::Gone,
            (_, Some("UPDATE_IN_PROGRESS")) => Status::Pending("UPDATE_IN_PROGRESS".to_owned()),
            _ if none => Status::Gone,
            (_, Some("UPDATE_FAILED")) => {
                Status::Failed("the capacity providers could not be attached".to_owned())
            }
            _ => Status::Ready,
        },
        args: ClusterCapacityProvidersArgs {
            cluster_name: name.clone(),
            capacity_providers: cluster.capacity_providers().iter().cloned().collect(),
            default_capacity_provider_strategy: read_strategy(default),
        },
        outputs: ClusterCapacityProvidersOutputs { id: name },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described() -> Described {
        Described::builder().cluster_name("main").status("ACTIVE").build()
    }

    #[test]
    fn a_cluster_without_capacity_providers_has_no_such_object() {
        assert_eq!(seen(&described()).unwrap().status, Status::Gone);
    }

    #[test]
    fn an_attachment_under_way_is_pending() {
        let mut cluster = described();
        cluster.capacity_providers = Some(vec!["FARGATE".into()]);
        assert_eq!(seen(&cluster).unwrap().status, Status::Ready);
        cluster.attachments_status = Some("UPDATE_IN_PROGRESS".into());
        assert_eq!(seen(&cluster).unwrap().status, Status::Pending("UPDATE_IN_PROGRESS".into()));
    }

    #[test]
    fn the_order_of_providers_has_no_meaning() {
        let args = |providers: [&str; 2]| ClusterCapacityProvidersArgs {
            cluster_name: "main".into(),
            capacity_providers: providers.map(str::to_owned).into_iter().collect(),
            default_capacity_provider_strategy: Set::default(),
        };
        assert!(same(&args(["FARGATE", "FARGATE_SPOT"]), &args(["FARGATE_SPOT", "FARGATE"])));
        assert!(!same(&args(["FARGATE", "x"]), &args(["FARGATE_SPOT", "FARGATE"])));
    }
}
