//! Private DNS: zones and the networks that see them. Another style than the rest: 202 with `{}`, polls that answer 202.

use serde_json::Value;

use super::{referenced, refused};
use crate::sandbox::behaviour::rule::{self, Effect, Facts};
use crate::sandbox::behaviour::style::{Etag, LocationEnd, LongRunning, Poll, Reply, ReplyBody};
use crate::sandbox::behaviour::style::{Names, State, StatusBody, Tags};
use crate::sandbox::behaviour::{Behaviour, Evidence, Presented, ROW, Removal, Write};
use crate::sandbox::refusal::{ErrorStyle, Refusal};
use crate::sandbox::store::Object;

const EVIDENCE: Evidence = Evidence::Recorded("aso__Test_Networking_PrivateDnsZone_20240601_CRUD");
const LINK: &str = "Microsoft.Network/privateDnsZones/virtualNetworkLinks";

const fn operation(typical: u32, body: ReplyBody, end: LocationEnd) -> Reply {
    Reply::Operation(LongRunning {
        status: 202,
        body,
        poll: Poll {
            status: Some((
                "{group}/providers/Microsoft.Network/privateDnsOperationStatuses/{operation}",
                StatusBody::AcceptedWhileRunning,
            )),
            location: Some((
                "{group}/providers/Microsoft.Network/privateDnsOperationResults/{operation}",
                end,
            )),
        },
        retry_after: Some(30),
        typical,
    })
}

const DNS: Behaviour = Behaviour {
    versions: &["2018-09-01", "2020-06-01", "2024-06-01"],
    tags: Tags::Omitted,
    state: State::Provisioning {
        creating: "Updating",
        updating: "Updating",
        deleting: "Deleting",
    },
    create: operation(30, ReplyBody::EmptyObject, LocationEnd::Resource),
    update: operation(10, ReplyBody::EmptyObject, LocationEnd::Resource),
    patch: Some(operation(10, ReplyBody::EmptyObject, LocationEnd::Resource)),
    replaced_by_patch: &["/tags"],
    delete: Some(operation(30, ReplyBody::Empty, LocationEnd::Empty)),
    errors: ErrorStyle::Arm,
    evidence: EVIDENCE,
    ..ROW
};

pub(crate) const ROWS: &[Behaviour] = &[
    Behaviour {
        arm_type: "Microsoft.Network/privateDnsZones",
        names: Names::Checked(is_zone),
        shape: "{ location: string, tags: {*: string}, properties: { -maxNumberOfRecordSets: any, \
            -numberOfRecordSets: any, -maxNumberOfVirtualNetworkLinks: any, -numberOfVirtualNetworkLinks: any, \
            -maxNumberOfVirtualNetworkLinksWithRegistration: any, -numberOfVirtualNetworkLinksWithRegistration: any, \
            -provisioningState: any, -internalId: any } }",
        since: &[("/properties/internalId", "2020-06-01")],
        rules: &[
            rule::rule(
                "/properties/maxNumberOfRecordSets",
                Effect::Fixed("25000"),
                EVIDENCE,
            ),
            rule::rule(
                "/properties/maxNumberOfVirtualNetworkLinks",
                Effect::Fixed("1000"),
                EVIDENCE,
            ),
            rule::rule(
                "/properties/maxNumberOfVirtualNetworkLinksWithRegistration",
                Effect::Fixed("100"),
                EVIDENCE,
            ),
            rule::rule(
                "/properties/internalId",
                Effect::Once(internal_id),
                EVIDENCE,
            ),
        ],
        etag: Etag::Dns,
        prepare: global,
        removing: no_links,
        present: counts,
        ..DNS
    },
    Behaviour {
        arm_type: LINK,
        shape: "{ location: string, tags: {*: string}, properties!: { virtualNetwork!: { id!: string }, \
            registrationEnabled: bool, resolutionPolicy: Default|NxDomainRedirect, -virtualNetworkLinkState: any, \
            -provisioningState: any } }",
        rules: &[
            rule::default("/properties/registrationEnabled", "false", EVIDENCE),
            rule::rule(
                "/properties/virtualNetworkLinkState",
                Effect::Fixed(r#""Completed""#),
                EVIDENCE,
            ),
        ],
        etag: Etag::Quoted,
        prepare: link,
        ..DNS
    },
];

/// 1 to 34 labels of letters, digits, hyphens and underscores.
fn is_zone(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .chars()
                .all(|next| next.is_ascii_alphanumeric() || "-_".contains(next))
    };
    name.split('.').count() <= 34 && name.split('.').all(is_label)
}

