//! What a plan does to the security of the gateway: the controls it fixes and breaks, and who can reach what before
//! and after.

use std::collections::{BTreeMap, BTreeSet};

use super::{Assessment, Norm, Plan};
use crate::controls::{
    self, Door, Exposure, Exposures, Intent, Judged, Report, Severity, State, exposures, weaker,
};
use crate::resource::{At, ResourceId};
use serde::{Deserialize, Serialize};

/// Empty for a plan without changes, and for one that takes the spec down.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Posture {
    /// What is fixed or broken, the worst first.
    pub controls: Vec<Turn>,
    /// Every API and function, by each door that is open before or after.
    pub exposure: Vec<Opening>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Turning {
    Breaks,
    /// It fails before, and in more ways after.
    Worsens,
    Fixes,
}

/// A control that a plan turns, on one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    pub control: String,
    pub severity: Severity,
    /// None for one that is about no resource in particular.
    pub resource: Option<ResourceId>,
    pub effect: Turning,
    /// Whether the plan may not be applied with it: it gets worse, and is at or above `failOn`.
    pub blocks: bool,
    pub source: Option<At>,
}

/// A door of an API or function; absent where it is closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    pub subject: ResourceId,
    pub door: Door,
    pub before: Option<Standing>,
    pub after: Option<Standing>,
    /// What is lost.
    pub weaker: Vec<String>,
}

/// What stands behind an open door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    pub guards: BTreeSet<String>,
    /// The scopes that each operation asks for.
    pub scopes: BTreeMap<ResourceId, BTreeSet<String>>,
}

impl From<&Exposure> for Standing {
    fn from(exposure: &Exposure) -> Self {
        Self {
            guards: exposure.guards.iter().map(ToString::to_string).collect(),
            scopes: exposure.scopes.clone(),
        }
    }
}

pub(super) fn posture(assessment: &Assessment<'_>, plan: &Plan) -> Posture {
    if !plan.has_changes() {
        return Posture::default();
    }
    let (before, after) = (&assessment.before, assessment.after());
    let norm = assessment.norm;
    let is_there = |id: Option<&ResourceId>| id.is_none_or(|id| before.state.get(id).is_some());
    let elsewhere = meant_elsewhere(plan, &before.state, norm);
    let elsewhere = elsewhere.map(|intent| norm.report(&before.state, &intent));
    let mut controls = turns(elsewhere.as_ref().unwrap_or(&before.report), &after.report);
    // What is not there yet has nothing to be fixed.
    controls.retain(|turn| turn.effect != Turning::Fixes || is_there(turn.resource.as_ref()));
    for turn in &mut controls {
        // What a part of a plan makes is not finished: what can be reached meanwhile is told by the exposure.
        let is_unfinished = !plan.left_out.is_empty() && !is_there(turn.resource.as_ref());
        let is_worse = turn.effect != Turning::Fixes;
        turn.blocks = is_worse && turn.severity >= norm.fail_on && !is_unfinished;
    }
    Posture {
        controls,
        exposure: openings(&before.state, &after.state, &norm.intent),
    }
}

/// A gateway that moves to another network was not wrong where it was: it is judged there by the way calls took.
fn meant_elsewhere(plan: &Plan, before: &State, norm: &Norm) -> Option<Intent> {
    let moves = plan.changes.iter().any(|change| {
        let mut properties = change.action.properties().iter();
        properties.any(|property| property.path == "/properties/virtualNetworkType")
    });
    if !moves {
        return None;
    }
    let there = Intent::inferred(before);
    Some(Intent {
        edge: there.edge,
        backend: there.backend,
        ..norm.intent.clone()
    })
}

type Findings<'a> = BTreeMap<(&'static str, Option<&'a ResourceId>), &'a Judged>;

fn findings(report: &Report) -> Findings<'_> {
    let failed = report.judged.iter().filter(|judged| judged.is_finding());
    failed
        .map(|judged| {
            let key = (judged.control.id, judged.verdict.resource.as_ref());
            (key, judged)
        })
        .collect()
}

fn turns(before: &Report, after: &Report) -> Vec<Turn> {
    let (before, after) = (findings(before), findings(after));
    let turn = |judged: &Judged, effect| Turn {
        control: judged.control.id.to_owned(),
        severity: judged.severity(),
        resource: judged.verdict.resource.clone(),
        effect,
        blocks: false,
        source: judged.verdict.source.clone(),
    };
    let worse = after.iter().filter_map(|(key, judged)| {
        let effect = match before.get(key) {
            None => Turning::Breaks,
            Some(known)
                if judged.faults().len() > known.faults().len()
                    || judged.severity() > known.severity() =>
            {
                Turning::Worsens
            }
            Some(_) => return None,
        };
        Some(turn(judged, effect))
    });
    let fixed = before.iter().filter(|(key, _)| !after.contains_key(*key));
    let mut turns: Vec<Turn> = worse
        .chain(fixed.map(|(_, judged)| turn(judged, Turning::Fixes)))
        .collect();
    turns.sort_by_key(|turn| (turn.effect, std::cmp::Reverse(turn.severity)));
    turns
}

fn openings(before: &State, after: &State, intent: &Intent) -> Vec<Opening> {
    let was = exposures(before, intent);
    let is = exposures(after, intent);
    let mut lost = losses(before, &was, &is);
    let doors: BTreeSet<&(ResourceId, Door)> = was.keys().chain(is.keys()).collect();
    let standing = |of: &Exposures, key| of.get(key).map(Standing::from);
    doors
        .into_iter()
        .map(|key| Opening {
            subject: key.0.clone(),
            door: key.1,
            before: standing(&was, key),
            after: standing(&is, key),
            weaker: lost.remove(key).unwrap_or_default(),
        })
        .collect()
}

/// An operation that is new asks for no less than before; a door that opens is no loss where calls are meant to come in, with all its guards, or with the resource itself.
fn losses(
    before: &State,
    was: &Exposures,
    is: &Exposures,
) -> BTreeMap<(ResourceId, Door), Vec<String>> {
    let mut lost: BTreeMap<(ResourceId, Door), Vec<String>> = BTreeMap::new();
    let mut known = is.clone();
    for (key, open) in &mut known {
        if let Some(before) = was.get(key) {
            open.scopes
                .retain(|operation, _| before.scopes.contains_key(operation));
        }
    }
    for found in weaker(&known, was, was) {
        let key = (found.subject, found.door);
        let is_meant = !was.contains_key(&key)
            && (key.1 == Door::Edge
                || before.get(&key.0).is_none()
                || is.get(&key).is_some_and(|open| {
                    controls::guards_of(key.1).all(|guard| open.guards.contains(guard))
                }));
        if !is_meant {
            lost.entry(key).or_default().push(found.lost);
        }
    }
    lost
}
