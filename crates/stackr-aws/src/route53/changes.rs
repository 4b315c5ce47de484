//! Changes of records: what is to be changed in a zone at the same time goes out in one call.
//!
//! Facts about the API that shape this file:
//! - a change of records is one of the five calls a second that the whole account may make;
//! - a call holds many changes and does all of them or none; up to 1000 values and 32,000 characters of them, both counted
//!   twice for an `UPSERT`;
//! - one that cannot be done refuses all of them, so a refused call is repeated by halves;
//! - a zone takes one call after another, and a call holds no two changes of the same record: which of them AWS makes last
//!   would be chance.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecordSet};
use futures::future::join_all;
use stackr_core::{CloudError, ErrorKind, Result};

use super::{Route53, bare, built, plain};
use crate::gather::Source;

/// The most values of one call.
const VALUES: usize = 1000;

/// The most characters of values of one call.
const CHARACTERS: usize = 32_000;

/// A change that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The zone's id.
    zone: String,
    /// What tells it from others in the zone: who asks, and what for.
    by: String,
    change: Change,
}

impl Asked {
    /// A change of a record, for somebody that no other such change of the zone is for.
    pub(super) fn new(
        zone: &str,
        whom: &str,
        action: ChangeAction,
        record: ResourceRecordSet,
    ) -> Result<Self> {
        let by = format!("{whom} {action}");
        let change = built(Change::builder().action(action).resource_record_set(record).build())?;
        Ok(Self { zone: bare(zone).to_owned(), by, change })
    }

    fn key(&self) -> (&str, &str) {
        (&self.zone, &self.by)
    }
}

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Asked {}

impl PartialOrd for Asked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Asked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// Makes a change, together with others that are asked for at the same time.
pub(super) async fn change(route53: &Route53, asked: Asked) -> Result<()> {
    let mut done = route53.gather::<Changes>([asked.clone()]).await?;
    let done = done.remove(&asked).ok_or_else(|| CloudError::bug("a change of records was not answered"))?;
    done.map_err(|error| error.again())
}

struct Changes;

impl Source for Changes {
    type Client = aws_sdk_route53::Client;
    type Key = Asked;
    type Answer = Result<(), Arc<CloudError>>;
    const REPEATABLE: bool = false;

    async fn ask(route53: &Route53, all: BTreeSet<Asked>) -> Result<BTreeMap<Asked, Self::Answer>> {
        let mut zones: BTreeMap<String, Vec<Vec<Asked>>> = BTreeMap::new();
        for batch in batches(all) {
            zones.entry(batch[0].zone.clone()).or_default().push(batch);
        }
        let done = join_all(zones.into_values().map(|batches| one_zone(route53, batches))).await;
        Ok(done.into_iter().flatten().collect())
    }
}

/// Makes the changes of one zone, a call a batch. Where one is refused, it is known that nothing was done: its halves follow.
async fn one_zone(
    route53: &Route53,
    mut batches: Vec<Vec<Asked>>,
) -> Vec<(Asked, Result<(), Arc<CloudError>>)> {
    let mut done = Vec::new();
    batches.reverse();
    while let Some(mut batch) = batches.pop() {
        let answer = send(route53, &batch).await;
        if batch.len() > 1 && answer.as_ref().is_err_and(refused) {
            let second = batch.split_off(batch.len() / 2);
            batches.extend([second, batch]);
            continue;
        }
        let answer = answer.map_err(Arc::new);
        done.extend(batch.into_iter().map(|asked| (asked, answer.clone())));
    }
    done
}

/// Whether AWS has looked at a call and did nothing of it, for what one of its changes is.
fn refused(error: &CloudError) -> bool {
    use ErrorKind::{Conflict, Exists, Invalid, NotFound};
    let of_zone = error.code() == Some("NoSuchHostedZone");
    !of_zone && matches!(error.kind(), Conflict | Exists | Invalid | NotFound)
}

async fn send(route53: &Route53, batch: &[Asked]) -> Result<()> {
    let Some(first) = batch.first() else { return Ok(()) };
    let changes = batch.iter().map(|asked| asked.change.clone()).collect();
    let changes = built(ChangeBatch::builder().set_changes(Some(changes)).build())?;
    let request = route53.client.change_resource_record_sets().hosted_zone_id(&first.zone);
    route53.call("ChangeResourceRecordSets", request.change_batch(changes).send()).await?;
    Ok(())
}

/// The changes, by zone, as many together as a call may hold.
fn batches(all: BTreeSet<Asked>) -> Vec<Vec<Asked>> {
    let mut batches: Vec<Vec<Asked>> = Vec::new();
    let mut held = (0, 0);
    for asked in all {
        let (values, characters) = weight(&asked.change);
        let fits = held.0 + values <= VALUES && held.1 + characters <= CHARACTERS;
        let beside = |batch: &&mut Vec<Asked>| {
            batch[0].zone == asked.zone && batch.iter().all(|other| record(other) != record(&asked))
        };
        match batches.last_mut().filter(|batch| fits && beside(batch)) {
            Some(batch) => {
                held = (held.0 + values, held.1 + characters);
                batch.push(asked);
            }
            None => {
                held = (values, characters);
                batches.push(vec![asked]);
            }
        }
    }
    batches
}

