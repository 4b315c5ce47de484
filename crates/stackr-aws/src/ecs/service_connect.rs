//! Service Connect of an ECS service: names and connections between services.
//!
//! Facts about the API that shape this file:
//! - AWS reports it on deployments only, in another form than it takes, so it is compared with what was
//!   recorded.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{self, LogDriver};
use stackr_core::{Block, Result};

use super::built;

/// Names and encrypted connections between services.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ServiceConnectConfiguration {
    /// Whether it is on.
    pub enabled: bool,
    /// Name or ARN of the Cloud Map namespace; the cluster's if absent.
    #[arg(computed)]
    pub namespace: Option<String>,
    /// Where the proxy logs.
    #[arg(block)]
    pub log_configuration: Option<ServiceConnectLog>,
    /// What this service offers to others.
    #[arg(block)]
    pub service: Vec<ServiceConnectService>,
}

/// Where the proxy logs.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ServiceConnectLog {
    /// `awslogs`, `awsfirelens`, …
    pub log_driver: String,
    /// The driver's options.
    #[arg(computed)]
    pub options: BTreeMap<String, String>,
    /// Options whose values are secrets.
    #[arg(block)]
    pub secret_option: Vec<ServiceConnectSecret>,
}

/// An option whose value is a secret.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ServiceConnectSecret {
    /// The option.
    pub name: String,
    /// ARN of the parameter or secret.
    pub value_from: String,
}

/// A port that is offered to other services.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ServiceConnectService {
    /// Name of a port mapping of the task definition.
    pub port_name: String,
    /// Name in Cloud Map; the port's if absent.
    #[arg(computed)]
    pub discovery_name: Option<String>,
    /// Port that the proxy listens on, instead of one it picks.
    pub ingress_port_override: Option<i32>,
    /// The name and port that others call it by.
    #[arg(block)]
    pub client_alias: Option<ServiceConnectAlias>,
    /// How long the proxy waits.
    #[arg(block)]
    pub timeout: Option<ServiceConnectTimeout>,
    /// Encryption.
    #[arg(block)]
    pub tls: Option<ServiceConnectTls>,
}

/// The name and port that others call a service by.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ServiceConnectAlias {
    /// The name.
    #[arg(computed)]
    pub dns_name: Option<String>,
    /// The port.
    pub port: i32,
}

/// How long the proxy waits.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ServiceConnectTimeout {
    /// Seconds without traffic; 0: no limit.
    pub idle_timeout_seconds: Option<i32>,
    /// Seconds for a whole answer; 0: no limit.
    pub per_request_timeout_seconds: Option<i32>,
}

/// Encryption between services.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ServiceConnectTls {
    /// KMS key for the private keys.
    pub kms_key: Option<String>,
    /// ARN of the role that issues certificates.
    pub role_arn: Option<String>,
    /// Who signs the certificates.
    #[arg(block)]
    pub issuer_cert_authority: ServiceConnectIssuer,
}

/// Who signs certificates.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ServiceConnectIssuer {
    /// ARN of a private certificate authority.
    pub aws_pca_authority_arn: String,
}

impl ServiceConnectConfiguration {
    /// The part of a call.
    pub(super) fn to_sdk(&self) -> Result<types::ServiceConnectConfiguration> {
        let services = self.service.iter().map(ServiceConnectService::to_sdk).collect::<Result<Vec<_>>>()?;
        Ok(types::ServiceConnectConfiguration::builder()
            .enabled(self.enabled)
            .set_namespace(self.namespace.clone())
            .set_log_configuration(
                self.log_configuration.as_ref().map(ServiceConnectLog::to_sdk).transpose()?,
            )
            .set_services((!services.is_empty()).then_some(services))
            .build())
    }
}

impl ServiceConnectLog {
    fn to_sdk(&self) -> Result<types::LogConfiguration> {
        let secret = |s: &ServiceConnectSecret| {
            built(types::Secret::builder().name(&s.name).value_from(&s.value_from).build())
        };
        let secrets = self.secret_option.iter().map(secret).collect::<Result<Vec<_>>>()?;
        let options = self.options.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        built(
            types::LogConfiguration::builder()
                .log_driver(LogDriver::from(self.log_driver.as_str()))
                .set_options((!self.options.is_empty()).then_some(options))
                .set_secret_options((!secrets.is_empty()).then_some(secrets))
                .build(),
        )
    }
}

impl ServiceConnectService {
    fn to_sdk(&self) -> Result<types::ServiceConnectService> {
        let alias = |alias: &ServiceConnectAlias| {
            let alias = types::ServiceConnectClientAlias::builder()
                .port(alias.port)
                .set_dns_name(alias.dns_name.clone());
            built(alias.build())
        };
        let timeout = |timeout: &ServiceConnectTimeout| {
            types::TimeoutConfiguration::builder()
                .set_idle_timeout_seconds(timeout.idle_timeout_seconds)
                .set_per_request_timeout_seconds(timeout.per_request_timeout_seconds)
                .build()
        };
        let tls = |tls: &ServiceConnectTls| {
            let issuer = types::ServiceConnectTlsCertificateAuthority::builder()
                .aws_pca_authority_arn(&tls.issuer_cert_authority.aws_pca_authority_arn)
                .build();
            types::ServiceConnectTlsConfiguration::builder()
                .issuer_certificate_authority(issuer)
                .set_kms_key(tls.kms_key.clone())
                .set_role_arn(tls.role_arn.clone())
                .build()
        };
        let alias = self.client_alias.as_ref().map(alias).transpose()?;
        built(
            types::ServiceConnectService::builder()
                .port_name(&self.port_name)
                .set_discovery_name(self.discovery_name.clone())
                .set_ingress_port_override(self.ingress_port_override)
                .set_client_aliases(alias.map(|alias| vec![alias]))
                .set_timeout(self.timeout.as_ref().map(timeout))
                .set_tls(self.tls.as_ref().map(tls))
                .build(),
        )
    }
}
