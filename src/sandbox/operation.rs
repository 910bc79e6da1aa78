//! Long-running operations: they advance by time, not by polls, and survive the process.
//!
//! An operation is an object below `/operations/running`; once its time is over it is settled before the next request is
//! answered: the resource gets its final state, or goes, and the operation moves to `/operations/done`.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::arm::id::ArmId;
use super::arm::location;
use super::behaviour::style::{LocationEnd, LongRunning, Reply, State, StatusBody};
use super::behaviour::{Behaviour, Removal, Settled};
use super::message::{Request, Response};
use super::store::{Entry, Object, Store};
use super::world::World;

const RUNNING: &str = "/operations/running";
const DONE: &str = "/operations/done";
/// What ends by itself, without anybody waiting for it.
const EXPIRING: &str = "/operations/expiring";
/// Azure forgets a finished operation after a while; a day is more than any client polls.
const KEPT: Duration = Duration::DAY;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Verb {
    Create,
    Update,
    Delete,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Running,
    Succeeded,
    Failed { code: String, message: String },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) target: String,
    pub(crate) arm_type: String,
    pub(crate) verb: Verb,
    #[serde(with = "time::serde::timestamp::milliseconds")]
    pub(crate) started: OffsetDateTime,
    #[serde(with = "time::serde::timestamp::milliseconds")]
    pub(crate) ends: OffsetDateTime,
    pub(crate) outcome: Outcome,
    /// How it will end: `Succeeded` unless a fault was asked for.
    ends_in: Outcome,
    status: Option<(String, StatusBody)>,
    location: Option<(String, LocationEnd)>,
    /// Seconds at this run's scale.
    retry_after: Option<u32>,
    api_version: String,
}

/// What starts an operation.
pub(crate) struct Start<'a> {
    pub(crate) row: &'a Behaviour,
    pub(crate) style: &'a LongRunning,
    pub(crate) verb: Verb,
    /// As stored: its id, and its location for the poll address.
    pub(crate) target: &'a Object,
}

impl Operation {
    pub(crate) fn start(start: &Start, world: &World, request: &Request) -> Self {
        let name = Uuid::new_v4().to_string();
        let fill = |template: &str| fill(template, start.target, &name, &world.store);
        let ends_in = if world.fails_operation {
            Outcome::Failed {
                code: "InternalServerError".into(),
                message: "An internal execution error occurred. Please retry later.".into(),
            }
        } else {
            Outcome::Succeeded
        };
        let poll = start.style.poll;
        Self {
            status: poll.status.map(|(template, body)| (fill(template), body)),
            location: poll.location.map(|(template, end)| (fill(template), end)),
            name,
            target: start.target.id.clone(),
            arm_type: start.row.arm_type.to_owned(),
            verb: start.verb,
            started: world.now,
            ends: world.now
                + Duration::seconds_f64(f64::from(start.style.typical) * world.operation_scale),
            outcome: Outcome::Running,
            ends_in,
            retry_after: scaled(start.style.retry_after, world.operation_scale),
            api_version: request
                .parameter("api-version")
                .unwrap_or_default()
                .to_owned(),
        }
    }

    pub(crate) fn object(&self) -> Entry {
        let below = match self.outcome {
            Outcome::Running => RUNNING,
            Outcome::Succeeded | Outcome::Failed { .. } => DONE,
        };
        let body = serde_json::to_value(self).unwrap_or_default();
        Entry::Put(Object::new(
            format!("{below}/{}", self.name),
            "operation",
            body,
        ))
    }

    /// The headers that tell a client where to poll.
    pub(crate) fn announce(&self, mut response: Response, request: &Request) -> Response {
        if let Some((path, _)) = &self.status {
            response = response.with("Azure-AsyncOperation", self.address(path, request));
        }
        if let Some((path, _)) = &self.location {
            response = response.with("Location", self.address(path, request));
        }
        if let Some(seconds) = self.retry_after {
            response = response.with("Retry-After", seconds.to_string());
        }
        response
    }

    /// Signed like Azure's: a client must not build these addresses itself.
    fn address(&self, path: &str, request: &Request) -> String {
        let joint = if path.contains('?') { '&' } else { '?' };
        let ticks = self.started.unix_timestamp_nanos() / 100 + 621_355_968_000_000_000;
        let signature = super::behaviour::digest(&json!([path, self.name]));
        format!(
            "{}{path}{joint}api-version={}&t={ticks}&c=sandbox&s={}&h={}",
            request.origin(),
            self.api_version,
            &signature[..32],
            &signature[32..]
        )
    }
}

/// How long a client is asked to wait: not at all where operations take no time, even where Azure leaves it open.
fn scaled(seconds: Option<u32>, scale: f64) -> Option<u32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few seconds times a fraction that `Options` keeps between 0 and 1"
    )]
    match scale {
        0.0 => Some(0),
        scale => seconds.map(|seconds| (f64::from(seconds) * scale).ceil() as u32),
    }
}

