//! What is meant: what the spec declares, or what can be told from the resources where there is no spec.
//!
//! The way calls take is read off the desired graph, or off live state without a spec: a control then asks whether
//! the rest is as locked as that way wants it.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::Callees;
use super::demand::{self, Demands};
use super::state::{Entry, State};
use super::subject::{
    API, APPLICATION, CONNECTION, Generation, OPERATION, ORIGIN, SERVICE, SITE, generation,
};
use crate::resource::{Directory, Graph, Realm, ResourceId, Wanted};
use crate::spec::{IdentityProvider, Movable, Spec};

/// How calls get from Front Door to the gateway (domain.md 0.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// T1, T3: by private link; public access is off.
    PrivateLink,
    /// T2: over a public address that a security group keeps for Front Door.
    Injected,
    /// T4: over a public address that only a header guards.
    Public,
}

/// How calls get from the gateway to the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// T1, T2: by private endpoint.
    Private,
    /// T3: over the public side, which admits the gateway's address.
    Restricted,
}

/// Whose users call, and by what.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// The sign-in policy that B2C names in `tfp`; nothing for External ID.
    pub user_flow: String,
    /// All scopes of the API application.
    pub scopes: BTreeSet<String>,
    /// Scopes and redirect addresses of each client application, by its logical name.
    pub clients: BTreeMap<String, Client>,
    /// Sign-in addresses, where the gateway lets in exactly these.
    pub accounts: Option<BTreeSet<String>>,
    /// Scopes that some operation of an API requires, by the API's name.
    pub api_scopes: BTreeMap<String, BTreeSet<String>>,
    /// What each API asks of its callers.
    pub demands: BTreeMap<ResourceId, Demands>,
    /// APIs and operations that the spec asks for.
    pub inventory: BTreeSet<ResourceId>,
    /// Whom the gateway calls.
    pub callees: Callees,
    /// Requests that the edge lets through in its window.
    pub edge_limit: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    pub scopes: BTreeSet<String>,
    pub redirects: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    pub edge: Edge,
    pub backend: Backend,
    pub provider: Option<IdentityProvider>,
    /// The application that stands for the APIs.
    pub api_application: Option<ResourceId>,
    /// The application that stands for the functions, in the subscription's directory.
    pub backend_application: Option<ResourceId>,
    /// Nothing without a spec.
    pub declared: Option<Declared>,
}

impl Intent {
    /// What a spec declares; `graph` is what it compiles to.
    pub fn of_spec(spec: &Spec, graph: &Graph) -> Self {
        let identity = &spec.identity;
        Self {
            provider: Some(identity.provider),
            declared: Some(declared(spec, graph)),
            ..Self::inferred(&State::desired(graph))
        }
    }

    /// What the resources themselves show.
    pub fn inferred(state: &State) -> Self {
        let application = |directory| {
            let all = state.all(APPLICATION);
            let all: Vec<&Entry> = all
                .filter(|entry| entry.id.realm() == Realm::Graph(directory) && is_api(entry))
                .collect();
            let asked_for = all.iter().find(|api| is_asked_for(state, api));
            asked_for.or(all.first()).map(|entry| entry.id.clone())
        };
        Self {
            edge: edge(state),
            backend: backend(state),
            provider: provider(state),
            api_application: application(Directory::Identity),
            backend_application: application(Directory::Workforce),
            declared: None,
        }
    }
}

/// The APIs' application is the one with scopes; the functions' has none and is alone in its directory.
fn is_api(application: &Entry) -> bool {
    application.id.realm() == Realm::Graph(Directory::Workforce)
        || application.at("/api/oauth2PermissionScopes").is_some()
        || application.at("/identifierUris").is_some()
}

/// Whether another application asks for its scopes.
fn is_asked_for(state: &State, api: &Entry) -> bool {
    let Some(id) = api.text("/appId") else {
        return false;
    };
    let mut lists = state
        .all(APPLICATION)
        .flat_map(|other| other.list("/requiredResourceAccess"));
    lists.any(|access| access["resourceAppId"] == id)
}

