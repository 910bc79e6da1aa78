//! A report of the controls for programs: JSON, SARIF and `JUnit`.

use serde_json::{Value, json};

use super::check::{Checked, evidence, later, serves, what};
use super::junit::{Case, Ending, Suite};
use super::plan_json::FORMAT_VERSION;
use super::sarif::{Finding, Level, Location, Rule};
use super::{junit, label, sarif};
use crate::controls::{self, Control, Judged, Severity, Status};

/// Where the benchmark that the controls map to is described.
const BENCHMARK: &str = "https://learn.microsoft.com/security/benchmark/azure/overview";

/// What is known of a control wherever it is shown as data.
pub fn control(control: &Control) -> Value {
    json!({
        "id": control.id,
        "title": control.title,
        "severity": control.severity,
        "serves": control.serves,
        "condition": control.condition,
        "why": control.why,
        "remedy": control.remedy,
        "applies": control.applies,
        "mcsb": control.mcsb,
        "cis3": control.cis3,
        "owasp2023": control.owasp,
        "evidence": control.evidence.to_string(),
    })
}

fn judged(judged: &Judged) -> Value {
    let faults = judged.faults().iter().map(|fault| {
        json!({
            "pointer": fault.pointer,
            "value": fault.value,
            "wanted": later(&fault.wanted),
        })
    });
    json!({
        "control": judged.control.id,
        "severity": judged.severity(),
        "status": judged.status().name(),
        "resource": judged.verdict.resource,
        "source": judged.verdict.source,
        "faults": faults.collect::<Vec<_>>(),
        "reason": judged.reason(),
        "accepted": judged.accepted.as_ref().map(|accepted| json!({
            "reason": accepted.reason,
            "expires": accepted.expires.to_string(),
            "source": accepted.at,
        })),
        "remedy": judged.is_finding().then_some(judged.control.remedy),
    })
}

impl Checked<'_> {
    pub fn json(&self) -> Value {
        let report = self.report;
        let counts = Status::ALL
            .map(|status| (status.name().replace(' ', "_"), json!(report.count(status))));
        let mut shown: Vec<&Judged> = report.findings();
        shown.extend(report.judged.iter().filter(|judged| !judged.is_finding()));
        let idle = report.idle.iter().map(|idle| {
            json!({
                "control": idle.acceptance.control,
                "resource": idle.acceptance.resource,
                "expired": idle.is_expired,
                "source": idle.acceptance.at,
            })
        });
        json!({
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "place": self.place,
            "fail_on": self.fail_on,
            "fails": report.fails_at(self.fail_on),
            "summary": counts.into_iter().collect::<serde_json::Map<_, _>>(),
            "results": shown.into_iter().map(judged).collect::<Vec<_>>(),
            "idle_acceptances": idle.collect::<Vec<_>>(),
            "controls": controls::all().map(control).collect::<Vec<_>>(),
        })
    }

    pub fn sarif(&self) -> Value {
        let rules: Vec<Rule> = controls::all().map(rule).collect();
        let shown = self
            .report
            .judged
            .iter()
            .filter(|judged| !judged.faults().is_empty());
        let findings: Vec<Finding> = shown.map(finding).collect();
        sarif::json(&rules, &findings)
    }

    pub fn junit(&self) -> String {
        let suites = controls::CONTROLS.iter().filter_map(|group| {
            let of_group =
                |judged: &&Judged| group.iter().any(|control| control.id == judged.control.id);
            let cases: Vec<Case> = self
                .report
                .judged
                .iter()
                .filter(of_group)
                .map(case)
                .collect();
            let name = group.first()?.id.split('-').next()?.to_owned();
            (!cases.is_empty()).then_some(Suite { name, cases })
        });
        junit::xml(
            &format!("secgw check {}", self.name),
            &suites.collect::<Vec<_>>(),
        )
    }
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Critical | Severity::High => Level::Error,
        Severity::Medium => Level::Warning,
        Severity::Low => Level::Note,
    }
}

/// In the bands by which code scanners name them.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
    }
}

fn rule(control: &'static Control) -> Rule {
    let mapped = control.mcsb.iter().map(|id| format!("MCSB-{id}"));
    let cis = control.cis3.iter().map(|id| format!("CIS-{id}"));
    let owasp = control.owasp.iter().map(|id| format!("OWASP-{id}-2023"));
    let tags = ["security".to_owned()]
        .into_iter()
        .chain(mapped)
        .chain(cis)
        .chain(owasp);
    Rule {
        id: control.id.to_owned(),
        title: control.title.to_owned(),
        description: format!("Met where {}.", control.condition),
        help: format!(
            "**Why.** {}.\n\n**Remedy.** {}.\n\nRecommendations: {}. Applies to: {}.",
            control.why,
            control.remedy,
            serves(control),
            control.applies
        ),
        help_uri: BENCHMARK.to_owned(),
        level: level(control.severity),
        security_severity: score(control.severity),
        tags: tags.collect(),
    }
}

/// The faults in one sentence.
fn sentence(judged: &Judged) -> String {
    let faults = judged.faults().iter().map(|fault| {
        let at = label::property(&fault.pointer);
        let at = if at.is_empty() {
            String::new()
        } else {
            format!("{at} ")
        };
        format!(
            "{at}is {}, wanted {}",
            evidence(&fault.value),
            later(&fault.wanted)
        )
    });
    format!(
        "{}: {}",
        what(judged),
        faults.collect::<Vec<_>>().join("; ")
    )
}

fn finding(judged: &Judged) -> Finding {
    let source = judged.verdict.source.as_ref();
    Finding {
        rule: judged.control.id.to_owned(),
        level: level(judged.severity()),
        message: format!(
            "{}. {}. Remedy: {}.",
            judged.control.title,
            sentence(judged),
            judged.control.remedy
        ),
        location: Location {
            file: source.map(|at| (at.file().to_owned(), at.line(), at.column())),
            address: Some(judged.address().to_owned()),
        },
        subject: judged.address().to_owned(),
        accepted: judged
            .accepted
            .as_ref()
            .map(|accepted| format!("until {}: {}", accepted.expires, accepted.reason)),
    }
}

fn case(judged: &Judged) -> Case {
    let skipped = |message: String| Ending::Skipped { message };
    let ending =
        match judged.status() {
            Status::Passed => Ending::Passed,
            Status::Failed => Ending::Failed {
                message: format!("{}: {}", judged.severity(), judged.control.title),
                detail: format!("{}\nremedy: {}", sentence(judged), judged.control.remedy),
            },
            Status::Accepted => skipped(
                judged
                    .accepted
                    .as_ref()
                    .map_or_else(String::new, |accepted| {
                        format!("accepted until {}: {}", accepted.expires, accepted.reason)
                    }),
            ),
            status @ (Status::Unknown | Status::Manual | Status::NotApplicable) => skipped(
                format!("{}: {}", status.name(), judged.reason().unwrap_or_default()),
            ),
        };
    Case {
        name: format!("{} {}", judged.control.id, what(judged)),
        class: format!("secgw.{}", judged.control.id),
        ending,
    }
}
