//! Who may sign in and what for: applications, consent, the sign-in flow and the accounts (domain.md D).
//!
//! Two directories take part. Users and the applications they use live in the identity tenant; the application that
//! stands for the functions lives in the subscription's tenant, where the gateway's managed identity is.

use serde_json::{Value, json};

use super::draft::Draft;
use super::ids::Ids;
use crate::resource::Recommendation::{R1, R7};
use crate::resource::{Generated, ResourceId, Term, reference_to};
use crate::spec::{Account, Client, ClientKind, IdentityProvider, Spec};

/// The same in every directory.
const MICROSOFT_GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// What a client needs of Microsoft Graph: an id token, and to stay signed in.
const GRAPH_SCOPES: [&str; 2] = ["openid", "offline_access"];

pub(super) fn compile(spec: &Spec, ids: Ids) -> Vec<Draft> {
    let mut drafts = vec![
        api(spec, ids),
        principal(spec, &Ids::api_application()),
        microsoft_graph(spec),
        user_flow(spec, ids),
        metadata(spec, ids),
        backend(spec, ids),
        principal(spec, &Ids::backend_application()),
    ];
    for client in &spec.identity.clients {
        drafts.extend(self::client(spec, ids, client));
    }
    let accounts = spec.identity.accounts.iter().flatten();
    drafts.extend(accounts.map(|account| self::account(spec, account)));
    drafts
}

/// What every application has: no implicit grant, no public client, and no redirect address but those it names.
fn application(ids: Ids, id: &ResourceId, display_name: &str) -> Value {
    json!({
        "displayName": display_name,
        "tags": [ids.application_mark(id)],
        "isFallbackPublicClient": false,
        "spa": { "redirectUris": [] },
        "publicClient": { "redirectUris": [] },
        "web": {
            "redirectUris": [],
            "implicitGrantSettings": {
                "enableAccessTokenIssuance": false,
                "enableIdTokenIssuance": false,
            },
        },
        "requiredResourceAccess": [],
    })
}

/// Whose accounts an application is for, as each provider wants it said (domain.md D.2).
fn audience(spec: &Spec) -> &'static str {
    match spec.identity.provider {
        IdentityProvider::B2c => "AzureADandPersonalMicrosoftAccount",
        IdentityProvider::ExternalId => "AzureADMyOrg",
    }
}

fn api(spec: &Spec, ids: Ids) -> Draft {
    let api = &spec.identity.api;
    let id = Ids::api_application();
    let scopes: Vec<Value> = api
        .scopes
        .iter()
        .map(|scope| {
            json!({
                "id": ids.scope(scope),
                "value": scope.name,
                // Consumers cannot consent: the operator does, by a grant.
                "type": "Admin",
                "isEnabled": true,
                "adminConsentDisplayName": scope.description,
                "adminConsentDescription": scope.description,
            })
        })
        .collect();
    let mut body = application(ids, &id, &api.display_name);
    body["signInAudience"] = json!(audience(spec));
    body["nativeAuthenticationApisEnabled"] = json!("none");
    body["identifierUris"] = json!([ids.api_uri()]);
    body["api"] = json!({
        "requestedAccessTokenVersion": 2,
        "oauth2PermissionScopes": scopes,
        "preAuthorizedApplications": [],
    });
    Draft::body(id, &api.at, body).serves(&[R1])
}

fn principal(spec: &Spec, application: &ResourceId) -> Draft {
    let body = json!({ "appId": reference_to(application, "/appId") });
    Draft::body(
        Ids::service_principal(application),
        &spec.identity.api.at,
        body,
    )
    .serves(&[R1])
}

fn microsoft_graph(spec: &Spec) -> Draft {
    let key = json!({ "appId": MICROSOFT_GRAPH });
    Draft::given(Ids::microsoft_graph(), &spec.identity.at, key).serves(&[R1])
}

/// The application, its service principal, and consent to exactly what the spec declares.
fn client(spec: &Spec, ids: Ids, client: &Client) -> [Draft; 4] {
    let id = Ids::client_application(client);
    let granted: Vec<&str> = client.scopes.iter().map(|scope| &**scope).collect();
    [
        Draft::body(
            id.clone(),
            &client.at,
            client_application(spec, ids, client),
        )
        .serves(&[R1, R7]),
        Draft::body(
            Ids::service_principal(&id),
            &client.at,
            json!({ "appId": reference_to(&id, "/appId") }),
        )
        .serves(&[R1]),
        grant(
            client,
            &Ids::service_principal(&Ids::api_application()),
            &granted,
        ),
        grant(client, &Ids::microsoft_graph(), &GRAPH_SCOPES),
    ]
}

