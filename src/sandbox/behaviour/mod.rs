//! What Azure does, as data: one row per resource type, one file per provider.
//!
//! A row names the shape of the body, what the service adds, drops and rewrites, how long its operations take and how
//! they are polled. What no table can say stands in the row's functions, beside it. `arm/` carries the rows out.

pub(crate) mod apim;
pub(crate) mod authorization;
pub(crate) mod cdn;
pub(crate) mod identity;
pub(crate) mod insights;
pub(crate) mod managed_identity;
pub(crate) mod network;
pub(crate) mod operational_insights;
pub(crate) mod private_link;
pub(crate) mod resources;
pub(crate) mod rule;
pub(crate) mod shape;
pub(crate) mod storage;
pub(crate) mod style;
pub(crate) mod unchanged;
pub(crate) mod waf;
pub(crate) mod web;

use serde_json::Value;
use time::OffsetDateTime;

use super::arm::id::ArmId;
use super::message::{Request, Response};
use super::refusal::{ErrorStyle, Refusal};
use super::store::{Entry, Object, Store};
use rule::Rule;
use style::{Conflict, Etag, IdForm, LocationForm, Names, Reads, Reply, State, Tags};

/// Why a row says what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// A recording's file name.
    Recorded(&'static str),
    /// Page and its date.
    Documented(&'static str, &'static str),
    /// Never seen, concluded: from what.
    Inferred(&'static str),
}

/// One resource type. Write `Behaviour { arm_type: …, ..ROW }` and change what differs.
pub(crate) struct Behaviour {
    /// As Azure spells it: `Microsoft.Network/virtualNetworks/subnets`.
    pub(crate) arm_type: &'static str,
    /// Oldest first; a version that is not here is served by the newest.
    pub(crate) versions: &'static [&'static str],
    pub(crate) names: Names,
    /// The request body in the notation of `shape.rs`. Empty: this type cannot be PUT.
    pub(crate) shape: &'static str,
    pub(crate) rules: &'static [Rule],
    /// Members that came with an API version: pointer (`*` for each element) and version. Older requests don't see them.
    pub(crate) since: &'static [(&'static str, &'static str)],
    pub(crate) id_form: IdForm,
    pub(crate) location: LocationForm,
    pub(crate) tags: Tags,
    pub(crate) etag: Etag,
    pub(crate) state: State,
    pub(crate) create: Reply,
    pub(crate) update: Reply,
    /// None: the type has no PATCH.
    pub(crate) patch: Option<Reply>,
    /// Objects that a PATCH replaces as a whole instead of merging into.
    pub(crate) replaced_by_patch: &'static [&'static str],
    /// None: the type has no DELETE.
    pub(crate) delete: Option<Reply>,
    /// Status of a DELETE of something that is not there.
    pub(crate) delete_absent: u16,
    /// GET of a single member; links of API Management answer only HEAD.
    pub(crate) reads: Reads,
    /// What is there without anybody having made it, below a scope (built-in roles).
    pub(crate) built_in: fn(&str) -> Vec<Object>,
    /// Which members of a collection's scope its list shows; extension types differ.
    pub(crate) listed: fn(&Listing) -> bool,
    /// A write while the object's own operation runs, or a parent's.
    pub(crate) conflict: Conflict,
    pub(crate) errors: ErrorStyle,
    /// Lists carry `count` (API Management).
    pub(crate) counts: bool,
    /// The provider's 404 for a member of an existing parent; None: the front end's `ResourceNotFound`.
    pub(crate) not_found: Option<fn(&ArmId) -> Refusal>,
    /// Last say before a write is stored: refuse, fill in, write other objects along.
    pub(crate) prepare: fn(&mut Write) -> Result<(), Refusal>,
    /// The operation of a create or update has ended.
    pub(crate) settled: fn(&mut Settled),
    /// Refuses a DELETE, or takes other objects along.
    pub(crate) removing: fn(&mut Removal) -> Result<(), Refusal>,
    /// The operation of a DELETE has ended (or there was none): what it leaves behind, such as a soft-deleted name.
    pub(crate) removed: fn(&mut Removal),
    /// Shapes the stored body into what this view shows.
    pub(crate) present: fn(&mut Value, &Presented),
    /// Whether it answers for what is below it just now.
    pub(crate) answers: fn(&Store, &Object) -> Result<(), Refusal>,
    pub(crate) actions: &'static [Action],
    /// GETs below a resource that are no resources (`config/authsettingsV2/list`).
    pub(crate) views: &'static [Action],
    /// A member that cannot be read though it is there (`config/appsettings`).
    pub(crate) unreadable: fn(&ArmId) -> Option<Refusal>,
    pub(crate) evidence: Evidence,
}

/// The plainest row there is: synchronous, no etag, nothing added.
pub(crate) const ROW: Behaviour = Behaviour {
    arm_type: "",
    versions: &[],
    names: Names::Any,
    shape: "",
    rules: &[],
    since: &[],
    id_form: IdForm::AsMade,
    location: LocationForm::AsSent,
    tags: Tags::Empty,
    etag: Etag::None,
    state: State::None,
    create: Reply::done(201),
    update: Reply::done(200),
    patch: None,
    replaced_by_patch: &[],
    delete: Some(Reply::empty(200)),
    delete_absent: 204,
    reads: Reads::All,
    built_in: |_| Vec::new(),
    listed: |_| true,
    conflict: Conflict::None,
    errors: ErrorStyle::Arm,
    counts: false,
    not_found: None,
    prepare: |_| Ok(()),
    settled: |_| (),
    removing: |_| Ok(()),
    removed: |_| (),
    present: |_, _| (),
    answers: |_, _| Ok(()),
    actions: &[],
    views: &[],
    unreadable: |_| None,
    evidence: Evidence::Inferred("the common denominator of ARM providers"),
};

