//! What evaluating the controls comes to: for each control and resource whether it holds, and if not, where and why.

use serde_json::Value;

use super::accept::Acceptance;
use super::control::{Control, Severity};
use super::state::Entry;
use crate::resource::{At, ResourceId};

/// One property that is not as the control wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// JSON pointer into the resource's body; empty for the resource itself.
    pub pointer: String,
    /// What stands there. Null where nothing does.
    pub value: Value,
    /// What should hold there.
    pub wanted: String,
}

/// What a check says of one resource.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub resource: Option<ResourceId>,
    pub source: Option<At>,
    pub outcome: Outcome,
    /// Where it is less bad, or worse, than the control's own severity says.
    pub severity: Option<Severity>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Passed,
    /// At least one.
    Failed(Vec<Fault>),
    NotApplicable(String),
    /// It cannot be told from what was read.
    Unknown(String),
    /// A person has to look.
    Manual(String),
}

impl Verdict {
    fn new(entry: &Entry, outcome: Outcome) -> Self {
        Self {
            resource: Some(entry.id.clone()),
            source: entry.source.clone(),
            outcome,
            severity: None,
        }
    }

    /// Passed without faults.
    pub fn of(entry: &Entry, faults: impl IntoIterator<Item = Fault>) -> Self {
        let faults: Vec<Fault> = faults.into_iter().collect();
        let outcome = if faults.is_empty() {
            Outcome::Passed
        } else {
            Outcome::Failed(faults)
        };
        Self::new(entry, outcome)
    }

    pub fn not_applicable(entry: &Entry, why: impl Into<String>) -> Self {
        Self::new(entry, Outcome::NotApplicable(why.into()))
    }

    pub fn unknown(entry: &Entry, why: impl Into<String>) -> Self {
        Self::new(entry, Outcome::Unknown(why.into()))
    }

    /// Of something that should be there.
    pub fn missing(id: &ResourceId, source: Option<&At>, wanted: &str) -> Self {
        Self {
            resource: Some(id.clone()),
            source: source.cloned(),
            outcome: Outcome::Failed(vec![Fault {
                pointer: String::new(),
                value: Value::Null,
                wanted: wanted.to_owned(),
            }]),
            severity: None,
        }
    }

    /// Of no resource in particular.
    pub fn nowhere(outcome: Outcome) -> Self {
        Self {
            resource: None,
            source: None,
            outcome,
            severity: None,
        }
    }

    #[must_use]
    pub fn graded(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }
}

/// A fault unless it holds.
pub(super) fn expect(
    holds: bool,
    entry: &Entry,
    pointer: &str,
    wanted: impl Into<String>,
) -> Option<Fault> {
    (!holds).then(|| Fault {
        pointer: pointer.to_owned(),
        value: entry.at(pointer).cloned().unwrap_or(Value::Null),
        wanted: wanted.into(),
    })
}

/// One control on one resource.
#[derive(Clone)]
pub struct Judged {
    pub control: &'static Control,
    pub verdict: Verdict,
    /// Accepted by the spec, by name and until a day.
    pub accepted: Option<Acceptance>,
}

impl Judged {
    pub fn severity(&self) -> Severity {
        self.verdict.severity.unwrap_or(self.control.severity)
    }

    pub fn faults(&self) -> &[Fault] {
        match &self.verdict.outcome {
            Outcome::Failed(faults) => faults,
            Outcome::Passed
            | Outcome::NotApplicable(_)
            | Outcome::Unknown(_)
            | Outcome::Manual(_) => &[],
        }
    }

    /// Failed, and nobody accepted it.
    pub fn is_finding(&self) -> bool {
        self.status() == Status::Failed
    }

    pub fn status(&self) -> Status {
        match (&self.verdict.outcome, &self.accepted) {
            (Outcome::Failed(_), None) => Status::Failed,
            (Outcome::Failed(_), Some(_)) => Status::Accepted,
            (Outcome::Unknown(_), _) => Status::Unknown,
            (Outcome::Manual(_), _) => Status::Manual,
            (Outcome::Passed, _) => Status::Passed,
            (Outcome::NotApplicable(_), _) => Status::NotApplicable,
        }
    }

    /// Why it does not apply, is unknown, or where to look.
    pub fn reason(&self) -> Option<&str> {
        match &self.verdict.outcome {
            Outcome::NotApplicable(why) | Outcome::Unknown(why) | Outcome::Manual(why) => Some(why),
            Outcome::Passed | Outcome::Failed(_) => None,
        }
    }

    /// The resource as people know it; the whole gateway for a control that is about no one resource.
    pub fn address(&self) -> &str {
        self.verdict
            .resource
            .as_ref()
            .map_or("", ResourceId::as_str)
    }
}

/// From the one to look at first to the one to look at last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Failed,
    Accepted,
    Unknown,
    Manual,
    NotApplicable,
    Passed,
}

impl Status {
    pub const ALL: [Self; 6] = [
        Self::Failed,
        Self::Accepted,
        Self::Unknown,
        Self::Manual,
        Self::NotApplicable,
        Self::Passed,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Accepted => "accepted",
            Self::Unknown => "unknown",
            Self::Manual => "manual",
            Self::NotApplicable => "not applicable",
            Self::Passed => "passed",
        }
    }
}

/// Every control on every resource it is about, and what the spec accepts.
#[derive(Clone, Default)]
pub struct Report {
    /// In the order of the catalogue, then by resource.
    pub judged: Vec<Judged>,
    /// Acceptances that accept nothing: past their day, or of something that does not fail.
    pub idle: Vec<Idle>,
}

/// An acceptance that has no effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Idle {
    pub acceptance: Acceptance,
    pub is_expired: bool,
}

impl Report {
    pub fn with(&self, status: Status) -> impl Iterator<Item = &Judged> {
        self.judged
            .iter()
            .filter(move |judged| judged.status() == status)
    }

    /// The worst first, then as the catalogue has them.
    pub fn findings(&self) -> Vec<&Judged> {
        let mut found: Vec<&Judged> = self.with(Status::Failed).collect();
        found.sort_by_key(|judged| std::cmp::Reverse(judged.severity()));
        found
    }

    pub fn count(&self, status: Status) -> usize {
        self.with(status).count()
    }

    /// Whether something failed that is at least this bad.
    pub fn fails_at(&self, severity: Severity) -> bool {
        self.with(Status::Failed)
            .any(|judged| judged.severity() >= severity)
    }
}
