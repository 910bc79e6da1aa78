//! The values of a desired body, each beside the live one it is compared with.
//!
//! Walks as the diff does, but knows only which value belongs to which: by name, and by position or key in lists.
//! What is equal is the diff's business.

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
    /// For the key of a list item, or an item that is its own key: the list's shown path.
    pub(crate) list: Option<String>,
}

/// A list that both bodies have.
pub(crate) struct List {
    pub(crate) pointer: String,
    pub(crate) shown: String,
    pub(crate) live: String,
    pub(crate) items: Vec<Value>,
    pub(crate) key: Option<&'static str>,
}

#[derive(Default)]
pub(crate) struct Values {
    pub(crate) leaves: Vec<Leaf>,
    pub(crate) lists: Vec<List>,
}

struct Place {
    pointer: String,
    shown: String,
    list: Option<(String, String)>,
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
            Value::Array(items) => self.list(equality, place, items, live),
            scalar => self.leaves.push(Leaf {
                pointer: place.pointer.clone(),
                shown: place.shown.clone(),
                desired: scalar.clone(),
                live: live
                    .filter(|(_, value)| !value.is_null())
                    .map(|(at, value)| (at, value.clone())),
                list: place
                    .list
                    .as_ref()
                    .filter(|(key, _)| *key == place.pointer)
                    .map(|(_, list)| list.clone()),
            }),
        }
    }

    fn list(
        &mut self,
        equality: &Equality<'_>,
        place: &Place,
        items: &[Value],
        live: Option<(String, &Value)>,
    ) {
        let there: Vec<(String, &Value)> = live
            .iter()
            .filter_map(|(at, live)| Some((at, live.as_array()?)))
            .flat_map(|(at, live)| {
                live.iter()
                    .enumerate()
                    .map(move |(index, item)| (join(at, &index.to_string()), item))
            })
            .filter(|(_, item)| !equality.is_synthetic(&place.pointer, item))
            .collect();
        let key = compose::set_key(equality.kind, &place.pointer);
        if let Some((at, Value::Array(_))) = &live {
            self.lists.push(List {
                pointer: place.pointer.clone(),
                shown: place.shown.clone(),
                live: at.clone(),
                items: there.iter().map(|(_, item)| (*item).clone()).collect(),
                key,
            });
        }
        for (index, item) in items.iter().enumerate() {
            let pointer = join(&place.pointer, &index.to_string());
            let (counterpart, name) = match key {
                Some(key) => (
                    there
                        .iter()
                        .find(|(_, other)| equality.is_same_item(&place.pointer, key, item, other)),
                    equal::shown_key(item, key),
                ),
                None => (
                    there.get(index).filter(|_| there.len() == items.len()),
                    index.to_string(),
                ),
            };
            let inner = Place {
                shown: format!("{}[{name}]", place.shown),
                list: key.map(|key| (format!("{pointer}{key}"), place.shown.clone())),
                pointer,
            };
            self.walk(equality, &inner, item, counterpart.cloned());
        }
    }
}

/// The rule at a path, or above it, that says why it is not compared.
pub(crate) fn skipped(kind: &Kind, pointer: &str) -> Option<String> {
    let segments: Vec<String> = body::segments(pointer).collect();
    let mut at = String::new();
    let mut prefixes = vec![at.clone()];
    for segment in &segments {
        at = join(&at, segment);
        prefixes.push(at.clone());
    }
    prefixes.iter().find_map(|at| {
        kind.rules_at(at)
            .find(|rule| matches!(rule.how, How::ReadOnly | How::WriteOnly | How::CreateOnly))
            .map(|rule| format!("{:?} at {}: {}", rule.how, rule.path, rule.evidence))
    })
}
