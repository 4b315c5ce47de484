//! Target group: what a load balancer sends requests to.
//!
//! Facts about the API that shape this file:
//! - the name is unique per region; a repeated create with the same settings returns the one that is there;
//! - protocol, port, VPC and target type are for ever; health check and attributes change in place;
//! - it cannot be deleted while a listener or rule forwards to it;
//! - the targets in it are registered by others and no part of it.

use aws_sdk_elasticloadbalancingv2::types::{
    Matcher, ProtocolEnum, TargetGroup as Described, TargetGroupAttribute, TargetGroupIpAddressTypeEnum,
    TargetTypeEnum,
};
use futures::future::try_join_all;
use stackr_core::{
    Args, Block, Create, Created, Delete, Find, Id, Outputs, Resource, Result, Seen, Set, Status, Tags,
    Update, Waits, need,
};

use super::{
    ATTRIBUTES, Attributes, Elb, arn_suffix, batched, made_for, name_for, named::named, sync_tags, tag_list,
    tags_of, taken, unless_missing, users_tags,
};
use crate::{service::in_order, tags};

/// A target group.
pub struct TargetGroup;

/// A target group: what a load balancer sends requests to.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct TargetGroupArgs {
    /// Its name, unique in the region: at most 32 letters, digits and hyphens. Made up if absent.
    #[arg(replace, computed)]
    pub name: Option<String>,
    /// Begin of a name that is made up: at most 6 characters.
    #[arg(replace, computed, unread)]
    pub name_prefix: Option<String>,
    /// What its targets are: `instance`, `ip`, `lambda` or `alb`.
    #[arg(replace, default = "instance")]
    pub target_type: String,
    /// Port that targets listen on. Not for `lambda`.
    #[arg(replace, unread)]
    pub port: Option<i64>,
    /// `HTTP`, `HTTPS`, `TCP`, `TLS`, `UDP`, `TCP_UDP` or `GENEVE`. Not for `lambda`.
    #[arg(replace, unread)]
    pub protocol: Option<String>,
    /// Version of HTTP: `HTTP1`, `HTTP2` or `GRPC`.
    #[arg(replace, computed)]
    pub protocol_version: Option<String>,
    /// VPC of the targets. Not for `lambda`.
    #[arg(replace, unread)]
    pub vpc_id: Option<String>,
    /// `ipv4` or `ipv6`.
    #[arg(replace, computed)]
    pub ip_address_type: Option<String>,
    /// Seconds that a target that leaves may finish its requests: 0 to 3600.
    #[arg(default = "300")]
    pub deregistration_delay: String,
    /// Seconds in which a new target is warmed up: 0 (off) or 30 to 900.
    #[arg(default = 0)]
    pub slow_start: i64,
    /// How a target is picked: `round_robin`, `least_outstanding_requests` or `weighted_random`.
    #[arg(computed)]
    pub load_balancing_algorithm_type: Option<String>,
    /// Whether sick targets get fewer requests: `on` or `off`.
    #[arg(computed)]
    pub load_balancing_anomaly_mitigation: Option<String>,
    /// Whether every zone's targets are used: `true`, `false` or `use_load_balancer_configuration`.
    #[arg(computed)]
    pub load_balancing_cross_zone_enabled: Option<String>,
    /// Whether connections end with the deregistration. Network only.
    #[arg(computed)]
    pub connection_termination: Option<bool>,
    /// Whether targets see the client's address: `true` or `false`. Network only.
    #[arg(computed)]
    pub preserve_client_ip: Option<String>,
    /// Whether targets get the proxy protocol's header. Network only.
    #[arg(default = false)]
    pub proxy_protocol_v2: bool,
    /// Whether a function gets each header as a list of values. `lambda` only.
    #[arg(default = false)]
    pub lambda_multi_value_headers_enabled: bool,
    /// When a target counts as healthy.
    #[arg(block, computed)]
    pub health_check: Option<HealthCheck>,
    /// Whether a client stays with its target.
    #[arg(block, computed)]
    pub stickiness: Option<Stickiness>,
    /// Tags.
    pub tags: Tags,
}

