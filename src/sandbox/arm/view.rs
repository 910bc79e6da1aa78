//! From the stored object to what a caller sees: id and type in the provider's spelling, location, tags, entity tag.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::id::ArmId;
use super::location;
use crate::sandbox::behaviour::style::{Etag, IdForm, LocationForm, Tags};
use crate::sandbox::behaviour::{Behaviour, Presented, View};
use crate::sandbox::message::Request;
use crate::sandbox::store::{Object, Store};

pub(crate) fn present(
    store: &Store,
    row: &Behaviour,
    object: &Object,
    view: View,
    request: &Request,
) -> Value {
    let mut body = object.body.clone();
    if let Value::Object(members) = &mut body {
        envelope(members, row, object);
    }
    let presented = Presented {
        store,
        object,
        view,
        request,
    };
    (row.present)(&mut body, &presented);
    let version = request.parameter("api-version").unwrap_or("9");
    for (pointer, since) in row.since {
        if version < *since {
            let segments: Vec<&str> = pointer.trim_start_matches('/').split('/').collect();
            remove(&mut body, &segments);
        }
    }
    body
}

fn remove(at: &mut Value, segments: &[&str]) {
    match (at, segments) {
        (Value::Array(items), ["*", rest @ ..]) => {
            for item in items {
                remove(item, rest);
            }
        }
        (Value::Object(members), [last]) => {
            members.remove(*last);
        }
        (Value::Object(members), [first, rest @ ..]) => {
            if let Some(below) = members.get_mut(*first) {
                remove(below, rest);
            }
        }
        _ => {}
    }
}

fn envelope(members: &mut Map<String, Value>, row: &Behaviour, object: &Object) {
    let (id, arm_type, name) = spelled(row, object);
    members.insert("id".into(), id.into());
    members.insert("type".into(), arm_type.into());
    members.insert("name".into(), name.into());
    if let Some(Value::String(text)) = members.get("location") {
        let text = location::spelled(text, row.location);
        members.insert("location".into(), text.into());
    }
    let has_tags = members.get("tags").is_some_and(|tags| !tags.is_null());
    match row.tags {
        Tags::Empty if !has_tags => {
            members.insert("tags".into(), json!({}));
        }
        Tags::Null if !has_tags => {
            members.insert("tags".into(), Value::Null);
        }
        Tags::Omitted if !has_tags => {
            members.remove("tags");
        }
        Tags::Empty | Tags::Null | Tags::Omitted | Tags::None => {}
    }
    if let Some(etag) = body_etag(row.etag, object) {
        members.insert("etag".into(), etag.into());
    }
}

fn spelled(row: &Behaviour, object: &Object) -> (String, String, String) {
    let Some(mut id) = ArmId::parse(&object.id) else {
        return (object.id.clone(), object.kind.clone(), String::new());
    };
    let name = id.name().to_owned();
    let mut arm_type = row.arm_type.to_owned();
    match row.id_form {
        IdForm::AsMade => {}
        IdForm::LowerGroup => id.scope = lower_group(&id.scope),
        IdForm::LowerChildren => {
            id.scope = lower_group(&id.scope);
            for (kind, _) in id.pairs.iter_mut().skip(1) {
                *kind = kind.to_lowercase();
            }
            arm_type = lower_after(&arm_type, 2);
        }
        IdForm::LowerTypes => {
            id.scope = lower_group(&id.scope);
            for (kind, _) in &mut id.pairs {
                *kind = kind.to_lowercase();
            }
            arm_type = lower_after(&arm_type, 1);
        }
        IdForm::LowerScope => id.scope = id.scope.to_lowercase(),
    }
    (id.text(), arm_type, name)
}

fn lower_group(scope: &str) -> String {
    scope.replacen("/resourceGroups/", "/resourcegroups/", 1)
}

/// `A.B/c/De` with everything from the `from`-th slash-separated part on in lower case.
fn lower_after(text: &str, from: usize) -> String {
    let parts: Vec<String> = text
        .split('/')
        .enumerate()
        .map(|(index, part)| {
            if index >= from {
                part.to_lowercase()
            } else {
                part.to_owned()
            }
        })
        .collect();
    parts.join("/")
}

fn stamp(object: &Object) -> String {
    STANDARD.encode(object.revision.to_be_bytes())
}

const NAMESPACE: Uuid = Uuid::from_u128(0x5ec6_0000_e7a6_4b0f_8000_0000_0000_0002);

fn guid(object: &Object) -> Uuid {
    let seed = format!("{}|{}", object.key(), object.revision);
    Uuid::new_v5(&NAMESPACE, seed.as_bytes())
}

/// The `etag` member.
pub(crate) fn body_etag(style: Etag, object: &Object) -> Option<String> {
    match style {
        Etag::None | Etag::Web | Etag::ApiManagement { in_body: false } => None,
        Etag::ApiManagement { in_body: true } => Some(stamp(object)),
        Etag::Network => Some(format!("W/\"{}\"", guid(object))),
        Etag::Dns => Some(guid(object).to_string()),
        Etag::Quoted => Some(format!("\"{}\"", guid(object))),
    }
}

/// The `ETag` header.
pub(crate) fn header_etag(style: Etag, object: &Object) -> Option<String> {
    match style {
        Etag::None | Etag::Quoted => None,
        Etag::ApiManagement { .. } => Some(format!("\"{}\"", stamp(object))),
        Etag::Web => Some(format!("\"{:015X}\"", object.revision)),
        Etag::Network | Etag::Dns => body_etag(style, object),
    }
}

/// Whether `If-Match` counts with this provider.
pub(crate) fn is_enforced(style: Etag) -> bool {
    match style {
        Etag::ApiManagement { .. } | Etag::Network | Etag::Dns => true,
        Etag::None | Etag::Web | Etag::Quoted => false,
    }
}

/// For rows that need a location outside the envelope.
pub(crate) fn display_location(text: &str) -> String {
    location::spelled(text, LocationForm::Display)
}
