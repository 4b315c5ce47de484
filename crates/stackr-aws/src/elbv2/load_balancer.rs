//! Load balancer: application, network or gateway.
//!
//! Facts about the API that shape this file:
//! - the name is unique per region; a repeated create with the same settings returns the one that is there;
//! - `provisioning` takes minutes; `failed` is a state;
//! - everything in an attribute is set after the create, at most 20 in a call;
//! - deleting one that is gone succeeds; its network interfaces stay for a while and block subnets and groups.

use aws_sdk_elasticloadbalancingv2::types::{
    EnforceSecurityGroupInboundRulesOnPrivateLinkTrafficEnum as Enforce, IpAddressType,
    LoadBalancer as Described, LoadBalancerAttribute, LoadBalancerSchemeEnum, LoadBalancerStateEnum,
    LoadBalancerTypeEnum, SubnetMapping as Mapping,
};
use futures::future::try_join_all;
use stackr_core::{
    After, Args, Block, Create, Created, Delete, Find, Id, Outputs, Resource, Result, Seen, Set, Status,
    Tags, Update, Waits, need,
};

use super::{
    ATTRIBUTES, Attributes, Elb, arn_suffix, batched, load_balancer_attributes, made_for, name_for,
    sync_tags, tag_list, tags_of, taken, unless_missing, users_tags,
};
use crate::service::in_order;

/// A load balancer.
pub struct LoadBalancer;

/// A load balancer: application (HTTP), network (TCP, UDP, TLS) or gateway.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct LoadBalancerArgs {
    /// Its name, unique in the region: at most 32 letters, digits and hyphens. Made up if absent.
    #[arg(replace, computed)]
    pub name: Option<String>,
    /// Begin of a name that is made up: at most 6 characters.
    #[arg(replace, computed, unread)]
    pub name_prefix: Option<String>,
    /// `application`, `network` or `gateway`.
    #[arg(replace, default = "application")]
    pub load_balancer_type: String,
    /// Whether it has private addresses only.
    #[arg(replace, computed)]
    pub internal: Option<bool>,
    /// `ipv4`, `dualstack` or `dualstack-without-public-ipv4`.
    #[arg(computed)]
    pub ip_address_type: Option<String>,
    /// Its security groups; an application load balancer without any gets the VPC's default group.
    #[arg(computed)]
    pub security_groups: Set<String>,
    /// Its subnets: for an application load balancer at least two, in different zones.
    #[arg(computed)]
    pub subnets: Set<String>,
    /// Its subnets with fixed addresses, instead of `subnets`.
    #[arg(block, computed)]
    pub subnet_mapping: Set<SubnetMapping>,
    /// Seconds after which an idle connection is closed: 1 to 4000. Application only.
    #[arg(default = 60)]
    pub idle_timeout: i64,
    /// Seconds that a client may keep a connection: 60 to 604800. Application only.
    #[arg(default = 3600)]
    pub client_keep_alive: i64,
    /// Whether AWS refuses to delete it.
    #[arg(default = false)]
    pub enable_deletion_protection: bool,
    /// Whether header fields with invalid names are dropped. Application only.
    #[arg(default = false)]
    pub drop_invalid_header_fields: bool,
    /// Whether the `Host` header reaches the targets unchanged. Application only.
    #[arg(default = false)]
    pub preserve_host_header: bool,
    /// Whether clients may use HTTP/2. Application only.
    #[arg(default = true)]
    pub enable_http2: bool,
    /// Whether targets get headers with the TLS version and cipher suite. Application only.
    #[arg(default = false)]
    pub enable_tls_version_and_cipher_suite_headers: bool,
    /// Whether requests pass while the web application firewall does not answer. Application only.
    #[arg(default = false)]
    pub enable_waf_fail_open: bool,
    /// Whether `X-Forwarded-For` keeps the client's port. Application only.
    #[arg(default = false)]
    pub enable_xff_client_port: bool,
    /// What happens to `X-Forwarded-For`: `append`, `preserve` or `remove`. Application only.
    #[arg(default = "append")]
    pub xff_header_processing_mode: String,
    /// How requests that could be an attack are treated: `monitor`, `defensive` or `strictest`. Application only.
    #[arg(default = "defensive")]
    pub desync_mitigation_mode: String,
    /// Whether zonal shift can take a zone out of service.
    #[arg(default = false)]
    pub enable_zonal_shift: bool,
    /// Whether traffic goes to targets in every zone. Always so for an application load balancer.
    #[arg(computed)]
    pub enable_cross_zone_load_balancing: Option<bool>,
    /// Which zone's address DNS answers: `any_availability_zone`, `availability_zone_affinity` or
    /// `partial_availability_zone_affinity`. Network only.
    #[arg(default = "any_availability_zone")]
    pub dns_record_client_routing_policy: String,
    /// Whether security groups hold for PrivateLink traffic: `on` or `off`. Network only.
    #[arg(computed)]
    pub enforce_security_group_inbound_rules_on_private_link_traffic: Option<String>,
    /// Where a log of requests goes.
    #[arg(block, computed)]
    pub access_logs: Option<LoadBalancerLogs>,
    /// Where a log of connections goes. Application only.
    #[arg(block, computed)]
    pub connection_logs: Option<LoadBalancerLogs>,
    /// Tags.
    pub tags: Tags,
}

