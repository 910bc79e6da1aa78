//! Desired against live, by the kind's rules.
//!
//! Pure. Only what the spec means is compared (the leaves of the desired term), normalised the way Azure normalises it;
//! what comes back is what a person is shown and what apply sets, apart.

mod compare;
mod complete;
mod document;
mod scalar;

pub use complete::{Kept, complete};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::resource::{How, Kind, Term, body};

/// One property that is not as desired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PropertyChange {
    /// Segments for people: list items by their key, policies by element (`/properties/value/inbound/cors`).
    pub path: String,
    /// Absent when nothing is there; masked where the live value may be a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Null when it is removed; holds references while it is not known yet.
    pub after: Term,
}

/// Where one resource is not as desired.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    pub properties: Vec<PropertyChange>,
    /// What to write: JSON pointers of the body, lists whole.
    pub set: BTreeMap<String, Term>,
    /// Paths that no update can change: the resource has to be made anew.
    pub immutable: Vec<String>,
    /// Settings that Azure is known to keep otherwise on this kind: reported, not planned.
    pub not_effective: Vec<PropertyChange>,
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.properties.is_empty()
    }
}

/// What stands in for a live value that may be a secret.
pub const MASKED: &str = "(sensitive)";

/// A value at a path of `body` with whatever in it may be a secret masked.
pub fn masked(kind: &Kind, body: &Value, path: &str, value: &Value) -> Value {
    if kind.is_secret(path, body) {
        return Value::from(MASKED);
    }
    match value {
        Value::String(text) if kind.has(path, &|how| matches!(how, How::Policy(_))) => {
            document::without_secrets(text).map_or_else(|| Value::from(MASKED), Value::from)
        }
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| {
                (
                    key.clone(),
                    masked(kind, body, &body::join(path, key), value),
                )
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| masked(kind, body, &body::join(path, &index.to_string()), item))
            .collect(),
        scalar => scalar.clone(),
    }
}

/// Compares a desired body, resolved as far as it can be, with the live one.
pub fn diff(kind: &'static Kind, desired: &Term, live: &Value) -> Difference {
    compare::Walk::new(kind, desired, live).run()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{ResourceId, kinds};
    use serde_json::json;

    fn service() -> ResourceId {
        ResourceId::resource_group("s", "rg").provider("Microsoft.ApiManagement/service", "a")
    }

    fn between(id: &ResourceId, desired: Value, live: impl Into<Value>) -> Difference {
        diff(kinds::of(id).unwrap(), &Term::from(desired), &live.into())
    }

    fn paths(changes: &[PropertyChange]) -> Vec<&str> {
        changes.iter().map(|change| change.path.as_str()).collect()
    }

    #[test]
    fn what_azure_does_not_return_is_compared_where_it_does_and_goes_along_with_other_changes() {
        let secret = service().child("namedValues", "n");
        let desired = json!({ "properties": { "displayName": "n", "value": "x" } });
        let live = |name: &str| json!({ "properties": { "displayName": name } });
        assert!(between(&secret, desired.clone(), live("n")).is_empty());
        let found = between(&secret, desired.clone(), live("m"));
        assert_eq!(paths(&found.properties), ["/properties/displayName"]);
        let set: Vec<&String> = found.set.keys().collect();
        assert_eq!(set, ["/properties/displayName", "/properties/value"]);
        let open = json!({ "properties": { "displayName": "n", "value": "y" } });
        assert_eq!(
            paths(&between(&secret, desired, open).properties),
            ["/properties/value"]
        );
    }

    #[test]
    fn what_azure_is_known_to_keep_otherwise_is_a_note_and_anything_else_a_difference() {
        let sent = |switch: bool| json!({ "properties": { "enableClientCertificate": switch } });
        let dropped = between(&service(), sent(true), json!({ "properties": {} }));
        assert!(dropped.is_empty() && dropped.set.is_empty());
        assert_eq!(
            paths(&dropped.not_effective),
            ["/properties/enableClientCertificate"]
        );
        assert!(!between(&service(), sent(true), sent(false)).is_empty());

        let group = ResourceId::resource_group("s", "rg");
        let workspace = group.provider("Microsoft.OperationalInsights/workspaces", "w");
        let sku = |name: &str| json!({ "properties": { "sku": { "name": name } } });
        let overruled = between(&workspace, sku("Standalone"), sku("PerGB2018"));
        assert_eq!(paths(&overruled.not_effective), ["/properties/sku/name"]);
        assert!(!between(&workspace, sku("Standalone"), sku("Free")).is_empty());
    }

    #[test]
    fn an_imported_document_names_the_api_and_only_then() {
        let api = service().child("apis", "x");
        let live = json!({ "properties": { "displayName": "Petstore" } });
        let import =
            json!({ "properties": { "displayName": "x", "format": "openapi", "value": "{}" } });
        let found = between(&api, import, live.clone());
        assert_eq!(paths(&found.not_effective), ["/properties/displayName"]);
        let plain = json!({ "properties": { "displayName": "x" } });
        assert_eq!(
            paths(&between(&api, plain, live).properties),
            ["/properties/displayName"]
        );
    }

    #[test]
    fn a_policy_is_read_in_the_form_each_side_is_in() {
        let policy = service().child("policies", "policy");
        let body = |format: Option<&str>, value: &str| json!({ "properties": { "format": format, "value": value } });
        let raw = body(
            Some("rawxml"),
            "<policies><inbound><a x=\"@(1 < 2)\" /></inbound></policies>",
        );
        let escaped = |number: u8| {
            let text = format!(
                "<policies>\r\n\t<inbound>\r\n\t\t<a x=\"@(1 &lt; {number})\"></a>\r\n\t</inbound>\r\n</policies>"
            );
            body(Some("xml"), &text)
        };
        assert!(between(&policy, raw.clone(), escaped(2)).is_empty());
        let found = between(&policy, raw, escaped(3));
        assert_eq!(paths(&found.properties), ["/properties/value/inbound/a/@x"]);
        // Its form is sent along, or the text would be read as the other one.
        assert!(found.set.contains_key("/properties/format"));
        let linked = body(Some("rawxml-link"), "https://x");
        assert!(between(&policy, linked, escaped(2)).is_empty());
    }

    #[test]
    fn the_last_rule_is_azures_own_and_only_as_long_as_it_is_there() {
        let site = ResourceId::resource_group("s", "rg").provider("Microsoft.Web/sites", "f");
        let config = site.child("config", "web");
        let last = |action: &str| json!({ "ipAddress": "Any", "action": action, "priority": 2_147_483_647, "name": format!("{action} all") });
        let own =
            json!({ "ipAddress": "1.2.3.4", "action": "Allow", "priority": 1, "name": "own" });
        let body = |rules: &[&Value]| json!({ "properties": { "ipSecurityRestrictions": rules } });
        let sent = body(&[&own, &last("Allow")]);
        assert!(between(&config, sent.clone(), body(&[&own, &last("Deny")])).is_empty());
        assert_eq!(
            paths(&between(&config, sent.clone(), body(&[&last("Allow")])).properties),
            ["/properties/ipSecurityRestrictions[own]"]
        );
        assert_eq!(
            paths(&between(&config, sent, body(&[&own])).properties),
            ["/properties/ipSecurityRestrictions[Allow all]"]
        );
    }
}
