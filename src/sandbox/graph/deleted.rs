//! `directory/deletedItems`: what was deleted within the last 30 days can be listed, restored and purged.

use serde_json::{Value, json};

use super::entity::Entity;
use super::query::Query;
use super::refused;
use super::session::{Answer, Session};
use crate::sandbox::message::{Method, Response};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};

pub(super) const COLLECTION: &str = "directory/deletedItems";

/// Out of its collection, into the bin.
pub(super) fn bury(session: &Session, object: &Object) -> Vec<Entry> {
    let mut body = object.body.clone();
    body["deletedDateTime"] = session.timestamp();
    let mut buried = session.object(COLLECTION, body);
    buried.hidden = json!({ "collection": collection(object), "hidden": object.hidden });
    vec![Entry::Remove(object.key()), Entry::Put(buried)]
}

fn collection(object: &Object) -> &str {
    object.kind.strip_prefix("graph:").unwrap_or(&object.kind)
}

/// `rest` is what follows `directory/deletedItems`.
pub(super) fn answer(session: &Session, rest: &[&str]) -> Result<Answer, Refusal> {
    match (session.request.method, rest) {
        (Method::Get, [cast]) if cast.starts_with("microsoft.graph.") => list(session, cast),
        (Method::Get, [id]) => {
            let object = permitted(session, id)?;
            Ok(Answer::unchanged(Response::json(200, object.body.clone())))
        }
        (Method::Delete, [id]) => {
            let object = permitted(session, id)?;
            Ok(Answer::no_content(vec![Entry::Remove(object.key())]))
        }
        (Method::Post, [id, "restore"]) => restore(session, permitted(session, id)?),
        _ => Err(refused::no_segment(rest.first().unwrap_or(&"deletedItems"))),
    }
}

fn permitted<'a>(session: &Session<'a>, id: &str) -> Result<&'a Object, Refusal> {
    let object = session.get(COLLECTION, id)?;
    let name = object.hidden["collection"].as_str().unwrap_or_default();
    let is_allowed = Entity::named(name).is_some_and(|entity| super::is_permitted(session, entity));
    if is_allowed {
        Ok(object)
    } else {
        Err(refused::forbidden())
    }
}

fn list(session: &Session, cast: &str) -> Result<Answer, Refusal> {
    let entity = ["applications", "servicePrincipals", "users"]
        .into_iter()
        .filter_map(Entity::named)
        .find(|entity| entity.odata_type.eq_ignore_ascii_case(cast))
        .ok_or_else(|| refused::no_segment(cast))?;
    if !super::is_permitted(session, entity) {
        return Err(refused::forbidden());
    }
    let query = Query::parse(session.request, entity)?;
    let objects = session
        .all(COLLECTION)
        .filter(|object| object.hidden["collection"] == entity.collection)
        .collect();
    let body = query.page(session, entity, objects);
    Ok(Answer::unchanged(Response::json(200, body)))
}

fn restore(session: &Session, object: &Object) -> Result<Answer, Refusal> {
    let mut body = object.body.clone();
    body["deletedDateTime"] = Value::Null;
    let collection = object.hidden["collection"].as_str().unwrap_or_default();
    for key in ["appId", "userPrincipalName", "uniqueName"] {
        let value = body[key].as_str().unwrap_or_default();
        if !value.is_empty() && session.is_taken(collection, key, value, "") {
            return Err(refused::conflict(key));
        }
    }
    let mut restored = session.object(collection, body.clone());
    restored.hidden = object.hidden["hidden"].clone();
    Ok(Answer {
        response: Response::json(200, body),
        entries: vec![Entry::Remove(object.key()), Entry::Put(restored)],
    })
}
