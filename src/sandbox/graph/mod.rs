//! Microsoft Graph for the identity part: applications, service principals, grants, user flows, users.
//!
//! Objects live in the store under `/graph/{directory}/{collection}/{id}`; the token's `tid` says which directory is meant.
//! `entity` is the table of collections, one file each beside it; `query` and `filter` are `OData`.

mod application;
mod assignment;
mod deleted;
mod entity;
mod events_flow;
mod filter;
mod grant;
mod organization;
mod query;
mod refused;
mod service_principal;
mod session;
#[cfg(test)]
mod tests;
mod user;
mod user_flow;

use serde_json::{Value, json};
use uuid::Uuid;

use super::behaviour::shape::{Fault, Shape, Violation};
use super::entra::Caller;
use super::message::{Method, Request, Response};
use super::refusal::Refusal;
use super::store::{Object, Store};
use super::world::{World, timestamp};
pub(crate) use entity::evidence;
use entity::{Entity, Update};
use query::{Query, context};
pub(crate) use service_principal::ManagedIdentity;
use session::{Answer, Session, merge, store_id};

/// Answers one Graph request. `request.path` starts with `/v1.0` or `/beta`; `caller` is who its token says.
pub(crate) fn handle(world: &mut World, request: &Request, caller: &Caller) -> Response {
    let outcome = found(world, caller).and_then(|()| {
        let session = Session {
            store: &world.store,
            request,
            caller,
            now: world.now,
            lag: world.replication_lag,
            page_size: world.page_size,
        };
        let answer = answer(&session)?;
        world
            .store
            .commit(answer.entries)
            .map_err(|error| Refusal::storage(&error))?;
        Ok(answer.response)
    });
    outcome.unwrap_or_else(|refusal| refuse(world, request, &refusal))
}

fn found(world: &mut World, caller: &Caller) -> Result<(), Refusal> {
    let founding = organization::founding(&world.store, &caller.tenant, world.now);
    world
        .store
        .commit(founding)
        .map_err(|error| Refusal::storage(&error))
}

/// What a directory knows an object id as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrincipalKind {
    User,
    ServicePrincipal,
}

/// For role assignments: who in this directory has that object id.
pub(crate) fn principal(store: &Store, tenant: &str, id: &str) -> Option<PrincipalKind> {
    [
        (user::COLLECTION, PrincipalKind::User),
        (
            service_principal::COLLECTION,
            PrincipalKind::ServicePrincipal,
        ),
    ]
    .into_iter()
    .find(|(collection, _)| {
        store
            .get(&format!("{}/{id}", store_id(tenant, collection)))
            .is_some()
    })
    .map(|(_, kind)| kind)
}

/// Where the store keeps whoever a role can be given to.
pub(crate) fn key_of(tenant: &str, id: &str, kind: PrincipalKind) -> String {
    let collection = match kind {
        PrincipalKind::User => user::COLLECTION,
        PrincipalKind::ServicePrincipal => service_principal::COLLECTION,
    };
    format!("{}/{id}", store_id(tenant, collection))
}

/// Where the store keeps a directory's service principal.
pub(crate) fn principal_key(tenant: &str, id: &str) -> String {
    key_of(tenant, id, PrincipalKind::ServicePrincipal)
}

fn refuse(world: &World, request: &Request, refusal: &Refusal) -> Response {
    let name = format!("{}|{}|{}", request.path, world.store.sequence(), world.now);
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string();
    let mut error = json!({ "code": refusal.code, "message": refusal.message });
    if !refusal.details.is_empty() {
        error["details"] = refusal.details.clone().into();
    }
    error["innerError"] = json!({
        "date": timestamp(world.now).trim_end_matches('Z'),
        "request-id": id,
        "client-request-id": request.header("client-request-id").unwrap_or(&id),
    });
    let response = Response::json(refusal.status, json!({ "error": error })).with("request-id", id);
    match refusal.retry_after {
        Some(seconds) => response.with("Retry-After", seconds.to_string()),
        None => response,
    }
}

fn answer(session: &Session) -> Result<Answer, Refusal> {
    let mut segments = session
        .request
        .path
        .split('/')
        .filter(|part| !part.is_empty());
    let version = segments.next().unwrap_or_default();
    let rest: Vec<&str> = segments.collect();
    if let ["directory", "deletedItems", rest @ ..] = rest.as_slice() {
        return deleted::answer(session, rest);
    }
    let (entity, key, rest) = entity_of(&rest)?;
    let is_served = entity
        .versions
        .iter()
        .any(|known| known.as_str() == version);
    if !is_served {
        return Err(refused::no_segment(entity.collection));
    }
    if !is_permitted(session, entity) {
        return Err(denied(entity));
    }
    match key {
        None => collection(session, entity),
        Some(key) => {
            let object = addressed(session, entity, &key);
            below(session, entity, &key, object, rest)
        }
    }
}

