//! The configuration of an ECS cluster: how commands are run in containers, and how storage is encrypted.
//!
//! Facts about the API that shape this file:
//! - a configuration that says nothing but the default is not told apart from none.

use aws_sdk_ecs::types::{self, ExecuteCommandLogging};
use stackr_core::Block;

/// The configuration of a cluster.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ClusterConfiguration {
    /// How `execute-command` is logged and encrypted.
    #[arg(block)]
    pub execute_command_configuration: Option<ExecuteCommandConfiguration>,
    /// How storage is encrypted.
    #[arg(block)]
    pub managed_storage_configuration: Option<ManagedStorageConfiguration>,
}

/// How `execute-command` is logged and encrypted.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ExecuteCommandConfiguration {
    /// KMS key for the data between client and container.
    pub kms_key_id: Option<String>,
    /// `DEFAULT` (as the container logs), `NONE`, or `OVERRIDE` (as `log_configuration` says).
    #[arg(default = "DEFAULT")]
    pub logging: String,
    /// Where to log with `OVERRIDE`.
    #[arg(block)]
    pub log_configuration: Option<ExecuteCommandLogConfiguration>,
}

/// Where `execute-command` is logged.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ExecuteCommandLogConfiguration {
    /// Whether the CloudWatch logs are encrypted.
    #[arg(default = false)]
    pub cloud_watch_encryption_enabled: bool,
    /// The log group.
    pub cloud_watch_log_group_name: Option<String>,
    /// Whether the logs in S3 are encrypted.
    #[arg(default = false)]
    pub s3_bucket_encryption_enabled: bool,
    /// The bucket.
    pub s3_bucket_name: Option<String>,
    /// What the keys in the bucket begin with.
    pub s3_key_prefix: Option<String>,
}

/// How storage is encrypted.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ManagedStorageConfiguration {
    /// KMS key for managed storage.
    pub kms_key_id: Option<String>,
    /// KMS key for the ephemeral storage of Fargate tasks.
    pub fargate_ephemeral_storage_kms_key_id: Option<String>,
}

impl ClusterConfiguration {
    /// The configuration of a call.
    pub(super) fn to_sdk(&self) -> types::ClusterConfiguration {
        let log = |log: &ExecuteCommandLogConfiguration| {
            types::ExecuteCommandLogConfiguration::builder()
                .cloud_watch_encryption_enabled(log.cloud_watch_encryption_enabled)
                .set_cloud_watch_log_group_name(log.cloud_watch_log_group_name.clone())
                .s3_encryption_enabled(log.s3_bucket_encryption_enabled)
                .set_s3_bucket_name(log.s3_bucket_name.clone())
                .set_s3_key_prefix(log.s3_key_prefix.clone())
                .build()
        };
        let execute = self.execute_command_configuration.as_ref().map(|execute| {
            types::ExecuteCommandConfiguration::builder()
                .set_kms_key_id(execute.kms_key_id.clone())
                .logging(ExecuteCommandLogging::from(execute.logging.as_str()))
                .set_log_configuration(execute.log_configuration.as_ref().map(log))
                .build()
        });
        let storage = self.managed_storage_configuration.as_ref().map(|storage| {
            types::ManagedStorageConfiguration::builder()
                .set_kms_key_id(storage.kms_key_id.clone())
                .set_fargate_ephemeral_storage_kms_key_id(
                    storage.fargate_ephemeral_storage_kms_key_id.clone(),
                )
                .build()
        });
        types::ClusterConfiguration::builder()
            .set_execute_command_configuration(execute)
            .set_managed_storage_configuration(storage)
            .build()
    }

    /// The configuration in an answer; none where it says only what is so by default.
    pub(super) fn read(configuration: &types::ClusterConfiguration) -> Option<Self> {
        let text = |text: Option<&str>| text.filter(|t| !t.is_empty()).map(str::to_owned);
        let log = |log: &types::ExecuteCommandLogConfiguration| ExecuteCommandLogConfiguration {
            cloud_watch_encryption_enabled: log.cloud_watch_encryption_enabled(),
            cloud_watch_log_group_name: text(log.cloud_watch_log_group_name()),
            s3_bucket_encryption_enabled: log.s3_encryption_enabled(),
            s3_bucket_name: text(log.s3_bucket_name()),
            s3_key_prefix: text(log.s3_key_prefix()),
        };
        let execute =
            configuration.execute_command_configuration().map(|execute| ExecuteCommandConfiguration {
                kms_key_id: text(execute.kms_key_id()),
                logging: execute.logging().map_or("DEFAULT", ExecuteCommandLogging::as_str).to_owned(),
                log_configuration: execute.log_configuration().map(log),
            });
        let execute = execute
            .filter(|e| e.logging != "DEFAULT" || e.kms_key_id.is_some() || e.log_configuration.is_some());
        let storage =
            configuration.managed_storage_configuration().map(|storage| ManagedStorageConfiguration {
                kms_key_id: text(storage.kms_key_id()),
                fargate_ephemeral_storage_kms_key_id: text(storage.fargate_ephemeral_storage_kms_key_id()),
            });
        let storage =
            storage.filter(|s| s.kms_key_id.is_some() || s.fargate_ephemeral_storage_kms_key_id.is_some());
        (execute.is_some() || storage.is_some()).then_some(Self {
            execute_command_configuration: execute,
            managed_storage_configuration: storage,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_configuration_is_none_and_another_is_kept() {
        let with = |logging: ExecuteCommandLogging| {
            let execute = types::ExecuteCommandConfiguration::builder().logging(logging).build();
            let configuration =
                types::ClusterConfiguration::builder().execute_command_configuration(execute).build();
            ClusterConfiguration::read(&configuration)
        };
        assert_eq!(with(ExecuteCommandLogging::Default), None);
        let kept = with(ExecuteCommandLogging::None).unwrap().execute_command_configuration.unwrap();
        assert_eq!(kept.logging, "NONE");
    }

    #[test]
    fn what_is_written_is_what_is_read_back() {
        let wanted = ClusterConfiguration {
            execute_command_configuration: Some(ExecuteCommandConfiguration {
                kms_key_id: Some("key".into()),
                logging: "OVERRIDE".into(),
                log_configuration: Some(ExecuteCommandLogConfiguration {
                    cloud_watch_encryption_enabled: true,
                    cloud_watch_log_group_name: Some("group".into()),
                    s3_bucket_encryption_enabled: false,
                    s3_bucket_name: None,
                    s3_key_prefix: None,
                }),
            }),
            managed_storage_configuration: None,
        };
        assert_eq!(ClusterConfiguration::read(&wanted.to_sdk()), Some(wanted));
    }
}