/// A subnet with the addresses that the load balancer has in it.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct SubnetMapping {
    /// The subnet.
    pub subnet_id: String,
    /// Elastic IP of an internet-facing network load balancer.
    pub allocation_id: Option<String>,
    /// Private address of an internal network load balancer.
    pub private_ipv4_address: Option<String>,
    /// IPv6 address.
    pub ipv6_address: Option<String>,
}

/// Where a log goes.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct LoadBalancerLogs {
    /// Bucket, whose policy lets the service write.
    #[arg(required, unread)]
    pub bucket: Option<String>,
    /// Begin of the object names.
    #[arg(unread)]
    pub prefix: Option<String>,
    /// Whether the log is written.
    #[arg(default = false)]
    pub enabled: bool,
}

/// What AWS gives a load balancer.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct LoadBalancerOutputs {
    /// Its ARN.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The part of the ARN that CloudWatch metrics use.
    pub arn_suffix: String,
    /// Its DNS name.
    pub dns_name: String,
    /// The hosted zone of that name, for alias records.
    pub zone_id: String,
    /// Its VPC.
    pub vpc_id: Option<String>,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for LoadBalancer {
    const TYPE: &'static str = "aws_lb";
    // 90 to 180 s were measured until one was active. It is gone with the answer, its network interfaces are not.
    const WAITS: Waits = Waits::minutes(10, 10).usually(156, 0);
    // An internet-facing one is refused in a VPC without internet gateway, and the gateway cannot be detached
    // while it is there. Logs are refused until the bucket's policy allows them.
    const AFTER: &'static [After] = &[
        After::all("aws_internet_gateway"),
        After::all("aws_internet_gateway_attachment"),
        After::all("aws_s3_bucket_policy"),
    ];
    const PROTECTION: &'static [&'static str] = &["enable_deletion_protection"];
    type Cloud = Elb;
    type Args = LoadBalancerArgs;
    type Outputs = LoadBalancerOutputs;

    async fn create(elb: &Elb, req: Create<'_, LoadBalancerArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let name = name_of(args, req.token);
        let there = named(elb, &name).await?;
        let what = || format!("the load balancer {name}");
        if let Some(arn) = taken(elb, "CreateLoadBalancer", &there, req.token, what).await? {
            return Ok(Created::id(arn));
        }
        let scheme = args.internal.map(|internal| {
            if internal { LoadBalancerSchemeEnum::Internal } else { LoadBalancerSchemeEnum::InternetFacing }
        });
        let create = elb
            .client
            .create_load_balancer()
            .name(&name)
            .r#type(LoadBalancerTypeEnum::from(args.load_balancer_type.as_str()))
            .set_scheme(scheme)
            .set_ip_address_type(args.ip_address_type.as_deref().map(IpAddressType::from))
            .set_security_groups(unless_empty(&args.security_groups))
            .set_subnets(unless_empty(&args.subnets))
            .set_subnet_mappings(mappings(&args.subnet_mapping))
            .set_tags(tag_list(&args.tags));
        let made = elb.call("CreateLoadBalancer", create.send()).await?;
        let arn = made.load_balancers().first().and_then(Described::load_balancer_arn);
        Ok(Created::id(need(arn, "LoadBalancerArn")?))
    }

    async fn read(elb: &Elb, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let found = batched(ids, |arns| async move {
            let request = elb.client.describe_load_balancers().set_load_balancer_arns(Some(arns));
            Ok(elb.call("DescribeLoadBalancers", request.send()).await?.load_balancers.unwrap_or_default())
        });
        let (found, tags) = futures::try_join!(found, tags_of(elb, ids))?;
        let arns: Vec<Id> = found.iter().filter_map(|lb| lb.load_balancer_arn.clone()).collect();
        let attributes = try_join_all(arns.iter().map(|arn| async {
            let one = load_balancer_attributes(elb, arn).await.map(|a| vec![a]);
            Ok(unless_missing(one)?.pop())
        }));
        let attributes = attributes.await?;
        let all = found.iter().zip(arns.iter().zip(attributes));
        let all = all.filter_map(|(lb, (arn, attributes))| Some((lb, arn, attributes?)));
        let all = all
            .map(|(lb, arn, attributes)| Ok((arn.clone(), seen(lb, &attributes, users_tags(&tags, arn))?)));
        Ok(in_order(ids, all.collect::<Result<_>>()?))
    }

    async fn update(elb: &Elb, req: Update<'_, Self>) -> Result<()> {
        let want = req.want;
        if req.changes(&["subnets", "subnet_mapping"]) {
            // Each of the two says all; the one that was not written may still hold what was seen.
            let mappings = mappings(&want.subnet_mapping).filter(|_| req.changes(&["subnet_mapping"]));
            let subnets = unless_empty(&want.subnets).filter(|_| mappings.is_none());
            let set = elb.client.set_subnets().load_balancer_arn(req.id);
            let set = set.set_subnets(subnets).set_subnet_mappings(mappings);
            elb.call("SetSubnets", set.send()).await?;
        }
        if req.changes(&["security_groups", "enforce_security_group_inbound_rules_on_private_link_traffic"]) {
            let enforce = want.enforce_security_group_inbound_rules_on_private_link_traffic.as_deref();
            let set = elb.client.set_security_groups().load_balancer_arn(req.id);
            let set = set.set_security_groups(Some(want.security_groups.to_vec()));
            let set = set
                .set_enforce_security_group_inbound_rules_on_private_link_traffic(enforce.map(Enforce::from));
            elb.call("SetSecurityGroups", set.send()).await?;
        }
        if let Some(kind) = want.ip_address_type.as_deref().filter(|_| req.changes(&["ip_address_type"])) {
            let set = elb.client.set_ip_address_type().load_balancer_arn(req.id);
            elb.call("SetIpAddressType", set.ip_address_type(kind.into()).send()).await?;
        }
        let changed = attributes(want).into_iter().filter(|(argument, ..)| req.changes(&[argument]));
        let changed = changed.map(|(_, key, value)| LoadBalancerAttribute::builder().key(key).value(value));
        let changed: Vec<_> = changed.map(|attribute| attribute.build()).collect();
        for part in changed.chunks(ATTRIBUTES) {
            let modify = elb.client.modify_load_balancer_attributes().load_balancer_arn(req.id);
            let modify = modify.set_attributes(Some(part.to_vec()));
            elb.call("ModifyLoadBalancerAttributes", modify.send()).await?;
        }
        sync_tags(elb, req.id, &req.seen.args.tags, &want.tags).await
    }

    async fn delete(elb: &Elb, req: Delete<'_, Self>) -> Result<()> {
        let delete = elb.client.delete_load_balancer().load_balancer_arn(req.id);
        elb.call("DeleteLoadBalancer", delete.send()).await?;
        Ok(())
    }

    async fn find(elb: &Elb, req: Find<'_, LoadBalancerArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        made_for(elb, &named(elb, &name_of(args, req.uid)).await?, req.uid).await
    }
}

