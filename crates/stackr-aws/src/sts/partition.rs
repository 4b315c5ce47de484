//! The partition of the region in use: `aws`, `aws-cn`, …

use stackr_core::{Args, Lookup, Origin, Outputs, Result};

use crate::service::partition;

/// The partition.
pub struct Partition;

/// The partition of the region in use; nothing is asked.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct PartitionArgs {}

/// The partition and its DNS names.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct PartitionOutputs {
    /// The partition: `aws`.
    pub id: String,
    /// The partition: `aws`.
    pub partition: String,
    /// The DNS suffix of its services: `amazonaws.com`.
    pub dns_suffix: String,
    /// The suffix reversed: `com.amazonaws`.
    pub reverse_dns_prefix: String,
}

impl Lookup for Partition {
    const TYPE: &'static str = "aws_partition";
    type Cloud = Origin;
    type Args = PartitionArgs;
    type Outputs = PartitionOutputs;

    async fn read(origin: &Origin, _: &PartitionArgs) -> Result<PartitionOutputs> {
        let (partition, suffix) = partition(&origin.region);
        let reversed: Vec<_> = suffix.rsplit('.').collect();
        Ok(PartitionOutputs {
            id: partition.to_owned(),
            partition: partition.to_owned(),
            dns_suffix: suffix.to_owned(),
            reverse_dns_prefix: reversed.join("."),
        })
    }
}
