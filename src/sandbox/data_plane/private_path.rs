//! Whether a call comes in through a private endpoint: approved, in the caller's network, and resolved there.

use serde_json::Value;

use super::call::{Call, Via};
use super::hosts::{ancestor, text};
use crate::sandbox::store::{Object, Store};

/// Private DNS zone that the names of a target resolve in.
const ZONES: [(&str, &str); 3] = [
    ("microsoft.web/sites", "privatelink.azurewebsites.net"),
    (
        "microsoft.apimanagement/service",
        "privatelink.azure-api.net",
    ),
    (
        "microsoft.storage/storageaccounts",
        "privatelink.blob.core.windows.net",
    ),
];

/// Connections of a resource that its owner approved.
fn approved<'a>(store: &'a Store, target: &str) -> impl Iterator<Item = &'a Object> + use<'a> {
    let below = format!("{}/privateendpointconnections/", target.to_lowercase());
    store.below(target).filter(move |object| {
        object.key().starts_with(&below)
            && text(
                &object.body,
                "/properties/privateLinkServiceConnectionState/status",
            ) == "Approved"
    })
}

pub(crate) fn has_approved(store: &Store, target: &str) -> bool {
    approved(store, target).next().is_some()
}

/// Whether the target's owner approved this one connection.
pub(crate) fn is_approved(store: &Store, target: &str, connection: &str) -> bool {
    approved(store, target).any(|object| object.id.eq_ignore_ascii_case(connection))
}

/// Whether `call` reaches `target` by a private endpoint and not by its public address.
pub(crate) fn is_taken(store: &Store, target: &str, call: &Call) -> bool {
    match &call.via {
        Via::Internet => false,
        Via::FrontDoor { connection, .. } => connection
            .as_deref()
            .is_some_and(|connection| is_approved(store, target, connection)),
        Via::Gateway { subnet, .. } => subnet
            .as_deref()
            .is_some_and(|subnet| is_led_from(store, subnet, target)),
    }
}

/// A caller in a network gets to the endpoint only if the name resolves to it: a zone group on the endpoint, and the zone
/// linked to the caller's network. Otherwise it resolves to the public address.
fn is_led_from(store: &Store, subnet: &str, target: &str) -> bool {
    let network = ancestor(subnet, 2);
    let zone = ZONES
        .iter()
        .find(|(kind, _)| target.to_lowercase().contains(kind))
        .map(|(_, zone)| *zone);
    let Some(zone) = zone.and_then(|zone| linked_zone(store, zone, &network)) else {
        return false;
    };
    approved(store, target).any(|connection| {
        let endpoint = text(&connection.body, "/properties/privateEndpoint/id");
        store.get(endpoint).is_some_and(|endpoint| {
            let of = ancestor(text(&endpoint.body, "/properties/subnet/id"), 2);
            of.eq_ignore_ascii_case(&network) && is_registered(store, &endpoint.id, zone)
        })
    })
}

/// The id of the private zone of that name which is linked to a network.
fn linked_zone<'a>(store: &'a Store, zone: &str, network: &str) -> Option<&'a str> {
    let zones = store.of_kind("", "Microsoft.Network/privateDnsZones");
    zones
        .filter(|object| {
            let named = object.id.rsplit('/').next().unwrap_or_default();
            named.eq_ignore_ascii_case(zone)
        })
        .find(|object| {
            let links = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";
            store.of_kind(&object.id, links).any(|link| {
                text(&link.body, "/properties/virtualNetwork/id").eq_ignore_ascii_case(network)
            })
        })
        .map(|object| object.id.as_str())
}

fn is_registered(store: &Store, endpoint: &str, zone: &str) -> bool {
    let groups = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";
    store.of_kind(endpoint, groups).any(|group| {
        let configs = group.body["properties"]["privateDnsZoneConfigs"].as_array();
        configs.into_iter().flatten().any(|config: &Value| {
            text(config, "/properties/privateDnsZoneId").eq_ignore_ascii_case(zone)
        })
    })
}
