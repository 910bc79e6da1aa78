//! Reads live state: what each resource of the graph is, and what else stands where the graph owns a collection.
//!
//! Reads that do not depend on each other are in flight together; a Graph object that is found by another one's value
//! waits for the next level. One request per resource (a second one only where the first key of a Graph object finds
//! nothing), one per list. What cannot be read is Unreadable with its reason, never Absent.

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::Value;

use super::around::around;
use super::client::Client;
use super::discover::{self, Discovery};
use super::error::Error;
use super::lookup::{Lookup, lookup, why};
use super::request::{Request, Verb, odata_literal};
use super::response::Response;
use crate::resource::{
    Directory, Fate, Found, Graph, Kind, Listing, Live, Mark, Observed, Owner, Realm, Resource,
    ResourceId, Stranger, Unreadable, Wanted, body, kinds, owner,
};

/// Live state, and what reading it took.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub live: Live,
    /// Rounds of reads that had to wait for each other.
    pub levels: u32,
    /// What stands around and could not be read: where, of which type, and why.
    pub gaps: Vec<(ResourceId, String, Unreadable)>,
}

pub async fn read_live(client: &Client, graph: &Graph) -> Reading {
    let (mut reading, around) =
        futures::future::join(named(client, graph), around(client, graph)).await;
    reading.surround(around);
    owners(client, graph, &mut reading.live).await;
    leaving(client, graph, &mut reading.live).await;
    let inside = unnamed_apis(client, &reading.live).await;
    reading.surround(inside);
    reading
}

impl Reading {
    fn surround(&mut self, around: Discovery) {
        self.live.around.extend(around.found);
        for (id, type_name, why) in &around.gaps {
            let what = format!("{type_name} at {}", id.short());
            self.live.unlisted.insert(what, why.clone());
        }
        self.gaps.extend(around.gaps);
    }
}

/// What is inside of the APIs that the graph does not name: whether one asks for a token is told by its policy alone.
async fn unnamed_apis(client: &Client, live: &Live) -> Discovery {
    let unnamed = live.foreign.keys().chain(live.orphans.keys());
    let apis = unnamed.filter(|id| id.type_name() == API);
    discover::beneath(client, apis.cloned().collect()).await
}

const API: &str = "Microsoft.ApiManagement/service/apis";

/// What the graph names, and the lists that it is in.
async fn named(client: &Client, graph: &Graph) -> Reading {
    let mut reading = Reading::default();
    let mut pending: Vec<&Resource> = graph.iter().collect();
    let mut listings = graph.listings();
    while !pending.is_empty() || !listings.is_empty() {
        let (round, waiting) = sort_out(client, &pending, &reading.live);
        if round.is_empty() && listings.is_empty() {
            give_up(&mut reading.live, &waiting);
            break;
        }
        let lists = std::mem::take(&mut listings);
        let reads = join_all(round.into_iter().map(|task| run(client, task)));
        let lists = join_all(lists.iter().map(|listing| list(client, graph, listing)));
        let (reads, lists) = futures::future::join(reads, lists).await;
        let reads = reads.into_iter().flatten();
        reading
            .live
            .resources
            .extend(reads.map(|(id, observed)| tolerated(graph, id, observed)));
        for listed in lists {
            listed.enter(&mut reading.live);
        }
        reading.levels += 1;
        pending = waiting;
    }
    reading
}

/// Whoever may write in the resource group alone may not look at what was deleted from it. It is not known to be gone,
/// but whether it stands in the way is Azure's to say when it comes to that (domain.md A.8).
fn tolerated(graph: &Graph, id: ResourceId, observed: Observed) -> (ResourceId, Observed) {
    let is_remains = graph
        .get(&id)
        .is_some_and(|resource| matches!(resource.wanted, Wanted::Cleared { .. }));
    match observed {
        Observed::Unreadable(why) if is_remains && why.status == Some(403) => {
            (id, Observed::Absent)
        }
        other => (id, other),
    }
}

