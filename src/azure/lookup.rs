//! Which requests read a resource, without IO: the kind's row says how, the desired body fills in Graph keys.
//!
//! A key may depend on what another read answers (a service principal is found by its application's `appId`), so the
//! outcome of looking a read up can be that it has to wait. `read` runs these level by level.

use serde_json::Value;

use super::cloud::Endpoints;
use super::request::{Request, encode_segment, odata_literal};
use crate::resource::{
    Live, Observed, Read, Realm, Ref, Resource, ResourceId, Term, Unreadable, Wanted,
};

/// How to read a resource now.
#[derive(Debug)]
pub(super) enum Lookup {
    /// One address.
    One(Request),
    /// Objects by a key; alternatives in order, the first that finds something counts.
    ByKey(Vec<Request>),
    /// In its collection, by the value at the pointer.
    InCollection(Request, &'static str),
    /// Not before what its key comes from has been read.
    After,
    /// Its key comes from something that is not there.
    Absent,
    Unreadable(Unreadable),
}

pub(super) fn lookup(endpoints: &Endpoints, resource: &Resource, live: &Live) -> Lookup {
    let Resource { id, kind, .. } = resource;
    if let Wanted::Cleared { of, .. } = &resource.wanted {
        match live.resources.get(of) {
            None => return Lookup::After,
            Some(Observed::Absent) => {}
            // What is there has its name, so nothing else holds it.
            Some(_) => return Lookup::Absent,
        }
    }
    let version = kind.api_version;
    match kind.read {
        Read::Get(query) => {
            let query: Vec<_> = query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .collect();
            Lookup::One(Request::get(
                Realm::Arm,
                endpoints.arm_url(id.as_str(), version, &query),
            ))
        }
        Read::PostList => {
            let path = format!("{id}/list");
            Lookup::One(Request::read_action(
                Realm::Arm,
                endpoints.arm_url(&path, version, &[]),
            ))
        }
        Read::Head => Lookup::One(Request::head(
            Realm::Arm,
            endpoints.arm_url(id.as_str(), version, &[]),
        )),
        Read::Fact => match url::Url::parse(id.name()) {
            Ok(url) => Lookup::One(Request::get(Realm::Fact, url)),
            Err(error) => Lookup::Unreadable(why("InvalidAddress", error.to_string())),
        },
        Read::Match(pointer) => {
            let url = endpoints.arm_url(id.collection(), version, &[]);
            Lookup::InCollection(Request::get(Realm::Arm, url), pointer)
        }
        Read::Find(templates) => find(endpoints, resource, templates, live),
    }
}

pub(super) fn why(code: &str, message: String) -> Unreadable {
    Unreadable {
        status: None,
        code: code.to_owned(),
        message,
        hint: None,
    }
}

fn find(endpoints: &Endpoints, resource: &Resource, templates: &str, live: &Live) -> Lookup {
    let filled: Vec<_> = templates
        .split(" | ")
        .map(|template| fill(endpoints, resource, template, live))
        .collect();
    let mut usable = Vec::new();
    let mut blockers = Vec::new();
    for result in filled {
        match result {
            Ok(request) => usable.push(request),
            Err(missing) => blockers.extend(missing),
        }
    }
    if usable.is_empty() {
        blocked(resource, &blockers, live)
    } else {
        Lookup::ByKey(usable)
    }
}

/// Nothing to search by: because of what was not read yet, is not there, or cannot be read.
fn blocked(resource: &Resource, blockers: &[ResourceId], live: &Live) -> Lookup {
    if blockers.iter().any(|id| !live.resources.contains_key(id)) {
        return Lookup::After;
    }
    for id in blockers {
        match live.get(id) {
            Observed::Absent => return Lookup::Absent,
            Observed::Unreadable(cause) => {
                let message = format!(
                    "it is found by a value of {}, which cannot be read",
                    id.short()
                );
                return Lookup::Unreadable(Unreadable {
                    message,
                    ..cause.clone()
                });
            }
            Observed::Present(_) => {}
        }
    }
    Lookup::Unreadable(why(
        "NoKey",
        format!(
            "nothing in the desired {} says how to find it",
            resource.kind.noun
        ),
    ))
}

/// The request of one alternative, or the resources whose values it lacks.
fn fill(
    endpoints: &Endpoints,
    resource: &Resource,
    template: &str,
    live: &Live,
) -> Result<Request, Vec<ResourceId>> {
    let (path, query) = template.split_once('?').unwrap_or((template, ""));
    let in_path = |pointer: &str| key(resource, pointer, live).map(|key| encode_segment(&key));
    let path = substitute(path, in_path)?;
    let mut pairs = Vec::new();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        pairs.push((
            name,
            substitute(value, |pointer| key(resource, pointer, live))?,
        ));
    }
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let url = endpoints.graph_url(resource.kind.api_version, &path, &pairs);
    Ok(Request::get(resource.id.realm(), url))
}

