//! Application objects: what may be in them together, and what must happen before something is taken out.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::entity::{BOTH, Entity, Made, Update};
use super::organization::{self, Domain};
use super::session::{Session, has_text, items, merge, texts};
use super::{deleted, refused, service_principal};
use crate::sandbox::behaviour::Evidence;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};

pub(super) const COLLECTION: &str = "applications";

pub(super) const ENTITY: Entity = Entity {
    collection: COLLECTION,
    odata_type: "microsoft.graph.application",
    versions: BOTH,
    alternate_keys: &["appId", "uniqueName"],
    readers: &[
        "Application.Read.All",
        "Application.ReadWrite.All",
        "Application.ReadWrite.OwnedBy",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
    writers: &[
        "Application.ReadWrite.All",
        "Application.ReadWrite.OwnedBy",
        "Directory.ReadWrite.All",
    ],
    shape: "{ -id: string, -appId: string, -applicationTemplateId: any, -createdDateTime: string, -deletedDateTime: any, \
        -certification: any, -publisherDomain: string, -disabledByMicrosoftStatus: any, -verifiedPublisher: any, \
        displayName!: string, description: string, notes: string, uniqueName: string, signInAudience: \
        AzureADMyOrg|AzureADMultipleOrgs|AzureADandPersonalMicrosoftAccount|PersonalMicrosoftAccount, \
        identifierUris: [string], tags: [string], groupMembershipClaims: string, isFallbackPublicClient: bool, \
        isDeviceOnlyAuthSupported: bool, nativeAuthenticationApisEnabled: none|all.., defaultRedirectUri: string, \
        samlMetadataUrl: string, serviceManagementReference: string, tokenEncryptionKeyId: string, \
        api: { acceptMappedClaims: bool, knownClientApplications: [string], requestedAccessTokenVersion: int, \
          oauth2PermissionScopes: [{ id: string, value: string, type: User|Admin, isEnabled: bool, \
            adminConsentDisplayName: string, adminConsentDescription: string, userConsentDisplayName: string, \
            userConsentDescription: string }], \
          preAuthorizedApplications: [{ appId: string, delegatedPermissionIds: [string] }] }, \
        appRoles: [{ id: string, value: string, displayName: string, description: string, isEnabled: bool, \
          allowedMemberTypes: [string], -origin: string }], \
        requiredResourceAccess: [{ resourceAppId: string, resourceAccess: [{ id: string, type: Scope|Role }] }], \
        spa: { redirectUris: [string] }, publicClient: { redirectUris: [string] }, \
        web: { homePageUrl: string, logoutUrl: string, redirectUris: [string], \
          redirectUriSettings: [{ uri: string, index: int }], \
          implicitGrantSettings: { enableAccessTokenIssuance: bool, enableIdTokenIssuance: bool } }, \
        passwordCredentials: [{ displayName: string, endDateTime: string, startDateTime: string, keyId: string, \
          -hint: string, -secretText: string }], \
        keyCredentials: [any], addIns: [any], info: any, optionalClaims: any, parentalControlSettings: any, \
        requestSignatureVerification: any, authenticationBehaviors: any, servicePrincipalLockConfiguration: any }",
    blank: r#"{"id":null,"deletedDateTime":null,"appId":null,"applicationTemplateId":null,"disabledByMicrosoftStatus":null,
        "createdDateTime":null,"displayName":null,"description":null,"groupMembershipClaims":null,"identifierUris":[],
        "isDeviceOnlyAuthSupported":null,"isFallbackPublicClient":null,"nativeAuthenticationApisEnabled":null,"notes":null,
        "publisherDomain":null,"serviceManagementReference":null,"signInAudience":"AzureADMyOrg","tags":[],
        "tokenEncryptionKeyId":null,"uniqueName":null,"samlMetadataUrl":null,"defaultRedirectUri":null,
        "certification":null,"optionalClaims":null,"servicePrincipalLockConfiguration":null,
        "requestSignatureVerification":null,"authenticationBehaviors":null,"addIns":[],
        "api":{"acceptMappedClaims":null,"knownClientApplications":[],"requestedAccessTokenVersion":null,
          "oauth2PermissionScopes":[],"preAuthorizedApplications":[]},
        "appRoles":[],
        "info":{"logoUrl":null,"marketingUrl":null,"privacyStatementUrl":null,"supportUrl":null,"termsOfServiceUrl":null},
        "keyCredentials":[],"parentalControlSettings":{"countriesBlockedForMinors":[],"legalAgeGroupRule":"Allow"},
        "passwordCredentials":[],"publicClient":{"redirectUris":[]},"requiredResourceAccess":[],
        "verifiedPublisher":{"displayName":null,"verifiedPublisherId":null,"addedDateTime":null},
        "web":{"homePageUrl":null,"logoutUrl":null,"redirectUris":[],
          "implicitGrantSettings":{"enableAccessTokenIssuance":false,"enableIdTokenIssuance":false},
          "redirectUriSettings":[]},
        "spa":{"redirectUris":[]}}"#,
    shown: &[],
    create: Some(create),
    update: Some(update),
    remove: Some(remove),
    below: None,
    evidence: Evidence::Documented(
        "learn.microsoft.com/graph/api/resources/application",
        "2025-06",
    ),
};

