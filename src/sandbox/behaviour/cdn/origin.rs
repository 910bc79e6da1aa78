//! Origin groups and origins, and the private links that Premium origins ask for.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{CHILD, CRUD, DEPLOYMENT, GROUP, ORIGIN, ROUTE, at_once_if_unchanged, bad, between};
use super::{is_same, name, profile_of, text, tier};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::behaviour::private_link::{Connection, Target};
use crate::sandbox::behaviour::rule::{self, Effect};
use crate::sandbox::behaviour::style::Reply;
use crate::sandbox::behaviour::{Behaviour, Evidence, Settled, Write};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object, Store};

const LINKED: Evidence = Evidence::Recorded("cli_cdn__test_afd_origin_crud");

pub(crate) const ROWS: &[Behaviour] = &[
    Behaviour {
        arm_type: GROUP,
        shape: "{ properties!: { loadBalancingSettings!: { sampleSize: int, successfulSamplesRequired: int, \
              additionalLatencyInMilliseconds: int }, \
            healthProbeSettings: { probePath: string, probeRequestType: NotSet|GET|HEAD, \
              probeProtocol: NotSet|Http|Https, probeIntervalInSeconds: int }, \
            trafficRestorationTimeToHealedOrNewEndpointsInMinutes: int, sessionAffinityState: Enabled|Disabled, \
            authentication: { type: SystemAssignedIdentity|UserAssignedIdentity, \
              userAssignedIdentity: { id: string }, scope: string }, \
            -profileName: any, -provisioningState: any, -deploymentStatus: any } }",
        rules: &[
            DEPLOYMENT,
            rule::default(
                "/properties/loadBalancingSettings/additionalLatencyInMilliseconds",
                "0",
                CRUD,
            ),
            rule::default("/properties/healthProbeSettings", "null", CRUD),
            rule::default(
                "/properties/trafficRestorationTimeToHealedOrNewEndpointsInMinutes",
                "null",
                CRUD,
            ),
            rule::default("/properties/sessionAffinityState", r#""Disabled""#, CRUD),
        ],
        // Recorded: created at once.
        create: Reply::done(201),
        prepare: |write| {
            between(
                &write.body,
                "/properties/loadBalancingSettings/sampleSize",
                0,
                255,
            )?;
            between(
                &write.body,
                "/properties/loadBalancingSettings/successfulSamplesRequired",
                0,
                255,
            )?;
            between(
                &write.body,
                "/properties/loadBalancingSettings/additionalLatencyInMilliseconds",
                0,
                1000,
            )?;
            between(
                &write.body,
                "/properties/healthProbeSettings/probeIntervalInSeconds",
                1,
                255,
            )?;
            at_once_if_unchanged(write);
            Ok(())
        },
        removing: |removal| match routes(removal.store, &removal.object.id).first() {
            None => Ok(()),
            Some(route) => Err(bad(format!(
                "Origin group '{}' cannot be deleted because it is associated with route '{}'.",
                name(&removal.object.id),
                name(&route.id)
            ))),
        },
        ..CHILD
    },
    Behaviour {
        arm_type: ORIGIN,
        shape: "{ properties!: { hostName: string, httpPort: int, httpsPort: int, originHostHeader: string, \
            priority: int, weight: int, enabledState: Enabled|Disabled, enforceCertificateNameCheck: bool, \
            azureOrigin: { id: string }, \
            sharedPrivateLinkResource: { privateLink: { id!: string }, privateLinkLocation: string, groupId: string, \
              requestMessage: string, status: string }, \
            -originGroupName: any, -provisioningState: any, -deploymentStatus: any } }",
        rules: &[
            DEPLOYMENT,
            rule::rule(
                "/properties/originGroupName",
                Effect::Computed(|facts| {
                    facts
                        .id
                        .parent()
                        .map(|group| group.name().to_owned())
                        .into()
                }),
                CRUD,
            ),
            rule::default("/properties/httpPort", "80", CRUD),
            rule::default("/properties/httpsPort", "443", CRUD),
            rule::default("/properties/originHostHeader", "null", CRUD),
            rule::default("/properties/priority", "null", CRUD),
            rule::default("/properties/weight", "null", CRUD),
            rule::default("/properties/enabledState", r#""Enabled""#, CRUD),
            // Recorded: on when an origin is made without it, off when one is written again without it.
            rule::default("/properties/enforceCertificateNameCheck", "null", CRUD),
            rule::default("/properties/sharedPrivateLinkResource", "null", CRUD),
            // Recorded: stays null, whatever the target's owner decides.
            rule::rule(
                "/properties/sharedPrivateLinkResource/status",
                Effect::Fixed("null"),
                LINKED,
            ),
        ],
        prepare: origin,
        settled: ask,
        removing: |removal| last(removal.store, removal.object, false),
        ..CHILD
    },
];

/// Routes that send to a group.
fn routes<'a>(store: &'a Store, group: &str) -> Vec<&'a Object> {
    store
        .of_kind("", ROUTE)
        .filter(|route| is_same(text(&route.body, "/properties/originGroup/id"), group))
        .collect()
}

