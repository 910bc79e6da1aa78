//! Sign-in: which credential is used, in an order that secgw documents, and who it turns out to be.
//!
//! 1. A client secret.
//! 2. A federated token: of GitHub Actions, of Azure Pipelines, or the one that a workload identity keeps in a file.
//! 3. The managed identity that the environment announces (App Service, `IDENTITY_ENDPOINT`).
//! 4. `az login`.
//! 5. The managed identity of a virtual machine.
//!
//! What is configured is used and nothing else: secgw never falls back from a service principal to a person. The
//! environment is read by `cli/settings`; only the announced managed identity is looked up by `azure_identity` itself.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::credentials::{AccessToken, Secret, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use azure_identity as identity;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::cloud::Cloud;
use super::federation::{Assertion, Federation};
use super::hints;
use super::pipeline::PooledClient;

/// What the operator gave for signing in. Everything unset means: the developer's `az login`.
#[derive(Clone, Debug, Default)]
pub struct AuthSettings {
    /// One method, and no other.
    pub method: Option<Method>,
    /// The tenant of the subscription.
    pub tenant: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<SecretString>,
    /// Whose token stands in for a secret.
    pub federation: Option<Federation>,
    /// `az login` is not to be tried.
    pub without_cli: bool,
    /// `IDENTITY_ENDPOINT` is set.
    pub managed_identity_announced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    ClientSecret,
    GitHubActions,
    AzurePipelines,
    FederatedToken,
    ManagedIdentity,
    AzureCli,
}

impl Method {
    /// In the order in which they are looked for.
    pub const ALL: [Self; 6] = [
        Self::ClientSecret,
        Self::GitHubActions,
        Self::AzurePipelines,
        Self::FederatedToken,
        Self::ManagedIdentity,
        Self::AzureCli,
    ];

    /// What has to be set for it.
    pub fn needs(self) -> &'static str {
        match self {
            Self::ClientSecret => {
                "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET together"
            }
            Self::GitHubActions => {
                "give the job `permissions: id-token: write`, and set AZURE_TENANT_ID and AZURE_CLIENT_ID"
            }
            Self::AzurePipelines => {
                "set SYSTEM_ACCESSTOKEN to $(System.AccessToken), ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID, AZURE_TENANT_ID and AZURE_CLIENT_ID"
            }
            Self::FederatedToken => {
                "set AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID and AZURE_CLIENT_ID together"
            }
            Self::ManagedIdentity => "run where Azure gives the machine an identity",
            Self::AzureCli => "run `az login`",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::ClientSecret => "client secret",
            Self::GitHubActions => "GitHub Actions token",
            Self::AzurePipelines => "Azure Pipelines token",
            Self::FederatedToken => "federated token",
            Self::ManagedIdentity => "managed identity",
            Self::AzureCli => "az login",
        }
    }
}

/// Application permissions are granted to a client of its own in the identity tenant (domain.md D.0).
#[derive(Clone, Debug)]
pub struct IdentityTenant {
    pub tenant: String,
    pub client_id: String,
    pub client_secret: SecretString,
}

/// Which credential won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub method: Method,
    pub client_id: Option<String>,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.client_id {
            Some(client_id) => write!(f, "{} of {client_id}", self.method.name()),
            None => f.write_str(self.method.name()),
        }
    }
}

/// Whose token it is, as the token itself says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Who {
    #[serde(rename = "tid")]
    pub tenant: Option<String>,
    #[serde(rename = "oid")]
    pub object_id: Option<String>,
    #[serde(rename = "appid")]
    pub app_id: Option<String>,
    #[serde(rename = "upn")]
    pub user: Option<String>,
    #[serde(rename = "aud")]
    pub audience: Option<String>,
    /// Delegated permissions of a person's token, separated by blanks.
    #[serde(default, rename = "scp")]
    pub scopes: String,
    /// Application permissions of a Graph token.
    #[serde(default)]
    pub roles: Vec<String>,
}

