//! The token endpoint, and what a token says (`domain.md` D.7).

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use time::Duration;
use uuid::Uuid;

use super::account::{self, USERS};
use super::application::{self, Client, Platform, ScopeError};
use super::odd::{self, Odd};
use super::{Authority, Grant};
use crate::sandbox::data_plane::Plane;
use crate::sandbox::data_plane::call::{Call, Reply};
use crate::sandbox::data_plane::hosts::text;
use crate::sandbox::store::Object;

/// Default lifetimes: 60 minutes, 14 days.
const ACCESS: Duration = Duration::minutes(60);
const REFRESH: Duration = Duration::days(14);

pub(super) fn form(body: &[u8]) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

struct Denied {
    error: &'static str,
    description: String,
}

fn denied(error: &'static str, description: impl Into<String>) -> Denied {
    Denied {
        error,
        description: description.into(),
    }
}

pub(super) fn answer(plane: &mut Plane, authority: &Authority, call: &Call) -> Reply {
    let form = form(&call.body);
    let reply = match redeem(plane, authority, &form) {
        Ok(tokens) => Reply::json(200, &tokens),
        Err(Denied { error, description }) => {
            let status = if error == "invalid_client" { 401 } else { 400 };
            let body = json!({
                "error": error, "error_description": description, "correlation_id": Uuid::new_v4().to_string(),
            });
            Reply::json(status, &body)
        }
    };
    let reply = reply.with("Cache-Control", "no-store");
    // A single-page application redeems its code from a page of its own.
    match call.header("origin") {
        Some(origin) if is_own_origin(plane, authority, &form, origin) => {
            reply.with("Access-Control-Allow-Origin", origin)
        }
        Some(_) | None => reply,
    }
}

fn is_own_origin(
    plane: &Plane,
    authority: &Authority,
    form: &BTreeMap<String, String>,
    origin: &str,
) -> bool {
    let client = form.get("client_id").map_or("", String::as_str);
    application::find(plane.store, authority, client).is_some_and(|client| {
        let own = client.body["spa"]["redirectUris"].as_array();
        own.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .any(|uri| {
                uri.strip_prefix(origin)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    })
}

fn redeem(
    plane: &mut Plane,
    authority: &Authority,
    form: &BTreeMap<String, String>,
) -> Result<Value, Denied> {
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let store = plane.store;
    let Some(client) = application::find(store, authority, field("client_id")) else {
        return Err(denied(
            "unauthorized_client",
            format!(
                "AADB2C90018: The client ID '{}' specified in the request is not registered in tenant '{}'.",
                field("client_id"),
                authority.tenant
            ),
        ));
    };
    let grant = match field("grant_type") {
        "authorization_code" => by_code(plane, authority, &client, form)?,
        "refresh_token" => by_refresh(plane, authority, &client, form)?,
        "password" => by_password(plane, authority, &client, form)?,
        other => {
            return Err(denied(
                "unsupported_grant_type",
                format!("AADB2C90086: The supplied grant_type [{other}] is not supported."),
            ));
        }
    };
    let odd = odd::find(form.get("sandbox_token"))
        .map_err(|unknown| denied("invalid_request", unknown))?;
    issue(plane, authority, &client, grant, odd)
}

fn by_code(
    plane: &mut Plane,
    authority: &Authority,
    client: &Client,
    form: &BTreeMap<String, String>,
) -> Result<Grant, Denied> {
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    // Taken out whatever comes of it: a code that was shown once is spent.
    let grant = plane.counters.sessions.codes.remove(field("code"));
    let grant = grant
        .filter(|grant| grant.until > plane.now)
        .ok_or_else(|| denied("invalid_grant", "AADB2C90080: The provided grant has expired. Please re-authenticate and try again."))?;
    if grant.client != client.id || grant.authority != authority.base() {
        return Err(denied(
            "invalid_grant",
            "AADB2C90088: The provided grant has not been issued for this endpoint.",
        ));
    }
    if grant.redirect != field("redirect_uri") {
        return Err(denied(
            "invalid_grant",
            format!(
                "AADB2C90006: The redirect URI '{}' provided in the request is not registered for the client ID '{}'.",
                field("redirect_uri"),
                client.id
            ),
        ));
    }
    let platform = client.platform(&grant.redirect);
    prove(&grant, platform, field("code_verifier"))?;
    if platform == Some(Platform::Web) && !client.has_secret(field("client_secret")) {
        return Err(denied(
            "invalid_client",
            "AADB2C90079: Clients must send a client_secret when redeeming a confidential grant.",
        ));
    }
    Ok(grant)
}

/// PKCE: a single-page or native application has nothing else that ties the code to it.
fn prove(grant: &Grant, platform: Option<Platform>, verifier: &str) -> Result<(), Denied> {
    match &grant.challenge {
        None if platform == Some(Platform::Web) => Ok(()),
        None => Err(denied(
            "invalid_request",
            "AADSTS9002325: Proof Key for Code Exchange is required for cross-origin authorization code redemption.",
        )),
        Some((method, challenge)) => {
            let shown = match method.as_str() {
                "S256" => URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())),
                _ => verifier.to_owned(),
            };
            if verifier.is_empty() || shown != *challenge {
                return Err(denied(
                    "invalid_grant",
                    "AADB2C90183: The supplied code_verifier is invalid.",
                ));
            }
            Ok(())
        }
    }
}

