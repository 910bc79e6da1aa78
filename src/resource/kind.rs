//! The kind: one table row that describes a resource type fully.
//!
//! How it is read and written, how its properties compare, where its writes queue, how it is marked as ours, what
//! must be withheld until something else holds. The walkers in `diff`, `plan`, `azure` and `apply` iterate rows and
//! know no type by name; the rows stand in `kinds`.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ResourceId;

/// Why a row may claim what it claims about Azure (architecture.md, decision 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Seen in recorded traffic.
    Recorded(&'static str),
    /// Said by a documentation page or `domain.md` section, with the date it was read.
    Documented(&'static str, &'static str),
    /// Not confirmed by a source; to be checked on a live subscription.
    Inferred(&'static str),
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded(file) => write!(f, "recorded ({file})"),
            Self::Documented(page, date) => write!(f, "documented ({page}, {date})"),
            Self::Inferred(why) => write!(f, "inferred: {why}"),
        }
    }
}

/// Where in the architecture a resource stands; output is grouped by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    Edge,
    Gateway,
    Identity,
    Backend,
    Network,
    Observability,
}

impl Layer {
    pub const ALL: [Self; 6] = [
        Self::Edge,
        Self::Gateway,
        Self::Identity,
        Self::Backend,
        Self::Network,
        Self::Observability,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Gateway => "gateway",
            Self::Identity => "identity",
            Self::Backend => "backend",
            Self::Network => "network",
            Self::Observability => "observability",
        }
    }
}

/// How a resource of the kind is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// `GET id?api-version=…` with an extra query (`format=rawxml`), empty for none.
    Get(&'static str),
    /// `POST id/list`: what GET does not return truthfully (quirks.md, sites).
    PostList,
    /// Azure names it: found in its collection by the value at this pointer being the id's last segment.
    Match(&'static str),
    /// A Graph object by its logical key: path and query below the API version, with `{/pointer}` for values of the
    /// desired body and `{@key}` for the id's key (percent-encoded when filled in). Alternatives are separated by
    /// ` | ` and tried in order. Answers one object or a list; two matches is an error.
    Find(&'static str),
    /// `GET` of the fact's own address, without a token.
    Fact,
    /// Known only by whether it is there: `HEAD id`.
    Head,
}

/// How it is created and changed. Update bodies are live state overlaid with what changes, except for `Patch…`,
/// which sends what changes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// `PUT` for both.
    Put,
    /// `PUT` without a body: a link that is there or not.
    Link,
    /// `PUT` creates, `PATCH` changes.
    PutThenPatch,
    /// It comes with its parent and is only ever changed: `PATCH`.
    Patch,
    /// `POST` to the collection creates, `PATCH` of the object changes (Graph).
    PostThenPatch,
    /// Azure makes it when something else is created; a change is a `PUT` to the id that Azure gave it. Creating it
    /// means waiting for it.
    Approve,
    /// Somebody else's: never written.
    Never,
}

impl Write {
    /// Whether an update sends only what changes.
    pub fn is_partial(self) -> bool {
        matches!(self, Self::PutThenPatch | Self::Patch | Self::PostThenPatch)
    }
}

/// Whether Azure enforces `If-Match` (architecture.md, decision 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Etag {
    /// `If-Match` with the value that was read.
    Enforced,
    /// Azure wants an `If-Match` on delete and takes `*`; a changed one is refused with 412.
    EnforcedWithStarOnDelete,
    /// No entity tag, or one that is not checked: the digest of the body read right before the write is the only
    /// precondition, and the window between them remains.
    None,
}

/// How a resource is known to belong to a spec (architecture.md, decision 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Tag `secgw` with the spec's name on the ARM resource.
    ArmTag,
    /// API Management tag `secgw-<spec>` linked to it.
    ApimTag,
    /// `secgw:<spec>/<name>` among the Graph object's tags.
    GraphTag,
    /// The name starts with `secgw-<spec>--`.
    NamePrefix,
    /// As `ArmTag`, but only the spec that made it marks it: what somebody else made is used and stays theirs.
    Founder,
    /// It belongs to the resource that its `/properties/scope` names, which lies below the same parent.
    Scope,
    /// Nothing says whose it is.
    Unmarked,
    /// All of the collection belongs to the owned parent.
    Parent,
    /// One fixed name beneath an owned parent, or an object that others may have too: never deleted for being absent
    /// from the spec.
    Fixed,
}

