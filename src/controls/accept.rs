//! Findings that the spec accepts: by control, perhaps for one resource, with a reason and a last day.

use std::collections::BTreeSet;

use time::Date;

use super::report::{Idle, Judged, Outcome};
use crate::resource::At;

/// One entry of `controls.accept`.
#[derive(Clone, Debug, PartialEq)]
pub struct Acceptance {
    pub at: At,
    pub control: String,
    /// The resource's id, or the end of it after a slash; every resource when left out.
    pub resource: Option<String>,
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Date,
}

impl Acceptance {
    fn is_about(&self, judged: &Judged) -> bool {
        self.control.eq_ignore_ascii_case(judged.control.id)
            && self
                .resource
                .as_ref()
                .is_none_or(|resource| names(resource, judged.address()))
    }
}

/// Whether `text` is an id or its last segments.
fn names(text: &str, id: &str) -> bool {
    let (text, id) = (text.to_ascii_lowercase(), id.to_ascii_lowercase());
    id == text
        || id
            .strip_suffix(text.trim_start_matches('/'))
            .is_some_and(|head| head.ends_with('/'))
}

/// Marks what is accepted today, and returns what accepts nothing.
pub(super) fn accept(judged: &mut [Judged], list: &[Acceptance], today: Date) -> Vec<Idle> {
    let mut used = BTreeSet::new();
    for (index, acceptance) in list.iter().enumerate() {
        if acceptance.expires < today {
            continue;
        }
        for one in judged.iter_mut() {
            if matches!(one.verdict.outcome, Outcome::Failed(_)) && acceptance.is_about(one) {
                one.accepted.get_or_insert_with(|| acceptance.clone());
                used.insert(index);
            }
        }
    }
    let idle = list
        .iter()
        .enumerate()
        .filter(|(index, _)| !used.contains(index));
    idle.map(|(_, acceptance)| Idle {
        acceptance: acceptance.clone(),
        is_expired: acceptance.expires < today,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_resource_is_named_by_its_id_or_the_end_of_it() {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/func";
        assert!(names(id, id) && names("sites/FUNC", id) && names("/func", id));
        assert!(!names("unc", id) && !names("sites", id));
    }
}
