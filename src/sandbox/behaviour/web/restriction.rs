//! Access restrictions: the rules of `ipSecurityRestrictions`, and the one Azure adds at their end.

use serde_json::{Value, json};

use super::bad;
use crate::sandbox::behaviour::network::address::Prefix;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::Store;

const LAST: i64 = 2_147_483_647;

/// Lists of rules, each with the default that goes with it.
pub(super) const LISTS: [(&str, &str); 2] = [
    (
        "ipSecurityRestrictions",
        "ipSecurityRestrictionsDefaultAction",
    ),
    (
        "scmIpSecurityRestrictions",
        "scmIpSecurityRestrictionsDefaultAction",
    ),
];

/// The list as Azure keeps it: sorted, without the catch-all rule whoever sent it, each rule one that can be evaluated.
pub(super) fn kept(store: &Store, sent: &Value) -> Result<Value, Refusal> {
    let mut rules: Vec<Value> = sent
        .as_array()
        .into_iter()
        .flatten()
        .filter(|rule| !is_catch_all(rule))
        .cloned()
        .collect();
    for rule in &mut rules {
        valid(store, rule)?;
        if rule["priority"].is_null() {
            rule["priority"] = 65_000.into();
        }
    }
    rules.sort_by_key(|rule| rule["priority"].as_i64().unwrap_or(LAST));
    Ok(rules.into())
}

/// The list as Azure shows it (recorded): what nothing matched is denied once there is a rule, else allowed; a default
/// action that was set decides.
pub(super) fn shown(kept: &Value, default_action: &Value) -> Value {
    let mut rules = kept.as_array().cloned().unwrap_or_default();
    let is_denied = match default_action.as_str() {
        Some(action) => action.eq_ignore_ascii_case("Deny"),
        None => !rules.is_empty(),
    };
    rules.push(if is_denied {
        json!({ "ipAddress": "Any", "action": "Deny", "priority": LAST, "name": "Deny all", "description": "Deny all access" })
    } else {
        json!({ "ipAddress": "Any", "action": "Allow", "priority": LAST, "name": "Allow all", "description": "Allow all access" })
    });
    rules.into()
}

fn is_catch_all(rule: &Value) -> bool {
    rule["ipAddress"] == "Any" && rule["priority"].as_i64() == Some(LAST)
}

/// One source each: an address range, a service tag or a subnet (documented).
fn valid(store: &Store, rule: &Value) -> Result<(), Refusal> {
    let name = rule["name"].as_str().unwrap_or_default();
    let action = rule["action"].as_str().unwrap_or("Allow");
    if !["Allow", "Deny"].contains(&action) {
        return Err(bad(format!(
            "IpSecurityRestriction.Action is invalid for rule '{name}': {action}."
        )));
    }
    let is_tag = rule["tag"] == "ServiceTag";
    match (
        rule["ipAddress"].as_str(),
        rule["vnetSubnetResourceId"].as_str(),
    ) {
        (Some(ranges), None) if is_tag => {
            if ranges.is_empty() || ranges.contains('/') {
                return Err(bad(format!(
                    "IpSecurityRestriction.IpAddress is invalid for rule '{name}': '{ranges}' is not a service tag."
                )));
            }
        }
        (Some(ranges), None) => {
            let ranges: Vec<&str> = ranges.split(',').map(str::trim).collect();
            if ranges.len() > 8 || !ranges.iter().all(|range| is_range(range)) {
                return Err(bad(format!(
                    "IpSecurityRestriction.IpAddress is invalid for rule '{name}': '{}' is not a list of at most 8 CIDR ranges.",
                    ranges.join(",")
                )));
            }
        }
        (None, Some(subnet)) if store.get(subnet).is_some() => {}
        (None, Some(subnet)) => {
            return Err(bad(format!(
                "IpSecurityRestriction.VnetSubnetResourceId is invalid for rule '{name}': subnet {subnet} was not found."
            )));
        }
        _ => {
            return Err(bad(format!(
                "Rule '{name}' must have exactly one of ipAddress and vnetSubnetResourceId."
            )));
        }
    }
    headers(name, &rule["headers"])
}

fn is_range(text: &str) -> bool {
    let is_v6 = text.split_once('/').is_some_and(|(address, length)| {
        address.parse::<std::net::Ipv6Addr>().is_ok()
            && length.parse::<u8>().is_ok_and(|length| length <= 128)
    });
    text == "Any" || Prefix::parse(text).is_some() || is_v6
}

fn headers(name: &str, headers: &Value) -> Result<(), Refusal> {
    const KNOWN: [&str; 4] = [
        "x-azure-fdid",
        "x-fd-healthprobe",
        "x-forwarded-for",
        "x-forwarded-host",
    ];
    for (header, values) in headers.as_object().into_iter().flatten() {
        let is_known = KNOWN.contains(&header.to_lowercase().as_str());
        if !is_known || values.as_array().is_some_and(|values| values.len() > 8) {
            return Err(bad(format!(
                "IpSecurityRestriction.Headers is invalid for rule '{name}': '{header}'."
            )));
        }
    }
    Ok(())
}
