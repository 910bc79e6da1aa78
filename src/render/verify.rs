//! What came of the attacks, worst first: as text and markdown for people, as JSON, SARIF and `JUnit` for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::change::Room;
use super::junit::{self, Case, Ending, Suite};
use super::plan_json::FORMAT_VERSION;
use super::safe;
use super::sarif::{self, Finding, Level, Location, Rule};
use super::style::{BAD, DIM, GOOD, NOTE, STRONG, joined, paint, wrap};
use crate::resource::Severity;
use crate::text::plural;
use crate::verify::{self, Exchange, Outcome, Probe, Report, Theme, Tried};

/// Where the attacks and the defences against them are described.
const HELP: &str = "https://learn.microsoft.com/azure/api-management/mitigate-owasp-api-threats";
/// Shown of one probe; the data has all.
const EXCHANGES: usize = 3;

/// A report, and what it is about.
pub struct Attacked<'a> {
    pub report: &'a Report,
    pub name: &'a str,
    pub place: String,
}

impl Attacked<'_> {
    pub fn text(&self, room: Room) -> String {
        let mut out = String::new();
        for tried in self.worst_first(Outcome::Fail) {
            out.push_str(&failure(tried, room));
        }
        for outcome in [
            Outcome::Inconclusive,
            Outcome::Skipped,
            Outcome::NotApplicable,
        ] {
            self.section(&mut out, outcome, room);
        }
        if room.detail {
            self.section(&mut out, Outcome::Pass, room);
        }
        if !out.is_empty() {
            out.push('\n');
        }
        let _infallible = writeln!(out, "{}", self.summary());
        out
    }

    fn worst_first(&self, outcome: Outcome) -> Vec<&Tried> {
        let mut all: Vec<&Tried> = self.report.with(outcome).collect();
        all.sort_by_key(|tried| std::cmp::Reverse(tried.probe.severity));
        all
    }

    fn section(&self, out: &mut String, outcome: Outcome, room: Room) {
        let count = self.report.count(outcome);
        if count == 0 {
            return;
        }
        let title = match outcome {
            Outcome::Fail => "Attacks that succeeded",
            Outcome::Inconclusive => "Inconclusive",
            Outcome::Skipped => "Skipped",
            Outcome::NotApplicable => "Not applicable",
            Outcome::Pass => "Passed",
        };
        if !out.is_empty() {
            out.push('\n');
        }
        let _infallible = writeln!(out, "{}", paint(STRONG, &format!("{title} ({count})")));
        for (reason, all) in self.by_reason(outcome) {
            for line in heads(&all, outcome, room) {
                let _infallible = writeln!(out, "  {line}");
            }
            for line in wrap(&safe::line(reason), room.width.saturating_sub(8)) {
                let _infallible = writeln!(out, "      {}", paint(DIM, &line));
            }
        }
    }

    /// What has the same reason is told with it once; each pass is told with its own answer.
    fn by_reason(&self, outcome: Outcome) -> Vec<(&str, Vec<&Tried>)> {
        let mut groups: Vec<(&str, Vec<&Tried>)> = Vec::new();
        for tried in self.report.with(outcome) {
            let reason = tried.verdict.reason.as_str();
            let mut known = groups.iter_mut().filter(|_| outcome != Outcome::Pass);
            match known.find(|(known, _)| *known == reason) {
                Some((_, all)) => all.push(tried),
                None => groups.push((reason, vec![tried])),
            }
        }
        groups
    }

    /// What the user can do about those that end so.
    fn remedy(&self, outcome: Outcome) -> &'static str {
        match outcome {
            Outcome::Skipped if self.report.count(outcome) > 0 => " (`--aggressive` tries them)",
            Outcome::Inconclusive if self.report.is_cut_short => {
                " (`--max-requests` is too few for all)"
            }
            Outcome::Fail
            | Outcome::Inconclusive
            | Outcome::Skipped
            | Outcome::NotApplicable
            | Outcome::Pass => "",
        }
    }

    /// One line that stays as it is from version to version.
    pub fn summary(&self) -> String {
        let counts = Outcome::ALL.map(|outcome| {
            let count = self.report.count(outcome);
            format!("{count} {}{}", outcome.name(), self.remedy(outcome))
        });
        let left = self.report.interrupted;
        let left = left.map(|left| format!(", interrupted with {} left", plural(left, "probe")));
        format!(
            "Verify: {} with {}{}; {} on {}.",
            counts.join(", "),
            plural(
                usize::try_from(self.report.requests).unwrap_or(usize::MAX),
                "request"
            ),
            left.unwrap_or_default(),
            safe::line(self.name),
            safe::line(&self.place),
        )
    }

    pub fn markdown(&self) -> String {
        let verdict = if self.report.count(Outcome::Fail) > 0 {
            "an attack succeeded"
        } else if self.report.interrupted.is_some() {
            "interrupted"
        } else {
            "no attack succeeded"
        };
        let mut out = format!("### secgw verify: {verdict}\n\n{}\n", cell(&self.summary()));
        out.push_str("\n| outcome | probe | severity | reason |\n|---|---|---|---|\n");
        for outcome in Outcome::ALL {
            for tried in self.worst_first(outcome) {
                let _infallible = writeln!(
                    out,
                    "| {} | **{}** {} | {} | {} |",
                    outcome.name(),
                    tried.probe.id,
                    cell(tried.probe.title),
                    tried.probe.severity,
                    cell(&tried.verdict.reason),
                );
            }
        }
        out
    }

    pub fn json(&self) -> Value {
        let counts = Outcome::ALL.map(|outcome| {
            let name = outcome.name().replace(' ', "_");
            (name, json!(self.report.count(outcome)))
        });
        let results = Outcome::ALL
            .into_iter()
            .flat_map(|outcome| self.worst_first(outcome))
            .map(result);
        json!({
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "place": self.place,
            "requests": self.report.requests,
            "cut_short": self.report.is_cut_short,
            "interrupted": self.report.interrupted.is_some(),
            "summary": counts.into_iter().collect::<serde_json::Map<_, _>>(),
            "results": results.collect::<Vec<_>>(),
        })
    }

    pub fn sarif(&self) -> Value {
        let rules: Vec<Rule> = verify::probes::all().map(rule).collect();
        let findings = self.report.with(Outcome::Fail).map(|tried| Finding {
            rule: tried.probe.id.to_owned(),
            level: level(tried.probe.severity),
            message: format!("{}: {}", tried.probe.title, tried.verdict.reason),
            location: Location {
                file: None,
                address: Some(self.name.to_owned()),
            },
            subject: self.name.to_owned(),
            accepted: None,
        });
        sarif::json(&rules, &findings.collect::<Vec<_>>())
    }

    pub fn junit(&self) -> String {
        junit::xml(&format!("secgw verify {}", self.name), &self.suites())
    }

    pub fn suites(&self) -> Vec<Suite> {
        let mut themes: Vec<Theme> = Vec::new();
        for tried in &self.report.tried {
            if !themes.contains(&tried.probe.theme) {
                themes.push(tried.probe.theme);
            }
        }
        let suites = themes.into_iter().map(|theme| {
            let own = self.report.tried.iter();
            let own = own.filter(|tried| tried.probe.theme == theme);
            Suite {
                name: theme.name().to_owned(),
                cases: own.map(case).collect(),
            }
        });
        suites.collect()
    }
}

