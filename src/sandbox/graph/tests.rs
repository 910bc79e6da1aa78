//! The directory as a client sees it: one directory, requests in, statuses and bodies out.

use serde_json::{Value, json};
use tempfile::TempDir;
use time::Duration;
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

#[test]
fn an_application_gets_ids_and_is_found_by_tag_uri_and_app_id() {
    let mut directory = Directory::new();
    let made = directory.made("applications", &api());
    let app_id = made["appId"].as_str().unwrap();
    assert_ne!(made["id"], made["appId"]);
    for target in [
        "/v1.0/applications?$filter=tags/any(t:t eq 'secgw:orders/api')".to_owned(),
        "/v1.0/applications?$filter=identifierUris/any(u:u eq 'https://contoso.onmicrosoft.com/orders')".to_owned(),
        format!("/v1.0/applications?$filter=appId eq '{app_id}'"),
    ] {
        let (status, found) = directory.get(&target);
        assert_eq!(status, 200, "{found}");
        assert_eq!(found["value"][0]["id"], made["id"], "{target}");
    }
    let (_, found) = directory.get("/v1.0/applications?$filter=tags/any(t:t eq 'other')");
    assert_eq!(found["value"], json!([]));
    let (status, _) = directory.get(&format!("/v1.0/applications(appId='{app_id}')?$select=id"));
    assert_eq!(status, 200);
}

#[test]
fn a_converged_application_needs_version_two_tokens() {
    let mut directory = Directory::new();
    let mut body = api();
    body["api"]["requestedAccessTokenVersion"] = Value::Null;
    let (status, refused) = directory.post("/v1.0/applications", &body);
    assert_eq!((status, code(&refused)), (400, "InvalidAccessTokenVersion"));
    assert!(refused["error"]["innerError"]["request-id"].is_string());
}

#[test]
fn an_enabled_scope_can_only_go_after_it_was_disabled() {
    let mut directory = Directory::new();
    let made = directory.made("applications", &api());
    let path = at("applications", &made);
    let gone = json!({ "api": { "oauth2PermissionScopes": [] } });
    let (status, refused) = directory.patch(&path, &gone);
    assert_eq!(
        (status, code(&refused)),
        (400, "CannotDeleteOrUpdateEnabledEntitlement")
    );
    let mut disabled = made["api"]["oauth2PermissionScopes"].clone();
    disabled[0]["isEnabled"] = false.into();
    let (status, _) = directory.patch(
        &path,
        &json!({ "api": { "oauth2PermissionScopes": disabled } }),
    );
    assert_eq!(status, 204);
    let (status, _) = directory.patch(&path, &gone);
    assert_eq!(status, 204);
    let (_, read) = directory.get(&path);
    assert_eq!(read["api"]["oauth2PermissionScopes"], json!([]));
    assert_eq!(read["api"]["requestedAccessTokenVersion"], 2);
}

#[test]
fn identifier_uris_are_unique_even_against_deleted_applications() {
    let mut directory = Directory::new();
    let made = directory.made("applications", &api());
    let (status, refused) = directory.post("/v1.0/applications", &api());
    assert_eq!(status, 400);
    assert_eq!(refused["error"]["details"][0]["code"], "ObjectConflict");
    assert_eq!(directory.delete(&at("applications", &made)).0, 204);
    assert_eq!(directory.post("/v1.0/applications", &api()).0, 400);
    let (_, bin) = directory.get("/v1.0/directory/deletedItems/microsoft.graph.application");
    assert_eq!(bin["value"][0]["id"], made["id"]);
    let purge = at("directory/deletedItems", &made);
    assert_eq!(directory.delete(&purge).0, 204);
    assert_eq!(directory.post("/v1.0/applications", &api()).0, 201);
}

#[test]
fn identifier_uris_need_a_domain_of_the_directory_or_the_applications_own_id() {
    let mut directory = Directory::new();
    let made = directory.made("applications", &api());
    let path = at("applications", &made);
    for (uri, expected) in [
        ("https://example.com/x".to_owned(), 400),
        ("https://fabrikam.onmicrosoft.com/x".to_owned(), 400),
        ("api://orders".to_owned(), 400),
        (format!("api://{}", made["appId"].as_str().unwrap()), 204),
        (format!("api://{TENANT}/orders"), 204),
        ("https://contoso.onmicrosoft.com/other".to_owned(), 204),
    ] {
        let (status, body) = directory.patch(&path, &json!({ "identifierUris": [uri] }));
        assert_eq!(status, expected, "{uri} {body}");
    }
}

