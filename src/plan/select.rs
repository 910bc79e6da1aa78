//! A part of a plan: what `--target` and `--exclude` leave of it, and what that leaves undone.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Key, Plan, Reason};
use crate::resource::{Pattern, ResourceId};

/// Which changes are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// These and what they depend on; everything where there is none.
    pub target: Vec<Pattern>,
    /// Not these, nor what depends on them.
    pub exclude: Vec<Pattern>,
}

/// A change that is left out, so that Azure is not as the spec says afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    pub change: Key,
    pub why: String,
}

impl Selection {
    pub fn is_everything(&self) -> bool {
        self.target.is_empty() && self.exclude.is_empty()
    }

    /// The part of a plan that is selected.
    #[must_use]
    pub fn of(&self, mut plan: Plan) -> Plan {
        if self.is_everything() {
            return plan;
        }
        let targeted = self.targeted(&plan);
        let mut left: BTreeMap<Key, String> = BTreeMap::new();
        // Dependencies stand before dependents.
        for change in &plan.changes {
            let blocker = change.depends_on.iter().find(|key| left.contains_key(key));
            let why = if covers(&self.exclude, &change.key.address) {
                Some("excluded".to_owned())
            } else if !targeted.contains(&change.key) {
                Some("not targeted".to_owned())
            } else {
                blocker.map(|key| format!("depends on {}, which is left out", key.address.short()))
            };
            if let Some(why) = why {
                left.insert(change.key.clone(), why);
            }
        }
        let is_record = |key: &Key| {
            plan.get(key)
                .is_some_and(|change| change.reason == Reason::Record)
        };
        let shown = left.iter().filter(|(key, _)| !is_record(key));
        plan.left_out = shown
            .map(|(key, why)| LeftOut {
                change: key.clone(),
                why: why.clone(),
            })
            .collect();
        // The record says what was applied, and a part is not that.
        plan.changes
            .retain(|change| !left.contains_key(&change.key) && change.reason != Reason::Record);
        let addresses: BTreeSet<&ResourceId> = plan
            .changes
            .iter()
            .map(|change| &change.key.address)
            .collect();
        plan.adopted
            .retain(|adopted| addresses.contains(&adopted.address));
        plan
    }

    fn targeted(&self, plan: &Plan) -> BTreeSet<Key> {
        let mut chosen: BTreeSet<Key> = plan
            .changes
            .iter()
            .filter(|change| change.reason != Reason::Record)
            .filter(|change| self.target.is_empty() || covers(&self.target, &change.key.address))
            .map(|change| change.key.clone())
            .collect();
        // From the end, each change has been decided on before what it depends on is.
        for change in plan.changes.iter().rev() {
            if chosen.contains(&change.key) {
                chosen.extend(change.depends_on.iter().cloned());
            }
        }
        chosen
    }
}

fn covers(patterns: &[Pattern], id: &ResourceId) -> bool {
    patterns.iter().any(|pattern| pattern.covers(id))
}