fn fill(template: &str, target: &Object, name: &str, store: &Store) -> String {
    let Some(id) = ArmId::parse(&target.id) else {
        return template.to_owned();
    };
    let subscription = format!("/subscriptions/{}", id.subscription().unwrap_or_default());
    let group = match id.group() {
        Some(group) => format!("{subscription}/resourceGroups/{group}"),
        None => subscription.clone(),
    };
    let top = store.get(&id.top().key()).map(|top| &top.body["location"]);
    let place = [Some(&target.body["location"]), top]
        .into_iter()
        .flatten()
        .find_map(Value::as_str)
        .map_or_else(|| "global".to_owned(), location::short);
    template
        .replace("{subscription}", &subscription)
        .replace("{group}", &group)
        .replace("{location}", &place)
        .replace("{resource}", &id.text())
        .replace("{results}", &results(&id))
        .replace("{operation}", name)
}

fn results(id: &ArmId) -> String {
    let pairs = id.pairs.iter();
    pairs
        .map(|(kind, name)| {
            let kind = kind.to_lowercase();
            let singular = kind.strip_suffix("ies").map(|stem| format!("{stem}y"));
            let singular = singular.unwrap_or_else(|| kind.trim_end_matches('s').to_owned());
            ["/", &singular, "results/", name].concat()
        })
        .collect()
}

/// What ends by itself: the object goes at `ends`, whatever the operation scale. One per object.
pub(crate) fn expiry(target: &Object, arm_type: &str, ends: OffsetDateTime) -> Entry {
    let operation = Operation {
        name: Uuid::new_v5(&Uuid::NAMESPACE_URL, target.key().as_bytes()).to_string(),
        target: target.id.clone(),
        arm_type: arm_type.to_owned(),
        verb: Verb::Delete,
        started: ends,
        ends,
        outcome: Outcome::Running,
        ends_in: Outcome::Succeeded,
        status: None,
        location: None,
        retry_after: None,
        api_version: String::new(),
    };
    let body = serde_json::to_value(&operation).unwrap_or_default();
    Entry::Put(Object::new(
        format!("{EXPIRING}/{}", operation.name),
        "operation",
        body,
    ))
}

/// The operation that holds this object, if one runs.
pub(crate) fn running_on<'a>(store: &'a Store, object: &Object) -> Option<&'a Object> {
    let name = object.hidden["operation"].as_str()?;
    store.get(&format!("{RUNNING}/{name}"))
}

/// Ends what is due. Called before every request.
pub(crate) fn settle(world: &mut World) -> io::Result<()> {
    loop {
        let due = world
            .store
            .below(RUNNING)
            .chain(world.store.below(EXPIRING))
            .filter_map(read)
            .filter(|operation| operation.ends <= world.now)
            .min_by_key(|operation| operation.ends);
        match due {
            Some(operation) => settle_one(world, operation)?,
            None => return Ok(()),
        }
    }
}

/// When the last of the running operations ends that concern an id (everything on the way to it and below it), or
/// that a poll address is about; any at all when neither is given.
pub(crate) fn last_end(world: &World, about: Option<&str>) -> Option<OffsetDateTime> {
    let about = about.map(str::to_lowercase);
    let concerns = |operation: &Operation| {
        about.as_ref().is_none_or(|about| {
            let target = operation.target.to_lowercase();
            about.contains(&operation.name)
                || about.starts_with(&target)
                || target.starts_with(about.as_str())
        })
    };
    let running = world.store.below(RUNNING).filter_map(read).filter(concerns);
    running.map(|operation| operation.ends).max()
}

fn read(object: &Object) -> Option<Operation> {
    serde_json::from_value(object.body.clone()).ok()
}

fn settle_one(world: &mut World, mut operation: Operation) -> io::Result<()> {
    operation.outcome = operation.ends_in.clone();
    let mut batch = vec![
        Entry::Remove(format!("{RUNNING}/{}", operation.name)),
        Entry::Remove(format!("{EXPIRING}/{}", operation.name)),
        operation.object(),
    ];
    let forgotten = world.store.below(DONE).filter_map(read);
    batch.extend(
        forgotten
            .filter(|old| old.ends + KEPT < world.now)
            .map(|old| Entry::Remove(format!("{DONE}/{}", old.name))),
    );
    if let (Some(row), Some(object)) = (
        world.catalogue.row(&operation.arm_type),
        world.store.get(&operation.target),
    ) {
        batch.extend(end(world, row, &operation, object));
    }
    world.store.commit(batch)
}

fn end(world: &World, row: &Behaviour, operation: &Operation, object: &Object) -> Vec<Entry> {
    let is_failed = operation.outcome != Outcome::Succeeded;
    if operation.verb == Verb::Delete && !is_failed {
        return removal(world, row, object, None);
    }
    let mut object = object.clone();
    set_state(
        &mut object.body,
        row.state,
        if is_failed { "Failed" } else { "Succeeded" },
    );
    let is_latest = object.hidden["operation"] == *operation.name;
    if let Some(hidden) = object.hidden.as_object_mut().filter(|_| is_latest) {
        hidden.remove("operation");
    }
    let mut settled = Settled {
        store: &world.store,
        now: world.now,
        tenant: &world.tenant,
        object,
        also: Vec::new(),
    };
    if !is_failed {
        (row.settled)(&mut settled);
    }
    let mut batch = settled.also;
    batch.push(Entry::Put(settled.object));
    batch
}

