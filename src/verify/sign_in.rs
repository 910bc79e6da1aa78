//! The user's sign-in: authorization code with PKCE (RFC 7636), by a person in a browser or by the sandbox's own page.
//!
//! Addresses are those of the spec's identity provider, over verified TLS; nothing is followed anywhere else. Codes,
//! verifiers and tokens stay in memory.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::attacker::{Credentials, Lent};
use super::message::{Reply, Request, Trouble};
use super::target::{Client, Provider, Target};
use super::token::Token;
use super::wire::Wire;

#[derive(Debug, thiserror::Error)]
pub enum SignInProblem {
    #[error("the identity provider does not answer: {0}")]
    Unreachable(String),
    #[error("{0}")]
    NotAsked(String),
    #[error("the identity provider refused: {0}")]
    Refused(String),
    #[error("the spec has no client that signs in without a secret; give a token with --token-env")]
    NoClient,
    #[error("the ids of API and clients cannot be read; is it deployed?")]
    NotDeployed,
    #[error("the answer belongs to another sign-in: its `state` is not the one that was sent")]
    Foreign,
}

impl SignInProblem {
    /// Whether the provider was asked and gave nothing: that is how it is.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            Self::Refused(_) | Self::NoClient => true,
            Self::Unreachable(_) | Self::NotAsked(_) | Self::NotDeployed | Self::Foreign => false,
        }
    }
}

/// A request to the authorization endpoint, one parameter at a time.
pub(super) struct Ask<'a> {
    provider: &'a Provider,
    flow: String,
    parameters: Vec<(String, String)>,
}

impl<'a> Ask<'a> {
    pub(super) fn new(provider: &'a Provider, flow: &str, client: &Client) -> Self {
        let redirect = client.redirects.first().map_or("", String::as_str);
        let ask = Self {
            provider,
            flow: flow.to_owned(),
            parameters: Vec::new(),
        };
        ask.with("client_id", &client.id)
            .with("response_type", "code")
            .with("redirect_uri", redirect)
            .with("scope", "openid")
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    fn query(&self) -> String {
        Serializer::new(String::new())
            .extend_pairs(&self.parameters)
            .finish()
    }

    fn path(&self) -> String {
        let base = self.provider.base(&self.flow);
        format!("{base}/oauth2/v2.0/authorize?{}", self.query())
    }

    pub(super) fn url(&self) -> String {
        format!("https://{}{}", self.provider.host, self.path())
    }

    pub(super) fn request(&self) -> Request {
        Request::get(&self.provider.host, &self.path())
    }

    /// The address that B2C's page leads to where a flow lets strangers sign up.
    pub(super) fn sign_up(&self) -> Request {
        let base = self.provider.base(&self.flow);
        let query = self.query();
        let path = format!("{base}/api/CombinedSigninAndSignup/unified?local=signup&{query}");
        Request::get(&self.provider.host, &path)
    }
}

pub(super) fn token_request(provider: &Provider, flow: &str, form: &[(&str, &str)]) -> Request {
    let base = provider.base(flow);
    let body = Serializer::new(String::new()).extend_pairs(form).finish();
    Request::new("POST", &provider.host, &format!("{base}/oauth2/v2.0/token"))
        .body("application/x-www-form-urlencoded", body)
}

pub(super) fn host_of(address: &str) -> Option<String> {
    let address = url::Url::parse(address).ok()?;
    (address.scheme() == "https")
        .then(|| address.host_str().map(str::to_owned))
        .flatten()
}

/// A sign-in that a person finishes in a browser.
#[derive(Debug)]
pub struct Begun<'a> {
    target: &'a Target,
    client: &'a Client,
    redirect: String,
    scope: String,
    verifier: SecretString,
    state: String,
    url: String,
}

fn random() -> String {
    let both = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    URL_SAFE_NO_PAD.encode(both.map(uuid::Uuid::into_bytes).concat())
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

fn public_client(target: &Target) -> Result<&Client, SignInProblem> {
    let provider = &target.provider;
    if provider.scope_prefix.is_none() || provider.clients.is_empty() {
        return Err(SignInProblem::NotDeployed);
    }
    let mut clients = provider.clients.iter();
    clients
        .find(|client| client.is_public && !client.redirects.is_empty())
        .ok_or(SignInProblem::NoClient)
}

/// What the attacked operations ask for, and the client may ask for.
fn full_scope(target: &Target, client: &Client) -> String {
    scope(target, client.scopes.iter())
}

fn scope<'a>(target: &Target, scopes: impl Iterator<Item = &'a String>) -> String {
    let prefix = target.provider.scope_prefix.as_deref().unwrap_or_default();
    let own = scopes.map(|scope| format!("{prefix}/{scope}"));
    let all: Vec<String> = own.chain(["openid".to_owned()]).collect();
    all.join(" ")
}

