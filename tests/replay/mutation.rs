//! Measure b: differences that go unnoticed.
//!
//! Each value that was sent and came back is changed in the live body, one at a time, and the diff must name it.

use secgw::diff::diff;
use secgw::resource::equal;
use secgw::resource::{How, Term, body};
use serde_json::Value;

use super::leaf::{self, Key, Leaf, List};
use super::policy;
use super::recording::Pair;
use super::witness::Witness;

/// A change that was not named.
pub(crate) struct Miss {
    pub(crate) pointer: String,
    pub(crate) what: String,
    pub(crate) why: String,
}

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) noticed: usize,
    pub(crate) missed: Vec<Miss>,
    /// Sent, never returned: nothing to change.
    pub(crate) not_returned: Vec<String>,
    /// Sent though only Azure can set it.
    pub(crate) read_only: Vec<String>,
}

/// One changed live body and the paths that the diff must name.
struct Mutation {
    what: String,
    live: Value,
    named: Vec<String>,
}

pub(crate) fn measure(pair: &Pair, witness: &Witness) -> Counts {
    let desired = Term::from(pair.sent.clone());
    let values = leaf::values(pair.kind, &pair.sent, &pair.live);
    let mut counts = Counts::default();
    for leaf in &values.leaves {
        if leaf.desired.is_null() {
            continue;
        }
        if witness.is_read_only(&pair.id, &leaf.pointer) {
            counts.read_only.push(leaf.pointer.clone());
        } else if let Some((at, value)) = &leaf.live {
            for mutation in of_leaf(pair, leaf, (at, value)) {
                counts.judge(pair, &desired, &leaf.pointer, mutation);
            }
        } else {
            counts.not_returned.push(leaf.pointer.clone());
        }
    }
    for list in &values.lists {
        if !witness.is_read_only(&pair.id, &list.pointer) {
            for mutation in of_list(pair, list) {
                counts.judge(pair, &desired, &list.pointer, mutation);
            }
        }
    }
    counts
}

impl Counts {
    fn judge(&mut self, pair: &Pair, desired: &Term, pointer: &str, mutation: Mutation) {
        let found = diff(pair.kind, desired, &mutation.live);
        let reported: Vec<&str> = found
            .properties
            .iter()
            .chain(&found.not_effective)
            .map(|change| change.path.as_str())
            .collect();
        let is_named = |path: &String| {
            reported.iter().any(|reported| {
                reported == path
                    || reported
                        .strip_prefix(path.as_str())
                        .is_some_and(|rest| rest.starts_with('/'))
            })
        };
        if mutation.named.iter().all(is_named) {
            self.noticed += 1;
        } else {
            self.missed.push(Miss {
                pointer: pointer.to_owned(),
                what: mutation.what,
                why: leaf::skipped(pair.kind, pointer)
                    .unwrap_or_else(|| "for no stated reason".to_owned()),
            });
        }
    }
}

fn of_leaf(pair: &Pair, leaf: &Leaf, (at, value): (&str, &Value)) -> Vec<Mutation> {
    let is_policy = pair
        .kind
        .has(&leaf.pointer, &|how| matches!(how, How::Policy(_)));
    let changed = match value {
        Value::String(text) if is_policy => policy::others(text, &pair.live),
        value => others(value),
    };
    changed
        .into_iter()
        // Changed into what is desired, it is no difference.
        .filter(|other| *other != leaf.desired)
        .map(|other| {
            let named = match &leaf.key {
                Some(key) => renamed(pair, key, at, &other),
                None => vec![leaf.shown.clone()],
            };
            Mutation {
                what: format!("{} for {}", brief(&other), brief(value)),
                live: with(&pair.live, at, other),
                named,
            }
        })
        .collect()
}

/// An item whose key changed is another item: the one is missing, the other is too much.
fn renamed(pair: &Pair, key: &Key, at: &str, other: &Value) -> Vec<String> {
    let item = at.strip_suffix(key.part.as_str()).unwrap_or(at);
    let live = pair.live.pointer(item).unwrap_or(&Value::Null);
    let changed = if key.part.is_empty() {
        other.clone()
    } else {
        with(live, &key.part, other.clone())
    };
    [live, &changed]
        .map(|item| format!("{}[{}]", key.list, equal::shown_key(item, key.parts)))
        .into()
}

/// A list with one item more, and with one less for each item.
fn of_list(pair: &Pair, list: &List) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    let items = body::get(&pair.live, &list.live)
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if let Some(item) = items.last().and_then(|item| another(item, list.key)) {
        let named = list.key.map_or_else(
            || list.shown.clone(),
            |key| format!("{}[{}]", list.shown, equal::shown_key(&item, key)),
        );
        let mut more = items.clone();
        more.push(item);
        mutations.push(Mutation {
            what: "one item more".to_owned(),
            live: with(&pair.live, &list.live, more.into()),
            named: vec![named],
        });
    }
    for at in list.matched.iter().copied() {
        let gone = &items[at];
        let named = list.key.map_or_else(
            || list.shown.clone(),
            |key| format!("{}[{}]", list.shown, equal::shown_key(gone, key)),
        );
        let mut less = items.clone();
        less.remove(at);
        mutations.push(Mutation {
            what: "one item less".to_owned(),
            live: with(&pair.live, &list.live, less.into()),
            named: vec![named],
        });
    }
    mutations
}

/// An item like this one that is another one.
fn another(item: &Value, key: Option<&str>) -> Option<Value> {
    let part = equal::parts(key.unwrap_or_default()).find(
        |part| matches!(body::get(item, part), Some(Value::String(text)) if !text.is_empty()),
    );
    match part {
        Some(part) => {
            let other = others(body::get(item, part)?).into_iter().next()?;
            Some(with(item, part, other))
        }
        None => item.is_object().then(|| item.clone()),
    }
}

fn with(body: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = body.clone();
    if let Some(at) = changed.pointer_mut(pointer) {
        *at = value;
    }
    changed
}

/// Other values of the same type.
pub(crate) fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(is) => vec![Value::Bool(!is)],
        Value::Number(number) => number
            .as_i64()
            .map(|number| Value::from(number + 1))
            .or_else(|| number.as_f64().map(|number| Value::from(number + 1.0)))
            .into_iter()
            .collect(),
        Value::String(text) => changed_texts(text).into_iter().map(Value::from).collect(),
        Value::Null | Value::Array(_) | Value::Object(_) => Vec::new(),
    }
}

/// The text with a character more, and with its first, middle and last one changed.
pub(crate) fn changed_texts(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut texts = vec![format!("{text}x")];
    if let Some(last) = chars.len().checked_sub(1) {
        for at in [0, last / 2, last] {
            let mut changed = chars.clone();
            changed[at] = if changed[at].eq_ignore_ascii_case(&'x') {
                'y'
            } else {
                'x'
            };
            texts.push(changed.into_iter().collect());
        }
    }
    texts.sort_unstable();
    texts.dedup();
    texts
}

fn brief(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}
