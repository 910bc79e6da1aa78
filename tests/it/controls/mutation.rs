//! The mutation table: each weakening of what is stored in the sandbox is named by `check`, shown by `plan`, mended by
//! `apply`, and caught by `verify` where it can be seen from outside.
//!
//! Rows that nobody outside sees and that have nothing to do with each other are stored, read and mended together. What
//! an apply leaves behind would show in the next read, where it is nobody's.

use std::collections::{BTreeMap, BTreeSet};

use secgw::cli::surroundings;
use secgw::controls::{self, Intent, Severity, State};
use secgw::plan::{self, Assessment, Norm, Plan, Reason};
use secgw::resource::{Directory, Live, Realm, ResourceId};
use secgw::verify::{Outcome, Selection};
use serde_json::{Value, json};

use super::weakenings::{Change, Outside, WEAKENINGS, Weakening, Why};
use super::{TODAY, added, as_kept, edit, failed, find, findings};
use crate::stand::{ENVIRONMENTS, described, troubles};
use crate::verify::Attackable;

struct Ground {
    environment: &'static str,
    deployed: Attackable,
    intent: Intent,
    clean: State,
}

struct Now {
    live: Live,
    state: State,
    plan: Plan,
}

/// Something that was stored, or not, before a row was.
type Before = (String, Option<Value>);

struct Stored {
    row: &'static Weakening,
    touched: Vec<ResourceId>,
    before: Vec<Before>,
}

impl Ground {
    /// With an edge that is sooner full than in production, for the attack that fills it.
    async fn new(environment: &'static str) -> Self {
        let deployed = Attackable::with(environment, |spec| {
            spec.front_door.waf.rate_limit.requests = 450;
        })
        .await;
        let intent = Intent::of_spec(&deployed.spec, &deployed.graph);
        let (_, clean) = surroundings::read(&deployed.stand.client, &deployed.graph).await;
        Self {
            environment,
            deployed,
            intent,
            clean,
        }
    }

    async fn read(&self) -> Now {
        let Attackable { stand, graph, .. } = &self.deployed;
        let (reading, state) = surroundings::read(&stand.client, graph).await;
        let live = reading.live;
        let mut plan = plan::plan(graph, &live);
        let norm = Norm {
            intent: self.intent.clone(),
            accepted: Vec::new(),
            fail_on: Severity::High,
            today: TODAY,
        };
        let assessment = Assessment::of(&plan, graph, &live, &norm).unwrap();
        plan.standing = assessment.standing(&plan);
        Now { live, state, plan }
    }

    fn judge(&self, state: &State) -> controls::Report {
        controls::evaluate(state, &self.intent, &[], TODAY)
    }

    /// Where the sandbox keeps it.
    fn kept_at(&self, id: &ResourceId, object: Option<&str>) -> String {
        let Realm::Graph(directory) = id.realm() else {
            return object.unwrap_or(id.as_str()).to_owned();
        };
        let tenant = match directory {
            Directory::Identity => self.deployed.spec.identity.tenant_id,
            Directory::Workforce => self.deployed.spec.azure.tenant_id.unwrap(),
        };
        let collection = id.collection();
        format!(
            "/graph/{tenant}/{collection}/{}",
            object.unwrap_or(id.name())
        )
    }

    fn store(&self, row: &'static Weakening) -> Stored {
        let mut stored = Stored {
            row,
            touched: Vec::new(),
            before: Vec::new(),
        };
        for (place, change) in row.changes {
            let place = place.replace("{env}", self.environment);
            let (id, before) = self.weaken(&place, change);
            stored.touched.push(id);
            stored.before.push(before);
        }
        stored
    }

