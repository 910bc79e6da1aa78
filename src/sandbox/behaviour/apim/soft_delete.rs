//! Soft delete: a deleted service holds its name for 48 hours, and can be purged or restored until then.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::super::style::{LocationEnd, LocationForm, LongRunning, Poll, Reply, ReplyBody, Tags};
use super::super::{Behaviour, Evidence, Presented, ROW, Removal, Write};
use super::service::{KIND, is_name, without_operation};
use super::{VERSIONS, connection, text};
use crate::sandbox::arm::location;
use crate::sandbox::arm::view::display_location;
use crate::sandbox::message::Response;
use crate::sandbox::operation;
use crate::sandbox::refusal::{ErrorStyle, Refusal};
use crate::sandbox::store::{Entry, Object, Store};
use crate::sandbox::world::{World, timestamp};

const DELETED: Evidence = Evidence::Recorded("cli_apim__test_apim_deletedservice");

/// `type` of a soft-deleted service; its path has `locations/{l}` in between.
const DELETED_KIND: &str = "Microsoft.ApiManagement/deletedservices";
const DELETED_TYPE: &str = "Microsoft.ApiManagement/locations/deletedservices";

const PURGE: Reply = Reply::Operation(LongRunning {
    status: 202,
    body: ReplyBody::Resource,
    poll: Poll {
        status: None,
        location: Some((
            "{resource}/operationresults/{operation}",
            LocationEnd::Empty,
        )),
    },
    retry_after: Some(20),
    typical: 60,
});

pub(super) const ROWS: &[Behaviour] = &[
    Behaviour {
        arm_type: DELETED_TYPE,
        delete: Some(PURGE),
        delete_absent: 204,
        not_found: Some(|id| {
            let message = format!("Deleted service '{}' could not be found.", id.name());
            Refusal::new(404, "ServiceNotFound", message)
        }),
        present: present_deleted,
        ..DELETED_ROW
    },
    DELETED_ROW,
];

/// What the subscription's list shows; a member is read and purged below its location.
const DELETED_ROW: Behaviour = Behaviour {
    arm_type: DELETED_KIND,
    versions: VERSIONS,
    location: LocationForm::Display,
    tags: Tags::None,
    errors: ErrorStyle::ApiManagement,
    delete: None,
    present: present_deleted,
    evidence: DELETED,
    ..ROW
};

fn present_deleted(body: &mut Value, presented: &Presented) {
    body["id"] = presented.object.id.clone().into();
    body["type"] = DELETED_KIND.into();
}

/// Names are global: they become hosts. A soft-deleted service holds its name.
pub(super) fn is_free(write: &Write) -> Result<(), Refusal> {
    let name = write.id.name();
    if let Some(deleted) = deleted(write.store, name, write.now) {
        let is_restored = write.sent["properties"]["restore"] == true
            && text(&deleted.body, "/properties/serviceId").eq_ignore_ascii_case(&write.id.text());
        return if is_restored {
            Ok(())
        } else {
            Err(Refusal::new(
                409,
                "ServiceAlreadyExistsInSoftDeletedState",
                format!(
                    "Api service {name} was soft-deleted. In order to create the new service with the same name, you have to either undelete the service or purge it. See https://aka.ms/apimsoftdelete."
                ),
            ))
        };
    }
    match live(write.store, name) {
        Some(_) => Err(Refusal::new(
            409,
            "ServiceAlreadyExists",
            format!("Api service already exists: {name}"),
        )),
        None => Ok(()),
    }
}

fn live<'a>(store: &'a Store, name: &str) -> Option<&'a Object> {
    named(store, KIND, name)
}

fn deleted<'a>(store: &'a Store, name: &str, now: OffsetDateTime) -> Option<&'a Object> {
    named(store, DELETED_KIND, name).filter(|object| {
        text(&object.body, "/properties/scheduledPurgeDate") > timestamp(now).as_str()
    })
}

fn named<'a>(store: &'a Store, kind: &'static str, name: &str) -> Option<&'a Object> {
    store.of_kind("/subscriptions", kind).find(|object| {
        object
            .id
            .rsplit('/')
            .next()
            .is_some_and(|last| last.eq_ignore_ascii_case(name))
    })
}

/// `checkNameAvailability`
pub(crate) fn check_name(world: &World, sent: &Value) -> Response {
    let name = text(sent, "/name");
    let (reason, message) = if !is_name(name) {
        ("Invalid", format!("{name} is not a valid service name."))
    } else if live(&world.store, name).is_some() || deleted(&world.store, name, world.now).is_some()
    {
        (
            "AlreadyExists",
            format!("{name} is already in use. Please select a different name."),
        )
    } else {
        ("Valid", String::new())
    };
    Response::json(
        200,
        json!({ "nameAvailable": reason == "Valid", "reason": reason, "message": message }),
    )
}

/// `restore: true`: everything is as it was; all that was sent besides is ignored.
pub(super) fn restore(write: &mut Write) {
    let Some(deleted) = deleted(write.store, write.id.name(), write.now) else {
        return;
    };
    let kept = deleted.hidden["kept"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for object in kept
        .into_iter()
        .filter_map(|kept| serde_json::from_value::<Object>(kept).ok())
    {
        if object.kind == KIND {
            write.body = object.body;
            write.hidden = object.hidden;
        } else {
            write.also.push(Entry::Put(object));
        }
    }
    write.also.push(Entry::Remove(deleted.key()));
}

const SOFT_DELETED_FOR: Duration = Duration::hours(48);

/// The service leaves a soft-deleted one behind for 48 hours.
pub(super) fn removed(removal: &mut Removal) {
    let object = removal.object;
    let name = object.id.rsplit('/').next().unwrap_or_default();
    let Some(subscription) = object.id.split('/').nth(2) else {
        return;
    };
    let place = location::short(text(&object.body, "/location"));
    let id = format!(
        "/subscriptions/{subscription}/providers/Microsoft.ApiManagement/locations/{place}/deletedservices/{name}"
    );
    let purge = removal.now + SOFT_DELETED_FOR;
    let body = json!({
        "location": display_location(&place),
        "properties": {
            "serviceId": object.id, "scheduledPurgeDate": timestamp(purge), "deletionDate": timestamp(removal.now),
        },
    });
    let mut deleted = Object::new(id, DELETED_KIND, body);
    deleted.hidden = json!({ "kept": kept_objects(removal) });
    removal
        .also
        .push(operation::expiry(&deleted, DELETED_TYPE, purge));
    removal.also.push(Entry::Put(deleted));
}

/// What a restore brings back: all but the private endpoint connections.
fn kept_objects(removal: &Removal) -> Vec<Value> {
    let service = without_operation(removal.object);
    let below = removal.store.below(&removal.object.id);
    std::iter::once(&service)
        .chain(below.filter(|object| object.kind != connection::KIND))
        .filter_map(|object| serde_json::to_value(object).ok())
        .collect()
}
