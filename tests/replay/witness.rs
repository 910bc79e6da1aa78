//! What Azure's own documents call read-only: the second opinion on what secgw may not send.
//!
//! The rows of `kinds` say it too, but they are what is measured. Comes from `../shared/azure/defaults.json`, whose
//! pointers write `{}` for the key of a map.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use secgw::resource::{ResourceId, body};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "readOnly", default)]
    read_only: Vec<String>,
}

pub(crate) struct Witness {
    read_only: BTreeMap<String, Vec<&'static str>>,
}

impl Witness {
    pub(crate) fn read() -> anyhow::Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/azure/defaults.json");
        let text =
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let rows: BTreeMap<String, Row> =
            serde_json::from_slice(&text).context("defaults.json has another form")?;
        let read_only = rows
            .into_iter()
            .map(|(name, row)| {
                // Rules are of static text.
                let pointers = row
                    .read_only
                    .iter()
                    .map(|pointer| &*pointer.replace("{}", "*").leak());
                (name.to_ascii_lowercase(), pointers.collect())
            })
            .collect();
        Ok(Self { read_only })
    }

    /// What is documented as read-only of a resource.
    pub(crate) fn read_only_of(&self, id: &ResourceId) -> Vec<&'static str> {
        let type_name = id.type_name();
        let documented = self.read_only.get(&type_name.to_ascii_lowercase());
        let documented = documented.into_iter().flatten();
        documented
            .filter_map(|pattern| of_instance(pattern, id))
            .filter(|pattern| !is_disputed(&type_name, pattern))
            .collect()
    }

    /// Whether a PUT cannot set it: as documented, or of the envelope every resource has.
    pub(crate) fn is_read_only(&self, id: &ResourceId, pointer: &str) -> bool {
        const ENVELOPE: [&str; 6] = [
            "/id",
            "/name",
            "/type",
            "/systemData/**",
            "/**/etag",
            "/**/provisioningState",
        ];
        let documented = self.read_only_of(id);
        ENVELOPE.into_iter().chain(documented).any(|pattern| {
            body::matches(pattern, pointer) || body::matches(&format!("{pattern}/**"), pointer)
        })
    }
}

/// Read-only in one of the type's variants alone; in the recorded one it is what the request is about.
fn is_disputed(type_name: &str, pointer: &str) -> bool {
    type_name.eq_ignore_ascii_case("Microsoft.Cdn/profiles/secrets")
        && body::matches("/properties/parameters/secretSource/**", pointer)
}

/// A pointer is written `[web]/properties/…` where it holds for the instance of that name alone.
fn of_instance(pattern: &'static str, id: &ResourceId) -> Option<&'static str> {
    match pattern
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((instance, pattern)) => instance.eq_ignore_ascii_case(id.name()).then_some(pattern),
        None => Some(pattern),
    }
}
