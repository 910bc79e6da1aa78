//! The values of a desired body, each beside the live one it is compared with.
//!
//! Walks as the diff does, but knows only which value belongs to which: by name, and by position or key in lists.
//! What is equal is the diff's business.

use std::collections::{BTreeMap, BTreeSet};

use secgw::resource::body::{self, join, member};
use secgw::resource::equal::{self, Equality};
use secgw::resource::{How, Kind, compose};
use serde_json::Value;

/// A scalar of the desired body.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) pointer: String,
    /// The path under which the diff names it.
    pub(crate) shown: String,
    pub(crate) desired: Value,
    /// Where it stands in the live body, and as what; none when Azure does not return it.
    pub(crate) live: Option<(String, Value)>,
    /// For the key of a list item, or an item that is its own key.
    pub(crate) key: Option<Key>,
}

/// What makes a value the key of a list item, or a part of it.
#[derive(Clone)]
pub(crate) struct Key {
    /// The list's shown path.
    pub(crate) list: String,
    /// Where the value stands in the item.
    pub(crate) part: String,
    /// All parts of the key.
    pub(crate) parts: &'static str,
}

/// A list that both bodies have.
pub(crate) struct List {
    pub(crate) pointer: String,
    pub(crate) shown: String,
    pub(crate) live: String,
    pub(crate) key: Option<&'static str>,
    /// The live items that the desired list has; all of them in a list with an order.
    pub(crate) matched: BTreeSet<usize>,
}

#[derive(Default)]
pub(crate) struct Values {
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) lists: Vec<List>,
}

struct Place {
    pointer: String,
    shown: String,
    /// The list item around it: where it stands, its key, and the list's shown path.
    list: Option<(String, &'static str, String)>,
}

pub(crate) fn values(kind: &Kind, desired: &Value, live: &Value) -> Values {
    let mut values = Values::default();
    let root = Place {
        pointer: String::new(),
        shown: String::new(),
        list: None,
    };
    values.walk(
        &Equality::new(kind, live),
        &root,
        desired,
        Some((String::new(), live)),
    );
    values
}

impl Values {
    fn walk(
        &mut self,
        equality: &Equality<'_>,
        place: &Place,
        desired: &Value,
        live: Option<(String, &Value)>,
    ) {
        match desired {
            Value::Object(members) => {
                let is_free = equality
                    .kind
                    .has(&place.pointer, &|how| how == How::FreeMap);
                for (name, value) in members {
                    let there = live.as_ref().and_then(|(at, live)| {
                        let live = live.as_object()?;
                        let (spelling, value) = if is_free {
                            live.get_key_value(name)?
                        } else {
                            member(live, name)?
                        };
                        Some((join(at, spelling), value))
                    });
                    let place = Place {
                        pointer: join(&place.pointer, name),
                        shown: join(&place.shown, name),
                        list: place.list.clone(),
                    };
                    self.walk(equality, &place, value, there);
                }
            }
            Value::Array(items) => self.list(equality, place, items, live.as_ref()),
            scalar => self.leaves.push(Leaf {
                pointer: place.pointer.clone(),
                shown: place.shown.clone(),
                desired: scalar.clone(),
                live: live
                    .filter(|(_, value)| !value.is_null())
                    .map(|(at, value)| (at, value.clone())),
                key: place
                    .list
                    .as_ref()
                    .filter(|(item, key, _)| {
                        equal::parts(key).any(|part| format!("{item}{part}") == place.pointer)
                    })
                    .map(|(item, key, list)| Key {
                        list: list.clone(),
                        part: place.pointer[item.len()..].to_owned(),
                        parts: key,
                    }),
            }),
        }
    }

    fn list(
        &mut self,
        equality: &Equality<'_>,
        place: &Place,
        items: &[Value],
        live: Option<&(String, &Value)>,
    ) {
        let there: &[Value] = live
            .and_then(|(_, live)| live.as_array())
            .map_or(&[], Vec::as_slice);
        let at = live.map_or("", |(at, _)| at);
        let key = compose::set_key(equality.kind, &place.pointer);
        let counterparts: BTreeMap<usize, usize> = match key {
            Some(key) => {
                let pairing = equality.pair(&place.pointer, key, items, there);
                pairing.matched.into_iter().collect()
            }
            None if there.len() == items.len() => (0..items.len()).map(|at| (at, at)).collect(),
            None => BTreeMap::new(),
        };
        if let Some((at, Value::Array(_))) = live {
            self.lists.push(List {
                pointer: place.pointer.clone(),
                shown: place.shown.clone(),
                live: at.clone(),
                key,
                matched: match key {
                    Some(_) => counterparts.values().copied().collect(),
                    None => (0..there.len()).collect(),
                },
            });
        }
        for (index, item) in items.iter().enumerate() {
            let pointer = join(&place.pointer, &index.to_string());
            let counterpart = counterparts
                .get(&index)
                .map(|index| (join(at, &index.to_string()), &there[*index]));
            let name = key.map_or_else(|| index.to_string(), |key| equal::shown_key(item, key));
            let inner = Place {
                shown: format!("{}[{name}]", place.shown),
                list: key.map(|key| (pointer.clone(), key, place.shown.clone())),
                pointer,
            };
            self.walk(equality, &inner, item, counterpart);
        }
    }
}

/// Why a path may not be compared, or be another one: a rule at it or above it.
pub(crate) fn skipped(kind: &Kind, pointer: &str) -> Option<String> {
    let is_skipping = |how| matches!(how, How::ReadOnly | How::WriteOnly | How::CreateOnly);
    upward(pointer)
        .find_map(|at| rule(kind, at, &is_skipping))
        .or_else(|| synthetic(kind, pointer))
}

/// The rule that lets a list item come and go.
pub(crate) fn synthetic(kind: &Kind, pointer: &str) -> Option<String> {
    upward(pointer).find_map(|at| rule(kind, at, &|how| matches!(how, How::Synthetic(_))))
}

/// A rule at a path, as people read it.
pub(crate) fn rule(kind: &Kind, pointer: &str, wanted: &dyn Fn(How) -> bool) -> Option<String> {
    kind.rules_at(pointer)
        .find(|rule| wanted(rule.how))
        .map(|rule| {
            let mut paths = rule.paths.iter();
            let path = paths
                .find(|path| body::matches(path, pointer))
                .unwrap_or(&"");
            format!("{:?} at {path}: {}", rule.how, rule.evidence)
        })
}

fn upward(pointer: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(pointer), |at| {
        at.rsplit_once('/').map(|(head, _)| head)
    })
}
