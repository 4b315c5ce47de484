//! Private DNS namespace: a domain that the services of a VPC are found under.
//!
//! Facts about the API that shape this file:
//! - the create answers an operation; its target is the namespace's id, long before it can be read;
//! - a failed creation is a failed operation: the namespace never becomes readable;
//! - the VPC is never reported, so the id carries it: `ns-…:vpc-…`, as the provider imports it;
//! - its hosted zone belongs to Cloud Map and goes with it; services in it keep it from being deleted.

use aws_sdk_servicediscovery::types::{
    DnsProperties, FilterCondition, Namespace as Described, NamespaceFilter, NamespaceFilterName,
    NamespaceProperties, NamespaceType, OperationFilter, OperationFilterName, OperationStatus,
    OperationTargetType, OperationType, PrivateDnsNamespaceChange,
};
use futures::future::try_join_all;
use stackr_core::{
    Args, CloudError, Create, Created, Delete, DnsName, ErrorKind, Find, Id, Known, Outputs, Resource,
    Result, Seen, Status, Tags, Update, Value, Waits, need,
};

use super::{CloudMap, built, pages, sync_tags, tag_list, tags_of, unless_missing};
use crate::tagging::confirmed_or;

/// A private DNS namespace.
pub struct PrivateDnsNamespace;

/// A private DNS namespace: a domain that the services of a VPC are found under.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct PrivateDnsNamespaceArgs {
    /// The domain: `app.local`.
    #[arg(replace)]
    pub name: DnsName,
    /// The VPC. Its DNS support and DNS host names have to be on.
    #[arg(replace)]
    pub vpc: String,
    /// What it is for.
    pub description: Option<String>,
    /// Tags.
    pub tags: Tags,
}

