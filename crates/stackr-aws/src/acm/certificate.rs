//! Certificate: requested from AWS, or imported.
//!
//! Facts about the API that shape this file:
//! - the idempotency token is remembered for an hour only;
//! - the validation records appear some seconds after the request; dependents need them, not the issued
//!   certificate, so a certificate with its records is ready;
//! - AWS lists the domain name among the alternative names, written or not;
//! - it cannot be deleted while a listener or distribution uses it, nor for minutes after;
//! - the key algorithm is requested as `RSA_2048` and reported as `RSA-2048`.

#[expect(deprecated, reason = "the provider's argument; older certificates still have it")]
use aws_sdk_acm::types::CertificateTransparencyLoggingPreference as Logging;
use aws_sdk_acm::{
    primitives::Blob,
    types::{
        CertificateDetail as Described, CertificateOptions as Options, CertificateStatus, CertificateSummary,
        CertificateType, DomainStatus, DomainValidation, KeyAlgorithm, ValidationMethod,
    },
};
use futures::future::try_join_all;
use stackr_core::{
    Args, Block, Create, Created, Delete, DnsName, Find, Gone, Id, Known, Outputs, Resource, Result, Seen,
    Set, Status, Tags, Type, Update, Value, Waits, need,
};

use super::{Acm, describe, sync_tags, tag_list, tags_of, time, users_tags};
use crate::{service::onward, tags};

/// A certificate.
pub struct Certificate;

/// A certificate: requested from AWS (`domain_name`), or made elsewhere and imported (`private_key`).
#[derive(Clone, Debug, PartialEq, Args)]
pub struct CertificateArgs {
    /// Domain that a requested certificate is for: `example.com` or `*.example.com`.
    #[arg(replace, computed)]
    pub domain_name: Option<DnsName>,
    /// More domains. AWS adds the domain name itself.
    #[arg(replace, computed)]
    pub subject_alternative_names: Set<DnsName>,
    /// How the domains are proved: `DNS` or `EMAIL`.
    #[arg(replace, computed)]
    pub validation_method: Option<String>,
    /// `RSA_2048`, `RSA_3072`, `RSA_4096`, `EC_prime256v1`, `EC_secp384r1` or `EC_secp521r1`.
    #[arg(replace, computed)]
    pub key_algorithm: Option<String>,
    /// Private authority that issues it, instead of Amazon's.
    #[arg(replace)]
    pub certificate_authority_arn: Option<String>,
    /// Imported certificate, in PEM.
    #[arg(unread)]
    pub certificate_body: Option<String>,
    /// Chain of an imported certificate, in PEM.
    #[arg(unread)]
    pub certificate_chain: Option<String>,
    /// Key of an imported certificate, in PEM.
    #[arg(secret, unread)]
    pub private_key: Option<String>,
    /// Options.
    #[arg(block, computed)]
    pub options: Option<CertificateOptions>,
    /// Tags.
    pub tags: Tags,
}

/// Options of a certificate.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct CertificateOptions {
    /// Whether it is entered in public logs: `ENABLED` or `DISABLED`. Browsers distrust one that is not.
    #[arg(default = "ENABLED")]
    pub certificate_transparency_logging_preference: String,
}

/// What AWS gives a certificate.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct CertificateOutputs {
    /// Its ARN.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The DNS records that prove the domains, one element for each domain.
    pub domain_validation_options: Set<DomainValidationOption>,
    /// `PENDING_VALIDATION`, `ISSUED`, `INACTIVE`, `EXPIRED`, `VALIDATION_TIMED_OUT`, `REVOKED` or `FAILED`.
    pub status: String,
    /// `AMAZON_ISSUED`, `IMPORTED` or `PRIVATE`.
    pub r#type: String,
    /// When it begins to be valid.
    pub not_before: Option<String>,
    /// When it ends to be valid.
    pub not_after: Option<String>,
    /// Whether AWS renews it: `ELIGIBLE` or `INELIGIBLE`.
    pub renewal_eligibility: Option<String>,
    /// Addresses that were written to, for validation by `EMAIL`.
    pub validation_emails: Vec<String>,
    /// Its tags with the provider's default tags.
    pub tags_all: Tags,
}

/// The DNS record that proves one domain.
#[derive(Clone, Debug, PartialEq, Block)]
pub struct DomainValidationOption {
    /// The domain.
    pub domain_name: String,
    /// Name of the record. A domain and its wildcard have the same record.
    pub resource_record_name: String,
    /// Type of the record: `CNAME`.
    pub resource_record_type: String,
    /// Value of the record.
    pub resource_record_value: String,
}

