//! Network security groups: rules inside or by their own URL, six default rules, and who uses a group.

use serde_json::{Value, json};

use super::address::Prefix;
use super::{CHILD, NETWORK, RESOURCE_GUID, children, nested, put, refused};
use crate::sandbox::behaviour::rule::{self, Rule};
use crate::sandbox::behaviour::{Behaviour, Evidence, Removal, Write};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object, Store};

const NSG: Evidence = Evidence::Recorded("aso__Test_Networking_NetworkSecurityGroup_20250301_CRUD");
const GROUP: &str = "Microsoft.Network/networkSecurityGroups";
const RULE: &str = "Microsoft.Network/networkSecurityGroups/securityRules";

macro_rules! members {
    () => {
        "{ description: string, protocol!: string, sourcePortRange: string, destinationPortRange: string, \
         sourceAddressPrefix: string, sourceAddressPrefixes: [string], sourceApplicationSecurityGroups: [{ id!: string }], \
         destinationAddressPrefix: string, destinationAddressPrefixes: [string], \
         destinationApplicationSecurityGroups: [{ id!: string }], sourcePortRanges: [string], \
         destinationPortRanges: [string], access!: Allow|Deny, priority!: int, direction!: Inbound|Outbound, \
         -provisioningState: any }"
    };
}

/// Plural members come back empty when the singular one was sent; the singular one does not come back as null.
const RULE_RULES: &[Rule] = &[
    rule::default("/properties/sourcePortRanges", "[]", NSG),
    rule::default("/properties/destinationPortRanges", "[]", NSG),
    rule::default("/properties/sourceAddressPrefixes", "[]", NSG),
    rule::default("/properties/destinationAddressPrefixes", "[]", NSG),
];

pub(crate) const ROWS: &[Behaviour] = &[
    Behaviour {
        arm_type: GROUP,
        shape: concat!(
            "{ location!: string, tags: {*: string}, properties: { flushConnection: bool, \
             securityRules: [{ name!: string, id: string, type: string, -etag: any, properties!: ",
            members!(),
            " }], -defaultSecurityRules: any, -networkInterfaces: any, -subnets: any, -flowLogs: any, \
             -resourceGuid: any, -provisioningState: any } }"
        ),
        rules: &[RESOURCE_GUID],
        create: put(201, 1, 10),
        update: put(200, 1, 10),
        prepare: group,
        removing: unused,
        present: |body, presented| {
            body["properties"]["securityRules"] = children(presented, RULE, |_, _| ()).into();
            body["properties"]["defaultSecurityRules"] = default_rules();
            nested(body, "defaultSecurityRules", GROUP);
            let users = users(presented.store, &presented.object.id);
            if !users.is_empty() {
                let ids: Vec<Value> = users.into_iter().map(|id| json!({ "id": id })).collect();
                body["properties"]["subnets"] = ids.into();
            }
        },
        evidence: NSG,
        ..NETWORK
    },
    Behaviour {
        arm_type: RULE,
        shape: concat!("{ properties!: ", members!(), " }"),
        rules: RULE_RULES,
        create: put(201, 1, 5),
        update: put(200, 1, 5),
        prepare: |write| {
            let whole = parent(write);
            let siblings = write
                .store
                .of_kind(&whole, RULE)
                .filter(|other| other.key() != write.id.key())
                .map(|other| (name_of(other), &other.body["properties"]));
            let siblings: Vec<(&str, &Value)> = siblings.collect();
            valid(write.id.name(), &write.body["properties"], &siblings)?;
            renew(write);
            Ok(())
        },
        evidence: NSG,
        ..CHILD
    },
];

fn parent(write: &Write) -> String {
    write.id.parent().map(|id| id.text()).unwrap_or_default()
}

fn name_of(object: &Object) -> &str {
    object.id.rsplit('/').next().unwrap_or_default()
}

/// Any change of a child renews the entity tag of the whole (recorded).
pub(super) fn renew(write: &mut Write) {
    if let Some(whole) = write.id.parent().and_then(|id| write.store.get(&id.key())) {
        write.also.push(Entry::Put(whole.clone()));
    }
}

