//! A guard is tightened first and loosened last.
//!
//! What leaves a guard may still be served by what the same plan changes: a host that is taken out of a security policy
//! before its route lets it go is answered without a firewall. Such an update is split. What comes under the guard is
//! written when its turn comes, before whatever depends on it; what leaves follows as a change of its own, after all
//! that named it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::change::{Action, Base, Change, Key, Reason};
use super::order;
use crate::resource::kind::Guarded;
use crate::resource::{Live, ResourceId, Term, body};

/// Stage name of what a guard lets go of.
pub(super) const LOOSEN: &str = "loosen";

struct Split {
    /// Nothing where the update only lets go.
    tightened: Option<Action>,
    /// With what it waits for.
    loosened: Change,
}

/// Splits the updates of guards, and takes out those that only let go. What comes back waits for what it says.
pub(super) fn split(changes: &mut Vec<Change>, live: &Live) -> Vec<Change> {
    if !changes.iter().any(|change| change.kind.guarded.is_some()) {
        return Vec::new();
    }
    let bodies = order::bodies(changes, live);
    let found = changes.iter().enumerate();
    let found: Vec<(usize, Split)> = found
        .filter_map(|(at, change)| Some((at, split_one(change, &bodies, live)?)))
        .collect();
    let mut loosened = Vec::with_capacity(found.len());
    for (at, split) in found.into_iter().rev() {
        match split.tightened {
            Some(action) => changes[at].action = action,
            None => drop(changes.remove(at)),
        }
        loosened.push(split.loosened);
    }
    loosened
}

fn split_one(change: &Change, bodies: &[(&Change, String)], live: &Live) -> Option<Split> {
    let rule = change.kind.guarded?;
    let Action::Update {
        base,
        set,
        properties,
    } = &change.action
    else {
        return None;
    };
    let wanted = set.get(rule.list)?;
    let found = live.get(&change.key.address).found()?;
    let leaving = leaving(&rule, wanted, body::get(&found.body, rule.list)?);
    let users = users(change, &leaving, bodies);
    if users.is_empty() {
        return None;
    }
    let (gone, kept): (Vec<_>, Vec<_>) = properties.iter().cloned().partition(|property| {
        property.path.starts_with(rule.list) && property.after == Term::null()
    });
    let (tightened, base) = if kept.is_empty() {
        (None, base.clone())
    } else {
        let mut set = set.clone();
        set.insert(rule.list.to_owned(), held(&rule, wanted, &leaving));
        let tightened = Action::Update {
            base: base.clone(),
            set,
            properties: kept,
        };
        (Some(tightened), Base::Earlier)
    };
    let loosened = Change {
        key: Key {
            address: change.key.address.clone(),
            stage: LOOSEN,
        },
        action: Action::Update {
            base,
            set: [(rule.list.to_owned(), wanted.clone())].into(),
            properties: gone,
        },
        reason: Reason::LoosenedLast,
        depends_on: users,
        ..change.clone()
    };
    Some(Split {
        tightened,
        loosened,
    })
}

/// The ids that are guarded now and not any more.
fn leaving(rule: &Guarded, wanted: &Term, there: &Value) -> Vec<ResourceId> {
    let ids = |list: Option<&Value>| {
        let items = list.and_then(Value::as_array).into_iter().flatten();
        let ids = items.filter_map(|item| body::get(item, rule.ids).and_then(Value::as_array));
        let ids = ids.flatten().filter_map(|id| id.get("id")?.as_str());
        ids.filter_map(|id| ResourceId::parse(id).ok())
            .collect::<BTreeSet<_>>()
    };
    let kept = ids(wanted.known().as_ref());
    ids(Some(there)).difference(&kept).cloned().collect()
}

/// The other changes of what names one of these; what goes itself does not keep itself.
fn users(change: &Change, leaving: &[ResourceId], bodies: &[(&Change, String)]) -> BTreeSet<Key> {
    let is_user = |other: &Change, text: &str| {
        let at = &other.key.address;
        *at != change.key.address
            && leaving
                .iter()
                .any(|id| at != id && !at.is_within(id) && order::mentions(text, id))
    };
    let users = bodies.iter().filter(|(other, text)| is_user(other, text));
    users.map(|(other, _)| other.key.clone()).collect()
}

/// What is wanted, with what leaves still under its first item.
fn held(rule: &Guarded, wanted: &Term, leaving: &[ResourceId]) -> Term {
    let Some(Value::Array(mut items)) = wanted.known() else {
        return wanted.clone();
    };
    let first = items.first_mut().and_then(|item| item.as_object_mut());
    let ids = first.and_then(|item| item.get_mut(rule.ids.trim_start_matches('/')));
    if let Some(Value::Array(ids)) = ids {
        ids.extend(leaving.iter().map(|id| serde_json::json!({ "id": id })));
    }
    Term::from(Value::Array(items))
}
