//! What the service does to one member of a body, as a row of data.
//!
//! Paths are JSON pointers; `*` stands for every element of an array or member of an object. A rule below a parent that
//! is not there does nothing, except directly below `/properties`.

use serde_json::Value;
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
pub(crate) struct Facts<'a> {
    pub(crate) store: &'a Store,
    pub(crate) id: &'a ArmId,
    pub(crate) now: OffsetDateTime,
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
