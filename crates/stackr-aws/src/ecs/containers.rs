//! Container definitions: from the JSON that people write to what the call takes, and back.
//!
//! Facts that shape this file:
//! - the JSON is the API's own, so one table says for each structure which key is which field;
//! - keys are taken in any case, and numbers and truth values also as text, as the field's tools do;
//! - an unknown key would be dropped by the call and then differ for ever, so it is refused;
//! - in `awsvpc` and `host` networks a port's `hostPort` is its `containerPort`, written or not, and AWS may
//!   fill it in: there it is left out of what is read (see `ContainerDefinitions` on what that means).

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ecs::types::{self, ContainerDefinition};
use aws_smithy_types::error::operation::BuildError;
use stackr_core::{CloudError, ErrorKind, Result, Value};

/// The container definitions of a JSON list.
pub(super) fn parse(text: &str) -> Result<Vec<ContainerDefinition>> {
    let json = serde_json::from_str(text)
        .map_err(|error| invalid("container_definitions", &format!("not valid JSON: {error}")))?;
    Part::read(&Value::from_json(&json), "container_definitions")
}

/// The JSON list of container definitions. `own_ports`: in this network a host port is the container's.
pub(super) fn text(containers: &[ContainerDefinition], own_ports: bool) -> String {
    let mut containers = containers.to_vec();
    if own_ports {
        let ports = containers.iter_mut().filter_map(|c| c.port_mappings.as_mut()).flatten();
        ports.filter(|p| p.host_port == p.container_port).for_each(|p| p.host_port = None);
    }
    Part::write(&containers).to_json().to_string()
}

fn invalid(at: &str, what: &str) -> CloudError {
    CloudError::new(ErrorKind::Invalid, "ecs:RegisterTaskDefinition", format!("{at}: {what}"))
}

/// A piece of a definition: how it is read from JSON and written as JSON.
trait Part: Sized {
    fn read(json: &Value, at: &str) -> Result<Self>;
    fn write(&self) -> Value;
}

impl Part for String {
    fn read(json: &Value, at: &str) -> Result<Self> {
        json.to_text()
            .ok_or_else(|| invalid(at, &format!("a string was expected, not a {}", json.type_name())))
    }
    fn write(&self) -> Value {
        self.as_str().into()
    }
}

impl Part for i32 {
    fn read(json: &Value, at: &str) -> Result<Self> {
        let number = json.to_text().and_then(|text| text.parse().ok());
        number.ok_or_else(|| invalid(at, "a whole number was expected"))
    }
    fn write(&self) -> Value {
        i64::from(*self).into()
    }
}

impl Part for bool {
    fn read(json: &Value, at: &str) -> Result<Self> {
        let truth = json.to_text().and_then(|text| text.parse().ok());
        truth.ok_or_else(|| invalid(at, "true or false was expected"))
    }
    fn write(&self) -> Value {
        (*self).into()
    }
}

impl<T: Part> Part for Option<T> {
    fn read(json: &Value, at: &str) -> Result<Self> {
        if json.is_null() { Ok(None) } else { T::read(json, at).map(Some) }
    }
    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::write)
    }
}

impl<T: Part> Part for Vec<T> {
    fn read(json: &Value, at: &str) -> Result<Self> {
        let elements = json.elements().ok_or_else(|| invalid(at, "a list was expected"))?;
        let elements = elements.iter().enumerate().filter(|(_, e)| !e.is_null());
        elements.map(|(i, e)| T::read(e, &format!("{at}[{i}]"))).collect()
    }
    fn write(&self) -> Value {
        Value::List(self.iter().map(T::write).collect())
    }
}

impl Part for HashMap<String, String> {
    fn read(json: &Value, at: &str) -> Result<Self> {
        let entries = json.attributes().ok_or_else(|| invalid(at, "an object was expected"))?;
        let entries = entries.iter().filter(|(_, v)| !v.is_null());
        entries.map(|(k, v)| Ok((k.clone(), String::read(v, &format!("{at}.{k}"))?))).collect()
    }
    fn write(&self) -> Value {
        Value::map(self.iter().map(|(k, v)| (k.clone(), v.as_str().into())))
    }
}

/// The attributes of an object that were not read yet.
struct Fields<'a> {
    at: &'a str,
    left: BTreeMap<String, (&'a str, &'a Value)>,
}

impl<'a> Fields<'a> {
    fn new(json: &'a Value, at: &'a str) -> Result<Self> {
        let all = json.attributes().ok_or_else(|| invalid(at, "an object was expected"))?;
        let left = all.iter().filter(|(_, v)| !v.is_null());
        Ok(Self { at, left: left.map(|(k, v)| (k.to_lowercase(), (k.as_str(), v))).collect() })
    }

    fn take<T: Part>(&mut self, key: &str) -> Result<Option<T>> {
        let found = self.left.remove(&key.to_lowercase());
        found.map(|(_, json)| T::read(json, &format!("{}.{key}", self.at))).transpose()
    }

