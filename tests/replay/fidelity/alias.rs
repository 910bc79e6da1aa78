//! Values that Azure made up and the sandbox makes up otherwise: what is called what.
//!
//! A recording's generated GUID stands for the sandbox's own, everywhere it comes up again: in later requests and in
//! later answers.

use std::collections::BTreeMap;

use serde_json::Value;

#[derive(Default)]
pub(crate) struct Aliases {
    ours: BTreeMap<String, String>,
}

impl Aliases {
    /// False when the recorded value already stands for another one. Recorders blank GUIDs, in some places and not in
    /// others: a blank one stands for any.
    pub(crate) fn bind(&mut self, recorded: &str, ours: &str) -> bool {
        if is_blank(recorded) || is_blank(ours) {
            return true;
        }
        let known = self
            .ours
            .entry(recorded.to_lowercase())
            .or_insert_with(|| ours.to_owned());
        known.eq_ignore_ascii_case(ours)
    }

    /// The text with every recorded value replaced.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut out = text.to_owned();
        let lower = text.to_lowercase();
        for (recorded, ours) in &self.ours {
            if lower.contains(recorded) {
                out = replaced(&out, recorded, ours);
            }
        }
        out
    }

    pub(crate) fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (self.text(name), self.value(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other => other.clone(),
        }
    }
}

fn is_blank(guid: &str) -> bool {
    guid.chars().all(|next| next == '0' || next == '-')
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.to_lowercase().find(from) {
        out.push_str(&rest[..at]);
        out.push_str(to);
        rest = &rest[at + from.len()..];
    }
    out.push_str(rest);
    out
}
