//! Listener rule: which requests of a listener go elsewhere.
//!
//! Facts about the API that shape this file:
//! - the priority is the rule's place and unique in its listener; it is set by a call of its own;
//! - every list in a modify replaces the whole list;
//! - a condition comes back in its own form and, for old kinds, as plain `Values` too;
//! - the listener's ARN is in the rule's.

use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, HttpHeaderConditionConfig, HttpRequestMethodConditionConfig,
    PathPatternConditionConfig, QueryStringConditionConfig, QueryStringKeyValuePair, Rule as Described,
    RuleCondition, RulePriorityPair, SourceIpConditionConfig,
};
use stackr_core::{
    Args, Block, Create, Created, Delete, ErrorKind, Find, Id, Outputs, Resource, Result, Seen, Set, Status,
    Tags, Update, Waits, need,
};

use super::{
    Action, Elb, action, batched, made_for, sync_tags, tag_list, tags_of, taken, unless_missing, users_tags,
};
use crate::service::{in_order, onward};

/// A listener rule.
pub struct ListenerRule;

/// A listener rule: which requests of a listener go elsewhere.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ListenerRuleArgs {
    /// The listener.
    #[arg(replace)]
    pub listener_arn: String,
    /// Its place, lowest first: 1 to 50000. After all others if absent.
    #[arg(computed)]
    pub priority: Option<i64>,
    /// What happens to requests that fit.
    #[arg(block, required)]
    pub action: Vec<Action>,
    /// What a request has to fit; all of it.
    #[arg(block, required)]
    pub condition: Set<Condition>,
    /// Tags.
    pub tags: Tags,
}

/// What a request has to fit; one of these kinds.
#[derive(Clone, Debug, Default, PartialEq, Block)]
pub struct Condition {
    /// The host name.
    #[arg(block)]
    pub host_header: Option<Patterns>,
    /// A header.
    #[arg(block)]
    pub http_header: Option<HeaderPatterns>,
    /// The method.
    #[arg(block)]
    pub http_request_method: Option<Patterns>,
    /// The path.
    #[arg(block)]
    pub path_pattern: Option<Patterns>,
    /// A part of the query.
    #[arg(block)]
    pub query_string: Set<QueryPattern>,
    /// The client's address.
    #[arg(block)]
    pub source_ip: Option<Patterns>,
}

/// Values of which one has to fit.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct Patterns {
    /// Values; `*` and `?` stand for any characters in a host name or path.
    #[arg(required)]
    pub values: Set<String>,
}

/// A header and the values of which one has to fit.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct HeaderPatterns {
    /// The header's name.
    pub http_header_name: String,
    /// Values; `*` and `?` stand for any characters.
    #[arg(required)]
    pub values: Set<String>,
}

/// A part of the query.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct QueryPattern {
    /// Its key; any if absent.
    pub key: Option<String>,
    /// Its value; `*` and `?` stand for any characters.
    pub value: String,
}

