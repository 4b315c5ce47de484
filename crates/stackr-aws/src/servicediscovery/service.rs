//! Discovery service: a name in a namespace and the records its instances get.
//!
//! Facts about the API that shape this file:
//! - an update deletes the DNS records and the health check that it does not mention, so all are sent again;
//! - record types, routing policy and the custom health check are for ever;
//! - the threshold of a custom health check is always 1, whatever is asked for;
//! - registered instances keep it from being deleted; ECS takes its own away some time after its tasks stop.

use aws_sdk_servicediscovery::types::{
    DnsConfig as Dns, DnsConfigChange, DnsRecord as Record, FilterCondition, HealthCheckConfig as Check,
    HealthCheckCustomConfig as CustomCheck, HealthCheckType, RecordType, RoutingPolicy, Service as Described,
    ServiceChange, ServiceFilter, ServiceFilterName, ServiceTypeOption,
};
use futures::future::try_join_all;
use stackr_core::{
    Args, Block, Create, Created, Delete, ErrorKind, Find, Gone, Id, Known, Outputs, Resource, Result, Seen,
    Status, Tags, Update, Waits, need,
};

use super::{CloudMap, built, pages, sync_tags, tag_list, tags_of, unless_missing};
use crate::tagging::confirmed_or;

/// A discovery service.
pub struct DiscoveryService;

/// A discovery service: a name in a namespace and the records its instances get.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct DiscoveryServiceArgs {
    /// Its name in the namespace.
    #[arg(replace)]
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The records that instances get.
    #[arg(block)]
    pub dns_config: Option<DnsConfig>,
    /// The namespace, if there are no records.
    #[arg(replace, computed)]
    pub namespace_id: Option<String>,
    /// `HTTP` for a service of a DNS namespace that is found by the API only.
    #[arg(replace, computed, unread)]
    pub r#type: Option<String>,
    /// A check by Route 53, for public namespaces.
    #[arg(block)]
    pub health_check_config: Option<HealthCheckConfig>,
    /// Health that a third party reports, such as ECS.
    #[arg(block, replace)]
    pub health_check_custom_config: Option<HealthCheckCustomConfig>,
    /// Whether instances that are registered are deregistered to delete it.
    #[arg(local, default = false)]
    pub force_destroy: bool,
    /// Tags.
    pub tags: Tags,
}

/// The records that instances get.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct DnsConfig {
    /// The namespace.
    #[arg(replace)]
    pub namespace_id: String,
    /// `MULTIVALUE` (up to eight instances are answered) or `WEIGHTED` (one is).
    #[arg(replace, default = "MULTIVALUE")]
    pub routing_policy: String,
    /// The records.
    #[arg(block, required)]
    pub dns_records: Vec<DnsRecord>,
}

/// A record of every instance.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct DnsRecord {
    /// `A`, `AAAA`, `SRV` or `CNAME`.
    #[arg(replace)]
    pub r#type: String,
    /// Seconds that an answer may be kept.
    pub ttl: i64,
}

/// A check by Route 53.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct HealthCheckConfig {
    /// Checks in a row that change the health: 1 to 10.
    #[arg(computed)]
    pub failure_threshold: Option<i64>,
    /// Path that is asked for.
    #[arg(computed)]
    pub resource_path: Option<String>,
    /// `HTTP`, `HTTPS` or `TCP`.
    #[arg(replace, computed)]
    pub r#type: Option<String>,
}

/// Health that a third party reports.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct HealthCheckCustomConfig {
    /// No longer used: AWS takes it as 1.
    #[arg(replace, computed, unread)]
    pub failure_threshold: Option<i64>,
}

