//! Azure Resource Manager: carries the behaviour rows out.
//!
//! `target` says what a path is about; `read`, `write` and `remove` answer for resources, `action` for POSTs,
//! `provider` for what ARM itself has (subscriptions, providers, locations).

pub(crate) mod action;
pub(crate) mod catalogue;
pub(crate) mod filter;
pub(crate) mod id;
pub(crate) mod location;
pub(crate) mod provider;
pub(crate) mod read;
pub(crate) mod refused;
pub(crate) mod remove;
pub(crate) mod target;
pub(crate) mod view;
mod write;

use super::entra::Caller;
use super::message::{Method, Request, Response};
use super::operation;
use super::refusal::{ErrorStyle, Refusal};
use super::store::{Entry, Object};
use super::world::World;
use target::Target;

/// Answers one ARM request of a caller whose token was accepted, and keeps what was written in the activity log.
pub(crate) fn handle(world: &mut World, request: &Request, caller: &Caller) -> Response {
    let response = answer(world, request, caller);
    let written = id::ArmId::parse(request.path.trim_end_matches('/'));
    let arm_type = written.map(|id| id.arm_type());
    world
        .activity
        .note((request, &response), arm_type, caller, world.now);
    response
}

fn answer(world: &mut World, request: &Request, caller: &Caller) -> Response {
    world.tenant.clone_from(&caller.tenant);
    world.caller.clone_from(&caller.object_id);
    if let Err(error) = operation::settle(world) {
        return Refusal::storage(&error).respond(ErrorStyle::Arm);
    }
    if let Some(refusal) = version_refused(request) {
        return refusal.respond(ErrorStyle::Arm);
    }
    if request.method.reads()
        && let Some(response) = operation::poll(world, request)
    {
        return response;
    }
    if let Err(refusal) = home(world, request, caller) {
        return refusal.respond(ErrorStyle::Arm);
    }
    if let Some(listed) = world.rights.list(request, caller) {
        return listed;
    }
    if let Some(log) = world.activity.answer(request) {
        return log;
    }
    let target = target::resolve(&request.path, &world.catalogue);
    let refusal = target
        .as_ref()
        .ok()
        .and_then(|target| world.rights.refusal(request, target, caller));
    if let Some(refusal) = refusal {
        return refusal.respond(ErrorStyle::Arm);
    }
    match target {
        Err(refusal) => refusal.respond(ErrorStyle::Arm),
        Ok(Target::Platform) => provider::handle(world, request, caller)
            .unwrap_or_else(|refusal| refusal.respond(ErrorStyle::Arm)),
        Ok(Target::Collection { row, scope }) => match request.method {
            Method::Get => read::list(world, request, row, &scope),
            _ => Err(refused::method_not_allowed(request.method.as_str())),
        }
        .unwrap_or_else(|refusal| refusal.respond(row.errors)),
        Ok(Target::Action { row, id, name }) => match request.method {
            Method::Post => action::run(world, request, (row, row.actions), &id, &name),
            Method::Get => action::run(world, request, (row, row.views), &id, &name),
            _ => Err(refused::method_not_allowed(request.method.as_str())),
        }
        .unwrap_or_else(|refusal| refusal.respond(row.errors)),
        Ok(Target::Resource { row, id }) => match request.method {
            Method::Get | Method::Head => read::get(world, request, row, &id),
            Method::Put => write::put(world, request, row, &id),
            Method::Patch => write::patch(world, request, row, &id),
            Method::Delete => remove::delete(world, request, row, &id),
            Method::Post | Method::Other => {
                Err(refused::method_not_allowed(request.method.as_str()))
            }
        }
        .unwrap_or_else(|refusal| refusal.respond(row.errors)),
    }
}

/// ARM's front end wants a version on every request; which ones a type has is the row's matter.
fn version_refused(request: &Request) -> Option<Refusal> {
    match request.parameter("api-version") {
        None => Some(Refusal::gateway(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )),
        Some(version) if !is_version(version) => Some(Refusal::gateway(
            400,
            "InvalidApiVersionParameter",
            format!(
                "The api-version '{version}' is invalid. It must be a date in the format 'YYYY-MM-DD', optionally followed by '-preview'."
            ),
        )),
        Some(_) => None,
    }
}