/// One write on its way into the store.
pub(crate) struct Write<'a> {
    pub(crate) store: &'a Store,
    pub(crate) request: &'a Request,
    pub(crate) id: &'a ArmId,
    pub(crate) now: OffsetDateTime,
    /// Directory of the subscription.
    pub(crate) tenant: &'a str,
    /// Object id of whoever asks.
    pub(crate) caller: &'a str,
    /// The whole body this write means: what a PUT sent, or what a PATCH made of the previous one.
    pub(crate) sent: &'a Value,
    pub(crate) previous: Option<&'a Object>,
    /// What will be stored: `sent` after the row's rules.
    pub(crate) body: Value,
    /// Carried over from `previous`; see [`Object::hidden`].
    pub(crate) hidden: Value,
    /// Other objects that change in the same step.
    pub(crate) also: Vec<Entry>,
    /// The row's reply; a write that Azure answers otherwise (nothing changed on the data plane, an import) sets its own.
    pub(crate) reply: Reply,
    /// Headers this one answer carries besides the row's.
    pub(crate) headers: Vec<(&'static str, String)>,
}

pub(crate) struct Listing<'a> {
    pub(crate) object: &'a Object,
    /// What stands before the collection: the parent, or the group or subscription.
    pub(crate) scope: &'a str,
    pub(crate) request: &'a Request,
}

/// An operation that has ended.
pub(crate) struct Settled<'a> {
    pub(crate) store: &'a Store,
    pub(crate) now: OffsetDateTime,
    pub(crate) tenant: &'a str,
    pub(crate) object: Object,
    pub(crate) also: Vec<Entry>,
}

pub(crate) struct Removal<'a> {
    pub(crate) store: &'a Store,
    pub(crate) request: Option<&'a Request>,
    pub(crate) now: OffsetDateTime,
    pub(crate) object: &'a Object,
    /// The row's reply, which a version of the API may answer otherwise.
    pub(crate) reply: Reply,
    /// Besides the object and everything below it, which go in any case.
    pub(crate) also: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Get,
    /// The answer to a PUT or PATCH.
    Written,
    List,
}

pub(crate) struct Presented<'a> {
    pub(crate) store: &'a Store,
    pub(crate) object: &'a Object,
    pub(crate) view: View,
    pub(crate) request: &'a Request,
}

/// A POST below a resource (`config/appsettings/list`, `listValue`).
pub(crate) struct Action {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut Call) -> Result<Response, Refusal>,
}

pub(crate) struct Call<'a> {
    pub(crate) store: &'a Store,
    pub(crate) request: &'a Request,
    pub(crate) row: &'static Behaviour,
    pub(crate) id: &'a ArmId,
    /// None where the resource is not there; the action decides whether that is an error.
    pub(crate) object: Option<&'a Object>,
    pub(crate) also: Vec<Entry>,
}

/// Every row, by provider. Another provider: another file, another line.
const PROVIDERS: &[&[Behaviour]] = &[
    authorization::ROWS,
    cdn::origin::ROWS,
    cdn::profile::ROWS,
    cdn::route::ROWS,
    cdn::rule::ROWS,
    insights::ROWS,
    managed_identity::ROWS,
    network::ROWS,
    network::dns::ROWS,
    network::endpoint::ROWS,
    network::security::ROWS,
    network::subnet::ROWS,
    network::virtual_network::ROWS,
    operational_insights::ROWS,
    resources::ROWS,
    storage::ROWS,
    waf::ROWS,
    web::config::ROWS,
    web::plan::ROWS,
    web::site::ROWS,
];

pub(crate) fn rows() -> impl Iterator<Item = &'static Behaviour> {
    let all = apim::ROWS.iter().chain(PROVIDERS);
    all.flat_map(|rows| rows.iter())
}

/// What the sandbox says Azure does, and how anybody knows.
pub fn evidence() -> Vec<(String, Evidence)> {
    let of_rows = rows().flat_map(|row| {
        let rules = row
            .rules
            .iter()
            .map(|rule| (format!("{} {}", row.arm_type, rule.path), rule.evidence));
        std::iter::once((row.arm_type.to_owned(), row.evidence)).chain(rules)
    });
    let claims = apim::CLAIMS
        .iter()
        .map(|(claim, evidence)| ((*claim).to_owned(), *evidence));
    of_rows
        .chain(claims)
        .chain(super::graph::evidence())
        .chain(super::data_plane::evidence())
        .collect()
}

/// What the store keeps of a secret: enough to see that it changed.
pub(crate) fn digest(value: &Value) -> String {
    use sha2::{Digest as _, Sha256};
    let mut hash = Sha256::new();
    match value {
        Value::String(text) => hash.update(text.as_bytes()),
        other => hash.update(other.to_string().as_bytes()),
    }
    hexadecimal(&hash.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
