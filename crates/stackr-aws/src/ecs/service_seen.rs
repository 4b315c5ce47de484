//! What AWS says about a service, in our words.
//!
//! Facts that shape this file:
//! - after a circuit breaker's rollback a service is as steady as before, with the *old* task definition:
//!   that it worked is told by the definition, not by the state;
//! - a failed deployment leaves the tasks of the one before it running: such a service is no failure to be
//!   replaced, only one that nothing ever ran of is;
//! - the percentages of a daemon have defaults of their own, and its number of tasks is the instances';
//! - an emulator leaves out what AWS always reports; truth values are then false.

use aws_sdk_ecs::types::{
    self, AssignPublicIp, Deployment, DeploymentRolloutState, LaunchType, PropagateTags, SchedulingStrategy,
    Service as Described,
};
use stackr_core::{Result, Seen, Status, need};

use super::{
    DeploymentAlarms, DeploymentCircuitBreaker, DeploymentController, EcsService, EcsServiceArgs,
    EcsServiceOutputs, NetworkConfiguration, PlacementConstraint, PlacementStrategy, ServiceLoadBalancer,
    ServiceRegistry, read_strategy, read_tags, short,
};

/// `cluster/service`: the id in the form that an import takes.
pub(super) fn id(service: &Described) -> Result<String> {
    let cluster = need(service.cluster_arn(), "clusterArn")?;
    Ok(format!("{}/{}", short(&cluster), need(service.service_name(), "serviceName")?))
}

