//! What callers may do. Everything, until somebody limits them; then exactly what they are given.
//!
//! A limit stands in for a role definition that is assigned on the subscription, and for the application permissions
//! that were consented to in a directory: actions with `*`, as role definitions write them, and names of Graph
//! permissions. Limits are set in-process ([`Rights`]) or by `DIR/rights.json` before the start:
//! `{ "<client id>": { "actions": ["Microsoft.Web/sites/read"], "permissions": ["User.Read.All"] } }`.
//!
//! As in Azure, reading, writing and deleting are `type/read`, `type/write` and `type/delete`, other POSTs
//! `type/name/action`, and a write that uses some other resource needs the action of that resource which joins it. Not
//! modelled: narrower scopes, deny assignments, and rights to the addresses of operations.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};

use super::arm::id::ArmId;
use super::arm::target::Target;
use super::entra::Caller;
use super::message::{Method, Request, Response};
use super::refusal::Refusal;

/// What one client may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limit {
    #[serde(default)]
    pub actions: Vec<String>,
    /// Application permissions of Microsoft Graph.
    #[serde(default)]
    pub permissions: Vec<String>,
}

#[derive(Debug, Default)]
struct Book {
    limits: BTreeMap<String, Limit>,
    /// Every action that anybody was asked to have.
    asked: BTreeSet<String>,
}

/// The limits of one running sandbox; clones speak of the same ones.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    book: Arc<Mutex<Book>>,
}

/// Types whose use by another resource takes an action on them:
/// learn.microsoft.com/azure/role-based-access-control/permissions, read 2026-11-23.
const JOINED: [(&str, &str); 8] = [
    ("Microsoft.Network/virtualNetworks", "join/action"),
    ("Microsoft.Network/virtualNetworks/subnets", "join/action"),
    ("Microsoft.Network/networkSecurityGroups", "join/action"),
    ("Microsoft.Network/publicIPAddresses", "join/action"),
    ("Microsoft.Network/privateDnsZones", "join/action"),
    (
        "Microsoft.Network/frontDoorWebApplicationFirewallPolicies",
        "join/action",
    ),
    (
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "assign/action",
    ),
    ("Microsoft.Web/serverfarms", "join/action"),
];

impl Rights {
    pub fn limit(&self, client: &str, limit: Limit) {
        self.with(|book| book.limits.insert(client.to_owned(), limit));
    }

    /// The actions that requests have taken so far, allowed or not.
    pub fn asked(&self) -> BTreeSet<String> {
        self.with(|book| book.asked.clone())
    }

