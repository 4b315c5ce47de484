//! Record: one name, type and its values in a hosted zone.
//!
//! Facts about the API that shape this file:
//! - `CREATE` refuses a record that is there, `UPSERT` overwrites it, `DELETE` needs all that it has, and refuses what
//!   differs: it is tried with what is recorded;
//! - reads are lists: a zone's records come 300 to a page, sorted by the labels from the right, so the zone's
//!   own come first and tell its name;
//! - a record has no id and no tags: zone, name, type and set identifier are the key;
//! - text values carry quotes; an alias target comes back lower-case with a trailing dot.

use std::collections::BTreeMap;

use aws_sdk_route53::types::{
    AliasTarget, ChangeAction, GeoLocation, HostedZone, ResourceRecord, ResourceRecordSet as Described,
    ResourceRecordSetFailover, ResourceRecordSetRegion, RrType,
};
use futures::future::try_join_all;
use stackr_core::{
    Args, Block, CloudError, Create, Created, Delete, DnsName, ErrorKind, Find, Id, Outputs, Resource,
    Result, Seen, Set, Status, Update, Waits, need,
};

use super::{
    PAGE, Page, Route53, Zones, bare, built,
    changes::{Asked, change},
    page, page_from, plain,
};

/// A record.
pub struct Record;

/// A record: one name and type in a hosted zone, and its values or alias.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct RecordArgs {
    /// The hosted zone.
    #[arg(replace)]
    pub zone_id: String,
    /// Its name: complete, or without the zone's.
    #[arg(replace)]
    pub name: DnsName,
    /// `A`, `AAAA`, `CAA`, `CNAME`, `DS`, `HTTPS`, `MX`, `NAPTR`, `NS`, `PTR`, `SOA`, `SPF`, `SRV`, `SSHFP`,
    /// `SVCB`, `TLSA` or `TXT`.
    #[arg(replace)]
    pub r#type: String,
    /// Seconds that an answer may be kept. Not for an alias.
    pub ttl: Option<i64>,
    /// Its values. Not for an alias.
    pub records: Set<String>,
    /// The AWS object that it leads to, instead of values.
    #[arg(block)]
    pub alias: Option<Alias>,
    /// What tells it from others of the same name and type; needed with a routing policy.
    #[arg(replace)]
    pub set_identifier: Option<String>,
    /// Health check that takes it out of the answers.
    pub health_check_id: Option<String>,
    /// Answers in proportion to weights.
    #[arg(block)]
    pub weighted_routing_policy: Option<WeightedRouting>,
    /// Answers by health.
    #[arg(block)]
    pub failover_routing_policy: Option<FailoverRouting>,
    /// Answers by the least latency.
    #[arg(block)]
    pub latency_routing_policy: Option<LatencyRouting>,
    /// Answers by where the question comes from.
    #[arg(block)]
    pub geolocation_routing_policy: Option<GeolocationRouting>,
    /// Whether up to eight healthy records are answered together.
    #[arg(default = false)]
    pub multivalue_answer_routing_policy: bool,
    /// Whether a record that is there already is overwritten at creation.
    #[arg(local, default = false)]
    pub allow_overwrite: bool,
}

/// The AWS object that an alias leads to.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct Alias {
    /// Its DNS name.
    pub name: DnsName,
    /// The hosted zone of that name: the object's, not the record's.
    pub zone_id: String,
    /// Whether the object's health counts.
    pub evaluate_target_health: bool,
}

/// Answers in proportion to weights.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct WeightedRouting {
    /// Its weight: 0 to 255.
    pub weight: i64,
}

/// Answers by health.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct FailoverRouting {
    /// `PRIMARY` or `SECONDARY`.
    pub r#type: String,
}

/// Answers by the least latency.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct LatencyRouting {
    /// The region that it is in.
    pub region: String,
}

/// Answers by where the question comes from.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct GeolocationRouting {
    /// Continent: `AF`, `AN`, `AS`, `EU`, `NA`, `OC`, `SA`.
    pub continent: Option<String>,
    /// Country: `DE`; `*` for everywhere else.
    pub country: Option<String>,
    /// State of the United States or region of Ukraine.
    pub subdivision: Option<String>,
}

