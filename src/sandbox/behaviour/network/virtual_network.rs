//! Virtual networks: the address space, and the subnets a PUT must name again or lose.

use serde_json::{Value, json};

use super::address::Prefix;
use super::subnet::{self, SUBNET, members};
use super::{NETWORK, RESOURCE_GUID, children, put, refused};
use crate::sandbox::behaviour::rule::{self, Effect, Facts};
use crate::sandbox::behaviour::{Behaviour, Evidence, Write};
use crate::sandbox::message::Method;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};

const NETWORK_CRUD: Evidence =
    Evidence::Recorded("aso__Test_Networking_VirtualNetwork_20250301_CRUD");
const DROPPED: Evidence = Evidence::Recorded("cli_appservice__test_functionapp_vnetE2E");

pub(crate) const ROWS: &[Behaviour] = &[Behaviour {
    arm_type: "Microsoft.Network/virtualNetworks",
    shape: concat!(
        "{ location!: string, tags: {*: string}, extendedLocation: any, properties: { \
         addressSpace!: { addressPrefixes: [string], ipamPoolPrefixAllocations: [any] }, \
         dhcpOptions: { dnsServers: [string] }, flowTimeoutInMinutes: int, \
         subnets: [{ name!: string, id: string, type: string, -etag: any, properties: ",
        members!(),
        " }], virtualNetworkPeerings: [any], enableDdosProtection: bool, enableVmProtection: bool, \
         ddosProtectionPlan: { id!: string }, bgpCommunities: any, \
         encryption: { enabled!: bool, enforcement: DropUnencrypted|AllowUnencrypted }, ipAllocations: [any], \
         privateEndpointVNetPolicies: Disabled|Basic, -flowLogs: any, -resourceGuid: any, -provisioningState: any } }"
    ),
    rules: &[
        RESOURCE_GUID,
        rule::default("/properties/virtualNetworkPeerings", "[]", NETWORK_CRUD),
        rule::default("/properties/enableDdosProtection", "false", NETWORK_CRUD),
        rule::default(
            "/properties/privateEndpointVNetPolicies",
            r#""Disabled""#,
            NETWORK_CRUD,
        ),
        rule::default("/properties/dhcpOptions/dnsServers", "[]", DROPPED),
        rule::rule("/properties/enableVmProtection", Effect::Dropped, DROPPED),
    ],
    create: put(201, 3, 10),
    update: put(200, 3, 10),
    prepare,
    removing: |removal| {
        removal
            .store
            .of_kind(&removal.object.id, SUBNET)
            .try_for_each(|one| subnet::free(removal.store, one))
    },
    since: &[
        // Recorded absent at 2022-01-01, there at 2024-03-01; documented for 2023-09-01.
        ("/properties/privateEndpointVNetPolicies", "2023-09-01"),
        (
            "/properties/subnets/*/properties/privateEndpointNetworkPolicies",
            subnet::POLICIES,
        ),
        (
            "/properties/subnets/*/properties/privateLinkServiceNetworkPolicies",
            subnet::POLICIES,
        ),
    ],
    present: |body, presented| {
        let version = presented.request.parameter("api-version").unwrap_or("9");
        if version < "2020-11-01" {
            body["properties"]["enableVmProtection"] = false.into();
        }
        body["properties"]["subnets"] = children(presented, SUBNET, subnet::show).into();
    },
    evidence: NETWORK_CRUD,
    ..NETWORK
}];

fn prepare(write: &mut Write) -> Result<(), Refusal> {
    let sent = write.body["properties"]
        .as_object_mut()
        .and_then(|properties| properties.remove("subnets"));
    if write.request.method == Method::Patch {
        return Ok(());
    }
    address_space(write)?;
    let network = Object::new(write.id.text(), "", write.body.clone());
    let mut siblings: Vec<(String, Value)> = Vec::new();
    for item in sent
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let name = item["name"].as_str().unwrap_or_default();
        let id = write.id.child("subnets", name);
        let previous = write.store.get(&id.key());
        let facts = Facts {
            store: write.store,
            id: &id,
            now: write.now,
            tenant: write.tenant,
            caller: write.caller,
            body: &Value::Null,
            previous,
        };
        let mut body = rule::apply(
            subnet::DEFAULTS,
            &json!({ "properties": item["properties"] }),
            facts,
        )
        .body;
        subnet::old_default(write.request, &item["properties"], &mut body);
        subnet::valid(write.store, &id, &network, &mut body, &siblings)?;
        subnet::still_delegated(write.store, previous, &body)?;
        body["properties"]["provisioningState"] = "Succeeded".into();
        siblings.push((name.to_lowercase(), body.clone()));
        write
            .also
            .push(Entry::Put(Object::new(id.text(), SUBNET, body)));
    }
    for gone in write.store.of_kind(&write.id.text(), SUBNET) {
        let name = gone
            .id
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_lowercase();
        if !siblings.iter().any(|(kept, _)| *kept == name) {
            subnet::free(write.store, gone)?;
            write.also.push(Entry::Remove(gone.key()));
        }
    }
    Ok(())
}

fn address_space(write: &Write) -> Result<(), Refusal> {
    let texts = write.body["properties"]["addressSpace"]["addressPrefixes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let mut seen: Vec<Prefix> = Vec::new();
    for text in texts {
        let prefix = Prefix::parse(text).ok_or_else(|| {
            refused(
                "InvalidCIDRNotation",
                format!(
                    "The address prefix {text} in resource {} has an invalid CIDR notation.",
                    write.id.text()
                ),
            )
        })?;
        if seen.iter().any(|other| other.overlaps(prefix)) {
            return Err(refused(
                "AddressPrefixesOverlap",
                format!(
                    "The address prefixes of virtual network {} overlap.",
                    write.id.name()
                ),
            ));
        }
        seen.push(prefix);
    }
    if seen.is_empty() {
        return Err(refused(
            "InvalidRequestFormat",
            format!(
                "Virtual network {} needs an address prefix.",
                write.id.name()
            ),
        ));
    }
    Ok(())
}