fn create(session: &Session, sent: &Value) -> Result<Made, Refusal> {
    let mut body = ENTITY.blank();
    merge(&mut body, sent);
    let id = session.new_id("application");
    let app_id = session.new_id("appId");
    body["id"] = id.into();
    body["appId"] = app_id.into();
    body["createdDateTime"] = session.timestamp();
    let shown_once = secrets(session, &mut body);
    let also = check(session, &mut body)?;
    Ok(Made {
        object: session.object(COLLECTION, body),
        shown_once,
        also,
    })
}

fn update(session: &Session, update: &Update) -> Result<Vec<Entry>, Refusal> {
    let before = &update.object.body;
    let mut body = update.merged.clone();
    for (list, removed) in [
        ("/api/oauth2PermissionScopes", "oauth2PermissionScopes"),
        ("/appRoles", "appRoles"),
    ] {
        disabled_first(
            before.pointer(list).unwrap_or(&Value::Null),
            body.pointer(list).unwrap_or(&Value::Null),
            removed,
        )?;
    }
    secrets(session, &mut body);
    let mut entries = check(session, &mut body)?;
    entries.extend(service_principal::mirrored(session, &body));
    entries.push(Session::changed(update.object, body));
    Ok(entries)
}

fn remove(session: &Session, object: &Object) -> Vec<Entry> {
    let mut entries = deleted::bury(session, object);
    let app_id = object.body["appId"].as_str().unwrap_or_default();
    if let Some(principal) = session
        .all(service_principal::COLLECTION)
        .find(|principal| has_text(&principal.body, "appId", app_id))
    {
        entries.extend(service_principal::remove(session, principal));
    }
    entries
}

/// Everything that must hold of an application as a whole; the entries are what it teaches the directory.
fn check(session: &Session, body: &mut Value) -> Result<Vec<Entry>, Refusal> {
    audience(body)?;
    scopes(body)?;
    pre_authorized(body)?;
    required_access(body)?;
    redirects(body)?;
    let id = body["id"].as_str().unwrap_or_default();
    if let Some(name) = body["uniqueName"].as_str()
        && session.is_taken(COLLECTION, "uniqueName", name, id)
    {
        return Err(refused::conflict("uniqueName"));
    }
    identifier_uris(session, body)
}

/// Recorded in azure-ad-b2c/Scripts issue 2: converged applications need version 2 tokens.
fn audience(body: &Value) -> Result<(), Refusal> {
    let version = &body["api"]["requestedAccessTokenVersion"];
    if !(version.is_null() || *version == 1 || *version == 2) {
        return Err(refused::invalid(
            "requestedAccessTokenVersion",
            "InvalidAccessTokenVersion",
        ));
    }
    let is_converged = matches!(
        body["signInAudience"].as_str(),
        Some("AzureADandPersonalMicrosoftAccount" | "PersonalMicrosoftAccount")
    );
    if is_converged && *version != 2 {
        return Err(refused::invalid(
            "requestedAccessTokenVersion",
            "InvalidAccessTokenVersion",
        ));
    }
    Ok(())
}

