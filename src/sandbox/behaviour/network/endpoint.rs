//! Private endpoints and their DNS zone groups.
//!
//! Whoever may write the target approves by asking; the state shown is the target's, so a rejection there shows here.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::address::{self, Prefix};
use super::security::renew;
use super::{CHILD, NETWORK, RESOURCE_GUID, nested, put, referenced, refused};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::behaviour::private_link::{self, Connection, Target};
use crate::sandbox::behaviour::rule::{self, Effect, Facts};
use crate::sandbox::behaviour::{Behaviour, Evidence, Presented, Settled, View, Write};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object, Store};

const EVIDENCE: Evidence = Evidence::Recorded("aso__Test_Networking_PrivateEndpoint_20250301_CRUD");
const GROUPED: Evidence =
    Evidence::Recorded("cli_network__test_network_private_endpoint_private_dns_zone_group");
pub(crate) const ENDPOINT: &str = "Microsoft.Network/privateEndpoints";
const ZONE_GROUP: &str = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";

macro_rules! connection {
    () => {
        "[{ name!: string, id: string, -type: any, -etag: any, properties!: { privateLinkServiceId!: string, \
         groupIds: [string], requestMessage: string, -provisioningState: any, \
         privateLinkServiceConnectionState: { status: string, description: string, actionsRequired: string } } }]"
    };
}

