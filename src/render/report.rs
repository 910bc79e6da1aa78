//! How an apply ended, as text and as data: every failure with what Azure said, every skipped change with its cause.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;
use serde_json::{Value, json};

use super::change::Room;
use super::others::allowed_line;
use super::plan::FEW_NAMES;
use super::plan_json::FORMAT_VERSION;
use super::progress::{cause, said};
use super::property;
use super::style::{BAD, DIM, NOTE, paint, wrap};
use super::{Target, label, safe, value};
use crate::apply::{Failure, Outcome, ThreeWay};
use crate::plan::{Change, Key, Objection, Plan, Reason};
use crate::text::plural;

#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    pub spec: &'a str,
    pub target: &'a Target,
    pub plan: &'a Plan,
    pub outcomes: &'a BTreeMap<Key, Outcome>,
    /// What was objected to and is allowed.
    pub allowed: &'a [Objection],
    /// The plan on what was read again afterwards.
    pub after: &'a Plan,
}

/// Changes by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub applied: usize,
    pub failed: usize,
    pub waiting: usize,
    pub skipped: usize,
    /// Changes that are still to do although they were applied.
    pub not_effective: usize,
    /// What could not be read again.
    pub unreadable: usize,
}

impl Ended<'_> {
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            not_effective: self.not_effective().count(),
            unreadable: self.after.unreadable.len(),
            ..Counts::default()
        };
        for (_, outcome) in self.shown() {
            *match outcome {
                Outcome::Applied => &mut counts.applied,
                Outcome::Failed(_) => &mut counts.failed,
                Outcome::Waiting { .. } => &mut counts.waiting,
                Outcome::Skipped { .. } => &mut counts.skipped,
            } += 1;
        }
        counts
    }

    /// The change that keeps the record counts only when it fails.
    pub(super) fn shown(&self) -> impl Iterator<Item = (&Key, &Outcome)> {
        self.outcomes.iter().filter(|(key, outcome)| {
            matches!(outcome, Outcome::Failed(_))
                || self
                    .plan
                    .get(key)
                    .is_none_or(|change| change.reason != Reason::Record)
        })
    }

    /// What the plan afterwards still asks for, of resources that were not left undone.
    pub(super) fn not_effective(&self) -> impl Iterator<Item = &Change> {
        let is_done = |change: &Change| {
            let outcomes = &mut self
                .outcomes
                .iter()
                .filter(|(key, _)| key.address == change.key.address)
                .peekable();
            match outcomes.peek() {
                Some(_) => outcomes.all(|(_, outcome)| outcome.is_applied()),
                None => self.outcomes.values().all(Outcome::is_applied),
            }
        };
        let changes = self.after.changes.iter();
        changes.filter(move |change| change.reason != Reason::Record && is_done(change))
    }

    /// Ends in one stable line: `Apply: 84 applied, 0 failed, …`.
    pub fn text(&self, room: Room) -> String {
        let mut out = String::new();
        for (key, outcome) in self.shown() {
            match outcome {
                Outcome::Failed(failure) => failed(key, failure, room, &mut out),
                Outcome::Waiting { on } => {
                    let text = format!("? not done yet: {}: {on}", label::change(key));
                    paragraph(&safe::line(&text), 0, room.width, NOTE, &mut out);
                }
                Outcome::Applied | Outcome::Skipped { .. } => {}
            }
        }
        self.skipped(room, &mut out);
        for change in self.not_effective() {
            let text = format!("! sent, but not so afterwards: {}", label::of(change));
            paragraph(&text, 0, room.width, BAD, &mut out);
            for line in property::all(change.action.properties(), change.kind, room) {
                let _infallible = writeln!(out, "    {line}");
            }
        }
        for (address, why) in &self.after.unreadable {
            let text = format!("! could not be read again: {address}: {}", why.message);
            paragraph(&safe::line(&text), 0, room.width, BAD, &mut out);
        }
        for objection in self.allowed {
            let text = format!("! allowed this once: {}", allowed_line(objection));
            paragraph(&text, 0, room.width, NOTE, &mut out);
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&self.summary());
        out
    }

    /// By cause: one failure often takes many along.
    fn skipped(&self, room: Room, out: &mut String) {
        let mut causes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, outcome) in self.shown() {
            if let Outcome::Skipped { because } = outcome {
                causes
                    .entry(cause(because))
                    .or_default()
                    .push(label::change(key));
            }
        }
        for (cause, mut names) in causes {
            let title = format!(". skipped {}: {cause}", plural(names.len(), "change"));
            paragraph(&title, 0, room.width, Style::new(), out);
            if !room.detail && names.len() > FEW_NAMES {
                let left = names.split_off(FEW_NAMES).len();
                names.push(format!("… {left} more with -v"));
            }
            paragraph(&names.join(", "), 4, room.width, DIM, out);
        }
    }

    /// Stable, for people and for `grep`.
    pub fn last_line(&self) -> String {
        self.summary().trim_end().to_owned()
    }

    fn summary(&self) -> String {
        let Counts {
            applied,
            failed,
            waiting,
            skipped,
            not_effective,
            unreadable,
        } = self.counts();
        let mut rest = String::new();
        let loud = [
            (not_effective, "not effective"),
            (unreadable, "not read again"),
        ];
        for (count, said) in loud.into_iter().filter(|(count, _)| *count > 0) {
            let _infallible = write!(rest, "; {count} {said}");
        }
        format!(
            "Apply: {applied} applied, {failed} failed, {waiting} waiting, {skipped} skipped{rest}; {} on {}.\n",
            safe::line(self.spec),
            self.target
        )
    }

    pub fn json(&self) -> Value {
        let counts = self.counts();
        let changes: Vec<Value> = self
            .shown()
            .map(|(key, outcome)| {
                let mut entry = json!(outcome);
                entry["change"] = json!(key);
                entry
            })
            .collect();
        let not_effective: Vec<_> = self.not_effective().collect();
        json!({
            "format_version": FORMAT_VERSION,
            "secgw_version": env!("CARGO_PKG_VERSION"),
            "spec": self.spec,
            "target": self.target,
            "summary": {
                "applied": counts.applied,
                "failed": counts.failed,
                "waiting": counts.waiting,
                "skipped": counts.skipped,
                "not_effective": counts.not_effective,
                "unreadable": counts.unreadable,
            },
            "allowed": self.allowed,
            "outcomes": changes,
            "not_effective": not_effective,
        })
    }
}

