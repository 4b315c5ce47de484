//! The region in use.

use stackr_core::{Args, Lookup, Origin, Outputs, Result};

/// The region. (`Region` is the SDK's own name for something else.)
pub struct AwsRegion;

/// The region in use; nothing is asked.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct AwsRegionArgs {
    /// The region to describe; the one in use if absent.
    pub name: Option<String>,
}

/// The region.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct AwsRegionOutputs {
    /// The region: `eu-central-1`.
    pub id: String,
    /// The region: `eu-central-1`.
    pub name: String,
    /// Its EC2 endpoint's host name.
    pub endpoint: String,
}

impl Lookup for AwsRegion {
    const TYPE: &'static str = "aws_region";
    type Cloud = Origin;
    type Args = AwsRegionArgs;
    type Outputs = AwsRegionOutputs;

    async fn read(origin: &Origin, args: &AwsRegionArgs) -> Result<AwsRegionOutputs> {
        let name = args.name.clone().unwrap_or_else(|| origin.region.clone());
        let suffix = crate::service::partition(&name).1;
        Ok(AwsRegionOutputs { id: name.clone(), endpoint: format!("ec2.{name}.{suffix}"), name })
    }
}