/// When a target counts as healthy.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct HealthCheck {
    /// Whether it is checked; always so, but for `lambda`.
    #[arg(default = true)]
    pub enabled: bool,
    /// Path that is asked for.
    #[arg(computed)]
    pub path: Option<String>,
    /// Statuses that mean healthy: `200`, `200-299`, `200,301`.
    #[arg(computed)]
    pub matcher: Option<String>,
    /// Port, or `traffic-port`.
    #[arg(default = "traffic-port")]
    pub port: String,
    /// `HTTP`, `HTTPS` or `TCP`.
    #[arg(default = "HTTP")]
    pub protocol: String,
    /// Seconds between checks: 5 to 300.
    #[arg(default = 30)]
    pub interval: i64,
    /// Seconds to wait for an answer: 2 to 120.
    #[arg(computed)]
    pub timeout: Option<i64>,
    /// Good checks in a row that make it healthy: 2 to 10.
    #[arg(default = 3)]
    pub healthy_threshold: i64,
    /// Bad checks in a row that make it unhealthy: 2 to 10.
    #[arg(default = 3)]
    pub unhealthy_threshold: i64,
}

/// Whether a client stays with its target.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct Stickiness {
    /// `lb_cookie`, `app_cookie`, `source_ip`, `source_ip_dest_ip` or `source_ip_dest_ip_proto`.
    pub r#type: String,
    /// Whether it does.
    #[arg(default = true)]
    pub enabled: bool,
    /// Seconds that the cookie lasts: 1 to 604800.
    #[arg(default = 86400)]
    pub cookie_duration: i64,
    /// Name of the application's own cookie, for `app_cookie`.
    pub cookie_name: Option<String>,
}

