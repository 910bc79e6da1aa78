//! What a plan was made from: of each resource of the graph, what the spec asked for and what was there.
//!
//! A plan covers all of it, also what it leaves alone: a resource that was fine and is not any more makes the plan as
//! stale as one that it writes. Somebody else's resources count by the values that were taken from them, and by
//! nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Digest;
use crate::resource::{
    Found, Graph, How, Kind, Live, Observed, Ref, Resource, ResourceId, Wanted, body,
};

/// What could not be read is not in it: a plan without it is not applied.
pub type Basis = BTreeMap<ResourceId, Seen>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub wanted: Digest,
    /// Absent when it was not there.
    pub live: Option<Digest>,
}

/// Property to digest, so that a difference can be named without keeping a value. Properties that may be secret have
/// none of their own: a short secret could be guessed from one.
pub type Traces = BTreeMap<String, String>;

/// The traces of one resource, on both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traced {
    pub wanted: Traces,
    pub live: Traces,
}

/// Enough to tell two values of one property apart.
const TRACE: usize = 12;

pub(super) fn of(desired: &Graph, live: &Live) -> Basis {
    let looked = Looked::new(desired, live);
    let seen = |resource: &Resource| {
        let live = match live.get(&resource.id) {
            Observed::Present(found) => {
                Some(Digest::of_text(&looked.at(resource, found).to_string()))
            }
            Observed::Absent => None,
            Observed::Unreadable(_) => return None,
        };
        let wanted = Digest::of_wanted(resource);
        Some((resource.id.clone(), Seen { wanted, live }))
    };
    desired.iter().filter_map(seen).collect()
}

/// Of every property, for the file.
pub(super) fn traces(desired: &Graph, live: &Live) -> BTreeMap<ResourceId, Traced> {
    let looked = Looked::new(desired, live);
    let traced = |resource: &Resource| (resource.id.clone(), looked.traced(resource));
    desired.iter().map(traced).collect()
}

/// Which part of live state a plan looks at.
pub(super) struct Looked<'a> {
    live: &'a Live,
    references: BTreeMap<&'a ResourceId, BTreeSet<&'a Ref>>,
}

impl<'a> Looked<'a> {
    pub(super) fn new(desired: &'a Graph, live: &'a Live) -> Self {
        let mut references: BTreeMap<&ResourceId, BTreeSet<&Ref>> = BTreeMap::new();
        for reference in desired
            .iter()
            .filter_map(Resource::body)
            .flat_map(|term| term.references())
        {
            references
                .entry(&reference.resource)
                .or_default()
                .insert(reference);
        }
        Self { live, references }
    }

    pub(super) fn traced(&self, resource: &Resource) -> Traced {
        let mut traced = Traced::default();
        if let Some(term) = resource.body() {
            let value = serde_json::to_value(term).unwrap_or_default();
            let value = without_secrets(resource.kind, &value);
            trace("", &value, &mut traced.wanted);
        }
        if let Some(found) = self.live.get(&resource.id).found() {
            let seen = self.at(resource, found);
            trace("", &without_secrets(resource.kind, &seen), &mut traced.live);
        }
        traced
    }

    /// What is compared or would be written over, and the values that others take, which may be the service's own.
    fn at(&self, resource: &Resource, found: &Found) -> Value {
        let mut seen = match resource.wanted {
            Wanted::Body(_) | Wanted::Absent | Wanted::Cleared { .. } => {
                body::strip(&found.body, &|path| resource.kind.is_read_only(path))
            }
            Wanted::Given(_) => Value::Object(Map::new()),
        };
        let taken = self.references.get(&resource.id).into_iter().flatten();
        for reference in taken {
            let name = reference.pointer.trim_start_matches('/');
            if let (Value::Object(members), Some(value)) = (&mut seen, self.live.value(reference)) {
                members.insert(format!("@{name}"), value);
            }
        }
        seen
    }
}

fn without_secrets(kind: &Kind, value: &Value) -> Value {
    let may_be_secret = |how| matches!(how, How::Sensitive | How::SensitiveIf(_));
    body::strip(value, &|path| kind.has(path, &may_be_secret))
}

fn trace(path: &str, value: &Value, into: &mut Traces) {
    match value {
        Value::Object(members) if !is_marker(members) => {
            for (key, value) in members {
                trace(&body::join(path, key), value, into);
            }
        }
        other => {
            let digest = Digest::of_text(&json!([path, other]).to_string());
            into.insert(path.to_owned(), digest.as_str()[..TRACE].to_owned());
        }
    }
}

/// `{"$ref": …}` stands for a value.
fn is_marker(members: &Map<String, Value>) -> bool {
    members.len() == 1 && members.keys().all(|key| key.starts_with('$'))
}
