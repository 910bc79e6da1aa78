//! What the service does to one member of a body, as a row of data.
//!
//! Paths are JSON pointers; `*` stands for every element of an array or member of an object. A rule below a parent that
//! is not there does nothing, except directly below `/properties`.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Evidence;
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::store::{Object, Store};

pub(crate) struct Rule {
    pub(crate) path: &'static str,
    pub(crate) effect: Effect,
    pub(crate) evidence: Evidence,
}

#[derive(Clone, Copy)]
pub(crate) enum Effect {
    /// JSON text: set where nothing (or null) was sent.
    Default(&'static str),
    /// JSON text: set whatever was sent.
    Fixed(&'static str),
    /// Not sent by this PUT: what was there before stays.
    Kept,
    /// Ignored when sent; what the service had stays.
    ReadOnly,
    /// Accepted and forgotten.
    Dropped,
    /// Never shown again; its digest is kept under `hidden.digests`.
    WriteOnly,
    /// Assigned at creation, kept for life.
    Once(fn(&Facts) -> Value),
    /// Worked out at every write.
    Computed(fn(&Facts) -> Value),
    /// What was sent, respelled.
    Rewritten(fn(&Value) -> Value),
}

/// What a generated value may be made of.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) store: &'a Store,
    pub(crate) id: &'a ArmId,
    pub(crate) now: OffsetDateTime,
    /// Directory of the subscription.
    pub(crate) tenant: &'a str,
    /// Object id of whoever asks.
    pub(crate) caller: &'a str,
    /// The body so far.
    pub(crate) body: &'a Value,
    pub(crate) previous: Option<&'a Object>,
}

const NAMESPACE: Uuid = Uuid::from_u128(0x5ec6_0000_5a4d_4b0f_8000_0000_0000_0001);

impl Facts<'_> {
    /// A GUID nobody else has: an object that is deleted and made again gets another one.
    pub(crate) fn guid(&self, label: &str) -> Value {
        let seed = format!("{}|{label}|{}", self.id.key(), self.store.sequence());
        Value::String(Uuid::new_v5(&NAMESPACE, seed.as_bytes()).to_string())
    }
}

pub(crate) const fn default(path: &'static str, json: &'static str, evidence: Evidence) -> Rule {
    rule(path, Effect::Default(json), evidence)
}

pub(crate) const fn rule(path: &'static str, effect: Effect, evidence: Evidence) -> Rule {
    Rule {
        path,
        effect,
        evidence,
    }
}

/// A body under the rules of its row.
pub(crate) struct Ruled {
    pub(crate) body: Value,
    /// Digests of what is write-only, by pointer.
    pub(crate) digests: Map<String, Value>,
}

pub(crate) fn apply(rules: &[Rule], sent: &Value, facts: Facts) -> Ruled {
    let mut body = sent.clone();
    let mut digests = Map::new();
    let before = facts.previous.map_or(&Value::Null, |object| &object.body);
    for rule in rules {
        let segments: Vec<&str> = rule.path.trim_start_matches('/').split('/').collect();
        let given = match rule.effect {
            Effect::Once(make) | Effect::Computed(make) => make(&Facts {
                body: &body,
                ..facts
            }),
            Effect::Default(json) | Effect::Fixed(json) => constant(json),
            Effect::Kept
            | Effect::ReadOnly
            | Effect::Dropped
            | Effect::WriteOnly
            | Effect::Rewritten(_) => Value::Null,
        };
        let mut step = Step {
            effect: rule.effect,
            given: &given,
            digests: &mut digests,
        };
        step.walk(&mut body, Some(before), &segments, &mut String::new());
    }
    Ruled { body, digests }
}

/// A rule's JSON text. Every row's texts are parsed by a test.
fn constant(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or(Value::Null)
}

struct Step<'a> {
    effect: Effect,
    given: &'a Value,
    digests: &'a mut Map<String, Value>,
}

