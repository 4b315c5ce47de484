//! HTTP for all clients of a process: one pool of connections, and root certificates only where there is TLS.
//!
//! Facts that shape this file:
//! - every client of the SDK makes an HTTP client of its own, and each reads and parses the machine's root
//!   certificates when it is made: tens of milliseconds, for an endpoint without TLS too;
//! - the SDK takes proxies from the environment. One that is itself reached by TLS is not trusted for endpoints without TLS.

use aws_smithy_http_client::{
    Builder, ConnectorBuilder,
    proxy::ProxyConfig,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};

/// A client that makes what it needs at the first request for it.
pub(crate) fn client() -> SharedHttpClient {
    SharedHttpClient::new(ByScheme { plain: with(TrustStore::empty()), secure: with(TrustStore::default()) })
}

/// An HTTP client that trusts these certificates. They are read when it first connects.
fn with(trusted: TrustStore) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        if let Ok(context) = TlsContext::builder().with_trust_store(trusted.clone()).build() {
            connector.set_tls_context(context);
        }
        connector.build()
    })
}

/// Asks no client to be ready before a request needs it.
#[derive(Clone, Debug)]
struct ByScheme {
    plain: SharedHttpClient,
    secure: SharedHttpClient,
}

impl HttpClient for ByScheme {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            clients: self.clone(),
            settings: settings.clone(),
            components: components.clone(),
        })
    }
}

#[derive(Debug)]
struct Connector {
    clients: ByScheme,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let plain = request.uri().starts_with("http://");
        let client = if plain { &self.clients.plain } else { &self.clients.secure };
        // The connector behind it is made once, and kept there.
        client.http_connector(&self.settings, &self.components).call(request)
    }
}