/// The object, everything below it, and what each leaves behind.
pub(crate) fn removal(
    world: &World,
    row: &Behaviour,
    object: &Object,
    request: Option<&Request>,
) -> Vec<Entry> {
    let store = &world.store;
    let below = store
        .below(&object.id)
        .filter_map(|object| Some((world.catalogue.row(&object.kind)?, object)));
    let mut batch: Vec<Entry> = store
        .below(&object.id)
        .map(|object| Entry::Remove(object.key()))
        .collect();
    batch.push(Entry::Remove(object.key()));
    for (row, object) in below.chain([(row, object)]) {
        let mut removal = Removal {
            store,
            request,
            now: world.now,
            object,
            reply: Reply::empty(200),
            also: Vec::new(),
        };
        (row.removed)(&mut removal);
        batch.append(&mut removal.also);
    }
    batch
}

pub(crate) fn set_state(body: &mut Value, state: State, text: &str) {
    if state == State::None {
        return;
    }
    if !body["properties"].is_object() {
        body["properties"] = json!({});
    }
    body["properties"]["provisioningState"] = text.into();
}

/// The answer to a poll; None when the request is no poll.
pub(crate) fn poll(world: &World, request: &Request) -> Option<Response> {
    let asked = ["asyncId", "azure-asyncId"]
        .into_iter()
        .find_map(|name| request.parameter(name));
    let mut names = request.path.rsplit('/').chain(asked);
    let operation = names.find_map(|name| {
        [RUNNING, DONE]
            .into_iter()
            .find_map(|below| world.store.get(&format!("{below}/{name}")))
            .filter(|_| Uuid::parse_str(name).is_ok())
    });
    let operation = read(operation?)?;
    let is = |path: &Option<String>| path.as_ref().is_some_and(|path| is_address(path, request));
    let status = operation.status.as_ref().map(|(path, _)| path.clone());
    match (&operation.status, &operation.location) {
        (Some((_, body)), _) if is(&status) => Some(status_of(&operation, *body, request)),
        (_, Some((_, end))) => Some(location_of(world, &operation, *end, request)),
        (Some((_, body)), None) => Some(status_of(&operation, *body, request)),
        (None, None) => None,
    }
}

fn is_address(address: &str, request: &Request) -> bool {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let name = query.split('=').next().unwrap_or("");
    path.eq_ignore_ascii_case(request.path.trim_end_matches('/'))
        && (query.is_empty() || request.parameter(name).is_some())
}

fn status_of(operation: &Operation, style: StatusBody, request: &Request) -> Response {
    let is_running = operation.outcome == Outcome::Running;
    let word = match &operation.outcome {
        Outcome::Running => "InProgress",
        Outcome::Succeeded => "Succeeded",
        Outcome::Failed { .. } => "Failed",
    };
    let mut body = json!({ "status": word });
    match style {
        StatusBody::Plain | StatusBody::AcceptedWhileRunning => {}
        StatusBody::Cdn => body["error"] = json!({ "code": "None", "message": null }),
        StatusBody::Named => {
            body["id"] = operation
                .status
                .as_ref()
                .map(|(path, _)| path.clone())
                .into();
            body["name"] = operation.name.clone().into();
            body["startTime"] = super::world::timestamp(operation.started).into();
            if !is_running {
                body["endTime"] = super::world::timestamp(operation.ends).into();
                body["properties"] = json!({});
            }
        }
    }
    if let Outcome::Failed { code, message } = &operation.outcome {
        body["error"] = json!({ "code": code, "message": message });
    }
    let status = match style {
        StatusBody::AcceptedWhileRunning if is_running => 202,
        StatusBody::Plain
        | StatusBody::Cdn
        | StatusBody::Named
        | StatusBody::AcceptedWhileRunning => 200,
    };
    let response = Response::json(status, body);
    if is_running {
        operation.announce(response, request)
    } else {
        response
    }
}

fn location_of(
    world: &World,
    operation: &Operation,
    end: LocationEnd,
    request: &Request,
) -> Response {
    match &operation.outcome {
        Outcome::Running => return operation.announce(Response::empty(202), request),
        Outcome::Failed { code, message } => {
            let body = json!({ "error": { "code": code, "message": message } });
            return Response::json(500, body);
        }
        Outcome::Succeeded => {}
    }
    let resource = || super::arm::read::shown(world, &operation.target, request);
    match end {
        LocationEnd::Empty => Response::empty(200),
        LocationEnd::NoContent => Response::empty(204),
        LocationEnd::Resource => resource().unwrap_or_else(|| Response::empty(200)),
        LocationEnd::Entity => match resource() {
            Some(mut response) => {
                if operation.verb == Verb::Create {
                    response.status = 201;
                }
                response
            }
            None => Response::empty(204),
        },
    }
}
