//! Desired against live, by the kind's rules.
//!
//! Pure. Only what the spec means is compared (the leaves of the desired term), normalised the way Azure normalises it;
//! what comes back is what a person is shown and what apply sets, apart.

mod compare;
mod document;
mod scalar;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::resource::{Kind, Term};

/// One property that is not as desired.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PropertyChange {
    /// Segments for people: list items by their key, policies by element (`/properties/value/inbound/cors`).
    pub path: String,
    /// Absent when nothing is there; masked where the live value may be a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Null when it is removed; holds references while it is not known yet.
    pub after: Term,
}

/// Where one resource is not as desired.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    pub properties: Vec<PropertyChange>,
    /// What to write: JSON pointers of the body, lists whole.
    pub set: BTreeMap<String, Term>,
    /// Paths that no update can change: the resource has to be made anew.
    pub immutable: Vec<String>,
    /// Settings that Azure is known to keep otherwise on this kind: reported, not planned.
    pub not_effective: Vec<PropertyChange>,
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.properties.is_empty()
    }
}

/// What stands in for a live value that may be a secret.
pub const MASKED: &str = "(sensitive)";

/// Compares a desired body, resolved as far as it can be, with the live one.
pub fn diff(kind: &'static Kind, desired: &Term, live: &Value) -> Difference {
    compare::Walk::new(kind, desired, live).run()
}
