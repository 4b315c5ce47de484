//! The clients of one account and region, built when first used, and the factory that connects them.
//!
//! Facts that shape this file:
//! - the SDK's own retries repeat creates that are not idempotent and share one bucket per process, so they
//!   are off: the engine retries by error kind;
//! - without explicit timeouts a lost answer would hang a run for ever;
//! - an inherited endpoint variable silently redirects every call, so the account is asked for at the start.

use std::{
    any::{Any, TypeId},
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use stackr_core::{BoxFuture, Cloud, CloudError, Clouds, ErrorKind, Limiter, Origin, ProviderConfig, Result};

use crate::{
    Service,
    credentials::assumed,
    gather::Gathering,
    http,
    sts::{Caller, Sts},
    tagging::Tagging,
};

/// How long one attempt of a call may take. AWS answers control-plane calls within a few seconds; a minute is
/// what is left when an emulator or a bad link is slow.
const ATTEMPT: Duration = Duration::from_secs(60);

/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(5);

/// How long the tagging API may take: the services can be asked instead.
const TAGGING: Duration = Duration::from_secs(5);

/// A client slot for one service, filled when first used.
macro_rules! clients {
    ($($(#[$cfg:meta])* $field:ident: $sdk:ident, $name:literal;)*) => {
        /// The clients of one account and region.
        pub struct Aws {
            config: SdkConfig,
            path_style: bool,
            endpoints: BTreeMap<String, String>,
            origin: Arc<Origin>,
            limiter: Arc<dyn Limiter>,
            caller: OnceLock<Caller>,
            tagging: Option<Arc<Tagging>>,
            $($(#[$cfg])* $field: OnceLock<Service<$sdk::Client>>,)*
        }

        impl Aws {
            /// Clients from a loaded configuration. `endpoints` are by the provider's service names.
            #[must_use]
            pub fn new(config: SdkConfig, provider: &ProviderConfig, origin: Origin, limiter: Arc<dyn Limiter>) -> Self {
                let origin = Arc::new(origin);
                Self {
                    tagging: tagging(&config, provider, &origin, &limiter).map(Arc::new),
                    config,
                    path_style: provider.s3_use_path_style,
                    endpoints: provider.endpoints.clone(),
                    origin,
                    limiter,
                    caller: OnceLock::new(),
                    $($(#[$cfg])* $field: OnceLock::new(),)*
                }
            }
        }

        impl Cloud for Aws {
            fn service(&self, service: TypeId) -> Option<&(dyn Any + Send + Sync)> {
                if service == TypeId::of::<Caller>() {
                    return Some(self.caller());
                }
                if service == TypeId::of::<Origin>() {
                    return Some(&*self.origin);
                }
                $(
                    $(#[$cfg])*
                    if service == TypeId::of::<Service<$sdk::Client>>() {
                        return Some(self.$field.get_or_init(|| self.$field()));
                    }
                )*
                None
            }

            fn origin(&self) -> &Origin {
                &self.origin
            }
        }
    };
}

clients! {
    #[cfg(feature = "acm")] acm: aws_sdk_acm, "acm";
    #[cfg(feature = "ec2")] ec2: aws_sdk_ec2, "ec2";
    #[cfg(feature = "ecr")] ecr: aws_sdk_ecr, "ecr";
    #[cfg(feature = "ecs")] ecs: aws_sdk_ecs, "ecs";
    #[cfg(feature = "elbv2")] elbv2: aws_sdk_elasticloadbalancingv2, "elasticloadbalancing";
    #[cfg(feature = "iam")] iam: aws_sdk_iam, "iam";
    #[cfg(feature = "logs")] logs: aws_sdk_cloudwatchlogs, "logs";
    #[cfg(feature = "route53")] route53: aws_sdk_route53, "route53";
    #[cfg(feature = "s3")] s3: aws_sdk_s3, "s3";
    #[cfg(feature = "servicediscovery")] servicediscovery: aws_sdk_servicediscovery, "servicediscovery";
}

/// The constructor of each client, where nothing but the shared configuration matters.
macro_rules! open {
    ($($(#[$cfg:meta])* $field:ident: $sdk:ident, $name:literal, $key:literal;)*) => {
        impl Aws {
            $(
                $(#[$cfg])*
                fn $field(&self) -> Service<$sdk::Client> {
                    let mut config = $sdk::config::Builder::from(&self.config);
                    if let Some(url) = self.endpoints.get($key) {
                        config = config.endpoint_url(url);
                    }
                    self.wrap($name, $sdk::Client::from_conf(config.build()))
                }
            )*
        }
    };
}

open! {
    #[cfg(feature = "acm")] acm: aws_sdk_acm, "acm", "acm";
    #[cfg(feature = "ec2")] ec2: aws_sdk_ec2, "ec2", "ec2";
    #[cfg(feature = "ecr")] ecr: aws_sdk_ecr, "ecr", "ecr";
    #[cfg(feature = "ecs")] ecs: aws_sdk_ecs, "ecs", "ecs";
    #[cfg(feature = "elbv2")] elbv2: aws_sdk_elasticloadbalancingv2, "elasticloadbalancing", "elbv2";
    #[cfg(feature = "iam")] iam: aws_sdk_iam, "iam", "iam";
    #[cfg(feature = "logs")] logs: aws_sdk_cloudwatchlogs, "logs", "logs";
    #[cfg(feature = "route53")] route53: aws_sdk_route53, "route53", "route53";
    #[cfg(feature = "servicediscovery")] servicediscovery: aws_sdk_servicediscovery, "servicediscovery", "servicediscovery";
}

/// The client of the tagging API, which the clients of all services share. None where the provider block gives endpoints
/// and none for it: the objects are not where it looks.
fn tagging(
    config: &SdkConfig,
    provider: &ProviderConfig,
    origin: &Arc<Origin>,
    limiter: &Arc<dyn Limiter>,
) -> Option<Tagging> {
    let endpoint = provider.endpoints.get("resourcegroupstaggingapi");
    if endpoint.is_none() && !provider.endpoints.is_empty() {
        return None;
    }
    let timeouts = TimeoutConfig::builder().connect_timeout(TAGGING).operation_attempt_timeout(TAGGING);
    let mut config =
        aws_sdk_resourcegroupstagging::config::Builder::from(config).timeout_config(timeouts.build());
    if let Some(url) = endpoint {
        config = config.endpoint_url(url);
    }
    let (origin, limiter) = (Arc::clone(origin), Arc::clone(limiter));
    Some(LazyLock::new(Box::new(move || Service {
        client: aws_sdk_resourcegroupstagging::Client::from_conf(config.build()),
        name: "tag",
        origin,
        limiter,
        gathering: Gathering::default(),
        tagging: None,
    })))
}

impl Aws {
    fn wrap<C>(&self, name: &'static str, client: C) -> Service<C> {
        let (origin, limiter) = (Arc::clone(&self.origin), Arc::clone(&self.limiter));
        let (gathering, tagging) = (Gathering::default(), self.tagging.clone());
        Service { client, name, origin, limiter, gathering, tagging }
    }

    fn sts(&self) -> Sts {
        self.wrap("sts", aws_sdk_sts::Client::new(&self.config))
    }

    fn caller(&self) -> &Caller {
        self.caller.get_or_init(|| Caller::new(self.sts()))
    }

    #[cfg(feature = "s3")]
    fn s3(&self) -> Service<aws_sdk_s3::Client> {
        let mut config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(self.path_style);
        if let Some(url) = self.endpoints.get("s3") {
            config = config.endpoint_url(url);
        }
        self.wrap("s3", aws_sdk_s3::Client::from_conf(config.build()))
    }
}

/// Where the SDK's configuration is loaded from: what a provider block says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shared {
    /// The profile; the default one for `None`.
    pub profile: Option<String>,
    /// The files of the configuration; empty: the usual one.
    pub config_files: Vec<String>,
    /// The files of the credentials; empty: the usual one.
    pub credentials_files: Vec<String>,
}

/// Loads the SDK's configuration.
type Load = Box<dyn Fn(Shared) -> BoxFuture<'static, SdkConfig> + Send + Sync>;

/// A connection that was made, or is not wanted twice: by everything that decides where it goes.
type Connected = BTreeMap<String, Arc<dyn Cloud>>;

/// Connects to the accounts and regions that provider configurations name.
pub struct AwsClouds {
    load: Load,
    limiter: Arc<dyn Limiter>,
    http: SharedHttpClient,
    connected: Mutex<Connected>,
}

impl AwsClouds {
    /// A factory. `load` reads the environment and the shared configuration: only the caller may.
    pub fn new(
        load: impl Fn(Shared) -> BoxFuture<'static, SdkConfig> + Send + Sync + 'static,
        limiter: Arc<dyn Limiter>,
    ) -> Self {
        Self { load: Box::new(load), limiter, http: http::client(), connected: Mutex::default() }
    }

    /// The SDK configuration for a provider: region, static credentials, role, timeouts, no retries.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if no region is known.
    pub async fn sdk_config(&self, provider: &ProviderConfig) -> Result<SdkConfig> {
        let shared = Shared {
            profile: provider.profile.clone(),
            config_files: provider.shared_config_files.clone(),
            credentials_files: provider.shared_credentials_files.clone(),
        };
        let base = (self.load)(shared).await;
        let region = provider.region.clone().or_else(|| base.region().map(ToString::to_string));
        let region = region.ok_or_else(|| {
            CloudError::new(
                ErrorKind::Invalid,
                "",
                "no region: set `region` in the provider block, AWS_REGION, or `region` in the profile",
            )
        })?;
        let http = base.http_client().unwrap_or_else(|| self.http.clone());
        let mut config = base
            .into_builder()
            .http_client(http)
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region))
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build(),
            );
        if let (Some(key), Some(secret)) = (&provider.access_key, &provider.secret_key) {
            let fixed = Credentials::new(key, secret, provider.token.clone(), None, "provider block");
            config = config.credentials_provider(SharedCredentialsProvider::new(fixed));
        }
        if provider.use_fips_endpoint {
            config = config.use_fips(true);
        }
        if provider.use_dualstack_endpoint {
            config = config.use_dual_stack(true);
        }
        Ok(assumed(config.build(), provider))
    }

    async fn open(&self, provider: &ProviderConfig) -> Result<Arc<dyn Cloud>> {
        let config = self.sdk_config(provider).await?;
        let mut origin = Origin {
            account: String::new(),
            region: config.region().map(ToString::to_string).unwrap_or_default(),
            profile: provider.profile.clone(),
            role: provider.assume_role.last().map(|r| r.role_arn.clone()),
            external_id: provider.assume_role.last().and_then(|r| r.external_id.clone()),
            endpoints: provider.endpoints.clone(),
        };
        let aws = |origin| Aws::new(config.clone(), provider, origin, Arc::clone(&self.limiter));
        if provider.skip_requesting_account_id {
            check_account(provider, &origin.account)?;
            return Ok(Arc::new(aws(origin)));
        }
        let identity = aws(origin.clone()).caller().identity().await?.clone();
        origin.account.clone_from(&identity.account_id);
        check_account(provider, &origin.account)?;
        let mut aws = aws(origin);
        aws.caller = OnceLock::from(Caller::with(aws.sts(), identity));
        Ok(Arc::new(aws))
    }
}

/// Refuses an account that the provider block does not allow.
fn check_account(provider: &ProviderConfig, account: &str) -> Result<()> {
    let allowed =
        provider.allowed_account_ids.is_empty() || provider.allowed_account_ids.iter().any(|a| a == account);
    if allowed && !provider.forbidden_account_ids.iter().any(|a| a == account) {
        return Ok(());
    }
    let message =
        format!("the credentials are of account {account}, which the provider block does not allow");
    Err(CloudError::new(ErrorKind::Invalid, "", message))
}

impl Clouds for AwsClouds {
    fn connect<'a>(&'a self, provider: &'a ProviderConfig) -> BoxFuture<'a, Result<Arc<dyn Cloud>>> {
        Box::pin(async move {
            let key = format!(
                "{:?}",
                (
                    &provider.region,
                    &provider.profile,
                    &provider.access_key,
                    &provider.assume_role,
                    &provider.web_identity,
                    &provider.sts_region,
                    (&provider.shared_config_files, &provider.shared_credentials_files),
                    (provider.use_fips_endpoint, provider.use_dualstack_endpoint),
                    &provider.endpoints
                )
            );
            let known = self.connected.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
            if let Some(cloud) = known {
                check_account(provider, &cloud.origin().account)?;
                return Ok(cloud);
            }
            let cloud = self.open(provider).await?;
            self.connected.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&cloud));
            Ok(cloud)
        })
    }
}
