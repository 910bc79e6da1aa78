//! The directory as a client sees it: one directory, requests in, statuses and bodies out.

mod account;
mod application;
mod query;

use serde_json::{Value, json};
use tempfile::TempDir;
use time::macros::datetime;

use super::handle;
use crate::sandbox::arm::catalogue::Catalogue;
use crate::sandbox::entra::Caller;
use crate::sandbox::message::{Body, Method, Request};
use crate::sandbox::store::Store;
use crate::sandbox::world::World;

const EVERYTHING: &[&str] = &[
    "Application.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "User.ReadWrite.All",
    "IdentityUserFlow.ReadWrite.All",
    "EventListener.ReadWrite.All",
    "Organization.Read.All",
];
const TENANT: &str = "00000000-0000-4000-8000-000000000002";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
const SCOPE: &str = "11111111-1111-4111-8111-111111111111";

struct Directory {
    world: World,
    caller: Caller,
    _state: TempDir,
}

impl Directory {
    fn new() -> Self {
        let state = tempfile::tempdir().unwrap();
        Self {
            world: World::new(
                Catalogue::read().unwrap(),
                Store::open(state.path()).unwrap(),
                datetime!(2026-01-02 03:04:05 UTC),
            ),
            caller: Caller {
                tenant: TENANT.into(),
                object_id: "00000000-0000-4000-8000-00000000000a".into(),
                app_id: "00000000-0000-4000-8000-00000000000b".into(),
                roles: EVERYTHING.iter().map(|&role| role.to_owned()).collect(),
            },
            _state: state,
        }
    }

    fn send(&mut self, method: Method, target: &str, body: &Value) -> (u16, Value) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Request {
            method,
            host: "graph.microsoft.com".into(),
            path: path.into(),
            query: query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            headers: Vec::new(),
            body: match body {
                Value::Null => Vec::new(),
                body => body.to_string().into_bytes(),
            },
        };
        let response = handle(&mut self.world, &request, &self.caller);
        let body = match response.body {
            Body::Json(body) => body,
            Body::Empty => Value::Null,
        };
        (response.status, body)
    }

    fn get(&mut self, target: &str) -> (u16, Value) {
        self.send(Method::Get, target, &Value::Null)
    }

    fn post(&mut self, target: &str, body: &Value) -> (u16, Value) {
        self.send(Method::Post, target, body)
    }

    fn patch(&mut self, target: &str, body: &Value) -> (u16, Value) {
        self.send(Method::Patch, target, body)
    }

    fn delete(&mut self, target: &str) -> (u16, Value) {
        self.send(Method::Delete, target, &Value::Null)
    }

    fn made(&mut self, collection: &str, body: &Value) -> Value {
        let (status, made) = self.post(&format!("/v1.0/{collection}"), body);
        assert_eq!(status, 201, "{made}");
        made
    }

    fn application(&mut self, name: &str) -> Value {
        self.made("applications", &json!({ "displayName": name }))
    }

    fn principal(&mut self, name: &str) -> Value {
        let application = self.application(name);
        self.made(
            "servicePrincipals",
            &json!({ "appId": application["appId"] }),
        )
    }
}

fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap()
}

fn at(collection: &str, object: &Value) -> String {
    format!("/v1.0/{collection}/{}", object["id"].as_str().unwrap())
}

fn api() -> Value {
    json!({
        "displayName": "orders-api",
        "signInAudience": "AzureADandPersonalMicrosoftAccount",
        "identifierUris": ["https://contoso.onmicrosoft.com/orders"],
        "tags": ["secgw:orders/api"],
        "api": { "requestedAccessTokenVersion": 2, "oauth2PermissionScopes": [{
            "id": SCOPE, "value": "orders.read", "type": "Admin", "isEnabled": true,
            "adminConsentDisplayName": "Read", "adminConsentDescription": "Read orders",
        }]},
    })
}

fn account(address: &str) -> Value {
    json!({
        "accountEnabled": true, "displayName": "Jane",
        "identities": [{ "signInType": "emailAddress", "issuer": "contoso.onmicrosoft.com", "issuerAssignedId": address }],
        "passwordProfile": { "password": "Tr0ub4dor&3xyz", "forceChangePasswordNextSignIn": false },
        "passwordPolicies": "DisablePasswordExpiration",
    })
}
