//! What stays wrong: findings on live state that the spec does not ask for and that the plan does not mend.
//!
//! What they are about is nobody's to change here: somebody else made it, or the spec has no word for it. A plan says
//! so, and from `controls.failOn` on it is not applied until the operator has looked: whoever owns a gateway answers
//! for what is open in it. Another spec answers for its own, and what the spec lets be is let be.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Assessment, Objection, Plan};
use crate::controls::{Judged, Report, Severity};
use crate::resource::unmanaged::collection_of;
use crate::resource::{Owner, ResourceId};

/// One finding that a plan leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmended {
    pub control: String,
    pub severity: Severity,
    pub address: ResourceId,
    /// It is somebody else's: no apply of this spec mends it.
    #[serde(default, rename = "foreign")]
    pub is_foreign: bool,
    /// Whether the plan may not be applied with it.
    #[serde(default)]
    pub blocks: bool,
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
    let asked_for = assessment.asked_for();
    stays
        .into_iter()
        .filter(|judged| !has(asked_for, judged))
        .filter_map(|judged| Unmended::of(judged, assessment, plan))
        .collect()
}

fn has(report: &Report, judged: &Judged) -> bool {
    let mut findings = report.findings().into_iter();
    findings.any(|other| {
        other.control.id == judged.control.id && other.verdict.resource == judged.verdict.resource
    })
}

/// The control whose finding is that something is somebody else's: that is what `unmanaged: report` asks for.
const INVENTORY: &str = "APIM-22";

impl Unmended {
    /// What to do about it: an apply does nothing at what is somebody else's.
    pub fn advice(&self) -> String {
        if !self.is_foreign {
            return self.remedy.clone();
        }
        let collection = collection_of(&self.address.type_name());
        let rules = collection.map(|name| {
            format!("; `unmanaged: {{ {name}: prune }}` has it removed, `ignore` lets it be")
        });
        format!(
            "it is somebody else's, who has to mend it{}",
            rules.unwrap_or_default()
        )
    }

    /// What its objection is called.
    fn name(&self) -> String {
        format!("control:{}", self.control)
    }

    /// Whether an objection is to this.
    pub fn is_objected_by(&self, objection: &Objection) -> bool {
        objection.address == self.address && objection.name == self.name()
    }

    fn of(judged: &Judged, assessment: &Assessment<'_>, plan: &Plan) -> Option<Self> {
        let address = judged.verdict.resource.clone()?;
        let mut others = assessment.live.foreign.keys();
        let is_foreign = others.any(|id| is_at(&address, id));
        let answers =
            !is_foreign || judged.control.id != INVENTORY && is_ours_to_answer_for(&address, plan);
        let faults = judged.faults().iter().map(|fault| {
            let value = match &fault.value {
                Value::Null => "(nothing)".to_owned(),
                // It quotes something itself.
                Value::String(text) if text.contains('`') => text.clone(),
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
            blocks: answers && judged.severity() >= assessment.norm.fail_on,
            message: format!(
                "{}: {}",
                judged.control.title,
                faults.join("; ").trim_start()
            ),
            remedy: judged.control.remedy.to_owned(),
        })
    }
}

fn is_at(address: &ResourceId, id: &ResourceId) -> bool {
    address == id || address.is_within(id)
}

/// Whether it is what somebody else made, and no other spec, and the spec does not let it be.
fn is_ours_to_answer_for(address: &ResourceId, plan: &Plan) -> bool {
    let mut reported = plan.foreign.iter().filter(|foreign| foreign.item.is_none());
    reported.any(|foreign| foreign.owner == Owner::Unknown && is_at(address, &foreign.address))
}

/// The objections to what a plan may not be applied with.
pub fn objections(standing: &[Unmended]) -> Vec<Objection> {
    let bad = standing.iter().filter(|one| one.blocks);
    bad.map(|one| {
        let name = one.name();
        Objection {
            address: one.address.clone(),
            message: format!("nothing in this plan mends {}: {}", one.control, one.message),
            remedy: format!(
                "{}; or accept it for a while under `controls.accept`; `--allow '{name}'` lets it be this once",
                one.advice()
            ),
            name,
            count: 1,
        }
    })
    .collect()
}
