//! ECS task definition: what containers run together, with which image, size and permissions.
//!
//! Facts about the API that shape this file:
//! - nothing but tags can be changed: another definition is a new revision of the family;
//! - no client token and no unique name: every register makes a revision, so what a lost call left is found
//!   as the family's newest revision with our tag, and one that is missed does no harm;
//! - a deregistered revision stays visible as `INACTIVE` while something refers to it, and counts as gone;
//! - the answer to a register says all about the revision but its tags.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{
    self, Compatibility, CpuArchitecture, IpcMode, NetworkMode, OsFamily, PidMode, ProxyConfigurationType,
    TaskDefinition as Described, TaskDefinitionField, TaskDefinitionPlacementConstraintType,
    TaskDefinitionStatus,
};
use futures::future::try_join_all;
use stackr_core::{
    Args, Block, CloudError, ContainerDefinitions, Create, Created, Delete, ErrorKind, Find, Id, Outputs,
    Resource, Result, Seen, Set, Status, Tags, Update, Value, Waits, need,
};

use super::{Ecs, PlacementConstraint, Volume, built, containers, is_ours, read_tags, sync_tags, write_tags};
use crate::tags;

/// An ECS task definition.
pub struct TaskDefinition;

/// An ECS task definition: what containers run together, with which image, size and permissions.
///
/// A change makes a new revision.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct TaskDefinitionArgs {
    /// The name under which its revisions are counted.
    #[arg(replace)]
    pub family: String,
    /// The containers: a JSON list in the form of the ECS API.
    #[arg(replace)]
    pub container_definitions: ContainerDefinitions,
    /// CPU units of the task (1024 are one vCPU); Fargate needs it.
    #[arg(replace)]
    pub cpu: Option<String>,
    /// Memory of the task in MiB; Fargate needs it.
    #[arg(replace)]
    pub memory: Option<String>,
    /// `awsvpc` (the only one on Fargate), `bridge`, `host` or `none`.
    #[arg(replace, computed)]
    pub network_mode: Option<String>,
    /// What it is checked against: `EC2`, `FARGATE`, `EXTERNAL`, `MANAGED_INSTANCES`.
    #[arg(replace)]
    pub requires_compatibilities: Set<String>,
    /// ARN of the role that ECS uses to start containers: image, secrets, logs.
    #[arg(replace)]
    pub execution_role_arn: Option<String>,
    /// ARN of the role that the code in the containers uses.
    #[arg(replace)]
    pub task_role_arn: Option<String>,
    /// Whose inter-process communication the containers share: `host`, `task` or `none`.
    #[arg(replace)]
    pub ipc_mode: Option<String>,
    /// Whose processes the containers see: `host` or `task`.
    #[arg(replace)]
    pub pid_mode: Option<String>,
    /// Whether faults may be injected.
    #[arg(replace, computed)]
    pub enable_fault_injection: Option<bool>,
    /// Storage of a Fargate task beyond 20 GiB.
    #[arg(block, replace)]
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// Operating system and processor of a Fargate task.
    #[arg(block, replace)]
    pub runtime_platform: Option<RuntimePlatform>,
    /// Where its tasks may run.
    #[arg(block, replace)]
    pub placement_constraints: Set<PlacementConstraint>,
    /// The App Mesh proxy.
    #[arg(block, replace)]
    pub proxy_configuration: Option<ProxyConfiguration>,
    /// Volumes that containers can mount.
    #[arg(block, replace)]
    pub volume: Set<Volume>,
    /// Keep the revision registered when it is replaced or removed.
    #[arg(local, default = false)]
    pub skip_destroy: bool,
    /// Accepted for compatibility: stackr always follows the revision it made.
    #[arg(local, default = false)]
    pub track_latest: bool,
    /// Tags.
    pub tags: Tags,
}

/// Storage of a Fargate task.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct EphemeralStorage {
    /// 21 to 200 GiB.
    pub size_in_gib: i32,
}

/// Operating system and processor of a Fargate task.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct RuntimePlatform {
    /// `X86_64` or `ARM64`.
    #[arg(computed)]
    pub cpu_architecture: Option<String>,
    /// `LINUX`, `WINDOWS_SERVER_2022_CORE`, …
    #[arg(computed)]
    pub operating_system_family: Option<String>,
}

/// The App Mesh proxy.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ProxyConfiguration {
    /// The container that is the proxy.
    pub container_name: String,
    /// Its network settings.
    pub properties: BTreeMap<String, String>,
    /// `APPMESH`.
    #[arg(default = "APPMESH")]
    pub r#type: String,
}

