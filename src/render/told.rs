//! Whatever a command has to tell, in each of the forms there are: a plan, an outcome, drift, or why there is none.
//!
//! `cli/deliver` writes what comes out to where it is wanted.

use serde_json::Value;

use super::change::Room;
use super::drift::Drifted;
use super::junit::{self, Suite};
use super::notice::Notice;
use super::plan::Shown;
use super::report::Ended;
use super::several::Several;
use super::stale::Stale;
use super::unplanned::Unplanned;
use super::verified::Verified;
use super::{jsonl, notice, safe};

#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    Plan(Shown<'a>),
    Outcome(Ended<'a>),
    Drift(Drifted<'a>),
    /// With what the attacks on it came to.
    Verified(&'a Verified<'a>),
    /// The same of several environments.
    Several(&'a Several<'a>),
    /// Why it is not applied: it is another one than was approved.
    Stale(&'a Stale<'a>),
    /// Why there is nothing of these.
    Unplanned(&'a Unplanned<'a>),
}

impl Told<'_> {
    /// What it is, in a word: part of the names of files and comments.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plan(_) => "plan",
            Self::Outcome(_) | Self::Stale(_) => "apply",
            Self::Drift(_) => "drift",
            Self::Verified(verified) => verified.told.word(),
            Self::Several(several) => several.word,
            Self::Unplanned(unplanned) => unplanned.word,
        }
    }

    /// The spec, or the environments.
    pub fn subject(self) -> String {
        match self {
            Self::Plan(shown) => shown.spec.to_owned(),
            Self::Outcome(ended) => ended.spec.to_owned(),
            Self::Drift(drifted) => drifted.shown.spec.to_owned(),
            Self::Verified(verified) => verified.told.subject(),
            Self::Several(several) => several.names().join("."),
            Self::Stale(stale) => stale.spec.to_owned(),
            Self::Unplanned(unplanned) => unplanned.subject.clone(),
        }
    }

    /// Its stable line.
    pub fn last_line(self) -> String {
        match self {
            Self::Plan(shown) => shown.last_line(),
            Self::Outcome(ended) => ended.last_line(),
            Self::Drift(drifted) => drifted.last_line(),
            Self::Verified(verified) => verified.last_line(),
            Self::Several(several) => several.last_line(),
            Self::Stale(stale) => stale.last_line(),
            Self::Unplanned(unplanned) => unplanned.last_line(),
        }
    }

    pub fn text(self, room: Room) -> String {
        match self {
            Self::Plan(shown) => shown.text(room),
            Self::Outcome(ended) => ended.text(room),
            Self::Drift(drifted) => drifted.text(room),
            Self::Verified(verified) => verified.text(room),
            Self::Several(several) => several.text(room),
            Self::Stale(stale) => stale.text(room),
            Self::Unplanned(unplanned) => unplanned.text(room),
        }
    }

    pub fn json(self) -> Value {
        match self {
            Self::Plan(shown) => shown.json(),
            Self::Outcome(ended) => ended.json(),
            Self::Drift(drifted) => drifted.json(),
            Self::Verified(verified) => verified.json(),
            Self::Several(several) => several.json(),
            Self::Stale(stale) => stale.json(),
            Self::Unplanned(unplanned) => unplanned.json(),
        }
    }

    /// The first line of `jsonl`.
    pub fn version(self) -> Value {
        match self {
            Self::Outcome(ended) => jsonl::version(ended.spec, ended.target),
            Self::Plan(shown) | Self::Drift(Drifted { shown }) => {
                jsonl::version(shown.spec, shown.target)
            }
            Self::Verified(verified) => verified.told.version(),
            Self::Several(several) => several.version(),
            Self::Stale(stale) => jsonl::version(stale.spec, stale.target),
            Self::Unplanned(unplanned) => unplanned.version(),
        }
    }

    /// The lines after the first, or the only one that is left to say.
    pub fn jsonl(self) -> Vec<Value> {
        match self {
            Self::Plan(shown) => shown.jsonl(),
            Self::Outcome(ended) => vec![ended.outcome()],
            Self::Drift(drifted) => drifted.jsonl(),
            Self::Verified(verified) => verified.jsonl(),
            Self::Several(several) => several.jsonl(),
            Self::Stale(stale) => stale.jsonl(),
            Self::Unplanned(unplanned) => unplanned.jsonl(),
        }
    }

    /// At most `most` bytes; `name` tells one comment from another's.
    pub fn markdown(self, name: &str, most: usize) -> String {
        match self {
            Self::Plan(shown) => shown.markdown(name, most),
            Self::Outcome(ended) => ended.markdown(name, most),
            Self::Drift(drifted) => drifted.markdown(name, most),
            Self::Verified(verified) => verified.markdown(name, most),
            Self::Several(several) => several.markdown(name, most),
            Self::Stale(stale) => stale.markdown(name, most),
            Self::Unplanned(unplanned) => unplanned.markdown(name, most),
        }
    }

    pub fn suites(self) -> Vec<Suite> {
        match self {
            Self::Plan(shown) => shown.suites(),
            Self::Outcome(ended) => ended.suites(),
            Self::Drift(drifted) => drifted.suites(),
            Self::Verified(verified) => verified.suites(),
            Self::Several(several) => several.suites(),
            Self::Stale(stale) => stale.suites(),
            Self::Unplanned(unplanned) => unplanned.suites(),
        }
    }

    pub fn junit(self) -> String {
        let name = format!("secgw {} {}", self.word(), safe::line(&self.subject()));
        junit::xml(&name, &self.suites())
    }

    /// Worst first.
    pub fn notices(self) -> Vec<Notice> {
        match self {
            Self::Plan(shown) => shown.notices(),
            Self::Outcome(ended) => ended.notices(),
            Self::Drift(drifted) => drifted.notices(),
            Self::Verified(verified) => verified.notices(),
            Self::Several(several) => several.notices(),
            Self::Stale(stale) => stale.notices(),
            Self::Unplanned(unplanned) => unplanned.notices(),
        }
    }

    pub fn sarif(self) -> Value {
        match self {
            Self::Verified(verified) => verified.sarif(),
            Self::Plan(_)
            | Self::Outcome(_)
            | Self::Drift(_)
            | Self::Several(_)
            | Self::Stale(_)
            | Self::Unplanned(_) => notice::sarif(&self.notices()),
        }
    }

    /// What later steps of a pipeline decide by.
    pub fn values(self) -> Vec<(&'static str, String)> {
        let summary = ("summary", self.last_line());
        match self {
            Self::Plan(shown) => vec![
                ("changes", shown.plan.has_changes().to_string()),
                ("drift", shown.plan.is_drift().to_string()),
                ("blocked", (!shown.objections.is_empty()).to_string()),
                ("digest", shown.digest().to_string()),
                summary,
            ],
            Self::Outcome(ended) => vec![
                ("applied", ended.counts().applied.to_string()),
                ("failed", ended.counts().failed.to_string()),
                summary,
            ],
            Self::Drift(drifted) => drifted.values(),
            Self::Verified(verified) => verified.values(),
            Self::Several(several) => several.values(),
            Self::Stale(stale) => stale.values(),
            Self::Unplanned(unplanned) => unplanned.values(),
        }
    }
}