/// What identifies the record of a change in its zone.
fn record(asked: &Asked) -> Option<(String, &str, Option<&str>)> {
    let record = asked.change.resource_record_set()?;
    Some((plain(record.name()), record.r#type().as_str(), record.set_identifier()))
}

/// The values of a change and their characters, as AWS counts them.
fn weight(change: &Change) -> (usize, usize) {
    let values = change.resource_record_set().map(|record| record.resource_records()).unwrap_or_default();
    let characters: usize = values.iter().map(|value| value.value().chars().count()).sum();
    let times = if change.action() == &ChangeAction::Upsert { 2 } else { 1 };
    (times * values.len().max(1), times * characters)
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::{ResourceRecord, RrType};

    use super::*;
    use crate::{service::testing::service, wire::Wire};

    const DONE: (u16, &str) = (
        200,
        "<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status>\
        <SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>",
    );
    const THERE: (u16, &str) = (
        400,
        "<ErrorResponse><Error><Code>InvalidChangeBatch</Code>\
        <Message>[Tried to create resource record set but it already exists]</Message></Error></ErrorResponse>",
    );
    const NO_ZONE: (u16, &str) = (
        404,
        "<ErrorResponse><Error><Code>NoSuchHostedZone</Code><Message>none</Message></Error></ErrorResponse>",
    );

    /// What becomes of four changes of a zone, and how many of them each call held.
    async fn made<const N: usize>(answers: [(u16, &str); N]) -> (Vec<Option<ErrorKind>>, Vec<usize>) {
        let wire = Wire::new(answers);
        let route53 = service("route53", aws_sdk_route53::Client::new(&wire.config()));
        let all = ["a", "b", "c", "d"].map(|by| asked("Z", by, ChangeAction::Create, 1, 1));
        let done = Changes::ask(&route53, all.into_iter().collect()).await.unwrap();
        let done = done.into_values().map(|done| done.err().map(|error| error.kind())).collect();
        (done, wire.asked().iter().map(|body| body.matches("<Change>").count()).collect())
    }

    #[tokio::test]
    async fn what_is_refused_is_found_by_halves_and_the_rest_is_made() {
        let (done, held) = made([THERE, DONE, THERE, DONE, THERE]).await;
        assert_eq!(done, [None, None, None, Some(ErrorKind::Exists)]);
        assert_eq!(held, [4, 2, 2, 1, 1]);
    }

    #[tokio::test]
    async fn what_is_not_the_fault_of_a_change_is_everybodys() {
        let (done, held) = made([NO_ZONE]).await;
        assert!(done.iter().all(|kind| kind.is_some_and(|kind| kind != ErrorKind::Exists)), "{done:?}");
        assert_eq!(held, [4]);
        // What nobody has heard of may have been done: whoever asked looks for it.
        let (done, held) = made([(0, "")]).await;
        assert_eq!((done, held), (vec![Some(ErrorKind::Transient); 4], vec![4]));
    }

    fn asked(zone: &str, by: &str, action: ChangeAction, values: usize, characters: usize) -> Asked {
        let value = ResourceRecord::builder().value("x".repeat(characters)).build().unwrap();
        let record =
            ResourceRecordSet::builder().name(format!("{}.test", by[..1].to_owned())).r#type(RrType::Txt);
        let record = record.set_resource_records(Some(vec![value; values])).build().unwrap();
        let change = Change::builder().action(action).resource_record_set(record).build().unwrap();
        Asked { zone: zone.into(), by: by.into(), change }
    }

    fn check(all: impl IntoIterator<Item = Asked>, expect: &[&[&str]]) {
        let batches = batches(all.into_iter().collect());
        let by = |batch: &Vec<Asked>| batch.iter().map(|asked| asked.by.clone()).collect::<Vec<_>>();
        assert_eq!(batches.iter().map(by).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn changes_of_a_zone_go_together_and_those_of_another_do_not() {
        let small = |zone, by| asked(zone, by, ChangeAction::Create, 1, 10);
        check([small("Z1", "a"), small("Z2", "b"), small("Z1", "c")], &[&["a", "c"], &["b"]]);
        check([], &[]);
    }

    #[test]
    fn two_changes_of_one_record_do_not_go_together() {
        let change = |by, action| asked("Z", by, action, 1, 1);
        let all = [
            change("a1", ChangeAction::Delete),
            change("a2", ChangeAction::Upsert),
            change("b", ChangeAction::Create),
        ];
        check(all, &[&["a1"], &["a2", "b"]]);
    }

    #[test]
    fn a_call_holds_no_more_than_aws_takes() {
        let create = |by, values, characters| asked("Z", by, ChangeAction::Create, values, characters);
        check([create("a", 600, 1), create("b", 400, 1), create("c", 1, 1)], &[&["a", "b"], &["c"]]);
        check([create("a", 1, 30_000), create("b", 1, 2_000), create("c", 1, 1)], &[&["a", "b"], &["c"]]);
        let upsert = |by| asked("Z", by, ChangeAction::Upsert, 300, 1);
        check([upsert("a"), upsert("b")], &[&["a"], &["b"]]);
    }
}
