//! Federated sign-in: a token of somebody whom Entra ID trusts, in place of a secret.
//!
//! GitHub Actions and Azure Pipelines hand out such a token to a job that asks for one, at an address and with a key
//! that stand in the job's environment; Kubernetes and others leave it in a file. `azure_identity` takes any of them to
//! Entra as a client assertion. Its own credential for Azure Pipelines reads the environment by itself, which only
//! `cli/settings` does here.

use std::fmt;
use std::path::PathBuf;

use azure_core::error::ErrorKind;
use azure_core::http::headers::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, HeaderName};
use azure_core::http::{self, ClientMethodOptions, Context, Pipeline, Request};
use azure_identity::ClientAssertion;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use super::auth::Method;

/// Where a job of a pipeline asks for its token.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    pub url: String,
    /// Shows that it is this job that asks.
    pub key: SecretString,
}

/// Where a federated token comes from.
#[derive(Clone, Debug)]
pub enum Federation {
    /// GitHub Actions: "About security hardening with OpenID Connect", docs.github.com, read 2026-11-23.
    GitHub(TokenRequest),
    /// Azure Pipelines: REST API "Oidctoken - Create" 7.1, learn.microsoft.com, read 2026-11-23.
    AzurePipelines {
        request: TokenRequest,
        service_connection: String,
    },
    /// Read anew for every sign-in: it is replaced before it expires.
    File(PathBuf),
    Token(SecretString),
}

impl Federation {
    pub fn method(&self) -> Method {
        match self {
            Self::GitHub(_) => Method::GitHubActions,
            Self::AzurePipelines { .. } => Method::AzurePipelines,
            Self::File(_) | Self::Token(_) => Method::FederatedToken,
        }
    }
}

/// Asked each time `azure_identity` needs a token of Entra's.
pub(super) struct Assertion {
    pub(super) federation: Federation,
    /// Whom the token is for: the cloud's token exchange.
    pub(super) audience: &'static str,
    pub(super) pipeline: Pipeline,
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assertion")
            .field("federation", &self.federation)
            .finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        match &self.federation {
            Federation::Token(token) => Ok(token.expose_secret().to_owned()),
            Federation::File(path) => {
                let text = tokio::fs::read_to_string(path).await;
                let text = text
                    .map_err(|error| failed(format!("cannot read {}: {error}", path.display())))?;
                Ok(text.trim().to_owned())
            }
            Federation::GitHub(asked) => {
                let parameters = [("audience", self.audience)];
                let request = request(asked, http::Method::Get, &parameters)?;
                self.fetch(request, "GitHub", "value").await
            }
            Federation::AzurePipelines {
                request: asked,
                service_connection,
            } => {
                let parameters = [
                    ("api-version", "7.1"),
                    ("serviceConnectionId", service_connection.as_str()),
                ];
                let mut request = request(asked, http::Method::Post, &parameters)?;
                request.insert_header(CONTENT_LENGTH, "0");
                // Without it an expired key is answered with a page to sign in at.
                request.insert_header(HeaderName::from_static("x-tfs-fedauthredirect"), "Suppress");
                self.fetch(request, "Azure Pipelines", "oidcToken").await
            }
        }
    }
}

impl Assertion {
    async fn fetch(
        &self,
        mut request: Request,
        who: &str,
        member: &str,
    ) -> azure_core::Result<String> {
        let answer = self
            .pipeline
            .send(&Context::new(), &mut request, None)
            .await
            .map_err(|error| failed(format!("{who} gave no token: {error}")))?;
        let body: Value = answer.into_body().json()?;
        let token = body.get(member).and_then(Value::as_str);
        token
            .map(str::to_owned)
            .ok_or_else(|| failed(format!("{who} gave no token: its answer has no `{member}`")))
    }
}

fn request(
    asked: &TokenRequest,
    method: http::Method,
    parameters: &[(&str, &str)],
) -> azure_core::Result<Request> {
    let url = Url::parse(&asked.url);
    let mut url =
        url.map_err(|_| failed("the address to ask for a token is no address".to_owned()))?;
    if url.scheme() != "https" {
        return Err(failed(
            "the address to ask for a token is not https".to_owned(),
        ));
    }
    url.query_pairs_mut().extend_pairs(parameters);
    let mut request = Request::new(url, method);
    request.insert_header(
        AUTHORIZATION,
        format!("Bearer {}", asked.key.expose_secret()),
    );
    request.insert_header(ACCEPT, "application/json");
    Ok(request)
}

fn failed(message: String) -> azure_core::Error {
    azure_core::Error::with_message(ErrorKind::Credential, message)
}