/// Replaces every `{pointer}`.
fn substitute<E>(template: &str, value: impl Fn(&str) -> Result<String, E>) -> Result<String, E> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((head, tail)) = rest.split_once('{') {
        let (pointer, tail) = tail.split_once('}').unwrap_or((tail, ""));
        filled.push_str(head);
        filled.push_str(&value(pointer)?);
        rest = tail;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A value to search by, or the resources that would have to give it. Nobody, when the body simply has no such value.
fn key(resource: &Resource, pointer: &str, live: &Live) -> Result<String, Vec<ResourceId>> {
    if pointer == "@key" {
        return Ok(odata_literal(resource.id.name()));
    }
    let term = resource
        .body()
        .and_then(|body| body.at(pointer))
        .ok_or_else(Vec::new)?;
    let known = term
        .resolve(&|reference: &Ref| live.value(reference))
        .known();
    match known {
        Some(Value::String(text)) => Ok(odata_literal(&text)),
        Some(_) => Err(Vec::new()),
        None => Err(sources(term, &resource.id)),
    }
}

/// A resource that searches by its own values (an identifier URI made of the application's own id) cannot wait for
/// itself.
fn sources(term: &Term, own: &ResourceId) -> Vec<ResourceId> {
    let sources = term
        .references()
        .into_iter()
        .map(|reference| reference.resource.clone());
    sources.filter(|id| id != own).collect()
}

#[cfg(test)]
mod tests {
    use super::super::cloud::Cloud;
    use super::*;
    use crate::resource::{At, Directory, Found, Wanted, kinds, reference_to};
    use serde_json::json;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    fn wanted(id: &ResourceId, body: Value) -> Resource {
        Resource {
            id: id.clone(),
            kind: kinds::of(id).unwrap(),
            wanted: Wanted::Body(Term::from(body)),
            depends_on: BTreeSet::new(),
            serves: BTreeSet::new(),
            source: At::new("", &Arc::from("spec.yaml"), 1, 1),
            protect: false,
        }
    }

    fn look(resource: &Resource, live: &Live) -> Lookup {
        lookup(&Cloud::public().endpoints().unwrap(), resource, live)
    }

    fn address(lookup: Lookup) -> String {
        match lookup {
            Lookup::One(request) | Lookup::InCollection(request, _) => {
                format!("{} {}", request.verb.name(), request.url)
            }
            Lookup::ByKey(requests) => requests[0].url.to_string(),
            other => panic!("{other:?}"),
        }
    }

    fn application() -> ResourceId {
        ResourceId::graph(Directory::Identity, "applications", "api")
    }

    fn principal() -> Resource {
        let id = ResourceId::graph(Directory::Identity, "servicePrincipals", "api");
        wanted(
            &id,
            json!({ "appId": reference_to(&application(), "/appId") }),
        )
    }

    #[test]
    fn the_kinds_row_says_how_a_resource_is_read() {
        let service =
            ResourceId::resource_group("s", "rg").provider("Microsoft.ApiManagement/service", "gw");
        let site = ResourceId::resource_group("s", "rg").provider("Microsoft.Web/sites", "f");
        let policy = wanted(&service.child("policies", "policy"), json!({}));
        assert!(
            address(look(&policy, &Live::default()))
                .ends_with("/policies/policy?api-version=2024-05-01&format=rawxml")
        );
        let settings = wanted(&site.child("config", "appsettings"), json!({}));
        let line = address(look(&settings, &Live::default()));
        assert!(
            line.starts_with("POST ") && line.contains("/config/appsettings/list?api-version="),
            "{line}"
        );
        let connection = wanted(
            &service.child("privateEndpointConnections", "secgw orders"),
            json!({}),
        );
        let line = address(look(&connection, &Live::default()));
        assert!(
            line.contains("/service/gw/privateEndpointConnections?api-version="),
            "{line}"
        );
        let fact = wanted(&ResourceId::fact("https://t.b2clogin.com/x?p=y"), json!({}));
        assert_eq!(
            address(look(&fact, &Live::default())),
            "GET https://t.b2clogin.com/x?p=y"
        );
    }

    #[test]
    fn graph_objects_are_searched_by_their_key_in_order() {
        let body =
            json!({ "tags": ["secgw:orders/api"], "identifierUris": ["https://t.example/o'api"] });
        let Lookup::ByKey(requests) = look(&wanted(&application(), body), &Live::default()) else {
            panic!()
        };
        let filters: Vec<_> = requests
            .iter()
            .map(|r| r.url.query_pairs().next().unwrap().1.into_owned())
            .collect();
        assert_eq!(
            filters,
            [
                "tags/any(t:t eq 'secgw:orders/api')",
                "identifierUris/any(u:u eq 'https://t.example/o''api')"
            ]
        );
        assert_eq!(requests[0].realm, Realm::Graph(Directory::Identity));
    }

    #[test]
    fn a_key_that_another_read_answers_is_waited_for() {
        let mut live = Live::default();
        assert!(matches!(look(&principal(), &live), Lookup::After));
        live.resources.insert(application(), Observed::Absent);
        assert!(matches!(look(&principal(), &live), Lookup::Absent));
        let found = Found {
            body: json!({ "appId": "a-1" }),
            etag: None,
            object: Some("o-1".into()),
        };
        live.resources
            .insert(application(), Observed::Present(found));
        assert_eq!(
            address(look(&principal(), &live)),
            "https://graph.microsoft.com/v1.0/servicePrincipals(appId='a-1')"
        );
    }

    #[test]
    fn what_depends_on_the_unreadable_is_unreadable_for_that_reason() {
        let mut live = Live::default();
        let cause = Unreadable {
            status: Some(403),
            ..why("Authorization_RequestDenied", "no".into())
        };
        live.resources
            .insert(application(), Observed::Unreadable(cause));
        let Lookup::Unreadable(because) = look(&principal(), &live) else {
            panic!()
        };
        assert_eq!(
            (because.status, because.code.as_str()),
            (Some(403), "Authorization_RequestDenied")
        );
        assert!(
            because.message.contains("applications/api"),
            "{}",
            because.message
        );
    }

    #[test]
    fn a_key_made_of_the_objects_own_values_is_left_out() {
        let own = reference_to(&application(), "/appId");
        let body = json!({ "tags": ["secgw:orders/api"], "identifierUris": [{ "$concat": ["api://", own] }] });
        let Lookup::ByKey(requests) = look(&wanted(&application(), body), &Live::default()) else {
            panic!()
        };
        assert_eq!(requests.len(), 1);
    }

    #[test]
    fn an_object_without_any_key_is_unreadable() {
        let Lookup::Unreadable(because) =
            look(&wanted(&application(), json!({})), &Live::default())
        else {
            panic!()
        };
        assert_eq!(because.code, "NoKey");
    }
}