fn scopes(body: &mut Value) -> Result<(), Refusal> {
    let mut ids = BTreeSet::new();
    let mut values = BTreeSet::new();
    let lists = [
        body["api"]["oauth2PermissionScopes"].as_array().cloned(),
        body["appRoles"].as_array().cloned(),
    ];
    for entitlement in lists.iter().flatten().flatten() {
        let id = entitlement["id"].as_str().unwrap_or_default();
        let value = entitlement["value"].as_str().unwrap_or_default();
        if Uuid::parse_str(id).is_err() || !ids.insert(id.to_lowercase()) {
            return Err(refused::invalid(
                "oauth2PermissionScopes.id",
                "Request_BadRequest",
            ));
        }
        if value.len() > 120 || value.contains(char::is_whitespace) {
            return Err(refused::invalid(
                "oauth2PermissionScopes.value",
                "Request_BadRequest",
            ));
        }
        if !value.is_empty() && !values.insert(value.to_lowercase()) {
            return Err(refused::bad(
                "Property value cannot have duplicate values for oauth2PermissionScopes and appRoles.",
            ));
        }
    }
    for scope in items(&body["api"]["oauth2PermissionScopes"]) {
        let has_texts = ["adminConsentDisplayName", "adminConsentDescription"]
            .iter()
            .all(|name| scope[*name].as_str().is_some_and(|text| !text.is_empty()));
        if !has_texts {
            return Err(refused::invalid(
                "adminConsentDisplayName",
                "Request_BadRequest",
            ));
        }
    }
    enabled_unless_said(&mut body["api"]["oauth2PermissionScopes"]);
    enabled_unless_said(&mut body["appRoles"]);
    Ok(())
}

fn enabled_unless_said(list: &mut Value) {
    for entitlement in list.as_array_mut().into_iter().flatten() {
        if entitlement["isEnabled"].is_null() {
            entitlement["isEnabled"] = true.into();
        }
    }
}

/// A scope or role that is in force can neither go nor change its value.
fn disabled_first(before: &Value, after: &Value, list: &str) -> Result<(), Refusal> {
    for old in items(before) {
        if old["isEnabled"] == false {
            continue;
        }
        let is_kept =
            items(after).any(|new| new["id"] == old["id"] && new["value"] == old["value"]);
        if !is_kept {
            let message =
                "Permission (scope or role) cannot be deleted or updated unless disabled first.";
            return Err(
                Refusal::new(400, "CannotDeleteOrUpdateEnabledEntitlement", message).detail(
                    json!({ "code": "CannotDeleteOrUpdateEnabledEntitlement", "message": message, "target": list }),
                ),
            );
        }
    }
    Ok(())
}

fn pre_authorized(body: &Value) -> Result<(), Refusal> {
    let scopes: BTreeSet<&str> = items(&body["api"]["oauth2PermissionScopes"])
        .filter_map(|scope| scope["id"].as_str())
        .collect();
    for client in items(&body["api"]["preAuthorizedApplications"]) {
        let is_known = texts(&client["delegatedPermissionIds"]).all(|id| scopes.contains(id));
        if !is_known {
            return Err(refused::invalid(
                "preAuthorizedApplications.delegatedPermissionIds",
                "Request_BadRequest",
            ));
        }
    }
    Ok(())
}

/// Ids are not looked up (a client may ask for what does not exist yet), but must be GUIDs.
fn required_access(body: &Value) -> Result<(), Refusal> {
    for resource in items(&body["requiredResourceAccess"]) {
        let ids = items(&resource["resourceAccess"])
            .map(|access| &access["id"])
            .chain([&resource["resourceAppId"]]);
        for id in ids {
            if Uuid::parse_str(id.as_str().unwrap_or_default()).is_err() {
                return Err(refused::invalid(
                    "requiredResourceAccess",
                    "Request_BadRequest",
                ));
            }
        }
    }
    Ok(())
}

