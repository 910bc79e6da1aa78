//! No weaker state on the way: whatever a parallel apply passes through, no API and no function is reachable with less
//! protection than both before and after.
#![expect(clippy::print_stderr, reason = "a law says what it measured")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use secgw::controls::{Door, Exposures, Intent, State, Watch, exposures, weaker};
use secgw::plan::{self, Change, Half, Key, Plan, Verb, overlay};
use secgw::resource::{Found, Graph, Live, Observed, Ref, ResourceId, Term, Wanted, body};
use secgw::spec::Topology;
use serde_json::{Value, json};

use crate::generated::{Shape, sampled};
use crate::stand::{ENVIRONMENTS, graph, spec};

const STATES: usize = 10_000;

/// What Azure makes of a reference: the same value each time.
fn made(reference: &Ref) -> Value {
    let name = format!("{}{}", reference.resource, reference.pointer).to_lowercase();
    let number = name.bytes().fold(7_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte)) % 0xffff_ffff_ffff
    });
    if reference.pointer.ends_with("Addresses") {
        json!([format!("20.1.{}.{}", number % 250, number % 240 + 1)])
    } else {
        json!(format!("00000000-0000-4000-8000-{number:012x}"))
    }
}

fn value(term: &Term) -> Value {
    match term {
        Term::Json(value) => value.clone(),
        Term::Object(members) => members
            .iter()
            .map(|(key, term)| (key.clone(), value(term)))
            .collect(),
        Term::Array(items) => items.iter().map(value).collect(),
        Term::Generated(_) => json!("made"),
        Term::Ref(_) | Term::Concat(_) | Term::Each { .. } | Term::Item => {
            panic!("{term:?} is not known")
        }
    }
}

/// What stands after a graph was applied to an empty subscription.
fn applied(graph: &Graph) -> Live {
    let mut wanted: BTreeMap<&ResourceId, BTreeSet<&Ref>> = BTreeMap::new();
    for reference in graph
        .iter()
        .filter_map(|it| it.body())
        .flat_map(Term::references)
    {
        wanted
            .entry(&reference.resource)
            .or_default()
            .insert(reference);
    }
    let mut live = Live::default();
    for resource in graph.in_order() {
        let (Wanted::Body(term) | Wanted::Given(term)) = &resource.wanted else {
            continue;
        };
        let mut found = Found {
            body: value(&term.resolve(&|reference| live.value(reference))),
            etag: None,
            object: None,
        };
        for reference in wanted.get(&resource.id).into_iter().flatten() {
            if reference.pointer == "/@object" {
                found.object = made(reference).as_str().map(str::to_owned);
            } else if body::is_blank(body::get(&found.body, &reference.pointer)) {
                body::set(&mut found.body, &reference.pointer, made(reference));
            }
        }
        live.resources
            .insert(resource.id.clone(), Observed::Present(found));
    }
    live
}

/// As another graph sees it: what that one does not name is left over.
fn seen(mut live: Live, desired: &Graph) -> Live {
    let gone: Vec<ResourceId> = live
        .resources
        .keys()
        .filter(|id| desired.get(id).is_none())
        .cloned()
        .collect();
    for id in gone {
        if let Some(Observed::Present(found)) = live.resources.remove(&id) {
            live.orphans.insert(id, found);
        }
    }
    live
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % count as u64).unwrap()
    }
}

/// A plan, the states at its two ends, and what is exposed there.
struct Way {
    plan: Plan,
    start: State,
    intent: Intent,
    before: Exposures,
    after: Exposures,
}

/// How often what a watch says is held against a state looked at afresh.
const CHECKED: usize = 40;

impl Way {
    fn new(live: Live, desired: &Graph) -> Self {
        let live = seen(live, desired);
        let plan = plan::plan(desired, &live);
        let start = State::live(desired, &live);
        let intent = Intent::inferred(&State::desired(desired));
        let mut end = start.clone();
        for change in &plan.changes {
            overlay(&mut end, change, Half::Done);
        }
        let (before, after) = (exposures(&start, &intent), exposures(&end, &intent));
        Self {
            plan,
            start,
            intent,
            before,
            after,
        }
    }

