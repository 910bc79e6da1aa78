//! The network a service stands in or reaches into, and the public address it answers at.
//!
//! Documented 2025-06-17 (virtual-network-reference) and 2025-04-17 (virtual-network-injection-resources), `domain.md`
//! A.4 and A.5; the messages are inferred but for the management endpoint's (`domain.md` I, 5).

use serde_json::{Value, json};

use super::super::network::security;
use super::super::{Call, Write};
use super::tier::{self, Network, Tier};
use super::{connection, text};
use crate::sandbox::arm::location;
use crate::sandbox::message::Response;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Object, Store};

const SUBNET: &str = "/properties/virtualNetworkConfiguration/subnetResourceId";
const ADDRESS: &str = "/properties/publicIpAddressId";

pub(super) fn check(write: &Write, tier: &Tier) -> Result<(), Refusal> {
    let properties = &write.body["properties"];
    let mode = text(properties, "/virtualNetworkType");
    let address = text(properties, "/publicIpAddressId");
    if !address.is_empty() && (mode == "None" || tier.network != Network::Injected) {
        return refuse(format!(
            "PublicIpAddressId is not supported for virtual network type '{mode}' in the '{}' tier.",
            tier.name
        ));
    }
    if mode == "None" {
        return Ok(());
    }
    let fits = match tier.network {
        Network::None => false,
        Network::Injected | Network::Either => true,
        Network::Integrated => mode == "External",
    };
    if !fits {
        return refuse(format!(
            "Virtual network type '{mode}' is not supported in the '{}' tier.",
            tier.name
        ));
    }
    let subnet_id = text(properties, "/virtualNetworkConfiguration/subnetResourceId");
    if subnet_id.is_empty() {
        return refuse(format!(
            "VirtualNetworkConfiguration.SubnetResourceId is required when VirtualNetworkType is '{mode}'."
        ));
    }
    let Some(subnet) = write.store.get(subnet_id) else {
        return refuse(format!("The subnet '{subnet_id}' could not be found."));
    };
    let delegations = subnet.body["properties"]["delegations"].as_array();
    let delegated = delegations
        .and_then(|delegations| delegations.first())
        .map_or("", |delegation| text(delegation, "/properties/serviceName"));
    let wanted = match (tier.is_v2, mode) {
        (false, _) => "",
        (true, "Internal") => "Microsoft.Web/hostingEnvironments",
        (true, _) => "Microsoft.Web/serverFarms",
    };
    if !delegated.eq_ignore_ascii_case(wanted) {
        return refuse(match wanted {
            "" => format!("The subnet '{subnet_id}' must not be delegated."),
            wanted => format!("The subnet '{subnet_id}' must be delegated to '{wanted}'."),
        });
    }
    // "NSG must be attached": of every tier that stands in or reaches into a subnet.
    if !subnet.body["properties"]["networkSecurityGroup"]["id"].is_string() {
        return refuse(format!(
            "The subnet '{subnet_id}' must have a network security group associated."
        ));
    }
    if tier.is_v2 {
        return Ok(());
    }
    check_links(write)?;
    if address.is_empty() {
        Ok(())
    } else {
        check_address(write, address, subnet_id)
    }
}

fn refuse(message: String) -> Result<(), Refusal> {
    Err(Refusal::new(400, "InvalidParameters", message))
}

/// Private endpoints and injection exclude each other (`domain.md` A.1).
fn check_links(write: &Write) -> Result<(), Refusal> {
    match write
        .store
        .of_kind(&write.id.text(), connection::KIND)
        .next()
    {
        None => Ok(()),
        Some(connection) => refuse(format!(
            "API Management service {} cannot be deployed into a virtual network while it has private endpoint connections: {}.",
            write.id.name(),
            connection.id
        )),
    }
}

