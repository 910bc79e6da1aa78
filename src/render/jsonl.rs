//! One JSON document a line: the version first, then what there is in order, the outcome last.
//!
//! Readers ignore members and types that they don't know; a new first part of the version breaks them.

use std::time::Duration;

use serde_json::{Value, json};

use super::Target;
use super::plan::Shown;
use super::plan_json::FORMAT_VERSION;
use super::report::Ended;
use crate::apply::Event;

/// The first line.
pub fn version(spec: &str, target: &Target) -> Value {
    json!({
        "type": "version",
        "format_version": FORMAT_VERSION,
        "secgw_version": env!("CARGO_PKG_VERSION"),
        "spec": spec,
        "target": target,
    })
}

/// What happens while it happens.
pub fn event(event: &Event, since_start: Duration) -> Value {
    let mut line = json!({ "type": "event", "seconds": since_start.as_secs_f64() });
    if let (Value::Object(line), Value::Object(event)) = (&mut line, json!(event)) {
        line.extend(event);
    }
    line
}

/// Members of the plan as data that are lists, and what one of them is called.
const LISTS: [(&str, &str); 8] = [
    ("changes", "change"),
    ("objections", "objection"),
    ("unreadable", "unreadable"),
    ("foreign", "foreign"),
    ("notes", "note"),
    ("idle", "idle"),
    ("controls", "control"),
    ("exposure", "exposure"),
];

impl Shown<'_> {
    /// A line for each change, objection and so on, and one for the whole.
    pub fn jsonl(&self) -> Vec<Value> {
        let mut whole = self.json();
        let mut lines = Vec::new();
        for (list, one) in LISTS {
            let items = whole.get_mut(list).map(Value::take);
            for item in items
                .as_ref()
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                lines.push(json!({ "type": one, one: item }));
            }
        }
        let summary = json!({ "type": "plan", "summary": whole["summary"], "since": whole["since"],
            "digest": whole["digest"], "effects": whole["effects"] });
        lines.push(summary);
        lines
    }
}

impl Ended<'_> {
    /// The last line.
    pub fn outcome(&self) -> Value {
        let mut line = self.json();
        line["type"] = "outcome".into();
        line
    }
}
