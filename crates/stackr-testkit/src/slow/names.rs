//! Names: certificates that are validated by a record, changes of Route 53, namespaces of Cloud Map.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use serde_json::{Value, json as value};

use super::{Asked, Life, Slow, Time, each_with, json, times::INSYNC};
use crate::{
    document::Document,
    message::{Request, Response},
    protocol::parameters,
    refusal::refused,
};

const CERTIFICATE: &str = "aws_acm_certificate";
const VALIDATION: &str = "aws_acm_certificate_validation";
const NAMESPACE: &str = "aws_service_discovery_private_dns_namespace";

/// A certificate that is validated by DNS.
#[derive(Debug)]
struct Certificate {
    requested: Instant,
    /// The records that prove the domains, as far as they are known.
    wanted: BTreeSet<String>,
    /// Those that are there.
    there: BTreeSet<String>,
    /// When the last of them came.
    proved: Option<Instant>,
}

impl Certificate {
    fn is_issued(&self, slow: Slow, now: Instant) -> bool {
        self.proved.is_some_and(|proved| now >= proved + slow.of(Time::of(VALIDATION).create))
    }
}

/// What names are on their way.
#[derive(Debug, Default)]
pub(super) struct Names {
    certificates: BTreeMap<String, Certificate>,
    changed: Option<Instant>,
    /// Operations of Cloud Map by their id.
    operations: BTreeMap<String, Life>,
    /// When a namespace was made.
    namespaces: BTreeMap<String, Instant>,
    /// Namespaces that the emulator has deleted: when, and how they were.
    ghosts: BTreeMap<String, (Instant, Response)>,
}

impl Names {
    /// The read of a namespace that is about to be deleted.
    pub(super) fn before(asked: Asked<'_>) -> Option<Request> {
        let target = asked.request.headers.get("x-amz-target")?;
        let service = target.strip_suffix("DeleteNamespace")?.to_owned();
        let mut read = asked.request.clone();
        read.headers.set("x-amz-target", format!("{service}GetNamespace"));
        Some(read)
    }

    pub(super) fn note(
        &mut self,
        asked: Asked<'_>,
        response: &Response,
        before: Option<Response>,
        now: Instant,
    ) {
        let (asks, answer, none) = (json(&asked.request.body), json(&response.body), BTreeSet::new);
        match (asked.call.service.as_str(), asked.call.operation.as_str()) {
            ("acm", "RequestCertificate") if asks["ValidationMethod"] == "DNS" => {
                if let Some(arn) = answer["CertificateArn"].as_str() {
                    let certificate =
                        Certificate { requested: now, wanted: none(), there: none(), proved: None };
                    self.certificates.entry(arn.to_owned()).or_insert(certificate);
                }
            }
            ("acm", "DescribeCertificate") => self.described(&answer["Certificate"]),
            ("route53", "ChangeResourceRecordSets") => {
                self.changed = Some(now);
                self.recorded(&asked.request.text(), now);
            }
            ("route53", "CreateHostedZone") => self.changed = Some(now),
            ("servicediscovery", "CreatePrivateDnsNamespace") => {
                if let Some(id) = answer["OperationId"].as_str() {
                    self.operations.insert(id.to_owned(), Life::new(now));
                }
            }
            ("servicediscovery", "DeleteNamespace") => {
                if let Some(id) = answer["OperationId"].as_str() {
                    self.operations.insert(id.to_owned(), Life { born: now, leaving: Some(now) });
                }
                if let (Some(id), Some(before)) = (asks["Id"].as_str(), before.filter(|b| b.status < 300)) {
                    self.ghosts.insert(id.to_owned(), (now, before));
                }
            }
            ("servicediscovery", "GetOperation") => self.operated(&answer["Operation"]),
            _ => {}
        }
    }

    /// The records that a certificate waits for.
    fn described(&mut self, certificate: &Value) {
        let known = certificate["CertificateArn"].as_str().and_then(|arn| self.certificates.get_mut(arn));
        let Some(known) = known.filter(|known| known.proved.is_none()) else { return };
        let options = certificate["DomainValidationOptions"].as_array().into_iter().flatten();
        let names = options.filter_map(|option| option["ResourceRecord"]["Name"].as_str());
        known.wanted.extend(names.map(|name| name.trim_end_matches('.').to_owned()));
    }

