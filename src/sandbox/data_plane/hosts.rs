//! Which stored resource answers a host.
//!
//! What no resource answers is a name that DNS does not know: the connection ends without an answer, since the sandbox
//! has one address for all names and cannot refuse to resolve one.

use serde_json::Value;

use crate::sandbox::store::{Object, Store};

/// Who answers a host. Ids are ARM ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answering {
    /// Front Door, by the endpoint whose default host it is or the profile's custom domain.
    Edge {
        profile: String,
    },
    /// The gateway of an API Management service.
    Gateway {
        service: String,
    },
    /// Another host of the service: developer portal, management API, configuration (`scm`).
    Companion {
        service: String,
        role: Companion,
    },
    Site {
        site: String,
    },
    /// Kudu.
    Scm {
        site: String,
    },
    Blob {
        account: String,
    },
    /// `{t}.b2clogin.com`, `{t}.ciamlogin.com`
    IdentityProvider,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Companion {
    Portal,
    DeveloperPortal,
    Management,
    Scm,
}

const COMPANIONS: [(&str, &str, Companion); 4] = [
    ("portalUrl", "Portal", Companion::Portal),
    (
        "developerPortalUrl",
        "DeveloperPortal",
        Companion::DeveloperPortal,
    ),
    ("managementApiUrl", "Management", Companion::Management),
    ("scmUrl", "Scm", Companion::Scm),
];

/// Names under these exist for stored resources only.
const OWN: [&str; 5] = [
    ".azurefd.net",
    ".azure-api.net",
    ".azurewebsites.net",
    ".core.windows.net",
    ".azure-mobile.net",
];

pub(crate) const SERVICE: &str = "Microsoft.ApiManagement/service";
pub(crate) const SITE: &str = "Microsoft.Web/sites";
const STORAGE: &str = "Microsoft.Storage/storageAccounts";
pub(crate) const ENDPOINT: &str = "Microsoft.Cdn/profiles/afdEndpoints";
pub(crate) const DOMAIN: &str = "Microsoft.Cdn/profiles/customDomains";

/// `host` lower-cased and without port.
pub(crate) fn answering(store: &Store, host: &str) -> Option<Answering> {
    if is_identity_provider(host) {
        return Some(Answering::IdentityProvider);
    }
    edge(store, host)
        .or_else(|| service(store, host))
        .or_else(|| site(store, host))
        .or_else(|| blob(store, host))
}

/// Hosts of the control plane that nothing can be deployed at: told without a look at the store.
const NEVER: [&str; 4] = [
    "graph.microsoft.com",
    "localhost",
    "login.microsoftonline.com",
    "management.azure.com",
];

/// Whether a host is one of the data plane's, be it there or not.
pub(crate) fn is_deployed(store: &Store, host: &str) -> bool {
    if NEVER.contains(&host) || host.parse::<std::net::IpAddr>().is_ok() {
        return false;
    }
    OWN.iter().any(|suffix| host.ends_with(suffix)) || answering(store, host).is_some()
}

pub(crate) fn is_identity_provider(host: &str) -> bool {
    host.ends_with(".b2clogin.com") || host.ends_with(".ciamlogin.com")
}

/// Every host that answers now, each once.
pub(crate) fn all(store: &Store) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for kind in [ENDPOINT, DOMAIN] {
        let named = store.of_kind("", kind);
        hosts.extend(named.map(|object| text(&object.body, "/properties/hostName").to_lowercase()));
    }
    for service in store.of_kind("", SERVICE) {
        hosts.extend(gateway_hosts(service));
        hosts.extend(COMPANIONS.iter().filter_map(|(member, ..)| {
            host_of_url(text(&service.body, &format!("/properties/{member}")))
        }));
    }
    for site in store.of_kind("", SITE) {
        let name = name(&site.id);
        hosts.push(format!("{name}.azurewebsites.net"));
        hosts.push(format!("{name}.scm.azurewebsites.net"));
    }
    for account in store.of_kind("", STORAGE) {
        hosts.push(format!("{}.blob.core.windows.net", name(&account.id)));
    }
    hosts.extend(identity_providers(store));
    hosts.retain(|host| !host.is_empty() && !host.starts_with('*'));
    hosts
}