/// What AWS gives a task definition.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct TaskDefinitionOutputs {
    /// Its family.
    pub id: String,
    /// ARN of the revision.
    pub arn: String,
    /// The ARN without the revision's number.
    pub arn_without_revision: String,
    /// The revision's number.
    pub revision: i64,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for TaskDefinition {
    const TYPE: &'static str = "aws_ecs_task_definition";
    const WAITS: Waits = Waits::INSTANT;
    type Cloud = Ecs;
    type Args = TaskDefinitionArgs;
    type Outputs = TaskDefinitionOutputs;

    fn id_of(attributes: &Value) -> Option<Id> {
        attributes.get("arn")?.to_text()
    }

    async fn create(ecs: &Ecs, req: Create<'_, TaskDefinitionArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let words = |set: &Set<String>| set.iter().map(|w| Compatibility::from(w.as_str())).collect();
        let constraint = |c: &PlacementConstraint| {
            types::TaskDefinitionPlacementConstraint::builder()
                .r#type(TaskDefinitionPlacementConstraintType::from(c.r#type.as_str()))
                .set_expression(c.expression.clone())
                .build()
        };
        let volumes = args.volume.iter().map(Volume::to_sdk).collect::<Result<Vec<_>>>()?;
        let storage =
            |s: &EphemeralStorage| types::EphemeralStorage::builder().size_in_gib(s.size_in_gib).build();
        let register = ecs
            .client
            .register_task_definition()
            .family(&args.family)
            .set_container_definitions(Some(containers::parse(&args.container_definitions)?))
            .set_cpu(args.cpu.clone())
            .set_memory(args.memory.clone())
            .set_network_mode(args.network_mode.as_deref().map(NetworkMode::from))
            .set_requires_compatibilities(Some(words(&args.requires_compatibilities)))
            .set_execution_role_arn(args.execution_role_arn.clone())
            .set_task_role_arn(args.task_role_arn.clone())
            .set_ipc_mode(args.ipc_mode.as_deref().map(IpcMode::from))
            .set_pid_mode(args.pid_mode.as_deref().map(PidMode::from))
            .set_enable_fault_injection(args.enable_fault_injection)
            .set_ephemeral_storage(args.ephemeral_storage.as_ref().map(storage))
            .set_runtime_platform(args.runtime_platform.as_ref().map(platform))
            .set_placement_constraints(Some(args.placement_constraints.iter().map(constraint).collect()))
            .set_proxy_configuration(args.proxy_configuration.as_ref().map(proxy).transpose()?)
            .set_volumes(Some(volumes))
            .set_tags(write_tags(&args.tags));
        let made = ecs.call("RegisterTaskDefinition", register.send()).await?;
        let made =
            made.task_definition().ok_or_else(|| CloudError::bug("the answer has no taskDefinition"))?;
        let arn = need(made.task_definition_arn(), "taskDefinitionArn")?;
        Ok(Created::seen(arn, seen(made, tags::users(args.tags.clone()))?))
    }

    async fn read(ecs: &Ecs, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        try_join_all(ids.iter().map(|id| async {
            let found = describe(ecs, id).await?;
            found.map(|(found, tags)| seen(&found, read_tags(&tags))).transpose()
        }))
        .await
    }

    async fn update(ecs: &Ecs, req: Update<'_, Self>) -> Result<()> {
        sync_tags(ecs, req.id, &req.seen.args.tags, &req.want.tags).await
    }

    async fn delete(ecs: &Ecs, req: Delete<'_, Self>) -> Result<()> {
        if req.args.skip_destroy {
            return Ok(());
        }
        let deregister = ecs.client.deregister_task_definition().task_definition(req.id);
        ecs.call("DeregisterTaskDefinition", deregister.send()).await?;
        Ok(())
    }

    async fn find(ecs: &Ecs, req: Find<'_, TaskDefinitionArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let newest = describe(ecs, &args.family).await?;
        let ours = newest.filter(|(found, tags)| is_active(found) && is_ours(tags, req.uid));
        Ok(ours.and_then(|(found, _)| found.task_definition_arn))
    }
}

