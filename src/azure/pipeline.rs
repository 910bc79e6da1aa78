//! The one pooled HTTP client, and `azure_core`'s pipeline over it.
//!
//! Every request of a run goes through the same connections: ARM, Graph, sign-in and public documents. The sandbox
//! is reached as Azure is (architecture.md, decision 8): the same addresses and the same TLS, but names resolve to
//! its loopback address and its certificate authority is the only one trusted, so nothing can leave the machine.

use std::net::SocketAddr;
use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderValue, USER_AGENT};
use azure_core::http::policies::auth::BearerTokenAuthorizationPolicy;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::{ClientOptions, Context, Pipeline, Request, RetryOptions, Transport};

use super::proxy::Proxy;

/// Requests in flight at once. HTTP/1.1 connections are kept for all of them; HTTP/2 needs fewer.
pub const IN_FLIGHT: usize = 32;

const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);
/// ARM itself answers 504 for a provider that does not (recorded), after about a minute (inferred): that answer should
/// still arrive.
const READ_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(100);

/// Where host names lead.
#[derive(Clone, Debug)]
pub enum Route {
    /// DNS, the system's proxy, the system's certificate authorities and these (PEM).
    Internet { extra_roots: Vec<Vec<u8>> },
    /// Every name leads to this address, and this certificate authority (PEM) alone is trusted.
    Loopback { address: SocketAddr, ca: Vec<u8> },
}

#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error("cannot read the certificate authority")]
    Certificate(#[source] reqwest::Error),
    #[error("cannot set up the HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("the sandbox must listen on a loopback address, not on {0}")]
    NotLoopback(SocketAddr),
}

/// The pooled client. Cheap to clone; all clones share the connections.
#[derive(Clone, Debug)]
pub struct PooledClient {
    client: reqwest::Client,
    /// For messages.
    proxy: Arc<Proxy>,
}

impl PooledClient {
    pub fn new(route: &Route) -> Result<Self, TransportError> {
        let builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .pool_max_idle_per_host(IN_FLIGHT)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none());
        let builder = match route {
            Route::Internet { extra_roots } if extra_roots.is_empty() => builder,
            Route::Internet { extra_roots } => builder.tls_certs_merge(certificates(extra_roots)?),
            Route::Loopback { address, ca } => {
                if !address.ip().is_loopback() {
                    return Err(TransportError::NotLoopback(*address));
                }
                let roots = certificates(std::slice::from_ref(ca))?;
                builder
                    .no_proxy()
                    .tls_certs_only(roots)
                    .dns_resolver(Everywhere(*address))
            }
        };
        let client = builder.build().map_err(TransportError::Client)?;
        Ok(Self {
            client,
            proxy: Arc::default(),
        })
    }

    /// Whose messages name this proxy where it is on the way.
    #[must_use]
    pub fn naming(self, proxy: Proxy) -> Self {
        Self {
            proxy: Arc::new(proxy),
            ..self
        }
    }

    fn transport(&self) -> Transport {
        Transport::new(Arc::new(self.client.clone()))
    }

    fn caller(&self) -> Arc<dyn Policy> {
        Arc::new(Caller(Arc::clone(&self.proxy)))
    }

    /// For credentials: `azure_identity` retries by its own rules, and finds the authority host in `cloud`.
    pub(super) fn sign_in_options(&self, authority: &str) -> ClientOptions {
        let mut cloud = azure_core::cloud::CloudConfiguration::default();
        let mut custom = azure_core::cloud::CustomConfiguration::default();
        authority.clone_into(&mut custom.authority_host);
        cloud.clone_from(&custom.into());
        ClientOptions {
            transport: Some(self.transport()),
            per_try_policies: vec![self.caller()],
            retry: RetryOptions::exponential(azure_core::http::ExponentialRetryOptions {
                max_retries: 4,
                ..Default::default()
            }),
            cloud: Some(Arc::new(cloud)),
            ..Default::default()
        }
    }

    /// For what is asked for before a sign-in, with its retries.
    pub(super) fn sign_in_pipeline(&self, authority: &str) -> Pipeline {
        let options = self.sign_in_options(authority);
        let (package, version) = (
            option_env!("CARGO_PKG_NAME"),
            option_env!("CARGO_PKG_VERSION"),
        );
        Pipeline::new(package, version, options, Vec::new(), Vec::new(), None)
    }

    /// A pipeline that signs with this credential's tokens, or not at all. It does not retry: see `retry`.
    pub(super) fn pipeline(
        &self,
        credential: Option<(Arc<dyn TokenCredential>, String)>,
    ) -> Pipeline {
        let mut per_try: Vec<Arc<dyn Policy>> = vec![self.caller()];
        if let Some((credential, scope)) = credential {
            per_try.push(Arc::new(BearerTokenAuthorizationPolicy::new(
                credential,
                [scope],
            )));
        }
        let options = ClientOptions {
            transport: Some(self.transport()),
            retry: RetryOptions::none(),
            ..Default::default()
        };
        Pipeline::new(
            option_env!("CARGO_PKG_NAME"),
            option_env!("CARGO_PKG_VERSION"),
            options,
            Vec::new(),
            per_try,
            None,
        )
    }
}

