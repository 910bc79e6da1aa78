//! SARIF 2.1.0: rules and results, whatever they are about.
//!
//! A result's fingerprint is made of what it is about and never of a line, so an alert stays the same one when the
//! spec is edited above it. What has no line in a file has a logical location.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// How loud a code scanner is about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Error,
    Warning,
    Note,
    /// For what passed, or could not be told.
    None,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
            Self::None => "none",
        }
    }
}

/// What can be wrong.
#[derive(Clone, Debug)]
pub struct Rule {
    pub id: String,
    pub title: String,
    pub description: String,
    /// Markdown: why, and what to do.
    pub help: String,
    pub help_uri: String,
    pub level: Level,
    /// 0.0 to 10.0, by which code scanners sort.
    pub security_severity: &'static str,
    pub tags: Vec<String>,
}

/// Where: a line of a file, the address of a resource, or both.
#[derive(Clone, Debug, Default)]
pub struct Location {
    pub file: Option<(String, u32, u32)>,
    pub address: Option<String>,
}

/// Something that is wrong, or was accepted.
#[derive(Clone, Debug)]
pub struct Finding {
    pub rule: String,
    pub level: Level,
    pub message: String,
    pub location: Location,
    /// What it is about, as the same text whenever it is the same thing.
    pub subject: String,
    /// Why somebody accepted it.
    pub accepted: Option<String>,
}

/// One run of the tool. Results name rules that are there.
pub fn json(rules: &[Rule], findings: &[Finding]) -> Value {
    let results = findings.iter().map(|finding| result(rules, finding));
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "secgw",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://learn.microsoft.com/azure/api-management/mitigate-owasp-api-threats",
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "name": rule.id,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.description },
        "help": { "text": rule.help, "markdown": rule.help },
        "helpUri": rule.help_uri,
        "defaultConfiguration": { "level": rule.level.name() },
        "properties": {
            "security-severity": rule.security_severity,
            "precision": "very-high",
            "problem.severity": rule.level.name(),
            "tags": rule.tags,
        },
    })
}

fn result(rules: &[Rule], finding: &Finding) -> Value {
    let mut result = json!({
        "ruleId": finding.rule,
        "level": finding.level.name(),
        "message": { "text": finding.message },
        "locations": [location(&finding.location)],
        "partialFingerprints": { "secgw/v1": fingerprint(&finding.rule, &finding.subject) },
    });
    if let Some(index) = rules.iter().position(|rule| rule.id == finding.rule) {
        result["ruleIndex"] = json!(index);
    }
    if let Some(reason) = &finding.accepted {
        result["suppressions"] =
            json!([{ "kind": "external", "status": "accepted", "justification": reason }]);
    }
    result
}

fn location(location: &Location) -> Value {
    let mut shown = json!({});
    if let Some((file, line, column)) = &location.file {
        shown["physicalLocation"] = json!({
            "artifactLocation": { "uri": file.replace('\\', "/").replace(' ', "%20") },
            "region": { "startLine": line, "startColumn": column },
        });
    }
    if let Some(address) = &location.address {
        shown["logicalLocations"] = json!([{ "fullyQualifiedName": address, "kind": "resource" }]);
    }
    shown
}

fn fingerprint(rule: &str, subject: &str) -> String {
    let digest = Sha256::digest(format!("{rule}|{}", subject.to_ascii_lowercase()).as_bytes());
    let mut text = String::new();
    for byte in digest.iter().take(16) {
        let _infallible = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(line: u32) -> Finding {
        Finding {
            rule: "X-01".to_owned(),
            level: Level::Error,
            message: "it is open".to_owned(),
            location: Location {
                file: Some(("a b/prod.yaml".to_owned(), line, 3)),
                address: Some("/subscriptions/s/x".to_owned()),
            },
            subject: "/subscriptions/s/x".to_owned(),
            accepted: None,
        }
    }

    fn only(log: &Value) -> &Value {
        &log["runs"][0]["results"][0]
    }

    #[test]
    fn a_result_keeps_its_fingerprint_when_lines_move() {
        let (one, other) = (json(&[], &[finding(4)]), json(&[], &[finding(40)]));
        assert_eq!(
            only(&one)["partialFingerprints"],
            only(&other)["partialFingerprints"]
        );
        assert_eq!(
            only(&other)["locations"][0]["physicalLocation"],
            json!({ "artifactLocation": { "uri": "a%20b/prod.yaml" }, "region": { "startLine": 40, "startColumn": 3 } })
        );
        let elsewhere = Finding {
            subject: "/subscriptions/s/y".to_owned(),
            ..finding(4)
        };
        let elsewhere = json(&[], &[elsewhere]);
        assert_ne!(
            only(&one)["partialFingerprints"],
            only(&elsewhere)["partialFingerprints"]
        );
    }

    #[test]
    fn what_is_accepted_is_suppressed_and_says_why() {
        let accepted = Finding {
            accepted: Some("until the move".to_owned()),
            ..finding(1)
        };
        let log = json(&[], &[accepted]);
        assert_eq!(
            only(&log)["suppressions"][0]["justification"],
            "until the move"
        );
        assert_eq!(only(&json(&[], &[finding(1)])).get("suppressions"), None);
    }
}
