//! Wire: answers in the place of AWS, and what was asked for them. For tests.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;

/// Clones are the same wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What is left to answer.
    answers: VecDeque<(u16, String)>,
    /// The bodies of what was asked.
    asked: Vec<String>,
}

impl Wire {
    /// A wire that gives these answers: a status and a body. The status 0 is a connection that breaks.
    pub(crate) fn new<const N: usize>(answers: [(u16, &str); N]) -> Self {
        let answers = answers.map(|(status, body)| (status, body.to_owned())).into();
        Self(Arc::new(Mutex::new(State { answers, asked: Vec::new() })))
    }

    /// A configuration whose clients are on this wire.
    pub(crate) fn config(&self) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "k", "s", None, None, "test",
            )))
            .http_client(SharedHttpClient::new(self.clone()))
            .retry_config(RetryConfig::disabled())
            .build()
    }

    /// The bodies of what was asked so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).asked.clone()
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked.push(body);
        let (status, body) = state.answers.pop_front().unwrap_or((500, "no answer is left".to_owned()));
        HttpConnectorFuture::ready(match StatusCode::try_from(status) {
            Ok(status) => Ok(HttpResponse::new(status, SdkBody::from(body))),
            Err(_) => Err(ConnectorError::io("the connection broke".into())),
        })
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
