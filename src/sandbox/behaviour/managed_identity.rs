//! Microsoft.ManagedIdentity: user-assigned identities, and their service principals in the subscription's directory.

use serde_json::{Value, json};

use super::rule::Effect;
use super::style::{IdForm, LocationForm, Reply};
use super::{Behaviour, Evidence, ROW, Removal, Write, rule};
use crate::sandbox::graph::{self, ManagedIdentity};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::Entry;

const IDENTITY: Evidence =
    Evidence::Recorded("aso__Test_ManagedIdentity_UserAssignedIdentity_20230131_CRUD");

pub(crate) const ROWS: &[Behaviour] = &[Behaviour {
    arm_type: "Microsoft.ManagedIdentity/userAssignedIdentities",
    versions: &["2018-11-30", "2023-01-31", "2024-11-30"],
    shape: "{ location!: string, tags: {*: string}, properties: { -tenantId: any, -principalId: any, -clientId: any, \
        isolationScope: None|Regional } }",
    rules: &[
        rule::rule(
            "/properties/tenantId",
            Effect::Once(|facts| facts.tenant.into()),
            IDENTITY,
        ),
        rule::rule(
            "/properties/principalId",
            Effect::Once(|facts| facts.guid("principal")),
            IDENTITY,
        ),
        rule::rule(
            "/properties/clientId",
            Effect::Once(|facts| facts.guid("client")),
            IDENTITY,
        ),
    ],
    id_form: IdForm::LowerGroup,
    location: LocationForm::Lower,
    patch: Some(Reply::done(200)),
    replaced_by_patch: &["/tags"],
    prepare,
    removed,
    evidence: IDENTITY,
    ..ROW
}];

/// A 201 carries `Location`: the identity's own path, relative (recorded), not a poll address.
fn prepare(write: &mut Write) -> Result<(), Refusal> {
    if write.previous.is_some() {
        return Ok(());
    }
    let path = write
        .id
        .text()
        .replacen("/resourceGroups/", "/resourcegroups/", 1);
    write.headers.push(("Location", path));
    let identity = ManagedIdentity {
        tenant: write.tenant,
        principal_id: text(&write.body, "principalId"),
        client_id: text(&write.body, "clientId"),
        name: write.id.name(),
        resource: &write.id.text(),
    };
    write.also.push(Entry::Put(identity.object(write.now)));
    Ok(())
}

fn removed(removal: &mut Removal) {
    let body = &removal.object.body;
    let key = graph::principal_key(text(body, "tenantId"), text(body, "principalId"));
    removal.also.push(Entry::Remove(key));
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body["properties"][name].as_str().unwrap_or_default()
}

/// What a resource that uses user-assigned identities shows of them: each with its ids, or a refusal naming the one
/// that is not there.
pub(crate) fn resolve(write: &mut Write) -> Result<(), Refusal> {
    let Some(ids) = write.body["identity"]["userAssignedIdentities"].as_object() else {
        return Ok(());
    };
    let mut resolved = serde_json::Map::new();
    for id in ids.keys() {
        let Some(identity) = write.store.get(id) else {
            return Err(Refusal::new(
                400,
                "FailedIdentityOperation",
                format!(
                    "Identity operation for resource '{}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: '{{\"error\":{{\"code\":\"BadRequest\",\"message\":\"Resource '{id}' was not found.\"}}}}''.",
                    write.id.text()
                ),
            ));
        };
        let shown = json!({
            "principalId": text(&identity.body, "principalId"),
            "clientId": text(&identity.body, "clientId"),
        });
        resolved.insert(id.clone(), shown);
    }
    write.body["identity"]["userAssignedIdentities"] = resolved.into();
    Ok(())
}

/// A system-assigned identity appears with the resource: its ids in `identity`, its service principal in the directory.
pub(crate) fn system_assigned(write: &mut Write) {
    let kind = write.body["identity"]["type"].as_str().unwrap_or_default();
    if !kind.contains("SystemAssigned") {
        return;
    }
    let before = write.previous.map_or(
        &Value::Null,
        |object| &object.body["identity"]["principalId"],
    );
    if before.is_string() {
        write.body["identity"]["principalId"] = before.clone();
        write.body["identity"]["tenantId"] = write.tenant.into();
        return;
    }
    let facts = rule::Facts {
        store: write.store,
        id: write.id,
        now: write.now,
        tenant: write.tenant,
        body: &Value::Null,
        previous: write.previous,
    };
    let (principal, client) = (facts.guid("principal"), facts.guid("client"));
    let identity = ManagedIdentity {
        tenant: write.tenant,
        principal_id: principal.as_str().unwrap_or_default(),
        client_id: client.as_str().unwrap_or_default(),
        name: write.id.name(),
        resource: &write.id.text(),
    };
    write.also.push(Entry::Put(identity.object(write.now)));
    write.body["identity"]["principalId"] = principal;
    write.body["identity"]["tenantId"] = write.tenant.into();
}