/// The address of an injected service: standard, static, named, in the region, free; another one for another subnet.
fn check_address(write: &Write, address: &str, subnet: &str) -> Result<(), Refusal> {
    let place = location::short(text(&write.body, "/location"));
    let Some(found) = write.store.get(address) else {
        return refuse(format!(
            "The public IP address '{address}' could not be found."
        ));
    };
    let is = |pointer: &str, wanted: &str| text(&found.body, pointer).eq_ignore_ascii_case(wanted);
    let wrong = [
        (is("/sku/name", "Standard"), "must be of Standard SKU"),
        (
            is("/properties/publicIPAllocationMethod", "Static"),
            "must be static",
        ),
        (
            is("/properties/publicIPAddressVersion", "IPv4"),
            "must be an IPv4 address",
        ),
        (
            !text(&found.body, "/properties/dnsSettings/domainNameLabel").is_empty(),
            "must have a DNS label associated with it",
        ),
        (
            location::short(text(&found.body, "/location")) == place,
            "must be in the region of the service",
        ),
        (
            user_of(write.store, &found.id).is_none_or(|user| user.key() == write.id.key()),
            "is used by another resource",
        ),
    ];
    if let Some((_, why)) = wrong.iter().find(|(holds, _)| !holds) {
        return refuse(format!("The public IP address '{address}' {why}."));
    }
    let before = write.previous.map_or(&Value::Null, |object| &object.body);
    let moved = text(before, SUBNET).to_lowercase() != subnet.to_lowercase();
    if moved && text(before, ADDRESS).eq_ignore_ascii_case(address) {
        return refuse(format!(
            "The public IP address '{address}' is in use by the current deployment: moving to another subnet needs a different one."
        ));
    }
    Ok(())
}

/// The service that answers at an address of its own in a network.
pub(crate) fn user_of<'a>(store: &'a Store, address: &str) -> Option<&'a Object> {
    store
        .of_kind("", super::service::KIND)
        .find(|service| text(&service.body, ADDRESS).eq_ignore_ascii_case(address))
}

/// The subnet that a classic service stands in. V2 tiers only call out through theirs.
pub(super) fn injected_into<'a>(store: &'a Store, service: &Object) -> Option<&'a Object> {
    let is_v2 = tier::of(text(&service.body, "/sku/name")).is_some_and(|tier| tier.is_v2);
    if is_v2 || text(&service.body, "/properties/virtualNetworkType") == "None" {
        return None;
    }
    store.get(text(&service.body, SUBNET))
}

/// One of the addresses reserved for documentation (RFC 5737) unless the service was given one: another wherever it
/// stands, for "VNet added or removed" changes it.
pub(super) fn address(store: &Store, service: &Object) -> String {
    let given = text(&service.body, ADDRESS);
    if let Some(address) = store.get(given) {
        return text(&address.body, "/properties/ipAddress").to_owned();
    }
    let subnet = injected_into(store, service).map_or("", |subnet| &subnet.id);
    let place = format!("{}{subnet}", service.id).to_lowercase();
    let digest = super::super::digest(&Value::String(place));
    let last = u8::from_str_radix(&digest[..2], 16).unwrap_or(0);
    format!("203.0.113.{}", last.clamp(1, 254))
}

/// Everything below a service is its own management endpoint's to answer, which Azure reaches on port 3443.
pub(super) fn is_manageable(store: &Store, service: &Object) -> Result<(), Refusal> {
    let Some(subnet) = injected_into(store, service) else {
        return Ok(());
    };
    if security::admits(store, subnet, "ApiManagement", 3443) {
        return Ok(());
    }
    let name = service.id.rsplit('/').next().unwrap_or_default();
    Err(Refusal::new(
        422,
        "ManagementApiRequestFailed",
        format!(
            "Failed to connect to management endpoint at {name}.management.azure-api.net:3443 for a service deployed in a Virtual Network. Make sure to follow guidance at https://aka.ms/apim-vnet-common-issues."
        ),
    ))
}

/// `GET …/networkstatus`: what the service reaches from where it stands.
pub(super) fn status(call: &mut Call) -> Result<Response, Refusal> {
    let service = call.resource()?;
    let reached = |name: &str, tag: &str, port: u16| {
        let is_open = injected_into(call.store, service)
            .is_none_or(|subnet| security::lets_out(call.store, subnet, tag, port));
        json!({
            "name": name,
            "status": if is_open { "success" } else { "failure" },
            "error": if is_open { "" } else { "Cannot connect to the dependency." },
            "lastUpdated": text(&service.body, "/properties/createdAtUtc"),
            "lastStatusChange": text(&service.body, "/properties/createdAtUtc"),
            "resourceType": tag,
            "isOptional": tag == "AzureActiveDirectory",
        })
    };
    let connectivity = [
        reached("certificate revocation lists", "Internet", 80),
        reached("blob storage", "Storage", 443),
        reached("configuration database", "Sql", 1433),
        reached("key vault", "AzureKeyVault", 443),
        reached("metrics", "AzureMonitor", 1886),
        reached("directory", "AzureActiveDirectory", 443),
    ];
    let body = json!([{
        "location": text(&service.body, "/location"),
        "networkStatus": { "dnsServers": ["168.63.129.16"], "connectivityStatus": connectivity },
    }]);
    Ok(Response::json(200, body))
}
