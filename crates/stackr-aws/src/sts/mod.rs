//! Who and where we are: account, region, partition.

mod caller_identity;
mod partition;
mod region;

use stackr_core::{Registry, Result};
use tokio::sync::OnceCell;

use crate::Service;

pub use caller_identity::*;
pub use partition::*;
pub use region::*;

/// The client of the Security Token Service.
pub type Sts = Service<aws_sdk_sts::Client>;

/// Who the credentials are of: asked for once, since they are the same for as long as the clients are.
pub struct Caller {
    sts: Sts,
    known: OnceCell<CallerIdentityOutputs>,
}

impl Caller {
    pub(crate) fn new(sts: Sts) -> Self {
        Self { sts, known: OnceCell::new() }
    }

    /// The same caller, asked through another client.
    pub(crate) fn with(sts: Sts, known: CallerIdentityOutputs) -> Self {
        Self { sts, known: OnceCell::new_with(Some(known)) }
    }

    /// Account, user and ARN.
    ///
    /// # Errors
    /// What AWS or the network answered.
    pub async fn identity(&self) -> Result<&CallerIdentityOutputs> {
        self.known.get_or_try_init(|| caller_identity::ask(&self.sts)).await
    }
}

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry.with_lookup::<CallerIdentity>().with_lookup::<Partition>().with_lookup::<AwsRegion>()
}
