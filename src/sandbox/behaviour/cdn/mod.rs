//! Microsoft.Cdn: Front Door Standard and Premium.
//!
//! `profile` and its endpoints and domains, `origin` with the private links it asks for, `rule` for the rules engine,
//! `route` for routes and the security policies over them. Creates answer 201, updates 202, and what does not touch the
//! data plane 200 at once.

pub(crate) mod origin;
pub(crate) mod profile;
pub(crate) mod route;
pub(crate) mod rule;

use serde_json::Value;

use super::rule::{Effect, Rule};
use super::style::{Conflict, IdForm, LocationEnd, LocationForm, LongRunning, Poll, Reply};
use super::style::{ReplyBody, State, StatusBody, Tags};
use super::{Behaviour, Evidence, ROW, Write};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Object, Store};

const CRUD: Evidence = Evidence::Recorded("aso__Test_CDN_Profile_AFD_CRUD");

pub(crate) const PROFILE: &str = "Microsoft.Cdn/profiles";
pub(crate) const ENDPOINT: &str = "Microsoft.Cdn/profiles/afdEndpoints";
pub(crate) const ROUTE: &str = "Microsoft.Cdn/profiles/afdEndpoints/routes";
pub(crate) const DOMAIN: &str = "Microsoft.Cdn/profiles/customDomains";
pub(crate) const GROUP: &str = "Microsoft.Cdn/profiles/originGroups";
pub(crate) const ORIGIN: &str = "Microsoft.Cdn/profiles/originGroups/origins";
pub(crate) const RULE_SET: &str = "Microsoft.Cdn/profiles/ruleSets";
pub(crate) const RULE: &str = "Microsoft.Cdn/profiles/ruleSets/rules";
pub(crate) const SECURITY: &str = "Microsoft.Cdn/profiles/securityPolicies";

const STATUS: &str = "{group}/providers/Microsoft.Cdn/operationresults/{operation}";
const RESULT: &str = "{group}/providers/Microsoft.Cdn/operationresults/{operation}{results}";

const fn operation(status: u16, body: ReplyBody, typical: u32) -> Reply {
    Reply::Operation(LongRunning {
        status,
        body,
        poll: Poll {
            status: Some((STATUS, StatusBody::Cdn)),
            // Recorded: the answer to a create has no Location.
            location: match status {
                201 => None,
                _ => Some((RESULT, LocationEnd::Resource)),
            },
        },
        retry_after: Some(10),
        typical,
    })
}

const CREATE: Reply = operation(201, ReplyBody::Resource, 60);
const UPDATE: Reply = operation(202, ReplyBody::Resource, 60);
const DELETE: Reply = operation(202, ReplyBody::Empty, 60);

const CDN: Behaviour = Behaviour {
    versions: &["2021-06-01", "2023-05-01", "2024-02-01", "2025-06-01"],
    id_form: IdForm::LowerChildren,
    location: LocationForm::Global,
    tags: Tags::Empty,
    state: State::Provisioning {
        creating: "Creating",
        updating: "Updating",
        deleting: "Deleting",
    },
    create: CREATE,
    update: UPDATE,
    patch: Some(UPDATE),
    replaced_by_patch: &["/tags"],
    delete: Some(DELETE),
    conflict: Conflict::Refused {
        status: 409,
        code: "Conflict",
        message: "That action isn't allowed while another operation on '{name}' is in progress.",
        retry_after: None,
    },
    evidence: CRUD,
    ..ROW
};

/// A child of a profile: no location, no tags, and the provider's own 404 (recorded).
const CHILD: Behaviour = Behaviour {
    location: LocationForm::AsSent,
    tags: Tags::None,
    not_found: Some(|_| Refusal::new(404, "NotFound", "The requested resource was not found.")),
    ..CDN
};

/// Recorded: it never becomes anything else.
const DEPLOYMENT: Rule = super::rule::rule(
    "/properties/deploymentStatus",
    Effect::Fixed(r#""NotStarted""#),
    CRUD,
);

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "BadRequest", message)
}

fn name(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

fn text<'a>(body: &'a Value, pointer: &str) -> &'a str {
    body.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// The ids of a list of references.
fn ids<'a>(body: &'a Value, pointer: &str) -> Vec<&'a str> {
    let list = body.pointer(pointer).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|one| one["id"].as_str())
        .collect()
}

fn profile_of<'a>(store: &'a Store, id: &ArmId) -> Option<&'a Object> {
    store.get(&id.top().key())
}

fn tier(profile: Option<&Object>) -> &str {
    profile.map_or("", |profile| text(&profile.body, "/sku/name"))
}

/// A reference to something of the given type in the same profile, there and ready.
fn within<'a>(
    write: &Write<'a>,
    id: &str,
    arm_type: &str,
    what: &str,
) -> Result<&'a Object, Refusal> {
    let profile = format!("{}/", write.id.top().key());
    write
        .store
        .get(id)
        .filter(|found| is_same(&found.kind, arm_type) && found.key().starts_with(&profile))
        .filter(|found| text(&found.body, "/properties/provisioningState") == "Succeeded")
        .ok_or_else(|| {
            bad(format!(
                "{what} '{}' is not associated with the AFDX profile or is in a invalid provisioning state.",
                name(id)
            ))
        })
}

/// Recorded: a write that changes nothing on the data plane (tags, identity) is answered 200 at once.
fn at_once_if_unchanged(write: &mut Write) {
    let Some(before) = write.previous else {
        return;
    };
    let without_state = |body: &Value| {
        let mut properties = body["properties"].clone();
        if let Some(properties) = properties.as_object_mut() {
            properties.remove("provisioningState");
            properties.retain(|_, value| !value.is_null());
        }
        properties
    };
    if without_state(&before.body) == without_state(&write.body) {
        write.reply = Reply::done(200);
    }
}

/// An integer within bounds, if it was given.
fn between(body: &Value, pointer: &str, low: i64, high: i64) -> Result<(), Refusal> {
    let Some(value) = body.pointer(pointer).and_then(Value::as_i64) else {
        return Ok(());
    };
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let member = name(pointer);
    Err(bad(format!(
        "The property '{member}' must be set between {low} and {high}, but it was {value}."
    )))
}