impl Who {
    /// Tokens are opaque to clients by contract; what cannot be read is simply not known.
    pub fn of(token: &str) -> Self {
        let claims = token
            .split('.')
            .nth(1)
            .and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
        claims
            .and_then(|claims| serde_json::from_slice(&claims).ok())
            .unwrap_or_default()
    }
}

/// A working credential.
#[derive(Clone, Debug)]
pub struct SignIn {
    pub credential: Arc<dyn TokenCredential>,
    pub source: Source,
    pub who: Who,
}

#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("signing in with a {} needs {}", method.name(), missing.join(" and "))]
    Incomplete {
        method: Method,
        missing: Vec<&'static str>,
    },
    #[error("cannot sign in to Azure{}", listed(attempts))]
    Failed { attempts: Vec<Attempt> },
    #[error("the {signed_in} belongs to tenant {got}, not to {wanted}")]
    WrongTenant {
        signed_in: Source,
        got: String,
        wanted: String,
    },
}

/// One method that was tried, and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub source: Source,
    pub said: String,
}

fn listed(attempts: &[Attempt]) -> String {
    let lines = attempts.iter();
    let lines: Vec<_> = lines
        .map(|attempt| format!("\n  - {}: {}", attempt.source, attempt.said))
        .collect();
    lines.concat()
}

impl SignInError {
    /// Without saying again what was tried.
    pub fn reason(&self) -> String {
        match self {
            Self::Failed { attempts } => attempts
                .last()
                .map_or_else(String::new, |last| last.said.clone()),
            Self::Incomplete { .. } | Self::WrongTenant { .. } => self.to_string(),
        }
    }

    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Incomplete { method, .. } => Some(method.needs()),
            Self::Failed { attempts } => attempts
                .iter()
                .find_map(|attempt| hints::for_sign_in(&attempt.said)),
            Self::WrongTenant { .. } => {
                Some("sign in to the tenant of the subscription: `az login --tenant <tenant>`")
            }
        }
    }
}

impl AuthSettings {
    /// Whether what this method needs was given, as far as that can be told beforehand.
    pub fn has(&self, method: Method) -> bool {
        match method {
            Method::ClientSecret => self.client_secret.is_some(),
            Method::GitHubActions | Method::AzurePipelines | Method::FederatedToken => {
                let federation = self.federation.as_ref();
                federation.is_some_and(|given| given.method() == method)
            }
            Method::ManagedIdentity => true,
            Method::AzureCli => !self.without_cli,
        }
    }

    /// The sandbox takes any client; a real sign-in is made all the same.
    pub fn sandbox(tenant: &str) -> Self {
        Self {
            method: Some(Method::ClientSecret),
            tenant: Some(tenant.to_owned()),
            client_id: Some("00000000-0000-4000-8000-00000000000a".to_owned()),
            client_secret: Some(SecretString::from("sandbox")),
            ..Self::default()
        }
    }

    /// The methods to try, in order.
    pub fn methods(&self) -> Vec<Method> {
        if let Some(method) = self.method {
            return vec![method];
        }
        if self.client_secret.is_some() {
            return vec![Method::ClientSecret];
        }
        if let Some(federation) = &self.federation {
            return vec![federation.method()];
        }
        if self.managed_identity_announced {
            return vec![Method::ManagedIdentity];
        }
        let cli = (!self.without_cli).then_some(Method::AzureCli);
        cli.into_iter().chain([Method::ManagedIdentity]).collect()
    }

    pub fn source(&self, method: Method) -> Source {
        let client_id = match method {
            Method::ClientSecret
            | Method::GitHubActions
            | Method::AzurePipelines
            | Method::FederatedToken
            | Method::ManagedIdentity => self.client_id.clone(),
            Method::AzureCli => None,
        };
        Source { method, client_id }
    }

