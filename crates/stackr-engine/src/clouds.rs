//! Connections: the clients for declared provider configurations and for the places that objects were recorded in.
//! Each is connected once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use stackr_core::{
    AssumeRole, Cloud, CloudError, Clouds, ErrorKind, Origin, ProviderConfig, ProviderKey, Result, Waits,
};
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep},
};

use crate::{
    random::Jitter,
    retry::{Backoff, Call},
};

/// How often a connection is tried: through a throttle or a failure in passing, but a wrong endpoint is told within
/// seconds.
const CONNECTS: u32 = 6;

type Slot<K> = Mutex<BTreeMap<K, Arc<OnceCell<Arc<dyn Cloud>>>>>;

/// The clients that a run uses.
pub struct Connections {
    clouds: Arc<dyn Clouds>,
    providers: BTreeMap<ProviderKey, ProviderConfig>,
    declared: Slot<ProviderKey>,
    recorded: Slot<Origin>,
}

impl Connections {
    /// Connections to be made with these provider configurations. Nothing is connected yet.
    #[must_use]
    pub fn new(clouds: Arc<dyn Clouds>, providers: BTreeMap<ProviderKey, ProviderConfig>) -> Self {
        Self { clouds, providers, declared: Slot::default(), recorded: Slot::default() }
    }

    /// The clients of a declared provider configuration. The default one need not be declared.
    ///
    /// # Errors
    /// Those of connecting, and a key that is not declared.
    pub async fn declared(&self, key: &str) -> Result<Arc<dyn Cloud>> {
        let none = ProviderConfig::default();
        let provider = match self.providers.get(key) {
            Some(provider) => provider,
            None if key.is_empty() => &none,
            None => {
                let message = format!("there is no provider configuration with the alias {key}");
                return Err(CloudError::new(ErrorKind::Invalid, "", message));
            }
        };
        let slot = slot(&self.declared, key.to_owned());
        slot.get_or_try_init(|| self.connect(provider)).await.cloned()
    }

    /// The clients for the place that an object was recorded in: those of a declared configuration that leads
    /// there, else new ones.
    ///
    /// # Errors
    /// Those of connecting, and credentials that lead to another account.
    pub async fn recorded(&self, origin: &Origin) -> Result<Arc<dyn Cloud>> {
        let slot = slot(&self.recorded, origin.clone());
        slot.get_or_try_init(|| self.reach(origin)).await.cloned()
    }

    /// Connects, again where that fails in passing.
    async fn connect(&self, provider: &ProviderConfig) -> Result<Arc<dyn Cloud>> {
        let (began, mut backoff, mut jitter) = (Instant::now(), Backoff::default(), Jitter::new(0, 0));
        for _ in 1..CONNECTS {
            let error = match self.clouds.connect(provider).await {
                Ok(cloud) => return Ok(cloud),
                Err(error) => error,
            };
            match backoff.next(Call::Read, error.kind(), Waits::INSTANT, began.elapsed(), &mut jitter) {
                Some(delay) => sleep(delay).await,
                None => return Err(error),
            }
        }
        self.clouds.connect(provider).await
    }

    async fn reach(&self, origin: &Origin) -> Result<Arc<dyn Cloud>> {
        for (key, provider) in &self.providers {
            if may_lead(provider, origin)
                && let Ok(cloud) = self.declared(key).await
                && leads(cloud.origin(), origin)
            {
                return Ok(cloud);
            }
        }
        let cloud = self.connect(&provider_of(origin)).await?;
        let account = &cloud.origin().account;
        if !origin.account.is_empty() && !account.is_empty() && *account != origin.account {
            let message = format!(
                "the object was recorded in account {}, these credentials lead to account {account}",
                origin.account
            );
            return Err(CloudError::new(ErrorKind::Credentials, "", message));
        }
        Ok(cloud)
    }
}

fn slot<K: Ord>(slots: &Slot<K>, key: K) -> Arc<OnceCell<Arc<dyn Cloud>>> {
    let mut slots = slots.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(slots.entry(key).or_default())
}

/// Whether it is worth connecting a configuration to see where it leads.
fn may_lead(provider: &ProviderConfig, origin: &Origin) -> bool {
    provider.region.as_ref().is_none_or(|region| *region == origin.region)
        && provider.assume_role.last().map(|role| &role.role_arn) == origin.role.as_ref()
        && provider.endpoints == origin.endpoints
}

/// Whether clients lead to where an object is: another profile or external id is no other place.
fn leads(there: &Origin, origin: &Origin) -> bool {
    (there.account == origin.account || origin.account.is_empty())
        && there.region == origin.region
        && there.role == origin.role
        && there.endpoints == origin.endpoints
}

/// The configuration that a recorded place needs.
fn provider_of(origin: &Origin) -> ProviderConfig {
    ProviderConfig {
        region: Some(origin.region.clone()).filter(|region| !region.is_empty()),
        profile: origin.profile.clone(),
        assume_role: origin.role.clone().map_or_else(Vec::new, |role_arn| {
            vec![AssumeRole { role_arn, external_id: origin.external_id.clone(), ..AssumeRole::default() }]
        }),
        endpoints: origin.endpoints.clone(),
        ..ProviderConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use stackr_core::BoxFuture;

    use super::*;
    use crate::fake::Fake;

    /// Fails so many times before it connects.
    struct Shaky {
        failures: u32,
        kind: ErrorKind,
        asked: AtomicU32,
    }

    impl Clouds for Shaky {
        fn connect<'a>(&'a self, _: &'a ProviderConfig) -> BoxFuture<'a, Result<Arc<dyn Cloud>>> {
            Box::pin(async move {
                if self.asked.fetch_add(1, Ordering::Relaxed) < self.failures {
                    return Err(CloudError::new(self.kind, "sts:GetCallerIdentity", "no"));
                }
                Ok(Arc::new(Fake::new()) as Arc<dyn Cloud>)
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_fails_in_passing_is_tried_again_but_not_for_long() {
        let check = async |kind, failures, asked| {
            let shaky = Arc::new(Shaky { failures, kind, asked: AtomicU32::new(0) });
            let connections = Connections::new(Arc::clone(&shaky) as Arc<dyn Clouds>, BTreeMap::new());
            let began = Instant::now();
            let connected = connections.declared("").await.is_ok();
            assert_eq!(connected, failures < CONNECTS && asked > failures, "{kind:?} {failures}");
            assert_eq!(shaky.asked.load(Ordering::Relaxed), asked, "{kind:?} {failures}");
            assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
        };
        check(ErrorKind::Throttled, 3, 4).await;
        check(ErrorKind::Transient, 2, 3).await;
        check(ErrorKind::Transient, 100, CONNECTS).await;
        check(ErrorKind::Credentials, 1, 1).await;
    }
}
