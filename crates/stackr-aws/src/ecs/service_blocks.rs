//! The blocks of an ECS service.

use stackr_core::{Block, Set};

/// Whether a deployment that cannot get healthy is stopped.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct DeploymentCircuitBreaker {
    /// Whether it is stopped.
    pub enable: bool,
    /// Whether the last deployment that worked is put back.
    pub rollback: bool,
}

/// Alarms that stop a deployment.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct DeploymentAlarms {
    /// Names of CloudWatch alarms.
    #[arg(required)]
    pub alarm_names: Set<String>,
    /// Whether they are looked at.
    pub enable: bool,
    /// Whether the last deployment that worked is put back.
    pub rollback: bool,
}

/// Who makes deployments.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct DeploymentController {
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    #[arg(replace, default = "ECS")]
    pub r#type: String,
}

/// Where the tasks' network interfaces are.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct NetworkConfiguration {
    /// Subnets.
    #[arg(required)]
    pub subnets: Set<String>,
    /// Security groups; the VPC's default one if none is given.
    pub security_groups: Set<String>,
    /// Whether the tasks get public addresses.
    #[arg(default = false)]
    pub assign_public_ip: bool,
}

/// A target group that the tasks are registered with.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ServiceLoadBalancer {
    /// ARN of the target group.
    pub target_group_arn: Option<String>,
    /// Name of a classic load balancer.
    pub elb_name: Option<String>,
    /// The container that answers.
    pub container_name: String,
    /// Its port.
    pub container_port: i32,
}

/// The Cloud Map service that the tasks are registered with.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ServiceRegistry {
    /// ARN of the Cloud Map service.
    pub registry_arn: String,
    /// The port of an SRV record.
    pub port: Option<i32>,
    /// The container of an SRV record.
    pub container_name: Option<String>,
    /// The container's port of an SRV record.
    pub container_port: Option<i32>,
}

/// One rule of how tasks are spread.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct PlacementStrategy {
    /// `binpack`, `spread` or `random`.
    pub r#type: String,
    /// What is packed or spread by: `cpu`, `memory`, `instanceId`, `attribute:ecs.availability-zone`.
    pub field: Option<String>,
}
