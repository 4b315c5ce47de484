//! Elastic Load Balancing v2: load balancers, target groups, listeners and rules.
//!
//! Facts that shape these helpers:
//! - every object is known by its ARN, and a `Describe…` takes 20 of them at a time;
//! - one missing ARN fails the whole `Describe…`, so a refused batch is asked again one by one;
//! - tags are a call of their own (`DescribeTags`), the same for every type;
//! - a repeated create with the same settings returns the object that is there, whoever made it;
//! - settings beyond the basic ones are *attributes*: text by key, of which AWS reports those that fit the type.

mod action;
mod listener;
mod listener_rule;
mod load_balancer;
mod load_balancer_lookup;
mod named;
mod target_group;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};

use aws_sdk_elasticloadbalancingv2::types::Tag;
use futures::future::try_join_all;
use stackr_core::{CloudError, ErrorKind, Id, Registry, Result, Tags};

use crate::{Service, gather::Source, tags};

pub use action::*;
pub use listener::*;
pub use listener_rule::*;
pub use load_balancer::*;
pub use load_balancer_lookup::*;
pub use target_group::*;

/// The Elastic Load Balancing client.
pub type Elb = Service<aws_sdk_elasticloadbalancingv2::Client>;

/// Adds this service's types.
pub(crate) fn register(registry: Registry) -> Registry {
    registry
        .with::<LoadBalancer>()
        .with::<TargetGroup>()
        .with::<Listener>()
        .with::<ListenerRule>()
        .with_lookup::<LoadBalancerLookup>()
}

/// The most ARNs that one `Describe…` takes.
const ARNS: usize = 20;

/// The most attributes that one `Modify…Attributes` takes.
const ATTRIBUTES: usize = 20;

/// The longest name of a load balancer or target group.
const NAME: usize = 32;

/// Asks for `arns` in batches; what is missing is left out.
async fn batched<T, F, Asked>(arns: &[Id], ask: F) -> Result<Vec<T>>
where
    F: Fn(Vec<Id>) -> Asked,
    Asked: Future<Output = Result<Vec<T>>>,
{
    let ask = &ask;
    let batches = arns.chunks(ARNS).map(|batch| async move {
        match ask(batch.to_vec()).await {
            Err(error) if error.kind() == ErrorKind::NotFound && batch.len() > 1 => {
                let alone = batch.iter().map(|arn| async { unless_missing(ask(vec![arn.clone()]).await) });
                Ok(try_join_all(alone).await?.into_iter().flatten().collect())
            }
            answer => unless_missing(answer),
        }
    });
    Ok(try_join_all(batches).await?.into_iter().flatten().collect())
}

/// Nothing, where AWS says that there is nothing.
fn unless_missing<T>(answer: Result<Vec<T>>) -> Result<Vec<T>> {
    match answer {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        answer => answer,
    }
}

/// The tags of objects of all types by ARN, ours and AWS's among them.
struct TagsOf;

impl Source for TagsOf {
    type Client = aws_sdk_elasticloadbalancingv2::Client;
    type Key = Id;
    type Answer = Tags;

    async fn ask(elb: &Elb, arns: BTreeSet<Id>) -> Result<BTreeMap<Id, Tags>> {
        let arns: Vec<_> = arns.into_iter().collect();
        let described = batched(&arns, |arns| async move {
            let request = elb.client.describe_tags().set_resource_arns(Some(arns));
            Ok(elb.call("DescribeTags", request.send()).await?.tag_descriptions.unwrap_or_default())
        });
        let described = described.await?.into_iter().map(|one| {
            let tags = one.tags.unwrap_or_default().into_iter();
            let tags = tags.filter_map(|t| Some((t.key?, t.value.unwrap_or_default())));
            (one.resource_arn.unwrap_or_default(), tags.collect())
        });
        Ok(described.collect())
    }
}

/// All tags by ARN; of what is not there, none.
async fn tags_of(elb: &Elb, arns: &[Id]) -> Result<BTreeMap<Id, Tags>> {
    elb.gather::<TagsOf>(arns.iter().cloned()).await
}

/// The user's tags of one object.
fn users_tags(all: &BTreeMap<Id, Tags>, arn: &str) -> Tags {
    tags::users(all.get(arn).cloned().unwrap_or_default())
}

/// The one of these objects that was made for a uid.
async fn made_for(elb: &Elb, arns: &[Id], uid: &str) -> Result<Option<Id>> {
    let tags = tags_of(elb, arns).await?;
    Ok(tags.into_iter().find(|(_, t)| t.get(tags::UID).is_some_and(|u| u == uid)).map(|(arn, _)| arn))
}

