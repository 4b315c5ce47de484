//! Looks up a hosted zone by id, or by name, kind, VPC and tags.

use aws_sdk_route53::{
    operation::get_hosted_zone::GetHostedZoneOutput as Described,
    types::{HostedZone, HostedZoneConfig, LinkedService},
};
use futures::future::try_join_all;
use stackr_core::{Args, CloudError, DnsName, ErrorKind, Id, Lookup, Outputs, Result, Tags, need};

use super::{Route53, bare, get_zone, name_servers, plain, tags_of};
use crate::{service::onward, tags};

/// A hosted zone that exists.
pub struct ZoneLookup;

/// A hosted zone that exists: by its id, or the only one that fits.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ZoneLookupArgs {
    /// Its id.
    #[arg(computed)]
    pub zone_id: Option<String>,
    /// Its domain.
    #[arg(computed)]
    pub name: Option<DnsName>,
    /// Whether a private zone is meant.
    #[arg(default = false)]
    pub private_zone: bool,
    /// VPC that sees it, for a private zone.
    #[arg(computed)]
    pub vpc_id: Option<String>,
    /// Tags that it has, among others.
    #[arg(computed)]
    pub tags: Tags,
}

/// The hosted zone that was found.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct ZoneLookupOutputs {
    /// Its id.
    pub id: String,
    /// Its id.
    pub zone_id: String,
    /// Its ARN.
    pub arn: String,
    /// Its domain, without a trailing dot.
    pub name: String,
    /// Whether it is private.
    pub private_zone: bool,
    /// What it is for.
    pub comment: Option<String>,
    /// The reference that it was made with.
    pub caller_reference: String,
    /// Its name servers, sorted.
    pub name_servers: Vec<String>,
    /// The name server that made the zone's SOA record.
    pub primary_name_server: Option<String>,
    /// How many records it has.
    pub resource_record_set_count: Option<i64>,
    /// The service that made it, if one did.
    pub linked_service_principal: Option<String>,
    /// What that service says about it.
    pub linked_service_description: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

impl Lookup for ZoneLookup {
    const TYPE: &'static str = "aws_route53_zone";
    type Cloud = Route53;
    type Args = ZoneLookupArgs;
    type Outputs = ZoneLookupOutputs;

    async fn read(route53: &Route53, args: &ZoneLookupArgs) -> Result<ZoneLookupOutputs> {
        let ids: Vec<Id> = match (&args.zone_id, &args.name) {
            (Some(id), _) => vec![bare(id).to_owned()],
            (None, Some(name)) => named(route53, name, args.private_zone).await?,
            (None, None) => return Err(invalid("a zone is looked up by `zone_id` or `name`".to_owned())),
        };
        let found = try_join_all(ids.iter().map(|id| get_zone(route53, id)));
        let (found, mut tags) = futures::try_join!(found, tags_of(route53, &ids))?;
        let mut fitting = Vec::new();
        for (id, zone) in ids.iter().zip(found) {
            let tags = tags::users(tags.remove(id).unwrap_or_default());
            fitting.extend(zone.filter(|zone| fits(args, zone, &tags)).map(|zone| (zone, tags)));
        }
        let (1, Some((zone, tags))) = (fitting.len(), fitting.pop()) else {
            return Err(not_one(args, ids.len()));
        };
        let servers = name_servers(route53, &zone).await?;
        outputs(&zone, servers, tags, route53.partition())
    }
}

/// The zones of a name.
async fn named(route53: &Route53, name: &str, private: bool) -> Result<Vec<Id>> {
    let (mut ids, mut from, mut after) = (Vec::new(), plain(name), None);
    loop {
        let request =
            route53.client.list_hosted_zones_by_name().dns_name(&from).set_hosted_zone_id(after.clone());
        let page = route53.call("ListHostedZonesByName", request.send()).await?;
        let fitting = page.hosted_zones().iter().filter(|zone| {
            let is_private = zone.config().is_some_and(HostedZoneConfig::private_zone);
            plain(zone.name()) == plain(name) && is_private == private
        });
        ids.extend(fitting.map(|zone| bare(zone.id()).to_owned()));
        // The list is sorted by name.
        let same = page.next_dns_name().filter(|next| page.is_truncated && plain(next) == plain(name));
        let next = same.map(|next| (next.to_owned(), page.next_hosted_zone_id().map(str::to_owned)));
        let Some(next) = onward(Some((from, after)), next)? else { return Ok(ids) };
        (from, after) = next;
    }
}

fn fits(args: &ZoneLookupArgs, zone: &Described, tags: &Tags) -> bool {
    let seen_by = |vpc: &String| zone.vpcs().iter().any(|v| v.vpc_id() == Some(vpc));
    args.vpc_id.as_ref().is_none_or(seen_by) && args.tags.iter().all(|(k, v)| tags.get(k) == Some(v))
}

fn invalid(message: String) -> CloudError {
    CloudError::new(ErrorKind::Invalid, "route53:ListHostedZonesByName", message)
}

fn not_one(args: &ZoneLookupArgs, of_name: usize) -> CloudError {
    let kind = if args.private_zone { "private" } else { "public" };
    let asked = match (&args.zone_id, &args.name) {
        (Some(id), _) => format!("zone {id}"),
        (None, name) => format!("{kind} zone named {}", name.as_deref().unwrap_or_default()),
    };
    let more = match of_name {
        0 => String::new(),
        n => format!(" with vpc {:?} and tags {:?} (of {n} of that name or id)", args.vpc_id, args.tags),
    };
    invalid(format!("there is not exactly one {asked}{more}"))
}

fn outputs(
    found: &Described,
    mut servers: Vec<String>,
    tags: Tags,
    partition: &str,
) -> Result<ZoneLookupOutputs> {
    let zone = found.hosted_zone();
    let id = bare(&need(zone.map(HostedZone::id), "Id")?).to_owned();
    let config = zone.and_then(HostedZone::config);
    let service = zone.and_then(HostedZone::linked_service);
    let primary = servers.first().cloned();
    servers.sort();
    Ok(ZoneLookupOutputs {
        zone_id: id.clone(),
        arn: format!("arn:{partition}:route53:::hostedzone/{id}"),
        name: plain(&need(zone.map(HostedZone::name), "Name")?),
        private_zone: config.is_some_and(HostedZoneConfig::private_zone),
        comment: config.and_then(HostedZoneConfig::comment).map(str::to_owned),
        caller_reference: need(zone.map(HostedZone::caller_reference), "CallerReference")?,
        name_servers: servers,
        primary_name_server: primary,
        resource_record_set_count: zone.and_then(HostedZone::resource_record_set_count),
        linked_service_principal: service.and_then(LinkedService::service_principal).map(str::to_owned),
        linked_service_description: service.and_then(LinkedService::description).map(str::to_owned),
        tags,
        id,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::Vpc;
    use stackr_core::{Block as _, Value};

    use super::*;

    #[test]
    fn a_zone_fits_if_the_vpc_sees_it_and_it_has_the_tags() {
        let asked = [("vpc_id", Value::from("vpc-1")), ("tags", Value::map([("a", "1".into())]))];
        let args = ZoneLookupArgs::from_object(&Value::object(asked)).unwrap();
        let zone = Described::builder().vpcs(Vpc::builder().vpc_id("vpc-1").build()).build();
        let tags = Tags::from([("a".into(), "1".into()), ("b".into(), "2".into())]);
        assert!(fits(&args, &zone, &tags));
        assert!(!fits(&args, &zone, &Tags::new()));
        assert!(!fits(&args, &Described::builder().build(), &tags));
    }
}