/// Lists tell less than the resources themselves, and what may be deleted is compared with what is there then.
async fn leaving(client: &Client, graph: &Graph, live: &mut Live) {
    let is_pruned =
        |id: &ResourceId| graph.rules.unmanaged.of_stranger(&id.type_name()) == Fate::Prune;
    let pruned = live.foreign.keys().filter(|id| is_pruned(id));
    let resources: Vec<Resource> = live
        .orphans
        .keys()
        .chain(pruned)
        .filter(|id| id.realm() == Realm::Arm)
        .filter_map(|id| Some(Resource::unnamed(id, kinds::of(id)?)))
        .collect();
    let reads = resources
        .iter()
        .map(async |resource| (resource, read_one(client, resource, &Live::default()).await));
    for (resource, observed) in join_all(reads).await {
        let id = &resource.id;
        match observed {
            Observed::Present(found) => match live.foreign.get_mut(id) {
                Some(stranger) => stranger.found = found,
                None => drop(live.orphans.insert(id.clone(), found)),
            },
            Observed::Absent => {
                live.orphans.remove(id);
                live.foreign.remove(id);
            }
            Observed::Unreadable(why) => drop(live.unlisted.insert(id.to_string(), why)),
        }
    }
}

/// Whose those are that are named by the graph, are there, and lack our link: an API that somebody else made.
async fn owners(client: &Client, graph: &Graph, live: &mut Live) {
    let lacks_link = |resource: &&Resource| {
        let link = resource.id.child("tags", &owner::link(&graph.owner));
        resource.kind.mark == Mark::ApimTag
            && matches!(resource.wanted, Wanted::Body(_))
            && live.get(&resource.id).found().is_some()
            && *live.get(&link) == Observed::Absent
    };
    let reads = graph.iter().filter(lacks_link).map(async |resource| {
        let owner = linked(client, resource.kind, &resource.id, &graph.owner).await;
        (resource.id.clone(), owner)
    });
    for (id, owner) in join_all(reads).await {
        match owner {
            Ok(owner) => drop(live.owners.insert(id, owner)),
            Err(error) => drop(
                live.unlisted
                    .insert(format!("{id}/tags"), unreadable(&error)),
            ),
        }
    }
}

/// Reads one resource again, with the values of `live` for its keys.
pub fn read_one<'a>(
    client: &'a Client,
    resource: &Resource,
    live: &Live,
) -> impl Future<Output = Observed> + use<'a> {
    let (tasks, _) = sort_out(client, &[resource], live);
    async move {
        let observed = join_all(tasks.into_iter().map(|task| run(client, task))).await;
        match observed.into_iter().flatten().next() {
            Some((_, observed)) => observed,
            None => Observed::Unreadable(why(
                "NoKey",
                "what it is found by has not been read".to_owned(),
            )),
        }
    }
}

