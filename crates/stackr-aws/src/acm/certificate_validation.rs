//! Certificate validation: no object of AWS, but the wait until a certificate is issued.
//!
//! Facts about the API that shape this file:
//! - AWS finds the validation records by itself; nothing has to be called;
//! - a domain that is not delegated yet keeps the certificate pending for up to 72 hours.

use aws_sdk_acm::types::{CertificateDetail as Described, CertificateStatus};
use futures::future::try_join_all;
use stackr_core::{
    Args, Create, Created, Delete, Gone, Id, Outputs, Resource, Result, Seen, Set, Status, Update, Value,
    Waits, need,
};

use super::{Acm, describe, time};
use crate::service::in_order;

/// A certificate validation.
pub struct CertificateValidation;

/// The wait until a certificate is issued. What uses its `certificate_arn` begins only then.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct CertificateValidationArgs {
    /// The certificate.
    #[arg(replace)]
    pub certificate_arn: String,
    /// Names of the validation records, so that the wait begins when they are there.
    #[arg(local)]
    pub validation_record_fqdns: Set<String>,
}

/// What a certificate validation gives.
#[derive(Clone, Debug, PartialEq, Outputs)]
pub struct CertificateValidationOutputs {
    /// When the certificate was issued.
    pub id: String,
}

impl Resource for CertificateValidation {
    const TYPE: &'static str = "aws_acm_certificate_validation";
    // DNS validation takes minutes, sometimes an hour. Nothing is deleted, so nothing can be gone.
    const WAITS: Waits = Waits::minutes(75, 5).gone(Gone::Never).usually(180, 0);
    type Cloud = Acm;
    type Args = CertificateValidationArgs;
    type Outputs = CertificateValidationOutputs;

    fn id_of(attributes: &Value) -> Option<Id> {
        attributes.get("certificate_arn")?.to_text()
    }

    async fn create(_: &Acm, req: Create<'_, CertificateValidationArgs>) -> Result<Created<Self>> {
        Ok(Created::id(&req.args.certificate_arn))
    }

    async fn read(acm: &Acm, ids: &[Id]) -> Result<Vec<Option<Seen<Self>>>> {
        let found = try_join_all(ids.iter().map(|arn| async move {
            Ok(describe(acm, arn).await?.map(|certificate| (arn.clone(), certificate)))
        }));
        let found = found.await?.into_iter().flatten();
        let found = found.map(|(arn, certificate)| Ok((arn, seen(&certificate)?)));
        Ok(in_order(ids, found.collect::<Result<_>>()?))
    }

    async fn update(_: &Acm, _: Update<'_, Self>) -> Result<()> {
        Ok(())
    }

    async fn delete(_: &Acm, _: Delete<'_, Self>) -> Result<()> {
        Ok(())
    }
}

/// How far the validation of a certificate is.
fn seen(certificate: &Described) -> Result<Seen<CertificateValidation>> {
    let issued = time(certificate.issued_at()).unwrap_or_else(|| "0001-01-01T00:00:00Z".to_owned());
    Ok(Seen {
        status: match certificate.status() {
            // What was issued once is not waited for again, even if it is no longer valid.
            Some(
                CertificateStatus::Issued
                | CertificateStatus::Expired
                | CertificateStatus::Inactive
                | CertificateStatus::Revoked,
            ) => Status::Ready,
            Some(CertificateStatus::Failed) => {
                let why = certificate.failure_reason().map_or("no reason given", |r| r.as_str());
                Status::Failed(why.to_owned())
            }
            Some(CertificateStatus::ValidationTimedOut) => {
                Status::Failed("the domains were not proved in time".to_owned())
            }
            status => Status::Pending(status.map_or("PENDING_VALIDATION", |s| s.as_str()).to_owned()),
        },
        args: CertificateValidationArgs {
            certificate_arn: need(certificate.certificate_arn(), "CertificateArn")?,
            validation_record_fqdns: Set::default(),
        },
        outputs: CertificateValidationOutputs { id: issued.replace('T', " ").replace('Z', " +0000 UTC") },
    })
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    #[test]
    fn it_is_ready_when_the_certificate_is_issued() {
        let check = |status: CertificateStatus, expect: &Status| {
            let certificate = Described::builder().certificate_arn("arn").status(status).build();
            assert_eq!(&seen(&certificate).unwrap().status, expect);
        };
        check(CertificateStatus::PendingValidation, &Status::Pending("PENDING_VALIDATION".into()));
        check(CertificateStatus::Issued, &Status::Ready);
        check(CertificateStatus::Failed, &Status::Failed("no reason given".into()));
    }

    #[test]
    fn its_id_is_the_time_of_issue() {
        let certificate =
            Described::builder().certificate_arn("arn").issued_at(DateTime::from_secs(0)).build();
        assert_eq!(seen(&certificate).unwrap().outputs.id, "1970-01-01 00:00:00 +0000 UTC");
    }
}
