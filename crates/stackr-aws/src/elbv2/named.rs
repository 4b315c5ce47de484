//! Target groups by name: a create with the settings of one that is there gives that one, so its name is looked for first.
//!
//! Facts about the API that shape this file:
//! - a name that is not there refuses a `DescribeTargetGroups` for all of its names;
//! - a page of all target groups holds 400 of them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types::TargetGroup as Described;
use futures::future::try_join_all;
use stackr_core::{Id, Result};

use super::{Elb, unless_missing};
use crate::{gather::Source, service::onward};

/// Target groups by their names.
struct Named;

/// From this many names on, all target groups are listed.
const MANY: usize = 8;

/// The most target groups of a page.
const PAGE: i32 = 400;

impl Source for Named {
    type Client = aws_sdk_elasticloadbalancingv2::Client;
    type Key = String;
    type Answer = Id;

    async fn ask(elb: &Elb, names: BTreeSet<String>) -> Result<BTreeMap<String, Id>> {
        let found = if names.len() < MANY {
            let asked = names.iter().map(|name| async move {
                let request = elb.client.describe_target_groups().names(name);
                let answer = elb.call("DescribeTargetGroups", request.send()).await;
                unless_missing(answer.map(|a| a.target_groups.unwrap_or_default()))
            });
            try_join_all(asked).await?.into_iter().flatten().collect()
        } else {
            listed(elb).await?
        };
        let found = found.into_iter().filter_map(|g| Some((g.target_group_name?, g.target_group_arn?)));
        Ok(found.filter(|(name, _)| names.contains(name)).collect())
    }
}

/// All target groups of the region.
async fn listed(elb: &Elb) -> Result<Vec<Described>> {
    let (mut all, mut marker) = (Vec::new(), None);
    loop {
        let request = elb.client.describe_target_groups().page_size(PAGE).set_marker(marker.clone());
        let page = elb.call("DescribeTargetGroups", request.send()).await?;
        all.extend(page.target_groups.unwrap_or_default());
        marker = onward(marker, page.next_marker.filter(|marker| !marker.is_empty()))?;
        if marker.is_none() {
            return Ok(all);
        }
    }
}

/// The ARN of the target group of this name, if there is one. Groups that are made together ask together.
pub(super) async fn named(elb: &Elb, name: &str) -> Result<Vec<Id>> {
    Ok(elb.gather::<Named>([name.to_owned()]).await?.into_values().collect())
}
