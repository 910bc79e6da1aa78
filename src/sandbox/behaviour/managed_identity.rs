//! Microsoft.ManagedIdentity: user-assigned identities, and their service principals in the subscription's directory.

use serde_json::Value;

use super::rule::Effect;
use super::style::{IdForm, LocationForm, Reply};
use super::{Behaviour, Evidence, ROW, Removal, Write, rule};
use crate::sandbox::graph::{self, ManagedIdentity};
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
    prepare: |write| {
        announce(write);
        Ok(())
    },
    removed,
    evidence: IDENTITY,
    ..ROW
}];

/// A 201 carries `Location`: the identity's own path, relative (recorded), not a poll address.
fn announce(write: &mut Write) {
    if write.previous.is_some() {
        return;
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
}

fn removed(removal: &mut Removal) {
    let body = &removal.object.body;
    let key = graph::principal_key(text(body, "tenantId"), text(body, "principalId"));
    removal.also.push(Entry::Remove(key));
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body["properties"][name].as_str().unwrap_or_default()
}
