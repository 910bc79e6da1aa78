//! The `identity` member of resources that can have managed identities.

use serde_json::{Map, Value, json};

use super::rule::Facts;
use super::{Removal, Write};
use crate::sandbox::graph::{self, ManagedIdentity};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::Entry;

/// Fills what Azure knows about the identities that `write` asks for: principal, client and tenant.
pub(crate) fn assign(write: &mut Write) -> Result<(), Refusal> {
    let kind = write.body["identity"]["type"]
        .as_str()
        .unwrap_or("None")
        .to_owned();
    if kind == "None" {
        return Ok(());
    }
    let mut identity = json!({ "type": kind });
    if kind.contains("SystemAssigned") {
        identity["principalId"] = own_principal(write);
        identity["tenantId"] = write.tenant.into();
    }
    if kind.contains("UserAssigned") {
        identity["userAssignedIdentities"] = assigned(write)?;
    }
    write.body["identity"] = identity;
    Ok(())
}

/// A system-assigned identity lives in the directory as long as its resource does.
fn own_principal(write: &mut Write) -> Value {
    let before = write.previous.map_or(
        &Value::Null,
        |object| &object.body["identity"]["principalId"],
    );
    if before.is_string() {
        return before.clone();
    }
    let facts = facts(write);
    let (principal, client) = (facts.guid("principal"), facts.guid("client"));
    let identity = ManagedIdentity {
        tenant: write.tenant,
        principal_id: principal.as_str().unwrap_or_default(),
        client_id: client.as_str().unwrap_or_default(),
        name: write.id.name(),
        resource: &write.id.text(),
    };
    let object = identity.object(write.now);
    write.also.push(Entry::Put(object));
    principal
}

/// The resource goes, and its own principal with it.
pub(crate) fn release(removal: &mut Removal) {
    let identity = &removal.object.body["identity"];
    if let (Some(tenant), Some(principal)) = (
        identity["tenantId"].as_str(),
        identity["principalId"].as_str(),
    ) {
        let key = graph::principal_key(tenant, principal);
        removal.also.push(Entry::Remove(key));
    }
}

fn facts<'a>(write: &'a Write) -> Facts<'a> {
    Facts {
        store: write.store,
        id: write.id,
        now: write.now,
        body: &write.body,
        previous: write.previous,
        tenant: write.tenant,
        caller: write.caller,
    }
}

fn assigned(write: &Write) -> Result<Value, Refusal> {
    let Some(sent) = write.body["identity"]["userAssignedIdentities"].as_object() else {
        return Err(failed(write, "The user assigned identities are missing."));
    };
    let mut assigned = Map::new();
    for id in sent.keys() {
        let Some(identity) = write.store.get(id) else {
            return Err(failed(
                write,
                &format!("The identity '{id}' was not found."),
            ));
        };
        let known = &identity.body["properties"];
        let shown = json!({ "principalId": known["principalId"], "clientId": known["clientId"] });
        assigned.insert(id.clone(), shown);
    }
    Ok(assigned.into())
}

fn failed(write: &Write, why: &str) -> Refusal {
    Refusal::new(
        400,
        "FailedIdentityOperation",
        format!(
            "Identity operation for resource '{}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. {why}'.",
            write.id.text()
        ),
    )
}
