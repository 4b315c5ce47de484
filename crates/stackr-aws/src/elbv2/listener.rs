//! Listener: a port of a load balancer and what happens to its requests.
//!
//! Facts about the API that shape this file:
//! - a load balancer has one listener per port; a repeated create with the same settings returns it;
//! - every list in a modify replaces the whole list;
//! - a certificate that is not issued yet is refused for good;
//! - certificates beyond the first are not part of the listener's description.

use aws_sdk_elasticloadbalancingv2::types::{
    AdvertiseTrustStoreCaNamesEnum, Certificate, Listener as Described, MutualAuthenticationAttributes,
    ProtocolEnum,
};
use stackr_core::{
    After, Args, Block, Create, Created, Delete, Find, Gone, Id, Outputs, Resource, Result, Seen, Status,
    Tags, Update, Waits, need,
};

use super::{
    Action, Elb, action, batched, made_for, sync_tags, tag_list, tags_of, taken, unless_missing, users_tags,
};
use crate::service::{in_order, onward};

/// A listener.
pub struct Listener;

/// A listener: a port of a load balancer and what happens to its requests.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct ListenerArgs {
    /// The load balancer. It may still be in provisioning: AWS's own controller for Kubernetes makes listeners
    /// right after `CreateLoadBalancer`, without waiting.
    #[arg(replace, early)]
    pub load_balancer_arn: String,
    /// Port: 1 to 65535.
    pub port: Option<i64>,
    /// `HTTP` or `HTTPS`; for a network load balancer `TCP`, `TLS`, `UDP` or `TCP_UDP`.
    #[arg(computed)]
    pub protocol: Option<String>,
    /// Certificate of an HTTPS or TLS listener. It must be issued.
    pub certificate_arn: Option<String>,
    /// Which TLS versions and ciphers are spoken. AWS's choice changes with time: pin it.
    #[arg(computed)]
    pub ssl_policy: Option<String>,
    /// Application protocol of a TLS listener: `HTTP1Only`, `HTTP2Only`, `HTTP2Optional`, `HTTP2Preferred`, `None`.
    pub alpn_policy: Option<String>,
    /// What happens to requests that no rule fits.
    #[arg(block, required)]
    pub default_action: Vec<Action>,
    /// Whether clients must show a certificate.
    #[arg(block, computed)]
    pub mutual_authentication: Option<MutualAuthentication>,
    /// Tags.
    pub tags: Tags,
}

/// Whether clients must show a certificate.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct MutualAuthentication {
    /// `off`, `passthrough` or `verify`.
    pub mode: String,
    /// Trust store to verify against.
    pub trust_store_arn: Option<String>,
    /// Whether an expired certificate is accepted.
    #[arg(default = false)]
    pub ignore_client_certificate_expiry: bool,
    /// Whether the authorities that are trusted are told: `on` or `off`.
    #[arg(computed)]
    pub advertise_trust_store_ca_names: Option<String>,
}

/// What AWS gives a listener.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct ListenerOutputs {
    /// Its ARN.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

