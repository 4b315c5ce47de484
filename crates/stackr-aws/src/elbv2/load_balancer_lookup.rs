//! Looks up a load balancer by ARN, name or tags.

use aws_sdk_elasticloadbalancingv2::types::{LoadBalancer as Described, LoadBalancerSchemeEnum};
use stackr_core::{Args, CloudError, ErrorKind, Id, Lookup, Outputs, Result, Set, Tags, need};

use super::{Attributes, Elb, arn_suffix, load_balancer_attributes, tags_of, unless_missing, users_tags};
use crate::service::onward;

/// A load balancer that exists.
pub struct LoadBalancerLookup;

/// A load balancer that exists: the only one that fits everything written here.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct LoadBalancerLookupArgs {
    /// Its ARN.
    #[arg(computed)]
    pub arn: Option<String>,
    /// Its name.
    #[arg(computed)]
    pub name: Option<String>,
    /// Tags that it has, among others.
    #[arg(computed)]
    pub tags: Tags,
}

/// The load balancer that was found.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct LoadBalancerLookupOutputs {
    /// Its ARN.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The part of the ARN that CloudWatch metrics use.
    pub arn_suffix: String,
    /// Its name.
    pub name: String,
    /// Its DNS name.
    pub dns_name: String,
    /// The hosted zone of that name, for alias records.
    pub zone_id: String,
    /// Its VPC.
    pub vpc_id: Option<String>,
    /// `application`, `network` or `gateway`.
    pub load_balancer_type: Option<String>,
    /// Whether it has private addresses only.
    pub internal: bool,
    /// `ipv4`, `dualstack` or `dualstack-without-public-ipv4`.
    pub ip_address_type: Option<String>,
    /// Its security groups.
    pub security_groups: Set<String>,
    /// Its subnets.
    pub subnets: Set<String>,
    /// Seconds after which an idle connection is closed.
    pub idle_timeout: Option<i64>,
    /// Whether AWS refuses to delete it.
    pub enable_deletion_protection: bool,
    /// Whether header fields with invalid names are dropped.
    pub drop_invalid_header_fields: Option<bool>,
    /// Whether the `Host` header reaches the targets unchanged.
    pub preserve_host_header: Option<bool>,
    /// Whether clients may use HTTP/2.
    pub enable_http2: Option<bool>,
    /// Whether traffic goes to targets in every zone.
    pub enable_cross_zone_load_balancing: Option<bool>,
    /// Its tags.
    pub tags: Tags,
}

impl Lookup for LoadBalancerLookup {
    const TYPE: &'static str = "aws_lb";
    type Cloud = Elb;
    type Args = LoadBalancerLookupArgs;
    type Outputs = LoadBalancerLookupOutputs;

    async fn read(elb: &Elb, args: &LoadBalancerLookupArgs) -> Result<LoadBalancerLookupOutputs> {
        let mut found = candidates(elb, args).await?;
        let arns: Vec<Id> = found.iter().filter_map(|lb| lb.load_balancer_arn.clone()).collect();
        let tags = tags_of(elb, &arns).await?;
        found.retain(|lb| {
            let has = lb.load_balancer_arn().map(|arn| users_tags(&tags, arn)).unwrap_or_default();
            let named = args.name.as_deref().is_none_or(|name| lb.load_balancer_name() == Some(name));
            named && args.tags.iter().all(|(k, v)| has.get(k) == Some(v))
        });
        let [one] = &found[..] else { return Err(not_one(args, found.len())) };
        let arn = need(one.load_balancer_arn(), "LoadBalancerArn")?;
        let attributes = load_balancer_attributes(elb, &arn).await?;
        outputs(one, &attributes, users_tags(&tags, &arn))
    }
}

/// Every load balancer that the ARN or name leaves possible.
async fn candidates(elb: &Elb, args: &LoadBalancerLookupArgs) -> Result<Vec<Described>> {
    let request = elb.client.describe_load_balancers();
    if args.arn.is_some() || args.name.is_some() {
        let names = args.name.clone().filter(|_| args.arn.is_none()).map(|n| vec![n]);
        let request = request.set_load_balancer_arns(args.arn.clone().map(|a| vec![a])).set_names(names);
        let answer = elb.call("DescribeLoadBalancers", request.send()).await;
        return unless_missing(answer.map(|a| a.load_balancers.unwrap_or_default()));
    }
    let (mut all, mut marker) = (Vec::new(), None);
    loop {
        let page =
            elb.call("DescribeLoadBalancers", request.clone().set_marker(marker.clone()).send()).await?;
        all.extend(page.load_balancers.unwrap_or_default());
        marker = onward(marker, page.next_marker.filter(|m| !m.is_empty()))?;
        if marker.is_none() {
            return Ok(all);
        }
    }
}

fn not_one(args: &LoadBalancerLookupArgs, found: usize) -> CloudError {
    let asked = format!("arn {:?}, name {:?}, tags {:?}", args.arn, args.name, args.tags);
    let message = match found {
        0 => format!("no load balancer fits {asked}"),
        n => format!("{n} load balancers fit {asked}; say more"),
    };
    CloudError::new(ErrorKind::Invalid, "elasticloadbalancing:DescribeLoadBalancers", message)
}

fn outputs(lb: &Described, attributes: &Attributes, tags: Tags) -> Result<LoadBalancerLookupOutputs> {
    let arn = need(lb.load_balancer_arn(), "LoadBalancerArn")?;
    let subnets = lb.availability_zones().iter().filter_map(|z| z.subnet_id().map(str::to_owned));
    Ok(LoadBalancerLookupOutputs {
        id: arn.clone(),
        arn_suffix: arn_suffix(&arn, "loadbalancer/").to_owned(),
        name: need(lb.load_balancer_name(), "LoadBalancerName")?,
        dns_name: need(lb.dns_name(), "DNSName")?,
        zone_id: need(lb.canonical_hosted_zone_id(), "CanonicalHostedZoneId")?,
        vpc_id: lb.vpc_id().map(str::to_owned),
        load_balancer_type: lb.r#type().map(|t| t.as_str().to_owned()),
        internal: lb.scheme() == Some(&LoadBalancerSchemeEnum::Internal),
        ip_address_type: lb.ip_address_type().map(|t| t.as_str().to_owned()),
        security_groups: lb.security_groups().iter().cloned().collect(),
        subnets: subnets.collect(),
        idle_timeout: attributes.number("idle_timeout.timeout_seconds"),
        enable_deletion_protection: attributes.flag("deletion_protection.enabled") == Some(true),
        drop_invalid_header_fields: attributes.flag("routing.http.drop_invalid_header_fields.enabled"),
        preserve_host_header: attributes.flag("routing.http.preserve_host_header.enabled"),
        enable_http2: attributes.flag("routing.http2.enabled"),
        enable_cross_zone_load_balancing: attributes.flag("load_balancing.cross_zone.enabled"),
        tags,
        arn,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_and_several_are_told_apart() {
        let args = LoadBalancerLookupArgs { arn: None, name: Some("web".into()), tags: Tags::new() };
        assert!(not_one(&args, 0).message().starts_with("no load balancer fits"));
        assert!(not_one(&args, 2).message().starts_with("2 load balancers fit"));
    }
}
