//! Rules of the spec that mean nothing in this plan: one that is misspelt looks just so, and nobody would notice.

use serde::{Deserialize, Serialize};

use super::Assessment;
use super::ownership::holds;
use crate::controls::{Idle as Unused, Report, Status};
use crate::diff;
use crate::resource::unmanaged::{COLLECTIONS, Collection};
use crate::resource::{At, Graph, Ignore, Live, Observed, ResourceId};

/// One such rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Idle {
    pub at: At,
    pub message: String,
}

/// Entries of `ignore` and of `unmanaged`.
pub(super) fn rules(desired: &Graph, live: &Live) -> Vec<Idle> {
    let unmanaged = &desired.rules.unmanaged;
    let nowhere = COLLECTIONS.iter().filter_map(|collection| {
        let at = unmanaged.places.get(collection.name)?;
        (!can_hold(desired, collection)).then(|| Idle {
            at: at.clone(),
            message: format!(
                "`unmanaged.{}` means nothing: the spec has nothing that could hold such things",
                collection.name
            ),
        })
    });
    let mut idle: Vec<Idle> = nowhere.collect();
    if !is_begun(desired, live) {
        return idle;
    }
    let ignore = desired.rules.ignore.iter();
    idle.extend(
        ignore
            .filter(|rule| !matches_something(rule, desired, live))
            .map(|rule| Idle {
                at: rule.at.clone(),
                message: match rule.pointer {
                    None => format!(
                        "`ignore` of `{}` matches nothing that is there",
                        rule.address
                    ),
                    Some(ref pointer) => format!(
                        "`ignore` of `{}` matches no item of a list `{pointer}` that is there",
                        rule.address
                    ),
                },
            }),
    );
    idle
}

/// Entries of `controls.accept`, by what the controls say of what is live and of what is asked for.
pub(super) fn acceptances(assessment: &Assessment<'_>) -> Vec<Idle> {
    if assessment.norm.accepted.is_empty() || !is_begun(assessment.desired, assessment.live) {
        return Vec::new();
    }
    let (now, wanted) = (&assessment.before.report, assessment.asked_for());
    let is_idle = |unused: &&Unused| wanted.idle.contains(unused) && !is_unknown(now, unused);
    now.idle.iter().filter(is_idle).map(idle).collect()
}

fn idle(unused: &Unused) -> Idle {
    let acceptance = &unused.acceptance;
    let of = match &acceptance.resource {
        Some(resource) => format!(" of `{resource}`"),
        None => String::new(),
    };
    let why = if unused.is_expired {
        format!(
            "accepts nothing any more: its last day was {}",
            acceptance.expires
        )
    } else {
        "accepts nothing: no such finding is in what a plan reads (`secgw check --live` reads more)"
            .to_owned()
    };
    Idle {
        at: acceptance.at.clone(),
        message: format!("`controls.accept` of {}{of} {why}", acceptance.control),
    }
}

/// What was not read, or is looked at by a person, may well be accepted.
fn is_unknown(report: &Report, unused: &Unused) -> bool {
    let mut judged = report.judged.iter();
    !unused.is_expired
        && judged.any(|judged| {
            judged
                .control
                .id
                .eq_ignore_ascii_case(&unused.acceptance.control)
                && matches!(judged.status(), Status::Unknown | Status::Manual)
        })
}

/// Whether everything is there that others are inside of: before that, rules are about what is yet to come.
fn is_begun(desired: &Graph, live: &Live) -> bool {
    let mut parents = desired.iter().filter_map(|resource| resource.id.parent());
    parents.all(|parent| {
        desired.get(&parent).is_none() || matches!(live.get(&parent), Observed::Present(_))
    })
}

fn matches_something(rule: &Ignore, desired: &Graph, live: &Live) -> bool {
    if rule.pointer.is_none() {
        let mut others = live.orphans.keys().chain(live.foreign.keys());
        return others.any(|id| rule.address.covers(id));
    }
    let mut covered = desired
        .iter()
        .filter(|resource| rule.address.covers(&resource.id));
    covered.any(|resource| match live.get(&resource.id) {
        Observed::Present(found) => resource.body().is_some_and(|term| {
            let is_meant = |list: &str, item: &serde_json::Value| {
                rule.pointer.as_deref() == Some(list)
                    && rule.value.as_ref().is_some_and(|value| holds(item, value))
            };
            let (_, kept) = diff::complete(resource.kind, term, &found.body, &is_meant);
            !kept.is_empty()
        }),
        // Nobody knows yet.
        Observed::Absent | Observed::Unreadable(_) => true,
    })
}

/// Whether something of the spec is of such a type, holds such a list, or may have such a part.
fn can_hold(desired: &Graph, collection: &Collection) -> bool {
    let parent = |type_name: &str| {
        type_name
            .rsplit_once('/')
            .map(|(parent, _)| parent.to_owned())
    };
    let holds = |id: &ResourceId| {
        let own = id.type_name();
        let is_own = |type_name: &str| type_name.eq_ignore_ascii_case(&own);
        collection.lists.iter().any(|(of, _)| is_own(of))
            || collection
                .types
                .iter()
                .any(|of| is_own(of) || parent(of).is_some_and(|parent| is_own(&parent)))
    };
    desired.iter().any(|resource| holds(&resource.id))
}