/// What AWS gives a discovery service.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct DiscoveryServiceOutputs {
    /// Its id: `srv-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for DiscoveryService {
    const TYPE: &'static str = "aws_service_discovery_service";
    // ECS deregisters the last instances minutes after its service is gone.
    const WAITS: Waits = Waits::minutes(5, 15).gone(Gone::AtOnce);
    type Cloud = CloudMap;
    type Args = DiscoveryServiceArgs;
    type Outputs = DiscoveryServiceOutputs;

    async fn create(map: &CloudMap, req: Create<'_, DiscoveryServiceArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let create = map
            .client
            .create_service()
            .name(&args.name)
            .creator_request_id(req.token)
            .set_namespace_id(namespace(args).map(str::to_owned))
            .set_description(args.description.clone())
            .set_type(args.r#type.as_deref().map(ServiceTypeOption::from))
            .set_dns_config(args.dns_config.as_ref().map(dns).transpose()?)
            .set_health_check_config(args.health_check_config.as_ref().map(check).transpose()?)
            .set_health_check_custom_config(args.health_check_custom_config.as_ref().map(custom))
            .set_tags(tag_list(&args.tags)?);
        match map.call("CreateService", create.send()).await {
            Ok(made) => Ok(Created::id(need(made.service().and_then(Described::id), "Id")?)),
            // Our own request id was used before: the answer of an earlier try was lost.
            Err(error) if error.kind() == ErrorKind::Exists => {
                made_for(map, args, req.token).await?.map(Created::id).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn read(map: &CloudMap, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        Self::refresh(map, &Known::unrecorded(ids)).await
    }

    async fn refresh(map: &CloudMap, known: &[Known<'_>]) -> Result<Vec<Option<Seen<Self>>>> {
        let described = try_join_all(known.iter().map(|known| describe(map, known.id)));
        let (found, tagged) = futures::join!(described, map.still_tagged(known));
        try_join_all(found?.iter().map(|found| async {
            let Some(found) = found else { return Ok(None) };
            let arn = need(found.arn(), "Arn")?;
            let tags = confirmed_or(&tagged, &arn, tags_of(map, &arn)).await?;
            seen(found, tags).map(Some)
        }))
        .await
    }

    async fn update(map: &CloudMap, req: Update<'_, Self>) -> Result<()> {
        let want = req.want;
        if req.changes(&["description", "dns_config", "health_check_config"]) {
            let records = want.dns_config.as_ref().map(|config| {
                built(DnsConfigChange::builder().set_dns_records(Some(records(config)?)).build())
            });
            let change = ServiceChange::builder()
                .description(want.description.clone().unwrap_or_default())
                .set_dns_config(records.transpose()?)
                .set_health_check_config(want.health_check_config.as_ref().map(check).transpose()?)
                .build();
            let update = map.client.update_service().id(req.id).service(change);
            map.call("UpdateService", update.send()).await?;
        }
        sync_tags(map, &req.seen.outputs.arn, &req.seen.args.tags, &want.tags).await
    }

    async fn delete(map: &CloudMap, req: Delete<'_, Self>) -> Result<()> {
        if req.args.force_destroy {
            let request = map.client.list_instances().service_id(req.id);
            let instances = pages!(map, "ListInstances", request, instances);
            let gone = instances.into_iter().filter_map(|i| i.id).map(|instance| async move {
                let request = map.client.deregister_instance().service_id(req.id).instance_id(instance);
                let answer = map.call("DeregisterInstance", request.send()).await;
                unless_missing(answer.map(Some))
            });
            try_join_all(gone).await?;
        }
        map.call("DeleteService", map.client.delete_service().id(req.id).send()).await?;
        Ok(())
    }

    async fn find(map: &CloudMap, req: Find<'_, DiscoveryServiceArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        made_for(map, args, req.uid).await
    }
}

async fn describe(map: &CloudMap, id: &str) -> Result<Option<Described>> {
    let request = map.client.get_service().id(id);
    unless_missing(map.call("GetService", request.send()).await.map(|s| s.service))
}

/// The service of this name and namespace that was made with this request id.
async fn made_for(map: &CloudMap, args: &DiscoveryServiceArgs, request_id: &str) -> Result<Option<Id>> {
    let Some(namespace) = namespace(args) else { return Ok(None) };
    let filter = ServiceFilter::builder().name(ServiceFilterName::NamespaceId).values(namespace);
    let filter = built(filter.condition(FilterCondition::Eq).build())?;
    let listed = pages!(map, "ListServices", map.client.list_services().filters(filter), services);
    let listed = listed.into_iter().filter(|s| s.name() == Some(&args.name)).filter_map(|s| s.id);
    let found = try_join_all(listed.map(|id| async move { describe(map, &id).await })).await?;
    let ours = found.into_iter().flatten().find(|s| s.creator_request_id() == Some(request_id));
    Ok(ours.and_then(|s| s.id))
}

/// The namespace, wherever it is written.
fn namespace(args: &DiscoveryServiceArgs) -> Option<&str> {
    args.dns_config.as_ref().map(|d| d.namespace_id.as_str()).or(args.namespace_id.as_deref())
}

fn records(config: &DnsConfig) -> Result<Vec<Record>> {
    let record = |r: &DnsRecord| {
        built(Record::builder().r#type(RecordType::from(r.r#type.as_str())).ttl(r.ttl).build())
    };
    config.dns_records.iter().map(record).collect()
}

fn dns(config: &DnsConfig) -> Result<Dns> {
    let policy = RoutingPolicy::from(config.routing_policy.as_str());
    built(Dns::builder().routing_policy(policy).set_dns_records(Some(records(config)?)).build())
}

fn check(config: &HealthCheckConfig) -> Result<Check> {
    let threshold = config.failure_threshold.and_then(|t| i32::try_from(t).ok());
    let check = Check::builder().set_failure_threshold(threshold);
    let check = check.set_resource_path(config.resource_path.clone());
    built(check.r#type(HealthCheckType::from(config.r#type.as_deref().unwrap_or("HTTP"))).build())
}

#[expect(deprecated, reason = "the block has to hold something; AWS takes the threshold as 1")]
fn custom(_: &HealthCheckCustomConfig) -> CustomCheck {
    CustomCheck::builder().failure_threshold(1).build()
}

/// The namespace of a service. AWS says it in both places, an emulator where the create had it: other tools write it
/// into the records' settings, as AWS's API once wanted.
#[expect(deprecated, reason = "still what some answers have, and nothing else")]
fn namespace_of(found: &Described) -> Option<&str> {
    found
        .namespace_id()
        .or_else(|| found.dns_config().and_then(Dns::namespace_id))
        .filter(|id| !id.is_empty())
}

/// What AWS says about one service, in our words.
fn seen(found: &Described, tags: Tags) -> Result<Seen<DiscoveryService>> {
    let namespace = namespace_of(found).map(str::to_owned);
    let records = |dns: &Dns| {
        let record = |r: &Record| DnsRecord { r#type: r.r#type().as_str().to_owned(), ttl: r.ttl() };
        dns.dns_records().iter().map(record).collect::<Vec<_>>()
    };
    let dns = found.dns_config().filter(|dns| !dns.dns_records().is_empty()).map(|dns| DnsConfig {
        namespace_id: namespace.clone().unwrap_or_default(),
        routing_policy: dns.routing_policy().map_or("MULTIVALUE", RoutingPolicy::as_str).to_owned(),
        dns_records: records(dns),
    });
    Ok(Seen {
        status: Status::Ready,
        args: DiscoveryServiceArgs {
            name: need(found.name(), "Name")?,
            description: found.description().filter(|d| !d.is_empty()).map(str::to_owned),
            dns_config: dns,
            namespace_id: namespace,
            r#type: None,
            health_check_config: found.health_check_config().map(|check| HealthCheckConfig {
                failure_threshold: check.failure_threshold().map(i64::from),
                resource_path: check.resource_path().map(str::to_owned),
                r#type: Some(check.r#type().as_str().to_owned()),
            }),
            health_check_custom_config: found
                .health_check_custom_config()
                .map(|_| HealthCheckCustomConfig { failure_threshold: None }),
            force_destroy: false,
            tags: tags.clone(),
        },
        outputs: DiscoveryServiceOutputs {
            id: need(found.id(), "Id")?,
            arn: need(found.arn(), "Arn")?,
            tags_all: tags,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described() -> Described {
        let record = built(Record::builder().r#type(RecordType::A).ttl(10).build()).unwrap();
        let dns = built(Dns::builder().dns_records(record).build()).unwrap();
        Described::builder().id("srv-1").arn("arn").name("web").namespace_id("ns-1").dns_config(dns).build()
    }

    #[test]
    fn the_namespace_is_the_services_and_the_policy_has_its_default() {
        let args = seen(&described(), Tags::new()).unwrap().args;
        let dns = args.dns_config.clone().unwrap();
        assert_eq!((dns.namespace_id.as_str(), dns.routing_policy.as_str()), ("ns-1", "MULTIVALUE"));
        assert_eq!(dns.dns_records, [DnsRecord { r#type: "A".into(), ttl: 10 }]);
        assert_eq!(namespace(&args), Some("ns-1"));
    }

    #[test]
    fn a_service_without_records_has_no_dns_config() {
        let mut found = described();
        found.dns_config = None;
        assert_eq!(seen(&found, Tags::new()).unwrap().args.dns_config, None);
    }

    #[test]
    fn record_types_force_replacement_and_ttls_do_not() {
        let replace: Vec<_> = DnsRecord::fields().iter().filter(|f| f.replace).map(|f| f.name).collect();
        assert_eq!(replace, ["type"]);
    }
}