/// The rules a group is written with replace all it had.
fn group(write: &mut Write) -> Result<(), Refusal> {
    let sent = write.body["properties"]
        .as_object_mut()
        .and_then(|properties| properties.remove("securityRules"));
    // A PATCH sets tags and leaves the rules alone.
    if sent.is_none() && write.request.method == crate::sandbox::message::Method::Patch {
        return Ok(());
    }
    let sent = sent.unwrap_or_default();
    let mut kept = Vec::new();
    let rules: Vec<&Value> = sent.as_array().into_iter().flatten().collect();
    for (index, item) in rules.iter().enumerate() {
        let before: Vec<(&str, &Value)> = rules[..index]
            .iter()
            .map(|other| {
                (
                    other["name"].as_str().unwrap_or_default(),
                    &other["properties"],
                )
            })
            .collect();
        let name = item["name"].as_str().unwrap_or_default();
        valid(name, &item["properties"], &before)?;
        let id = write.id.child("securityRules", name);
        let mut body = json!({ "properties": item["properties"] });
        for list in [
            "sourcePortRanges",
            "destinationPortRanges",
            "sourceAddressPrefixes",
            "destinationAddressPrefixes",
        ] {
            if body["properties"][list].is_null() {
                body["properties"][list] = json!([]);
            }
        }
        body["properties"]["provisioningState"] = "Succeeded".into();
        kept.push(id.key());
        write
            .also
            .push(Entry::Put(Object::new(id.text(), RULE, body)));
    }
    let whole = write.id.text();
    let gone = write
        .store
        .of_kind(&whole, RULE)
        .map(Object::key)
        .filter(|key| !kept.contains(key));
    write.also.extend(gone.map(Entry::Remove));
    Ok(())
}

/// One rule beside the others of its group.
fn valid(name: &str, rule: &Value, others: &[(&str, &Value)]) -> Result<(), Refusal> {
    let protocol = rule["protocol"].as_str().unwrap_or_default();
    if !["tcp", "udp", "icmp", "esp", "ah", "*"].contains(&protocol.to_lowercase().as_str()) {
        return Err(refused(
            "SecurityRuleInvalidProtocol",
            format!("Security rule {name} has invalid protocol. Value provided: {protocol}."),
        ));
    }
    let priority = rule["priority"].as_i64().unwrap_or_default();
    if !(100..=4096).contains(&priority) {
        return Err(refused(
            "SecurityRuleInvalidPriority",
            format!(
                "Security rule has invalid Priority. Value provided: {priority} Allowed range 100-4096."
            ),
        ));
    }
    let rival = others.iter().find(|(_, other)| {
        other["priority"] == rule["priority"] && other["direction"] == rule["direction"]
    });
    if let Some((rival, _)) = rival {
        return Err(refused(
            "SecurityRuleConflict",
            format!(
                "Security rule {rival} conflicts with rule {name}. Rules cannot have the same Priority and Direction."
            ),
        ));
    }
    for (one, many, groups) in [
        (
            "sourceAddressPrefix",
            "sourceAddressPrefixes",
            "sourceApplicationSecurityGroups",
        ),
        (
            "destinationAddressPrefix",
            "destinationAddressPrefixes",
            "destinationApplicationSecurityGroups",
        ),
    ] {
        exactly_one(name, rule, &[one, many, groups])?;
        for text in values(rule, one, many) {
            if !is_source(text) {
                return Err(refused(
                    "SecurityRuleInvalidAddressPrefix",
                    format!(
                        "Security rule {name} has invalid Address prefix. Value provided: {text}."
                    ),
                ));
            }
        }
    }
    for (one, many) in [
        ("sourcePortRange", "sourcePortRanges"),
        ("destinationPortRange", "destinationPortRanges"),
    ] {
        exactly_one(name, rule, &[one, many])?;
        for text in values(rule, one, many) {
            if !is_ports(text) {
                return Err(refused(
                    "SecurityRuleInvalidPortRange",
                    format!(
                        "Security rule {name} has invalid Port range. Value provided: {text}. Value should be an integer OR integer range with '-' delimiter. Valid range 0-65535."
                    ),
                ));
            }
        }
    }
    Ok(())
}

