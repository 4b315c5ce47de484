//! The parts of the calls that make and change a service, from its arguments.

use aws_sdk_ecs::types::{
    self, AssignPublicIp, AvailabilityZoneRebalancing, PlacementConstraintType, PlacementStrategyType,
    PropagateTags,
};
use stackr_core::Result;

use super::{EcsServiceArgs, built};

/// A list for a create call, where an empty one is left out.
pub(super) fn given<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// How deployments run. The percentages of a daemon have other defaults, so ours are left out for one.
pub(super) fn deployment(args: &EcsServiceArgs) -> Result<Option<types::DeploymentConfiguration>> {
    let daemon = args.scheduling_strategy == "DAEMON";
    let percent = |percent: Option<i32>, default: i32| percent.filter(|p| !daemon || *p != default);
    let breaker = args.deployment_circuit_breaker.as_ref().map(|breaker| {
        types::DeploymentCircuitBreaker::builder().enable(breaker.enable).rollback(breaker.rollback).build()
    });
    let alarms = args.alarms.as_ref().map(|alarms| {
        built(
            types::DeploymentAlarms::builder()
                .set_alarm_names(Some(alarms.alarm_names.to_vec()))
                .enable(alarms.enable)
                .rollback(alarms.rollback)
                .build(),
        )
    });
    let maximum = percent(args.deployment_maximum_percent, 200);
    let minimum = percent(args.deployment_minimum_healthy_percent, 100);
    let says_something = maximum.is_some() || minimum.is_some() || breaker.is_some() || alarms.is_some();
    let configuration = types::DeploymentConfiguration::builder()
        .set_maximum_percent(maximum)
        .set_minimum_healthy_percent(minimum)
        .set_deployment_circuit_breaker(breaker)
        .set_alarms(alarms.transpose()?)
        .build();
    Ok(says_something.then_some(configuration))
}

/// Subnets and security groups.
pub(super) fn network(args: &EcsServiceArgs) -> Result<Option<types::NetworkConfiguration>> {
    let Some(network) = &args.network_configuration else { return Ok(None) };
    let public = if network.assign_public_ip { AssignPublicIp::Enabled } else { AssignPublicIp::Disabled };
    let vpc = types::AwsVpcConfiguration::builder()
        .set_subnets(Some(network.subnets.to_vec()))
        .set_security_groups(given(network.security_groups.to_vec()))
        .assign_public_ip(public);
    Ok(Some(types::NetworkConfiguration::builder().awsvpc_configuration(built(vpc.build())?).build()))
}

/// Target groups.
pub(super) fn load_balancers(args: &EcsServiceArgs) -> Vec<types::LoadBalancer> {
    let text = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
    let one = |lb: &super::ServiceLoadBalancer| {
        types::LoadBalancer::builder()
            .set_target_group_arn(text(&lb.target_group_arn))
            .set_load_balancer_name(text(&lb.elb_name))
            .container_name(&lb.container_name)
            .container_port(lb.container_port)
            .build()
    };
    args.load_balancer.iter().map(one).collect()
}

/// The Cloud Map service.
pub(super) fn registries(args: &EcsServiceArgs) -> Vec<types::ServiceRegistry> {
    let one = |registry: &super::ServiceRegistry| {
        types::ServiceRegistry::builder()
            .registry_arn(&registry.registry_arn)
            .set_port(registry.port)
            .set_container_name(registry.container_name.clone())
            .set_container_port(registry.container_port)
            .build()
    };
    args.service_registries.iter().map(one).collect()
}

/// Service Connect, if it is wanted.
pub(super) fn connect(args: &EcsServiceArgs) -> Result<Option<types::ServiceConnectConfiguration>> {
    args.service_connect_configuration.as_ref().map(|connect| connect.to_sdk()).transpose()
}

/// Service Connect, or what turns it off.
pub(super) fn connect_or_off(args: &EcsServiceArgs) -> Result<types::ServiceConnectConfiguration> {
    let off = || types::ServiceConnectConfiguration::builder().enabled(false).build();
    Ok(connect(args)?.unwrap_or_else(off))
}

/// Whose tags the tasks get; a create call does not take `NONE` in every partition.
pub(super) fn propagate(args: &EcsServiceArgs) -> Option<PropagateTags> {
    propagate_or_none(args).filter(|p| *p != PropagateTags::None)
}

/// Whose tags the tasks get.
pub(super) fn propagate_or_none(args: &EcsServiceArgs) -> Option<PropagateTags> {
    Some(PropagateTags::from(args.propagate_tags.as_str()))
}

/// Whether tasks are moved to keep the zones even.
pub(super) fn rebalancing(args: &EcsServiceArgs) -> Option<AvailabilityZoneRebalancing> {
    args.availability_zone_rebalancing.as_deref().map(AvailabilityZoneRebalancing::from)
}

/// How tasks are spread.
pub(super) fn placement_strategy(args: &EcsServiceArgs) -> Vec<types::PlacementStrategy> {
    let one = |strategy: &super::PlacementStrategy| {
        types::PlacementStrategy::builder()
            .r#type(PlacementStrategyType::from(strategy.r#type.as_str()))
            .set_field(strategy.field.clone())
            .build()
    };
    args.ordered_placement_strategy.iter().map(one).collect()
}

/// Where tasks may run.
pub(super) fn placement_constraints(args: &EcsServiceArgs) -> Vec<types::PlacementConstraint> {
    let one = |constraint: &super::PlacementConstraint| {
        types::PlacementConstraint::builder()
            .r#type(PlacementConstraintType::from(constraint.r#type.as_str()))
            .set_expression(constraint.expression.clone())
            .build()
    };
    args.placement_constraints.iter().map(one).collect()
}