fn is_version(text: &str) -> bool {
    let shape: String = text
        .chars()
        .take(10)
        .map(|next| if next.is_ascii_digit() { '9' } else { next })
        .collect();
    let suffix = text.get(10..).unwrap_or("");
    shape == "9999-99-99"
        && (suffix.is_empty()
            || suffix.strip_prefix('-').is_some_and(|word| {
                !word.is_empty() && word.chars().all(|next| next.is_ascii_alphanumeric())
            }))
}

/// A subscription trusts one directory: that of whoever wrote to it first.
fn home(world: &mut World, request: &Request, caller: &Caller) -> Result<(), Refusal> {
    let mut segments = request.path.trim_start_matches('/').split('/');
    let (Some(first), Some(id)) = (segments.next(), segments.next()) else {
        return Ok(());
    };
    if !first.eq_ignore_ascii_case("subscriptions") {
        return Ok(());
    }
    let path = format!("/homes/{id}");
    let tenant = match world.store.get(&path) {
        Some(home) => home.body.as_str().unwrap_or_default(),
        None if request.method.reads() => return Ok(()),
        None => {
            let home = Object::new(path, "subscription", caller.tenant.clone().into());
            let stored = world.store.commit(vec![Entry::Put(home)]);
            return stored.map_err(|error| Refusal::storage(&error));
        }
    };
    if tenant.eq_ignore_ascii_case(&caller.tenant) {
        return Ok(());
    }
    Err(Refusal::new(
        401,
        "InvalidAuthenticationTokenTenant",
        format!(
            "The access token is from the wrong issuer 'https://sts.windows.net/{}/'. It must match the tenant 'https://sts.windows.net/{tenant}/' associated with this subscription. Please use the authority (URL) 'https://login.windows.net/{tenant}' to get the token.",
            caller.tenant
        ),
    ))
}

/// The resource group of an id, for every request below it.
fn group_exists(world: &World, id: &id::ArmId, method: Method) -> Result<(), Refusal> {
    let Some(name) = id.group() else {
        return Ok(());
    };
    let path = format!(
        "/subscriptions/{}/resourceGroups/{name}",
        id.subscription().unwrap_or_default()
    );
    let group = world
        .store
        .get(&path)
        .ok_or_else(|| refused::group_not_found(name))?;
    let is_going = group.body["properties"]["provisioningState"] == "Deleting";
    if is_going && matches!(method, Method::Put | Method::Patch) {
        return Err(Refusal::gateway(
            409,
            "ResourceGroupBeingDeleted",
            format!(
                "The resource group '{name}' is in deprovisioning state and cannot perform this operation."
            ),
        ));
    }
    Ok(())
}

/// The resources an id is below of, as far as they have rows, and that they answer for what is below them. The outermost is the front end's matter, the rest the provider's.
fn parents_exist(
    world: &World,
    row: &super::behaviour::Behaviour,
    id: &id::ArmId,
    verb: &str,
) -> Result<(), Refusal> {
    let mut parents = Vec::new();
    let mut next = id.parent();
    while let Some(parent) = next {
        next = parent.parent();
        parents.push(parent);
    }
    for parent in parents.iter().rev() {
        let Some(parent_row) = world.catalogue.row(&parent.arm_type()) else {
            continue;
        };
        if world.store.get(&parent.key()).is_some() {
            continue;
        }
        return Err(match parent_row.not_found {
            Some(not_found) if parent.parent().is_some() => not_found(parent),
            _ if verb == "read" => refused::not_found(id),
            _ => refused::parent_not_found(verb, row, parent),
        });
    }
    if let Some(parent) = id.parent() {
        answers(world, &parent)?;
    }
    if id.pairs.len() == 1
        && id.scope.contains("/providers/")
        && world.store.get(&id.scope).is_none()
    {
        let extended = id::ArmId::parse(&id.scope);
        return Err(extended.map_or_else(
            || refused::not_found(id),
            |scope| refused::not_found(&scope),
        ));
    }
    Ok(())
}

/// Whether a resource and all that it is below of answer for what is below them.
fn answers(world: &World, id: &id::ArmId) -> Result<(), Refusal> {
    if let Some(parent) = id.parent() {
        answers(world, &parent)?;
    }
    let row = world.catalogue.row(&id.arm_type());
    let found = row.zip(world.store.get(&id.key()));
    found.map_or(Ok(()), |(row, object)| (row.answers)(&world.store, object))
}