pub(super) fn enabled<'a>(store: &'a Store, group: &str) -> Vec<&'a Object> {
    store
        .of_kind(group, ORIGIN)
        .filter(|origin| text(&origin.body, "/properties/enabledState") == "Enabled")
        .collect()
}

/// Documented by terraform-provider-azurerm: the last enabled origin of a group that a route uses can neither go nor be
/// turned off.
fn last(store: &Store, origin: &Object, is_enabled: bool) -> Result<(), Refusal> {
    let Some(group) = ArmId::parse(&origin.id).and_then(|id| id.parent()) else {
        return Ok(());
    };
    let others = enabled(store, &group.text())
        .into_iter()
        .filter(|other| other.key() != origin.key())
        .count();
    if is_enabled || others > 0 || routes(store, &group.text()).is_empty() {
        return Ok(());
    }
    Err(bad(format!(
        "Cannot delete or disable the last enabled origin '{}' of origin group '{}' while the group is associated with a route.",
        name(&origin.id),
        group.name()
    )))
}

fn origin(write: &mut Write) -> Result<(), Refusal> {
    let host = text(&write.body, "/properties/hostName");
    if host.is_empty() || host.contains(['/', ':', ' ']) {
        return Err(bad(format!(
            "The host name '{host}' of the origin is not valid."
        )));
    }
    between(&write.body, "/properties/httpPort", 1, 65_535)?;
    between(&write.body, "/properties/httpsPort", 1, 65_535)?;
    between(&write.body, "/properties/priority", 1, 5)?;
    between(&write.body, "/properties/weight", 1, 1000)?;
    if write.body["properties"]["enforceCertificateNameCheck"].is_null() {
        write.body["properties"]["enforceCertificateNameCheck"] = write.previous.is_none().into();
    }
    if let Some(before) = write.previous {
        last(
            write.store,
            before,
            write.body["properties"]["enabledState"] == "Enabled",
        )?;
    }
    private(write)?;
    at_once_if_unchanged(write);
    Ok(())
}

/// What must hold of an origin with a private link: tier, certificate check, message, and a group of its like.
fn private(write: &Write) -> Result<(), Refusal> {
    let link = &write.body["properties"]["sharedPrivateLinkResource"];
    let group = write
        .id
        .parent()
        .map(|group| group.text())
        .unwrap_or_default();
    let is_mixed = write
        .store
        .of_kind(&group, ORIGIN)
        .filter(|other| other.key() != write.id.key())
        .any(|other| {
            other.body["properties"]["sharedPrivateLinkResource"].is_null() != link.is_null()
        });
    if is_mixed {
        return Err(bad(
            "Origins with and without private link cannot be in the same origin group.",
        ));
    }
    if link.is_null() {
        return Ok(());
    }
    let profile = profile_of(write.store, write.id);
    if tier(profile) != "Premium_AzureFrontDoor" {
        return Err(bad(
            "Private link to origins needs the SKU Premium_AzureFrontDoor.",
        ));
    }
    if write.body["properties"]["enforceCertificateNameCheck"] != true {
        return Err(bad(
            "Private link origins need enforceCertificateNameCheck: true.",
        ));
    }
    if text(link, "/requestMessage").chars().count() > 140 {
        return Err(bad(
            "The request message of a private link has at most 140 characters.",
        ));
    }
    if text(link, "/privateLinkLocation").is_empty() {
        return Err(bad("A private link needs privateLinkLocation."));
    }
    wanted(write.store, profile, link).map(|_| ())
}

/// The connection that an origin's link means: one per profile, target, group and region, shared by origins.
fn wanted(store: &Store, profile: Option<&Object>, link: &Value) -> Result<Vec<Entry>, Refusal> {
    let target = text(link, "/privateLink/id");
    let group = text(link, "/groupId");
    let message = text(link, "/requestMessage");
    let own = profile.map_or("", |profile| text(&profile.body, "/properties/frontDoorId"));
    let seed = json!([
        own,
        target.to_lowercase(),
        group,
        text(link, "/privateLinkLocation")
    ]);
    let guid = Uuid::new_v5(&Uuid::NAMESPACE_OID, seed.to_string().as_bytes());
    let endpoint = format!(
        "/subscriptions/{guid}/resourceGroups/eafd-{own}/providers/Microsoft.Network/privateEndpoints/{guid}"
    );
    let (_, id) = Target::find(store, target, group)?;
    let connection = Connection {
        target: &id,
        name: guid.to_string(),
        endpoint,
        group,
        status: "Pending",
        description: message,
    };
    let is_there = store.get(&connection.id()).is_some();
    Ok(if is_there {
        Vec::new()
    } else {
        vec![Entry::Put(connection.object())]
    })
}

/// The origin is deployed: its request waits on the target for somebody to approve it.
fn ask(settled: &mut Settled) {
    let link = &settled.object.body["properties"]["sharedPrivateLinkResource"];
    if link.is_null() {
        return;
    }
    let profile = ArmId::parse(&settled.object.id).and_then(|id| profile_of(settled.store, &id));
    if let Ok(entries) = wanted(settled.store, profile, link) {
        settled.also.extend(entries);
    }
}
