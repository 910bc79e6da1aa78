//! Policy documents: compared as elements, each in the form its body says it is in.

use crate::policy::{self, Document, Form, PolicyChange};

/// The forms of the live and of the desired document.
#[derive(Clone, Copy)]
pub(super) struct Sides {
    pub(super) live: Form,
    pub(super) desired: Form,
}

/// What changes from the live document to the desired one; nothing when either cannot be read as one.
pub(super) fn changes(sides: Sides, live: &str, desired: &str) -> Option<Vec<PolicyChange>> {
    let live = Document::read(live, sides.live).ok()?;
    let desired = Document::read(desired, sides.desired).ok()?;
    Some(policy::diff(&live, &desired))
}

/// A live document for people; nothing where it cannot be read as one.
pub(super) fn without_secrets(text: &str) -> Option<String> {
    let (form, document) = Document::read_any(text)?;
    Some(policy::without_secrets(&document).write(form))
}
