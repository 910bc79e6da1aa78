//! Microsoft.Authorization: role assignments on any scope, and the built-in roles they may name.

use serde_json::{Value, json};
use uuid::Uuid;

use super::rule::Effect;
use super::style::{Reply, ReplyBody, Tags};
use super::{Behaviour, Evidence, Listing, ROW, View, Write, rule};
use crate::sandbox::graph::{self, PrincipalKind};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::Object;
use crate::sandbox::world::timestamp;

const ASSIGNMENT: Evidence =
    Evidence::Recorded("aso__Test_Authorization_RoleAssignment_OnResourceGroup_CRUD");
const ROLE: Evidence = Evidence::Documented(
    "learn.microsoft.com/azure/role-based-access-control/built-in-roles",
    "2025-06",
);

pub(crate) const ROWS: &[Behaviour] = &[
    Behaviour {
        arm_type: "Microsoft.Authorization/roleAssignments",
        versions: &["2015-07-01", "2022-04-01"],
        shape: "{ properties!: { -scope: any, roleDefinitionId!: string, principalId!: string, principalType: \
            User|Group|ServicePrincipal|ForeignGroup|Device, description: string, condition: string, \
            conditionVersion: string, delegatedManagedIdentityResourceId: string, -createdOn: any, -updatedOn: any, \
            -createdBy: any, -updatedBy: any } }",
        rules: &[
            rule::default("/properties/condition", "null", ASSIGNMENT),
            rule::default("/properties/conditionVersion", "null", ASSIGNMENT),
            rule::default("/properties/description", "null", ASSIGNMENT),
            rule::default(
                "/properties/delegatedManagedIdentityResourceId",
                "null",
                ASSIGNMENT,
            ),
            rule::rule(
                "/properties/createdOn",
                Effect::Once(|facts| timestamp(facts.now).into()),
                ASSIGNMENT,
            ),
            rule::rule(
                "/properties/updatedOn",
                Effect::Computed(|facts| timestamp(facts.now).into()),
                ASSIGNMENT,
            ),
            rule::rule(
                "/properties/createdBy",
                Effect::Once(|facts| facts.caller.into()),
                ASSIGNMENT,
            ),
            rule::rule(
                "/properties/updatedBy",
                Effect::Computed(|facts| facts.caller.into()),
                ASSIGNMENT,
            ),
            rule::rule(
                "/properties/scope",
                Effect::Computed(|facts| facts.id.scope.clone().into()),
                ASSIGNMENT,
            ),
        ],
        tags: Tags::None,
        create: Reply::done(201),
        // Recorded: 201 also for a second PUT of the same name.
        update: Reply::done(201),
        delete: Some(Reply::Done {
            status: 200,
            body: ReplyBody::Resource,
        }),
        not_found: Some(|id| {
            Refusal::new(
                404,
                "RoleAssignmentNotFound",
                format!("The role assignment '{}' is not found.", id.name()),
            )
        }),
        listed: is_asked_for,
        prepare,
        present: |body, presented| {
            // Recorded: null in the answer to the write, a GUID afterwards.
            if presented.view == View::Written {
                body["properties"]["createdBy"] = Value::Null;
            }
        },
        evidence: ASSIGNMENT,
        ..ROW
    },
    Behaviour {
        arm_type: "Microsoft.Authorization/roleDefinitions",
        versions: &["2015-07-01", "2022-04-01"],
        tags: Tags::None,
        delete: None,
        built_in: definitions,
        listed: |listing| match listing.request.parameter("$filter") {
            Some(filter) => quoted(filter).is_none_or(|name| {
                listing.object.body["properties"]["roleName"]
                    .as_str()
                    .is_some_and(|role| role.eq_ignore_ascii_case(name))
            }),
            None => true,
        },
        evidence: ROLE,
        ..ROW
    },
];

const BUILT_IN: &[(&str, &str)] = &[
    ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner"),
    ("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor"),
    ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader"),
    (
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        "User Access Administrator",
    ),
    (
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        "Storage Blob Data Owner",
    ),
    (
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        "Storage Blob Data Contributor",
    ),
    (
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        "Storage Blob Data Reader",
    ),
    (
        "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        "Storage Queue Data Contributor",
    ),
    (
        "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        "Storage Table Data Contributor",
    ),
    (
        "17d1049b-9a84-46fb-8f53-869881c3d3ab",
        "Storage Account Contributor",
    ),
    (
        "3913510d-42f4-4e42-8a64-420c390055eb",
        "Monitoring Metrics Publisher",
    ),
    (
        "73c42c96-874c-492b-b04d-ab87d138a893",
        "Log Analytics Reader",
    ),
    (
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        "Key Vault Administrator",
    ),
    (
        "4633458b-17de-408a-b874-0445c86b69e6",
        "Key Vault Secrets User",
    ),
    (
        "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
        "Key Vault Certificate User",
    ),
    (
        "312a565d-c81f-4fd8-895a-4e21e48d571c",
        "API Management Service Contributor",
    ),
    (
        "de139f84-1756-47ae-9be6-808fbbe84772",
        "Website Contributor",
    ),
    (
        "4d97b98b-1d4f-4787-a291-c67834d212e7",
        "Network Contributor",
    ),
    (
        "f1a07417-d97a-45cb-824c-7a7467783830",
        "Managed Identity Operator",
    ),
];

