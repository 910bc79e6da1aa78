//! Rows of the types that secgw does not manage, so that their recordings are measured too.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use secgw::resource::{Evidence, How, Kind, ResourceId, Rule};

const fn rule(path: &'static str, how: How, evidence: Evidence) -> Rule {
    Rule {
        path,
        how,
        evidence,
    }
}

/// What holds for ARM resources whose provider nobody looked at.
const GENERIC: &[Rule] = &[rule(
    "/**",
    How::Id,
    Evidence::Recorded("quirks.md part 1, 3"),
)];

const ROWS: &[Kind] = &[];

/// The row of a type; one by default rules for a type without.
pub(crate) fn of(id: &ResourceId) -> &'static Kind {
    static MADE: Mutex<BTreeMap<String, &'static Kind>> = Mutex::new(BTreeMap::new());
    let type_name = id.type_name();
    if let Some(row) = ROWS
        .iter()
        .find(|row| row.type_name.eq_ignore_ascii_case(&type_name))
    {
        return row;
    }
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(type_name.to_ascii_lowercase())
        .or_insert_with(|| {
            Box::leak(Box::new(Kind {
                type_name: type_name.leak(),
                noun: "resource",
                rules: GENERIC,
                ..Kind::PLAIN
            }))
        })
}
