//! DELETE.

use super::id::ArmId;
use super::view::present;
use super::write::{precondition, unhindered};
use super::{group_exists, parents_exist, refused};
use crate::sandbox::behaviour::style::{Reply, ReplyBody, State};
use crate::sandbox::behaviour::{Behaviour, Removal, View};
use crate::sandbox::message::{Body, Request, Response};
use crate::sandbox::operation::{self, Operation, Start, Verb};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};
use crate::sandbox::world::World;

pub(crate) fn delete(
    world: &mut World,
    request: &Request,
    row: &'static Behaviour,
    id: &ArmId,
) -> Result<Response, Refusal> {
    if !id.is_group() {
        group_exists(world, id, request.method)?;
    }
    parents_exist(world, row, id, "delete")?;
    let Some(reply) = row.delete else {
        return Err(refused::method_not_allowed("DELETE"));
    };
    let Some(object) = world.store.get(&id.key()).cloned() else {
        return match row.delete_absent {
            404 => Err(super::read::absent(row, id)),
            status => Ok(Response::empty(status)),
        };
    };
    precondition(row, Some(&object), request)?;
    unhindered(world, row, id)?;
    let mut removal = Removal {
        store: &world.store,
        request: Some(request),
        now: world.now,
        object: &object,
        reply,
        also: Vec::new(),
    };
    (row.removing)(&mut removal)?;
    let Removal { also, reply, .. } = removal;
    match reply {
        Reply::Done { status, body } => now(world, request, row, &object, also, (status, body)),
        Reply::Operation(style) => {
            let mut object = object;
            if let State::Provisioning { deleting, .. } = row.state {
                operation::set_state(&mut object.body, row.state, deleting);
            }
            let start = Start {
                row,
                style: &style,
                verb: Verb::Delete,
                target: &object,
            };
            let operation = Operation::start(&start, world, request);
            object.hidden["operation"] = operation.name.clone().into();
            let mut batch = also;
            batch.extend([Entry::Put(object.clone()), operation.object()]);
            commit(world, batch)?;
            let response = respond(world, request, row, &object, (style.status, style.body));
            Ok(operation.announce(response, request))
        }
    }
}

fn now(
    world: &mut World,
    request: &Request,
    row: &'static Behaviour,
    object: &Object,
    also: Vec<Entry>,
    reply: (u16, ReplyBody),
) -> Result<Response, Refusal> {
    let response = respond(world, request, row, object, reply);
    let mut batch = also;
    batch.extend(operation::removal(world, row, object, Some(request)));
    commit(world, batch)?;
    Ok(response)
}

fn commit(world: &mut World, batch: Vec<Entry>) -> Result<(), Refusal> {
    world
        .store
        .commit(batch)
        .map_err(|error| Refusal::storage(&error))
}

fn respond(
    world: &World,
    request: &Request,
    row: &Behaviour,
    object: &Object,
    (status, body): (u16, ReplyBody),
) -> Response {
    let mut response = Response::empty(status);
    response.body = match body {
        ReplyBody::Resource | ReplyBody::StateOnly => {
            Body::Json(present(&world.store, row, object, View::Get, request))
        }
        ReplyBody::EmptyObject => Body::Json(serde_json::json!({})),
        ReplyBody::Empty => Body::Empty,
    };
    response
}
