//! Accounts, and the flows they sign in by.

use serde_json::{Value, json};

use super::{Directory, SCOPE, account, at};

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
