//! When two scalars are the same value: by the kind's rules, and policy documents as documents.

use serde_json::Value;

use super::document::{self, Sides};
use crate::resource::equal::Equality;

/// Whether a known, non-null desired scalar equals the live one.
pub(super) fn is_equal(
    equality: &Equality<'_>,
    path: &str,
    (desired, live): (&Value, &Value),
    policy: Option<Sides>,
) -> bool {
    if equality.scalar(path, desired, live) {
        return true;
    }
    match (policy, desired, live) {
        (Some(sides), Value::String(one), Value::String(other)) => {
            document::changes(sides, other, one).is_some_and(|changes| changes.is_empty())
        }
        _ => false,
    }
}