fn redirects(body: &Value) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for platform in ["web", "spa", "publicClient"] {
        for uri in texts(&body[platform]["redirectUris"]) {
            if platform != "publicClient" && !is_redirect(uri) {
                return Err(refused::invalid("redirectUris", "InvalidRedirectUri"));
            }
            if !seen.insert(uri) {
                return Err(refused::bad("Redirect URIs must have distinct values."));
            }
        }
    }
    Ok(())
}

/// https except on loopback, no wildcard, no fragment.
fn is_redirect(uri: &str) -> bool {
    if uri.contains(['*', '#']) {
        return false;
    }
    url::Url::parse(uri).is_ok_and(|url| match url.scheme() {
        "https" => true,
        "http" => matches!(url.host_str(), Some("localhost" | "127.0.0.1")),
        _ => false,
    })
}

/// Also among deleted applications: a URI stays taken until the application is purged.
fn identifier_uris(session: &Session, body: &Value) -> Result<Vec<Entry>, Refusal> {
    let id = body["id"].as_str().unwrap_or_default();
    let mut learnt = Vec::new();
    for uri in texts(&body["identifierUris"]) {
        let is_taken = session
            .all(COLLECTION)
            .chain(session.all(deleted::COLLECTION))
            .filter(|other| other.body["id"] != id)
            .any(|other| texts(&other.body["identifierUris"]).any(|taken| taken == uri));
        if is_taken {
            return Err(refused::conflict("identifierUris"));
        }
        learnt.extend(identifier_host(session, uri, body)?);
    }
    Ok(learnt)
}

/// Hosts must be verified domains; `api://` must name the application, the tenant or a verified domain.
fn identifier_host(session: &Session, uri: &str, body: &Value) -> Result<Option<Entry>, Refusal> {
    let refusal = || {
        Refusal::new(
            400,
            "HostNameNotOnVerifiedDomain",
            format!(
                "Values of identifierUris property must use a verified domain of the organization or its subdomain: '{uri}'"
            ),
        )
    };
    let (scheme, rest) = uri
        .split_once("://")
        .ok_or_else(|| refused::invalid("identifierUris", "Request_BadRequest"))?;
    if uri.ends_with('/') && scheme != "api" {
        return Err(refused::invalid("identifierUris", "Request_BadRequest"));
    }
    let host = rest.split('/').next().unwrap_or_default();
    if scheme == "api" {
        let app_id = body["appId"].as_str().unwrap_or_default();
        let names_it = rest.split('/').any(|part| {
            part.eq_ignore_ascii_case(app_id) || part.eq_ignore_ascii_case(session.tenant())
        });
        if names_it {
            return Ok(None);
        }
    } else if scheme != "https" {
        return Err(refusal());
    }
    organization::verify(session, host)
        .map(Domain::learnt)
        .ok_or_else(refusal)
}

/// Gives new passwords their ids and secrets. Only the answer to a POST shows a secret, and only once.
fn secrets(session: &Session, body: &mut Value) -> Value {
    let Some(credentials) = body["passwordCredentials"].as_array_mut() else {
        return Value::Null;
    };
    let mut shown = Vec::new();
    for (index, credential) in credentials.iter_mut().enumerate() {
        let mut once = credential.clone();
        if credential["keyId"].is_null() {
            let secret = session.new_id(&format!("secret{index}"));
            let made = json!({
                "keyId": session.new_id(&format!("key{index}")),
                "hint": secret[..3],
                "secretText": null,
                "customKeyIdentifier": null,
            });
            merge(credential, &made);
            once = credential.clone();
            once["secretText"] = format!("sbx~{secret}").into();
        }
        shown.push(once);
    }
    if shown.is_empty() {
        return Value::Null;
    }
    json!({ "passwordCredentials": shown })
}

/// The application that a client or service principal names, once it has replicated.
pub(super) fn by_app_id<'a>(session: &Session<'a>, app_id: &str) -> Option<&'a Object> {
    session.find(COLLECTION, "appId", app_id)
}
