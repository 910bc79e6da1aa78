//! Terms: desired bodies whose values may only be known later.
//!
//! A desired body is a tree of terms (architecture.md, decision 1). Planning resolves every reference it can from
//! live state; what stays names the resource it waits for, and apply substitutes it. Terms are written and read as
//! JSON with one-member marker objects (`{"$ref": …}`), so a body is built with `json!` and a plan file is plain JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::ResourceId;

/// A value inside another resource, by JSON pointer. The pointer `""` is the whole body; `/@object` is the object
/// id of a Graph object and `/@id` the ARM id Azure gave a resource that is found by matching.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ref {
    pub resource: ResourceId,
    pub pointer: String,
}

impl Ref {
    pub fn new(resource: &ResourceId, pointer: &str) -> Self {
        Self {
            resource: resource.clone(),
            pointer: pointer.to_owned(),
        }
    }
}

/// A value made at apply time and given to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Generated {
    /// A random password: pre-made accounts set their own by the password-reset flow (product.md).
    Password,
}

/// One node of a desired body.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A scalar that is known now.
    Json(Value),
    Object(BTreeMap<String, Term>),
    Array(Vec<Term>),
    Ref(Ref),
    /// Text put together from parts.
    Concat(Vec<Term>),
    /// One element per element of the referenced list; [`Term::Item`] stands for the element.
    Each {
        over: Ref,
        template: Box<Term>,
    },
    Item,
    Generated(Generated),
}

impl Term {
    pub fn null() -> Self {
        Self::Json(Value::Null)
    }

    /// Replaces each reference that `lookup` knows.
    #[must_use]
    pub fn resolve(&self, lookup: &dyn Fn(&Ref) -> Option<Value>) -> Self {
        match self {
            Self::Ref(reference) => lookup(reference).map_or_else(|| self.clone(), Self::from),
            Self::Each { over, template } => match lookup(over) {
                Some(Value::Array(items)) => Self::Array(
                    items
                        .into_iter()
                        .map(|item| template.with_item(&item).resolve(lookup))
                        .collect(),
                ),
                Some(Value::Null) => Self::Array(Vec::new()),
                _ => self.clone(),
            },
            Self::Concat(parts) => {
                Self::joined(parts.iter().map(|part| part.resolve(lookup)).collect())
            }
            Self::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(key, term)| (key.clone(), term.resolve(lookup)))
                    .collect(),
            ),
            Self::Array(items) => {
                Self::Array(items.iter().map(|term| term.resolve(lookup)).collect())
            }
            Self::Json(_) | Self::Item | Self::Generated(_) => self.clone(),
        }
    }

    fn joined(parts: Vec<Self>) -> Self {
        let texts: Option<String> = parts.iter().map(Self::as_text).collect();
        texts.map_or(Self::Concat(parts), |text| Self::Json(Value::String(text)))
    }

    fn as_text(&self) -> Option<String> {
        match self {
            Self::Json(Value::String(text)) => Some(text.clone()),
            Self::Json(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
            _ => None,
        }
    }

    fn with_item(&self, item: &Value) -> Self {
        match self {
            Self::Item => Self::from(item.clone()),
            Self::Concat(parts) => {
                Self::joined(parts.iter().map(|part| part.with_item(item)).collect())
            }
            Self::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(key, term)| (key.clone(), term.with_item(item)))
                    .collect(),
            ),
            Self::Array(items) => {
                Self::Array(items.iter().map(|term| term.with_item(item)).collect())
            }
            Self::Json(_) | Self::Ref(_) | Self::Each { .. } | Self::Generated(_) => self.clone(),
        }
    }

    /// The value, when nothing in it comes later.
    pub fn known(&self) -> Option<Value> {
        match self {
            Self::Json(value) => Some(value.clone()),
            Self::Object(members) => members
                .iter()
                .map(|(key, term)| Some((key.clone(), term.known()?)))
                .collect::<Option<Map<_, _>>>()
                .map(Value::Object),
            Self::Array(items) => items
                .iter()
                .map(Self::known)
                .collect::<Option<Vec<_>>>()
                .map(Value::Array),
            Self::Ref(_)
            | Self::Concat(_)
            | Self::Each { .. }
            | Self::Item
            | Self::Generated(_) => None,
        }
    }

    pub fn is_container(&self) -> bool {
        matches!(self, Self::Object(_) | Self::Array(_))
    }

    /// Every reference in the tree, in order.
    pub fn references(&self) -> Vec<&Ref> {
        let mut found = Vec::new();
        self.visit(&mut |term| {
            if let Self::Ref(reference)
            | Self::Each {
                over: reference, ..
            } = term
            {
                found.push(reference);
            }
        });
        found
    }

    /// Every resource that the body speaks of: by reference, by id in a text, by id as the name of a member.
    pub fn mentioned_ids(&self) -> impl Iterator<Item = ResourceId> {
        let mut found = Vec::new();
        self.visit(&mut |term| match term {
            Self::Ref(reference)
            | Self::Each {
                over: reference, ..
            } => found.push(reference.resource.clone()),
            Self::Json(Value::String(text)) => found.extend(ResourceId::parse(text).ok()),
            Self::Object(members) => {
                let names = members.keys().filter(|name| name.starts_with('/'));
                found.extend(names.filter_map(|name| ResourceId::parse(name).ok()));
            }
            Self::Json(_) | Self::Array(_) | Self::Concat(_) | Self::Item | Self::Generated(_) => {}
        });
        found.into_iter()
    }

    fn visit<'a>(&'a self, seen: &mut dyn FnMut(&'a Self)) {
        seen(self);
        match self {
            Self::Object(members) => members.values().for_each(|term| term.visit(seen)),
            Self::Array(items) | Self::Concat(items) => {
                for term in items {
                    term.visit(seen);
                }
            }
            Self::Each { template, .. } => template.visit(seen),
            Self::Json(_) | Self::Ref(_) | Self::Item | Self::Generated(_) => {}
        }
    }

    /// The term at a JSON pointer.
    pub fn at(&self, pointer: &str) -> Option<&Self> {
        let mut at = self;
        for segment in super::body::segments(pointer) {
            at = match at {
                Self::Object(members) => members.get(&segment)?,
                Self::Array(items) => items.get(segment.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(at)
    }

    /// This term with another one at a JSON pointer of objects, or with none.
    #[must_use]
    pub fn with(&self, pointer: &str, term: Option<Self>) -> Self {
        let path: Vec<String> = super::body::segments(pointer).collect();
        self.with_at(&path, term)
    }

    fn with_at(&self, path: &[String], term: Option<Self>) -> Self {
        let Some((first, rest)) = path.split_first() else {
            return term.unwrap_or_else(Self::null);
        };
        let mut members = match self {
            Self::Object(members) => members.clone(),
            _ => BTreeMap::new(),
        };
        if rest.is_empty() && term.is_none() {
            members.remove(first);
        } else {
            let inner = members
                .remove(first)
                .unwrap_or_else(|| Self::Object(BTreeMap::new()));
            members.insert(first.clone(), inner.with_at(rest, term));
        }
        Self::Object(members)
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Json(value) => value.clone(),
            Self::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(k, v)| (k.clone(), v.to_json()))
                    .collect(),
            ),
            Self::Array(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Self::Ref(reference) => json!({ "$ref": [reference.resource, reference.pointer] }),
            Self::Concat(parts) => json!({ "$concat": parts }),
            Self::Each { over, template } => json!({ "$each": [over, template] }),
            Self::Item => json!({ "$item": true }),
            Self::Generated(what) => json!({ "$generated": what }),
        }
    }

    fn from_marker(marker: &str, inner: &Value) -> Option<Self> {
        Some(match marker {
            "$ref" => Self::Ref(reference(inner)?),
            "$concat" => Self::Concat(inner.as_array()?.iter().cloned().map(Self::from).collect()),
            "$each" => {
                let over = reference(inner.get(0)?.get("$ref")?)?;
                Self::Each {
                    over,
                    template: Box::new(Self::from(inner.get(1)?.clone())),
                }
            }
            "$item" => Self::Item,
            "$generated" => Self::Generated(serde_json::from_value(inner.clone()).ok()?),
            _ => return None,
        })
    }
}