/// What AWS gives a record.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct RecordOutputs {
    /// Zone, name, type and set identifier, joined by underscores.
    pub id: String,
    /// Its complete name, without a trailing dot.
    pub fqdn: String,
}

impl Resource for Record {
    const TYPE: &'static str = "aws_route53_record";
    const WAITS: Waits = Waits::INSTANT;
    type Cloud = Route53;
    type Args = RecordArgs;
    type Outputs = RecordOutputs;

    async fn create(route53: &Route53, req: Create<'_, RecordArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let name = full_name(route53, args).await?;
        let action = if args.allow_overwrite { ChangeAction::Upsert } else { ChangeAction::Create };
        let made = change(route53, Asked::new(&args.zone_id, req.token, action, wanted(args, &name)?)?).await;
        // What is not found is the zone, made moments ago.
        made.map_err(|error| match error.kind() {
            ErrorKind::NotFound => error.as_kind(ErrorKind::Propagating),
            _ => error,
        })?;
        let id = id_of(args);
        let outputs = RecordOutputs { id: id.clone(), fqdn: plain(&name) };
        Ok(Created::seen(id, Seen { args: args.clone(), outputs, status: Status::Ready }))
    }

    async fn read(route53: &Route53, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let mut zones: BTreeMap<String, Vec<(usize, Key)>> = BTreeMap::new();
        for (i, id) in ids.iter().enumerate() {
            let key = Key::parse(id)?;
            zones.entry(key.zone.clone()).or_default().push((i, key));
        }
        let found = try_join_all(zones.iter().map(|(zone, keys)| read_zone(route53, zone, keys)));
        let mut answers: Vec<_> = ids.iter().map(|_| None).collect();
        for (i, seen) in found.await?.into_iter().flatten() {
            answers[i] = Some(seen);
        }
        Ok(answers)
    }

    async fn update(route53: &Route53, req: Update<'_, Self>) -> Result<()> {
        let want = wanted(req.want, &req.seen.outputs.fqdn)?;
        change(route53, Asked::new(&req.want.zone_id, req.id, ChangeAction::Upsert, want)?).await
    }

    async fn delete(route53: &Route53, req: Delete<'_, Self>) -> Result<()> {
        let key = Key::parse(req.id)?;
        let delete = async |record| {
            change(route53, Asked::new(&key.zone, req.id, ChangeAction::Delete, record)?).await
        };
        match delete(wanted(req.args, &req.outputs.fqdn)?).await {
            // It is not there, is not what is recorded, or was made of a secret, which is not recorded.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Invalid) =>
            {
                match one(route53, &key, &req.outputs.fqdn).await? {
                    Some(record) => delete(as_sent(record)).await,
                    None => Ok(()),
                }
            }
            answer => answer,
        }
    }

    /// A record carries no mark of who made it: what is exactly as we wanted it is what we made.
    async fn find(route53: &Route53, req: Find<'_, RecordArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let (name, id) = (full_name(route53, args).await?, id_of(args));
        let key = Key::parse(&id)?;
        let there = one(route53, &key, &name).await?;
        let want = normal(wanted(args, &name)?);
        Ok(there.filter(|record| normal(as_sent(record.clone())) == want).map(|_| id))
    }
}

/// What identifies a record.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    zone: String,
    /// As it was written: complete, or without the zone's name.
    name: String,
    ty: String,
    set: Option<String>,
}

impl Key {
    /// Reads `ZONE_name_TYPE` or `ZONE_name_TYPE_set`. Name and set may have underscores; types are upper-case
    /// and names are not.
    fn parse(id: &str) -> Result<Self> {
        let wrong = || {
            let message = format!("`{id}` is not the id of a record: ZONE_name_TYPE or ZONE_name_TYPE_set");
            CloudError::new(ErrorKind::Invalid, "route53:ListResourceRecordSets", message)
        };
        let (zone, rest) = id.split_once('_').ok_or_else(wrong)?;
        let mut at = 0;
        for part in rest.split('_') {
            let end = at + part.len();
            if at > 0 && RrType::values().contains(&part) {
                return Ok(Self {
                    zone: bare(zone).to_owned(),
                    name: rest[..at - 1].to_owned(),
                    ty: part.to_owned(),
                    set: rest.get(end + 1..).filter(|s| !s.is_empty()).map(str::to_owned),
                });
            }
            at = end + 1;
        }
        Err(wrong())
    }

