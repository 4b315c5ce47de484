//! Hosted zone: the records of one domain, public or private to VPCs.
//!
//! Facts about the API that shape this file:
//! - names are not unique; the caller reference is, for ever, and finds what a lost create left behind;
//! - tags cannot be given at creation, and only one VPC can; the rest follows as an update;
//! - a private zone never has no VPC: one is associated before another is taken away;
//! - it cannot be deleted while it has records beside its own NS and SOA.

use aws_sdk_route53::{
    operation::get_hosted_zone::GetHostedZoneOutput as Described,
    types::{
        Change, ChangeAction, ChangeBatch, HostedZone, HostedZoneConfig, ResourceRecordSet, RrType, Tag,
        TagResourceType, Vpc, VpcRegion,
    },
};
use futures::future::try_join_all;
use stackr_core::{
    Args, Block, Create, Created, Delete, DnsName, ErrorKind, Find, Gone, Id, Outputs, Resource, Result,
    Seen, Set, Status, Tags, Update, Waits, need,
};

use super::{Route53, TAGS, bare, built, get_zone, name_servers, page_from, plain, tags_of};
use crate::{
    service::{in_order, onward},
    tags,
};

/// A hosted zone.
pub struct Zone;

/// A hosted zone: the records of one domain. With `vpc` it is private to these VPCs.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ZoneArgs {
    /// The domain.
    #[arg(replace)]
    pub name: DnsName,
    /// What it is for.
    #[arg(default = "Managed by Terraform")]
    pub comment: String,
    /// Reusable set of name servers.
    #[arg(replace)]
    pub delegation_set_id: Option<String>,
    /// VPCs that see a private zone. A zone cannot change between public and private.
    #[arg(block)]
    pub vpc: Set<ZoneVpc>,
    /// Whether records that others made are deleted with the zone.
    #[arg(local, default = false)]
    pub force_destroy: bool,
    /// Tags.
    pub tags: Tags,
}

/// A VPC that sees a private zone.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct ZoneVpc {
    /// The VPC. Its DNS support and DNS host names have to be on.
    pub vpc_id: String,
    /// Its region; the provider's if absent.
    #[arg(computed)]
    pub vpc_region: Option<String>,
}

