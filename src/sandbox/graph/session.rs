//! One request's view of one directory: what is there, what of it has replicated, and how new objects are made.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::refused;
use crate::sandbox::entra::Caller;
use crate::sandbox::message::{Request, Response};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object, Store};
use crate::sandbox::world::timestamp;

const NAMESPACE: Uuid = Uuid::from_u128(0x5ec6_0000_96af_4b0f_8000_0000_0000_0002);

pub(super) struct Session<'a> {
    pub(super) store: &'a Store,
    pub(super) request: &'a Request,
    pub(super) caller: &'a Caller,
    pub(super) now: OffsetDateTime,
    pub(super) lag: Duration,
    pub(super) page_size: usize,
}

/// A response and what it changes.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) entries: Vec<Entry>,
}

impl Answer {
    pub(super) fn unchanged(response: Response) -> Self {
        Self {
            response,
            entries: Vec::new(),
        }
    }

    pub(super) fn no_content(entries: Vec<Entry>) -> Self {
        Self {
            response: Response::empty(204),
            entries,
        }
    }
}

impl<'a> Session<'a> {
    /// The body of a request that takes no entity.
    pub(super) fn sent(&self) -> Result<Value, Refusal> {
        let sent = self.request.json();
        sent.map_err(|_| refused::malformed("Unable to read JSON request payload."))
    }

    pub(super) fn tenant(&self) -> &'a str {
        &self.caller.tenant
    }

    /// Everything in a collection, replicated or not: what uniqueness is checked against.
    pub(super) fn all(&self, collection: &str) -> std::vec::IntoIter<&'a Object> {
        let id = store_id(self.tenant(), collection);
        self.store.below(&id).collect::<Vec<_>>().into_iter()
    }

    pub(super) fn visible(&self, collection: &str) -> Vec<&'a Object> {
        self.all(collection)
            .filter(|object| self.is_replicated(object))
            .collect()
    }

    pub(super) fn get(&self, collection: &str, id: &str) -> Result<&'a Object, Refusal> {
        self.store
            .get(&format!("{}/{id}", store_id(self.tenant(), collection)))
            .filter(|object| self.is_replicated(object))
            .ok_or_else(|| refused::absent(id))
    }

    /// The replicated object whose property has this value; keys ignore case.
    pub(super) fn find(&self, collection: &str, property: &str, value: &str) -> Option<&'a Object> {
        self.visible(collection)
            .into_iter()
            .find(|object| has_text(&object.body, property, value))
    }

    /// Whether an object other than `id` has the value already.
    pub(super) fn is_taken(&self, collection: &str, property: &str, value: &str, id: &str) -> bool {
        self.all(collection)
            .any(|object| object.body["id"] != id && has_text(&object.body, property, value))
    }

    fn is_replicated(&self, object: &Object) -> bool {
        let made = object.hidden["madeAt"].as_i64().unwrap_or(0);
        i128::from(milliseconds(self.now) - made) >= self.lag.whole_milliseconds()
    }

    /// An id nobody else has.
    pub(super) fn new_id(&self, label: &str) -> String {
        let seed = format!("{}|{label}|{}", self.tenant(), self.store.sequence());
        Uuid::new_v5(&NAMESPACE, seed.as_bytes()).to_string()
    }

    /// `body` must have its `id`.
    pub(super) fn object(&self, collection: &str, body: Value) -> Object {
        made(self.tenant(), collection, body, self.now)
    }

    pub(super) fn timestamp(&self) -> Value {
        timestamp(self.now).into()
    }

    /// The entity after a change, everything else as it was.
    pub(super) fn changed(object: &Object, body: Value) -> Entry {
        Entry::Put(Object {
            body,
            ..object.clone()
        })
    }
}

pub(super) fn store_id(tenant: &str, collection: &str) -> String {
    format!("/graph/{tenant}/{collection}")
}

pub(super) fn made(tenant: &str, collection: &str, body: Value, now: OffsetDateTime) -> Object {
    let id = body["id"].as_str().unwrap_or_default();
    let mut object = Object::new(
        format!("{}/{id}", store_id(tenant, collection)),
        format!("graph:{collection}"),
        body,
    );
    object.hidden = json!({ "madeAt": milliseconds(now) });
    object
}

/// The same object in every run: first-party service principals and the like.
pub(super) fn well_known_id(tenant: &str, label: &str) -> String {
    Uuid::new_v5(&NAMESPACE, format!("{tenant}|{label}").as_bytes()).to_string()
}

fn milliseconds(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

pub(super) fn has_text(body: &Value, property: &str, value: &str) -> bool {
    body[property]
        .as_str()
        .is_some_and(|text| text.eq_ignore_ascii_case(value))
}

/// `OData`'s merge: complex values member by member, collections and scalars as a whole.
pub(super) fn merge(base: &mut Value, patch: &Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(base.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (base, patch) => *base = patch.clone(),
    }
}

/// The strings of an array, whatever else it holds.
pub(super) fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
