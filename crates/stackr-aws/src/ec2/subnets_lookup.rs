//! Looks up the ids of subnets.

use stackr_core::{Args, Lookup, Outputs, Result, Set, Tags};

use super::{Ec2, LookupFilter, lookups::Asked, pages};

/// Subnets that are there already.
pub struct SubnetsLookup;

/// Subnets that are there already. None may fit.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct SubnetsLookupArgs {
    /// Tags that they carry, among others.
    #[arg(computed)]
    pub tags: Tags,
    /// Filters that they fit: `vpc-id`, `availability-zone`, `map-public-ip-on-launch`…
    #[arg(block)]
    pub filter: Set<LookupFilter>,
}

/// The subnets.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct SubnetsLookupOutputs {
    /// The region.
    pub id: String,
    /// Their ids, sorted, since AWS gives them in no order.
    pub ids: Vec<String>,
}

impl Lookup for SubnetsLookup {
    const TYPE: &'static str = "aws_subnets";
    type Cloud = Ec2;
    type Args = SubnetsLookupArgs;
    type Outputs = SubnetsLookupOutputs;

    async fn read(ec2: &Ec2, args: &SubnetsLookupArgs) -> Result<SubnetsLookupOutputs> {
        let asked = Asked::new(&args.tags, &args.filter);
        let request = ec2.client.describe_subnets().set_filters(asked.filters());
        let subnets = pages!(ec2, "DescribeSubnets", request, subnets);
        let mut ids: Vec<_> = subnets.into_iter().filter_map(|subnet| subnet.subnet_id).collect();
        ids.sort();
        Ok(SubnetsLookupOutputs { id: ec2.origin.region.clone(), ids })
    }
}
