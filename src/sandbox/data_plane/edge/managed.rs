//! A subset of the managed rules: the canaries of probes, one row a rule, by the ids of Default Rule Set 2.1.
//!
//! The real rules are some two hundred patterns. These recognise the textbook form of each attack, so that a firewall that
//! inspects can be told from one that does not; what passes here may still be blocked in Azure. From 2.0 on a rule adds to
//! an anomaly score; all rules here are critical, which is enough to reach the threshold of five alone.

use serde_json::Value;

use super::firewall::{Action, cookies, form};
use crate::sandbox::data_plane::call::Call;
use crate::sandbox::data_plane::hosts::text;
use crate::sandbox::server::decoded;

struct Rule {
    id: &'static str,
    group: &'static str,
    /// Whether the rule looks at the path too, and not at names and values alone.
    sees_path: bool,
    /// On lower-cased text, decoded once and twice.
    is_attack: fn(&str) -> bool,
}

const RULES: &[Rule] = &[
    Rule {
        id: "930100",
        group: "LFI",
        sees_path: true,
        is_attack: |text| text.contains("../") || text.contains("..\\") || text.contains("..;/"),
    },
    Rule {
        id: "930120",
        group: "LFI",
        sees_path: true,
        is_attack: |text| has_any(text, &["/etc/passwd", "/etc/shadow", "boot.ini", "win.ini"]),
    },
    Rule {
        id: "932100",
        group: "RCE",
        sees_path: false,
        is_attack: |text| {
            has_any(
                text,
                &[
                    "; cat /", ";cat /", "| cat /", "$(cat ", "`cat ", "; wget ", "; curl ",
                ],
            )
        },
    },
    Rule {
        id: "941110",
        group: "XSS",
        sees_path: true,
        is_attack: |text| text.contains("<script") || text.contains("javascript:"),
    },
    Rule {
        id: "941160",
        group: "XSS",
        sees_path: false,
        is_attack: |text| has_any(text, &["onerror=", "onload=", "<iframe"]) && text.contains('<'),
    },
    Rule {
        id: "942100",
        group: "SQLI",
        sees_path: false,
        is_attack: |text| {
            let text = text.replace(['\t', '+'], " ");
            has_any(
                &text,
                &[
                    "' or 1=1",
                    "' or '1'='1",
                    "\" or 1=1",
                    "union select",
                    "union all select",
                ],
            ) || (text.contains("';") && has_any(&text, &["drop table", "--"]))
        },
    },
    Rule {
        id: "944240",
        group: "JAVA",
        sees_path: true,
        is_attack: |text| text.contains("${jndi:"),
    },
];

/// Documented: bodies are inspected up to this size.
const INSPECTED: usize = 128 * 1024;

fn has_any(text: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| text.contains(pattern))
}

/// A named part of the request that rules look at: `RequestHeaderNames`, its name, its value.
struct Part {
    variable: &'static str,
    name: String,
    value: String,
}

/// What the managed rules make of a request; none where no rule acts.
pub(super) fn first_match(policy: &Value, call: &Call) -> Option<Action> {
    let is_body_checked = policy["policySettings"]["requestBodyCheck"] != "Disabled";
    let parts = parts(call, is_body_checked);
    let sets = policy["managedRules"]["managedRuleSets"].as_array();
    sets.into_iter()
        .flatten()
        .filter(|set| text(set, "/ruleSetType").ends_with("DefaultRuleSet"))
        .find_map(|set| {
            RULES
                .iter()
                .filter(|rule| is_met(rule, set, call, &parts))
                .find_map(|rule| action(rule, set))
        })
}

fn is_met(rule: &Rule, set: &Value, call: &Call, parts: &[Part]) -> bool {
    let is_attack = |text: &str| {
        let once = decoded(text).to_lowercase();
        let twice = decoded(&once);
        (rule.is_attack)(&once) || (rule.is_attack)(&twice)
    };
    (rule.sees_path && is_attack(call.path()))
        || parts
            .iter()
            .filter(|part| !is_excluded(rule, set, part))
            .any(|part| is_attack(&part.value) || is_attack(&part.name))
}