#[test]
fn unknown_read_only_and_wrongly_typed_properties_are_refused() {
    let mut directory = Directory::new();
    for body in [
        json!({ "displayName": "a", "colour": "red" }),
        json!({ "displayName": "a", "appId": SCOPE }),
        json!({ "displayName": 7 }),
        json!({ "tags": [] }),
        json!({ "displayName": "a", "spa": { "redirectUris": ["http://example.com"] } }),
        json!({ "displayName": "a", "web": { "redirectUris": ["https://*.example.com/"] } }),
    ] {
        assert_eq!(directory.post("/v1.0/applications", &body).0, 400, "{body}");
    }
}

#[test]
fn a_secret_is_shown_once() {
    let mut directory = Directory::new();
    let body = json!({ "displayName": "web", "passwordCredentials": [{ "displayName": "ci" }] });
    let made = directory.made("applications", &body);
    assert!(made["passwordCredentials"][0]["secretText"].is_string());
    let (_, read) = directory.get(&at("applications", &made));
    assert_eq!(
        read["passwordCredentials"][0]["keyId"],
        made["passwordCredentials"][0]["keyId"]
    );
    assert!(read["passwordCredentials"][0]["secretText"].is_null());
}

#[test]
fn a_service_principal_needs_an_application_and_is_alone_for_it() {
    let mut directory = Directory::new();
    let (status, refused) = directory.post("/v1.0/servicePrincipals", &json!({ "appId": SCOPE }));
    assert_eq!(
        (status, code(&refused)),
        (400, "NoBackingApplicationObject")
    );
    let principal = directory.principal("a");
    let again = json!({ "appId": principal["appId"] });
    let (status, refused) = directory.post("/v1.0/servicePrincipals", &again);
    assert_eq!(
        (status, code(&refused)),
        (409, "Request_MultipleObjectsWithSameKeyValue")
    );
    let key = &format!(
        "/v1.0/servicePrincipals(appId='{}')",
        principal["appId"].as_str().unwrap()
    );
    assert_eq!(directory.get(key).1["id"], principal["id"]);
}

#[test]
fn the_service_principal_follows_its_application() {
    let mut directory = Directory::new();
    let application = directory.made("applications", &api());
    let principal = directory.made(
        "servicePrincipals",
        &json!({ "appId": application["appId"] }),
    );
    assert_eq!(
        principal["oauth2PermissionScopes"][0]["value"],
        "orders.read"
    );
    directory.patch(
        &at("applications", &application),
        &json!({ "displayName": "renamed" }),
    );
    let (_, read) = directory.get(&at("servicePrincipals", &principal));
    assert_eq!(read["displayName"], "renamed");
    directory.delete(&at("applications", &application));
    assert_eq!(directory.get(&at("servicePrincipals", &principal)).0, 404);
}