/// What AWS gives a target group.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct TargetGroupOutputs {
    /// Its ARN.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The part of the ARN that CloudWatch metrics use.
    pub arn_suffix: String,
    /// The load balancers that send requests to it.
    pub load_balancer_arns: Set<String>,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for TargetGroup {
    const TYPE: &'static str = "aws_lb_target_group";
    const WAITS: Waits = Waits::INSTANT;
    type Cloud = Elb;
    type Args = TargetGroupArgs;
    type Outputs = TargetGroupOutputs;

    async fn create(elb: &Elb, req: Create<'_, TargetGroupArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let name = name_of(args, req.token);
        let there = named(elb, &name).await?;
        let what = || format!("the target group {name}");
        if let Some(arn) = taken(elb, "CreateTargetGroup", &there, req.token, what).await? {
            return Ok(Created::id(arn));
        }
        let check = args.health_check.as_ref();
        let on_network = args.target_type != "lambda";
        let create = elb
            .client
            .create_target_group()
            .name(&name)
            .target_type(TargetTypeEnum::from(args.target_type.as_str()))
            .set_port(number(args.port).filter(|_| on_network))
            .set_protocol(args.protocol.as_deref().filter(|_| on_network).map(ProtocolEnum::from))
            .set_protocol_version(args.protocol_version.clone().filter(|_| on_network))
            .set_vpc_id(args.vpc_id.clone().filter(|_| on_network))
            .set_ip_address_type(args.ip_address_type.as_deref().map(TargetGroupIpAddressTypeEnum::from))
            .set_health_check_enabled(check.map(|c| c.enabled))
            .set_health_check_path(check.and_then(|c| c.path.clone()))
            .set_health_check_port(check.filter(|_| on_network).map(|c| c.port.clone()))
            .set_health_check_protocol(
                check.filter(|_| on_network).map(|c| ProtocolEnum::from(c.protocol.to_uppercase().as_str())),
            )
            .set_health_check_interval_seconds(number(check.map(|c| c.interval)))
            .set_health_check_timeout_seconds(number(check.and_then(|c| c.timeout)))
            .set_healthy_threshold_count(number(check.map(|c| c.healthy_threshold)))
            .set_unhealthy_threshold_count(number(check.map(|c| c.unhealthy_threshold)))
            .set_matcher(matcher(args))
            .set_tags(tag_list(&args.tags));
        let made = elb.call("CreateTargetGroup", create.send()).await?;
        let made = made.target_groups().first();
        let arn = need(made.and_then(Described::target_group_arn), "TargetGroupArn")?;
        // The answer is the group but for its attributes, which may not be visible yet.
        match (made, attributes_of(elb, &arn).await) {
            (Some(made), Ok(Some(attributes))) => {
                let seen = seen(made, &attributes, tags::users(args.tags.clone()))?;
                Ok(Created::seen(arn, seen))
            }
            _ => Ok(Created::id(arn)),
        }
    }

    async fn read(elb: &Elb, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let found = batched(ids, |arns| async move {
            let request = elb.client.describe_target_groups().set_target_group_arns(Some(arns));
            Ok(elb.call("DescribeTargetGroups", request.send()).await?.target_groups.unwrap_or_default())
        });
        let (found, tags) = futures::try_join!(found, tags_of(elb, ids))?;
        let arns: Vec<Id> = found.iter().filter_map(|g| g.target_group_arn.clone()).collect();
        let attributes = try_join_all(arns.iter().map(|arn| attributes_of(elb, arn)));
        let attributes = attributes.await?;
        let all = found.iter().zip(arns.iter().zip(attributes));
        let all = all.filter_map(|(group, (arn, attributes))| Some((group, arn, attributes?)));
        let all = all.map(|(group, arn, attributes)| {
            Ok((arn.clone(), seen(group, &attributes, users_tags(&tags, arn))?))
        });
        Ok(in_order(ids, all.collect::<Result<_>>()?))
    }

    async fn update(elb: &Elb, req: Update<'_, Self>) -> Result<()> {
        let want = req.want;
        if let Some(check) = want.health_check.as_ref().filter(|_| req.changes(&["health_check"])) {
            let on_network = want.target_type != "lambda";
            let protocol = ProtocolEnum::from(check.protocol.to_uppercase().as_str());
            let http = protocol != ProtocolEnum::Tcp;
            let modify = elb
                .client
                .modify_target_group()
                .target_group_arn(req.id)
                .health_check_enabled(check.enabled)
                .set_health_check_path(check.path.clone().filter(|_| http))
                .set_health_check_port(on_network.then(|| check.port.clone()))
                .set_health_check_protocol(on_network.then_some(protocol))
                .set_health_check_interval_seconds(number(Some(check.interval)))
                .set_health_check_timeout_seconds(number(check.timeout))
                .set_healthy_threshold_count(number(Some(check.healthy_threshold)))
                .set_unhealthy_threshold_count(number(Some(check.unhealthy_threshold)))
                .set_matcher(matcher(want).filter(|_| http));
            elb.call("ModifyTargetGroup", modify.send()).await?;
        }
        let changed = attributes(want).into_iter().filter(|(argument, ..)| req.changes(&[argument]));
        let changed = changed.map(|(_, key, value)| TargetGroupAttribute::builder().key(key).value(value));
        let changed: Vec<_> = changed.map(|attribute| attribute.build()).collect();
        for part in changed.chunks(ATTRIBUTES) {
            let modify = elb.client.modify_target_group_attributes().target_group_arn(req.id);
            let modify = modify.set_attributes(Some(part.to_vec()));
            elb.call("ModifyTargetGroupAttributes", modify.send()).await?;
        }
        sync_tags(elb, req.id, &req.seen.args.tags, &want.tags).await
    }

    async fn delete(elb: &Elb, req: Delete<'_, Self>) -> Result<()> {
        let delete = elb.client.delete_target_group().target_group_arn(req.id);
        elb.call("DeleteTargetGroup", delete.send()).await?;
        Ok(())
    }

    async fn find(elb: &Elb, req: Find<'_, TargetGroupArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        made_for(elb, &named(elb, &name_of(args, req.uid)).await?, req.uid).await
    }
}

fn name_of(args: &TargetGroupArgs, uid: &str) -> String {
    name_for(args.name.as_deref(), args.name_prefix.as_deref(), "tg-", uid)
}

/// The attributes of one target group; nothing if it is gone meanwhile.
async fn attributes_of(elb: &Elb, arn: &str) -> Result<Option<Attributes>> {
    let request = elb.client.describe_target_group_attributes().target_group_arn(arn);
    let answer = elb.call("DescribeTargetGroupAttributes", request.send()).await;
    let found = answer.map(|a| {
        vec![a.attributes.unwrap_or_default().into_iter().map(|a| (a.key, a.value)).collect::<Attributes>()]
    });
    Ok(unless_missing(found)?.pop())
}

