//! A collection of the directory as a row of data: its properties, who may touch it, and what makes it special.

use serde_json::Value;

use super::session::{Answer, Session};
use super::{
    application, assignment, events_flow, grant, organization, service_principal, user, user_flow,
};
use crate::sandbox::behaviour::Evidence;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    Beta,
}

impl Version {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1.0",
            Self::Beta => "beta",
        }
    }
}

type Create = fn(&Session, &Value) -> Result<Made, Refusal>;
type Change = fn(&Session, &Update) -> Result<Vec<Entry>, Refusal>;
type Below = fn(&Session, &Object, &[&str]) -> Result<Answer, Refusal>;

pub(super) struct Entity {
    /// `applications`, `identity/b2cUserFlows`
    pub(super) collection: &'static str,
    pub(super) odata_type: &'static str,
    pub(super) versions: &'static [Version],
    /// `applications(appId='…')`
    pub(super) alternate_keys: &'static [&'static str],
    /// Application permissions, any of which lets a caller read.
    pub(super) readers: &'static [&'static str],
    pub(super) writers: &'static [&'static str],
    /// Request body, in the notation of `behaviour::shape`; here read-only members are refused.
    pub(super) shape: &'static str,
    /// A new object before anything was said about it: JSON with every property there is.
    pub(super) blank: &'static str,
    /// What a read without `$select` shows; empty: everything.
    pub(super) shown: &'static [&'static str],
    /// None: made by other means.
    pub(super) create: Option<Create>,
    pub(super) update: Option<Change>,
    pub(super) remove: Option<fn(&Session, &Object) -> Vec<Entry>>,
    /// What is below one object: `…/{id}/appRoleAssignedTo`.
    pub(super) below: Option<Below>,
    pub(super) evidence: Evidence,
}

pub(super) struct Made {
    pub(super) object: Object,
    /// What only the answer to the POST shows.
    pub(super) shown_once: Value,
    pub(super) also: Vec<Entry>,
}

impl Made {
    pub(super) fn alone(object: Object) -> Self {
        Self {
            object,
            shown_once: Value::Null,
            also: Vec::new(),
        }
    }
}

pub(super) struct Update<'a> {
    pub(super) object: &'a Object,
    pub(super) patch: &'a Value,
    /// The object's body with the patch merged in.
    pub(super) merged: Value,
}

pub(super) const BOTH: &[Version] = &[Version::V1, Version::Beta];

const ENTITIES: &[&Entity] = &[
    &application::ENTITY,
    &service_principal::ENTITY,
    &grant::ENTITY,
    &assignment::ENTITY,
    &user::ENTITY,
    &user_flow::ENTITY,
    &events_flow::ENTITY,
    &organization::ENTITY,
];

/// What the directory's rows say, and how anybody knows.
pub(crate) fn evidence() -> impl Iterator<Item = (String, Evidence)> {
    ENTITIES
        .iter()
        .map(|entity| (entity.odata_type.to_owned(), entity.evidence))
}

impl Entity {
    pub(super) fn named(collection: &str) -> Option<&'static Self> {
        ENTITIES
            .iter()
            .copied()
            .find(|entity| entity.collection.eq_ignore_ascii_case(collection))
    }

    pub(super) fn has_property(&self, name: &str) -> bool {
        self.blank().get(name).is_some()
    }

    pub(super) fn blank(&self) -> Value {
        serde_json::from_str(self.blank).unwrap_or(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_blank_object_with_an_id_and_shows_only_what_it_has() {
        for entity in ENTITIES {
            assert!(entity.has_property("id"), "{}", entity.collection);
            for name in entity.shown {
                assert!(entity.has_property(name), "{} {name}", entity.collection);
            }
            for key in entity.alternate_keys {
                assert!(entity.has_property(key), "{} {key}", entity.collection);
            }
        }
    }

    #[test]
    fn whoever_may_write_may_read() {
        for entity in ENTITIES {
            for role in entity.writers {
                assert!(
                    entity.readers.contains(role),
                    "{} {role}",
                    entity.collection
                );
            }
        }
    }
}