/// How one object of a collection is named in a path.
enum Key {
    Id(String),
    Alternate { property: String, value: String },
}

/// The collection a path is about, the object in it, and what follows.
fn entity_of<'a>(
    segments: &'a [&'a str],
) -> Result<(&'static Entity, Option<Key>, &'a [&'a str]), Refusal> {
    let (first, rest) = match segments {
        ["identity", second, rest @ ..] => (format!("identity/{second}"), rest),
        [first, rest @ ..] => ((*first).to_owned(), rest),
        [] => return Err(refused::no_segment("")),
    };
    if let Some((name, inner)) = first
        .strip_suffix(')')
        .and_then(|text| text.split_once('('))
    {
        let entity = Entity::named(name).ok_or_else(|| refused::no_segment(name))?;
        return Ok((entity, Some(keyed(entity, inner)?), rest));
    }
    let entity = Entity::named(&first).ok_or_else(|| refused::no_segment(&first))?;
    match rest {
        [] => Ok((entity, None, rest)),
        [id, rest @ ..] => Ok((entity, Some(Key::Id((*id).to_owned())), rest)),
    }
}

/// `appId='…'`, or an id in quotes.
fn keyed(entity: &Entity, inner: &str) -> Result<Key, Refusal> {
    let unquoted = |text: &str| {
        text.strip_prefix('\'')
            .and_then(|text| text.strip_suffix('\''))
            .map(|text| text.replace("''", "'"))
            .ok_or_else(|| refused::malformed("Bad Request - Error in query syntax."))
    };
    let Some((property, value)) = inner.split_once('=') else {
        return unquoted(inner).map(Key::Id);
    };
    let property = entity
        .alternate_keys
        .iter()
        .find(|key| **key == property)
        .ok_or_else(|| refused::malformed("The key predicate does not match the type."))?;
    Ok(Key::Alternate {
        property: (*property).to_owned(),
        value: unquoted(value)?,
    })
}

fn addressed<'a>(session: &Session<'a>, entity: &Entity, key: &Key) -> Result<&'a Object, Refusal> {
    match key {
        Key::Alternate { property, value } => session
            .find(entity.collection, property, value)
            .ok_or_else(|| refused::absent(value)),
        Key::Id(id) => session.get(entity.collection, id).or_else(|refusal| {
            // Users are also known by their principal name.
            entity
                .alternate_keys
                .iter()
                .filter(|_| id.contains('@'))
                .find_map(|property| session.find(entity.collection, property, id))
                .ok_or(refusal)
        }),
    }
}

fn is_permitted(session: &Session, entity: &Entity) -> bool {
    let allowed = if session.request.method.reads() {
        entity.readers
    } else {
        entity.writers
    };
    let has_any = |names: &[&str]| {
        session
            .caller
            .roles
            .iter()
            .any(|role| names.contains(&role.as_str()))
    };
    // What is below a service principal has permissions of its own.
    has_any(allowed)
        || (entity.collection == service_principal::COLLECTION
            && has_any(assignment::ENTITY.writers)
            && session.request.path.contains("appRole"))
}

/// User flows refuse in the words of B2C (domain knowledge: the message names the permissions it wants).
fn denied(entity: &Entity) -> Refusal {
    if entity
        .collection
        .eq_ignore_ascii_case("identity/b2cUserFlows")
    {
        return Refusal::new(
            403,
            "AADB2C",
            format!(
                "The application does not have any of the required delegated permissions ({}) to access the resource.",
                entity.readers.join(", ")
            ),
        );
    }
    refused::forbidden()
}

fn collection(session: &Session, entity: &'static Entity) -> Result<Answer, Refusal> {
    match session.request.method {
        Method::Get => {
            let query = Query::parse(session.request, entity)?;
            let body = query.page(session, entity, session.visible(entity.collection));
            Ok(Answer::unchanged(Response::json(200, body)))
        }
        Method::Post => create(session, entity, &Value::Null),
        _ => Err(not_allowed()),
    }
}

fn create(session: &Session, entity: &Entity, extra: &Value) -> Result<Answer, Refusal> {
    let create = entity.create.ok_or_else(not_allowed)?;
    let mut sent = body(session, entity, true)?;
    if !extra.is_null() {
        merge(&mut sent, extra);
    }
    let made = create(session, &sent)?;
    let query = Query::parse(session.request, entity)?;
    let mut shown = query.project(entity, &made.object.body);
    if !made.shown_once.is_null() {
        merge(&mut shown, &made.shown_once);
    }
    shown["@odata.context"] = context(session.request, entity.collection, true).into();
    let location = format!(
        "{}{}/{}",
        session.request.origin(),
        session.request.path.trim_end_matches('/'),
        made.object.body["id"].as_str().unwrap_or_default()
    );
    let mut entries = made.also;
    entries.push(super::store::Entry::Put(made.object));
    Ok(Answer {
        response: Response::json(201, shown).with("Location", location),
        entries,
    })
}

