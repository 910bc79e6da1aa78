//! Who may sign in and what for: applications, consent, the sign-in flow and the accounts (domain.md D).
//!
//! Two directories take part. Users and the applications they use live in the identity tenant; the application that
//! stands for the functions lives in the subscription's tenant, where the gateway's managed identity is.

use serde_json::{Value, json};

use super::draft::{Draft, sorted};
use super::ids::Ids;
use crate::resource::Recommendation::{R1, R7};
use crate::resource::{Generated, ResourceId, Term, reference_to};
use crate::spec::{Account, Client, ClientKind, IdentityProvider, Scope, Spec};

/// The same in every directory.
const MICROSOFT_GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// What a client needs of Microsoft Graph: an id token, and to stay signed in.
const GRAPH_SCOPES: [&str; 2] = ["openid", "offline_access"];

pub(super) fn compile(spec: &Spec, ids: Ids) -> Vec<Draft> {
    let mut drafts = vec![
        deleted_api(spec, ids),
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
    let scopes: Vec<Value> = by_name(&api.scopes)
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
    Draft::body(id, &api.at, body)
        .after([Ids::deleted_api_application()])
        .serves(&[R1])
}

/// A deleted application whose identifier URI is still taken.
fn deleted_api(spec: &Spec, ids: Ids) -> Draft {
    Draft::cleared(
        Ids::deleted_api_application(),
        &spec.identity.api.at,
        Ids::api_application(),
        json!({ "identifierUris": [ids.api_uri()] }),
    )
    .serves(&[R1])
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
    let id = ids.client_application(client);
    let granted = sorted(client.scopes.iter().map(|scope| &**scope));
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
            ids,
            client,
            &Ids::service_principal(&Ids::api_application()),
            &granted,
        ),
        grant(ids, client, &Ids::microsoft_graph(), &GRAPH_SCOPES),
    ]
}