/// What AWS gives a hosted zone.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct ZoneOutputs {
    /// Its id: `Z…`.
    pub id: String,
    /// Its id: `Z…`.
    pub zone_id: String,
    /// Its ARN.
    pub arn: String,
    /// Its name servers, sorted. A domain is delegated to them at its registrar.
    pub name_servers: Vec<String>,
    /// The name server that made the zone's SOA record.
    pub primary_name_server: Option<String>,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for Zone {
    const TYPE: &'static str = "aws_route53_zone";
    const WAITS: Waits = Waits::minutes(5, 10).gone(Gone::AtOnce);
    type Cloud = Route53;
    type Args = ZoneArgs;
    type Outputs = ZoneOutputs;

    async fn create(route53: &Route53, req: Create<'_, ZoneArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let private = !args.vpc.is_empty();
        let config = HostedZoneConfig::builder().comment(&args.comment).private_zone(private).build();
        let create = route53
            .client
            .create_hosted_zone()
            .name(plain(&args.name))
            .caller_reference(req.token)
            .hosted_zone_config(config)
            .set_vpc(args.vpc.first().map(|v| vpc(route53, v)))
            .set_delegation_set_id(args.delegation_set_id.clone());
        match route53.call("CreateHostedZone", create.send()).await {
            Ok(made) => Ok(Created::id(bare(&need(made.hosted_zone().map(HostedZone::id), "Id")?))),
            // Our own reference was used before: the answer of an earlier try was lost.
            Err(error) if error.kind() == ErrorKind::Exists => {
                let made = made_for(route53, &args.name, req.token).await?;
                made.map(Created::id).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn read(route53: &Route53, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let found = try_join_all(ids.iter().map(|id| async move {
            let Some(zone) = get_zone(route53, id).await? else { return Ok(None) };
            let servers = name_servers(route53, &zone).await?;
            Ok(Some((id.clone(), zone, servers)))
        }));
        let found: Vec<_> = found.await?.into_iter().flatten().collect();
        let there: Vec<Id> = found.iter().map(|(id, ..)| id.clone()).collect();
        let mut tags = tags_of(route53, &there).await?;
        let found = found.into_iter().map(|(id, zone, servers)| {
            let tags = tags::users(tags.remove(&id).unwrap_or_default());
            let seen = seen(&zone, servers, tags, route53.partition())?;
            Ok((id, seen))
        });
        Ok(in_order(ids, found.collect::<Result<_>>()?))
    }

    async fn update(route53: &Route53, req: Update<'_, Self>) -> Result<()> {
        let (want, seen) = (req.want, &req.seen.args);
        if want.comment != seen.comment {
            let update = route53.client.update_hosted_zone_comment().id(req.id).comment(&want.comment);
            route53.call("UpdateHostedZoneComment", update.send()).await?;
        }
        let missing = |from: &Set<ZoneVpc>, v: &&ZoneVpc| from.iter().all(|f| f.vpc_id != v.vpc_id);
        for new in want.vpc.iter().filter(|v| missing(&seen.vpc, v)) {
            let associate = route53.client.associate_vpc_with_hosted_zone().hosted_zone_id(req.id);
            route53.call("AssociateVPCWithHostedZone", associate.vpc(vpc(route53, new)).send()).await?;
        }
        for gone in seen.vpc.iter().filter(|v| missing(&want.vpc, v)) {
            let take = route53.client.disassociate_vpc_from_hosted_zone().hosted_zone_id(req.id);
            route53.call("DisassociateVPCFromHostedZone", take.vpc(vpc(route53, gone)).send()).await?;
        }
        sync_tags(route53, req.id, &seen.tags, &want.tags).await
    }

    async fn delete(route53: &Route53, req: Delete<'_, Self>) -> Result<()> {
        if req.args.force_destroy {
            empty(route53, req.id, &req.args.name).await?;
        }
        route53.call("DeleteHostedZone", route53.client.delete_hosted_zone().id(req.id).send()).await?;
        Ok(())
    }

    async fn find(route53: &Route53, req: Find<'_, ZoneArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        made_for(route53, &args.name, req.uid).await
    }
}

/// The zone of this name that was made with this caller reference.
async fn made_for(route53: &Route53, name: &str, reference: &str) -> Result<Option<Id>> {
    let (mut from, mut after) = (name.to_owned(), None);
    loop {
        let request =
            route53.client.list_hosted_zones_by_name().dns_name(&from).set_hosted_zone_id(after.clone());
        let page = route53.call("ListHostedZonesByName", request.send()).await?;
        if let Some(zone) = page.hosted_zones().iter().find(|z| z.caller_reference() == reference) {
            return Ok(Some(bare(zone.id()).to_owned()));
        }
        // The list is sorted by name.
        let same = page.next_dns_name().filter(|next| page.is_truncated && plain(next) == plain(name));
        let next = same.map(|next| (next.to_owned(), page.next_hosted_zone_id().map(str::to_owned)));
        let Some(next) = onward(Some((from, after)), next)? else { return Ok(None) };
        (from, after) = next;
    }
}

fn vpc(route53: &Route53, want: &ZoneVpc) -> Vpc {
    let region = want.vpc_region.as_deref().unwrap_or(&route53.origin.region);
    Vpc::builder().vpc_id(&want.vpc_id).vpc_region(VpcRegion::from(region)).build()
}

/// Makes the tags of a zone what is wanted, ten at a time.
async fn sync_tags(route53: &Route53, id: &str, seen: &Tags, want: &Tags) -> Result<()> {
    let tags::Change { set, remove } = tags::change(seen, want);
    let set: Vec<_> = set.iter().map(|(k, v)| Tag::builder().key(k).value(v).build()).collect();
    let calls = set.len().max(remove.len()).div_ceil(TAGS);
    let part = |n: usize, len: usize| (n * TAGS).min(len)..((n + 1) * TAGS).min(len);
    for n in 0..calls {
        let (set, remove) = (&set[part(n, set.len())], &remove[part(n, remove.len())]);
        let change = route53
            .client
            .change_tags_for_resource()
            .resource_type(TagResourceType::Hostedzone)
            .resource_id(id)
            .set_add_tags((!set.is_empty()).then(|| set.to_vec()))
            .set_remove_tag_keys((!remove.is_empty()).then(|| remove.to_vec()));
        route53.call("ChangeTagsForResource", change.send()).await?;
    }
    Ok(())
}

/// Whether a record belongs to the zone itself and goes with it.
fn own(record: &ResourceRecordSet, zone: &str) -> bool {
    matches!(record.r#type(), RrType::Ns | RrType::Soa) && plain(record.name()) == plain(zone)
}

/// How many records one batch deletes: it may hold 1000 values in all.
const BATCH: i32 = 100;

/// Deletes every record but the zone's own.
async fn empty(route53: &Route53, id: &str, name: &str) -> Result<()> {
    let mut from = None;
    loop {
        let Some(page) = page_from(route53, id, from, BATCH).await? else { return Ok(()) };
        let gone = page.records.into_iter().filter(|r| !own(r, name)).map(|record| {
            built(Change::builder().action(ChangeAction::Delete).resource_record_set(record).build())
        });
        let gone = gone.collect::<Result<Vec<_>>>()?;
        if !gone.is_empty() {
            let batch = built(ChangeBatch::builder().set_changes(Some(gone)).build())?;
            let change = route53.client.change_resource_record_sets().hosted_zone_id(id).change_batch(batch);
            route53.call("ChangeResourceRecordSets", change.send()).await?;
        }
        from = page.next;
        if from.is_none() {
            return Ok(());
        }
    }
}

/// What AWS says about one zone, in our words.
fn seen(found: &Described, servers: Vec<String>, tags: Tags, partition: &str) -> Result<Seen<Zone>> {
    let zone = found.hosted_zone();
    let id = bare(&need(zone.map(HostedZone::id), "Id")?).to_owned();
    let set = found.delegation_set().and_then(|s| s.id()).map(bare).filter(|id| !id.is_empty());
    let comment = zone.and_then(HostedZone::config).and_then(HostedZoneConfig::comment);
    let primary = servers.first().cloned();
    let mut servers = servers;
    servers.sort();
    Ok(Seen {
        status: Status::Ready,
        args: ZoneArgs {
            name: DnsName(plain(&need(zone.map(HostedZone::name), "Name")?)),
            comment: comment.unwrap_or_default().to_owned(),
            delegation_set_id: set.map(str::to_owned),
            vpc: found
                .vpcs()
                .iter()
                .map(|v| ZoneVpc {
                    vpc_id: v.vpc_id().unwrap_or_default().to_owned(),
                    vpc_region: v.vpc_region().map(|r| r.as_str().to_owned()),
                })
                .collect(),
            force_destroy: false,
            tags: tags.clone(),
        },
        outputs: ZoneOutputs {
            zone_id: id.clone(),
            arn: format!("arn:{partition}:route53:::hostedzone/{id}"),
            name_servers: servers,
            primary_name_server: primary,
            tags_all: tags,
            id,
        },
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::DelegationSet;

    use super::*;

    fn described() -> Described {
        let zone = HostedZone::builder().id("/hostedzone/Z1").name("example.com.").caller_reference("x");
        Described::builder().hosted_zone(built(zone.build()).unwrap()).build()
    }

    #[test]
    fn ids_and_names_are_bare() {
        let servers = vec!["b".to_owned(), "a".to_owned()];
        let seen = seen(&described(), servers, Tags::new(), "aws").unwrap();
        assert_eq!(*seen.args.name, *"example.com");
        assert_eq!(seen.outputs.arn, "arn:aws:route53:::hostedzone/Z1");
        assert_eq!(seen.outputs.name_servers, ["a", "b"]);
        assert_eq!(seen.outputs.primary_name_server.as_deref(), Some("b"));
    }

    #[test]
    fn only_a_reusable_delegation_set_has_an_id() {
        let set = |id: Option<&str>| {
            let set = DelegationSet::builder().set_id(id.map(str::to_owned)).name_servers("a");
            let mut zone = described();
            zone.delegation_set = Some(built(set.build()).unwrap());
            zone
        };
        let read = |d: &Described| seen(d, Vec::new(), Tags::new(), "aws").unwrap().args.delegation_set_id;
        assert_eq!(read(&set(None)), None);
        assert_eq!(read(&set(Some(""))), None);
        assert_eq!(read(&set(Some("/delegationset/N1"))).as_deref(), Some("N1"));
    }

    #[test]
    fn the_zones_own_records_are_not_deleted_with_the_others() {
        let record = |name: &str, ty: RrType| {
            built(ResourceRecordSet::builder().name(name).r#type(ty).build()).unwrap()
        };
        assert!(own(&record("example.com.", RrType::Ns), "example.com"));
        assert!(!own(&record("sub.example.com.", RrType::Ns), "example.com"));
        assert!(!own(&record("example.com.", RrType::Mx), "example.com"));
    }
}
