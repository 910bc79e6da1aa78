//! Private link between providers: a connection belongs to its target, and whoever asked for it reads its state there.
//!
//! Private endpoints (`network/endpoint.rs`) are approved at once where the caller may approve; Front Door's origins
//! (`cdn`) wait for somebody to approve them on the target.

use serde_json::{Value, json};

use super::style::{Reply, Tags};
use super::{Behaviour, ROW, Write};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Object, Store};

/// A service that private endpoints can lead to.
pub(crate) struct Target {
    pub(crate) arm_type: &'static str,
    /// Group ids compare with case: `gateway` is refused (terraform-provider-azurerm issue 30296).
    groups: &'static [&'static str],
    /// Hosts that a group's endpoint answers for, of the resource's name.
    hosts: fn(name: &str, group: &str) -> Vec<String>,
}

const TARGETS: &[Target] = &[
    Target {
        arm_type: "Microsoft.ApiManagement/service",
        groups: &["Gateway"],
        hosts: |name, _| vec![format!("{name}.azure-api.net")],
    },
    Target {
        arm_type: "Microsoft.Web/sites",
        groups: &["sites"],
        hosts: |name, _| {
            vec![
                format!("{name}.azurewebsites.net"),
                format!("{name}.scm.azurewebsites.net"),
            ]
        },
    },
    Target {
        arm_type: "Microsoft.Storage/storageAccounts",
        groups: &["blob", "file", "queue", "table", "dfs", "web"],
        hosts: |name, group| vec![format!("{name}.{group}.core.windows.net")],
    },
    Target {
        arm_type: "Microsoft.KeyVault/vaults",
        groups: &["vault"],
        hosts: |name, _| vec![format!("{name}.vault.azure.net")],
    },
];

impl Target {
    /// The service with this id and group, there and ready.
    pub(crate) fn find(
        store: &Store,
        id: &str,
        group: &str,
    ) -> Result<(&'static Self, ArmId), Refusal> {
        let missing = || {
            Refusal::new(
                400,
                "PrivateLinkServiceIdNotFound",
                format!("The private link resource {id} was not found."),
            )
        };
        let object = store.get(id).ok_or_else(missing)?;
        let id = ArmId::parse(&object.id).ok_or_else(missing)?;
        let target = TARGETS
            .iter()
            .find(|target| target.arm_type.eq_ignore_ascii_case(&id.arm_type()))
            .ok_or_else(missing)?;
        if !target.groups.contains(&group) {
            return Err(Refusal::new(
                400,
                "PrivateEndpointInvalidGroupId",
                format!(
                    "Call to {} failed. Error message: The groupIds [{group}] is not supported. Supported: [{}].",
                    target.arm_type,
                    target.groups.join(", ")
                ),
            ));
        }
        ready(object)?;
        Ok((target, id))
    }

    pub(crate) fn hosts(&self, name: &str, group: &str) -> Vec<String> {
        (self.hosts)(name, group)
    }
}

/// A service that is being made or changed takes no connection, and an injected API Management none at all.
fn ready(object: &Object) -> Result<(), Refusal> {
    let state = object.body["properties"]["provisioningState"].as_str();
    if state.is_some_and(|state| state != "Succeeded") {
        return Err(Refusal::new(
            400,
            "ReferencedResourceNotProvisioned",
            format!(
                "Cannot proceed with operation because resource {} is not in Succeeded state. Resource is in {} state.",
                object.id,
                state.unwrap_or_default()
            ),
        ));
    }
    let injected = object.body["properties"]["virtualNetworkType"].as_str();
    let is_gateway = object
        .kind
        .eq_ignore_ascii_case("Microsoft.ApiManagement/service");
    let tier = object.body["sku"]["name"].as_str().unwrap_or_default();
    let is_joined = injected.is_some_and(|kind| kind != "None") && !tier.ends_with("V2");
    if is_gateway && (is_joined || tier == "Consumption" || tier == "BasicV2") {
        return Err(Refusal::new(
            400,
            "PrivateEndpointNotSupported",
            format!(
                "Private endpoint connections are not supported by {}.",
                object.id
            ),
        ));
    }
    Ok(())
}

/// A connection about to appear on its target.
pub(crate) struct Connection<'a> {
    pub(crate) target: &'a ArmId,
    pub(crate) name: String,
    /// The private endpoint, in whoever's subscription it is.
    pub(crate) endpoint: String,
    pub(crate) group: &'a str,
    pub(crate) status: &'static str,
    pub(crate) description: &'a str,
}

impl Connection<'_> {
    pub(crate) fn id(&self) -> String {
        self.target
            .child("privateEndpointConnections", &self.name)
            .text()
    }

    pub(crate) fn object(&self) -> Object {
        let body = json!({ "properties": {
            "privateEndpoint": { "id": self.endpoint },
            "groupIds": [self.group],
            "privateLinkServiceConnectionState": {
                "status": self.status, "description": self.description, "actionsRequired": "None",
            },
            "provisioningState": "Succeeded",
        }});
        let kind = format!("{}/privateEndpointConnections", self.target.arm_type());
        Object::new(self.id(), kind, body)
    }
}

/// `Approved`, `Pending`, …: what the target says now; gone there, it is disconnected here.
pub(crate) fn state(store: &Store, connection: &str) -> Value {
    store.get(connection).map_or_else(
        || json!({ "status": "Disconnected", "description": "Deleted state", "actionsRequired": "None" }),
        |object| object.body["properties"]["privateLinkServiceConnectionState"].clone(),
    )
}

/// Connections of a resource, as it shows them: id, type, name and properties.
pub(crate) fn connections(store: &Store, id: &str, arm_type: &str) -> Vec<Value> {
    store
        .of_kind(id, arm_type)
        .map(|object| {
            json!({
                "id": object.id, "type": arm_type,
                "name": object.id.rsplit('/').next().unwrap_or_default(),
                "properties": object.body["properties"],
            })
        })
        .collect()
}

/// Approving and rejecting is all a target's owner can do; connections come into being elsewhere.
pub(crate) const CONNECTION: Behaviour = Behaviour {
    tags: Tags::None,
    create: Reply::done(200),
    delete: Some(Reply::empty(200)),
    prepare: decide,
    ..ROW
};

/// Keeps everything but the decision, and refuses one that is none.
fn decide(write: &mut Write) -> Result<(), Refusal> {
    let Some(previous) = write.previous else {
        return Err(Refusal::new(
            404,
            "PrivateEndpointConnectionNotFound",
            format!(
                "The private endpoint connection {} was not found.",
                write.id.name()
            ),
        ));
    };
    let sent = &write.sent["properties"]["privateLinkServiceConnectionState"];
    let before = &previous.body["properties"]["privateLinkServiceConnectionState"]["status"];
    let asked = sent["status"].as_str().unwrap_or_default();
    // Recorded in cli_storage__test_storage_account_private_endpoint: neither what is approved nor what was rejected
    // can be approved.
    let is_possible = match asked {
        "Approved" => before == "Pending",
        "Rejected" => before == "Pending" || before == "Approved",
        _ => false,
    };
    if !is_possible {
        return Err(Refusal::new(
            400,
            "InvalidValuesForRequestParameters",
            "Values for request parameters are invalid: privateLinkServiceConnectionState.status.",
        ));
    }
    let mut body = previous.body.clone();
    let state = &mut body["properties"]["privateLinkServiceConnectionState"];
    state["status"] = asked.into();
    state["description"] = sent["description"].as_str().unwrap_or_default().into();
    write.body = body;
    Ok(())
}
