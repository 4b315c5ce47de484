//! Certificate Manager.
//!
//! Facts that shape these helpers:
//! - certificates are described one by one, and so are their tags, unless the tagging API confirms what is recorded;
//! - a certificate may take seconds to be readable after the request.

mod certificate;
mod certificate_lookup;
mod certificate_validation;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_acm::types::{CertificateDetail, Tag};
use aws_smithy_types::{DateTime, date_time::Format, error::operation::BuildError};
use futures::future::try_join_all;
use stackr_core::{CloudError, ErrorKind, Id, Known, Registry, Result, Tags};

use crate::{Service, gather::Source, tagging::confirmed_or, tags};

pub use certificate::*;
pub use certificate_lookup::*;
pub use certificate_validation::*;

/// The Certificate Manager client.
pub type Acm = Service<aws_sdk_acm::Client>;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry.with::<Certificate>().with::<CertificateValidation>().with_lookup::<CertificateLookup>()
}

/// Certificates by ARN.
struct Certificates;

impl Source for Certificates {
    type Client = aws_sdk_acm::Client;
    type Key = Id;
    type Answer = CertificateDetail;

    async fn ask(acm: &Acm, arns: BTreeSet<Id>) -> Result<BTreeMap<Id, CertificateDetail>> {
        let described = try_join_all(arns.into_iter().map(|arn| async move {
            let request = acm.client.describe_certificate().certificate_arn(&arn);
            let found = acm.call("DescribeCertificate", request.send()).await.map(|d| d.certificate);
            Ok(unless_missing(found)?.map(|found| (arn, found)))
        }));
        Ok(described.await?.into_iter().flatten().collect())
    }
}

/// What AWS says about a certificate; nothing if there is none.
async fn describe(acm: &Acm, arn: &str) -> Result<Option<CertificateDetail>> {
    Ok(acm.gather::<Certificates>([arn.to_owned()]).await?.remove(arn))
}

/// All tags of a certificate, ours among them; none if it is gone.
async fn tags_of(acm: &Acm, arn: &str) -> Result<Tags> {
    let request = acm.client.list_tags_for_certificate().certificate_arn(arn);
    let answer = acm.call("ListTagsForCertificate", request.send()).await.map(|t| t.tags);
    let tags = unless_missing(answer)?.unwrap_or_default();
    Ok(tags.into_iter().map(|t| (t.key, t.value.unwrap_or_default())).collect())
}

/// The users' tags of certificates, in their order: the confirmed ones, or as Certificate Manager says.
async fn users_tags(acm: &Acm, known: &[Known<'_>]) -> Result<Vec<Tags>> {
    let confirmed = acm.still_tagged(known).await;
    try_join_all(known.iter().map(|known| confirmed_or(&confirmed, known.id, tags_of(acm, known.id)))).await
}

/// Nothing, where AWS says that there is nothing.
fn unless_missing<T>(answer: Result<Option<T>>) -> Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        answer => answer,
    }
}

/// The tags of a call; none if there are none, since an empty list is refused.
fn tag_list(tags: &Tags) -> Result<Option<Vec<Tag>>> {
    let tags = tags.iter().map(|(k, v)| built(Tag::builder().key(k).value(v).build()));
    let tags = tags.collect::<Result<Vec<_>>>()?;
    Ok((!tags.is_empty()).then_some(tags))
}

/// Makes the tags of `arn` what is wanted.
async fn sync_tags(acm: &Acm, arn: &str, seen: &Tags, want: &Tags) -> Result<()> {
    let tags::Change { set, remove } = tags::change(seen, want);
    if !remove.is_empty() {
        let gone = remove.into_iter().map(|k| built(Tag::builder().key(k).build()));
        let gone = gone.collect::<Result<Vec<_>>>()?;
        let request = acm.client.remove_tags_from_certificate().certificate_arn(arn).set_tags(Some(gone));
        acm.call("RemoveTagsFromCertificate", request.send()).await?;
    }
    if let Some(set) = tag_list(&set)? {
        let request = acm.client.add_tags_to_certificate().certificate_arn(arn).set_tags(Some(set));
        acm.call("AddTagsToCertificate", request.send()).await?;
    }
    Ok(())
}

/// A part of a request; what it needs is always given.
fn built<T>(part: std::result::Result<T, BuildError>) -> Result<T> {
    part.map_err(|error| CloudError::bug(error.to_string()))
}

/// A time as text: `2026-01-31T12:00:00Z`.
fn time(time: Option<&DateTime>) -> Option<String> {
    time.and_then(|t| t.fmt(Format::DateTime).ok())
}
