//! What has moved since a plan was saved: which resource, which property, and whether the spec or Azure moved.
//!
//! Root causes only: a change that is another one because a value it takes has moved is not told again.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::basis::{Looked, Seen, Traced, Traces};
use super::change::Change;
use super::file::Saved;
use super::{Key, Plan};
use crate::resource::{Graph, Live, ResourceId};

/// Who moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Spec,
    Live,
    /// Neither: another version of secgw plans it otherwise, or it was asked otherwise.
    Plan,
}

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Move {
    Appeared,
    Gone,
    Changed,
}

/// One resource that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    pub address: ResourceId,
    pub side: Side,
    pub how: Move,
    /// JSON pointers; empty where only a value that may be secret has moved, or all of it.
    pub properties: BTreeSet<String>,
}

/// Everything that makes the saved plan another one than the fresh plan, which was made from `desired` and `live`;
/// nothing when they are equal.
pub fn stale(saved: &Saved, fresh: &Plan, desired: &Graph, live: &Live) -> Vec<Moved> {
    let looked = Looked::new(desired, live);
    let addresses: BTreeSet<&ResourceId> =
        saved.plan.basis.keys().chain(fresh.basis.keys()).collect();
    let mut moved = Vec::new();
    for address in addresses {
        let (was, is) = (saved.plan.basis.get(address), fresh.basis.get(address));
        if was != is {
            let resource = desired.get(address);
            let traced = resource.map(|resource| looked.traced(resource));
            let was_traced = saved.traces.get(address).cloned();
            let traced = (was_traced.unwrap_or_default(), traced.unwrap_or_default());
            moved.extend(of_resource(address, (was, is), &traced));
        }
    }
    moved.extend(strangers(&saved.plan, fresh));
    if moved.is_empty() {
        moved.extend(otherwise(&saved.plan, fresh, Side::Plan, &|_| true));
    }
    moved
}

fn of_resource(
    address: &ResourceId,
    (saved, fresh): (Option<&Seen>, Option<&Seen>),
    (was, is): &(Traced, Traced),
) -> Vec<Moved> {
    let moved = |side, how, properties| Moved {
        address: address.clone(),
        side,
        how,
        properties,
    };
    let (saved, fresh) = match (saved, fresh) {
        (None, _) => return vec![moved(Side::Spec, Move::Appeared, BTreeSet::new())],
        (_, None) => return vec![moved(Side::Spec, Move::Gone, BTreeSet::new())],
        (Some(saved), Some(fresh)) => (saved, fresh),
    };
    let mut found = Vec::new();
    if saved.wanted != fresh.wanted {
        found.push(moved(
            Side::Spec,
            Move::Changed,
            differing(&was.wanted, &is.wanted),
        ));
    }
    match (&saved.live, &fresh.live) {
        (None, Some(_)) => found.push(moved(Side::Live, Move::Appeared, BTreeSet::new())),
        (Some(_), None) => found.push(moved(Side::Live, Move::Gone, BTreeSet::new())),
        (saved, fresh) if saved != fresh => {
            found.push(moved(
                Side::Live,
                Move::Changed,
                differing(&was.live, &is.live),
            ));
        }
        (_, _) => {}
    }
    found
}

fn differing(was: &Traces, is: &Traces) -> BTreeSet<String> {
    let paths = was.keys().chain(is.keys());
    paths
        .filter(|path| was.get(*path) != is.get(*path))
        .cloned()
        .collect()
}

/// What the spec does not name and the plan removes: it is in the changes alone.
fn strangers(saved: &Plan, fresh: &Plan) -> Vec<Moved> {
    let is_stranger = |address: &ResourceId| {
        !saved.basis.contains_key(address) && !fresh.basis.contains_key(address)
    };
    otherwise(saved, fresh, Side::Live, &is_stranger)
}

/// The changes of these resources that only one side has, or that do something else.
fn otherwise(
    saved: &Plan,
    fresh: &Plan,
    side: Side,
    is_meant: &dyn Fn(&ResourceId) -> bool,
) -> Vec<Moved> {
    let essences = |plan: &Plan| -> BTreeMap<Key, Value> {
        let meant = plan
            .changes
            .iter()
            .filter(|change| is_meant(&change.key.address));
        meant
            .map(|change: &Change| (change.key.clone(), change.essence()))
            .collect()
    };
    let (was, is) = (essences(saved), essences(fresh));
    let keys: BTreeSet<&Key> = was.keys().chain(is.keys()).collect();
    let moved = |key: &Key| {
        let how = match (was.get(key), is.get(key)) {
            (None, _) => Move::Appeared,
            (_, None) => Move::Gone,
            (was, is) if was != is => Move::Changed,
            _ => return None,
        };
        Some(Moved {
            address: key.address.clone(),
            side,
            how,
            properties: BTreeSet::new(),
        })
    };
    keys.into_iter().filter_map(moved).collect()
}
