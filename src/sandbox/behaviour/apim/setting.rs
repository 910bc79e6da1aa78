//! What a service may be set to: tier, access, hosts and custom properties.

use serde_json::{Map, Value, json};

use super::super::Write;
use super::tier::{self, Tier};
use super::{connection, invalid, text};
use crate::sandbox::refusal::Refusal;

pub(super) fn tier_of(write: &Write) -> Result<&'static Tier, Refusal> {
    let name = text(&write.body, "/sku/name");
    let tier =
        tier::of(name).ok_or_else(|| invalid("sku", format!("Sku '{name}' is not supported.")))?;
    let capacity = write.body["sku"]["capacity"].as_u64().unwrap_or(u64::MAX);
    if !tier.capacity.contains(&capacity) {
        let (least, most) = tier.capacity.clone().into_inner();
        let message = format!("The capacity of sku '{name}' must be between {least} and {most}.");
        return Err(Refusal::new(400, "InvalidParameters", message));
    }
    let before = write
        .previous
        .map_or(name, |object| text(&object.body, "/sku/name"));
    let was_v2 = tier::of(before).is_some_and(|before| before.is_v2);
    if was_v2 != tier.is_v2 || (before != name && [before, name].contains(&"Consumption")) {
        let message = format!("Changing the sku from '{before}' to '{name}' is not supported.");
        return Err(Refusal::new(400, "SkuTransitionNotSupported", message));
    }
    Ok(tier)
}

/// Closing the public side is a stage of its own: not at creation, and only with an approved connection (`domain.md` 0.2).
pub(super) fn check_access(write: &Write, tier: &Tier) -> Result<(), Refusal> {
    if text(&write.body, "/properties/publicNetworkAccess") != "Disabled" {
        return Ok(());
    }
    let name = write.id.name();
    if write.previous.is_none() && tier.is_v2 {
        return Err(Refusal::new(
            400,
            "ActivateServiceWithPrivateEndpointAccessNotAllowed",
            format!(
                "Activating API Management service {name} with private endpoint access only is not allowed. Set `publicNetworkAccess` to Enabled."
            ),
        ));
    }
    let refuse = |why: &str| {
        let message = format!(
            "Blocking all public network access by setting property `publicNetworkAccess` of API Management service {name} {why}."
        );
        Err(Refusal::new(400, "NotSupported", message))
    };
    if write.previous.is_none() {
        return refuse("is not enabled during service creation");
    }
    if connection::has_approved(write.store, &write.id.text()) {
        Ok(())
    } else {
        refuse(
            "is not supported if the service does not have atleast one approved Private Endpoint Connections",
        )
    }
}

/// What was sent, in the form the service keeps it, and the built-in host that is always there.
pub(super) fn hostnames(sent: &Value, name: &str) -> Value {
    let built_in = format!("{name}.azure-api.net");
    let mut all: Vec<Value> = sent
        .as_array()
        .into_iter()
        .flatten()
        .map(hostname)
        .collect();
    let has_built_in = all.iter().any(|one| one["hostName"] == *built_in);
    if !has_built_in {
        let is_bound = all
            .iter()
            .any(|one| one["type"] == "Proxy" && one["defaultSslBinding"] == true);
        let one = json!({ "type": "Proxy", "hostName": built_in, "defaultSslBinding": !is_bound, "certificateSource": "BuiltIn" });
        all.insert(0, hostname(&one));
    }
    all.into()
}

fn hostname(sent: &Value) -> Value {
    let or = |name: &str, other: Value| match &sent[name] {
        Value::Null => other,
        given => given.clone(),
    };
    json!({
        "type": sent["type"], "hostName": sent["hostName"], "encodedCertificate": null, "keyVaultId": sent["keyVaultId"],
        "certificatePassword": null, "negotiateClientCertificate": or("negotiateClientCertificate", false.into()),
        "certificate": sent["certificate"], "defaultSslBinding": or("defaultSslBinding", false.into()),
        "identityClientId": sent["identityClientId"], "certificateSource": or("certificateSource", "Custom".into()),
        "certificateStatus": null,
    })
}

const PREFIX: &str = "Microsoft.WindowsAzure.ApiManagement.Gateway.";
const PROTOCOLS: &[&str] = &[
    "Security.Protocols.Tls10",
    "Security.Protocols.Tls11",
    "Security.Backend.Protocols.Tls10",
    "Security.Backend.Protocols.Tls11",
    "Security.Backend.Protocols.Ssl30",
    "Protocols.Server.Http2",
];
/// Shown once a service was changed; of a new v2 service they are left out (recorded).
const LATER: &[&str] = &["Security.Protocols.Ssl30", "Security.Ciphers.TripleDes168"];

/// Replaced as a whole: what is not sent goes back to its default, "False".
pub(super) fn custom_properties(sent: &Value, is_new_v2: bool) -> Value {
    let later = if is_new_v2 { &[][..] } else { LATER };
    let mut all: Map<String, Value> = PROTOCOLS
        .iter()
        .chain(later)
        .map(|key| (format!("{PREFIX}{key}"), "False".into()))
        .collect();
    for (key, value) in sent.as_object().into_iter().flatten() {
        all.insert(key.clone(), value.clone());
    }
    all.into()
}

/// A v2 service shows the first set of custom properties until an update of it has ended.
pub(super) fn had_first_set(write: &Write, tier: &Tier) -> bool {
    let before = write
        .previous
        .map(|object| &object.body["properties"]["customProperties"]);
    tier.is_v2
        && before.is_none_or(|before| {
            LATER
                .iter()
                .all(|key| before[format!("{PREFIX}{key}")].is_null())
        })
}
