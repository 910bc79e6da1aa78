//! Who can reach what, and past which guards: each API and function, by each way in.
//!
//! A guard stands where its controls neither fail nor are unknown on whatever the subject's calls pass. The spec's own
//! words do not count: what protects is what stands there. A door through which no call gets is closed, and closed is
//! the strongest of all; otherwise more guards, and more scopes asked for by an operation, are stronger.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use time::Date;

use super::effective::{Policies, Scope, attribute, every};
use super::intent::{Edge, Intent};
use super::report::{Outcome, Verdict};
use super::state::{Entry, State};
use super::subject::{API, OPERATION, ROUTE, SERVICE, SITE, Subject};
use super::{catalogue, verdicts};
use crate::policy::Element;
use crate::resource::ResourceId;

/// A way in from the Internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// The hosts of Front Door.
    Edge,
    /// The gateway's own host, past the edge.
    Gateway,
    /// The function's own host, past the gateway.
    Function,
    /// The function's deployment site.
    Deployment,
}

impl Door {
    pub fn name(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Gateway => "gateway",
            Self::Function => "function",
            Self::Deployment => "deployment site",
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What stands behind an open door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exposure {
    pub guards: BTreeSet<&'static str>,
    /// The scopes that each operation asks for; those that answer nobody are left out.
    pub scopes: BTreeMap<ResourceId, BTreeSet<String>>,
}

/// The open doors of each API and function; a door that is not named is closed.
pub type Exposures = BTreeMap<(ResourceId, Door), Exposure>;

struct Guard {
    name: &'static str,
    doors: &'static [Door],
    controls: &'static [&'static str],
}

const fn guard(
    name: &'static str,
    doors: &'static [Door],
    controls: &'static [&'static str],
) -> Guard {
    Guard {
        name,
        doors,
        controls,
    }
}

const CALLS: &[Door] = &[Door::Edge, Door::Gateway];

const GUARDS: &[Guard] = &[
    guard("token", CALLS, &["POL-01"]),
    guard("audience", CALLS, &["POL-02"]),
    guard("issuer", CALLS, &["POL-03", "POL-04"]),
    guard("signature", CALLS, &["POL-05"]),
    guard("scope", CALLS, &["POL-06"]),
    guard("sign-in policy", CALLS, &["POL-07"]),
    guard("user limit", CALLS, &["POL-10"]),
    guard("address limit", CALLS, &["POL-11"]),
    guard("CORS", CALLS, &["POL-13"]),
    guard("backend identity", CALLS, &["POL-16"]),
    guard("identity headers", CALLS, &["POL-17"]),
    guard("HTTPS", CALLS, &["APIM-01"]),
    guard("HTTPS at the edge", &[Door::Edge], &["AFD-01", "AFD-02"]),
    guard("firewall", &[Door::Edge], &["WAF-01", "WAF-02", "WAF-07"]),
    guard("managed rules", &[Door::Edge], &["WAF-03", "WAF-05"]),
    guard("edge limit", &[Door::Edge], &["WAF-06"]),
    guard("origin check", &[Door::Gateway], &["POL-09"]),
    guard("security group", &[Door::Gateway], &["NET-04"]),
    guard("default deny", &[Door::Function], &["FUN-09"]),
    guard("gateway's addresses", &[Door::Function], &["FUN-10"]),
    guard("gateway's identity", &[Door::Function], &["FUN-13"]),
    guard("HTTPS", &[Door::Function], &["FUN-01"]),
    guard("default deny", &[Door::Deployment], &["FUN-11"]),
    guard("no passwords", &[Door::Deployment], &["FUN-07"]),
];

/// What closes doors beyond what the resources say themselves.
const CLOSING: [&str; 2] = ["POL-09", "NET-04"];

/// Every open door of a state.
pub fn exposures(state: &State, intent: &Intent) -> Exposures {
    let policies = Policies::of(state);
    let intent = Intent {
        declared: None,
        ..intent.clone()
    };
    let subject = Subject {
        state,
        intent: &intent,
        policies: &policies,
        // No guard depends on the day.
        today: Date::MIN,
    };
    let judged = Judged::of(&subject);
    let scopes = policies.scopes(state);
    let apis = state.all(API).flat_map(|api| {
        let doors = [Door::Edge, Door::Gateway].into_iter();
        let open: Vec<Door> = doors
            .filter(|door| is_open(&subject, &judged, api, *door))
            .collect();
        let required = required(state, &scopes, api);
        let answering = if required.is_empty() {
            Vec::new()
        } else {
            open
        };
        answering
            .into_iter()
            .map(move |door| (api, door, required.clone()))
    });
    let sites = state.all(SITE).filter(|site| !is_private(&subject, site));
    let sites = sites.flat_map(|site| {
        [Door::Function, Door::Deployment]
            .into_iter()
            .map(move |door| (site, door, BTreeMap::new()))
    });
    let open = apis.chain(sites).map(|(entry, door, scopes)| {
        let guards = judged.guards(entry, door);
        ((entry.id.clone(), door), Exposure { guards, scopes })
    });
    open.collect()
}