/// What a removal does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    Delete,
    /// `DELETE` leaves it recoverable under its name for a while.
    SoftDelete,
    /// `DELETE` takes along whatever is inside, so it is sent only when nothing is.
    WhenEmpty,
    /// Azure refuses to delete its parent while it is there.
    BeforeParent,
    /// It cannot be deleted alone; it goes with its parent.
    WithParent,
}

/// How the values at a path compare, and what else holds of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Never sent, never compared: the service's own.
    ReadOnly,
    /// Sent, and perhaps not returned: compared where something comes back, and sent along with other changes of a
    /// full `PUT`.
    WriteOnly,
    /// Sent on create alone and never compared: the service ignores, drops or rewrites it later.
    CreateOnly,
    /// How the policy document beside it is spelled: any known form equals any other, and it is sent along with other
    /// changes.
    Form,
    /// Kept otherwise by Azure: a difference is a note, never planned.
    NotEffective,
    /// Where nothing comes back it was not taken, which is a note; compared otherwise.
    Dropped,
    /// Where the body also sends the member at this pointer, that one decides: a note.
    YieldsTo(&'static str),
    /// Sent as the first (JSON), held as the second: a note.
    Overruled(&'static str, &'static str),
    /// Azure's way of saying what was sent: the second text for the first.
    Alias(&'static str, &'static str),
    /// A live text with this beginning stands in for a secret.
    StandIn(&'static str),
    /// A change means a new resource.
    Immutable,
    /// Text in any case.
    CaseInsensitive,
    /// `westeurope` = `West Europe`.
    Location,
    /// Resource ids in any case.
    Id,
    /// A resource id that may be sent without its beginning: what follows this path below an ancestor of the resource,
    /// `orders` or `/apis/orders`.
    ShortId(&'static str),
    /// `/orders` = `orders`.
    LeadingSlash,
    /// `1.2.3.4` = `1.2.3.4/32`.
    Cidr,
    /// ISO 8601 durations of equal length.
    Duration,
    /// Numbers and truth values held as text, `True` = `true`.
    AsText,
    /// A list without order; items are known by the values at these pointers (joined by `+`), or by their own value
    /// for `""`.
    Set(&'static str),
    /// Text in which words separated by blanks or commas have no order.
    Words,
    /// A map whose keys are people's data: keys compare exactly and only the desired ones count.
    FreeMap,
    /// A map that is owned whole: a key that is not desired is a difference.
    WholeMap,
    /// A desired value of this, given as JSON, equals an absent one.
    Default(&'static str),
    /// List items with these members (JSON) come and go by Azure's own rule: one that is there is no difference, and
    /// one that is desired may be another of them.
    Synthetic(&'static str),
    /// A policy document: compared as elements, not as text. The member beside it of this name says its form.
    Policy(&'static str),
    /// Masked wherever it is shown.
    Sensitive,
    /// Masked where the member at this pointer is true.
    SensitiveIf(&'static str),
    /// A partial update that touches it sends all of it: the service resets the members that are left out.
    SentWhole,
    /// Values of different families cannot be changed into each other; a change between them means a new resource.
    Families(&'static [&'static [&'static str]]),
}

/// One compare rule: path patterns (`body::matches`), how, and why we believe it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub paths: &'static [&'static str],
    pub how: How,
    pub evidence: Evidence,
}

/// A path that is withheld until something beneath the resource is as desired (architecture.md, decision 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Shown as part of the change's address.
    pub name: &'static str,
    pub path: &'static str,
    /// Sent at `path` by an earlier stage, as JSON; nothing is sent for `null`.
    pub before: &'static str,
    /// The type beneath the resource whose desired resources must all be as desired first.
    pub until: &'static str,
    pub evidence: Evidence,
}

/// A change at one of `paths` makes what others read at `values` unknown until it is applied; a change elsewhere
/// doesn't (architecture.md, decision 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalidation {
    pub paths: &'static [&'static str],
    pub values: &'static [&'static str],
}

/// List items that must be switched off by a write of their own before they may be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisableFirst {
    pub list: &'static str,
    /// The member of an item that is set to false.
    pub flag: &'static str,
    pub evidence: Evidence,
}

/// Values that, taken together, no two resources of one collection may have: one that takes them over is written
/// after the one that had them has let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unique {
    pub paths: &'static [&'static str],
    pub evidence: Evidence,
}

/// What may not stand beneath a resource when one of these paths is set: it is removed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excludes {
    pub paths: &'static [&'static str],
    /// The type of what is in the way.
    pub beneath: &'static str,
    pub evidence: Evidence,
}

