//! Joins desired and live state into a plan: complete data that apply carries out without choosing anything.
//!
//! Pure and synchronous. `planner` decides what happens to each resource, `removal` what leaves, `order` what waits
//! for what, `review` what may not be applied.

mod change;
mod digest;
mod order;
mod planner;
mod removal;
mod review;

use std::collections::BTreeMap;

use serde::Serialize;

pub use change::{Action, Base, Change, Key, Reason, Set, Verb};
pub use digest::Digest;
pub use review::{Objection, review};

use crate::diff::PropertyChange;
use crate::resource::{Graph, Live, ResourceId, Unreadable};

/// Every change that takes live state to the desired one, in an order that respects their edges.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub changes: Vec<Change>,
    /// Resources that are as desired.
    pub unchanged: usize,
    /// What could not be read, by id or by the list that was asked for, and so is not planned. A plan with any is
    /// not applied.
    pub unreadable: BTreeMap<String, Unreadable>,
    /// Resources in the spec's collections that belong to somebody else: reported and kept.
    pub foreign: Vec<ResourceId>,
    /// Settings that Azure is known to keep otherwise.
    pub notes: Vec<Note>,
}

/// A setting that is sent and known not to take effect on this kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Note {
    pub address: ResourceId,
    pub property: PropertyChange,
}

/// Plans.
pub fn plan(desired: &Graph, live: &Live) -> Plan {
    planner::Planner::new(desired, live).run()
}

impl Plan {
    /// Whether anything but keeping the record would be done.
    pub fn has_changes(&self) -> bool {
        self.changes
            .iter()
            .any(|change| change.reason != Reason::Record)
    }

    pub fn count(&self, verb: Verb) -> usize {
        self.changes
            .iter()
            .filter(|change| change.reason != Reason::Record && change.action.verb() == verb)
            .count()
    }

    pub fn get(&self, key: &Key) -> Option<&Change> {
        self.changes.iter().find(|change| change.key == *key)
    }

    /// Of everything the plan would do.
    pub fn digest(&self) -> Digest {
        Digest::of_text(&serde_json::to_string(&self.changes).unwrap_or_default())
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
