//! Measure c: writes that lose nothing.
//!
//! One value of the desired body is changed, and the body that secgw would send is laid beside the live one: all else
//! must still be there, and nothing that only Azure can set.

use std::collections::BTreeMap;

use secgw::diff::diff;
use secgw::resource::body::{self, join};
use secgw::resource::equal::Equality;
use secgw::resource::{Kind, Term, compose};
use serde_json::{Map, Value};

use super::leaf;
use super::mutation::others;
use super::recording::Pair;
use super::witness::Witness;

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) bodies: usize,
    pub(crate) lossless: usize,
    pub(crate) faults: Vec<String>,
}

pub(crate) fn measure(pair: &Pair, witness: &Witness) -> Counts {
    let mut counts = Counts::default();
    for leaf in leaf::values(pair.kind, &pair.sent, &pair.live).leaves {
        let Some(other) = leaf.live.as_ref().and_then(|_| others(&leaf.desired).pop()) else {
            continue;
        };
        let mut desired = pair.sent.clone();
        if let Some(at) = desired.pointer_mut(&leaf.pointer) {
            *at = other;
        }
        let found = diff(pair.kind, &Term::from(desired), &pair.live);
        let set: Option<BTreeMap<String, Value>> = found
            .set
            .iter()
            .map(|(pointer, term)| Some((pointer.clone(), term.known()?)))
            .collect();
        let Some(set) = set.filter(|set| !set.is_empty()) else {
            continue;
        };
        let sent = compose::for_update(pair.kind, &pair.live, &set);
        let mut check = Check {
            pair,
            witness,
            equality: Equality::new(pair.kind, &pair.live),
            changed: set.keys().map(String::as_str).collect(),
            faults: Vec::new(),
        };
        check.nothing_read_only("", &sent);
        let after = if pair.kind.write.is_partial() {
            merge_patch(&pair.live, &sent)
        } else {
            sent
        };
        check.holds("", &pair.live, &after);
        counts.bodies += 1;
        if check.faults.is_empty() {
            counts.lossless += 1;
        }
        counts.faults.extend(check.faults);
    }
    counts
}

struct Check<'a> {
    pair: &'a Pair,
    witness: &'a Witness,
    equality: Equality<'a>,
    changed: Vec<&'a str>,
    faults: Vec<String>,
}

impl Check<'_> {
    fn kind(&self) -> &'static Kind {
        self.pair.kind
    }

    fn nothing_read_only(&mut self, path: &str, sent: &Value) {
        if self.is_read_only(path) {
            self.faults
                .push(format!("{path} is sent, which is read-only"));
            return;
        }
        for (name, value) in children(sent) {
            self.nothing_read_only(&join(path, &name), value);
        }
    }

    fn is_read_only(&self, path: &str) -> bool {
        self.kind().is_read_only(path) || self.witness.is_read_only(&self.pair.id, path)
    }

    /// Whether everything that was there is still there, apart from what was to be changed.
    fn holds(&mut self, path: &str, live: &Value, after: &Value) {
        if live.is_null() || self.is_read_only(path) {
            return;
        }
        let is_changed = self
            .changed
            .iter()
            .any(|changed| body::matches(changed, path));
        match (live, after) {
            (Value::Object(live), Value::Object(after)) => self.members(path, live, after),
            (Value::Array(live), Value::Array(after)) => self.items(path, live, after, is_changed),
            (live, after) if is_changed || live == after => {}
            _ => self.faults.push(format!("{path} is lost")),
        }
    }

    fn members(&mut self, path: &str, live: &Map<String, Value>, after: &Map<String, Value>) {
        for (name, value) in live {
            let path = join(path, name);
            match after.get(name) {
                Some(after) => self.holds(&path, value, after),
                None => self.holds(&path, value, &Value::Null),
            }
        }
    }

    /// A list is written whole: each item that stays keeps its members.
    fn items(&mut self, path: &str, live: &[Value], after: &[Value], is_changed: bool) {
        let counterparts: BTreeMap<usize, usize> = match compose::set_key(self.kind(), path) {
            Some(key) => {
                let pairing = self.equality.pair(path, key, after, live);
                pairing.matched.into_iter().map(|(a, l)| (l, a)).collect()
            }
            None => (0..live.len().min(after.len()))
                .map(|at| (at, at))
                .collect(),
        };
        for (index, item) in live.iter().enumerate() {
            if self.equality.is_synthetic(path, item) {
                continue;
            }
            let counterpart = counterparts.get(&index).map(|at| &after[*at]);
            let path = join(path, &index.to_string());
            match counterpart {
                Some(other) => self.item(&path, item, other, is_changed),
                // Its key is what was changed.
                None if is_changed => {}
                None => self.faults.push(format!("{path} is lost")),
            }
        }
    }

    /// Inside a changed list one value is another one; members may not vanish.
    fn item(&mut self, path: &str, live: &Value, after: &Value, is_changed: bool) {
        if !is_changed {
            return self.holds(path, live, after);
        }
        if live.is_null() || self.is_read_only(path) {
            return;
        }
        match (live, after) {
            (Value::Object(members), Value::Object(after)) => {
                for (name, value) in members {
                    let after = after.get(name).unwrap_or(&Value::Null);
                    self.item(&join(path, name), value, after, true);
                }
            }
            (Value::Array(items), Value::Array(after)) => self.items(path, items, after, true),
            (_, Value::Null) => self.faults.push(format!("{path} is lost")),
            _ => {}
        }
    }
}

fn children(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, value)| (index.to_string(), value))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// RFC 7396, what a PATCH does to a body.
fn merge_patch(body: &Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch.clone();
    };
    let mut merged = body.as_object().cloned().unwrap_or_default();
    for (name, value) in patch {
        if value.is_null() {
            merged.remove(name);
        } else {
            let there = merged.remove(name).unwrap_or(Value::Null);
            merged.insert(name.clone(), merge_patch(&there, value));
        }
    }
    Value::Object(merged)
}
