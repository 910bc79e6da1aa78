//! GET, HEAD and lists.

use serde_json::{Value, json};

use super::id::ArmId;
use super::view::{header_etag, present};
use super::{answers, filter, group_exists, parents_exist, refused};
use crate::sandbox::behaviour::style::Reads;
use crate::sandbox::behaviour::{Behaviour, Listing, View};
use crate::sandbox::message::{Body, Method, Request, Response};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::Object;
use crate::sandbox::world::World;

pub(crate) fn get(
    world: &World,
    request: &Request,
    row: &'static Behaviour,
    id: &ArmId,
) -> Result<Response, Refusal> {
    group_exists(world, id, request.method)?;
    parents_exist(world, row, id, "read")?;
    if let Some(refusal) = (row.unreadable)(id) {
        return Err(refusal);
    }
    let is_head = request.method == Method::Head;
    if row.reads != Reads::All && !is_head {
        let body =
            json!({ "Message": "The requested resource does not support http method 'GET'." });
        return Ok(Response::json(405, body).with("Allow", "HEAD,PUT,DELETE"));
    }
    let built_in;
    let object = if let Some(object) = world.store.get(&id.key()) {
        object
    } else {
        built_in = (row.built_in)(&id.scope)
            .into_iter()
            .find(|object| object.key() == id.key())
            .ok_or_else(|| absent(row, id))?;
        &built_in
    };
    if row.reads == Reads::HeadOnly {
        return Ok(Response::empty(204));
    }
    let mut response = respond(world, row, object, request);
    if is_head {
        response.body = Body::Empty;
    }
    Ok(response)
}

pub(crate) fn absent(row: &Behaviour, id: &ArmId) -> Refusal {
    match row.not_found {
        Some(not_found) => not_found(id),
        None => refused::not_found(id),
    }
}

fn respond(world: &World, row: &Behaviour, object: &Object, request: &Request) -> Response {
    let body = present(&world.store, row, object, View::Get, request);
    let response = Response::json(200, body);
    match header_etag(row.etag, object) {
        Some(etag) => response.with("ETag", etag),
        None => response,
    }
}

/// The resource as a GET would show it, for polls that end in it.
pub(crate) fn shown(world: &World, id: &str, request: &Request) -> Option<Response> {
    let object = world.store.get(id)?;
    let row = world.catalogue.row(&object.kind)?;
    Some(respond(world, row, object, request))
}

pub(crate) fn list(
    world: &World,
    request: &Request,
    row: &'static Behaviour,
    scope: &str,
) -> Result<Response, Refusal> {
    list_parent_exists(world, row, scope)?;
    let built_in = (row.built_in)(scope);
    let mut members: Vec<Value> = world
        .store
        .of_kind(scope, row.arm_type)
        .chain(&built_in)
        .filter(|object| {
            (row.listed)(&Listing {
                object,
                scope,
                request,
            })
        })
        .map(|object| present(&world.store, row, object, View::List, request))
        .collect();
    if let Some(text) = request.parameter("$filter").filter(|_| row.counts) {
        let filter = filter::Filter::parse(text).map_err(|message| {
            Refusal::new(
                400,
                "ValidationError",
                format!("Invalid filter clause: {message}"),
            )
        })?;
        members.retain(|member| filter.matches(member));
    }
    Ok(Response::json(200, page(world, request, row, members)))
}

fn list_parent_exists(world: &World, row: &'static Behaviour, scope: &str) -> Result<(), Refusal> {
    let Some(parent) = ArmId::parse(scope) else {
        return Ok(());
    };
    if parent.is_group() {
        return match world.store.get(scope) {
            Some(_) => Ok(()),
            None => Err(refused::group_not_found(parent.name())),
        };
    }
    group_exists(world, &parent, Method::Get)?;
    let Some(parent_row) = world.catalogue.row(&parent.arm_type()) else {
        return Ok(());
    };
    match world.store.get(scope) {
        Some(_) => answers(world, &parent),
        None if parent.parent().is_some() => Err(absent(parent_row, &parent)),
        None => Err(refused::parent_not_found("read", row, &parent)),
    }
}

/// One page: `$top` and `$skip` with API Management, an opaque `$skiptoken` elsewhere.
fn page(world: &World, request: &Request, row: &Behaviour, members: Vec<Value>) -> Value {
    let number = |name: &str| {
        request
            .parameter(name)
            .and_then(|text| text.parse::<usize>().ok())
    };
    let token = if row.counts { "$skip" } else { "$skiptoken" };
    let skip = number(token).unwrap_or(0);
    let size = number("$top")
        .unwrap_or(world.page_size)
        .clamp(1, world.page_size.max(1));
    let count = members.len();
    let value: Vec<Value> = members.into_iter().skip(skip).take(size).collect();
    let mut body = json!({ "value": value });
    if row.counts {
        body["count"] = count.into();
    }
    if skip + size < count {
        body["nextLink"] = next_link(request, token, skip + size).into();
    }
    body
}

fn next_link(request: &Request, token: &str, skip: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in &request.query {
        if !name.eq_ignore_ascii_case(token) {
            query.append_pair(name, value);
        }
    }
    query.append_pair(token, &skip.to_string());
    format!("{}{}?{}", request.origin(), request.path, query.finish())
}