/// Prepares a sign-in in a browser, which comes back to an address on this machine where one is registered.
pub fn begin(target: &Target) -> Result<Begun<'_>, SignInProblem> {
    let client = public_client(target)?;
    let local = client
        .redirects
        .iter()
        .find(|redirect| redirect.starts_with("http://localhost"));
    let redirect = local
        .or(client.redirects.first())
        .cloned()
        .unwrap_or_default();
    let (verifier, state) = (random(), random());
    let scope = full_scope(target, client);
    let provider = &target.provider;
    let url = Ask::new(provider, &provider.user_flow, client)
        .with("redirect_uri", &redirect)
        .with("scope", &scope)
        .with("state", &state)
        .with("code_challenge", &challenge(&verifier))
        .with("code_challenge_method", "S256")
        .with("response_mode", "query")
        .url();
    Ok(Begun {
        target,
        client,
        redirect,
        scope,
        verifier: verifier.into(),
        state,
        url,
    })
}

impl Begun<'_> {
    /// Where the person signs in.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the browser comes back to.
    pub fn redirect(&self) -> &str {
        &self.redirect
    }

    /// Redeems the code of the address that the browser came back to.
    pub async fn finish(self, wire: &Wire, came_back: &str) -> Result<Credentials, SignInProblem> {
        let address = url::Url::parse(came_back.trim());
        let address = address.map_err(|error| SignInProblem::Refused(error.to_string()))?;
        let field = |name: &str| {
            let mut pairs = address.query_pairs();
            pairs
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.into_owned())
        };
        if let Some(error) = field("error_description").or_else(|| field("error")) {
            return Err(SignInProblem::Refused(error));
        }
        if field("state").as_deref() != Some(&self.state) {
            return Err(SignInProblem::Foreign);
        }
        let code = field("code").unwrap_or_default();
        let verifier = secrecy::ExposeSecret::expose_secret(&self.verifier).to_owned();
        let redeem = Redeem {
            code,
            verifier,
            redirect: &self.redirect,
            scope: &self.scope,
            odd: None,
        };
        let provider = &self.target.provider;
        let tokens = redeem
            .send(wire, provider, &provider.user_flow, self.client)
            .await?;
        Ok(Credentials {
            access: token(&tokens, "access_token"),
            identity: token(&tokens, "id_token"),
            ..Credentials::default()
        })
    }
}

struct Redeem<'a> {
    code: String,
    verifier: String,
    redirect: &'a str,
    scope: &'a str,
    /// A token of the sandbox's that nobody else gives.
    odd: Option<&'a str>,
}

impl Redeem<'_> {
    async fn send(
        &self,
        wire: &Wire,
        provider: &Provider,
        flow: &str,
        client: &Client,
    ) -> Result<Value, SignInProblem> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", client.id.as_str()),
            ("code", self.code.as_str()),
            ("redirect_uri", self.redirect),
            ("scope", self.scope),
            ("code_verifier", self.verifier.as_str()),
        ];
        form.extend(self.odd.map(|odd| ("sandbox_token", odd)));
        // A single-page application redeems its code from its own origin (domain facts D.3).
        let origin = url::Url::parse(self.redirect).map(|url| url.origin().ascii_serialization());
        let request =
            token_request(provider, flow, &form).with("Origin", origin.unwrap_or_default());
        let reply = exchange(wire, &request).await?;
        let said = reply.json();
        if reply.status != 200 {
            let why = said["error_description"].as_str().unwrap_or_default();
            return Err(SignInProblem::Refused(format!("{} {why}", reply.status)));
        }
        Ok(said)
    }
}

async fn exchange(wire: &Wire, request: &Request) -> Result<Reply, SignInProblem> {
    wire.send(request).await.map_err(|trouble| match trouble {
        Trouble::Spent => SignInProblem::NotAsked(trouble.to_string()),
        trouble => SignInProblem::Unreachable(trouble.to_string()),
    })
}

