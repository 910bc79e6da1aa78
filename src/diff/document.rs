//! Policy documents: compared as elements, in the raw form that both sides use.

use crate::policy::{self, Document, Form, PolicyChange};

/// What changes from one document to another; nothing when either cannot be read as one.
pub(super) fn changes(before: &str, after: &str) -> Option<Vec<PolicyChange>> {
    let read = |text| Document::read(text, Form::Raw).ok();
    Some(policy::diff(&read(before)?, &read(after)?))
}

pub(super) fn is_equal(one: &str, other: &str) -> bool {
    changes(one, other).is_some_and(|changes| changes.is_empty())
}
