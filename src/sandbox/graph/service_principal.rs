//! Service principals: an application's presence in a directory, and what the application's own changes do to it.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::entity::{BOTH, Entity, Made, Update};
use super::session::{Answer, Session, items, made, merge, texts, well_known_id};
use super::{application, assignment, deleted, grant, refused};
use crate::sandbox::behaviour::Evidence;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};
use crate::sandbox::world::timestamp;

pub(super) const COLLECTION: &str = "servicePrincipals";

const GRAPH_APP_ID: &str = "00000003-0000-0000-c000-000000000000";

/// Microsoft's own applications that a directory may bring in by their appId.
const FIRST_PARTY: &[(&str, &str)] = &[
    (GRAPH_APP_ID, "Microsoft Graph"),
    (
        "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        "Windows Azure Service Management API",
    ),
    ("e406a681-f3d4-42a8-90b6-c2b029497af1", "Azure Storage"),
    ("cfa8b339-82a2-471a-a3c9-0fc0be7a4093", "Azure Key Vault"),
    (
        "205478c0-bd83-4e1b-a9d6-db63a3e1e1c8",
        "Microsoft.AzureFrontDoor-Cdn",
    ),
];

pub(super) const ENTITY: Entity = Entity {
    collection: COLLECTION,
    odata_type: "microsoft.graph.servicePrincipal",
    versions: BOTH,
    alternate_keys: &["appId"],
    readers: application::ENTITY.readers,
    writers: application::ENTITY.writers,
    shape: "{ -id: string, -applicationTemplateId: any, -appOwnerOrganizationId: string, -signInAudience: string, \
        -deletedDateTime: any, -createdDateTime: string, -servicePrincipalType: string, -appDisplayName: string, \
        -oauth2PermissionScopes: [any], -appRoles: [any], -verifiedPublisher: any, -disabledByMicrosoftStatus: any, \
        appId!: string, accountEnabled: bool, appRoleAssignmentRequired: bool, displayName: string, description: string, \
        notes: string, tags: [string], alternativeNames: [string], homepage: string, loginUrl: string, \
        logoutUrl: string, notificationEmailAddresses: [string], preferredSingleSignOnMode: string, \
        preferredTokenSigningKeyThumbprint: string, replyUrls: [string], servicePrincipalNames: [string], \
        tokenEncryptionKeyId: string, samlSingleSignOnSettings: any, info: any, addIns: [any], \
        keyCredentials: [any], passwordCredentials: [any], customSecurityAttributes: any }",
    blank: r#"{"id":null,"deletedDateTime":null,"accountEnabled":true,"alternativeNames":[],"appDisplayName":null,
        "appDescription":null,"appId":null,"applicationTemplateId":null,"appOwnerOrganizationId":null,
        "appRoleAssignmentRequired":false,"createdDateTime":null,"description":null,"disabledByMicrosoftStatus":null,
        "displayName":null,"homepage":null,"loginUrl":null,"logoutUrl":null,"notes":null,
        "notificationEmailAddresses":[],"preferredSingleSignOnMode":null,"preferredTokenSigningKeyThumbprint":null,
        "replyUrls":[],"servicePrincipalNames":[],"servicePrincipalType":"Application","signInAudience":null,
        "tags":[],"tokenEncryptionKeyId":null,"samlSingleSignOnSettings":null,"addIns":[],"appRoles":[],
        "info":{"logoUrl":null,"marketingUrl":null,"privacyStatementUrl":null,"supportUrl":null,"termsOfServiceUrl":null},
        "keyCredentials":[],"oauth2PermissionScopes":[],"passwordCredentials":[],
        "resourceSpecificApplicationPermissions":[],
        "verifiedPublisher":{"displayName":null,"verifiedPublisherId":null,"addedDateTime":null}}"#,
    shown: &[],
    create: Some(create),
    update: Some(update),
    remove: Some(remove),
    below: Some(below),
    evidence: Evidence::Documented(
        "learn.microsoft.com/graph/api/resources/serviceprincipal",
        "2025-06",
    ),
};

