//! What a pipeline is told, one by one: the common form of SARIF results, annotations and logged issues.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::gist;
use super::others::standing_line;
use super::plan::{Shown, changed_by};
use super::progress::said;
use super::report::Ended;
use super::sarif::{self, Finding, Level, Location, Rule};
use super::section::{self, Section};
use super::{label, safe};
use crate::apply::Outcome;
use crate::controls::Severity;
use crate::plan::{Change, Unmended, Verb};
use crate::resource::At;

/// One of a closed set of things to be told, with a stable id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    Invalid,
    NotPlanned,
    Stale,
    Blocked,
    Unreadable,
    Failed,
    Attack,
    Standing,
    NotEffective,
    Idle,
    Replace,
    Delete,
    Drift,
    Waiting,
    Skipped,
    Update,
    Create,
}

impl Topic {
    pub const ALL: [Self; 17] = [
        Self::Invalid,
        Self::NotPlanned,
        Self::Stale,
        Self::Blocked,
        Self::Unreadable,
        Self::Failed,
        Self::Attack,
        Self::Standing,
        Self::NotEffective,
        Self::Idle,
        Self::Replace,
        Self::Delete,
        Self::Drift,
        Self::Waiting,
        Self::Skipped,
        Self::Update,
        Self::Create,
    ];

    pub fn id(self) -> &'static str {
        match self {
            Self::Invalid => "secgw/invalid",
            Self::NotPlanned => "secgw/not-planned",
            Self::Stale => "secgw/stale",
            Self::Blocked => "secgw/blocked",
            Self::Unreadable => "secgw/unreadable",
            Self::Failed => "secgw/failed",
            Self::Attack => "secgw/attack",
            Self::Standing => "secgw/standing",
            Self::NotEffective => "secgw/not-effective",
            Self::Idle => "secgw/idle",
            Self::Replace => "secgw/replace",
            Self::Delete => "secgw/delete",
            Self::Drift => "secgw/drift",
            Self::Waiting => "secgw/waiting",
            Self::Skipped => "secgw/skipped",
            Self::Update => "secgw/update",
            Self::Create => "secgw/create",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Invalid => "Spec is not valid",
            Self::NotPlanned => "Environment could not be looked at",
            Self::Stale => "Plan is not the one that was approved",
            Self::Blocked => "Change may not be applied",
            Self::Unreadable => "Resource could not be read",
            Self::Failed => "Change failed",
            Self::Attack => "Attack succeeded",
            Self::Standing => "Finding that no change mends",
            Self::NotEffective => "Setting does not take effect",
            Self::Idle => "Rule of the spec means nothing",
            Self::Replace => "Resource is replaced",
            Self::Delete => "Resource is deleted",
            Self::Drift => "Azure was changed by other means",
            Self::Waiting => "Azure or a person is not done yet",
            Self::Skipped => "Change was not started",
            Self::Update => "Resource is changed",
            Self::Create => "Resource is created",
        }
    }

    pub fn level(self) -> Level {
        match self {
            Self::Invalid
            | Self::NotPlanned
            | Self::Stale
            | Self::Blocked
            | Self::Unreadable
            | Self::Failed
            | Self::Attack => Level::Error,
            Self::Standing
            | Self::NotEffective
            | Self::Idle
            | Self::Replace
            | Self::Delete
            | Self::Drift
            | Self::Waiting
            | Self::Skipped => Level::Warning,
            Self::Update => Level::Note,
            Self::Create => Level::None,
        }
    }
}

/// Worst first.
pub(super) fn sort(notices: &mut [Notice]) {
    notices.sort_by_key(|notice| rank(notice.level));
}

fn rank(level: Level) -> u8 {
    match level {
        Level::Error => 0,
        Level::Warning => 1,
        Level::Note => 2,
        Level::None => 3,
    }
}

/// As results for code scanning.
pub fn sarif(notices: &[Notice]) -> Value {
    let rules: Vec<Rule> = Topic::ALL
        .iter()
        .map(|topic| Rule {
            id: topic.id().to_owned(),
            title: topic.title().to_owned(),
            description: topic.title().to_owned(),
            help: topic.title().to_owned(),
            help_uri: env!("CARGO_PKG_REPOSITORY").to_owned(),
            level: topic.level(),
            security_severity: "0.0",
            tags: Vec::new(),
        })
        .collect();
    let findings: Vec<Finding> = notices
        .iter()
        .map(|notice| Finding {
            rule: notice.rule.to_owned(),
            level: notice.level,
            message: notice.message.clone(),
            location: Location {
                file: notice
                    .at
                    .as_ref()
                    .map(|at| (at.file().to_owned(), at.line(), at.column())),
                address: Some(notice.address.clone()),
            },
            subject: notice.address.clone(),
            accepted: None,
        })
        .collect();
    sarif::json(&rules, &findings)
}

/// Texts are harmless already ([`safe`]); each format still escapes what means something to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub rule: &'static str,
    pub title: &'static str,
    pub level: Level,
    pub message: String,
    /// What it is about, stable when lines of the spec move.
    pub address: String,
    pub at: Option<At>,
}