fn by_refresh(
    plane: &mut Plane,
    authority: &Authority,
    client: &Client,
    form: &BTreeMap<String, String>,
) -> Result<Grant, Denied> {
    let token = form.get("refresh_token").map_or("", String::as_str);
    let found = plane.counters.sessions.refresh.get(token).cloned();
    let mut grant = found
        .filter(|grant| {
            grant.until > plane.now && grant.client == client.id && grant.authority == authority.base()
        })
        .ok_or_else(|| denied("invalid_grant", "AADB2C90080: The provided grant has expired. Please re-authenticate and try again."))?;
    if let Some(scope) = form.get("scope").filter(|scope| !scope.is_empty()) {
        grant.scopes = scope.split_whitespace().map(str::to_owned).collect();
    }
    grant.nonce = None;
    Ok(grant)
}

/// Only a flow made for it takes passwords, and only from an application that says it is a public one (D.4).
fn by_password(
    plane: &Plane,
    authority: &Authority,
    client: &Client,
    form: &BTreeMap<String, String>,
) -> Result<Grant, Denied> {
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let is_open = authority
        .policy
        .as_ref()
        .is_some_and(|policy| policy.kind.starts_with("resourceOwner"));
    if !is_open {
        return Err(denied(
            "unsupported_grant_type",
            "AADB2C90086: The supplied grant_type [password] is not supported.",
        ));
    }
    if client.body["isFallbackPublicClient"] != true {
        return Err(denied(
            "unauthorized_client",
            "AADB2C90057: The provided application is not configured to allow public clients.",
        ));
    }
    let user = account::sign_in(
        plane.store,
        authority,
        field("username"),
        Some(field("password")),
    );
    let Ok(user) = user else {
        return Err(denied(
            "access_denied",
            "AADB2C90225: The username or password provided in the request are invalid.",
        ));
    };
    Ok(Grant {
        authority: authority.base(),
        client: client.id.to_owned(),
        redirect: String::new(),
        user: text(&user.body, "/id").to_owned(),
        scopes: field("scope")
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        nonce: None,
        challenge: None,
        until: plane.now,
    })
}

