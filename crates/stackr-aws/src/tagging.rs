//! Tags of objects of all services in one call: the Resource Groups Tagging API.
//!
//! Facts that shape this file:
//! - `GetResources` takes up to 100 ARNs of one region, whatever their services, and leaves out what never had a tag, and
//!   what it does not know;
//! - it is late by seconds, sometimes minutes. So it only confirms what is recorded: where it says anything else, or
//!   nothing, the object's own service is asked;
//! - not everybody may call it, and not every endpoint has it. Where it fails, or is slow, the services are asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use aws_sdk_resourcegroupstagging::Client;
use futures::future::join_all;
use stackr_core::{Id, Known, Result, Tags};

use crate::{Service, gather::Source, tags};

/// The most ARNs of one call.
const ARNS: usize = 100;

/// The client of the tagging API, built when first used; all services of a region share it.
pub(crate) type Tagging = LazyLock<Service<Client>, Box<dyn FnOnce() -> Service<Client> + Send>>;

/// The tags of objects by ARN, ours and AWS's among them.
struct Tagged;

impl Source for Tagged {
    type Client = Client;
    type Key = Id;
    type Answer = Tags;

    async fn ask(tagging: &Service<Client>, arns: BTreeSet<Id>) -> Result<BTreeMap<Id, Tags>> {
        // One object's own service is asked with one call too, and is not late.
        if arns.len() == 1 {
            return Ok(BTreeMap::new());
        }
        let arns: Vec<_> = arns.into_iter().collect();
        let told = join_all(arns.chunks(ARNS).map(|arns| part(tagging, arns))).await;
        Ok(told.into_iter().flat_map(Result::unwrap_or_default).collect())
    }
}

/// What is told of these objects.
async fn part(tagging: &Service<Client>, arns: &[Id]) -> Result<BTreeMap<Id, Tags>> {
    let request = tagging.client.get_resources().set_resource_arn_list(Some(arns.to_vec()));
    let answer = tagging.call("GetResources", request.send()).await?;
    let told = answer.resource_tag_mapping_list.unwrap_or_default().into_iter().filter_map(|one| {
        let tags = one.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
        Some((one.resource_arn?, tags.collect()))
    });
    Ok(told.collect())
}

impl<C> Service<C> {
    /// The users' tags, by ARN, of those of these objects that are still tagged as is recorded. The others have to be
    /// asked for. The objects' outputs have `arn` and `tags_all`.
    pub(crate) async fn still_tagged(&self, known: &[Known<'_>]) -> BTreeMap<Id, Tags> {
        let Some(tagging) = &self.tagging else { return BTreeMap::new() };
        let mut recorded: BTreeMap<Id, Tags> = known.iter().filter_map(recorded).collect();
        let told = tagging.gather::<Tagged>(recorded.keys().cloned()).await.unwrap_or_default();
        recorded.retain(|arn, tags| told.get(arn).is_some_and(|told| tags::users(told.clone()) == *tags));
        recorded
    }
}

/// The users' tags of an object: the confirmed ones, or what its own service says of all.
pub(crate) async fn confirmed_or<T: IntoIterator<Item = (String, String)>>(
    confirmed: &BTreeMap<Id, Tags>,
    arn: &str,
    ask: impl Future<Output = Result<T>>,
) -> Result<Tags> {
    match confirmed.get(arn) {
        Some(tags) => Ok(tags.clone()),
        None => Ok(tags::users(ask.await?)),
    }
}

/// An object's ARN and tags as they are recorded; nothing where they are sealed.
fn recorded(known: &Known<'_>) -> Option<(Id, Tags)> {
    let arn = known.output("arn")?.as_str()?.to_owned();
    let tags = known.output("tags_all")?;
    let tags = tags.attributes()?.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    Some((arn, tags.collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use stackr_core::Object;

    use super::*;
    use crate::{service::testing::service, wire::Wire};

    fn object(outputs: serde_json::Value) -> Object {
        let object = serde_json::json!({
            "type": "aws_ecr_repository", "id": "a", "uid": "u", "origin": {}, "schema": 1, "args": {}, "outputs": outputs,
        });
        serde_json::from_value(object).unwrap()
    }

    /// Which of the recorded objects are confirmed, of each an ARN and its one tag, and how many calls that took.
    async fn check<const N: usize>(
        recorded: &[(&str, &str)],
        answers: [(u16, &str); N],
        expect: (&[&str], usize),
    ) {
        let wire = Wire::new(answers);
        let config = wire.config();
        let tagging = LazyLock::new(Box::new(move || service("tag", Client::new(&config))) as Box<_>);
        let mut ecr = service("ecr", ());
        ecr.tagging = Some(std::sync::Arc::new(tagging));
        let objects = recorded
            .iter()
            .map(|(arn, tag)| object(serde_json::json!({ "arn": arn, "tags_all": { "k": tag } })));
        let objects: Vec<_> = objects.collect();
        let known: Vec<_> = objects.iter().map(|last| Known { id: "a", last: Some(last) }).collect();
        let confirmed = ecr.still_tagged(&known).await;
        assert_eq!(
            (confirmed.keys().map(String::as_str).collect::<Vec<_>>(), wire.asked().len()),
            (expect.0.to_vec(), expect.1)
        );
    }

    const TOLD: &str = r#"{"ResourceTagMappingList":[
        {"ResourceARN":"arn:same","Tags":[{"Key":"k","Value":"v"},{"Key":"stackr:uid","Value":"u"}]},
        {"ResourceARN":"arn:other","Tags":[{"Key":"k","Value":"w"}]}]}"#;

    #[tokio::test]
    async fn only_what_is_told_as_it_is_recorded_is_confirmed() {
        let recorded = [("arn:same", "v"), ("arn:other", "v"), ("arn:left-out", "v")];
        check(&recorded, [(200, TOLD)], (&["arn:same"], 1)).await;
    }

    #[tokio::test]
    async fn one_object_is_not_asked_for_here_and_a_failure_confirms_nothing() {
        check(&[("arn:same", "v")], [], (&[], 0)).await;
        let denied = r#"{"__type":"AccessDeniedException","Message":"no"}"#;
        check(&[("arn:same", "v"), ("arn:other", "w")], [(400, denied)], (&[], 1)).await;
        check(&[("arn:same", "v"), ("arn:other", "w")], [(0, "")], (&[], 1)).await;
    }

    #[test]
    fn what_is_recorded_has_an_arn_and_tags_that_can_be_read() {
        let check = |outputs: serde_json::Value, expect: Option<(&str, &[(&str, &str)])>| {
            let object = object(outputs);
            let expect = expect.map(|(arn, tags)| {
                let tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
                (arn.to_owned(), tags.collect::<Tags>())
            });
            assert_eq!(recorded(&Known { id: "a", last: Some(&object) }), expect);
        };
        check(
            serde_json::json!({ "arn": "arn:a", "tags_all": { "k": "v" } }),
            Some(("arn:a", &[("k", "v")])),
        );
        check(serde_json::json!({ "arn": "arn:a", "tags_all": {} }), Some(("arn:a", &[])));
        check(serde_json::json!({ "arn": "arn:a", "tags_all": { "k": { "sealed": "…" } } }), None);
        check(serde_json::json!({ "arn": "arn:a" }), None);
        check(serde_json::json!({ "tags_all": {} }), None);
        assert_eq!(recorded(&Known { id: "a", last: None }), None);
    }
}
