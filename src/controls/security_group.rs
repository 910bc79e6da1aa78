//! What a network security group lets through: its rules in their order, then Azure's own.

use serde_json::Value;

use super::state::Entry;
use crate::resource::body::get;

/// A question to a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow<'a> {
    pub(super) direction: &'a str,
    /// A service tag, or `*` for anybody.
    pub(super) source: &'a str,
    pub(super) destination: &'a str,
    pub(super) port: u16,
    pub(super) protocol: &'a str,
}

/// Everything a rule says in one place or in a list.
fn values<'a>(rule: &'a Value, one: &str, many: &str) -> Vec<&'a str> {
    let single = get(rule, &format!("/properties/{one}")).and_then(Value::as_str);
    let list = get(rule, &format!("/properties/{many}")).and_then(Value::as_array);
    let list = list.into_iter().flatten().filter_map(Value::as_str);
    single
        .into_iter()
        .filter(|text| !text.is_empty())
        .chain(list)
        .collect()
}

/// Service tags and `Internet` are disjoint ways of saying who; `*` and all addresses are everybody.
fn is_everybody(prefix: &str) -> bool {
    ["*", "0.0.0.0/0", "any"]
        .iter()
        .any(|all| prefix.eq_ignore_ascii_case(all))
}

fn covers_address(said: &[&str], asked: &str) -> bool {
    said.iter().any(|prefix| {
        is_everybody(prefix)
            || prefix.eq_ignore_ascii_case(asked)
            // A service of Azure's is on the Internet too.
            || (prefix.eq_ignore_ascii_case("Internet") && asked != "VirtualNetwork" && asked != "AzureLoadBalancer")
            || (asked == "VirtualNetwork" && prefix.starts_with(|c: char| c.is_ascii_digit()))
    })
}

pub(super) fn covers_port(said: &[&str], port: u16) -> bool {
    said.iter().any(|range| match range.split_once('-') {
        _ if *range == "*" => true,
        Some((low, high)) => {
            let bound = |text: &str| text.trim().parse::<u16>().ok();
            bound(low)
                .zip(bound(high))
                .is_some_and(|(low, high)| (low..=high).contains(&port))
        }
        None => range.parse() == Ok(port),
    })
}

fn text<'a>(rule: &'a Value, name: &str) -> &'a str {
    get(rule, &format!("/properties/{name}"))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn concerns(rule: &Value, direction: &str, port: u16, protocol: &str) -> bool {
    let spoken = text(rule, "protocol");
    text(rule, "direction").eq_ignore_ascii_case(direction)
        && (spoken == "*" || spoken.eq_ignore_ascii_case(protocol))
        && covers_port(
            &values(rule, "destinationPortRange", "destinationPortRanges"),
            port,
        )
}

/// The rules by priority.
pub(super) fn rules(group: &Entry) -> Vec<&Value> {
    let mut rules: Vec<&Value> = group.list("/properties/securityRules").iter().collect();
    rules.sort_by_key(|rule| get(rule, "/properties/priority").and_then(Value::as_u64));
    rules
}

/// Whether a flow gets through. Without a rule of the group's own: out to anywhere, in from the network and its load
/// balancer.
pub(super) fn allows(group: &Entry, flow: Flow<'_>) -> bool {
    let first = rules(group).into_iter().find(|rule| {
        concerns(rule, flow.direction, flow.port, flow.protocol)
            && covers_address(
                &values(rule, "sourceAddressPrefix", "sourceAddressPrefixes"),
                flow.source,
            )
            && covers_address(
                &values(
                    rule,
                    "destinationAddressPrefix",
                    "destinationAddressPrefixes",
                ),
                flow.destination,
            )
    });
    match first {
        Some(rule) => text(rule, "access").eq_ignore_ascii_case("Allow"),
        None if flow.direction == "Outbound" => true,
        None => ["VirtualNetwork", "AzureLoadBalancer"].contains(&flow.source),
    }
}

/// Who from outside may reach a port, beside those whom a rule before refuses: rules that allow it, with their sources.
pub(super) fn open_to(group: &Entry, port: u16) -> Vec<(&Value, Vec<&str>)> {
    let mut open = Vec::new();
    for rule in rules(group) {
        if !concerns(rule, "Inbound", port, "Tcp") {
            continue;
        }
        let sources = values(rule, "sourceAddressPrefix", "sourceAddressPrefixes");
        if text(rule, "access").eq_ignore_ascii_case("Allow") {
            open.push((rule, sources));
        } else if sources.iter().any(|source| is_everybody(source)) {
            break;
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::ResourceId;

    fn group(rules: &Value) -> Entry {
        let id = ResourceId::resource_group("s", "g")
            .provider("Microsoft.Network/networkSecurityGroups", "n");
        Entry::new(id, json!({ "properties": { "securityRules": rules } }))
    }

    fn rule(priority: u32, access: &str, source: &str, port: &str) -> Value {
        json!({ "properties": {
            "direction": "Inbound", "access": access, "priority": priority, "protocol": "Tcp",
            "sourceAddressPrefix": source, "destinationAddressPrefix": "*", "destinationPortRange": port,
        } })
    }

    const HTTPS: Flow<'_> = Flow {
        direction: "Inbound",
        source: "AzureFrontDoor.Backend",
        destination: "VirtualNetwork",
        port: 443,
        protocol: "Tcp",
    };

    #[test]
    fn the_first_rule_by_priority_decides() {
        let deny_first = group(&json!([
            rule(200, "Allow", "*", "443"),
            rule(100, "Deny", "Internet", "400-500")
        ]));
        assert!(!allows(&deny_first, HTTPS));
        let allow_first = group(&json!([
            rule(100, "Allow", "AzureFrontDoor.Backend", "443"),
            rule(200, "Deny", "*", "*")
        ]));
        assert!(allows(&allow_first, HTTPS));
        assert!(!allows(&allow_first, Flow { port: 80, ..HTTPS }));
    }

    #[test]
    fn without_a_rule_nothing_comes_in_from_outside() {
        let empty = group(&json!([]));
        assert!(!allows(&empty, HTTPS));
        assert!(allows(
            &empty,
            Flow {
                source: "VirtualNetwork",
                ..HTTPS
            }
        ));
        assert!(allows(
            &empty,
            Flow {
                direction: "Outbound",
                ..HTTPS
            }
        ));
    }

    #[test]
    fn what_stands_behind_a_refusal_of_everybody_is_not_open() {
        let closed = group(&json!([
            rule(300, "Allow", "Internet", "443"),
            rule(100, "Deny", "*", "*")
        ]));
        assert!(open_to(&closed, 443).is_empty());
        let open = group(&json!([rule(300, "Allow", "10.0.0.0/8", "*")]));
        assert_eq!(open_to(&open, 443)[0].1, ["10.0.0.0/8"]);
    }
}
