//! The same of several environments: one after the other, with one overview and one summary line.
//!
//! One that could not be looked at keeps its place, with the reason; the others are shown all the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::change::Room;
use super::junit::Suite;
use super::markdown::{code, entities, marker};
use super::notice::{self, Notice};
use super::plan_json::FORMAT_VERSION;
use super::style::{BAD, DIM, STRONG, columns, paint, wrap};
use super::told::Told;
use super::unplanned::Problem;
use crate::text::plural;

#[derive(Clone, Debug)]
pub struct Several<'a> {
    /// What is told of each.
    pub word: &'static str,
    pub parts: Vec<Part<'a>>,
}

#[derive(Clone, Debug)]
pub struct Part<'a> {
    pub environment: String,
    pub told: Result<Told<'a>, Problem<'a>>,
    /// With which a run for this environment alone would have ended.
    pub exit_code: u8,
}

/// How it stands with one environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Clean,
    Changed,
    Drifted,
    Blocked,
    Failed,
}

impl State {
    const ALL: [Self; 5] = [
        Self::Clean,
        Self::Changed,
        Self::Drifted,
        Self::Blocked,
        Self::Failed,
    ];

    /// For counts: `1 with changes`.
    fn said(self, word: &str) -> &'static str {
        match self {
            Self::Clean if word == "drift" => "without drift",
            Self::Clean => "without changes",
            Self::Changed => "with changes",
            Self::Drifted => "drifted",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
        }
    }
}

impl Part<'_> {
    fn state(&self) -> State {
        match &self.told {
            Err(_) => State::Failed,
            Ok(Told::Plan(shown)) if !shown.plan.unreadable.is_empty() => State::Failed,
            Ok(Told::Plan(shown)) if !shown.objections.is_empty() => State::Blocked,
            Ok(Told::Plan(shown)) if shown.plan.is_drift() => State::Drifted,
            Ok(Told::Plan(shown)) if shown.plan.has_changes() => State::Changed,
            Ok(Told::Drift(drifted)) if !drifted.shown.plan.unreadable.is_empty() => State::Failed,
            Ok(Told::Drift(drifted)) if drifted.has_drift() => State::Drifted,
            Ok(
                Told::Plan(_)
                | Told::Drift(_)
                | Told::Outcome(_)
                | Told::Verified(_)
                | Told::Several(_)
                | Told::Stale(_)
                | Told::Unplanned(_),
            ) => State::Clean,
        }
    }

    fn line(&self) -> String {
        match &self.told {
            Ok(told) => told.last_line(),
            Err(problem) => problem.line(),
        }
    }

    /// With the environment in each line.
    fn jsonl(&self) -> Vec<Value> {
        let mut lines = match &self.told {
            Ok(told) => {
                let mut first = told.version();
                first["type"] = "environment".into();
                [vec![first], told.jsonl()].concat()
            }
            Err(problem) => vec![json!({ "type": "error", "error": problem.json() })],
        };
        for line in &mut lines {
            line["environment"] = self.environment.as_str().into();
        }
        lines
    }

    fn notices(&self) -> Vec<Notice> {
        let mut notices = match &self.told {
            Ok(told) => told.notices(),
            Err(problem) => problem.notices(&self.environment),
        };
        for notice in &mut notices {
            notice.message = format!("{}: {}", self.environment, notice.message);
        }
        notices
    }

    fn suites(&self) -> Vec<Suite> {
        let mut suites = match &self.told {
            Ok(told) => told.suites(),
            Err(problem) => vec![problem.suite(&self.environment)],
        };
        for suite in &mut suites {
            suite.name = format!("{}: {}", self.environment, suite.name);
        }
        suites
    }
}

