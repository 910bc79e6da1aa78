//! A check of what is live that could not read everything it needs.

use std::collections::BTreeSet;

use super::error::Error;
use crate::controls::{Judged, Report, Status};
use crate::render::label;
use crate::text::{list_of_names, plural};

/// What could not be read is not known to be right.
pub(super) fn of(report: &Report) -> Option<Error> {
    let unknown: Vec<&Judged> = report.with(Status::Unknown).collect();
    let controls: BTreeSet<&str> = unknown.iter().map(|judged| judged.control.id).collect();
    let gaps: BTreeSet<String> = unknown
        .iter()
        .map(|judged| {
            let what = judged.verdict.resource.as_ref();
            let what = what.map_or_else(|| "the gateway".to_owned(), label::resource);
            format!("{what}: {}", judged.reason().unwrap_or_default())
        })
        .collect();
    (!unknown.is_empty()).then(|| Error::Incomplete {
        message: format!(
            "{} could not be evaluated ({}), for this was not read:\n  {}",
            plural(controls.len(), "control"),
            list_of_names(controls),
            gaps.into_iter().collect::<Vec<_>>().join("\n  ")
        ),
        hint: "reading takes the role Reader on the resource group, and Application.Read.All, IdentityUserFlow.Read.All and User.Read.All in the identity tenant".to_owned(),
    })
}