impl Notice {
    pub(super) fn new(
        topic: Topic,
        address: &impl ToString,
        message: &str,
        at: Option<&At>,
    ) -> Self {
        Self {
            rule: topic.id(),
            title: topic.title(),
            level: topic.level(),
            message: safe::line(message),
            address: safe::line(&address.to_string()),
            at: at.filter(|at| !at.file().is_empty()).cloned(),
        }
    }
}

impl Shown<'_> {
    /// Worst first.
    pub fn notices(&self) -> Vec<Notice> {
        let plan = self.plan;
        let sources: BTreeMap<_, _> = plan
            .changes
            .iter()
            .filter_map(|change| Some((&change.key.address, change.source.as_ref()?)))
            .collect();
        let mut notices: Vec<Notice> = self
            .objections
            .iter()
            .map(|objection| {
                let message = format!(
                    "{}: {}. To go on: {}",
                    label::resource(&objection.address),
                    objection.message,
                    objection.remedy
                );
                let at = sources.get(&objection.address).copied();
                Notice::new(Topic::Blocked, &objection.address, &message, at)
            })
            .collect();
        notices.extend(plan.unreadable.iter().map(|(address, why)| {
            let message = format!("{address}: {}: {}", why.code, why.message);
            Notice::new(Topic::Unreadable, address, &message, None)
        }));
        notices.extend(plan.standing.iter().filter_map(|one| self.standing(one)));
        notices.extend(
            plan.idle.iter().map(|idle| {
                Notice::new(Topic::Idle, &idle.at.path(), &idle.message, Some(&idle.at))
            }),
        );
        let sections = section::sections(plan, self.objections);
        for ((section, _), changes) in sections {
            notices.extend(
                changes
                    .iter()
                    .filter_map(|change| self.notice(section, change)),
            );
        }
        notices.extend(plan.notes.iter().map(|note| {
            let message = format!(
                "{}: {} is sent and known not to take effect here",
                label::resource(&note.address),
                label::property(&note.property.path)
            );
            Notice::new(Topic::NotEffective, &note.address, &message, None)
        }));
        sort(&mut notices);
        notices
    }

    pub(super) fn is_objected(&self, one: &Unmended) -> bool {
        let mut objections = self.objections.iter();
        objections.any(|objection| one.is_objected_by(objection))
    }

    fn standing(&self, one: &Unmended) -> Option<Notice> {
        // Its objection says it.
        if self.is_objected(one) {
            return None;
        }
        let message = format!("{}. To mend it: {}", standing_line(one), one.advice());
        let mut notice = Notice::new(Topic::Standing, &one.address, &message, None);
        if one.severity < Severity::High {
            notice.level = Level::Note;
        }
        Some(notice)
    }

    fn notice(&self, section: Section, change: &Change) -> Option<Notice> {
        let topic = match section {
            // Its objection says it.
            Section::Blocked => return None,
            Section::Replace => Topic::Replace,
            Section::Delete => Topic::Delete,
            _ if self.plan.is_drift() => Topic::Drift,
            Section::Update | Section::Approve => Topic::Update,
            Section::Create | Section::Await => Topic::Create,
        };
        let author = self.plan.history.authors.get(&change.key.address);
        let message = match author {
            Some(author) => format!("{} ({})", sentence(change), changed_by(author)),
            None => sentence(change),
        };
        Some(Notice::new(
            topic,
            &change.key,
            &message,
            change.source.as_ref(),
        ))
    }
}

impl Ended<'_> {
    /// What did not end well, worst first.
    pub fn notices(&self) -> Vec<Notice> {
        let at = |key| self.plan.get(key).and_then(|change| change.source.as_ref());
        let mut notices: Vec<Notice> = self
            .shown()
            .filter_map(|(key, outcome)| {
                let name = label::change(key);
                let (topic, message) = match outcome {
                    Outcome::Applied => return None,
                    Outcome::Failed(failure) => {
                        let hint = failure.hint.as_ref();
                        let hint = hint
                            .map(|hint| format!(". Hint: {hint}"))
                            .unwrap_or_default();
                        (Topic::Failed, format!("{name}: {}{hint}", said(failure)))
                    }
                    Outcome::Waiting { on } => (Topic::Waiting, format!("{name}: {on}")),
                    Outcome::Skipped { because } => (
                        Topic::Skipped,
                        format!("{name}: {}", super::progress::cause(because)),
                    ),
                };
                Some(Notice::new(topic, key, &message, at(key)))
            })
            .collect();
        notices.extend(self.not_effective().map(|change| {
            let message = format!("sent, but not so afterwards: {}", sentence(change));
            let mut notice = Notice::new(
                Topic::NotEffective,
                &change.key,
                &message,
                change.source.as_ref(),
            );
            notice.level = Level::Error;
            notice
        }));
        sort(&mut notices);
        notices
    }
}

/// `update API apim/orders: displayName, serviceUrl`.
pub fn sentence(change: &Change) -> String {
    let name = match change.action.verb() {
        Verb::Await => format!("wait for {}", label::of(change)),
        verb => format!("{} {}", verb.name(), label::of(change)),
    };
    match gist(change) {
        gist if gist.is_empty() => name,
        gist => format!("{name}: {gist}"),
    }
}
