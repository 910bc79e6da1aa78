//! PUT and PATCH.

use serde_json::{Map, Value, json};

use super::catalogue::Kind;
use super::id::ArmId;
use super::view::{header_etag, is_enforced, present};
use super::{group_exists, location, parents_exist, read, refused};
use crate::sandbox::behaviour::rule::{self, Facts};
use crate::sandbox::behaviour::style::{Conflict, Etag, Names, Reply, ReplyBody, State};
use crate::sandbox::behaviour::{Behaviour, View, Write};
use crate::sandbox::message::{Body, Request, Response};
use crate::sandbox::operation::{self, Operation, Start, Verb};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};
use crate::sandbox::world::World;

pub(crate) fn put(
    world: &mut World,
    request: &Request,
    row: &'static Behaviour,
    id: &ArmId,
) -> Result<Response, Refusal> {
    let kind = admitted(world, request, row, id)?;
    let shape = kind
        .shape
        .as_ref()
        .ok_or_else(|| refused::method_not_allowed("PUT"))?;
    let body = object_of(request)?;
    let previous = world.store.get(&id.key()).cloned();
    precondition(row, previous.as_ref(), request)?;
    unhindered(world, row, id)?;
    let sent = shape
        .check(&body)
        .map_err(|violations| refused::invalid_body(row, &violations))?;
    placed(row, id, &sent, previous.as_ref())?;
    let reply = if previous.is_some() {
        row.update
    } else {
        row.create
    };
    let spelled = spelled(world, row, id, previous.as_ref());
    let arrival = Arrival {
        row,
        id: spelled,
        previous,
        reply,
    };
    store(world, request, arrival, &sent)
}

pub(crate) fn patch(
    world: &mut World,
    request: &Request,
    row: &'static Behaviour,
    id: &ArmId,
) -> Result<Response, Refusal> {
    let kind = admitted(world, request, row, id)?;
    let (Some(shape), Some(reply)) = (&kind.partial, row.patch) else {
        return Err(refused::method_not_allowed("PATCH"));
    };
    let body = object_of(request)?;
    let previous = world.store.get(&id.key()).cloned();
    let Some(before) = previous.clone() else {
        return Err(read::absent(row, id));
    };
    precondition(row, previous.as_ref(), request)?;
    unhindered(world, row, id)?;
    let sent = shape
        .check(&body)
        .map_err(|violations| refused::invalid_body(row, &violations))?;
    let mut merged = before.body.clone();
    merge(&mut merged, &sent, row.replaced_by_patch, "");
    let spelled = spelled(world, row, id, previous.as_ref());
    let arrival = Arrival {
        row,
        id: spelled,
        previous,
        reply,
    };
    store(world, request, arrival, &merged)
}

fn admitted<'a>(
    world: &'a World,
    request: &Request,
    row: &'static Behaviour,
    id: &ArmId,
) -> Result<&'a Kind, Refusal> {
    if !id.is_group() {
        group_exists(world, id, request.method)?;
    }
    parents_exist(world, row, id, "write")?;
    let name = id.name();
    let is_valid = match row.names {
        Names::Any => true,
        Names::Fixed(names) => names.iter().any(|known| known.eq_ignore_ascii_case(name)),
        Names::Checked(is_valid) => is_valid(name),
    };
    if !is_valid {
        return Err(refused::invalid_name(row, name));
    }
    world
        .catalogue
        .kind(row.arm_type)
        .ok_or_else(|| refused::not_found(id))
}

fn object_of(request: &Request) -> Result<Value, Refusal> {
    match request.json() {
        Ok(Value::Object(members)) => Ok(Value::Object(members)),
        // Links of API Management are PUT without a body.
        Ok(Value::Null) => Ok(json!({})),
        Ok(_) => Err(refused::no_body()),
        Err(error) => Err(refused::malformed(&error)),
    }
}

/// `If-Match` and `If-None-Match`, where this provider minds them.
pub(crate) fn precondition(
    row: &Behaviour,
    object: Option<&Object>,
    request: &Request,
) -> Result<(), Refusal> {
    let etag = object.and_then(|object| header_etag(row.etag, object));
    let is_met = |header: &str| match (header, &etag) {
        // API Management takes it on creation too: azure-cli sends it (recorded).
        ("*", _) => object.is_some() || matches!(row.etag, Etag::ApiManagement { .. }),
        (given, Some(etag)) => given.split(',').any(|one| same_tag(one.trim(), etag)),
        (_, None) => false,
    };
    let fails = is_enforced(row.etag)
        && (request
            .header("if-match")
            .is_some_and(|header| !is_met(header))
            || request.header("if-none-match").is_some_and(is_met));
    if fails {
        Err(refused::precondition_failed(row.errors))
    } else {
        Ok(())
    }
}

