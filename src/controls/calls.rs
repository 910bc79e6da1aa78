//! Where policies send calls: to the functions, to the backends that are declared and to the identity provider, and to
//! nobody else (domain.md E.2).
//!
//! Statements that send are looked for in every section, at any depth. With a spec, an API of its own may call what
//! its own document calls; any other API may call what the gateway itself declares.

use std::collections::BTreeSet;

use url::Url;

use super::effective::{Policies, Scope, attribute, text_of};
use super::report::{Verdict, expect};
use super::state::{Entry, State};
use super::subject::{API, BACKEND, SITE, Subject};
use super::token::{Judgement, is_sign_in_address, stands};
use crate::policy::{Element, Section};
use crate::resource::{Graph, ResourceId};

/// Where the directories themselves give out tokens (learn.microsoft.com, national clouds, 2024).
const DIRECTORY_HOSTS: [&str; 4] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
];

/// Whom a statement calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Callee {
    /// A host, with its port where it is not the usual one; with the scheme where that is not https.
    Host(String),
    /// A backend of the gateway, by name.
    Backend(String),
    /// An address that is made during the call, as it is written.
    Computed(String),
}

use Callee::{Backend, Computed, Host};

/// A statement that sends, and to whom.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) statement: &'a Element,
    pub(super) callee: Callee,
}

/// The attribute or element in which a statement says whom it calls.
enum Said {
    Attribute(&'static str),
    Child(&'static str),
    /// By means of its own.
    Elsewhere,
}

use Said::{Attribute, Child, Elsewhere};

/// Statements that send (the policy reference on learn.microsoft.com, 2024).
const SENDERS: &[(&str, Said)] = &[
    ("set-backend-service", Attribute("base-url")),
    ("proxy", Attribute("url")),
    ("send-request", Child("set-url")),
    ("send-one-way-request", Child("set-url")),
    ("http-request", Child("set-url")),
    ("invoke-dapr-binding", Elsewhere),
    ("publish-to-dapr", Elsewhere),
    ("send-service-bus-message", Elsewhere),
    ("sql-data-source", Elsewhere),
    ("cosmosdb-data-source", Elsewhere),
];

/// Everything that is called at or below an element.
pub(super) fn calls(element: &Element) -> Vec<Call<'_>> {
    let own = SENDERS
        .iter()
        .find(|(name, _)| *name == element.name)
        .and_then(|(_, said)| callee(element, said))
        .map(|callee| Call {
            statement: element,
            callee,
        });
    own.into_iter()
        .chain(element.elements().flat_map(calls))
        .collect()
}

fn callee(statement: &Element, said: &Said) -> Option<Callee> {
    if let Some(backend) = attribute(statement, "backend-id") {
        let is_plain = !is_made(&backend) && !backend.contains("{{");
        return Some(if is_plain {
            Backend(backend.to_ascii_lowercase())
        } else {
            Computed(backend)
        });
    }
    let url = match said {
        Attribute(name) => attribute(statement, name),
        Child(name) => statement.element(name).map(text_of),
        Elsewhere => None,
    };
    match url {
        Some(url) => Some(called(&url)),
        // A copy goes where the request goes.
        None if attribute(statement, "mode").as_deref() == Some("copy") => None,
        None => Some(Computed(statement.name.clone())),
    }
}

fn is_made(text: &str) -> bool {
    text.contains("@(") || text.contains("@{")
}

/// The host of an address that is written out.
pub(super) fn called(url: &str) -> Callee {
    let made = || Computed(url.to_owned());
    let Some((scheme, rest)) = url.split_once("://").filter(|_| !is_made(url)) else {
        return made();
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    // A secret named value, or one that comes later.
    if authority.contains(['{', '⟨']) {
        return made();
    }
    let Ok(parsed) = Url::parse(&format!("{scheme}://{authority}")) else {
        return made();
    };
    let host = parsed.host_str().unwrap_or_default();
    let port = parsed
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    Host(match parsed.scheme() {
        "https" => format!("{host}{port}"),
        other => format!("{other}://{host}{port}"),
    })
}

/// Who may be called.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Callees {
    known: BTreeSet<Callee>,
    /// Of these, functions and whatever else the gateway fronts.
    fronted: BTreeSet<Callee>,
}

impl Callees {
    /// What a spec's graph calls: its backends, and all that its documents name.
    pub(super) fn of_graph(graph: &Graph) -> Self {
        let state = State::desired(graph);
        let policies = Policies::of(&state);
        let mut callees = Self::standing(&state, &policies);
        let named = policies.documents().flat_map(|(_, document)| {
            let calls = calls(&document.root).into_iter();
            calls.map(|call| call.callee)
        });
        callees.known.extend(named);
        callees
    }