fn create(session: &Session, sent: &Value) -> Result<Made, Refusal> {
    let app_id = sent["appId"].as_str().unwrap_or_default().to_owned();
    if session.is_taken(COLLECTION, "appId", &app_id, "") {
        return Err(refused::taken(format!(
            "The service principal cannot be created, updated, or restored because the service principal name {app_id} is already in use."
        )));
    }
    let mut body = of_application(session, &app_id)?;
    merge(&mut body, sent);
    body["id"] = session.new_id("servicePrincipal").into();
    body["createdDateTime"] = session.timestamp();
    Ok(Made::alone(session.object(COLLECTION, body)))
}

fn of_application(session: &Session, app_id: &str) -> Result<Value, Refusal> {
    if let Some(application) = application::by_app_id(session, app_id) {
        let mut body = ENTITY.blank();
        mirror(&mut body, &application.body, session.tenant());
        return Ok(body);
    }
    let known = FIRST_PARTY
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(app_id));
    if let Some((app_id, name)) = known {
        return Ok(first_party(app_id, name));
    }
    let message = format!(
        "The appId '{app_id}' of the service principal does not reference a valid application object."
    );
    Err(
        Refusal::new(400, "NoBackingApplicationObject", message.clone()).detail(
            json!({ "code": "NoBackingApplicationObject", "message": message, "target": "appId" }),
        ),
    )
}

fn update(_: &Session, update: &Update) -> Result<Vec<Entry>, Refusal> {
    let was = &update.object.body["appId"];
    if update.merged["appId"] != *was {
        return Err(refused::bad(
            "Property 'appId' is read-only and cannot be set.",
        ));
    }
    Ok(vec![Session::changed(update.object, update.merged.clone())])
}

/// Grants and assignments of a principal go with it.
pub(super) fn remove(session: &Session, object: &Object) -> Vec<Entry> {
    let id = &object.body["id"];
    let mut entries = deleted::bury(session, object);
    let orphans = session
        .all(grant::COLLECTION)
        .filter(|grant| grant.body["clientId"] == *id || grant.body["resourceId"] == *id);
    entries.extend(orphans.map(|grant| Entry::Remove(grant.key())));
    let orphans = session
        .all(assignment::COLLECTION)
        .filter(|one| one.body["principalId"] == *id || one.body["resourceId"] == *id);
    entries.extend(orphans.map(|one| Entry::Remove(one.key())));
    entries
}

fn below(session: &Session, object: &Object, rest: &[&str]) -> Result<Answer, Refusal> {
    match rest {
        ["oauth2PermissionGrants"] => grant::of_client(session, object),
        ["appRoleAssignedTo" | "appRoleAssignments", ..] => {
            assignment::below(session, object, rest)
        }
        _ => Err(refused::no_segment(rest.first().unwrap_or(&""))),
    }
}

/// What a service principal in the application's home directory shows of the application.
fn mirror(body: &mut Value, application: &Value, tenant: &str) {
    let mut names = vec![application["appId"].clone()];
    names.extend(items(&application["identifierUris"]).cloned());
    let replies: Vec<&str> = texts(&application["web"]["redirectUris"])
        .chain(texts(&application["spa"]["redirectUris"]))
        .collect();
    let mirrored = json!({
        "appId": application["appId"],
        "appDisplayName": application["displayName"],
        "displayName": application["displayName"],
        "appOwnerOrganizationId": tenant,
        "signInAudience": application["signInAudience"],
        "appRoles": application["appRoles"],
        "oauth2PermissionScopes": application["api"]["oauth2PermissionScopes"],
        "servicePrincipalNames": names,
        "replyUrls": replies,
        "homepage": application["web"]["homePageUrl"],
        "logoutUrl": application["web"]["logoutUrl"],
    });
    merge(body, &mirrored);
}

/// The application changed: so does its service principal here.
pub(super) fn mirrored(session: &Session, application: &Value) -> Option<Entry> {
    let app_id = application["appId"].as_str()?;
    let principal = session.find(COLLECTION, "appId", app_id)?;
    let mut body = principal.body.clone();
    mirror(&mut body, application, session.tenant());
    Some(Session::changed(principal, body))
}

