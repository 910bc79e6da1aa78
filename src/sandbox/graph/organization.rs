//! The directory itself: its domains, and the first-party service principals every directory has.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::entity::{BOTH, Entity};
use super::service_principal;
use super::session::{Session, items, made, store_id, well_known_id};
use crate::sandbox::behaviour::Evidence;
use crate::sandbox::store::{Entry, Object, Store};
use crate::sandbox::world::timestamp;

const COLLECTION: &str = "organization";

pub(super) const ENTITY: Entity = Entity {
    collection: COLLECTION,
    odata_type: "microsoft.graph.organization",
    versions: BOTH,
    alternate_keys: &[],
    readers: &[
        "Organization.Read.All",
        "Organization.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "User.Read.All",
        "User.ReadWrite.All",
    ],
    writers: &["Organization.ReadWrite.All", "Directory.ReadWrite.All"],
    shape: "",
    blank: r#"{"id":null,"displayName":null,"createdDateTime":null,"tenantType":null,"verifiedDomains":[]}"#,
    shown: &[],
    create: None,
    update: None,
    remove: None,
    below: None,
    evidence: Evidence::Documented(
        "learn.microsoft.com/graph/api/resources/organization",
        "2025-03",
    ),
};

/// What every directory has from the start; empty once it is there.
pub(super) fn founding(store: &Store, tenant: &str, now: OffsetDateTime) -> Vec<Entry> {
    let key = format!("{}/{tenant}", store_id(tenant, COLLECTION));
    if store.get(&key).is_some() {
        return Vec::new();
    }
    let organization = json!({
        "id": tenant, "displayName": "Sandbox directory", "createdDateTime": timestamp(now),
        "tenantType": "AAD", "verifiedDomains": [],
    });
    let mut objects = vec![made(tenant, COLLECTION, organization, now)];
    let graph = service_principal::microsoft_graph(&well_known_id(tenant, "Microsoft Graph"));
    objects.push(made(tenant, service_principal::COLLECTION, graph, now));
    for object in &mut objects {
        object.hidden = Value::Null;
    }
    objects.into_iter().map(Entry::Put).collect()
}

/// A host the directory owns.
pub(super) enum Domain {
    Known,
    Learnt(Entry),
}

impl Domain {
    pub(super) fn learnt(self) -> Option<Entry> {
        match self {
            Self::Known => None,
            Self::Learnt(entry) => Some(entry),
        }
    }
}

/// None: the directory does not own this host. A directory's initial domain is learnt from its first use, because
/// nobody creates a directory in the sandbox; every other `onmicrosoft.com` host is somebody else's from then on.
pub(super) fn verify(session: &Session, host: &str) -> Option<Domain> {
    let host = host.to_lowercase();
    let organization = this(session)?;
    let mut domains = items(&organization.body["verifiedDomains"]);
    let is_own = |domain: &Value| {
        let name = domain["name"].as_str().unwrap_or_default();
        host == name || host.ends_with(&format!(".{name}"))
    };
    if domains.any(is_own) {
        return Some(Domain::Known);
    }
    let has_domain = items(&organization.body["verifiedDomains"])
        .next()
        .is_some();
    let name = host.strip_suffix(".onmicrosoft.com")?;
    if has_domain || name.is_empty() || name.contains('.') {
        return None;
    }
    Some(Domain::Learnt(adopt(organization, &host)))
}

pub(super) fn domain(session: &Session) -> Option<String> {
    let organization = this(session)?;
    let first = items(&organization.body["verifiedDomains"]).next()?;
    first["name"].as_str().map(str::to_owned)
}

fn this<'a>(session: &Session<'a>) -> Option<&'a Object> {
    session.all(COLLECTION).next()
}

fn adopt(organization: &Object, host: &str) -> Entry {
    let mut body = organization.body.clone();
    body["verifiedDomains"] = json!([{
        "capabilities": "Email, OfficeCommunicationsOnline", "isDefault": true, "isInitial": true,
        "name": host, "type": "Managed",
    }]);
    Session::changed(organization, body)
}