fn exactly_one(name: &str, rule: &Value, members: &[&str]) -> Result<(), Refusal> {
    let given = members
        .iter()
        .filter(|member| match &rule[**member] {
            Value::Array(items) => !items.is_empty(),
            other => other.as_str().is_some_and(|text| !text.is_empty()),
        })
        .count();
    if given == 1 {
        return Ok(());
    }
    Err(refused(
        "SecurityRuleParameterContainsUnsupportedValue",
        format!(
            "Security rule {name}: exactly one of {} must be given.",
            members.join(", ")
        ),
    ))
}

fn values<'a>(rule: &'a Value, one: &str, many: &str) -> Vec<&'a str> {
    let many = rule[many].as_array().into_iter().flatten();
    rule[one]
        .as_str()
        .into_iter()
        .chain(many.filter_map(Value::as_str))
        .collect()
}

/// Service tags that rules of an API gateway may name; each also with a region after a dot.
const TAGS: &[&str] = &[
    "ApiManagement",
    "AppConfiguration",
    "AppService",
    "AppServiceManagement",
    "AzureActiveDirectory",
    "AzureCloud",
    "AzureConnectors",
    "AzureContainerRegistry",
    "AzureCosmosDB",
    "AzureFrontDoor.Backend",
    "AzureFrontDoor.FirstParty",
    "AzureFrontDoor.Frontend",
    "AzureKeyVault",
    "AzureLoadBalancer",
    "AzureMonitor",
    "AzurePlatformDNS",
    "AzurePlatformIMDS",
    "AzureResourceManager",
    "AzureTrafficManager",
    "EventHub",
    "GatewayManager",
    "Internet",
    "ServiceBus",
    "Sql",
    "Storage",
    "VirtualNetwork",
];

fn is_source(text: &str) -> bool {
    let is_tag = TAGS.iter().any(|tag| {
        text.eq_ignore_ascii_case(tag)
            || text
                .to_lowercase()
                .strip_prefix(&format!("{}.", tag.to_lowercase()))
                .is_some_and(|region| region.chars().all(char::is_alphanumeric))
    });
    text == "*"
        || is_tag
        || text.parse::<std::net::IpAddr>().is_ok()
        // A number is an address to the service's parser (recorded: cli_network__test_network_nsg sends `789`).
        || text.parse::<u32>().is_ok()
        || Prefix::parse(text).is_some()
        || is_ipv6(text)
}

fn is_ipv6(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, length)| {
        address.parse::<std::net::Ipv6Addr>().is_ok()
            && length.parse::<u8>().is_ok_and(|length| length <= 128)
    })
}

fn is_ports(text: &str) -> bool {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    text == "*"
        || first
            .parse::<u16>()
            .is_ok_and(|first| last.parse::<u16>().is_ok_and(|last| first <= last))
}

/// Whether a subnet's group lets TCP in to `port` from addresses of a service tag of Azure's.
pub(crate) fn admits(store: &Store, subnet: &Object, tag: &str, port: u16) -> bool {
    decision(store, subnet, "Inbound", "sourceAddressPrefix", tag, port).unwrap_or(false)
}

/// Whether a subnet's group lets TCP out to `port` of addresses of a service tag of Azure's.
pub(crate) fn lets_out(store: &Store, subnet: &Object, tag: &str, port: u16) -> bool {
    decision(
        store,
        subnet,
        "Outbound",
        "destinationAddressPrefix",
        tag,
        port,
    )
    .unwrap_or(true)
}