/// A directory signs people in under the first label of its initial domain: with user flows of B2C, or as an external one.
fn identity_providers(store: &Store) -> Vec<String> {
    let directories = store.of_kind("/graph", "graph:organization");
    directories
        .filter_map(|directory| {
            let domain = text(&directory.body, "/verifiedDomains/0/name");
            let label = domain.strip_suffix(".onmicrosoft.com")?;
            let graph = ancestor(&directory.id, 2);
            let has = |kind| store.of_kind(&graph, kind).next().is_some();
            if has("graph:identity/b2cUserFlows") {
                Some(format!("{label}.b2clogin.com"))
            } else if has("graph:identity/authenticationEventsFlows") {
                Some(format!("{label}.ciamlogin.com"))
            } else {
                None
            }
        })
        .collect()
}

fn edge(store: &Store, host: &str) -> Option<Answering> {
    let mut named = store.of_kind("", ENDPOINT).chain(store.of_kind("", DOMAIN));
    let found = named.find(|object| covers(text(&object.body, "/properties/hostName"), host))?;
    Some(Answering::Edge {
        profile: ancestor(&found.id, 2),
    })
}

/// A wildcard domain covers one label more, not several (documented for Front Door's wildcard domains).
pub(crate) fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        None => pattern.eq_ignore_ascii_case(host),
        Some(parent) => host
            .split_once('.')
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
    }
}

fn service(store: &Store, host: &str) -> Option<Answering> {
    store.of_kind("", SERVICE).find_map(|object| {
        let service = object.id.clone();
        if gateway_hosts(object).iter().any(|own| own == host) {
            return Some(Answering::Gateway { service });
        }
        let role = companion(&object.body, host)?;
        Some(Answering::Companion { service, role })
    })
}

/// Default host, regional hosts, and the custom ones of type Proxy.
pub(crate) fn gateway_hosts(service: &Object) -> Vec<String> {
    let properties = &service.body["properties"];
    let urls = ["gatewayUrl", "gatewayRegionalUrl"]
        .into_iter()
        .filter_map(|member| host_of_url(properties[member].as_str().unwrap_or_default()));
    let custom = configured(properties, "Proxy").map(str::to_lowercase);
    let mut hosts: Vec<String> = urls.chain(custom).collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

fn configured<'a>(properties: &'a Value, role: &'a str) -> impl Iterator<Item = &'a str> {
    let entries = properties["hostnameConfigurations"].as_array();
    entries
        .into_iter()
        .flatten()
        .filter(move |entry| entry["type"] == role)
        .filter_map(|entry| entry["hostName"].as_str())
}

fn companion(service: &Value, host: &str) -> Option<Companion> {
    let properties = &service["properties"];
    COMPANIONS
        .iter()
        .find(|(member, role, _)| {
            let own = host_of_url(properties[*member].as_str().unwrap_or_default());
            own.is_some_and(|own| own == host)
                || configured(properties, role).any(|own| own.eq_ignore_ascii_case(host))
        })
        .map(|(_, _, role)| *role)
}

fn site(store: &Store, host: &str) -> Option<Answering> {
    store.of_kind("", SITE).find_map(|object| {
        let site = object.id.clone();
        let name = name(&object.id).to_lowercase();
        if host == format!("{name}.scm.azurewebsites.net") {
            return Some(Answering::Scm { site });
        }
        let hosts = object.body["properties"]["hostNames"].as_array();
        let mut hosts = hosts.into_iter().flatten().filter_map(Value::as_str);
        let is_own = host == format!("{name}.azurewebsites.net")
            || hosts.any(|own| own.eq_ignore_ascii_case(host));
        is_own.then_some(Answering::Site { site })
    })
}

fn blob(store: &Store, host: &str) -> Option<Answering> {
    let name_asked = host.strip_suffix(".blob.core.windows.net")?;
    let account = store
        .of_kind("", STORAGE)
        .find(|object| name(&object.id).eq_ignore_ascii_case(name_asked))?;
    Some(Answering::Blob {
        account: account.id.clone(),
    })
}

fn host_of_url(url: &str) -> Option<String> {
    let host = url.split_once("://")?.1.split(['/', ':']).next()?;
    Some(host.to_lowercase())
}

/// The last segment of an id.
pub(crate) fn name(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

/// The id without its last `segments` segments.
pub(crate) fn ancestor(id: &str, segments: usize) -> String {
    let mut kept = id;
    for _ in 0..segments {
        kept = kept.rsplit_once('/').map_or("", |(rest, _)| rest);
    }
    kept.to_owned()
}

/// The string at a pointer; empty where there is none.
pub(crate) fn text<'a>(body: &'a Value, pointer: &str) -> &'a str {
    body.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
