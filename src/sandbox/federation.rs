//! Federated identities: the tokens that GitHub Actions and Azure Pipelines hand to their jobs, and what Entra makes of
//! one that it is shown in place of a secret.
//!
//! The sandbox answers at both services' addresses, so that a sign-in without a secret runs as it would for real. Which
//! subjects an application trusts is not modelled (no application is registered for signing in to ARM); everything else
//! is checked: form, signature of tokens from here, audience, lifetime.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::entra::Issuer;
use super::message::{Method, Request, Response};

pub(crate) const GITHUB_HOST: &str = "pipelines.actions.githubusercontent.com";
pub(crate) const PIPELINES_HOST: &str = "dev.azure.com";
const GITHUB: &str = "https://token.actions.githubusercontent.com";
const PIPELINES: &str = "https://vstoken.dev.azure.com";
/// Of each cloud: "Workload identity federation", learn.microsoft.com, read 2026-11-23.
const EXCHANGES: [&str; 3] = [
    "api://AzureADTokenExchange",
    "api://AzureADTokenExchangeUSGov",
    "api://AzureADTokenExchangeChina",
];
const LIFETIME: i64 = 300;

/// A job asks for its token: with GET at GitHub, with POST at Azure Pipelines. Its key shows that it is a job.
pub(crate) fn ask(issuer: &Issuer, request: &Request, now: OffsetDateTime) -> Response {
    let key = request.header("authorization").unwrap_or_default();
    if !key.starts_with("Bearer ") {
        return Response::json(401, json!({ "message": "Unauthorized" }));
    }
    let (asked, issued_by, audience, member) = match (request.host.as_str(), request.method) {
        (GITHUB_HOST, Method::Get) => (
            "audience",
            GITHUB,
            request
                .parameter("audience")
                .unwrap_or("https://github.com"),
            "value",
        ),
        (PIPELINES_HOST, Method::Post) => {
            ("serviceConnectionId", PIPELINES, EXCHANGES[0], "oidcToken")
        }
        _ => return Response::empty(404),
    };
    let Some(value) = request.parameter(asked) else {
        return Response::json(400, json!({ "message": format!("{asked} is missing") }));
    };
    let subject = match issued_by {
        GITHUB => "repo:contoso/orders:ref:refs/heads/main".to_owned(),
        _ => format!("sc://contoso/orders/{value}"),
    };
    let claims = json!({
        "iss": issued_by, "sub": subject, "aud": audience,
        "iat": now.unix_timestamp(), "nbf": now.unix_timestamp(), "exp": now.unix_timestamp() + LIFETIME,
    });
    match issuer.sign(&claims) {
        Some(token) => Response::json(200, json!({ member: token })),
        None => Response::empty(500),
    }
}

/// Why Entra does not take a token in place of a secret: error, code and message.
pub(crate) fn refused(
    issuer: &Issuer,
    assertion: &str,
    now: OffsetDateTime,
) -> Option<(&'static str, u32, String)> {
    let invalid = |code, message: String| Some(("invalid_client", code, message));
    let Some(claims) = unverified(assertion) else {
        let message = "Client assertion is not within its valid form: it is not a JWT.";
        return invalid(50_027, message.to_owned());
    };
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let is_ours = [GITHUB, PIPELINES].contains(&text("iss"));
    if is_ours && issuer.claims(assertion).is_none() {
        let message = "Client assertion failed signature validation.";
        return invalid(700_027, message.to_owned());
    }
    let is_for_exchange = EXCHANGES.contains(&text("aud"));
    let is_for_endpoint =
        text("aud").contains("/oauth2/v2.0/token") || text("aud").starts_with("https://login.");
    if !is_for_exchange && !is_for_endpoint {
        let message = format!(
            "No matching federated identity record found for presented assertion audience '{}'.",
            text("aud")
        );
        return invalid(700_212, message);
    }
    let expires = claims["exp"].as_i64().unwrap_or_default();
    if expires <= now.unix_timestamp() {
        let message = "Client assertion is not within its valid time range.";
        return invalid(700_024, message.to_owned());
    }
    None
}

fn unverified(token: &str) -> Option<Value> {
    use base64::Engine as _;
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims);
    serde_json::from_slice(&claims.ok()?).ok()
}