/// One thing to do in a round.
enum Task {
    Known(ResourceId, Observed),
    One(ResourceId, Request),
    ByKey(ResourceId, Vec<Request>),
    /// Several resources of one collection share its list.
    Collection(Request, &'static str, Vec<ResourceId>),
}

/// What can be read now, and what waits.
fn sort_out<'a>(
    client: &Client,
    pending: &[&'a Resource],
    live: &Live,
) -> (Vec<Task>, Vec<&'a Resource>) {
    let mut tasks = Vec::new();
    let mut waiting = Vec::new();
    let mut collections: BTreeMap<String, Task> = BTreeMap::new();
    for resource in pending {
        let id = resource.id.clone();
        match lookup(client.endpoints(), resource, live) {
            Lookup::One(request) => tasks.push(Task::One(id, request)),
            Lookup::ByKey(requests) => tasks.push(Task::ByKey(id, requests)),
            Lookup::Absent => tasks.push(Task::Known(id, Observed::Absent)),
            Lookup::Unreadable(because) => {
                tasks.push(Task::Known(id, Observed::Unreadable(because)));
            }
            Lookup::After => waiting.push(*resource),
            Lookup::InCollection(request, pointer) => {
                let key = request.url.to_string();
                let task = collections
                    .entry(key)
                    .or_insert_with(|| Task::Collection(request, pointer, Vec::new()));
                if let Task::Collection(_, _, ids) = task {
                    ids.push(id);
                }
            }
        }
    }
    tasks.extend(collections.into_values());
    (tasks, waiting)
}

/// The graph has no cycles, so this is only reached when a key refers to something outside of it.
fn give_up(live: &mut Live, waiting: &[&Resource]) {
    for resource in waiting {
        let because = why(
            "NoKey",
            "what it is found by is not part of the graph".to_owned(),
        );
        live.resources
            .insert(resource.id.clone(), Observed::Unreadable(because));
    }
}

async fn run(client: &Client, task: Task) -> Vec<(ResourceId, Observed)> {
    match task {
        Task::Known(id, observed) => vec![(id, observed)],
        Task::One(id, request) => {
            let observed = observe(client.send(&request).await, &request);
            vec![(id, observed)]
        }
        Task::ByKey(id, requests) => {
            let observed = by_key(client, &requests).await;
            vec![(id, observed)]
        }
        Task::Collection(request, pointer, ids) => {
            let items = client.list(request).await;
            ids.into_iter()
                .map(|id| (id.clone(), in_collection(&items, pointer, &id)))
                .collect()
        }
    }
}

pub(super) fn observe(answer: Result<Response, Error>, request: &Request) -> Observed {
    match answer {
        Ok(response) if request.verb == Verb::Head => Observed::Present(Found {
            body: Value::Object(serde_json::Map::new()),
            etag: etag(&response),
            object: None,
        }),
        Ok(response) => {
            let etag = etag(&response);
            match response.into_json() {
                Some(body @ Value::Object(_)) => present(body, etag, request.realm),
                _ => {
                    Observed::Unreadable(why("NotJson", "the answer is no JSON object".to_owned()))
                }
            }
        }
        Err(error) if is_absence(&error, request.realm) => Observed::Absent,
        Err(error) => Observed::Unreadable(unreadable(&error)),
    }
}

fn present(body: Value, etag: Option<String>, realm: Realm) -> Observed {
    let object = match realm {
        Realm::Graph(_) => body::get(&body, "/id")
            .and_then(Value::as_str)
            .map(str::to_owned),
        Realm::Arm | Realm::Fact => None,
    };
    Observed::Present(Found { body, etag, object })
}

/// API Management sends its entity tag as a header, Network and private DNS in the body too; Graph in the body alone.
fn etag(response: &Response) -> Option<String> {
    let in_body = |name: &str| response.json().and_then(|body| body.get(name)?.as_str());
    response
        .header("etag")
        .or_else(|| in_body("etag"))
        .or_else(|| in_body("@odata.etag"))
        .map(str::to_owned)
}

/// A 404 means absence only when the service itself says so about the resource: an unknown subscription or type, or
/// the page of a proxy, says nothing about it.
pub(super) fn is_absence(error: &Error, realm: Realm) -> bool {
    const NOT_ABOUT_IT: &[&str] = &[
        "SubscriptionNotFound",
        "InvalidResourceType",
        "InvalidResourceNamespace",
        "NoRegisteredProviderFound",
    ];
    let Some(said) = error.azure().filter(|said| said.is_not_found()) else {
        return false;
    };
    realm == Realm::Fact
        || (said.is_structured && !NOT_ABOUT_IT.iter().any(|code| said.has_code(code)))
}

async fn by_key(client: &Client, requests: &[Request]) -> Observed {
    for request in requests {
        let mut found = match client.find(request).await {
            Ok(found) => found,
            Err(error) if is_absence(&error, request.realm) => continue,
            Err(error) => return Observed::Unreadable(unreadable(&error)),
        };
        match (found.pop(), found.len()) {
            (None, _) => {}
            (Some(body), 0) => return present(body, None, request.realm),
            (Some(last), others) => {
                return Observed::Unreadable(ambiguous(&[found, vec![last]].concat(), others + 1));
            }
        }
    }
    Observed::Absent
}

/// Two objects with one key: secgw never picks.
fn ambiguous(found: &[Value], count: usize) -> Unreadable {
    let ids: Vec<_> = found
        .iter()
        .filter_map(|object| body::get(object, "/id")?.as_str())
        .collect();
    Unreadable {
        hint: Some("delete all but one of them".to_owned()),
        ..why(
            "Ambiguous",
            format!("{count} objects have its key: {}", ids.join(", ")),
        )
    }
}

fn in_collection(items: &Result<Vec<Value>, Error>, pointer: &str, id: &ResourceId) -> Observed {
    let items = match items {
        Ok(items) => items,
        Err(error) if is_absence(error, id.realm()) => return Observed::Absent,
        Err(error) => return Observed::Unreadable(unreadable(error)),
    };
    let is_it = |item: &&Value| body::get(item, pointer).and_then(Value::as_str) == Some(id.name());
    let found: Vec<Value> = items.iter().filter(is_it).cloned().collect();
    match found.as_slice() {
        [] => Observed::Absent,
        [one] => {
            let object = body::get(one, "/id")
                .and_then(Value::as_str)
                .map(str::to_owned);
            Observed::Present(Found {
                etag: None,
                object,
                body: one.clone(),
            })
        }
        several => Observed::Unreadable(ambiguous(several, several.len())),
    }
}

pub(super) fn unreadable(error: &Error) -> Unreadable {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    if let Some(said) = error.azure() {
        message.clone_from(&said.message);
        source = None;
    }
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    Unreadable {
        status: error.azure().map(|said| said.status),
        code: error
            .azure()
            .map_or_else(|| error.code().to_owned(), |said| said.code.clone()),
        message,
        hint: error.hint().map(String::from),
    }
}

/// What a list said about resources that the graph does not name.
#[derive(Default)]
struct Listed {
    orphans: Vec<(ResourceId, Found)>,
    foreign: Vec<(ResourceId, Stranger)>,
    unlisted: Option<(String, Unreadable)>,
}

impl Listed {
    fn enter(self, live: &mut Live) {
        live.orphans.extend(self.orphans);
        live.foreign.extend(self.foreign);
        live.unlisted.extend(self.unlisted);
    }
}

async fn list(client: &Client, graph: &Graph, listing: &Listing) -> Listed {
    let request = list_request(client, graph, listing);
    let what = request.to_string();
    let items = match client.list(request.clone()).await {
        Ok(items) => items,
        Err(error) if is_absence(&error, request.realm) => return Listed::default(),
        Err(error) => {
            return Listed {
                unlisted: Some((what, unreadable(&error))),
                ..Listed::default()
            };
        }
    };
    let strangers = items
        .into_iter()
        .filter_map(|item| Some((listed_id(listing, &graph.owner, &item)?, item)));
    let strangers: Vec<_> = strangers
        .filter(|(id, _)| graph.get(id).is_none() && !is_built_in(id))
        .collect();
    let owners = join_all(
        strangers
            .iter()
            .map(|(id, item)| owner(client, graph, listing, id, item)),
    )
    .await;
    let mut listed = Listed::default();
    for ((id, body), owner) in strangers.into_iter().zip(owners) {
        let object = match id.realm() {
            Realm::Graph(_) => body::get(&body, "/id").and_then(Value::as_str),
            Realm::Arm | Realm::Fact => None,
        };
        let found = Found {
            object: object.map(str::to_owned),
            body,
            etag: None,
        };
        match owner {
            Ok(owner) if is_ours(&owner, &graph.owner, &id) => listed.orphans.push((id, found)),
            Ok(owner) => listed.foreign.push((id, Stranger { found, owner })),
            Err(error) => listed.unlisted = Some((what.clone(), unreadable(&error))),
        }
    }
    listed
}

/// What Azure itself keeps in every service.
fn is_built_in(id: &ResourceId) -> bool {
    const BUILT_IN: &[(&str, &str)] =
        &[("Microsoft.ApiManagement/service/subscriptions", "master")];
    BUILT_IN
        .iter()
        .any(|(type_name, name)| id.name() == *name && id.type_name() == *type_name)
}

/// What the table does not know is not ours to delete, whatever it says.
fn is_ours(owner: &Owner, spec: &str, id: &ResourceId) -> bool {
    (owner.is(spec) || *owner == Owner::Inside) && kinds::of(id).is_some()
}

fn list_request(client: &Client, graph: &Graph, listing: &Listing) -> Request {
    let endpoints = client.endpoints();
    match listing {
        Listing::Children { parent, kind } => {
            let path = format!("{parent}/{}", collection_of(kind));
            Request::get(Realm::Arm, endpoints.arm_url(&path, kind.api_version, &[]))
        }
        Listing::Group { group } => {
            let version = kinds::of(group).map_or("", |kind| kind.api_version);
            let path = format!("{group}/resources");
            Request::get(Realm::Arm, endpoints.arm_url(&path, version, &[]))
        }
        Listing::Applications { directory } => applications(client, *directory, &graph.owner),
    }
}

fn applications(client: &Client, directory: Directory, owner: &str) -> Request {
    let prefix = odata_literal(&owner::graph_prefix(owner));
    let filter = format!("tags/any(t:startswith(t,'{prefix}'))");
    let url = client
        .endpoints()
        .graph_url("v1.0", "applications", &[("$filter", &filter)]);
    Request::get(Realm::Graph(directory), url)
}

fn collection_of(kind: &Kind) -> &str {
    kind.type_name.rsplit('/').next().unwrap_or_default()
}

/// The id of a listed item as the graph would spell it. An application is known by the name in our tag.
fn listed_id(listing: &Listing, owner: &str, item: &Value) -> Option<ResourceId> {
    match listing {
        Listing::Children { .. } | Listing::Group { .. } => {
            ResourceId::parse(item.get("id")?.as_str()?).ok()
        }
        Listing::Applications { directory } => {
            let prefix = owner::graph_prefix(owner);
            let mut tags = item
                .get("tags")?
                .as_array()?
                .iter()
                .filter_map(Value::as_str);
            let name = tags.find_map(|tag| tag.strip_prefix(&prefix))?;
            Some(ResourceId::graph(*directory, "applications", name))
        }
    }
}

/// Whose a stranger is (architecture.md, decision 5).
async fn owner(
    client: &Client,
    graph: &Graph,
    listing: &Listing,
    id: &ResourceId,
    item: &Value,
) -> Result<Owner, Error> {
    let kind = match listing {
        Listing::Children { kind, .. } => kind,
        Listing::Group { .. } => return Ok(Owner::of_tag(item)),
        Listing::Applications { .. } => return Ok(Owner::Spec(graph.owner.clone())),
    };
    match kind.mark {
        Mark::ApimTag => linked(client, kind, id, &graph.owner).await,
        Mark::Scope => Ok(scope_owner(graph, id, item)),
        Mark::ArmTag
        | Mark::Founder
        | Mark::GraphTag
        | Mark::NamePrefix
        | Mark::Unmarked
        | Mark::Parent
        | Mark::Fixed => Ok(Owner::of(kind, id, item)),
    }
}

/// A key to an API of ours goes with it.
fn scope_owner(graph: &Graph, id: &ResourceId, item: &Value) -> Owner {
    let scope = body::get(item, "/properties/scope").and_then(Value::as_str);
    let service = id.parent().map(|parent| parent.to_string());
    let scope = scope.zip(service).and_then(|(scope, service)| {
        let full = if scope.to_ascii_lowercase().starts_with("/subscriptions/") {
            scope.to_owned()
        } else {
            format!("{service}/{}", scope.trim_start_matches('/'))
        };
        ResourceId::parse(&full).ok()
    });
    match scope.filter(|scope| {
        graph
            .get(scope)
            .is_some_and(|api| api.kind.mark == Mark::ApimTag)
    }) {
        Some(_) => Owner::Inside,
        None => Owner::Unknown,
    }
}

/// By the tags that are linked to it; ours where several are.
async fn linked(client: &Client, kind: &Kind, id: &ResourceId, spec: &str) -> Result<Owner, Error> {
    let url = client
        .endpoints()
        .arm_url(&format!("{id}/tags"), kind.api_version, &[]);
    let tags = match client.list(Request::get(Realm::Arm, url)).await {
        Ok(tags) => tags,
        // Gone since it was listed.
        Err(error) if error.is_not_found() => return Ok(Owner::Unknown),
        Err(error) => return Err(error),
    };
    let names = tags
        .iter()
        .filter_map(|tag| Owner::of_link(tag.get("name")?.as_str()?));
    let mut owners: Vec<Owner> = names.collect();
    owners.sort_by_key(|owner| !owner.is(spec));
    Ok(owners.into_iter().next().unwrap_or(Owner::Unknown))
}

#[cfg(test)]
mod tests {
    use super::super::response::AzureError;
    use super::*;
    use serde_json::json;

