//! What leaves: owned resources that the spec no longer names.

use std::collections::BTreeSet;

use super::change::{Action, Base, Change, Key, Reason};
use super::digest::Digest;
use crate::resource::kind::Deletion;
use crate::resource::{Found, Graph, Live, ResourceId, kinds};

/// Deletes for all orphans, parents standing in for what is inside them.
pub(super) fn changes(desired: &Graph, live: &Live) -> Vec<Change> {
    let going: BTreeSet<&ResourceId> = live
        .orphans
        .keys()
        .filter(|id| desired.get(id).is_none())
        .collect();
    let is_inside = |id: &ResourceId| going.iter().any(|other| id.is_within(other));
    live.orphans
        .iter()
        .filter(|(id, _)| going.contains(id) && !is_inside(id))
        .filter_map(|(id, found)| delete(id, found))
        .collect()
}

fn delete(id: &ResourceId, found: &Found) -> Option<Change> {
    let kind = kinds::of(id).filter(|kind| kind.deletion != Deletion::WithParent)?;
    let base = Base::Live {
        digest: Digest::of_live(kind, &found.body),
    };
    Some(Change {
        key: Key::main(id),
        kind,
        action: Action::Delete { base },
        reason: Reason::NotInSpec,
        depends_on: BTreeSet::new(),
        serves: BTreeSet::new(),
        source: None,
    })
}
