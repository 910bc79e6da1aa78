//! From a live body and the values to set, the body to send.
//!
//! Lossless: whatever Azure holds and the spec doesn't speak of goes back as it came (product.md, The plan). A change
//! carries only what it sets; the merge happens here, at the moment of the write, on state read right before it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::body::{self, join, member};
use super::equal::Equality;
use super::kind::{How, Kind, Write};

/// JSON pointer to value; null removes.
pub type Values = BTreeMap<String, Value>;

/// The body of a request that creates: exactly what is set.
pub fn for_create(set: &Values) -> Value {
    let mut body = Value::Object(Map::new());
    for (pointer, value) in set {
        body::set(&mut body, pointer, value.clone());
    }
    body::strip(&body, &|_| false)
}

/// The body of a request that changes a resource whose live body is given.
pub fn for_update(kind: &Kind, live: &Value, set: &Values) -> Value {
    let full = overlaid(kind, live, set);
    if is_whole(kind, set) {
        full
    } else {
        partial(kind, &full, set)
    }
}

/// Whether an update sends everything, and not only what changes. What is taken out of an ARM resource is left out of
/// a PUT: no recording shows what its provider makes of a null in a PATCH.
pub fn is_whole(kind: &Kind, set: &Values) -> bool {
    match kind.write {
        Write::PutThenPatch => set.values().any(Value::is_null),
        write => !write.is_partial(),
    }
}

fn overlaid(kind: &Kind, live: &Value, set: &Values) -> Value {
    let equality = Equality::new(kind, live);
    let is_read_only = |path: &str| kind.is_read_only(path) || path.ends_with("@odata.context");
    let mut full = body::strip(live, &is_read_only);
    for (pointer, value) in set {
        let there = body::get(&full, pointer).cloned();
        body::set(
            &mut full,
            pointer,
            laid_over(&equality, pointer, there.as_ref(), value),
        );
    }
    // Explicit nulls say "unset"; some providers refuse to be sent one.
    body::strip(&full, &is_read_only)
}

/// `wanted` with the members of `there` that it doesn't speak of.
fn laid_over(equality: &Equality<'_>, path: &str, there: Option<&Value>, wanted: &Value) -> Value {
    match (there, wanted) {
        (Some(Value::Object(there)), Value::Object(wanted)) => {
            Value::Object(merged(equality, path, there, wanted))
        }
        (Some(Value::Array(there)), Value::Array(wanted)) => {
            Value::Array(items(equality, path, there, wanted))
        }
        _ => wanted.clone(),
    }
}

fn merged(
    equality: &Equality<'_>,
    path: &str,
    there: &Map<String, Value>,
    wanted: &Map<String, Value>,
) -> Map<String, Value> {
    let is_whole = equality.kind.has(path, &|how| how == How::WholeMap);
    let mut result: Map<String, Value> = there
        .iter()
        .filter(|(key, _)| !is_whole || member(wanted, key).is_some())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (key, value) in wanted {
        let there = member(there, key);
        let spelling = there.map_or(key, |(spelling, _)| spelling).clone();
        if value.is_null() {
            result.remove(&spelling);
        } else {
            result.insert(
                spelling,
                laid_over(
                    equality,
                    &join(path, key),
                    there.map(|(_, value)| value),
                    value,
                ),
            );
        }
    }
    result
}

fn items(equality: &Equality<'_>, path: &str, there: &[Value], wanted: &[Value]) -> Vec<Value> {
    let counterparts: BTreeMap<usize, usize> = match set_key(equality.kind, path) {
        Some("") => BTreeMap::new(),
        Some(key) => {
            let pairing = equality.pair(path, key, wanted, there);
            pairing.matched.into_iter().collect()
        }
        None if there.len() == wanted.len() => (0..there.len()).map(|at| (at, at)).collect(),
        None => BTreeMap::new(),
    };
    let merged = |(index, item): (usize, &Value)| {
        laid_over(
            equality,
            &join(path, &index.to_string()),
            counterparts.get(&index).map(|at| &there[*at]),
            item,
        )
    };
    wanted.iter().enumerate().map(merged).collect()
}

/// The pointer that identifies the items of a list without order.
pub fn set_key(kind: &Kind, path: &str) -> Option<&'static str> {
    kind.rules_at(path).find_map(|rule| match rule.how {
        How::Set(key) => Some(key),
        _ => None,
    })
}

/// Of the full body, what was set, widened to the whole of each property that the service resets when it is sent in
/// part.
fn partial(kind: &Kind, full: &Value, set: &Values) -> Value {
    let mut body = Value::Object(Map::new());
    for (pointer, value) in set {
        send(kind, full, (pointer, value), &mut body);
    }
    body
}

