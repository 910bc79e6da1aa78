//! The sandbox without the wire: requests as values, time as the caller's.
//!
//! For measures that play recorded traffic: there the recording says how much time passes, and the world as it was
//! before the recording began has to be put in place first. Everything behind `route` is the served sandbox's own.

use std::path::Path;

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::arm::{self, catalogue::Catalogue, id::ArmId, target};
use super::behaviour::style::Reply;
use super::entra::Caller;
use super::graph::{self, PrincipalKind};
use super::hand;
use super::message::{Body, Method, Request, Response};
use super::operation;
use super::server::StartError;
use super::store::{Entry, Object, Store};
use super::world::World;

pub struct Direct {
    world: World,
    caller: Caller,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    /// Null where there is none.
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// What a path is about, by the sandbox's own rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Resource(&'static str),
    Collection(&'static str),
    Action(&'static str),
    /// Subscriptions, providers, polls of operations.
    Platform,
    /// A type without a row.
    Unknown,
}

impl Direct {
    /// A fresh sandbox that keeps its state in `dir`; its caller belongs to `tenant`.
    pub fn open(dir: &Path, tenant: &str, now: OffsetDateTime) -> Result<Self, StartError> {
        let catalogue = Catalogue::read().map_err(StartError::Row)?;
        let mut world = World::new(catalogue, Store::open(dir)?, now);
        world.operation_scale = 1.0;
        tenant.clone_into(&mut world.tenant);
        let caller = Caller {
            tenant: tenant.to_owned(),
            object_id: tenant.to_owned(),
            app_id: tenant.to_owned(),
            roles: Vec::new(),
        };
        Ok(Self { world, caller })
    }

    pub fn about(&self, path: &str) -> About {
        match target::resolve(path, &self.world.catalogue) {
            Ok(target::Target::Resource { row, .. }) => About::Resource(row.arm_type),
            Ok(target::Target::Collection { row, .. }) => About::Collection(row.arm_type),
            Ok(target::Target::Action { row, .. }) => About::Action(row.arm_type),
            Ok(target::Target::Platform) => About::Platform,
            Err(_) => About::Unknown,
        }
    }

    pub fn exists(&self, id: &str) -> bool {
        self.world.store.get(id).is_some()
    }

    /// The status of a first PUT of a type; none: it cannot be PUT, or has no row.
    pub fn creates_with(&self, arm_type: &str) -> Option<u16> {
        let row = self.world.catalogue.row(arm_type)?;
        Some(match row.create {
            Reply::Done { status, .. } => status,
            Reply::Operation(style) => style.status,
        })
    }

    /// Lets the running operations come to their end: all, or those that an id or a poll address is about.
    pub fn settle(&mut self, about: Option<&str>) {
        if let Some(end) = operation::last_end(&self.world, about) {
            self.world.now = self.world.now.max(end) + Duration::seconds(1);
        }
    }

    /// What was there before: the body as a GET showed it, or as much of it as is known.
    pub fn plant(&mut self, id: &str, body: &Value) -> std::io::Result<()> {
        if ArmId::parse(id).is_none() {
            return Ok(());
        }
        let object = hand::planted(&self.world, id, body);
        self.world.store.commit(vec![Entry::Put(object)])
    }

    /// Somebody in the directory whom nobody in the recording made.
    pub fn plant_principal(&mut self, id: &str, is_user: bool) -> std::io::Result<()> {
        let kind = if is_user {
            PrincipalKind::User
        } else {
            PrincipalKind::ServicePrincipal
        };
        let key = graph::key_of(&self.caller.tenant, id, kind);
        let object = Object::new(key, "principal", serde_json::json!({ "id": id }));
        self.world.store.commit(vec![Entry::Put(object)])
    }

    /// Answers one request to Azure Resource Manager. A null body is none.
    pub fn send(
        &mut self,
        method: &str,
        url: &str,
        headers: &[(String, String)],
        body: &Value,
    ) -> Answer {
        let request = request(method, url, headers, body);
        let response = arm::handle(&mut self.world, &request, &self.caller);
        answer(response)
    }
}

fn request(method: &str, url: &str, headers: &[(String, String)], body: &Value) -> Request {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Request {
        method: Method::parse(method),
        host: host.to_lowercase(),
        path: super::server::decoded(path),
        query: url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value.clone()))
            .collect(),
        body: match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        },
    }
}

fn answer(response: Response) -> Answer {
    Answer {
        status: response.status,
        headers: response.headers,
        body: match response.body {
            Body::Empty => Value::Null,
            Body::Json(body) => body,
        },
    }
}
