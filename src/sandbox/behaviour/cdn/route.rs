//! Routes, and the security policies that put a firewall in front of their domains.

use serde_json::{Value, json};

use super::origin::enabled;
use super::{CHILD, CRUD, DEPLOYMENT, DOMAIN, ENDPOINT, GROUP, ROUTE, RULE_SET, SECURITY};
use super::{at_once_if_unchanged, bad, ids, is_same, name, profile_of, text, tier, within};
use crate::sandbox::behaviour::rule;
use crate::sandbox::behaviour::{Behaviour, Write};
use crate::sandbox::refusal::Refusal;

pub(crate) const ROWS: &[Behaviour] = &[
    Behaviour {
        arm_type: ROUTE,
        shape: "{ properties!: { originGroup: { id: string }, customDomains: [{ id!: string, -isActive: any }], \
            originPath: string, ruleSets: [{ id!: string }], supportedProtocols: [Http|Https], patternsToMatch: [string], \
            cacheConfiguration: { queryParameters: string, queryStringCachingBehavior: \
              IgnoreQueryString|UseQueryString|IgnoreSpecifiedQueryStrings|IncludeSpecifiedQueryStrings, \
              compressionSettings: { contentTypesToCompress: [string], isCompressionEnabled: bool } }, \
            forwardingProtocol: HttpOnly|HttpsOnly|MatchRequest, linkToDefaultDomain: Enabled|Disabled, \
            httpsRedirect: Enabled|Disabled, enabledState: Enabled|Disabled, \
            -endpointName: any, -provisioningState: any, -deploymentStatus: any } }",
        rules: &[
            DEPLOYMENT,
            rule::default("/properties/cacheConfiguration", "null", CRUD),
            rule::default(
                "/properties/cacheConfiguration/queryParameters",
                "null",
                CRUD,
            ),
            rule::default("/properties/customDomains", "[]", CRUD),
            rule::default("/properties/originPath", "null", CRUD),
            rule::default("/properties/ruleSets", "[]", CRUD),
            rule::default(
                "/properties/supportedProtocols",
                r#"["Http","Https"]"#,
                CRUD,
            ),
            rule::default("/properties/patternsToMatch", r#"["/*"]"#, CRUD),
            rule::default("/properties/forwardingProtocol", r#""MatchRequest""#, CRUD),
            rule::default("/properties/linkToDefaultDomain", r#""Disabled""#, CRUD),
            rule::default("/properties/httpsRedirect", r#""Disabled""#, CRUD),
            rule::default("/properties/enabledState", r#""Enabled""#, CRUD),
        ],
        prepare: route,
        ..CHILD
    },
    Behaviour {
        arm_type: SECURITY,
        shape: "{ properties!: { parameters!: { type!: WebApplicationFirewall, wafPolicy!: { id!: string }, \
            associations!: [{ domains!: [{ id!: string, -isActive: any }], patternsToMatch!: [string] }] }, \
            -profileName: any, -provisioningState: any, -deploymentStatus: any } }",
        rules: &[DEPLOYMENT],
        prepare: security,
        ..CHILD
    },
];

fn route(write: &mut Write) -> Result<(), Refusal> {
    let group = text(&write.body, "/properties/originGroup/id").to_owned();
    // Recorded, word for word.
    let unready = || {
        bad(
            "Please make sure that the originGroup is created successfully and at least one enabled origin is created under the origin group.",
        )
    };
    let found = within(write, &group, GROUP, "Origin group").map_err(|_| unready())?;
    let is_ready = enabled(write.store, &found.id)
        .iter()
        .any(|origin| text(&origin.body, "/properties/provisioningState") == "Succeeded");
    if !is_ready {
        return Err(unready());
    }
    for set in ids(&write.body, "/properties/ruleSets") {
        within(write, set, RULE_SET, "Rule set")?;
    }
    domains_of_route(write)?;
    protocols(&write.body)?;
    patterns(write)?;
    at_once_if_unchanged(write);
    Ok(())
}

fn domains_of_route(write: &mut Write) -> Result<(), Refusal> {
    for domain in ids(&write.body, "/properties/customDomains") {
        within(write, domain, DOMAIN, "Custom domain")?;
    }
    let properties = &mut write.body["properties"];
    let mut has_domain = properties["linkToDefaultDomain"] == "Enabled";
    for domain in properties["customDomains"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        domain["isActive"] = false.into();
        has_domain = true;
    }
    if has_domain {
        return Ok(());
    }
    Err(bad(
        "A route must be linked to the default domain or to at least one custom domain.",
    ))
}

/// Documented by terraform-provider-azurerm: a redirect to https needs somebody to come by http.
fn protocols(body: &Value) -> Result<(), Refusal> {
    let protocols = body["properties"]["supportedProtocols"].as_array();
    let supports = |name: &str| protocols.is_some_and(|list| list.iter().any(|one| one == name));
    if !supports("Http") && !supports("Https") {
        return Err(bad("A route must support at least one protocol."));
    }
    if body["properties"]["httpsRedirect"] == "Enabled" && !(supports("Http") && supports("Https"))
    {
        return Err(bad(
            "If httpsRedirect is Enabled, supportedProtocols must contain both Http and Https.",
        ));
    }
    Ok(())
}

/// Each pattern is a path, and no two routes of a domain have the same one.
fn patterns(write: &Write) -> Result<(), Refusal> {
    let listed = |body: &Value| -> Vec<String> {
        let list = body["properties"]["patternsToMatch"].as_array();
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_lowercase)
            .collect()
    };
    let own = listed(&write.body);
    if let Some(pattern) = own.iter().find(|pattern| !pattern.starts_with('/')) {
        return Err(bad(format!("The pattern '{pattern}' must start with '/'.")));
    }
    let endpoint = write
        .id
        .parent()
        .map(|endpoint| endpoint.text())
        .unwrap_or_default();
    let is_default = write.body["properties"]["linkToDefaultDomain"] == "Enabled";
    let domains = ids(&write.body, "/properties/customDomains");
    let rival = write
        .store
        .of_kind(&endpoint, ROUTE)
        .filter(|other| other.key() != write.id.key())
        .filter(|other| {
            let shares_default =
                is_default && other.body["properties"]["linkToDefaultDomain"] == "Enabled";
            let theirs = ids(&other.body, "/properties/customDomains");
            shares_default
                || theirs
                    .iter()
                    .any(|id| domains.iter().any(|own| is_same(own, id)))
        })
        .find(|other| {
            listed(&other.body)
                .iter()
                .any(|pattern| own.contains(pattern))
        });
    match rival {
        None => Ok(()),
        Some(rival) => Err(Refusal::new(
            409,
            "Conflict",
            format!(
                "Route '{}' has the same domain and pattern already.",
                name(&rival.id)
            ),
        )),
    }
}

/// Domains a security policy covers.
pub(super) fn domains(body: &Value) -> Vec<&str> {
    let associations = body["properties"]["parameters"]["associations"].as_array();
    associations
        .into_iter()
        .flatten()
        .flat_map(|one| ids(one, "/domains"))
        .collect()
}

fn security(write: &mut Write) -> Result<(), Refusal> {
    for domain in domains(&write.body) {
        let is_endpoint = domain.to_lowercase().contains("/afdendpoints/");
        let (kind, what) = if is_endpoint {
            (ENDPOINT, "Endpoint")
        } else {
            (DOMAIN, "Custom domain")
        };
        within(write, domain, kind, what)?;
    }
    firewall(write)?;
    uncovered(write)?;
    for association in write.body["properties"]["parameters"]["associations"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        if association["patternsToMatch"] != json!(["/*"]) {
            return Err(bad(
                "The patternsToMatch of a security policy must be [\"/*\"].",
            ));
        }
        for domain in association["domains"].as_array_mut().into_iter().flatten() {
            domain["isActive"] = true.into();
        }
    }
    at_once_if_unchanged(write);
    Ok(())
}

/// The policy exists and is of the profile's tier (documented).
fn firewall(write: &Write) -> Result<(), Refusal> {
    let id = text(&write.body, "/properties/parameters/wafPolicy/id");
    let policy = write
        .store
        .get(id)
        .filter(|found| is_same(&found.kind, crate::sandbox::behaviour::waf::POLICY))
        .ok_or_else(|| bad(format!("WAF policy '{}' was not found.", name(id))))?;
    let (profile, policy) = (
        tier(profile_of(write.store, write.id)),
        text(&policy.body, "/sku/name"),
    );
    if profile != policy {
        return Err(bad(format!(
            "The SKU '{policy}' of the WAF policy does not match the SKU '{profile}' of the profile."
        )));
    }
    Ok(())
}

/// A domain is covered by one security policy.
fn uncovered(write: &Write) -> Result<(), Refusal> {
    let own = domains(&write.body);
    if own.is_empty() {
        return Err(bad("A security policy needs at least one domain."));
    }
    let profile = write.id.top().text();
    for other in write.store.of_kind(&profile, SECURITY) {
        let shared = domains(&other.body)
            .into_iter()
            .find(|id| own.iter().any(|own| is_same(own, id)));
        if let (Some(shared), true) = (shared, other.key() != write.id.key()) {
            return Err(bad(format!(
                "Domain '{}' is already associated with security policy '{}'.",
                name(shared),
                name(&other.id)
            )));
        }
    }
    Ok(())
}
