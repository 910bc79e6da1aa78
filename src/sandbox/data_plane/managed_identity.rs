//! Tokens of the subscription's directory for the managed identity of a resource.

use serde_json::{Value, json};
use time::Duration;

use super::Plane;
use super::hosts::text;
use crate::sandbox::store::Store;

/// Documented: 24 hours for managed identities.
const LIFETIME: Duration = Duration::hours(24);

struct Identity<'a> {
    principal: &'a str,
    client: &'a str,
    tenant: &'a str,
}

impl Plane<'_> {
    /// What the identity endpoint of `holder` (an ARM id) hands out for `resource`; `client` picks a user-assigned identity.
    ///
    /// None: the holder has no such identity, or its directory no such application.
    pub(crate) fn managed_identity_token(
        &self,
        holder: &str,
        client: Option<&str>,
        resource: &str,
    ) -> Option<String> {
        let identity = identity(self.store, holder, client)?;
        let (audience, is_v2) = audience(self.store, &identity, resource)?;
        let issued = self.now.unix_timestamp();
        let tenant = identity.tenant;
        let mut claims = json!({
            "aud": audience, "iat": issued, "nbf": issued, "exp": (self.now + LIFETIME).unix_timestamp(),
            "oid": identity.principal, "sub": identity.principal, "tid": tenant, "idtyp": "app",
        });
        let own = if is_v2 {
            json!({ "iss": format!("https://login.microsoftonline.com/{tenant}/v2.0"), "azp": identity.client, "azpacr": "2", "ver": "2.0" })
        } else {
            json!({ "iss": format!("https://sts.windows.net/{tenant}/"), "appid": identity.client, "appidacr": "2", "ver": "1.0" })
        };
        if let (Some(claims), Value::Object(own)) = (claims.as_object_mut(), own) {
            claims.extend(own);
        }
        self.issuer.sign(&claims)
    }
}

fn identity<'a>(store: &'a Store, holder: &str, client: Option<&str>) -> Option<Identity<'a>> {
    let body = &store.get(holder)?.body["identity"];
    let principal = match client {
        None => body["principalId"].as_str().or_else(|| only(body))?,
        Some(client) => assigned(body)
            .find(|one| one["clientId"] == client)
            .and_then(|one| one["principalId"].as_str())?,
    };
    let found = store
        .of_kind("/graph", "graph:servicePrincipals")
        .find(|object| object.body["id"] == principal)?;
    Some(Identity {
        principal,
        client: found.body["appId"].as_str()?,
        tenant: found.id.split('/').nth(2)?,
    })
}

fn assigned(identity: &Value) -> impl Iterator<Item = &Value> {
    let all = identity["userAssignedIdentities"].as_object();
    all.into_iter().flatten().map(|(_, one)| one)
}

/// Without a client id the only user-assigned identity is meant; with several the endpoint refuses.
fn only(identity: &Value) -> Option<&str> {
    let mut all = assigned(identity);
    match (all.next(), all.next()) {
        (Some(one), None) => one["principalId"].as_str(),
        _ => None,
    }
}

/// The audience and version of a token for `resource`: an application of the directory decides by
/// `requestedAccessTokenVersion`, Microsoft's own services take version 1.
fn audience(store: &Store, identity: &Identity, resource: &str) -> Option<(String, bool)> {
    let own = resource.strip_prefix("api://").unwrap_or(resource);
    let directory = format!("/graph/{}", identity.tenant);
    let application = store
        .of_kind(&directory, "graph:applications")
        .find(|object| {
            let uris = object.body["identifierUris"].as_array();
            object.body["appId"] == own
                || uris.is_some_and(|uris| uris.iter().any(|uri| uri == resource))
        });
    match application {
        Some(application) => {
            let principal = store
                .of_kind(&directory, "graph:servicePrincipals")
                .find(|object| object.body["appId"] == application.body["appId"])?;
            let is_refused = principal.body["appRoleAssignmentRequired"] == true
                && !is_assigned(store, &directory, identity, text(&principal.body, "/id"));
            let is_v2 = application.body["api"]["requestedAccessTokenVersion"] == 2;
            let audience = if is_v2 {
                text(&application.body, "/appId")
            } else {
                resource
            };
            (!is_refused).then(|| (audience.to_owned(), is_v2))
        }
        None if resource.starts_with("https://") => Some((resource.to_owned(), false)),
        None => None,
    }
}

fn is_assigned(store: &Store, directory: &str, identity: &Identity, resource: &str) -> bool {
    store
        .of_kind(directory, "graph:appRoleAssignedTo")
        .any(|object| {
            object.body["principalId"] == identity.principal
                && object.body["resourceId"] == resource
        })
}
