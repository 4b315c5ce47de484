//! Who and where we are: account, region, partition.

mod caller_identity;
mod partition;
mod region;

use stackr_core::{Registry, Result, need};

use crate::Service;

pub use caller_identity::*;
pub use partition::*;
pub use region::*;

/// The client of the Security Token Service.
pub type Sts = Service<aws_sdk_sts::Client>;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry.with_lookup::<CallerIdentity>().with_lookup::<Partition>().with_lookup::<AwsRegion>()
}

/// The account that the credentials are of.
pub(crate) async fn account(sts: &Sts) -> Result<String> {
    let caller = sts.call("GetCallerIdentity", sts.client.get_caller_identity().send()).await?;
    need(caller.account(), "Account")
}
