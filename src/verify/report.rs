//! What came of the probes: outcomes, and what was sent and answered, without secrets.

use serde::Serialize;

use super::probe::Probe;

/// From the worst to the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The attack succeeded.
    Fail,
    /// Nothing can be said: no answer, a failure of the server, a limit in the way.
    Inconclusive,
    /// Not asked for.
    Skipped,
    NotApplicable,
    Pass,
}

impl Outcome {
    pub const ALL: [Self; 5] = [
        Self::Fail,
        Self::Inconclusive,
        Self::Skipped,
        Self::NotApplicable,
        Self::Pass,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "failed",
            Self::Inconclusive => "inconclusive",
            Self::Skipped => "skipped",
            Self::NotApplicable => "not applicable",
            Self::Pass => "passed",
        }
    }
}

/// One request and what came back, as people may read it: tokens and codes are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exchange {
    pub request: String,
    pub response: String,
    /// Front Door's own name for the request, by which its logs find it.
    #[serde(rename = "azureRef", skip_serializing_if = "Option::is_none")]
    pub azure_ref: Option<String>,
}

/// An outcome with its reason, and the exchanges that it rests on: those that failed, or all.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub outcome: Outcome,
    /// Empty for a pass that needs no words.
    pub reason: String,
    pub exchanges: Vec<Exchange>,
    /// It rests on somebody's silence, among other things.
    pub(super) is_by_silence: bool,
}

/// Why there is nothing to send: no such thing here, or nobody can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Idle {
    NotApplicable(&'static str),
    Unknown(String),
}

impl From<&'static str> for Idle {
    fn from(why: &'static str) -> Self {
        Self::NotApplicable(why)
    }
}

impl From<Idle> for Verdict {
    fn from(idle: Idle) -> Self {
        match idle {
            Idle::NotApplicable(why) => Self::new(Outcome::NotApplicable, why),
            Idle::Unknown(why) => Self::new(Outcome::Inconclusive, why),
        }
    }
}

impl Verdict {
    pub(super) fn new(outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            outcome,
            reason: reason.into(),
            exchanges: Vec::new(),
            is_by_silence: false,
        }
    }

    pub(super) fn by_silence(self, is_by_silence: bool) -> Self {
        Self {
            is_by_silence,
            ..self
        }
    }

    pub(super) fn seen(mut self, exchange: Exchange) -> Self {
        self.exchanges.push(exchange);
        self
    }

    /// The worst of several decides; its reasons, each once, and its exchanges stay.
    pub(super) fn worst(all: Vec<Self>) -> Self {
        let worst = all.iter().map(|one| one.outcome).min();
        let Some(worst) = worst else {
            return Self::new(Outcome::NotApplicable, "there is nothing to send it to");
        };
        let mut decisive = all.into_iter().filter(|one| one.outcome == worst);
        let mut verdict = decisive
            .next()
            .unwrap_or_else(|| Self::new(worst, String::new()));
        let mut reasons = vec![std::mem::take(&mut verdict.reason)];
        for other in decisive {
            if !reasons.contains(&other.reason) {
                reasons.push(other.reason);
            }
            verdict.exchanges.extend(other.exchanges);
            verdict.is_by_silence |= other.is_by_silence;
        }
        verdict.reason = reasons.join("; ");
        verdict
    }
}

/// A probe that was tried, or why not.
#[derive(Clone, Debug)]
pub struct Tried {
    pub probe: &'static Probe,
    pub verdict: Verdict,
}

#[derive(Clone, Debug)]
pub struct Report {
    pub tried: Vec<Tried>,
    /// Requests and handshakes that were sent.
    pub requests: u32,
    /// More would have been sent than there might be.
    pub is_cut_short: bool,
    /// How many probes were left when the user said stop.
    pub interrupted: Option<usize>,
}

impl Report {
    pub fn with(&self, outcome: Outcome) -> impl Iterator<Item = &Tried> {
        self.tried
            .iter()
            .filter(move |tried| tried.verdict.outcome == outcome)
    }

    pub fn count(&self, outcome: Outcome) -> usize {
        self.with(outcome).count()
    }

    /// Whether a valid token got through, or nothing depended on it.
    pub fn control_holds(&self) -> bool {
        self.tried
            .iter()
            .filter(|tried| tried.probe.id == super::CONTROL)
            .all(|tried| tried.verdict.outcome == Outcome::Pass)
    }
}
