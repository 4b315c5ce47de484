//! The wire behind the SDK's clients: nothing but recorded answers, changed.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        runtime_components::RuntimeComponents,
        stalled_stream_protection::StalledStreamProtectionConfig,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value as Json, json};
use stackr_aws::Aws;
use stackr_core::{BoxFuture, Limiter, Origin, ProviderConfig};
use stackr_fuzz::Random;

use crate::{change, recorded::Recorded};

/// More calls than any read of two objects needs: whoever makes them follows a thread without an end.
const CALLS: usize = 150;

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The operation that it is of.
    pub(crate) operation: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// XML or JSON.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn of(json: &Json) -> Self {
        Self {
            operation: json["operation"].as_str().unwrap_or_default().to_owned(),
            status: json["status"].as_u64().and_then(|s| s.try_into().ok()).unwrap_or(200),
            body: json["body"].as_str().unwrap_or_default().as_bytes().to_vec(),
        }
    }

    /// Whether a word is in it.
    fn is_about(&self, word: &str) -> bool {
        !word.is_empty() && self.body.windows(word.len()).any(|some| some == word.as_bytes())
    }
}

/// A connection that gives recorded answers. Clones are the same connection.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Where answers come from, and what changes them.
    source: Option<(Arc<Recorded>, Random)>,
    /// What is asked about.
    about: String,
    /// Whether every list leads on for ever.
    endless: bool,
    /// The answers of an earlier execution, in their order; they come instead.
    replay: VecDeque<Answer>,
    given: Vec<Answer>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    /// The clients of a cloud at the other end.
    pub(crate) fn cloud(&self) -> Aws {
        let key = Credentials::new("test", "test", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-west-2"))
            .credentials_provider(SharedCredentialsProvider::new(key))
            .http_client(SharedHttpClient::new(self.clone()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        let origin = Origin {
            account: "123456789012".to_owned(),
            region: "us-west-2".to_owned(),
            ..Origin::default()
        };
        Aws::new(config, &ProviderConfig::default(), origin, Arc::new(Unlimited))
    }

    /// From here on: these answers, changed by chance.
    pub(crate) fn begin(&self, recorded: &Arc<Recorded>, about: &str, mut random: Random) {
        let mut state = self.state();
        state.endless = random.one_in(20);
        state.source = Some((Arc::clone(recorded), random));
        about.clone_into(&mut state.about);
        state.given.clear();
    }

    /// First of all these, as they are.
    pub(crate) fn replay(&self, answers: VecDeque<Answer>) {
        self.state().replay = answers;
    }

    /// What was answered since the beginning.
    pub(crate) fn given(&self) -> Vec<Json> {
        let state = self.state();
        let json = |one: &Answer| {
            let body = String::from_utf8_lossy(&one.body);
            json!({ "operation": one.operation, "status": one.status, "body": body })
        };
        state.given.iter().map(json).collect()
    }

    /// How many answers there were since the beginning.
    pub(crate) fn count(&self) -> u64 {
        self.state().given.len() as u64
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: &HttpRequest) -> Answer {
        let (service, operation) = named(request);
        let mut state = self.state();
        assert!(state.given.len() < CALLS, "it asks for ever: {service} {operation}");
        let replayed = state.replay.pop_front();
        let State { source, about, endless, .. } = &mut *state;
        let answer = match (source, replayed) {
            (_, Some(answer)) => answer,
            (Some((recorded, random)), None) => {
                let all = recorded.of(&service, &operation);
                // Mostly those that have to do with what is asked about.
                let close: Vec<_> =
                    all.iter().filter(|one| !random.one_in(4) && one.is_about(about)).collect();
                let mut answer = match (&close[..], all) {
                    ([], []) => Answer { operation, status: 200, body: b"{}".to_vec() },
                    ([], all) => all[random.below(all.len())].clone(),
                    (close, _) => close[random.below(close.len())].clone(),
                };
                change::answer(&mut answer, random);
                if *endless {
                    change::endless(&mut answer);
                }
                answer
            }
            (None, None) => Answer { operation, status: 400, body: Vec::new() },
        };
        state.given.push(answer.clone());
        answer
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Answer { status, body, .. } = self.answer(&request);
        let mut response =
            HttpResponse::new(StatusCode::try_from(status).expect("a status"), SdkBody::from(body));
        response.headers_mut().insert("x-amz-bucket-region", "us-west-2");
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

struct Unlimited;

impl Limiter for Unlimited {
    fn acquire<'a>(&'a self, _: &'a Origin, _: &'a str, _: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn answered(&self, _: &Origin, _: &str, _: &str, _: bool) {}
}

/// The service and the operation of a request: of S3 and Route 53, the method with what the path is about.
fn named(request: &HttpRequest) -> (String, String) {
    let header = |name: &str| request.headers().get(name).unwrap_or_default();
    let scope = header("authorization").split("Credential=").nth(1).unwrap_or_default();
    let service = scope.split('/').nth(3).unwrap_or("unsigned").to_owned();
    if let Some((_, operation)) = header("x-amz-target").rsplit_once('.') {
        return (service, operation.to_owned());
    }
    let form = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
    if let Some(action) = form.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
        return (service, action.to_owned());
    }
    let uri = request.uri().split_once("://").map_or(request.uri(), |(_, rest)| rest);
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let parts: Vec<&str> = path.split('/').skip(1).filter(|part| !part.is_empty()).collect();
    let method = request.method();
    let operation = if service == "route53" {
        let about = [parts.get(1), parts.get(3)].into_iter().flatten().copied().collect::<Vec<_>>().join("-");
        format!("{method}-{about}{}", if parts.len() == 3 { "-one" } else { "" })
    } else {
        let mut about: Vec<_> =
            query.split('&').map(|pair| pair.split('=').next().unwrap_or_default()).collect();
        about.retain(|name| !name.is_empty() && *name != "x-id");
        about.sort_unstable();
        format!("{method}{}", about.first().map(|name| format!("-{name}")).unwrap_or_default())
    };
    (service, operation)
}