/// What AWS gives a private DNS namespace.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct PrivateDnsNamespaceOutputs {
    /// Its id: `ns-…`.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The hosted zone that Cloud Map made for it.
    pub hosted_zone: Option<String>,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for PrivateDnsNamespace {
    const TYPE: &'static str = "aws_service_discovery_private_dns_namespace";
    // It makes, or removes, a private zone: 10 to 60 s.
    const WAITS: Waits = Waits::minutes(5, 10).usually(35, 35);
    type Cloud = CloudMap;
    type Args = PrivateDnsNamespaceArgs;
    type Outputs = PrivateDnsNamespaceOutputs;

    fn id_of(attributes: &Value) -> Option<Id> {
        let text = |name| attributes.get(name).and_then(Value::to_text);
        Some(format!("{}:{}", text("id")?, text("vpc")?))
    }

    async fn create(map: &CloudMap, req: Create<'_, PrivateDnsNamespaceArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let create = map
            .client
            .create_private_dns_namespace()
            .name(&*args.name)
            .vpc(&args.vpc)
            .creator_request_id(req.token)
            .set_description(args.description.clone())
            .set_tags(tag_list(&args.tags)?);
        let made = match map.call("CreatePrivateDnsNamespace", create.send()).await {
            Ok(made) => made,
            // Our own request id was used before: the answer of an earlier try was lost.
            Err(error) if error.kind() == ErrorKind::Exists => {
                let made = made_for(map, &args.name, req.token).await?.ok_or(error)?;
                return Ok(Created::id(format!("{made}:{}", args.vpc)));
            }
            Err(error) => return Err(error),
        };
        let request = map.client.get_operation().operation_id(need(made.operation_id(), "OperationId")?);
        let operation = map.call("GetOperation", request.send()).await?.operation;
        let targets = operation.and_then(|o| o.targets).unwrap_or_default();
        match targets.get(&OperationTargetType::Namespace) {
            Some(id) => Ok(Created::id(format!("{id}:{}", args.vpc))),
            // The same request, repeated, is answered with the namespace as soon as it is known.
            None => Err(CloudError::new(
                ErrorKind::Propagating,
                "servicediscovery:GetOperation",
                "the id of the new namespace is not known yet",
            )),
        }
    }

    async fn read(map: &CloudMap, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        Self::refresh(map, &Known::unrecorded(ids)).await
    }

    async fn refresh(map: &CloudMap, known: &[Known<'_>]) -> Result<Vec<Option<Seen<Self>>>> {
        let ids = known.iter().map(|known| split(known.id)).collect::<Result<Vec<_>>>()?;
        let described = try_join_all(ids.iter().map(|(namespace, _)| describe(map, namespace)));
        let (found, tagged) = futures::join!(described, map.still_tagged(known));
        let found = found?;
        try_join_all(ids.into_iter().zip(&found).map(|((namespace, vpc), found)| async {
            let Some(found) = found else {
                return Ok(not_readable(creation(map, namespace).await?, namespace, vpc, map));
            };
            let arn = need(found.arn(), "Arn")?;
            let tags = confirmed_or(&tagged, &arn, tags_of(map, &arn)).await?;
            seen(found, vpc, tags).map(Some)
        }))
        .await
    }

    async fn update(map: &CloudMap, req: Update<'_, Self>) -> Result<()> {
        if req.changes(&["description"]) {
            let description = req.want.description.clone().unwrap_or_default();
            let change = PrivateDnsNamespaceChange::builder().description(description).build();
            let update = map.client.update_private_dns_namespace().id(split(req.id)?.0).namespace(change);
            map.call("UpdatePrivateDnsNamespace", update.send()).await?;
        }
        sync_tags(map, &req.seen.outputs.arn, &req.seen.args.tags, &req.want.tags).await
    }

    async fn delete(map: &CloudMap, req: Delete<'_, Self>) -> Result<()> {
        map.call("DeleteNamespace", map.client.delete_namespace().id(split(req.id)?.0).send()).await?;
        Ok(())
    }

    async fn find(map: &CloudMap, req: Find<'_, PrivateDnsNamespaceArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let made = made_for(map, &args.name, req.uid).await?;
        Ok(made.map(|id| format!("{id}:{}", args.vpc)))
    }
}

/// The namespace's own id and its VPC.
fn split(id: &str) -> Result<(&str, &str)> {
    id.split_once(':').ok_or_else(|| {
        let message = format!("`{id}` is not the id of a private DNS namespace: ns-…:vpc-…");
        CloudError::new(ErrorKind::Invalid, "servicediscovery:GetNamespace", message)
    })
}

async fn describe(map: &CloudMap, id: &str) -> Result<Option<Described>> {
    let request = map.client.get_namespace().id(id);
    unless_missing(map.call("GetNamespace", request.send()).await.map(|n| n.namespace))
}

/// The private namespace of this name that was made with this request id.
async fn made_for(map: &CloudMap, name: &str, request_id: &str) -> Result<Option<Id>> {
    let filter = |name: NamespaceFilterName, value: &str| {
        let filter = NamespaceFilter::builder().name(name).values(value).condition(FilterCondition::Eq);
        built(filter.build())
    };
    let ty = filter(NamespaceFilterName::Type, NamespaceType::DnsPrivate.as_str())?;
    let request = map.client.list_namespaces().filters(ty).filters(filter(NamespaceFilterName::Name, name)?);
    let listed = pages!(map, "ListNamespaces", request, namespaces);
    let listed = listed.into_iter().filter(|n| n.name() == Some(name)).filter_map(|n| n.id);
    let found = try_join_all(listed.map(|id| async move { describe(map, &id).await })).await?;
    let ours = found.into_iter().flatten().find(|n| n.creator_request_id() == Some(request_id));
    Ok(ours.and_then(|n| n.id))
}

/// How the creation of a namespace goes that cannot be read; `None` if it is not known or done.
async fn creation(map: &CloudMap, id: &str) -> Result<Option<(OperationStatus, String)>> {
    let filter = |name: OperationFilterName, value: &str| {
        let filter = OperationFilter::builder().name(name).values(value).condition(FilterCondition::Eq);
        built(filter.build())
    };
    let of = filter(OperationFilterName::NamespaceId, id)?;
    let ty = filter(OperationFilterName::Type, OperationType::CreateNamespace.as_str())?;
    let request = map.client.list_operations().filters(of).filters(ty);
    let listed = pages!(map, "ListOperations", request, operations);
    let Some(operation) = listed.into_iter().next().and_then(|o| o.id) else { return Ok(None) };
    let request = map.client.get_operation().operation_id(operation);
    let operation = unless_missing(map.call("GetOperation", request.send()).await.map(|o| o.operation))?;
    Ok(operation.and_then(|o| {
        let why = [o.error_code, o.error_message].into_iter().flatten().collect::<Vec<_>>().join(": ");
        Some((o.status?, why))
    }))
}

/// A namespace that cannot be read: not yet, or never. Its arguments are not known then.
fn not_readable(
    creation: Option<(OperationStatus, String)>,
    id: &str,
    vpc: &str,
    map: &CloudMap,
) -> Option<Seen<PrivateDnsNamespace>> {
    let status = status_of(creation)?;
    let found = Described::builder().id(id).arn(map.arn("servicediscovery", &format!("namespace/{id}")));
    let seen = seen(&found.name("").build(), vpc, Tags::new()).ok()?;
    Some(Seen { status, ..seen })
}

fn status_of(creation: Option<(OperationStatus, String)>) -> Option<Status> {
    match creation? {
        (OperationStatus::Fail, why) => Some(Status::Failed(why)),
        (OperationStatus::Pending | OperationStatus::Submitted, _) => {
            Some(Status::Pending("creating its hosted zone".to_owned()))
        }
        _ => None,
    }
}

/// What AWS says about one namespace, in our words.
fn seen(found: &Described, vpc: &str, tags: Tags) -> Result<Seen<PrivateDnsNamespace>> {
    let dns = found.properties().and_then(NamespaceProperties::dns_properties);
    let zone = dns.and_then(DnsProperties::hosted_zone_id).map(|z| z.trim_start_matches("/hostedzone/"));
    Ok(Seen {
        status: Status::Ready,
        args: PrivateDnsNamespaceArgs {
            name: need(found.name(), "Name")?.into(),
            vpc: vpc.to_owned(),
            description: found.description().filter(|d| !d.is_empty()).map(str::to_owned),
            tags: tags.clone(),
        },
        outputs: PrivateDnsNamespaceOutputs {
            id: need(found.id(), "Id")?,
            arn: need(found.arn(), "Arn")?,
            hosted_zone: zone.map(str::to_owned),
            tags_all: tags,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vpc_comes_from_the_id() {
        assert_eq!(split("ns-1:vpc-1").unwrap(), ("ns-1", "vpc-1"));
        assert_eq!(split("ns-1").unwrap_err().kind(), ErrorKind::Invalid);
    }

    #[test]
    fn an_empty_description_is_none_and_the_zone_is_bare() {
        let dns = DnsProperties::builder().hosted_zone_id("/hostedzone/Z1").build();
        let found = Described::builder().id("ns-1").arn("arn").name("app.local").description("");
        let found = found.properties(NamespaceProperties::builder().dns_properties(dns).build()).build();
        let seen = seen(&found, "vpc-1", Tags::new()).unwrap();
        assert_eq!(seen.args.description, None);
        assert_eq!(seen.outputs.hosted_zone.as_deref(), Some("Z1"));
    }

    #[test]
    fn what_cannot_be_read_is_pending_failed_or_not_there() {
        let check = |status: OperationStatus, expect: Option<Status>| {
            assert_eq!(status_of(Some((status, "CANNOT_CREATE_HOSTED_ZONE".into()))), expect);
        };
        check(OperationStatus::Submitted, Some(Status::Pending("creating its hosted zone".into())));
        check(OperationStatus::Fail, Some(Status::Failed("CANNOT_CREATE_HOSTED_ZONE".into())));
        check(OperationStatus::Success, None);
        assert_eq!(status_of(None), None);
    }
}
