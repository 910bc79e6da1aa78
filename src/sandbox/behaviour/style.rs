//! The words a behaviour row is written in: how a provider spells, tags, answers and polls.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Names {
    Any,
    /// Singletons and closed lists: `policy`, `web`, `ftp`.
    Fixed(&'static [&'static str]),
    /// First characters and the rest, with lengths; refused with 400 `ValidationError` or the provider's like.
    Checked(fn(&str) -> bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    All,
    /// HEAD answers 204, GET 405.
    HeadOnly,
}

/// How ids (and `type`) come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdForm {
    /// As spelled when the object was made.
    AsMade,
    /// `/resourcegroups/` (`ManagedIdentity`).
    LowerGroup,
    /// `/resourcegroups/` and every child segment, also in `type` (Cdn: `afdendpoints`).
    LowerChildren,
    /// Everything after the subscription except names, type too (WAF).
    LowerTypes,
    /// The whole scope lower-cased (diagnostic settings).
    LowerScope,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LocationForm {
    AsSent,
    /// `westeurope` → `West Europe` in GET.
    Display,
    /// `West Europe` → `westeurope`.
    Lower,
    /// `global` → `Global`.
    Global,
}

/// What `tags` look like when none were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tags {
    Empty,
    Omitted,
    Null,
    /// The type has none.
    None,
}

/// How entity tags are spelled and whether `If-Match` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Etag {
    None,
    /// Header `"AAAAAQ8viis="`; preconditions enforced.
    ApiManagement {
        in_body: bool,
    },
    /// `W/"guid"` in the body and on GET.
    Network,
    /// Bare guid in header and body (private DNS); preconditions enforced.
    Dns,
    /// Header only, `"1DD17F47FB4D740"`.
    Web,
    /// In the body with literal quotes (Insights, Log Analytics).
    Quoted,
}

/// Where the provisioning state stands and what it is called on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    None,
    /// `/properties/provisioningState`
    Provisioning {
        creating: &'static str,
        updating: &'static str,
        deleting: &'static str,
    },
}

/// What a write meets while an operation of the object or of a parent runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// Accepted.
    None,
    /// Refused with this.
    Refused {
        status: u16,
        code: &'static str,
        message: &'static str,
        retry_after: Option<u32>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyBody {
    Resource,
    Empty,
    /// `{}` (private DNS)
    EmptyObject,
    /// `{"properties":{"ProvisioningState":"InProgress"}}` and nothing else (API Management's namedValues).
    StateOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Done { status: u16, body: ReplyBody },
    Operation(LongRunning),
}

impl Reply {
    pub(crate) const fn done(status: u16) -> Self {
        Self::Done {
            status,
            body: ReplyBody::Resource,
        }
    }

    pub(crate) const fn empty(status: u16) -> Self {
        Self::Done {
            status,
            body: ReplyBody::Empty,
        }
    }
}

/// A long-running operation as one provider does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LongRunning {
    pub(crate) status: u16,
    pub(crate) body: ReplyBody,
    pub(crate) poll: Poll,
    /// Seconds, at full operation scale.
    pub(crate) retry_after: Option<u32>,
    /// How long Azure takes, documented or measured, in seconds.
    pub(crate) typical: u32,
}

/// What the client may poll, and what it finds there.
///
/// Addresses are templates: `{subscription}` and `{group}` are paths up to there, `{location}` the region's short name,
/// `{resource}` the resource's path, `{operation}` the operation's id, `{results}` the resource's types and names the
/// way Cdn spells them (`/profileresults/p/afdendpointresults/e`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Poll {
    /// Sent as `Azure-AsyncOperation`.
    pub(crate) status: Option<(&'static str, StatusBody)>,
    /// Sent as `Location`.
    pub(crate) location: Option<(&'static str, LocationEnd)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StatusBody {
    /// `{"status":"InProgress"}`
    Plain,
    /// `{"status":…,"error":{"code":"None","message":null}}` (Cdn)
    Cdn,
    /// `{"id","name","status","startTime"}` (Log Analytics)
    Named,
    /// HTTP 202 while it runs, `{"status":…}` (private DNS)
    AcceptedWhileRunning,
}

/// What `Location` answers once the operation is done; 202 without a body before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LocationEnd {
    /// 200 with the resource
    Resource,
    /// 201 on create, 200 on update, with the resource; 204 on delete (API Management children)
    Entity,
    /// 200, no body
    Empty,
    /// 204
    NoContent,
}
