//! Digests: of a live body, of a graph, of a plan.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::resource::{Graph, Kind, Resource, Wanted, body};

/// SHA-256 of canonical JSON (members in order, no white space), in hex.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(String);

impl Digest {
    pub fn of_text(text: &str) -> Self {
        let nibble = |value: u8| char::from_digit(value.into(), 16);
        let bytes = Sha256::digest(text.as_bytes());
        Self(
            bytes
                .iter()
                .flat_map(|byte| [nibble(byte >> 4), nibble(byte & 15)])
                .flatten()
                .collect(),
        )
    }

    /// Of a live body without what the service changes by itself: a new entity tag or a passing state is no move.
    pub fn of_live(kind: &Kind, live: &Value) -> Self {
        Self::of_text(&body::strip(live, &|path| kind.is_read_only(path)).to_string())
    }

    /// Of everything a spec asks for.
    pub fn of_graph(graph: &Graph) -> Self {
        let mut text = String::new();
        for resource in graph.iter() {
            text.push_str(resource.id.as_str());
            text.push_str(&wanted(resource));
            text.push('\n');
        }
        Self::of_text(&text)
    }

    /// Of what a spec asks of one resource.
    pub fn of_wanted(resource: &Resource) -> Self {
        Self::of_text(&wanted(resource))
    }

    /// One that was written down; none for what cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        (text.len() == 64 && text.chars().all(is_hex)).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Half of it: short enough for a line, and still nothing that another plan could be made to have.
    pub fn short(&self) -> &str {
        &self.0[..32]
    }
}

fn wanted(resource: &Resource) -> String {
    match &resource.wanted {
        Wanted::Body(body) => serde_json::to_string(body).unwrap_or_default(),
        Wanted::Given(_) => " given".to_owned(),
        Wanted::Absent => " absent".to_owned(),
        Wanted::Cleared { .. } => " cleared".to_owned(),
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no digest")))
    }
}