/// One revision, or the newest of a family, and its tags.
async fn describe(ecs: &Ecs, id: &str) -> Result<Option<(Described, Vec<types::Tag>)>> {
    let request =
        ecs.client.describe_task_definition().task_definition(id).include(TaskDefinitionField::Tags);
    match ecs.call("DescribeTaskDefinition", request.send()).await {
        Ok(found) => Ok(found.task_definition.map(|definition| (definition, found.tags.unwrap_or_default()))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_active(definition: &Described) -> bool {
    matches!(definition.status(), None | Some(TaskDefinitionStatus::Active))
}

fn platform(wanted: &RuntimePlatform) -> types::RuntimePlatform {
    types::RuntimePlatform::builder()
        .set_cpu_architecture(wanted.cpu_architecture.as_deref().map(CpuArchitecture::from))
        .set_operating_system_family(wanted.operating_system_family.as_deref().map(OsFamily::from))
        .build()
}

fn proxy(wanted: &ProxyConfiguration) -> Result<types::ProxyConfiguration> {
    let pair = |(k, v): (&String, &String)| types::KeyValuePair::builder().name(k).value(v).build();
    let proxy = types::ProxyConfiguration::builder()
        .container_name(&wanted.container_name)
        .r#type(ProxyConfigurationType::from(wanted.r#type.as_str()))
        .set_properties(Some(wanted.properties.iter().map(pair).collect()));
    built(proxy.build())
}

/// What AWS says about one revision, in our words.
fn seen(definition: &Described, tags: Tags) -> Result<Seen<TaskDefinition>> {
    let arn = need(definition.task_definition_arn(), "taskDefinitionArn")?;
    let family = need(definition.family(), "family")?;
    let network = definition.network_mode();
    let own_ports = matches!(network, Some(NetworkMode::Awsvpc | NetworkMode::Host));
    let constraint = |c: &types::TaskDefinitionPlacementConstraint| PlacementConstraint {
        r#type: c.r#type().map_or("memberOf", |t| t.as_str()).to_owned(),
        expression: c.expression().map(str::to_owned),
    };
    let word = |word: Option<&str>| word.map(str::to_owned);
    Ok(Seen {
        status: if is_active(definition) { Status::Ready } else { Status::Gone },
        args: TaskDefinitionArgs {
            family: family.clone(),
            container_definitions: containers::text(definition.container_definitions(), own_ports).into(),
            cpu: word(definition.cpu()),
            memory: word(definition.memory()),
            network_mode: word(network.map(NetworkMode::as_str)),
            requires_compatibilities: definition
                .requires_compatibilities()
                .iter()
                .map(|c| c.as_str().to_owned())
                .collect(),
            execution_role_arn: word(definition.execution_role_arn()),
            task_role_arn: word(definition.task_role_arn()),
            ipc_mode: word(definition.ipc_mode().map(IpcMode::as_str)),
            pid_mode: word(definition.pid_mode().map(PidMode::as_str)),
            enable_fault_injection: definition.enable_fault_injection(),
            ephemeral_storage: definition
                .ephemeral_storage()
                .map(|s| EphemeralStorage { size_in_gib: s.size_in_gib() }),
            runtime_platform: definition.runtime_platform().map(|p| RuntimePlatform {
                cpu_architecture: word(p.cpu_architecture().map(CpuArchitecture::as_str)),
                operating_system_family: word(p.operating_system_family().map(OsFamily::as_str)),
            }),
            placement_constraints: definition.placement_constraints().iter().map(constraint).collect(),
            proxy_configuration: definition.proxy_configuration().map(read_proxy),
            volume: definition.volumes().iter().map(Volume::read).collect(),
            skip_destroy: false,
            track_latest: false,
            tags: tags.clone(),
        },
        outputs: TaskDefinitionOutputs {
            id: family,
            arn_without_revision: arn.rsplit_once(':').map_or(&*arn, |(before, _)| before).to_owned(),
            arn,
            revision: definition.revision().into(),
            tags_all: tags,
        },
    })
}

fn read_proxy(proxy: &types::ProxyConfiguration) -> ProxyConfiguration {
    let pair =
        |p: &types::KeyValuePair| Some((p.name()?.to_owned(), p.value().unwrap_or_default().to_owned()));
    ProxyConfiguration {
        container_name: proxy.container_name().to_owned(),
        properties: proxy.properties().iter().filter_map(pair).collect(),
        r#type: proxy.r#type().map_or("APPMESH", ProxyConfigurationType::as_str).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use stackr_core::Block as _;

    use super::*;

    fn described() -> types::builders::TaskDefinitionBuilder {
        Described::builder()
            .family("web")
            .revision(3)
            .task_definition_arn("arn:aws:ecs:r:1:task-definition/web:3")
    }

    #[test]
    fn a_deregistered_revision_is_gone() {
        let check = |status: TaskDefinitionStatus, expect: Status| {
            let definition = described().status(status).build();
            assert_eq!(seen(&definition, Tags::new()).unwrap().status, expect);
        };
        check(TaskDefinitionStatus::Active, Status::Ready);
        check(TaskDefinitionStatus::Inactive, Status::Gone);
        check(TaskDefinitionStatus::DeleteInProgress, Status::Gone);
    }

    #[test]
    fn the_outputs_take_the_arn_apart() {
        let outputs = seen(&described().build(), Tags::new()).unwrap().outputs;
        assert_eq!(outputs.id, "web");
        assert_eq!(outputs.revision, 3);
        assert_eq!(outputs.arn_without_revision, "arn:aws:ecs:r:1:task-definition/web");
    }

    #[test]
    fn everything_but_tags_and_own_behaviour_forces_replacement() {
        let fields = TaskDefinitionArgs::fields().iter().filter(|f| !f.replace);
        assert_eq!(fields.map(|f| f.name).collect::<Vec<_>>(), ["skip_destroy", "track_latest", "tags"]);
    }
}
