//! JSON bodies: pointers, patterns over paths, setting and removing members.

use serde_json::{Map, Value};

/// The unescaped segments of a JSON pointer (RFC 6901).
pub fn segments(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer
        .split('/')
        .skip(1)
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
}

/// `pointer` with one more segment.
pub fn join(pointer: &str, segment: &str) -> String {
    format!(
        "{pointer}/{}",
        segment.replace('~', "~0").replace('/', "~1")
    )
}

/// Whether a path matches a pattern: segments ignore case (property names come back re-cased, quirks.md part 1, 5),
/// `*` is one segment, a `**` any number of them. Rules are asked for at every value, so nothing is allocated here:
/// patterns hold no escapes, and escaped names of a path match only `*`.
pub fn matches(pattern: &str, path: &str) -> bool {
    ends_alike(pattern, path) && segments_match(pattern, path)
}

/// Most patterns end in another letter than the path, which is quickly seen.
fn ends_alike(pattern: &str, path: &str) -> bool {
    match (pattern.as_bytes().last(), path.as_bytes().last()) {
        (Some(b'*'), _) => true,
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (one, other) => one == other,
    }
}

fn segments_match(pattern: &str, path: &str) -> bool {
    let Some((first, rest)) = split_first(pattern) else {
        return path.is_empty();
    };
    if first == "**" {
        if !rest.contains('*') {
            return ends_with(path, rest);
        }
        let mut tail = path;
        loop {
            if segments_match(rest, tail) {
                return true;
            }
            match split_first(tail) {
                Some((_, shorter)) => tail = shorter,
                None => return false,
            }
        }
    }
    split_first(path).is_some_and(|(head, tail)| {
        (first == "*" || first.eq_ignore_ascii_case(head)) && segments_match(rest, tail)
    })
}

/// Names in any case. A pointer begins with a slash, so its end begins with a whole segment.
fn ends_with(path: &str, end: &str) -> bool {
    let at = path.len().checked_sub(end.len());
    at.and_then(|at| path.get(at..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

fn split_first(pointer: &str) -> Option<(&str, &str)> {
    let rest = pointer.strip_prefix('/')?;
    Some(rest.find('/').map_or((rest, ""), |at| rest.split_at(at)))
}

/// The member of an object by name, exact spelling first, any case otherwise.
pub fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<(&'a String, &'a Value)> {
    object.get_key_value(name).or_else(|| {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
    })
}

/// The value at a pointer, property names in any case. Besides its index, a list item can be named by a member:
/// `/oauth2PermissionScopes/value=openid/id`.
pub fn get<'a>(body: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut at = body;
    for segment in segments(pointer) {
        at = match at {
            Value::Object(members) => member(members, &segment)?.1,
            Value::Array(items) => item(items, &segment)?,
            _ => return None,
        };
    }
    Some(at)
}

fn item<'a>(items: &'a [Value], segment: &str) -> Option<&'a Value> {
    match segment.split_once('=') {
        Some((name, wanted)) => items
            .iter()
            .find(|item| item.get(name).and_then(Value::as_str) == Some(wanted)),
        None => items.get(segment.parse::<usize>().ok()?),
    }
}

/// Whether a value says nothing: unset properties come back as null, `[]`, `""`, `{}` or not at all, by provider
/// (quirks.md part 1, 6-7).
pub fn is_blank(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(members)) => members.values().all(|value| is_blank(Some(value))),
        Some(Value::Bool(_) | Value::Number(_)) => false,
    }
}

/// Puts `value` at a pointer, making the objects on the way; null removes the member.
pub fn set(body: &mut Value, pointer: &str, value: Value) {
    let path: Vec<String> = segments(pointer).collect();
    set_at(body, &path, value);
}

fn set_at(at: &mut Value, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        *at = value;
        return;
    };
    if let Value::Array(items) = at {
        if let Some(item) = first
            .parse::<usize>()
            .ok()
            .and_then(|index| items.get_mut(index))
        {
            set_at(item, rest, value);
        }
        return;
    }
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    let Value::Object(members) = at else { return };
    let key = member(members, first).map_or_else(|| first.clone(), |(key, _)| key.clone());
    if rest.is_empty() && value.is_null() {
        members.remove(&key);
    } else {
        set_at(members.entry(key).or_insert(Value::Null), rest, value);
    }
}

/// Removes every member that matches one of the patterns, and nulls (Azure returns unset members as null, and some
/// providers refuse to be sent one).
pub fn strip(body: &Value, is_dropped: &dyn Fn(&str) -> bool) -> Value {
    strip_at(body, "", is_dropped)
}

fn strip_at(at: &Value, pointer: &str, is_dropped: &dyn Fn(&str) -> bool) -> Value {
    match at {
        Value::Object(members) => Value::Object(
            members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key, join(pointer, key), value))
                .filter(|(_, path, _)| !is_dropped(path))
                .map(|(key, path, value)| (key.clone(), strip_at(value, &path, is_dropped)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| strip_at(item, &join(pointer, &index.to_string()), is_dropped))
                .collect(),
        ),
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patterns_match_paths_by_segment() {
        assert!(matches(
            "/properties/*/ipAddress",
            "/properties/0/IPADDRESS"
        ));
        assert!(!matches("/properties/*", "/properties/a/b"));
        assert!(matches(
            "/**/provisioningState",
            "/properties/subnets/0/properties/provisioningState"
        ));
        assert!(matches("/a/**", "/a/b/c") && !matches("/a/**", "/b"));
        assert!(matches("/**/mode", "/mode") && matches("/**/a/mode", "/b/A/Mode"));
        assert!(!matches("/**/mode", "/authMode") && !matches("/**/a/mode", "/b/mode"));
    }

    #[test]
    fn setting_keeps_what_is_beside_and_the_spelling_that_is_there() {
        let mut body = json!({ "Properties": { "a": 1, "keep": true } });
        set(&mut body, "/properties/a", json!(2));
        set(&mut body, "/properties/new/deep", json!("x"));
        set(&mut body, "/properties/keep", Value::Null);
        assert_eq!(
            body,
            json!({ "Properties": { "a": 2, "new": { "deep": "x" } } })
        );
    }

    #[test]
    fn a_list_item_is_named_by_index_or_by_a_member() {
        let body = json!({ "scopes": [{ "value": "a", "id": 1 }, { "value": "b", "id": 2 }] });
        assert_eq!(get(&body, "/Scopes/0/id"), Some(&json!(1)));
        assert_eq!(get(&body, "/scopes/value=b/id"), Some(&json!(2)));
        assert_eq!(get(&body, "/scopes/value=c/id"), None);
    }

    #[test]
    fn stripping_drops_what_matches_and_nulls() {
        let body = json!({ "id": "x", "properties": { "provisioningState": "Succeeded", "a": null, "b": [{ "id": "y" }] } });
        let left = strip(&body, &|path| {
            matches("/id", path) || matches("/**/provisioningState", path)
        });
        assert_eq!(left, json!({ "properties": { "b": [{ "id": "y" }] } }));
    }
}