    /// What the gateway's own resources declare.
    pub(super) fn standing(state: &State, policies: &Policies) -> Self {
        let backends: Vec<&Entry> = state.all(BACKEND).collect();
        let names = backends
            .iter()
            .map(|backend| Backend(backend.id.name().to_ascii_lowercase()));
        let urls = backends
            .iter()
            .filter_map(|backend| backend.text("/properties/url"));
        let services = state
            .all(API)
            .filter_map(|api| api.text("/properties/serviceUrl"));
        let sites = state.all(SITE).filter_map(|site| {
            let host = site.text("/properties/defaultHostName")?;
            Some(Host(host.to_ascii_lowercase()))
        });
        let fronted: BTreeSet<Callee> = urls
            .chain(services)
            .map(called)
            .chain(names)
            .chain(sites)
            .collect();
        Self {
            known: fronted.union(&providers(policies)).cloned().collect(),
            fronted,
        }
    }

    fn knows(&self, callee: &Callee) -> bool {
        self.known.contains(callee)
    }

    /// Whether a call may end at something that the gateway fronts.
    pub(super) fn may_reach(&self, callee: &Callee) -> bool {
        match callee {
            Host(_) => self.fronted.contains(callee),
            Backend(_) | Computed(_) => true,
        }
    }
}

/// Hosts of the identity provider, from where the documents take the keys.
fn providers(policies: &Policies) -> BTreeSet<Callee> {
    let urls = policies.documents().flat_map(|(_, document)| {
        let configs = super::effective::every(&document.root, "openid-config");
        configs
            .into_iter()
            .filter_map(|config| attribute(config, "url"))
    });
    let own = urls.filter(|url| is_sign_in_address(url));
    let own = own.map(|url| called(&url));
    let directories = DIRECTORY_HOSTS.iter().map(|host| Host((*host).to_owned()));
    own.chain(directories).collect()
}

/// Who may be called by an API: with a spec, of its own ones.
pub(super) fn callees<'a>(subject: &'a Subject<'_>, id: &ResourceId) -> &'a Callees {
    let declared = subject.intent.declared.as_ref();
    let own = declared.filter(|declared| {
        id.ancestor(API)
            .is_some_and(|api| declared.inventory.contains(&api))
    });
    own.map_or(&subject.standing, |declared| &declared.callees)
}

/// What a policy in effect calls beyond that.
pub(super) fn strange(subject: &Subject<'_>, scope: &Scope<'_>) -> Judgement {
    let allowed = callees(subject, scope.id);
    let mut found = Judgement::default();
    for section in Section::ALL {
        let steps = scope.section(section).iter();
        for call in steps.flat_map(|step| calls(step.element)) {
            let name = &call.statement.name;
            let place = format!("in `<{}>`", section.name());
            match &call.callee {
                callee if allowed.knows(callee) => {}
                Host(host) => found.faults.push(stands(
                    format!("`{name}` to {host} {place}"),
                    "calls to the functions, declared backends and the identity provider alone",
                )),
                // One that is not there is called in vain.
                Backend(backend) if subject.intent.declared.is_some() => {
                    let said = format!("`{name}` to the backend {backend} {place}");
                    found
                        .faults
                        .push(stands(said, "a backend that the spec declares"));
                }
                Backend(_) => {}
                Computed(_) => found.unknown.push(format!(
                    "whom `{name}` {place} calls is made during the call"
                )),
            }
        }
    }
    found
}

/// The spec's own backends and APIs, which send calls where it says.
pub(super) fn own_addresses(subject: &Subject<'_>) -> Vec<Verdict> {
    let Some(declared) = &subject.intent.declared else {
        return Vec::new();
    };
    let is_own = |entry: &&Entry| {
        let api = entry.id.ancestor(API);
        let name = Backend(entry.id.name().to_ascii_lowercase());
        api.map_or_else(
            || declared.callees.fronted.contains(&name),
            |api| declared.inventory.contains(&api),
        )
    };
    let judge = |entry: &Entry, pointer: &str| {
        let holds = entry
            .text(pointer)
            .is_none_or(|url| declared.callees.knows(&called(url)));
        Verdict::of(
            entry,
            expect(holds, entry, pointer, "a host that the spec names"),
        )
    };
    let backends = subject.all(BACKEND).filter(is_own);
    let apis = subject.all(API).filter(is_own);
    backends
        .map(|entry| judge(entry, "/properties/url"))
        .chain(apis.map(|entry| judge(entry, "/properties/serviceUrl")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_read_as_a_client_would_and_what_is_made_during_the_call_is_not_one() {
        let host = |text: &str| Host(text.to_owned());
        for (url, callee) in [
            ("https://func.example/api", host("func.example")),
            ("HTTPS://Func.Example:443", host("func.example")),
            ("https://func.example@evil.example/", host("evil.example")),
            ("https://evil.example\\@func.example", host("evil.example")),
            ("https://func.example:8443", host("func.example:8443")),
            ("http://func.example/api", host("http://func.example")),
            ("https://func.example/{{path}}", host("func.example")),
        ] {
            assert_eq!(called(url), callee, "{url}");
        }
        for url in [
            "@(context.Variables[\"url\"])",
            "https://@(x)/",
            "https://{{host}}/",
            "/relative",
            "https://",
        ] {
            assert_eq!(called(url), Computed(url.to_owned()));
        }
    }
}
