//! A plan as data: `secgw plan -o json`. Members are only ever added within one major `format_version`.

use serde_json::{Map, Value, json};

use super::plan::Shown;
use crate::plan::{Plan, Posture, Reason, Verb};

/// Raised in its first part when something that was there means something else or is gone.
pub const FORMAT_VERSION: &str = "1.0";

impl Shown<'_> {
    pub fn json(&self) -> Value {
        let Self {
            spec,
            target,
            plan,
            objections,
            allowed,
        } = self;
        let Plan {
            changes,
            unchanged: _,
            unreadable,
            foreign,
            ignored: _,
            adopted,
            kept,
            recoverable,
            left_out,
            existing,
            notes,
            basis: _,
            effects,
            since,
            standing,
            idle,
            history,
            posture: Posture { controls, exposure },
        } = plan;
        let (records, changes): (Vec<_>, Vec<_>) = changes
            .iter()
            .partition(|change| change.reason == Reason::Record);
        let unreadable: Vec<Value> = unreadable
            .iter()
            .map(|(id, why)| {
                json!({ "address": id, "status": why.status, "code": why.code, "message": why.message, "hint": why.hint })
            })
            .collect();
        json!({
            "format_version": FORMAT_VERSION,
            "secgw_version": env!("CARGO_PKG_VERSION"),
            "spec": spec,
            "target": target,
            "since": since,
            "summary": self.counts(),
            "digest": self.digest(),
            "objections": objections,
            "allowed": allowed,
            "changes": changes,
            "record": records.first(),
            "unreadable": unreadable,
            "foreign": foreign,
            "adopted": adopted,
            "kept": kept,
            "recoverable": recoverable,
            "left_out": left_out,
            "existing": existing,
            "notes": notes,
            "effects": effects,
            "standing": standing,
            "idle": idle,
            "history": history,
            "controls": controls,
            "exposure": exposure,
        })
    }

    fn counts(&self) -> Value {
        let plan = self.plan;
        let mut counts: Map<String, Value> = Verb::ALL
            .iter()
            .map(|verb| (verb.name().to_owned(), plan.count(*verb).into()))
            .collect();
        counts.extend([
            ("unchanged".to_owned(), plan.unchanged.into()),
            ("foreign".to_owned(), plan.foreign.len().into()),
            ("ignored".to_owned(), plan.ignored.into()),
            ("adopted".to_owned(), plan.adopted.len().into()),
            ("kept".to_owned(), plan.kept.len().into()),
            ("unreadable".to_owned(), plan.unreadable.len().into()),
            ("blocked".to_owned(), self.objections.len().into()),
            ("usual_seconds".to_owned(), plan.usual_seconds().into()),
        ]);
        Value::Object(counts)
    }
}
