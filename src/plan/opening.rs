//! What closes goes before what opens.
//!
//! A resource comes before what stands beneath it, and that is the wrong way round in two cases. One that is about to
//! answer the internet must have its guards first, which are policies and settings beneath it; one that moves into a
//! network must be rid of the private endpoints that Azure does not let it take along (`Kind::excludes`). In both the
//! edge between the two is turned, unless what stands beneath needs the move itself.

use std::collections::BTreeSet;

use super::change::{Action, Change, Key};
use super::{guard, order};
use crate::resource::{Term, body};

/// Turns the edges of each update that opens, or that something beneath it stands in the way of.
pub(super) fn order(changes: &mut [Change]) {
    let moves: Vec<(Key, BTreeSet<Key>)> = changes
        .iter()
        .filter(|change| matches!(change.action, Action::Update { .. }))
        .map(|change| (change.key.clone(), first(change, changes)))
        .filter(|(_, first)| !first.is_empty())
        .collect();
    for (key, first) in moves {
        turn(changes, &key, &first);
    }
}

/// The changes beneath a resource that go before a change of it.
fn first(change: &Change, changes: &[Change]) -> BTreeSet<Key> {
    let is_beneath = |other: &&Change| {
        other.key.address != change.key.address && other.key.address.is_within(&change.key.address)
    };
    let beneath: Vec<&Change> = changes.iter().filter(is_beneath).collect();
    let opens = guard::opens(change);
    let is_first = |other: &&&Change| match other.action {
        // What opens itself guards nothing.
        Action::Update { .. } => opens && !guard::opens(other),
        Action::Delete { .. } => is_in_the_way(change, other),
        _ => false,
    };
    let mut first: BTreeSet<Key> = BTreeSet::new();
    let mut open: Vec<&Change> = beneath.iter().filter(is_first).copied().collect();
    while let Some(other) = open.pop() {
        if first.insert(other.key.clone()) {
            let needed = beneath
                .iter()
                .filter(|it| other.depends_on.contains(&it.key));
            open.extend(needed);
        }
    }
    first
}

fn is_in_the_way(change: &Change, other: &Change) -> bool {
    let Some(rule) = change.kind.excludes else {
        return false;
    };
    let mut set = change.action.set().into_iter().flatten();
    let joins = set.any(|(path, term)| {
        let is_about = rule
            .paths
            .iter()
            .any(|pattern| body::matches(pattern, path));
        is_about && *term != Term::null()
    });
    joins && other.kind.type_name == rule.beneath
}

fn turn(changes: &mut [Change], key: &Key, first: &BTreeSet<Key>) {
    for change in changes
        .iter_mut()
        .filter(|change| first.contains(&change.key))
    {
        change.depends_on.remove(key);
    }
    for one in first {
        let (after, before) = if order::waits(changes, one, key) {
            (one, key)
        } else {
            (key, one)
        };
        for change in changes.iter_mut().filter(|change| change.key == *after) {
            change.depends_on.insert(before.clone());
        }
    }
}
