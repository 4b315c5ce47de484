//! Looks up a certificate by domain, status, type and tags.

use aws_sdk_acm::types::{
    CertificateDetail as Described, CertificateStatus, CertificateSummary, Filters, KeyAlgorithm,
};
use futures::future::try_join_all;
use stackr_core::{Args, CloudError, DnsName, ErrorKind, Lookup, Outputs, Result, Set, Tags, need};

use super::{Acm, describe, tags_of};
use crate::{service::onward, tags};

/// A certificate that exists.
pub struct CertificateLookup;

/// A certificate that exists: the only one that fits, or the newest of them.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct CertificateLookupArgs {
    /// Its domain name.
    #[arg(computed)]
    pub domain: Option<DnsName>,
    /// Statuses that fit; `ISSUED` if none are written.
    pub statuses: Vec<String>,
    /// Types that fit: `AMAZON_ISSUED`, `IMPORTED`, `PRIVATE`.
    pub types: Vec<String>,
    /// Key algorithms that fit. AWS leaves out all but `RSA_1024` and `RSA_2048` if none are written.
    pub key_types: Set<String>,
    /// Whether the newest is taken where several fit.
    #[arg(default = false)]
    pub most_recent: bool,
    /// Tags that it has, among others.
    #[arg(computed)]
    pub tags: Tags,
}

/// The certificate that was found.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct CertificateLookupOutputs {
    /// Its ARN.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its domain name.
    pub domain: String,
    /// Its status.
    pub status: String,
    /// The certificate in PEM, if it is issued.
    pub certificate: Option<String>,
    /// Its chain in PEM, if it is issued.
    pub certificate_chain: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

impl Lookup for CertificateLookup {
    const TYPE: &'static str = "aws_acm_certificate";
    type Cloud = Acm;
    type Args = CertificateLookupArgs;
    type Outputs = CertificateLookupOutputs;

    async fn read(acm: &Acm, args: &CertificateLookupArgs) -> Result<CertificateLookupOutputs> {
        let listed = listed(acm, args).await?.into_iter().filter(|c| {
            let name = c.domain_name().unwrap_or_default();
            args.domain.as_ref().is_none_or(|d| name.eq_ignore_ascii_case(d.trim_end_matches('.')))
        });
        let found = try_join_all(listed.filter_map(|c| c.certificate_arn).map(|arn| async move {
            let (found, tags) = futures::try_join!(describe(acm, &arn), tags_of(acm, &arn))?;
            Ok(found.map(|certificate| (certificate, tags::users(tags))))
        }));
        let found: Vec<_> = found.await?.into_iter().flatten().filter(|(c, t)| fits(args, c, t)).collect();
        let (certificate, tags) = pick(args, found)?;
        let arn = need(certificate.certificate_arn(), "CertificateArn")?;
        let issued = certificate.status() == Some(&CertificateStatus::Issued);
        let (mut body, mut chain) = (None, None);
        if issued {
            let request = acm.client.get_certificate().certificate_arn(&arn);
            let got = acm.call("GetCertificate", request.send()).await?;
            (body, chain) = (got.certificate, got.certificate_chain);
        }
        Ok(CertificateLookupOutputs {
            id: arn.clone(),
            domain: certificate.domain_name().unwrap_or_default().to_owned(),
            status: certificate.status().map(|s| s.as_str().to_owned()).unwrap_or_default(),
            certificate: body,
            certificate_chain: chain,
            tags,
            arn,
        })
    }
}

/// The certificates of the statuses and key algorithms that were asked for.
async fn listed(acm: &Acm, args: &CertificateLookupArgs) -> Result<Vec<CertificateSummary>> {
    let statuses: Vec<_> = match &args.statuses[..] {
        [] => vec![CertificateStatus::Issued],
        some => some.iter().map(|s| CertificateStatus::from(s.as_str())).collect(),
    };
    let keys: Vec<_> = args.key_types.iter().map(|k| KeyAlgorithm::from(k.as_str())).collect();
    let keys = (!keys.is_empty()).then(|| Filters::builder().set_key_types(Some(keys)).build());
    let request = acm.client.list_certificates().set_certificate_statuses(Some(statuses)).set_includes(keys);
    let (mut all, mut token) = (Vec::new(), None);
    loop {
        let page = acm.call("ListCertificates", request.clone().set_next_token(token.clone()).send()).await?;
        all.extend(page.certificate_summary_list.unwrap_or_default());
        token = onward(token, page.next_token.filter(|t| !t.is_empty()))?;
        if token.is_none() {
            return Ok(all);
        }
    }
}

fn fits(args: &CertificateLookupArgs, certificate: &Described, tags: &Tags) -> bool {
    let ty = certificate.r#type().map_or("", |t| t.as_str());
    let typed = args.types.is_empty() || args.types.iter().any(|t| t == ty);
    typed && args.tags.iter().all(|(k, v)| tags.get(k) == Some(v))
}

/// The only one, or the newest if that is asked for.
fn pick(args: &CertificateLookupArgs, mut found: Vec<(Described, Tags)>) -> Result<(Described, Tags)> {
    found.sort_by_key(|(c, _)| c.not_before().or(c.created_at()).map(|t| t.as_nanos()));
    let several = found.len();
    match found.pop() {
        Some(newest) if several == 1 || args.most_recent => Ok(newest),
        newest => {
            let domain = args.domain.as_deref().unwrap_or("any domain");
            let message = match newest {
                None => format!("no certificate for {domain} fits"),
                Some(_) => format!("{several} certificates for {domain} fit; say more, or set most_recent"),
            };
            Err(CloudError::new(ErrorKind::Invalid, "acm:ListCertificates", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;
    use stackr_core::{Block as _, Value};

    use super::*;

    fn args(most_recent: bool) -> CertificateLookupArgs {
        CertificateLookupArgs::from_object(&Value::object([("most_recent", most_recent.into())])).unwrap()
    }

    fn found(times: &[i64]) -> Vec<(Described, Tags)> {
        let certificate = |time: &i64| {
            let at = DateTime::from_secs(*time);
            Described::builder().certificate_arn(time.to_string()).created_at(at).build()
        };
        times.iter().map(|t| (certificate(t), Tags::new())).collect()
    }

    #[test]
    fn several_are_an_error_unless_the_newest_is_asked_for() {
        assert!(pick(&args(false), found(&[1, 2])).is_err());
        let newest = pick(&args(true), found(&[3, 9, 1])).unwrap();
        assert_eq!(newest.0.certificate_arn(), Some("9"));
    }

    #[test]
    fn none_is_an_error() {
        assert!(pick(&args(true), Vec::new()).unwrap_err().message().starts_with("no certificate"));
    }
}