fn certificates(pems: &[Vec<u8>]) -> Result<Vec<reqwest::Certificate>, TransportError> {
    let bundles: Result<Vec<_>, _> = pems
        .iter()
        .map(|pem| reqwest::Certificate::from_pem_bundle(pem))
        .collect();
    Ok(bundles
        .map_err(TransportError::Certificate)?
        .into_iter()
        .flatten()
        .collect())
}

/// Resolves every name to one address; the address's port replaces the scheme's.
struct Everywhere(SocketAddr);

impl reqwest::dns::Resolve for Everywhere {
    fn resolve(&self, _name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let addresses: reqwest::dns::Addrs = Box::new(std::iter::once(self.0));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// Says who calls, and names the other side where the call does not come through: `azure_core` says neither host nor
/// proxy, and its own header would call secgw a part of the SDK (`azsdk-rust-…`).
#[derive(Debug)]
struct Caller(Arc<Proxy>);

impl Caller {
    /// The same kind of error, by which retries are decided on.
    fn named(&self, host: &str, error: &azure_core::Error) -> azure_core::Error {
        let way = format!("{host}{}", self.0.on_the_way_to(host));
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let said = match error.kind() {
            ErrorKind::Connection => format!("cannot connect to {way}: {cause}"),
            _ => format!("the connection to {way} broke: {cause}"),
        };
        azure_core::Error::with_message(error.kind().clone(), said)
    }
}

#[async_trait::async_trait]
impl Policy for Caller {
    async fn send(
        &self,
        context: &Context,
        request: &mut Request,
        next: &[Arc<dyn Policy>],
    ) -> PolicyResult {
        let agent = HeaderValue::from_static(concat!("secgw/", env!("CARGO_PKG_VERSION")));
        request.insert_header(USER_AGENT, agent);
        let host = request.url().host_str().unwrap_or_default().to_owned();
        match next.split_first() {
            Some((policy, rest)) => {
                policy
                    .send(context, request, rest)
                    .await
                    .map_err(|error| match error.kind() {
                        ErrorKind::Connection | ErrorKind::Io => self.named(&host, &error),
                        _ => error,
                    })
            }
            None => Err(azure_core::Error::with_message(
                ErrorKind::Other,
                "the pipeline has no transport",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_must_be_on_this_machine() {
        let route = Route::Loopback {
            address: "192.0.2.1:443".parse().unwrap(),
            ca: Vec::new(),
        };
        assert!(matches!(
            PooledClient::new(&route),
            Err(TransportError::NotLoopback(_))
        ));
    }

    #[test]
    fn a_broken_certificate_authority_is_refused() {
        let ca = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
        let route = Route::Loopback {
            address: "127.0.0.1:1".parse().unwrap(),
            ca,
        };
        assert!(PooledClient::new(&route).is_err());
    }

    #[tokio::test]
    async fn every_name_resolves_to_the_sandbox() {
        use reqwest::dns::Resolve;
        let address: SocketAddr = "127.0.0.1:4443".parse().unwrap();
        let resolver = Everywhere(address);
        for host in ["management.azure.com", "login.microsoftonline.com"] {
            let addresses: Vec<_> = resolver
                .resolve(host.parse().unwrap())
                .await
                .unwrap()
                .collect();
            assert_eq!(addresses, [address], "{host}");
        }
    }
}
