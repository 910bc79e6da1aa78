//! App Service authentication (Easy Auth) by the stored `authsettingsV2` (domain facts B.3).
//!
//! Bearer tokens of the workforce directory are validated: signature, issuer, audience, lifetime, then who may come in.
//! Of the browser sign-in only the redirect is there.

use serde_json::Value;

use super::{Site, config};
use crate::sandbox::data_plane::Plane;
use crate::sandbox::data_plane::call::{Call, Reply, Scheme};
use crate::sandbox::data_plane::hosts::text;

/// Claims of the caller; none where nobody has to be anybody. The reply refuses.
pub(super) fn authenticate(
    plane: &Plane,
    site: &Site,
    call: &Call,
) -> Result<Option<Value>, Reply> {
    let settings = config(plane, site.id, "authsettingsV2");
    if settings["platform"]["enabled"] != true {
        return Ok(None);
    }
    if settings["httpSettings"]["requireHttps"] != false && call.scheme == Scheme::Http {
        let to = format!("https://{}{}", call.host, call.target);
        return Err(Reply::empty(302).with("Location", to));
    }
    let provider = &settings["identityProviders"]["azureActiveDirectory"];
    let validated = bearer(call).and_then(|token| validate(plane, provider, token));
    match validated {
        Some(claims) => authorize(provider, &claims).map(|()| Some(claims)),
        None if is_open(&settings["globalValidation"], call.path()) => Ok(None),
        None => Err(refuse(&settings["globalValidation"], provider, call)),
    }
}

pub(super) fn bearer(call: &Call) -> Option<&str> {
    let (scheme, token) = call.header("authorization")?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

fn is_open(global: &Value, path: &str) -> bool {
    let mut excluded = strings(&global["excludedPaths"]);
    global["requireAuthentication"] != true
        || global["unauthenticatedClientAction"] == "AllowAnonymous"
        || excluded.any(|open| match open.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == open,
        })
}

fn validate(plane: &Plane, provider: &Value, token: &str) -> Option<Value> {
    if provider["enabled"] == false {
        return None;
    }
    let registration = &provider["registration"];
    let client = text(registration, "/clientId");
    let claims = plane.issuer.claims(token)?;
    let issuer = text(registration, "/openIdIssuer").trim_end_matches('/');
    let is_issuer = text(&claims, "/iss").trim_end_matches('/') == issuer;
    let audience = text(&claims, "/aud");
    // Documented: the client id always counts as an allowed audience.
    let is_audience = !audience.is_empty()
        && (audience == client
            || strings(&provider["validation"]["allowedAudiences"]).any(|one| one == audience));
    let now = plane.now.unix_timestamp();
    let is_current = claims["exp"].as_i64().is_some_and(|at| at > now)
        && claims["nbf"].as_i64().is_none_or(|at| at <= now + SKEW);
    (is_issuer && is_audience && is_current && !client.is_empty()).then_some(claims)
}

/// Clocks of the directory and of the platform differ by minutes at most.
const SKEW: i64 = 300;

/// A valid token of somebody who may not come in is 403. An empty list asks for nothing.
fn authorize(provider: &Value, claims: &Value) -> Result<(), Reply> {
    let validation = &provider["validation"];
    let policy = &validation["defaultAuthorizationPolicy"];
    let checks = &validation["jwtClaimChecks"];
    let application = [text(claims, "/azp"), text(claims, "/appid")];
    let own_groups: Vec<&str> = strings(&claims["groups"]).collect();
    let asked = [
        (&policy["allowedApplications"], application.to_vec()),
        (&checks["allowedClientApplications"], application.to_vec()),
        (
            &policy["allowedPrincipals"]["identities"],
            vec![text(claims, "/oid")],
        ),
        (&policy["allowedPrincipals"]["groups"], own_groups.clone()),
        (&checks["allowedGroups"], own_groups),
    ];
    let is_allowed = asked.iter().all(|(allowed, own)| {
        strings(allowed).next().is_none() || strings(allowed).any(|one| own.contains(&one))
    });
    if is_allowed {
        return Ok(());
    }
    Err(Reply::text(
        403,
        "You do not have permission to view this directory or page.",
    ))
}

fn refuse(global: &Value, provider: &Value, call: &Call) -> Reply {
    match global["unauthenticatedClientAction"].as_str() {
        Some("Return403") => Reply::text(
            403,
            "You do not have permission to view this directory or page.",
        ),
        Some("Return404") => Reply::empty(404),
        Some("Return401") => challenge(call),
        // A token that does not hold is no browser: it is told so and not sent to sign in.
        _ if bearer(call).is_some() => challenge(call),
        _ => {
            let to = format!(
                "{}/oauth2/v2.0/authorize?response_type=code+id_token&client_id={}",
                text(provider, "/registration/openIdIssuer").trim_end_matches("/v2.0"),
                text(provider, "/registration/clientId"),
            );
            Reply::empty(302).with("Location", to)
        }
    }
}

fn challenge(call: &Call) -> Reply {
    Reply::text(
        401,
        "You do not have permission to view this directory or page.",
    )
    .with(
        "WWW-Authenticate",
        format!("Bearer realm=\"{}\"", call.host),
    )
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}