    fn end(&self) -> Result<()> {
        match self.left.values().next() {
            Some((key, _)) => Err(invalid(self.at, &format!("there is no `{key}` here"))),
            None => Ok(()),
        }
    }
}

/// What a builder gives: some always succeed, some check that nothing required is missing.
trait Built<T> {
    fn part(self, at: &str) -> Result<T>;
}
impl<T: Part> Built<T> for T {
    fn part(self, _: &str) -> Result<T> {
        Ok(self)
    }
}
impl<T> Built<T> for std::result::Result<T, BuildError> {
    fn part(self, at: &str) -> Result<T> {
        self.map_err(|error| invalid(at, &error.to_string()))
    }
}

/// For each structure: its fields, their setters and their keys.
macro_rules! structures {
    ($($ty:ident { $($field:ident $setter:ident $key:literal)* })*) => {$(
        impl Part for types::$ty {
            fn read(json: &Value, at: &str) -> Result<Self> {
                let mut fields = Fields::new(json, at)?;
                let built = types::$ty::builder()$(.$setter(fields.take($key)?))*.build();
                fields.end()?;
                Built::<Self>::part(built, at)
            }
            fn write(&self) -> Value {
                let fields = [$(($key, Part::write(&self.$field))),*];
                Value::object(fields.into_iter().filter(|(_, value)| !value.is_null()))
            }
        }
    )*};
}

/// Words that the API knows; others are passed on.
macro_rules! words {
    ($($ty:ident)*) => {$(
        impl Part for types::$ty {
            fn read(json: &Value, at: &str) -> Result<Self> {
                String::read(json, at).map(|text| Self::from(text.as_str()))
            }
            fn write(&self) -> Value {
                self.as_str().into()
            }
        }
    )*};
}

words! {
    ApplicationProtocol ContainerCondition DeviceCgroupPermission EnvironmentFileType FirelensConfigurationType
    LogDriver ResourceType TransportProtocol UlimitName VersionConsistency
}

