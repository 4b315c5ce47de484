//! One service's client, and the one way to call it.

use std::{future::Future, sync::Arc};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use stackr_core::{CloudError, ErrorKind, Limiter, Origin, Result};

use crate::{error, gather::Gathering, tagging::Tagging};

/// The client of one service in one account and region. `C` is the SDK's client type.
pub struct Service<C> {
    /// The SDK's client.
    pub client: C,
    /// The service's name as IAM writes it: `ec2`, `elasticloadbalancing`.
    pub name: &'static str,
    /// Account, region and how they are reached.
    pub origin: Arc<Origin>,
    pub(crate) limiter: Arc<dyn Limiter>,
    pub(crate) gathering: Gathering,
    /// The tags of objects of all services; absent where nothing is known of it.
    pub(crate) tagging: Option<Arc<Tagging>>,
}

impl<C> Service<C> {
    /// Makes one call: waits for the limiter, sends, and turns a failure into a `CloudError` with its kind.
    ///
    /// `operation` is AWS's name for it: `CreateNatGateway`.
    ///
    /// # Errors
    /// What AWS or the network answered.
    pub async fn call<T, E>(
        &self,
        operation: &'static str,
        send: impl Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>> + Send,
    ) -> Result<T>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.limiter.acquire(&self.origin, self.name, operation).await;
        let answer = Box::pin(send).await.map_err(|e| error::cloud_error(self.name, operation, e));
        let throttled = answer.as_ref().is_err_and(|e| e.kind() == stackr_core::ErrorKind::Throttled);
        self.limiter.answered(&self.origin, self.name, operation, throttled);
        answer
    }

    /// The ARN of a regional object: `resource` is everything after the account.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let Origin { region, account, .. } = &*self.origin;
        format!("arn:{}:{service}:{region}:{account}:{resource}", self.partition())
    }

    /// The partition that the region is in: `aws`, `aws-cn`, `aws-us-gov`…
    #[must_use]
    pub fn partition(&self) -> &'static str {
        partition(&self.origin.region).0
    }
}

/// The partition of a region and its DNS suffix
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>).
pub(crate) fn partition(region: &str) -> (&'static str, &'static str) {
    match region {
        r if r.starts_with("cn-") => ("aws-cn", "amazonaws.com.cn"),
        r if r.starts_with("us-gov-") => ("aws-us-gov", "amazonaws.com"),
        r if r.starts_with("us-iso-") => ("aws-iso", "c2s.ic.gov"),
        r if r.starts_with("us-isob-") => ("aws-iso-b", "sc2s.sgov.gov"),
        r if r.starts_with("eusc-") => ("aws-eusc", "amazonaws.eu"),
        _ => ("aws", "amazonaws.com"),
    }
}

/// Where the next page begins. The place where this one began would lead here again, for ever.
///
/// # Errors
/// That AWS leads there.
pub(crate) fn onward<T: PartialEq>(from: Option<T>, next: Option<T>) -> Result<Option<T>> {
    if next.is_some() && next == from {
        let message = "the answer's next page is the page itself; the list cannot be read to its end";
        return Err(CloudError::new(ErrorKind::Unknown, "", message));
    }
    Ok(next)
}

/// The answers for `ids`, in their order, from what was found in any order.
pub(crate) fn in_order<T>(ids: &[String], found: Vec<(String, T)>) -> Vec<Option<T>> {
    let mut found: std::collections::BTreeMap<String, T> = found.into_iter().collect();
    ids.iter().map(|id| found.remove(id)).collect()
}

#[cfg(test)]
pub(crate) mod testing {
    use stackr_core::BoxFuture;

    use super::*;

    struct Unlimited;

    impl Limiter for Unlimited {
        fn acquire<'a>(&'a self, _: &'a Origin, _: &'a str, _: &'a str) -> BoxFuture<'a, ()> {
            Box::pin(std::future::ready(()))
        }
        fn answered(&self, _: &Origin, _: &str, _: &str, _: bool) {}
    }

    /// A service of a made-up account, with a client that the test brings.
    pub(crate) fn service<C>(name: &'static str, client: C) -> Service<C> {
        let (account, region) = ("111122223333".to_owned(), "eu-central-1".to_owned());
        Service {
            client,
            name,
            origin: Arc::new(Origin { account, region, ..Origin::default() }),
            limiter: Arc::new(Unlimited),
            gathering: Gathering::default(),
            tagging: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_leads_to_itself_ends_the_list_with_an_error() {
        assert_eq!(onward(None, Some("a")).unwrap(), Some("a"));
        assert_eq!(onward(Some("a"), Some("b")).unwrap(), Some("b"));
        assert_eq!(onward(Some("a"), None).unwrap(), None);
        assert!(onward(Some("a"), Some("a")).unwrap_err().message().contains("the page itself"));
    }

    #[test]
    fn answers_come_in_the_order_of_the_questions() {
        let found = vec![("b".to_owned(), 2), ("a".to_owned(), 1)];
        assert_eq!(in_order(&["a".into(), "x".into(), "b".into()], found), [Some(1), None, Some(2)]);
    }
}