    /// The tenant and client of a service principal, and the names of what is missing.
    fn principal(&self, method: Method) -> Result<(&str, &str), SignInError> {
        match (self.tenant.as_deref(), self.client_id.as_deref()) {
            (Some(tenant), Some(client_id)) => Ok((tenant, client_id)),
            (tenant, client_id) => {
                let named = [("a tenant id", tenant), ("a client id", client_id)];
                let missing = named
                    .iter()
                    .filter(|(_, value)| value.is_none())
                    .map(|(name, _)| *name)
                    .collect();
                Err(SignInError::Incomplete { method, missing })
            }
        }
    }
}

/// Signs in by the first method that yields a token for ARM.
pub async fn sign_in(
    settings: &AuthSettings,
    http: &PooledClient,
    cloud: &Cloud,
) -> Result<SignIn, SignInError> {
    let scope = cloud.arm_scope();
    let mut attempts = Vec::new();
    for method in settings.methods() {
        let source = settings.source(method);
        let made = credential(settings, method, http, cloud)?;
        let token = match made {
            Ok(credential) => first_token(&credential, &scope, method)
                .await
                .map(|token| (credential, token)),
            Err(error) => Err(error),
        };
        match token {
            Ok((credential, token)) => {
                let who = Who::of(token.token.secret());
                return in_tenant(
                    SignIn {
                        credential,
                        source,
                        who,
                    },
                    settings.tenant.as_deref(),
                );
            }
            Err(error) => attempts.push(Attempt {
                source,
                said: said(&error),
            }),
        }
    }
    Err(SignInError::Failed { attempts })
}

/// The credential for Graph requests in the identity tenant. Its first token is fetched by the first request.
pub fn identity_tenant(
    settings: &IdentityTenant,
    http: &PooledClient,
    cloud: &Cloud,
) -> Result<Arc<dyn TokenCredential>, SignInError> {
    let IdentityTenant {
        tenant,
        client_id,
        client_secret,
    } = settings;
    client_secret_credential(tenant, client_id, client_secret, http, cloud).map_err(|error| {
        let source = Source {
            method: Method::ClientSecret,
            client_id: Some(client_id.clone()),
        };
        SignInError::Failed {
            attempts: vec![Attempt {
                source,
                said: said(&error),
            }],
        }
    })
}

type Made = Result<Arc<dyn TokenCredential>, azure_core::Error>;

fn credential(
    settings: &AuthSettings,
    method: Method,
    http: &PooledClient,
    cloud: &Cloud,
) -> Result<Made, SignInError> {
    Ok(match method {
        Method::ClientSecret => {
            let (tenant, client_id) = settings.principal(method)?;
            let secret = settings.client_secret.as_ref();
            let secret = secret.ok_or_else(|| SignInError::Incomplete {
                method,
                missing: vec!["a client secret"],
            })?;
            client_secret_credential(tenant, client_id, secret, http, cloud)
        }
        Method::GitHubActions | Method::AzurePipelines | Method::FederatedToken => {
            let (tenant, client_id) = settings.principal(method)?;
            let federation = settings.federation.clone();
            let is_meant = |federation: &Federation| federation.method() == method;
            let federation = federation.filter(is_meant);
            let federation = federation.ok_or_else(|| SignInError::Incomplete {
                method,
                missing: vec!["a token to show"],
            })?;
            federated_credential((tenant, client_id), federation, http, cloud)
        }
        Method::ManagedIdentity => managed_identity(settings.client_id.as_deref(), http, cloud),
        Method::AzureCli => azure_cli(settings.tenant.clone()),
    })
}

fn client_secret_credential(
    tenant: &str,
    client_id: &str,
    secret: &SecretString,
    http: &PooledClient,
    cloud: &Cloud,
) -> Made {
    let client_options = http.sign_in_options(cloud.authority);
    let options = identity::ClientSecretCredentialOptions { client_options };
    let secret = Secret::new(secret.expose_secret().to_owned());
    Ok(identity::ClientSecretCredential::new(
        tenant,
        client_id.to_owned(),
        secret,
        Some(options),
    )?)
}