impl Resource for Certificate {
    const TYPE: &'static str = "aws_acm_certificate";
    // A listener that is gone holds its certificate for up to 20 minutes.
    // The validation records are assigned some seconds after the request.
    const WAITS: Waits = Waits::minutes(5, 20).gone(Gone::AtOnce).usually(5, 0);
    type Cloud = Acm;
    type Args = CertificateArgs;
    type Outputs = CertificateOutputs;

    async fn create(acm: &Acm, req: Create<'_, CertificateArgs>) -> Result<Created<Self>> {
        let args = req.args;
        let tags = tag_list(&args.tags)?;
        let Some(domain) = &args.domain_name else {
            let import = acm.client.import_certificate().set_tags(tags);
            let import = import.set_certificate(blob(&args.certificate_body));
            let import = import.set_certificate_chain(blob(&args.certificate_chain));
            let made =
                acm.call("ImportCertificate", import.set_private_key(blob(&args.private_key)).send()).await?;
            return Ok(Created::id(need(made.certificate_arn(), "CertificateArn")?));
        };
        let names: Vec<_> = args.subject_alternative_names.iter().map(|n| n.0.clone()).collect();
        let request = acm
            .client
            .request_certificate()
            .idempotency_token(req.token)
            .domain_name(&**domain)
            .set_subject_alternative_names((!names.is_empty()).then_some(names))
            .set_validation_method(args.validation_method.as_deref().map(ValidationMethod::from))
            .set_key_algorithm(args.key_algorithm.as_deref().map(KeyAlgorithm::from))
            .set_certificate_authority_arn(args.certificate_authority_arn.clone())
            .set_options(args.options.as_ref().map(options))
            .set_tags(tags);
        let made = acm.call("RequestCertificate", request.send()).await?;
        Ok(Created::id(need(made.certificate_arn(), "CertificateArn")?))
    }

    async fn read(acm: &Acm, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        Self::refresh(acm, &Known::unrecorded(ids)).await
    }

