//! Values in one line: JSON of live state, and terms with what comes later.

use serde_json::Value;

use super::{label, safe};
use crate::resource::{Generated, Term};

/// A live value. Texts stand without quotes unless they could be taken for something else.
pub fn live(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => safe::line(text),
        Value::Null => "null".to_owned(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| format!("{}: {}", safe::line(key), live(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items = items.iter().map(live);
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        other => safe::line(&other.to_string()),
    }
}

fn is_plain(text: &str) -> bool {
    let is_other = serde_json::from_str::<Value>(text).is_ok();
    !text.is_empty() && text.trim() == text && !is_other && !text.starts_with(['(', '"'])
}

/// A desired value.
pub fn desired(term: &Term) -> String {
    match term {
        Term::Json(value) => live(value),
        Term::Object(members) => {
            let members = members
                .iter()
                .map(|(key, term)| format!("{}: {}", safe::line(key), desired(term)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Term::Array(items) => {
            let items = items.iter().map(desired);
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        Term::Ref(reference) => format!("(after apply: {})", label::source(reference)),
        Term::Concat(parts) => parts.iter().map(part).collect(),
        Term::Each { over, template } => {
            format!(
                "[{} for each of (after apply: {})]",
                desired(template),
                label::source(over)
            )
        }
        Term::Item => "(it)".to_owned(),
        Term::Generated(Generated::Password) => "(a random password)".to_owned(),
    }
}

/// Inside a text, nothing is quoted.
fn part(term: &Term) -> String {
    match term {
        Term::Json(Value::String(text)) => safe::line(text),
        other => desired(other),
    }
}

/// A desired text with its line breaks, if it is one; what comes later stands there by its source.
pub fn text(term: &Term) -> Option<String> {
    let part = |term: &Term| match term {
        Term::Json(Value::String(text)) => text.clone(),
        other => desired(other),
    };
    match term {
        Term::Json(Value::String(text)) => Some(text.clone()),
        Term::Concat(parts) => Some(parts.iter().map(part).collect()),
        Term::Json(_)
        | Term::Object(_)
        | Term::Array(_)
        | Term::Ref(_)
        | Term::Each { .. }
        | Term::Item
        | Term::Generated(_) => None,
    }
}

/// Every leaf of a term with its path.
pub fn leaves(term: &Term) -> Vec<(String, &Term)> {
    let mut found = Vec::new();
    collect(term, "", &mut found);
    found
}

fn collect<'a>(term: &'a Term, path: &str, found: &mut Vec<(String, &'a Term)>) {
    match term {
        Term::Object(members) if !members.is_empty() => {
            for (key, member) in members {
                collect(member, &crate::resource::body::join(path, key), found);
            }
        }
        Term::Array(items) if items.iter().any(Term::is_container) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &format!("{path}[{}]", key_of(item, index)), found);
            }
        }
        _ => found.push((path.to_owned(), term)),
    }
}

/// What tells an item of a list from its neighbours.
fn key_of(item: &Term, index: usize) -> String {
    let named = ["/name", "/id", "/value"]
        .iter()
        .find_map(|pointer| match item.at(pointer) {
            Some(Term::Json(Value::String(text))) => Some(safe::line(text)),
            _ => None,
        });
    named.unwrap_or_else(|| index.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{ResourceId, concat, each, reference_to, text};
    use serde_json::json;

    #[test]
    fn texts_are_quoted_only_where_they_could_be_something_else() {
        let shown = [
            json!("Enabled"),
            json!("true"),
            json!(true),
            json!(""),
            json!("a b"),
        ]
        .map(|v| live(&v));
        assert_eq!(shown, ["Enabled", "\"true\"", "true", "\"\"", "a b"]);
    }

    #[test]
    fn what_comes_later_names_its_source() {
        let service = ResourceId::resource_group("s", "rg")
            .provider("Microsoft.ApiManagement/service", "apim");
        let url = concat([
            text("https://"),
            reference_to(&service, "/properties/host"),
            text("/x"),
        ]);
        assert_eq!(desired(&url), "https://(after apply: apim host)/x");
        let list = each(
            &service,
            "/properties/ips",
            json!({ "ip": { "$item": true } }),
        );
        assert_eq!(
            desired(&list),
            "[{ip: (it)} for each of (after apply: apim ips)]"
        );
    }

    #[test]
    fn leaves_have_paths_with_the_names_of_list_items() {
        let term = Term::from(
            json!({ "properties": { "rules": [{ "name": "a", "x": 1 }], "tags": ["t", "u"] } }),
        );
        let found: Vec<(String, String)> = leaves(&term)
            .into_iter()
            .map(|(path, term)| (path, desired(term)))
            .collect();
        let expected = [
            ("/properties/rules[a]/name", "a"),
            ("/properties/rules[a]/x", "1"),
            ("/properties/tags", "[t, u]"),
        ];
        assert_eq!(
            found,
            expected.map(|(path, shown)| (path.to_owned(), shown.to_owned()))
        );
    }
}