/// Tokens for a grant: of an account that is still there and enabled.
fn issue(
    plane: &mut Plane,
    authority: &Authority,
    client: &Client,
    grant: Grant,
    odd: Option<&Odd>,
) -> Result<Value, Denied> {
    let store = plane.store;
    let user = store
        .get(&format!("{}/users/{}", authority.in_graph(), grant.user))
        .filter(|user| user.kind == USERS && user.body["accountEnabled"] == true)
        .ok_or_else(|| {
            denied(
                "invalid_grant",
                "AADB2C90087: The grant is for an account that is not there or disabled.",
            )
        })?;
    let asked = application::asked(store, authority, client, &grant.scopes).map_err(|error| match error {
        ScopeError::Unsupported(scope) => denied("invalid_request", format!("AADB2C90117: The scope '{scope}' provided in the request is not supported.")),
        ScopeError::NotGranted => denied("access_denied", "AADB2C90205: This application does not have sufficient permissions against this web resource to perform the operation."),
    })?;
    let issuing = Issuing {
        plane,
        authority,
        client,
        user,
    };
    let mut tokens = json!({
        "token_type": "Bearer", "not_before": issuing.plane.now.unix_timestamp(), "expires_in": ACCESS.whole_seconds(),
    });
    if let Some(resource) = asked.resource {
        let mut claims = issuing.access(resource, &asked.scopes);
        if let Some(odd) = odd {
            odd.spoil(&mut claims, issuing.plane.now);
        }
        tokens["access_token"] = issuing.signed(&claims)?.into();
        tokens["scope"] = grant.scopes.join(" ").into();
    }
    if asked.wants_id_token {
        let claims = issuing.identity(grant.nonce.as_deref());
        tokens["id_token"] = issuing.signed(&claims)?.into();
    }
    if asked.wants_refresh {
        let token = Uuid::new_v4().simple().to_string();
        tokens["refresh_token"] = token.clone().into();
        let until = plane.now + REFRESH;
        plane
            .counters
            .sessions
            .refresh
            .insert(token, Grant { until, ..grant });
    }
    Ok(tokens)
}

struct Issuing<'p, 's> {
    plane: &'p Plane<'s>,
    authority: &'p Authority,
    client: &'p Client<'p>,
    user: &'p Object,
}

impl Issuing<'_, '_> {
    fn signed(&self, claims: &Value) -> Result<String, Denied> {
        self.plane
            .issuer
            .sign(claims)
            .ok_or_else(|| denied("server_error", "The token cannot be signed."))
    }

    /// What both tokens of a sign-in say. B2C names people by `sub` and adds no `oid` unless a flow is told to.
    fn common(&self, audience: &str, is_v2: bool) -> Value {
        let now = self.plane.now;
        let id = text(&self.user.body, "/id");
        let mut claims = json!({
            "aud": audience, "iat": now.unix_timestamp(), "nbf": now.unix_timestamp(), "auth_time": now.unix_timestamp(),
            "exp": (now + ACCESS).unix_timestamp(), "name": self.user.body["displayName"],
        });
        if let Some(policy) = &self.authority.policy {
            claims["iss"] = self.authority.issuer().into();
            claims["sub"] = id.into();
            claims["tfp"] = policy.id.clone().into();
            claims["ver"] = "1.0".into();
            return claims;
        }
        let directory = &self.authority.directory;
        let pairwise = digest(&SHA256, format!("{id}|{audience}").as_bytes());
        claims["sub"] = URL_SAFE_NO_PAD.encode(pairwise).into();
        claims["oid"] = id.into();
        claims["tid"] = directory.clone().into();
        claims["ver"] = if is_v2 { "2.0" } else { "1.0" }.into();
        claims["iss"] = if is_v2 {
            self.authority.issuer().into()
        } else {
            format!("https://sts.windows.net/{directory}/").into()
        };
        claims
    }

    fn access(&self, resource: &Object, scopes: &[String]) -> Value {
        let is_v2 = resource.body["api"]["requestedAccessTokenVersion"] == 2;
        let mut claims = self.common(text(&resource.body, "/appId"), is_v2);
        if !scopes.is_empty() {
            claims["scp"] = scopes.join(" ").into();
        }
        claims["azp"] = self.client.id.into();
        claims
    }

    fn identity(&self, nonce: Option<&str>) -> Value {
        let mut claims = self.common(self.client.id, true);
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        claims
    }
}

/// Where an application still has the implicit flow: what the authorization endpoint gives out at once.
pub(super) fn at_once(
    plane: &mut Plane,
    authority: &Authority,
    client: &Client,
    grant: &Grant,
) -> Option<Value> {
    issue(plane, authority, client, grant.clone(), None).ok()
}
