//! Whether a write changes anything: providers that run operations answer one that doesn't at once.

use serde_json::Value;

use crate::sandbox::arm::location;

/// But for the members at these pointers; null, `""`, `[]` and `{}` are as good as absent.
pub(crate) fn is_unchanged(before: &Value, after: &Value, but_for: &[&str]) -> bool {
    let seen = |body: &Value| {
        let mut body = body.clone();
        for pointer in but_for {
            if let Some(member) = body.pointer_mut(pointer) {
                *member = Value::Null;
            }
        }
        if let Some(place) = body["location"].as_str() {
            body["location"] = location::short(place).into();
        }
        bare(&body)
    };
    seen(before) == seen(after)
}

fn bare(value: &Value) -> Value {
    let is_blank = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    match value {
        Value::Array(items) => items.iter().map(bare).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), bare(value)))
            .filter(|(_, value)| !is_blank(value))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blanks_and_what_is_left_out_are_no_change_and_everything_else_is() {
        let before =
            json!({ "tags": {}, "properties": { "a": 1, "state": "Succeeded", "b": null } });
        let after =
            |a: u8| json!({ "properties": { "a": a, "state": "Updating", "c": { "d": [] } } });
        let but_for = ["/properties/state"];
        assert!(is_unchanged(&before, &after(1), &but_for));
        assert!(!is_unchanged(&before, &after(2), &but_for));
        assert!(!is_unchanged(&before, &after(1), &[]));
    }
}
