//! Who takes over what only one can have: a path, a name, a call.
//!
//! Azure refuses a second resource with such a value (`Kind::unique`), so the one that gets it waits for the one that
//! has it to be changed or gone. A spec that renames an API without saying `moved` comes to this.

use serde_json::Value;

use super::change::{Action, Change};
use super::order::{self, waits};
use crate::resource::{Live, Term, body};

/// Adds what each change must wait for because another still has what it takes.
pub(super) fn order(changes: &mut [Change], live: &Live) {
    let mut takeovers = Vec::new();
    for taker in changes.iter() {
        for holder in changes.iter().filter(|holder| takes(taker, holder, live)) {
            takeovers.push((taker.key.clone(), holder.key.clone()));
        }
    }
    for (taker, holder) in takeovers {
        // Two that exchange their values wait for nothing: Azure's refusal says which value stands in the way.
        if waits(changes, &holder, &taker) {
            continue;
        }
        for change in changes.iter_mut().filter(|change| change.key == taker) {
            change.depends_on.insert(holder.clone());
        }
    }
}

fn takes(taker: &Change, holder: &Change, live: &Live) -> bool {
    let Some(unique) = taker.kind.unique else {
        return false;
    };
    let (new, old) = (&taker.key.address, &holder.key.address);
    let is_beside = new != old && taker.kind == holder.kind && new.parent() == old.parent();
    if !is_beside || !taker.key.stage.is_empty() || !holder.key.stage.is_empty() {
        return false;
    }
    let Some(held) = order::found(live, old)
        .map(|found| values(unique.paths, &|path| body::get(&found.body, path).cloned()))
    else {
        return false;
    };
    let lets_go = match &holder.action {
        Action::Delete { .. } => true,
        Action::Update { .. } => wanted(holder, live, unique.paths) != held,
        _ => false,
    };
    lets_go && wanted(taker, live, unique.paths) == held
}

/// What a change comes to at these paths: what it sets, and for the rest what is there.
fn wanted(change: &Change, live: &Live, paths: &[&str]) -> Vec<String> {
    let there = order::found(live, &change.key.address);
    values(paths, &|path| {
        let set = change.action.set().and_then(|set| {
            let whole = set.get("").and_then(|term| term.at(path));
            whole.or_else(|| set.get(path))
        });
        match set {
            Some(term) => Term::known(term),
            None => body::get(&there?.body, path).cloned(),
        }
    })
}

/// Azure compares them in any case.
fn values(paths: &[&str], at: &dyn Fn(&str) -> Option<Value>) -> Vec<String> {
    let plain = |value: Value| match value {
        Value::String(text) => text.to_ascii_lowercase(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    paths
        .iter()
        .map(|path| at(path).map(plain).unwrap_or_default())
        .collect()
}