fn token(tokens: &Value, name: &str) -> Option<Token> {
    let text = tokens[name].as_str()?;
    Token::parse(&SecretString::from(text.to_owned())).ok()
}

/// A code of the sandbox's own page, which signs a pre-made account in without its password; and its verifier.
pub(super) async fn code(
    wire: &Wire,
    provider: &Provider,
    flow: &str,
    client: &Client,
    scope: &str,
    has_challenge: bool,
) -> Result<(String, String), SignInProblem> {
    let account = provider.accounts.iter().flatten().next();
    let verifier = random();
    let mut ask = Ask::new(provider, flow, client).with("scope", scope);
    if has_challenge {
        ask = ask
            .with("code_challenge", &challenge(&verifier))
            .with("code_challenge_method", "S256");
    }
    let form = [
        ("action", "withoutPassword"),
        ("signInName", account.map_or("", String::as_str)),
    ];
    let body = Serializer::new(String::new()).extend_pairs(form).finish();
    let request = Request::new("POST", &provider.host, &ask.path())
        .body("application/x-www-form-urlencoded", body);
    let reply = exchange(wire, &request).await?;
    let to = reply.header("location").unwrap_or_default();
    let address = url::Url::parse(to)
        .map_err(|_| SignInProblem::Refused(format!("{} at the sign-in page", reply.status)))?;
    let fields: std::collections::BTreeMap<_, _> = address.query_pairs().into_owned().collect();
    match (fields.get("code"), fields.get("error_description")) {
        (Some(code), _) => Ok((code.clone(), verifier)),
        (None, Some(why)) => Err(SignInProblem::Refused(why.clone())),
        (None, None) => Err(SignInProblem::Refused("there is no code".to_owned())),
    }
}

/// Signs a pre-made account of the sandbox in, in each way that the probes need.
pub async fn in_sandbox(wire: &Wire, target: &Target) -> Result<Credentials, SignInProblem> {
    let client = public_client(target)?;
    let full = full_scope(target, client);
    let narrow = scope(target, target.operation.scopes.iter());
    let own = format!("{} openid", client.id);
    let full = Wish {
        wire,
        provider: &target.provider,
        client,
        flow: &target.provider.user_flow,
        scope: &full,
        odd: None,
    };
    let tokens = full.tokens().await?;
    let odd = |name| Wish {
        odd: Some(name),
        ..full
    };
    let mut other_flow = None;
    for flow in &target.provider.other_flows {
        let other = Wish { flow, ..full }.lent().await;
        if !matches!(other_flow, Some(Ok(_))) {
            other_flow = other;
        }
    }
    Ok(Credentials {
        access: token(&tokens, "access_token"),
        identity: token(&tokens, "id_token"),
        narrow: scoped(full, &narrow).lent().await,
        own: scoped(full, &own).lent().await,
        other_flow,
        expired: odd("expired").lent().await,
        early: odd("early").lent().await,
        other_client: odd("other_client").lent().await,
        bad: Vec::new(),
        missing: None,
    })
}

fn scoped<'a>(wish: Wish<'a>, scope: &'a str) -> Wish<'a> {
    Wish { scope, ..wish }
}

/// A sign-in without a person.
#[derive(Clone, Copy)]
struct Wish<'a> {
    wire: &'a Wire,
    provider: &'a Provider,
    client: &'a Client,
    flow: &'a str,
    scope: &'a str,
    odd: Option<&'a str>,
}

impl Wish<'_> {
    async fn lent(self) -> Lent {
        let none = || SignInProblem::Refused("it gives no access token".to_owned());
        let tokens = self.tokens().await;
        Some(tokens.and_then(|tokens| token(&tokens, "access_token").ok_or_else(none)))
    }

    async fn tokens(self) -> Result<Value, SignInProblem> {
        let Self {
            wire,
            provider,
            client,
            flow,
            scope,
            odd,
        } = self;
        let (code, verifier) = code(wire, provider, flow, client, scope, true).await?;
        let redeem = Redeem {
            code,
            verifier,
            redirect: client.redirects.first().map_or("", String::as_str),
            scope,
            // Nobody but the sandbox is asked for such a thing.
            odd: odd.filter(|_| wire.is_sandbox()),
        };
        redeem.send(wire, provider, flow, client).await
    }
}
