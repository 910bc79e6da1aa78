//! Easy Auth (`config/authsettingsV2`): everything has a default, and a read shows them all.

use serde_json::{Value, json};

use super::bad;
use crate::sandbox::refusal::Refusal;

macro_rules! shape {
    () => {
        "{ kind: string, properties: { platform: { enabled: bool, runtimeVersion: string, configFilePath: string }, \
         globalValidation: { requireAuthentication: bool, redirectToProvider: string, excludedPaths: [string], \
           unauthenticatedClientAction: RedirectToLoginPage|AllowAnonymous|Return401|Return403 }, \
         identityProviders: { azureActiveDirectory: { enabled: bool, isAutoProvisioned: bool, \
             registration: { openIdIssuer: string, clientId: string, clientSecretSettingName: string, \
               clientSecretCertificateThumbprint: string, clientSecretCertificateSubjectAlternativeName: string, \
               clientSecretCertificateIssuer: string }, \
             login: { loginParameters: [string], disableWWWAuthenticate: bool }, \
             validation: { jwtClaimChecks: { allowedGroups: [string], allowedClientApplications: [string] }, \
               allowedAudiences: [string], \
               defaultAuthorizationPolicy: { allowedApplications: [string], \
                 allowedPrincipals: { groups: [string], identities: [string] } } } }, \
           facebook: any, gitHub: any, google: any, legacyMicrosoftAccount: any, twitter: any, apple: any, \
           azureStaticWebApps: any, customOpenIdConnectProviders: {*: any} }, \
         login: { routes: { logoutEndpoint: string }, \
           tokenStore: { enabled: bool, tokenRefreshExtensionHours: number, fileSystem: any, azureBlobStorage: any }, \
           preserveUrlFragmentsForLogins: bool, allowedExternalRedirectUrls: [string], \
           cookieExpiration: { convention: FixedTime|IdentityProviderDerived, timeToExpiration: string }, \
           nonce: { validateNonce: bool, nonceExpirationInterval: string } }, \
         httpSettings: { requireHttps: bool, routes: { apiPrefix: string }, \
           forwardProxy: { convention: NoProxy|Standard|Custom, customHostHeaderName: string, \
             customProtoHeaderName: string } } } }"
    };
}
pub(super) const SHAPE: &str = shape!();

/// What a site has before anybody said anything about sign-in.
pub(super) fn defaults() -> Value {
    let provider = || json!({ "enabled": true, "registration": {}, "login": {} });
    json!({
        "platform": { "enabled": false, "runtimeVersion": "~1" },
        "globalValidation": { "unauthenticatedClientAction": "RedirectToLoginPage" },
        "identityProviders": {
            "azureActiveDirectory": {
                "enabled": true, "registration": {}, "login": { "disableWWWAuthenticate": false },
                "validation": { "jwtClaimChecks": {}, "defaultAuthorizationPolicy": { "allowedPrincipals": {} } },
            },
            "facebook": provider(), "gitHub": provider(), "google": provider(), "apple": provider(),
            "twitter": { "enabled": true, "registration": {} },
            "legacyMicrosoftAccount": { "enabled": true, "registration": {}, "login": {}, "validation": {} },
        },
        "login": {
            "routes": {}, "tokenStore": { "enabled": false, "tokenRefreshExtensionHours": 72.0, "fileSystem": {}, "azureBlobStorage": {} },
            "preserveUrlFragmentsForLogins": false,
            "cookieExpiration": { "convention": "FixedTime", "timeToExpiration": "08:00:00" },
            "nonce": { "validateNonce": true, "nonceExpirationInterval": "00:05:00" },
        },
        "httpSettings": {
            "requireHttps": true, "routes": { "apiPrefix": "/.auth" }, "forwardProxy": { "convention": "NoProxy" },
        },
    })
}

/// A PUT replaces everything; what it leaves out is the default again.
pub(super) fn written(sent: &Value) -> Result<Value, Refusal> {
    let mut whole = defaults();
    overlay(&mut whole, sent);
    let active = &whole["identityProviders"]["azureActiveDirectory"];
    let issuer = active["registration"]["openIdIssuer"].as_str();
    if issuer.is_some_and(|issuer| !issuer.starts_with("https://")) {
        return Err(bad(
            "The openIdIssuer of the Azure Active Directory provider must be an https URL.",
        ));
    }
    let is_required = whole["platform"]["enabled"] == true
        && whole["globalValidation"]["requireAuthentication"] == true;
    let asks_entra =
        sent["identityProviders"]["azureActiveDirectory"].is_object() && active["enabled"] == true;
    if is_required && asks_entra && active["registration"]["clientId"].is_null() {
        return Err(bad(
            "The clientId of the Azure Active Directory provider is required when the provider is enabled.",
        ));
    }
    Ok(whole)
}

fn overlay(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                overlay(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}
