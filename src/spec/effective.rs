//! The spec after merging, references and defaults, with the origin of every value: what `secgw render` shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::read::Notes;
use super::tree::{Entry, Node, Value};
use crate::resource::At;

/// Every value of a spec and where it came from. Secrets stay references.
#[derive(Debug)]
pub struct Effective {
    root: Node,
    resolved: BTreeMap<Arc<str>, String>,
    defaults: BTreeSet<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EffectiveValue {
    pub path: String,
    pub value: serde_json::Value,
    pub origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    Written {
        at: At,
    },
    /// What a reference came to.
    Reference {
        reference: String,
        at: At,
    },
    /// Not written anywhere: what secgw takes when it is left out.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written { at } => at.fmt(f),
            Self::Reference { reference, at } => write!(f, "{reference} at {at}"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Effective {
    pub(crate) fn new(mut root: Node, notes: Notes) -> Self {
        let Notes {
            defaults,
            resolved,
            secrets,
            problems: _,
            misspelt: _,
            masked: _,
        } = notes;
        let paths = defaults
            .iter()
            .map(|(_, _, node)| Arc::clone(&node.path))
            .collect();
        insert_defaults(&mut root, &defaults);
        if let Value::Map(entries) = &mut root.value {
            entries.retain(|entry| entry.key != "extends");
        }
        let resolved = resolved
            .into_iter()
            .filter(|(path, _)| !secrets.contains(path))
            .collect();
        Self {
            root,
            resolved,
            defaults: paths,
        }
    }

    /// Single values and empty collections, in the order of the spec.
    pub fn values(&self) -> Vec<EffectiveValue> {
        let mut values = Vec::new();
        self.collect(&self.root, &mut values);
        values
    }

    fn collect(&self, node: &Node, values: &mut Vec<EffectiveValue>) {
        for entry in node.entries() {
            self.collect(&entry.node, values);
        }
        for item in node.items() {
            self.collect(item, values);
        }
        if node.entries().is_empty() && node.items().is_empty() {
            values.push(EffectiveValue {
                path: node.path.to_string(),
                value: self.value(node),
                origin: self.origin(node),
            });
        }
    }

    fn value(&self, node: &Node) -> serde_json::Value {
        self.resolved
            .get(&node.path)
            .map_or_else(|| node.value.to_json(), |text| text.as_str().into())
    }

    fn origin(&self, node: &Node) -> Origin {
        let at = node.at();
        if self.defaults.contains(&node.path) {
            Origin::Default
        } else if self.resolved.contains_key(&node.path) {
            Origin::Reference {
                reference: node.text().unwrap_or_default().to_owned(),
                at,
            }
        } else {
            Origin::Written { at }
        }
    }

    /// The effective spec as YAML, each value followed by its origin as a comment.
    pub fn to_yaml(&self) -> String {
        let mut lines = Vec::new();
        for entry in self.root.entries() {
            self.write_entry(entry, "", &mut lines);
        }
        let width = lines
            .iter()
            .map(|(text, _)| text.chars().count())
            .filter(|width| *width <= 72)
            .max()
            .unwrap_or(0);
        let shown = lines.into_iter().map(|(text, origin)| match origin {
            Some(origin) => format!("{text:width$}  # {origin}\n"),
            None => format!("{text}\n"),
        });
        shown.collect()
    }

    fn write_entry(&self, entry: &Entry, margin: &str, lines: &mut Vec<(String, Option<Origin>)>) {
        let head = format!("{margin}{}:", scalar(&entry.key.as_str().into()));
        self.write_value(
            &entry.node,
            head,
            &format!("{}  ", margin.replace('-', " ")),
            lines,
        );
    }

    /// Writes a value after `head`, on the same line or on indented lines below.
    fn write_value(
        &self,
        node: &Node,
        head: String,
        margin: &str,
        lines: &mut Vec<(String, Option<Origin>)>,
    ) {
        match &node.value {
            Value::Map(entries) if !entries.is_empty() => {
                lines.push((head, None));
                for entry in entries {
                    self.write_entry(entry, margin, lines);
                }
            }
            Value::List(items) if !items.is_empty() => {
                lines.push((head, None));
                for item in items {
                    self.write_item(item, margin, lines);
                }
            }
            Value::Nothing
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_) => {
                lines.push((
                    format!("{head} {}", scalar(&self.value(node))),
                    Some(self.origin(node)),
                ));
            }
        }
    }

    fn write_item(&self, item: &Node, margin: &str, lines: &mut Vec<(String, Option<Origin>)>) {
        let Some((first, rest)) = item.entries().split_first() else {
            self.write_value(item, format!("{margin}-"), &format!("{margin}  "), lines);
            return;
        };
        self.write_entry(first, &format!("{margin}- "), lines);
        for entry in rest {
            self.write_entry(entry, &format!("{margin}  "), lines);
        }
    }
}

fn insert_defaults(node: &mut Node, defaults: &[(Arc<str>, &'static str, Node)]) {
    match &mut node.value {
        Value::Map(entries) => {
            for (_, key, default) in defaults.iter().filter(|(path, _, _)| *path == node.path) {
                entries.push(Entry {
                    key: (*key).to_owned(),
                    key_place: default.place.clone(),
                    node: default.clone(),
                });
            }
            for entry in entries {
                insert_defaults(&mut entry.node, defaults);
            }
        }
        Value::List(items) => items
            .iter_mut()
            .for_each(|item| insert_defaults(item, defaults)),
        Value::Nothing | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Text(_) => {}
    }
}

/// A value on one line, in quotes wherever YAML would take the bare text for something else.
fn scalar(value: &serde_json::Value) -> String {
    let Some(text) = value.as_str() else {
        return value.to_string();
    };
    let bare = !text.contains([
        '#', '\n', '{', '[', '&', '*', '!', '|', '>', '%', '`', '\'', '"', ',',
    ]) && !text.contains(": ");
    let same = serde_saphyr::from_str::<serde_json::Value>(text).is_ok_and(|read| read == *value);
    if bare && same {
        text.to_owned()
    } else {
        value.to_string()
    }
}
