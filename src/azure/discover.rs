//! Reads what stands around a gateway, whether a graph names it or not: for the controls, a stranger's API or key is
//! what matters most.
//!
//! From a few roots downward, level by level, by one table. What cannot be listed is a gap with its reason, and never
//! an empty list.

use futures::future::join_all;
use serde_json::Value;

use super::client::Client;
use super::error::Error;
use super::read::{is_absence, observe, unreadable};
use super::request::Request;
use crate::resource::{
    Directory, Found, Observed, Read, Realm, ResourceId, Unreadable, body, kinds,
};

/// What is read beneath a resource.
enum Step {
    /// All of a collection.
    Children(&'static str),
    /// One of a fixed name.
    One(&'static str, &'static str),
}

use Step::{Children, One};

/// An extension of many types.
const LOGS: &str = "providers/Microsoft.Insights/diagnosticSettings";

const BENEATH: &[(&str, &[Step])] = &[
    (
        "Microsoft.ApiManagement/service",
        &[
            Children("apis"),
            Children("namedValues"),
            Children("backends"),
            Children("products"),
            Children("subscriptions"),
            Children("privateEndpointConnections"),
            Children("policyRestrictions"),
            Children("diagnostics"),
            One("policies", "policy"),
            One("tenant", "access"),
            One("tenant", "gitAccess"),
            Children(LOGS),
        ],
    ),
    (
        "Microsoft.ApiManagement/service/apis",
        &[Children("operations"), One("policies", "policy")],
    ),
    (
        "Microsoft.ApiManagement/service/apis/operations",
        &[One("policies", "policy")],
    ),
    (
        "Microsoft.Cdn/profiles",
        &[
            Children("afdEndpoints"),
            Children("originGroups"),
            Children("customDomains"),
            Children("ruleSets"),
            Children("securityPolicies"),
            Children(LOGS),
        ],
    ),
    ("Microsoft.Cdn/profiles/afdEndpoints", &[Children("routes")]),
    (
        "Microsoft.Cdn/profiles/originGroups",
        &[Children("origins")],
    ),
    ("Microsoft.Cdn/profiles/ruleSets", &[Children("rules")]),
    (
        "Microsoft.Web/sites",
        &[
            Children("slots"),
            One("config", "web"),
            One("config", "authsettingsV2"),
            One("config", "appsettings"),
            One("basicPublishingCredentialsPolicies", "ftp"),
            One("basicPublishingCredentialsPolicies", "scm"),
        ],
    ),
    ("Microsoft.Network/virtualNetworks", &[Children("subnets")]),
];

/// What was found, and what could not be read: where, of which type, and why.
#[derive(Debug, Default)]
pub struct Discovery {
    pub found: Vec<(ResourceId, Found)>,
    pub gaps: Vec<(ResourceId, String, Unreadable)>,
}

/// Everything beneath the roots.
pub async fn beneath(client: &Client, roots: Vec<ResourceId>) -> Discovery {
    let mut discovery = Discovery::default();
    let mut open = roots;
    while !open.is_empty() {
        let level = join_all(open.iter().map(|id| level(client, id))).await;
        open.clear();
        for below in level {
            open.extend(below.found.iter().map(|(id, _)| id.clone()));
            discovery.found.extend(below.found);
            discovery.gaps.extend(below.gaps);
        }
    }
    discovery
}

/// A resource group, of which nothing else is known: what is in it, and everything beneath that.
pub async fn group(client: &Client, group: &ResourceId) -> Discovery {
    let url = client
        .endpoints()
        .arm_url(&format!("{group}/resources"), version(group), &[]);
    let listed = match client.list(Request::get(Realm::Arm, url)).await {
        Ok(items) => items,
        Err(error) => return gap(group, &group.type_name(), &error),
    };
    let ids = listed
        .iter()
        .filter_map(|item| ResourceId::parse(item.get("id")?.as_str()?).ok())
        .filter(|id| kinds::of(id).is_some());
    let mut all = Discovery::default();
    for one in join_all(ids.map(|id| one(client, id))).await {
        all.found.extend(one.found);
        all.gaps.extend(one.gaps);
    }
    let roots = all.found.iter().map(|(id, _)| id.clone()).collect();
    let below = beneath(client, roots).await;
    all.found.extend(below.found);
    all.gaps.extend(below.gaps);
    all
}

async fn level(client: &Client, id: &ResourceId) -> Discovery {
    let type_name = id.type_name();
    let row = BENEATH
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(&type_name));
    let steps = row.map_or(&[][..], |(_, steps)| steps);
    let mut all = Discovery::default();
    for one in join_all(steps.iter().map(|step| take(client, id, step))).await {
        all.found.extend(one.found);
        all.gaps.extend(one.gaps);
    }
    all
}

async fn take(client: &Client, parent: &ResourceId, step: &Step) -> Discovery {
    match step {
        Children(collection) => children(client, parent, collection).await,
        One(collection, name) => one(client, parent.child(collection, name)).await,
    }
}

/// A type that is not managed is read in the version of what it stands beneath.
fn version(id: &ResourceId) -> &'static str {
    let mut at = Some(id.clone());
    while let Some(id) = at {
        if let Some(kind) = kinds::of(&id) {
            return kind.api_version;
        }
        at = id.parent();
    }
    ""
}