    /// One way through the plan, a change at a time in an order that its edges allow; what is about to be replaced is
    /// also seen when it is gone. The number of states, and what is wrong with them.
    fn walk(&self, dice: &mut Dice) -> (usize, Vec<String>) {
        let mut state = self.start.clone();
        let mut watch = Watch::new(&self.intent);
        let mut left: Vec<&Change> = self.plan.changes.iter().collect();
        let mut done = BTreeSet::new();
        let (mut count, mut wrong) = (0, Vec::new());
        while !left.is_empty() {
            let ready: Vec<usize> = (0..left.len())
                .filter(|at| left[*at].depends_on.is_subset(&done))
                .collect();
            let begun = ready.iter().map(|at| left[*at]);
            let begun: Vec<&Change> = begun
                .filter(|change| change.action.verb() == Verb::Replace)
                .collect();
            if !begun.is_empty() {
                let mut half = state.clone();
                for change in begun {
                    overlay(&mut half, change, Half::Begun);
                }
                let now = exposures(&half, &self.intent);
                self.judge(&now, "while replacing", &mut wrong);
                count += 1;
            }
            let change = left.remove(ready[dice.below(ready.len())]);
            overlay(&mut state, change, Half::Done);
            let moved = (!done.is_empty()).then_some(&change.key.address);
            done.insert(change.key.clone());
            let now = watch.see(&state, moved);
            if dice.below(CHECKED) == 0 {
                assert_eq!(now, exposures(&state, &self.intent), "{}", change.key);
            }
            let when = format!("after {} {}", change.action.verb().name(), change.key);
            self.judge(&now, &when, &mut wrong);
            count += 1;
        }
        (count, wrong)
    }

    fn judge(&self, now: &Exposures, when: &str, wrong: &mut Vec<String>) {
        let found = weaker(now, &self.before, &self.after);
        // Once its gateway is deleted, a function that is about to be lets in an address of nobody, signed in as an
        // identity that nobody has.
        let is_destroyed = self.after.is_empty();
        let found = found
            .into_iter()
            .filter(|it| !(is_destroyed && it.lost.starts_with("no gateway's")));
        wrong.extend(found.map(|it| {
            format!(
                "{when}: {} by the {}: {}",
                it.subject.name(),
                it.door,
                it.lost
            )
        }));
    }
}

