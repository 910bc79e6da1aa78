//! What may not be applied, and what would override it.

use serde::{Deserialize, Serialize};

use super::{Plan, Verb};
use crate::resource::{Graph, ResourceId};

/// Why a plan may not be applied as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    pub address: ResourceId,
    pub message: String,
    pub remedy: String,
}

/// Every objection to a plan, in the plan's order.
pub fn review(plan: &Plan, desired: &Graph) -> Vec<Objection> {
    plan.changes
        .iter()
        .filter(|change| change.action.verb().is_destructive())
        .filter(|change| {
            desired
                .get(&change.key.address)
                .is_some_and(|resource| resource.protect)
        })
        .map(|change| Objection {
            address: change.key.address.clone(),
            message: match change.action.verb() {
                Verb::Replace => {
                    format!("replacing it would delete a protected {}", change.kind.noun)
                }
                _ => format!("it is a protected {}", change.kind.noun),
            },
            remedy:
                "take its section out of `protect` in the spec, or undo the edit that leads here"
                    .to_owned(),
        })
        .collect()
}