/// What AWS gives a listener rule.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct ListenerRuleOutputs {
    /// Its ARN.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for ListenerRule {
    const TYPE: &'static str = "aws_lb_listener_rule";
    const WAITS: Waits = Waits::INSTANT;
    const WITHIN: &'static [&'static str] = &["listener_arn"];
    type Cloud = Elb;
    type Args = ListenerRuleArgs;
    type Outputs = ListenerRuleOutputs;

    async fn create(elb: &Elb, req: Create<'_, ListenerRuleArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let rules = rules_of(elb, &args.listener_arn).await?;
        match args.priority {
            Some(priority) => {
                let there = arns(rules.iter().filter(|r| priority_of(r) == Some(priority)));
                let what = || format!("a rule of priority {priority} of {}", args.listener_arn);
                if let Some(arn) = taken(elb, "CreateRule", &there, req.token, what).await? {
                    return Ok(Created::id(arn));
                }
            }
            // A place of its own is never taken; a second try finds what the first one made.
            None => {
                let others = arns(rules.iter().filter(|r| priority_of(r).is_some()));
                if let Some(arn) = made_for(elb, &others, req.token).await? {
                    return Ok(Created::id(arn));
                }
            }
        }
        let priority = args.priority.unwrap_or_else(|| last(&rules) + 1);
        let create = elb
            .client
            .create_rule()
            .listener_arn(&args.listener_arn)
            .set_priority(i32::try_from(priority).ok())
            .set_conditions(Some(args.condition.iter().flat_map(conditions).collect()))
            .set_actions(Some(action::requested(&args.action, &[])))
            .set_tags(tag_list(&args.tags));
        let made = elb.call("CreateRule", create.send()).await;
        // Another took the place that we picked: the next try picks again.
        let made = made.map_err(|error| match (error.kind(), args.priority) {
            (ErrorKind::Exists, None) => error.as_kind(ErrorKind::Conflict),
            _ => error,
        })?;
        Ok(Created::id(need(made.rules().first().and_then(Described::rule_arn), "RuleArn")?))
    }

    async fn read(elb: &Elb, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let found = batched(ids, |arns| async move {
            let request = elb.client.describe_rules().set_rule_arns(Some(arns));
            Ok(elb.call("DescribeRules", request.send()).await?.rules.unwrap_or_default())
        });
        let (found, tags) = futures::try_join!(found, tags_of(elb, ids))?;
        let arns = arns(&found);
        let all = found.iter().zip(&arns);
        let all = all.map(|(rule, arn)| Ok((arn.clone(), seen(rule, users_tags(&tags, arn))?)));
        Ok(in_order(ids, all.collect::<Result<_>>()?))
    }

    async fn update(elb: &Elb, req: Update<'_, Self>) -> Result<()> {
        let want = req.want;
        let priority = want.priority.filter(|_| req.changes(&["priority"]));
        if let Some(priority) = priority.and_then(|p| i32::try_from(p).ok()) {
            let pair = RulePriorityPair::builder().rule_arn(req.id).priority(priority).build();
            let set = elb.client.set_rule_priorities().rule_priorities(pair);
            elb.call("SetRulePriorities", set.send()).await?;
        }
        if req.changes(&["action", "condition"]) {
            let actions = action::requested(&want.action, &req.seen.args.action);
            let modify = elb
                .client
                .modify_rule()
                .rule_arn(req.id)
                .set_conditions(Some(want.condition.iter().flat_map(conditions).collect()))
                .set_actions(Some(actions));
            elb.call("ModifyRule", modify.send()).await?;
        }
        sync_tags(elb, req.id, &req.seen.args.tags, &want.tags).await
    }

    async fn delete(elb: &Elb, req: Delete<'_, Self>) -> Result<()> {
        elb.call("DeleteRule", elb.client.delete_rule().rule_arn(req.id).send()).await?;
        Ok(())
    }

    async fn find(elb: &Elb, req: Find<'_, ListenerRuleArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        made_for(elb, &arns(&rules_of(elb, &args.listener_arn).await?), req.uid).await
    }
}

/// The rules of a listener; none if the listener is not visible.
async fn rules_of(elb: &Elb, listener: &str) -> Result<Vec<Described>> {
    let (mut all, mut marker) = (Vec::new(), None);
    loop {
        let request = elb.client.describe_rules().listener_arn(listener).set_marker(marker.clone());
        let answer = elb.call("DescribeRules", request.send()).await;
        let Some(page) = unless_missing(answer.map(|page| vec![page]))?.pop() else { return Ok(all) };
        all.extend(page.rules.unwrap_or_default());
        marker = onward(marker, page.next_marker.filter(|m| !m.is_empty()))?;
        if marker.is_none() {
            return Ok(all);
        }
    }
}

fn arns<'a>(rules: impl IntoIterator<Item = &'a Described>) -> Vec<Id> {
    rules.into_iter().filter_map(|r| r.rule_arn.clone()).collect()
}

/// A rule's place; the default rule has none.
fn priority_of(rule: &Described) -> Option<i64> {
    rule.priority().and_then(|p| p.parse().ok())
}

/// The highest place that is taken.
fn last(rules: &[Described]) -> i64 {
    rules.iter().filter_map(priority_of).max().unwrap_or(0)
}