    pub(crate) fn read(dir: &Path) -> Result<Self, std::io::Error> {
        let rights = Self::default();
        match std::fs::read_to_string(dir.join("rights.json")) {
            Ok(text) => {
                let limits = serde_json::from_str(&text)?;
                rights.with(|book| book.limits = limits);
                Ok(rights)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(rights),
            Err(error) => Err(error),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        act(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The Graph permissions among `all` that a token of this client carries.
    pub(crate) fn permissions(&self, client: &str, all: &[&str]) -> Vec<String> {
        self.with(|book| match book.limits.get(client) {
            Some(limit) => limit.permissions.clone(),
            None => all.iter().map(|&name| name.to_owned()).collect(),
        })
    }

    /// Why the caller may not do what the request asks for; nothing when it may.
    pub(crate) fn refusal(
        &self,
        request: &Request,
        target: &Target,
        caller: &Caller,
    ) -> Option<Refusal> {
        let (action, scope) = action(request, target)?;
        if !self.allows(&caller.app_id, &action) {
            return Some(unauthorized(caller, &action, &scope));
        }
        let linked = linked(request);
        let missing = linked
            .into_iter()
            .find(|(action, _)| !self.allows(&caller.app_id, action));
        missing.map(|joined| unlinked(caller, (&action, &scope), &joined))
    }

    fn allows(&self, client: &str, action: &str) -> bool {
        self.with(|book| {
            book.asked.insert(action.to_owned());
            let Some(limit) = book.limits.get(client) else {
                return true;
            };
            let action = action.to_ascii_lowercase();
            limit
                .actions
                .iter()
                .any(|held| fits(held.to_ascii_lowercase().as_bytes(), action.as_bytes()))
        })
    }

    /// `GET {scope}/providers/Microsoft.Authorization/permissions`: what the caller may do there. REST API "Permissions -
    /// List For Resource Group" 2022-04-01.
    pub(crate) fn list(&self, request: &Request, caller: &Caller) -> Option<Response> {
        let path = request.path.to_ascii_lowercase();
        let is_asked = path
            .trim_end_matches('/')
            .ends_with("/providers/microsoft.authorization/permissions");
        if !is_asked || request.method != Method::Get {
            return None;
        }
        let limit = self.with(|book| book.limits.get(&caller.app_id).cloned());
        let actions = limit.map_or_else(|| vec!["*".to_owned()], |limit| limit.actions);
        let body = json!({ "value": [{
            "actions": actions, "notActions": [], "dataActions": [], "notDataActions": [],
        }] });
        Some(Response::json(200, body))
    }
}

fn fits(held: &[u8], action: &[u8]) -> bool {
    match held {
        [] => action.is_empty(),
        [b'*', rest @ ..] => (0..=action.len()).any(|at| fits(rest, &action[at..])),
        [first, rest @ ..] => action
            .split_first()
            .is_some_and(|(head, tail)| head == first && fits(rest, tail)),
    }
}

/// The action that a request takes, and on what.
fn action(request: &Request, target: &Target) -> Option<(String, String)> {
    let path = request.path.clone();
    let (type_name, verb) = match target {
        Target::Resource { id, .. } => (id.arm_type(), verb(request.method)?.to_owned()),
        Target::Collection { row, .. } => {
            (row.arm_type.to_owned(), verb(request.method)?.to_owned())
        }
        Target::Action { id, name, .. } => (id.arm_type(), format!("{name}/action")),
        Target::Platform => return platform(request),
    };
    let type_name = match type_name.as_str() {
        "Microsoft.Resources/resourceGroups" => {
            "Microsoft.Resources/subscriptions/resourceGroups".to_owned()
        }
        _ => type_name,
    };
    Some((format!("{type_name}/{verb}"), path))
}

fn verb(method: Method) -> Option<&'static str> {
    match method {
        Method::Get | Method::Head => Some("read"),
        Method::Put | Method::Patch => Some("write"),
        Method::Delete => Some("delete"),
        Method::Post | Method::Other => None,
    }
}

/// Of what ARM itself answers, these take a right; the rest is open to whoever has any.
fn platform(request: &Request) -> Option<(String, String)> {
    let segments: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let is = |at: usize, name: &str| {
        segments
            .get(at)
            .is_some_and(|text| text.eq_ignore_ascii_case(name))
    };
    let is_group_list = segments.len() == 5 && is(2, "resourceGroups") && is(4, "resources");
    let action = "Microsoft.Resources/subscriptions/resourceGroups/resources/read";
    is_group_list.then(|| (action.to_owned(), request.path.clone()))
}

/// The actions on other resources that a write takes, with those resources.
fn linked(request: &Request) -> Vec<(String, String)> {
    if !matches!(request.method, Method::Put | Method::Patch) {
        return Vec::new();
    }
    let mut ids = BTreeSet::new();
    if let Ok(body) = request.json() {
        collect(&body, &mut ids);
    }
    let action = |id: String| {
        let type_name = ArmId::parse(&id)?.arm_type();
        let (joined, verb) = JOINED
            .iter()
            .find(|(joined, _)| joined.eq_ignore_ascii_case(&type_name))?;
        let is_own = id.eq_ignore_ascii_case(&request.path);
        (!is_own).then(|| (format!("{joined}/{verb}"), id))
    };
    ids.into_iter().filter_map(action).collect()
}

/// Ids stand in texts, and as the names of identities.
fn collect(body: &Value, ids: &mut BTreeSet<String>) {
    match body {
        Value::String(text) if text.starts_with("/subscriptions/") => {
            ids.insert(text.clone());
        }
        Value::Object(members) => {
            for (name, value) in members {
                if name.starts_with("/subscriptions/") {
                    ids.insert(name.clone());
                }
                collect(value, ids);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, ids)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Words as Azure's: learn.microsoft.com/azure/role-based-access-control/troubleshooting, read 2026-11-23.
fn unauthorized(caller: &Caller, action: &str, scope: &str) -> Refusal {
    let Caller {
        app_id, object_id, ..
    } = caller;
    Refusal::gateway(
        403,
        "AuthorizationFailed",
        format!(
            "The client '{app_id}' with object id '{object_id}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
        ),
    )
}

fn unlinked(
    caller: &Caller,
    (action, scope): (&str, &str),
    (joined, linked): &(String, String),
) -> Refusal {
    let Caller {
        app_id, object_id, ..
    } = caller;
    Refusal::gateway(
        403,
        "LinkedAuthorizationFailed",
        format!(
            "The client '{app_id}' with object id '{object_id}' has permission to perform action '{action}' on scope '{scope}'; however, it does not have permission to perform action(s) '{joined}' on the linked scope(s) '{linked}' (respectively) or the linked scope(s) are invalid."
        ),
    )
}