    /// The complete name in a zone.
    fn full(&self, zone: &str) -> String {
        complete(&self.name, zone)
    }

    fn is(&self, record: &Described, full: &str) -> bool {
        record.r#type().as_str() == self.ty
            && record.set_identifier() == self.set.as_deref()
            && plain(record.name()) == plain(full)
    }
}

/// The id of a record: the provider's form.
fn id_of(args: &RecordArgs) -> Id {
    let name = args.name.to_lowercase();
    let id = format!("{}_{}_{}", bare(&args.zone_id), name.trim_end_matches('.'), args.r#type);
    match &args.set_identifier {
        Some(set) => format!("{id}_{set}"),
        None => id,
    }
}

/// A name with its zone's, unless it has it already.
fn complete(name: &str, zone: &str) -> String {
    let (name, zone) = (plain(name), plain(zone));
    match name.as_str() {
        "" => zone,
        _ if zone.is_empty() || name == zone || name.ends_with(&format!(".{zone}")) => name,
        _ => format!("{name}.{zone}"),
    }
}

/// The complete name of a record that is wanted. A trailing dot says that it is complete.
async fn full_name(route53: &Route53, args: &RecordArgs) -> Result<String> {
    if args.name.ends_with('.') {
        return Ok(plain(&args.name));
    }
    // Records that are made together ask together.
    let zone = bare(&args.zone_id).to_owned();
    let Some(zone) = route53.gather::<Zones>([zone.clone()]).await?.remove(&zone) else {
        let message = format!("there is no hosted zone {}", args.zone_id);
        return Err(CloudError::new(ErrorKind::Propagating, "route53:GetHostedZone", message));
    };
    Ok(complete(&args.name, &need(zone.hosted_zone().map(HostedZone::name), "Name")?))
}

/// One record of a zone, by its complete name.
async fn one(route53: &Route53, key: &Key, full: &str) -> Result<Option<Described>> {
    let ty = RrType::from(key.ty.as_str());
    let mut found =
        page(route53, &key.zone, Some((full, &ty)), if key.set.is_some() { PAGE } else { 1 }).await?;
    loop {
        let Some(Page { records, next }) = found else { return Ok(None) };
        if let Some(record) = records.into_iter().find(|r| key.is(r, full)) {
            return Ok(Some(record));
        }
        let more = next.filter(|(name, next, _)| *next == ty && plain(name) == plain(full));
        let Some(more) = more.filter(|_| key.set.is_some()) else { return Ok(None) };
        found = page_from(route53, &key.zone, Some(more), PAGE).await?;
    }
}

/// How many records of a large zone are asked for one by one rather than by listing on.
const FEW: usize = 10;

/// Reads records of one zone. Most zones fit in one page; in a larger one a few records are asked for singly.
async fn read_zone(
    route53: &Route53,
    zone: &str,
    keys: &[(usize, Key)],
) -> Result<Vec<(usize, Seen<Record>)>> {
    let Some(Page { mut records, mut next }) = page_from(route53, zone, None, PAGE).await? else {
        return Ok(Vec::new());
    };
    let apex = records.iter().find(|r| r.r#type() == &RrType::Soa).map(|r| plain(r.name()));
    let apex = apex.unwrap_or_default();
    if next.is_some() {
        let there = |key: &Key| records.iter().any(|r| key.is(r, &key.full(&apex)));
        let left: Vec<_> = keys.iter().filter(|(_, key)| !there(key)).collect();
        if left.len() <= FEW {
            let singly = left.iter().map(|(_, key)| async { one(route53, key, &key.full(&apex)).await });
            records.extend(try_join_all(singly).await?.into_iter().flatten());
            next = None;
        }
    }
    while next.is_some() {
        let more = page_from(route53, zone, next.take(), PAGE).await?;
        let Some(more) = more else { break };
        records.extend(more.records);
        next = more.next;
    }
    let found = keys.iter().filter_map(|(i, key)| {
        let full = key.full(&apex);
        let record = records.iter().find(|r| key.is(r, &full))?;
        Some((*i, seen(record, key, &full)))
    });
    Ok(found.collect())
}

/// The record that says what is wanted.
fn wanted(args: &RecordArgs, name: &str) -> Result<Described> {
    let quoted = matches!(args.r#type.as_str(), "TXT" | "SPF");
    let values = args.records.iter().map(|value| {
        let value = if quoted { format!("\"{value}\"") } else { value.clone() };
        built(ResourceRecord::builder().value(value).build())
    });
    let values = values.collect::<Result<Vec<_>>>()?;
    let alias = args.alias.as_ref().map(|alias| {
        let target = AliasTarget::builder().dns_name(&*alias.name).hosted_zone_id(&alias.zone_id);
        built(target.evaluate_target_health(alias.evaluate_target_health).build())
    });
    let failover = args.failover_routing_policy.as_ref().map(|f| f.r#type.as_str());
    let region = args.latency_routing_policy.as_ref().map(|l| l.region.as_str());
    let place = args.geolocation_routing_policy.as_ref().map(|g| {
        GeoLocation::builder()
            .set_continent_code(g.continent.clone())
            .set_country_code(g.country.clone())
            .set_subdivision_code(g.subdivision.clone())
            .build()
    });
    let record = Described::builder()
        .name(name)
        .r#type(RrType::from(args.r#type.as_str()))
        .set_ttl(args.ttl.filter(|_| alias.is_none()))
        .set_resource_records((!values.is_empty()).then_some(values))
        .set_alias_target(alias.transpose()?)
        .set_set_identifier(args.set_identifier.clone())
        .set_health_check_id(args.health_check_id.clone())
        .set_weight(args.weighted_routing_policy.as_ref().map(|w| w.weight))
        .set_failover(failover.map(ResourceRecordSetFailover::from))
        .set_region(region.map(ResourceRecordSetRegion::from))
        .set_geo_location(place)
        .set_multi_value_answer(args.multivalue_answer_routing_policy.then_some(true));
    built(record.build())
}

/// A record that was read, as it can be sent: names are sent plain, with the asterisk of a wildcard.
fn as_sent(mut record: Described) -> Described {
    record.name = plain(&record.name);
    record
}

/// A record in the one form that equal records share.
fn normal(mut record: Described) -> Described {
    record.name = plain(&record.name);
    if let Some(values) = &mut record.resource_records {
        values.sort_by(|a, b| a.value.cmp(&b.value));
    }
    record.resource_records = record.resource_records.filter(|values| !values.is_empty());
    if let Some(alias) = &mut record.alias_target {
        alias.dns_name = plain(&alias.dns_name);
    }
    record
}

/// What AWS says about one record, in our words. The name is the one in the id, as it was written.
fn seen(record: &Described, key: &Key, full: &str) -> Seen<Record> {
    let text = |value: &str| match record.r#type() {
        RrType::Txt | RrType::Spf => {
            let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
            inner.unwrap_or(value).to_owned()
        }
        _ => value.to_owned(),
    };
    let region = record.region().map(|r| LatencyRouting { region: r.as_str().to_owned() });
    let failover = record.failover().map(|f| FailoverRouting { r#type: f.as_str().to_owned() });
    let place = record.geo_location().map(|g| GeolocationRouting {
        continent: g.continent_code().map(str::to_owned),
        country: g.country_code().map(str::to_owned),
        subdivision: g.subdivision_code().map(str::to_owned),
    });
    let args = RecordArgs {
        zone_id: key.zone.clone(),
        name: DnsName(key.name.clone()),
        r#type: key.ty.clone(),
        ttl: record.ttl(),
        records: record.resource_records().iter().map(|r| text(r.value())).collect(),
        alias: record.alias_target().map(|alias| Alias {
            name: DnsName(alias.dns_name().trim_end_matches('.').to_owned()),
            zone_id: alias.hosted_zone_id().to_owned(),
            evaluate_target_health: alias.evaluate_target_health(),
        }),
        set_identifier: key.set.clone(),
        health_check_id: record.health_check_id().map(str::to_owned),
        weighted_routing_policy: record.weight().map(|weight| WeightedRouting { weight }),
        failover_routing_policy: failover,
        latency_routing_policy: region,
        geolocation_routing_policy: place,
        multivalue_answer_routing_policy: record.multi_value_answer() == Some(true),
        allow_overwrite: false,
    };
    let outputs = RecordOutputs { id: id_of(&args), fqdn: full.to_owned() };
    Seen { args, outputs, status: Status::Ready }
}

#[cfg(test)]
mod tests {
    use stackr_core::Value;

    use super::*;

    fn args(name: &str, ty: &str, value: &str) -> RecordArgs {
        let object = Value::object([
            ("zone_id", "Z1".into()),
            ("name", name.into()),
            ("type", ty.into()),
            ("ttl", Value::from(60)),
            ("records", Value::set([value.into()])),
        ]);
        RecordArgs::from_object(&object).unwrap()
    }

    #[test]
    fn an_id_can_be_read_whatever_has_underscores() {
        let check = |id: &str, name: &str, ty: &str, set: Option<&str>| {
            let key = Key::parse(id).unwrap();
            assert_eq!((key.name.as_str(), key.ty.as_str(), key.set.as_deref()), (name, ty, set));
        };
        check("Z1_www.example.com_A", "www.example.com", "A", None);
        check("Z1__x.example.com_CNAME", "_x.example.com", "CNAME", None);
        check("Z1__a_b.example.com_TXT_set_A_1", "_a_b.example.com", "TXT", Some("set_A_1"));
        check("Z1__NS", "", "NS", None);
        assert_eq!(Key::parse("Z1_www").unwrap_err().kind(), ErrorKind::Invalid);
    }

    #[test]
    fn a_name_is_completed_with_the_zones() {
        let check = |name: &str, expect: &str| assert_eq!(complete(name, "example.com."), expect);
        check("www", "www.example.com");
        check("WWW.example.com.", "www.example.com");
        check("", "example.com");
        check("example.com", "example.com");
        check("notexample.com", "notexample.com.example.com");
        check("\\052", "*.example.com");
    }

    #[test]
    fn a_record_survives_the_way_to_aws_and_back() {
        for args in [args("www", "A", "1.2.3.4"), args("t", "TXT", "a b\" \"c")] {
            let key = Key::parse(&id_of(&args)).unwrap();
            let full = key.full("example.com");
            let mut record = wanted(&args, &full).unwrap();
            record.name = format!("{full}.");
            assert!(key.is(&record, &full));
            let seen = seen(&record, &key, &full);
            assert_eq!(seen.args, args);
            assert_eq!(seen.outputs.fqdn, format!("{}.example.com", args.name));
        }
    }

    #[test]
    fn equal_records_are_found_equal_and_others_are_not() {
        let record = |value: &str| wanted(&args("www", "A", value), "www.example.com").unwrap();
        let mut read = record("1.2.3.4");
        read.name = "WWW.example.com.".to_owned();
        assert_eq!(normal(read.clone()), normal(record("1.2.3.4")));
        assert_ne!(normal(read), normal(record("4.3.2.1")));
    }

    #[test]
    fn a_wildcard_is_sent_with_its_asterisk() {
        let record = wanted(&args("www", "A", "1.2.3.4"), "\\052.example.com.").unwrap();
        assert_eq!(as_sent(record).name, "*.example.com");
    }

    #[test]
    fn only_the_key_forces_replacement() {
        let replace: Vec<_> = RecordArgs::fields().iter().filter(|f| f.replace).map(|f| f.name).collect();
        assert_eq!(replace, ["zone_id", "name", "type", "set_identifier"]);
    }
}
