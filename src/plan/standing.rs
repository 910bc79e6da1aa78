//! What stays wrong: findings on live state that the spec does not ask for and that the plan does not mend.
//!
//! What they are about is nobody's to change here: somebody else made it, or the spec has no word for it. A plan says
//! so, and from `controls.failOn` on it is not applied until the operator has looked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Assessment, Objection, Plan};
use crate::controls::{Judged, Report, Severity, State};
use crate::resource::{Live, ResourceId};

/// One finding that a plan leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmended {
    pub control: String,
    pub severity: Severity,
    pub address: ResourceId,
    /// It is somebody else's, reported and kept: a finding for its owner, which stops nobody here.
    #[serde(default, rename = "foreign")]
    pub is_foreign: bool,
    pub message: String,
    pub remedy: String,
}

pub(super) fn standing(assessment: &Assessment<'_>, plan: &Plan) -> Vec<Unmended> {
    // Of what could not be read nothing is known.
    if !plan.unreadable.is_empty() {
        return Vec::new();
    }
    let found = assessment.before.report.findings();
    let after = &assessment.after().report;
    let stays: Vec<&Judged> = found.into_iter().filter(|one| has(after, one)).collect();
    if stays.is_empty() {
        return Vec::new();
    }
    let Assessment {
        desired,
        live,
        norm,
        ..
    } = assessment;
    let asked_for = norm.judge(State::desired(desired)).report;
    stays
        .into_iter()
        .filter(|judged| !has(&asked_for, judged))
        .filter_map(|judged| Unmended::of(judged, live))
        .collect()
}

fn has(report: &Report, judged: &Judged) -> bool {
    let mut findings = report.findings().into_iter();
    findings.any(|other| {
        other.control.id == judged.control.id && other.verdict.resource == judged.verdict.resource
    })
}

impl Unmended {
    /// What to do about it: an apply does nothing at what is somebody else's.
    pub fn advice(&self) -> String {
        if self.is_foreign {
            "it is somebody else's, who has to mend it; `unmanaged` and `absent` can have it removed".to_owned()
        } else {
            self.remedy.clone()
        }
    }

    fn of(judged: &Judged, live: &Live) -> Option<Self> {
        let address = judged.verdict.resource.clone()?;
        let mut others = live.foreign.keys();
        let is_foreign = others.any(|id| address == *id || address.is_within(id));
        let faults = judged.faults().iter().map(|fault| {
            let value = match &fault.value {
                Value::Null => "(nothing)".to_owned(),
                Value::String(text) => format!("`{text}`"),
                other => other.to_string(),
            };
            let pointer = fault.pointer.trim_start_matches("/properties/");
            format!("{pointer} is {value}, wanted {}", fault.wanted)
        });
        let faults: Vec<String> = faults.collect();
        Some(Self {
            control: judged.control.id.to_owned(),
            severity: judged.severity(),
            address,
            is_foreign,
            message: format!(
                "{}: {}",
                judged.control.title,
                faults.join("; ").trim_start()
            ),
            remedy: judged.control.remedy.to_owned(),
        })
    }
}

/// The objections to a plan that leaves findings as bad as this at what is not openly somebody else's.
pub fn objections(standing: &[Unmended], fail_on: Severity) -> Vec<Objection> {
    let bad = standing
        .iter()
        .filter(|one| one.severity >= fail_on && !one.is_foreign);
    bad.map(|one| {
        let name = format!("control:{}", one.control);
        Objection {
            address: one.address.clone(),
            message: format!("nothing in this plan mends {}: {}", one.control, one.message),
            remedy: format!(
                "{}; or accept it for a while under `controls.accept`; `--allow '{name}'` lets it be this once",
                one.remedy
            ),
            name,
            count: 1,
        }
    })
    .collect()
}
