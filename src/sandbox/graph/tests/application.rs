//! Applications, service principals, and what they are granted.

use serde_json::{Value, json};

use super::{Directory, GRAPH, SCOPE, TENANT, api, at, code};

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
