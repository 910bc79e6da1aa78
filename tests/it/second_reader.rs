//! `serde_yaml` reads every spec under test too, and has to find the same values (dependencies: a second YAML reader).

use std::collections::BTreeMap;
use std::path::Path;

use secgw::spec::{Loaded, Origin};

/// `serde_yaml` is the witness: each value that was written stands in its file as the same value. Exceptions:
/// values that references came to are not written anywhere.
pub(crate) fn agrees(loaded: &Loaded, directory: &Path) {
    let mut files: BTreeMap<String, serde_json::Value> = BTreeMap::new();
    let mut compared = 0;
    for value in loaded.effective.values() {
        if let Origin::Written { at } = &value.origin {
            let tree = files.entry(at.file().to_owned()).or_insert_with(|| {
                let text = std::fs::read_to_string(directory.join(at.file())).unwrap();
                serde_yaml::from_str(&text).unwrap()
            });
            assert!(
                holds(tree, &value.value),
                "{}: {} is not in {}",
                value.path,
                value.value,
                at.file()
            );
            compared += 1;
        }
    }
    assert!(compared > 20);
}

fn holds(tree: &serde_json::Value, wanted: &serde_json::Value) -> bool {
    let inside = match tree {
        serde_json::Value::Array(items) => items.iter().any(|item| holds(item, wanted)),
        serde_json::Value::Object(entries) => entries.values().any(|value| holds(value, wanted)),
        _ => false,
    };
    inside || tree == wanted
}