/// An override's action, else the set's: none where it is turned off or only logs.
fn action(rule: &Rule, set: &Value) -> Option<Action> {
    let of_set = match set["ruleSetAction"].as_str() {
        None => Some(Action::Block),
        Some(action) => Action::parse(action),
    };
    let Some(over) = overriding(rule, set) else {
        return of_set;
    };
    if over["enabledState"] == "Disabled" {
        return None;
    }
    match over["action"].as_str() {
        // Scored like the rest: the set's action follows when the threshold is reached.
        None | Some("AnomalyScoring") => of_set,
        Some(action) => Action::parse(action),
    }
}

fn group<'a>(rule: &Rule, set: &'a Value) -> Option<&'a Value> {
    let groups = set["ruleGroupOverrides"].as_array();
    groups
        .into_iter()
        .flatten()
        .find(|group| group["ruleGroupName"] == rule.group)
}

fn overriding<'a>(rule: &Rule, set: &'a Value) -> Option<&'a Value> {
    let rules = group(rule, set)?["rules"].as_array();
    rules
        .into_iter()
        .flatten()
        .find(|one| one["ruleId"] == rule.id)
}

/// Exclusions stand on the set, the group and the rule.
fn is_excluded(rule: &Rule, set: &Value, part: &Part) -> bool {
    let levels = [Some(set), group(rule, set), overriding(rule, set)];
    levels
        .into_iter()
        .flatten()
        .filter_map(|level| level["exclusions"].as_array())
        .flatten()
        .any(|exclusion| {
            let selector = text(exclusion, "/selector").to_lowercase();
            let name = part.name.to_lowercase();
            exclusion["matchVariable"] == part.variable
                && match text(exclusion, "/selectorMatchOperator") {
                    "Equals" => name == selector,
                    "StartsWith" => name.starts_with(&selector),
                    "EndsWith" => name.ends_with(&selector),
                    "Contains" => name.contains(&selector),
                    "EqualsAny" => true,
                    _ => false,
                }
        })
}

fn parts(call: &Call, is_body_checked: bool) -> Vec<Part> {
    let part = |variable, name: &str, value: &str| Part {
        variable,
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let mut parts: Vec<Part> = url::form_urlencoded::parse(call.query().as_bytes())
        .map(|(name, value)| part("QueryStringArgNames", &name, &value))
        .collect();
    parts.extend(
        call.headers
            .iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("cookie"))
            .map(|(name, value)| part("RequestHeaderNames", name, value)),
    );
    parts.extend(cookies(call).map(|(name, value)| part("RequestCookieNames", name, value)));
    if is_body_checked {
        let fields = form(call);
        parts.extend(
            fields
                .iter()
                .map(|(name, value)| part("RequestBodyPostArgNames", name, value)),
        );
        if fields.is_empty() {
            json_parts(call, &mut parts);
        }
    }
    parts
}

fn json_parts(call: &Call, parts: &mut Vec<Part>) {
    let inspected = &call.body[..call.body.len().min(INSPECTED)];
    match serde_json::from_slice(inspected) {
        Ok(body) => leaves("", &body, parts),
        Err(_) => parts.push(Part {
            variable: "RequestBodyPostArgNames",
            name: String::new(),
            value: String::from_utf8_lossy(inspected).into_owned(),
        }),
    }
}

fn leaves(name: &str, value: &Value, parts: &mut Vec<Part>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                leaves(name, value, parts);
            }
        }
        Value::Array(items) => {
            for item in items {
                leaves(name, item, parts);
            }
        }
        Value::String(text) => parts.push(Part {
            variable: "RequestBodyJsonArgNames",
            name: name.to_owned(),
            value: text.clone(),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