fn first_party(app_id: &str, name: &str) -> Value {
    let mut body = ENTITY.blank();
    let made = json!({
        "appId": app_id, "appDisplayName": name, "displayName": name,
        "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
        "signInAudience": "AzureADMultipleOrgs", "servicePrincipalNames": [app_id],
    });
    merge(&mut body, &made);
    if app_id == GRAPH_APP_ID {
        body["oauth2PermissionScopes"] = GRAPH_SCOPES.iter().map(graph_scope).collect();
        body["appRoles"] = GRAPH_ROLES.iter().map(graph_role).collect();
        body["servicePrincipalNames"] = json!([GRAPH_APP_ID, "https://graph.microsoft.com"]);
    }
    body
}

/// The resource every client asks for `openid` and `offline_access`.
pub(super) fn microsoft_graph(id: &str) -> Value {
    let mut body = first_party(GRAPH_APP_ID, "Microsoft Graph");
    body["id"] = id.into();
    body
}

/// Ids from the published permissions reference.
const GRAPH_SCOPES: &[(&str, &str)] = &[
    ("37f7f235-527c-4136-accd-4a02d197296e", "openid"),
    ("7427e0e9-2fba-42fe-b0c0-848c9e6a8182", "offline_access"),
    ("14dad69e-099b-42c9-810b-d002981feec1", "profile"),
    ("64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0", "email"),
    ("e1fe6dd8-ba31-4d61-89e7-88639da4683d", "User.Read"),
];

const GRAPH_ROLES: &[(&str, &str)] = &[
    (
        "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
        "Application.ReadWrite.All",
    ),
    (
        "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
        "DelegatedPermissionGrant.ReadWrite.All",
    ),
    (
        "65319a09-a2be-469d-8782-f6b07debf789",
        "IdentityUserFlow.ReadWrite.All",
    ),
    (
        "1b0c317f-dd31-4305-9932-259a8b6e8099",
        "IdentityUserFlow.Read.All",
    ),
    (
        "0edf5e9e-4ce8-468a-8432-d08631d18c43",
        "EventListener.ReadWrite.All",
    ),
    (
        "b7f6385c-6ce6-4639-a480-e23c42ed9784",
        "EventListener.Read.All",
    ),
    (
        "90db2b9a-d571-4f1c-9c8b-3e5ea5e22643",
        "IdentityProvider.ReadWrite.All",
    ),
    ("741f803b-c850-494e-b5df-cde7c7a1d275", "User.ReadWrite.All"),
];

fn graph_scope((id, value): &(&str, &str)) -> Value {
    json!({
        "id": id, "value": value, "type": "User", "isEnabled": true,
        "adminConsentDisplayName": value, "adminConsentDescription": value,
        "userConsentDisplayName": value, "userConsentDescription": value,
    })
}

fn graph_role((id, value): &(&str, &str)) -> Value {
    json!({
        "id": id, "value": value, "displayName": value, "description": value, "isEnabled": true,
        "allowedMemberTypes": ["Application"], "origin": "Application",
    })
}

/// An Azure resource's own identity, as its directory shows it.
pub(crate) struct ManagedIdentity<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) principal_id: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) name: &'a str,
    /// ARM id of what it belongs to.
    pub(crate) resource: &'a str,
}

impl ManagedIdentity<'_> {
    pub(crate) fn object(&self, now: OffsetDateTime) -> Object {
        let mut body = ENTITY.blank();
        let made_of = json!({
            "id": self.principal_id, "appId": self.client_id, "displayName": self.name,
            "servicePrincipalType": "ManagedIdentity", "createdDateTime": timestamp(now),
            "alternativeNames": [format!("isExplicit={}", self.is_user_assigned()), self.resource],
            "servicePrincipalNames": [self.client_id, format!("https://identity.azure.net/{}", well_known_id(self.tenant, self.client_id))],
        });
        merge(&mut body, &made_of);
        made(self.tenant, COLLECTION, body, now)
    }

    fn is_user_assigned(&self) -> &'static str {
        let is_explicit = self
            .resource
            .to_lowercase()
            .contains("/userassignedidentities/");
        if is_explicit { "True" } else { "False" }
    }
}
