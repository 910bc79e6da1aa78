//! Who can reach what, and past which guards: each API and function, by each way in.
//!
//! A guard stands where its controls neither fail nor are unknown on whatever the subject's calls pass. The spec's own
//! words do not count: what protects is what stands there. A door through which no call gets is closed, and closed is
//! the strongest of all; otherwise more guards, and more scopes asked for by an operation, are stronger.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use time::Date;

use super::demand::Demands;
use super::effective::{Policies, Scope};
use super::function::{allows, is_own_rule};
use super::intent::{Edge, Intent, is_injected};
use super::report::{Outcome, Verdict};
use super::state::{Entry, State};
use super::subject::{
    API, APPLICATION, DOMAIN, FIREWALL, OPERATION, PROFILE, ROUTE, SERVICE, SITE, Subject,
};
use super::{Severity, catalogue, verdicts};
use crate::resource::ResourceId;

/// A way in from the Internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    guard("Entra sign-in", &[Door::Deployment], &["FUN-07"]),
];

/// What can stand behind a door.
pub fn guards_of(door: Door) -> impl Iterator<Item = &'static str> {
    let rows = GUARDS
        .iter()
        .filter(move |guard| guard.doors.contains(&door));
    rows.map(|guard| guard.name)
}

/// What closes doors beyond what the resources say themselves.
const CLOSING: &[&str] = &["POL-09", "NET-04"];

/// What the verdicts of guards are made from, by the beginning of the control's id: types, with `/*` all beneath them
/// too.
const MADE_FROM: &[(&str, &[&str])] = &[
    ("POL-", &[POLICIES, APPLICATION, FACT, PROFILE]),
    ("APIM-", &[POLICIES]),
    ("NET-", &[SERVICE, SUBNET, SECURITY_GROUP]),
    ("AFD-", &[EDGE]),
    ("WAF-", &[EDGE, FIREWALL]),
    ("FUN-", &[SITES, SERVICE, IDENTITY, PRINCIPAL]),
];

const POLICIES: &str = "Microsoft.ApiManagement/service/*";
const EDGE: &str = "Microsoft.Cdn/profiles/*";
const SITES: &str = "Microsoft.Web/sites/*";
const SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets";

const FACT: &str = "fact";
const SECURITY_GROUP: &str = "Microsoft.Network/networkSecurityGroups";
const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
const PRINCIPAL: &str = "Microsoft.Graph/servicePrincipals";
const GROUP: &str = "Microsoft.Resources/resourceGroups";

/// Every open door of a state.
pub fn exposures(state: &State, intent: &Intent) -> Exposures {
    Watch::new(intent).see(state, None)
}

/// Looks at one state after another, and evaluates only what may have moved between them.
pub struct Watch {
    intent: Intent,
    policies: Policies,
    judged: Judged,
    last: Exposures,
}

impl Watch {
    pub fn new(intent: &Intent) -> Self {
        Self {
            intent: Intent {
                declared: None,
                ..intent.clone()
            },
            policies: Policies::default(),
            judged: Judged::default(),
            last: Exposures::new(),
        }
    }

    /// Every open door of a state that differs from the one seen before by nothing but one resource and what is
    /// beneath it, or by anything.
    pub fn see(&mut self, state: &State, moved: Option<&ResourceId>) -> Exposures {
        if !self.judged.forget(moved) {
            return self.last.clone();
        }
        if moved.is_none_or(|id| is_made_from(id, &[POLICIES])) {
            self.policies = std::mem::take(&mut self.policies).renewed(state);
        }
        // No guard depends on the day.
        let intent = Intent {
            edge: Edge::standing(state),
            ..self.intent.clone()
        };
        let subject = Subject::new(state, &intent, &self.policies, Date::MIN);
        if intent.edge == Edge::Injected {
            self.judged.add(&subject, CLOSING);
        }
        let mut open = open_apis(&subject, &self.judged);
        open.extend(open_sites(&subject));
        let doors: BTreeSet<Door> = open.iter().map(|(_, door, _)| *door).collect();
        for guard in GUARDS {
            if guard.doors.iter().any(|door| doors.contains(door)) {
                self.judged.add(&subject, guard.controls);
            }
        }
        let open = open.into_iter().map(|(entry, door, scopes)| {
            let guards = self.judged.guards(entry, door);
            ((entry.id.clone(), door), Exposure { guards, scopes })
        });
        self.last = open.collect();
        self.last.clone()
    }
}

