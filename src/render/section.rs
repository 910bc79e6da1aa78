//! The order in which changes are shown: by how bad it is if they are wrong, then by layer.

use std::collections::BTreeMap;

use anstyle::Style;

use super::style::{self, BAD};
use crate::plan::{Change, Objection, Plan, Reason, Verb};
use crate::resource::Layer;

/// How bad it is if it is wrong. The order is the order on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    Blocked,
    Replace,
    Delete,
    Update,
    Approve,
    Create,
    Await,
}

impl Section {
    pub fn of(change: &Change, objections: &[Objection]) -> Self {
        match change.action.verb() {
            _ if is_blocked(change, objections) => Self::Blocked,
            Verb::Replace => Self::Replace,
            Verb::Delete => Self::Delete,
            Verb::Update => Self::Update,
            Verb::Approve => Self::Approve,
            Verb::Create => Self::Create,
            Verb::Await => Self::Await,
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Blocked => "Blocked",
            Self::Replace => "Replace",
            Self::Delete => "Delete",
            Self::Update => "Update",
            Self::Approve => "Approve",
            Self::Create => "Create",
            Self::Await => "Wait for",
        }
    }

    /// `2 to create`, for counts.
    pub fn count(self, number: usize) -> String {
        match self {
            Self::Blocked => format!("{number} blocked"),
            Self::Await => format!("{number} to wait for"),
            other => format!("{number} to {}", other.title().to_lowercase()),
        }
    }

    pub fn symbol(self) -> &'static str {
        match self {
            Self::Blocked => "!",
            Self::Replace => style::symbol(Verb::Replace),
            Self::Delete => style::symbol(Verb::Delete),
            Self::Update => style::symbol(Verb::Update),
            Self::Approve => style::symbol(Verb::Approve),
            Self::Create => style::symbol(Verb::Create),
            Self::Await => style::symbol(Verb::Await),
        }
    }

    pub fn style(self) -> Style {
        match self {
            Self::Blocked => BAD,
            Self::Replace => style::of(Verb::Replace),
            Self::Delete => style::of(Verb::Delete),
            Self::Update => style::of(Verb::Update),
            Self::Approve => style::of(Verb::Approve),
            Self::Create => style::of(Verb::Create),
            Self::Await => style::of(Verb::Await),
        }
    }
}

pub fn is_blocked(change: &Change, objections: &[Objection]) -> bool {
    objections_to(change, objections).next().is_some()
}

pub fn objections_to<'a>(
    change: &'a Change,
    objections: &'a [Objection],
) -> impl Iterator<Item = &'a Objection> {
    objections
        .iter()
        .filter(|objection| objection.address == change.key.address)
}

/// The changes of a plan as they are shown; the one that keeps the record is not.
pub fn sections<'a>(
    plan: &'a Plan,
    objections: &[Objection],
) -> BTreeMap<(Section, Layer), Vec<&'a Change>> {
    let mut sections: BTreeMap<_, Vec<&Change>> = BTreeMap::new();
    for change in shown(plan) {
        let section = Section::of(change, objections);
        sections
            .entry((section, change.kind.layer))
            .or_default()
            .push(change);
    }
    sections
}

pub fn shown(plan: &Plan) -> impl Iterator<Item = &Change> {
    plan.changes
        .iter()
        .filter(|change| change.reason != Reason::Record)
}