/// With or without the weak mark and the quotes: bodies carry the bare form with some providers.
fn same_tag(one: &str, other: &str) -> bool {
    let bare = |text: &str| text.trim_start_matches("W/").trim_matches('"').to_owned();
    bare(one) == bare(other)
}

/// Nothing runs on the resource or on what it belongs to. What runs says why it cannot be disturbed.
pub(crate) fn unhindered(world: &World, row: &Behaviour, id: &ArmId) -> Result<(), Refusal> {
    if row.conflict == Conflict::None {
        return Ok(());
    }
    let mut next = Some(id.clone());
    while let Some(at) = next {
        let object = world.store.get(&at.key());
        let busy = object.filter(|object| operation::running_on(&world.store, object).is_some());
        let its_row = busy.and_then(|object| world.catalogue.row(&object.kind));
        if let Some(Conflict::Refused {
            status,
            code,
            message,
            retry_after,
        }) = its_row.map(|row| row.conflict)
        {
            let refusal = Refusal::new(status, code, message.replace("{name}", at.name()));
            return Err(match retry_after {
                Some(seconds) => refusal.retry_after(seconds),
                None => refusal,
            });
        }
        next = at.parent();
    }
    Ok(())
}

/// A location Azure has, and the one the resource already is in.
fn placed(
    row: &Behaviour,
    id: &ArmId,
    sent: &Value,
    previous: Option<&Object>,
) -> Result<(), Refusal> {
    let Some(asked) = sent["location"].as_str() else {
        return Ok(());
    };
    if !location::is_known(asked) {
        return Err(refused::location_unknown(row, asked));
    }
    // What extends another resource has no place of its own (recorded: a diagnostic setting takes any).
    let existing = previous
        .filter(|_| !id.is_extension())
        .and_then(|object| object.body["location"].as_str());
    match existing {
        Some(existing) if location::short(existing) != location::short(asked) => {
            Err(refused::location_taken(id, existing, asked))
        }
        _ => Ok(()),
    }
}

/// The id as Azure will spell it from now on: what exists keeps its spelling, types are spelled as the row does.
fn spelled(world: &World, row: &Behaviour, id: &ArmId, previous: Option<&Object>) -> ArmId {
    if let Some(existing) = previous.and_then(|object| ArmId::parse(&object.id)) {
        return existing;
    }
    let mut spelled = id.clone();
    if let Some(parent) = id
        .parent()
        .and_then(|parent| world.store.get(&parent.key()))
        && let Some(parent) = ArmId::parse(&parent.id)
    {
        spelled.scope = parent.scope;
        let own = id.pairs.last().cloned();
        spelled.pairs = parent.pairs;
        spelled.pairs.extend(own);
    } else if let Some(scope) = world.store.get(&id.scope) {
        spelled.scope.clone_from(&scope.id);
    }
    let mut words = row.arm_type.split('/');
    if let Some(namespace) = words.next() {
        namespace.clone_into(&mut spelled.namespace);
    }
    for ((kind, _), word) in spelled.pairs.iter_mut().zip(words) {
        word.clone_into(kind);
    }
    spelled
}

