//! A report of the controls, as text and markdown for people.

use std::fmt::Write as _;

use super::change::Room;
use super::style::{BAD, DIM, GOOD, NOTE, STRONG, paint, wrap};
use super::{label, safe, value};
use crate::controls::{Control, Idle, Judged, Report, Severity, Status};
use crate::resource::{Recommendation, ResourceId};

/// A report, and what it is about.
pub struct Checked<'a> {
    pub report: &'a Report,
    /// The spec's name, or what was looked at without one.
    pub name: &'a str,
    /// Where: the target of a live check, `offline` without one.
    pub place: String,
    pub fail_on: Severity,
}

pub(super) fn serves(control: &Control) -> String {
    if control.serves.is_empty() {
        return "beyond".to_owned();
    }
    let names = control
        .serves
        .iter()
        .map(|one: &Recommendation| format!("{one:?}"));
    names.collect::<Vec<_>>().join(" ")
}

pub(super) fn what(judged: &Judged) -> String {
    judged
        .verdict
        .resource
        .as_ref()
        .map_or_else(|| "the gateway".to_owned(), label::resource)
}

/// What stands there; a value that comes later names its source.
pub(super) fn evidence(shown: &serde_json::Value) -> String {
    if shown.is_null() {
        return "(nothing)".to_owned();
    }
    later(&value::live(shown))
}

/// `⟨id#pointer⟩` is for comparing; people read where the value comes from.
pub(super) fn later(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once('⟨') {
        let Some((key, tail)) = tail.split_once('⟩') else {
            break;
        };
        out.push_str(head);
        out.push_str(&source(key));
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn source(key: &str) -> String {
    let named = key.rsplit_once('#').and_then(|(id, pointer)| {
        let id = ResourceId::parse(id).ok()?;
        let property = label::property(pointer.trim_end_matches("/*"));
        Some(format!("(after apply: {} {property})", label::name(&id)))
    });
    named.unwrap_or_else(|| format!("(after apply: {key})"))
}

impl Checked<'_> {
    pub fn text(&self, room: Room) -> String {
        let mut out = String::new();
        let findings = self.report.findings();
        section(&mut out, Status::Failed, findings.len());
        for judged in findings {
            out.push_str(&finding(judged, room));
        }
        for status in [Status::Accepted, Status::Unknown, Status::Manual] {
            self.briefly(&mut out, status, room);
        }
        idle(&mut out, &self.report.idle);
        if room.detail {
            self.briefly(&mut out, Status::NotApplicable, room);
            self.briefly(&mut out, Status::Passed, room);
        }
        if !out.is_empty() {
            out.push('\n');
        }
        let _infallible = writeln!(out, "{}", self.summary());
        out
    }

    fn briefly(&self, out: &mut String, status: Status, room: Room) {
        section(out, status, self.report.count(status));
        for judged in self.report.with(status) {
            out.push_str(&brief(judged, room));
        }
    }

    /// One line that stays as it is from version to version.
    pub fn summary(&self) -> String {
        let report = self.report;
        let worst = Severity::ALL.map(|severity| {
            let count = report
                .with(Status::Failed)
                .filter(|judged| judged.severity() == severity)
                .count();
            format!("{count} {severity}")
        });
        let others = [
            Status::Accepted,
            Status::Unknown,
            Status::Manual,
            Status::NotApplicable,
            Status::Passed,
        ]
        .map(|status| format!("{} {}", report.count(status), status.name()));
        format!(
            "Check: {} failed ({}), {}; {} {}.",
            report.count(Status::Failed),
            worst.join(", "),
            others.join(", "),
            safe::line(self.name),
            safe::line(&self.place)
        )
    }

    pub fn markdown(&self) -> String {
        let verdict = if self.report.fails_at(self.fail_on) {
            "fails"
        } else {
            "passes"
        };
        let mut out = format!(
            "### secgw check {verdict}: {}\n\n{}\n",
            cell(self.name),
            cell(&self.summary())
        );
        let findings = self.report.findings();
        if !findings.is_empty() {
            out.push_str("\n| severity | control | resource | property | is | wanted | spec |\n|---|---|---|---|---|---|---|\n");
        }
        for judged in findings {
            for fault in judged.faults() {
                let cells = [
                    judged.severity().name().to_owned(),
                    format!("**{}** {}", judged.control.id, judged.control.title),
                    what(judged),
                    label::property(&fault.pointer),
                    evidence(&fault.value),
                    later(&fault.wanted),
                    judged
                        .verdict
                        .source
                        .as_ref()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                ];
                let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
                let _infallible = writeln!(out, "| {} |", cells.join(" | "));
            }
        }
        for status in [Status::Accepted, Status::Unknown, Status::Manual] {
            let count = self.report.count(status);
            if count == 0 {
                continue;
            }
            let _infallible = writeln!(
                out,
                "\n<details><summary>{} ({count})</summary>\n",
                title(status)
            );
            for judged in self.report.with(status) {
                let _infallible = writeln!(
                    out,
                    "- **{}** {}: {}",
                    judged.control.id,
                    cell(&what(judged)),
                    cell(&reason(judged))
                );
            }
            out.push_str("\n</details>\n");
        }
        out
    }
}

/// Text in a table of markdown: nothing in it may end the cell or begin HTML.
fn cell(text: &str) -> String {
    safe::line(text)
        .replace('|', "\\|")
        .replace('<', "&lt;")
        .replace('\n', " ")
}

fn title(status: Status) -> &'static str {
    match status {
        Status::Failed => "Failed",
        Status::Accepted => "Accepted by the spec",
        Status::Unknown => "Unknown",
        Status::Manual => "To be looked at by a person",
        Status::NotApplicable => "Not applicable",
        Status::Passed => "Passed",
    }
}