fn client_application(spec: &Spec, ids: Ids, client: &Client) -> Value {
    let mut body = application(ids, &ids.client_application(client), &client.name);
    let platform = match client.kind {
        ClientKind::Spa => "spa",
        ClientKind::Web => "web",
    };
    body["signInAudience"] = json!(audience(spec));
    body["nativeAuthenticationApisEnabled"] = json!("none");
    body["api"] = json!({ "requestedAccessTokenVersion": 2 });
    body[platform]["redirectUris"] = json!(sorted(&client.redirect_uris));
    let graph = Ids::microsoft_graph();
    let sign_in = GRAPH_SCOPES.map(|scope| {
        let pointer = format!("/oauth2PermissionScopes/value={scope}/id");
        json!({ "id": reference_to(&graph, &pointer), "type": "Scope" })
    });
    let scopes: Vec<Value> = by_name(&spec.identity.api.scopes)
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

fn by_name(scopes: &[Scope]) -> impl Iterator<Item = &Scope> {
    let mut scopes: Vec<&Scope> = scopes.iter().collect();
    scopes.sort_by(|one, other| one.name.cmp(&other.name));
    scopes.into_iter()
}

fn grant(ids: Ids, client: &Client, resource: &ResourceId, scopes: &[&str]) -> Draft {
    let principal = Ids::service_principal(&ids.client_application(client));
    let body = json!({
        "clientId": reference_to(&principal, "/@object"),
        "consentType": "AllPrincipals",
        "resourceId": reference_to(resource, "/@object"),
        "scope": scopes.join(" "),
    });
    Draft::body(ids.grant(client, resource), &client.at, body).serves(&[R1])
}

fn user_flow(spec: &Spec, ids: Ids) -> Draft {
    let flow = &spec.identity.user_flow;
    let draft = match spec.identity.provider {
        IdentityProvider::B2c => Draft::body(ids.user_flow(), &flow.at, b2c_flow(spec)),
        IdentityProvider::ExternalId => {
            let applications = spec.identity.clients.iter();
            let principals =
                applications.map(|client| Ids::service_principal(&ids.client_application(client)));
            Draft::body(ids.user_flow(), &flow.at, external_flow(spec, ids)).after(principals)
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

fn external_flow(spec: &Spec, ids: Ids) -> Value {
    let flow = &spec.identity.user_flow;
    let clients = sorted(
        spec.identity
            .clients
            .iter()
            .map(|client| ids.client_application(client)),
    );
    let applications: Vec<Value> = clients
        .iter()
        .map(|id| json!({ "appId": reference_to(id, "/appId") }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::example::{Compiled, prod};
    use crate::resource::Directory;

    fn external() -> Spec {
        let mut spec = prod();
        spec.identity.provider = IdentityProvider::ExternalId;
        spec
    }

    #[test]
    fn a_client_is_granted_exactly_what_the_spec_declares() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let web = &spec.identity.clients[0];
        let api = Ids::service_principal(&Ids::api_application());
        let grant = compiled.ids.grant(web, &api);
        assert_eq!(compiled.value(&grant, "/scope"), "orders.read orders.write");
        assert_eq!(
            *compiled.at(&grant, "/resourceId"),
            reference_to(&api, "/@object")
        );
        let sign_in = compiled.ids.grant(web, &Ids::microsoft_graph());
        assert_eq!(compiled.value(&sign_in, "/scope"), "openid offline_access");
        let asked = "/requiredResourceAccess/1/resourceAccess";
        let client = compiled.ids.client_application(web);
        let wanted: Vec<Value> = by_name(&spec.identity.api.scopes)
            .filter(|scope| scope.name.as_str() != "orders.ship")
            .map(|scope| json!({ "id": compiled.ids.scope(scope), "type": "Scope" }))
            .collect();
        assert_eq!(compiled.value(&client, asked), json!(wanted));
    }

    #[test]
    fn scopes_of_microsoft_graph_are_looked_up_there() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let client = compiled.ids.client_application(&spec.identity.clients[0]);
        let access = compiled.at(&client, "/requiredResourceAccess/0/resourceAccess");
        let graph = json!({ "oauth2PermissionScopes": [
            { "value": "profile", "id": "1" },
            { "value": "offline_access", "id": "2" },
            { "value": "openid", "id": "3" },
        ] });
        let resolved = access.resolve(&|reference| {
            assert_eq!(reference.resource, Ids::microsoft_graph());
            crate::resource::body::get(&graph, &reference.pointer).cloned()
        });
        assert_eq!(
            resolved.known(),
            Some(json!([{ "id": "3", "type": "Scope" }, { "id": "2", "type": "Scope" }]))
        );
    }

    #[test]
    fn every_application_has_its_mark_first_and_no_weak_way_to_a_token() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let applications: Vec<ResourceId> = compiled
            .graph
            .iter()
            .filter(|resource| resource.kind.type_name == "Microsoft.Graph/applications")
            .map(|resource| resource.id.clone())
            .collect();
        assert_eq!(
            applications.len(),
            4,
            "the API, two clients and the functions"
        );
        for id in applications {
            let mark = format!("secgw:{}/{}", spec.name, id.name());
            assert_eq!(compiled.value(&id, "/tags"), json!([mark]));
            assert_eq!(
                compiled.value(&id, "/web/implicitGrantSettings"),
                json!({ "enableAccessTokenIssuance": false, "enableIdTokenIssuance": false })
            );
            assert_eq!(compiled.value(&id, "/isFallbackPublicClient"), false);
            assert_eq!(compiled.value(&id, "/publicClient/redirectUris"), json!([]));
            assert_eq!(compiled.value(&id, "/api/requestedAccessTokenVersion"), 2);
        }
    }

    #[test]
    fn a_client_may_be_sent_back_to_its_own_addresses_alone() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let [spa, web] = [0, 1].map(|n| compiled.ids.client_application(&spec.identity.clients[n]));
        let addresses = |id: &ResourceId| {
            ["spa", "web"].map(|part| compiled.value(id, &format!("/{part}/redirectUris")))
        };
        assert_eq!(
            addresses(&spa),
            [json!(["https://app.contoso.com/auth"]), json!([])]
        );
        assert_eq!(
            addresses(&web),
            [
                json!([]),
                json!(["https://backoffice.contoso.com/signin-oidc"])
            ]
        );
    }

    #[test]
    fn the_flow_signs_in_and_nobody_up() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let flow = compiled.ids.user_flow();
        assert_eq!(flow.name(), "B2C_1_signin");
        assert_eq!(compiled.value(&flow, "/id"), "signin");
        assert_eq!(compiled.value(&flow, "/userFlowType"), "signIn");
        let spec = external();
        let compiled = Compiled::of(&spec);
        let flow = compiled.ids.user_flow();
        assert_eq!(
            compiled.value(&flow, "/onInteractiveAuthFlowStart/isSignUpAllowed"),
            false
        );
        let applications = compiled.at(&flow, "/conditions/applications/includeApplications");
        let linked: Vec<&ResourceId> = applications
            .references()
            .iter()
            .map(|reference| &reference.resource)
            .collect();
        let clients = sorted(
            spec.identity
                .clients
                .iter()
                .map(|client| compiled.ids.client_application(client)),
        );
        assert_eq!(linked, clients.iter().collect::<Vec<_>>());
    }

    #[test]
    fn each_provider_has_its_audience_and_its_metadata() {
        for (spec, audience, metadata) in [
            (
                prod(),
                "AzureADandPersonalMicrosoftAccount",
                "https://contosob2c.b2clogin.com/contosob2c.onmicrosoft.com/B2C_1_signin/v2.0/.well-known/openid-configuration".to_owned(),
            ),
            (
                external(),
                "AzureADMyOrg",
                format!(
                    "https://contosob2c.ciamlogin.com/{}/v2.0/.well-known/openid-configuration",
                    external().identity.tenant_id
                ),
            ),
        ] {
            let compiled = Compiled::of(&spec);
            let api = Ids::api_application();
            assert_eq!(compiled.value(&api, "/signInAudience"), audience);
            let fact = ResourceId::fact(&metadata);
            assert!(compiled.waits_for(&fact, &compiled.ids.user_flow()));
        }
    }

    #[test]
    fn an_accounts_first_password_is_known_to_nobody() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let ada = &spec.identity.accounts.as_ref().unwrap()[0];
        let id = Ids::account(ada);
        assert_eq!(
            *compiled.at(&id, "/passwordProfile/password"),
            Term::Generated(Generated::Password)
        );
        assert_eq!(
            compiled.value(&id, "/identities"),
            json!([{
                "signInType": "emailAddress",
                "issuer": "contosob2c.onmicrosoft.com",
                "issuerAssignedId": "ada@example.com",
            }])
        );
    }

    #[test]
    fn the_functions_are_known_in_the_directory_of_the_gateways_identity() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let backend = Ids::backend_application();
        let workforce = crate::resource::Realm::Graph(Directory::Workforce);
        assert_eq!(backend.realm(), workforce);
        let principal = Ids::service_principal(&backend);
        assert_eq!(principal.realm(), workforce);
        assert!(compiled.waits_for(&principal, &backend));
        assert_eq!(compiled.value(&backend, "/signInAudience"), "AzureADMyOrg");
    }
}