/// What to return from a create that finds `there` where the new object would be: the object made for this uid
/// by an earlier try, or the refusal to take over another's; nothing if the place is free.
async fn taken(
    elb: &Elb,
    operation: &str,
    there: &[Id],
    uid: &str,
    what: impl FnOnce() -> String + Send,
) -> Result<Option<Id>> {
    if there.is_empty() {
        return Ok(None);
    }
    match made_for(elb, there, uid).await? {
        Some(arn) => Ok(Some(arn)),
        None => Err(CloudError::new(
            ErrorKind::Exists,
            format!("elasticloadbalancing:{operation}"),
            format!("{} exists already", what()),
        )),
    }
}

/// The tags of a create call; none if there are none, since an empty list is refused.
fn tag_list(tags: &Tags) -> Option<Vec<Tag>> {
    let tags: Vec<_> = tags.iter().map(|(k, v)| Tag::builder().key(k).value(v).build()).collect();
    (!tags.is_empty()).then_some(tags)
}

/// Makes the tags of `arn` what is wanted.
async fn sync_tags(elb: &Elb, arn: &str, seen: &Tags, want: &Tags) -> Result<()> {
    let tags::Change { set, remove } = tags::change(seen, want);
    if !remove.is_empty() {
        let request = elb.client.remove_tags().resource_arns(arn).set_tag_keys(Some(remove));
        elb.call("RemoveTags", request.send()).await?;
    }
    if let Some(set) = tag_list(&set) {
        let request = elb.client.add_tags().resource_arns(arn).set_tags(Some(set));
        elb.call("AddTags", request.send()).await?;
    }
    Ok(())
}

/// The name to create under: the one written, or a prefix and as much of the uid as fits.
fn name_for(name: Option<&str>, prefix: Option<&str>, fallback: &str, uid: &str) -> String {
    match name {
        Some(name) => name.to_owned(),
        None => format!("{}{uid}", prefix.unwrap_or(fallback)).chars().take(NAME).collect(),
    }
}

/// The part of an ARN after `what/`, as CloudWatch names the object.
fn arn_suffix<'a>(arn: &'a str, what: &str) -> &'a str {
    let resource = arn.rsplit(':').next().unwrap_or(arn);
    resource.strip_prefix(what).unwrap_or(resource)
}

/// The attributes of one object by key. AWS leaves out those that do not fit the object's type.
#[derive(Clone, Debug, Default)]
struct Attributes(BTreeMap<String, String>);

impl Attributes {
    /// The value of a key, if AWS reports one.
    fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).filter(|v| !v.is_empty()).cloned()
    }

    /// The value of a truth value, if AWS reports it.
    fn flag(&self, key: &str) -> Option<bool> {
        self.0.get(key).map(|v| v == "true")
    }

    /// The value of a number, if AWS reports one.
    fn number(&self, key: &str) -> Option<i64> {
        self.0.get(key).and_then(|v| v.parse().ok())
    }
}

impl FromIterator<(Option<String>, Option<String>)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (Option<String>, Option<String>)>>(pairs: I) -> Self {
        Self(pairs.into_iter().filter_map(|(k, v)| Some((k?, v?))).collect())
    }
}

/// The attributes of one load balancer.
async fn load_balancer_attributes(elb: &Elb, arn: &str) -> Result<Attributes> {
    let request = elb.client.describe_load_balancer_attributes().load_balancer_arn(arn);
    let answer = elb.call("DescribeLoadBalancerAttributes", request.send()).await?;
    Ok(answer.attributes.unwrap_or_default().into_iter().map(|a| (a.key, a.value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_name_fits_and_begins_with_its_prefix() {
        let uid = "0123456789abcdef0123456789abcdef";
        assert_eq!(name_for(Some("web"), Some("x"), "lb-", uid), "web");
        assert_eq!(name_for(None, Some("web-"), "lb-", uid), "web-0123456789abcdef0123456789ab");
        assert_eq!(name_for(None, None, "lb-", uid).len(), NAME);
    }

    #[test]
    fn an_arn_suffix_is_what_metrics_are_named_by() {
        let arn = "arn:aws:elasticloadbalancing:r:1:loadbalancer/app/web/50dc6c495c0c9188";
        assert_eq!(arn_suffix(arn, "loadbalancer/"), "app/web/50dc6c495c0c9188");
    }
}
