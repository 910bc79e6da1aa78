//! Whose a resource is: how marks are written, and what a live body says (architecture.md, decision 5).
//!
//! Every form of a mark is spelled here and nowhere else: the compiler writes them, reading and planning look for
//! them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Kind, Mark, ResourceId, body};

/// Tag of ARM resources; its value is the spec's name.
pub const TAG: &str = "secgw";

/// The API Management tag that is linked to what a spec owns.
pub fn link(spec: &str) -> String {
    format!("secgw-{spec}")
}

/// What the names begin with of resources that carry no tag. Names of specs have no double dash, so no spec's
/// beginning is the beginning of another's.
pub fn prefix(spec: &str) -> String {
    format!("secgw-{spec}--")
}

/// What the tags of applications begin with.
pub fn graph_prefix(spec: &str) -> String {
    format!("secgw:{spec}/")
}

/// Whom a resource belongs to, as far as it says itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// It carries the mark of this spec.
    Spec(String),
    /// It has no mark of its own: it goes with what it is inside of.
    Inside,
    /// Made without secgw, or by something that left no mark.
    Unknown,
}

impl Owner {
    pub fn is(&self, spec: &str) -> bool {
        matches!(self, Self::Spec(name) if name == spec)
    }

    /// From an API Management tag or a name with a beginning of ours.
    pub fn of_link(name: &str) -> Option<Self> {
        let spec = name.strip_prefix("secgw-")?;
        Some(Self::Spec(spec.to_owned()))
    }

    /// What a resource's name and body say. Links are resources of their own, so nothing here says whose an API is.
    pub fn of(kind: &Kind, id: &ResourceId, live: &Value) -> Self {
        match kind.mark {
            Mark::ArmTag | Mark::Founder => Self::of_tag(live),
            Mark::GraphTag => Self::of_graph_tags(live),
            Mark::NamePrefix => Self::of_name(id.name()),
            Mark::Parent | Mark::Fixed => Self::Inside,
            Mark::ApimTag | Mark::Scope | Mark::Unmarked => Self::Unknown,
        }
    }

    /// By the tag that any ARM resource can carry.
    pub fn of_tag(live: &Value) -> Self {
        let tag = body::get(live, "/tags").and_then(|tags| tags.get(TAG)?.as_str());
        tag.map_or(Self::Unknown, |spec| Self::Spec(spec.to_owned()))
    }

    fn of_graph_tags(live: &Value) -> Self {
        let tags = live.get("tags").and_then(Value::as_array);
        let mut tags = tags.into_iter().flatten().filter_map(Value::as_str);
        tags.find_map(|tag| tag.strip_prefix("secgw:")?.split_once('/'))
            .map_or(Self::Unknown, |(spec, _)| Self::Spec(spec.to_owned()))
    }

    pub fn of_name(name: &str) -> Self {
        let spec = name
            .strip_prefix("secgw-")
            .and_then(|rest| rest.split_once("--"));
        spec.map_or(Self::Unknown, |(spec, _)| Self::Spec(spec.to_owned()))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(name) => write!(f, "of the spec {name}"),
            Self::Inside => f.write_str("of what it is inside of"),
            Self::Unknown => f.write_str("of an unknown owner"),
        }
    }
}

/// The spec's name, or null.
impl Serialize for Owner {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Spec(name) => serializer.serialize_some(name),
            Self::Inside | Self::Unknown => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Option::<String>::deserialize(deserializer)?;
        Ok(name.map_or(Self::Unknown, Self::Spec))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Directory, kinds};
    use serde_json::json;

    fn spec(name: &str) -> Owner {
        Owner::Spec(name.to_owned())
    }

    #[test]
    fn a_mark_is_read_where_its_kind_carries_it() {
        let group = ResourceId::resource_group("s", "rg");
        let of = |id: &ResourceId, live: Value| Owner::of(kinds::of(id).unwrap(), id, &live);
        let site = group.provider("Microsoft.Web/sites", "f");
        assert_eq!(
            of(&site, json!({ "tags": { "secgw": "orders" } })),
            spec("orders")
        );
        assert_eq!(
            of(&site, json!({ "tags": { "team": "x" } })),
            Owner::Unknown
        );
        let application = ResourceId::graph(Directory::Identity, "applications", "api");
        assert_eq!(
            of(&application, json!({ "tags": ["x", "secgw:orders/api"] })),
            spec("orders")
        );
        let service = group.provider("Microsoft.ApiManagement/service", "gw");
        let backend = service.child("backends", "secgw-orders--f");
        assert_eq!(of(&backend, json!({})), spec("orders"));
        let operation = service.child("apis", "a").child("operations", "o");
        assert_eq!(of(&operation, json!({})), Owner::Inside);
    }

    #[test]
    fn a_spec_whose_name_begins_like_anothers_owns_nothing_of_it() {
        let theirs = format!("{}func", prefix("orders-dev"));
        assert_eq!(Owner::of_name(&theirs), spec("orders-dev"));
        assert!(!theirs.starts_with(&prefix("orders")));
        assert_eq!(
            Owner::of_link(&link("orders-dev")),
            Some(spec("orders-dev"))
        );
    }
}
