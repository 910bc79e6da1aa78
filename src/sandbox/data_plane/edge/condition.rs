//! Comparing a part of a request with stored values: shared by firewall rules and rule sets.

use serde_json::Value;

use crate::sandbox::data_plane::source::is_within;
use crate::sandbox::server::decoded;

/// One comparison, as both services store it.
pub(super) struct Comparison<'a> {
    pub(super) operator: &'a str,
    pub(super) values: Vec<&'a str>,
    pub(super) transforms: Vec<&'a str>,
    pub(super) is_negated: bool,
}

impl<'a> Comparison<'a> {
    pub(super) fn of(stored: &'a Value, values: &str) -> Self {
        Self {
            operator: stored["operator"].as_str().unwrap_or_default(),
            values: strings(&stored[values]),
            transforms: strings(&stored["transforms"]),
            is_negated: stored["negateCondition"] == true,
        }
    }

    /// Whether any of the subjects has any of the values. None: the sandbox does not know the operator or a transform.
    pub(super) fn holds(&self, subjects: &[String]) -> Option<bool> {
        let mut any = false;
        for subject in subjects {
            let subject = self.transformed(subject)?;
            any |= self.compare(&subject)?;
        }
        Some(any != self.is_negated)
    }

    fn transformed(&self, subject: &str) -> Option<String> {
        self.transforms
            .iter()
            .try_fold(subject.to_owned(), |text, transform| {
                Some(match *transform {
                    "Lowercase" => text.to_lowercase(),
                    "Uppercase" => text.to_uppercase(),
                    "Trim" => text.trim().to_owned(),
                    "UrlDecode" => decoded(&text),
                    "UrlEncode" => url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
                    "RemoveNulls" => text.replace('\0', ""),
                    _ => return None,
                })
            })
    }

    fn compare(&self, subject: &str) -> Option<bool> {
        // Documented: the four size operators compare the length of what they are about.
        let sized = |compare: fn(usize, usize) -> bool| {
            self.values.iter().try_fold(false, |any, value| {
                let bound = value.trim().parse().ok()?;
                Some(any || compare(subject.len(), bound))
            })
        };
        let any = |compare: fn(&str, &str) -> bool| {
            Some(self.values.iter().any(|value| compare(subject, value)))
        };
        match self.operator {
            "Any" => Some(true),
            "Equal" => any(|subject, value| subject == value),
            "Contains" => any(|subject, value| subject.contains(value)),
            "BeginsWith" => any(|subject, value| subject.starts_with(value)),
            "EndsWith" => any(|subject, value| subject.ends_with(value)),
            "LessThan" => sized(|length, bound| length < bound),
            "LessThanOrEqual" => sized(|length, bound| length <= bound),
            "GreaterThan" => sized(|length, bound| length > bound),
            "GreaterThanOrEqual" => sized(|length, bound| length >= bound),
            "IPMatch" => subject
                .parse()
                .ok()
                .map(|address| self.values.iter().any(|range| is_within(range, address))),
            // Where an address is, and regular expressions, are not emulated.
            _ => None,
        }
    }
}

pub(super) fn strings(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(stored: &Value, subject: &str) -> Option<bool> {
        Comparison::of(stored, "matchValue").holds(&[subject.to_owned()])
    }

    #[test]
    fn operators_compare_as_documented() {
        let cases = [
            ("Equal", "GET", "GET", Some(true)),
            ("Equal", "GET", "get", Some(false)),
            ("Contains", "bot", "a robot", Some(true)),
            ("BeginsWith", "/api", "/api/x", Some(true)),
            ("EndsWith", ".php", "/x.php", Some(true)),
            ("GreaterThanOrEqual", "0", "host", Some(true)),
            ("GreaterThan", "4", "host", Some(false)),
            ("LessThan", "5", "host", Some(true)),
            ("IPMatch", "198.51.100.0/24", "198.51.100.7", Some(true)),
            ("IPMatch", "198.51.100.0/24", "203.0.113.7", Some(false)),
            ("Any", "", "", Some(true)),
            ("GeoMatch", "DE", "198.51.100.7", None),
            ("RegEx", ".*", "x", None),
        ];
        for (operator, value, subject, expected) in cases {
            let stored = json!({ "operator": operator, "matchValue": [value] });
            assert_eq!(holds(&stored, subject), expected, "{operator} {value}");
        }
    }

    #[test]
    fn transforms_apply_to_what_is_compared_and_negation_to_the_outcome() {
        let stored = json!({ "operator": "Equal", "matchValue": ["a b"], "transforms": ["UrlDecode", "Lowercase"] });
        assert_eq!(holds(&stored, "A%20B"), Some(true));
        let negated =
            json!({ "operator": "Equal", "matchValue": ["GET"], "negateCondition": true });
        assert_eq!(holds(&negated, "TRACE"), Some(true));
        let unknown = json!({ "operator": "Any", "matchValue": [], "transforms": ["Rot13"] });
        assert_eq!(holds(&unknown, "x"), None);
    }
}