/// A number as AWS takes it; one that no field of AWS holds is left out, so AWS's own default stands.
fn number(value: Option<i64>) -> Option<i32> {
    value.and_then(|n| i32::try_from(n).ok())
}

fn matcher(args: &TargetGroupArgs) -> Option<Matcher> {
    let code = args.health_check.as_ref()?.matcher.clone()?;
    let grpc = args.protocol_version.as_deref() == Some("GRPC");
    let matcher = Matcher::builder();
    Some(if grpc { matcher.grpc_code(code) } else { matcher.http_code(code) }.build())
}

/// The attributes that say what is wanted: argument, key, value.
fn attributes(want: &TargetGroupArgs) -> Vec<(&'static str, &'static str, String)> {
    let mut all = vec![
        ("deregistration_delay", "deregistration_delay.timeout_seconds", want.deregistration_delay.clone()),
        ("slow_start", "slow_start.duration_seconds", want.slow_start.to_string()),
        ("proxy_protocol_v2", "proxy_protocol_v2.enabled", want.proxy_protocol_v2.to_string()),
        (
            "lambda_multi_value_headers_enabled",
            "lambda.multi_value_headers.enabled",
            want.lambda_multi_value_headers_enabled.to_string(),
        ),
    ];
    let optional = [
        (
            "load_balancing_algorithm_type",
            "load_balancing.algorithm.type",
            want.load_balancing_algorithm_type.clone(),
        ),
        (
            "load_balancing_anomaly_mitigation",
            "load_balancing.algorithm.anomaly_mitigation",
            want.load_balancing_anomaly_mitigation.clone(),
        ),
        (
            "load_balancing_cross_zone_enabled",
            "load_balancing.cross_zone.enabled",
            want.load_balancing_cross_zone_enabled.clone(),
        ),
        (
            "connection_termination",
            "deregistration_delay.connection_termination.enabled",
            want.connection_termination.map(|on| on.to_string()),
        ),
        ("preserve_client_ip", "preserve_client_ip.enabled", want.preserve_client_ip.clone()),
    ];
    all.extend(optional.into_iter().filter_map(|(argument, key, value)| Some((argument, key, value?))));
    if let Some(sticky) = &want.stickiness {
        all.push(("stickiness", "stickiness.enabled", sticky.enabled.to_string()));
        all.push(("stickiness", "stickiness.type", sticky.r#type.clone()));
        let seconds = sticky.cookie_duration.to_string();
        match sticky.r#type.as_str() {
            "lb_cookie" => all.push(("stickiness", "stickiness.lb_cookie.duration_seconds", seconds)),
            "app_cookie" => {
                let name = sticky.cookie_name.clone().unwrap_or_default();
                all.push(("stickiness", "stickiness.app_cookie.duration_seconds", seconds));
                all.push(("stickiness", "stickiness.app_cookie.cookie_name", name));
            }
            _ => {}
        }
    }
    all
}

/// What AWS says about one target group, in our words.
fn seen(group: &Described, attributes: &Attributes, tags: Tags) -> Result<Seen<TargetGroup>> {
    let arn = need(group.target_group_arn(), "TargetGroupArn")?;
    let count = |number: Option<i32>, default: i64| number.map_or(default, i64::from);
    let matcher = group.matcher().and_then(|m| m.grpc_code().or(m.http_code()));
    Ok(Seen {
        status: Status::Ready,
        args: TargetGroupArgs {
            name: group.target_group_name().map(str::to_owned),
            name_prefix: None,
            target_type: group.target_type().map_or("instance", TargetTypeEnum::as_str).to_owned(),
            port: group.port().map(i64::from),
            protocol: group.protocol().map(|p| p.as_str().to_owned()),
            protocol_version: group.protocol_version().map(str::to_owned),
            vpc_id: group.vpc_id().filter(|v| !v.is_empty()).map(str::to_owned),
            ip_address_type: group.ip_address_type().map(|t| t.as_str().to_owned()),
            deregistration_delay: attributes
                .text("deregistration_delay.timeout_seconds")
                .unwrap_or_else(|| "300".to_owned()),
            slow_start: attributes.number("slow_start.duration_seconds").unwrap_or(0),
            load_balancing_algorithm_type: attributes.text("load_balancing.algorithm.type"),
            load_balancing_anomaly_mitigation: attributes.text("load_balancing.algorithm.anomaly_mitigation"),
            load_balancing_cross_zone_enabled: attributes.text("load_balancing.cross_zone.enabled"),
            connection_termination: attributes.flag("deregistration_delay.connection_termination.enabled"),
            preserve_client_ip: attributes.text("preserve_client_ip.enabled"),
            proxy_protocol_v2: attributes.flag("proxy_protocol_v2.enabled") == Some(true),
            lambda_multi_value_headers_enabled: attributes.flag("lambda.multi_value_headers.enabled")
                == Some(true),
            health_check: Some(HealthCheck {
                enabled: group.health_check_enabled().unwrap_or(true),
                path: group.health_check_path().map(str::to_owned),
                matcher: matcher.map(str::to_owned),
                port: group.health_check_port().unwrap_or("traffic-port").to_owned(),
                protocol: group.health_check_protocol().map_or("HTTP", ProtocolEnum::as_str).to_owned(),
                interval: count(group.health_check_interval_seconds(), 30),
                timeout: group.health_check_timeout_seconds().map(i64::from),
                healthy_threshold: count(group.healthy_threshold_count(), 3),
                unhealthy_threshold: count(group.unhealthy_threshold_count(), 3),
            }),
            stickiness: stickiness(attributes),
            tags: tags.clone(),
        },
        outputs: TargetGroupOutputs {
            id: arn.clone(),
            arn_suffix: arn_suffix(&arn, "").to_owned(),
            load_balancer_arns: group.load_balancer_arns().iter().cloned().collect(),
            tags_all: tags,
            arn,
        },
    })
}

fn stickiness(attributes: &Attributes) -> Option<Stickiness> {
    let ty = attributes.text("stickiness.type")?;
    let seconds = match ty.as_str() {
        "app_cookie" => attributes.number("stickiness.app_cookie.duration_seconds"),
        _ => attributes.number("stickiness.lb_cookie.duration_seconds"),
    };
    let named = ty == "app_cookie";
    Some(Stickiness {
        enabled: attributes.flag("stickiness.enabled") == Some(true),
        cookie_duration: seconds.unwrap_or(86400),
        cookie_name: attributes.text("stickiness.app_cookie.cookie_name").filter(|_| named),
        r#type: ty,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described() -> Described {
        Described::builder()
            .target_group_arn("arn:aws:elasticloadbalancing:r:1:targetgroup/web/1")
            .target_type(TargetTypeEnum::Lambda)
            .build()
    }

    fn reported(pairs: &[(&str, &str)]) -> Attributes {
        pairs.iter().map(|(k, v)| (Some((*k).to_owned()), Some((*v).to_owned()))).collect()
    }

    #[test]
    fn a_function_has_no_port_and_the_other_defaults_stand() {
        let seen = seen(&described(), &Attributes::default(), Tags::new()).unwrap();
        assert_eq!((seen.args.port, seen.args.vpc_id, seen.args.stickiness), (None, None, None));
        assert_eq!(seen.args.deregistration_delay, "300");
        assert_eq!(seen.outputs.arn_suffix, "targetgroup/web/1");
    }

    #[test]
    fn a_cookie_name_is_reported_for_the_applications_cookie_only() {
        let name = ("stickiness.app_cookie.cookie_name", "session");
        let own = stickiness(&reported(&[("stickiness.type", "lb_cookie"), name])).unwrap();
        assert_eq!((own.cookie_name, own.cookie_duration, own.enabled), (None, 86400, false));
        let app = stickiness(&reported(&[("stickiness.type", "app_cookie"), name])).unwrap();
        assert_eq!(app.cookie_name.as_deref(), Some("session"));
    }

    #[test]
    fn only_what_makes_another_target_group_forces_replacement() {
        let replace: Vec<_> =
            TargetGroupArgs::fields().iter().filter(|f| f.replace).map(|f| f.name).collect();
        let expect = [
            "name",
            "name_prefix",
            "target_type",
            "port",
            "protocol",
            "protocol_version",
            "vpc_id",
            "ip_address_type",
        ];
        assert_eq!(replace, expect);
    }
}
