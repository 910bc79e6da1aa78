//! Microsoft.ApiManagement: the gateway and everything below it.
//!
//! `service` is the instance itself (`setting`: what it may be set to; `network`: where it stands; `soft_delete`; `sample`: what a new one is born with), `connection` its private endpoint
//! connections, `api` APIs and operations, `policy` policy documents (`document` reads and writes them, `statement` knows
//! what may stand in them), `entity` the small rest.

mod api;
pub(crate) mod connection;
pub(crate) mod document;
mod entity;
mod link;
pub(crate) mod network;
mod policy;
mod portal;
mod sample;
mod service;
mod setting;
mod soft_delete;
mod statement;
mod tier;

use serde_json::Value;

use super::style::{
    Conflict, Etag, LocationEnd, LongRunning, Poll, Reply, ReplyBody, StatusBody, Tags,
};
use super::{Behaviour, Evidence, ROW};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::arm::refused::one_or_more;
use crate::sandbox::refusal::{ErrorStyle, Refusal};

pub(crate) use entity::subscription_keys;
pub(crate) use soft_delete::check_name;

pub(crate) const ROWS: &[&[Behaviour]] = &[
    service::ROWS,
    soft_delete::ROWS,
    connection::ROWS,
    api::ROWS,
    policy::ROWS,
    entity::ROWS,
    link::ROWS,
    portal::ROWS,
];

/// What this folder's functions do, beyond its rows.
pub(crate) const CLAIMS: &[(&str, Evidence)] = &[
    (
        "public network access cannot be disabled when a classic service is made, nor without an approved connection: NotSupported",
        Evidence::Documented(
            "github.com/hashicorp/terraform-provider-azurerm/issues/21506; Azure/azure-rest-api-specs/issues/24947",
            "2023-06",
        ),
    ),
    (
        "the same of a v2 service being made: ActivateServiceWithPrivateEndpointAccessNotAllowed",
        Evidence::Documented(
            "github.com/hashicorp/terraform-provider-azurerm/pull/31789",
            "2026-02",
        ),
    ),
    (
        "children cannot be written while their service is made or changed: ServiceLocked",
        Evidence::Inferred(
            "the error terraform users report; whether v2 services lock while they are updated was never recorded",
        ),
    ),
    (
        "a deleted service holds its name for 48 hours: ServiceAlreadyExistsInSoftDeletedState",
        Evidence::Documented(
            "learn.microsoft.com/azure/api-management/soft-delete",
            "2025-03",
        ),
    ),
    (
        "checkNameAvailability answers Valid, AlreadyExists or Invalid",
        Evidence::Recorded("cli_apim__test_apim_core_service"),
    ),
    (
        "a classic service is born with echo-api and the products starter and unlimited",
        Evidence::Recorded("cli_apim__test_apim_core_service"),
    ),
    (
        "v2 and Consumption services are born without samples; what groups and operations of the samples are called",
        Evidence::Inferred(
            "samples belong to the legacy portal, which v2 and Consumption do not have",
        ),
    ),
    (
        "the built-in all-access subscription is called master",
        Evidence::Recorded("clifork_apim__test_apim_Subscription"),
    ),
    (
        "which statements a policy section takes, and which attributes they need",
        Evidence::Documented(
            "learn.microsoft.com/azure/api-management/api-management-policies",
            "2025-10",
        ),
    ),
    (
        "policies are refused when they name a missing named value, backend or fragment, and those cannot be removed while named",
        Evidence::Inferred(
            "the messages are those users quote; removal was only ever recorded of unused ones",
        ),
    ),
    (
        "deleting the global policy leaves none: GET answers 404",
        Evidence::Recorded("clifork_apim__test_apim_policy"),
    ),
    (
        "tiers: capacities, networks, public addresses",
        Evidence::Documented(
            "learn.microsoft.com/azure/api-management/api-management-features",
            "2025-11-11",
        ),
    ),
    (
        "a v2 service's subnet must be delegated and have a network security group",
        Evidence::Documented(
            "learn.microsoft.com/azure/api-management/integrate-vnet-outbound",
            "2025-11",
        ),
    ),
    (
        "a classic service's subnet is not delegated and has a network security group; its public address is standard, static and named; private endpoints exclude it",
        Evidence::Documented(
            "learn.microsoft.com/azure/api-management/virtual-network-injection-resources",
            "2025-04-17",
        ),
    ),
    (
        "the public address of a service changes with its network",
        Evidence::Documented(
            "learn.microsoft.com/azure/api-management/api-management-howto-ip-addresses",
            "2025-11-11",
        ),
    ),
    (
        "an injected service that Azure cannot reach on port 3443 answers nothing below it: ManagementApiRequestFailed",
        Evidence::Documented("domain.md I, 5", "2026-11-23"),
    ),
    (
        "what networkstatus lists, and how its dependencies are called",
        Evidence::Inferred(
            "the shape is the published type's; the names are those of the documentation",
        ),
    ),
    (
        "two APIs with one path, two operations with one method and template, undeclared template parameters: ValidationError",
        Evidence::Inferred("messages as users quote them"),
    ),
];