fn below(
    session: &Session,
    entity: &'static Entity,
    key: &Key,
    object: Result<&Object, Refusal>,
    rest: &[&str],
) -> Result<Answer, Refusal> {
    if rest.is_empty()
        && session.request.method == Method::Patch
        && object.is_err()
        && let Key::Alternate { property, value } = key
        && prefers_creation(session)
    {
        let mut extra = json!({});
        extra[property.as_str()] = value.clone().into();
        return create(session, entity, &extra);
    }
    let object = object?;
    if let (Some(below), false) = (entity.below, rest.is_empty()) {
        return below(session, object, rest);
    }
    if let Some(segment) = rest.first() {
        return Err(refused::no_segment(segment));
    }
    match session.request.method {
        Method::Get | Method::Head => one(session, entity, object),
        Method::Patch => change(session, entity, object),
        Method::Delete => {
            let remove = entity.remove.ok_or_else(not_allowed)?;
            Ok(Answer::no_content(remove(session, object)))
        }
        Method::Post | Method::Put | Method::Other => Err(not_allowed()),
    }
}

/// `Prefer: create-if-missing`: an upsert by alternate key.
fn prefers_creation(session: &Session) -> bool {
    session
        .request
        .header("prefer")
        .is_some_and(|prefer| prefer.contains("create-if-missing"))
}

fn one(session: &Session, entity: &Entity, object: &Object) -> Result<Answer, Refusal> {
    let query = Query::parse(session.request, entity)?;
    let mut shown = query.project(entity, &object.body);
    shown["@odata.context"] = context(session.request, entity.collection, true).into();
    Ok(Answer::unchanged(Response::json(200, shown)))
}

fn change(session: &Session, entity: &Entity, object: &Object) -> Result<Answer, Refusal> {
    let update = entity.update.ok_or_else(not_allowed)?;
    let patch = body(session, entity, false)?;
    let mut merged = object.body.clone();
    merge(&mut merged, &patch);
    let entries = update(
        session,
        &Update {
            object,
            patch: &patch,
            merged,
        },
    )?;
    Ok(Answer::no_content(entries))
}

/// The request's body, as far as the collection's shape allows it.
fn body(session: &Session, entity: &Entity, is_whole: bool) -> Result<Value, Refusal> {
    let unreadable = || {
        refused::malformed(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
        )
    };
    let mut sent = session.request.json().map_err(|_| unreadable())?;
    let members = sent.as_object_mut().ok_or_else(unreadable)?;
    if !entity.has_property("@odata.type") {
        // Annotations say nothing new about an object of one type.
        members.retain(|name, _| !name.contains("@odata."));
    }
    let shape = Shape::parse(entity.shape).map_err(refused::malformed)?;
    if let Some(name) = shape.read_only_sent(&sent) {
        return Err(refused::bad(format!(
            "Property '{name}' is read-only and cannot be set."
        )));
    }
    let shape = if is_whole { shape } else { shape.partial() };
    let mut checked = shape
        .check(&sent)
        .map_err(|found| violated(entity, &found))?;
    restore_nulls(&mut checked, &sent);
    Ok(checked)
}

fn violated(entity: &Entity, found: &[Violation]) -> Refusal {
    let Some(first) = found.first() else {
        return refused::malformed("Bad Request");
    };
    let path = &first.path;
    let kind = entity.odata_type.rsplit('.').next().unwrap_or_default();
    match &first.fault {
        Fault::Missing => refused::bad(format!(
            "A value is required for property '{path}' of resource '{kind}'."
        )),
        Fault::Unknown => refused::bad(format!("Invalid property '{path}'.")),
        Fault::WrongType { expected, found } => refused::malformed(format!(
            "Cannot convert the literal '{found}' to the expected type '{expected}' of '{path}'."
        )),
        Fault::NotListed { .. } => refused::bad(format!(
            "Invalid value specified for property '{path}' of resource '{kind}'."
        )),
    }
}

/// A null in a PATCH clears; the shape's check leaves nulls out.
fn restore_nulls(checked: &mut Value, sent: &Value) {
    let (Value::Object(checked), Value::Object(sent)) = (checked, sent) else {
        return;
    };
    for (name, value) in sent {
        if value.is_null() {
            checked.insert(name.clone(), Value::Null);
        } else if let Some(below) = checked.get_mut(name) {
            restore_nulls(below, value);
        }
    }
}

fn not_allowed() -> Refusal {
    Refusal::new(
        405,
        "Request_BadRequest",
        "Specified HTTP method is not allowed for the request target.",
    )
}