    /// Changes what is stored: which resource that is, and what was there.
    fn weaken(&self, place: &str, change: &Change) -> (ResourceId, Before) {
        let sandbox = &self.deployed.stand.sandbox;
        let place = find(&self.clean, place);
        let put = |at: String, body: &Value| {
            let before = sandbox.stored(&at);
            assert_ne!(before.as_ref(), Some(body), "{place}: {change:?}");
            sandbox.store(&at, body).unwrap();
            (at, before)
        };
        if let Change::Add(collection, text) = change {
            let id = added(&place, collection);
            let mut body = super::json(text);
            if let Realm::Graph(_) = id.realm() {
                body["id"] = json!(id.name());
            }
            as_kept(&mut body);
            let before = put(self.kept_at(&id, None), &body);
            return (id, before);
        }
        let object = self.clean.get(&place).unwrap().object.as_deref();
        let at = self.kept_at(&place, object);
        // Each rule is a resource of its own in the store.
        if let Change::Push("/properties/securityRules", rule) = change {
            let rule = super::json(rule);
            let at = format!("{at}/securityRules/{}", rule["name"].as_str().unwrap());
            let before = put(at, &json!({ "properties": rule["properties"] }));
            return (place, before);
        }
        let before = sandbox.stored(&at);
        let Some(mut body) = before.clone() else {
            panic!("nothing is stored at {at}");
        };
        if matches!(change, Change::Gone) {
            sandbox.remove(&at).unwrap();
            return (place, (at, before));
        }
        edit(&mut body, change);
        as_kept(&mut body);
        let before = put(at, &body);
        (place, before)
    }

    /// Takes back what is not the spec's to mend.
    fn take_back(&self, stored: &Stored) {
        let sandbox = &self.deployed.stand.sandbox;
        for (at, before) in &stored.before {
            match before {
                Some(body) if stored.row.stands => sandbox.store(at, body).unwrap(),
                None if sandbox.stored(at).is_some() => sandbox.remove(at).unwrap(),
                _ => {}
            }
        }
    }

    /// Nothing that the rows are seen by is seen before; what fills a limit is for itself.
    async fn nothing_is_open(&mut self, live: &Live) {
        let all = WEAKENINGS.iter().flat_map(Weakening::probes).copied();
        let (bursts, quick): (BTreeSet<&str>, BTreeSet<&str>) =
            all.partition(|id| id.starts_with('F'));
        let bursts = bursts.into_iter().map(|id| BTreeSet::from([id]));
        for only in bursts.chain([quick]) {
            let open = self.attack(live, &only).await;
            let is_open =
                |outcome: &Outcome| matches!(outcome, Outcome::Fail | Outcome::Inconclusive);
            let open: Vec<_> = open
                .iter()
                .filter(|(_, outcome)| is_open(outcome))
                .collect();
            assert!(open.is_empty(), "{}: {open:?}", self.environment);
        }
    }

    async fn attack(
        &mut self,
        live: &Live,
        only: &BTreeSet<&str>,
    ) -> BTreeMap<&'static str, Outcome> {
        self.deployed.stand.sandbox.forget_calls();
        let selection = Selection {
            only: only.iter().map(|id| (*id).to_owned()).collect(),
            is_aggressive: true,
        };
        let report = self.deployed.attack_as_read(live, &selection).await;
        let tried = report.tried.iter();
        tried
            .map(|tried| (tried.probe.id, tried.verdict.outcome))
            .collect()
    }
}

/// What the table comes to.
#[derive(Default)]
struct Tally {
    rows: usize,
    named: usize,
    shown: usize,
    mended: usize,
    standing: usize,
    visible: usize,
    caught: usize,
    hidden: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

impl Tally {
    fn note(&mut self, ok: bool, what: impl FnOnce() -> String) -> usize {
        if !ok {
            self.wrong.push(what());
        }
        usize::from(ok)
    }
}

impl Weakening {
    fn expected(&self) -> BTreeSet<&'static str> {
        [&[self.control], self.also].concat().into_iter().collect()
    }

    fn probes(&self) -> &'static [&'static str] {
        match self.outside {
            Outside::Seen(probes) => probes,
            Outside::Hidden(_) | Outside::Never(_) | Outside::Unsaid => &[],
        }
    }

    /// The environment in which its whole way is tried: those that it may be in by turns.
    fn ground(&self, index: usize) -> &'static str {
        if !self.on.is_empty() {
            return self.on;
        }
        let all: Vec<&str> = match self.environment {
            "" => ENVIRONMENTS.to_vec(),
            some => some.split(' ').collect(),
        };
        all[index % all.len()]
    }

    /// Whether what it does reaches no other row.
    fn is_quiet(&self) -> bool {
        matches!(self.outside, Outside::Hidden(why) if why != Why::Shut)
    }
}