structures! {
    ContainerDefinition {
        name set_name "name"
        image set_image "image"
        repository_credentials set_repository_credentials "repositoryCredentials"
        cpu set_cpu "cpu"
        memory set_memory "memory"
        memory_reservation set_memory_reservation "memoryReservation"
        links set_links "links"
        port_mappings set_port_mappings "portMappings"
        essential set_essential "essential"
        restart_policy set_restart_policy "restartPolicy"
        entry_point set_entry_point "entryPoint"
        command set_command "command"
        environment set_environment "environment"
        environment_files set_environment_files "environmentFiles"
        mount_points set_mount_points "mountPoints"
        volumes_from set_volumes_from "volumesFrom"
        linux_parameters set_linux_parameters "linuxParameters"
        secrets set_secrets "secrets"
        depends_on set_depends_on "dependsOn"
        start_timeout set_start_timeout "startTimeout"
        stop_timeout set_stop_timeout "stopTimeout"
        version_consistency set_version_consistency "versionConsistency"
        hostname set_hostname "hostname"
        user set_user "user"
        working_directory set_working_directory "workingDirectory"
        disable_networking set_disable_networking "disableNetworking"
        privileged set_privileged "privileged"
        readonly_root_filesystem set_readonly_root_filesystem "readonlyRootFilesystem"
        dns_servers set_dns_servers "dnsServers"
        dns_search_domains set_dns_search_domains "dnsSearchDomains"
        extra_hosts set_extra_hosts "extraHosts"
        docker_security_options set_docker_security_options "dockerSecurityOptions"
        interactive set_interactive "interactive"
        pseudo_terminal set_pseudo_terminal "pseudoTerminal"
        docker_labels set_docker_labels "dockerLabels"
        ulimits set_ulimits "ulimits"
        log_configuration set_log_configuration "logConfiguration"
        health_check set_health_check "healthCheck"
        system_controls set_system_controls "systemControls"
        resource_requirements set_resource_requirements "resourceRequirements"
        firelens_configuration set_firelens_configuration "firelensConfiguration"
        credential_specs set_credential_specs "credentialSpecs"
    }
    RepositoryCredentials { credentials_parameter set_credentials_parameter "credentialsParameter" }
    PortMapping {
        container_port set_container_port "containerPort"
        host_port set_host_port "hostPort"
        protocol set_protocol "protocol"
        name set_name "name"
        app_protocol set_app_protocol "appProtocol"
        container_port_range set_container_port_range "containerPortRange"
    }
    ContainerRestartPolicy {
        enabled set_enabled "enabled"
        ignored_exit_codes set_ignored_exit_codes "ignoredExitCodes"
        restart_attempt_period set_restart_attempt_period "restartAttemptPeriod"
    }
    KeyValuePair { name set_name "name" value set_value "value" }
    EnvironmentFile { value set_value "value" r#type set_type "type" }
    MountPoint {
        source_volume set_source_volume "sourceVolume"
        container_path set_container_path "containerPath"
        read_only set_read_only "readOnly"
    }
    VolumeFrom { source_container set_source_container "sourceContainer" read_only set_read_only "readOnly" }
    LinuxParameters {
        capabilities set_capabilities "capabilities"
        devices set_devices "devices"
        init_process_enabled set_init_process_enabled "initProcessEnabled"
        shared_memory_size set_shared_memory_size "sharedMemorySize"
        tmpfs set_tmpfs "tmpfs"
        max_swap set_max_swap "maxSwap"
        swappiness set_swappiness "swappiness"
    }
    KernelCapabilities { add set_add "add" drop set_drop "drop" }
    Device {
        host_path set_host_path "hostPath"
        container_path set_container_path "containerPath"
        permissions set_permissions "permissions"
    }
    Tmpfs { container_path set_container_path "containerPath" size set_size "size" mount_options set_mount_options "mountOptions" }
    Secret { name set_name "name" value_from set_value_from "valueFrom" }
    ContainerDependency { container_name set_container_name "containerName" condition set_condition "condition" }
    HostEntry { hostname set_hostname "hostname" ip_address set_ip_address "ipAddress" }
    Ulimit { name set_name "name" soft_limit set_soft_limit "softLimit" hard_limit set_hard_limit "hardLimit" }
    LogConfiguration {
        log_driver set_log_driver "logDriver"
        options set_options "options"
        secret_options set_secret_options "secretOptions"
    }
    HealthCheck {
        command set_command "command"
        interval set_interval "interval"
        timeout set_timeout "timeout"
        retries set_retries "retries"
        start_period set_start_period "startPeriod"
    }
    SystemControl { namespace set_namespace "namespace" value set_value "value" }
    ResourceRequirement { value set_value "value" r#type set_type "type" }
    FirelensConfiguration { r#type set_type "type" options set_options "options" }
}

#[cfg(test)]
mod tests {
    use stackr_core::{Kind, equal};

    use super::*;

    const ALL: &str = r#"[{"name":"web","image":"i","cpu":10,"memory":128,"essential":true,
        "portMappings":[{"containerPort":80,"hostPort":80,"protocol":"tcp","name":"http","appProtocol":"http2"}],
        "environment":[{"name":"A","value":"1"}],"secrets":[{"name":"S","valueFrom":"arn:s"}],
        "command":["run"],"entryPoint":["sh"],"dependsOn":[{"containerName":"x","condition":"HEALTHY"}],
        "mountPoints":[{"sourceVolume":"v","containerPath":"/v","readOnly":true}],
        "linuxParameters":{"capabilities":{"add":["SYS_PTRACE"]},"initProcessEnabled":true},
        "ulimits":[{"name":"nofile","softLimit":1,"hardLimit":2}],"dockerLabels":{"Key":"v"},
        "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g"}},
        "healthCheck":{"command":["CMD","true"],"interval":10,"timeout":2,"retries":5,"startPeriod":20},
        "repositoryCredentials":{"credentialsParameter":"arn:p"},"stopTimeout":30}]"#;

    fn check_equal(a: &str, b: &str) {
        assert!(equal(&Kind::ContainerDefinitions, &a.into(), &b.into()), "{a}\n{b}");
    }

    #[test]
    fn what_is_read_is_what_is_written() {
        let containers = parse(ALL).unwrap();
        assert_eq!(containers[0].name(), Some("web"));
        assert_eq!(containers[0].log_configuration().unwrap().log_driver(), &types::LogDriver::Awslogs);
        check_equal(&text(&containers, false), ALL);
        check_equal(ALL, &text(&containers, true));
    }

    #[test]
    fn keys_may_have_any_case_and_scalars_may_be_text() {
        let containers =
            parse(r#"[{"Name":"a","PortMappings":[{"ContainerPort":"80"}],"Essential":"false"}]"#);
        let container = &containers.unwrap()[0];
        assert_eq!(container.port_mappings()[0].container_port(), Some(80));
        assert_eq!(container.essential(), Some(false));
    }

    #[test]
    fn an_own_port_is_left_out_and_a_dynamic_one_kept() {
        let containers =
            |host| format!(r#"[{{"name":"a","portMappings":[{{"containerPort":80,"hostPort":{host}}}]}}]"#);
        let read = |host: i32, own: bool| text(&parse(&containers(host)).unwrap(), own);
        assert!(!read(80, true).contains("hostPort"));
        assert!(read(80, false).contains("hostPort"));
        assert!(read(0, false).contains("hostPort"));
    }

    #[test]
    fn what_the_api_does_not_know_is_refused_with_its_place() {
        let check = |text: &str, expect: &str| {
            assert_eq!(parse(text).unwrap_err().message(), expect);
        };
        check(r#"[{"name":"a","imaeg":"x"}]"#, "container_definitions[0]: there is no `imaeg` here");
        check(
            r#"[{"name":"a","portMappings":[{"containerPort":"http"}]}]"#,
            "container_definitions[0].portMappings[0].containerPort: a whole number was expected",
        );
        check("{}", "container_definitions: a list was expected");
        assert!(parse("[").is_err());
        assert!(parse(r#"[{"secrets":[{"name":"a"}]}]"#).is_err());
    }
}