impl Resource for Listener {
    const TYPE: &'static str = "aws_lb_listener";
    const WAITS: Waits = Waits::minutes(5, 5).gone(Gone::AtOnce);
    const WITHIN: &'static [&'static str] = &["load_balancer_arn"];
    // A certificate that is validated in this stack has to be issued first, whichever of the two is referred to.
    const AFTER: &'static [After] =
        &[After::sharing("aws_acm_certificate_validation", "certificate_arn", "certificate_arn")];
    type Cloud = Elb;
    type Args = ListenerArgs;
    type Outputs = ListenerOutputs;

    async fn create(elb: &Elb, req: Create<'_, ListenerArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let lb = &args.load_balancer_arn;
        let there = at_port(elb, lb, args.port).await?;
        let what = || format!("a listener on port {} of {lb}", args.port.unwrap_or_default());
        if let Some(arn) = taken(elb, "CreateListener", &there, req.token, what).await? {
            return Ok(Created::id(arn));
        }
        let create = elb
            .client
            .create_listener()
            .load_balancer_arn(lb)
            .set_port(port(args))
            .set_protocol(protocol(args))
            .set_ssl_policy(secure(args).then(|| args.ssl_policy.clone()).flatten())
            .set_certificates(certificates(args))
            .set_alpn_policy(args.alpn_policy.clone().map(|p| vec![p]))
            .set_default_actions(Some(action::requested(&args.default_action, &[])))
            .set_mutual_authentication(args.mutual_authentication.as_ref().map(mutual))
            .set_tags(tag_list(&args.tags));
        let made = elb.call("CreateListener", create.send()).await?;
        Ok(Created::id(need(made.listeners().first().and_then(Described::listener_arn), "ListenerArn")?))
    }

    async fn read(elb: &Elb, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let found = batched(ids, |arns| async move {
            let request = elb.client.describe_listeners().set_listener_arns(Some(arns));
            Ok(elb.call("DescribeListeners", request.send()).await?.listeners.unwrap_or_default())
        });
        let (found, tags) = futures::try_join!(found, tags_of(elb, ids))?;
        let arns: Vec<Id> = found.iter().filter_map(|l| l.listener_arn.clone()).collect();
        let all = found.iter().zip(&arns);
        let all = all.map(|(listener, arn)| Ok((arn.clone(), seen(listener, users_tags(&tags, arn))?)));
        Ok(in_order(ids, all.collect::<Result<_>>()?))
    }

    async fn update(elb: &Elb, req: Update<'_, Self>) -> Result<()> {
        let want = req.want;
        if req.changed.iter().any(|argument| argument != "tags") {
            let modify = elb
                .client
                .modify_listener()
                .listener_arn(req.id)
                .set_port(port(want))
                .set_protocol(protocol(want))
                .set_ssl_policy(secure(want).then(|| want.ssl_policy.clone()).flatten())
                .set_certificates(certificates(want))
                .set_alpn_policy(alpn(req.seen.args.alpn_policy.is_some(), want))
                .set_default_actions(Some(action::requested(
                    &want.default_action,
                    &req.seen.args.default_action,
                )))
                .set_mutual_authentication(
                    want.mutual_authentication.as_ref().filter(|_| secure(want)).map(mutual),
                );
            elb.call("ModifyListener", modify.send()).await?;
        }
        sync_tags(elb, req.id, &req.seen.args.tags, &want.tags).await
    }

    async fn delete(elb: &Elb, req: Delete<'_, Self>) -> Result<()> {
        elb.call("DeleteListener", elb.client.delete_listener().listener_arn(req.id).send()).await?;
        Ok(())
    }

    async fn find(elb: &Elb, req: Find<'_, ListenerArgs>) -> Result<Option<Id>> {
        let Some(args) = req.args else { return Ok(None) };
        let there = at_port(elb, &args.load_balancer_arn, args.port).await?;
        made_for(elb, &there, req.uid).await
    }
}

/// The listeners of a load balancer on a port; none if the load balancer is not visible.
async fn at_port(elb: &Elb, lb: &str, port: Option<i64>) -> Result<Vec<Id>> {
    let (mut all, mut marker) = (Vec::new(), None);
    loop {
        let request = elb.client.describe_listeners().load_balancer_arn(lb).set_marker(marker.clone());
        let answer = elb.call("DescribeListeners", request.send()).await;
        let Some(page) = unless_missing(answer.map(|page| vec![page]))?.pop() else { return Ok(all) };
        let here = page.listeners.unwrap_or_default().into_iter();
        let here = here.filter(|l| port.is_none() || l.port.map(i64::from) == port);
        all.extend(here.filter_map(|l| l.listener_arn));
        marker = onward(marker, page.next_marker.filter(|m| !m.is_empty()))?;
        if marker.is_none() {
            return Ok(all);
        }
    }
}

fn port(args: &ListenerArgs) -> Option<i32> {
    args.port.and_then(|p| i32::try_from(p).ok())
}

/// The protocol; an application load balancer's is HTTP if none is written.
fn protocol(args: &ListenerArgs) -> Option<ProtocolEnum> {
    let application = args.load_balancer_arn.contains(":loadbalancer/app/");
    let written = args.protocol.as_deref().map(str::to_uppercase);
    written.or_else(|| application.then(|| "HTTP".to_owned())).map(|p| ProtocolEnum::from(p.as_str()))
}