/// Rows of an environment that can be stored together: of different controls, at different resources.
fn batches(environment: &str) -> Vec<Vec<&'static Weakening>> {
    let mut batches: Vec<Vec<&'static Weakening>> = Vec::new();
    let rows = WEAKENINGS.iter().enumerate().filter(|(index, row)| {
        row.ground(*index) == environment && !matches!(row.outside, Outside::Never(_))
    });
    for (_, row) in rows {
        let is_apart = |other: &Weakening| {
            let places = |row: &Weakening| row.changes.iter().map(|(place, _)| *place).collect();
            let (one, two): (BTreeSet<&str>, BTreeSet<&str>) = (places(row), places(other));
            other.is_quiet()
                && row.expected().is_disjoint(&other.expected())
                && one.is_disjoint(&two)
        };
        let room = batches
            .iter_mut()
            .find(|batch| row.is_quiet() && batch.iter().all(|other| is_apart(other)));
        match room {
            Some(batch) => batch.push(row),
            None => batches.push(vec![row]),
        }
    }
    batches
}

async fn try_batch(ground: &mut Ground, batch: &[&'static Weakening], tally: &mut Tally) {
    let stored: Vec<Stored> = batch.iter().map(|row| ground.store(row)).collect();
    let now = ground.read().await;
    let rows = batch.iter().map(|row| format!("{:?}", row.changes));
    let rows = rows.collect::<Vec<_>>().join("\n");

    let report = ground.judge(&now.state);
    let expected = batch.iter().flat_map(|row| row.expected()).collect();
    let is_exact = failed(&report) == expected;
    let exact = tally.note(is_exact, || {
        format!("check\n{rows}\n{expected:?}\n{:#?}", findings(&report))
    });
    tally.rows += batch.len();
    tally.named += exact * batch.len();
    for one in &stored {
        let (shown, standing) = (shows(&now.plan, one), stands(&now.plan, one));
        let is_right = if one.row.stands { standing } else { shown };
        tally.shown += tally.note(is_right, || {
            format!(
                "plan {:?}\n{}\n{:#?}",
                one.row.changes,
                described(&now.plan),
                now.plan.standing
            )
        });
    }
    let strays = strays(&now.plan, &stored, ground.environment);
    tally.note(strays.is_empty(), || {
        format!("plan, beside\n{rows}\n{strays:?}")
    });

    for row in batch {
        match row.outside {
            Outside::Seen(probes) => {
                tally.visible += 1;
                let only = probes.iter().copied().collect();
                let outcomes = ground.attack(&now.live, &only).await;
                let is_caught = probes.iter().all(|id| outcomes[id] == Outcome::Fail);
                tally.caught += tally.note(is_caught, || format!("verify {rows}\n{outcomes:?}"));
            }
            Outside::Hidden(why) => *tally.hidden.entry(format!("{why:?}")).or_default() += 1,
            Outside::Never(_) | Outside::Unsaid => {}
        }
    }

    let Attackable { stand, graph, .. } = &ground.deployed;
    let (_, applied, _) = stand.carry_out(graph, now.live, now.plan).await;
    let troubles = troubles(&applied);
    let mended = tally.note(troubles.is_empty(), || format!("apply\n{rows}\n{troubles}"));
    for one in &stored {
        ground.take_back(one);
        tally.standing += usize::from(one.row.stands);
        tally.mended += mended * usize::from(!one.row.stands);
    }
}

/// Whether the plan changes the very property, makes what is gone, or takes away what was added.
fn shows(plan: &Plan, stored: &Stored) -> bool {
    let changes = stored.row.changes.iter().zip(&stored.touched);
    // What comes before the last is scenery where somebody else made it.
    let own = changes
        .filter(|((_, change), id)| !matches!(change, Change::Add(..)) || id.realm() == Realm::Arm);
    own.into_iter().all(|((_, change), id)| {
        let mut of_it = plan.changes.iter().filter(|found| found.key.address == *id);
        of_it.any(|found| {
            let properties = found.action.properties();
            let touches = |pointer: &str| {
                let pointer = without_items(pointer);
                properties.iter().any(|property| {
                    let path = without_items(&property.path);
                    path.starts_with(&pointer) || pointer.starts_with(&path)
                })
            };
            match change {
                Change::Set(pointer, _) | Change::Push(pointer, _) => touches(pointer),
                Change::Text(..)
                | Change::Drop(_)
                | Change::DropIn(..)
                | Change::DropWith(..)
                | Change::Wrap(_) => touches("/properties/value"),
                Change::Add(..) => found.action.verb() == plan::Verb::Delete,
                Change::Gone => found.action.verb() == plan::Verb::Create,
            }
        })
    })
}

/// A path without what picks items of lists: by number in a pointer, by key in a plan.
fn without_items(path: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    for character in path.chars() {
        match character {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ if depth == 0 => out.push(character),
            _ => {}
        }
    }
    let is_name = |segment: &&str| segment.parse::<usize>().is_err();
    out.split('/').filter(is_name).collect::<Vec<_>>().join("/")
}

/// Whether the plan says that it leaves the finding, and objects from `high` on.
fn stands(plan: &Plan, stored: &Stored) -> bool {
    let control = stored.row.control;
    let Some(standing) = plan.standing.iter().find(|one| one.control == control) else {
        return false;
    };
    let objections = plan::standing::objections(&plan.standing);
    let name = format!("control:{control}");
    let is_objected = objections.iter().any(|objection| objection.name == name);
    stored.touched.contains(&standing.address)
        && is_objected == (standing.severity >= Severity::High)
}

/// Changes that no row asks for, and findings that stand and are none's.
fn strays(plan: &Plan, stored: &[Stored], environment: &str) -> Vec<String> {
    let is_asked_for = |id: &ResourceId| {
        stored.iter().any(|one| {
            let with = one.row.with.replace("{env}", environment);
            let is_with = !with.is_empty() && id.as_str().ends_with(&with);
            is_with
                || one
                    .touched
                    .iter()
                    .any(|touched| id == touched || id.is_within(touched))
        })
    };
    let changes = plan
        .changes
        .iter()
        .filter(|change| change.reason != Reason::Record);
    let changes = changes.map(|change| &change.key.address);
    let strays = changes
        .filter(|id| !is_asked_for(id))
        .map(ToString::to_string);
    let expected = |control: &str| {
        stored
            .iter()
            .any(|one| one.row.stands && one.row.control == control)
    };
    let standing = plan.standing.iter().filter(|one| !expected(&one.control));
    strays
        .chain(standing.map(|one| format!("{one:?}")))
        .collect()
}

#[expect(clippy::print_stdout, reason = "the measure is for people")]
async fn the_table(environment: &'static str) {
    let mut ground = Ground::new(environment).await;
    let mut tally = Tally::default();
    let now = ground.read().await;
    assert!(!now.plan.has_changes(), "{}", described(&now.plan));
    ground.nothing_is_open(&now.live).await;

    for batch in batches(environment) {
        try_batch(&mut ground, &batch, &mut tally).await;
    }

    let now = ground.read().await;
    let found = findings(&ground.judge(&now.state));
    assert_eq!(
        described(&now.plan),
        "",
        "{environment}: the last apply left something"
    );
    assert_eq!(found, Vec::<String>::new(), "{environment}");
    ground.deployed.stand.sandbox.stop().await;
    println!(
        "{environment}: {} weakenings, {} named by check, {} shown by plan ({} stand), {} mended by apply; {} visible outside, {} caught by verify; hidden {:?}",
        tally.rows,
        tally.named,
        tally.shown,
        tally.standing,
        tally.mended,
        tally.visible,
        tally.caught,
        tally.hidden,
    );
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n\n"));
    assert_eq!(tally.named, tally.rows);
    assert_eq!(tally.shown, tally.rows);
    assert_eq!(tally.mended + tally.standing, tally.rows);
    assert_eq!(tally.caught, tally.visible);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_weakening_of_dev_is_named_shown_mended_and_caught() {
    the_table("dev").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_weakening_of_staging_is_named_shown_mended_and_caught() {
    the_table("staging").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_weakening_of_prod_is_named_shown_mended_and_caught() {
    the_table("prod").await;
}

#[test]
fn every_weakening_is_tried_somewhere_or_says_why_it_cannot_be() {
    let unsaid = WEAKENINGS
        .iter()
        .filter(|row| row.outside == Outside::Unsaid);
    assert_eq!(unsaid.map(|row| row.control).collect::<Vec<_>>(), [""; 0]);
    let never = WEAKENINGS.iter().filter_map(|row| match row.outside {
        Outside::Never(why) => Some(why),
        _ => None,
    });
    let never: Vec<&str> = never.collect();
    assert!(never.iter().all(|why| !why.is_empty()));
    let tried: usize = ENVIRONMENTS
        .iter()
        .map(|environment| batches(environment).iter().map(Vec::len).sum::<usize>())
        .sum();
    assert_eq!(tried + never.len(), WEAKENINGS.len());
    assert!(tried >= 120, "{tried}");
}
