//! Volumes of a task definition.
//!
//! Facts about the API that shape this file:
//! - an EFS access point has a root of its own, and no other may be asked for;
//! - what encryption and authorisation are by default is left out of answers.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_ecs::types::{self, EfsAuthorizationConfigIam, EfsTransitEncryption, Scope};
use stackr_core::{Block, Result};

use super::built;

/// A volume that containers can mount.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct Volume {
    /// The name that containers mount it by.
    pub name: String,
    /// Directory of the container instance.
    pub host_path: Option<String>,
    /// Whether the service or task says what it is.
    #[arg(computed)]
    pub configure_at_launch: Option<bool>,
    /// A Docker volume.
    #[arg(block)]
    pub docker_volume_configuration: Option<DockerVolume>,
    /// An EFS file system.
    #[arg(block)]
    pub efs_volume_configuration: Option<EfsVolume>,
}

/// A Docker volume.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct DockerVolume {
    /// Whether it is made if it does not exist; for the scope `shared`.
    #[arg(default = false)]
    pub autoprovision: bool,
    /// The volume driver.
    #[arg(computed)]
    pub driver: Option<String>,
    /// The driver's options.
    pub driver_opts: BTreeMap<String, String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// `task` or `shared`.
    #[arg(computed)]
    pub scope: Option<String>,
}

/// An EFS file system.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct EfsVolume {
    /// Its id.
    pub file_system_id: String,
    /// The directory to mount.
    #[arg(default = "/")]
    pub root_directory: String,
    /// Whether the traffic is encrypted: `ENABLED` or `DISABLED`.
    #[arg(default = "DISABLED")]
    pub transit_encryption: String,
    /// The port of the encrypted traffic; 0: any.
    #[arg(default = 0)]
    pub transit_encryption_port: i32,
    /// How the task proves who it is.
    #[arg(block)]
    pub authorization_config: Option<EfsAuthorization>,
}

/// How a task proves to EFS who it is.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct EfsAuthorization {
    /// The access point.
    pub access_point_id: Option<String>,
    /// Whether the task role is used: `ENABLED` or `DISABLED`.
    #[arg(default = "DISABLED")]
    pub iam: String,
}

impl Volume {
    /// The volume of a call.
    pub(super) fn to_sdk(&self) -> Result<types::Volume> {
        let map = |entries: &BTreeMap<String, String>| {
            (!entries.is_empty()).then(|| entries.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
        };
        let docker = |docker: &DockerVolume| {
            types::DockerVolumeConfiguration::builder()
                .set_autoprovision(docker.autoprovision.then_some(true))
                .set_driver(docker.driver.clone())
                .set_driver_opts(map(&docker.driver_opts))
                .set_labels(map(&docker.labels))
                .set_scope(docker.scope.as_deref().map(Scope::from))
                .build()
        };
        let host = |path: &String| types::HostVolumeProperties::builder().source_path(path).build();
        Ok(types::Volume::builder()
            .name(&self.name)
            .set_host(self.host_path.as_ref().map(host))
            .set_configured_at_launch(self.configure_at_launch)
            .set_docker_volume_configuration(self.docker_volume_configuration.as_ref().map(docker))
            .set_efs_volume_configuration(
                self.efs_volume_configuration.as_ref().map(EfsVolume::to_sdk).transpose()?,
            )
            .build())
    }

    /// The volume in an answer.
    pub(super) fn read(volume: &types::Volume) -> Self {
        let text = |text: Option<&str>| text.filter(|t| !t.is_empty()).map(str::to_owned);
        let map = |map: Option<&HashMap<String, String>>| {
            map.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect()
        };
        let docker = |docker: &types::DockerVolumeConfiguration| DockerVolume {
            autoprovision: docker.autoprovision() == Some(true),
            driver: text(docker.driver()),
            driver_opts: map(docker.driver_opts()),
            labels: map(docker.labels()),
            scope: docker.scope().map(|s| s.as_str().to_owned()),
        };
        let authorization = |a: &types::EfsAuthorizationConfig| EfsAuthorization {
            access_point_id: text(a.access_point_id()),
            iam: a.iam().map_or("DISABLED", EfsAuthorizationConfigIam::as_str).to_owned(),
        };
        let efs = |efs: &types::EfsVolumeConfiguration| EfsVolume {
            file_system_id: efs.file_system_id().to_owned(),
            root_directory: text(efs.root_directory()).unwrap_or_else(|| "/".to_owned()),
            transit_encryption: efs
                .transit_encryption()
                .map_or("DISABLED", EfsTransitEncryption::as_str)
                .to_owned(),
            transit_encryption_port: efs.transit_encryption_port().unwrap_or_default(),
            authorization_config: efs.authorization_config().map(authorization),
        };
        Self {
            name: volume.name().unwrap_or_default().to_owned(),
            host_path: text(volume.host().and_then(|h| h.source_path())),
            configure_at_launch: volume.configured_at_launch(),
            docker_volume_configuration: volume.docker_volume_configuration().map(docker),
            efs_volume_configuration: volume.efs_volume_configuration().map(efs),
        }
    }
}

impl EfsVolume {
    fn to_sdk(&self) -> Result<types::EfsVolumeConfiguration> {
        let authorization = |authorization: &EfsAuthorization| {
            types::EfsAuthorizationConfig::builder()
                .set_access_point_id(authorization.access_point_id.clone())
                .iam(EfsAuthorizationConfigIam::from(authorization.iam.as_str()))
                .build()
        };
        // An access point has a root of its own, and no other may be asked for.
        let root = (self.root_directory != "/").then(|| self.root_directory.clone());
        let port = Some(self.transit_encryption_port).filter(|port| *port != 0);
        let efs = types::EfsVolumeConfiguration::builder()
            .file_system_id(&self.file_system_id)
            .set_root_directory(root)
            .transit_encryption(EfsTransitEncryption::from(self.transit_encryption.as_str()))
            .set_transit_encryption_port(port)
            .set_authorization_config(self.authorization_config.as_ref().map(authorization));
        built(efs.build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_read_back_as_it_was_written() {
        let check = |wanted: Volume| {
            let mut read = Volume::read(&wanted.to_sdk().unwrap());
            read.configure_at_launch = None;
            assert_eq!(read, wanted);
        };
        let none = Volume {
            name: "v".into(),
            host_path: None,
            configure_at_launch: None,
            docker_volume_configuration: None,
            efs_volume_configuration: None,
        };
        check(none.clone());
        check(Volume { host_path: Some("/data".into()), ..none.clone() });
        check(Volume {
            efs_volume_configuration: Some(EfsVolume {
                file_system_id: "fs-1".into(),
                root_directory: "/".into(),
                transit_encryption: "ENABLED".into(),
                transit_encryption_port: 0,
                authorization_config: Some(EfsAuthorization {
                    access_point_id: Some("fsap-1".into()),
                    iam: "ENABLED".into(),
                }),
            }),
            ..none
        });
    }
}