/// Probes that are told together: some by their titles, many by their ids.
fn heads(all: &[&Tried], outcome: Outcome, room: Room) -> Vec<String> {
    const SOME: usize = 4;
    if all.len() > SOME {
        let ids: Vec<String> = all.iter().map(|tried| tried.probe.id.to_owned()).collect();
        return joined(&ids, ", ", room.width.saturating_sub(4));
    }
    let mark = if outcome == Outcome::Pass {
        paint(GOOD, "ok ")
    } else {
        String::new()
    };
    all.iter()
        .map(|tried| format!("{mark}{} {}", tried.probe.id, tried.probe.title))
        .collect()
}

/// Nothing in a cell of a table may end it or begin HTML.
fn cell(text: &str) -> String {
    safe::line(text).replace('|', "\\|").replace('<', "&lt;")
}

fn failure(tried: &Tried, room: Room) -> String {
    let probe = tried.probe;
    let mut out = format!(
        "{} {} {}\n",
        paint(BAD, &format!("{:<8}", probe.severity.name())),
        paint(STRONG, probe.id),
        probe.title,
    );
    field(&mut out, "found", &tried.verdict.reason, room);
    field(&mut out, "means", probe.means, room);
    field(&mut out, "due", probe.passes, room);
    if !probe.controls.is_empty() {
        field(&mut out, "controls", &probe.controls.join(", "), room);
    }
    for exchange in tried.verdict.exchanges.iter().take(EXCHANGES) {
        shown(&mut out, exchange);
    }
    out.push('\n');
    out
}

