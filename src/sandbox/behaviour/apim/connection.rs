//! Private endpoint connections of a service: asked for by whoever makes an endpoint (`private_link.rs`), approved here.

use serde_json::{Value, json};

use super::super::private_link::connections;
use super::super::style::{LocationEnd, Reply, ReplyBody, State};
use super::super::{Behaviour, Evidence, Presented, Write};
use super::service::operation_of;
use super::{CHILD, invalid, missing, text};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::Store;

pub(super) const KIND: &str = "Microsoft.ApiManagement/service/privateEndpointConnections";

const EVIDENCE: Evidence = Evidence::Documented(
    "learn.microsoft.com/azure/api-management/private-endpoint",
    "2025-11-11",
);

const fn reply(status: u16, body: ReplyBody, end: LocationEnd) -> Reply {
    Reply::Operation(operation_of(status, body, 60, end))
}

pub(super) const ROWS: &[Behaviour] = &[Behaviour {
    arm_type: KIND,
    shape: "{ properties!: { privateLinkServiceConnectionState!: { status!: Pending|Approved|Rejected, description: string, actionsRequired: string },
        -privateEndpoint: any, -provisioningState: any, -groupIds: any } }",
    state: State::Provisioning {
        creating: "Creating",
        updating: "Creating",
        deleting: "Deleting",
    },
    update: reply(202, ReplyBody::Resource, LocationEnd::Resource),
    patch: None,
    delete: Some(reply(202, ReplyBody::Empty, LocationEnd::Empty)),
    not_found: Some(|_| missing("PrivateEndpointConnection")),
    prepare,
    // The service's body names the groups, the connection's own does not (its published type has none).
    present: |body, _| {
        if let Some(properties) = body["properties"].as_object_mut() {
            properties.remove("groupIds");
        }
    },
    evidence: EVIDENCE,
    ..CHILD
}];

/// Only what an endpoint asked for can be decided on; nobody makes a connection by PUT.
fn prepare(write: &mut Write) -> Result<(), Refusal> {
    let Some(before) = write.previous else {
        return Err(missing("PrivateEndpointConnection"));
    };
    let was = text(&before.body, STATUS);
    let asked = text(&write.body, STATUS).to_owned();
    if was == "Rejected" && asked == "Approved" {
        return Err(invalid(
            "status",
            "A rejected private endpoint connection cannot be approved.",
        ));
    }
    let state = write.body["properties"]["privateLinkServiceConnectionState"].clone();
    write.body = before.body.clone();
    write.body["properties"]["privateLinkServiceConnectionState"] = json!({
        "status": asked,
        "description": state["description"].as_str().unwrap_or_default(),
        "actionsRequired": state["actionsRequired"].as_str().unwrap_or("None"),
    });
    Ok(())
}

const STATUS: &str = "/properties/privateLinkServiceConnectionState/status";

pub(super) fn has_approved(store: &Store, service: &str) -> bool {
    store
        .of_kind(service, KIND)
        .any(|object| text(&object.body, STATUS) == "Approved")
}

/// The connections as the service's own body shows them: null when there are none (recorded).
pub(super) fn of_service(presented: &Presented) -> Value {
    let all = connections(presented.store, &presented.object.id, KIND);
    if all.is_empty() {
        Value::Null
    } else {
        all.into()
    }
}