/// What AWS says about one service.
pub(super) fn seen(service: &Described) -> Result<Seen<EcsService>> {
    let tags = read_tags(service.tags());
    let daemon = service.scheduling_strategy() == Some(&SchedulingStrategy::Daemon);
    let deployment = service.deployment_configuration();
    // A daemon's own default stands for ours.
    let percent = |seen: Option<i32>, own: i32, ours: i32| {
        seen.map(|percent| if daemon && percent == own { ours } else { percent })
    };
    let text = |text: Option<&str>| text.filter(|t| !t.is_empty()).map(str::to_owned);
    let args = EcsServiceArgs {
        name: need(service.service_name(), "serviceName")?,
        cluster: service.cluster_arn().map(Into::into),
        task_definition: service.task_definition().map(Into::into),
        desired_count: if daemon { 0 } else { service.desired_count() },
        launch_type: service.launch_type().map(LaunchType::as_str).map(str::to_owned),
        capacity_provider_strategy: read_strategy(service.capacity_provider_strategy()),
        platform_version: text(service.platform_version()),
        scheduling_strategy: if daemon { "DAEMON" } else { "REPLICA" }.to_owned(),
        deployment_maximum_percent: percent(deployment.and_then(|d| d.maximum_percent()), 100, 200),
        deployment_minimum_healthy_percent: percent(
            deployment.and_then(|d| d.minimum_healthy_percent()),
            0,
            100,
        ),
        deployment_circuit_breaker: deployment
            .and_then(|d| d.deployment_circuit_breaker())
            .map(|b| DeploymentCircuitBreaker { enable: b.enable(), rollback: b.rollback() }),
        alarms: deployment.and_then(|d| d.alarms()).filter(|a| !a.alarm_names().is_empty()).map(|alarms| {
            DeploymentAlarms {
                alarm_names: alarms.alarm_names().iter().cloned().collect(),
                enable: alarms.enable(),
                rollback: alarms.rollback(),
            }
        }),
        deployment_controller: service
            .deployment_controller()
            .map(|c| DeploymentController { r#type: c.r#type().as_str().to_owned() }),
        network_configuration: service
            .network_configuration()
            .and_then(|n| n.awsvpc_configuration())
            .map(network),
        load_balancer: service.load_balancers().iter().map(load_balancer).collect(),
        service_registries: service.service_registries().first().map(registry),
        service_connect_configuration: None,
        health_check_grace_period_seconds: service.health_check_grace_period_seconds(),
        enable_execute_command: service.enable_execute_command().then_some(true),
        enable_ecs_managed_tags: service.enable_ecs_managed_tags().then_some(true),
        propagate_tags: service.propagate_tags().map_or("NONE", PropagateTags::as_str).to_owned(),
        availability_zone_rebalancing: service.availability_zone_rebalancing().map(|r| r.as_str().to_owned()),
        iam_role: service.role_arn().map(Into::into),
        ordered_placement_strategy: service.placement_strategy().iter().map(spread).collect(),
        placement_constraints: service.placement_constraints().iter().map(constraint).collect(),
        triggers: Default::default(),
        force_new_deployment: false,
        wait_for_steady_state: false,
        force_delete: false,
        tags: tags.clone(),
    };
    let outputs = EcsServiceOutputs { id: need(service.service_arn(), "serviceArn")?, tags_all: tags };
    Ok(Seen { status: status(service), args, outputs })
}

fn network(vpc: &types::AwsVpcConfiguration) -> NetworkConfiguration {
    NetworkConfiguration {
        subnets: vpc.subnets().iter().cloned().collect(),
        security_groups: vpc.security_groups().iter().cloned().collect(),
        assign_public_ip: vpc.assign_public_ip() == Some(&AssignPublicIp::Enabled),
    }
}

fn load_balancer(lb: &types::LoadBalancer) -> ServiceLoadBalancer {
    ServiceLoadBalancer {
        target_group_arn: lb.target_group_arn().map(str::to_owned),
        elb_name: lb.load_balancer_name().map(str::to_owned),
        container_name: lb.container_name().unwrap_or_default().to_owned(),
        container_port: lb.container_port().unwrap_or_default(),
    }
}

fn registry(registry: &types::ServiceRegistry) -> ServiceRegistry {
    ServiceRegistry {
        registry_arn: registry.registry_arn().unwrap_or_default().to_owned(),
        port: registry.port().filter(|port| *port != 0),
        container_name: registry.container_name().filter(|name| !name.is_empty()).map(str::to_owned),
        container_port: registry.container_port().filter(|port| *port != 0),
    }
}

fn spread(strategy: &types::PlacementStrategy) -> PlacementStrategy {
    PlacementStrategy {
        r#type: strategy.r#type().map_or("", |t| t.as_str()).to_owned(),
        field: strategy.field().filter(|field| !field.is_empty()).map(str::to_owned),
    }
}

fn constraint(constraint: &types::PlacementConstraint) -> PlacementConstraint {
    PlacementConstraint {
        r#type: constraint.r#type().map_or("", |t| t.as_str()).to_owned(),
        expression: constraint.expression().filter(|e| !e.is_empty()).map(str::to_owned),
    }
}

/// How a service is doing.
fn status(service: &Described) -> Status {
    match service.status() {
        Some("INACTIVE") => return Status::Gone,
        Some("ACTIVE") | None => {}
        Some(state @ "DRAINING") => return Status::Leaving(state.to_owned()),
        Some(state) => return Status::Pending(state.to_owned()),
    }
    let (running, desired) = (service.running_count(), service.desired_count());
    let primary = service.deployments().iter().find(|d| d.status() == Some("PRIMARY"));
    let others = service.deployments().iter().filter(|d| d.status() != Some("PRIMARY"));
    if let Some(failed) = primary.filter(|d| is_failed(d)) {
        let why = why(service, failed);
        // Where something runs, replacing the service would end it.
        return if running == 0 { Status::Failed(why) } else { Status::Settling(why) };
    }
    if let Some(failed) = others.clone().find(|d| is_failed(d)) {
        return Status::Settling(format!("going back to the last deployment: {}", why(service, failed)));
    }
    let complete =
        primary.is_none_or(|d| matches!(d.rollout_state(), None | Some(DeploymentRolloutState::Completed)));
    if complete && others.count() == 0 && running == desired && service.pending_count() == 0 {
        Status::Ready
    } else {
        Status::Settling(format!("{running} of {desired} tasks running"))
    }
}

fn is_failed(deployment: &Deployment) -> bool {
    deployment.rollout_state() == Some(&DeploymentRolloutState::Failed)
}

/// Why a deployment failed: its own reason, and the last that the service said.
fn why(service: &Described, failed: &Deployment) -> String {
    let reason = failed.rollout_state_reason().unwrap_or("the deployment failed");
    let events: Vec<_> = service.events().iter().filter_map(|e| e.message()).take(3).collect();
    if events.is_empty() { reason.to_owned() } else { format!("{reason} ({})", events.join("; ")) }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::{
        DeploymentConfiguration, ServiceEvent,
        builders::{DeploymentBuilder, ServiceBuilder},
    };
    use stackr_core::Block as _;

    use super::*;

    fn service() -> ServiceBuilder {
        Described::builder()
            .service_name("web")
            .service_arn("arn:aws:ecs:r:1:service/main/web")
            .cluster_arn("arn:aws:ecs:r:1:cluster/main")
            .status("ACTIVE")
            .desired_count(2)
            .running_count(2)
    }

    fn deployment(status: &str, state: DeploymentRolloutState) -> DeploymentBuilder {
        Deployment::builder().status(status).rollout_state(state)
    }

    #[test]
    fn the_state_of_a_service_is_told_from_its_deployments() {
        use DeploymentRolloutState as State;
        let check = |service: ServiceBuilder, expect: Status| assert_eq!(status(&service.build()), expect);
        let done = || deployment("PRIMARY", State::Completed).build();
        let broken =
            || deployment("PRIMARY", State::Failed).rollout_state_reason("tasks failed to start").build();
        let settling = |text: &str| Status::Settling(text.to_owned());
        check(service().deployments(done()), Status::Ready);
        check(service().status("DRAINING"), Status::Leaving("DRAINING".into()));
        check(service().status("INACTIVE"), Status::Gone);
        check(service().deployments(done()).running_count(1), settling("1 of 2 tasks running"));
        let moving = deployment("PRIMARY", State::InProgress).build();
        check(service().deployments(moving), settling("2 of 2 tasks running"));
        let old = deployment("ACTIVE", State::Completed).build();
        check(service().deployments(done()).deployments(old), settling("2 of 2 tasks running"));
        let event = ServiceEvent::builder().message("(service web) cannot pull image").build();
        check(
            service().deployments(broken()).running_count(0).events(event),
            Status::Failed("tasks failed to start ((service web) cannot pull image)".into()),
        );
        check(service().deployments(broken()), settling("tasks failed to start"));
        let failed = deployment("ACTIVE", State::Failed).rollout_state_reason("breaker opened").build();
        check(
            service().deployments(done()).deployments(failed),
            settling("going back to the last deployment: breaker opened"),
        );
    }

    #[test]
    fn the_defaults_of_a_daemon_stand_for_ours() {
        let percent =
            DeploymentConfiguration::builder().maximum_percent(100).minimum_healthy_percent(0).build();
        let daemon =
            service().scheduling_strategy(SchedulingStrategy::Daemon).deployment_configuration(percent);
        let args = seen(&daemon.build()).unwrap().args;
        assert_eq!(args.deployment_maximum_percent, Some(200));
        assert_eq!(args.deployment_minimum_healthy_percent, Some(100));
        assert_eq!(args.desired_count, 0);
    }

    #[test]
    fn what_an_emulator_leaves_out_is_silence() {
        let args = seen(&service().build()).unwrap().args;
        assert_eq!(args.deployment_maximum_percent, None);
        assert_eq!(args.enable_execute_command, None);
        assert_eq!(args.health_check_grace_period_seconds, None);
        assert_eq!(args.propagate_tags, "NONE");
    }

    #[test]
    fn the_id_is_cluster_and_service() {
        assert_eq!(id(&service().build()).unwrap(), "main/web");
    }

    #[test]
    fn few_arguments_force_replacement() {
        let replace = EcsServiceArgs::fields().iter().filter(|f| f.replace).map(|f| f.name);
        let expect = ["name", "cluster", "launch_type", "scheduling_strategy", "iam_role"];
        assert_eq!(replace.collect::<Vec<_>>(), expect);
    }
}
