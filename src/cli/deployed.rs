//! What `verify` attacks: from the spec, and from live state where only Azure knows.

use std::time::Duration;

use secrecy::SecretString;

use crate::controls::{Policies, State};
use crate::policy::{Document, Section};
use crate::resource::{Directory, Graph, Live, Realm, ResourceId};
use crate::spec::{self, IdentityProvider, Spec};
use crate::verify::Target;
use crate::verify::target::{Client, Limit, Limits, Operation, Provider, Shape};

const PROFILE: &str = "Microsoft.Cdn/profiles";
const ENDPOINT: &str = "Microsoft.Cdn/profiles/afdEndpoints";
const ORIGIN: &str = "Microsoft.Cdn/profiles/originGroups/origins";
const BACKEND: &str = "Microsoft.ApiManagement/service/backends";
const ACCOUNT: &str = "Microsoft.Storage/storageAccounts";
const CONTAINER: &str = "Microsoft.Storage/storageAccounts/blobServices/containers";
const SITE_CONFIG: &str = "Microsoft.Web/sites/config";
const FLOWS: &str = "identity/b2cUserFlows";
const GLOBAL_POLICY: &str = "Microsoft.ApiManagement/service/policies";
const API_POLICY: &str = "Microsoft.ApiManagement/service/apis/policies";
/// Methods that an outsider tries where the spec has none.
const METHODS: [&str; 5] = ["POST", "PUT", "PATCH", "DELETE", "TRACE"];

/// `None` where Front Door's host is not known: nothing is deployed.
pub fn target(spec: &Spec, graph: &Graph, live: &Live) -> Option<Target> {
    let desired = State::desired(graph);
    let found = State::live(graph, live);
    let default = text_of(&found, ENDPOINT, "/properties/hostName")?;
    let domains: Vec<String> = spec
        .front_door
        .domains
        .iter()
        .map(|domain| domain.host.to_string())
        .collect();
    let gateway = text_of(&desired, ORIGIN, "/properties/hostName")?;
    let (api, operation, stricter, undeclared) = operations(spec)?;
    let is_tls13 = desired
        .all(SITE_CONFIG)
        .filter_map(|entry| entry.text("/properties/minTlsVersion"))
        .any(|version| version == "1.3");
    Some(Target {
        unlinked: (!domains.is_empty()).then(|| default.clone()),
        edge: if domains.is_empty() {
            vec![default]
        } else {
            domains
        },
        companions: companions(&gateway),
        gateway,
        functions: functions(&desired),
        storage: storage(&desired),
        operation,
        stricter,
        undeclared,
        origin: origin(spec),
        limits: limits(spec, &desired, &api)?,
        front_door_id: text_of(&found, PROFILE, "/properties/frontDoorId").map(SecretString::from),
        hsts: spec.front_door.hsts.max_age.as_secs(),
        functions_want_tls13: is_tls13,
        shape: Shape {
            has_private_edge: spec.network.topology.has_private_edge(),
            has_private_backend: spec.network.topology.has_private_backend(),
        },
        provider: provider(spec, graph, live)?,
    })
}

fn text_of(state: &State, type_name: &str, pointer: &str) -> Option<String> {
    let mut all = state.all(type_name);
    all.find_map(|entry| entry.text(pointer).map(str::to_owned))
}

/// `apim.azure-api.net` → `apim.portal.azure-api.net` …
fn companions(gateway: &str) -> Vec<String> {
    let Some((name, rest)) = gateway.split_once('.') else {
        return Vec::new();
    };
    ["portal", "developer", "management", "scm"]
        .map(|role| format!("{name}.{role}.{rest}"))
        .into()
}

