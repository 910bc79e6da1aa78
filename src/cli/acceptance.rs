//! What the spec says of the controls, in the controls' own words.

use time::Date;

use crate::controls::{Acceptance, Severity};
use crate::spec::{self, FailOn};

pub(super) fn severity(fail_on: FailOn) -> Severity {
    match fail_on {
        FailOn::Low => Severity::Low,
        FailOn::Medium => Severity::Medium,
        FailOn::High => Severity::High,
        FailOn::Critical => Severity::Critical,
    }
}

pub(super) fn accepted(controls: &spec::Controls) -> Vec<Acceptance> {
    let accepted = controls.accept.iter().map(|accepted| Acceptance {
        at: accepted.at.clone(),
        control: accepted.control.to_string(),
        resource: accepted.resource.clone(),
        reason: accepted.reason.clone(),
        // What is no day is long past.
        expires: accepted.expires.date().unwrap_or(Date::MIN),
    });
    accepted.collect()
}