/// JSON merge, except where the provider replaces an object as a whole.
fn merge(into: &mut Value, from: &Value, replaced: &[&str], pointer: &str) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) if !replaced.contains(&pointer) => {
            for (name, value) in from {
                let below = into.entry(name.clone()).or_insert(Value::Null);
                merge(below, value, replaced, &format!("{pointer}/{name}"));
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// A write that may go ahead, as far as the front end is concerned.
struct Arrival {
    row: &'static Behaviour,
    id: ArmId,
    previous: Option<Object>,
    reply: Reply,
}

fn store(
    world: &mut World,
    request: &Request,
    arrival: Arrival,
    sent: &Value,
) -> Result<Response, Refusal> {
    let Arrival {
        row,
        id,
        previous,
        reply,
    } = arrival;
    let facts = Facts {
        store: &world.store,
        id: &id,
        now: world.now,
        tenant: &world.tenant,
        caller: &world.caller,
        body: &Value::Null,
        previous: previous.as_ref(),
    };
    let ruled = rule::apply(row.rules, sent, facts);
    let mut write = Write {
        store: &world.store,
        request,
        id: &id,
        now: world.now,
        tenant: &world.tenant,
        caller: &world.caller,
        sent,
        previous: previous.as_ref(),
        hidden: hidden(previous.as_ref(), ruled.digests),
        body: ruled.body,
        also: Vec::new(),
        reply,
        headers: Vec::new(),
    };
    (row.prepare)(&mut write)?;
    let Write {
        body,
        hidden,
        also,
        reply,
        headers,
        ..
    } = write;
    let object = Object {
        hidden,
        ..Object::new(id.text(), row.arm_type, body)
    };
    let pending = Pending {
        row,
        object,
        previous,
        also,
        reply,
        headers,
    };
    pending.finish(world, request)
}

/// A write that nobody refused.
struct Pending {
    row: &'static Behaviour,
    object: Object,
    previous: Option<Object>,
    also: Vec<Entry>,
    reply: Reply,
    headers: Vec<(&'static str, String)>,
}

impl Pending {
    fn finish(mut self, world: &mut World, request: &Request) -> Result<Response, Refusal> {
        let (status, body, operation) = match self.reply {
            Reply::Done { status, body } => {
                operation::set_state(&mut self.object.body, self.row.state, "Succeeded");
                (status, body, None)
            }
            Reply::Operation(style) => {
                let operation = self.begin(world, request, &style);
                (style.status, style.body, Some(operation))
            }
        };
        if !self.is_noop(operation.as_ref()) {
            let mut batch = self.also;
            batch.push(Entry::Put(self.object.clone()));
            batch.extend(operation.as_ref().map(Operation::object));
            world
                .store
                .commit(batch)
                .map_err(|error| Refusal::storage(&error))?;
        }
        let key = self.object.key();
        let stored = world.store.get(&key).unwrap_or(&self.object);
        let mut response = Response::empty(status);
        response.headers = self.headers;
        response.body = match body {
            ReplyBody::Resource => Body::Json(present(
                &world.store,
                self.row,
                stored,
                View::Written,
                request,
            )),
            ReplyBody::Empty => Body::Empty,
            ReplyBody::EmptyObject => Body::Json(json!({})),
            ReplyBody::StateOnly => Body::Json(state_only(self.row, stored)),
        };
        if let Some(etag) =
            header_etag(self.row.etag, stored).filter(|_| body == ReplyBody::Resource)
        {
            response = response.with("ETag", etag);
        }
        Ok(match operation {
            Some(operation) => operation.announce(response, request),
            None => response,
        })
    }

    fn begin(
        &mut self,
        world: &World,
        request: &Request,
        style: &crate::sandbox::behaviour::style::LongRunning,
    ) -> Operation {
        let verb = match self.previous {
            Some(_) => Verb::Update,
            None => Verb::Create,
        };
        if let State::Provisioning {
            creating, updating, ..
        } = self.row.state
        {
            let word = if verb == Verb::Create {
                creating
            } else {
                updating
            };
            operation::set_state(&mut self.object.body, self.row.state, word);
        }
        let start = Start {
            row: self.row,
            style,
            verb,
            target: &self.object,
        };
        let operation = Operation::start(&start, world, request);
        self.object.hidden["operation"] = operation.name.clone().into();
        operation
    }

    /// The same body again: API Management keeps the entity tag (recorded), so nothing may be written.
    fn is_noop(&self, operation: Option<&Operation>) -> bool {
        let is_same = self.previous.as_ref().is_some_and(|before| {
            before.body == self.object.body && before.hidden == self.object.hidden
        });
        let keeps = matches!(self.row.etag, Etag::ApiManagement { .. });
        is_same && keeps && operation.is_none() && self.also.is_empty()
    }
}

fn state_only(row: &Behaviour, object: &Object) -> Value {
    let name = object.id.rsplit('/').next().unwrap_or_default();
    json!({
        "id": object.id, "type": row.arm_type, "name": name,
        "properties": { "ProvisioningState": "InProgress" },
    })
}

fn hidden(previous: Option<&Object>, digests: Map<String, Value>) -> Value {
    let mut hidden = match previous.map(|object| &object.hidden) {
        Some(Value::Object(hidden)) => hidden.clone(),
        _ => Map::new(),
    };
    if !digests.is_empty() {
        hidden.insert("digests".into(), digests.into());
    }
    if hidden.is_empty() {
        Value::Null
    } else {
        hidden.into()
    }
}
