//! Digests: of a live body, of a graph, of a plan.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::resource::{Graph, Kind, Wanted, body};

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
            match &resource.wanted {
                Wanted::Body(body) => {
                    text.push_str(&serde_json::to_string(body).unwrap_or_default());
                }
                Wanted::Given(_) => text.push_str(" given"),
                Wanted::Absent => text.push_str(" absent"),
            }
            text.push('\n');
        }
        Self::of_text(&text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough to tell plans apart by eye.
    pub fn short(&self) -> &str {
        &self.0[..12]
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