fn reference(value: &Value) -> Option<Ref> {
    let resource = ResourceId::parse(value.get(0)?.as_str()?).ok()?;
    Some(Ref {
        resource,
        pointer: value.get(1)?.as_str()?.to_owned(),
    })
}

/// Plain JSON becomes a tree of known values; marker objects become what they stand for.
impl From<Value> for Term {
    fn from(value: Value) -> Self {
        match value {
            Value::Object(members) => {
                if members.len() == 1
                    && let Some((marker, inner)) = members.iter().next()
                    && let Some(term) = Self::from_marker(marker, inner)
                {
                    return term;
                }
                Self::Object(
                    members
                        .into_iter()
                        .map(|(key, value)| (key, Self::from(value)))
                        .collect(),
                )
            }
            Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            scalar => Self::Json(scalar),
        }
    }
}

impl Serialize for Term {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Term {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}

impl Serialize for Ref {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({ "$ref": [self.resource, self.pointer] }).serialize(serializer)
    }
}

/// For use inside `json!`: a value of another resource.
pub fn reference_to(resource: &ResourceId, pointer: &str) -> Term {
    Term::Ref(Ref::new(resource, pointer))
}

/// For use inside `json!`: text put together from parts.
pub fn concat(parts: impl IntoIterator<Item = Term>) -> Term {
    Term::Concat(parts.into_iter().collect())
}

/// For use inside `json!`: one element per element of a list of another resource.
pub fn each(resource: &ResourceId, pointer: &str, template: Value) -> Term {
    Term::Each {
        over: Ref::new(resource, pointer),
        template: Box::new(Term::from(template)),
    }
}

/// A known text inside [`concat()`].
pub fn text(text: impl Into<String>) -> Term {
    Term::Json(Value::String(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apim() -> ResourceId {
        ResourceId::resource_group("s", "rg").provider("Microsoft.ApiManagement/service", "apim")
    }

    fn rules() -> Term {
        Term::from(json!({
            "rules": each(&apim(), "/properties/publicIPAddresses", json!({ "ip": concat([Term::Item, text("/32")]) })),
            "principal": reference_to(&apim(), "/identity/principalId"),
        }))
    }

    #[test]
    fn what_is_known_is_put_in_and_the_rest_stays_a_reference() {
        let half = rules().resolve(&|r| {
            (r.pointer != "/identity/principalId").then(|| json!(["1.1.1.1", "2.2.2.2"]))
        });
        assert_eq!(
            half.at("/rules").unwrap().known(),
            Some(json!([{ "ip": "1.1.1.1/32" }, { "ip": "2.2.2.2/32" }]))
        );
        assert_eq!(
            half.references(),
            [&Ref::new(&apim(), "/identity/principalId")]
        );
        assert_eq!(half.known(), None);
    }

    #[test]
    fn a_term_is_the_same_after_a_trip_through_json() {
        let term = rules();
        let text = serde_json::to_string(&term).unwrap();
        assert_eq!(serde_json::from_str::<Term>(&text).unwrap(), term);
    }

    #[test]
    fn generated_values_are_never_known() {
        let term = Term::from(json!({ "p": { "$generated": "password" } }));
        assert_eq!(term.resolve(&|_| Some(json!("x"))).known(), None);
    }
}