/// The verdicts of every control that makes a guard.
struct Judged(BTreeMap<&'static str, Vec<Verdict>>);

impl Judged {
    fn of(subject: &Subject<'_>) -> Self {
        let ids = GUARDS.iter().flat_map(|guard| guard.controls);
        let ids: BTreeSet<&'static str> = ids.chain(&CLOSING).copied().collect();
        let controls = catalogue::all().filter(|control| ids.contains(control.id));
        Self(
            controls
                .map(|control| (control.id, verdicts(control, subject)))
                .collect(),
        )
    }

    /// Whether a control is met by all that calls of a resource pass: everything but its siblings.
    fn holds(&self, entry: &Entry, control: &str) -> bool {
        let verdicts = self.0.get(control).map_or(&[][..], Vec::as_slice);
        !verdicts.iter().any(|verdict| {
            let is_met = !matches!(verdict.outcome, Outcome::Failed(_) | Outcome::Unknown(_));
            !is_met && concerns(verdict, entry)
        })
    }

    fn guards(&self, entry: &Entry, door: Door) -> BTreeSet<&'static str> {
        let rows = GUARDS.iter().filter(|guard| guard.doors.contains(&door));
        let standing = rows.filter(|guard| guard.controls.iter().all(|id| self.holds(entry, id)));
        standing.map(|guard| guard.name).collect()
    }
}

fn concerns(verdict: &Verdict, entry: &Entry) -> bool {
    let Some(id) = &verdict.resource else {
        return true;
    };
    let family = [API, SITE]
        .into_iter()
        .find(|family| entry.id.type_name().eq_ignore_ascii_case(family));
    let other = family.and_then(|family| id.ancestor(family));
    other.is_none_or(|other| other == entry.id)
}

fn is_open(subject: &Subject<'_>, judged: &Judged, api: &Entry, door: Door) -> bool {
    let Some(service) = api
        .id
        .ancestor(SERVICE)
        .and_then(|id| subject.state.get(&id))
    else {
        return false;
    };
    let is_public = !service.is("/properties/publicNetworkAccess", "Disabled");
    match door {
        Door::Edge => {
            let mut routes = subject.all(ROUTE);
            let is_on = |route: &Entry| !route.is("/properties/enabledState", "Disabled");
            routes.any(is_on) && (is_public || !subject.approved(service).is_empty())
        }
        // An injected gateway keeps its public address: the group and the header close it together.
        Door::Gateway if subject.intent.edge == Edge::Injected => {
            !CLOSING.iter().all(|control| judged.holds(service, control))
        }
        Door::Gateway | Door::Function | Door::Deployment => is_public,
    }
}

fn is_private(subject: &Subject<'_>, site: &Entry) -> bool {
    let pointer = "/properties/publicNetworkAccess";
    let config = subject.config(&site.id, "web");
    site.is(pointer, "Disabled")
        && config
            .is_none_or(|config| config.at(pointer).is_none() || config.is(pointer, "Disabled"))
}

/// What each operation asks for, by the API's own `<choose>`: one that it refuses answers nobody.
fn required(
    state: &State,
    scopes: &[Scope<'_>],
    api: &Entry,
) -> BTreeMap<ResourceId, BTreeSet<String>> {
    let own = scopes
        .iter()
        .find(|scope| scope.id == &api.id || scope.id.parent().as_ref() == Some(&api.id));
    let choose = own
        .into_iter()
        .flat_map(|scope| scope.steps("choose"))
        .map(|(_, step)| step)
        .find(|step| step.elements().any(|branch| asked(branch).is_some()));
    let operations = state.beneath(&api.id, OPERATION).filter_map(|operation| {
        let asked = choose.map_or(Some(BTreeSet::new()), |choose| {
            asked_of(choose, operation.id.name())
        });
        Some((operation.id.clone(), asked?))
    });
    operations.collect()
}

fn asked(branch: &Element) -> Option<BTreeSet<String>> {
    let variable = branch.element("set-variable")?;
    if attribute(variable, "name")? != "required-scopes" {
        return None;
    }
    let value = attribute(variable, "value")?;
    Some(value.split_whitespace().map(str::to_owned).collect())
}

fn asked_of(choose: &Element, operation: &str) -> Option<BTreeSet<String>> {
    let is_about = |branch: &&Element| {
        attribute(branch, "condition")
            .is_some_and(|condition| condition.contains(&format!("\"{operation}\"")))
    };
    let refuses = |branch: &Element| !every(branch, "return-response").is_empty();
    if let Some(branch) = choose.elements().find(is_about) {
        return asked(branch).or_else(|| (!refuses(branch)).then(BTreeSet::new));
    }
    let otherwise = choose.element("otherwise");
    (!otherwise.is_some_and(refuses)).then(BTreeSet::new)
}

/// A door with less behind it than both before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Weaker {
    pub subject: ResourceId,
    pub door: Door,
    pub lost: String,
}

/// Where a state is weaker than both of two others: a door is open that is closed in both, a guard is gone that stands
/// in both, an operation asks for less than in either.
pub fn weaker(now: &Exposures, before: &Exposures, after: &Exposures) -> Vec<Weaker> {
    let lost = now.iter().flat_map(|(key, open)| {
        let others: Vec<&Exposure> = [before.get(key), after.get(key)]
            .into_iter()
            .flatten()
            .collect();
        lost(open, &others).into_iter().map(|lost| Weaker {
            subject: key.0.clone(),
            door: key.1,
            lost,
        })
    });
    lost.collect()
}

fn lost(now: &Exposure, others: &[&Exposure]) -> Vec<String> {
    let Some((first, rest)) = others.split_first() else {
        return vec!["it is open".to_owned()];
    };
    let missing = first.guards.difference(&now.guards);
    let mut lost: Vec<String> = missing
        .filter(|guard| rest.iter().all(|other| other.guards.contains(*guard)))
        .map(|guard| format!("no {guard}"))
        .collect();
    lost.extend(now.scopes.iter().filter_map(|(operation, asked)| {
        let mut known = others
            .iter()
            .filter_map(|other| other.scopes.get(operation));
        let is_kept = known.any(|wanted| wanted.is_subset(asked));
        (!is_kept).then(|| format!("{} asks for {asked:?} only", operation.name()))
    }));
    lost
}