/// What the first matching rule says; none where only the default rules are left.
fn decision(
    store: &Store,
    subnet: &Object,
    direction: &str,
    side: &str,
    tag: &str,
    port: u16,
) -> Option<bool> {
    let group = subnet.body["properties"]["networkSecurityGroup"]["id"].as_str()?;
    let concerns = |rule: &&Value| {
        let text = |member: &str| rule[member].as_str().unwrap_or_default();
        let ports = values(rule, "destinationPortRange", "destinationPortRanges");
        let addresses = values(rule, side, &format!("{side}es"));
        text("direction").eq_ignore_ascii_case(direction)
            && ["*", "tcp"].contains(&text("protocol").to_lowercase().as_str())
            && ports.iter().any(|range| holds_port(range, port))
            && addresses.iter().any(|address| covers(address, tag))
    };
    store
        .of_kind(group, RULE)
        .map(|rule| &rule.body["properties"])
        .filter(concerns)
        .min_by_key(|rule| rule["priority"].as_i64())
        .map(|rule| rule["access"] == "Allow")
}

fn holds_port(range: &str, port: u16) -> bool {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let within = |first: u16, last: u16| (first..=last).contains(&port);
    range == "*"
        || first
            .parse()
            .ok()
            .zip(last.parse().ok())
            .is_some_and(|(first, last)| within(first, last))
}

/// Whether a rule's address takes in a service of Azure's, all of which have public addresses.
fn covers(address: &str, tag: &str) -> bool {
    ["*", "0.0.0.0/0", "Internet", "AzureCloud", tag]
        .iter()
        .any(|wide| wide.eq_ignore_ascii_case(address))
}

/// Subnets that a group guards.
fn users(store: &Store, id: &str) -> Vec<String> {
    store
        .of_kind("", super::subnet::SUBNET)
        .filter(|subnet| {
            subnet.body["properties"]["networkSecurityGroup"]["id"]
                .as_str()
                .is_some_and(|used| used.eq_ignore_ascii_case(id))
        })
        .map(|subnet| subnet.id.clone())
        .collect()
}

fn unused(removal: &mut Removal) -> Result<(), Refusal> {
    let users = users(removal.store, &removal.object.id);
    if users.is_empty() {
        return Ok(());
    }
    Err(refused(
        "InUseNetworkSecurityGroupCannotBeDeleted",
        format!(
            "Network security group {} cannot be deleted because it is in use by the following resources: {}. In order to delete the Network security group, remove the association with the resource(s). To learn how to do this, see aka.ms/deletensg.",
            removal.object.id,
            users.join(", ")
        ),
    ))
}

/// The rules every group ends in.
fn default_rules() -> Value {
    let rule = |name: &str,
                text: &str,
                source: &str,
                destination: &str,
                access: &str,
                priority: u32| {
        json!({ "name": name, "properties": {
            "description": text, "protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*",
            "sourceAddressPrefix": source, "destinationAddressPrefix": destination, "access": access,
            "priority": priority, "direction": if name.ends_with("InBound") { "Inbound" } else { "Outbound" },
            "sourcePortRanges": [], "destinationPortRanges": [], "sourceAddressPrefixes": [],
            "destinationAddressPrefixes": [],
        }})
    };
    let vnet = "VirtualNetwork";
    json!([
        rule(
            "AllowVnetInBound",
            "Allow inbound traffic from all VMs in VNET",
            vnet,
            vnet,
            "Allow",
            65000
        ),
        rule(
            "AllowAzureLoadBalancerInBound",
            "Allow inbound traffic from azure load balancer",
            "AzureLoadBalancer",
            "*",
            "Allow",
            65001
        ),
        rule(
            "DenyAllInBound",
            "Deny all inbound traffic",
            "*",
            "*",
            "Deny",
            65500
        ),
        rule(
            "AllowVnetOutBound",
            "Allow outbound traffic from all VMs to all VMs in VNET",
            vnet,
            vnet,
            "Allow",
            65000
        ),
        rule(
            "AllowInternetOutBound",
            "Allow outbound traffic from all VMs to Internet",
            "*",
            "Internet",
            "Allow",
            65001
        ),
        rule(
            "DenyAllOutBound",
            "Deny all outbound traffic",
            "*",
            "*",
            "Deny",
            65500
        ),
    ])
}
