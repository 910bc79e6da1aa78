//! Somebody's change under a change of the plan: what it was planned on, what is there now, what it would set.
//!
//! Pure. Only what moved is shown; whatever may be a secret is masked on all three sides.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::diff::masked;
use crate::plan::Set;
use crate::resource::{Kind, Term, body};

/// One property that moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ThreeWay {
    /// JSON pointer.
    pub path: String,
    /// What the plan was made on; absent when nothing was there.
    pub base: Option<Value>,
    pub live: Option<Value>,
    /// What the change would set; absent when it leaves the property alone.
    pub wanted: Option<Value>,
}

/// Every property that is not as it was.
pub(super) fn three_way(kind: &Kind, base: &Value, live: &Value, set: &Set) -> Vec<ThreeWay> {
    let bodies = [base, live];
    let (base, live) = (leaves(kind, base), leaves(kind, live));
    let paths: BTreeSet<&String> = base.keys().chain(live.keys()).collect();
    let moved = paths
        .into_iter()
        .filter(|path| base.get(*path) != live.get(*path));
    // What is a secret on one side is none to show on another.
    let shown = |path: &str, value: Option<&Value>| {
        let hide = |value: Value, body: &&Value| masked(kind, body, path, &value);
        value.map(|value| bodies.iter().fold(value.clone(), hide))
    };
    moved
        .map(|path| ThreeWay {
            path: path.clone(),
            base: shown(path, base.get(path)),
            live: shown(path, live.get(path)),
            wanted: shown(path, wanted(set, path).as_ref()),
        })
        .collect()
}

/// Lists are one value: they are written whole.
fn leaves(kind: &Kind, value: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let stripped = body::strip(value, &|path| kind.is_read_only(path));
    collect("", stripped, &mut found);
    found
}

fn collect(path: &str, value: Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                collect(&body::join(path, &key), value, found);
            }
        }
        value => drop(found.insert(path.to_owned(), value)),
    }
}

/// As it is written; a value that comes later stands there by its source.
fn wanted(set: &Set, path: &str) -> Option<Value> {
    let inside = |pointer: &str| {
        let rest = path.strip_prefix(pointer)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
    };
    set.iter().find_map(|(pointer, term): (&String, &Term)| {
        let term = term.at(&inside(pointer)?)?;
        serde_json::to_value(term).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::MASKED;
    use crate::resource::{ResourceId, kinds};
    use serde_json::json;

    fn group() -> ResourceId {
        ResourceId::resource_group("s", "rg")
    }

    #[test]
    fn only_what_moved_is_shown_from_three_sides() {
        let kind = kinds::of(&group().provider("Microsoft.ApiManagement/service", "a")).unwrap();
        let base = json!({ "tags": { "a": "1" }, "properties": { "publisherName": "x", "provisioningState": "Updating" } });
        let live = json!({ "tags": { "a": "1", "b": "2" }, "properties": { "publisherName": "y", "provisioningState": "Succeeded" } });
        let set = Set::from([(
            "/properties/publisherName".to_owned(),
            Term::Json(json!("z")),
        )]);
        let moved = |path: &str, base, live, wanted| ThreeWay {
            path: path.to_owned(),
            base,
            live,
            wanted,
        };
        let expected = [
            moved(
                "/properties/publisherName",
                Some(json!("x")),
                Some(json!("y")),
                Some(json!("z")),
            ),
            moved("/tags/b", None, Some(json!("2")), None),
        ];
        assert_eq!(three_way(kind, &base, &live, &set), expected);
        let whole = Set::from([(
            String::new(),
            Term::from(json!({ "properties": { "publisherName": "z" } })),
        )]);
        assert_eq!(three_way(kind, &base, &live, &whole), expected);
        assert_eq!(three_way(kind, &base, &base, &set), []);
    }

    #[test]
    fn what_may_be_a_secret_is_masked_on_every_side() {
        let site = group().provider("Microsoft.Web/sites", "f");
        let kind = kinds::of(&site.child("config", "appsettings")).unwrap();
        let body = |value: &str| json!({ "properties": { "A": value } });
        let set = Set::from([("/properties/A".to_owned(), Term::Json(json!("canary-3")))]);
        let found = three_way(kind, &body("canary-1"), &body("canary-2"), &set);
        let masked = Some(json!(MASKED));
        assert_eq!(
            (&found[0].base, &found[0].live, &found[0].wanted),
            (&masked, &masked, &masked)
        );
    }
}
