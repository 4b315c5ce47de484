//! ECS service: keeps a number of tasks of a definition running, behind a load balancer and in a registry.
//!
//! Facts about the API that shape this file:
//! - a create whose parameters equal those of a service that is there answers with that one, whoever made it;
//!   with others it is refused, and so is one while the old service of the name drains;
//! - some changes start a deployment, others (number of tasks, percentages) do not; what an update leaves out
//!   stays as it is, so only what changed is sent: a count that a scaler moves is left alone;
//! - a capacity provider strategy can change only together with a new deployment;
//! - a target group that no listener uses yet is refused, and a role without its policies fails in the tasks,
//!   long after the call;
//! - a service with running tasks is deleted only by force, drains, and stays visible as `INACTIVE`;
//! - an emulator leaves out several settings, so these are compared with what was recorded.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{
    DeploymentController as SdkController, DeploymentControllerType, LaunchType, SchedulingStrategy,
    Service as Described, ServiceField,
};
use futures::future::try_join_all;
use stackr_core::{
    After, Args, CloudError, Create, Created, Delete, ErrorKind, Find, Id, NameOrArn, Outputs, Resource,
    Result, Seen, Set, Tags, Update, Value, Waits,
};

use super::{
    CapacityProviderStrategy, DeploymentAlarms, DeploymentCircuitBreaker, DeploymentController, Ecs,
    NetworkConfiguration, PlacementConstraint, PlacementStrategy, ServiceConnectConfiguration,
    ServiceLoadBalancer, ServiceRegistry, built, is_ours, service_calls as calls,
    service_seen::{id, seen},
    short, strategy, sync_tags, write_tags,
};
use crate::service::in_order;

/// An ECS service.
pub struct EcsService;