/// A condition block as AWS takes it: one condition for each kind that is in it.
fn conditions(want: &Condition) -> Vec<RuleCondition> {
    let values = |patterns: &Patterns| Some(patterns.values.to_vec());
    let condition = |field: &str| RuleCondition::builder().field(field);
    let mut all = Vec::new();
    if let Some(p) = &want.host_header {
        let config = HostHeaderConditionConfig::builder().set_values(values(p)).build();
        all.push(condition("host-header").host_header_config(config));
    }
    if let Some(p) = &want.http_header {
        let config = HttpHeaderConditionConfig::builder().http_header_name(&p.http_header_name);
        let config = config.set_values(Some(p.values.to_vec())).build();
        all.push(condition("http-header").http_header_config(config));
    }
    if let Some(p) = &want.http_request_method {
        let config = HttpRequestMethodConditionConfig::builder().set_values(values(p)).build();
        all.push(condition("http-request-method").http_request_method_config(config));
    }
    if let Some(p) = &want.path_pattern {
        let config = PathPatternConditionConfig::builder().set_values(values(p)).build();
        all.push(condition("path-pattern").path_pattern_config(config));
    }
    if !want.query_string.is_empty() {
        let pairs = want
            .query_string
            .iter()
            .map(|q| QueryStringKeyValuePair::builder().set_key(q.key.clone()).value(&q.value).build());
        let config = QueryStringConditionConfig::builder().set_values(Some(pairs.collect())).build();
        all.push(condition("query-string").query_string_config(config));
    }
    if let Some(p) = &want.source_ip {
        let config = SourceIpConditionConfig::builder().set_values(values(p)).build();
        all.push(condition("source-ip").source_ip_config(config));
    }
    all.into_iter().map(|condition| condition.build()).collect()
}

/// A condition in our words. Old kinds may have their values in `Values` only.
fn reported(condition: &RuleCondition) -> Condition {
    let plain = |field: &str| {
        (condition.field() == Some(field)).then(|| condition.values()).filter(|values| !values.is_empty())
    };
    let patterns = |values: &[String]| Patterns { values: values.iter().cloned().collect() };
    let host = condition.host_header_config().map(|c| c.values()).or_else(|| plain("host-header"));
    let path = condition.path_pattern_config().map(|c| c.values()).or_else(|| plain("path-pattern"));
    let queries = condition.query_string_config().map(|c| c.values()).unwrap_or_default();
    Condition {
        host_header: host.map(patterns),
        path_pattern: path.map(patterns),
        http_header: condition.http_header_config().map(|c| HeaderPatterns {
            http_header_name: c.http_header_name().unwrap_or_default().to_owned(),
            values: c.values().iter().cloned().collect(),
        }),
        http_request_method: condition.http_request_method_config().map(|c| patterns(c.values())),
        source_ip: condition.source_ip_config().map(|c| patterns(c.values())),
        query_string: queries
            .iter()
            .map(|q| QueryPattern {
                key: q.key().map(str::to_owned),
                value: q.value().unwrap_or_default().to_owned(),
            })
            .collect(),
    }
}

/// What AWS says about one rule, in our words.
fn seen(rule: &Described, tags: Tags) -> Result<Seen<ListenerRule>> {
    let arn = need(rule.rule_arn(), "RuleArn")?;
    let listener = arn.rsplit_once('/').map_or(arn.as_str(), |(listener, _)| listener);
    Ok(Seen {
        status: Status::Ready,
        args: ListenerRuleArgs {
            listener_arn: listener.replacen(":listener-rule/", ":listener/", 1),
            priority: priority_of(rule),
            action: action::reported(rule.actions()),
            condition: rule.conditions().iter().map(reported).collect(),
            tags: tags.clone(),
        },
        outputs: ListenerRuleOutputs { id: arn.clone(), tags_all: tags, arn },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listener_is_in_the_rules_arn() {
        let arn = "arn:aws:elasticloadbalancing:r:1:listener-rule/app/web/1/2/3";
        let seen = seen(&Described::builder().rule_arn(arn).priority("7").build(), Tags::new()).unwrap();
        assert_eq!(seen.args.listener_arn, "arn:aws:elasticloadbalancing:r:1:listener/app/web/1/2");
        assert_eq!(seen.args.priority, Some(7));
    }

    #[test]
    fn a_condition_survives_the_way_to_aws_and_back() {
        let values = Set(vec!["/api/*".to_owned()]);
        let path =
            Condition { path_pattern: Some(Patterns { values: values.clone() }), ..Condition::default() };
        let query = QueryPattern { key: None, value: "x".into() };
        let query = Condition { query_string: Set(vec![query]), ..Condition::default() };
        for condition in [path.clone(), query] {
            assert_eq!(conditions(&condition).iter().map(reported).collect::<Vec<_>>(), [condition]);
        }
        let old = RuleCondition::builder().field("path-pattern").values("/api/*").build();
        assert_eq!(reported(&old), path);
    }

    #[test]
    fn a_rule_without_priority_comes_last() {
        let rule = |priority: &str| Described::builder().priority(priority).build();
        assert_eq!(last(&[rule("default")]), 0);
        assert_eq!(last(&[rule("5"), rule("default"), rule("3")]), 5);
    }
}