fn edge(state: &State) -> Edge {
    let has_link = state.all(ORIGIN).any(|origin| {
        origin
            .at("/properties/sharedPrivateLinkResource/privateLink/id")
            .is_some()
    });
    let is_injected = state.all(SERVICE).any(is_injected);
    if has_link || (!is_injected && state.all(CONNECTION).next().is_some()) {
        Edge::PrivateLink
    } else if is_injected {
        Edge::Injected
    } else {
        Edge::Public
    }
}

/// Whether a gateway stands in a network; gateways of the v2 tiers only reach into theirs (domain.md A.1).
pub(super) fn is_injected(service: &Entry) -> bool {
    generation(service) == Generation::Classic
        && ["External", "Internal"]
            .iter()
            .any(|mode| service.is("/properties/virtualNetworkType", mode))
}

impl Edge {
    /// How calls get in as the gateways stand, whatever is meant: also half way from one network to another.
    pub(super) fn standing(state: &State) -> Self {
        if state.all(SERVICE).any(is_injected) {
            Self::Injected
        } else if state
            .all(SERVICE)
            .all(|service| service.is("/properties/publicNetworkAccess", "Disabled"))
        {
            Self::PrivateLink
        } else {
            Self::Public
        }
    }
}

/// A function is meant to be private when the gateway is in a network, through which it could reach it.
fn backend(state: &State) -> Backend {
    let is_joined = state.all(SERVICE).any(|service| {
        service
            .at("/properties/virtualNetworkConfiguration/subnetResourceId")
            .is_some()
    });
    let is_closed = state
        .all(SITE)
        .any(|site| site.is("/properties/publicNetworkAccess", "Disabled"));
    if is_joined || is_closed {
        Backend::Private
    } else {
        Backend::Restricted
    }
}

fn provider(state: &State) -> Option<IdentityProvider> {
    let hosts: Vec<&str> = state
        .iter()
        .filter(|entry| entry.id.realm() == Realm::Fact)
        .map(|entry| entry.id.name())
        .collect();
    if hosts.iter().any(|host| host.contains(".ciamlogin.")) {
        Some(IdentityProvider::ExternalId)
    } else if hosts.iter().any(|host| host.contains(".b2clogin.")) {
        Some(IdentityProvider::B2c)
    } else {
        None
    }
}

fn declared(spec: &Spec, graph: &Graph) -> Declared {
    let identity = &spec.identity;
    let clients = identity.clients.iter().map(|client| {
        let declared = Client {
            scopes: client.scopes.iter().map(ToString::to_string).collect(),
            redirects: client
                .redirect_uris
                .iter()
                .map(ToString::to_string)
                .collect(),
        };
        let name = spec.first_name(Movable::Client, &client.name);
        (name.to_owned(), declared)
    });
    let api_scopes = spec.apis.iter().map(|api| {
        let scopes = api
            .operations
            .iter()
            .flat_map(|operation| &operation.scopes);
        (
            spec.first_name(Movable::Api, &api.name).to_owned(),
            scopes.map(ToString::to_string).collect(),
        )
    });
    let inventory = graph.iter().filter(|resource| {
        matches!(resource.wanted, Wanted::Body(_))
            && [API, OPERATION].contains(&resource.kind.type_name)
    });
    Declared {
        user_flow: identity.user_flow.name.to_string(),
        scopes: identity
            .api
            .scopes
            .iter()
            .map(|scope| scope.name.to_string())
            .collect(),
        clients: clients.collect(),
        accounts: identity.accounts.as_ref().map(|accounts| {
            accounts
                .iter()
                .map(|account| account.sign_in.to_lowercase())
                .collect()
        }),
        api_scopes: api_scopes.collect(),
        demands: demand::of_graph(graph),
        inventory: inventory.map(|resource| resource.id.clone()).collect(),
        callees: Callees::of_graph(graph),
        edge_limit: u64::from(spec.front_door.waf.rate_limit.requests),
    }
}