    /// Which of them have come.
    fn recorded(&mut self, change: &str, now: Instant) {
        for certificate in self.certificates.values_mut().filter(|c| !c.wanted.is_empty()) {
            let come = certificate.wanted.iter().filter(|name| change.contains(name.as_str())).cloned();
            certificate.there.extend(come);
            if certificate.wanted.is_subset(&certificate.there) {
                certificate.proved.get_or_insert(now);
            }
        }
    }

    /// Which namespace an operation makes.
    fn operated(&mut self, operation: &Value) {
        let made = operation["Id"].as_str().and_then(|id| self.operations.get(id));
        let made = made.filter(|made| made.leaving.is_none());
        if let (Some(made), Some(id)) = (made, operation["Targets"]["NAMESPACE"].as_str()) {
            self.namespaces.insert(id.to_owned(), made.born);
        }
    }

    pub(super) fn refusal(&self, asked: Asked<'_>, slow: Slow, now: Instant) -> Option<Response> {
        if asked.is("servicediscovery", "GetNamespace") || asked.is("servicediscovery", "CreateService") {
            let asks = json(&asked.request.body);
            let id = asks["Id"].as_str().or_else(|| asks["DnsConfig"]["NamespaceId"].as_str());
            let id = id.or_else(|| asks["NamespaceId"].as_str())?;
            let born = self.namespaces.get(id)?;
            let young = Life::new(*born).is_young(slow.of(Time::of(NAMESPACE).create), now);
            return young.then(|| refused(asked.call, 400, "NamespaceNotFound", "It does not exist"));
        }
        if asked.is("elasticloadbalancing", "CreateListener") {
            let text = asked.request.text();
            let used = parameters(&text).find_map(|(_, value)| self.certificates.get(&value))?;
            let message = "The certificate must have a fully-qualified domain name, a supported signature, and be issued";
            return (!used.is_issued(slow, now))
                .then(|| refused(asked.call, 400, "UnsupportedCertificate", message));
        }
        None
    }

    /// What is gone in the emulator, and is not in AWS.
    pub(super) fn ghost(&self, asked: Asked<'_>, slow: Slow, now: Instant) -> Option<Response> {
        if !asked.is("servicediscovery", "GetNamespace") {
            return None;
        }
        let asks = json(&asked.request.body);
        let (gone, response) = self.ghosts.get(asks["Id"].as_str()?)?;
        (now < *gone + slow.of(Time::of(NAMESPACE).delete)).then(|| response.clone())
    }

    pub(super) fn filter(&self, asked: Asked<'_>, document: &mut Document, slow: Slow, now: Instant) -> bool {
        let changing = self.changed.is_some_and(|changed| now < changed + slow.of(INSYNC));
        match (asked.call.service.as_str(), document) {
            ("route53", document) => changing && document.set_within("ChangeInfo", "Status", "PENDING"),
            ("acm", Document::Json(body)) => self.certify(body, slow, now),
            ("servicediscovery", Document::Json(body)) => self.operate(body, slow, now),
            _ => false,
        }
    }

    fn certify(&self, body: &mut Value, slow: Slow, now: Instant) -> bool {
        let mut changed = false;
        each_with(body, "CertificateArn", &mut |certificate| {
            let arn = certificate.get("CertificateArn").and_then(Value::as_str);
            let Some(known) = arn.and_then(|arn| self.certificates.get(arn)) else { return };
            if known.is_issued(slow, now) || !certificate.contains_key("Status") {
                return;
            }
            changed = true;
            certificate.insert("Status".to_owned(), value!("PENDING_VALIDATION"));
            certificate.remove("IssuedAt");
            let young = Life::new(known.requested).is_young(slow.of(Time::of(CERTIFICATE).create), now);
            let options = certificate.get_mut("DomainValidationOptions").and_then(Value::as_array_mut);
            for option in options.into_iter().flatten().filter_map(Value::as_object_mut) {
                option.insert("ValidationStatus".to_owned(), value!("PENDING_VALIDATION"));
                if young {
                    option.remove("ResourceRecord");
                }
            }
        });
        changed
    }

    fn operate(&self, body: &mut Value, slow: Slow, now: Instant) -> bool {
        let (time, mut changed) = (Time::of(NAMESPACE), false);
        each_with(body, "Id", &mut |operation| {
            let id = operation.get("Id").and_then(Value::as_str);
            let Some(life) = id.and_then(|id| self.operations.get(id)) else { return };
            let takes = if life.leaving.is_some() { time.delete } else { time.create };
            if life.is_young(slow.of(takes), now) {
                operation.insert("Status".to_owned(), value!("PENDING"));
                changed = true;
            }
        });
        changed
    }
}