fn functions(desired: &State) -> Vec<String> {
    let urls = desired.all(BACKEND);
    let hosts = urls.filter_map(|entry| host_of(entry.text("/properties/url")?));
    let mut hosts: Vec<String> = hosts.collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

fn host_of(address: &str) -> Option<String> {
    let address = url::Url::parse(address).ok()?;
    address.host_str().map(str::to_owned)
}

fn storage(desired: &State) -> Vec<(String, String)> {
    let containers = desired.all(CONTAINER);
    containers
        .filter_map(|entry| {
            let account = entry.id.ancestor(ACCOUNT)?;
            let host = format!("{}.blob.core.windows.net", account.name());
            Some((host, entry.id.name().to_owned()))
        })
        .collect()
}

type Attacked = (String, Operation, Option<Operation>, Vec<&'static str>);

/// The API that is attacked; an operation that can be called without knowing anything, one that asks for more, and what its path does not have.
fn operations(spec: &Spec) -> Option<Attacked> {
    let is_plain = |operation: &&spec::Operation| operation.template_parameters.is_empty();
    let is_get = |operation: &&spec::Operation| operation.method == spec::Method::Get;
    let of_all = || {
        let apis = spec.apis.iter();
        apis.flat_map(|api| api.operations.iter().map(move |operation| (api, operation)))
    };
    let (api, operation) = of_all()
        .find(|(_, operation)| is_get(operation) && is_plain(operation))
        .or_else(|| of_all().find(|(_, operation)| is_get(operation)))
        .or_else(|| of_all().next())?;
    let asks_for_more = |other: &&spec::Operation| {
        other.method == spec::Method::Post
            && other
                .scopes
                .iter()
                .any(|scope| !operation.scopes.contains(scope))
    };
    let stricter = api.operations.iter().find(asks_for_more);
    let undeclared = METHODS.into_iter().filter(|method| {
        api.operations.iter().all(|other| {
            other.url_template != operation.url_template || other.method.as_str() != *method
        })
    });
    Some((
        api.name.to_string(),
        called(api, operation),
        stricter.map(|stricter| called(api, stricter)),
        undeclared.collect(),
    ))
}

fn called(api: &spec::Api, operation: &spec::Operation) -> Operation {
    let mut path = format!("/{}{}", api.path, operation.url_template);
    for parameter in &operation.template_parameters {
        path = path.replace(&format!("{{{}}}", parameter.name), "1");
    }
    Operation {
        method: operation.method.as_str().to_owned(),
        path,
        scopes: operation.scopes.iter().map(ToString::to_string).collect(),
    }
}

fn origin(spec: &Spec) -> Option<String> {
    let mut origins = spec.apis.iter().filter_map(|api| api.cors.as_ref());
    origins.find_map(|cors| cors.origins.first().map(ToString::to_string))
}

/// As the compiled policies have them: a user is counted even where the spec does not say how.
fn limits(spec: &Spec, desired: &State, api: &str) -> Option<Limits> {
    let policies = Policies::of(desired);
    let own = |id: &ResourceId| id.parent().is_some_and(|parent| parent.name() == api);
    let mut of_api = desired.all(API_POLICY).filter(|entry| own(&entry.id));
    let mut global = desired.all(GLOBAL_POLICY);
    let edge = &spec.front_door.waf.rate_limit;
    Some(Limits {
        user: of_api.find_map(|entry| limit(policies.document(&entry.id)?, "user:")),
        guard: global.find_map(|entry| limit(policies.document(&entry.id)?, "ip:"))?,
        edge: Limit {
            calls: edge.requests,
            per: edge.per,
        },
    })
}

/// The strictest limit of a document that counts by this.
fn limit(document: &Document, key: &str) -> Option<Limit> {
    let inbound = document.section(Section::Inbound)?;
    let limits = inbound.elements().filter_map(|element| {
        let value = |name: &str| Some(element.attribute(name)?.value.shown());
        let is_it = element.name == "rate-limit-by-key" && value("counter-key")?.contains(key);
        is_it.then_some(Limit {
            calls: value("calls")?.parse().ok()?,
            per: Duration::from_secs(value("renewal-period")?.parse().ok()?),
        })
    });
    limits.min_by_key(|limit| limit.calls)
}

fn provider(spec: &Spec, graph: &Graph, live: &Live) -> Option<Provider> {
    let identity = &spec.identity;
    let metadata = graph
        .iter()
        .find(|resource| resource.id.realm() == Realm::Fact)?;
    let body = |key: &str| {
        let id = ResourceId::graph(Directory::Identity, "applications", key);
        live.get(&id).found().map(|found| &found.body)
    };
    let api = body("api");
    let clients = identity.clients.iter().filter_map(|client| {
        let name = spec.first_name(spec::Movable::Client, &client.name);
        let body = body(&format!("client-{name}"))?;
        Some(Client {
            name: client.name.to_string(),
            id: body["appId"].as_str()?.to_owned(),
            is_public: client.kind == spec::ClientKind::Spa,
            redirects: client
                .redirect_uris
                .iter()
                .map(ToString::to_string)
                .collect(),
            scopes: client.scopes.iter().map(ToString::to_string).collect(),
        })
    });
    let accounts = identity.accounts.as_ref().map(|accounts| {
        let names = accounts.iter().map(|account| account.sign_in.to_string());
        names.collect()
    });
    Some(Provider {
        is_b2c: identity.provider == IdentityProvider::B2c,
        host: host_of(metadata.id.name())?,
        tenant: identity.tenant.to_string(),
        tenant_id: identity.tenant_id.to_string(),
        user_flow: identity.user_flow.name.to_string(),
        other_flows: other_flows(live),
        audience: api.and_then(|body| body["appId"].as_str().map(str::to_owned)),
        scope_prefix: api.and_then(|body| body["identifierUris"][0].as_str().map(str::to_owned)),
        clients: clients.collect(),
        accounts,
    })
}

fn other_flows(live: &Live) -> Vec<String> {
    let others = live.around.keys();
    let flows = others.filter(|id| id.as_str().contains(FLOWS));
    flows.map(|id| id.name().to_owned()).collect()
}