fn global(write: &mut Write) -> Result<(), Refusal> {
    match write.body["location"].as_str() {
        Some(place) if place.eq_ignore_ascii_case("global") => Ok(()),
        place => Err(refused(
            "LocationNotAvailableForResourceType",
            format!(
                "The provided location '{}' is not available for resource type 'Microsoft.Network/privateDnsZones'. List of available regions for the resource type is 'global'.",
                place.unwrap_or_default()
            ),
        )),
    }
}

/// A network sees a zone by one link, and two zones of one name not at all (documented).
fn link(write: &mut Write) -> Result<(), Refusal> {
    global(write)?;
    let id = network(&write.body).to_owned();
    referenced(write.store, write.id, &id, None)?;
    let zone = write.id.parent().map(|zone| zone.name().to_lowercase());
    let twin = write
        .store
        .of_kind("", LINK)
        .filter(|other| other.key() != write.id.key())
        .filter(|other| network(&other.body).eq_ignore_ascii_case(&id))
        .find(|other| zone_of(other) == zone);
    match (write.previous, twin) {
        (Some(before), _) if !network(&before.body).eq_ignore_ascii_case(&id) => Err(refused(
            "BadRequest",
            "The virtual network of an existing virtual network link cannot be changed.",
        )),
        (_, Some(twin)) => Err(Refusal::new(
            409,
            "Conflict",
            format!(
                "A virtual network cannot be linked to multiple zones with overlapping namespaces. You tried to link virtual network with '{}' which is already linked by '{}'.",
                zone.unwrap_or_default(),
                twin.id
            ),
        )),
        _ => Ok(()),
    }
}

fn network(body: &Value) -> &str {
    body["properties"]["virtualNetwork"]["id"]
        .as_str()
        .unwrap_or_default()
}

fn zone_of(link: &Object) -> Option<String> {
    link.key().rsplit('/').nth(2).map(str::to_owned)
}

fn links<'a>(store: &'a crate::sandbox::store::Store, zone: &str) -> Vec<&'a Object> {
    store.of_kind(zone, LINK).collect()
}

fn no_links(removal: &mut Removal) -> Result<(), Refusal> {
    let links = links(removal.store, &removal.object.id);
    let Some(link) = links.first() else {
        return Ok(());
    };
    let (_, shown) = link.id.split_once("/providers/").unwrap_or(("", &link.id));
    Err(Refusal::gateway(
        409,
        "CannotDeleteResource",
        format!(
            "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: '{shown}'. Please delete all nested resources before deleting this resource."
        ),
    ))
}

/// The SOA record counts; so do those a zone group keeps here.
fn counts(body: &mut Value, presented: &Presented) {
    let links = links(presented.store, &presented.object.id);
    let registering = links
        .iter()
        .filter(|link| link.body["properties"]["registrationEnabled"] == true)
        .count();
    body["properties"]["numberOfRecordSets"] = 1.into();
    body["properties"]["numberOfVirtualNetworkLinks"] = links.len().into();
    body["properties"]["numberOfVirtualNetworkLinksWithRegistration"] = registering.into();
}

/// Base64 of `ImmutableZoneIdentity;{guid};0` (recorded).
fn internal_id(facts: &Facts) -> Value {
    use base64::Engine as _;
    let guid = facts.guid("zone");
    let text = format!(
        "ImmutableZoneIdentity;{};0",
        guid.as_str().unwrap_or_default()
    );
    base64::engine::general_purpose::STANDARD
        .encode(text)
        .into()
}
