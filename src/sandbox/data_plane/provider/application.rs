//! Registered applications: who a client is, where its codes may go, and what it was granted.

use serde_json::Value;

use super::Authority;
use crate::sandbox::data_plane::hosts::text;
use crate::sandbox::store::{Object, Store};

const APPLICATIONS: &str = "graph:applications";
const PRINCIPALS: &str = "graph:servicePrincipals";
const GRANTS: &str = "graph:oauth2PermissionGrants";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Platform {
    Spa,
    Web,
    Public,
}

pub(super) struct Client<'a> {
    pub(super) id: &'a str,
    pub(super) body: &'a Value,
}

pub(super) fn find<'a>(
    store: &'a Store,
    authority: &Authority,
    client: &str,
) -> Option<Client<'a>> {
    let found = store
        .of_kind(&authority.in_graph(), APPLICATIONS)
        .find(|object| text(&object.body, "/appId").eq_ignore_ascii_case(client))?;
    Some(Client {
        id: text(&found.body, "/appId"),
        body: &found.body,
    })
}

impl Client<'_> {
    /// The platform that has this redirect address; exactly, as Azure compares them.
    pub(super) fn platform(&self, redirect: &str) -> Option<Platform> {
        [
            (Platform::Spa, "/spa/redirectUris"),
            (Platform::Web, "/web/redirectUris"),
            (Platform::Public, "/publicClient/redirectUris"),
        ]
        .into_iter()
        .find(|(_, pointer)| {
            let registered = self.body.pointer(pointer).and_then(Value::as_array);
            registered.into_iter().flatten().any(|one| one == redirect)
        })
        .map(|(platform, _)| platform)
    }

    pub(super) fn implicit(&self, setting: &str) -> bool {
        self.body["web"]["implicitGrantSettings"][setting] == true
    }

    /// Whether user flows take it (domain facts D.2: AADB2C90068 otherwise).
    pub(super) fn is_for_user_flows(&self) -> bool {
        self.body["signInAudience"] == "AzureADandPersonalMicrosoftAccount"
    }

    /// Whether this looks like one of the client's secrets: the directory keeps no more of one than its hint.
    pub(super) fn has_secret(&self, secret: &str) -> bool {
        let Some(made) = secret.strip_prefix("sbx~") else {
            return false;
        };
        let credentials = self.body["passwordCredentials"].as_array();
        credentials.into_iter().flatten().any(|one| {
            let hint = text(one, "/hint");
            !hint.is_empty() && made.starts_with(hint)
        })
    }
}

/// A resource that scopes name, and what of it was asked for.
pub(super) struct Asked<'a> {
    pub(super) resource: Option<&'a Object>,
    pub(super) scopes: Vec<String>,
    pub(super) wants_id_token: bool,
    pub(super) wants_refresh: bool,
}

pub(super) enum ScopeError {
    Unsupported(String),
    NotGranted,
}

/// Resolves scopes: `openid`, `offline_access`, the client's own id, or `{identifier}/{scope}` of one API.
pub(super) fn asked<'a>(
    store: &'a Store,
    authority: &Authority,
    client: &Client,
    scopes: &[String],
) -> Result<Asked<'a>, ScopeError> {
    let mut asked = Asked {
        resource: None,
        scopes: Vec::new(),
        wants_id_token: false,
        wants_refresh: false,
    };
    for scope in scopes {
        match scope.as_str() {
            "openid" => asked.wants_id_token = true,
            "offline_access" => asked.wants_refresh = true,
            "profile" | "email" => {}
            own if own.eq_ignore_ascii_case(client.id) => {
                asked.resource = of_client(store, authority, client.id);
            }
            scope => {
                let unsupported = || ScopeError::Unsupported(scope.to_owned());
                let (resource, value) = of_api(store, authority, scope).ok_or_else(unsupported)?;
                if asked.resource.is_some_and(|other| other.id != resource.id) {
                    return Err(unsupported());
                }
                asked.resource = Some(resource);
                asked.scopes.push(value.to_owned());
            }
        }
    }
    if let Some(resource) = asked.resource {
        permit(store, authority, client, resource, &mut asked.scopes)?;
    }
    Ok(asked)
}

fn of_client<'a>(store: &'a Store, authority: &Authority, client: &str) -> Option<&'a Object> {
    store
        .of_kind(&authority.in_graph(), APPLICATIONS)
        .find(|object| text(&object.body, "/appId") == client)
}

/// The API whose identifier or id a scope begins with, and its enabled scope.
fn of_api<'a, 's>(
    store: &'a Store,
    authority: &Authority,
    scope: &'s str,
) -> Option<(&'a Object, &'s str)> {
    let (identifier, value) = scope.rsplit_once('/')?;
    let api = store
        .of_kind(&authority.in_graph(), APPLICATIONS)
        .find(|object| {
            let uris = object.body["identifierUris"].as_array();
            let bare = identifier.strip_prefix("api://").unwrap_or(identifier);
            text(&object.body, "/appId").eq_ignore_ascii_case(bare)
                || uris.into_iter().flatten().any(|uri| uri == identifier)
        })?;
    let offered = api.body["api"]["oauth2PermissionScopes"].as_array();
    let is_offered = value == DEFAULT
        || offered
            .into_iter()
            .flatten()
            .any(|one| one["value"] == value && one["isEnabled"] != false);
    is_offered.then_some((api, value))
}

/// All that was granted.
const DEFAULT: &str = ".default";

/// Consumers cannot consent, so that only what an administrator granted is there (domain facts D.3).
fn permit(
    store: &Store,
    authority: &Authority,
    client: &Client,
    resource: &Object,
    scopes: &mut Vec<String>,
) -> Result<(), ScopeError> {
    if text(&resource.body, "/appId") == client.id {
        return Ok(());
    }
    let principal = |app: &str| {
        store
            .of_kind(&authority.in_graph(), PRINCIPALS)
            .find(|object| object.body["appId"] == app)
            .map(|object| text(&object.body, "/id"))
    };
    let (own, api) = (
        principal(client.id),
        principal(text(&resource.body, "/appId")),
    );
    let (Some(own), Some(api)) = (own, api) else {
        return Err(ScopeError::NotGranted);
    };
    let granted: Vec<String> = store
        .of_kind(&authority.in_graph(), GRANTS)
        .filter(|grant| {
            grant.body["clientId"] == own
                && grant.body["resourceId"] == api
                && grant.body["consentType"] == "AllPrincipals"
        })
        .flat_map(|grant| text(&grant.body, "/scope").split_whitespace())
        .map(str::to_owned)
        .collect();
    if scopes.iter().any(|scope| scope == DEFAULT) {
        granted.clone_into(scopes);
    }
    let is_granted = !scopes.is_empty() && scopes.iter().all(|scope| granted.contains(scope));
    is_granted.then_some(()).ok_or(ScopeError::NotGranted)
}