fn federated_credential(
    (tenant, client_id): (&str, &str),
    federation: Federation,
    http: &PooledClient,
    cloud: &Cloud,
) -> Made {
    let client_options = http.sign_in_options(cloud.authority);
    let assertion = Assertion {
        federation,
        audience: cloud.token_exchange,
        pipeline: http.sign_in_pipeline(cloud.authority),
    };
    Ok(identity::ClientAssertionCredential::new(
        tenant.to_owned(),
        client_id.to_owned(),
        assertion,
        Some(identity::ClientAssertionCredentialOptions { client_options }),
    )?)
}

fn managed_identity(client_id: Option<&str>, http: &PooledClient, cloud: &Cloud) -> Made {
    let options = identity::ManagedIdentityCredentialOptions {
        user_assigned_id: client_id.map(|id| identity::UserAssignedId::ClientId(id.to_owned())),
        client_options: http.sign_in_options(cloud.authority),
    };
    Ok(identity::ManagedIdentityCredential::new(Some(options))?)
}

fn azure_cli(tenant_id: Option<String>) -> Made {
    let options = identity::AzureCliCredentialOptions {
        tenant_id,
        ..Default::default()
    };
    Ok(Arc::new(Remembering {
        inner: identity::AzureCliCredential::new(Some(options))?,
        tokens: Mutex::default(),
    }))
}

async fn first_token(
    credential: &Arc<dyn TokenCredential>,
    scope: &str,
    method: Method,
) -> Result<AccessToken, azure_core::Error> {
    // Outside Azure the metadata address swallows packets, and azure_identity would try for minutes.
    let patience = match method {
        Method::ManagedIdentity => Duration::from_secs(5),
        Method::ClientSecret
        | Method::GitHubActions
        | Method::AzurePipelines
        | Method::FederatedToken
        | Method::AzureCli => Duration::from_mins(1),
    };
    let token = tokio::time::timeout(patience, credential.get_token(&[scope], None)).await;
    token.unwrap_or_else(|_| {
        let message = format!("no answer within {} s", patience.as_secs());
        Err(azure_core::Error::with_message(
            azure_core::error::ErrorKind::Credential,
            message,
        ))
    })
}

fn in_tenant(signed_in: SignIn, wanted: Option<&str>) -> Result<SignIn, SignInError> {
    let is_guid = |text: &&str| uuid::Uuid::try_parse(text).is_ok();
    match (signed_in.who.tenant.as_deref(), wanted.filter(is_guid)) {
        (Some(got), Some(wanted)) if !got.eq_ignore_ascii_case(wanted) => {
            Err(SignInError::WrongTenant {
                got: got.to_owned(),
                wanted: wanted.to_owned(),
                signed_in: signed_in.source,
            })
        }
        _ => Ok(signed_in),
    }
}

/// What was said, with the first cause: `azure_identity` says that it gave up, its sources say why.
pub(super) fn said(error: &azure_core::Error) -> String {
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    let said = essence(&error.to_string());
    match cause.map(|cause| essence(&cause.to_string())) {
        // That it was tried several times is the smaller part of it.
        Some(cause) if said.starts_with("retry policy expired") => cause,
        Some(cause) if !said.contains(&cause) => format!("{said}: {cause}"),
        Some(_) | None => said,
    }
}

