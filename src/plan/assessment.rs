//! What the controls say of live state as it was read, and once a plan is carried out: one value, from which come the
//! findings that stand (`standing`), the controls that turn and who can reach what (`posture`).
//!
//! Both sides are judged by the same means: everything that was read, other people's things too, and the same with
//! every change of the plan on top. Values that only Azure knows are taken as meant ([`State`]).

use std::cell::OnceCell;

use time::Date;

use super::overlay::{Half, overlay};
use super::{Idle, Plan, Posture, Unmended, idle, posture, standing};
use crate::controls::{Acceptance, Intent, Report, Severity, State, evaluate};
use crate::resource::{Aim, Graph, Live};

/// What the spec says of the controls, and which day it is.
#[derive(Clone, Debug)]
pub struct Norm {
    pub intent: Intent,
    pub accepted: Vec<Acceptance>,
    pub fail_on: Severity,
    pub today: Date,
}

impl Norm {
    pub(super) fn judge(&self, state: State) -> Side {
        let report = self.report(&state, &self.intent);
        Side { state, report }
    }

    pub(super) fn report(&self, state: &State, intent: &Intent) -> Report {
        evaluate(state, intent, &self.accepted, self.today)
    }
}

/// A state, judged.
pub(super) struct Side {
    pub(super) state: State,
    pub(super) report: Report,
}

pub struct Assessment<'a> {
    pub(super) desired: &'a Graph,
    pub(super) live: &'a Live,
    pub(super) norm: &'a Norm,
    pub(super) before: Side,
    /// None where nothing is changed.
    after: Option<Side>,
    asked_for: OnceCell<Report>,
}

impl<'a> Assessment<'a> {
    /// None for a plan that takes the spec down: nothing is asked of what is left then.
    pub fn of(plan: &Plan, desired: &'a Graph, live: &'a Live, norm: &'a Norm) -> Option<Self> {
        if desired.aim != Aim::Build {
            return None;
        }
        let mut assessment = Self {
            desired,
            live,
            norm,
            before: norm.judge(State::whole(desired, live)),
            after: None,
            asked_for: OnceCell::new(),
        };
        assessment.narrow(plan);
        Some(assessment)
    }

    /// Takes a part of the plan for all of it.
    pub fn narrow(&mut self, part: &Plan) {
        self.after = part.has_changes().then(|| {
            let mut state = self.before.state.clone();
            for change in &part.changes {
                overlay(&mut state, change, Half::Done);
            }
            self.norm.judge(state)
        });
    }

    pub(super) fn after(&self) -> &Side {
        self.after.as_ref().unwrap_or(&self.before)
    }

    /// What the controls say of the spec itself.
    pub(super) fn asked_for(&self) -> &Report {
        self.asked_for
            .get_or_init(|| self.norm.judge(State::desired(self.desired)).report)
    }

    pub fn standing(&self, plan: &Plan) -> Vec<Unmended> {
        standing::standing(self, plan)
    }

    pub fn idle_acceptances(&self) -> Vec<Idle> {
        idle::acceptances(self)
    }

    pub fn posture(&self, plan: &Plan) -> Posture {
        posture::posture(self, plan)
    }
}
