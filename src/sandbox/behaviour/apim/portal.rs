//! `tenant/*` (the direct management API) and `portalsettings/*`: there from the first day, on classic tiers only.

use serde_json::json;

use super::super::style::{Names, Reply};
use super::super::{Action, Behaviour, Call, Evidence};
use super::{CHILD, missing, tier};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::message::Response;
use crate::sandbox::refusal::Refusal;

const EVIDENCE: Evidence = Evidence::Documented(
    "learn.microsoft.com/rest/api/apimanagement/tenant-access",
    "2024-05-01",
);

pub(super) const TENANT: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/tenant",
    names: Names::Fixed(&["access", "gitAccess"]),
    shape: "{ properties!: { principalId: string, primaryKey: string, secondaryKey: string, enabled: bool, -id: any } }",
    rules: &[
        super::super::rule::rule(
            "/properties/primaryKey",
            super::super::rule::Effect::WriteOnly,
            EVIDENCE,
        ),
        super::super::rule::rule(
            "/properties/secondaryKey",
            super::super::rule::Effect::WriteOnly,
            EVIDENCE,
        ),
        super::super::rule::default("/properties/enabled", "false", EVIDENCE),
        super::super::rule::default("/properties/principalId", "null", EVIDENCE),
    ],
    create: Reply::done(200),
    patch: Some(Reply::done(200)),
    delete: None,
    not_found: Some(|_| missing("Tenant access information")),
    prepare: |write| on_classic(write.store, write.id),
    present: |body, presented| {
        body["properties"]["id"] = presented.object.id.rsplit('/').next().into();
    },
    actions: &[Action {
        name: "listSecrets",
        run: list_secrets,
    }],
    evidence: EVIDENCE,
    ..CHILD
};

pub(super) const SETTING: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/portalsettings",
    names: Names::Fixed(&["signin", "signup", "delegation"]),
    shape: "{ properties!: { enabled: bool, termsOfService: any, url: string, validationKey: string, subscriptions: any, userRegistration: any } }",
    rules: &[super::super::rule::rule(
        "/properties/validationKey",
        super::super::rule::Effect::WriteOnly,
        EVIDENCE,
    )],
    create: Reply::done(200),
    delete: None,
    not_found: Some(|_| missing("Portal setting")),
    prepare: |write| on_classic(write.store, write.id),
    evidence: EVIDENCE,
    ..CHILD
};

pub(super) const ROWS: &[Behaviour] = &[TENANT, SETTING];

/// What they hold in a new service.
pub(super) const DEFAULTS: &[(&str, &str)] = &[
    ("tenant/access", r#"{"enabled":false}"#),
    ("tenant/gitAccess", r#"{"enabled":false}"#),
    ("portalsettings/signin", r#"{"enabled":false}"#),
    (
        "portalsettings/signup",
        r#"{"enabled":true,"termsOfService":{"text":null,"enabled":false,"consentRequired":false}}"#,
    ),
    (
        "portalsettings/delegation",
        r#"{"url":null,"subscriptions":{"enabled":false},"userRegistration":{"enabled":false}}"#,
    ),
];

fn on_classic(store: &crate::sandbox::store::Store, id: &ArmId) -> Result<(), Refusal> {
    let service = store.get(&super::service_id(id));
    let sku = service.map_or("", |service| super::text(&service.body, "/sku/name"));
    let is_there = tier::of(sku).is_some_and(|tier| !tier.is_v2 && tier.name != "Consumption");
    if is_there {
        Ok(())
    } else {
        Err(Refusal::new(
            400,
            "MethodNotAllowedInPricingTier",
            format!("Method not allowed in {sku} pricing tier"),
        ))
    }
}

/// The keys are made up from the object and never kept.
fn list_secrets(call: &mut Call) -> Result<Response, Refusal> {
    let object = call.resource()?;
    let key = |label: &str| super::super::digest(&json!([object.key(), label]));
    Ok(Response::json(
        200,
        json!({
            "id": call.id.name(), "principalId": object.body["properties"]["principalId"], "enabled": object.body["properties"]["enabled"],
            "primaryKey": key("primary"), "secondaryKey": key("secondary"),
        }),
    ))
}