pub(super) async fn children(client: &Client, parent: &ResourceId, collection: &str) -> Discovery {
    let sample = parent.child(collection, "x");
    let url = client
        .endpoints()
        .arm_url(sample.collection(), version(&sample), &[]);
    match client.list(Request::get(Realm::Arm, url)).await {
        Ok(items) => Discovery {
            found: items.into_iter().filter_map(listed).collect(),
            gaps: Vec::new(),
        },
        Err(error) => gap(parent, &sample.type_name(), &error),
    }
}

fn listed(body: Value) -> Option<(ResourceId, Found)> {
    let id = ResourceId::parse(body.get("id")?.as_str()?).ok()?;
    Some((
        id,
        Found {
            body,
            etag: None,
            object: None,
        },
    ))
}

async fn one(client: &Client, id: ResourceId) -> Discovery {
    let read = kinds::of(&id).map(|kind| kind.read);
    let query = match read {
        Some(Read::Get(query)) => query,
        // A policy of a type that is not managed.
        None => "format=rawxml",
        Some(_) => "",
    };
    let query: Vec<_> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let endpoints = client.endpoints();
    let request = if read == Some(Read::PostList) {
        let url = endpoints.arm_url(&format!("{id}/list"), version(&id), &[]);
        Request::read_action(Realm::Arm, url)
    } else {
        Request::get(
            Realm::Arm,
            endpoints.arm_url(id.as_str(), version(&id), &query),
        )
    };
    match observe(client.send(&request).await, &request) {
        Observed::Present(found) => Discovery {
            found: vec![(id, found)],
            gaps: Vec::new(),
        },
        Observed::Absent => Discovery::default(),
        Observed::Unreadable(why) => {
            let type_name = id.type_name();
            Discovery {
                found: Vec::new(),
                gaps: vec![(id, type_name, why)],
            }
        }
    }
}

/// A tier that has no such thing holds none of it.
const NOT_IN_TIER: &str = "MethodNotAllowedInPricingTier";

fn gap(at: &ResourceId, type_name: &str, error: &Error) -> Discovery {
    let is_none = is_absence(error, at.realm())
        || error.azure().is_some_and(|said| said.has_code(NOT_IN_TIER));
    if is_none {
        return Discovery::default();
    }
    Discovery {
        found: Vec::new(),
        gaps: vec![(at.clone(), type_name.to_owned(), unreadable(error))],
    }
}

/// A collection of the identity tenant and how its objects are known: by the value at a pointer.
struct Collection {
    version: &'static str,
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
    key: &'static str,
}

const FLOWS: Collection = Collection {
    version: "beta",
    path: "identity/b2cUserFlows",
    query: &[],
    key: "/id",
};

const APPLICATIONS: Collection = Collection {
    version: "v1.0",
    path: "applications",
    query: &[],
    key: "/appId",
};

/// Every application that is registered in the identity tenant, by the id that tokens have it by.
pub async fn applications(client: &Client) -> Discovery {
    directory(client, &APPLICATIONS).await
}

const EVENTS_FLOWS: Collection = Collection {
    version: "v1.0",
    path: "identity/authenticationEventsFlows",
    query: &[],
    key: "/displayName",
};

/// The flows by which people sign in and up: all of them, for B2C lets each issue tokens for every application.
pub async fn flows(client: &Client, is_b2c: bool) -> Discovery {
    let collection = if is_b2c { &FLOWS } else { &EVENTS_FLOWS };
    directory(client, collection).await
}

const USERS: Collection = Collection {
    version: "v1.0",
    path: "users",
    query: &[("$select", "id,displayName,accountEnabled,identities")],
    key: "/identities/0/issuerAssignedId",
};

/// Everybody in the identity tenant.
pub(super) async fn users(client: &Client) -> Discovery {
    directory(client, &USERS).await
}

async fn directory(client: &Client, collection: &Collection) -> Discovery {
    let Collection {
        version,
        path,
        query,
        key,
    } = collection;
    let id = |name: &str| ResourceId::graph(Directory::Identity, path, name);
    let url = client.endpoints().graph_url(version, path, query);
    let request = Request::get(Realm::Graph(Directory::Identity), url);
    match client.list(request).await {
        Ok(items) => {
            let found = items.into_iter().filter_map(|body| {
                let name = body::get(&body, key)?.as_str()?.replace('/', "%2F");
                let object = body::get(&body, "/id")?.as_str().map(str::to_owned);
                let found = Found {
                    body,
                    etag: None,
                    object,
                };
                Some((id(&name), found))
            });
            Discovery {
                found: found.collect(),
                gaps: Vec::new(),
            }
        }
        Err(error) => {
            let at = id("*");
            let type_name = at.type_name();
            gap(&at, &type_name, &error)
        }
    }
}

/// A document at an https address, such as the signing keys that the metadata names.
pub async fn document(client: &Client, url: &str) -> Discovery {
    let id = ResourceId::fact(url);
    let Ok(address) = url::Url::parse(url) else {
        return Discovery::default();
    };
    let request = Request::get(Realm::Fact, address);
    match observe(client.send(&request).await, &request) {
        Observed::Present(found) => Discovery {
            found: vec![(id, found)],
            gaps: Vec::new(),
        },
        Observed::Absent => Discovery::default(),
        Observed::Unreadable(why) => Discovery {
            gaps: vec![(id, "fact".to_owned(), why)],
            found: Vec::new(),
        },
    }
}