#[test]
fn every_directory_has_microsoft_graph_with_its_scopes() {
    let mut directory = Directory::new();
    let (status, graph) = directory.get(&format!("/v1.0/servicePrincipals(appId='{GRAPH}')"));
    assert_eq!(status, 200);
    let values: Vec<&str> = graph["oauth2PermissionScopes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|scope| scope["value"].as_str())
        .collect();
    assert!(values.contains(&"openid") && values.contains(&"offline_access"));
}

#[test]
fn there_is_one_grant_per_client_and_resource() {
    let mut directory = Directory::new();
    let client = directory.principal("client");
    let resource = directory.principal("resource");
    let body = json!({
        "clientId": client["id"], "resourceId": resource["id"],
        "consentType": "AllPrincipals", "principalId": null, "scope": "a",
    });
    let grant = directory.made("oauth2PermissionGrants", &body);
    let (status, refused) = directory.post("/v1.0/oauth2PermissionGrants", &body);
    assert_eq!(
        (status, code(&refused)),
        (409, "Request_MultipleObjectsWithSameKeyValue")
    );
    let path = at("oauth2PermissionGrants", &grant);
    assert_eq!(directory.patch(&path, &json!({ "scope": "a b" })).0, 204);
    assert_eq!(directory.get(&path).1["scope"], "a b");
    assert_eq!(
        directory
            .patch(&path, &json!({ "clientId": resource["id"] }))
            .0,
        400
    );
    let filter = format!(
        "/v1.0/oauth2PermissionGrants?$filter=clientId eq '{}' and resourceId eq '{}'",
        client["id"].as_str().unwrap(),
        resource["id"].as_str().unwrap()
    );
    assert_eq!(directory.get(&filter).1["value"][0]["id"], grant["id"]);
    directory.delete(&at("servicePrincipals", &client));
    assert_eq!(directory.get(&path).0, 404);
}

#[test]
fn a_local_account_shows_its_identities_only_when_asked_and_its_password_never() {
    let mut directory = Directory::new();
    let made = directory.made("users", &account("jane@example.com"));
    let path = at("users", &made);
    let (_, read) = directory.get(&path);
    assert!(read.get("identities").is_none() && read.get("passwordProfile").is_none());
    let (_, read) = directory.get(&format!(
        "{path}?$select=id,identities,passwordProfile,passwordPolicies"
    ));
    assert_eq!(read["identities"].as_array().unwrap().len(), 2);
    assert!(read["passwordProfile"].is_null());
    let stored = directory
        .world
        .store
        .below("/graph")
        .map(|object| format!("{object:?}"));
    assert!(
        stored
            .into_iter()
            .all(|object| !object.contains("Tr0ub4dor"))
    );
    let (_, found) = directory.get(
        "/v1.0/users?$filter=identities/any(c:c/issuerAssignedId eq 'jane@example.com' and c/issuer eq 'contoso.onmicrosoft.com')&$select=id",
    );
    assert_eq!(found["value"][0]["id"], made["id"]);
}

#[test]
fn local_accounts_have_rules_of_their_own() {
    let mut directory = Directory::new();
    directory.made("users", &account("jane@example.com"));
    let (status, refused) = directory.post("/v1.0/users", &account("Jane@example.com"));
    assert_eq!(status, 400);
    assert_eq!(refused["error"]["details"][0]["code"], "ObjectConflict");
    for (pointer, value) in [
        ("/passwordPolicies", json!("None")),
        (
            "/passwordProfile/forceChangePasswordNextSignIn",
            json!(true),
        ),
        ("/passwordProfile/password", json!("alllowercase")),
        ("/passwordProfile/password", json!("Sh0rt!")),
        ("/identities/0/issuer", json!("fabrikam.onmicrosoft.com")),
        ("/displayName", Value::Null),
    ] {
        let mut body = account("john@example.com");
        *body.pointer_mut(pointer).unwrap() = value;
        assert_eq!(directory.post("/v1.0/users", &body).0, 400, "{pointer}");
    }
    assert_eq!(
        directory
            .post("/v1.0/users", &account("john@example.com"))
            .0,
        201
    );
}

#[test]
fn a_user_flow_gets_its_prefix_and_keeps_its_type() {
    let mut directory = Directory::new();
    let body = json!({ "id": "secgw_signin", "userFlowType": "signIn", "userFlowTypeVersion": 3 });
    assert_eq!(directory.post("/v1.0/identity/b2cUserFlows", &body).0, 400);
    let (status, made) = directory.post("/beta/identity/b2cUserFlows", &body);
    assert_eq!(
        (status, made["id"].as_str()),
        (201, Some("B2C_1_secgw_signin"))
    );
    assert_eq!(directory.post("/beta/identity/b2cUserFlows", &body).0, 409);
    let path = "/beta/identity/b2cUserFlows/B2C_1_secgw_signin";
    assert_eq!(
        directory
            .patch(path, &json!({ "userFlowType": "signUp" }))
            .0,
        400
    );
    assert_eq!(
        directory
            .patch(path, &json!({ "defaultLanguageTag": "en" }))
            .0,
        204
    );
    let providers = format!("{path}/userflowIdentityProviders");
    assert_eq!(directory.get(&providers).1["value"], json!([]));
    let link = json!({ "@odata.id": "https://graph.microsoft.com/beta/identity/identityProviders/EmailPassword-OAUTH" });
    assert_eq!(directory.post(&format!("{providers}/$ref"), &link).0, 204);
    assert_eq!(
        directory.get(&providers).1["value"][0]["id"],
        "EmailPassword-OAUTH"
    );
    assert_eq!(
        directory
            .delete(&format!("{providers}/EmailPassword-OAUTH/$ref"))
            .0,
        204
    );
}

#[test]
fn an_events_flow_keeps_sign_up_off_and_an_application_has_one_flow() {
    let mut directory = Directory::new();
    let body = |name: &str| {
        json!({
            "@odata.type": "#microsoft.graph.externalUsersSelfServiceSignUpEventsFlow",
            "displayName": name,
            "conditions": { "applications": { "includeApplications": [{ "appId": SCOPE }] } },
        })
    };
    let made = directory.made("identity/authenticationEventsFlows", &body("one"));
    assert_eq!(made["onInteractiveAuthFlowStart"]["isSignUpAllowed"], false);
    let (status, _) = directory.post("/v1.0/identity/authenticationEventsFlows", &body("two"));
    assert_eq!(status, 400);
    let path = at("identity/authenticationEventsFlows", &made);
    assert_eq!(
        directory.patch(&path, &json!({ "displayName": "x" })).0,
        400
    );
    let unlink = format!("{path}/conditions/applications/includeApplications/{SCOPE}");
    assert_eq!(directory.delete(&unlink).0, 204);
    assert_eq!(
        directory
            .post("/v1.0/identity/authenticationEventsFlows", &body("two"))
            .0,
        201
    );
}

#[test]
fn an_app_role_is_assigned_once_and_only_if_the_resource_offers_it() {
    let mut directory = Directory::new();
    let role = json!({
        "displayName": "backend",
        "appRoles": [{ "id": SCOPE, "value": "call", "displayName": "call", "description": "call", "allowedMemberTypes": ["Application"] }],
    });
    let application = directory.made("applications", &role);
    let resource = directory.made(
        "servicePrincipals",
        &json!({ "appId": application["appId"] }),
    );
    let caller = directory.principal("gateway");
    let path = format!("{}/appRoleAssignedTo", at("servicePrincipals", &resource));
    let body = |role: &str| json!({ "principalId": caller["id"], "resourceId": resource["id"], "appRoleId": role });
    assert_eq!(directory.post(&path, &body(TENANT)).0, 400);
    let (status, made) = directory.post(&path, &body(SCOPE));
    assert_eq!(
        (status, made["principalType"].as_str()),
        (201, Some("ServicePrincipal"))
    );
    assert_eq!(directory.post(&path, &body(SCOPE)).0, 400);
    assert_eq!(directory.get(&path).1["value"].as_array().unwrap().len(), 1);
}

#[test]
fn a_caller_without_the_permission_is_refused_before_anything_is_looked_at() {
    let mut directory = Directory::new();
    directory.caller.roles = vec!["Application.Read.All".into()];
    assert_eq!(directory.get("/v1.0/applications").0, 200);
    let (status, refused) = directory.post("/v1.0/applications", &api());
    assert_eq!(
        (status, code(&refused)),
        (403, "Authorization_RequestDenied")
    );
    assert_eq!(directory.get("/v1.0/users").0, 403);
    let (status, refused) = directory.get("/beta/identity/b2cUserFlows");
    assert_eq!((status, code(&refused)), (403, "AADB2C"));
}

#[test]
fn directories_do_not_see_each_other() {
    let mut directory = Directory::new();
    let made = directory.made("applications", &api());
    directory.caller.tenant = "00000000-0000-4000-8000-000000000003".into();
    assert_eq!(directory.get(&at("applications", &made)).0, 404);
    assert_eq!(directory.post("/v1.0/applications", &api()).0, 201);
}

#[test]
fn lists_are_paged_and_every_object_comes_once() {
    let mut directory = Directory::new();
    for name in ["a", "b", "c", "d", "e"] {
        directory.application(name);
    }
    let mut seen = Vec::new();
    let mut next = Some("/v1.0/applications?$top=2&$select=displayName".to_owned());
    while let Some(target) = next {
        let (_, page) = directory.get(&target);
        for one in page["value"].as_array().unwrap() {
            assert_eq!(one.as_object().unwrap().len(), 1);
            seen.push(one["displayName"].as_str().unwrap().to_owned());
        }
        next = page["@odata.nextLink"].as_str().map(|link| {
            let decoded = link.replace("%24", "$").replace("%2F", "/");
            decoded.replacen("https://graph.microsoft.com", "", 1)
        });
    }
    seen.sort();
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
}

#[test]
fn queries_the_directory_cannot_answer_are_refused() {
    let mut directory = Directory::new();
    for query in [
        "$filter=colour eq 'red'",
        "$select=colour",
        "$filter=displayName eq",
        "$filter=displayName ne 'a'",
        "$top=0",
        "$orderby=displayName",
    ] {
        assert_eq!(
            directory.get(&format!("/v1.0/applications?{query}")).0,
            400,
            "{query}"
        );
    }
}

#[test]
fn what_was_just_made_is_not_there_yet_while_the_directory_replicates() {
    let mut directory = Directory::new();
    directory.world.replication_lag = Duration::seconds(10);
    let made = directory.application("a");
    assert_eq!(directory.get(&at("applications", &made)).0, 404);
    let (status, refused) = directory.post(
        "/v1.0/servicePrincipals",
        &json!({ "appId": made["appId"] }),
    );
    assert_eq!(
        (status, code(&refused)),
        (400, "NoBackingApplicationObject")
    );
    directory.world.now += Duration::seconds(10);
    assert_eq!(directory.get(&at("applications", &made)).0, 200);
    let (status, _) = directory.post(
        "/v1.0/servicePrincipals",
        &json!({ "appId": made["appId"] }),
    );
    assert_eq!(status, 201);
}

#[test]
fn an_upsert_by_unique_name_creates_once() {
    let mut directory = Directory::new();
    let path = "/v1.0/applications(uniqueName='secgw-a')";
    assert_eq!(directory.patch(path, &json!({ "displayName": "a" })).0, 404);
    directory.made(
        "applications",
        &json!({ "displayName": "a", "uniqueName": "secgw-a" }),
    );
    assert_eq!(directory.patch(path, &json!({ "displayName": "b" })).0, 204);
    let (status, refused) = directory.post(
        "/v1.0/applications",
        &json!({ "displayName": "c", "uniqueName": "secgw-a" }),
    );
    assert_eq!(status, 400, "{refused}");
}