fn is_made_from(id: &ResourceId, types: &[&str]) -> bool {
    let moved = id.type_name().to_ascii_lowercase();
    let is_beneath = |one: &str, other: &str| {
        one.strip_prefix(other)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    // A group takes everything along.
    moved.eq_ignore_ascii_case(GROUP)
        || types.iter().any(|made_from| {
            let made_from = made_from.to_ascii_lowercase();
            let (of, is_deep) = match made_from.strip_suffix("/*") {
                Some(of) => (of, true),
                None => (made_from.as_str(), false),
            };
            moved == of || is_beneath(of, &moved) || (is_deep && is_beneath(&moved, of))
        })
}

/// The verdicts of controls that make guards.
#[derive(Default)]
struct Judged(BTreeMap<&'static str, Vec<Verdict>>);

impl Judged {
    /// Takes out what depends on a resource that moved; everything without one. Whether there is such a thing.
    fn forget(&mut self, moved: Option<&ResourceId>) -> bool {
        let Some(moved) = moved else {
            self.0.clear();
            return true;
        };
        let families = MADE_FROM
            .iter()
            .filter(|(_, types)| is_made_from(moved, types));
        let families: Vec<&str> = families.map(|(family, _)| *family).collect();
        let is_known = |control: &str| !families.iter().any(|family| control.starts_with(family));
        self.0.retain(|control, _| is_known(control));
        !families.is_empty()
    }

    fn add(&mut self, subject: &Subject<'_>, controls: &[&'static str]) {
        for id in controls {
            if let (false, Some(control)) = (self.0.contains_key(id), catalogue::find(id)) {
                let mut verdicts = verdicts(control, subject);
                verdicts.retain(|verdict| !is_about_idle_host(subject, verdict));
                self.0.insert(id, verdicts);
            }
        }
    }

    /// Whether a control is met by all that calls of a resource pass: everything but its siblings.
    fn holds(&self, entry: &Entry, control: &str) -> bool {
        let verdicts = self.0.get(control).map_or(&[][..], Vec::as_slice);
        let own = catalogue::find(control).map_or(Severity::Low, |control| control.severity);
        !verdicts.iter().any(|verdict| {
            // Graded down it stands, if not as well as it could.
            let is_met = !matches!(verdict.outcome, Outcome::Failed(_) | Outcome::Unknown(_))
                || verdict.severity.is_some_and(|one| one < own);
            !is_met && concerns(verdict, entry)
        })
    }

    fn guards(&self, entry: &Entry, door: Door) -> BTreeSet<&'static str> {
        let rows = GUARDS.iter().filter(|guard| guard.doors.contains(&door));
        let standing = rows.filter(|guard| guard.controls.iter().all(|id| self.holds(entry, id)));
        standing.map(|guard| guard.name).collect()
    }
}

/// A host of the edge that no route serves answers nobody, so it needs no guard.
fn is_about_idle_host(subject: &Subject<'_>, verdict: &Verdict) -> bool {
    let Some(host) = verdict.resource.as_ref().filter(|id| is_of(id, DOMAIN)) else {
        return false;
    };
    let serves = |route: &Entry| {
        let hosts = route.list("/properties/customDomains").iter();
        let mut ids = hosts.filter_map(|linked| linked.get("id")?.as_str());
        is_on(route) && ids.any(|id| id.eq_ignore_ascii_case(host.as_str()))
    };
    !subject.all(ROUTE).any(serves)
}

fn is_of(id: &ResourceId, type_name: &str) -> bool {
    id.type_name().eq_ignore_ascii_case(type_name)
}

