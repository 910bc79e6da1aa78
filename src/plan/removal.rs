//! What leaves: owned resources that the spec no longer names.

use std::collections::BTreeSet;

use super::change::{Action, Base, Change, Key, Reason};
use super::digest::Digest;
use crate::resource::kind::Deletion;
use crate::resource::{Found, ResourceId, kinds};

/// Deletes for all that leaves, parents standing in for what is inside them where Azure lets them.
pub(super) fn changes(leaving: &[(&ResourceId, &Found, Reason)]) -> Vec<Change> {
    let goes_first =
        |id: &ResourceId| kinds::of(id).is_some_and(|kind| kind.deletion == Deletion::BeforeParent);
    let is_inside =
        |id: &ResourceId| !goes_first(id) && leaving.iter().any(|(other, ..)| id.is_within(other));
    leaving
        .iter()
        .filter(|(id, ..)| !is_inside(id))
        .filter_map(|(id, found, reason)| delete(id, found, reason.clone()))
        .collect()
}

pub(super) fn delete(id: &ResourceId, found: &Found, reason: Reason) -> Option<Change> {
    let kind = kinds::of(id).filter(|kind| kind.deletion != Deletion::WithParent)?;
    let base = Base::Live {
        digest: Digest::of_live(kind, &found.body),
    };
    Some(Change {
        key: Key::main(id),
        kind,
        action: Action::Delete { base },
        reason,
        depends_on: BTreeSet::new(),
        serves: BTreeSet::new(),
        source: None,
    })
}