fn client_application(spec: &Spec, ids: Ids, client: &Client) -> Value {
    let mut body = application(ids, &Ids::client_application(client), &client.name);
    let platform = match client.kind {
        ClientKind::Spa => "spa",
        ClientKind::Web => "web",
    };
    body["signInAudience"] = json!(audience(spec));
    body["nativeAuthenticationApisEnabled"] = json!("none");
    body["api"] = json!({ "requestedAccessTokenVersion": 2 });
    body[platform]["redirectUris"] = json!(client.redirect_uris);
    let graph = Ids::microsoft_graph();
    let sign_in = GRAPH_SCOPES.map(|scope| {
        let pointer = format!("/oauth2PermissionScopes/value={scope}/id");
        json!({ "id": reference_to(&graph, &pointer), "type": "Scope" })
    });
    let declared = &spec.identity.api.scopes;
    let scopes: Vec<Value> = declared
        .iter()
        .filter(|scope| client.scopes.contains(&scope.name))
        .map(|scope| json!({ "id": ids.scope(scope), "type": "Scope" }))
        .collect();
    let api = reference_to(&Ids::api_application(), "/appId");
    body["requiredResourceAccess"] = json!([
        { "resourceAppId": MICROSOFT_GRAPH, "resourceAccess": sign_in },
        { "resourceAppId": api, "resourceAccess": scopes },
    ]);
    body
}

fn grant(client: &Client, resource: &ResourceId, scopes: &[&str]) -> Draft {
    let principal = Ids::service_principal(&Ids::client_application(client));
    let body = json!({
        "clientId": reference_to(&principal, "/@object"),
        "consentType": "AllPrincipals",
        "resourceId": reference_to(resource, "/@object"),
        "scope": scopes.join(" "),
    });
    Draft::body(Ids::grant(client, resource), &client.at, body).serves(&[R1])
}

fn user_flow(spec: &Spec, ids: Ids) -> Draft {
    let flow = &spec.identity.user_flow;
    let draft = match spec.identity.provider {
        IdentityProvider::B2c => Draft::body(ids.user_flow(), &flow.at, b2c_flow(spec)),
        IdentityProvider::ExternalId => {
            let applications = spec.identity.clients.iter();
            let principals =
                applications.map(|client| Ids::service_principal(&Ids::client_application(client)));
            Draft::body(ids.user_flow(), &flow.at, external_flow(spec)).after(principals)
        }
    };
    draft.serves(&[R1, R7])
}

fn b2c_flow(spec: &Spec) -> Value {
    let flow = &spec.identity.user_flow;
    json!({
        // Azure puts the prefix before it.
        "id": flow.name.strip_prefix("B2C_1_").unwrap_or(&flow.name),
        "userFlowType": if flow.sign_up { "signUpOrSignIn" } else { "signIn" },
        "userFlowTypeVersion": 3,
        "identityProviders": [{ "id": "EmailPassword-OAUTH" }],
    })
}

fn external_flow(spec: &Spec) -> Value {
    let flow = &spec.identity.user_flow;
    let applications: Vec<Value> = spec
        .identity
        .clients
        .iter()
        .map(|client| json!({ "appId": reference_to(&Ids::client_application(client), "/appId") }))
        .collect();
    json!({
        "@odata.type": "#microsoft.graph.externalUsersSelfServiceSignUpEventsFlow",
        "displayName": flow.name,
        "conditions": { "applications": { "includeApplications": applications } },
        "onAuthenticationMethodLoadStart": {
            "@odata.type": "#microsoft.graph.onAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp",
            "identityProviders": [{ "id": "EmailPassword-OAUTH" }],
        },
        "onInteractiveAuthFlowStart": {
            "@odata.type": "#microsoft.graph.onInteractiveAuthFlowStartExternalUsersSelfServiceSignUp",
            "isSignUpAllowed": flow.sign_up,
        },
    })
}

/// Published only once the flow is there.
fn metadata(spec: &Spec, ids: Ids) -> Draft {
    Draft::given(ids.metadata(), &spec.identity.user_flow.at, json!({}))
        .after([ids.user_flow()])
        .serves(&[R1])
}

/// The audience of the tokens with which the gateway calls the functions.
fn backend(spec: &Spec, ids: Ids) -> Draft {
    let id = Ids::backend_application();
    let mut body = application(ids, &id, &format!("{} functions", spec.name));
    body["signInAudience"] = json!("AzureADMyOrg");
    body["api"] = json!({
        "requestedAccessTokenVersion": 2,
        "oauth2PermissionScopes": [],
        "preAuthorizedApplications": [],
    });
    Draft::body(id, &spec.azure.at, body).serves(&[R1, R7])
}

/// Made with a password that nobody is given: its owner sets one by the password-reset flow.
fn account(spec: &Spec, account: &Account) -> Draft {
    let body = json!({
        "accountEnabled": true,
        "displayName": account.display_name,
        "identities": [{
            "signInType": "emailAddress",
            "issuer": spec.identity.tenant,
            "issuerAssignedId": account.sign_in,
        }],
        "passwordProfile": {
            "password": Term::Generated(Generated::Password),
            // Local accounts cannot be made to change it at sign-in (domain.md D.5).
            "forceChangePasswordNextSignIn": false,
        },
        "passwordPolicies": "DisablePasswordExpiration",
    });
    Draft::body(Ids::account(account), &account.at, body).serves(&[R7])
}
