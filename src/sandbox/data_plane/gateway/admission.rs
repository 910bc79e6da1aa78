//! Who gets as far as the gateway: public access, private endpoints, network rules, the switches of the service.

use serde_json::Value;

use crate::sandbox::data_plane::call::{Call, Scheme};
use crate::sandbox::data_plane::{Reply, Via, private_path, source};
use crate::sandbox::store::{Object, Store};

const RULE: &str = "Microsoft.Network/networkSecurityGroups/securityRules";

/// Rules every group has, behind its own (documented for network security groups).
const DEFAULTS: &[(&str, bool)] = &[
    ("VirtualNetwork", true),
    ("AzureLoadBalancer", true),
    ("*", false),
];

/// None: it gets in.
pub(super) fn refusal(store: &Store, service: &Object, call: &Call) -> Option<Reply> {
    let properties = &service.body["properties"];
    let connection = connection(call);
    if let Some(id) = connection
        && !private_path::is_approved(store, &service.id, id)
    {
        return Some(Reply::closed());
    }
    if connection.is_none() {
        if let Some(reply) = blocked(store, service, call) {
            return Some(reply);
        }
        if properties["publicNetworkAccess"] == "Disabled" {
            return Some(not_public(service, call));
        }
    }
    if properties["disableGateway"] == true {
        return Some(Reply::closed());
    }
    // Consumption asks every caller for a certificate then, and no caller of the sandbox has one.
    if properties["enableClientCertificate"] == true {
        return Some(Reply::cannot_evaluate("client certificates"));
    }
    None
}

/// The private endpoint connection a call comes over.
pub(super) fn connection(call: &Call) -> Option<&str> {
    match &call.via {
        Via::FrontDoor { connection, .. } => connection.as_deref(),
        Via::Internet | Via::Gateway { .. } => None,
    }
}

/// 403 with Azure's words (`domain.md` A.1).
fn not_public(service: &Object, call: &Call) -> Reply {
    let message = format!(
        "Request originated from client public IP address {}, public network access on this 'Microsoft.ApiManagement/service/{}' is disabled.",
        call.source,
        service.id.rsplit('/').next().unwrap_or_default()
    );
    Reply::json(
        403,
        &serde_json::json!({ "statusCode": 403, "message": message }),
    )
}

/// A service in a network is reached through that network only: v2's `External` is outbound integration, not this.
fn blocked(store: &Store, service: &Object, call: &Call) -> Option<Reply> {
    let properties = &service.body["properties"];
    let is_v2 = service.body["sku"]["name"]
        .as_str()
        .is_some_and(|name| name.ends_with("V2"));
    match properties["virtualNetworkType"].as_str() {
        // Its address is private: no caller of the sandbox can be in that network.
        Some("Internal") => Some(Reply::closed()),
        Some("External") if !is_v2 => {
            let subnet = properties["virtualNetworkConfiguration"]["subnetResourceId"].as_str();
            match lets_in(store, subnet.unwrap_or_default(), call) {
                Ok(true) => None,
                Ok(false) => Some(Reply::closed()),
                Err(what) => Some(Reply::cannot_evaluate(&what)),
            }
        }
        _ => None,
    }
}

/// The inbound rules of the subnet's group by priority; the first that fits decides.
fn lets_in(store: &Store, subnet: &str, call: &Call) -> Result<bool, String> {
    let subnet = store.get(subnet).ok_or("a gateway in a missing subnet")?;
    let group = &subnet.body["properties"]["networkSecurityGroup"]["id"];
    let Some(group) = group.as_str() else {
        // Without a group the load balancer of a standard address lets nobody in (`domain.md` A.4).
        return Ok(false);
    };
    let mut rules: Vec<&Value> = store
        .of_kind(group, RULE)
        .map(|rule| &rule.body["properties"])
        .filter(|rule| rule["direction"] == "Inbound")
        .collect();
    rules.sort_by_key(|rule| rule["priority"].as_i64());
    for rule in rules {
        if applies(rule, subnet, call)? {
            return Ok(rule["access"] == "Allow");
        }
    }
    for (from, allows) in DEFAULTS {
        if is_from(from, call)? {
            return Ok(*allows);
        }
    }
    Ok(false)
}

fn applies(rule: &Value, subnet: &Object, call: &Call) -> Result<bool, String> {
    let is_tcp = matches!(rule["protocol"].as_str(), Some("*" | "Tcp" | "TCP" | "tcp"));
    let port = match call.scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    };
    let ports = both(rule, "destinationPortRange", "destinationPortRanges");
    let to = both(
        rule,
        "destinationAddressPrefix",
        "destinationAddressPrefixes",
    );
    let is_here = to.iter().any(|prefix| covers(prefix, subnet));
    if !is_tcp || !is_here || !ports.iter().any(|range| has_port(range, port)) {
        return Ok(false);
    }
    if both(rule, "sourcePortRange", "sourcePortRanges") != ["*"] {
        return Err("source ports in a network rule".to_owned());
    }
    if !rule["sourceApplicationSecurityGroups"].is_null()
        && rule["sourceApplicationSecurityGroups"] != serde_json::json!([])
    {
        return Err("application security groups in a rule".to_owned());
    }
    for from in both(rule, "sourceAddressPrefix", "sourceAddressPrefixes") {
        if is_from(from, call)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a rule's destination is the gateway's subnet: every other tag is of somebody else.
fn covers(prefix: &str, subnet: &Object) -> bool {
    if ["*", "VirtualNetwork"].contains(&prefix) {
        return true;
    }
    let properties = &subnet.body["properties"];
    let own = properties["addressPrefix"]
        .as_str()
        .or_else(|| properties["addressPrefixes"][0].as_str());
    let network = own.and_then(|own| own.split('/').next()?.parse().ok());
    network.is_some_and(|network| source::is_within(prefix, network))
}

/// The one and the several of a rule's members.
fn both<'a>(rule: &'a Value, one: &str, several: &str) -> Vec<&'a str> {
    let listed = rule[several].as_array().into_iter().flatten();
    rule[one]
        .as_str()
        .into_iter()
        .chain(listed.filter_map(Value::as_str))
        .collect()
}

fn has_port(range: &str, port: u16) -> bool {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| text.parse::<u16>().ok();
    range == "*"
        || number(first)
            .zip(number(last))
            .is_some_and(|(first, last)| (first..=last).contains(&port))
}

fn is_from(prefix: &str, call: &Call) -> Result<bool, String> {
    if prefix == "*" || source::is_within(prefix, call.source) {
        return Ok(true);
    }
    if prefix.starts_with(|next: char| next.is_ascii_digit()) || prefix.contains(':') {
        return Ok(false);
    }
    source::has_tag(prefix, call).ok_or_else(|| format!("the service tag {prefix}"))
}