/// Every role, at whatever scope it is asked for.
fn definitions(scope: &str) -> Vec<Object> {
    let definition = |(id, name): &(&str, &str)| {
        let body = json!({ "properties": {
            "roleName": name, "type": "BuiltInRole", "description": name,
            "assignableScopes": ["/"],
            "permissions": [{ "actions": [], "notActions": [], "dataActions": [], "notDataActions": [] }],
        }});
        Object::new(
            format!("{scope}/providers/Microsoft.Authorization/roleDefinitions/{id}"),
            "Microsoft.Authorization/roleDefinitions",
            body,
        )
    };
    BUILT_IN.iter().map(definition).collect()
}

fn prepare(write: &mut Write) -> Result<(), Refusal> {
    let name = write.id.name();
    if Uuid::parse_str(name).is_err() {
        return Err(Refusal::new(
            400,
            "InvalidRoleAssignmentId",
            format!(
                "The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID."
            ),
        ));
    }
    role(write)?;
    let principal = property(&write.body, "principalId").to_owned();
    unchanged(write)?;
    unique(write, &principal)?;
    let kind = principal_kind(write, &principal)?;
    let asked = property(&write.body, "principalType");
    if !asked.is_empty() && asked != kind {
        return Err(Refusal::new(
            400,
            "UnmatchedPrincipalType",
            format!(
                "The PrincipalId '{}' has type '{kind}' , which is different from specified PrinciaplType '{asked}'.",
                principal.replace('-', "")
            ),
        ));
    }
    write.body["properties"]["principalType"] = kind.into();
    Ok(())
}

/// The role exists; however its id was scoped, it comes back scoped to the subscription.
fn role(write: &mut Write) -> Result<(), Refusal> {
    let id = property(&write.body, "roleDefinitionId");
    let guid = id.rsplit('/').next().unwrap_or_default().to_lowercase();
    if !BUILT_IN.iter().any(|(known, _)| *known == guid) {
        return Err(Refusal::new(
            400,
            "RoleDefinitionDoesNotExist",
            format!(
                "The specified role definition with ID '{}' does not exist.",
                guid.replace('-', "")
            ),
        ));
    }
    let subscription = write.id.subscription().unwrap_or_default();
    write.body["properties"]["roleDefinitionId"] = format!(
        "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{guid}"
    )
    .into();
    Ok(())
}

fn unchanged(write: &Write) -> Result<(), Refusal> {
    let Some(before) = write.previous else {
        return Ok(());
    };
    let is_same = ["principalId", "roleDefinitionId"]
        .iter()
        .all(|name| property(&before.body, name).eq_ignore_ascii_case(property(&write.body, name)));
    if is_same {
        return Ok(());
    }
    Err(Refusal::new(
        400,
        "RoleAssignmentUpdateNotPermitted",
        "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
    ))
}

/// Seen in secondary sources only: one assignment per scope, principal and role, whatever its name.
fn unique(write: &Write, principal: &str) -> Result<(), Refusal> {
    let role = property(&write.body, "roleDefinitionId");
    let twin = write
        .store
        .of_kind(&write.id.scope, "Microsoft.Authorization/roleAssignments")
        .filter(|other| other.key() != write.id.key())
        .find(|other| {
            property(&other.body, "scope").eq_ignore_ascii_case(&write.id.scope)
                && property(&other.body, "principalId").eq_ignore_ascii_case(principal)
                && property(&other.body, "roleDefinitionId").eq_ignore_ascii_case(role)
        });
    let Some(twin) = twin else {
        return Ok(());
    };
    let name = twin.id.rsplit('/').next().unwrap_or_default();
    Err(Refusal::new(
        409,
        "RoleAssignmentExists",
        format!(
            "The role assignment already exists. The ID of the existing role assignment is {}.",
            name.replace('-', "")
        ),
    ))
}

/// A principal nobody made is refused even when `principalType` is given: only the wait for replication is skipped then
/// (inferred; the recording shows the refusal without it).
fn principal_kind(write: &Write, principal: &str) -> Result<&'static str, Refusal> {
    match graph::principal(write.store, write.tenant, principal) {
        Some(PrincipalKind::User) => Ok("User"),
        Some(PrincipalKind::ServicePrincipal) => Ok("ServicePrincipal"),
        None => Err(Refusal::new(
            400,
            "PrincipalNotFound",
            format!(
                "Principal {} does not exist in the directory {}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
                principal.replace('-', ""),
                write.tenant
            ),
        )),
    }
}

/// `$filter=atScope()` leaves out what is below, `principalId eq '…'` everybody else.
fn is_asked_for(listing: &Listing) -> bool {
    let Some(filter) = listing.request.parameter("$filter") else {
        return true;
    };
    let scope = property(&listing.object.body, "scope");
    let is_here = !filter.contains("atScope()") || scope.eq_ignore_ascii_case(listing.scope);
    let is_theirs = !filter.contains("principalId")
        || quoted(filter).is_some_and(|id| {
            property(&listing.object.body, "principalId").eq_ignore_ascii_case(id)
        });
    is_here && is_theirs
}

fn quoted(filter: &str) -> Option<&str> {
    filter.split('\'').nth(1)
}

fn property<'a>(body: &'a Value, name: &str) -> &'a str {
    body["properties"][name].as_str().unwrap_or_default()
}