fn concerns(verdict: &Verdict, entry: &Entry) -> bool {
    let Some(id) = &verdict.resource else {
        return true;
    };
    let family = [API, SITE]
        .into_iter()
        .find(|family| is_of(&entry.id, family));
    let other = family.and_then(|family| id.ancestor(family));
    other.is_none_or(|other| other == entry.id)
}

type Open<'a> = (&'a Entry, Door, BTreeMap<ResourceId, BTreeSet<String>>);

fn open_apis<'a>(subject: &Subject<'a>, judged: &Judged) -> Vec<Open<'a>> {
    let is_open = |api: &Entry, door: &Door| is_open(subject, judged, api, *door);
    let doors = |api: &'a Entry| {
        let open = [Door::Edge, Door::Gateway].into_iter();
        open.filter(move |door| is_open(api, door))
            .map(move |door| (api, door))
    };
    let open: Vec<(&Entry, Door)> = subject.all(API).flat_map(doors).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let asked = open.into_iter().filter_map(|(api, door)| {
        let required = required(subject.state, &subject.scopes, api);
        (!required.is_empty()).then_some((api, door, required))
    });
    asked.collect()
}

fn is_on(route: &Entry) -> bool {
    !route.is("/properties/enabledState", "Disabled")
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
            subject.all(ROUTE).any(is_on) && (is_public || !subject.approved(service).is_empty())
        }
        // An injected gateway keeps its public address: the group and the header close it together.
        Door::Gateway if is_injected(service) => {
            !CLOSING.iter().all(|control| judged.holds(service, control))
        }
        Door::Gateway | Door::Function | Door::Deployment => is_public,
    }
}

fn open_sites<'a>(subject: &Subject<'a>) -> Vec<Open<'a>> {
    let doors = |site: &'a Entry| {
        [Door::Function, Door::Deployment]
            .into_iter()
            .filter(move |door| !is_private(subject, site) && admits(subject, site, *door))
            .map(move |door| (site, door, BTreeMap::new()))
    };
    subject.all(SITE).flat_map(doors).collect()
}

fn is_private(subject: &Subject<'_>, site: &Entry) -> bool {
    let pointer = "/properties/publicNetworkAccess";
    let config = subject.config(&site.id, "web");
    site.is(pointer, "Disabled")
        && config
            .is_none_or(|config| config.at(pointer).is_none() || config.is(pointer, "Disabled"))
}

/// Whether the access restrictions of a host let anybody in. Where the default is not said, it is everybody while the
/// site has no rule of its own, and nobody else once it has (domain.md B.2).
fn admits(subject: &Subject<'_>, site: &Entry, door: Door) -> bool {
    let Some(config) = subject.config(&site.id, "web") else {
        return true;
    };
    let is_own = door == Door::Deployment
        && config.flag("/properties/scmIpSecurityRestrictionsUseMain") != Some(true);
    let list = if is_own {
        "/properties/scmIpSecurityRestrictions"
    } else {
        "/properties/ipSecurityRestrictions"
    };
    let mut rules = config
        .list(list)
        .iter()
        .filter(|rule| is_own_rule(rule))
        .peekable();
    let has_rule = rules.peek().is_some();
    let refuses = match config.text(&format!("{list}DefaultAction")) {
        Some(action) => action.eq_ignore_ascii_case("Deny"),
        None => has_rule,
    };
    !refuses || rules.any(allows)
}

/// What each operation asks for: one that is refused answers nobody.
fn required(
    state: &State,
    scopes: &[Scope<'_>],
    api: &Entry,
) -> BTreeMap<ResourceId, BTreeSet<String>> {
    let own = scopes
        .iter()
        .find(|scope| scope.id == &api.id || scope.id.parent().as_ref() == Some(&api.id));
    let table = own.and_then(|scope| Demands::of(scope).table);
    let operations = state.beneath(&api.id, OPERATION).filter_map(|operation| {
        let asked = match &table {
            Some(table) => table.asked(operation.id.name())?,
            None => BTreeSet::new(),
        };
        Some((operation.id.clone(), asked))
    });
    operations.collect()
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
