//! What Azure's own documents call read-only: the second opinion on what secgw may not send.
//!
//! The rows of `kinds` say it too, but they are what is measured. Comes from `../shared/azure/defaults.json`, whose
//! pointers write `{}` for the key of a map.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use secgw::resource::{Kind, body};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "readOnly", default)]
    read_only: Vec<String>,
}

pub(crate) struct Witness {
    read_only: BTreeMap<String, Vec<String>>,
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
                let pointers = row.read_only.iter().map(|p| p.replace("{}", "*"));
                (name.to_ascii_lowercase(), pointers.collect())
            })
            .collect();
        Ok(Self { read_only })
    }

    /// Whether a PUT cannot set it: as documented, or of the envelope every resource has.
    pub(crate) fn is_read_only(&self, kind: &Kind, pointer: &str) -> bool {
        const ENVELOPE: [&str; 6] = [
            "/id",
            "/name",
            "/type",
            "/systemData/**",
            "/**/etag",
            "/**/provisioningState",
        ];
        let documented = self.read_only.get(&kind.type_name.to_ascii_lowercase());
        ENVELOPE
            .into_iter()
            .chain(documented.into_iter().flatten().map(String::as_str))
            .any(|pattern| {
                body::matches(pattern, pointer) || body::matches(&format!("{pattern}/**"), pointer)
            })
    }
}