pub(crate) const ROWS: &[Behaviour] = &[
    Behaviour {
        arm_type: ENDPOINT,
        shape: concat!(
            "{ location!: string, tags: {*: string}, extendedLocation: any, properties!: { subnet!: { id!: string, \
             properties: any, name: string, type: string, -etag: any }, privateLinkServiceConnections: ",
            connection!(),
            ", manualPrivateLinkServiceConnections: ",
            connection!(),
            ", customDnsConfigs: [any], applicationSecurityGroups: [any], \
             ipConfigurations: [{ name!: string, -type: any, -etag: any, properties: { groupId: string, \
               memberName: string, privateIPAddress: string } }], \
             customNetworkInterfaceName: string, ipVersionType: IPv4|IPv6|DualStack, -networkInterfaces: any, \
             -provisioningState: any, -resourceGuid: any } }"
        ),
        rules: &[
            RESOURCE_GUID,
            rule::default("/properties/privateLinkServiceConnections", "[]", EVIDENCE),
            rule::default(
                "/properties/manualPrivateLinkServiceConnections",
                "[]",
                EVIDENCE,
            ),
            rule::default("/properties/customNetworkInterfaceName", r#""""#, EVIDENCE),
            rule::default("/properties/ipConfigurations", "[]", EVIDENCE),
            rule::default("/properties/ipVersionType", r#""IPv4""#, EVIDENCE),
            rule::rule("/properties/customDnsConfigs", Effect::ReadOnly, EVIDENCE),
            rule::rule(
                "/properties/networkInterfaces",
                Effect::Once(interface),
                EVIDENCE,
            ),
        ],
        since: &[("/properties/ipVersionType", "2025-03-01")],
        create: put(201, 10, 60),
        update: put(200, 10, 10),
        prepare,
        settled: answers,
        removed: |removal| {
            let ids = connection_ids(removal.object);
            removal
                .also
                .extend(ids.map(|id| Entry::Remove(id.to_lowercase())));
        },
        present: show,
        evidence: EVIDENCE,
        ..NETWORK
    },
    Behaviour {
        arm_type: ZONE_GROUP,
        shape: "{ properties!: { -provisioningState: any, privateDnsZoneConfigs: [{ name: string, -id: any, -type: any, \
            -etag: any, properties: { privateDnsZoneId: string, -recordSets: any, -provisioningState: any } }] } }",
        rules: &[rule::default(
            "/properties/privateDnsZoneConfigs",
            "[]",
            EVIDENCE,
        )],
        create: put(201, 10, 20),
        update: put(200, 10, 10),
        prepare: |write| {
            let ids: Vec<String> = configs(&write.body)
                .filter_map(|config| config["properties"]["privateDnsZoneId"].as_str())
                .map(str::to_owned)
                .collect();
            for id in ids {
                referenced(write.store, write.id, &id, None)?;
            }
            renew(write);
            Ok(())
        },
        present: |body, presented| {
            for config in body["properties"]["privateDnsZoneConfigs"]
                .as_array_mut()
                .into_iter()
                .flatten()
            {
                let records = records(presented.store, presented.object, config);
                config["properties"]["recordSets"] = records;
            }
            nested(body, "privateDnsZoneConfigs", ZONE_GROUP);
        },
        evidence: GROUPED,
        ..CHILD
    },
];

fn interface(facts: &Facts) -> Value {
    let name = facts.body["properties"]["customNetworkInterfaceName"]
        .as_str()
        .filter(|name| !name.is_empty());
    let generated = format!(
        "{}.nic.{}",
        facts.id.name(),
        facts.guid("nic").as_str().unwrap_or_default()
    );
    json!([{ "id": format!(
        "{}/providers/Microsoft.Network/networkInterfaces/{}",
        facts.id.scope,
        name.unwrap_or(&generated)
    )}])
}

const LISTS: [(&str, bool); 2] = [
    ("privateLinkServiceConnections", true),
    ("manualPrivateLinkServiceConnections", false),
];

fn prepare(write: &mut Write) -> Result<(), Refusal> {
    if write.request.method == crate::sandbox::message::Method::Patch {
        return Ok(());
    }
    subnet(write)?;
    let mut wanted = Vec::new();
    let mut others = 0;
    for (list, is_approved) in LISTS {
        let asked = write.body["properties"][list].as_array().cloned();
        for (index, item) in asked.into_iter().flatten().enumerate() {
            if is_elsewhere(write.store, &item["properties"]) {
                let state = &mut write.body["properties"][list][index]["properties"];
                state["privateLinkServiceConnectionState"] = asked_elsewhere(is_approved);
                others += 1;
                continue;
            }
            let id = connect(write, &item["properties"], is_approved)?;
            write.body["properties"][list][index]["connection"] = id.clone().into();
            wanted.push(id.to_lowercase());
        }
    }
    if wanted.len() + others != 1 {
        return Err(refused(
            "PrivateEndpointMustHaveExactlyOneConnection",
            format!(
                "Private endpoint {} must have exactly one private link service connection.",
                write.id.text()
            ),
        ));
    }
    // Connections that the new body no longer asks for.
    let gone = write.previous.map(connection_ids).into_iter().flatten();
    for id in gone
        .map(str::to_lowercase)
        .filter(|id| !wanted.contains(id))
    {
        write.also.push(Entry::Remove(id));
    }
    Ok(())
}

/// Somebody's own private link service: the sandbox has no row for it, and knows an alias by its form only.
fn is_elsewhere(store: &Store, asked: &Value) -> bool {
    const SERVICE: &str = "Microsoft.Network/privateLinkServices";
    let service = asked["privateLinkServiceId"].as_str().unwrap_or_default();
    let object = store.get(service);
    service.ends_with(".azure.privatelinkservice")
        || object.is_some_and(|object| object.kind.eq_ignore_ascii_case(SERVICE))
}

/// Recorded: `cli_network__test_network_private_endpoints`, `aso__Test_Networking_PrivateEndpoint_Alias_20250301_CRUD`.
fn asked_elsewhere(is_approved: bool) -> Value {
    let (status, description) = if is_approved {
        ("Approved", "Auto Approved")
    } else {
        ("Pending", "Awaiting Approval")
    };
    json!({ "status": status, "description": description, "actionsRequired": "None" })
}

fn subnet(write: &mut Write) -> Result<(), Refusal> {
    let id = write.body["properties"]["subnet"]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let subnet = referenced(write.store, write.id, &id, None)?;
    let network = ArmId::parse(&subnet.id).and_then(|id| id.parent());
    if let Some(network) = network {
        let region = write.body["location"].as_str();
        referenced(write.store, write.id, &network.text(), region)?;
    }
    let is_delegated = subnet.body["properties"]["delegations"]
        .as_array()
        .is_some_and(|list| !list.is_empty());
    if is_delegated {
        return Err(refused(
            "PrivateEndpointCannotBeCreatedInSubnetThatHasDelegations",
            format!(
                "Private endpoint {} cannot be created in subnet {id}: the subnet is delegated.",
                write.id.text()
            ),
        ));
    }
    write.body["properties"]["subnet"] = json!({ "id": id });
    Ok(())
}

/// The connection on the target: made once, then the target's to decide on.
fn connect(write: &mut Write, asked: &Value, is_approved: bool) -> Result<String, Refusal> {
    let service = asked["privateLinkServiceId"].as_str().unwrap_or_default();
    let group = asked["groupIds"][0].as_str().unwrap_or_default();
    let existing = write
        .previous
        .into_iter()
        .flat_map(connection_ids)
        .find(|id| {
            id.to_lowercase()
                .starts_with(&format!("{}/", service.to_lowercase()))
        });
    if let Some(existing) = existing {
        return Ok(existing.to_owned());
    }
    let (_, target) = Target::find(write.store, service, group)?;
    let facts = Facts {
        store: write.store,
        id: write.id,
        now: write.now,
        tenant: write.tenant,
        caller: write.caller,
        body: &Value::Null,
        previous: write.previous,
    };
    let guid = facts.guid(service);
    let guid = guid.as_str().unwrap_or_default();
    let name = match target.namespace.to_lowercase().as_str() {
        "microsoft.storage" => format!("{}.{guid}", target.name()),
        _ => format!("{}-{guid}", write.id.name()),
    };
    let (status, description) = if is_approved {
        ("Approved", "Auto-Approved")
    } else {
        (
            "Pending",
            asked["requestMessage"]
                .as_str()
                .unwrap_or("Awaiting Approval"),
        )
    };
    let connection = Connection {
        target: &target,
        name,
        endpoint: write.id.text(),
        group,
        status,
        description,
    };
    write.also.push(Entry::Put(connection.object()));
    Ok(connection.id())
}

fn connection_ids(endpoint: &Object) -> impl Iterator<Item = &str> {
    LISTS.iter().flat_map(|(list, _)| {
        let items = endpoint.body["properties"][*list]
            .as_array()
            .into_iter()
            .flatten();
        items.filter_map(|item| item["connection"].as_str())
    })
}

/// The endpoint is up: it has an address, and names that lead to it (recorded: not yet in the answer to the PUT).
fn answers(settled: &mut Settled) {
    let properties = &settled.object.body["properties"];
    if properties["customDnsConfigs"].is_array() {
        return;
    }
    let Some(asked) = LISTS.iter().find_map(|(list, _)| properties[*list].get(0)) else {
        return;
    };
    let asked = &asked["properties"];
    let group = asked["groupIds"][0].as_str().unwrap_or_default();
    let service = asked["privateLinkServiceId"].as_str().unwrap_or_default();
    let Ok((target, id)) = Target::find(settled.store, service, group) else {
        return;
    };
    let address = free_address(settled.store, properties);
    let configs: Vec<Value> = target
        .hosts(id.name(), group)
        .into_iter()
        .map(|host| json!({ "fqdn": host, "ipAddresses": [address.to_string()] }))
        .collect();
    settled.object.body["properties"]["customDnsConfigs"] = configs.into();
}

fn free_address(store: &Store, properties: &Value) -> Ipv4Addr {
    let subnet = properties["subnet"]["id"].as_str().unwrap_or_default();
    let taken: Vec<Ipv4Addr> = store
        .of_kind("", ENDPOINT)
        .filter(|other| {
            other.body["properties"]["subnet"]["id"]
                .as_str()
                .is_some_and(|id| id.eq_ignore_ascii_case(subnet))
        })
        .filter_map(|other| {
            let configs = &other.body["properties"]["customDnsConfigs"];
            configs[0]["ipAddresses"][0].as_str()?.parse().ok()
        })
        .collect();
    store
        .get(subnet)
        .and_then(|subnet| Prefix::parse(address::of_subnet(&subnet.body).first()?))
        .and_then(|prefix| prefix.free(&taken))
        .unwrap_or(Ipv4Addr::UNSPECIFIED)
}

fn show(body: &mut Value, presented: &Presented) {
    for (list, _) in LISTS {
        for item in body["properties"][list]
            .as_array_mut()
            .into_iter()
            .flatten()
        {
            let id = item["connection"].as_str().unwrap_or_default().to_owned();
            if let Some(item) = item.as_object_mut() {
                item.remove("connection");
            }
            let mut state = if id.is_empty() {
                item["properties"]["privateLinkServiceConnectionState"].take()
            } else {
                private_link::state(presented.store, &id)
            };
            // Recorded: spelled otherwise in the answer to the PUT.
            if presented.view == View::Written && state["description"] == "Auto-Approved" {
                state["description"] = "Auto Approved".into();
            }
            item["properties"]["privateLinkServiceConnectionState"] = state;
            item["properties"]["provisioningState"] = "Succeeded".into();
        }
        nested(body, list, ENDPOINT);
    }
    // Documented by terraform-provider-azurerm: blank once a zone group keeps the records.
    let has_group = presented
        .store
        .of_kind(&presented.object.id, ZONE_GROUP)
        .any(|group| configs(&group.body).next().is_some());
    if has_group || body["properties"]["customDnsConfigs"].is_null() {
        body["properties"]["customDnsConfigs"] = json!([]);
    }
}

fn configs(body: &Value) -> impl Iterator<Item = &Value> {
    body["properties"]["privateDnsZoneConfigs"]
        .as_array()
        .into_iter()
        .flatten()
}

/// Records the group keeps in a zone: those of the endpoint's names that the zone is the private side of (recorded:
/// none in a zone of another name).
fn records(store: &Store, group: &Object, config: &Value) -> Value {
    let zone = config["properties"]["privateDnsZoneId"]
        .as_str()
        .unwrap_or_default();
    let zone = zone.rsplit('/').next().unwrap_or_default().to_lowercase();
    let Some(domain) = zone.strip_prefix("privatelink.") else {
        return json!([]);
    };
    let endpoint = ArmId::parse(&group.id)
        .and_then(|id| id.parent())
        .and_then(|id| store.get(&id.key()));
    let names = endpoint.map(|endpoint| endpoint.body["properties"]["customDnsConfigs"].clone());
    let records = names
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|name| {
            let host = name["fqdn"].as_str()?.strip_suffix(&format!(".{domain}"))?;
            Some(json!({
                "recordType": "A", "recordSetName": host, "fqdn": format!("{host}.{zone}"), "ttl": 10,
                "provisioningState": group.body["properties"]["provisioningState"],
                "ipAddresses": name["ipAddresses"],
            }))
        });
    records.collect()
}
