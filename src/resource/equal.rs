//! When two values are the same to Azure.
//!
//! The one place that reads the comparing half of a kind's rules, for the diff (what differs) and for composing
//! bodies (which list item is which). Policy documents are the diff's own business: they need a reader.

use serde_json::{Map, Value};

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

    /// Whether this rule alone makes them equal.
    pub fn by(&self, how: How, desired: &Value, live: &Value) -> bool {
        match (how, desired, live) {
            (How::AsText, _, _) => as_text(desired).is_some_and(|text| Some(text) == as_text(live)),
            (_, Value::String(one), Value::String(other)) => self.text(how, one, other),
            _ => false,
        }
    }

    fn text(&self, how: How, one: &str, other: &str) -> bool {
        match how {
            How::CaseInsensitive => one.eq_ignore_ascii_case(other),
            How::Id => id(one).is_some_and(|id_| Some(id_) == id(other)),
            How::ShortId(below) => self.is_short_for(below, one, other),
            How::LeadingSlash => without_slash(one) == without_slash(other),
            How::Alias(sent, held) => one == sent && other == held,
            How::StandIn(beginning) => other.starts_with(beginning),
            How::Location => location(one) == location(other),
            How::Cidr => cidr(one) == cidr(other),
            How::Duration => length(one).is_some_and(|length_| Some(length_) == length(other)),
            How::Words => words(one) == words(other),
            How::Form => is_form(one) && is_form(other),
            How::ReadOnly
            | How::WriteOnly
            | How::CreateOnly
            | How::NotEffective
            | How::Dropped
            | How::YieldsTo(_)
            | How::Overruled(..)
            | How::Immutable
            | How::AsText
            | How::Set(_)
            | How::FreeMap
            | How::WholeMap
            | How::Default(_)
            | How::Synthetic(_)
            | How::Policy(_)
            | How::Sensitive
            | How::SensitiveIf(_)
            | How::SentWhole
            | How::Families(_) => false,
        }
    }

    /// Whether `short` below an ancestor of the live resource is `full`.
    fn is_short_for(&self, below: &str, short: &str, full: &str) -> bool {
        let folded = |text: &str| text.to_ascii_lowercase();
        let tail = folded(&format!("{below}/{}", without_slash(short)));
        let full = folded(full);
        let Some(ancestor) = full.strip_suffix(&tail) else {
            return false;
        };
        let own = self.id.map(folded).unwrap_or_default();
        !ancestor.is_empty()
            && own
                .strip_prefix(ancestor)
                .is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether two items of the list at `list` are one item: all parts of their key are the same, and not all unset.
    fn is_same_item(&self, list: &str, key: &str, desired: &Value, live: &Value) -> bool {
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

    /// Which item of a list without order is which: by key first, then those without a key by their position.
    pub fn pair(&self, list: &str, key: &str, desired: &[Value], live: &[Value]) -> Pairing {
        let mut pairing = Pairing {
            matched: Vec::new(),
            missing: Vec::new(),
            extra: (0..live.len()).collect(),
        };
        for (index, item) in desired.iter().enumerate() {
            let other = pairing
                .extra
                .iter()
                .position(|at| self.is_same_item(list, key, item, &live[*at]));
            match other {
                Some(at) => pairing.matched.push((index, pairing.extra.remove(at))),
                None => pairing.missing.push(index),
            }
        }
        pairing.pair_unnamed(key, desired, live);
        let is_synthetic = |item: &Value| self.is_synthetic(list, item);
        if live.iter().any(is_synthetic) {
            pairing
                .missing
                .retain(|index| !is_synthetic(&desired[*index]));
        }
        pairing.extra.retain(|index| !is_synthetic(&live[*index]));
        pairing
    }

    /// Whether Azure puts this list item there, or takes it away, by itself.
    pub fn is_synthetic(&self, list: &str, item: &Value) -> bool {
        self.kind.rules_at(list).any(|rule| match rule.how {
            How::Synthetic(members) => {
                let members: Option<Map<String, Value>> = serde_json::from_str(members).ok();
                members.is_some_and(|members| {
                    members
                        .iter()
                        .all(|(name, value)| item.get(name) == Some(value))
                })
            }
            _ => false,
        })
    }
}

/// Which item of a list without order is which; indices of the desired and of the live list.
pub struct Pairing {
    pub matched: Vec<(usize, usize)>,
    pub missing: Vec<usize>,
    pub extra: Vec<usize>,
}

impl Pairing {
    fn pair_unnamed(&mut self, key: &str, desired: &[Value], live: &[Value]) {
        let is_unnamed = |item: &Value| parts(key).all(|part| is_blank(body::get(item, part)));
        let mut others = self.extra.iter().filter(|at| is_unnamed(&live[**at]));
        let pairs: Vec<(usize, usize)> = self
            .missing
            .iter()
            .filter(|index| is_unnamed(&desired[**index]))
            .map_while(|index| others.next().map(|at| (*index, *at)))
            .collect();
        for (index, at) in pairs {
            self.missing.retain(|other| *other != index);
            self.extra.retain(|other| *other != at);
            self.matched.push((index, at));
        }
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

/// An id in one spelling; nothing for other texts. Subscription-level diagnostic settings come back without the first
/// slash (quirks.md part 1, 3).
fn id(text: &str) -> Option<String> {
    let folded = text.trim_matches('/').to_ascii_lowercase();
    ["subscriptions/", "providers/"]
        .iter()
        .any(|beginning| folded.starts_with(beginning))
        .then_some(folded)
}

fn without_slash(text: &str) -> &str {
    text.strip_prefix('/').unwrap_or(text)
}

/// What API Management takes and returns beside a policy.
fn is_form(format: &str) -> bool {
    ["xml", "rawxml", "xml-link", "rawxml-link"].contains(&format)
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_ascii_lowercase()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
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

fn length(text: &str) -> Option<u64> {
    seconds(text).or_else(|| time_span(text))
}

/// The length of .NET's `[days.]hours:minutes:seconds`.
fn time_span(text: &str) -> Option<u64> {
    let (days, rest) = match text.split_once('.') {
        Some((days, rest)) if rest.contains(':') => (days.parse::<u64>().ok()?, rest),
        _ => (0, text),
    };
    let mut parts = rest.split(':').map(|part| part.parse::<u64>().ok());
    let mut next = || parts.next().flatten();
    let clock = (next()?, next()?, next()?);
    let is_all = parts.next().is_none();
    is_all.then(|| ((days * 24 + clock.0) * 60 + clock.1) * 60 + clock.2)
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
            (How::Duration, "1.02:00:00", "26:00:00", "1.02:00:01"),
            (How::Words, "a, b", "b,a", "a"),
            (How::LeadingSlash, "/orders", "orders", "/order"),
            (How::Alias("True", "Enabled"), "True", "Enabled", "Disabled"),
            (How::StandIn("{{"), "key", "{{stand-in}}", "other"),
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
    fn a_short_id_is_relative_to_the_resource_and_to_nothing_else() {
        let equality = Equality {
            kind: &Kind::PLAIN,
            id: Some("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/f"),
        };
        let plan = |group: &str| {
            format!("/subscriptions/S/resourcegroups/{group}/providers/Microsoft.Web/serverfarms/p")
        };
        let how = How::ShortId("/providers/Microsoft.Web/serverfarms");
        assert!(equality.text(how, "p", &plan("rg")));
        assert!(!equality.text(how, "p", &plan("other")));
        assert!(!equality.text(how, "q", &plan("rg")));
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
