//! When two values are the same to Azure.
//!
//! The one place that reads the comparing half of a kind's rules, for the diff (what differs) and for composing
//! bodies (which list item is which). Policy documents are the diff's own business: they need a reader.

use serde_json::Value;

use super::body::{self, is_blank};
use super::kind::{How, Kind};

/// Equality by the rules of one kind, for one live resource.
#[derive(Clone, Copy)]
pub struct Equality<'a> {
    pub kind: &'a Kind,
    /// The id in the live body: what short forms of ids are relative to.
    pub id: Option<&'a str>,
}

impl<'a> Equality<'a> {
    pub fn new(kind: &'a Kind, live: &'a Value) -> Self {
        Self {
            kind,
            id: live.get("id").and_then(Value::as_str),
        }
    }

    /// Whether a known desired scalar equals the live one.
    pub fn scalar(&self, path: &str, desired: &Value, live: &Value) -> bool {
        desired == live
            || is_same_number(desired, live)
            || self
                .kind
                .rules_at(path)
                .any(|rule| self.by(rule.how, desired, live))
    }

    fn by(&self, how: How, desired: &Value, live: &Value) -> bool {
        match (desired, live) {
            (Value::String(one), Value::String(other)) => self.text(how, one, other),
            _ => false,
        }
    }

    fn text(&self, how: How, one: &str, other: &str) -> bool {
        match how {
            How::CaseInsensitive => one.eq_ignore_ascii_case(other),
            How::Id => id(one, other),
            How::Location => location(one) == location(other),
            How::Cidr => cidr(one) == cidr(other),
            How::Duration => seconds(one).is_some_and(|length| Some(length) == seconds(other)),
            How::Words => words(one) == words(other),
            How::ReadOnly
            | How::WriteOnly
            | How::CreateOnly
            | How::Immutable
            | How::Set(_)
            | How::FreeMap
            | How::WholeMap
            | How::Default(_)
            | How::Synthetic(..)
            | How::Policy
            | How::NotEffective
            | How::Sensitive
            | How::SentWhole
            | How::Families(_) => false,
        }
    }

    /// Whether two items of the list at `list` are one item: all parts of their key are the same, and not all unset.
    pub fn is_same_item(&self, list: &str, key: &str, desired: &Value, live: &Value) -> bool {
        let mut is_known = false;
        for part in parts(key) {
            let (one, other) = (body::get(desired, part), body::get(live, part));
            match (is_blank(one), is_blank(other)) {
                (true, true) => {}
                (false, false) => {
                    let path = format!("{list}/0{part}");
                    if !matches!((one, other), (Some(one), Some(other)) if self.scalar(&path, one, other))
                    {
                        return false;
                    }
                    is_known = true;
                }
                _ => return false,
            }
        }
        is_known
    }

    /// Whether Azure put this list element there by itself.
    pub fn is_synthetic(&self, list: &str, item: &Value) -> bool {
        self.kind.rules_at(list).any(|rule| match rule.how {
            How::Synthetic(pointer, json) => {
                body::get(item, pointer).is_some_and(|value| value.to_string() == json)
            }
            _ => false,
        })
    }
}

/// The pointers of a list's key; `""` is the item itself.
pub fn parts(key: &str) -> impl Iterator<Item = &str> {
    key.split('+')
}

/// What people read for an item's key.
pub fn shown_key(item: &Value, key: &str) -> String {
    let shown: Vec<String> = parts(key)
        .filter_map(|part| body::get(item, part).filter(|value| !is_blank(Some(value))))
        .map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
        .collect();
    if shown.is_empty() {
        "?".to_owned()
    } else {
        shown.join(" ")
    }
}

fn is_same_number(one: &Value, other: &Value) -> bool {
    // Azure returns 100 as 100.0 (quirks.md part 1, 8).
    matches!((one, other), (Value::Number(_), Value::Number(_))) && one.as_f64() == other.as_f64()
}

fn id(one: &str, other: &str) -> bool {
    one.trim_end_matches('/')
        .eq_ignore_ascii_case(other.trim_end_matches('/'))
}
fn location(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn cidr(range: &str) -> String {
    let full = if range.contains(':') { "/128" } else { "/32" };
    let range = range.trim().to_ascii_lowercase();
    range
        .strip_suffix(full)
        .map_or(range.clone(), str::to_owned)
}

fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect();
    words.sort_unstable();
    words
}

/// The length of an ISO 8601 duration of days, hours, minutes and whole seconds.
fn seconds(text: &str) -> Option<u64> {
    let (date, time) = text
        .strip_prefix('P')?
        .split_once('T')
        .unwrap_or((&text[1..], ""));
    let mut total = 0;
    for (part, units) in [
        (date, &[('D', 86_400), ('W', 604_800)][..]),
        (time, &[('H', 3600), ('M', 60), ('S', 1)][..]),
    ] {
        let mut number = String::new();
        for c in part.chars() {
            if c.is_ascii_digit() {
                number.push(c);
            } else {
                let (_, length) = units.iter().find(|(unit, _)| *unit == c)?;
                total += number.parse::<u64>().ok()? * length;
                number.clear();
            }
        }
        if !number.is_empty() {
            return None;
        }
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn is_equal(how: How, one: &str, other: &str) -> bool {
        Equality {
            kind: &Kind::PLAIN,
            id: None,
        }
        .text(how, one, other)
    }

    #[test]
    fn azures_spellings_of_one_value_are_equal_and_others_are_not() {
        for (how, one, same, other) in [
            (How::Location, "westus3", "West US 3", "westus2"),
            (How::Cidr, "1.2.3.4", "1.2.3.4/32", "1.2.3.4/31"),
            (How::Cidr, "2004::1000", "2004::1000/128", "2004::1000/64"),
            (How::Duration, "PT1H", "PT60M", "PT61M"),
            (How::Duration, "P1D", "PT24H", "P1W"),
            (
                How::Words,
                "openid offline_access",
                "offline_access openid",
                "openid",
            ),
            (
                How::Id,
                "/subscriptions/a/resourceGroups/b",
                "/subscriptions/A/resourcegroups/b",
                "/subscriptions/a/resourceGroups/c",
            ),
        ] {
            assert!(is_equal(how, one, same), "{how:?} {one} {same}");
            assert!(!is_equal(how, one, other), "{how:?} {one} {other}");
        }
        assert!(is_same_number(&100.into(), &json!(100.0)));
    }

    #[test]
    fn an_item_is_known_by_all_parts_of_its_key() {
        let equality = Equality {
            kind: &Kind::PLAIN,
            id: None,
        };
        let same = |one, other| equality.is_same_item("/logs", "/category+/group", &one, &other);
        assert!(same(
            json!({ "group": "a" }),
            json!({ "group": "a", "category": null })
        ));
        assert!(!same(json!({ "group": "a" }), json!({ "category": "a" })));
        assert!(!same(json!({ "x": 1 }), json!({ "x": 1 })));
        assert_eq!(shown_key(&json!({ "group": "a" }), "/category+/group"), "a");
    }
}