impl Several<'_> {
    pub fn names(&self) -> Vec<&str> {
        let parts = self.parts.iter();
        parts.map(|part| part.environment.as_str()).collect()
    }

    fn counts(&self) -> BTreeMap<State, usize> {
        let mut counts = BTreeMap::new();
        for part in &self.parts {
            *counts.entry(part.state()).or_default() += 1;
        }
        counts
    }

    /// `Plan of 3 environments: 1 without changes, 2 with changes.`
    pub fn last_line(&self) -> String {
        let counts = self.counts().into_iter();
        let counts: Vec<String> = counts
            .map(|(state, count)| format!("{count} {}", state.said(self.word)))
            .collect();
        let mut word = self.word.to_owned();
        word[..1].make_ascii_uppercase();
        format!(
            "{word} of {}: {}.",
            plural(self.parts.len(), "environment"),
            counts.join(", ")
        )
    }

    /// Each under its name, then a line for each, then one for all.
    pub fn text(&self, room: Room) -> String {
        let mut out = String::new();
        for part in &self.parts {
            let name = &part.environment;
            let rule = "─".repeat(room.width.saturating_sub(columns(name) + 1));
            let _infallible = writeln!(out, "{} {}", paint(STRONG, name), paint(DIM, &rule));
            match &part.told {
                Ok(told) => out.push_str(&told.text(room)),
                Err(problem) => {
                    for line in wrap(&problem.line(), room.width) {
                        let _infallible = writeln!(out, "{}", paint(BAD, &line));
                    }
                }
            }
            out.push('\n');
        }
        let _infallible = writeln!(out, "{}", paint(STRONG, "Environments"));
        let names = self.names().into_iter().map(columns);
        let width = names.max().unwrap_or(0);
        for part in &self.parts {
            let name = format!("{:width$}", part.environment);
            let lines = wrap(&part.line(), room.width.saturating_sub(width + 4));
            for (index, line) in lines.iter().enumerate() {
                let name = if index == 0 { name.as_str() } else { "" };
                let _infallible = writeln!(out, "  {name:width$}  {line}");
            }
        }
        let _infallible = writeln!(out, "{}", self.last_line());
        out
    }

    pub fn json(&self) -> Value {
        let parts = self.parts.iter().map(|part| {
            let mut value = json!({ "environment": part.environment, "exit_code": part.exit_code });
            match &part.told {
                Ok(told) => value[self.word] = told.json(),
                Err(problem) => value["error"] = problem.json(),
            }
            value
        });
        json!({
            "format_version": FORMAT_VERSION,
            "secgw_version": env!("CARGO_PKG_VERSION"),
            "environments": parts.collect::<Vec<_>>(),
            "summary": self.summary(),
        })
    }

    fn summary(&self) -> Value {
        let counts = self.counts();
        let counts = State::ALL.map(|state| {
            let name = state.said(self.word).replace(' ', "_");
            (name, json!(counts.get(&state).unwrap_or(&0)))
        });
        Value::Object(counts.into_iter().collect())
    }

    pub fn version(&self) -> Value {
        json!({
            "type": "version",
            "format_version": FORMAT_VERSION,
            "secgw_version": env!("CARGO_PKG_VERSION"),
            "environments": self.names(),
        })
    }

    /// The lines of each, and one for all.
    pub fn jsonl(&self) -> Vec<Value> {
        let mut lines: Vec<Value> = self.parts.iter().flat_map(Part::jsonl).collect();
        let exits = self.parts.iter();
        let exits = exits.map(|part| (part.environment.clone(), part.exit_code.into()));
        lines.push(json!({
            "type": "environments",
            "summary": self.summary(),
            "exit_codes": exits.collect::<serde_json::Map<_, _>>(),
        }));
        lines
    }

    /// An overview, then each on an equal share of the page.
    pub fn markdown(&self, name: &str, most: usize) -> String {
        let word = self.word;
        let mut out = format!(
            "<!-- secgw:{word}:{} -->\n### secgw {word}: {}\n\n",
            marker(name),
            plural(self.parts.len(), "environment")
        );
        out.push_str("| environment | |\n|---|---|\n");
        for part in &self.parts {
            let name = code(&part.environment);
            let _infallible = writeln!(out, "| {name} | {} |", entities(&part.line()));
        }
        let tail = format!("\n{}\n", code(&self.last_line()));
        let room = most.saturating_sub(out.len() + tail.len());
        let share = room / self.parts.len().max(1);
        for part in &self.parts {
            out.push('\n');
            match &part.told {
                Ok(told) => {
                    out.push_str(&told.markdown(&part.environment, share.saturating_sub(1)));
                }
                Err(problem) => {
                    let title = format!("### {} failed\n\n", code(&part.environment));
                    // The line that counts what is left out needs room of its own.
                    let room = share.saturating_sub(title.len() + 200);
                    out.push_str(&title);
                    out.push_str(&problem.markdown(room));
                }
            }
        }
        out.push_str(&tail);
        out
    }

    pub fn suites(&self) -> Vec<Suite> {
        self.parts.iter().flat_map(Part::suites).collect()
    }

    pub fn notices(&self) -> Vec<Notice> {
        let mut notices: Vec<Notice> = self.parts.iter().flat_map(Part::notices).collect();
        notice::sort(&mut notices);
        notices
    }

    /// True where it is so of any; digests by environment, as JSON.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let each = self.parts.iter().map(|part| match &part.told {
            Ok(told) => told.values(),
            Err(_) => Vec::new(),
        });
        let each: Vec<Vec<(&str, String)>> = each.collect();
        let mut values: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for (name, value) in each.into_iter().flatten() {
            values.entry(name).or_default().push(value);
        }
        let is_flag = |texts: &[String]| texts.iter().all(|text| text == "true" || text == "false");
        let flags = values.into_iter().filter(|(_, texts)| is_flag(texts));
        let mut all: Vec<(&'static str, String)> = flags
            .map(|(name, texts)| (name, texts.iter().any(|text| text == "true").to_string()))
            .collect();
        if self.word == "plan" {
            all.push(("digests", self.digests().to_string()));
        }
        all.push(("summary", self.last_line()));
        all
    }

    fn digests(&self) -> Value {
        let digests = self.parts.iter().filter_map(|part| match &part.told {
            Ok(Told::Plan(shown)) => Some((part.environment.clone(), json!(shown.digest()))),
            Ok(
                Told::Drift(_)
                | Told::Outcome(_)
                | Told::Verified(_)
                | Told::Several(_)
                | Told::Stale(_)
                | Told::Unplanned(_),
            )
            | Err(_) => None,
        });
        Value::Object(digests.collect())
    }
}