fn field(out: &mut String, name: &str, text: &str, room: Room) {
    const MARGIN: usize = 13;
    let lines = wrap(&safe::line(text), room.width.saturating_sub(MARGIN).max(30));
    for (index, line) in lines.iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        let _infallible = writeln!(out, "  {} {line}", paint(DIM, &format!("{name:<8}")));
    }
}

fn shown(out: &mut String, exchange: &Exchange) {
    for (mark, text) in [(">", &exchange.request), ("<", &exchange.response)] {
        for line in text.lines() {
            let _infallible = writeln!(out, "    {} {}", paint(NOTE, mark), safe::line(line));
        }
    }
}

fn result(tried: &Tried) -> Value {
    let Probe {
        id,
        title,
        theme,
        severity,
        sends,
        passes,
        means,
        controls,
        ..
    } = tried.probe;
    json!({
        "probe": id,
        "title": title,
        "theme": theme.name(),
        "severity": severity,
        "outcome": tried.verdict.outcome,
        "reason": tried.verdict.reason,
        "sends": sends,
        "passes": passes,
        "means": means,
        "controls": controls,
        "exchanges": tried.verdict.exchanges,
    })
}

fn level(severity: Severity) -> Level {
    match severity {
        Severity::Critical | Severity::High => Level::Error,
        Severity::Medium => Level::Warning,
        Severity::Low => Level::Note,
    }
}

fn rule(probe: &'static Probe) -> Rule {
    let mut tags = vec!["security".to_owned(), probe.theme.name().to_owned()];
    tags.extend(probe.controls.iter().map(|control| (*control).to_owned()));
    Rule {
        id: probe.id.to_owned(),
        title: probe.title.to_owned(),
        description: format!("Sent: {}. Due: {}.", probe.sends, probe.passes),
        help: probe.means.to_owned(),
        help_uri: HELP.to_owned(),
        level: level(probe.severity),
        security_severity: match probe.severity {
            Severity::Critical => "9.5",
            Severity::High => "8.0",
            Severity::Medium => "5.5",
            Severity::Low => "3.0",
        },
        tags,
    }
}

fn case(tried: &Tried) -> Case {
    let reason = tried.verdict.reason.clone();
    Case {
        name: format!("{} {}", tried.probe.id, tried.probe.title),
        class: format!("secgw.verify.{}", tried.probe.theme.name()),
        ending: match tried.verdict.outcome {
            Outcome::Pass => Ending::Passed,
            Outcome::Fail => Ending::Failed {
                message: reason,
                detail: detail(tried),
            },
            Outcome::Inconclusive => Ending::Skipped {
                message: format!("inconclusive: {reason}"),
            },
            Outcome::Skipped | Outcome::NotApplicable => Ending::Skipped { message: reason },
        },
    }
}

fn detail(tried: &Tried) -> String {
    let exchanges = tried.verdict.exchanges.iter();
    let shown = exchanges.map(|exchange| format!("{}\n\n{}", exchange.request, exchange.response));
    let shown: Vec<String> = shown.collect();
    format!("{}\n\n{}", tried.probe.means, shown.join("\n\n"))
}
