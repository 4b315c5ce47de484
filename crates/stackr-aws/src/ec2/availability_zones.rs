//! The availability zones of the region.

use aws_sdk_ec2::types::AvailabilityZone;
use stackr_core::{Args, Block, Lookup, Outputs, Result, Set};

use super::{Ec2, filter};

/// The availability zones of the region.
pub struct AvailabilityZones;

/// The availability zones of the region that the account can use.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct AvailabilityZonesArgs {
    /// Only zones in this state: `available`, `information`, `impaired`, `unavailable`.
    pub state: Option<String>,
    /// Also zones that the account has not opted in to.
    pub all_availability_zones: Option<bool>,
    /// Names of zones to leave out.
    pub exclude_names: Set<String>,
    /// Ids of zones to leave out.
    pub exclude_zone_ids: Set<String>,
    /// Only zones that fit these filters.
    #[arg(block)]
    pub filter: Set<ZoneFilter>,
}

/// A filter of the `DescribeAvailabilityZones` call.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ZoneFilter {
    /// The filter's name: `opt-in-status`.
    pub name: String,
    /// The values that fit.
    #[arg(required)]
    pub values: Set<String>,
}

/// The zones, sorted by name.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct AvailabilityZonesOutputs {
    /// The region.
    pub id: String,
    /// Their names: `eu-central-1a`. Which building a name means differs from account to account.
    pub names: Vec<String>,
    /// Their ids, in the order of the names: `euc1-az2`. The same in every account.
    pub zone_ids: Vec<String>,
    /// The border groups they are in.
    pub group_names: Set<String>,
}

impl Lookup for AvailabilityZones {
    const TYPE: &'static str = "aws_availability_zones";
    type Cloud = Ec2;
    type Args = AvailabilityZonesArgs;
    type Outputs = AvailabilityZonesOutputs;

    async fn read(ec2: &Ec2, args: &AvailabilityZonesArgs) -> Result<AvailabilityZonesOutputs> {
        let mut request = ec2.client.describe_availability_zones();
        request = request.set_all_availability_zones(args.all_availability_zones);
        if let Some(state) = &args.state {
            request = request.filters(filter("state", [state]));
        }
        for asked in args.filter.iter() {
            request = request.filters(filter(&asked.name, asked.values.iter()));
        }
        let answer = ec2.call("DescribeAvailabilityZones", request.send()).await?;
        Ok(outputs(answer.availability_zones(), args, &ec2.origin.region))
    }
}

/// The zones that are wanted, sorted.
fn outputs(
    zones: &[AvailabilityZone],
    args: &AvailabilityZonesArgs,
    region: &str,
) -> AvailabilityZonesOutputs {
    let excluded = |zone: &&AvailabilityZone| {
        let is = |list: &Set<String>, text: Option<&str>| list.iter().any(|e| Some(e.as_str()) == text);
        is(&args.exclude_names, zone.zone_name()) || is(&args.exclude_zone_ids, zone.zone_id())
    };
    let mut zones: Vec<_> = zones.iter().filter(|z| !excluded(z)).collect();
    zones.sort_by_key(|z| z.zone_name());
    let texts = |get: fn(&AvailabilityZone) -> Option<&str>| {
        zones.iter().filter_map(|z| get(z)).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut groups = texts(AvailabilityZone::group_name);
    groups.sort();
    groups.dedup();
    AvailabilityZonesOutputs {
        id: region.to_owned(),
        names: texts(AvailabilityZone::zone_name),
        zone_ids: texts(AvailabilityZone::zone_id),
        group_names: Set(groups),
    }
}

#[cfg(test)]
mod tests {
    use stackr_core::Value;

    use super::*;

    #[test]
    fn zones_are_sorted_and_the_excluded_left_out() {
        let zone =
            |name: &str| AvailabilityZone::builder().zone_name(name).zone_id(format!("id-{name}")).build();
        let args = Value::object([("exclude_names", Value::set(["b".into()]))]);
        let args = AvailabilityZonesArgs::from_object(&args).unwrap();
        let found = outputs(&[zone("c"), zone("b"), zone("a")], &args, "r");
        assert_eq!(found.names, ["a", "c"]);
        assert_eq!(found.zone_ids, ["id-a", "id-c"]);
    }
}