fn name_of(args: &LoadBalancerArgs, uid: &str) -> String {
    name_for(args.name.as_deref(), args.name_prefix.as_deref(), "lb-", uid)
}

/// The ARN of the load balancer of this name, if there is one.
async fn named(elb: &Elb, name: &str) -> Result<Vec<Id>> {
    let request = elb.client.describe_load_balancers().names(name);
    let answer = elb.call("DescribeLoadBalancers", request.send()).await;
    let found = unless_missing(answer.map(|a| a.load_balancers.unwrap_or_default()))?;
    Ok(found.into_iter().filter_map(|lb| lb.load_balancer_arn).collect())
}

fn unless_empty(set: &Set<String>) -> Option<Vec<String>> {
    (!set.is_empty()).then(|| set.to_vec())
}

fn mappings(set: &Set<SubnetMapping>) -> Option<Vec<Mapping>> {
    let mappings = set.iter().map(|m| {
        Mapping::builder()
            .subnet_id(&m.subnet_id)
            .set_allocation_id(m.allocation_id.clone())
            .set_private_ipv4_address(m.private_ipv4_address.clone())
            .set_ipv6_address(m.ipv6_address.clone())
            .build()
    });
    (!set.is_empty()).then(|| mappings.collect())
}

/// The attributes that say what is wanted: argument, key, value.
fn attributes(want: &LoadBalancerArgs) -> Vec<(&'static str, &'static str, String)> {
    let mut all = vec![
        ("idle_timeout", "idle_timeout.timeout_seconds", want.idle_timeout.to_string()),
        ("client_keep_alive", "client_keep_alive.seconds", want.client_keep_alive.to_string()),
        (
            "enable_deletion_protection",
            "deletion_protection.enabled",
            want.enable_deletion_protection.to_string(),
        ),
        (
            "drop_invalid_header_fields",
            "routing.http.drop_invalid_header_fields.enabled",
            want.drop_invalid_header_fields.to_string(),
        ),
        (
            "preserve_host_header",
            "routing.http.preserve_host_header.enabled",
            want.preserve_host_header.to_string(),
        ),
        ("enable_http2", "routing.http2.enabled", want.enable_http2.to_string()),
        (
            "enable_tls_version_and_cipher_suite_headers",
            "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
            want.enable_tls_version_and_cipher_suite_headers.to_string(),
        ),
        ("enable_waf_fail_open", "waf.fail_open.enabled", want.enable_waf_fail_open.to_string()),
        (
            "enable_xff_client_port",
            "routing.http.xff_client_port.enabled",
            want.enable_xff_client_port.to_string(),
        ),
        (
            "xff_header_processing_mode",
            "routing.http.xff_header_processing.mode",
            want.xff_header_processing_mode.clone(),
        ),
        (
            "desync_mitigation_mode",
            "routing.http.desync_mitigation_mode",
            want.desync_mitigation_mode.clone(),
        ),
        ("enable_zonal_shift", "zonal_shift.config.enabled", want.enable_zonal_shift.to_string()),
        (
            "dns_record_client_routing_policy",
            "dns_record.client_routing_policy",
            want.dns_record_client_routing_policy.clone(),
        ),
    ];
    if let Some(on) = want.enable_cross_zone_load_balancing {
        all.push(("enable_cross_zone_load_balancing", "load_balancing.cross_zone.enabled", on.to_string()));
    }
    let logs = [
        (
            "access_logs",
            &want.access_logs,
            ["access_logs.s3.enabled", "access_logs.s3.bucket", "access_logs.s3.prefix"],
        ),
        (
            "connection_logs",
            &want.connection_logs,
            ["connection_logs.s3.enabled", "connection_logs.s3.bucket", "connection_logs.s3.prefix"],
        ),
    ];
    for (argument, logs, [enabled, bucket, prefix]) in logs {
        let Some(logs) = logs else { continue };
        all.push((argument, enabled, logs.enabled.to_string()));
        if logs.enabled {
            all.push((argument, bucket, logs.bucket.clone().unwrap_or_default()));
            all.push((argument, prefix, logs.prefix.clone().unwrap_or_default()));
        }
    }
    all
}