const VERSIONS: &[&str] = &[
    "2021-08-01",
    "2022-08-01",
    "2023-05-01-preview",
    "2024-05-01",
];

/// From this version on children that take time answer 201 with both headers; before, 202 with `Location` alone.
const TWO_HEADERS: &str = "2023-05-01-preview";

/// While the service is being made or changed its children cannot be written (documented in issues of azurerm).
const LOCKED: Conflict = Conflict::Refused {
    status: 409,
    code: "ServiceLocked",
    message: "The API Service {name} is transitioning at this time. Please try the request again later.",
    retry_after: None,
};

/// One write of a child at a time; most children are written at once and never meet this.
const BUSY: Conflict = Conflict::Refused {
    status: 409,
    code: "PessimisticConcurrencyConflict",
    message: "Operation on the entity '{name}' is in progress.",
    retry_after: None,
};

/// What children of the service have in common.
const CHILD: Behaviour = Behaviour {
    versions: VERSIONS,
    tags: Tags::None,
    etag: Etag::ApiManagement { in_body: false },
    conflict: BUSY,
    errors: ErrorStyle::ApiManagement,
    counts: true,
    patch: Some(Reply::empty(204)),
    ..ROW
};

/// Writes and deletions of children, as operations (recorded: `aso__Test_ApiManagement_20240501_CRUD`).
const fn operation(status: u16, body: ReplyBody, typical: u32) -> Reply {
    Reply::Operation(LongRunning {
        status,
        body,
        poll: Poll {
            status: Some(("{resource}?azure-asyncId={operation}", StatusBody::Plain)),
            ..ENTITY_BEHIND_LOCATION
        },
        retry_after: None,
        typical,
    })
}

/// 202 without a body, and the entity behind `Location` alone: imports, and all children before 2023 (recorded:
/// `cli_apim__test_apim_core_service`).
const fn location_only(typical: u32) -> Reply {
    Reply::Operation(LongRunning {
        status: 202,
        body: ReplyBody::Empty,
        poll: ENTITY_BEHIND_LOCATION,
        retry_after: None,
        typical,
    })
}

const ENTITY_BEHIND_LOCATION: Poll = Poll {
    status: None,
    location: Some(("{resource}?asyncId={operation}", LocationEnd::Entity)),
};

/// What an operation of a child takes that is done at once, in seconds.
const AT_ONCE: u32 = 2;

fn is_before(request: &crate::sandbox::message::Request, version: &str) -> bool {
    request
        .parameter("api-version")
        .is_some_and(|given| given < version)
}

/// The service a child belongs to.
fn service_id(id: &ArmId) -> String {
    id.top().text()
}

/// `{"code":"ResourceNotFound","message":"Api not found."}`
fn missing(what: &str) -> Refusal {
    Refusal::new(404, "ResourceNotFound", format!("{what} not found."))
}

/// One field refused.
fn invalid(target: &str, message: impl Into<String>) -> Refusal {
    one_or_more(&[(target.to_owned(), message.into())])
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// 24 hexadecimal digits, the way the service makes up names.
fn object_id(seed: &str) -> String {
    let digest = super::digest(&Value::String(seed.to_owned()));
    digest[..24].to_owned()
}

/// At most `most` characters, without what would break a path.
fn is_identifier(name: &str, most: usize) -> bool {
    (1..=most).contains(&name.chars().count())
        && !name.contains(['*', '#', '&', '+', ':', '<', '>', '?'])
}