    fn refused(status: u16, body: &str) -> Error {
        let response = Response::new(status, [], body.as_bytes());
        let error = Box::new(AzureError::parse(&response));
        Error::Refused {
            doing: "GET x".to_owned(),
            error,
        }
    }

    fn coded(status: u16, code: &str) -> Error {
        refused(
            status,
            &json!({ "error": { "code": code, "message": "m" } }).to_string(),
        )
    }

    #[test]
    fn absence_is_only_what_the_service_says_about_the_resource() {
        for code in [
            "ResourceNotFound",
            "ParentResourceNotFound",
            "ResourceGroupNotFound",
            "NotFound",
        ] {
            assert!(is_absence(&coded(404, code), Realm::Arm), "{code}");
        }
        assert!(is_absence(&refused(404, "null"), Realm::Arm));
        assert!(!is_absence(&coded(404, "SubscriptionNotFound"), Realm::Arm));
        assert!(!is_absence(&coded(403, "AuthorizationFailed"), Realm::Arm));
        assert!(!is_absence(
            &refused(404, "<html>no such host</html>"),
            Realm::Arm
        ));
        assert!(is_absence(
            &refused(404, "<html>no such policy</html>"),
            Realm::Fact
        ));
    }

    #[test]
    fn a_403_is_unreadable_with_its_reason_and_a_remedy() {
        let request = Request::get(
            Realm::Arm,
            url::Url::parse("https://management.azure.com/x").unwrap(),
        );
        let Observed::Unreadable(because) =
            observe(Err(coded(403, "AuthorizationFailed")), &request)
        else {
            panic!()
        };
        assert_eq!(
            (
                because.status,
                because.code.as_str(),
                because.message.as_str()
            ),
            (Some(403), "AuthorizationFailed", "m")
        );
        assert!(because.hint.unwrap().contains("Contributor"));
    }