fn secure(args: &ListenerArgs) -> bool {
    matches!(protocol(args), Some(ProtocolEnum::Https | ProtocolEnum::Tls))
}

fn certificates(args: &ListenerArgs) -> Option<Vec<Certificate>> {
    let arn = args.certificate_arn.as_ref()?;
    Some(vec![Certificate::builder().certificate_arn(arn).build()])
}

/// The policy of a modify: one that is to go is set to `None`, AWS's word for it.
fn alpn(had: bool, want: &ListenerArgs) -> Option<Vec<String>> {
    let gone = (had && want.protocol.as_deref() == Some("TLS")).then(|| "None".to_owned());
    want.alpn_policy.clone().or(gone).map(|p| vec![p])
}

fn mutual(want: &MutualAuthentication) -> MutualAuthenticationAttributes {
    let verify = want.mode == "verify";
    let advertise = want.advertise_trust_store_ca_names.as_deref().filter(|_| verify);
    MutualAuthenticationAttributes::builder()
        .mode(&want.mode)
        .set_trust_store_arn(want.trust_store_arn.clone().filter(|_| verify))
        .set_ignore_client_certificate_expiry(verify.then_some(want.ignore_client_certificate_expiry))
        .set_advertise_trust_store_ca_names(advertise.map(AdvertiseTrustStoreCaNamesEnum::from))
        .build()
}

/// What AWS says about one listener, in our words.
fn seen(listener: &Described, tags: Tags) -> Result<Seen<Listener>> {
    let arn = need(listener.listener_arn(), "ListenerArn")?;
    let certificate = listener.certificates().first().and_then(Certificate::certificate_arn);
    let mutual = listener.mutual_authentication().and_then(|m| {
        let advertise = m.advertise_trust_store_ca_names();
        Some(MutualAuthentication {
            mode: m.mode()?.to_owned(),
            trust_store_arn: m.trust_store_arn().map(str::to_owned),
            ignore_client_certificate_expiry: m.ignore_client_certificate_expiry() == Some(true),
            advertise_trust_store_ca_names: advertise.map(|a| a.as_str().to_owned()),
        })
    });
    Ok(Seen {
        status: Status::Ready,
        args: ListenerArgs {
            load_balancer_arn: need(listener.load_balancer_arn(), "LoadBalancerArn")?,
            port: listener.port().map(i64::from),
            protocol: listener.protocol().map(|p| p.as_str().to_owned()),
            certificate_arn: certificate.map(str::to_owned),
            ssl_policy: listener.ssl_policy().map(str::to_owned),
            alpn_policy: listener.alpn_policy().first().filter(|p| *p != "None").cloned(),
            default_action: action::reported(listener.default_actions()),
            mutual_authentication: mutual,
            tags: tags.clone(),
        },
        outputs: ListenerOutputs { id: arn.clone(), tags_all: tags, arn },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described() -> Described {
        Described::builder()
            .listener_arn("arn:aws:elasticloadbalancing:r:1:listener/app/web/1/2")
            .load_balancer_arn("arn:aws:elasticloadbalancing:r:1:loadbalancer/app/web/1")
            .port(80)
            .build()
    }

    #[test]
    fn a_listener_of_an_application_load_balancer_speaks_http_unless_told() {
        let args = seen(&described(), Tags::new()).unwrap().args;
        assert_eq!(protocol(&args), Some(ProtocolEnum::Http));
        let args = ListenerArgs { protocol: Some("https".into()), ..args };
        assert!(secure(&args));
    }

    #[test]
    fn the_first_certificate_is_the_listeners() {
        let mut listener = described();
        listener.certificates = Some(vec![Certificate::builder().certificate_arn("c").build()]);
        assert_eq!(seen(&listener, Tags::new()).unwrap().args.certificate_arn.as_deref(), Some("c"));
    }

    #[test]
    fn only_another_load_balancer_forces_replacement() {
        let replace: Vec<_> = ListenerArgs::fields().iter().filter(|f| f.replace).map(|f| f.name).collect();
        assert_eq!(replace, ["load_balancer_arn"]);
    }
}
