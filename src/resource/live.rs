//! What Azure returned just now.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Owner, Ref, ResourceId, body};

/// A resource as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub body: Value,
    pub etag: Option<String>,
    /// The id Azure gave it where it is not computable: a Graph object id, or the ARM id of a resource found by
    /// matching.
    pub object: Option<String>,
}

/// Whether Azure is still at work on a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Settled,
    /// Created or changed right now, by whomever (quirks.md part 1, 13).
    InProgress,
    Failed,
}

impl Found {
    pub fn state(&self) -> State {
        match body::get(&self.body, "/properties/provisioningState").and_then(Value::as_str) {
            Some("Failed" | "Canceled" | "TerminationFailed") => State::Failed,
            None | Some("Succeeded" | "succeeded" | "Stopped" | "Deleted" | "") => State::Settled,
            Some(_) => State::InProgress,
        }
    }
}

/// Why a resource could not be read. It is not absence: planning a create from a 403 is the classic mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub status: Option<u16>,
    pub code: String,
    pub message: String,
    /// What to try.
    pub hint: Option<String>,
}

/// What a read of one id said.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed {
    Present(Found),
    Absent,
    Unreadable(Unreadable),
}

impl Observed {
    pub fn found(&self) -> Option<&Found> {
        match self {
            Self::Present(found) => Some(found),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }
}

/// What somebody else made where the spec has resources of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Stranger {
    pub found: Found,
    pub owner: Owner,
}

/// Live state: what each id of the graph is, and what else stands in the collections that were listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    pub resources: BTreeMap<ResourceId, Observed>,
    /// Resources in listed collections that the graph does not name: ours by their mark.
    pub orphans: BTreeMap<ResourceId, Found>,
    /// … and everybody else's.
    pub foreign: BTreeMap<ResourceId, Stranger>,
    /// What nobody lists as anybody's, and only the controls look at.
    pub around: BTreeMap<ResourceId, Found>,
    /// Whose a resource of the graph is, where another resource says so.
    pub owners: BTreeMap<ResourceId, Owner>,
    /// Lists that could not be read, by their request: what the spec no longer names may hide there.
    pub unlisted: BTreeMap<String, Unreadable>,
}

/// One write that Azure's activity log tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub address: ResourceId,
    /// `Microsoft.ApiManagement/service/write`.
    pub operation: String,
    /// In RFC 3339, UTC.
    pub at: String,
    /// A person's sign-in name, or the object id of an application's service principal.
    pub caller: String,
    /// The client id of the application it was done through.
    pub app: Option<String>,
}

impl Live {
    pub fn get(&self, id: &ResourceId) -> &Observed {
        self.resources.get(id).unwrap_or(&Observed::Absent)
    }

    /// The value a reference points at, when its resource is there and has one that says something.
    pub fn value(&self, reference: &Ref) -> Option<Value> {
        let found = self.get(&reference.resource).found()?;
        match reference.pointer.as_str() {
            "/@object" => found.object.clone().map(Value::String),
            pointer => body::get(&found.body, pointer)
                .filter(|value| !body::is_blank(Some(value)))
                .cloned(),
        }
    }
}