fn send(kind: &Kind, full: &Value, (pointer, value): (&str, &Value), body: &mut Value) {
    let whole = sent_whole(kind, pointer);
    match value {
        Value::Object(members) if whole.is_none() && !members.is_empty() => {
            for (key, value) in members {
                send(kind, full, (&join(pointer, key), value), body);
            }
        }
        _ => {
            let whole = whole.unwrap_or_else(|| pointer.to_owned());
            match body::get(full, &whole) {
                Some(sent) => body::set(body, &whole, sent.clone()),
                None => put_null(body, if value.is_null() { pointer } else { &whole }),
            }
        }
    }
}

/// The outermost property around a path that must be sent whole.
fn sent_whole(kind: &Kind, pointer: &str) -> Option<String> {
    let mut at = String::new();
    for segment in body::segments(pointer) {
        at = join(&at, &segment);
        if kind.has(&at, &|how| how == How::SentWhole) {
            return Some(at);
        }
    }
    None
}

fn put_null(body: &mut Value, pointer: &str) {
    // `body::set` takes null for removal, while a PATCH says removal by an explicit null.
    body::set(body, pointer, Value::Bool(false));
    if let Some(at) = body.pointer_mut(pointer) {
        *at = Value::Null;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{ResourceId, kinds};
    use serde_json::json;

    fn group() -> ResourceId {
        ResourceId::resource_group("s", "rg")
    }

    fn set(pairs: &[(&str, Value)]) -> Values {
        pairs
            .iter()
            .map(|(pointer, value)| ((*pointer).to_owned(), value.clone()))
            .collect()
    }

    #[test]
    fn a_put_holds_everything_that_was_there_and_nothing_read_only() {
        let kind =
            kinds::of(&group().provider("Microsoft.Network/networkSecurityGroups", "n")).unwrap();
        let live = json!({ "id": "x", "etag": "e", "tags": { "theirs": "1" }, "properties": {
            "provisioningState": "Succeeded", "flushConnection": true, "defaultSecurityRules": [{}],
            "securityRules": [{ "id": "i", "name": "a", "etag": "e", "properties": { "priority": 1, "description": "kept" } }] } });
        let body = for_update(
            kind,
            &live,
            &set(&[(
                "/properties/securityRules",
                json!([{ "name": "a", "properties": { "priority": 2 } }]),
            )]),
        );
        assert_eq!(
            body,
            json!({ "tags": { "theirs": "1" }, "properties": { "flushConnection": true,
            "securityRules": [{ "name": "a", "properties": { "priority": 2, "description": "kept" } }] } })
        );
    }

    #[test]
    fn a_patch_sends_whole_what_the_service_would_reset() {
        let kind = kinds::of(&group().provider("Microsoft.ApiManagement/service", "a")).unwrap();
        let live = json!({ "location": "West Europe", "tags": { "a": "1" }, "properties": { "publisherName": "x",
            "customProperties": { "Tls10": "False", "Tls11": "True" } } });
        let body = for_update(
            kind,
            &live,
            &set(&[
                ("/properties/customProperties/Tls11", json!("False")),
                ("/tags/b", json!("2")),
            ]),
        );
        assert_eq!(
            body,
            json!({ "tags": { "a": "1", "b": "2" },
            "properties": { "customProperties": { "Tls10": "False", "Tls11": "False" } } })
        );
    }

    #[test]
    fn a_patch_of_a_whole_body_sends_nothing_that_it_does_not_speak_of() {
        let site = kinds::of(
            &group()
                .provider("Microsoft.Web/sites", "f")
                .child("config", "web"),
        )
        .unwrap();
        let live = json!({ "location": "West Europe", "properties": { "alwaysOn": false, "siteAuthEnabled": false,
            "cors": { "supportCredentials": true } } });
        let wanted = json!({ "properties": { "alwaysOn": true, "cors": { "allowedOrigins": ["https://a"] } } });
        assert_eq!(
            for_update(site, &live, &set(&[("", wanted)])),
            json!({ "properties": { "alwaysOn": true,
            "cors": { "supportCredentials": true, "allowedOrigins": ["https://a"] } } })
        );
    }

    #[test]
    fn removal_is_an_absent_member_in_a_put_and_null_in_a_patch() {
        let route = kinds::of(
            &group()
                .provider("Microsoft.Cdn/profiles", "p")
                .child("afdEndpoints", "e")
                .child("routes", "r"),
        )
        .unwrap();
        let live = json!({ "properties": { "cacheConfiguration": { "x": 1 }, "enabledState": "Enabled" } });
        let cleared = set(&[("/properties/cacheConfiguration", Value::Null)]);
        assert_eq!(
            for_update(route, &live, &cleared),
            json!({ "properties": { "enabledState": "Enabled" } })
        );
        let site = kinds::of(
            &group()
                .provider("Microsoft.Web/sites", "f")
                .child("config", "web"),
        )
        .unwrap();
        let live = json!({ "properties": { "healthCheckPath": "/x" } });
        assert_eq!(
            for_update(
                site,
                &live,
                &set(&[("/properties/healthCheckPath", Value::Null)])
            ),
            json!({ "properties": { "healthCheckPath": null } })
        );
    }
}