/// A log's settings. Those of a log that is off say nothing.
fn logs(attributes: &Attributes, what: &str) -> LoadBalancerLogs {
    let enabled = attributes.flag(&format!("{what}.s3.enabled")) == Some(true);
    let text = |key: &str| attributes.text(&format!("{what}.s3.{key}")).filter(|_| enabled);
    LoadBalancerLogs { bucket: text("bucket"), prefix: text("prefix"), enabled }
}

/// What AWS says about one load balancer, in our words. An attribute that AWS does not report has its default.
fn seen(lb: &Described, attributes: &Attributes, tags: Tags) -> Result<Seen<LoadBalancer>> {
    let arn = need(lb.load_balancer_arn(), "LoadBalancerArn")?;
    let flag = |key: &str| attributes.flag(key) == Some(true);
    let state = lb.state().and_then(|s| s.code());
    let mapping = |zone: &aws_sdk_elasticloadbalancingv2::types::AvailabilityZone| {
        let address = zone.load_balancer_addresses().first();
        Some(SubnetMapping {
            subnet_id: zone.subnet_id()?.to_owned(),
            allocation_id: address.and_then(|a| a.allocation_id()).map(str::to_owned),
            private_ipv4_address: address.and_then(|a| a.private_ipv4_address()).map(str::to_owned),
            ipv6_address: address.and_then(|a| a.ipv6_address()).map(str::to_owned),
        })
    };
    Ok(Seen {
        status: match state {
            Some(LoadBalancerStateEnum::Active | LoadBalancerStateEnum::ActiveImpaired) => Status::Ready,
            Some(LoadBalancerStateEnum::Failed) => {
                let why = lb.state().and_then(|s| s.reason()).unwrap_or("no reason given");
                Status::Failed(why.to_owned())
            }
            state => Status::Pending(state.map_or("provisioning", LoadBalancerStateEnum::as_str).to_owned()),
        },
        args: LoadBalancerArgs {
            name: lb.load_balancer_name().map(str::to_owned),
            name_prefix: None,
            load_balancer_type: lb.r#type().map_or("application", LoadBalancerTypeEnum::as_str).to_owned(),
            internal: Some(lb.scheme() == Some(&LoadBalancerSchemeEnum::Internal)),
            ip_address_type: lb.ip_address_type().map(|t| t.as_str().to_owned()),
            security_groups: lb.security_groups().iter().cloned().collect(),
            subnets: lb
                .availability_zones()
                .iter()
                .filter_map(|z| z.subnet_id().map(str::to_owned))
                .collect(),
            subnet_mapping: lb.availability_zones().iter().filter_map(mapping).collect(),
            idle_timeout: attributes.number("idle_timeout.timeout_seconds").unwrap_or(60),
            client_keep_alive: attributes.number("client_keep_alive.seconds").unwrap_or(3600),
            enable_deletion_protection: flag("deletion_protection.enabled"),
            drop_invalid_header_fields: flag("routing.http.drop_invalid_header_fields.enabled"),
            preserve_host_header: flag("routing.http.preserve_host_header.enabled"),
            enable_http2: attributes.flag("routing.http2.enabled").unwrap_or(true),
            enable_tls_version_and_cipher_suite_headers: flag(
                "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
            ),
            enable_waf_fail_open: flag("waf.fail_open.enabled"),
            enable_xff_client_port: flag("routing.http.xff_client_port.enabled"),
            xff_header_processing_mode: attributes
                .text("routing.http.xff_header_processing.mode")
                .unwrap_or_else(|| "append".to_owned()),
            desync_mitigation_mode: attributes
                .text("routing.http.desync_mitigation_mode")
                .unwrap_or_else(|| "defensive".to_owned()),
            enable_zonal_shift: flag("zonal_shift.config.enabled"),
            enable_cross_zone_load_balancing: attributes.flag("load_balancing.cross_zone.enabled"),
            dns_record_client_routing_policy: attributes
                .text("dns_record.client_routing_policy")
                .unwrap_or_else(|| "any_availability_zone".to_owned()),
            enforce_security_group_inbound_rules_on_private_link_traffic: lb
                .enforce_security_group_inbound_rules_on_private_link_traffic()
                .map(str::to_owned),
            access_logs: Some(logs(attributes, "access_logs")),
            connection_logs: Some(logs(attributes, "connection_logs")),
            tags: tags.clone(),
        },
        outputs: LoadBalancerOutputs {
            id: arn.clone(),
            arn_suffix: arn_suffix(&arn, "loadbalancer/").to_owned(),
            dns_name: need(lb.dns_name(), "DNSName")?,
            zone_id: need(lb.canonical_hosted_zone_id(), "CanonicalHostedZoneId")?,
            vpc_id: lb.vpc_id().map(str::to_owned),
            tags_all: tags,
            arn,
        },
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::{AvailabilityZone, LoadBalancerState};

    use super::*;

    fn described(state: LoadBalancerStateEnum) -> Described {
        Described::builder()
            .load_balancer_arn("arn:aws:elasticloadbalancing:r:1:loadbalancer/app/web/1")
            .load_balancer_name("web")
            .dns_name("web-1.r.elb.amazonaws.com")
            .canonical_hosted_zone_id("Z1")
            .state(LoadBalancerState::builder().code(state).reason("no capacity").build())
            .availability_zones(AvailabilityZone::builder().subnet_id("subnet-1").build())
            .build()
    }

    #[test]
    fn a_state_says_whether_it_can_be_used() {
        let check = |state: LoadBalancerStateEnum, expect: Status| {
            let seen = seen(&described(state), &Attributes::default(), Tags::new()).unwrap();
            assert_eq!(seen.status, expect);
        };
        check(LoadBalancerStateEnum::Active, Status::Ready);
        check(LoadBalancerStateEnum::ActiveImpaired, Status::Ready);
        check(LoadBalancerStateEnum::Provisioning, Status::Pending("provisioning".into()));
        check(LoadBalancerStateEnum::Failed, Status::Failed("no capacity".into()));
    }

    #[test]
    fn an_attribute_that_is_not_reported_has_its_default() {
        let seen =
            seen(&described(LoadBalancerStateEnum::Active), &Attributes::default(), Tags::new()).unwrap();
        let minimal = stackr_core::Value::object([("name", "web".into())]);
        let written = LoadBalancerArgs::from_object(&minimal).unwrap();
        assert_eq!(attributes(&seen.args)[..13], attributes(&written)[..13]);
        assert_eq!(seen.outputs.arn_suffix, "app/web/1");
    }

    #[test]
    fn a_log_that_is_off_says_nothing_about_its_bucket() {
        let pairs = [("access_logs.s3.enabled", "false"), ("access_logs.s3.bucket", "old")];
        let attributes: Attributes =
            pairs.into_iter().map(|(k, v)| (Some(k.to_owned()), Some(v.to_owned()))).collect();
        assert_eq!(logs(&attributes, "access_logs").bucket, None);
    }

    #[test]
    fn only_what_makes_another_load_balancer_forces_replacement() {
        let replace: Vec<_> =
            LoadBalancerArgs::fields().iter().filter(|f| f.replace).map(|f| f.name).collect();
        assert_eq!(replace, ["name", "name_prefix", "load_balancer_type", "internal"]);
    }
}