/// An ECS service: keeps a number of tasks of a definition running, behind a load balancer and in a registry.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct EcsServiceArgs {
    /// Its name, unique in the cluster.
    #[arg(replace)]
    pub name: String,
    /// Name or ARN of the cluster; the cluster `default` if absent.
    #[arg(replace, computed)]
    pub cluster: Option<NameOrArn>,
    /// What it runs: ARN, or family and revision. Absent only with an external deployment controller.
    pub task_definition: Option<NameOrArn>,
    /// How many tasks run. Without meaning for a daemon.
    #[arg(default = 0)]
    pub desired_count: i32,
    /// `FARGATE`, `EC2` or `EXTERNAL`; absent with a capacity provider strategy.
    #[arg(replace, computed)]
    pub launch_type: Option<String>,
    /// Which capacity providers the tasks run on; that of the cluster if neither this nor a launch type is
    /// given.
    #[arg(block, computed)]
    pub capacity_provider_strategy: Set<CapacityProviderStrategy>,
    /// Version of the Fargate platform.
    #[arg(computed, unread)]
    pub platform_version: Option<String>,
    /// `REPLICA` (a number of tasks) or `DAEMON` (one on every instance).
    #[arg(replace, default = "REPLICA")]
    pub scheduling_strategy: String,
    /// How many tasks may run during a deployment, in percent of the desired number.
    #[arg(default = 200, unread)]
    pub deployment_maximum_percent: Option<i32>,
    /// How many tasks must stay healthy during a deployment, in percent of the desired number.
    #[arg(default = 100, unread)]
    pub deployment_minimum_healthy_percent: Option<i32>,
    /// Whether a deployment that cannot get healthy is stopped, and undone.
    #[arg(block, computed, unread)]
    pub deployment_circuit_breaker: Option<DeploymentCircuitBreaker>,
    /// Alarms that stop a deployment.
    #[arg(block, computed, unread)]
    pub alarms: Option<DeploymentAlarms>,
    /// Who makes deployments.
    #[arg(block, computed)]
    pub deployment_controller: Option<DeploymentController>,
    /// Subnets and security groups of the tasks; needed for the network mode `awsvpc`.
    #[arg(block)]
    pub network_configuration: Option<NetworkConfiguration>,
    /// Target groups that the tasks are registered with.
    #[arg(block)]
    pub load_balancer: Set<ServiceLoadBalancer>,
    /// The Cloud Map service that the tasks are registered with.
    #[arg(block)]
    pub service_registries: Option<ServiceRegistry>,
    /// Names and encrypted connections between services.
    #[arg(block, unread)]
    pub service_connect_configuration: Option<ServiceConnectConfiguration>,
    /// Seconds after a task's start during which failing health checks of the load balancer are ignored.
    #[arg(default = 0, unread)]
    pub health_check_grace_period_seconds: Option<i32>,
    /// Whether `execute-command` can open a shell in the containers.
    #[arg(default = false, unread)]
    pub enable_execute_command: Option<bool>,
    /// Whether ECS tags the tasks with the names of cluster and service.
    #[arg(default = false, unread)]
    pub enable_ecs_managed_tags: Option<bool>,
    /// Whose tags the tasks get: `SERVICE`, `TASK_DEFINITION` or `NONE`.
    #[arg(default = "NONE")]
    pub propagate_tags: String,
    /// Whether tasks are moved to keep the zones even: `ENABLED` or `DISABLED`.
    #[arg(default = "DISABLED", unread)]
    pub availability_zone_rebalancing: Option<String>,
    /// Role for classic load balancers; ECS's own role if absent.
    #[arg(replace, computed, unread)]
    pub iam_role: Option<NameOrArn>,
    /// How tasks are spread over instances, most important first.
    #[arg(block)]
    pub ordered_placement_strategy: Vec<PlacementStrategy>,
    /// Which instances tasks may run on.
    #[arg(block)]
    pub placement_constraints: Set<PlacementConstraint>,
    /// Values whose change starts a new deployment.
    #[arg(computed, unread)]
    pub triggers: BTreeMap<String, String>,
    /// Make every update start a new deployment, also one that would not.
    #[arg(local, default = false)]
    pub force_new_deployment: bool,
    /// Wait until the deployment is complete, and fail if it fails.
    #[arg(local, default = false)]
    pub wait_for_steady_state: bool,
    /// Delete the service even if it is a daemon with running tasks.
    #[arg(local, default = false)]
    pub force_delete: bool,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives a service.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct EcsServiceOutputs {
    /// Its ARN.
    pub id: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

/// Arguments whose change is sent with `UpdateService`.
const UPDATED: &[&str] = &[
    "task_definition",
    "desired_count",
    "capacity_provider_strategy",
    "platform_version",
    "deployment_maximum_percent",
    "deployment_minimum_healthy_percent",
    "deployment_circuit_breaker",
    "alarms",
    "network_configuration",
    "load_balancer",
    "service_registries",
    "service_connect_configuration",
    "health_check_grace_period_seconds",
    "enable_execute_command",
    "enable_ecs_managed_tags",
    "propagate_tags",
    "availability_zone_rebalancing",
    "ordered_placement_strategy",
    "placement_constraints",
    "triggers",
];

impl Resource for EcsService {
    const TYPE: &'static str = "aws_ecs_service";
    // Usable at once; it drains for the deregistration delay of its targets and the stop timeout of its containers.
    const WAITS: Waits = Waits::minutes(20, 20).usually(0, 60);
    // A target group must be in use by a listener or rule, and tasks need their permissions, their log
    // group and their capacity from the first second; no argument says so. In reverse, a task drains with
    // all of these.
    const AFTER: &'static [After] = &[
        After::all("aws_lb_listener"),
        After::all("aws_lb_listener_rule"),
        After::all("aws_iam_role_policy"),
        After::all("aws_iam_role_policy_attachment"),
        After::all("aws_cloudwatch_log_group"),
        After::sharing("aws_ecs_cluster_capacity_providers", "cluster", "cluster_name"),
    ];
    type Cloud = Ecs;
    type Args = EcsServiceArgs;
    type Outputs = EcsServiceOutputs;

    /// The last two parts of the ARN; an old one has no cluster in it.
    fn id_of(attributes: &Value) -> Option<Id> {
        let text = |name| attributes.get(name).and_then(Value::to_text);
        let cluster = text("cluster")?;
        Some(format!("{}/{}", cluster.rsplit('/').next()?, text("name")?))
    }

    async fn create(ecs: &Ecs, req: Create<'_, EcsServiceArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let cluster = cluster(args);
        if let Some(there) = active(ecs, cluster, &args.name).await? {
            if !is_ours(there.tags(), req.token) {
                let message = format!("the service {} exists already in the cluster {cluster}", args.name);
                return Err(CloudError::new(ErrorKind::Exists, "ecs:CreateService", message));
            }
            return Ok(Created::id(id(&there)?));
        }
        let daemon = is_daemon(args);
        let controller = |c: &DeploymentController| {
            built(SdkController::builder().r#type(DeploymentControllerType::from(c.r#type.as_str())).build())
        };
        let strategy = strategy(&args.capacity_provider_strategy)?;
        // Without a load balancer a grace period is refused, even one of zero.
        let grace = args.health_check_grace_period_seconds;
        let grace = grace.filter(|seconds| *seconds != 0 || !args.load_balancer.is_empty());
        let create = ecs
            .client
            .create_service()
            .client_token(req.token)
            .cluster(cluster)
            .service_name(&args.name)
            .set_task_definition(args.task_definition.as_deref().map(str::to_owned))
            .set_desired_count((!daemon).then_some(args.desired_count))
            .set_launch_type(args.launch_type.as_deref().map(LaunchType::from))
            .set_capacity_provider_strategy((!strategy.is_empty()).then_some(strategy))
            .set_platform_version(args.platform_version.clone())
            .scheduling_strategy(SchedulingStrategy::from(args.scheduling_strategy.as_str()))
            .set_deployment_configuration(calls::deployment(args)?)
            .set_deployment_controller(args.deployment_controller.as_ref().map(controller).transpose()?)
            .set_network_configuration(calls::network(args)?)
            .set_load_balancers(calls::given(calls::load_balancers(args)))
            .set_service_registries(calls::given(calls::registries(args)))
            .set_service_connect_configuration(calls::connect(args)?)
            .set_health_check_grace_period_seconds(grace)
            .set_enable_execute_command(args.enable_execute_command)
            .set_enable_ecs_managed_tags(args.enable_ecs_managed_tags)
            .set_propagate_tags(calls::propagate(args))
            .set_availability_zone_rebalancing(calls::rebalancing(args))
            .set_role(args.iam_role.as_deref().map(str::to_owned))
            .set_placement_strategy(calls::given(calls::placement_strategy(args)))
            .set_placement_constraints(calls::given(calls::placement_constraints(args)))
            .set_tags(write_tags(&args.tags));
        let made = ecs.call("CreateService", create.send()).await?;
        let made = made.service().ok_or_else(|| CloudError::bug("the answer has no service"))?;
        Ok(Created::id(id(made)?))
    }

    async fn read(ecs: &Ecs, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let mut clusters: BTreeMap<&str, Vec<Id>> = BTreeMap::new();
        for (cluster, name) in ids.iter().filter_map(|id| id.rsplit_once('/')) {
            clusters.entry(cluster).or_default().push(name.to_owned());
        }
        let asked = clusters.iter().map(|(cluster, names)| describe(ecs, cluster, names));
        let found = try_join_all(asked).await?.into_iter().flatten();
        let found = found.map(|service| Ok((id(&service)?, seen(&service)?)));
        Ok(in_order(ids, found.collect::<Result<_>>()?))
    }

    async fn update(ecs: &Ecs, req: Update<'_, Self>) -> Result<()> {
        let want = req.want;
        if req.changes(UPDATED) {
            let is = |name: &str| req.changes(&[name]);
            let deployment = is("deployment_maximum_percent")
                || is("deployment_minimum_healthy_percent")
                || is("deployment_circuit_breaker")
                || is("alarms");
            let strategy_changes = is("capacity_provider_strategy");
            let connect = is("service_connect_configuration").then(|| calls::connect_or_off(want));
            let connect = connect.transpose()?;
            let (cluster, name) = parts(req.id)?;
            let force = want.force_new_deployment || strategy_changes || is("triggers");
            let strategy =
                if strategy_changes { Some(strategy(&want.capacity_provider_strategy)?) } else { None };
            let update = ecs
                .client
                .update_service()
                .cluster(cluster)
                .service(name)
                .set_task_definition(
                    want.task_definition.as_deref().filter(|_| is("task_definition")).map(str::to_owned),
                )
                .set_desired_count((is("desired_count") && !is_daemon(want)).then_some(want.desired_count))
                .set_capacity_provider_strategy(strategy)
                .set_platform_version(want.platform_version.clone().filter(|_| is("platform_version")))
                .set_deployment_configuration(calls::deployment(want)?.filter(|_| deployment))
                .set_network_configuration(calls::network(want)?.filter(|_| is("network_configuration")))
                .set_load_balancers(is("load_balancer").then(|| calls::load_balancers(want)))
                .set_service_registries(is("service_registries").then(|| calls::registries(want)))
                .set_service_connect_configuration(connect)
                .set_health_check_grace_period_seconds(
                    want.health_check_grace_period_seconds
                        .filter(|_| is("health_check_grace_period_seconds")),
                )
                .set_enable_execute_command(
                    want.enable_execute_command.filter(|_| is("enable_execute_command")),
                )
                .set_enable_ecs_managed_tags(
                    want.enable_ecs_managed_tags.filter(|_| is("enable_ecs_managed_tags")),
                )
                .set_propagate_tags(calls::propagate_or_none(want).filter(|_| is("propagate_tags")))
                .set_availability_zone_rebalancing(
                    calls::rebalancing(want).filter(|_| is("availability_zone_rebalancing")),
                )
                .set_placement_strategy(
                    is("ordered_placement_strategy").then(|| calls::placement_strategy(want)),
                )
                .set_placement_constraints(
                    is("placement_constraints").then(|| calls::placement_constraints(want)),
                )
                .set_force_new_deployment(force.then_some(true));
            ecs.call("UpdateService", update.send()).await?;
        }
        sync_tags(ecs, &req.seen.outputs.id, &req.seen.args.tags, &want.tags).await
    }

    async fn delete(ecs: &Ecs, req: Delete<'_, Self>) -> Result<()> {
        let force = req.args.force_delete || !is_daemon(req.args);
        let (cluster, name) = parts(req.id)?;
        let delete = ecs.client.delete_service().cluster(cluster).service(name).force(force);
        ecs.call("DeleteService", delete.send()).await?;
        Ok(())
    }

    async fn find(ecs: &Ecs, req: Find<'_, EcsServiceArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let there = active(ecs, cluster(args), &args.name).await?;
        there.filter(|service| is_ours(service.tags(), req.uid)).as_ref().map(id).transpose()
    }
}

fn is_daemon(args: &EcsServiceArgs) -> bool {
    args.scheduling_strategy == "DAEMON"
}

/// The name of the cluster that is wanted.
fn cluster(args: &EcsServiceArgs) -> &str {
    args.cluster.as_deref().map_or("default", short)
}

/// Cluster and name of an id.
fn parts(id: &str) -> Result<(&str, &str)> {
    id.rsplit_once('/').ok_or_else(|| {
        let message = format!("the id of a service is `cluster/service`, not {id}");
        CloudError::new(ErrorKind::Invalid, "", message)
    })
}

/// The most services that one describe takes.
const SERVICES: usize = 10;

/// These services of a cluster, with their tags; none if there is no such cluster.
async fn describe(ecs: &Ecs, cluster: &str, names: &[Id]) -> Result<Vec<Described>> {
    let batches = names.chunks(SERVICES).map(|batch| {
        let request = ecs.client.describe_services().cluster(cluster).include(ServiceField::Tags);
        ecs.call("DescribeServices", request.set_services(Some(batch.to_vec())).send())
    });
    match try_join_all(batches).await {
        Ok(answers) => Ok(answers.into_iter().flat_map(|a| a.services.unwrap_or_default()).collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The service of this name, unless it is deleted or on its way.
async fn active(ecs: &Ecs, cluster: &str, name: &str) -> Result<Option<Described>> {
    let found = describe(ecs, cluster, &[name.to_owned()]).await?;
    Ok(found.into_iter().find(|service| service.status() == Some("ACTIVE")))
}
