//! ECS cluster: the room that services and tasks run in.
//!
//! Facts about the API that shape this file:
//! - creating a cluster whose name exists answers with that one, whoever made it, and revives a deleted one;
//! - a deleted cluster stays visible as `INACTIVE`;
//! - which container insights a cluster has by default is a setting of the account, so the settings count
//!   only where they are written.

use aws_sdk_ecs::types::{
    self, Cluster as Described, ClusterServiceConnectDefaultsRequest, ClusterSettingName,
};
use stackr_core::{
    Args, Block, CloudError, Create, Created, Delete, ErrorKind, Find, Id, Outputs, Resource, Result, Seen,
    Set, Status, Tags, Update, Value, Waits, need,
};

use super::{ClusterConfiguration, Ecs, describe_clusters, is_ours, read_tags, sync_tags, write_tags};
use crate::service::in_order;

/// An ECS cluster.
pub struct Cluster;

/// An ECS cluster: the room that services and tasks run in.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ClusterArgs {
    /// Its name: letters, digits, hyphens and underscores.
    #[arg(replace)]
    pub name: String,
    /// Settings such as `containerInsights`; those of the account if none is written.
    #[arg(block, computed)]
    pub setting: Set<ClusterSetting>,
    /// How commands are run in containers, and how storage is encrypted.
    #[arg(block, unread)]
    pub configuration: Option<ClusterConfiguration>,
    /// Service Connect for services that do not say otherwise.
    #[arg(block)]
    pub service_connect_defaults: Option<ServiceConnectDefaults>,
    /// Tags.
    pub tags: Tags,
}

/// A setting of a cluster.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ClusterSetting {
    /// `containerInsights`.
    pub name: String,
    /// `enabled`, `enhanced` or `disabled`.
    pub value: String,
}

/// Service Connect for services that do not say otherwise.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ServiceConnectDefaults {
    /// ARN of the Cloud Map namespace.
    pub namespace: String,
}

/// What AWS gives a cluster.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct ClusterOutputs {
    /// Its ARN.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for Cluster {
    const TYPE: &'static str = "aws_ecs_cluster";
    const WAITS: Waits = Waits::minutes(10, 10);
    type Cloud = Ecs;
    type Args = ClusterArgs;
    type Outputs = ClusterOutputs;

    fn id_of(attributes: &Value) -> Option<Id> {
        attributes.get("name")?.to_text()
    }

    async fn create(ecs: &Ecs, req: Create<'_, ClusterArgs>) -> Result<Created<Self>> {
        let args = req.args;
        if let Some(there) = active(ecs, &args.name).await? {
            if !is_ours(there.tags(), req.token) {
                let message = format!("the cluster {} exists already", args.name);
                return Err(CloudError::new(ErrorKind::Exists, "ecs:CreateCluster", message));
            }
            return Ok(Created::seen(&args.name, seen(&there)?));
        }
        let create = ecs
            .client
            .create_cluster()
            .cluster_name(&args.name)
            .set_settings(settings(&args.setting))
            .set_configuration(args.configuration.as_ref().map(ClusterConfiguration::to_sdk))
            .set_service_connect_defaults(connect(args.service_connect_defaults.as_ref())?)
            .set_tags(write_tags(&args.tags));
        ecs.call("CreateCluster", create.send()).await?;
        Ok(Created::id(&args.name))
    }

    async fn read(ecs: &Ecs, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let found = describe_clusters(ecs, ids).await?;
        let found = found.iter().map(|c| Ok((need(c.cluster_name(), "clusterName")?, seen(c)?)));
        Ok(in_order(ids, found.collect::<Result<_>>()?))
    }

    async fn update(ecs: &Ecs, req: Update<'_, Self>) -> Result<()> {
        let want = req.want;
        if req.changes(&["setting", "configuration", "service_connect_defaults"]) {
            let mut update = ecs.client.update_cluster().cluster(req.id);
            if req.changes(&["setting"]) {
                update = update.set_settings(settings(&want.setting));
            }
            if req.changes(&["configuration"]) {
                let none = || types::ClusterConfiguration::builder().build();
                let wanted = want.configuration.as_ref().map_or_else(none, ClusterConfiguration::to_sdk);
                update = update.configuration(wanted);
            }
            if req.changes(&["service_connect_defaults"]) {
                // An empty namespace removes the defaults.
                let none = ServiceConnectDefaults { namespace: String::new() };
                let wanted = want.service_connect_defaults.as_ref().unwrap_or(&none);
                update = update.set_service_connect_defaults(connect(Some(wanted))?);
            }
            ecs.call("UpdateCluster", update.send()).await?;
        }
        sync_tags(ecs, &req.seen.outputs.arn, &req.seen.args.tags, &want.tags).await
    }

    async fn delete(ecs: &Ecs, req: Delete<'_, Self>) -> Result<()> {
        ecs.call("DeleteCluster", ecs.client.delete_cluster().cluster(req.id).send()).await?;
        Ok(())
    }

    async fn find(ecs: &Ecs, req: Find<'_, ClusterArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let there = active(ecs, &args.name).await?;
        Ok(there.filter(|c| is_ours(c.tags(), req.uid)).map(|_| args.name.clone()))
    }
}