type Edit = (&'static str, fn(&mut Shape));

const EDITS: &[Edit] = &[
    ("one more operation", |shape| shape.operations += 1),
    ("one operation less", |shape| {
        shape.operations = (shape.operations - 1).max(1);
    }),
    ("one more API", |shape| shape.apis += 1),
    ("one API less", |shape| shape.apis = (shape.apis - 1).max(1)),
    ("APIs renamed", |shape| shape.prefix = "svc"),
    ("other scopes", |shape| shape.is_turned = true),
    ("one more client", |shape| shape.clients += 1),
    ("one client less", |shape| {
        shape.clients = (shape.clients - 1).max(1);
    }),
    ("other accounts", |shape| {
        shape.accounts = Some(shape.accounts.map_or(2, |count| count + 1));
    }),
    ("any account", |shape| shape.accounts = None),
    ("CORS turned", |shape| shape.cors = !shape.cors),
    ("another rate limit", |shape| {
        shape.calls = Some(shape.calls.map_or(7, |calls| calls + 1));
    }),
    ("another edge limit", |shape| shape.edge_limit = 500),
    ("one more host", |shape| shape.domains += 1),
    ("one host less", |shape| {
        shape.domains = shape.domains.saturating_sub(1);
    }),
    ("no own host", |shape| shape.domains = 0),
    ("other hosts", |shape| shape.host = "www"),
    ("insights turned", |shape| shape.insights = !shape.insights),
    ("much at once", |shape| {
        shape.prefix = "svc";
        shape.is_turned = true;
        shape.operations += 1;
        shape.cors = !shape.cors;
        shape.calls = None;
        shape.accounts = None;
        shape.domains = 1;
    }),
];

#[test]
fn each_environment_is_closed_but_for_its_edge_and_asks_for_a_token_there() {
    for environment in ENVIRONMENTS {
        let spec = spec(environment);
        let graph = graph(&spec);
        let intent = Intent::of_spec(&spec, &graph);
        let found = exposures(&State::desired(&graph), &intent);
        let edges = found.keys().filter(|(_, door)| *door == Door::Edge);
        assert_eq!(edges.count(), spec.apis.len(), "{environment}");
        for ((id, door), exposure) in &found {
            let wanted: &[&str] = match door {
                Door::Edge => &[
                    "token",
                    "audience",
                    "issuer",
                    "scope",
                    "firewall",
                    "edge limit",
                ],
                Door::Function => &["default deny", "gateway's identity"],
                Door::Deployment | Door::Gateway => &["nothing leads here"],
            };
            for guard in wanted {
                assert!(
                    exposure.guards.contains(guard),
                    "{environment}: {id} {door}: {exposure:?}"
                );
            }
            let is_asked = exposure.scopes.values().all(|scopes| !scopes.is_empty());
            assert!(is_asked, "{environment}: {exposure:?}");
        }
    }
}

#[test]
fn a_door_that_opens_a_guard_that_goes_and_a_scope_that_is_dropped_are_each_seen() {
    let spec = spec("prod");
    let graph = graph(&spec);
    let intent = Intent::of_spec(&spec, &graph);
    let clean = State::desired(&graph);
    let before = exposures(&clean, &intent);
    assert_eq!(weaker(&before, &before, &before), []);
    let edits: &[(&str, &str, &str, &str)] = &[
        (
            "Microsoft.ApiManagement/service/apis/policies",
            "<validate-jwt",
            "<trace",
            "no token",
        ),
        (
            "Microsoft.ApiManagement/service/apis/policies",
            "value=\"orders.read\"",
            "value=\"\"",
            "only",
        ),
        (
            "Microsoft.ApiManagement/service",
            "Disabled",
            "Enabled",
            "it is open",
        ),
    ];
    for (type_name, from, to, wanted) in edits {
        let mut state = clean.clone();
        let ids: Vec<ResourceId> = state.all(type_name).map(|entry| entry.id.clone()).collect();
        for id in ids {
            let entry = state.get_mut(&id).unwrap();
            let pointer = if type_name.ends_with("policies") {
                "/properties/value"
            } else {
                "/properties/publicNetworkAccess"
            };
            let text = entry.text(pointer).unwrap().replace(from, to).replace(
                "</validate-jwt>",
                if *to == "<trace" {
                    "</trace>"
                } else {
                    "</validate-jwt>"
                },
            );
            body::set(&mut entry.body, pointer, json!(text));
        }
        let found = weaker(&exposures(&state, &intent), &before, &before);
        assert!(
            found.iter().any(|it| it.lost.contains(wanted)),
            "{to}: {found:?}"
        );
    }
}

#[test]
fn what_a_watch_takes_for_unmoved_has_not_moved() {
    for environment in ENVIRONMENTS {
        let spec = spec(environment);
        let graph = graph(&spec);
        let intent = Intent::of_spec(&spec, &graph);
        let mut open = State::desired(&graph);
        // With more doors open, more guards are evaluated.
        let ids: Vec<ResourceId> = open.iter().map(|entry| entry.id.clone()).collect();
        for id in &ids {
            let entry = open.get_mut(id).unwrap();
            if entry.is("/properties/publicNetworkAccess", "Disabled") {
                body::set(
                    &mut entry.body,
                    "/properties/publicNetworkAccess",
                    json!("Enabled"),
                );
            }
            if entry.is("/properties/scmIpSecurityRestrictionsDefaultAction", "Deny") {
                let pointer = "/properties/scmIpSecurityRestrictionsDefaultAction";
                body::set(&mut entry.body, pointer, json!("Allow"));
            }
        }
        let doors: BTreeSet<Door> = exposures(&open, &intent).keys().map(|key| key.1).collect();
        assert!(doors.len() >= 2, "{environment}: {doors:?}");
        let types: BTreeMap<String, &ResourceId> =
            ids.iter().map(|id| (id.type_name(), id)).collect();
        for (type_name, id) in types {
            let mut without = open.clone();
            for gone in ids.iter().filter(|id| id.type_name() == type_name) {
                without.remove(gone);
            }
            let mut watch = Watch::new(&intent);
            watch.see(&open, None);
            let seen = watch.see(&without, Some(id));
            assert_eq!(
                seen,
                exposures(&without, &intent),
                "{environment}: {type_name}"
            );
        }
    }
}

fn with_hosts(count: usize) -> Graph {
    let mut shape = sampled(1).remove(0);
    shape.domains = count;
    graph(&shape.spec())
}

/// Walks until a state is weaker.
fn caught(way: &Way) -> Vec<String> {
    let mut dice = Dice(0x2545_f491);
    let mut walks = (0..20).map(|_| way.walk(&mut dice).1);
    walks.find(|wrong| !wrong.is_empty()).unwrap_or_default()
}

#[test]
fn a_plan_that_forgets_what_waits_for_what_is_caught() {
    let (two, none) = (with_hosts(2), with_hosts(0));
    let edits = [
        ("first apply", Live::default(), &two, "no firewall"),
        ("hosts come", applied(&none), &two, "no firewall"),
        ("hosts leave", applied(&two), &none, "no firewall"),
    ];
    for (name, live, desired, wanted) in edits {
        let mut way = Way::new(live, desired);
        assert_eq!(caught(&way), Vec::<String>::new(), "{name}");
        for change in &mut way.plan.changes {
            change.depends_on.clear();
        }
        let found = caught(&way);
        let is_seen = found.iter().any(|line| line.contains(wanted));
        assert!(is_seen, "{name}: {found:#?}");
    }
}

/// `dev` with its gateway behind private link, and in a network.
fn both_networks() -> [Graph; 2] {
    let linked = spec("dev");
    let mut injected = spec("dev");
    assert_eq!(
        linked.network.topology,
        Topology::PrivateEdgeRestrictedBackend
    );
    injected.network.topology = Topology::FilteredEdgePrivateBackend;
    [graph(&linked), graph(&injected)]
}

#[test]
fn a_gateway_moves_into_a_network_without_a_weaker_state_on_the_way() {
    let [linked, injected] = both_networks();
    let mut live = applied(&linked);
    // Nothing of the first refers to it.
    for (id, observed) in &mut live.resources {
        if let (Observed::Present(found), "Microsoft.Cdn/profiles") =
            (observed, id.type_name().as_str())
        {
            let known = json!("00000000-0000-4000-8000-0000000000fd");
            body::set(&mut found.body, "/properties/frontDoorId", known);
        }
    }
    let mut way = Way::new(live, &injected);
    assert_eq!(caught(&way), Vec::<String>::new());
    for ends in [&way.before, &way.after] {
        let doors: Vec<Door> = ends.keys().map(|(_, door)| *door).collect();
        assert!(!doors.contains(&Door::Gateway), "{ends:#?}");
    }
    for change in &mut way.plan.changes {
        change.depends_on.clear();
    }
    let found = caught(&way);
    let is_seen = found
        .iter()
        .any(|line| line.contains("orders by the gateway: it is open"));
    assert!(is_seen, "{found:#?}");
}

/// Azure has no private link for a gateway in a network, and no closed public side without one: between the two, the
/// check of the edge's id is left, and the plan asks for a word of its own.
#[test]
fn a_gateway_that_leaves_a_network_keeps_its_other_guards_until_private_link_closes_it() {
    let [linked, injected] = both_networks();
    let way = Way::new(applied(&injected), &linked);
    let mut dice = Dice(0x2545_f491);
    let mut between = 0;
    for _ in 0..20 {
        let (_, wrong) = way.walk(&mut dice);
        between += wrong.len();
        let elsewhere = wrong
            .iter()
            .filter(|line| !line.ends_with("orders by the gateway: it is open"));
        assert_eq!(elsewhere.count(), 0, "{wrong:#?}");
    }
    assert_ne!(between, 0);
    let mut uncovered = way.start.clone();
    let change = |verb, noun: &str| {
        let mut all = way.plan.changes.iter();
        all.find(|it| it.action.verb() == verb && it.kind.noun == noun)
            .unwrap()
    };
    overlay(
        &mut uncovered,
        change(Verb::Update, "API Management service"),
        Half::Done,
    );
    let found = exposures(&uncovered, &way.intent);
    let api = found.iter().find(|((_, door), _)| *door == Door::Gateway);
    let guards = &api.unwrap().1.guards;
    for guard in ["origin check", "token", "audience", "issuer", "scope"] {
        assert!(guards.contains(guard), "{guards:?}");
    }
    let mut keys = way.plan.changes.iter().map(|change| &change.key);
    let closing = keys.find(|key| key.stage == "close-public-access").unwrap();
    let policy = change(Verb::Update, "global policy");
    assert!(policy.depends_on.contains(closing));
    let id = change(Verb::Delete, "named value");
    assert!(id.depends_on.contains(&policy.key));
}

#[test]
fn hosts_come_under_the_firewall_before_their_route_and_leave_it_after() {
    let key = |plan: &Plan, noun: &str, stage: &str| {
        let mut all = plan.changes.iter();
        let found = all.find(|it| it.kind.noun == noun && it.key.stage == stage);
        found.map(|change| change.key.clone())
    };
    let waits = |plan: &Plan, one: &Key, other: &Key| {
        let change = plan.get(one).unwrap();
        change.depends_on.contains(other)
    };
    let mut turned = sampled(1).remove(0);
    (turned.domains, turned.host) = (2, "www");
    let turned = graph(&turned.spec());
    let (two, none) = (with_hosts(2), with_hosts(0));
    for (name, from, to, is_tightened, is_loosened) in [
        ("come", &none, &two, true, false),
        ("leave", &two, &none, false, true),
        ("are exchanged", &two, &turned, true, true),
    ] {
        let plan = plan::plan(to, &seen(applied(from), to));
        let route = key(&plan, "route", "").unwrap();
        let tightened = key(&plan, "security policy", "");
        let loosened = key(&plan, "security policy", "loosen");
        assert_eq!(tightened.is_some(), is_tightened, "{name}");
        assert_eq!(loosened.is_some(), is_loosened, "{name}");
        if let Some(tightened) = &tightened {
            assert!(waits(&plan, &route, tightened), "{name}");
        }
        if let Some(loosened) = &loosened {
            assert!(waits(&plan, loosened, &route), "{name}");
            let hosts = plan
                .changes
                .iter()
                .filter(|it| it.kind.noun == "custom domain");
            for gone in hosts.filter(|it| it.action.verb() == Verb::Delete) {
                assert!(waits(&plan, &gone.key, loosened), "{name}");
            }
        }
    }
}

#[test]
fn no_state_on_the_way_is_weaker_than_both_ends() {
    let shapes = sampled(40);
    let (count, edits) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let run = |shapes: &[Shape], mut dice: Dice| {
        let mut wrong = Vec::new();
        for (index, shape) in shapes.iter().cycle().enumerate() {
            if count.load(Ordering::Relaxed) >= STATES {
                break;
            }
            let old = graph(&shape.spec());
            let mut ways = vec![("first apply", Way::new(Live::default(), &old))];
            for at in 0..4 {
                let (name, edit) = EDITS[(index * 4 + at) % EDITS.len()];
                let mut edited = shape.clone();
                edit(&mut edited);
                ways.push((name, Way::new(applied(&old), &graph(&edited.spec()))));
            }
            if index % 4 == 0 {
                let gone = old.clone().to_destroy(Vec::new());
                ways.push(("destroy", Way::new(applied(&old), &gone)));
            }
            for (name, way) in ways {
                edits.fetch_add(1, Ordering::Relaxed);
                for _ in 0..if ["first apply", "destroy"].contains(&name) {
                    1
                } else {
                    6
                } {
                    let (states, found) = way.walk(&mut dice);
                    count.fetch_add(states, Ordering::Relaxed);
                    wrong.extend(found.into_iter().map(|it| format!("{name}: {it}")));
                }
            }
        }
        wrong
    };
    let (one, two) = shapes.split_at(shapes.len() / 2);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(two, Dice(0x9e37_79b9)));
        let mut wrong = run(one, Dice(0x1234_5678));
        wrong.extend(other.join().unwrap());
        wrong
    });
    let said = format!(
        "{} states of {} plans, {} weaker",
        count.load(Ordering::Relaxed),
        edits.load(Ordering::Relaxed),
        wrong.len()
    );
    assert!(
        wrong.is_empty(),
        "{said}\n{}",
        wrong[..wrong.len().min(40)].join("\n")
    );
    assert!(count.load(Ordering::Relaxed) >= STATES, "{said}");
    eprintln!("{said}");
}