    #[test]
    fn a_graph_object_is_known_by_the_id_the_directory_gave_it() {
        let found = present(
            json!({ "id": "o-1", "appId": "a-1" }),
            None,
            Realm::Graph(Directory::Identity),
        );
        assert_eq!(found.found().unwrap().object.as_deref(), Some("o-1"));
        let found = present(json!({ "id": "/subscriptions/x" }), None, Realm::Arm);
        assert_eq!(found.found().unwrap().object, None);
    }

    #[test]
    fn the_entity_tag_comes_from_the_header_or_the_body() {
        let response = |headers: &[(&str, &str)], body: Value| {
            let headers = headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Response::new(200, headers, body.to_string().as_bytes())
        };
        let tag = etag(&response(
            &[("ETag", "\"AAA=\"")],
            json!({ "etag": "AAA=" }),
        ));
        assert_eq!(tag.as_deref(), Some("\"AAA=\""));
        assert_eq!(
            etag(&response(&[], json!({ "etag": "W/\"1\"" }))).as_deref(),
            Some("W/\"1\"")
        );
        assert_eq!(etag(&response(&[], json!({}))), None);
    }

    #[test]
    fn a_connection_is_found_by_its_message_and_two_are_an_error() {
        let service =
            ResourceId::resource_group("s", "rg").provider("Microsoft.ApiManagement/service", "gw");
        let id = service.child("privateEndpointConnections", "secgw orders");
        let item = |name: &str, text: &str| {
            json!({ "id": format!("{service}/privateEndpointConnections/{name}"),
                    "properties": { "privateLinkServiceConnectionState": { "description": text } } })
        };
        let pointer = "/properties/privateLinkServiceConnectionState/description";
        let look = |items: Vec<Value>| in_collection(&Ok(items), pointer, &id);
        let found = look(vec![item("a", "other"), item("b", "secgw orders")]);
        assert!(
            found
                .found()
                .unwrap()
                .object
                .as_ref()
                .unwrap()
                .ends_with("/b")
        );
        assert_eq!(look(vec![item("a", "other")]), Observed::Absent);
        let Observed::Unreadable(because) =
            look(vec![item("a", "secgw orders"), item("b", "secgw orders")])
        else {
            panic!()
        };
        assert_eq!(because.code, "Ambiguous");
        assert!(
            because
                .message
                .starts_with("2 objects have its key: /subscriptions/s/"),
            "{}",
            because.message
        );
        assert_eq!(
            in_collection(&Err(coded(404, "ResourceNotFound")), pointer, &id),
            Observed::Absent
        );
    }

    #[test]
    fn listed_applications_are_named_by_our_tag() {
        let listing = Listing::Applications {
            directory: Directory::Identity,
        };
        let id = |tags: Value| listed_id(&listing, "orders", &json!({ "id": "o-1", "tags": tags }));
        assert_eq!(
            id(json!(["x", "secgw:orders/web"])),
            Some(ResourceId::graph(
                Directory::Identity,
                "applications",
                "web"
            ))
        );
        assert_eq!(id(json!(["secgw:other/web"])), None);
    }
}
