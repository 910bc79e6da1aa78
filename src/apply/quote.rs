//! Azure may quote what it was sent or holds, and both have what may be secret.

use serde_json::Value;

use crate::diff::MASKED;
use crate::policy::{self, Document};
use crate::resource::{How, Kind, body};

/// Shorter ones are words that may stand anywhere.
const SHORTEST: usize = 4;

/// What is a secret by itself within a longer one: `Basic dXNlcjpodW50ZXI=`, `client_secret=…`.
fn within(secret: &str) -> impl Iterator<Item = String> {
    let is_edge = |letter: char| letter.is_whitespace() || "&=:;,\"'{}<>".contains(letter);
    let parts = secret.split(is_edge).filter(|part| {
        part.len() >= 2 * SHORTEST && part.contains(|letter: char| letter.is_ascii_digit())
    });
    parts.map(str::to_owned)
}

/// `said` without the texts of these bodies that may be secrets.
pub(super) fn without<'a>(
    kind: &Kind,
    bodies: impl IntoIterator<Item = &'a Value>,
    said: &str,
) -> String {
    let mut secrets = Vec::new();
    for body in bodies {
        let search = Search { kind, body };
        search.collect("", body, false, &mut secrets);
    }
    let parts: Vec<String> = secrets.iter().flat_map(|secret| within(secret)).collect();
    secrets.extend(parts);
    secrets.retain(|secret| secret.len() >= SHORTEST);
    // A secret may be the beginning of another.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let quiet = |said: String, secret: &String| said.replace(secret.as_str(), MASKED);
    secrets.iter().fold(said.to_owned(), quiet)
}

struct Search<'a> {
    kind: &'a Kind,
    body: &'a Value,
}

impl Search<'_> {
    fn collect(&self, path: &str, value: &Value, within: bool, into: &mut Vec<String>) {
        let is_secret = within || self.kind.is_secret(path, self.body);
        match value {
            Value::String(text) if is_secret => into.push(text.clone()),
            Value::String(text) => into.extend(self.of_policy(path, text)),
            Value::Object(members) => {
                for (key, value) in members {
                    self.collect(&body::join(path, key), value, is_secret, into);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = body::join(path, &index.to_string());
                    self.collect(&path, item, is_secret, into);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn of_policy(&self, path: &str, text: &str) -> Vec<String> {
        let is_policy = self.kind.has(path, &|how| matches!(how, How::Policy(_)));
        let document = is_policy.then(|| Document::read_any(text)).flatten();
        document.map_or_else(Vec::new, |(_, document)| policy::secrets(&document))
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
        let quiet = without(kind, [&sent], said);
        assert_eq!(quiet, "(sensitive) and (sensitive) are not on");
        let user = ResourceId::graph(Directory::Identity, "users", "a@example.com");
        let sent =
            json!({ "displayName": "Ada", "passwordProfile": { "password": "Aa1!hunter2" } });
        let quiet = without(
            kinds::of(&user).unwrap(),
            [&sent],
            "Ada: Aa1!hunter2 is weak",
        );
        assert_eq!(quiet, "Ada: (sensitive) is weak");
    }

    #[test]
    fn what_a_policy_or_a_named_value_holds_is_masked_too() {
        let service =
            ResourceId::resource_group("s", "rg").provider("Microsoft.ApiManagement/service", "a");
        let policy = service.child("policies", "policy");
        let text = "<policies><inbound><authentication-basic username=\"u\" password=\"hunter2\" /></inbound></policies>";
        let sent = json!({ "properties": { "format": "rawxml", "value": text } });
        let quiet = without(kinds::of(&policy).unwrap(), [&sent], "'hunter2' of u");
        assert_eq!(quiet, "'(sensitive)' of u");
        let text = "<policies><inbound><set-header name=\"Authorization\"><value>Basic hunter22</value></set-header></inbound></policies>";
        let sent = json!({ "properties": { "format": "rawxml", "value": text } });
        let quiet = without(kinds::of(&policy).unwrap(), [&sent], "Basic: 'hunter22'");
        assert_eq!(quiet, "Basic: '(sensitive)'");
        let named = kinds::of(&service.child("namedValues", "n")).unwrap();
        let held = |secret: bool| json!({ "properties": { "secret": secret, "value": "hunter2" } });
        assert_eq!(without(named, [&held(true)], "hunter2"), "(sensitive)");
        assert_eq!(without(named, [&held(false)], "hunter2"), "hunter2");
    }
}
