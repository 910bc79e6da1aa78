//! Why a change goes no further, in words for whoever has to do something about it.

use super::event::Failure;
use super::three_way::{ThreeWay, three_way};
use super::write::Missing;
use crate::azure;
use crate::plan::{Action, Change, Set};
use crate::resource::{Found, Unreadable};

pub(super) const NEW_PLAN: &str = "look at a new plan: `secgw plan`";

/// Why a change goes no further.
pub(super) enum Halt {
    Failed(Box<Failure>),
    Waiting(String),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

/// `creating the API Management service apim-orders-dev`.
pub(super) fn doing(change: &Change) -> String {
    let verb = match change.action {
        Action::Create { .. } => "creating",
        Action::Update { .. } => "updating",
        Action::Replace { .. } => "replacing",
        Action::Delete { .. } => "deleting",
        Action::Approve { .. } => "approving",
        Action::Await => "waiting for",
    };
    format!(
        "{verb} the {} {}",
        change.kind.noun,
        change.key.address.short()
    )
}

pub(super) fn failed(change: &Change, error: &azure::Error) -> Halt {
    let azure = error.azure();
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let (None, Some(cause)) = (azure, source) {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    Halt::Failed(Box::new(Failure {
        doing: doing(change),
        status: azure.map(|error| error.status),
        code: azure.map_or_else(|| "NoAnswer".to_owned(), |error| error.code.clone()),
        message: azure.map_or(message, azure::response::AzureError::sentences),
        hint: error.hint().map(String::from),
        request_id: azure.and_then(|error| error.request_id.clone()),
        moved: Vec::new(),
    }))
}

pub(super) fn unreadable(change: &Change, why: &Unreadable) -> Halt {
    Halt::Failed(Box::new(Failure {
        doing: doing(change),
        status: why.status,
        code: why.code.clone(),
        message: why.message.clone(),
        hint: why.hint.clone(),
        request_id: None,
        moved: Vec::new(),
    }))
}

/// What moved under a change.
pub(super) fn under(change: &Change, was: &Found, found: &Found) -> Vec<ThreeWay> {
    let nothing = Set::new();
    let set = change.action.set().unwrap_or(&nothing);
    three_way(change.kind, &was.body, &found.body, set)
}

pub(super) fn moved(change: &Change, message: &str) -> Failure {
    Failure {
        doing: doing(change),
        status: None,
        code: "LiveStateMoved".to_owned(),
        message: message.to_owned(),
        hint: Some(NEW_PLAN.to_owned()),
        request_id: None,
        moved: Vec::new(),
    }
}

pub(super) fn without(change: &Change, missing: &Missing) -> Halt {
    Halt::Failed(Box::new(Failure {
        doing: doing(change),
        status: None,
        code: "ValueNotThere".to_owned(),
        message: missing.to_string(),
        hint: Some("run the command again: the value may take a moment to appear".to_owned()),
        request_id: None,
        moved: Vec::new(),
    }))
}
