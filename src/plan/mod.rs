//! Joins desired and live state into a plan: complete data that apply carries out without choosing anything.
//!
//! Pure and synchronous. `planner` decides what happens to each resource, `removal` what leaves, `order` what waits
//! for what, `displace` who takes over a name or a path, `opening` what closes before what opens, `loosen` what is let
//! go of last, `effect` what it does to a running service and whether it is drift, `ownership` whose things are,
//! `guard` and `review` what may not be applied, `select` what part is wanted. `destroy` takes a spec down. `basis` is
//! what a plan was made from, `file` a plan that was saved, `stale` what has moved since. `overlay` is what a state
//! becomes by a change, `class` how bad it is that something drifted. `assessment` is the controls before and after:
//! `posture` what a plan does to them and to exposure, `standing` what it leaves. `idle` is the rules of the spec that
//! mean nothing.

mod assessment;
pub mod basis;
mod change;
mod class;
mod destroy;
mod digest;
mod displace;
mod effect;
pub mod file;
mod guard;
mod history;
mod idle;
mod loosen;
mod opening;
mod order;
mod overlay;
mod ownership;
mod planner;
mod posture;
mod removal;
mod review;
mod select;
mod shared;
pub mod stale;
pub mod standing;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use assessment::{Assessment, Norm};
pub use basis::{Basis, Seen};
pub use change::{Action, Base, Change, Key, Reason, Set, Verb};
pub use class::class_of;
pub use digest::Digest;
pub use effect::Since;
pub use history::{Author, History};
pub use idle::Idle;
pub use overlay::{Half, overlay};
pub use ownership::{Adopted, Foreign, Kept};
pub use posture::{Opening, Posture, Standing, Turn, Turning};
pub use review::{Allowance, Objection, Review, review};
pub use select::{LeftOut, Selection};
pub use standing::Unmended;

use crate::diff::PropertyChange;
use crate::resource::{Aim, Graph, Live, ResourceId, Unreadable, kinds};

/// Every change that takes live state to the desired one, in an order that respects their edges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    pub changes: Vec<Change>,
    /// Resources that are as desired.
    pub unchanged: usize,
    /// What could not be read, by id or by the list that was asked for, and so is not planned. A plan with any is
    /// not applied.
    pub unreadable: BTreeMap<String, Unreadable>,
    /// Resources in the spec's collections that belong to somebody else: reported and kept.
    pub foreign: Vec<Foreign>,
    /// Strangers and list items that a rule of the spec leaves alone.
    pub ignored: usize,
    /// Resources that the spec names and that do not carry its mark: they would change hands.
    pub adopted: Vec<Adopted>,
    /// What taking the spec down leaves, and why.
    pub kept: Vec<Kept>,
    /// What can be brought back for a while after it was deleted, and holds its name until then.
    pub recoverable: Vec<Kept>,
    /// Changes that were not asked for.
    pub left_out: Vec<LeftOut>,
    /// How many of a type are there: what shares are of.
    pub existing: BTreeMap<String, usize>,
    /// Settings that Azure is known to keep otherwise.
    pub notes: Vec<Note>,
    /// What it was made from: it is stale once any of this moves.
    pub basis: Basis,
    /// What changes do to a service that is running, beyond what they set.
    pub effects: BTreeMap<Key, Vec<String>>,
    pub since: Since,
    /// Findings that it leaves: filled in by whoever knows what the spec means and accepts.
    pub standing: Vec<Unmended>,
    /// Rules of the spec that mean nothing in it.
    pub idle: Vec<Idle>,
    /// Who changed what drifted: filled in once the activity log was read.
    pub history: History,
    /// What it does to the controls and to who can reach what: filled in by whoever knows what the spec says of them.
    pub posture: Posture,
}

/// A setting that is sent and known not to take effect on this kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    pub address: ResourceId,
    pub property: PropertyChange,
}

/// What it takes to get from live state to the desired one, or to nothing where that is the aim. What is not known yet
/// of the values stays a term, and what could not be read is named in the plan rather than taken for absent.
pub fn plan(desired: &Graph, live: &Live) -> Plan {
    let plan = match &desired.aim {
        Aim::Build => planner::Planner::new(desired, live).run(),
        Aim::Destroy { also } => destroy::plan(desired, live, also),
    };
    Plan {
        effects: effect::of_changes(&plan.changes, live),
        // Taking a spec down is meant, whatever was applied last.
        since: match desired.aim {
            Aim::Build => Since::of(desired, live),
            Aim::Destroy { .. } => Since::default(),
        },
        existing: existing(live),
        // Taking a spec down asks no rule but whose things are.
        idle: match desired.aim {
            Aim::Build => idle::rules(desired, live),
            Aim::Destroy { .. } => Vec::new(),
        },
        ..plan
    }
}

fn existing(live: &Live) -> BTreeMap<String, usize> {
    let present = live
        .resources
        .iter()
        .filter(|(_, observed)| observed.found().is_some())
        .map(|(id, _)| id);
    let mut counts = BTreeMap::new();
    for kind in present.chain(live.orphans.keys()).filter_map(kinds::of) {
        *counts.entry(kind.type_name.to_owned()).or_default() += 1;
    }
    counts
}

impl Plan {
    /// Whether anything but keeping the record would be done.
    pub fn has_changes(&self) -> bool {
        self.changes
            .iter()
            .any(|change| change.reason != Reason::Record)
    }

    /// Whether the spec is the one last applied and live state is not: somebody changed Azure by other means.
    pub fn is_drift(&self) -> bool {
        self.since == Since::SpecUnchanged && self.has_changes()
    }

    /// Changes of this verb, those that keep the record not among them.
    pub fn count(&self, verb: Verb) -> usize {
        self.changes
            .iter()
            .filter(|change| change.reason != Reason::Record && change.action.verb() == verb)
            .count()
    }

    pub fn get(&self, key: &Key) -> Option<&Change> {
        self.changes.iter().find(|change| change.key == *key)
    }

    /// Of everything the plan would do, what it was made from and where: who approves it approves exactly that. What
    /// belongs to somebody else is left out, so that a stranger's change makes no plan stale.
    pub fn digest(&self, target: &Value) -> Digest {
        let changes: Vec<Value> = self.changes.iter().map(Change::essence).collect();
        let all = json!({ "target": target, "changes": changes, "basis": self.basis });
        Digest::of_text(&all.to_string())
    }

    /// The usual length of the longest chain of changes, in seconds.
    pub fn usual_seconds(&self) -> u32 {
        let mut done: BTreeMap<&Key, u32> = BTreeMap::new();
        for change in &self.changes {
            let start = change
                .depends_on
                .iter()
                .filter_map(|key| done.get(key))
                .max()
                .copied()
                .unwrap_or(0);
            done.insert(&change.key, start + change.usual_seconds());
        }
        done.into_values().max().unwrap_or(0)
    }
}
