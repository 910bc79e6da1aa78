//! Azure may quote what it was sent, and a write carries along what may be secret.

use serde_json::Value;

use crate::diff::MASKED;
use crate::resource::{How, Kind, body};

/// Shorter ones are words that may stand anywhere.
const SHORTEST: usize = 4;

/// `said` without the texts of `sent` that may be secrets.
pub(super) fn without(kind: &Kind, sent: &Value, said: &str) -> String {
    let mut secrets = Vec::new();
    collect(kind, "", sent, false, &mut secrets);
    // A secret may be the beginning of another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let quiet = |said: String, secret: &&str| said.replace(*secret, MASKED);
    secrets.iter().fold(said.to_owned(), quiet)
}

fn collect<'a>(kind: &Kind, path: &str, value: &'a Value, within: bool, into: &mut Vec<&'a str>) {
    let is_secret = within || kind.has(path, &|how| how == How::Sensitive);
    match value {
        Value::String(text) if is_secret && text.len() >= SHORTEST => into.push(text),
        Value::Object(members) => {
            for (key, value) in members {
                collect(kind, &body::join(path, key), value, is_secret, into);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = body::join(path, &index.to_string());
                collect(kind, &path, item, is_secret, into);
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Directory, ResourceId, kinds};
    use serde_json::json;

    #[test]
    fn a_quoted_secret_is_masked_and_the_rest_stays() {
        let settings = ResourceId::resource_group("s", "rg")
            .provider("Microsoft.Web/sites", "f")
            .child("config", "appsettings");
        let kind = kinds::of(&settings).unwrap();
        let sent = json!({ "properties": { "A": "hunter2", "B": "hunter2-longer", "C": "on" } });
        let said = "hunter2-longer and hunter2 are not on";
        let quiet = without(kind, &sent, said);
        assert_eq!(quiet, "(sensitive) and (sensitive) are not on");
        let user = ResourceId::graph(Directory::Identity, "users", "a@example.com");
        let sent =
            json!({ "displayName": "Ada", "passwordProfile": { "password": "Aa1!hunter2" } });
        let quiet = without(kinds::of(&user).unwrap(), &sent, "Ada: Aa1!hunter2 is weak");
        assert_eq!(quiet, "Ada: (sensitive) is weak");
    }
}