/// `azure_identity` wraps what was said into `XCredential authentication failed. … To troubleshoot, visit …`.
fn essence(message: &str) -> String {
    let message = message.split("\nTo troubleshoot").next().unwrap_or(message);
    let message = message
        .split_once("authentication failed.")
        .map_or(message, |(_, said)| said);
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `az account get-access-token` takes a second each time and `azure_identity` does not keep its tokens.
#[derive(Debug)]
struct Remembering {
    inner: Arc<identity::AzureCliCredential>,
    tokens: Mutex<HashMap<String, AccessToken>>,
}

#[async_trait::async_trait]
impl TokenCredential for Remembering {
    async fn get_token(
        &self,
        scopes: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        // The margin within which azure_core's bearer policy asks for a new one.
        const MARGIN: azure_core::time::Duration = azure_core::time::Duration::minutes(5);
        let key = scopes.join(" ");
        let mut tokens = self.tokens.lock().await;
        if let Some(token) = tokens
            .get(&key)
            .filter(|token| token.expires_on > OffsetDateTime::now_utc() + MARGIN)
        {
            return Ok(token.clone());
        }
        let token = self.inner.get_token(scopes, options).await?;
        tokens.insert(key, token.clone());
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> AuthSettings {
        AuthSettings {
            client_secret: Some(SecretString::from("s3cret")),
            ..AuthSettings::default()
        }
    }

    #[test]
    fn what_is_configured_is_used_and_nothing_else() {
        assert_eq!(secret().methods(), [Method::ClientSecret]);
        let both = AuthSettings {
            federation: Some(Federation::File("/token".into())),
            ..secret()
        };
        assert_eq!(both.methods(), [Method::ClientSecret]);
        let federated = AuthSettings {
            federation: Some(Federation::File("/token".into())),
            ..AuthSettings::default()
        };
        assert_eq!(federated.methods(), [Method::FederatedToken]);
        let announced = AuthSettings {
            managed_identity_announced: true,
            ..AuthSettings::default()
        };
        assert_eq!(announced.methods(), [Method::ManagedIdentity]);
        assert_eq!(
            AuthSettings::default().methods(),
            [Method::AzureCli, Method::ManagedIdentity]
        );
        let without = AuthSettings {
            without_cli: true,
            ..AuthSettings::default()
        };
        assert_eq!(without.methods(), [Method::ManagedIdentity]);
        let asked = AuthSettings {
            method: Some(Method::AzureCli),
            ..secret()
        };
        assert_eq!(asked.methods(), [Method::AzureCli]);
    }

    #[test]
    fn a_service_principal_without_its_parts_is_refused_by_name() {
        let error = secret().principal(Method::ClientSecret).unwrap_err();
        assert_eq!(
            error.to_string(),
            "signing in with a client secret needs a tenant id and a client id"
        );
        let settings = AuthSettings {
            tenant: Some("t".into()),
            ..secret()
        };
        let error = settings.principal(Method::ClientSecret).unwrap_err();
        assert_eq!(
            error.to_string(),
            "signing in with a client secret needs a client id"
        );
    }

    #[test]
    fn failures_list_what_was_tried_and_what_it_said() {
        let attempt = |method, said: &str| Attempt {
            source: Source {
                method,
                client_id: None,
            },
            said: essence(said),
        };
        let error = SignInError::Failed {
            attempts: vec![
                attempt(
                    Method::AzureCli,
                    "AzureCliCredential authentication failed. az not found on PATH\nTo troubleshoot, visit https://x",
                ),
                attempt(Method::ManagedIdentity, "no answer within 5 s"),
            ],
        };
        assert_eq!(
            error.to_string(),
            "cannot sign in to Azure\n  - az login: az not found on PATH\n  - managed identity: no answer within 5 s"
        );
        assert!(error.hint().unwrap().contains("install the Azure CLI"));
    }

    #[test]
    fn the_token_says_who_signed_in() {
        let claims = URL_SAFE_NO_PAD
            .encode(r#"{"tid":"t1","oid":"o1","appid":"a1","roles":["Application.Read.All"]}"#);
        let who = Who::of(&format!("h.{claims}.s"));
        assert_eq!(
            (who.tenant.as_deref(), who.object_id.as_deref()),
            (Some("t1"), Some("o1"))
        );
        assert_eq!(who.roles, ["Application.Read.All"]);
        assert_eq!(Who::of("opaque"), Who::default());
    }

    #[test]
    fn secrets_are_not_shown() {
        assert!(!format!("{:?}", secret()).contains("s3cret"));
    }
}