fn section(out: &mut String, status: Status, count: usize) {
    if count == 0 {
        return;
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let _infallible = writeln!(
        out,
        "{}",
        paint(STRONG, &format!("{} ({count})", title(status)))
    );
}

fn style(severity: Severity) -> anstyle::Style {
    match severity {
        Severity::Critical | Severity::High => BAD,
        Severity::Medium => anstyle::AnsiColor::Yellow.on_default(),
        Severity::Low => NOTE,
    }
}

fn finding(judged: &Judged, room: Room) -> String {
    let control = judged.control;
    let mut out = format!(
        "  {} {} {}  {}\n    {}\n",
        paint(
            style(judged.severity()),
            &format!("{:<8}", judged.severity().name())
        ),
        paint(STRONG, control.id),
        control.title,
        paint(DIM, &serves(control)),
        what(judged),
    );
    for fault in judged.faults() {
        if !fault.pointer.is_empty() {
            field(&mut out, "property", &label::property(&fault.pointer), room);
        }
        field(&mut out, "is", &evidence(&fault.value), room);
        field(&mut out, "wanted", &later(&fault.wanted), room);
    }
    if let Some(source) = &judged.verdict.source {
        field(
            &mut out,
            "spec",
            &format!("{source} ({})", source.path()),
            room,
        );
    }
    field(&mut out, "remedy", control.remedy, room);
    out
}

fn field(out: &mut String, name: &str, text: &str, room: Room) {
    const MARGIN: usize = 15;
    let lines = wrap(&safe::line(text), room.width.saturating_sub(MARGIN).max(30));
    for (index, line) in lines.iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        let _infallible = writeln!(out, "      {} {line}", paint(DIM, &format!("{name:<8}")));
    }
}

fn reason(judged: &Judged) -> String {
    match (&judged.accepted, judged.reason()) {
        (Some(accepted), _) => format!("until {}: {}", accepted.expires, accepted.reason),
        (None, Some(why)) => why.to_owned(),
        (None, None) => String::new(),
    }
}

fn brief(judged: &Judged, room: Room) -> String {
    let mut out = format!("  {} {}", paint(STRONG, judged.control.id), what(judged));
    if judged.status() == Status::Passed {
        out = format!(
            "  {} {} {}",
            paint(GOOD, "ok"),
            judged.control.id,
            what(judged)
        );
    }
    out.push('\n');
    let why = reason(judged);
    if !why.is_empty() {
        for line in wrap(&safe::line(&why), room.width.saturating_sub(6).max(30)) {
            let _infallible = writeln!(out, "      {line}");
        }
    }
    out
}

fn idle(out: &mut String, idle: &[Idle]) {
    if idle.is_empty() {
        return;
    }
    let title = format!(
        "Entries of `controls.accept` without effect ({})",
        idle.len()
    );
    let _infallible = writeln!(out, "\n{}", paint(STRONG, &title));
    for one in idle {
        let why = if one.is_expired {
            format!("expired on {}", one.acceptance.expires)
        } else {
            "nothing like it fails".to_owned()
        };
        let resource = one
            .acceptance
            .resource
            .as_deref()
            .map(|resource| format!(" {resource}"))
            .unwrap_or_default();
        let _infallible = writeln!(
            out,
            "  {}{}: {why} ({})",
            safe::line(&one.acceptance.control),
            safe::line(&resource),
            one.acceptance.at
        );
    }
}