fn failed(key: &Key, failure: &Failure, room: Room, out: &mut String) {
    let Failure {
        doing,
        hint,
        request_id,
        moved,
        ..
    } = failure;
    let title = if doing.is_empty() {
        label::change(key)
    } else {
        safe::line(doing)
    };
    paragraph(&format!("x failed: {title}"), 0, room.width, BAD, out);
    paragraph(&said(failure), 4, room.width, Style::new(), out);
    for ThreeWay {
        path,
        base,
        live,
        wanted,
    } in moved
    {
        let shown = |value: &Option<Value>| {
            let value = value.as_ref().map(value::live);
            value.unwrap_or_else(|| "nothing".to_owned())
        };
        let path = label::property(path);
        let wanted = wanted.as_ref().map_or_else(
            || "the plan leaves it alone".to_owned(),
            |wanted| format!("the plan wants {}", value::live(wanted)),
        );
        let text = format!(
            "~ {path}: was {}, is {}; {wanted}",
            shown(base),
            shown(live)
        );
        paragraph(&text, 4, room.width, NOTE, out);
    }
    if let Some(hint) = hint {
        let text = safe::line(&format!("hint: {hint}"));
        paragraph(&text, 4, room.width, Style::new(), out);
    }
    if let Some(id) = request_id {
        let text = safe::line(&format!("request id: {id}"));
        paragraph(&text, 4, room.width, DIM, out);
    }
}

fn paragraph(text: &str, margin: usize, width: usize, style: Style, out: &mut String) {
    for (index, line) in wrap(text, width.saturating_sub(margin + 4))
        .iter()
        .enumerate()
    {
        let margin = margin + if index == 0 { 0 } else { 4 };
        let _infallible = writeln!(out, "{}{}", " ".repeat(margin), paint(style, line));
    }
}