/// The cluster of this name, unless it is deleted.
async fn active(ecs: &Ecs, name: &str) -> Result<Option<Described>> {
    let found = describe_clusters(ecs, &[name.to_owned()]).await?;
    Ok(found.into_iter().find(|c| c.status() != Some("INACTIVE")))
}

/// The settings of a call; none if none is written.
fn settings(wanted: &Set<ClusterSetting>) -> Option<Vec<types::ClusterSetting>> {
    let setting = |s: &ClusterSetting| {
        let name = ClusterSettingName::from(s.name.as_str());
        types::ClusterSetting::builder().name(name).value(&s.value).build()
    };
    (!wanted.is_empty()).then(|| wanted.iter().map(setting).collect())
}

/// The Service Connect defaults of a call.
fn connect(wanted: Option<&ServiceConnectDefaults>) -> Result<Option<ClusterServiceConnectDefaultsRequest>> {
    let request = |wanted: &ServiceConnectDefaults| {
        ClusterServiceConnectDefaultsRequest::builder().namespace(&wanted.namespace).build()
    };
    wanted.map(request).map(super::built).transpose()
}

/// What AWS says about one cluster, in our words.
fn seen(cluster: &Described) -> Result<Seen<Cluster>> {
    let tags = read_tags(cluster.tags());
    let arn = need(cluster.cluster_arn(), "clusterArn")?;
    let settings = cluster.settings().iter().map(|s| ClusterSetting {
        name: s.name().map_or_else(String::new, |n| n.as_str().to_owned()),
        value: s.value().unwrap_or_default().to_owned(),
    });
    Ok(Seen {
        status: match cluster.status() {
            None | Some("ACTIVE") => Status::Ready,
            Some("INACTIVE") => Status::Gone,
            Some(state @ "DEPROVISIONING") => Status::Leaving(state.to_owned()),
            Some("FAILED") => Status::Failed("the capacity providers could not be attached".to_owned()),
            Some(state) => Status::Pending(state.to_owned()),
        },
        args: ClusterArgs {
            name: need(cluster.cluster_name(), "clusterName")?,
            setting: settings.collect(),
            configuration: cluster.configuration().and_then(ClusterConfiguration::read),
            service_connect_defaults: cluster
                .service_connect_defaults()
                .and_then(|d| d.namespace())
                .map(|namespace| ServiceConnectDefaults { namespace: namespace.to_owned() }),
            tags: tags.clone(),
        },
        outputs: ClusterOutputs { id: arn.clone(), arn, tags_all: tags },
    })
}

#[cfg(test)]
mod tests {
    use stackr_core::Block as _;

    use super::*;

    fn described(status: &str) -> Described {
        Described::builder().cluster_name("main").cluster_arn("arn:c/main").status(status).build()
    }

    #[test]
    fn states_are_told_apart() {
        let check = |status: &str, expect: Status| {
            assert_eq!(seen(&described(status)).unwrap().status, expect);
        };
        check("ACTIVE", Status::Ready);
        check("INACTIVE", Status::Gone);
        check("PROVISIONING", Status::Pending("PROVISIONING".into()));
    }

    #[test]
    fn only_the_name_forces_replacement() {
        let replace: Vec<_> = ClusterArgs::fields().iter().filter(|f| f.replace).map(|f| f.name).collect();
        assert_eq!(replace, ["name"]);
    }
}
