//! What an apply is doing: events in, lines out.
//!
//! `Board` is the state that live lines, heartbeats and the words after an interruption are made from. It keeps no
//! clock: whoever feeds it says how long the run has been going.

use std::collections::BTreeMap;
use std::time::Duration;

use super::style::{BAD, DIM, NOTE, columns, fit, paint};
use super::{label, safe, style};
use crate::apply::{Because, Event, Failure, Outcome};
use crate::plan::{Key, Plan, Reason, Verb};
use crate::text::plural;

#[derive(Debug)]
pub struct Board {
    total: usize,
    ended: usize,
    running: BTreeMap<Key, Running>,
    /// Changes that keep the record: done, not shown.
    unseen: Vec<Key>,
}

/// A change that has been started and has not ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    pub verb: Verb,
    pub since: Duration,
    pub usual: Duration,
    /// What Azure last said about it.
    pub status: Option<String>,
}

impl Board {
    pub fn new(plan: &Plan) -> Self {
        let (unseen, seen): (Vec<_>, Vec<_>) = plan
            .changes
            .iter()
            .partition(|change| change.reason == Reason::Record);
        Self {
            total: seen.len(),
            ended: 0,
            running: BTreeMap::new(),
            unseen: unseen
                .into_iter()
                .map(|change| change.key.clone())
                .collect(),
        }
    }

    pub fn running(&self) -> &BTreeMap<Key, Running> {
        &self.running
    }

    pub fn ended(&self) -> usize {
        self.ended
    }

    pub fn total(&self) -> usize {
        self.total
    }

    /// Takes an event in; the line it is worth, if any. Retries and skipped changes are worth one only where much is
    /// to be told: the end lists what was skipped by its cause.
    pub fn take(&mut self, event: &Event, now: Duration, detail: bool) -> Option<String> {
        match event {
            Event::Started {
                change,
                verb,
                usual_seconds,
            } => {
                let running = Running {
                    verb: *verb,
                    since: now,
                    usual: Duration::from_secs((*usual_seconds).into()),
                    status: None,
                };
                if !self.unseen.contains(change) {
                    self.running.insert(change.clone(), running);
                }
                None
            }
            Event::Waiting { change, status } => {
                self.status(change, safe::line(status));
                None
            }
            Event::Retrying {
                change,
                because,
                after,
            } => {
                let said = format!(
                    "again in {}: {}",
                    label::length(after.as_secs()),
                    safe::line(because)
                );
                let line = format!("  … {}: {said}", label::change(change));
                self.status(change, said);
                detail.then(|| paint(DIM, &line))
            }
            Event::Ended {
                change,
                outcome,
                elapsed,
            } => self
                .end(change, outcome, *elapsed)
                .filter(|_| detail || !matches!(outcome, Outcome::Skipped { .. })),
        }
    }

    fn status(&mut self, change: &Key, status: String) {
        if let Some(running) = self.running.get_mut(change) {
            running.status = Some(status);
        }
    }

    fn end(&mut self, change: &Key, outcome: &Outcome, elapsed: Duration) -> Option<String> {
        let verb = self.running.remove(change).map(|running| running.verb);
        if self.unseen.contains(change) && outcome.is_applied() {
            return None;
        }
        self.ended += 1;
        Some(line(change, verb, outcome, elapsed))
    }

    /// `12 of 84 done; 3 running: API Management service apim-orders for 5 min (usually 45 min), …`.
    pub fn heartbeat(&self, now: Duration) -> String {
        let running = self
            .slowest()
            .map(|(key, running)| spell(key, running, now));
        let running: Vec<String> = running.take(3).collect();
        let more = self.running.len() - running.len();
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let doing = if running.is_empty() {
            "none running".to_owned()
        } else {
            format!(
                "{} running: {}{more}",
                self.running.len(),
                running.join(", ")
            )
        };
        format!("  … {} of {} done; {doing}", self.ended, self.total)
    }

    /// The one that is expected to take longest first.
    fn slowest(&self) -> impl Iterator<Item = (&Key, &Running)> {
        let mut all: Vec<(&Key, &Running)> = self.running.iter().collect();
        all.sort_by_key(|(_, running)| std::cmp::Reverse(running.usual));
        all.into_iter()
    }

    /// What is left to Azure when a run stops.
    pub fn left_to_azure(&self, now: Duration) -> Vec<String> {
        self.slowest()
            .map(|(key, running)| format!("  … {}", spell(key, running, now)))
            .collect()
    }
}

impl Running {
    /// For a live line: `creating API Management service apim-orders  5 min (usually 45 min)  Activating`. The time
    /// is what people look for, so the rest makes room for it.
    pub fn live(&self, key: &Key, now: Duration, width: usize) -> String {
        let time = format!(
            "{} (usually {})",
            label::length(now.saturating_sub(self.since).as_secs()),
            label::length(self.usual.as_secs())
        );
        let head = format!("{} {}", doing(self.verb), label::change(key));
        let head = fit(&head, width.saturating_sub(columns(&time) + 2));
        let left = width.saturating_sub(columns(&head) + columns(&time) + 4);
        let status = self.status.as_deref().unwrap_or_default();
        let status = if left < 8 { "" } else { &fit(status, left) };
        format!("{head}  {time}  {status}").trim_end().to_owned()
    }
}

fn spell(key: &Key, running: &Running, now: Duration) -> String {
    format!(
        "{} for {} (usually {})",
        label::change(key),
        label::length(now.saturating_sub(running.since).as_secs()),
        label::length(running.usual.as_secs())
    )
}

fn doing(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "creating",
        Verb::Update => "updating",
        Verb::Replace => "replacing",
        Verb::Delete => "deleting",
        Verb::Approve => "approving",
        Verb::Await => "waiting for",
    }
}

fn done(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "created",
        Verb::Update => "updated",
        Verb::Replace => "replaced",
        Verb::Delete => "deleted",
        Verb::Approve => "approved",
        Verb::Await => "found",
    }
}

/// The line of a change that has ended.
fn line(key: &Key, verb: Option<Verb>, outcome: &Outcome, elapsed: Duration) -> String {
    let name = label::change(key);
    match outcome {
        Outcome::Applied => {
            let verb = verb.unwrap_or(Verb::Update);
            let sign = paint(style::of(verb), style::symbol(verb));
            let time = match elapsed.as_secs() {
                0 => String::new(),
                seconds => paint(DIM, &format!(" in {}", label::length(seconds))),
            };
            format!("  {sign} {} {name}{time}", done(verb))
        }
        Outcome::Failed(failure) => {
            let said = format!("x failed: {name}: {}", said(failure));
            format!("  {}", paint(BAD, &said))
        }
        Outcome::Skipped { because } => {
            paint(DIM, &format!("  . skipped {name}: {}", cause(because)))
        }
        Outcome::Waiting { on } => paint(
            NOTE,
            &format!("  ? not done yet: {name}: {}", safe::line(on)),
        ),
    }
}

/// Azure's code and message.
pub fn said(failure: &Failure) -> String {
    let status = failure
        .status
        .map(|status| format!("{status} "))
        .unwrap_or_default();
    safe::line(&format!("{status}{}: {}", failure.code, failure.message))
}

pub fn cause(because: &Because) -> String {
    match because {
        Because::Change(key) => format!("depends on {}", label::change(key)),
        Because::Interrupted => "interrupted".to_owned(),
    }
}

/// What a run has done so far, for the title of the live lines.
pub fn title(board: &Board, now: Duration) -> String {
    format!(
        "{} of {}, {}",
        board.ended(),
        plural(board.total(), "change"),
        label::length(now.as_secs())
    )
}
