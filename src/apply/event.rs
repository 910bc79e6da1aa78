//! What apply tells while it works, and how each change ended.
//!
//! Work emits events; only a reporter prints them. Every change of the plan ends in exactly one [`Outcome`].

use std::time::Duration;

use serde::Serialize;

use super::ThreeWay;
use crate::plan::{Key, Verb};

/// One fact about a running apply.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// The first request of a change goes out.
    Started {
        change: Key,
        verb: Verb,
        usual_seconds: u32,
    },
    /// Azure is still at work on it, or secgw waits for something it cannot hurry.
    Waiting { change: Key, status: String },
    /// A request failed in a way that passes and is sent again.
    Retrying {
        change: Key,
        because: String,
        after: Duration,
    },
    Ended {
        change: Key,
        outcome: Outcome,
        elapsed: Duration,
    },
}

/// How one change ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    Applied,
    Failed(Failure),
    /// Not started, because of what it depends on, or because the run was stopped.
    Skipped {
        because: Because,
    },
    /// Azure or a human is not done yet; the next run goes on from there.
    Waiting {
        on: String,
    },
}

/// Why a change was not started.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Because {
    /// The change it depends on, directly or not, that did not end well.
    Change(Key),
    Interrupted,
}

/// What Azure said, and what to try.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// `creating the API Management service apim-orders-dev`.
    pub doing: String,
    pub status: Option<u16>,
    /// Azure's own error code.
    pub code: String,
    pub message: String,
    pub hint: Option<String>,
    /// For a support request.
    pub request_id: Option<String>,
    /// What somebody else changed meanwhile, where that is why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<ThreeWay>,
}

impl Outcome {
    pub fn is_applied(&self) -> bool {
        matches!(self, Self::Applied)
    }
}