    async fn refresh(acm: &Acm, known: &[Known<'_>]) -> Result<Vec<Option<Seen<Self>>>> {
        let described = try_join_all(known.iter().map(|known| describe(acm, known.id)));
        let (found, tags) = futures::try_join!(described, users_tags(acm, known))?;
        let found = found.into_iter().zip(tags);
        found.map(|(found, tags)| found.map(|found| seen(&found, tags)).transpose()).collect()
    }

    async fn update(acm: &Acm, req: Update<'_, Self>) -> Result<()> {
        let want = req.want;
        if req.changes(&["certificate_body", "certificate_chain", "private_key"])
            && want.private_key.is_some()
        {
            let import = acm.client.import_certificate().certificate_arn(req.id);
            let import = import.set_certificate(blob(&want.certificate_body));
            let import = import.set_certificate_chain(blob(&want.certificate_chain));
            acm.call("ImportCertificate", import.set_private_key(blob(&want.private_key)).send()).await?;
        }
        if let Some(wanted) = want.options.as_ref().filter(|_| req.changes(&["options"])) {
            let update = acm.client.update_certificate_options().certificate_arn(req.id);
            acm.call("UpdateCertificateOptions", update.options(options(wanted)).send()).await?;
        }
        sync_tags(acm, req.id, &req.seen.args.tags, &want.tags).await
    }

    async fn delete(acm: &Acm, req: Delete<'_, Self>) -> Result<()> {
        let delete = acm.client.delete_certificate().certificate_arn(req.id);
        acm.call("DeleteCertificate", delete.send()).await?;
        Ok(())
    }

    /// The domains that will have a validation record are known before the records are. The alternative names
    /// are an argument: they are completed as AWS completes them.
    fn foresee(args: &Value) -> Option<Value> {
        foresee(args)
    }

    async fn find(acm: &Acm, req: Find<'_, CertificateArgs>) -> Result<Option<Id>> {
        let domain = req.args.and_then(|args| args.domain_name.as_ref());
        let fits =
            |c: &CertificateSummary| domain.is_none_or(|d| c.domain_name().is_some_and(|n| same(n, d)));
        let listed = listed(acm).await?.into_iter().filter(|c| fits(c)).filter_map(|c| c.certificate_arn);
        let tagged = try_join_all(listed.map(|arn| async move {
            let tags = tags_of(acm, &arn).await?;
            Ok((tags.get(tags::UID).map(String::as_str) == Some(req.uid)).then_some(arn))
        }));
        Ok(tagged.await?.into_iter().flatten().next())
    }
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Every certificate of the region, of whatever key: without the filter AWS lists RSA 1024 and 2048 only.
async fn listed(acm: &Acm) -> Result<Vec<CertificateSummary>> {
    let keys = KeyAlgorithm::values().iter().map(|k| KeyAlgorithm::from(*k)).collect();
    let includes = aws_sdk_acm::types::Filters::builder().set_key_types(Some(keys)).build();
    let (mut all, mut token) = (Vec::new(), None);
    loop {
        let request = acm.client.list_certificates().includes(includes.clone()).set_next_token(token.clone());
        let page = acm.call("ListCertificates", request.send()).await?;
        all.extend(page.certificate_summary_list.unwrap_or_default());
        token = onward(token, page.next_token.filter(|t| !t.is_empty()))?;
        if token.is_none() {
            return Ok(all);
        }
    }
}

fn blob(text: &Option<String>) -> Option<Blob> {
    text.as_ref().map(|text| Blob::new(text.as_bytes()))
}

#[expect(deprecated, reason = "AWS refuses `DISABLED` by now, and says so itself")]
fn options(want: &CertificateOptions) -> Options {
    let logging = Logging::from(want.certificate_transparency_logging_preference.as_str());
    Options::builder().certificate_transparency_logging_preference(logging).build()
}

/// See [`Resource::foresee`].
fn foresee(args: &Value) -> Option<Value> {
    let domain = args.get("domain_name")?.as_str()?.to_lowercase();
    let names = args.get("subject_alternative_names").filter(|names| !names.is_null());
    let mut domains = vec![domain];
    if let Some(names) = names {
        for name in names.elements()? {
            domains.push(name.as_str()?.to_lowercase());
        }
    }
    domains.sort();
    domains.dedup();
    let mut known = Vec::new();
    if names.is_some_and(|names| names.elements().is_some_and(|e| !e.is_empty())) {
        let names = Value::set(domains.iter().map(|d| Value::from(d.as_str())));
        known.push(("subject_alternative_names", names));
    }
    if args.get("validation_method").and_then(Value::as_str) == Some("DNS") {
        let text = || Value::Unknown(Type::String);
        let records = domains.iter().map(|domain| {
            Value::object([
                ("domain_name", Value::from(domain.as_str())),
                ("resource_record_name", text()),
                ("resource_record_type", text()),
                ("resource_record_value", text()),
            ])
        });
        known.push(("domain_validation_options", Value::set(records)));
    }
    (!known.is_empty()).then(|| Value::object(known))
}

/// Whether everything that dependents need is there: for a requested certificate the validation records of
/// every domain, or the addresses that were written to.
fn complete(certificate: &Described) -> bool {
    let domains = certificate.domain_validation_options();
    let proved = |d: &DomainValidation| {
        d.resource_record().is_some()
            || !d.validation_emails().is_empty()
            || d.validation_status() == Some(&DomainStatus::Success)
    };
    match certificate.r#type() {
        Some(CertificateType::AmazonIssued) => !domains.is_empty() && domains.iter().all(proved),
        Some(CertificateType::Private) => certificate.status() != Some(&CertificateStatus::PendingValidation),
        _ => true,
    }
}

/// What AWS says about one certificate, in our words.
fn seen(certificate: &Described, tags: Tags) -> Result<Seen<Certificate>> {
    let arn = need(certificate.certificate_arn(), "CertificateArn")?;
    let status = certificate.status().map_or("PENDING_VALIDATION", CertificateStatus::as_str);
    let domains = certificate.domain_validation_options();
    let method = match certificate.r#type() {
        Some(CertificateType::AmazonIssued) => {
            domains.first().and_then(DomainValidation::validation_method).map(|m| m.as_str().to_owned())
        }
        _ => Some("NONE".to_owned()),
    };
    let records = domains.iter().filter_map(|d| {
        let record = d.resource_record()?;
        Some(DomainValidationOption {
            domain_name: d.domain_name().to_owned(),
            resource_record_name: record.name().to_owned(),
            resource_record_type: record.r#type().as_str().to_owned(),
            resource_record_value: record.value().to_owned(),
        })
    });
    #[expect(deprecated, reason = "see `options`")]
    let logging = certificate.options().and_then(Options::certificate_transparency_logging_preference);
    Ok(Seen {
        status: match certificate.status() {
            Some(CertificateStatus::Failed) => {
                let why = certificate.failure_reason().map_or("no reason given", |r| r.as_str());
                Status::Failed(why.to_owned())
            }
            Some(CertificateStatus::ValidationTimedOut) => {
                Status::Failed("the domains were not proved in time; AWS gives up after 72 hours".to_owned())
            }
            _ if complete(certificate) => Status::Ready,
            _ => Status::Pending(format!("{status}, validation records not assigned yet")),
        },
        args: CertificateArgs {
            domain_name: certificate.domain_name().map(DnsName::from),
            subject_alternative_names: certificate
                .subject_alternative_names()
                .iter()
                .map(|n| DnsName::from(n.as_str()))
                .collect(),
            validation_method: method,
            key_algorithm: certificate.key_algorithm().map(|k| k.as_str().replace('-', "_")),
            certificate_authority_arn: certificate.certificate_authority_arn().map(str::to_owned),
            certificate_body: None,
            certificate_chain: None,
            private_key: None,
            options: logging.map(|logging| CertificateOptions {
                certificate_transparency_logging_preference: logging.as_str().to_owned(),
            }),
            tags: tags.clone(),
        },
        outputs: CertificateOutputs {
            id: arn.clone(),
            domain_validation_options: records.collect(),
            status: status.to_owned(),
            r#type: certificate.r#type().map(|t| t.as_str().to_owned()).unwrap_or_default(),
            not_before: time(certificate.not_before()),
            not_after: time(certificate.not_after()),
            renewal_eligibility: certificate.renewal_eligibility().map(|r| r.as_str().to_owned()),
            validation_emails: domains.iter().flat_map(|d| d.validation_emails().to_vec()).collect(),
            tags_all: tags,
            arn,
        },
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_acm::types::{FailureReason, RecordType, ResourceRecord};

    use super::{super::built, *};

    fn domain(name: &str, assigned: bool) -> DomainValidation {
        let record = ResourceRecord::builder().name("_x.example.com.").value("_y.").r#type(RecordType::Cname);
        let record = assigned.then(|| built(record.build()).unwrap());
        let domain = DomainValidation::builder().domain_name(name).set_resource_record(record);
        built(domain.validation_method(ValidationMethod::Dns).build()).unwrap()
    }

    fn described(domains: Vec<DomainValidation>) -> Described {
        Described::builder()
            .certificate_arn("arn:aws:acm:r:1:certificate/1")
            .domain_name("example.com")
            .r#type(CertificateType::AmazonIssued)
            .status(CertificateStatus::PendingValidation)
            .key_algorithm(KeyAlgorithm::from("RSA-2048"))
            .set_domain_validation_options(Some(domains))
            .build()
    }

    #[test]
    fn it_is_ready_when_every_domain_has_its_record() {
        let status = |domains| seen(&described(domains), Tags::new()).unwrap().status;
        let (with, without) = (domain("example.com", true), domain("*.example.com", false));
        assert!(matches!(status(Vec::new()), Status::Pending(_)));
        assert!(matches!(status(vec![with.clone(), without]), Status::Pending(_)));
        assert_eq!(status(vec![with]), Status::Ready);
    }

    #[test]
    fn a_failed_certificate_says_why() {
        let mut certificate = described(vec![domain("example.com", true)]);
        certificate.status = Some(CertificateStatus::Failed);
        certificate.failure_reason = Some(FailureReason::CaaError);
        assert_eq!(seen(&certificate, Tags::new()).unwrap().status, Status::Failed("CAA_ERROR".into()));
    }

    #[test]
    fn the_key_algorithm_reads_as_it_is_requested() {
        let seen = seen(&described(Vec::new()), Tags::new()).unwrap();
        assert_eq!(seen.args.key_algorithm.as_deref(), Some("RSA_2048"));
    }

    #[test]
    fn the_domains_of_the_validation_records_are_foreseen() {
        let names = Value::set(["*.Example.com".into()]);
        let args = Value::object([
            ("domain_name", "example.com".into()),
            ("subject_alternative_names", names),
            ("validation_method", "DNS".into()),
        ]);
        let known = foresee(&args).unwrap();
        let domains = known.get("domain_validation_options").unwrap().elements().unwrap();
        let domains: Vec<_> = domains.iter().filter_map(|d| d.get("domain_name")?.as_str()).collect();
        assert_eq!(domains, ["*.example.com", "example.com"]);
        let names = Value::set(["*.example.com".into(), "example.com".into()]);
        assert_eq!(known.get("subject_alternative_names"), Some(&names));
    }

    #[test]
    fn nothing_is_foreseen_of_domains_that_are_not_known() {
        let args = |names: Value| {
            Value::object([
                ("domain_name", "example.com".into()),
                ("subject_alternative_names", names),
                ("validation_method", "DNS".into()),
            ])
        };
        assert_eq!(foresee(&args(Value::UNKNOWN)), None);
        assert_eq!(foresee(&args(Value::Set(vec![Value::UNKNOWN]))), None);
        let alone = foresee(&args(Value::Null)).unwrap();
        assert_eq!(alone.get("subject_alternative_names"), None);
        assert_eq!(alone.get("domain_validation_options").unwrap().elements().unwrap().len(), 1);
    }
}
