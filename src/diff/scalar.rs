//! When two scalars are the same value to Azure.

use serde_json::Value;

use super::document;
use crate::resource::{How, Kind};

/// Whether a known, non-null desired scalar equals the live one.
pub(super) fn is_equal(kind: &Kind, path: &str, desired: &Value, live: &Value) -> bool {
    if desired == live || is_same_number(desired, live) {
        return true;
    }
    let (Value::String(one), Value::String(other)) = (desired, live) else {
        return false;
    };
    kind.rules_at(path)
        .any(|rule| is_equal_by(rule.how, one, other))
}

fn is_same_number(one: &Value, other: &Value) -> bool {
    // Azure returns 100 as 100.0 (quirks.md part 1, 8).
    matches!((one, other), (Value::Number(_), Value::Number(_))) && one.as_f64() == other.as_f64()
}

fn is_equal_by(how: How, one: &str, other: &str) -> bool {
    match how {
        How::CaseInsensitive | How::Id => one.eq_ignore_ascii_case(other),
        How::Location => location(one) == location(other),
        How::Cidr => cidr(one) == cidr(other),
        How::Duration => seconds(one).is_some_and(|length| Some(length) == seconds(other)),
        How::Words => words(one) == words(other),
        How::Policy => document::is_equal(one, other),
        How::ReadOnly
        | How::WriteOnly
        | How::CreateOnly
        | How::Immutable
        | How::Set(_)
        | How::FreeMap
        | How::WholeMap
        | How::Default(_)
        | How::Synthetic(..)
        | How::NotEffective
        | How::Sensitive
        | How::SentWhole
        | How::Families(_) => false,
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
            assert!(is_equal_by(how, one, same), "{how:?} {one} {same}");
            assert!(!is_equal_by(how, one, other), "{how:?} {one} {other}");
        }
        assert!(is_same_number(&100.into(), &serde_json::json!(100.0)));
    }
}