/// A value that no write takes away: something beneath the resource is deleted for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unset {
    pub path: &'static str,
    /// The type of what is deleted, without the resource's own.
    pub collection: &'static str,
    pub name: &'static str,
    pub evidence: Evidence,
}

/// What a resource guards: items that leave it are let go of by a write of their own, once nothing that the plan
/// changes names them any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// Written whole.
    pub list: &'static str,
    /// The list of ids in each of its items.
    pub ids: &'static str,
    pub evidence: Evidence,
}

/// What a change at some paths does to a service that is running: said beside the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    pub paths: &'static [&'static str],
    /// Whether replacing the resource does it too.
    pub replacing: bool,
    /// Only while the live value at the pointer is one of these.
    pub only: Option<(&'static str, &'static [&'static str])>,
    pub says: &'static str,
    pub evidence: Evidence,
}

/// How long it usually takes, in seconds: for the reader's patience and the sandbox's clock, never a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    pub create: u32,
    pub update: u32,
    pub delete: u32,
}

/// One resource type.
#[derive(Debug)]
pub struct Kind {
    /// As `ResourceId::type_name` gives it.
    pub type_name: &'static str,
    /// For types whose instances of a fixed name differ in kind (`sites/config/web`).
    pub instance: Option<&'static str>,
    /// What a person calls it.
    pub noun: &'static str,
    pub layer: Layer,
    /// `v1.0` or `beta` for Graph.
    pub api_version: &'static str,
    pub read: Read,
    pub write: Write,
    pub etag: Etag,
    /// The type of the ancestor whose writes go one at a time: Azure answers 409 to a second one.
    pub lane: Option<&'static str>,
    pub mark: Mark,
    pub deletion: Deletion,
    pub rules: &'static [Rule],
    pub stages: &'static [Stage],
    pub invalidates: &'static [Invalidation],
    pub disable_first: Option<DisableFirst>,
    pub unique: Option<Unique>,
    pub excludes: Option<Excludes>,
    pub unset: Option<Unset>,
    pub guarded: Option<Guarded>,
    /// What documents put around its display name to quote its value.
    pub quoted: Option<(&'static str, &'static str)>,
    pub effects: &'static [Effect],
    pub usual: Usual,
}

impl Rule {
    fn is_at(&self, path: &str) -> bool {
        let mut paths = self.paths.iter();
        paths.any(|pattern| super::body::matches(pattern, path))
    }
}

impl Kind {
    /// What every row starts from: an ARM resource with no peculiarity.
    pub const PLAIN: Self = Self {
        type_name: "",
        instance: None,
        noun: "",
        layer: Layer::Gateway,
        api_version: "",
        read: Read::Get(""),
        write: Write::Put,
        etag: Etag::None,
        lane: None,
        mark: Mark::Fixed,
        deletion: Deletion::Delete,
        rules: &[],
        stages: &[],
        invalidates: &[],
        disable_first: None,
        unique: None,
        excludes: None,
        unset: None,
        guarded: None,
        quoted: None,
        effects: &[],
        usual: Usual {
            create: 5,
            update: 5,
            delete: 5,
        },
    };

    /// The rules that apply at a path, the kind's own first.
    pub fn rules_at<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'static Rule> + 'a {
        self.rules().filter(move |rule| rule.is_at(path))
    }

    fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        self.rules.iter().chain(super::kinds::EVERYWHERE)
    }

    /// Most rules are of another sort, which is sooner seen than where they hold.
    pub fn has(&self, path: &str, wanted: &dyn Fn(How) -> bool) -> bool {
        self.rules()
            .any(|rule| wanted(rule.how) && rule.is_at(path))
    }

    /// Whether what stands at a path of `body` may be a secret.
    pub fn is_secret(&self, path: &str, body: &Value) -> bool {
        self.has(path, &|how| match how {
            How::Sensitive => true,
            How::SensitiveIf(flag) => super::body::get(body, flag) == Some(&Value::Bool(true)),
            _ => false,
        })
    }

    pub fn is_read_only(&self, path: &str) -> bool {
        self.has(path, &|how| how == How::ReadOnly)
    }

    /// Whether its body holds a policy document, into which not every value may be put.
    pub fn has_policy(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| matches!(rule.how, How::Policy(_)))
    }

    /// Where a write to `id` queues.
    pub fn lane_of(&self, id: &ResourceId) -> Option<ResourceId> {
        self.lane.and_then(|type_name| id.ancestor(type_name))
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.type_name == other.type_name && self.instance == other.instance
    }
}
