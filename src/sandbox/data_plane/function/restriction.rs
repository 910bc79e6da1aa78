//! Access restrictions: rules by priority, then the default action (domain facts B.2).

use serde_json::Value;

use super::{Site, subnet};
use crate::sandbox::data_plane::Plane;
use crate::sandbox::data_plane::call::Call;
use crate::sandbox::data_plane::hosts::text;
use crate::sandbox::data_plane::source::{has_tag, is_within};
use crate::sandbox::store::Store;

pub(super) enum Verdict {
    Allow,
    Deny,
    /// What the sandbox does not know how to compare.
    Unknown(String),
}

pub(super) fn verdict(plane: &Plane, site: &Site, call: &Call, is_scm: bool) -> Verdict {
    let (rules, default) = if is_scm && site.web["scmIpSecurityRestrictionsUseMain"] != true {
        (
            "scmIpSecurityRestrictions",
            "scmIpSecurityRestrictionsDefaultAction",
        )
    } else {
        (
            "ipSecurityRestrictions",
            "ipSecurityRestrictionsDefaultAction",
        )
    };
    let mut rules: Vec<&Value> = site.web[rules].as_array().into_iter().flatten().collect();
    rules.sort_by_key(|rule| rule["priority"].as_i64().unwrap_or(i64::MAX));
    for rule in &rules {
        match matches(plane.store, rule, call) {
            Some(false) => {}
            Some(true) => return action(&rule["action"], Verdict::Deny),
            None => {
                return Verdict::Unknown(format!("the access restriction {}", text(rule, "/name")));
            }
        }
    }
    // Documented: without a default action, one rule is enough to deny the rest.
    let implied = if rules.is_empty() {
        Verdict::Allow
    } else {
        Verdict::Deny
    };
    action(&site.web[default], implied)
}

fn action(said: &Value, otherwise: Verdict) -> Verdict {
    match said.as_str() {
        Some("Allow") => Verdict::Allow,
        Some("Deny") => Verdict::Deny,
        _ => otherwise,
    }
}

/// None: cannot be told.
fn matches(store: &Store, rule: &Value, call: &Call) -> Option<bool> {
    Some(comes_from(store, rule, call)? && has_headers(&rule["headers"], call))
}

fn comes_from(store: &Store, rule: &Value, call: &Call) -> Option<bool> {
    let from = text(rule, "/vnetSubnetResourceId");
    if !from.is_empty() {
        let is_from = subnet(call).is_some_and(|subnet| subnet.eq_ignore_ascii_case(from));
        return Some(is_from && has_service_endpoint(store, from));
    }
    let address = text(rule, "/ipAddress");
    match rule["tag"].as_str() {
        Some("ServiceTag") => address
            .split(',')
            .map(|tag| has_tag(tag.trim(), call))
            .try_fold(false, |any, one| Some(any | one?)),
        None | Some("Default") => {
            Some(address.eq_ignore_ascii_case("Any") || is_within(address, call.source))
        }
        Some(_) => None,
    }
}

/// Without the endpoint on its subnet, traffic of a network leaves by a public address.
fn has_service_endpoint(store: &Store, subnet: &str) -> bool {
    store.get(subnet).is_some_and(|object| {
        let endpoints = object.body["properties"]["serviceEndpoints"].as_array();
        endpoints
            .into_iter()
            .flatten()
            .any(|endpoint| endpoint["service"] == "Microsoft.Web")
    })
}

/// Every header that a rule names must have one of its values; the two forwarding headers hold lists.
fn has_headers(wanted: &Value, call: &Call) -> bool {
    let wanted = wanted.as_object();
    wanted.into_iter().flatten().all(|(name, values)| {
        let mut values = values
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .peekable();
        if values.peek().is_none() {
            return true;
        }
        let sent = call.header(name).unwrap_or_default();
        values.any(|value| sent.split(',').any(|one| agrees(name, value, one.trim())))
    })
}

fn agrees(header: &str, wanted: &str, sent: &str) -> bool {
    match sent.parse() {
        Ok(address) if header.eq_ignore_ascii_case("x-forwarded-for") => is_within(wanted, address),
        _ => wanted.eq_ignore_ascii_case(sent),
    }
}
