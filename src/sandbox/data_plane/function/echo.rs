//! The app behind the front end: says what reached it, without repeating a secret.

use serde_json::{Map, Value, json};

use super::{Site, marker};
use crate::sandbox::behaviour::digest;
use crate::sandbox::data_plane::Plane;
use crate::sandbox::data_plane::call::{Call, Reply, Via};
use crate::sandbox::data_plane::hosts::text;

const BACKEND: &str = "X-Secgw-Backend";

/// Headers whose value is a secret or may be one.
const SECRET_HEADERS: [&str; 5] = [
    "authorization",
    "cookie",
    "ocp-apim-subscription-key",
    "proxy-authorization",
    "x-functions-key",
];

pub(super) fn answer(plane: &Plane, site: &Site, call: &Call, caller: Option<&Value>) -> Reply {
    let path = call.path();
    if let Some(preflight) = cross_origin(site, call) {
        return preflight;
    }
    let reply = if path == "/" {
        Reply::html(
            200,
            "<!DOCTYPE html><title>Your Azure Function App is up and running.</title>\n",
        )
    } else if path.starts_with("/admin/") || path.starts_with("/runtime/webhooks/") {
        // The host's own interface needs the master key, which nobody is given.
        Reply::empty(401)
    } else if path == "/.auth/me" {
        Reply::empty(if caller.is_some() { 200 } else { 401 })
    } else if path.starts_with("/api/") {
        Reply::json(200, &said(plane, site, call, caller))
    } else {
        Reply::empty(404)
    };
    let seed = digest(&Value::from(site.id.to_lowercase()));
    let reply = with_origin(site, call, reply)
        .with("Server", "Kestrel")
        .with("Request-Context", format!("appId=cid-v1:{}", &seed[..32]));
    if path.starts_with("/api/") {
        return reply.with(BACKEND, marker(site));
    }
    reply
}

fn said(plane: &Plane, site: &Site, call: &Call, caller: Option<&Value>) -> Value {
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in &call.headers {
        let name = name.to_lowercase();
        let shown = if SECRET_HEADERS.contains(&name.as_str()) {
            "REDACTED"
        } else {
            value
        };
        match headers.get_mut(&name) {
            Some(Value::String(before)) => *before = format!("{before}, {shown}"),
            _ => {
                headers.insert(name, shown.into());
            }
        }
    }
    let query: Vec<String> = url::form_urlencoded::parse(call.query().as_bytes())
        .map(|(name, value)| match name.as_ref() {
            "code" | "access_token" | "subscription-key" | "sig" => format!("{name}=REDACTED"),
            _ => format!("{name}={value}"),
        })
        .collect();
    json!({
        "function": marker(site),
        "method": call.method,
        "host": call.host,
        "path": call.path(),
        "query": query,
        "headers": headers,
        "authorization": shown_claims(plane, call),
        "caller": caller.map_or(Value::Null, |claims| claims["oid"].clone()),
        "body_bytes": call.body.len(),
        "source": call.source.to_string(),
        "via": match call.via {
            Via::Internet => "internet",
            Via::FrontDoor { .. } => "front door",
            Via::Gateway { .. } => "gateway",
        },
    })
}

/// Who and what a bearer token that reached the app is for; null for anything that is not a token of the sandbox.
fn shown_claims(plane: &Plane, call: &Call) -> Value {
    let claims = super::auth::bearer(call).and_then(|token| plane.issuer.claims(token));
    claims.map_or(Value::Null, |claims| {
        json!({
            "iss": claims["iss"], "aud": claims["aud"], "sub": claims["sub"],
            "azp": text(&claims, "/azp"), "scp": text(&claims, "/scp"),
        })
    })
}

/// The platform's own CORS: a preflight ends here once any origin is allowed.
fn cross_origin(site: &Site, call: &Call) -> Option<Reply> {
    let is_preflight =
        call.method == "OPTIONS" && call.header("access-control-request-method").is_some();
    let is_on = site.web["cors"]["allowedOrigins"]
        .as_array()
        .is_some_and(|origins| !origins.is_empty());
    (is_preflight && is_on).then(|| with_origin(site, call, Reply::empty(204)))
}

fn with_origin(site: &Site, call: &Call, reply: Reply) -> Reply {
    let Some(origin) = call.header("origin") else {
        return reply;
    };
    let cors = &site.web["cors"];
    let mut allowed = cors["allowedOrigins"].as_array().into_iter().flatten();
    let Some(found) = allowed.find(|one| *one == "*" || *one == origin) else {
        return reply;
    };
    let reply = reply.with(
        "Access-Control-Allow-Origin",
        found.as_str().unwrap_or_default(),
    );
    if cors["supportCredentials"] == true {
        return reply.with("Access-Control-Allow-Credentials", "true");
    }
    reply
}