impl Step<'_> {
    fn walk(
        &mut self,
        at: &mut Value,
        before: Option<&Value>,
        segments: &[&str],
        pointer: &mut String,
    ) {
        let Some((first, rest)) = segments.split_first() else {
            return;
        };
        match at {
            Value::Array(items) if *first == "*" => {
                for (index, item) in items.iter_mut().enumerate() {
                    let before = before.and_then(|value| value.get(index));
                    self.below(item, before, rest, pointer, &index.to_string());
                }
            }
            Value::Object(members) if *first == "*" => {
                for (name, member) in members.iter_mut() {
                    let before = before.and_then(|value| value.get(name));
                    self.below(member, before, rest, pointer, name);
                }
            }
            Value::Object(members) => {
                let before = before.and_then(|value| value.get(*first));
                if rest.is_empty() {
                    self.member(members, first, before, pointer);
                } else {
                    if *first == "properties" && pointer.is_empty() {
                        members.entry(*first).or_insert_with(|| Map::new().into());
                    }
                    if let Some(member) = members.get_mut(*first) {
                        self.below(member, before, rest, pointer, first);
                    }
                }
            }
            _ => {}
        }
    }

    fn below(
        &mut self,
        at: &mut Value,
        before: Option<&Value>,
        rest: &[&str],
        pointer: &mut String,
        name: &str,
    ) {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(name);
        self.walk(at, before, rest, pointer);
        pointer.truncate(length);
    }

    fn member(
        &mut self,
        members: &mut Map<String, Value>,
        name: &str,
        before: Option<&Value>,
        pointer: &str,
    ) {
        let sent = members.get(name).filter(|value| !value.is_null()).cloned();
        let value = match (self.effect, sent) {
            (Effect::Default(_), None) | (Effect::Fixed(_) | Effect::Computed(_), _) => {
                Some(self.given.clone())
            }
            (Effect::Kept, None) | (Effect::ReadOnly, _) => before.cloned(),
            (Effect::Once(_), _) => Some(
                before
                    .filter(|value| !value.is_null())
                    .unwrap_or(self.given)
                    .clone(),
            ),
            (Effect::Dropped, _) => None,
            (Effect::WriteOnly, sent) => {
                if let Some(sent) = sent {
                    let digest = super::digest(&sent);
                    self.digests
                        .insert(format!("{pointer}/{name}"), digest.into());
                }
                None
            }
            (Effect::Rewritten(respell), Some(sent)) => Some(respell(&sent)),
            (Effect::Default(_) | Effect::Kept | Effect::Rewritten(_), sent) => sent,
        };
        match value {
            Some(value) => members.insert(name.to_owned(), value),
            None => members.remove(name),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::datetime;

    const SOURCE: Evidence = Evidence::Inferred("a test");

    fn applied(rules: &[Rule], sent: &Value, before: Option<Value>) -> Ruled {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let id = ArmId::parse("/subscriptions/s/resourceGroups/g/providers/A.B/c/d").unwrap();
        let previous = before.map(|body| Object::new(id.text(), id.arm_type(), body));
        let facts = Facts {
            store: &store,
            id: &id,
            now: datetime!(2026-01-02 03:04:05 UTC),
            tenant: "t",
            caller: "c",
            body: &Value::Null,
            previous: previous.as_ref(),
        };
        apply(rules, sent, facts)
    }

    #[test]
    fn defaults_fill_only_what_was_not_sent() {
        let rules = [
            default("/properties/a", "1", SOURCE),
            default("/properties/b", "2", SOURCE),
            default("/properties/none/c", "3", SOURCE),
        ];
        let ruled = applied(
            &rules,
            &json!({ "properties": { "a": 9, "b": null } }),
            None,
        );
        assert_eq!(ruled.body, json!({ "properties": { "a": 9, "b": 2 } }));
    }

    #[test]
    fn a_write_only_value_leaves_only_its_digest() {
        let rules = [rule("/properties/keys/*/value", Effect::WriteOnly, SOURCE)];
        let sent = json!({ "properties": { "keys": [{ "value": "s3cret" }] } });
        let ruled = applied(&rules, &sent, None);
        assert_eq!(ruled.body, json!({ "properties": { "keys": [{}] } }));
        let digest = ruled.digests["/properties/keys/0/value"].as_str().unwrap();
        assert!(!digest.contains("s3cret") && digest.len() == 64);
    }

    #[test]
    fn what_is_assigned_once_survives_and_read_only_values_cannot_be_sent() {
        let rules = [
            rule(
                "/properties/id",
                Effect::Once(|facts| facts.guid("id")),
                SOURCE,
            ),
            rule("/properties/state", Effect::ReadOnly, SOURCE),
        ];
        let before = json!({ "properties": { "id": "old", "state": "Running" } });
        let sent = json!({ "properties": { "id": "mine", "state": "Stopped" } });
        assert_eq!(applied(&rules, &sent, Some(before.clone())).body, before);
    }

    #[test]
    fn every_rows_constants_are_json() {
        for row in super::super::rows() {
            for rule in row.rules {
                if let Effect::Default(json) | Effect::Fixed(json) = rule.effect {
                    let parsed = serde_json::from_str::<Value>(json);
                    assert!(parsed.is_ok(), "{} {}: {json}", row.arm_type, rule.path);
                }
            }
        }
    }
}
